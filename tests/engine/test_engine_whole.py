"""The engine as its users have it: real HTTP to a sandbox, a real store, no screen."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, CLEO, DEADLINE, EAGER, HOME, PATIENT, START, rig_of

from gynetix_tui.engine import poller as poller_module
from gynetix_tui.engine import sender as sender_module
from gynetix_tui.engine.events import ContactChanged, ContactsChanged, KeyNeeded, LinkState
from gynetix_tui.engine.writer import Writer
from gynetix_tui.errors import GynetixError, KeyringError, NotSent, Refused, StoreError, Uncertain
from gynetix_tui.model import ContactId, Direction, PhoneNumber, SendState
from gynetix_tui.sandbox import Fault, FaultKind, Person
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

ANAS, BENS = ContactId(1), ContactId(2)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of the engine that a test would only sit through."""
    monkeypatch.setattr(poller_module, "SOON_SECONDS", 0.01)
    monkeypatch.setattr(poller_module.BackOff, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(poller_module.BackOff, "LONGEST_SECONDS", 0.1)


async def test_a_text_is_sent_accepted_and_seen_in_this_order(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        await rig.engine.save_draft(ANAS, "half a te")
        states: list[SendState] = []

        def look(event: object) -> None:
            if event == ContactChanged(ANAS):
                text = rig.store.outbox.get(outbox_id) if outbox_id else None
                if text and text.state not in states[-1:]:
                    states.append(text.state)

        outbox_id = None
        rig.ears.listeners.append(look)
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.1, call="manualTXT"))
        outbox_id = await rig.engine.send(ANAS, "Grüße\n👍 ", sender=HOME)
        assert rig.store.drafts.get(ANAS) == "", "cleared in the same transaction"
        states.insert(0, SendState.QUEUED)
        await rig.becomes(outbox_id, SendState.SEEN)
        assert states == [SendState.QUEUED, SendState.SENDING, SendState.ACCEPTED, SendState.SEEN]
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
        assert rig.posts() == [message.text for message in rig.sandbox.world.conversation(ANA)] == rig.texts(ANAS)


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
        await rig.ears.until(lambda: rig.texts(ANAS) == ["kept"] and rig.items(ANAS)[0].state is SendState.SEEN)
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
        rig.sandbox.faults.add(Fault(FaultKind.SILENCE, call="getConversation"), UNCERTAIN[fault])
        text = await rig.engine.send(ANAS, "once", sender=HOME)
        await rig.becomes(text, SendState.UNCONFIRMED)
        (item,) = (item for item in rig.items(ANAS) if item.outbox_id)
        assert item.reason
        assert not item.missing
        await rig.stop()
        rig.sandbox.faults.clear()

    async with rig_of_same(tmp_path, rig) as again:
        await again.live()
        if fault in LOST:
            assert again.state(text) is SendState.UNCONFIRMED
            again.clock.at += 61
            again.engine.refresh()
            await again.ears.until(lambda: any(item.missing for item in again.items(ANAS)))
            assert again.state(text) is SendState.UNCONFIRMED
        else:
            await again.becomes(text, SendState.SEEN)
        assert again.texts(ANAS) == ["before", "once"]
    assert len([r for r in rig.sandbox.requests if r.call == "manualTXT"]) == 1


def rig_of_same(folder: Path, before: object) -> object:
    raise NotImplementedError
