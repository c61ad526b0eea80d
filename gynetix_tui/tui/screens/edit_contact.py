"""A contact's name and note."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from gynetix_tui.tui.screens.dialog import Dialog
from gynetix_tui.tui.widgets.composer import PASTE_SECONDS


@dataclass(frozen=True, slots=True)
class Edited:
    """What the user wrote.

    Attributes:
        name: Empty for none.
        note: May have several lines; empty for none.
    """

    name: str
    note: str


class Note(TextArea):
    """A few lines; Enter keeps them, as it sends in the composer."""

    BINDINGS = [Binding("ctrl+j,shift+enter", "newline", show=False)]

    class Kept(Message):
        """The user is done."""

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(
            text,
            id=id,
            compact=True,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            tab_behavior="focus",
        )
        self.cursor_blink = False  # a blinking cursor sends bytes for ever
        self._last_key_at = float("-inf")

    def on_mount(self) -> None:
        """One writes on from its end."""
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        """TextArea would take Enter as a new line; so soon after another key it is part of a paste, and is one."""
        since_last, self._last_key_at = event.time - self._last_key_at, event.time
        if event.key == "enter" and since_last >= PASTE_SECONDS:
            event.prevent_default()
            event.stop()
            self.post_message(self.Kept())

    def action_newline(self) -> None:
        """Begin a new line."""
        self.replace("\n", *self.selection)


class EditContact(Dialog[Edited]):
    """Asks for the name and the note.

    Args:
        number: The contact's number as people read it.
        name: The present name, cleaned.
        note: The present note, cleaned.
    """

    DEFAULT_CSS = """
    EditContact Note {
        height: 4;
        padding: 0 1;
        border: none;
        background: $background;
        scrollbar-size-vertical: 1;
        &:focus { border: none; }
    }
    """

    def __init__(self, number: str, name: str, note: str) -> None:
        super().__init__()
        self._number = number
        self._name_before = name
        self._note_before = note

    def compose(self) -> ComposeResult:
        """Two fields."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static(Content(f"Edit {self._number}"), classes="title")
            yield Static("Name", classes="label")
            yield Input(self._name_before, id="name", compact=True, select_on_focus=False)
            yield Static("Note, for you alone", classes="label")
            yield Note(self._note_before, id="note")
            yield Static("")
            yield Static("Enter keeps both · ^J new line · Esc leaves", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep both."""
        event.stop()
        self._keep()

    def on_note_kept(self, event: Note.Kept) -> None:
        """Keep both."""
        event.stop()
        self._keep()

    def _keep(self) -> None:
        note = self.query_one(Note).text.strip()
        self.dismiss(Edited(self.query_one("#name", Input).value.strip(), note))
