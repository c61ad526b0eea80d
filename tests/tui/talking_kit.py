"""What the tests of talking share: what went over the wire, a store that is slow, and what stands where."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stage import DEADLINE_SECONDS, Stage

from gynetix_tui.errors import StoreBusy
from gynetix_tui.sandbox import Call
from gynetix_tui.store import Store


def sends(play: Stage) -> list[dict[str, list[str]]]:
    """The texts that the gateway was asked to send, each as its form."""
    return [request.form for request in play.sandbox.requests if request.call == Call.SEND]


def messages(play: Stage) -> list[str]:
    """What those texts say."""
    return [form["message"][0] for form in sends(play)]


def line_of(play: Stage, widget: str) -> str:
    """What stands on the screen where a widget of one row is."""
    region = play.app.screen_stack[0].query_one(widget).region
    return (
        play.app.screen_stack[0]._compositor.render_strips()[region.y].text[region.x : region.right].strip()
    )


def meter(play: Stage) -> str:
    """The line under the composer."""
    return line_of(play, "#meter")


def rule(play: Stage) -> str:
    """The line above the composer."""
    return line_of(play, "#rule")


@contextmanager
def slow_store(play: Stage, *, fails: bool = False) -> Iterator[Callable[[], None]]:
    """Hold every write back until let go of, as a second client or a slow disk does; then let it fail, if so wished."""
    gate = threading.Event()
    writer = play.engine._writer
    transaction = writer._transaction

    def slow(work: Callable[[Store], object]) -> object:
        gate.wait(DEADLINE_SECONDS)
        if fails:
            raise StoreBusy("The store is busy.")
        return transaction(work)

    writer._transaction = slow  # type: ignore[method-assign, assignment]
    try:
        yield gate.set
    finally:
        gate.set()
        writer._transaction = transaction  # type: ignore[method-assign]
