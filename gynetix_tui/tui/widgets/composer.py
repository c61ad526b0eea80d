"""Where texts are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from rich.text import Text
from textual import events
from textual.content import Content
from textual.document._document import EditResult  # what TextArea.edit, which is public, gives
from textual.document._edit import Edit
from textual.geometry import Size
from textual.message import Message

from gynetix_tui.sms.downgrade import downgrade
from gynetix_tui.sms.segments import Costly, Encoding, Measure, costly, measure
from gynetix_tui.text import clean
from gynetix_tui.tui.commands import KeyMap, Place, bindings, commands_of
from gynetix_tui.tui.hand import answered
from gynetix_tui.tui.widgets.lean_text_area import LeanTextArea

LONGEST_TEXT = 200_000
"""Characters; more than anybody writes, since what will be sent may not be cut short."""
USUAL_TEXT = 160
"""Characters: one segment (3GPP TS 23.038). While no more is written nothing moves, on a screen with room for that."""
_SHARE = 8
"""The part of the screen's lines that is kept for it, however little is written: an eighth."""
PASTE_SECONDS = 0.010
"""An Enter so soon after the key before was not typed by a hand: it is part of a paste."""


_UNSEEN = re.compile("[\u200c\u200d\U000e0020-\U000e007f]")
"""Joiners and the tags of flags, which keyboards and emoji pickers type; for Textual they do not print, and it drops them."""


