"""How long is waited after which failure, and what is told of the next attempt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, START
from poller_kit import POLLING, LongerForEach, Post, Unmoved, post_in

from gynetix_tui.engine.events import Link, LinkChanged, LinkState
from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import Fault, FaultKind
from gynetix_tui.settings.schema import Polling


@pytest.fixture
async def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    async with post_in(tmp_path, monkeypatch) as made:
        made.use(POLLING, jitter=Unmoved())
        yield made


async def waits_until(post: Post, seconds: float) -> list[float]:
    """The waits between the attempts of this time, and after the last one before it."""
    before = post.watched.times(ANA)[-1:]
    post.forget()
    await post.go(seconds)
    return [round(after - earlier, 1) for earlier, after in pairwise(before + post.watched.times(ANA))]


STATUS_500 = Fault(FaultKind.STATUS, status=500)
PAGE = Fault(FaultKind.HTML)


async def test_each_kind_of_fault_waits_two_seconds_first_and_a_success_ends_all(post: Post) -> None:
    post.contact(ANA)
    post.sandbox.faults.add(STATUS_500)
    await post.go()
    assert await waits_until(post, 15) == [2, 4, 8]
    for kind in (PAGE, Fault(FaultKind.STATUS, status=403), Fault(FaultKind.STATUS, status=502)):
        # What comes next ends the wait of what was before, and is then waited for by itself.
        post.sandbox.faults.clear()
        post.sandbox.faults.add(kind)
        post.poller.refresh()
        await post.go()
        assert await waits_until(post, 15) == [2, 4, 8], kind
    post.sandbox.faults.clear()
    post.sandbox.stop()
    post.poller.refresh()
    await post.go()
    assert await waits_until(post, 15) == [2, 4, 8]
    post.sandbox.start()
    post.sandbox.faults.add(PAGE)
    post.poller.refresh()
    await post.go()
    assert await waits_until(post, 33) == [32], "one that comes back goes on where it was"
    post.sandbox.faults.clear()
    await post.go(70)
    assert post.link() is LinkState.LIVE
    post.sandbox.faults.add(PAGE)
    post.poller.refresh()
    await post.go()
    assert await waits_until(post, 15) == [2, 4, 8]


async def test_the_wait_grows_to_five_minutes(post: Post) -> None:
    post.contact(ANA)
    post.sandbox.stop()
    await post.go()
    assert await waits_until(post, 2000) == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


async def test_the_gateways_own_words_make_no_new_kind(post: Post) -> None:
    post.contact(ANA)
    for n in range(6):
        post.sandbox.faults.add(Fault(FaultKind.REFUSE, reason=f"request {n} refused", times=1))
    await post.go(40)
    assert post.watched.times(ANA) == [0, 2, 6, 14, 30]


async def test_what_was_opened_before_its_time_and_failed_is_tried_again_soon(post: Post) -> None:
    ana = post.contact(ANA, at=START - 5 * 86400)
    post.contact(BEN, at=START - 5 * 86400)
    await post.go(10)
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=500, times=1))
    post.poller.open(ana)
    post.forget()
    await post.go(3)
    assert post.watched.asked == [(10, ANA), (12, ANA)], "not when the closed one would have been due"
    assert post.link() is LinkState.LIVE


class NextTries:
    """What was told of next attempts, and when."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self.told: list[tuple[float, Link]] = []
        post.ears.listeners.append(self._hear)

    def _hear(self, event: object) -> None:
        if isinstance(event, LinkChanged) and event.link.state is LinkState.OFFLINE:
            self.told.append((self._post.clock.at - START, event.link))

    def check(self) -> None:
        """Each attempt comes when it was told, and none is told that does not come."""
        assert len(self.told) > 3
        for at, link in self.told[:-1]:
            following = min(other for other, _ in self._post.watched.asked if other > at)
            assert following - at == pytest.approx(link.next_try_in, abs=0.01)
            assert link.next_try_at == pytest.approx(START + following, abs=0.01)


@pytest.mark.parametrize("others", [0, 5])
@pytest.mark.parametrize("per_minute", [60, 2])
async def test_the_next_try_comes_when_it_is_told(post: Post, others: int, per_minute: int) -> None:
    # Also where a conversation's own wait is the longer one, or the limit on requests holds it up.
    patient = Polling(open_seconds=5, recent_seconds=30, dormant_seconds=600, requests_per_minute=per_minute)
    post.use(patient, jitter=LongerForEach())
    post.contact(ANA)
    for n in range(others):
        post.contact(PhoneNumber(f"+1555000{n:04}"))
    tries = NextTries(post)
    post.sandbox.stop()
    await post.go(1000)
    tries.check()


async def test_without_contacts_no_next_try_is_told(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.stop()
    await post.go(7)
    since = post.poller.link.since
    assert post.poller.link.next_try_at is not None
    post.contact(BEN)
    await post.poller.reload()
    assert post.poller.link.next_try_in == pytest.approx(7, abs=0.01), "tried at 6 s, and then at 14 s"
    for contact in post.store.contacts.all():
        post.store.contacts.delete(contact.id)
    await post.poller.reload()
    link = post.poller.link
    assert (link.state, link.next_try_at, link.since) == (LinkState.OFFLINE, None, since)
    assert post.ears.links == [LinkState.OFFLINE]
    assert post.store.contacts.get(ana) is None
