"""What is written and not yet in the store: one place that knows it, whatever conversation is on the screen.

Writing to the store takes time, and may fail for now. Meanwhile keys are typed, conversations are switched and the
program may be asked to end. So what leaves the composer is noted here first, at once, under its contact.

Another client may delete a contact while something is being written to them. The store keeps no draft for nobody, so
that text stays here, until there is a contact with the number again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gynetix_tui.errors import GynetixError, StoreBusy, StoreUnwritable
from gynetix_tui.model import Contact, ContactId

Save = Callable[[ContactId, str], Awaitable[bool]]
Saved = Callable[[], str | None]


class Drafts:
    """The drafts of this run.

    Args:
        save: Puts a draft into the store; False where that did not, because the contact was deleted.
    """

    def __init__(self, save: Save) -> None:
        self._save = save
        self._stored: dict[ContactId, str] = {}
        self._held: dict[ContactId, str] = {}
        self._outgoing: dict[ContactId, list[str]] = {}
        self._busy: set[ContactId] = set()
        self._deleted: dict[ContactId, Contact] = {}
        self._editor: tuple[ContactId, Saved] | None = None
        self._turn = asyncio.Lock()

    def opened(self, contact: Contact, stored: str) -> str:
        """A conversation comes onto the screen; return what was written in it, given what the store holds.

        What was written to the same number under a contact that was deleted comes along.
        """
        if contact.id not in self._busy:
            self._stored[contact.id] = stored
        before = [id_ for id_, deleted in self._deleted.items() if deleted.number == contact.number]
        texts = [self._held.get(contact.id, stored), *(self._held.get(id_, "") for id_ in before)]
        for id_ in before:
            self.forget(id_)
        text = "\n".join(filter(None, texts)) if before else texts[0]
        self.wrote(contact.id, text)
        return text

    def written(self, contact_id: ContactId) -> str:
        """What was written in a conversation that was opened before."""
        return self._held.get(contact_id, self._stored.get(contact_id, ""))

    def wrote(self, contact_id: ContactId, text: str) -> None:
        """This stands in the composer now."""
        if contact_id not in self._busy and text == self._stored.get(contact_id, ""):
            self._held.pop(contact_id, None)
        else:
            self._held[contact_id] = text

    def forget(self, contact_id: ContactId) -> None:
        """What was written to this contact is wanted no more, or kept elsewhere."""
        self._held.pop(contact_id, None)
        self._stored.pop(contact_id, None)
        self._deleted.pop(contact_id, None)

    def bereave(self, contact: Contact, text: str) -> None:
        """The contact was deleted, and this was written to them; what they are still to be sent joins it by itself."""
        self._deleted[contact.id] = contact
        self._stored.pop(contact.id, None)
        self._held[contact.id] = text

    def editor_opened(self, contact_id: ContactId, saved: Saved) -> None:
        """The user goes on writing to this contact in an editor of their own.

        Args:
            contact_id: To whom.
            saved: What the editor has saved by now; None for nothing new. It is asked at a way out, so it must be quick.
        """
        self._editor = contact_id, saved

    def editor_closed(self) -> None:
        """What the editor saved is noted as written, or not wanted."""
        self._editor = None

    @property
    def ownerless(self) -> list[tuple[Contact, str]]:
        """What was written to contacts that were deleted, each with the contact as it was."""
        return [(contact, text) for id_, contact in self._deleted.items() if (text := self._joined(id_))]

    @property
    def unkept(self) -> dict[ContactId, str]:
        """What the store does not hold yet, texts on their way into the outbox included."""
        unkept = {contact_id: self._joined(contact_id) for contact_id in {**self._outgoing, **self._held}}
        if self._editor:
            contact_id, saved = self._editor
            if (text := saved()) is not None:
                unkept[contact_id] = "\n".join([*self._outgoing.get(contact_id, []), text])
        return unkept

    @property
    def waiting(self) -> bool:
        """Whether something is written that the store, asked again, may take."""
        return any(contact_id not in self._deleted for contact_id in self._held)

    async def keep(self) -> list[ContactId]:
        """Put into the store what is not there yet; what it does not take for now stays here.

        What is under way already is waited for: whoever keeps drafts before the end wants all of them kept.

        Returns:
            Contacts that turned out to be deleted; what was written to them stays here.

        Raises:
            StoreBusy: Another program was writing for too long; that a disk is full, the engine tells by itself.
            StoreError: The store will not take it.
        """
        homeless = []
        busy: StoreBusy | None = None
        async with self._turn:
            for contact_id, text in list(self._held.items()):
                # A text on its way into the outbox is still the stored draft: were that cleared first, a kill would
                # lose it.
                if contact_id in self._deleted or contact_id in self._outgoing:
                    continue
                self._busy.add(contact_id)
                try:
                    if await self._save(contact_id, text) or not text:
                        self._settled(contact_id, text)
                    else:
                        homeless.append(contact_id)
                except StoreUnwritable:
                    continue
                except StoreBusy as error:
                    busy = error
                finally:
                    self._busy.discard(contact_id)
        if busy:
            raise busy
        return homeless

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
        async with self._turn:
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
