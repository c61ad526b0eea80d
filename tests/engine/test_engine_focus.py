"""What changes when the terminal tells that nobody looks, and that somebody does again; and what "live" promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, CLEO, START, rig_of
from poller_kit import Post, post_in

from gynetix_tui.engine.events import LinkChanged, LinkState
from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.sandbox import Fault, FaultKind
from gynetix_tui.settings.schema import Polling

DAYS_AGO = START - 5 * 86400


@pytest.fixture
async def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    async with post_in(tmp_path, monkeypatch) as made:
        yield made


def gaps(post: Post, number: PhoneNumber) -> list[float]:
    return [after - before for before, after in pairwise(post.watched.times(number))]


def told(post: Post) -> list[float]:
    """The intervals that were published since `forget`."""
    return [event.link.every for event in post.ears.events if isinstance(event, LinkChanged)]


async def test_while_nobody_looks_all_are_asked_for_a_quarter_as_often(post: Post) -> None:
    ana, _, _ = post.contact(ANA), post.contact(BEN), post.contact(CLEO, at=DAYS_AGO)
    for number, at in ((ANA, START - 60), (BEN, START - 60), (CLEO, DAYS_AGO)):
        post.sandbox.world.receive(number, "hi", at)
    post.poller.open(ana)
    await post.go(2400)
    for number, seconds in ((ANA, 5), (BEN, 30), (CLEO, 600)):
        assert all(seconds * 0.94 < gap < seconds * 1.07 for gap in gaps(post, number)[1:]), number
    post.poller.set_focused(False)
    await post.go(600)  # what was planned before comes as planned
    post.forget()
    await post.go(8000)
    for number, seconds in ((ANA, 20), (BEN, 120), (CLEO, 2400)):
        assert len(gaps(post, number)) >= 2
        assert all(seconds * 0.94 < gap < seconds * 1.07 for gap in gaps(post, number)), number


async def test_who_looks_again_sees_all_asked_for_at_once_the_open_one_first(post: Post) -> None:
    for number in (BEN, CLEO, ANA):
        post.contact(number)
    post.poller.open(ContactId(2))
    await post.go()
    post.poller.set_focused(False)
    await post.go(1)
    post.forget()
    await post.go(1)
    assert post.watched.asked == []
    post.poller.set_focused(True)
    await post.go()
    assert post.watched.asked[0][1] == CLEO
    assert post.watched.count() == {ANA: 1, BEN: 1, CLEO: 1}
    post.forget()
    post.poller.set_focused(True)
    await post.go(1)
    assert post.watched.asked == [], "it was looked at all the while"


async def test_who_looks_again_sees_all_asked_for_also_where_none_is_open(post: Post) -> None:
    for number in (ANA, BEN):
        post.contact(number, at=DAYS_AGO)
    await post.go(1)
    post.poller.set_focused(False)
    post.forget()
    post.poller.set_focused(True)
    await post.go()
    assert post.watched.count() == {ANA: 1, BEN: 1}


@pytest.mark.parametrize("opened", [True, False])
async def test_who_looks_again_need_not_wait_until_it_is_tried_anew(post: Post, opened: bool) -> None:
    ana = post.contact(ANA)
    if opened:
        post.poller.open(ana)
    post.sandbox.stop()
    await post.go(70)  # tried at 0, 2, 6, 14, 30 and 62 s; then at 126 s
    post.poller.set_focused(False)
    await post.go(10)
    assert post.link() is LinkState.OFFLINE
    post.sandbox.start()
    post.forget()
    await post.go(5)
    assert post.watched.asked == []
    post.poller.set_focused(True)
    await post.go()
    assert len(post.watched.asked) == 1
    assert post.link() is LinkState.LIVE


async def test_who_goes_to_and_fro_does_not_press_a_gateway_that_asked_for_time(post: Post) -> None:
    for number in (ANA, BEN):
        post.contact(number)
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=429, retry_after=250, times=1))
    for _ in range(24):
        await post.go(10)
        post.poller.set_focused(False)
        post.poller.set_focused(True)
    assert len(post.watched.asked) == 1
    await post.go(11)
    assert post.watched.count().keys() == {ANA, BEN}


async def test_the_engine_passes_it_on(tmp_path: Path) -> None:
    async with rig_of(tmp_path, contacts=(ANA, BEN)) as rig:
        rig.engine.set_focused(False)  # before it runs
        await rig.live()
        await rig.requests(2)
        rig.engine.set_focused(True)
        await rig.requests(4)
        assert rig.engine.link.every == 3600


async def test_live_tells_the_interval_that_is_in_force(post: Post) -> None:
    ana, _ = post.contact(ANA), post.contact(BEN, at=DAYS_AGO)
    assert post.poller.link.every == 5
    await post.go(1)
    assert (post.link(), post.poller.link.every) == (LinkState.LIVE, 30)
    post.forget()
    await post.go(200)
    steps: list[tuple[Callable[[], None], float]] = [
        (lambda: post.poller.open(ana), 5),
        (lambda: post.poller.set_focused(False), 20),
        (lambda: post.poller.open(None), 120),
        (lambda: post.poller.set_focused(True), 30),
    ]
    for step, every in steps:
        step()
        assert post.poller.link.every == every, "told in that moment"
        await post.go(200)
    assert told(post) == [5, 20, 120, 30], "each once, and nothing in between"
    post.poller.open(ana)
    post.store.contacts.delete(ana)
    await post.poller.reload()
    assert told(post)[4:] == [5, 600], "that one is gone, and nobody else had a text lately"
    post.sandbox.world.receive(BEN, "news")
    await post.go(620)
    assert told(post)[6:] == [30]
    assert post.ears.links == [LinkState.LIVE]


async def test_many_conversations_are_live_by_the_time_that_it_takes_to_ask_for_all(post: Post) -> None:
    post.use(Polling(open_seconds=5, recent_seconds=30, dormant_seconds=600, requests_per_minute=60))
    numbers = [PhoneNumber(f"+1555000{n:04}") for n in range(100)]
    for number in numbers:
        post.contact(number)
    await post.go(300)
    assert post.poller.link.every == 134  # 100 at 45 a minute
    post.forget()
    await post.go(1340)
    assert len(post.watched.asked) / len(numbers) == pytest.approx(1340 / 134, rel=0.05)
    for number in numbers:  # in bursts, as the limit is one of a minute
        assert max(gaps(post, number)) < 134 + 60
    assert told(post) == []


async def test_nothing_is_told_of_intervals_before_there_is_an_answer(post: Post) -> None:
    ana = post.contact(ANA)
    await post.poller.reload()
    post.poller.set_focused(False)
    post.poller.open(ana)
    post.poller.set_focused(True)
    assert post.ears.events == []
