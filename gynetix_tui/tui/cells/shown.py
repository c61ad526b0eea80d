"""What the terminal shows, and what makes it show the next frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gynetix_tui.tui.cells.looks import Look, Palette, Pen
from gynetix_tui.tui.cells.rows import Output, Row, rewrite
from gynetix_tui.tui.cells.scrolling import Shift, find_shift, scroll, shifted

SYNC_BEGIN = "\x1b[?2026h"
SYNC_END = "\x1b[?2026l"
UNBRACKETED = 64
"""Characters of a frame that is written without brackets: a key typed changes two rows, its text's and its count's."""

SCROLLED_FROM = 400
"""Characters of a frame of which it is worth to ask whether rows have only moved."""


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
        output = self._rewritten(self._rows, changed)
        if sync and len(output.text) > SCROLLED_FROM and (shift := find_shift(self._rows, changed)):
            scrolled = self._rewritten(self._rows, changed, shift)
            if len(scrolled.text) < len(output.text):
                output = scrolled
        for y, row in changed.items():
            self._rows[y] = row
        output.go(*cursor)
        text = output.text
        self._x, self._y, self._pen = output.x, output.y, output.pen
        if text and not keep:
            text += "\x1b[m"
            self._pen = None
        # One row, or what is no longer than this, is drawn at once in any case; the brackets would be a third of it.
        brackets = sync and len(changed) > 1 and len(text) > UNBRACKETED
        return f"{SYNC_BEGIN}{text}{SYNC_END}" if brackets else text

    def _rewritten(self, old: Sequence[Row], new: Mapping[int, Row], shift: Shift | None = None) -> Output:
        """What makes some rows new, if need be after others were moved to where they belong."""
        output = Output(self.palette, self._x, self._y, self._pen)
        due: Iterable[int] = new
        if shift:
            scroll(output, shift)
            due = {*new, *range(shift.top, shift.bottom + 1)}
            old, before = shifted(old, shift), old
            new = {y: new.get(y, before[y]) for y in due}
        for y in sorted(due):
            rewrite(output, y, old[y], new[y], erases=self.erases)
        return output
