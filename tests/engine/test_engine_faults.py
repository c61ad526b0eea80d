"""Every way a send can go wrong, in every situation: what the user is told, and how often the text went out.

A text is never lost, never sent twice unasked, and its state is told honestly. Two faults of the design are
missing in the table because this client cannot meet them: it has no limit to its connections, so none is ever
waited for; and a write that fails is seen as a read that fails.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import peer_kit
import pytest
from canary import KEY
from engine_kit import ANA, BEN, HOME, PATIENT, START, Rig, rig_of
from mortal_kit import PATIENCE, WAITS, SharedClock, Ways, Zygote, gateway_to
from peer_kit import Peer

from gynetix_tui.engine import sender
from gynetix_tui.engine.events import Event
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import ContactId, OutboxId, SendState
from gynetix_tui.sandbox import Fault, FaultKind, RecordedRequest, Sandbox

ANAS, BENS = ContactId(1), ContactId(2)
QUEUED, FAILED, UNCONFIRMED, ACCEPTED = (
    SendState.QUEUED,
    SendState.FAILED,
    SendState.UNCONFIRMED,
    SendState.ACCEPTED,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, and the truth about a text that meets it.

    Attributes:
        fault: What the sandbox does, or the name of what stands in its place.
        state: The text's state once its request has ended; queued is one that never left.
        says: The reason that is shown with it; several where the system decides.
        arrives: Whether the text reaches the world.
        posts: How many requests the other side begins to read.
        text: The text, where it matters.
        decided: Whether it is known beforehand that a text left; else it may be queued as well.
    """

    fault: Fault | str
    state: SendState
    says: str | tuple[str, ...] = ""
    arrives: bool = True
    posts: int = 1
    text: str = "two"
    decided: bool = True

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.says,) if isinstance(self.says, str) else self.says


def status(code: int, **more: Any) -> Fault:
    return Fault(FaultKind.STATUS, status=code, **more)


BROKE = "the connection broke before the gateway's answer was complete"
UNREADABLE = "the gateway's answer could not be read"
SILENT = "the gateway did not answer in time"
NO_SECRET = "no secure connection to the gateway could be made"
NOT_TAKEN = "the gateway did not take the connection in time"
LOST: dict[str, Any] = {"arrives": False}
NEVER: dict[str, Any] = {"arrives": False, "posts": 0}

