"""Rows: what the real engine uses for an answer of the gateway, in this process, beyond the bare request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
from gateway_process import Remote
from homes import Home
from lab import Lab, median
from table import Figure, Target, row

from gynetix_tui.engine.engine import Engine
from gynetix_tui.engine.events import ContactChanged, Event
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.gateway import Gateway
from gynetix_tui.gateway.body import ACCEPTED_ENCODING
from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.phone import wire_phone
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey

_NEVER = Polling(open_seconds=3600, recent_seconds=3600, dormant_seconds=3600, requests_per_minute=6000)
"""Only what `Engine.refresh` asks for is fetched."""
_DEADLINE = 30.0
_WARM = 2
_BEAT = 0.001


class Watched(Gateway):
    """The gateway; tells when an answer was handed to the engine."""

    answered: asyncio.Event

    async def get_conversation(
        self, *, phone: PhoneNumber, detailed: bool = False, known: bytes = b""
    ) -> FetchedConversation | None:
        try:
            return await super().get_conversation(phone=phone, detailed=detailed, known=known)
        finally:
            self.answered.set()


class Account:
    """An account at the gateway's process."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._key = key
        self.answered = asyncio.Event()

    async def key(self) -> ApiKey:
        return ApiKey(self._key)

    async def keyring(self) -> str:
        return ""

    async def keep(self, key: ApiKey) -> None:
        del key

    async def connect(self, key: ApiKey) -> Gateway:
        gateway = Watched(base_url=self._base_url, key=key)
        gateway.answered = self.answered
        return gateway


@dataclass(frozen=True, slots=True)
class Polls:
    """Seconds of CPU of this process for each poll of a kind, and the longest that each of some held the event loop."""

    bare: list[float]
    unchanged: list[float]
    changed: list[float]
    holds: list[float]


def polls(lab: Lab) -> Polls:
    """The same conversation of 10,000 texts, in turns by httpx alone and by the engine."""
    return lab.once("polls", lambda: asyncio.run(_polls(lab.polled_home, lab.gateway, lab.times(8, 30))))


async def _polls(home: Home, gateway: Remote, times: int) -> Polls:
    number, found = home.numbers[0], Polls([], [], [], [])
    account = Account(gateway.base_url, gateway.key)
    changed = asyncio.Event()

    def listen(event: Event) -> None:
        if isinstance(event, ContactChanged):
            changed.set()

    engine = Engine(home.store_file, account, polling=_NEVER)
    engine.subscribe(listen)
    engine.open(ContactId(1))
    running = asyncio.create_task(engine.run())
    address = f"{gateway.base_url}/messenger/getConversation/key/{gateway.key}/response/json"
    try:
        await _once(account.answered)
        async with httpx.AsyncClient(headers={"Accept-Encoding": ACCEPTED_ENCODING}) as client:

            async def ask() -> None:
                (await client.post(address, data={"phone": wire_phone(number)})).raise_for_status()

            async def refresh() -> None:
                account.answered.clear()
                engine.refresh()
                await _once(account.answered)

            async def refresh_and_merge() -> None:
                changed.clear()
                engine.refresh()
                await _once(changed)

            for turn in range(_WARM + times):
                bare, unchanged = await _cpu(ask), await _cpu(refresh)
                gateway.receive(number, f"one more, number {turn}")
                differs = await _cpu(refresh_and_merge)
                await refresh()  # so that the next one is unchanged
                if turn >= _WARM:
                    found.bare.append(bare)
                    found.unchanged.append(unchanged)
                    found.changed.append(differs)
            # In turns of their own: a heart costs CPU.
            for turn in range(times):
                gateway.receive(number, f"and one more, number {turn}")
                found.holds.append(await _longest_hold(refresh_and_merge))
                await refresh()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return found


async def _cpu(work: Callable[[], Awaitable[None]]) -> float:
    before = time.process_time()
    await work()
    return time.process_time() - before


async def _longest_hold(work: Callable[[], Awaitable[None]]) -> float:
    """The most by which a sleep of a millisecond was late in the meantime, in seconds."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_BEAT)
            late.append(time.perf_counter() - before - _BEAT)

    heart = asyncio.create_task(beat())
    try:
        await asyncio.sleep(2 * _BEAT)  # it beats
        await work()
        await asyncio.sleep(2 * _BEAT)  # the last hold has been noticed, too
    finally:
        heart.cancel()
        with suppress(asyncio.CancelledError):
            await heart
    return max(late)


async def _once(event: asyncio.Event) -> None:
    async with asyncio.timeout(_DEADLINE):
        await event.wait()


@row("unchanged poll of 10,000, beyond httpx", "ms CPU", Target(2.5))
def unchanged_poll(lab: Lab) -> Figure:
    """CPU of the engine from `refresh` to the answer known as unchanged, less that of the same request by httpx alone."""
    found = polls(lab)
    return Figure(median([own - bare for own, bare in zip(found.unchanged, found.bare, strict=True)]) * 1e3)


@row("poll of 10,000 with one new text, beyond httpx", "ms CPU", Target(15))
def changed_poll(lab: Lab) -> Figure:
    """The same, to the event that tells of the merged text; all threads are counted."""
    found = polls(lab)
    return Figure(median([own - bare for own, bare in zip(found.changed, found.bare, strict=True)]) * 1e3)


@row("the same, longest hold of the event loop", "ms", Target(16))
def longest_hold(lab: Lab) -> Figure:
    """The longest time in which nothing else ran on the engine's loop during such a poll, the median of many polls.

    It is elapsed time: what holds Python's lock in another thread counts, and so does a busy machine.
    """
    return Figure(median(polls(lab).holds) * 1e3)


@row("the bare request of 10,000 by httpx", "ms CPU")
def bare_request(lab: Lab) -> Figure:
    """CPU of a post by an `httpx.AsyncClient` that is connected, with its body read; what the two above leave out."""
    return Figure(median(polls(lab).bare) * 1e3)
