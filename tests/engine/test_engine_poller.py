"""Who is asked for when, over a real gateway and a sandbox; only the waits between are virtual."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, CLEO, HOME, START, Clock
from poller_kit import POLLING, LongerForEach, Post, Unmoved, Watched, post_in

from gynetix_tui.engine.events import ContactChanged, LinkState
from gynetix_tui.engine.merge import merge
from gynetix_tui.errors import Uncertain
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import ContactId, Direction, PhoneNumber, SendState
from gynetix_tui.sandbox import Fault, FaultKind
from gynetix_tui.settings.schema import Polling
from gynetix_tui.store import Store


@pytest.fixture
async def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    async with post_in(tmp_path, monkeypatch) as made:
        yield made


async def test_everybody_is_asked_for_at_the_start_the_newest_first(post: Post) -> None:
    for number, age in ((ANA, 300), (BEN, 100), (CLEO, 200)):
        post.contact(number, at=START - age)
        post.sandbox.world.receive(number, "hi", START - age + 50)
    await post.go()
    assert [phone for _, phone in post.watched.asked] == [BEN, CLEO, ANA]
    assert post.watched.known == [b"", b"", b""]
    assert post.ears.links == [LinkState.LIVE]
    assert [event for event in post.ears.events if isinstance(event, ContactChanged)] == [
        ContactChanged(ContactId(2)), ContactChanged(ContactId(3)), ContactChanged(ContactId(1)),
    ]  # fmt: skip
    assert post.texts(ContactId(1)) == ["hi"]
    summary = post.store.contacts.summary(ContactId(1))
    assert summary is not None
    assert (summary.unread, summary.contact.local_number) == (1, HOME)


async def test_the_open_conversation_is_asked_for_most_and_a_quiet_one_least(post: Post) -> None:
    ana, *_ = (post.contact(number, at=START - 5 * 86400) for number in (ANA, BEN, CLEO))
    post.sandbox.world.receive(ANA, "hi", START - 5 * 86400)
    post.sandbox.world.receive(BEN, "hi", START - 3600)
    post.sandbox.world.receive(CLEO, "hi", START - 5 * 86400)
    await post.go()
    post.poller.open(ana)
    await post.go(600)
    count = post.watched.count()
    assert 115 <= count[ANA] <= 126
    assert 19 <= count[BEN] <= 23
    assert 1 <= count[CLEO] <= 2
    times = post.watched.times(ANA)[2:]
    gaps = [after - before for before, after in pairwise(times)]
    assert all(4.7 < gap < 5.3 for gap in gaps)
    assert len(set(gaps)) > 10, "many clients must not ask in step"


async def test_a_new_text_makes_a_quiet_conversation_a_busy_one(post: Post) -> None:
    ana = post.contact(ANA, at=START - 5 * 86400)
    await post.go(700)
    assert len(post.watched.asked) == 2
    post.sandbox.world.receive(ANA, "news")
    await post.go(1000)
    assert post.texts(ana) == ["news"]
    assert len(post.watched.asked) > 10


async def test_an_answer_that_is_known_changes_nothing(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.world.receive(ANA, "hi")
    await post.go()
    post.forget()
    await post.go(120)
    assert len(post.watched.known) >= 3
    assert len(set(post.watched.known)) == 1
    assert post.watched.known[0] == post.store.contacts.digest(ana) != b""
    assert post.ears.events == []


async def test_opening_asks_at_once(post: Post) -> None:
    ana, ben = post.contact(ANA), post.contact(BEN)
    await post.go()
    post.forget()
    for contact_id, number in ((ana, ANA), (ben, BEN), (ana, ANA)):
        await post.go(1)
        post.poller.open(contact_id)
        await post.go()
        assert post.watched.asked[-1] == (post.clock.at - START, number)
    assert len(post.watched.asked) == 3
    post.poller.open(None)
    await post.go(66)
    assert len(post.watched.asked) <= 9, "none is the open one any more"


async def test_after_a_send_it_is_soon_looked_for(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.world.receive(ANA, "hi", START - 9)
    await post.go(1)
    post.forget()
    post.poller.soon(ana)
    await post.go(10)
    assert post.watched.asked == [(2.5, ANA)]
    assert post.watched.known == [b""], (
        "also where the answer is the known one, a text must be looked for in it"
    )


async def test_refresh_asks_for_everybody_the_open_one_first(post: Post) -> None:
    for number in (BEN, CLEO, ANA):
        post.contact(number)
    await post.go()
    post.poller.open(ContactId(2))
    await post.go(1)
    post.forget()
    post.poller.refresh()
    await post.go()
    assert post.watched.asked[0][1] == CLEO
    assert post.watched.count() == {ANA: 1, BEN: 1, CLEO: 1}


async def test_the_limit_holds_and_the_open_conversation_does_not_wait_for_the_others(post: Post) -> None:
    post.use(Polling(open_seconds=5, recent_seconds=1, dormant_seconds=1, requests_per_minute=60))
    ids = [post.contact(PhoneNumber(f"+1555000{n:04}")) for n in range(50)]
    numbers = [PhoneNumber(f"+1555000{n:04}") for n in range(50)]
    post.poller.open(ids[7])
    await post.go(600)
    for at, _ in post.watched.asked:
        assert sum(at <= other < at + 60 for other, _ in post.watched.asked) <= 60
    gaps = [after - before for before, after in pairwise(post.watched.times(numbers[7]))]
    assert max(gaps) < 5.5, "a wait of the background held it up"
    assert set(post.watched.count()) == set(numbers)
    others = Counter(dict(post.watched.count()))
    del others[numbers[7]]
    assert max(others.values()) <= 2 * min(others.values()), "all the others in turn"


async def test_two_conversations_opened_quickly(post: Post) -> None:
    # The one that was left again is still wanted at once, but as one of the others.
    post.use(Polling(open_seconds=5, recent_seconds=600, dormant_seconds=600, requests_per_minute=4))
    ids = [post.contact(PhoneNumber(f"+1555000{n:04}")) for n in range(4)]
    await post.go(1)
    post.forget()
    post.poller.open(ids[0])
    post.poller.open(ids[1])
    await post.go(1)
    assert [phone for _, phone in post.watched.asked] == ["+15550000001"]


async def test_one_conversation_in_trouble_does_not_take_the_others_down(post: Post) -> None:
    ana, ben = post.contact(ANA), post.contact(BEN)
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=500, phone=ANA))
    post.sandbox.world.receive(BEN, "hi")
    await post.go(60)
    assert post.texts(ben) == ["hi"]
    link = post.poller.link
    assert (link.state, link.reason, link.contact_id) == (
        LinkState.TROUBLE,
        "the gateway answered HTTP 500",
        ana,
    )
    assert 3 <= len(post.watched.times(ANA)) <= 6, "it waits longer each time"
    ben_before = len(post.watched.times(BEN))
    await post.go(120)
    assert len(post.watched.times(BEN)) - ben_before >= 3
    post.sandbox.faults.clear()
    await post.go(300)
    assert post.link() is LinkState.LIVE
    assert post.ears.links == [LinkState.TROUBLE, LinkState.LIVE]


async def test_the_trouble_of_the_open_conversation_is_told_first(post: Post) -> None:
    ana, ben, cleo = (post.contact(number) for number in (ANA, BEN, CLEO))
    post.sandbox.faults.add(
        Fault(FaultKind.REFUSE, reason="Not Ana", phone=ANA),
        Fault(FaultKind.REFUSE, reason="Not Ben", phone=BEN),
    )
    await post.go(20)
    for contact_id, reason, about in ((ana, "Not Ana", ana), (ben, "Not Ben", ben)):
        post.poller.open(contact_id)
        post.poller.refresh()
        await post.go(1)
        assert (post.poller.link.reason, post.poller.link.contact_id) == (reason, about)
    post.poller.open(cleo)
    await post.go(1)
    assert post.poller.link.reason in {"Not Ana", "Not Ben"}


async def test_a_trouble_goes_with_its_contact(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.faults.add(Fault(FaultKind.REFUSE, phone=ANA))
    await post.go()
    assert post.link() is LinkState.TROUBLE
    post.store.contacts.delete(ana)
    await post.poller.reload()
    assert post.link() is LinkState.LIVE


async def test_offline_and_back(post: Post) -> None:
    ana = post.contact(ANA)
    for n in range(5):
        post.contact(PhoneNumber(f"+1555000{n:04}"))
    await post.go()
    post.sandbox.stop()
    post.forget()
    await post.go(700)
    link = post.poller.link
    assert (link.state, link.reason, link.contact_id) == (
        LinkState.OFFLINE,
        "no connection to the gateway",
        None,
    )
    assert len(post.watched.asked) <= 12, "the waits are of the gateway, not of each conversation"
    assert link.next_try_at is not None
    assert post.clock.at - 1 <= link.next_try_at <= post.clock.at + 330
    since = link.since
    await post.go(400)
    assert post.poller.link.since == since
    post.sandbox.start()
    post.sandbox.world.receive(ANA, "back")
    post.poller.refresh()
    await post.go(1)
    assert post.link() is LinkState.LIVE
    assert post.poller.link.since > since
    assert post.texts(ana) == ["back"]
    assert post.ears.links == [LinkState.OFFLINE, LinkState.LIVE]


async def test_offline_from_the_start(post: Post) -> None:
    post.contact(ANA)
    assert post.link() is LinkState.STARTING
    post.sandbox.stop()
    await post.go(1)
    assert post.link() is LinkState.OFFLINE


async def test_after_an_outage_all_are_asked_for_at_once(post: Post) -> None:
    post.use(POLLING, jitter=LongerForEach())
    for number in (ANA, BEN):
        post.contact(number)
    post.sandbox.stop()
    await post.go(2000)
    post.sandbox.start()
    post.forget()
    await post.go(340)
    (first, one), (second, other) = post.watched.asked[:2]
    assert one != other
    assert second == first, "what one had to wait for is over for the other too"


async def test_what_the_gateway_asks_for_holds_for_every_conversation(post: Post) -> None:
    for number in (ANA, BEN):
        post.contact(number)
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=429, retry_after=250, times=1))
    await post.go(249)
    assert len(post.watched.asked) == 1
    await post.go(20)
    assert post.watched.count() == {ANA: 2, BEN: 1} or post.watched.count() == {ANA: 1, BEN: 2}


async def test_after_a_failure_another_is_tried_first(post: Post) -> None:
    # Only so is it known whether all fail or one. Without jitter, both may be asked for in the same moment.
    post.use(POLLING, jitter=Unmoved())
    ana, _ = post.contact(ANA), post.contact(BEN)
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=500, phone=ANA))
    post.poller.open(ana)
    await post.go(3)
    assert [number for _, number in post.watched.asked] == [ANA, BEN, ANA]


async def test_retry_after_is_kept_to_unless_the_user_wants_it_now(post: Post) -> None:
    post.contact(ANA)
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=429, retry_after=250, times=1))
    await post.go(249)
    assert post.watched.times(ANA) == [0]
    await post.go(2)
    assert len(post.watched.asked) == 2
    post.sandbox.faults.add(Fault(FaultKind.STATUS, status=503, retry_after=10**9, times=1))
    post.poller.refresh()
    await post.go(1000)
    assert len(post.watched.asked) == 3
    post.poller.refresh()
    await post.go(1)
    assert len(post.watched.asked) == 4
    assert post.link() is LinkState.LIVE


async def test_an_answer_that_is_empty_all_at_once_is_told_as_long_as_it_is(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.world.receive(ANA, "hi")
    await post.go()
    post.sandbox.faults.add(Fault(FaultKind.EMPTY_CONVERSATION))
    post.poller.open(ana)
    await post.go(1)
    for _ in range(3):
        link = post.poller.link
        assert (link.state, link.contact_id) == (LinkState.TROUBLE, ana)
        assert "returns nothing" in link.reason
        await post.go(10)
    assert post.texts(ana) == ["hi"]
    post.sandbox.faults.clear()
    await post.go(10)
    assert post.link() is LinkState.LIVE
    assert post.ears.links == [LinkState.LIVE, LinkState.TROUBLE, LinkState.LIVE]


async def test_a_text_that_cannot_be_read_is_told_once(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.world.receive(ANA, "hi")
    post.sandbox.faults.add(Fault(FaultKind.ONE_BROKEN_MESSAGE))
    post.poller.open(ana)
    await post.go(60)
    told = "The gateway's answer held a text that could not be read; the rest is shown."
    assert post.ears.notices == [told]
    assert set(post.watched.known) == {b""}, "it may be readable next time"
    assert post.texts(ana) == ["hi"]
    post.sandbox.faults.clear()
    await post.go(60)
    post.sandbox.faults.add(Fault(FaultKind.ONE_BROKEN_MESSAGE))
    post.sandbox.world.receive(ANA, "more")
    await post.go(60)
    assert post.ears.notices == [told, told]


async def test_contacts_come_and_go(post: Post) -> None:
    await post.go(100)
    assert post.watched.asked == []
    assert post.link() is LinkState.STARTING
    ana = post.contact(ANA)
    await post.poller.reload()
    await post.go()
    assert post.watched.count() == {ANA: 1}
    post.contact(BEN)
    await post.poller.reload()
    await post.go()
    assert post.watched.count() == {ANA: 1, BEN: 1}, "the old one is not asked for again at once"
    post.store.contacts.delete(ana)
    await post.poller.reload()
    post.forget()
    await post.go(100)
    assert set(post.watched.count()) == {BEN}


async def test_a_contact_deleted_while_its_answer_is_under_way(post: Post) -> None:
    # And another added meanwhile: what comes must not be taken for theirs.
    ana = post.contact(ANA)
    post.sandbox.world.receive(ANA, "for nobody")
    fetch = post.gateway.get_conversation

    async def deleted_meanwhile(**arguments: object) -> FetchedConversation | None:
        answer = await fetch(**arguments)  # type: ignore[arg-type]
        if post.store.contacts.get(ana):
            post.store.contacts.delete(ana)
            post.contact(BEN)
            await post.poller.reload()
        return answer

    post.gateway.get_conversation = deleted_meanwhile  # type: ignore[method-assign]
    await post.go(1)
    ben = post.store.contacts.find(BEN)
    assert ben is not None
    assert post.watched.count() == {ANA: 1, BEN: 1}
    assert post.texts(ben.id) == []
    assert ben.local_number is None
    assert post.link() is LinkState.LIVE
    assert ContactChanged(ana) not in post.ears.events


async def test_an_uncertain_text_is_looked_for_until_it_is_missing_or_found(post: Post) -> None:
    ana = post.contact(ANA)
    post.sandbox.world.receive(ANA, "hi", START - 9)
    text = post.store.outbox.add(ana, to=ANA, sender=HOME, text="news", now=START)
    post.store.outbox.claim(owner="me", now=START)
    post.store.outbox.finish(text, SendState.UNCONFIRMED, reason="why", now=START)
    post.poller.open(ana)
    await post.go(30)
    (item,) = (item for item in post.store.conversations.newest(ana, 9) if item.outbox_id)
    assert not item.missing
    await post.go(40)
    (item,) = (item for item in post.store.conversations.newest(ana, 9) if item.outbox_id)
    assert item.missing
    assert set(post.watched.known) == {b""}
    post.sandbox.world.sent_elsewhere(ANA, "news", START + 1)
    await post.go(10)
    assert post.texts(ana) == ["hi", "news"]
    found = post.store.outbox.get(text)
    assert found is not None
    assert found.state is SendState.SEEN
    post.forget()
    await post.go(30)
    assert b"" not in post.watched.known


class Counted(Watched):
    """Also knows how many messages came each time, and lets something happen before an answer is handed over."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        super().__init__(gateway, clock)
        self.sizes: list[int] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def get_conversation(
        self, *, phone: PhoneNumber, detailed: bool = False, known: bytes = b""
    ) -> FetchedConversation | None:
        answer = await super().get_conversation(phone=phone, detailed=detailed, known=known)
        if answer:
            self.sizes.append(len(answer.messages))
        self.meanwhile()
        return answer


