"""What the engine's own tests share: a clock set by hand, a real gateway over a sandbox, and ears for events."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from canary import KEY

from gynetix_tui.engine.account import connect
from gynetix_tui.engine.engine import Engine
from gynetix_tui.engine.events import Event, LinkChanged, LinkState, Notice
from gynetix_tui.errors import KeyringError
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import ContactId, Direction, Item, OutboxId, PhoneNumber, SendState
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

START = 1_516_816_290.0
HOME = PhoneNumber("+15556667777")
ANA = PhoneNumber("+15557778888")
BEN = PhoneNumber("+15557779999")
CLEO = PhoneNumber("+15557770000")
DEADLINE = 10.0
"""Real seconds after which a test gives up on something that comes within a few hundredths of one."""
EAGER = Polling(open_seconds=0.02, recent_seconds=0.02, dormant_seconds=0.02, requests_per_minute=6000)
PATIENT = Polling(open_seconds=3600, recent_seconds=3600, dormant_seconds=3600, requests_per_minute=6000)


class Clock:
    """Stands where it is set, until it is let run."""

    def __init__(self, at: float = START) -> None:
        self.at = at
        self._running_since: float | None = None

    def run(self) -> None:
        self._running_since = time.monotonic()

    def __call__(self) -> float:
        return self.at if self._running_since is None else self.at + time.monotonic() - self._running_since


class VirtualTime:
    """Stands for `asyncio` in a module of the engine: its waits are over at once, and the clock moves by as much."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._end = clock.at
        self._idle = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        if seconds is None or self._clock.at + seconds > self._end:
            self._idle.set()
            return asyncio.timeout(None)
        self._clock.at += max(seconds, 0.001)
        return asyncio.timeout(0)

    async def go(self, seconds: float, wake: Callable[[], None]) -> None:
        """Let so much time pass for whoever waits."""
        self._end = self._clock.at + seconds
        self._idle.clear()
        wake()
        async with asyncio.timeout(DEADLINE):
            await self._idle.wait()
        self._clock.at = self._end


class Ears:
    """Hears every event, and lets a test wait for what an event brings about."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._heard = asyncio.Event()
        self.listeners: list[Callable[[Event], None]] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        for listener in self.listeners:
            listener(event)
        self._heard.set()

    @property
    def links(self) -> list[LinkState]:
        """The states of the link, without repetitions."""
        states = [event.link.state for event in self.events if isinstance(event, LinkChanged)]
        return [state for n, state in enumerate(states) if n == 0 or state is not states[n - 1]]

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it holds; it is looked at after each event, and now and then, as not all is told by events."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._heard.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await self._heard.wait()


class SandboxAccount:
    """An account at a sandbox.

    Attributes:
        given: The key that it has, or the error that its keyring gives instead.
        kept: What was put into the keyring; None makes the keyring refuse.
    """

    def __init__(self, sandbox: Sandbox, given: str | KeyringError | None = "") -> None:
        self.sandbox = sandbox
        self.given = sandbox.key if given == "" else given
        self.kept: list[str] | None = []
        self.gateways: list[Gateway] = []

    async def key(self) -> ApiKey | None:
        if isinstance(self.given, KeyringError):
            raise self.given
        return None if self.given is None else ApiKey(self.given)

    async def keyring(self) -> str:
        return "Test Keyring"

    async def keep(self, key: ApiKey) -> None:
        if self.kept is None:
            raise KeyringError("The keyring is locked.")
        self.kept.append(key.reveal())

    async def connect(self, key: ApiKey) -> Gateway:
        self.gateways.append(connect(self.sandbox.base_url, key))
        return self.gateways[-1]


class Rig:
    """An engine over a sandbox, with the screen's own view of the store."""

    def __init__(
        self,
        file: Path,
        sandbox: Sandbox,
        clock: Clock,
        polling: Polling,
        account: SandboxAccount,
        *,
        most_segments: int = 0,
    ) -> None:
        self.file = file
        self.sandbox = sandbox
        self.clock = clock
        self.account = account
        Store.open(file).close()
        self.store = Store.open(file, read_only=True)
        self.ears = Ears()
        self.engine = Engine(
            file, account, polling=polling, now=clock, jitter=random.Random(1), most_segments=most_segments
        )
        self.engine.subscribe(self.ears)
        self.history: dict[OutboxId, list[SendState]] = {}
        """The states that each text was seen in, in the moments of the events."""
        self.ears.listeners.append(self._note)
        self._task: asyncio.Task[None] | None = None

    def _note(self, event: Event) -> None:
        for item in range(1, 10):
            text = self.store.outbox.get(OutboxId(item))
            if text and self.history.setdefault(text.id, [])[-1:] != [text.state]:
                self.history[text.id].append(text.state)

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self.engine.run(), name="engine")
        return self._task

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            async with asyncio.timeout(DEADLINE):
                with suppress(asyncio.CancelledError):
                    await self._task
            self._task = None

    async def live(self) -> None:
        self.start()
        await self.ears.until(lambda: self.engine.link.state is LinkState.LIVE)

    def state(self, outbox_id: OutboxId) -> SendState:
        text = self.store.outbox.get(outbox_id)
        assert text is not None
        return text.state

    async def becomes(self, outbox_id: OutboxId, state: SendState) -> None:
        """Wait until it is in a state, and until this has been told."""
        await self.ears.until(
            lambda: self.state(outbox_id) is state and self.history.get(outbox_id, [])[-1:] == [state]
        )

    def items(self, contact_id: ContactId) -> list[Item]:
        return self.store.conversations.newest(contact_id, 1000)

    def texts(self, contact_id: ContactId) -> list[str]:
        return [item.text for item in self.items(contact_id)]

    def posts(self) -> list[str]:
        """The texts of every request to send, also of those that came to nothing."""
        return [request.field("message") for request in self.sandbox.requests if request.call == "manualTXT"]

    async def requests(self, count: int, call: str | None = None) -> None:
        await asyncio.to_thread(self.sandbox.wait_for_requests, count, call, DEADLINE)


@asynccontextmanager
async def rig_of(
    folder: Path,
    *,
    polling: Polling = PATIENT,
    contacts: Sequence[PhoneNumber] = (ANA,),
    given: str | KeyringError | None = "",
    most_segments: int = 0,
) -> AsyncIterator[Rig]:
    """A rig whose contacts have the ids 1, 2, …; the engine is not running yet."""
    clock = Clock()
    with Sandbox(key=KEY, people=(), now=clock) as sandbox:
        file = folder / "store.db"
        with Store.open(file) as store:
            for number in contacts:
                store.contacts.add(number, "", now=START - 3600)
        rig = Rig(file, sandbox, clock, polling, SandboxAccount(sandbox, given), most_segments=most_segments)
        try:
            yield rig
        finally:
            await rig.stop()
            rig.store.close()


def fetched(
    *messages: FetchedMessage,
    did: PhoneNumber | None = HOME,
    suppressed: bool | None = False,
    skipped: int = 0,
    digest: bytes = b"",
    served_at: float | None = None,
) -> FetchedConversation:
    return FetchedConversation(
        messages,
        suppressed=suppressed,
        local_number=did,
        skipped=skipped,
        digest=digest,
        served_at=served_at,
    )


def heard(text: str, ts: float | None = START, date: str = "") -> FetchedMessage:
    return FetchedMessage(Direction.IN, None if ts is None else int(ts), date, text)


def said(text: str, ts: float | None = START, date: str = "") -> FetchedMessage:
    return FetchedMessage(Direction.OUT, None if ts is None else int(ts), date, text)
