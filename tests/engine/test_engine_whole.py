"""The engine as its users have it: real HTTP to a sandbox, a real store, no screen."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, CLEO, DEADLINE, EAGER, HOME, START, Rig, rig_of

from gynetix_tui.engine import poller as poller_module
from gynetix_tui.engine import sender as sender_module
from gynetix_tui.engine.events import ContactChanged, ContactsChanged, KeyNeeded, LinkState
from gynetix_tui.engine.limiter import BackOff
from gynetix_tui.engine.owner import this_process
from gynetix_tui.engine.writer import Writer
from gynetix_tui.errors import GynetixError, KeyringError, NotSent, Refused, StoreError, Uncertain
from gynetix_tui.model import ContactId, Direction, OutboxId, SendState
from gynetix_tui.sandbox import Fault, FaultKind, Person
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

ANAS, BENS = ContactId(1), ContactId(2)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of the engine that a test would only sit through."""
    monkeypatch.setattr(poller_module, "SOON_SECONDS", 0.01)
    monkeypatch.setattr(BackOff, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(BackOff, "LONGEST_SECONDS", 0.1)


async def test_a_text_is_sent_accepted_and_seen_in_this_order(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        await rig.engine.save_draft(ANAS, "half a te")
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.1, call="manualTXT"))
        outbox_id = await rig.engine.send(ANAS, "Grüße\n👍 ", sender=HOME)
        assert rig.store.drafts.get(ANAS) == "", "cleared in the same transaction"
        await rig.becomes(outbox_id, SendState.SEEN)
        assert rig.history[outbox_id] == [
            SendState.QUEUED,
            SendState.SENDING,
            SendState.ACCEPTED,
            SendState.SEEN,
        ]
        assert rig.texts(ANAS) == ["Grüße\n👍 "]
        (item,) = rig.items(ANAS)
        assert (item.state, item.outbox_id) == (SendState.SEEN, None)
        assert rig.posts() == ["Grüße\n👍 "]
        summary = rig.store.contacts.summary(ANAS)
        assert summary is not None
        assert (summary.last_direction, summary.last_state, summary.draft) == (Direction.OUT, None, "")


async def test_a_text_stands_in_the_store_before_the_engine_runs(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        ids = [await rig.engine.send(ANAS, f"text {n}", sender=HOME) for n in range(5)]
        assert rig.texts(ANAS) == [f"text {n}" for n in range(5)]
        assert rig.sandbox.requests == []
        rig.start()
        await rig.becomes(ids[-1], SendState.SEEN)
        assert [rig.state(each) for each in ids] == [SendState.SEEN] * 5
        assert (
            rig.posts()
            == [message.text for message in rig.sandbox.world.conversation(ANA)]
            == rig.texts(ANAS)
        )


async def test_the_same_text_three_times_is_three_texts(tmp_path: Path) -> None:
    async with rig_of(tmp_path, polling=EAGER) as rig:
        await rig.live()
        ids = [await rig.engine.send(ANAS, "ok", sender=HOME) for _ in range(3)]
        await rig.ears.until(lambda: all(rig.state(each) is SendState.SEEN for each in ids))
        assert rig.texts(ANAS) == rig.posts() == ["ok"] * 3


async def test_a_person_answers(tmp_path: Path) -> None:
    async with rig_of(tmp_path, polling=EAGER) as rig:
        rig.sandbox.world.add_person(Person(ANA.removeprefix("+"), "Ana", replies=["Hi!"]))
        await rig.live()
        await rig.engine.send(ANAS, "Hello", sender=HOME)
        await rig.requests(1, "manualTXT")
        rig.clock.at += 10
        await rig.ears.until(lambda: rig.texts(ANAS) == ["Hello", "Hi!"])
        await rig.ears.until(lambda: rig.store.contacts.unread_total() == 1)
        await rig.engine.mark_read(ANAS)
        assert rig.store.contacts.unread_total() == 0
        rig.ears.events.clear()
        await rig.engine.mark_read(ANAS)
        assert ContactChanged(ANAS) not in rig.ears.events, "nothing changed"
        await rig.engine.mark_unread(ANAS)
        assert rig.store.contacts.unread_total() == 1


async def test_what_the_gateway_refuses_is_failed_with_its_reason_and_kept(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.REFUSE, reason="Not enough credits", times=1))
        text = await rig.engine.send(ANAS, "kept", sender=HOME)
        await rig.becomes(text, SendState.FAILED)
        (item,) = rig.items(ANAS)
        assert (item.text, item.reason, item.state) == ("kept", "Not enough credits", SendState.FAILED)
        await rig.engine.send_again(text)
        assert rig.state(text) is SendState.DISCARDED
        await rig.ears.until(
            lambda: rig.texts(ANAS) == ["kept"] and rig.items(ANAS)[0].state is SendState.SEEN
        )
        assert rig.posts() == ["kept", "kept"]
        with pytest.raises(GynetixError, match="by now"):
            await rig.engine.send_again(text)
        with pytest.raises(GynetixError, match="by now"):
            await rig.engine.discard(text)