LONG = 1500
"""Messages of which the first need not be read again."""


def long_conversation(post: Post) -> tuple[ContactId, Counted]:
    """Ana's, which is the open one."""
    ana = post.contact(ANA)
    for n in range(LONG):
        post.sandbox.world.receive(ANA, f"text {n} " + "x" * 150, START - 4 * LONG + n)
    counted = Counted(post.gateway, post.clock)
    post.watched = counted
    post.use(POLLING)
    post.poller.open(ana)
    return ana, counted


def stored(post: Post, contact_id: ContactId) -> list[tuple[str, int, str]]:
    return [(m.direction, m.ts, m.text) for m in post.store.messages.since(contact_id, 0)]


def at_the_gateway(post: Post) -> list[tuple[str, int, str]]:
    return [(m.direction, m.ts, m.text) for m in post.sandbox.world.conversation(ANA)]


async def test_of_a_long_conversation_only_what_is_new_is_merged(post: Post) -> None:
    ana, counted = long_conversation(post)
    await post.go()
    for n in range(5):
        post.sandbox.world.receive(ANA, f"more {n}")
        post.sandbox.world.receive(ANA, f"more {n}")  # in one second, the same words
        await post.go(6)
        assert stored(post, ana) == at_the_gateway(post)
    assert counted.sizes[0] == LONG
    assert len(counted.sizes) == 6
    assert max(counted.sizes[1:]) < LONG / 1.5
    summary = post.store.contacts.summary(ana)
    assert summary is not None
    assert (summary.last_text, summary.unread) == ("more 4", 10)
    post.sandbox.world.receive(ANA, "late", START - 4 * LONG + 7)
    await post.go(6)
    assert counted.sizes[-1] == LONG + 11
    assert stored(post, ana) == at_the_gateway(post)


