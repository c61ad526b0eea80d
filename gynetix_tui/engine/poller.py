"""Asks the gateway what was said: the open conversation often, the others less, none too often."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from gynetix_tui.engine.events import ContactChanged, Event, Link, LinkChanged, LinkState, Notice
from gynetix_tui.engine.limiter import BackOff, RequestLimit
from gynetix_tui.engine.merge import Outcome, merge
from gynetix_tui.engine.writer import PASSING, Writer
from gynetix_tui.errors import GatewayError, NotSent, Refused
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.settings.schema import Polling
from gynetix_tui.store import Store

RECENT_SECONDS = 24 * 3600
"""A conversation with a text in this time is asked for at the middle interval."""
UNFOCUSED_FACTOR = 4
"""How much longer all intervals are while the terminal says that nobody looks at it."""
SOON_SECONDS = 1.5
"""How long after a send the gateway is first asked whether the text stands there."""

_log = logging.getLogger(__name__)


class Fetches(Protocol):
    """The part of the gateway that the poller needs."""

    async def get_conversation(
        self, *, phone: PhoneNumber, detailed: bool = False, known: bytes = b""
    ) -> FetchedConversation | None:
        """Fetch a conversation; see `gynetix_tui.gateway.Gateway.get_conversation`."""
        ...


@dataclass(slots=True)
class _Target:
    """One contact as the poller knows it. Times are monotonic seconds."""

    id: ContactId
    number: PhoneNumber
    last_at: float
    digest: bytes
    backoff: BackOff
    due_at: float = 0.0
    awaiting: bool = True
    trouble: str = ""
    unreachable: bool = False
    complaints: set[str] = field(default_factory=set)


class Poller:
    """Fetches conversations, one at a time, and merges what comes.

    Args:
        gateway: Whom to ask.
        writer: The store.
        settings: The intervals, and the limit on requests.
        now: The clock, epoch seconds.
        publish: Takes events.
        jitter: Spreads the requests of many clients.
        monotonic: A clock for waits that no one sets.
    """

    def __init__(
        self,
        gateway: Fetches,
        writer: Writer,
        settings: Polling,
        *,
        now: Callable[[], float],
        publish: Callable[[Event], None],
        jitter: random.Random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._writer = writer
        self._settings = settings
        self._now = now
        self._publish = publish
        self._jitter = jitter
        self._monotonic = monotonic
        self._targets: dict[ContactId, _Target] = {}
        self._open: ContactId | None = None
        self._focused = True
        self._urgent: set[ContactId] = set()
        self._backoff = BackOff(jitter)
        self._limit = RequestLimit(settings.requests_per_minute)
        self._wake = asyncio.Event()
        self._last_failed: ContactId | None = None
        self._link = Link(LinkState.STARTING, since=now(), every=settings.open_seconds)

    @property
    def link(self) -> Link:
        """What is known of the way to the gateway."""
        return self._link

    def open(self, contact_id: ContactId | None) -> None:
        """This conversation is the one on the screen; it is asked for at once."""
        self._open = contact_id
        if contact_id is not None:
            self._urgent.add(contact_id)
        self._show_interval()
        self._wake.set()

    def set_focused(self, focused: bool) -> None:
        """Nobody looks: ask less often. Somebody looks again: ask now, as `refresh` does.

        But for what the gateway asked for: who goes to and fro between windows does not mean to press it.
        """
        regained = focused and not self._focused
        self._focused = focused
        self._show_interval()
        if regained:
            self._hurry(insist=False)

    def refresh(self) -> None:
        """The user wants to know now: the open conversation at once, and then all others."""
        self._hurry(insist=True)

    def _hurry(self, *, insist: bool) -> None:
        self._backoff.hurry(insist=insist)
        for target in self._targets.values():
            target.backoff.hurry(insist=insist)
            target.due_at = min(target.due_at, self._monotonic())
        if self._open is not None:
            self._urgent.add(self._open)
        self._wake.set()

    def soon(self, contact_id: ContactId) -> None:
        """A text of ours went to this contact: look for it shortly."""
        if target := self._targets.get(contact_id):
            target.awaiting = True
            target.due_at = min(target.due_at, self._monotonic() + SOON_SECONDS)
        self._wake.set()

    async def reload(self) -> None:
        """Contacts were added or deleted."""
        rows = await self._writer.read(_targets)
        known = self._targets
        self._targets = {}
        for contact_id, number, last_at, digest, awaiting in rows:
            fresh = _Target(contact_id, number, last_at, digest, BackOff(self._jitter))
            target = self._targets[contact_id] = known.get(contact_id, fresh)
            # Another client's text may be looked for here too: that one may have gone.
            target.awaiting = target.awaiting or awaiting
        # What is told may have been about a contact that is gone, or not have counted one that is new.
        if self._link.state is LinkState.TROUBLE:
            self._show_link()
        elif self._link.state is LinkState.OFFLINE:
            self._show_offline(self._link.reason)
        self._show_interval()
        self._wake.set()

    async def run(self) -> None:
        """Ask until cancelled."""
        await self.reload()
        while True:
            self._wake.clear()
            target, seconds = self._next()
            if target is None:
                try:
                    async with asyncio.timeout(seconds):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            self._urgent.discard(target.id)
            self._limit.note(self._monotonic())
            await self._fetch(target)

    def _next(self) -> tuple[_Target | None, float | None]:
        """The conversation to ask for now; or None, and the seconds until there may be one."""
        now = self._monotonic()
        if self._backoff.until > now:
            return None, self._backoff.until - now
        if not self._targets:
            return None, None
        waits: list[float] = []
        ready: list[_Target] = []
        for target in self._targets.values():
            wait = self._wait(target, now)
            if wait <= 0:
                ready.append(target)
            waits.append(wait)
        return (min(ready, key=self._preference), 0.0) if ready else (None, min(waits))

    def _preference(self, target: _Target) -> tuple[bool, bool, bool, float, float]:
        """After a failure another conversation is tried first: then it shows whether all fail or only one."""
        failed_last = self._backoff.failing and target.id == self._last_failed
        return (
            failed_last,
            target.id not in self._urgent,
            target.id != self._open,
            target.due_at,
            -target.last_at,
        )

    def _wait(self, target: _Target, now: float) -> float:
        """Seconds until this conversation may be asked for, but for the wait that is of all."""
        at = 0.0 if target.id in self._urgent else target.due_at
        limit = self._limit.wait(now, background=target.id != self._open)
        return max(at - now, target.backoff.until - now, limit)

    def _interval(self, target: _Target) -> float:
        slower = 1 if self._focused else UNFOCUSED_FACTOR
        if target.id == self._open:
            return self._settings.open_seconds * slower
        if target.last_at > self._now() - RECENT_SECONDS:
            return self._settings.recent_seconds * slower
        return self._settings.dormant_seconds * slower

    def _shortest_interval(self) -> float:
        """Seconds between two looks at what is looked at most often: the open conversation, or else the liveliest.

        Many lively ones take longer than their interval to be asked for in turn, as the limit on requests has it.
        """
        if self._open is not None and (opened := self._targets.get(self._open)):
            return self._interval(opened)
        intervals = Counter(self._interval(target) for target in self._targets.values())
        if not intervals:
            return self._settings.open_seconds
        shortest = min(intervals)
        return max(shortest, math.ceil(self._limit.background_round(intervals[shortest])))

    async def _fetch(self, target: _Target) -> None:
        asked_at = self._now()
        # Who asks for it while this request is under way (`soon`, `refresh`) asks for a later answer.
        target.due_at = math.inf
        try:
            answer = await self._gateway.get_conversation(
                phone=target.number, known=b"" if target.awaiting else target.digest
            )
        except GatewayError as error:
            self._failed(target, error)
            return
        outcome = Outcome()
        if answer is not None:
            now = self._now()
            try:
                outcome = await self._writer.run(
                    lambda store: merge(store, target.id, answer, asked_at=asked_at, now=now)
                )
            except PASSING:
                # The gateway answered; that the store takes nothing is told by itself.
                self._still_due(target, "store")
                return
            target.awaiting = outcome.awaiting or target.due_at < math.inf
            # What is doubtful is looked at again each time, or a second empty answer would count as a good one.
            doubtful = answer.skipped or outcome.returned_nothing
            target.digest = b"" if doubtful else answer.digest
            target.last_at = max(target.last_at, outcome.newest)
        target.backoff.succeeded()
        due_at = self._monotonic() + self._interval(target) * self._jitter.uniform(0.95, 1.05)
        target.due_at = min(target.due_at, due_at)
        self._succeeded(target, answer, outcome)
        if outcome.changed:
            self._publish(ContactChanged(target.id))

    def _succeeded(self, target: _Target, answer: FetchedConversation | None, outcome: Outcome) -> None:
        self._backoff.succeeded()
        target.trouble = ""
        if outcome.returned_nothing:
            target.trouble = "the gateway returns nothing for it, though it has texts; is the key right?"
        for other in self._targets.values():
            if other.unreachable:  # so was the gateway, and it is not any more
                other.unreachable, other.trouble = False, ""
                other.backoff.succeeded()
        self._show_link()
        if answer and answer.skipped:
            texts = "a text" if answer.skipped == 1 else f"{answer.skipped} texts"
            self._complain(
                target, f"The gateway's answer held {texts} that could not be read; the rest is shown."
            )
        elif answer:
            target.complaints.clear()

    def _failed(self, target: _Target, error: GatewayError) -> None:
        _log.warning("contact %d: %s", target.id, type(error).__name__)  # its words may quote texts
        kind = _kind(error)
        self._still_due(target, kind, at_least=error.retry_after)
        self._backoff.failed(self._monotonic(), kind, at_least=error.retry_after)
        self._last_failed = target.id
        target.trouble, target.unreachable = str(error), isinstance(error, NotSent)
        if target.unreachable:
            self._show_offline(target.trouble)
        else:
            self._show_link()

    def _still_due(self, target: _Target, kind: str, *, at_least: float | None = None) -> None:
        """It was asked for in vain: it stays due, also where it was asked for before its time, and only backs off."""
        now = self._monotonic()
        target.due_at = min(target.due_at, now)
        target.backoff.failed(now, kind, at_least=at_least)

    def _show_offline(self, reason: str) -> None:
        now = self._monotonic()
        waits = [self._wait(target, now) for target in self._targets.values()]
        if not waits:
            self._set_link(Link(LinkState.OFFLINE, reason))
            return
        wait = max(0.0, self._backoff.until - now, min(waits))
        self._set_link(Link(LinkState.OFFLINE, reason, next_try_at=self._now() + wait, next_try_in=wait))

    def _show_link(self) -> None:
        """Live, unless a conversation is in trouble; the open one first."""
        troubled = [target for target in self._targets.values() if target.trouble and not target.unreachable]
        if not troubled:
            self._set_link(Link(LinkState.LIVE))
            return
        target = next((each for each in troubled if each.id == self._open), troubled[0])
        self._set_link(Link(LinkState.TROUBLE, target.trouble, contact_id=target.id))

    def _show_interval(self) -> None:
        """Only "live" tells it."""
        if self._link.state is LinkState.LIVE:
            self._set_link(self._link)

    def _complain(self, target: _Target, text: str) -> None:
        """Say it once for each conversation, not at each fetch."""
        if text not in target.complaints:
            target.complaints.add(text)
            self._publish(Notice(text, warning=True))

    def _set_link(self, link: Link) -> None:
        since = self._link.since if link.state is self._link.state else self._now()
        link = replace(link, since=since, every=self._shortest_interval())
        if link != self._link:
            self._link = link
            self._publish(LinkChanged(link))


def _kind(error: GatewayError) -> str:
    """What went wrong, as far as waits go.

    Neither all that a machine without a network meets is told apart, nor what the gateway gives for reasons, which
    may be other words each time. The words of the rest are this program's own: what status, or what was
    unreadable.
    """
    if isinstance(error, NotSent):
        return "offline"
    return "refused" if isinstance(error, Refused) else str(error)


def _targets(store: Store) -> Iterable[tuple[ContactId, PhoneNumber, float, bytes, bool]]:
    awaited = store.outbox.awaited()
    return [
        (
            summary.contact.id,
            summary.contact.number,
            summary.last_at,
            store.contacts.digest(summary.contact.id),
            summary.contact.id in awaited,
        )
        for summary in store.contacts.summaries(archived=True)
    ]