UNCERTAIN = {
    "500": Fault(FaultKind.STATUS, status=500, call="manualTXT"),
    "408": Fault(FaultKind.STATUS, status=408, call="manualTXT"),
    "redirect": Fault(FaultKind.REDIRECT, call="manualTXT"),
    "page": Fault(FaultKind.HTML, call="manualTXT"),
    "half": Fault(FaultKind.TRUNCATED_JSON, call="manualTXT"),
    "null": Fault(FaultKind.NULL, call="manualTXT"),
    "nothing": Fault(FaultKind.EMPTY_BODY, call="manualTXT"),
    "cut off": Fault(FaultKind.TRUNCATED_BODY, call="manualTXT"),
    "gzip": Fault(FaultKind.BAD_GZIP, call="manualTXT"),
    "closed": Fault(FaultKind.CLOSE_AFTER_BODY, call="manualTXT"),
    "reset": Fault(FaultKind.RESET_AFTER_BODY, call="manualTXT"),
    "garbage": Fault(FaultKind.GARBAGE_STATUS_LINE, call="manualTXT"),
    "closed early": Fault(FaultKind.CLOSE_AFTER_HEADERS, call="manualTXT"),
    "reset early": Fault(FaultKind.CLOSE_ON_ACCEPT, call="manualTXT"),
    "lost": Fault(FaultKind.STATUS, status=502, acts=False, call="manualTXT"),
}
LOST = {"closed early", "reset early", "lost"}


@pytest.mark.parametrize("fault", UNCERTAIN)
async def test_whatever_is_uncertain_is_posted_once_and_found_where_it_arrived(
    tmp_path: Path, fault: str
) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.world.receive(ANA, "before", START - 60)
        await rig.live()
        rig.sandbox.faults.add(UNCERTAIN[fault])
        text = await rig.engine.send(ANAS, "once", sender=HOME)
        known = [SendState.QUEUED, SendState.SENDING, SendState.UNCONFIRMED]
        if fault in LOST:
            await rig.ears.until(lambda: _misses(rig, text) == 1)
            assert not rig.items(ANAS)[-1].missing
            rig.clock.at += 61
            rig.engine.refresh()
            await rig.ears.until(lambda: rig.items(ANAS)[-1].missing)
            assert rig.history[text] == known
            assert rig.items(ANAS)[-1].reason
            assert [message.text for message in rig.sandbox.world.conversation(ANA)] == ["before"]
        else:
            await rig.becomes(text, SendState.SEEN)
            assert rig.history[text] == [*known, SendState.SEEN]
        assert rig.texts(ANAS) == ["before", "once"]
        assert len([request for request in rig.sandbox.requests if request.call == "manualTXT"]) == 1


def _misses(rig: Rig, outbox_id: OutboxId) -> int:
    text = rig.store.outbox.get(outbox_id)
    assert text is not None
    return text.misses


async def test_an_uncertain_text_can_be_sent_again_or_discarded(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.STATUS, status=502, acts=False, call="manualTXT", times=2))
        one = await rig.engine.send(ANAS, "one", sender=HOME)
        two = await rig.engine.send(ANAS, "two", sender=HOME)
        await rig.becomes(two, SendState.UNCONFIRMED)
        await rig.engine.discard(one)
        await rig.engine.send_again(two)
        await rig.ears.until(lambda: [item.state for item in rig.items(ANAS)] == [SendState.SEEN])
        assert rig.posts() == ["one", "two", "two"]
        assert rig.texts(ANAS) == ["two"]


