"""Rows that moved up or down together: the terminal moves them itself, and what stood beside them is put back.

A conversation that goes up by two rows beside a list that stays would be written anew, though all of it is on the screen
already. A terminal can move rows, if only over their whole width. So the rows of both are moved, and those of the list
are written back, which is less wherever the list is the narrower one. Between the two the list stands wrong; so this
is for terminals alone that show a frame at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gynetix_tui.tui.cells.rows import UNKNOWN, Output, Row

FEWEST_ROWS = 4
"""What fewer rows that moved would save is not worth to look for."""
_AMBIGUOUS = 3
"""Rows that look alike so often tell nothing about where they went."""


class Shift(NamedTuple):
    """A move of neighbouring rows.

    Attributes:
        top: The first row that is moved or filled anew, counted from 0.
        bottom: The last one.
        lines: By how many rows they move up; down where that is negative.
    """

    top: int
    bottom: int
    lines: int


def find_shift(old: Sequence[Row], new: Mapping[int, Row]) -> Shift | None:
    """The move that explains most of what has changed, or None.

    Args:
        old: What the terminal shows.
        new: The rows that are to look different, by their places.
    """
    if len(new) < FEWEST_ROWS:
        return None
    # What moved begins at one column, and reaches to the screen's edge or to what did not change.
    starts = sorted(_first_difference(old[y], row) for y, row in new.items())
    start = starts[len(starts) // 4]
    places: dict[tuple[str | None, ...], list[int]] = {}
    for y, row in enumerate(old):
        places.setdefault(tuple(row.graphemes[start:]), []).append(y)
    moves: Counter[int] = Counter()
    found: list[tuple[int, int]] = []
    for y, row in new.items():
        origins = places.get(tuple(row.graphemes[start:]), ())
        if len(origins) <= _AMBIGUOUS:
            moves.update(origin - y for origin in origins)
            found += [(y, origin) for origin in origins]
    if not moves:
        return None
    lines, count = moves.most_common(1)[0]
    if not lines or count < FEWEST_ROWS:
        return None
    ends = [place for y, origin in found if origin - y == lines for place in (y, origin)]
    top, bottom = min(ends), max(ends)
    if any(UNKNOWN in new.get(y, old[y]).graphemes for y in range(top, bottom + 1)):
        return None  # what nobody knows would be moved, and not be put right
    return Shift(top, bottom, lines)


def _first_difference(old: Row, new: Row) -> int:
    pairs = zip(old.graphemes, new.graphemes, strict=True)
    return next((x for x, (before, after) in enumerate(pairs) if before != after), len(new.graphemes))


def shifted(rows: Sequence[Row], shift: Shift) -> list[Row]:
    """What the terminal shows after a move; what comes in at the edge may have any colour, and counts as unknown."""
    top, bottom, lines = shift
    moved = list(rows[top : bottom + 1])
    fresh = [Row.unknown(len(moved[0].graphemes)) for _ in range(abs(lines))]
    moved = [*moved[lines:], *fresh] if lines > 0 else [*fresh, *moved[:lines]]
    return [*rows[:top], *moved, *rows[bottom + 1 :]]


def scroll(output: Output, shift: Shift) -> None:
    """Write a move: a scrolling region (DECSTBM), and as many lines as it takes at its edge (IND, RI)."""
    top, bottom, lines = shift
    # Some terminals go to the first cell when they are told a region, some stay.
    output.stray(f"\x1b[{top + 1};{bottom + 1}r")
    output.go(0, bottom if lines > 0 else top)
    output.stray(("\x1bD" if lines > 0 else "\x1bM") * abs(lines) + "\x1b[r")
