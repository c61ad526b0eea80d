"""A bar of one row: something at the left, something at the right."""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from gynetix_tui.tui.widgets.painted import Painted
from gynetix_tui.tui.wrapping import fit


class Bar(Painted):
    """Shows text that is cleaned already. The right side is ours and keeps its place; the left one is cut for it."""

    COMPONENT_CLASSES = {"bar--strong", "bar--dim", "bar--alert"}
    DEFAULT_CSS = """
    Bar {
        height: 1;
        .bar--strong { text-style: bold; }
        .bar--dim { color: $text-muted; }
        .bar--alert { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._left: tuple[tuple[str, str], ...] = ()
        self._right: tuple[tuple[str, str], ...] = ()

    def show(self, left: list[tuple[str, str]], right: list[tuple[str, str]] | None = None) -> None:
        """Show pieces of text, each with its look: "", "strong", "dim" or "alert"."""
        pieces = tuple(left), tuple(right or ())
        if pieces != (self._left, self._right):
            self._left, self._right = pieces
            self.repaint()

    @property
    def text(self) -> str:
        """What the bar says, for tests and for readers of the screen."""
        return "".join(text for text, _ in self._left) + " | " + "".join(text for text, _ in self._right)

    def paint(self, size: Size) -> list[Strip]:
        """The one line."""
        room = size.width - 2  # a blank at either end
        right: list[tuple[str, Style]] = []
        for text, look in self._right:
            shown = fit(text, room)
            right.append((shown, self._look(look)))
            room -= cell_len(shown)
        pieces = [(" ", self.look())]
        if right:
            room -= 1
        for text, look in self._left:
            shown = fit(text, room)
            pieces.append((shown, self._look(look)))
            room -= cell_len(shown)
        if right:
            pieces += [(" " * (max(room, 0) + 1), self.look()), *right]
        return [self.strip(pieces, size.width, self.look())]

    def _look(self, look: str) -> Style:
        return self.look(f"bar--{look}" if look else "")
