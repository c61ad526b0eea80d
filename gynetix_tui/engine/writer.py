"""The one thread that writes to the store, so that no write ever holds up the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from gynetix_tui.errors import StoreBusy, StoreError, StoreUnwritable
from gynetix_tui.store import Store

T = TypeVar("T")

PASSING = (StoreUnwritable, StoreBusy)
"""Troubles of the store that may pass: what could not be written is tried again."""
AGAIN_SECONDS = 2.0


class Writer:
    """Runs functions over the store, each in one transaction, one after the other, in a thread of its own.

    Args:
        store_file: The store.
        trouble: Told the reason when the store takes nothing any more, and an empty text when it does again.
    """

    def __init__(self, store_file: Path, trouble: Callable[[str], None] = lambda _: None) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._file = store_file
        self._store: Store | None = None
        self._trouble = trouble
        self._reason = ""
        self._closed = False

    async def run(self, work: Callable[[Store], T]) -> T:
        """Run `work` in a transaction and return what it returns.

        A caller that is cancelled leaves the work running: a transaction ends as it would have.

        Raises:
            StoreError: Nothing of it was kept.
        """
        if self._closed:
            raise StoreError("The store is closed: the program is about to end.")
        future = asyncio.get_running_loop().run_in_executor(self._thread, partial(self._transaction, work))
        try:
            result = await asyncio.shield(future)
        except StoreUnwritable as error:
            self._tell(str(error))
            raise
        self._tell("")
        return result

    async def insist(self, work: Callable[[Store], T]) -> T:
        """Run `work` as `run` does, and try again for as long as the store takes nothing.

        Raises:
            StoreError: The store is broken or closed: it will not take it.
        """
        while True:
            try:
                return await self.run(work)
            except PASSING:
                await asyncio.sleep(AGAIN_SECONDS)

    def _tell(self, reason: str) -> None:
        if reason != self._reason:
            self._reason = reason
            self._trouble(reason)

    async def read(self, look: Callable[[Store], T]) -> T:
        """Run `look`, which writes nothing, over the writer's own connection, outside of any transaction.

        Raises:
            StoreError: It could not be read.
        """
        if self._closed:
            raise StoreError("The store is closed: the program is about to end.")
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: look(self._opened()))

    async def close(self) -> None:
        """Wait for what is under way, and close the store."""
        self._closed = True
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
