"""The right side: one conversation, who it is with, and the composer."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer

from gynetix_tui.errors import GynetixError, StoreBusy
from gynetix_tui.model import Contact, ContactId, ContactSummary, Item
from gynetix_tui.sms.downgrade import downgrade
from gynetix_tui.sms.shorteners import shortener_in
from gynetix_tui.text import clean_line
from gynetix_tui.tui.asking import Asking
from gynetix_tui.tui.commands import Place, commands_of
from gynetix_tui.tui.consent_words import CANNOT_UNDO, locked_by, quoted
from gynetix_tui.tui.drafts import Drafts
from gynetix_tui.tui.hints import Hint, chosen, cost_forms, costly_hint, late_hint, shortener_hint
from gynetix_tui.tui.lateness import Lateness
from gynetix_tui.tui.rows import Layout, describe
from gynetix_tui.tui.screens.dialog import Question
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.bar import Bar
from gynetix_tui.tui.widgets.composer import Composer
from gynetix_tui.tui.widgets.conversation import Conversation
from gynetix_tui.tui.widgets.meter import Meter
from gynetix_tui.tui.window import Window

DRAFT_SECONDS = 0.5
"""How long after the last key what is written is kept in the store."""
AGAIN_SECONDS = 2.0
"""How long after that it is tried again, where the store did not take it."""


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

    class _Submitted(Message):
        """A text waits to be handed to the engine."""

        def __init__(self, contact_id: ContactId) -> None:
            super().__init__()
            self.contact_id = contact_id

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.summary: ContactSummary | None = None
        self._title = Bar(id="title")
        self._rule = Bar(id="rule")
        self.conversation = Conversation(session.store, id="conversation")
        self._meter = Meter(id="meter")
        self.composer = Composer(session.keys, self._submit, self._may_send, self._show_cost, id="composer")
        self.drafts = Drafts(self._save_draft)
        self._known: dict[ContactId, ContactSummary] = {}  # every contact that was opened, as last read
        # Deleted by another client, with a text to them in the composer.
        self._gone: ContactSummary | None = None
        self._draft_timer: Timer | None = None
        self._busy_told = False
        self._asking = Asking(session)
        self._lateness = Lateness(session)
        self._keys = {command.id: session.keys.shown(command) for command in commands_of(Place)}

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._title
        yield self.conversation
        yield self._rule
        yield self.composer
        yield self._meter

    def on_mount(self) -> None:
        """Nothing is open yet."""
        self._label()

    def on_resize(self) -> None:
        """Other words fit into the rule."""
        self._label()

    # Which conversation

    @property
    def contact_id(self) -> ContactId | None:
        """Whose conversation is open."""
        return self.summary.contact.id if self.summary else None

    @property
    def addressee(self) -> ContactId | None:
        """To whom what stands in the composer was written: whose conversation is open, or was until they were deleted."""
        return self._gone.contact.id if self._gone else self.contact_id

    @property
    def current(self) -> Item | None:
        """The text under the cursor."""
        return self.conversation.item

    def open(self, contact_id: ContactId | None) -> None:
        """Open a conversation, or none; what was written in the one before is noted, and kept in a moment."""
        self._note_draft()
        self._gone = None
        again = contact_id is not None and contact_id == self.contact_id
        self.summary = self._session.store.contacts.summary(contact_id) if contact_id is not None else None
        if self.summary is None:
            self.composer.replace_all("")
            self.conversation.show(None, None)
        else:
            contact = self.summary.contact
            self._known[contact.id] = self.summary
            if not again:
                self.composer.replace_all(self.drafts.opened(contact, self.summary.draft))
            window = Window(self._session.store.conversations, contact.id)
            self.conversation.show(window, self._layout(self.summary))
        self._session.engine.open(self.contact_id)
        self._label(opening=True)
        # It may only come onto the screen now.
        self.call_after_refresh(self.note_read)

    def changed(self) -> None:
        """The store holds something else of the open conversation."""
        if self.summary is None:
            return
        before, after = self.summary, self._session.store.contacts.summary(self.summary.contact.id)
        if after is None:
            self._deleted(before.contact.id)
            return
        self.summary = self._known[after.contact.id] = after
        if before.contact.name != after.contact.name:
            self.conversation.relabel(self._layout(after))
        self.conversation.reload()
        self._label()
        self.note_read()
        named, was = after.contact.local_number, before.contact.local_number
        if named and was and named != was:
            known = f"The gateway has this conversation from {self._session.shown(named)}"
            self.notify(f"{known}: texts go out from there.", markup=False)
        if before.contact.opt_out and after.contact.may_be_texted:
            name = self._session.naming.title(after)
            self.notify(f"{name} asks to be texted again: the composer is open.", markup=False)

    def _deleted(self, contact_id: ContactId) -> None:
        """Another client deleted a contact: what was written to them is not lost, and goes to nobody by surprise.

        It stays in the composer, where the keys that are being typed go on landing: in another part of the screen they
        would be commands.
        """
        summary = self._known[contact_id]
        on_screen = contact_id == self.addressee
        text = self.composer.text if on_screen else self.drafts.written(contact_id)
        kept = ""
        if text or self.drafts.waits(contact_id):
            kept = " What you wrote to them is here still: start a conversation with the number, and it is in it."
            self.drafts.bereave(summary.contact, text)
        else:
            self.drafts.forget(contact_id)
        if on_screen and kept:
            self.summary, self._gone = None, summary
            self.conversation.show(None, None)
            self._session.engine.open(None)
            self._label()
        elif on_screen:
            self.open(None)
        self.post_message(self.Problem(f"{self._session.naming.title(summary)} was deleted.{kept}"))

    def contact_of(self, contact_id: ContactId) -> Contact | None:
        """A contact whose conversation was opened, as last read."""
        known = self._known.get(contact_id)
        return known.contact if known else None

    def let_go(self, contact_id: ContactId) -> None:
        """The user deletes this contact here, with what was written to them."""
        if contact_id == self.addressee:
            self.composer.replace_all("")
        self.drafts.forget(contact_id)

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
        return self.display and self.screen.is_active and self.app.app_focus

    # What is said about it

    def _layout(self, summary: ContactSummary) -> Layout:
        keys = self._session.keys.of("decide")
        words = self._session.naming.title(summary).split(" ") if summary.contact.name else ["Them"]
        # The first name, but not a title: "Dr." tells nobody apart.
        them = next((word for word in words if not word.endswith(".")), words[0])
        return Layout(self.conversation.size.width - 1, them, self._session.calendar, keys[0])

    def _label(self, *, opening: bool = False) -> None:
        """Say whose conversation it is, and whether and from where it can be written to.

        Args:
            opening: It has just come onto the screen; where it is locked, the focus goes elsewhere.
        """
        naming, summary = self._session.naming, self.summary
        if self._gone:
            who = [(naming.title(self._gone), "strong"), (f" · {naming.number(self._gone)}", "dim")]
            self._title.show([*who, (" · deleted", "alert")])
            told = f"Not sent. {self._keys['new']} with this number takes it along."
            self._rule.show([(told, "alert")], [(self._way(self._gone), "dim")])
            self._show_cost()
            return
        if summary is None:
            self._title.show([("No conversation open", "dim")])
            self._rule.show([(self._invitation(), "dim")])
            self._meter.tell(None, ())
            self.composer.put_away()
            self.composer.hint("")
            return
        title, number = naming.title(summary), naming.number(summary)
        who = [(title, "strong")] if title == number else [(title, "strong"), (f" · {number}", "dim")]
        if summary.contact.archived:
            who.append((" · archived", "dim"))
        if summary.contact.suppressed:
            who.append((" · suppressed", "alert"))
        below = self.conversation.below
        self._title.show(who, [(f"{below} new below", "alert")] if below else [])
        way = self._way(summary)
        self._rule.show(self._about(summary, title, self.size.width - cell_len(way) - 3), [(way, "dim")])
        locked = not summary.contact.may_be_texted
        self.composer.set_locked(locked, leave=opening)
        self.composer.hint("Nothing is sent to them" if locked else "Write a text")
        self._show_cost()

    def _way(self, summary: ContactSummary) -> str:
        """From which number a text would go out."""
        sender = self._session.sender_for(summary)
        return f"from {self._session.shown(sender)}" if sender else "no local number: set from_number"

    def _about(self, summary: ContactSummary, title: str, room: int) -> list[tuple[str, str]]:
        """What the rule says at its left: what forbids writing, what is to be judged, or whom one writes to."""
        contact = summary.contact
        state = describe(self.current) if self.current and self.conversation.has_focus else ""
        if contact.may_be_texted and not contact.plea:
            return [(f"This text: {state}" if state else f"Message {title}", "dim")]
        if contact.plea and contact.may_be_texted:
            forms = [f"May be an opt-out: {quoted(contact.plea.text)}"]
        elif contact.opt_out and not contact.suppressed:
            said = f"They texted {quoted(contact.opt_out.text)}"
            locked = locked_by(contact, self._session.calendar, now=self._session.now())
            forms = [f"T{locked[1:]}", said]
        else:
            whole = "Suppressed: the gateway sends this number no more texts."
            forms = [f"{whole} {CANNOT_UNDO}", whole, "Suppressed: no more texts", "Suppressed"]
        return [(chosen(forms, room), "alert"), (f" · {state}" if state else "", "dim")]

    def _show_cost(self) -> None:
        """Show what the text in the composer costs, and the one thing that is most important to know."""
        contact = self.summary.contact if self.summary else None
        if contact is None and not self._gone:
            return
        if contact and not contact.may_be_texted:
            self._meter.tell(self._offer(contact), ())
            return
        text = self.composer.text
        hint = self._hint(text, contact)
        if hint is None and contact and contact.plea:
            hint = self._offer(contact)
        self._meter.tell(hint, cost_forms(self.composer.measure))
        if text and contact and self._lateness.wants_look(contact):
            self.run_worker(self._look_at_clock(contact))

    def _hint(self, text: str, contact: Contact | None) -> Hint | None:
        """What to know about a text, the most important thing first."""
        # First, since it is told once: what a text costs is told again with the next one.
        if contact and text and (late := self._lateness.told(contact)):
            return late_hint(late)
        if found := self.composer.costly:
            return costly_hint(found, self.composer.measure, downgrade(text.strip()), self._keys["simplify"])
        if host := shortener_in(text):
            return shortener_hint(clean_line(host))
        return None

    def _offer(self, contact: Contact) -> Hint | None:
        """What the keys of the texts can do about an opt-out."""
        if contact.suppressed:
            return None
        suppress, dismiss = self._keys["suppress"], self._keys["dismiss_plea"]
        there = ""
        if not self.conversation.has_focus:  # in the list, x is about whoever is highlighted there
            way = "focus_previous" if self.composer.has_focus else "focus_next"
            there = f"{self._keys[way]}, then "
        if contact.opt_out:
            whole = f"{there}{suppress} has the gateway suppress this number"
            return Hint((whole, f"{there}{suppress} suppresses"))
        return Hint(
            (f"{there}{suppress} suppresses, {dismiss} says it is none", f"{there}{suppress} or {dismiss}")
        )

    async def _look_at_clock(self, contact: Contact) -> None:
        await self._lateness.look(contact)
        self._show_cost()

    def _invitation(self) -> str:
        keys = self._keys
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
        self.call_after_refresh(self.note_read)

    def on_descendant_blur(self) -> None:
        """Another key leads to the texts now."""
        self._label()

    # Writing

    def on_text_area_changed(self, event: Composer.Changed) -> None:
        """Keep what is written, once the keys rest."""
        event.stop()
        self._note_draft()
        self._keep_drafts_in(DRAFT_SECONDS)

    def _keep_drafts_in(self, seconds: float) -> None:
        if self._draft_timer:
            self._draft_timer.stop()
        # In a worker: a store that is busy for seconds must not keep what is typed meanwhile from being noted.
        self._draft_timer = self.set_timer(seconds, lambda: self.run_worker(self.keep_drafts()))

    def _note_draft(self) -> None:
        if self.addressee is not None:
            self.drafts.wrote(self.addressee, self.composer.text)

    async def keep_drafts(self) -> None:
        """Keep what is written, now; what the store does not take for now is tried again, also without another key."""
        timer = self._draft_timer
        self._note_draft()
        homeless: list[ContactId] = []
        try:
            homeless = await self.drafts.keep()
            self._busy_told = False
        except StoreBusy as error:
            if not self._busy_told:  # once: it may last, and is tried again and again
                self.post_message(self.Problem(f"What you wrote is not kept yet. {error}"))
            self._busy_told = True
        except GynetixError as error:
            self.post_message(self.Problem(f"What you wrote could not be kept: {error}"))
            return
        for contact_id in homeless:
            self._deleted(contact_id)
        # A key that was pressed meanwhile has set the timer already, and to less.
        if self.drafts.waiting and self._draft_timer is timer:
            self._keep_drafts_in(AGAIN_SECONDS)

    async def _save_draft(self, contact_id: ContactId, text: str) -> bool:
        await self._session.engine.save_draft(contact_id, text)
        # Looked at afterwards: before, another client could still delete it in between.
        return self._session.store.contacts.get(contact_id) is not None

    async def put_back(self) -> None:
        """Put deleted contacts to whom something was written back, with it: the program ends, and else it were lost."""
        store, engine = self._session.store, self._session.engine
        for contact, text in self.drafts.ownerless:
            try:
                found = store.contacts.find(contact.number)
                contact_id = found.id if found else await engine.add_contact(contact.number, contact.name)
                texts = filter(None, [store.drafts.get(contact_id), text])
                await engine.save_draft(contact_id, "\n".join(texts))
            except GynetixError as error:
                self.post_message(self.Problem(f"What you wrote could not be kept: {error}"))
            else:
                self.drafts.forget(contact.id)

    def _may_send(self, text: str) -> bool:
        """Called by the composer: whether a text may go at once. If not, it is said why, or asked."""
        if self.summary is None:
            return True  # there is nobody to send it to, which is said then
        contact = self.summary.contact
        if refusal := self._asking.refusal(contact, text):
            self.post_message(self.Problem(refusal))
            return False
        reasons = self._asking.reasons(contact, text)
        if reasons:
            self._ask(contact.id, text, reasons)
        return not reasons

    def _ask(self, contact_id: ContactId, text: str, reasons: list[str]) -> None:
        """Ask whether a text is to go all the same; meanwhile it stays where it is."""

        def send(answer: str | None) -> None:
            summary = self.summary
            if not answer or summary is None or summary.contact.id != contact_id:
                return
            if refusal := self._asking.refusal(summary.contact, text):  # an opt-out came meanwhile
                self.post_message(self.Problem(refusal))
            elif self.composer.text.strip() == text:
                self.composer.give()

        answers = [("send", "Send"), ("write", "Keep writing")]
        self.app.push_screen(Question("Send this text?", "\n".join(reasons), answers), send)

    def _submit(self, text: str) -> None:
        """Called by the composer in the moment it gives its text away."""
        if self._gone:
            self.composer.replace_all(text)
            title = self._session.naming.title(self._gone)
            self.post_message(self.Problem(f"{title} was deleted: there is nobody to send this to."))
        if self.summary is not None:
            contact = self.summary.contact
            self._asking.submitted(contact.id, text)
            self._lateness.sent(contact.id)
            self.drafts.submit(contact.id, text)
            self.post_message(self._Submitted(contact.id))

    async def on_talk__submitted(self, event: _Submitted) -> None:
        """Hand the text to the engine; whatever conversation is open by then, it belongs to its own."""
        event.stop()
        contact_id = event.contact_id
        if not self.drafts.waits(contact_id):
            return
        summary = self._session.store.contacts.summary(contact_id)
        sender = self._session.sender_for(summary) if summary else None

        async def send(text: str) -> None:
            if summary is None:
                raise GynetixError("This contact was deleted; the text was not sent.")
            if sender is None:
                raise GynetixError(
                    "There is no local number to send from: set gateway.from_number in config.toml."
                )
            await self._session.engine.send(contact_id, text, sender=sender)

        try:
            await self.drafts.send(contact_id, send)
        except GynetixError as error:
            self._asking.taken_back(contact_id)
            self.post_message(self.Problem(str(error)))
            if contact_id == self.addressee:
                self.composer.replace_all(self.drafts.written(contact_id))
            if self._session.store.contacts.get(contact_id) is None:
                self._deleted(contact_id)
        else:
            self._asking.handed_on(contact_id)
            if contact_id == self.contact_id:
                self.conversation.forget_divider()
                self.conversation.action_last()

    def on_composer_recall_asked(self, event: Composer.RecallAsked) -> None:
        """Put the last text sent here into the empty composer."""
        event.stop()
        if self.contact_id is not None:
            self.composer.replace_all(self._session.store.conversations.last_outgoing(self.contact_id))

    def doubts(self, text: str) -> list[str]:
        """What the user should know before a text goes to whom one writes to here; each is a sentence."""
        return self._asking.reasons(self.summary.contact, text) if self.summary else []

    def set_text(self, text: str) -> None:
        """Put a text into the composer, as the editor does."""
        self.composer.replace_all(text)
        self._note_draft()  # the composer's own message comes later, and a signal may come before it
