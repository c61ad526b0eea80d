"""The help: every key, made from the table of commands."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from gynetix_tui.tui.commands import KeyMap, Place, commands_of, short_key
from gynetix_tui.tui.rows import MEANINGS
from gynetix_tui.tui.screens.dialog import Dialog
from gynetix_tui.tui.wrapping import wrap

KEY_CELLS = 17
BOX_CELLS = 80
FRAME_CELLS = 5
"""What the box takes of its width for itself: padding and scroll bar."""


def two_columns(left: str, right: str, width: int) -> list[str]:
    """A key and what it does; what does not fit on a line goes on under its own column."""
    lines = [right[start:end] for start, end in wrap(right, width - KEY_CELLS)]
    return [f"{left:<{KEY_CELLS}}{lines[0]}", *(" " * KEY_CELLS + line for line in lines[1:])]


class Help(Dialog[None]):
    """All keys, those of the place the user is in first.

    Args:
        keys: The keys in force.
        place: Where the focus was.
    """

    DEFAULT_CSS = """
    Help > .box { width: 80; }
    """
    BINDINGS = [
        Binding("f1,q,enter", "cancel", "close", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
    ]

    def __init__(self, keys: KeyMap, place: Place) -> None:
        super().__init__()
        self._keys = keys
        self._place = place

    def compose(self) -> ComposeResult:
        """A section for each place, then the marks."""
        width = min(BOX_CELLS, self.app.size.width * 96 // 100) - FRAME_CELLS
        places = [self._place, *(place for place in Place if place is not self._place)]
        with VerticalScroll(classes="box", can_focus=False):
            for place in places:
                yield self._section(place.value, self._lines(place, width))
            yield self._section(
                "Marks before your texts", [two_columns(*entry, width) for entry in MEANINGS.items()]
            )
            yield Static(
                "To select with the mouse in the terminal's own way, hold Shift. Esc closes this help.",
                classes="hint",
            )

    def _section(self, title: str, entries: list[list[str]]) -> Static:
        lines = "\n".join(line for entry in entries for line in entry)
        return Static(Content.assemble((title, "bold"), "\n", lines, "\n"))

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        box = self.query_one(VerticalScroll)
        box.scroll_relative(y=pages * max(1, box.size.height - 2), animate=False)

    def _lines(self, place: Place, width: int) -> list[list[str]]:
        return [
            two_columns(" ".join(map(short_key, self._keys.of(command.id))), command.help, width)
            for command in commands_of([place])
        ]
