"""Where texts are written."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from gynetix_tui.text import clean
from gynetix_tui.tui.commands import KeyMap, Place, bindings, commands_of
from gynetix_tui.tui.hand import answered

LONGEST_TEXT = 200_000
"""Characters; more than anybody writes, since what will be sent may not be cut short."""
PASTE_SECONDS = 0.010
"""An Enter so soon after the key before was not typed by a hand: it is part of a paste."""


_UNSEEN = re.compile("[\u200c\u200d\U000e0020-\U000e007f]")
"""Joiners and the tags of flags, which keyboards and emoji pickers type; for Textual they do not print, and it drops them."""


class Composer(TextArea):
    """Grows from one to six lines. Enter sends; a pasted line end never does."""

    BINDINGS = bindings(Place.COMPOSER)  # type: ignore[assignment]  # Textual types it as a ClassVar of a union
    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 6;
        padding: 0 1;
        border: none;
        background: $background;
        scrollbar-size-vertical: 0;
        &:focus { border: none; }
        &:disabled { opacity: 100%; color: $text-muted; }
        & .text-area--placeholder { color: $text-muted; }
    }
    """

    class RecallAsked(Message):
        """The user wants the last text back, to change or send it again."""

    def __init__(self, keys: KeyMap, submit: Callable[[str], None], *, id: str) -> None:  # noqa: A002
        """Make it.

        Args:
            keys: The keys in force.
            submit: Takes a text that the user sends, in the moment in which the composer is emptied of it.
            id: Its id.
        """
        super().__init__(
            id=id,
            compact=True,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            tab_behavior="focus",
        )
        self.cursor_blink = False  # a blinking cursor sends 300 bytes a second for ever
        self._own_keys = {key for command in commands_of([Place.COMPOSER]) for key in keys.of(command.id)}
        self._submit = submit
        self._recall_keys = frozenset(keys.of("recall"))
        self._send_keys = frozenset(keys.of("send"))
        self._last_key_at = float("-inf")

    def hint(self, text: str) -> None:
        """Show a text, cleaned, while nothing is written."""
        self.placeholder = Content(text)

    def replace_all(self, text: str) -> None:
        """Put another text in, cleaned, with the cursor at its end; undo does not lead back over it.

        It need not be what was typed here: what was sent last may be the gateway's copy of another client's text.
        """
        text = clean(text, limit=LONGEST_TEXT)
        if text != self.text:
            self.load_text(text)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        """Leave our own keys to the bindings; TextArea would take Enter as a new line."""
        since_last, self._last_key_at = event.time - self._last_key_at, event.time
        if event.key not in self._own_keys:
            if event.character and _UNSEEN.fullmatch(event.character):
                event.prevent_default()
                event.stop()
                self.replace(event.character, *self.selection)
            return
        if event.key in self._recall_keys and (self.text or self.disabled):
            return
        event.prevent_default()
        if event.key in self._send_keys and event.key == "enter" and since_last < PASTE_SECONDS:
            event.stop()
            self.insert("\n")

    def action_send(self) -> None:
        """Send what was written; blank text stays where it is.

        The text is taken out at once: a second Enter, however soon, finds nothing to send.
        """
        text = self.text.strip()
        if text:
            self.load_text("")
            self._submit(text)

    def action_newline(self) -> None:
        """Begin a new line."""
        self.replace("\n", *self.selection)

    async def action_recall(self) -> None:
        """Take the last text back into an empty composer; what is typed next comes behind it."""
        if not self.text and self.parent:
            self.parent.post_message(self.RecallAsked())
            await answered(self.parent)
        elif "up" in self._recall_keys:
            self.action_cursor_up()
