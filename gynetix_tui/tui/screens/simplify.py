"""Shows what a text would be with plainer characters, and what that saves, before it is done."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from gynetix_tui.sms.downgrade import Downgrade
from gynetix_tui.sms.segments import Measure
from gynetix_tui.text import clean
from gynetix_tui.tui.hints import segments
from gynetix_tui.tui.screens.dialog import BETWEEN_BUTTONS, Dialog

OTHER_LINES = 13
"""Lines of the dialog beside the two texts: their headings, the buttons, the blanks between."""
OTHER_COLUMNS = 6
WIDEST = 64
BEFORE = 12
"""Characters that are shown before the first that changes."""


class Simplify(Dialog[str]):
    """Gives the plainer text, or None.

    Args:
        found: The text as it is and as it would be.
    """

    BINDINGS = BETWEEN_BUTTONS

    def __init__(self, found: Downgrade) -> None:
        super().__init__()
        self._found = found

    def compose(self) -> ComposeResult:
        """Before, after, and the buttons."""
        found = self._found
        before, after = excerpts(found.before, found.after, self._room)
        with VerticalScroll(classes="box", can_focus=False):
            yield Static("Plainer characters", classes="title")
            yield Static(Content(f"Now: {_cost(found.was)}"), classes="hint")
            yield Static(Content(before))
            yield Static(Content(f"Then: {_cost(found.becomes)}"), classes="label")
            yield Static(Content(after))
            with Horizontal(classes="buttons"):
                yield Button("Replace them", id="replace", compact=True)
                yield Button("Leave as it is", id="leave", compact=True)

    @property
    def _room(self) -> int:
        """Characters of each text that leave the buttons in sight."""
        width, height = self.app.size
        return max(1, (height - OTHER_LINES) // 2) * max(8, min(WIDEST, width - OTHER_COLUMNS) - 4)

    def on_mount(self) -> None:
        """It was asked for, and can be undone: Enter does it."""
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        event.stop()
        self.dismiss(self._found.after if event.button.id == "replace" else None)


def excerpts(before: str, after: str, room: int) -> tuple[str, str]:
    """The same part of two texts, cleaned, from a little before where they begin to differ."""
    differs = next(
        (place for place, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), 0
    )
    start = max(0, differs - BEFORE) if max(len(before), len(after)) > room else 0
    return _part(before, start, room), _part(after, start, room)


def _part(text: str, start: int, room: int) -> str:
    # A line end would take a whole line of the little room.
    shown = clean(text[start : start + room].replace("\n", " "), limit=room)
    return f"{'…' if start else ''}{shown}{'…' if start + room < len(text) else ''}"


def _cost(measure: Measure) -> str:
    return f"{segments(measure.segments)} ({measure.encoding})"
