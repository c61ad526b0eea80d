"""The engine: what the user wants is written to the store first, and carried out from there.

It runs beside the screen and without one. Nothing here waits for the network on behalf of a caller, except
where the caller wants the gateway's answer (`suppress`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gynetix_tui.engine.account import Account
from gynetix_tui.engine.consent import note_answer, refuse_locked
from gynetix_tui.engine.events import (
    ContactChanged,
    ContactsChanged,
    Event,
    KeyNeeded,
    Link,
    LinkChanged,
    LinkState,
    StoreTrouble,
)
from gynetix_tui.engine.writer import PASSING, Writer
from gynetix_tui.errors import GynetixError, KeyringError, NotSent, Refused, Uncertain
from gynetix_tui.model import (
    ConsentEntry,
    ConsentEvent,
    Contact,
    ContactId,
    OutboxId,
    OutgoingText,
    PhoneNumber,
    SendState,
)
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

if TYPE_CHECKING:
    from gynetix_tui.engine.poller import Poller
    from gynetix_tui.engine.sender import Sender
    from gynetix_tui.engine.watcher import Watcher
    from gynetix_tui.gateway import Gateway

Listener = Callable[[Event], None]

KEYRING_SLOW_SECONDS = 1.0
"""After this long it is said that the keyring is being waited for; most answer in 0.3 s."""

QUIT_SECONDS = 5.0
"""How long the end waits for the answer to a suppression; as the sender does for its texts."""
SETTLE_SECONDS = 1.0
"""How long it then waits for what is known of it to be written."""

_log = logging.getLogger(__name__)


class Engine:
    """Sends, fetches and merges for one account.

    Args:
        store_file: The store.
        account: Where the gateway comes from.
        polling: How often to ask.
        now: The clock, epoch seconds.
        jitter: Randomness for waits.
        monotonic: A clock for waits.
        most_segments: A text of more is not sent; 0 for no limit.
    """

    def __init__(
        self,
        store_file: Path,
        account: Account,
        *,
        polling: Polling,
        now: Callable[[], float] = time.time,
        jitter: random.Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        most_segments: int = 0,
    ) -> None:
        self._store_file = store_file
        self._writer = Writer(store_file, trouble=lambda reason: self._publish(StoreTrouble(reason)))
        self._account = account
        self._polling = polling
        self._now = now
        self._jitter = jitter or random.Random()
        self._monotonic = monotonic
        self._most_segments = most_segments
        self._asking: set[asyncio.Task[str]] = set()
        self._listeners: list[Listener] = []
        self._gateway: Gateway | None = None
        self._poller: Poller | None = None
        self._sender: Sender | None = None
        self._open: ContactId | None = None
        self._focused = True
        self._given_key: asyncio.Queue[ApiKey] = asyncio.Queue()
        self._link = Link(LinkState.STARTING, since=now(), every=polling.open_seconds)

    # What happens

    def subscribe(self, listener: Listener) -> None:
        """Have every event given to `listener`, in the engine's event loop; it must return at once."""
        self._listeners.append(listener)

    @property
    def link(self) -> Link:
        """What is known of the way to the gateway."""
        return self._link

    async def run(self) -> None:
        """Work until cancelled; what is being written then is finished first.

        Raises:
            StoreError: The store failed.
        """
        try:
            await self._recover()
            key = await self._key()
            while True:
                key = await self._work_with(key)
        finally:
            await self._writer.close()

    async def _work_with(self, key: ApiKey) -> ApiKey:
        """Work with a key until the user gives another; return that one."""
        self._gateway = gateway = await self._account.connect(key)
        work = asyncio.create_task(self._work(gateway), name="work")
        another = asyncio.create_task(self._given_key.get(), name="another key")
        try:
            await asyncio.wait({work, another}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
            return another.result()
        finally:
            another.cancel()
            work.cancel()
            await asyncio.gather(work, another, return_exceptions=True)
            if self._asking:
                await asyncio.wait(self._asking, timeout=QUIT_SECONDS)
            await gateway.close()
            if self._asking:  # now it is known that nothing is known of them, which is still to be written
                await asyncio.wait(self._asking, timeout=SETTLE_SECONDS)
            if self._sender:
                await self._sender.settle()

    async def _recover(self) -> None:
        from gynetix_tui.engine.sender import recover

        try:
            contacts = await recover(self._writer, now=self._now())
        except PASSING:
            return  # the sender does it too, when something waits behind such a text
        for contact_id in contacts:
            self._publish(ContactChanged(contact_id))

    async def _work(self, gateway: Gateway) -> None:
        # Here rather than above: the first frame need not wait for them.
        from gynetix_tui.engine.poller import Poller
        from gynetix_tui.engine.sender import Sender

        poller = Poller(
            gateway,
            self._writer,
            self._polling,
            now=self._now,
            publish=self._publish,
            jitter=self._jitter,
            monotonic=self._monotonic,
        )
        sender = Sender(gateway, self._writer, now=self._now, publish=self._publish, accepted=poller.soon)
        self._poller, self._sender = poller, sender
        poller.set_focused(self._focused)
        poller.open(self._open)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(poller.run(), name="poller")
                tasks.create_task(sender.run(), name="sender")
                tasks.create_task(self._watcher(poller, sender).run(), name="watcher")
        except ExceptionGroup as group:
            raise group.exceptions[0] from None  # the first failed, and the other was stopped for it

    def _watcher(self, poller: Poller, sender: Sender) -> Watcher:
        from gynetix_tui.engine.watcher import Watcher

        async def changed() -> None:
            self._publish(ContactsChanged())
            await poller.reload()
            sender.wake()

        return Watcher(
            self._store_file,
            self._writer,
            now=self._now,
            monotonic=self._monotonic,
            changed=changed,
            woke=self.refresh,
        )

    async def _key(self) -> ApiKey:
        """The key from where it is kept, or from the user, who may give it while the keyring is still asked."""
        given = asyncio.create_task(self._given_key.get(), name="given key")
        kept = asyncio.create_task(self._account.key(), name="kept key")
        slow = asyncio.get_running_loop().call_later(
            KEYRING_SLOW_SECONDS, self._publish_link, LinkState.ASKING
        )
        try:
            await asyncio.wait({given, kept}, return_when=asyncio.FIRST_COMPLETED)
            slow.cancel()
            if not given.done():
                reason = ""
                try:
                    key = kept.result()
                except KeyringError as error:
                    key, reason = None, str(error)
                if key is not None:
                    self._publish_link(LinkState.STARTING)
                    return key
                self._publish_link(LinkState.NO_KEY, reason)
                self._publish(KeyNeeded(reason, await self._account.keyring()))
            key = await given
            self._publish_link(LinkState.STARTING)
            return key
        finally:
            slow.cancel()
            given.cancel()
            kept.cancel()
            await asyncio.gather(given, kept, return_exceptions=True)

    def _publish_link(self, state: LinkState, reason: str = "") -> None:
        self._publish(LinkChanged(Link(state, reason, since=self._now(), every=self._polling.open_seconds)))

    def _publish(self, event: Event) -> None:
        if isinstance(event, LinkChanged):
            self._link = event.link
        for listener in self._listeners:
            listener(event)

    # What the user wants

    @property
    def is_sending(self) -> bool:
        """Whether a request with a text is under way: ending now would leave its state uncertain."""
        return self._sender is not None and self._sender.is_sending

    async def keyring(self) -> str:
        """The name of the keyring in which `use_key` would keep a key; empty where there is none."""
        return await self._account.keyring()

    async def look_for_key(self) -> str:
        """Ask for the key where it is kept once more, and use it if it is there.

        Returns:
            What stood in the way, a sentence; empty where the key was found.
        """
        try:
            key = await self._account.key()
        except KeyringError as error:
            return str(error)
        if key is None:
            return "The keyring holds no key of this account."
        self._given_key.put_nowait(key)
        return ""

    async def use_key(self, key: ApiKey, *, keep: bool) -> None:
        """Use this key, and keep it in the keyring if asked.

        Raises:
            KeyringError: It could not be kept; it is not used either.
        """
        if keep:
            await self._account.keep(key)
        self._given_key.put_nowait(key)

    async def add_contact(
        self, number: PhoneNumber, name: str, *, local_number: PhoneNumber | None = None
    ) -> ContactId:
        """Add a contact, or give the one with this number the name; return its id.

        Args:
            number: Whom.
            name: What the user calls them; empty leaves a contact that is there its own.
            local_number: Our own number for the conversation, where the gateway names none.
        """
        now = self._now()

        def work(store: Store) -> ContactId:
            if known := store.contacts.find(number):
                if name:
                    store.contacts.rename(known.id, name)
                if local_number is not None:
                    store.contacts.set_local_number(known.id, local_number)
                return known.id
            return store.contacts.add(number, name, now=now, local_number=local_number)

        contact_id = await self._writer.run(work)
        await self._contacts_changed()
        return contact_id

    async def rename_contact(self, contact_id: ContactId, name: str) -> None:
        """Give the contact another name; empty for none."""
        await self._writer.run(lambda store: store.contacts.rename(contact_id, name))
        self._publish(ContactChanged(contact_id))

    async def delete_contact(self, contact_id: ContactId) -> None:
        """Delete the contact with all that is kept of it here; the gateway keeps what it has."""
        await self._writer.run(lambda store: store.contacts.delete(contact_id))
        await self._contacts_changed()

    async def set_flags(
        self,
        contact_id: ContactId,
        *,
        pinned: bool | None = None,
        muted: bool | None = None,
        archived: bool | None = None,
    ) -> None:
        """Set those of the user's flags that are given."""
        await self._writer.run(
            lambda store: store.contacts.set_flags(contact_id, pinned=pinned, muted=muted, archived=archived)
        )
        self._publish(ContactsChanged())

    async def set_note(self, contact_id: ContactId, note: str) -> None:
        """Keep what the user wrote about the contact; empty for nothing."""
        await self._writer.run(lambda store: store.contacts.set_note(contact_id, note))
        self._publish(ContactChanged(contact_id))

    async def set_hours_hint(self, contact_id: ContactId, on: bool) -> None:
        """Whether the composer is to tell of quiet hours where the contact lives."""
        await self._writer.run(lambda store: store.contacts.set_hours_hint(contact_id, on))
        self._publish(ContactChanged(contact_id))

    async def dismiss_plea(self, contact_id: ContactId) -> None:
        """The user has judged the text that may ask for no more texts: it does not."""
        if await self._writer.run(lambda store: store.contacts.settle_plea(contact_id)):
            self._publish(ContactChanged(contact_id))

    async def details(self, contact_id: ContactId) -> tuple[tuple[str, str], ...]:
        """Fetch the conversation now, with the owner's details, and return those, raw; the texts are merged.

        Raises:
            NotSent: Nothing was asked: there is no connection, or no key yet.
            Refused: The gateway said no.
            Uncertain: The answer did not come, or cannot be read.
        """
        from gynetix_tui.engine.merge import merge

        contact = await self._contact(contact_id)
        asked_at = self._now()
        answer = await self._connected().get_conversation(phone=contact.number, detailed=True)
        if answer is None:
            return ()
        # Its digest is that of another form of the answer: what the poller gets next is compared with nothing.
        texts = replace(answer, digest=b"")
        now = self._now()
        outcome = await self._writer.run(
            lambda store: merge(store, contact_id, texts, asked_at=asked_at, now=now)
        )
        if outcome.changed:
            self._publish(ContactChanged(contact_id))
            if self._poller:
                self._poller.soon(contact_id)
        return answer.details

    async def _contact(self, contact_id: ContactId) -> Contact:
        contact = await self._writer.run(lambda store: store.contacts.get(contact_id))
        if contact is None:
            raise Refused("this contact was deleted")
        return contact

    def _connected(self) -> Gateway:
        if self._gateway is None:
            raise NotSent("there is no connection to the gateway yet")
        return self._gateway

    async def send(self, contact_id: ContactId, text: str, *, sender: PhoneNumber) -> OutboxId:
        """Queue a text and clear the conversation's draft, in one transaction.

        Args:
            contact_id: Whom it goes to.
            text: What it says; not blank.
            sender: The local number it goes out from.

        Raises:
            GynetixError: The text is blank or too long, or the contact is gone, suppressed, or has opted out;
                nothing was queued.
            StoreError: Nothing was queued.
        """
        now = self._now()

        def work(store: Store) -> OutboxId:
            contact = store.contacts.get(contact_id)
            if contact is None:
                raise GynetixError("This contact was deleted; the text was not sent.")
            refuse_locked(contact)
            if not text.strip():
                raise GynetixError("There is nothing to send: the text is blank.")
            self._refuse_long(text)
            outbox_id = store.outbox.add(contact_id, to=contact.number, sender=sender, text=text, now=now)
            store.drafts.put(contact_id, "", now=now)
            store.contacts.refresh_summary(contact_id)
            return outbox_id

        outbox_id = await self._writer.run(work)
        self._queued(contact_id)
        return outbox_id

    async def send_again(self, outbox_id: OutboxId) -> None:
        """Queue a failed or uncertain text anew, as a new one; the old one is discarded.

        Raises:
            GynetixError: The text is neither, by now; or it may not be sent, as `send` says; nothing was changed.
        """
        now = self._now()

        def work(store: Store) -> ContactId:
            text = _open_text(store, outbox_id)
            if contact := store.contacts.get(text.contact_id):
                refuse_locked(contact)
            self._refuse_long(text.text)
            store.outbox.discard(outbox_id)
            store.outbox.add(text.contact_id, to=text.to, sender=text.sender, text=text.text, now=now)
            store.contacts.refresh_summary(text.contact_id)
            return text.contact_id

        self._queued(await self._writer.run(work))

    def _refuse_long(self, text: str) -> None:
        if not self._most_segments:
            return
        from gynetix_tui.sms.segments import measure

        segments = measure(text).segments
        if segments > self._most_segments:
            raise GynetixError(
                f"This text takes {segments} segments, and texting.most_segments allows {self._most_segments}."
            )

    async def discard(self, outbox_id: OutboxId) -> None:
        """Take a text off the screen that failed, waits, or may have been sent.

        Raises:
            GynetixError: It is under way, or was sent, by now.
        """

        def work(store: Store) -> ContactId:
            text = _open_text(store, outbox_id, also=SendState.QUEUED)
            store.outbox.discard(outbox_id)
            store.contacts.refresh_summary(text.contact_id)
            return text.contact_id

        self._publish(ContactChanged(await self._writer.run(work)))

    async def save_draft(self, contact_id: ContactId, text: str) -> None:
        """Keep what stands in the composer."""
        now = self._now()
        await self._writer.run(lambda store: store.drafts.put(contact_id, text, now=now))
        self._publish(ContactChanged(contact_id))

    async def mark_read(self, contact_id: ContactId) -> None:
        """The user has seen all of the conversation."""
        await self._mark(contact_id, lambda store: store.messages.mark_read(contact_id))

    async def mark_unread(self, contact_id: ContactId) -> None:
        """The user wants to come back to the conversation."""
        await self._mark(contact_id, lambda store: store.messages.mark_unread(contact_id))

    async def _mark(self, contact_id: ContactId, mark: Callable[[Store], bool]) -> None:
        def work(store: Store) -> bool:
            changed = mark(store)
            if changed:
                store.contacts.refresh_summary(contact_id)
            return changed

        if await self._writer.run(work):
            self._publish(ContactChanged(contact_id))

    async def suppress(self, contact_id: ContactId) -> str:
        """Ask the gateway to send this number no more texts; wait for its answer, and return its words.

        What is asked, and what is answered, goes into the log of opt-outs; a caller who is cancelled leaves the
        question to end as it would have.

        Raises:
            NotSent: Nothing was asked: there is no connection, or no key yet.
            Refused: The gateway said no; nothing was changed.
            Uncertain: The gateway may have done it; nothing was changed here.
        """
        contact = await self._contact(contact_id)
        asking = asyncio.create_task(self._ask_for_suppression(contact_id, contact.number), name="suppress")
        self._asking.add(asking)
        asking.add_done_callback(self._asked)
        return await asyncio.shield(asking)

    def _asked(self, asking: asyncio.Task[str]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # told to whoever waits for it; who has gone away need not hear it from asyncio

    async def _ask_for_suppression(self, contact_id: ContactId, number: PhoneNumber) -> str:
        asked_at = self._now()
        asked = ConsentEntry(number, asked_at, ConsentEvent.SUPPRESSION_ASKED)
        await self._writer.run(lambda store: store.consent.add(asked))
        try:
            words = await self._connected().add_suppression(phone=number)
        except NotSent as error:
            await self._note_answer(number, ConsentEvent.SUPPRESSION_NOT_ASKED, str(error))
            raise
        except Refused as error:
            await self._note_answer(number, ConsentEvent.SUPPRESSION_REFUSED, str(error))
            raise
        except Uncertain as error:
            await self._note_answer(number, ConsentEvent.SUPPRESSION_UNCERTAIN, str(error))
            raise
        await self._note_answer(number, ConsentEvent.SUPPRESSION_GRANTED, words)
        self._publish(ContactChanged(contact_id))
        return words

    async def _note_answer(self, number: PhoneNumber, event: ConsentEvent, words: str) -> None:
        now = self._now()
        # What the gateway said is known only here: kept trying, as the end of a send is.
        await self._writer.insist(lambda store: note_answer(store, number, event, words, now=now))

    def open(self, contact_id: ContactId | None) -> None:
        """This conversation is the one on the screen: it is fetched now, and more often than the others."""
        self._open = contact_id
        if self._poller:
            self._poller.open(contact_id)

    def set_focused(self, focused: bool) -> None:
        """The terminal tells whether it is looked at; those that never tell count as looked at."""
        self._focused = focused
        if self._poller:
            self._poller.set_focused(focused)

    def refresh(self) -> None:
        """Fetch now, whatever the intervals say."""
        if self._poller:
            self._poller.refresh()
        if self._sender:
            self._sender.wake()

    def _queued(self, contact_id: ContactId) -> None:
        self._publish(ContactChanged(contact_id))
        if self._sender:
            self._sender.wake()

    async def _contacts_changed(self) -> None:
        self._publish(ContactsChanged())
        if self._poller:
            await self._poller.reload()


def _open_text(store: Store, outbox_id: OutboxId, also: SendState = SendState.FAILED) -> OutgoingText:
    text = store.outbox.get(outbox_id)
    if text is None or text.state not in {SendState.FAILED, SendState.UNCONFIRMED, also}:
        raise GynetixError("This text is under way or was sent by now.")
    return text