async def test_what_did_not_come_to_the_store_is_not_taken_for_merged(post: Post) -> None:
    ana, counted = long_conversation(post)
    await post.go()

    def lost_on_the_way() -> None:
        counted.meanwhile = lambda: None
        raise Uncertain("the client had read it, and nobody merged it")

    counted.meanwhile = lost_on_the_way
    post.sandbox.world.receive(ANA, "news")
    await post.go(5.5)
    assert counted.sizes[-1] < LONG
    assert stored(post, ana) == at_the_gateway(post)[:-1]
    post.sandbox.world.receive(ANA, "more news")
    await post.go(60)
    assert counted.sizes[-1] == LONG + 2
    assert stored(post, ana) == at_the_gateway(post)


async def test_another_client_merges_in_between(post: Post, tmp_path: Path) -> None:
    ana, counted = long_conversation(post)
    await post.go()

    def merged_elsewhere() -> None:
        counted.meanwhile = lambda: None
        messages = [FetchedMessage(Direction(d), ts, "", text) for d, ts, text in at_the_gateway(post)]
        answer = FetchedConversation(tuple(messages), False, HOME, digest=b"another client's")
        with Store.open(tmp_path / "store.db") as store, store.transaction():
            merge(store, ana, answer, asked_at=post.clock.at, now=post.clock.at)

    counted.meanwhile = merged_elsewhere
    for n in range(3):
        post.sandbox.world.receive(ANA, f"news {n}")
        await post.go(6)
        assert stored(post, ana) == at_the_gateway(post)
    assert max(counted.sizes[1:]) < LONG