async def test_without_a_connection_a_text_waits_and_leaves_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "RETRY_SECONDS", (0.02, 0.04))
    async with rig_of(tmp_path, contacts=(ANA, BEN)) as rig:
        rig.sandbox.stop()
        rig.clock.run()
        rig.start()
        ids = [await rig.engine.send(ANAS, f"text {n}", sender=HOME) for n in range(3)]
        await rig.ears.until(lambda: _attempts(rig, ids[0]) >= 4)
        assert [rig.state(each) for each in ids[1:]] == [SendState.QUEUED] * 2
        assert rig.items(ANAS)[0].reason in {"no connection to the gateway", ""}
        assert rig.engine.link.state is LinkState.OFFLINE
        rig.sandbox.start()
        await rig.ears.until(
            lambda: all(rig.state(each) in {SendState.ACCEPTED, SendState.SEEN} for each in ids)
        )
        assert rig.posts() == ["text 0", "text 1", "text 2"]


def _attempts(rig: Rig, outbox_id: OutboxId) -> int:
    text = rig.store.outbox.get(outbox_id)
    assert text is not None
    return text.attempts


async def test_after_ten_minutes_without_a_connection_a_text_is_failed(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.stop()
        rig.start()
        one = await rig.engine.send(ANAS, "one", sender=HOME)
        two = await rig.engine.send(ANAS, "two", sender=HOME)
        await rig.ears.until(lambda: _attempts(rig, one) == 1 and rig.state(one) is SendState.QUEUED)
        rig.clock.at += 3
        rig.engine.refresh()
        await rig.ears.until(lambda: _attempts(rig, one) == 2 and rig.state(one) is SendState.QUEUED)
        rig.clock.at += 594
        rig.engine.refresh()
        await rig.ears.until(lambda: _attempts(rig, two) == 1 and rig.state(two) is SendState.QUEUED)
        await rig.becomes(one, SendState.FAILED)
        rig.clock.at += 10
        rig.engine.refresh()
        await rig.becomes(two, SendState.FAILED)
        for item in rig.items(ANAS):
            assert item.reason in {"no connection to the gateway", "no connection in 10 minutes"}
        rig.sandbox.start()
        rig.engine.refresh()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.LIVE)
        assert rig.posts() == []


async def test_a_text_that_a_dead_process_was_sending_is_uncertain_at_the_start(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        text = await rig.engine.send(ANAS, "perhaps", sender=HOME)
        with Store.open(rig.file) as other:
            _, started, place = this_process().split(":", 2)
            other.outbox.claim(owner=f"4194304:{started}:{place}", now=START)  # beyond every process id
        rig.sandbox.faults.add(Fault(FaultKind.STATUS, status=500))
        rig.start()
        await rig.becomes(text, SendState.UNCONFIRMED)
        await rig.requests(1)
        assert rig.items(ANAS)[0].reason == "the program ended before the gateway answered"
        assert rig.posts() == []


async def test_stopping_waits_for_a_text_under_way_and_tells_the_truth(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.2, call="manualTXT"))
        text = await rig.engine.send(ANAS, "one", sender=HOME)
        behind = await rig.engine.send(ANAS, "two", sender=HOME)
        await rig.requests(1, "manualTXT")
        await rig.stop()
        assert rig.state(text) is SendState.ACCEPTED
        assert rig.state(behind) is SendState.QUEUED
        assert rig.posts() == ["one"]


