"""Calls that may never return, with a limit on how long anyone waits for them.

The system's keyring may wait for a password prompt that nobody sees. An executor's thread would be joined
when the program ends, and the program with it would wait; a daemon thread is left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def call_with_deadline(call: Callable[[], T], seconds: float) -> T:
    """Run a blocking call in a daemon thread and wait for its result.

    Raises:
        TimeoutError: It has not returned after `seconds`; its thread goes on unheard.
        BaseException: Whatever the call raised.
    """
    return _begun(call).result(seconds)


async def in_daemon_thread(call: Callable[[], T], deadline: float) -> T:
    """`call_with_deadline` for the event loop, which goes on meanwhile.

    Args:
        call: The blocking call.
        deadline: Seconds to wait at most.

    Raises:
        TimeoutError: It has not returned in time; its thread goes on unheard.
        BaseException: Whatever the call raised.
    """
    async with asyncio.timeout(deadline):
        return await asyncio.wrap_future(_begun(call))


def _begun(call: Callable[[], T]) -> Future[T]:
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()  # who waits no longer cannot take the answer's place away

    def run() -> None:
        try:
            answer.set_result(call())
        except StopIteration as error:  # it must not pass for the end of an iterator
            answer.set_exception(RuntimeError(repr(error)))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True, name="with-deadline").start()
    return answer
