"""The sender: in order, at most once, tried again only where it certainly never left. Its waits are virtual."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, CLEO, DEADLINE, HOME, START, Clock, VirtualTime

from gynetix_tui.engine import sender as sender_module
from gynetix_tui.engine.events import ContactChanged, Event
from gynetix_tui.engine.owner import this_process
from gynetix_tui.engine.sender import Sender, recover
from gynetix_tui.engine.writer import Writer
from gynetix_tui.errors import NotSent, Refused, Uncertain
from gynetix_tui.model import ContactId, OutboxId, OutgoingText, PhoneNumber, SendState
from gynetix_tui.store import Store


class Gate:
    """A gateway that answers when, and as, it is told; it stands for the real one to see who is sent when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sent: list[tuple[float, str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.answers: dict[str, Exception] = {}
        self.at_once = self.most_at_once = 0
        self.to_one: dict[PhoneNumber, int] = {}
        self.arrived = asyncio.Event()

    async def send_message(self, *, to: PhoneNumber, sender: PhoneNumber, text: str) -> str:
        assert sender == HOME
        self.sent.append((self.clock.at - START, text))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.to_one[to] = self.to_one.get(to, 0) + 1
        assert self.to_one[to] == 1, "two at once to the same number"
        self.arrived.set()
        try:
            await self.open.wait()
            await asyncio.sleep(0)
            if text in self.answers:
                raise self.answers[text]
            return "ok"
        finally:
            self.at_once -= 1
            self.to_one[to] -= 1


class Desk:
    """A sender, its store and its clock."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        self.time = VirtualTime(self.clock)
        monkeypatch.setattr(sender_module, "asyncio", self.time)
        self.gate = Gate(self.clock)
        self.writer = Writer(file)
        self.events: list[Event] = []
        self.accepted: list[ContactId] = []
        self.sender = Sender(
            self.gate,
            self.writer,
            now=self.clock,
            publish=self.events.append,
            accepted=self.accepted.append,
        )
        self.store = Store.open(file)
        self.task: asyncio.Task[None] | None = None

    def contact(self, number: PhoneNumber) -> ContactId:
        return self.store.contacts.add(number, "", now=START)

    def queue(self, contact_id: ContactId, text: str) -> OutboxId:
        contact = self.store.contacts.get(contact_id)
        assert contact is not None
        return self.store.outbox.add(contact_id, to=contact.number, sender=HOME, text=text, now=self.clock.at)

    def text(self, outbox_id: OutboxId) -> OutgoingText:
        text = self.store.outbox.get(outbox_id)
        assert text is not None
        return text

    def states(self, *ids: OutboxId) -> list[SendState]:
        return [self.text(each).state for each in ids]

    async def go(self, seconds: float = 0) -> None:
        if self.task is None:
            self.task = asyncio.create_task(self.sender.run())
        await self.time.go(seconds, self.sender.wake)
        # What is under way ends within this very moment, and may let the next one go.
        async with asyncio.timeout(DEADLINE):
            sent = -1
            while self.gate.open.is_set() and (self.sender._under_way or sent != len(self.gate.sent)):
                sent = len(self.gate.sent)
                if self.sender._under_way:
                    await asyncio.wait(self.sender._under_way)
                await self.time.go(0, self.sender.wake)

    async def stop(self) -> None:
        if self.task:
            self.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await self.task
            self.task = None


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    Store.open(tmp_path / "store.db").close()
    made = Desk(tmp_path / "store.db", monkeypatch)
    yield made
    made.gate.open.set()
    await made.stop()
    await made.writer.close()
    made.store.close()


async def test_a_text_goes_and_is_accepted(desk: Desk) -> None:
    ana = desk.contact(ANA)
    text = desk.queue(ana, "one")
    await desk.go()
    assert desk.gate.sent == [(0, "one")]
    after = desk.text(text)
    assert (after.state, after.reason, after.attempts) == (SendState.ACCEPTED, "", 1)
    assert (after.left_at, after.ended_at) == (START, START)
    assert desk.accepted == [ana]
    assert desk.events == [ContactChanged(ana), ContactChanged(ana)]
    await desk.go(10_000)
    assert desk.gate.sent == [(0, "one")]


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (Refused("No credits"), SendState.FAILED, "No credits"),
        (Uncertain("silence"), SendState.UNCONFIRMED, "silence"),
    ],
)
async def test_whatever_left_is_never_tried_again(
    desk: Desk, error: Exception, state: SendState, reason: str
) -> None:
    ana = desk.contact(ANA)
    text, next_ = desk.queue(ana, "one"), desk.queue(ana, "two")
    desk.gate.answers["one"] = error
    await desk.go(10_000)
    assert [words for _, words in desk.gate.sent] == ["one", "two"], "it does not hold back the next"
    assert (desk.text(text).state, desk.text(text).reason) == (state, reason)
    assert desk.states(next_) == [SendState.ACCEPTED]


async def test_one_conversation_goes_in_order_whatever_happens_beside_it(desk: Desk) -> None:
    ana, ben = desk.contact(ANA), desk.contact(BEN)
    for n in range(10):
        desk.queue(ana, f"a{n}")
        desk.queue(ben, f"b{n}")
    await desk.go()
    sent = [words for _, words in desk.gate.sent]
    assert [words for words in sent if words[0] == "a"] == [f"a{n}" for n in range(10)]
    assert [words for words in sent if words[0] == "b"] == [f"b{n}" for n in range(10)]


async def test_four_conversations_at_once(desk: Desk) -> None:
    for n in range(9):
        desk.queue(desk.contact(PhoneNumber(f"+1555000{n:04}")), f"text {n}")
    desk.gate.open.clear()
    await desk.go()
    assert desk.gate.at_once == 4
    desk.gate.open.set()
    await desk.go()
    assert len(desk.gate.sent) == 9
    assert desk.gate.most_at_once == 4


async def test_what_never_left_is_tried_again_and_given_up_after_ten_minutes(desk: Desk) -> None:
    text = desk.queue(desk.contact(ANA), "one")
    desk.gate.answers["one"] = NotSent("no connection")
    await desk.go(1)
    after = desk.text(text)
    assert (after.state, after.reason, after.left_at) == (SendState.QUEUED, "no connection", None)
    await desk.go(3600)
    times = [round(at) for at, _ in desk.gate.sent]
    assert times[:5] == [0, 2, 7, 22, 82]
    assert times[-1] <= 600
    assert len(times) == 13
    after = desk.text(text)
    assert (after.state, after.reason) == (SendState.FAILED, "no connection")


async def test_it_leaves_when_the_connection_is_back(desk: Desk) -> None:
    text = desk.queue(desk.contact(ANA), "one")
    desk.gate.answers["one"] = NotSent("no connection")
    await desk.go(10)
    desk.gate.answers.clear()
    await desk.go(60)
    assert desk.states(text) == [SendState.ACCEPTED]
    assert [round(at) for at, _ in desk.gate.sent] == [0, 2, 7, 22]


async def test_a_text_behind_one_that_waits_does_not_stop_the_clock(desk: Desk) -> None:
    ana = desk.contact(ANA)
    first, second = desk.queue(ana, "one"), desk.queue(ana, "two")
    desk.gate.answers["one"] = NotSent("no connection")
    await desk.go(10)
    assert [(round(at), words) for at, words in desk.gate.sent] == [(0, "one"), (2, "one"), (7, "one")]
    desk.gate.answers.clear()
    await desk.go(60)
    assert desk.states(first, second) == [SendState.ACCEPTED, SendState.ACCEPTED]
    assert [words for _, words in desk.gate.sent][-2:] == ["one", "two"]


async def test_all_of_a_conversation_is_given_up_when_its_time_is_over(desk: Desk) -> None:
    ana = desk.contact(ANA)
    texts = [desk.queue(ana, f"text {n}") for n in range(3)]
    for n in range(3):
        desk.gate.answers[f"text {n}"] = NotSent("no connection")
    await desk.go(700)
    assert desk.states(*texts) == [SendState.FAILED] * 3
    assert desk.text(texts[2]).reason == "no connection"
    desk.gate.answers.clear()
    await desk.go(10_000)
    assert desk.states(*texts) == [SendState.FAILED] * 3, "nothing leaves hours later by itself"


async def test_a_text_of_yesterday_does_not_leave_today(desk: Desk) -> None:
    ana = desk.contact(ANA)
    old = desk.queue(ana, "old")
    desk.clock.at += 601
    new = desk.queue(ana, "new")
    await desk.go()
    assert desk.gate.sent == [(601, "new")]
    assert desk.states(old, new) == [SendState.FAILED, SendState.ACCEPTED]
    assert desk.text(old).reason == "no connection in 10 minutes"


async def test_the_contact_list_knows_that_a_text_is_under_way(desk: Desk) -> None:
    ana = desk.contact(ANA)
    desk.queue(ana, "one")
    desk.gate.open.clear()
    await desk.go()
    summary = desk.store.contacts.summary(ana)
    assert summary is not None
    assert summary.last_state is SendState.SENDING
    desk.gate.open.set()
    await desk.go()
    summary = desk.store.contacts.summary(ana)
    assert summary is not None
    assert summary.last_state is SendState.ACCEPTED


async def test_stopping_waits_for_what_is_under_way(desk: Desk) -> None:
    text, waiting = desk.queue(desk.contact(ANA), "one"), desk.queue(desk.contact(BEN), "two")
    desk.store.outbox.claim(
        owner=this_process(), now=START
    )  # of this very process: nobody may take it for dead
    desk.gate.open.clear()
    task = desk.task = asyncio.create_task(desk.sender.run())
    await desk.gate.arrived.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    desk.gate.open.set()
    await desk.stop()
    assert desk.states(text, waiting) == [SendState.SENDING, SendState.ACCEPTED]


async def test_stopping_does_not_wait_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "QUIT_SECONDS", 0.05)
    text = desk.queue(desk.contact(ANA), "one")
    desk.gate.open.clear()
    await desk.go()
    await desk.stop()
    assert desk.states(text) == [SendState.SENDING]
    desk.gate.open.set()
    await asyncio.wait(desk.sender._under_way, timeout=DEADLINE)


async def test_a_text_that_was_just_taken_when_it_stops_goes_back(desk: Desk) -> None:
    # It never left: to call it uncertain at the next start would be untrue.
    text = desk.queue(desk.contact(ANA), "one")
    held = asyncio.Event()
    begun = asyncio.Event()
    run = desk.writer.run

    async def slowly(work: Callable[[Store], object]) -> object:
        result = await run(work)
        if isinstance(result, OutgoingText):
            begun.set()
            await held.wait()
        return result

    desk.writer.run = slowly  # type: ignore[method-assign,assignment]
    desk.task = asyncio.create_task(desk.sender.run())
    await begun.wait()
    assert desk.states(text) == [SendState.SENDING]
    desk.task.cancel()
    await asyncio.sleep(0)
    held.set()
    with pytest.raises(asyncio.CancelledError):
        await desk.task
    desk.task = None
    assert desk.states(text) == [SendState.QUEUED]
    assert desk.gate.sent == []


_DIES_WHILE_SENDING = """
import pathlib, sys
from gynetix_tui.engine.owner import this_process
from gynetix_tui.store import Store
with Store.open(pathlib.Path(sys.argv[1])) as store:
    assert store.outbox.claim(owner=this_process(), now=1516816290.0)
    print("taken", flush=True)
    sys.stdin.read()
"""


async def test_a_text_of_a_process_that_died_is_uncertain(desk: Desk, tmp_path: Path) -> None:
    ana, ben = desk.contact(ANA), desk.contact(BEN)
    orphan, behind, own = desk.queue(ana, "orphan"), desk.queue(ana, "behind"), desk.queue(ben, "own")
    with subprocess.Popen(  # noqa: ASYNC220 - it begins at once
        [sys.executable, "-c", _DIES_WHILE_SENDING, str(tmp_path / "store.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "taken\n"
        await desk.go(100)
        assert desk.states(orphan, behind, own) == [SendState.SENDING, SendState.QUEUED, SendState.ACCEPTED]
        assert await recover(desk.writer, now=START) == []
        other.kill()
        other.wait(10)
        await desk.go(10)
        assert desk.states(orphan, behind) == [SendState.UNCONFIRMED, SendState.ACCEPTED], (
            "found without a new start, and nobody is held up by it"
        )
    after = desk.text(orphan)
    assert after.reason == "the program ended before the gateway answered"
    assert after.ended_at is not None
    assert [words for _, words in desk.gate.sent] == ["own", "behind"]


async def test_recovering_leaves_alone_what_is_alive(desk: Desk) -> None:
    ana, ben, cleo = desk.contact(ANA), desk.contact(BEN), desk.contact(CLEO)
    mine, dead, waits = desk.queue(ana, "mine"), desk.queue(ben, "dead"), desk.queue(cleo, "waits")
    desk.store.outbox.claim(owner=this_process(), now=START)
    _, started, here = this_process().split(":", 2)
    desk.store.outbox.claim(owner=f"4194304:{started}:{here}", now=START)  # beyond every process id
    assert await recover(desk.writer, now=START + 5) == [ben]
    assert desk.states(mine, dead, waits) == [SendState.SENDING, SendState.UNCONFIRMED, SendState.QUEUED]
    summary = desk.store.contacts.summary(ben)
    assert summary is not None
    assert summary.last_state is SendState.UNCONFIRMED
