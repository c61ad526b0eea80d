"""What the terminal shows, and what makes it show the next frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gynetix_tui.tui.cells.looks import Look, Palette, Pen
from gynetix_tui.tui.cells.rows import Output, Row, rewrite, rewrite_by_look
from gynetix_tui.tui.cells.scrolling import find_shift, scroll, shifted

SYNC_BEGIN = "\x1b[?2026h"
SYNC_END = "\x1b[?2026l"
UNBRACKETED = 136
"""Characters of a frame that is written without brackets: a key typed changes two rows, its text's and its count's."""
LONG = 100
"""Characters of a frame for which it is worth to look for shorter ways."""


class Piece(NamedTuple):
    """Part of a row of a frame.

    Attributes:
        x: Its first column, counted from 0.
        y: Its row, likewise.
        graphemes: Its cells, as `graphemes.cells_of` gives them.
        looks: How each of them looks.
    """

    x: int
    y: int
    graphemes: Sequence[str]
    looks: Sequence[Look]


class Shown:
    """What the terminal shows.

    Attributes:
        palette: Makes the looks that pieces are made of.
        erases: Whether the terminal erases in the colour of the ground.
    """

    def __init__(self, *, erases: bool) -> None:
        self.palette = Palette()
        self.erases = erases
        self._rows: list[Row] = []
        self._width = 0
        self._x: int | None = None
        self._y: int | None = None
        self._pen: Pen | None = None

    def knows(self, width: int, height: int) -> bool:
        """Whether anything is known of a screen of this size; if not, the next frame must be whole."""
        return (self._width, len(self._rows)) == (width, height) and not self.palette.full

    def forget(self) -> None:
        """Something else may have been drawn, or the terminal is another one."""
        self._rows = []
        self.lose_pen()

    def start_anew(self) -> None:
        """Forget, the looks included: what was made of them is not to be used any more."""
        self.palette = Palette()
        self.forget()

    def lose_pen(self) -> None:
        """Something else was written, which may have moved the cursor or changed its colours."""
        self._x = self._y = self._pen = None

    def frame(
        self,
        width: int,
        height: int,
        pieces: Iterable[Piece],
        cursor: tuple[int, int],
        *,
        sync: bool,
        keep: bool,
    ) -> str:
        """What to write so that the terminal shows a frame; nothing where it does already.

        Args:
            width: The screen's width; where it is not the one before, all is unknown.
            height: Its height, likewise.
            pieces: What may have changed.
            cursor: Where the cursor is to stand, column and row.
            sync: Whether the terminal shows what stands between brackets at once.
            keep: Whether the pen may stay in force after it. It must not where others write without being noticed.
        """
        if (self._width, len(self._rows)) != (width, height):
            self._width, self._rows = width, [Row.unknown(width) for _ in range(height)]
            self.lose_pen()
        changed: dict[int, Row] = {}
        for piece in pieces:
            if not 0 <= piece.y < height:
                continue
            row = changed.get(piece.y)
            if row is None:
                row = self._rows[piece.y].copy()
            if row.put(piece.x, piece.graphemes, piece.looks):
                changed[piece.y] = row
        output = self._shortest(changed, cursor, sync=sync)
        for y, row in changed.items():
            self._rows[y] = row
        output.go(*cursor)
        text = output.text
        self._x, self._y, self._pen = output.x, output.y, output.pen
        if text and not keep:
            text += "\x1b[m"
            self._pen = None
        # One row, or what is no longer than this, is drawn at once in any case; the brackets would be a third of it.
        brackets = sync and len(changed) > 1 and (output.strayed or len(text) > UNBRACKETED)
        return f"{SYNC_BEGIN}{text}{SYNC_END}" if brackets else text

    def _shortest(self, new: Mapping[int, Row], cursor: tuple[int, int], *, sync: bool) -> Output:
        output = self._row_by_row(new)
        if len(output.text) > LONG:
            output = min(output, *self._other_ways(new, cursor, sync=sync), key=lambda way: len(way.text))
        return output

    def _row_by_row(self, new: Mapping[int, Row]) -> Output:
        output = self._begun()
        for y in sorted(new):
            rewrite(output, y, self._rows[y], new[y], erases=self.erases)
        return output

    def _other_ways(self, new: Mapping[int, Row], cursor: tuple[int, int], *, sync: bool) -> Iterator[Output]:
        """Ways to write a long frame that may be shorter: one look after another, and after rows were moved."""
        x, y = (
            min(cursor[0], self._width - 1),
            min(cursor[1], len(self._rows) - 1),
        )  # it may be from a larger screen
        # The cursor's own cell, and how it looks beside it.
        rests = {look.ground for look in new.get(y, self._rows[y]).looks[max(x - 1, 0) : x + 1] if look}
        output = self._begun()
        changes = [(y, self._rows[y], new[y]) for y in sorted(new)]
        rewrite_by_look(output, changes, erases=self.erases, rests=rests)
        yield output
        if sync and (shift := find_shift(self._rows, new)):
            output = self._begun()
            scroll(output, shift)
            moved = shifted(self._rows, shift)
            due = sorted({*new, *range(shift.top, shift.bottom + 1)})
            changes = [(y, moved[y], new.get(y, self._rows[y])) for y in due]
            rewrite_by_look(output, changes, erases=self.erases, rests=rests)
            yield output

    def _begun(self) -> Output:
        return Output(self.palette, self._x, self._y, self._pen)
