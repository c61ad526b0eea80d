"""Calls that may never return, with a limit on how long anyone waits for them.

The system's keyring may wait for a password prompt that nobody sees. An executor's thread would be joined
when the program ends, and the program with it would wait; a daemon thread is left behind.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def call_with_deadline(call: Callable[[], T], seconds: float) -> T:
    """Run a blocking call in a daemon thread and wait for its result.

    Raises:
        TimeoutError: It has not returned after `seconds`; its thread goes on unheard.
        BaseException: Whatever the call raised.
    """
    answers: queue.SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=run, daemon=True, name="with-deadline").start()
    try:
        result, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # a pair without an error holds a T


async def in_daemon_thread(call: Callable[[], T], deadline: float) -> T:
    """`call_with_deadline` for the event loop, which goes on meanwhile.

    Args:
        call: The blocking call.
        deadline: Seconds to wait at most.

    Raises:
        TimeoutError: It has not returned in time; its thread goes on unheard.
        BaseException: Whatever the call raised.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(deliver: Callable[[], None]) -> None:
        if not answer.done():  # cancelled, or the deadline has passed
            deliver()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            # A future takes no StopIteration, and an odd one must not pass for the end of an iterator.
            failure = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
            deliver: Callable[[], None] = lambda: answer.set_exception(failure)  # noqa: E731
        else:
            deliver = lambda: answer.set_result(result)  # noqa: E731
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody is left to tell
            loop.call_soon_threadsafe(settle, deliver)

    threading.Thread(target=run, daemon=True, name="with-deadline").start()
    async with asyncio.timeout(deadline):
        return await answer
