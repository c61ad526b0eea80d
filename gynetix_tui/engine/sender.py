"""Takes texts out of the outbox and sends them: each at most once, unless it certainly never left."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from gynetix_tui.engine.consent import fail_what_waits
from gynetix_tui.engine.events import ContactChanged, Event
from gynetix_tui.engine.owner import is_alive, this_process
from gynetix_tui.engine.writer import AGAIN_SECONDS, PASSING, Writer
from gynetix_tui.errors import NotSent, Refused, Uncertain
from gynetix_tui.model import ContactId, OutboxId, OutgoingText, PhoneNumber, SendState
from gynetix_tui.store import Store

RETRY_SECONDS = (2.0, 5.0, 15.0, 60.0)
"""Waits after each attempt that never left; the last one repeats."""
GIVE_UP_SECONDS = 10 * 60
"""A text never leaves, unasked, later than this after it was written."""
CONVERSATIONS_AT_ONCE = 4
BLOCKED_SECONDS = 5.0
"""How often to look again at a text that another process is sending, or that another waits behind."""
QUIT_SECONDS = 5.0
"""How long quitting waits for requests under way."""
SETTLE_SECONDS = 1.0
"""How long it then waits for what is known of them to be written."""

_log = logging.getLogger(__name__)


class Sends(Protocol):
    """The part of the gateway that the sender needs."""

    async def send_message(self, *, to: PhoneNumber, sender: PhoneNumber, text: str) -> str:
        """Send a text; see `gynetix_tui.gateway.Gateway.send_message`."""
        ...


class Sender:
    """Drains the outbox: in order within a conversation, several conversations at a time.

    Args:
        gateway: Where texts go.
        writer: The store.
        now: The clock, epoch seconds.
        publish: Takes events.
        accepted: Called for a contact whose text the gateway may have taken, so that it is soon looked for.
    """

    def __init__(
        self,
        gateway: Sends,
        writer: Writer,
        *,
        now: Callable[[], float],
        publish: Callable[[Event], None],
        accepted: Callable[[ContactId], None],
    ) -> None:
        self._gateway = gateway
        self._writer = writer
        self._now = now
        self._publish = publish
        self._accepted = accepted
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._owner = this_process()

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    @property
    def is_sending(self) -> bool:
        """Whether a request is under way."""
        return bool(self._under_way)

    async def run(self) -> None:
        """Send until cancelled; then wait a while for what is under way, and leave the rest as it is."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self._begin_sending()
                    await self._rest()
                except PASSING:
                    # What cannot be claimed in the store is not sent.
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=QUIT_SECONDS)

    async def settle(self) -> None:
        """Let what was still under way be written down as uncertain; to be called once the gateway is closed."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=SETTLE_SECONDS)

    async def _begin_sending(self) -> None:
        await self._expire()
        while len(self._under_way) < CONVERSATIONS_AT_ONCE and (text := await self._claim()):
            self._publish(ContactChanged(text.contact_id))
            task = asyncio.create_task(self._send(text), name=f"send-{text.id}")
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    async def _claim(self) -> OutgoingText | None:
        now = self._now()

        def work(store: Store) -> OutgoingText | None:
            text = store.outbox.claim(owner=self._owner, now=now)
            if text:
                store.contacts.refresh_summary(text.contact_id)
            return text

        claim = asyncio.ensure_future(self._writer.run(work))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            # The claim is written all the same; its text certainly did not leave.
            if text := await claim:
                with suppress(
                    *PASSING
                ):  # no insisting at the end: left `sending`, the next start tells of it
                    await self._writer.run(lambda store: _put_back(store, text, now))
            raise

    async def _rest(self) -> None:
        """Until something is queued, something under way ends, or a retry is due."""
        now = self._now()
        due, others, orphans = await self._writer.read(
            lambda store: (
                store.outbox.next_try_at(),
                {owner for _, _, owner in store.outbox.sending()} - {self._owner},
                _orphans(store, now),
            )
        )
        # At each pass, not only where a wait runs out: whoever wakes us often must not keep this from being seen.
        if orphans:
            for contact_id in await recover(self._writer, now=now):
                self._publish(ContactChanged(contact_id))
                self._accepted(contact_id)
            return
        seconds = math.inf if due is None else due - self._now()
        if seconds <= 0:
            seconds = BLOCKED_SECONDS  # it waits for another under way, whose end wakes us where it is ours
        if others:
            seconds = min(
                seconds, BLOCKED_SECONDS
            )  # their process may die, or its time be over: nobody tells
        with suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                await self._wake.wait()

    async def _expire(self) -> None:
        now = self._now()
        expired = await self._writer.run(
            lambda store: _and_refresh(
                store,
                store.outbox.expire(
                    written_before=now - GIVE_UP_SECONDS, reason="no connection in 10 minutes", now=now
                ),
            )
        )
        for contact_id in set(expired):
            self._publish(ContactChanged(contact_id))

    async def _send(self, text: OutgoingText) -> None:
        try:
            await self._gateway.send_message(to=text.to, sender=text.sender, text=text.text)
        except NotSent as error:
            await self._try_again_later(text, str(error))
        except Refused as error:
            await self._finish(text, SendState.FAILED, str(error))
        except Uncertain as error:
            await self._finish(text, SendState.UNCONFIRMED, str(error))
        else:
            await self._finish(text, SendState.ACCEPTED, "")
        self._accepted(text.contact_id)

    async def _try_again_later(self, text: OutgoingText, reason: str) -> None:
        now = self._now()
        at = now + RETRY_SECONDS[min(text.attempts, len(RETRY_SECONDS)) - 1]
        if at > text.created_at + GIVE_UP_SECONDS:
            await self._finish(text, SendState.FAILED, reason)
            return
        await self._change(text, lambda store: _back(store, text, reason=reason, at=at, now=now))

    async def _finish(self, text: OutgoingText, state: SendState, reason: str) -> None:
        _log.info("text %d: %s", text.id, state)  # not the reason: the gateway may quote the text in it
        now = self._now()
        await self._change(text, lambda store: store.outbox.finish(text.id, state, reason=reason, now=now))

    async def _change(self, text: OutgoingText, change: Callable[[Store], None]) -> None:
        def work(store: Store) -> None:
            change(store)
            store.contacts.refresh_summary(text.contact_id)

        # How a request ended is known only here, so it is kept trying to be written; until then the row says
        # `sending`, which the next start would read as "may have been sent".
        await self._writer.insist(work)
        self._publish(ContactChanged(text.contact_id))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            # Its row stays `sending`, which is the truth: nothing more is known of it.
            _log.error("a send ended badly", exc_info=error)


async def recover(writer: Writer, *, now: float) -> list[ContactId]:
    """Texts that a process was sending when it died may have been sent: say so, and return their contacts."""

    def work(store: Store) -> list[ContactId]:
        orphans = _orphans(store, now)
        for outbox_id, _ in orphans:
            store.outbox.finish(
                outbox_id,
                SendState.UNCONFIRMED,
                reason="the program ended before the gateway answered",
                now=now,
            )
        return _and_refresh(store, [contact for _, contact in orphans])

    return await writer.run(work)


def _orphans(store: Store, now: float) -> list[tuple[OutboxId, ContactId]]:
    """Texts under way, and their contacts, whose process is not there any more."""
    orphans: list[tuple[OutboxId, ContactId]] = []
    for outbox_id, contact_id, owner in store.outbox.sending():
        text = store.outbox.get(outbox_id)
        # A row of another's hand may lack the time; nobody waits for that one.
        claimed_ago = now - text.left_at if text and text.left_at is not None else math.inf
        if text and not is_alive(owner, claimed_ago=claimed_ago):
            orphans.append((outbox_id, contact_id))
    return orphans


def _back(store: Store, text: OutgoingText, *, reason: str, at: float, now: float) -> None:
    """Let it wait for another attempt; but not where its contact was locked while it was under way."""
    store.outbox.requeue(text.id, reason=reason, next_try_at=at)
    fail_what_waits(store, text.contact_id, now=now)


def _put_back(store: Store, text: OutgoingText, now: float) -> None:
    _back(store, text, reason="", at=now, now=now)
    store.contacts.refresh_summary(text.contact_id)


def _and_refresh(store: Store, contacts: list[ContactId]) -> list[ContactId]:
    for contact_id in set(contacts):
        store.contacts.refresh_summary(contact_id)
    return contacts
