"""A poller over a real gateway and a sandbox, who was asked for when, and waits that are virtual."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from canary import KEY
from engine_kit import DEADLINE, START, Clock, Ears, VirtualTime

from gynetix_tui.engine import poller as poller_module
from gynetix_tui.engine.account import connect
from gynetix_tui.engine.events import LinkState
from gynetix_tui.engine.poller import Poller
from gynetix_tui.engine.writer import Writer
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

POLLING = Polling(open_seconds=5, recent_seconds=30, dormant_seconds=600, requests_per_minute=60)


class Watched:
    """The real gateway, and when it was asked for what."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self.gateway = gateway
        self.clock = clock
        self.asked: list[tuple[float, PhoneNumber]] = []
        self.known: list[bytes] = []

    async def get_conversation(
        self, *, phone: PhoneNumber, detailed: bool = False, known: bytes = b""
    ) -> FetchedConversation | None:
        assert not detailed
        self.asked.append((self.clock.at - START, phone))
        self.known.append(known)
        return await self.gateway.get_conversation(phone=phone, known=known)

    def count(self) -> Counter[PhoneNumber]:
        return Counter(phone for _, phone in self.asked)

    def times(self, phone: PhoneNumber) -> list[float]:
        return [at for at, each in self.asked if each == phone]


class Unmoved(random.Random):
    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


class LongerForEach(random.Random):
    """A conversation that failed waits longer than all together do."""

    _longer = False

    def uniform(self, a: float, b: float) -> float:
        self._longer = not self._longer
        return b if self._longer else a


class Post:
    """A poller with all that it needs."""

    def __init__(self, file: Path, sandbox: Sandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.time = VirtualTime(clock)
        monkeypatch.setattr(poller_module, "asyncio", self.time)
        self.gateway = connect(sandbox.base_url, ApiKey(sandbox.key))
        self.watched = Watched(self.gateway, clock)
        self.writer = Writer(file)
        self.store = Store.open(file)
        self.ears = Ears()
        self.use(POLLING)
        self.task: asyncio.Task[None] | None = None

    def use(self, polling: Polling, jitter: random.Random | None = None) -> None:
        self.poller = Poller(
            self.watched,
            self.writer,
            polling,
            now=self.clock,
            publish=self.ears,
            jitter=jitter or random.Random(1),
            monotonic=self.clock,
        )

    def contact(self, number: PhoneNumber, *, at: float = START - 3600) -> ContactId:
        return self.store.contacts.add(number, "", now=at)

    async def go(self, seconds: float = 0) -> None:
        if self.task is None:
            self.task = asyncio.create_task(self.poller.run())
        running = asyncio.create_task(self.time.go(seconds, self.poller._wake.set))
        await asyncio.wait({running, self.task}, return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE)
        if self.task.done():
            running.cancel()
            self.task.result()
        await running

    def texts(self, contact_id: ContactId) -> list[str]:
        return [item.text for item in self.store.conversations.newest(contact_id, 100)]

    def forget(self) -> None:
        self.watched.asked.clear()
        self.watched.known.clear()
        self.ears.events.clear()

    def link(self) -> LinkState:
        return self.poller.link.state

    async def close(self) -> None:
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.gateway.close()
        await self.writer.close()
        self.store.close()


@asynccontextmanager
async def post_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    """A poller that is not running yet, of a store without contacts."""
    clock = Clock()
    Store.open(folder / "store.db").close()
    with Sandbox(key=KEY, people=(), now=clock) as sandbox:
        post = Post(folder / "store.db", sandbox, clock, monkeypatch)
        try:
            yield post
        finally:
            await post.close()
