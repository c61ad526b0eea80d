"""The commands about one contact: the main screen's part that knows which one is in question."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal

from textual.widget import Widget

from gynetix_tui.errors import GatewayError, GynetixError, NotSent, Refused
from gynetix_tui.model import ContactId, ContactSummary
from gynetix_tui.text import clean, clean_line
from gynetix_tui.tui.cells.compositor import LeanScreen
from gynetix_tui.tui.commands import Place, short_key
from gynetix_tui.tui.consent_words import CANNOT_UNDO, heard_from
from gynetix_tui.tui.screens.dialog import Question
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.side import Side
from gynetix_tui.tui.widgets.talk import Talk


class ContactCommands(LeanScreen[None]):
    """Edits, deletes, flags, suppresses and tells about a contact.

    Args:
        session: What it works with.

    Attributes:
        talk: The right side.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._side = Side(session, id="side")
        self.talk = Talk(session, id="talk")

    # Where the user is

    @property
    def place(self) -> Place:
        """The part of the screen that has the focus."""
        if self.focused is self.talk.composer:
            return Place.COMPOSER
        return Place.CONVERSATION if self.focused is self.talk.conversation else Place.LIST

    def _focus(self, widget: Widget) -> None:
        # A part that a narrow terminal does not show has to be shown before it can have the focus.
        self.set_class(widget is not self._side.list, "-talking")
        widget.focus()

    @property
    def _contact(self) -> ContactSummary | None:
        """The highlighted contact where the list has the focus, else the one whose conversation is open."""
        if self.place is Place.LIST or self.talk.summary is None:
            highlighted = self._side.list.highlighted
            return self._session.store.contacts.summary(highlighted) if highlighted is not None else None
        return self.talk.summary

    def _say(self, text: str, *, warning: bool = False, seconds: float = 6) -> None:
        severity: Literal["warning", "information"] = "warning" if warning else "information"
        self.notify(clean(text, limit=500), severity=severity, markup=False, timeout=seconds)

    async def _try(self, work: Awaitable[object]) -> None:
        try:
            await work
        except GynetixError as error:
            self._say(str(error), warning=True)

    # Details

    def action_details(self) -> None:
        """Show all that is known of the contact."""
        from gynetix_tui.tui.screens.details import Details

        if summary := self._contact:
            details = Details(
                self._session,
                summary.contact.id,
                edit=self._edit,
                suppress=self._ask_to_suppress,
                dismiss_plea=self._dismiss_plea,
            )
            self.app.push_screen(details)

    def _show_details(self, changed: ContactId | None = None) -> None:
        """What the store holds of a contact, or of any, may have changed: so may what is told of it in a dialog."""
        if len(self.app.screen_stack) > 1:
            from gynetix_tui.tui.screens.details import Details

            for screen in self.app.screen_stack:
                if isinstance(screen, Details) and screen.is_mounted and changed in {None, screen.contact_id}:
                    screen.changed()

    def action_edit_contact(self) -> None:
        """Ask for the contact's name and note."""
        if summary := self._contact:
            self._edit(summary)

    def _edit(self, summary: ContactSummary) -> None:
        from gynetix_tui.tui.screens.edit_contact import EditContact, Edited

        contact = summary.contact
        name, note = clean_line(contact.name), clean(contact.note)

        async def keep(edited: Edited | None) -> None:
            # What was not changed is left as it is stored, raw.
            if edited and edited.name != name:
                await self._try(self._session.engine.rename_contact(contact.id, edited.name))
            if edited and edited.note != note:
                await self._try(self._session.engine.set_note(contact.id, edited.note))

        self.app.push_screen(EditContact(self._session.naming.number(summary), name, note), keep)

    # The list

    def action_delete_contact(self) -> None:
        """Ask, then delete the contact here."""
        if not (summary := self._contact):
            return
        contact, title = summary.contact, self._session.naming.title(summary)

        async def delete(answer: str | None) -> None:
            if answer:
                self.talk.let_go(contact.id)
                await self._try(self._session.engine.delete_contact(contact.id))

        text = (
            "The contact, its texts, its draft and whatever waits to be sent are deleted here. The gateway keeps what it "
            "has, and a new conversation with the number fetches it again."
        )
        answers = [("delete", "Delete"), ("keep", "Keep")]
        self.app.push_screen(Question(f"Delete {title}?", text, answers), delete)

    async def action_flag(self, flag: str) -> None:
        """Turn one of the user's flags of the contact over."""
        if summary := self._contact:
            value = not getattr(summary.contact, flag)
            await self._try(self._session.engine.set_flags(summary.contact.id, **{flag: value}))
            if flag == "archived":
                title = self._session.naming.title(summary)
                keys = self._session.keys
                go_to, archive = (short_key(keys.of(each)[0]) for each in ("go_to", "archive_open"))
                back = f"A new text brings it back, or {archive} among its texts, to which {go_to} leads."
                self._say(f"{title} is archived. {back}" if value else f"{title} is in the list again.")

    async def action_mark_unread(self) -> None:
        """Mark the conversation unread."""
        if summary := self._contact:
            if summary.contact.id == self.talk.contact_id:
                self.talk.open(None)  # open, it would be read again at once
                self._side.list.mark_open(None)
                self._focus(self._side.list)
            await self._try(self._session.engine.mark_unread(summary.contact.id))

    # Opt-outs

    def action_suppress(self) -> None:
        """Ask, then have the gateway send this number no more texts."""
        if summary := self._contact:
            self._ask_to_suppress(summary)

    def _ask_to_suppress(self, summary: ContactSummary) -> None:
        title, number = self._session.naming.title(summary), self._session.naming.number(summary)
        if summary.contact.suppressed:
            self._say(f"{title} is suppressed already. {CANNOT_UNDO}")
            return

        async def suppress(answer: str | None) -> None:
            if answer:
                self.run_worker(self._suppress(summary.contact.id, title))

        asked = f"The gateway is asked to send {number} no more texts, ever. {CANNOT_UNDO}"
        text = "\n\n".join([*heard_from(summary.contact, self._session.calendar), asked])
        answers = [("suppress", "Suppress"), ("leave", "Leave as it is")]
        self.app.push_screen(Question(f"Suppress {title}?", text, answers), suppress)

    async def _suppress(self, contact_id: ContactId, title: str) -> None:
        try:
            words = await self._session.engine.suppress(contact_id)
        except (NotSent, Refused) as error:
            reason = clean_line(str(error)).removesuffix(".")
            self._say(f"{title} is not suppressed: {reason}. Nothing was changed.", warning=True)
        except GatewayError as error:
            reason = clean_line(str(error)).removesuffix(".")
            self._say(
                f"{title} may or may not be suppressed: {reason}. Nothing was changed here.", warning=True
            )
        except GynetixError as error:
            self._say(str(error), warning=True)
        else:
            self._say(f"{title} is suppressed. The gateway: {clean_line(words) or 'success'}")

    def action_dismiss_plea(self) -> None:
        """The user says that what may be an opt-out is none."""
        if summary := self._contact:
            self._dismiss_plea(summary)
        else:
            self._say("There is no contact to decide about.")

    def _dismiss_plea(self, summary: ContactSummary) -> None:
        if summary.contact.plea is None:
            self._say("There is nothing to dismiss: no text of theirs is marked as a possible opt-out.")
        else:
            self.run_worker(self._try(self._session.engine.dismiss_plea(summary.contact.id)))