class Composer(LeanTextArea):
    """As high as a usual text needs, and up to six lines. Enter sends; a pasted line end never does.

    Attributes:
        measure: What the text costs.
        costly: The characters that make it cost more than it need; they are marked.
    """

    BINDINGS = bindings(Place.COMPOSER)  # type: ignore[assignment]  # Textual types it as a ClassVar of a union
    COMPONENT_CLASSES = {"composer--costly"}
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
        &.-read-only { color: $text-muted; }
        & .composer--costly { color: $text-warning; text-style: underline; }
        & .text-area--placeholder { color: $text-muted; }
    }
    """

    class RecallAsked(Message):
        """The user wants the last text back, to change or send it again."""

    def __init__(
        self,
        keys: KeyMap,
        submit: Callable[[str], None],
        may_send: Callable[[str], bool],
        written: Callable[[], None],
        *,
        id: str,  # noqa: A002 - Textual's name
    ) -> None:
        """Make it.

        Args:
            keys: The keys in force.
            submit: Takes a text that the user sends, in the moment in which the composer is emptied of it.
            may_send: Asked before, with the text; where it says no, the text stays, and `give` may follow later.
            written: Called in the moment in which another text stands here: in the same frame its cost is shown.
            id: Its id.
        """
        self.measure = measure("")
        self.costly: Sequence[Costly] = ()
        self._marks: dict[int, list[tuple[int, int]]] = {}
        self._in_hand = False
        self._written: Callable[[], None] = lambda: None  # before it is made there is nobody to tell
        super().__init__(
            id=id,
            compact=True,
            tab_behavior="focus",
            disabled=True,  # until a conversation is open
        )
        self.cursor_blink = False  # a blinking cursor sends 300 bytes a second for ever
        self._own_keys = {key for command in commands_of([Place.COMPOSER]) for key in keys.of(command.id)}
        self._submit = submit
        self._may_send = may_send
        self._written = written
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

    # What it costs

    def edit(self, edit: Edit) -> EditResult:
        """Change the text, and say what it costs then."""
        result = super().edit(edit)
        self._weigh()
        return result

    def undo(self) -> None:
        """Take the last change back, and say what the text costs then."""
        if not self.read_only:
            super().undo()
            self._weigh()

    def redo(self) -> None:
        """Do again what was taken back, and say what the text costs then."""
        if not self.read_only:
            super().redo()
            self._weigh()

    def load_text(self, text: str) -> None:
        """Put another text in, and say what it costs."""
        super().load_text(text)
        self._weigh()

    def _weigh(self) -> None:
        text = self.text
        sent = text.strip()  # blanks around it are not sent
        begin = text.find(sent)
        self.measure = measure(sent)
        self.costly = [replace(each, start=each.start + begin, end=each.end + begin) for each in costly(sent)]
        self._marks = {}
        if self.costly:
            self._mark(text)
        self.refresh()  # they may stand on other rows than the one that was edited
        self._written()

    def _mark(self, text: str) -> None:
        """Note the costly characters by line; they may be on other lines than the one that was edited."""
        row = begin = 0
        for each in self.costly:
            while (end := text.find("\n", begin)) >= 0 and end < each.start:
                row, begin = row + 1, end + 1
            self._marks.setdefault(row, []).append((each.start - begin, each.end - begin))

    def get_line(self, line_index: int) -> Text:
        """A line for Textual to draw, with the costly characters marked."""
        line = super().get_line(line_index)
        marks = self._marks.get(line_index)
        if marks and not self.read_only:
            style = self.get_component_rich_style("composer--costly", partial=True)
            for start, end in marks:
                line.stylize(style, start, end)
        return line

    def facts_of_line(self, line_index: int) -> Hashable:
        """Which of its characters are marked."""
        return tuple(self._marks.get(line_index, ())), self.read_only

    # How high it is

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as the text, and no lower than what a usual text needs."""
        return self._height_for(self.virtual_size.height, viewport, width)

    def _height_for(self, lines: int, viewport: Size, width: int) -> int:
        usual = -(-USUAL_TEXT // max(width - 1, 1))  # the cursor has a cell of its own
        return max(lines, min(usual, viewport.height // _SHARE))

    def _refresh_size(self) -> None:
        """Take note of how many lines the text fills now.

        Textual lays out the whole screen for each line more or less; that is due only where the height is another.
        """
        before, lines, height = self.virtual_size.height, self.wrapped_document.height, self.size.height
        if before > height or self._height_for(lines, self.app.size, self.size.width) != height:
            super()._refresh_size()
        elif lines != before:
            self.set_reactive(Composer.virtual_size, Size(0, lines))
        self.refresh()  # its lines may be broken elsewhere now

    # Whether it takes anything

    def set_locked(self, locked: bool, *, leave: bool = False) -> None:
        """Take nothing more, or take it again. What stands here stays, dimmed.

        Where it has the focus it keeps it until that goes elsewhere by itself: the keys that are being typed would be
        commands in another part of the screen.

        Args:
            locked: Whether.
            leave: The focus is about to go elsewhere anyway.
        """
        self.read_only = locked
        self.disabled = locked and (leave or not self._in_hand)

    def put_away(self) -> None:
        """There is nobody to write to."""
        self.read_only, self.disabled = False, True

    def on_focus(self) -> None:
        """From now on the keys come here."""
        self._in_hand = True

    def on_blur(self) -> None:
        """Locked, it is not to be come back to; but a terminal that is left for a while gives the focus back."""
        if self.app.app_focus:
            self._in_hand = False
            self.disabled = self.read_only

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        """Leave our own keys to the bindings; TextArea would take Enter as a new line."""
        since_last, self._last_key_at = event.time - self._last_key_at, event.time
        if event.key not in self._own_keys:
            if event.character and _UNSEEN.fullmatch(event.character):
                event.prevent_default()
                event.stop()
                self._type(event.character)
            return
        if event.key in self._recall_keys and (self.text or self.disabled):
            return
        event.prevent_default()
        if event.key in self._send_keys and event.key == "enter" and since_last < PASTE_SECONDS:
            event.stop()
            self._type("\n")

    def _type(self, text: str) -> None:
        if not self.read_only:
            self.replace(text, *self.selection, maintain_selection_offset=False)

    def action_send(self) -> None:
        """Send what was written, if it may be; blank text stays where it is."""
        text = self.text.strip()
        if text and self._may_send(text):
            self.give()

    def give(self) -> None:
        """Give away what was written.

        The text is taken out at once: a second Enter, however soon, finds nothing to send.
        """
        text = self.text.strip()
        self.load_text("")
        self._submit(text)

    def action_newline(self) -> None:
        """Begin a new line."""
        self._type("\n")

    def action_simplify(self) -> None:
        """Show what plainer characters would save, and put them in if that is wished."""
        if self.read_only:
            return
        found = downgrade(self.text.strip())
        if found is None:
            self.notify(_why_not(self.text.strip(), self.measure), markup=False)
            return
        from gynetix_tui.tui.screens.simplify import Simplify

        before = self.text

        def put_in(after: str | None) -> None:
            if after is not None and self.text == before and not self.read_only:
                # One step of undoing by itself, as every edit is that puts in more than one character.
                self.replace(after, (0, 0), self.document.end, maintain_selection_offset=False)

        self.app.push_screen(Simplify(found), put_in)

    async def action_recall(self) -> None:
        """Take the last text back into an empty composer; what is typed next comes behind it."""
        if not self.text and self.parent and not self.read_only:
            self.parent.post_message(self.RecallAsked())
            await answered(self.parent)
        elif "up" in self._recall_keys:
            self.action_cursor_up()


def _why_not(text: str, cost: Measure) -> str:
    """Why there is nothing to simplify, as a sentence."""
    if not text:
        return "Nothing is written yet."
    if cost.encoding is Encoding.GSM7:
        return f"This text is {Encoding.GSM7} already: plainer characters would save nothing."
    if cost.segments == 1:
        return "This text is one segment already."
    return "Plainer characters would not make it cheaper."
