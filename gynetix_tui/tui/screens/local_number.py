"""The account's local number alone, where the key came from elsewhere."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from gynetix_tui.errors import ConfigError, NumberError
from gynetix_tui.text import clean
from gynetix_tui.tui.screens.dialog import Dialog
from gynetix_tui.tui.session import Session


class LocalNumber(Dialog[bool]):
    """Asks for the number that new conversations go out from; the result is True once it is saved."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        """One field."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static("The account's local number", classes="title")
            yield Static(
                Content("New conversations go out from it; those that the gateway knows have theirs already.")
            )
            yield Static("Local number", classes="label")
            yield Input(id="number", placeholder="+1 555 666 7777", compact=True)
            yield Static("", id="problem", classes="problem")
            yield Static("Enter keeps it in config.toml · Esc asks again at the next start", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it."""
        event.stop()
        try:
            self._session.keep_local_number(event.value)
        except (NumberError, ConfigError) as error:
            self.query_one("#problem", Static).update(Content(clean(str(error))))
        else:
            self.dismiss(True)