async def test_stopping_while_the_gateway_is_silent_ends_and_tells_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sender_module, "QUIT_SECONDS", 0.1)
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.SILENCE, call="manualTXT"))
        text = await rig.engine.send(ANAS, "one", sender=HOME)
        await rig.requests(1, "manualTXT")
        await rig.stop()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("send-")]
        assert rig.state(text) is SendState.UNCONFIRMED
        assert rig.posts() == ["one"]
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_stopping_at_any_moment_keeps_the_store_whole(tmp_path: Path) -> None:
    for turn in range(12):
        folder = tmp_path / str(turn)
        folder.mkdir()
        async with rig_of(folder, polling=EAGER, contacts=(ANA, BEN)) as rig:
            rig.sandbox.world.receive(ANA, "hi")
            rig.start()
            ids = [
                await rig.engine.send(contact, f"text {n}", sender=HOME)
                for n in range(2)
                for contact in (ANAS, BENS)
            ]
            for _ in range(turn * 7):
                await asyncio.sleep(0)
            await rig.stop()
            sent = rig.posts()
            assert len(sent) == len(
                {(r.phone, r.field("message")) for r in rig.sandbox.requests if r.call == "manualTXT"}
            )
            for each in ids:
                text = rig.store.outbox.get(each)
                assert text is not None
                arrived = text.text in [m.text for m in rig.sandbox.world.conversation(text.to)]
                assert (text.state in {SendState.ACCEPTED, SendState.SEEN}) is arrived, (turn, text)
                assert text.state in {SendState.QUEUED, SendState.ACCEPTED, SendState.SEEN}


async def test_suppression_is_asked_for_and_kept(tmp_path: Path) -> None:
    async with rig_of(tmp_path, contacts=(ANA, BEN)) as rig:
        with pytest.raises(NotSent):
            await rig.engine.suppress(ANAS)
        await rig.live()
        assert await rig.engine.suppress(ANAS) == "Number has been added to suppression"
        assert rig.sandbox.world.suppressed(ANA)
        contact = rig.store.contacts.get(ANAS)
        assert contact is not None
        assert contact.suppressed
        assert rig.ears.events[-1] == ContactChanged(ANAS)
        with pytest.raises(GynetixError, match="suppressed"):
            await rig.engine.send(ANAS, "x", sender=HOME)
        assert rig.items(ANAS) == []
        await rig.engine.send(BENS, "x", sender=HOME)


@pytest.mark.parametrize(
    ("fault", "kind", "done"),
    [
        (Fault(FaultKind.REFUSE, reason="No"), Refused, False),
        (Fault(FaultKind.CLOSE_AFTER_BODY), Uncertain, True),
        (None, NotSent, False),
    ],
)
async def test_a_suppression_that_goes_wrong_changes_nothing_here(
    tmp_path: Path, fault: Fault | None, kind: type[GynetixError], done: bool
) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        if fault:
            rig.sandbox.faults.add(fault)
        else:
            rig.sandbox.stop()
        with pytest.raises(kind):
            await rig.engine.suppress(ANAS)
        assert rig.sandbox.world.suppressed(ANA) is done
        contact = rig.store.contacts.get(ANAS)
        assert contact is not None
        assert not contact.suppressed
        assert len([r for r in rig.sandbox.requests if r.call == "addSuppression"]) == (fault is not None)
        await rig.engine.delete_contact(ANAS)
        with pytest.raises(Refused, match="deleted"):
            await rig.engine.suppress(ANAS)


@pytest.mark.parametrize("given", [None, KeyringError("The keyring is locked.")])
async def test_a_key_is_asked_for(tmp_path: Path, given: KeyringError | None) -> None:
    async with rig_of(tmp_path, given=given, contacts=()) as rig:
        rig.start()
        await rig.ears.until(lambda: any(isinstance(event, KeyNeeded) for event in rig.ears.events))
        reason = str(given or "")
        assert rig.ears.events[-1] == KeyNeeded(reason, "Test Keyring")
        assert (rig.engine.link.state, rig.engine.link.reason) == (LinkState.NO_KEY, reason)
        ana = await rig.engine.add_contact(ANA, "Ana")
        text = await rig.engine.send(ana, "waits", sender=HOME)
        rig.engine.open(ana)
        rig.engine.refresh()
        assert rig.account.gateways == []
        await rig.engine.use_key(ApiKey(rig.sandbox.key), keep=True)
        await rig.becomes(text, SendState.SEEN)
        assert rig.account.kept == [rig.sandbox.key]
        assert rig.ears.links == [LinkState.NO_KEY, LinkState.STARTING, LinkState.LIVE]


async def test_a_key_that_is_not_kept_or_cannot_be(tmp_path: Path) -> None:
    async with rig_of(tmp_path, given=None) as rig:
        rig.start()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.NO_KEY)
        rig.account.kept = None
        with pytest.raises(KeyringError):
            await rig.engine.use_key(ApiKey("other"), keep=True)
        assert rig.engine.link.state is LinkState.NO_KEY
        await rig.engine.use_key(ApiKey(rig.sandbox.key), keep=False)
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.LIVE)
        assert len(rig.account.gateways) == 1


