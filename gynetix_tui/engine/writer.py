"""The one thread that writes to the store, so that no write ever holds up the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from gynetix_tui.store import Store

T = TypeVar("T")


class Writer:
    """Runs functions over the store, each in one transaction, one after the other, in a thread of its own."""

    def __init__(self, store_file: Path) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._file = store_file
        self._store: Store | None = None

    async def run(self, work: Callable[[Store], T]) -> T:
        """Run `work` in a transaction and return what it returns.

        A caller that is cancelled leaves the work running: a transaction ends as it would have.

        Raises:
            StoreError: Nothing of it was kept.
        """
        future = asyncio.get_running_loop().run_in_executor(self._thread, partial(self._transaction, work))
        return await asyncio.shield(future)

    async def read(self, look: Callable[[Store], T]) -> T:
        """Run `look`, which writes nothing, over the writer's own connection, outside of any transaction.

        Raises:
            StoreError: It could not be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: look(self._opened()))

    async def close(self) -> None:
        """Wait for what is under way, and close the store."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store.open(self._file)
        return self._store

    def _transaction(self, work: Callable[[Store], T]) -> T:
        store = self._opened()
        with store.transaction():
            return work(store)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
