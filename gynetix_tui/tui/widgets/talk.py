"""The right side: one conversation, who it is with, and the composer."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer

from gynetix_tui.errors import GynetixError, StoreBusy, StoreUnwritable
from gynetix_tui.model import ContactId, ContactSummary, Item
from gynetix_tui.tui.commands import Place, commands_of
from gynetix_tui.tui.rows import Layout, describe
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.bar import Bar
from gynetix_tui.tui.widgets.composer import Composer
from gynetix_tui.tui.widgets.conversation import Conversation
from gynetix_tui.tui.window import Window

DRAFT_SECONDS = 0.5
"""How long after the last key what is written is kept in the store."""


class Talk(Vertical):
    """Shows what the store holds of one conversation, and hands what is written to the engine.

    Attributes:
        summary: The contact whose conversation is open, as last read; None where none is open.
    """

    DEFAULT_CSS = """
    Talk {
        width: 1fr;
        & > #title { background: $panel; }
        & > #rule { background: $panel; }
    }
    """

    class Problem(Message):
        """Something could not be done; the text is cleaned."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.summary: ContactSummary | None = None
        self._title = Bar(id="title")
        self._rule = Bar(id="rule")
        self.conversation = Conversation(session.store, id="conversation")
        self.composer = Composer(session.keys, id="composer")
        self._kept_draft = ""
        self._held: dict[ContactId, str] = {}  # drafts that the store does not take for now
        self._draft_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._title
        yield self.conversation
        yield self._rule
        yield self.composer

    def on_mount(self) -> None:
        """Nothing is open yet."""
        self._label()

    # Which conversation

    @property
    def contact_id(self) -> ContactId | None:
        """Whose conversation is open."""
        return self.summary.contact.id if self.summary else None

    @property
    def current(self) -> Item | None:
        """The text under the cursor."""
        return self.conversation.item

    async def open(self, contact_id: ContactId | None) -> None:
        """Open a conversation, or none; the draft of the one before is kept first."""
        if contact_id != self.contact_id:
            await self.keep_draft()
        self.summary = self._session.store.contacts.summary(contact_id) if contact_id is not None else None
        if self.summary is None:
            self._kept_draft = ""
            self.composer.replace_all("")
            self.conversation.show(None, None)
        else:
            self._kept_draft = self.summary.draft
            self.composer.replace_all(self._held.get(self.summary.contact.id, self.summary.draft))
            window = Window(self._session.store.conversations, self.summary.contact.id)
            self.conversation.show(window, self._layout(self.summary))
        self._session.engine.open(self.contact_id)
        self._label()
        self.note_read()

    async def changed(self) -> None:
        """The store holds something else of the open conversation."""
        if self.summary is None:
            return
        before, after = self.summary, self._session.store.contacts.summary(self.summary.contact.id)
        if after is None:
            await self.open(None)
            return
        self.summary = after
        if before.contact.name != after.contact.name:
            self.conversation.relabel(self._layout(after))
        self.conversation.reload()
        self._label()
        self.note_read()

    @property
    def reading(self) -> ContactSummary | None:
        """The contact whose newest texts are being looked at, or None."""
        return self.summary if self.conversation.at_newest and self._is_looked_at else None

    def note_read(self) -> None:
        """What stands on the screen down to the newest text is read."""
        if self.summary and self.summary.unread and self.reading:
            self.run_worker(self._mark_read(self.summary.contact.id))

    async def _mark_read(self, contact_id: ContactId) -> None:
        try:
            await self._session.engine.mark_read(contact_id)
        except GynetixError as error:
            self.post_message(self.Problem(str(error)))

    @property
    def _is_looked_at(self) -> bool:
        return self.display and self.screen.is_current and self.app.app_focus

    # What is said about it

    def _layout(self, summary: ContactSummary) -> Layout:
        keys = self._session.keys.of("decide")
        words = self._session.naming.title(summary).split(" ") if summary.contact.name else ["Them"]
        # The first name, but not a title: "Dr." tells nobody apart.
        them = next((word for word in words if not word.endswith(".")), words[0])
        return Layout(self.conversation.size.width - 1, them, self._session.calendar, keys[0])

    def _label(self) -> None:
        naming, summary = self._session.naming, self.summary
        if summary is None:
            self._title.show([("No conversation open", "dim")])
            self._rule.show([(self._invitation(), "dim")])
            self.composer.disabled = True
            self.composer.hint("")
            return
        title, number = naming.title(summary), naming.number(summary)
        who = [(title, "strong")] if title == number else [(title, "strong"), (f" · {number}", "dim")]
        if summary.contact.suppressed:
            who.append((" · suppressed", "alert"))
        below = self.conversation.below
        self._title.show(who, [(f"{below} new below", "alert")] if below else [])
        self.composer.disabled = summary.contact.suppressed
        if summary.contact.suppressed:
            self._rule.show([("Suppressed: the gateway sends this number no more texts.", "alert")])
            self.composer.hint("")
            return
        sender = self._session.sender_for(summary)
        way = f"from {self._session.shown(sender)}" if sender else "no local number: set from_number"
        state = describe(self.current) if self.current and self.conversation.has_focus else ""
        self._rule.show([(f"Message {title}", "dim")], [(state or way, "dim")])
        self.composer.hint("Write a text")

    def _invitation(self) -> str:
        keys = {command.id: self._session.keys.shown(command) for command in commands_of(Place)}
        if self._session.store.contacts.is_empty():
            return f"{keys['new']} starts a conversation"
        return f"{keys['open']} opens a conversation, {keys['new']} starts one"

    def on_conversation_moved(self, event: Conversation.Moved) -> None:
        """The end may have come into sight."""
        event.stop()
        self._label()
        self.note_read()

    def on_descendant_focus(self) -> None:
        """The rule tells of the text under the cursor only while it is there."""
        self._label()

    # Writing

    def on_text_area_changed(self) -> None:
        """Keep what is written, once the keys rest."""
        if self._draft_timer:
            self._draft_timer.stop()
        self._draft_timer = self.set_timer(DRAFT_SECONDS, self.keep_draft)

    async def keep_draft(self) -> None:
        """Keep what is written, now."""
        if self._draft_timer:
            self._draft_timer.stop()
            self._draft_timer = None
        if self.contact_id is not None and self.composer.text != self._kept_draft:
            contact_id, text = self.contact_id, self.composer.text
            if await self._keep(contact_id, text) and contact_id == self.contact_id:
                self._kept_draft = text

    async def keep_held(self) -> None:
        """The store takes drafts again."""
        for contact_id, text in list(self._held.items()):
            await self._keep(contact_id, text)
        await self.keep_draft()

    async def _keep(self, contact_id: ContactId, text: str) -> bool:
        """Keep a draft in the store; where that fails for now, here. Return whether it is in the store."""
        try:
            await self._session.engine.save_draft(contact_id, text)
        except (StoreUnwritable, StoreBusy):
            self._held[contact_id] = text
            return False
        except GynetixError as error:
            self.post_message(self.Problem(f"The draft could not be kept: {error}"))
            return False
        self._held.pop(contact_id, None)
        return True

    @property
    def has_held(self) -> bool:
        """Whether something is written that the store does not take."""
        return any(self._held.values())

    @property
    def unkept_draft(self) -> tuple[ContactId, str] | None:
        """What is written and not yet kept; for ways out that cannot wait."""
        if self.contact_id is None or self.composer.text == self._kept_draft:
            return None
        return self.contact_id, self.composer.text

    async def on_composer_submitted(self, event: Composer.Submitted) -> None:
        """Hand the text to the engine; it leaves the composer only when it stands in the store."""
        event.stop()
        if self.summary is None:
            return
        sender = self._session.sender_for(self.summary)
        if sender is None:
            self.post_message(
                self.Problem("There is no local number to send from: set gateway.from_number in config.toml.")
            )
            return
        contact_id = self.summary.contact.id
        self.composer.clear()
        try:
            await self._session.engine.send(contact_id, event.text, sender=sender)
        except GynetixError as error:
            self.composer.replace_all("\n".join(filter(None, (event.text, self.composer.text))))
            self.post_message(self.Problem(str(error)))
            return
        self._kept_draft = ""
        self.conversation.forget_divider()
        self.conversation.action_last()

    def on_composer_recall_asked(self, event: Composer.RecallAsked) -> None:
        """Put the last text sent here into the empty composer."""
        event.stop()
        if self.contact_id is not None:
            self.composer.replace_all(self._session.store.conversations.last_outgoing(self.contact_id))

    def set_text(self, text: str) -> None:
        """Put a text into the composer, as the editor does."""
        self.composer.replace_all(text)