TABLE: dict[str, Case] = {
    # Never left: tried again by itself
    "connection refused": Case("refused", QUEUED, "no connection to the gateway", **NEVER),
    "name not found": Case("nameless", QUEUED, "the gateway's name could not be found", **NEVER),
    "TLS to a plain port": Case("plain port", QUEUED, NO_SECRET, **NEVER),
    "certificate not trusted": Case("stranger", QUEUED, "the gateway's certificate is not trusted", **NEVER),
    "no TCP answer": Case("takes no connection", QUEUED, NOT_TAKEN, **NEVER),
    "TLS handshake never answered": Case("mute TLS", QUEUED, NOT_TAKEN, **NEVER),
    # Refused: failed, and kept
    "refused": Case(Fault(FaultKind.REFUSE, reason="No credits"), FAILED, "No credits", **LOST),
    **{f"{n}": Case(status(n), FAILED, f"the gateway answered HTTP {n}", **LOST) for n in (400, 401, 403, 413, 422)},
    "429": Case(status(429, retry_after=30), FAILED, "the gateway answered HTTP 429", **LOST),
    # Not taken under one spelling of the path: then, and only then, asked for under the other
    "404 twice": Case(status(404, times=2), FAILED, "the gateway answered HTTP 404", arrives=False, posts=2),
    "405 twice": Case(status(405, times=2), FAILED, "the gateway answered HTTP 405", arrives=False, posts=2),
    "404 once": Case(status(404), ACCEPTED, posts=2),
    # Left, and perhaps arrived
    **{f"{n}": Case(status(n), UNCONFIRMED, f"the gateway answered HTTP {n}") for n in (301, 302, 303, 308, 408, 500, 502, 504)},
    "503 and taken": Case(status(503, retry_after=30), UNCONFIRMED, "the gateway answered HTTP 503"),
    "503 and lost": Case(status(503, acts=False), UNCONFIRMED, "the gateway answered HTTP 503", **LOST),
    "307": Case(Fault(FaultKind.REDIRECT), UNCONFIRMED, "the gateway answered HTTP 307"),
    "a page": Case(Fault(FaultKind.HTML), UNCONFIRMED, UNREADABLE),
    "half of the JSON": Case(Fault(FaultKind.TRUNCATED_JSON), UNCONFIRMED, UNREADABLE),
    "null": Case(Fault(FaultKind.NULL), UNCONFIRMED, UNREADABLE),
    "no body": Case(Fault(FaultKind.EMPTY_BODY), UNCONFIRMED, UNREADABLE),
    "half of the body": Case(Fault(FaultKind.TRUNCATED_BODY), UNCONFIRMED, BROKE),
    "bad gzip": Case(Fault(FaultKind.BAD_GZIP), UNCONFIRMED, "the gateway's answer could not be unpacked"),
    "garbage": Case(Fault(FaultKind.GARBAGE_STATUS_LINE), UNCONFIRMED, BROKE),
    "more than can be": Case(Fault(FaultKind.HUGE, size=33 << 20), UNCONFIRMED, "the gateway's answer is larger than 32 MB"),
    "closed after the body": Case(Fault(FaultKind.CLOSE_AFTER_BODY), UNCONFIRMED, BROKE),
    "closed after the body, lost": Case(Fault(FaultKind.CLOSE_AFTER_BODY, acts=False), UNCONFIRMED, BROKE, **LOST),
    "reset after the body": Case(Fault(FaultKind.RESET_AFTER_BODY), UNCONFIRMED, BROKE),
    "closed after the head": Case(Fault(FaultKind.CLOSE_AFTER_HEADERS), UNCONFIRMED, BROKE, **LOST),
    "reset after the head": Case(Fault(FaultKind.CLOSE_ON_ACCEPT), UNCONFIRMED, BROKE, **LOST),
    # Met while connecting or while sending: a matter of microseconds.
    "reset on accept": Case("resets_on_accept", UNCONFIRMED, (BROKE, "no connection to the gateway"), **NEVER, decided=False),
    "503 before the body": Case("refuses_early", UNCONFIRMED, ("the gateway answered HTTP 503", BROKE), **LOST),
    "body never read": Case("stops_in_the_request", UNCONFIRMED, BROKE, **LOST),
    "never reads": Case("never_reads", UNCONFIRMED, SILENT, **NEVER, text="x" * (6 << 20)),
    "silence": Case(Fault(FaultKind.SILENCE), UNCONFIRMED, SILENT),
    "silence, lost": Case(Fault(FaultKind.SILENCE, acts=False), UNCONFIRMED, SILENT, **LOST),
    "a late answer": Case(Fault(FaultKind.DELAY, seconds=PATIENCE), UNCONFIRMED, SILENT),
    "a slow drip": Case(Fault(FaultKind.SLOW_DRIP, seconds=PATIENCE), UNCONFIRMED, SILENT),
    "silence in the status line": Case("stops_in_the_status_line", UNCONFIRMED, SILENT),
    "silence in the head": Case("stops_in_the_head", UNCONFIRMED, SILENT),
    "silence in the body": Case("stops_in_the_body", UNCONFIRMED, SILENT),
    "silence after 100 Continue": Case("stops_after_continue", UNCONFIRMED, SILENT),
    "a cut chunk": Case("cuts_a_chunk", UNCONFIRMED, BROKE),
    "a length that is none": Case("sends_another_length", UNCONFIRMED, BROKE),
    # Odd, and yet a success
    "curly quotes": Case(Fault(FaultKind.CURLY_QUOTES), ACCEPTED),
    "unknown fields": Case(Fault(FaultKind.UNKNOWN_FIELDS), ACCEPTED),
    "a lone surrogate": Case(Fault(FaultKind.LONE_SURROGATE), ACCEPTED),
    "invalid UTF-8": Case(Fault(FaultKind.INVALID_UTF8), ACCEPTED),
    "much": Case(Fault(FaultKind.HUGE, size=1 << 20), ACCEPTED),
    "an answer after a moment": Case(Fault(FaultKind.DELAY, seconds=0.05), ACCEPTED),
    "a drip": Case(Fault(FaultKind.SLOW_DRIP, seconds=0), ACCEPTED),
    "altered on its way": Case(Fault(FaultKind.ALTERED_TEXT), ACCEPTED, text="“So\nbe it” "),
}  # fmt: skip