async def test_a_contact_who_is_added_again_gets_all_of_a_long_conversation(post: Post) -> None:
    ana, counted = long_conversation(post)
    await post.go()
    again: list[ContactId] = []

    def deleted_and_added() -> None:
        counted.meanwhile = lambda: None
        post.store.contacts.delete(ana)
        again.append(post.contact(ANA))

    counted.meanwhile = deleted_and_added
    post.sandbox.world.receive(ANA, "news")
    await post.go(6)
    assert stored(post, again[0]) == [], "what was under way was for the one who is gone"
    post.sandbox.world.receive(ANA, "more news")
    await post.poller.reload()
    await post.go(6)
    assert counted.sizes[-1] == LONG + 2
    assert stored(post, again[0]) == at_the_gateway(post)


async def test_a_text_is_found_in_what_follows_a_known_head(post: Post) -> None:
    ana, counted = long_conversation(post)
    await post.go()
    text = post.store.outbox.add(ana, to=ANA, sender=HOME, text="news", now=post.clock.at)
    post.store.outbox.claim(owner="me", now=post.clock.at)
    post.store.outbox.finish(text, SendState.ACCEPTED, reason="", now=post.clock.at)
    post.sandbox.world.sent_elsewhere(ANA, "news")
    await post.go(6)
    assert counted.sizes[-1] < LONG, "nobody told the poller: another client sent it"
    found = post.store.outbox.get(text)
    assert found is not None
    assert found.state is SendState.SEEN
    assert stored(post, ana) == at_the_gateway(post)
