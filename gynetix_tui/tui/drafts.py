"""What is written and not yet in the store: one place that knows it, whatever conversation is on the screen.

Writing to the store takes time, and may fail for now. Meanwhile keys are typed, conversations are switched and the
program may be asked to end. So what leaves the composer is noted here first, at once, under its contact.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gynetix_tui.errors import GynetixError, StoreBusy, StoreUnwritable
from gynetix_tui.model import ContactId

Save = Callable[[ContactId, str], Awaitable[None]]


class Drafts:
    """The drafts of this run.

    Args:
        save: Puts a draft into the store.
    """

    def __init__(self, save: Save) -> None:
        self._save = save
        self._stored: dict[ContactId, str] = {}
        self._held: dict[ContactId, str] = {}
        self._outgoing: dict[ContactId, list[str]] = {}
        self._busy: set[ContactId] = set()

    def opened(self, contact_id: ContactId, stored: str) -> str:
        """A conversation comes onto the screen; return what was written in it, given what the store holds."""
        if contact_id not in self._busy:
            self._stored[contact_id] = stored
        return self._held.get(contact_id, stored)

    def wrote(self, contact_id: ContactId, text: str) -> None:
        """This stands in the composer now."""
        if contact_id not in self._busy and text == self._stored.get(contact_id, ""):
            self._held.pop(contact_id, None)
        else:
            self._held[contact_id] = text

    def forget(self, contact_id: ContactId) -> None:
        """The contact was deleted."""
        self._held.pop(contact_id, None)
        self._stored.pop(contact_id, None)

    @property
    def unkept(self) -> dict[ContactId, str]:
        """What the store does not hold yet, texts on their way into the outbox included."""
        contacts = {**self._outgoing, **self._held}
        return {contact_id: self._joined(contact_id) for contact_id in contacts}

    async def keep(self) -> None:
        """Put into the store what is not there yet; what it does not take for now stays here.

        Raises:
            StoreError: The store will not take it.
        """
        for contact_id, text in list(self._held.items()):
            # A text on its way into the outbox is still the stored draft: were that cleared first, a kill would lose it.
            if contact_id in self._busy or contact_id in self._outgoing:
                continue
            self._busy.add(contact_id)
            try:
                await self._save(contact_id, text)
            except (StoreUnwritable, StoreBusy):
                continue
            else:
                self._settled(contact_id, text)
            finally:
                self._busy.discard(contact_id)

    def submit(self, contact_id: ContactId, text: str) -> None:
        """The user sends this; the composer is empty now."""
        self._outgoing.setdefault(contact_id, []).append(text)
        self._held[contact_id] = ""

    async def send(self, contact_id: ContactId, send: Callable[[str], Awaitable[object]]) -> None:
        """Hand the oldest text that was submitted for a contact on; where that fails it is a draft again.

        Args:
            contact_id: Whom it goes to.
            send: Puts it into the outbox and clears the stored draft.

        Raises:
            GynetixError: It was not handed on.
        """
        text = self._outgoing[contact_id][0]
        self._busy.add(contact_id)
        try:
            await send(text)
        except GynetixError:
            self._held[contact_id] = self._joined(contact_id)
            self._outgoing.pop(contact_id)
            raise
        else:
            self._outgoing[contact_id].pop(0)
            if not self._outgoing[contact_id]:
                self._outgoing.pop(contact_id)
            self._settled(contact_id, "")
        finally:
            self._busy.discard(contact_id)

    def waits(self, contact_id: ContactId) -> bool:
        """Whether a submitted text of this contact is still to be handed on."""
        return contact_id in self._outgoing

    def _settled(self, contact_id: ContactId, text: str) -> None:
        self._stored[contact_id] = text
        if self._held.get(contact_id) == text and not self._outgoing.get(contact_id):
            self._held.pop(contact_id, None)

    def _joined(self, contact_id: ContactId) -> str:
        texts = [*self._outgoing.get(contact_id, []), self._held.get(contact_id, "")]
        return "\n".join(filter(None, texts))
