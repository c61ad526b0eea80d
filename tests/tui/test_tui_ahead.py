"""Keys in their order while the store takes its time: what is written is seen at once, and there is a way out.

The thread that writes is really busy here. The keys are not pressed by Textual's pilot, which waits until every part
rests: one that waits for the store does not.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from stage import DEADLINE_SECONDS, Stage, stage
from textual import events

from gynetix_tui.sandbox import Call
from gynetix_tui.tui.screens.dialog import Question

ECHO_SECONDS = 1.0
"""Far less than a store that hangs would take, and enough for a loaded machine."""


@asynccontextmanager
async def hanging_store(play: Stage) -> AsyncIterator[Callable[[], None]]:
    """Whatever is to be written waits until it is let go of, or the block ends."""
    gate, taken = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        taken.set()
        gate.wait(3 * DEADLINE_SECONDS)

    hanging = asyncio.create_task(play.engine._writer.run(hang))
    await until(taken.is_set)
    try:
        yield gate.set
    finally:
        gate.set()
        await asyncio.gather(hanging, return_exceptions=True)


async def until(condition: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "not in time"
        await asyncio.sleep(0.01)


def type_ahead(play: Stage, *keys: str) -> None:
    """All at once, as after a stall."""
    for key in keys:
        play.app.post_message(events.Key(key, key if len(key) == 1 else None))


def texts(play: Stage) -> list[tuple[str, str]]:
    sends = [request for request in play.sandbox.requests if request.call == Call.SEND]
    return [(request.field("to"), request.field("message")) for request in sends]


async def test_what_is_written_is_seen_at_once_while_a_text_waits_for_the_store(tmp_path: Path) -> None:
    async with stage(tmp_path, keys={"send": "ctrl+s"}) as play:
        await play.open("Ana Torres")
        ana = play.contact_id("Ana Torres")
        async with hanging_store(play) as let_go:
            type_ahead(play, *"sent", "ctrl+s", *"next", "backspace", "left", "s")
            composer = play.main.talk.composer
            await until(lambda: composer.text == "nesx", ECHO_SECONDS)
            type_ahead(play, "alt+down", *"other", "backspace")
            await until(lambda: composer.text == "othe", ECHO_SECONDS)
            assert play.main.talk.contact_id != ana
            let_go()
        await play.until(lambda: texts(play) == [("+15557778888", "sent")])
        await play.until(lambda: play.store.drafts.get(ana) == "nesx")


async def test_a_key_that_waits_for_the_store_holds_up_those_behind_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        first, second = [summary.contact for summary in play.store.contacts.summaries()][:2]
        async with hanging_store(play) as let_go:
            # Archived, the first is no longer in the list: what the second key does depends on that.
            type_ahead(play, "a", "home", "enter", *"hi")
            await asyncio.sleep(ECHO_SECONDS / 4)  # in which nothing of it may happen
            assert play.main.talk.contact_id is None
            let_go()
        await until(lambda: play.main.talk.composer.text == "hi")
        assert play.store.contacts.get(first.id) is not None
        assert play.main.talk.contact_id in {first.id, second.id}


async def test_quitting_gives_up_a_key_that_waits_for_a_store_that_hangs(tmp_path: Path) -> None:
    async with stage(tmp_path) as play, hanging_store(play):
        type_ahead(play, "p", "down", "ctrl+q")
        await until(lambda: play.app.return_code == 0)
        await asyncio.wait_for(
            play.app._shutdown(), ECHO_SECONDS
        )  # which Textual's test would leave to the end


async def test_quitting_asks_and_ends_while_the_store_hangs_with_a_text(tmp_path: Path) -> None:
    async with stage(tmp_path, keys={"send": "ctrl+s"}) as play:
        await play.open("Ana Torres")
        async with hanging_store(play):
            type_ahead(play, *"sent", "ctrl+s", "ctrl+q", "left", "enter")
            await until(lambda: isinstance(play.app.screen, Question) or play.app.return_code is not None)
            await until(lambda: play.app.return_code == 0)
            await asyncio.wait_for(
                play.app._shutdown(), ECHO_SECONDS
            )  # which Textual's test would leave to the end
