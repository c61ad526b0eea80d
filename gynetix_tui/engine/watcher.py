"""Notices what nobody tells: another client writing to the same store, and a machine that slept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from gynetix_tui.engine.writer import Writer
from gynetix_tui.store import Store

TICK_SECONDS = 1.0
"""Another client's changes are seen within two of these."""
SLEPT_SECONDS = 15.0
"""A clock on the wall that gained so much on the one that stands still in sleep: the machine slept."""


class Watcher:
    """Looks at the store's files and at the clocks, once a second; two calls of stat, as long as nothing happens.

    Args:
        store_file: The store.
        writer: Its writer; what this one wrote itself is no news.
        now: The clock on the wall, epoch seconds.
        monotonic: A clock that stands still while the machine sleeps.
        changed: Called when another process has written to the store.
        woke: Called when the machine slept.
    """

    def __init__(
        self,
        store_file: Path,
        writer: Writer,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        changed: Callable[[], Awaitable[None]],
        woke: Callable[[], None],
    ) -> None:
        self._files = (store_file, store_file.with_name(f"{store_file.name}-wal"))
        self._writer = writer
        self._now = now
        self._monotonic = monotonic
        self._changed = changed
        self._woke = woke

    async def run(self) -> None:
        """Watch until cancelled."""
        version = await self._writer.read(_version)
        traces = self._traces()
        ahead = self._now() - self._monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if (seen := self._traces()) != traces:
                traces = seen
                newer = await self._writer.read(_version)
                if newer != version:
                    version = newer
                    await self._changed()
            gained, ahead = self._now() - self._monotonic() - ahead, self._now() - self._monotonic()
            if gained > SLEPT_SECONDS:
                self._woke()

    def _traces(self) -> list[tuple[int, int] | None]:
        """What changes about the files when anybody writes: time and size."""
        traces: list[tuple[int, int] | None] = []
        for file in self._files:
            try:
                status = os.stat(file)
                traces.append((status.st_mtime_ns, status.st_size))
            except OSError:
                traces.append(None)
        return traces


def _version(store: Store) -> int:
    return store.data_version()