LOOKING = {
    # What goes wrong while an uncertain text is looked for. Left out is SHORTER: a gateway that hides a text cannot
    # be told from one that never had it.
    FaultKind.NUMBERS_AS_TEXT,
    FaultKind.MISSING_TS,
    FaultKind.ONE_BROKEN_MESSAGE,
    FaultKind.EMPTY_CONVERSATION,
}


def test_no_fault_of_the_sandbox_is_left_out() -> None:
    kinds = {case.fault.kind for case in TABLE.values() if isinstance(case.fault, Fault)}
    assert kinds | LOOKING | {FaultKind.SHORTER} == set(FaultKind)


def test_what_is_sent_again_by_itself_never_arrived() -> None:
    assert not any(case.arrives or case.posts for case in TABLE.values() if case.state is QUEUED)
    assert not any(case.arrives for case in TABLE.values() if case.state is FAILED)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name, seconds in WAITS:
        monkeypatch.setattr(owner, name, seconds)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote() as made:
        yield made


class Stage:
    """A rig whose sends of one text meet a fault."""

    def __init__(self, rig: Rig, case: Case, stack: ExitStack, folder: Path) -> None:
        self.rig = rig
        self.case = case
        self.sandbox = rig.sandbox
        self.told: list[tuple[SendState | None, str]] = []
        self.ways: Ways | None = None
        self._stack = stack
        self._folder = folder
        self.peer: Peer | None = None
        self.url = ""
        if isinstance(case.fault, str):
            self.url = self._peer(case.fault)
        rig.ears.listeners.append(self._listen)

    def _peer(self, name: str) -> str:
        """The address of what stands in the gateway's place."""
        if name == "refused":
            with Sandbox(people=()) as gone:
                return gone.base_url
        if name == "nameless":
            return "http://gateway.invalid/standard/api"
        if name == "plain port":
            return self.sandbox.base_url.replace("http:", "https:")
        if name == "stranger":
            pytest.importorskip("cryptography")
            certificate = peer_kit.make_certificate(self._folder)
            return self._stack.enter_context(Sandbox(key=KEY, people=(), certificate=certificate)).base_url
        if name == "takes no connection":
            if sys.platform != "linux":
                pytest.skip("other systems answer although their queue is full")
            return f"http://127.0.0.1:{self._stack.enter_context(peer_kit.port_that_takes_no_connection())}/x"
        self.peer = Peer(self.sandbox.world, getattr(peer_kit, name, None))
        self._stack.callback(self.peer.close)
        return self.peer.url("https" if name == "mute TLS" else "http")

    def _listen(self, event: Event) -> None:
        del event
        for item in self.rig.items(ANAS):
            if self._is_it(item.text) and (item.state, item.reason) not in self.told:
                self.told.append((item.state, item.reason))

    def make(self, before: Any = None) -> Ways:
        """The ways to the gateway; those that meet silence wait a moment only."""
        held = SILENT in self.case.reasons or NOT_TAKEN in self.case.reasons
        key, usual = self.sandbox.key, gateway_to(self.sandbox.base_url, self.sandbox.key)
        others: dict[str, Gateway] = {}
        if self.url or held:
            others = {self.case.text: gateway_to(self.url or self.sandbox.base_url, key, hasty=held)}
        self.ways = Ways(usual, others, before)
        return self.ways

    def arm(self) -> None:
        """Let the next send meet the fault."""
        if isinstance(self.case.fault, Fault):
            self.sandbox.faults.add(
                replace(self.case.fault, call="manualTXT", times=self.case.fault.times or 1)
            )

    async def ended(self) -> None:
        """Wait until the text's request has ended, or the text is seen at the gateway before that."""
        await self.rig.ears.until(
            lambda: any(
                reason in self.case.reasons or state is SendState.SEEN for state, reason in self.told[2:]
            )
        )
        if not self.case.decided and self.told[2][0] is QUEUED:
            self.case = replace(self.case, state=QUEUED)

    async def look(self) -> None:
        assert self.ways
        await self.ways.look(self.rig.engine, ANA)

    @property
    def posts(self) -> int:
        """How many requests to send were begun to be read, wherever they went."""
        return len(self.rig.posts()) + (self.peer.heads if self.peer else 0)

    @property
    def copies(self) -> int:
        """How often the world has the text."""
        return sum(self._is_it(message.text) for message in self.sandbox.world.conversation(ANA))

    def shown(self) -> list[tuple[SendState | None, str, bool]]:
        """How the text stands on the screen: one entry for each time that it does."""
        return [
            (item.state, item.reason, item.missing) for item in self.rig.items(ANAS) if self._is_it(item.text)
        ]

    def _is_it(self, text: str) -> bool:
        """Whether it is the text, perhaps altered on its way."""
        sent = self.case.text
        return text == sent or (len(sent) < 1000 and _plain(text) == _plain(sent))

    async def settle(self, state: SendState, reasons: tuple[str, ...]) -> None:
        """See a text that is in this state come to where it belongs, and nothing go out that nobody asked for."""
        rig = self.rig
        if state is QUEUED:
            assert self.ways
            self.ways.others.clear()
            rig.clock.at += 3
            rig.engine.refresh()
            await rig.ears.until(lambda: {item.state for item in rig.items(ANAS)} == {None, SendState.SEEN})
        elif state is FAILED:
            assert [shown for shown in self.shown() if shown[1] in reasons] == self.shown()
            assert [shown[0] for shown in self.shown()] == [FAILED]
        elif self.case.arrives:
            await rig.ears.until(lambda: self.shown() == [(SendState.SEEN, "", False)])
        else:
            await self.look()
            assert [shown[0] for shown in self.shown()] == [UNCONFIRMED]
            rig.clock.at += 61
            await self.look()
            ((found, reason, missing),) = self.shown()
            assert (found, missing) == (UNCONFIRMED, True)
            assert reason in reasons
        posts = self.posts
        rig.clock.at += 3600
        await self.look()
        await self.look()
        assert self.posts == posts, "sent by itself"
        assert len(self.shown()) == 1
        assert self.copies == (self.case.arrives or state is QUEUED)


