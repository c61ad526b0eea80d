"""The demonstration: the whole client against the embedded sandbox, with a store that is thrown away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gynetix_tui.engine.account import connect
from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import DEFAULT_KEY, DEFAULT_LOCAL_NUMBER, DEMO_PEOPLE, Sandbox
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

if TYPE_CHECKING:
    from gynetix_tui.gateway import Gateway

LOCAL_NUMBER = PhoneNumber(f"+{DEFAULT_LOCAL_NUMBER}")
KNOWN_SECONDS = 3600.0
"""How long before the start the contacts were added, so to say: what came since is unread."""


class DemoAccount:
    """An account at a gateway in this very process; it has a key, and no keyring is touched.

    Args:
        now: The sandbox's clock.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._sandbox = Sandbox(now=now)

    async def key(self) -> ApiKey:
        """The sandbox's key."""
        return ApiKey(DEFAULT_KEY)

    async def keyring(self) -> str:
        """None."""
        return ""

    async def keep(self, key: ApiKey) -> None:
        """Nothing is kept."""

    async def connect(self, key: ApiKey) -> Gateway:
        """Start the sandbox, and connect to it."""

        def begin() -> Gateway:
            self._sandbox.start()
            return connect(self._sandbox.base_url, key)

        return await asyncio.to_thread(begin)

    def close(self) -> None:
        """Stop the sandbox."""
        self._sandbox.stop()


def fill(store_file: Path, *, now: float) -> None:
    """Make a store that holds the demonstration's contacts."""
    with Store.open(store_file) as store, store.transaction():
        for person in DEMO_PEOPLE:
            store.contacts.add(PhoneNumber(f"+{person.number}"), person.name, now=now - KNOWN_SECONDS)
