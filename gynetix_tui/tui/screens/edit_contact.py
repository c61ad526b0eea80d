"""A contact's name."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from gynetix_tui.tui.screens.dialog import Dialog


class EditContact(Dialog[str]):
    """Asks for the name; empty for none.

    Args:
        number: The contact's number as people read it.
        name: The present name, cleaned.
    """

    def __init__(self, number: str, name: str) -> None:
        super().__init__()
        self._number = number
        self._name_before = name

    def compose(self) -> ComposeResult:
        """One field."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static(Content(f"Edit {self._number}"), classes="title")
            yield Static("Name", classes="label")
            yield Input(self._name_before, id="name", compact=True)
            yield Static("")
            yield Static("Enter keeps it · Esc leaves it as it was", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the name."""
        event.stop()
        self.dismiss(event.value.strip())