def _plain(text: str) -> list[str]:
    return text.replace("“", '"').replace("”", '"').split()


@asynccontextmanager
async def stage_of(folder: Path, name: str) -> AsyncIterator[Stage]:
    async with rig_of(folder, polling=PATIENT, contacts=(ANA, BEN)) as rig:
        rig.sandbox.world.receive(ANA, "before", START - 60)
        with ExitStack() as stack:
            stage = Stage(rig, TABLE[name], stack, folder)
            try:
                yield stage
            finally:
                await rig.stop()


def use(stage: Stage, before: Any = None) -> None:
    async def connected(key: object) -> Any:
        del key
        return stage.make(before)

    stage.rig.account.connect = connected  # type: ignore[method-assign]


@pytest.mark.parametrize("name", TABLE)
async def test_first_send(tmp_path: Path, name: str) -> None:
    async with stage_of(tmp_path, name) as stage:
        rig = stage.rig
        use(stage)
        await rig.live()
        stage.arm()
        text = await rig.engine.send(ANAS, stage.case.text, sender=HOME)
        await stage.ended()
        case = stage.case
        assert stage.told[:2] == [(QUEUED, ""), (SendState.SENDING, "")]
        assert stage.told[2][0] is case.state
        assert stage.told[2][1] in case.reasons
        assert stage.posts == case.posts
        assert stage.copies == case.arrives
        await stage.settle(case.state, case.reasons)
        assert stage.posts == case.posts + (case.state is QUEUED)
        assert rig.history[text][-1] is (
            SendState.SEEN if case.arrives or case.state is QUEUED else case.state
        )


