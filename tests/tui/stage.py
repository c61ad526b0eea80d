"""The client on a stage: the real screens, engine, store and sandbox, with a clock and a zone that stand still."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from textual.pilot import Pilot

from gynetix_tui.demo import KNOWN_SECONDS, LOCAL_NUMBER
from gynetix_tui.engine.account import connect
from gynetix_tui.engine.engine import Engine
from gynetix_tui.gateway import Gateway as GatewayClient
from gynetix_tui.model import ContactId, ContactSummary, PhoneNumber
from gynetix_tui.sandbox import DEMO_PEOPLE, Person, Sandbox
from gynetix_tui.settings.schema import Gateway, Polling, Settings
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store
from gynetix_tui.tui.app import GynetixApp
from gynetix_tui.tui.commands import KeyMap
from gynetix_tui.tui.screens.main import MainScreen
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.timestamps import Calendar

START = 1_792_870_200.0
"""Saturday 24 October 2026, 13:30 in Denver."""
ZONE = ZoneInfo("America/Denver")
DEADLINE_SECONDS = 10.0
KEY = "CANARY/1 +ß"
"""That of canary.py, which the script that makes the README's pictures would not find."""


class Clock:
    """A clock that a test moves."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += seconds


class Keyring:
    """Stands for the system's keyring in tests of the screen; the real one has tests of its own."""

    def __init__(self, name: str = "", key: str = "") -> None:
        self.name = name
        self.key = key
        self.gate = asyncio.Event()
        """Clear for as long as it asks its user for the password."""
        self.gate.set()


class StageAccount:
    """An account at the stage's sandbox."""

    def __init__(self, sandbox: Sandbox, keyring: Keyring) -> None:
        self._sandbox = sandbox
        self._keyring = keyring

    async def key(self) -> ApiKey | None:
        return ApiKey(self._keyring.key) if self._keyring.key else None

    async def keyring(self) -> str:
        return self._keyring.name

    async def keep(self, key: ApiKey) -> None:
        await self._keyring.gate.wait()
        self._keyring.key = key.reveal()

    async def connect(self, key: ApiKey) -> GatewayClient:
        return await asyncio.to_thread(connect, self._sandbox.base_url, key)


@dataclass
class Stage:
    """What a test has in hand."""

    app: GynetixApp
    pilot: Pilot[str]
    sandbox: Sandbox
    engine: Engine
    store: Store
    clock: Clock
    keyring: Keyring
    folder: Path
    running: asyncio.Task[None]

    @property
    def main(self) -> MainScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def text(self) -> str:
        """What stands on the screen, row by row."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def contact(self, name: str) -> ContactSummary:
        """The contact with a name."""
        return next(s for s in self.store.contacts.summaries(archived=True) if s.contact.name == name)

    def contact_id(self, name: str) -> ContactId:
        return self.contact(name).contact.id

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until a condition holds; fail with the screen after a deadline."""
        limit = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if self.running.done():
                self.running.result()  # the engine has ended: this raises what ended it
            if time.monotonic() > limit:
                raise AssertionError(f"not in time: {what or condition}\n{self.text}")
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def until_text(self, *parts: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(part in self.text for part in parts), repr(parts))

    async def rest(self) -> None:
        """Have what is written kept now, rather than in half a second, when the engine may have ended; let the screen settle."""
        await self.main.talk.keep_drafts()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys, and let the screen settle."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Type a text, key by key."""
        names = {" ": "space", "\n": "ctrl+j", "+": "plus"}
        await self.press(*(names.get(character, character) for character in text))

    async def open(self, name: str) -> None:
        """Open a conversation, as Enter in the list does."""
        self.main.open(self.contact_id(name))
        await self.pilot.pause()

    async def fetch(self) -> None:
        """Have the gateway asked about everything."""
        self.engine.refresh()
        await self.pilot.pause()


@dataclass
class Setting:
    """Everything but the running app."""

    app: GynetixApp
    sandbox: Sandbox
    engine: Engine
    store: Store
    clock: Clock
    keyring: Keyring
    folder: Path

    @asynccontextmanager
    async def play(self, pilot: Pilot[str], *, settled: bool = True) -> AsyncIterator[Stage]:
        """Run the engine beside the app; wait first, if so wished, until every conversation has been fetched."""
        running = asyncio.create_task(self.engine.run())
        acting = Stage(
            self.app,
            pilot,
            self.sandbox,
            self.engine,
            self.store,
            self.clock,
            self.keyring,
            self.folder,
            running,
        )
        try:
            if settled and self.keyring.key:
                await acting.until(
                    lambda: all(contact.fetched_at is not None for contact in self.store.contacts.all()),
                    "every conversation fetched",
                )
            yield acting
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@contextmanager
def setting(
    folder: Path,
    *,
    people: Sequence[Person] = DEMO_PEOPLE,
    key: str = KEY,
    keyring: str = "",
    local_number: PhoneNumber | None = LOCAL_NUMBER,
    polling: Polling | None = None,
    keys: dict[str, str] | None = None,
    prepare: Callable[[Store], None] = lambda _: None,
    demo: bool = False,
) -> Iterator[Setting]:
    """Put the parts of the client together.

    Args:
        folder: For the store and config.toml.
        people: Who is at the gateway, and in the contacts.
        key: The key in the keyring; empty for none.
        keyring: The keyring's name; empty for none.
        local_number: The local number in the settings.
        polling: How often the gateway is asked, by the clock of the stage: only when a test moves it.
        keys: The [keys] of config.toml.
        prepare: Changes the store before anything starts.
        demo: Say that this is the demonstration.
    """
    clock = Clock()
    held = Keyring(keyring, key)
    often = polling or Polling(requests_per_minute=6000)
    with Sandbox(key=KEY, now=clock, people=people, reply_delay=2.0) as sandbox:
        store_file = folder / "store.db"
        with Store.open(store_file) as writable, writable.transaction():
            for person in people:
                writable.contacts.add(
                    PhoneNumber(f"+{person.number}"), person.name, now=START - KNOWN_SECONDS
                )
            prepare(writable)
        account = StageAccount(sandbox, held)
        engine = Engine(
            store_file, account, polling=often, now=clock, jitter=random.Random(1), monotonic=clock
        )
        settings = Settings(gateway=Gateway(from_number=local_number), polling=often, keys=keys or {})
        with Store.open(store_file, read_only=True) as store:
            session = Session(
                store, engine, settings, KeyMap(keys), Calendar(ZONE), clock, folder / "config.toml", demo
            )
            app = GynetixApp(session, environ={"COLORTERM": "truecolor"})
            yield Setting(app, sandbox, engine, store, clock, held, folder)


@asynccontextmanager
async def stage(
    folder: Path, *, size: tuple[int, int] = (120, 40), settled: bool = True, **options: Any
) -> AsyncIterator[Stage]:
    """Open the client in the size given; the other options are those of `setting`."""
    with setting(folder, **options) as made:
        async with (
            made.app.run_test(size=size, notifications=True) as pilot,
            made.play(pilot, settled=settled) as play,
        ):
            yield play


Scene = Callable[[Stage], Awaitable[None]]