async def test_with_a_key_and_nobody_to_ask_for_it_is_not_without_a_key(tmp_path: Path) -> None:
    async with rig_of(tmp_path, given=None, contacts=()) as rig:
        rig.start()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.NO_KEY)
        await rig.engine.use_key(ApiKey(rig.sandbox.key), keep=False)
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.STARTING)


async def test_stopping_while_a_key_is_asked_for(tmp_path: Path) -> None:
    async with rig_of(tmp_path, given=None) as rig:
        rig.start()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.NO_KEY)
        await rig.stop()


async def test_a_wrong_key_is_told_by_what_the_gateway_says(tmp_path: Path) -> None:
    async with rig_of(tmp_path, given="wrong") as rig:
        await rig.live()
        text = await rig.engine.send(ANAS, "x", sender=HOME)
        await rig.becomes(text, SendState.FAILED)
        assert rig.items(ANAS)[0].reason == "Invalid API key"


async def test_the_open_conversation_is_asked_for_and_refresh_asks_for_all(tmp_path: Path) -> None:
    async with rig_of(tmp_path, contacts=(ANA, BEN, CLEO)) as rig:
        await rig.live()
        await rig.requests(3)
        rig.engine.open(BENS)
        await rig.requests(4)
        assert rig.sandbox.requests[3].phone == BEN.removeprefix("+")
        rig.sandbox.world.receive(CLEO, "news")
        rig.engine.refresh()
        await rig.ears.until(lambda: rig.texts(ContactId(3)) == ["news"])
        await rig.requests(7)
        assert {request.phone for request in rig.sandbox.requests[4:]} == {
            number.removeprefix("+") for number in (ANA, BEN, CLEO)
        }


async def test_the_open_conversation_is_polled_more_often(tmp_path: Path) -> None:
    often = Polling(open_seconds=0.01, recent_seconds=0.2, dormant_seconds=0.2, requests_per_minute=6000)
    async with rig_of(tmp_path, polling=often, contacts=(ANA, BEN)) as rig:
        rig.engine.open(BENS)
        rig.start()
        await rig.requests(40)
        asked = [request.phone for request in rig.sandbox.requests]
        assert asked.count(BEN.removeprefix("+")) > 4 * asked.count(ANA.removeprefix("+"))


async def test_trouble_with_one_conversation_leaves_the_others_alone(tmp_path: Path) -> None:
    async with rig_of(tmp_path, polling=EAGER, contacts=(ANA, BEN)) as rig:
        rig.sandbox.faults.add(Fault(FaultKind.HTML, phone=ANA))
        rig.start()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.TROUBLE)
        for n in range(3):
            rig.sandbox.world.receive(BEN, f"news {n}", START + n)
            await rig.ears.until(lambda: f"news {n}" in rig.texts(BENS))  # noqa: B023 - called in this turn
        assert rig.engine.link.contact_id == ANAS
        rig.sandbox.faults.clear()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.LIVE)
        rig.sandbox.stop()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.OFFLINE)
        rig.sandbox.start()
        await rig.ears.until(lambda: rig.engine.link.state is LinkState.LIVE)


async def test_contacts(tmp_path: Path) -> None:
    async with rig_of(tmp_path, contacts=()) as rig:
        rig.start()
        rig.sandbox.world.receive(ANA, "hi")
        ana = await rig.engine.add_contact(ANA, "Ana")
        assert rig.ears.events[-1] == ContactsChanged()
        await rig.ears.until(lambda: rig.texts(ana) == ["hi"])
        assert await rig.engine.add_contact(ANA, "") == ana
        assert await rig.engine.add_contact(ANA, "Anna") == ana
        await rig.engine.set_flags(ana, pinned=True)
        contact = rig.store.contacts.get(ana)
        assert contact is not None
        assert (contact.name, contact.pinned) == ("Anna", True)
        await rig.engine.rename_contact(ana, "")
        await rig.engine.delete_contact(ana)
        assert rig.store.contacts.is_empty()
        with pytest.raises(GynetixError, match="deleted"):
            await rig.engine.send(ana, "too late", sender=HOME)
        await rig.engine.save_draft(ana, "too late")
        assert rig.store.drafts.get(ana) == ""