@pytest.mark.parametrize("name", TABLE)
async def test_second_of_a_drain(tmp_path: Path, name: str) -> None:
    async with stage_of(tmp_path, name) as stage:
        case, rig = stage.case, stage.rig
        at_ben = asyncio.Event()

        async def before(text: str) -> None:
            # The fault is one request's: nobody else may meet it, and Ben's goes out while it lasts.
            if text == case.text:
                stage.arm()
                at_ben.set()
            elif text == "to Ben":
                await at_ben.wait()
                await rig.ears.until(lambda: not stage.sandbox.faults.waiting)

        use(stage, before)
        ids = [await rig.engine.send(ANAS, text, sender=HOME) for text in ("one", case.text, "three")]
        other = await rig.engine.send(BENS, "to Ben", sender=HOME)
        rig.start()
        for each in (other, ids[0]):
            await rig.becomes(each, SendState.SEEN)
        await stage.ended()
        case = stage.case
        if case.state is QUEUED:
            assert stage.shown()[0][0] is QUEUED
            assert rig.state(ids[2]) is QUEUED, "it overtook one that waits"
        else:
            await rig.becomes(ids[2], SendState.SEEN)
        await stage.settle(case.state, case.reasons)
        await rig.becomes(ids[2], SendState.SEEN)
        assert [rig.state(each) for each in (ids[0], ids[2], other)] == [SendState.SEEN] * 3
        assert stage.posts == 3 + (case.posts or case.state is QUEUED)
        world = [message.text for message in stage.sandbox.world.conversation(ANA)]
        arrived = stage.copies == 1
        assert (world[1], world[-1], len(world)) == ("one", "three", 3 + arrived), "out of order"
        assert rig.texts(ANAS)[:2] == ["before", "one"]
        assert len(rig.texts(ANAS)) == 4
        assert [message.text for message in stage.sandbox.world.conversation(BEN)] == ["to Ben"]


DIED = ("the program ended before the gateway answered",)
NEVER_LEFT_AT_ONCE = {"refused", "nameless", "plain port", "stranger"}