async def test_a_contact_deleted_while_a_text_to_it_is_under_way(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.1, call="manualTXT", times=1))
        await rig.engine.send(ANAS, "one", sender=HOME)
        await rig.requests(1, "manualTXT")
        await rig.engine.delete_contact(ANAS)
        ben = await rig.engine.add_contact(BEN, "Ben")
        rig.sandbox.faults.add(Fault(FaultKind.REFUSE, reason="No", call="manualTXT"))
        text = await rig.engine.send(ben, "two", sender=HOME)
        await rig.becomes(text, SendState.FAILED)
        assert rig.history[text] == [SendState.QUEUED, SendState.SENDING, SendState.FAILED]
        assert rig.texts(ben) == ["two"]
        assert rig.engine.link.state is LinkState.LIVE


@pytest.mark.parametrize("text", ["", " \n", "\u00a0"])
async def test_a_blank_text_is_not_sent(tmp_path: Path, text: str) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.engine.save_draft(ANAS, "kept")
        with pytest.raises(GynetixError, match="blank"):
            await rig.engine.send(ANAS, text, sender=HOME)
        assert rig.items(ANAS) == []
        assert rig.store.drafts.get(ANAS) == "kept"


async def test_a_store_that_fails_ends_the_engine_with_its_sentence(tmp_path: Path) -> None:
    async with rig_of(tmp_path, polling=EAGER) as rig:
        await rig.live()
        raw = sqlite3.connect(rig.file)
        raw.execute("DROP TABLE messages")
        raw.close()
        rig.sandbox.world.receive(ANA, "hi")
        task = rig._task
        assert task is not None
        await asyncio.wait([task], timeout=DEADLINE)
        error = task.exception()
        rig._task = None
        assert type(error) is StoreError
        assert "messages" in str(error)


async def test_an_answer_of_numbers_beyond_measure_does_not_end_the_engine(tmp_path: Path) -> None:
    async with rig_of(tmp_path, polling=EAGER) as rig:
        rig.sandbox.world.receive(ANA, "hi")
        odd = '{"dir":"IN","ts":%s,"date":"1/1/0001 12:00 AM","message":"odd"}'
        for number in ("9" * 30, "-5", "1e300"):
            rig.sandbox.faults.add(Fault(FaultKind.ONE_BROKEN_MESSAGE, times=1, body=odd % number))
        rig.start()
        await rig.ears.until(lambda: "hi" in rig.texts(ANAS) and not rig.sandbox.faults.waiting)
        assert sorted(rig.texts(ANAS)) == ["hi", "odd"]


async def test_a_missing_ts_is_placed_by_its_date(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.world.receive(ANA, "hi")
        rig.sandbox.faults.add(Fault(FaultKind.MISSING_TS))
        await rig.live()
        (item,) = rig.items(ANAS)
        assert (item.text, item.time_source, item.date_text) == ("hi", "date", "1/24/2018 10:51 AM")


async def test_work_that_nobody_waits_for_any_more_is_finished(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    writer = Writer(file)
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(store: Store) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(DEADLINE)
        store.contacts.add(ANA, "Ana", now=START)

    def work_behind_it(store: Store) -> None:
        store.contacts.add(BEN, "Ben", now=START)

    tasks = [asyncio.create_task(writer.run(each)) for each in (work, work_behind_it)]
    await begun.wait()
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError)
        for end in await asyncio.gather(*tasks, return_exceptions=True)
    )
    go_on.set()
    await writer.close()
    with Store.open(file) as store:
        assert [contact.name for contact in store.contacts.all()] == ["Ana", "Ben"]


async def test_work_that_fails_is_undone(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "store.db")

    def work(store: Store) -> None:
        store.contacts.add(ANA, "Ana", now=START)
        store.contacts.add(ANA, "Ana", now=START)

    with pytest.raises(StoreError):
        await writer.run(work)
    assert await writer.run(lambda store: store.contacts.all()) == []
    await writer.close()


async def test_a_store_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"garbage" * 1000)
    writer = Writer(tmp_path / "store.db")
    with pytest.raises(StoreError):
        await writer.run(lambda store: store.contacts.all())
    await writer.close()