@pytest.mark.parametrize("name", TABLE)
async def test_killed(tmp_path: Path, name: str, zygote: Zygote) -> None:
    """SIGKILL when the other side has acted on the request, or holds it, and the client has no answer yet."""
    async with stage_of(tmp_path, name) as stage:
        case, rig, sandbox = stage.case, stage.rig, stage.sandbox
        clock = SharedClock(tmp_path / "clock", START)
        others = {case.text: stage.url} if stage.url else {}
        mortal = zygote.start(rig.file, sandbox, clock, others=others)
        dead = asyncio.Event()
        loop = asyncio.get_running_loop()

        both_written = threading.Event()

        def kill() -> None:
            both_written.wait(PATIENCE)  # in the thread that serves: the request is held meanwhile
            mortal.strike()
            loop.call_soon_threadsafe(dead.set)

        record = sandbox._journal.record

        def record_and_kill(request: RecordedRequest) -> None:
            record(request)
            if request.call == "manualTXT":
                kill()

        sandbox._journal.record = record_and_kill  # type: ignore[method-assign]
        if stage.peer:
            stage.peer.met = kill
        stage.arm()
        for text in (case.text, "three"):
            mortal.tell({"do": "send", "contact": ANAS, "text": text, "sender": HOME})
        ids = [OutboxId((await asyncio.to_thread(mortal.answer))["id"]) for _ in range(2)]
        both_written.set()
        if case.fault in NEVER_LEFT_AT_ONCE:
            await rig.ears.until(lambda: stage.shown()[0][1])
            assert stage.shown()[0][0] is QUEUED
            kill()
        elif case.state is QUEUED:
            await rig.ears.until(lambda: stage.shown()[0][0] is SendState.SENDING)
            kill()
        async with asyncio.timeout(PATIENCE):
            await dead.wait()
        await asyncio.to_thread(mortal.bury)
        clock.close()
        sandbox.faults.clear()
        sandbox._journal.record = record  # type: ignore[method-assign]
        assert rig.state(ids[1]) is QUEUED
        left = case.fault not in NEVER_LEFT_AT_ONCE
        assert rig.state(ids[0]) is (SendState.SENDING if left else QUEUED)
        posts = stage.posts
        assert posts == (1 if case.posts else 0)
        use(stage)
        stage.url = ""
        rig.clock.at += 3
        rig.start()
        await rig.ears.until(lambda: stage.ways is not None)
        await rig.becomes(ids[1], SendState.SEEN)
        if left:
            # Killed between the two spellings of the path, it went to nobody.
            arrives = case.arrives and name != "404 once"
            stage.case = replace(case, arrives=arrives)
            state, reasons = UNCONFIRMED, DIED
            if not arrives:
                assert (UNCONFIRMED, DIED[0], False) in stage.shown()
            await stage.settle(state, reasons)
            assert stage.posts == posts + 1, "only the one behind it goes out by itself"
        else:
            await rig.becomes(ids[0], SendState.SEEN)
            assert (stage.posts, stage.copies) == (posts + 2, 1)
            assert rig.posts() == [case.text, "three"]
        assert len(stage.shown()) == 1
        assert rig.texts(ANAS).count("three") == rig.posts().count("three") == 1


@pytest.mark.parametrize("kind", sorted(LOOKING))
@pytest.mark.parametrize("arrives", [True, False])
async def test_an_uncertain_text_is_not_told_missing_by_an_answer_that_cannot_be_read_well(
    tmp_path: Path, kind: FaultKind, arrives: bool
) -> None:
    async with stage_of(tmp_path, "503 and taken") as stage:
        rig = stage.rig
        use(stage)
        await rig.live()
        stage.case = replace(stage.case, fault=status(503, acts=arrives), arrives=arrives)
        rig.sandbox.faults.add(Fault(kind))
        stage.arm()
        text = await rig.engine.send(ANAS, stage.case.text, sender=HOME)
        await rig.ears.until(lambda: UNCONFIRMED in rig.history.get(text, []))
        for _ in range(3):
            rig.clock.at += 61
            await stage.look()
            if arrives:
                assert not any(missing for *_, missing in stage.shown()), "it is there"
        rig.sandbox.faults.clear()
        if arrives:
            await stage.look()
            assert rig.state(text) is SendState.SEEN
        else:
            await stage.settle(UNCONFIRMED, stage.case.reasons)
        assert rig.posts() == [stage.case.text]


async def test_a_text_lost_on_its_way_to_a_new_number_stays_uncertain(tmp_path: Path) -> None:
    """The gateway's empty answer proves nothing: a failed call looks so too."""
    async with stage_of(tmp_path, "503 and lost") as stage:
        rig = stage.rig
        use(stage)
        await rig.live()
        rig.sandbox.faults.add(status(503, acts=False, call="manualTXT", times=1))
        text = await rig.engine.send(BENS, "two", sender=HOME)
        await rig.becomes(text, UNCONFIRMED)
        assert stage.ways
        for _ in range(4):
            rig.clock.at += 61
            await stage.ways.look(rig.engine, BEN)
        (item,) = rig.items(BENS)
        assert (item.state, item.missing) == (UNCONFIRMED, False)
        await rig.engine.send_again(text)
        await rig.ears.until(lambda: [item.state for item in rig.items(BENS)] == [SendState.SEEN])
        assert rig.posts() == ["two", "two"]


async def test_another_client_tells_of_a_text_whose_sender_died(tmp_path: Path, zygote: Zygote) -> None:
    """Also where nothing waits behind it, and without a new start."""
    async with stage_of(tmp_path, "silence, lost") as stage:
        rig = stage.rig
        use(stage)
        clock = SharedClock(tmp_path / "clock", START)
        mortal = zygote.start(rig.file, rig.sandbox, clock)
        clock.close()
        stage.arm()
        mortal.tell({"do": "send", "contact": ANAS, "text": "two", "sender": HOME})
        await rig.requests(1, "manualTXT")
        await rig.live()
        await stage.look()
        assert [shown[0] for shown in stage.shown()] == [SendState.SENDING]
        await asyncio.to_thread(mortal.kill)
        await rig.ears.until(lambda: stage.shown() == [(UNCONFIRMED, DIED[0], False)])
        await stage.settle(UNCONFIRMED, DIED)
        assert stage.posts == 1


async def test_one_copy_does_not_stand_for_two_texts(tmp_path: Path) -> None:
    """The first was lost; of the second, with the same words, a copy is seen before its answer comes."""
    async with stage_of(tmp_path, "503 and lost") as stage:
        rig = stage.rig
        use(stage)
        await rig.live()
        stage.arm()
        lost = await rig.engine.send(ANAS, "two", sender=HOME)
        await rig.becomes(lost, UNCONFIRMED)
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=1, call="manualTXT", times=1))
        text = await rig.engine.send(ANAS, "two", sender=HOME)
        await rig.requests(2, "manualTXT")
        await stage.look()
        await rig.ears.until(lambda: rig.state(text) is not SendState.SENDING)
        rig.clock.at += 61
        await stage.look()
        await stage.look()
        assert stage.copies == 1
        assert [rig.state(each) for each in (lost, text)] == [UNCONFIRMED, SendState.SEEN]
        assert len(stage.shown()) == 2


@pytest.mark.parametrize("refused", [True, False])
async def test_an_answer_outweighs_a_copy_that_was_seen_meanwhile(tmp_path: Path, refused: bool) -> None:
    """Another client sent the same words while ours were under way, and ours certainly did not arrive."""
    async with stage_of(tmp_path, "refused" if refused else "TLS handshake never answered") as stage:
        rig = stage.rig
        at_gateway, go_on = asyncio.Event(), asyncio.Event()

        async def before(text: str) -> None:
            del text
            at_gateway.set()
            await go_on.wait()

        use(stage, before)
        await rig.live()
        stage.arm()
        text = await rig.engine.send(ANAS, "two", sender=HOME)
        await at_gateway.wait()
        rig.sandbox.world.sent_elsewhere(ANA, "two")
        await stage.look()
        assert [shown[0] for shown in stage.shown()] == [SendState.SEEN], "it may be ours"
        go_on.set()
        await rig.becomes(text, FAILED if refused else QUEUED)
        assert sorted(str(shown[0]) for shown in stage.shown()) == sorted([str(stage.case.state), "seen"])
        if not refused:
            assert stage.ways
            stage.ways.others.clear()
            rig.clock.at += 3
            rig.engine.refresh()
            await rig.becomes(text, SendState.SEEN)
            assert stage.copies == 2


async def test_whoever_wakes_the_sender_often_does_not_keep_it_from_seeing_a_death(
    tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "BLOCKED_SECONDS", 3600.0)
    async with stage_of(tmp_path, "silence, lost") as stage:
        rig = stage.rig
        use(stage)
        clock = SharedClock(tmp_path / "clock", START)
        mortal = zygote.start(rig.file, rig.sandbox, clock)
        clock.close()
        stage.arm()
        mortal.tell({"do": "send", "contact": ANAS, "text": "two", "sender": HOME})
        await rig.requests(1, "manualTXT")
        await rig.live()
        await stage.look()
        await asyncio.to_thread(mortal.kill)
        rig.engine.refresh()
        await rig.ears.until(lambda: stage.shown() == [(UNCONFIRMED, DIED[0], False)])
