"""Who opted out, or is suppressed, gets no text: by no way of sending, from no client, after no restart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, DEADLINE, HOME, START, Rig, fetched, heard, rig_of, said

from gynetix_tui.engine import poller as poller_module
from gynetix_tui.engine import sender as sender_module
from gynetix_tui.engine.events import ContactChanged
from gynetix_tui.engine.merge import merge
from gynetix_tui.errors import GynetixError, NotSent, Refused, Uncertain
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.model import ConsentEntry, ConsentEvent, Contact, ContactId, Heard, SendState
from gynetix_tui.sandbox import Fault, FaultKind
from gynetix_tui.store import Store

ANAS, BENS = ContactId(1), ContactId(2)
PLEA = "please stop texting me"
STOP_HEARD, START_HEARD, PLEA_HEARD = (
    ConsentEvent.STOP_HEARD,
    ConsentEvent.START_HEARD,
    ConsentEvent.PLEA_HEARD,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        opened.contacts.add(ANA, "Ana", now=START)
        yield opened


def put(store: Store, answer: FetchedConversation, *, asked_at: float = START, now: float = START) -> bool:
    with store.transaction():
        return merge(store, ANAS, answer, asked_at=asked_at, now=now).changed


def ana(store: Store) -> Contact:
    found = store.contacts.find(ANA)
    assert found
    return found


def logged(store: Store) -> list[tuple[ConsentEvent, str, int | None]]:
    return [(line.event, line.words, line.ts) for line in store.consent.of(ANA)]


# What a conversation says


@pytest.mark.parametrize(
    ("answers", "opt_out", "plea"),
    [
        ([[heard("STOP", 1)]], Heard("STOP", 1), None),
        ([[said("STOP", 1)]], None, None),
        ([[heard("HELP", 1)]], None, None),
        ([[heard("STOP", 1), heard("START", 2)]], None, None),
        ([[heard("START", 2), heard("STOP", 1)]], None, None),
        ([[heard("STOP", 1)], [heard("STOP", 1), heard("START", 2)]], None, None),
        # A text that comes late, and is older than a keyword after it, changes nothing.
        ([[heard("START", 2)], [heard("STOP", 1), heard("START", 2)]], None, None),
        ([[heard("STOP", 2)], [heard("START", 1), heard("STOP", 2)]], Heard("STOP", 2), None),
        # Those of one second stand as in the answer.
        ([[heard("STOP", 1), heard("START", 1)]], None, None),
        ([[heard("START", 1), heard("STOP", 1)]], Heard("STOP", 1), None),
        ([[heard("STOP", 1)], [heard("STOP", 1), heard("START", 1)]], None, None),
        ([[heard("STOP", 1)], [heard("START", 1), heard("STOP", 1)]], Heard("STOP", 1), None),
        ([[heard("hi", 1), heard("STOP", 1)], [heard("STOP", 1), heard("START", 1)]], None, None),
        ([[heard(PLEA, 1)]], None, Heard(PLEA, 1)),
        # Most who text "yes" answer some other question: only with an opt-out does what came before it go.
        ([[heard(PLEA, 1), heard("yes", 2)]], None, Heard(PLEA, 1)),
        ([[heard(PLEA, 1), heard("STOP", 2), heard("yes", 3)]], None, None),
        ([[heard(PLEA, 1), heard("STOP", 2)], [heard("START", 3)]], None, None),
        ([[heard("START", 1), heard(PLEA, 1)]], None, Heard(PLEA, 1)),
        ([[heard(PLEA, 3)], [heard(PLEA, 3), heard("START", 2)]], None, Heard(PLEA, 3)),
        ([[heard("START", 2)], [heard(PLEA, 1), heard("START", 2)]], None, Heard(PLEA, 1)),
        ([[heard("STOP", 1)], [heard("STOP", 1), heard(PLEA, 2)]], Heard("STOP", 1), None),
        ([[heard(PLEA, 1)], [heard(PLEA, 1), heard("Please stop texting me", 4)]], None, Heard("Please stop texting me", 4)),
        ([[heard("STOP", 1)], []], Heard("STOP", 1), None),
        # The log has the START last, which was heard last; the STOP stands after it all the same.
        ([[heard("STOP", 1)], [heard("START", 1), heard("STOP", 1)], [heard("START", 1), heard("STOP", 1), heard(PLEA, 2)]], Heard("STOP", 1), None),
    ],
)  # fmt: skip
def test_the_newest_keyword_decides(
    store: Store, answers: list[list[FetchedMessage]], opt_out: Heard | None, plea: Heard | None
) -> None:
    for answer in answers:
        put(store, fetched(*answer))
        before = logged(store), ana(store)
        assert not put(store, fetched(*answer)), "the same again"
        assert (logged(store), ana(store)) == before
    assert (ana(store).opt_out, ana(store).plea) == (opt_out, plea)
    assert ana(store).may_be_texted is (opt_out is None)


def test_what_is_heard_is_logged_once_whatever_comes_again(store: Store) -> None:
    whole = [heard("STOP", 1), heard("hello", 2), heard("HELP", 3), heard(PLEA, 4), heard("start", 5)]
    put(store, fetched(whole[4]), now=START + 1)
    put(store, fetched(*whole), now=START + 2)
    expected = [(START_HEARD, "start", 5), (STOP_HEARD, "STOP", 1), (PLEA_HEARD, PLEA, 4)]
    assert logged(store) == expected
    assert [line.at for line in store.consent.of(ANA)] == [START + 1, START + 2, START + 2]
    store.contacts.delete(ANAS)
    again = store.contacts.add(ANA, "", now=START + 3)
    with store.transaction():
        merge(store, again, fetched(*whole), asked_at=START + 3, now=START + 3)
    assert logged(store) == expected
    assert (ana(store).opt_out, ana(store).plea) == (None, None)


def test_a_text_without_a_time_counts_where_it_stands(store: Store) -> None:
    put(store, fetched(heard("hello", START), heard("STOP", None), heard("bye", START + 9)))
    assert ana(store).opt_out == Heard("STOP", int(START))
    assert not put(store, fetched(heard("hello", START), heard("STOP", None), heard("bye", START + 9)))


def test_a_plea_that_was_judged_is_not_told_again(store: Store) -> None:
    put(store, fetched(heard(PLEA, 5)))
    with store.transaction():
        store.contacts.settle_plea(ANAS)
    put(store, fetched(heard("please stop texting me!", 4), heard(PLEA, 5)))
    assert ana(store).plea is None
    assert put(store, fetched(heard(PLEA, 5), heard(PLEA, 6)))
    assert ana(store).plea == Heard(PLEA, 6)


def test_what_waits_fails_with_the_lock_and_is_not_revived_by_start(store: Store) -> None:
    waiting = store.outbox.add(ANAS, to=ANA, sender=HOME, text="one more thing", now=START)
    under_way = store.outbox.claim(owner="another", now=START)
    assert under_way
    second = store.outbox.add(ANAS, to=ANA, sender=HOME, text="and another", now=START)
    assert put(store, fetched(heard("Stop!", START + 1)))
    first, text = store.outbox.get(waiting), store.outbox.get(second)
    assert first
    assert text
    assert first.state is SendState.SENDING, "what is under way cannot be stopped"
    assert (text.state, text.reason) == (SendState.FAILED, "they texted Stop!")
    put(store, fetched(heard("Stop!", START + 1), heard("start", START + 2)))
    assert ana(store).may_be_texted
    assert store.outbox.claim(owner="another", now=START + 9) is None
    summary = store.contacts.summary(ANAS)
    assert summary
    assert summary.last_text == "start"


# What the gateway says of suppression


def test_a_suppression_that_comes_and_goes_is_logged_and_locks(store: Store) -> None:
    for suppressed in (False, True, True, False, False, True):
        put(store, fetched(heard("hi", 1), suppressed=suppressed))
        assert ana(store).suppressed is suppressed
    words = [ConsentEvent.GATEWAY_SUPPRESSES, ConsentEvent.GATEWAY_ALLOWS, ConsentEvent.GATEWAY_SUPPRESSES]
    assert [line.event for line in store.consent.of(ANA)] == words
    put(store, fetched(did=None, suppressed=False))
    assert ana(store).suppressed, "an answer that may be a failed call says nothing"


def test_suppression_fails_what_waits(store: Store) -> None:
    text = store.outbox.add(ANAS, to=ANA, sender=HOME, text="wait", now=START)
    put(store, fetched(suppressed=True))
    got = store.outbox.get(text)
    assert got
    assert (got.state, got.reason) == (SendState.FAILED, "suppressed at the gateway")


def test_a_start_never_lifts_a_suppression(store: Store) -> None:
    put(store, fetched(heard("STOP", 1), suppressed=True))
    put(store, fetched(heard("STOP", 1), heard("START", 2), suppressed=True))
    assert (ana(store).opt_out, ana(store).suppressed) == (None, True)


def test_an_answer_from_before_a_suppression_was_granted_lifts_nothing(store: Store) -> None:
    with store.transaction():
        store.consent.add(ConsentEntry(ANA, START, ConsentEvent.SUPPRESSION_GRANTED))
        store.contacts.set_suppressed(ANAS, True)
    put(store, fetched(suppressed=False))
    assert ana(store).suppressed
    put(store, fetched(suppressed=True))
    put(store, fetched(suppressed=False))
    assert not ana(store).suppressed, "now the gateway has said both"


# Ways of sending


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of the engine that a test would only sit through."""
    monkeypatch.setattr(poller_module, "SOON_SECONDS", 0.01)


def says(rig: Rig, text: str) -> None:
    """Ana writes, and the client looks."""
    rig.sandbox.world.receive(ANA, text)
    rig.engine.refresh()


async def locked(rig: Rig) -> None:
    says(rig, "STOP")
    await rig.ears.until(lambda: not ana(rig.store).may_be_texted)


async def test_nothing_can_be_queued_until_they_write_start(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.REFUSE, reason="no credits", times=1, call="manualTXT"))
        failed = await rig.engine.send(ANAS, "before", sender=HOME)
        await rig.becomes(failed, SendState.FAILED)
        await rig.engine.save_draft(ANAS, "a draft")
        await locked(rig)
        with pytest.raises(GynetixError, match=r"^The text was not sent: they texted STOP\.$"):
            await rig.engine.send(ANAS, "after", sender=HOME)
        with pytest.raises(GynetixError, match="they texted STOP"):
            await rig.engine.send_again(failed)
        assert rig.state(failed) is SendState.FAILED
        assert rig.store.drafts.get(ANAS) == "a draft"
        assert rig.posts() == ["before"]
        rig.clock.at += 5
        says(rig, "start")
        await rig.ears.until(lambda: ana(rig.store).may_be_texted)
        text = await rig.engine.send(ANAS, "after", sender=HOME)
        await rig.becomes(text, SendState.SEEN)
        await rig.engine.send_again(failed)
        await rig.ears.until(lambda: rig.posts() == ["before", "after", "before"])


async def test_a_text_that_did_not_leave_is_not_tried_again_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "RETRY_SECONDS", (0.01,))
    async with rig_of(tmp_path) as rig:
        await rig.live()
        gateway = rig.account.gateways[0]
        begun, end = asyncio.Event(), asyncio.Event()
        usual = gateway.send_message

        async def never_leaves(**_: object) -> str:
            begun.set()
            await end.wait()
            raise NotSent("no connection")

        monkeypatch.setattr(gateway, "send_message", never_leaves)
        text = await rig.engine.send(ANAS, "hello", sender=HOME)
        await asyncio.wait_for(begun.wait(), DEADLINE)
        await locked(rig)
        assert rig.state(text) is SendState.SENDING
        monkeypatch.setattr(gateway, "send_message", usual)
        end.set()
        await rig.becomes(text, SendState.FAILED)
        (item,) = [each for each in rig.items(ANAS) if each.outbox_id == text]
        assert item.reason == "they texted STOP"
        rig.clock.at += 5
        says(rig, "START")
        await rig.ears.until(lambda: ana(rig.store).may_be_texted)
        other = await rig.engine.send(ANAS, "later", sender=HOME)
        await rig.becomes(other, SendState.SEEN)
        assert rig.posts() == ["later"]


async def test_a_text_under_way_ends_as_it_would_have(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.2, call="manualTXT"))
        text = await rig.engine.send(ANAS, "hello", sender=HOME)
        await rig.requests(1, "manualTXT")
        await locked(rig)
        await rig.becomes(text, SendState.SEEN)


async def test_the_other_client_of_the_store_holds_too(tmp_path: Path) -> None:
    async with rig_of(tmp_path, contacts=(ANA, BEN)) as rig:
        await rig.live()
        with Store.open(rig.file) as other, other.transaction():
            text = other.outbox.add(ANAS, to=ANA, sender=HOME, text="hello", now=START)
            merge(other, ANAS, fetched(heard("STOP", START)), asked_at=START, now=START)
            # And what no client of this version does: a text that waits all the same.
            stray = other.outbox.add(ANAS, to=ANA, sender=HOME, text="stray", now=START)
        rig.engine.refresh()
        sent = await rig.engine.send(BENS, "to Ben", sender=HOME)
        await rig.becomes(sent, SendState.SEEN)
        assert rig.posts() == ["to Ben"]
        assert rig.state(text) is SendState.FAILED
        assert rig.state(stray) is SendState.QUEUED
        rig.clock.at += 601
        rig.engine.refresh()
        await rig.ears.until(lambda: rig.state(stray) is SendState.FAILED)
        assert rig.posts() == ["to Ben"]


async def test_what_waits_while_the_process_starts_is_not_sent(tmp_path: Path) -> None:
    async with rig_of(tmp_path, contacts=(ANA, BEN)) as rig:
        text = await rig.engine.send(ANAS, "hello", sender=HOME)
        with sqlite3.connect(rig.file) as raw:
            raw.execute("UPDATE contacts SET opt_out_text = 'STOP', opt_out_ts = 1 WHERE id = 1")
        raw.close()
        await rig.live()
        sent = await rig.engine.send(BENS, "to Ben", sender=HOME)
        await rig.becomes(sent, SendState.SEEN)
        assert rig.posts() == ["to Ben"]
        assert rig.state(text) is SendState.QUEUED


async def test_what_a_dead_process_was_sending_is_uncertain_and_stays_so(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        with Store.open(rig.file) as other, other.transaction():
            text = other.outbox.add(ANAS, to=ANA, sender=HOME, text="hello", now=START - 9999)
            other.outbox.claim(owner="4242:99:another-boot:pid:[4026531836]", now=START - 9999)
            merge(other, ANAS, fetched(heard("STOP", START)), asked_at=START, now=START)
        rig.sandbox.world.receive(ANA, "STOP", START)
        await rig.live()
        await rig.ears.until(lambda: rig.state(text) is SendState.UNCONFIRMED)
        with pytest.raises(GynetixError, match="they texted STOP"):
            await rig.engine.send_again(text)
        assert rig.posts() == []


async def test_a_text_of_too_many_segments_is_not_queued(tmp_path: Path) -> None:
    async with rig_of(tmp_path, most_segments=2) as rig:
        sentence = r"^This text takes 3 segments, and texting\.most_segments allows 2\.$"
        with pytest.raises(GynetixError, match=sentence):
            await rig.engine.send(ANAS, "a" * 307, sender=HOME)
        assert rig.items(ANAS) == []
        text = await rig.engine.send(ANAS, "a" * 306, sender=HOME)
        with sqlite3.connect(rig.file) as raw:
            raw.execute("UPDATE outbox SET state = 'failed', text = text || 'a'")
        raw.close()
        with pytest.raises(GynetixError, match=sentence):
            await rig.engine.send_again(text)
        assert rig.state(text) is SendState.FAILED


# Asking for suppression


async def test_a_suppression_is_logged_before_it_is_asked_and_locks_when_it_is_granted(
    tmp_path: Path,
) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.world.receive(ANA, PLEA)
        await rig.live()
        await rig.ears.until(lambda: ana(rig.store).plea == Heard(PLEA, int(START)))
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.3, call="addSuppression"))
        asking = asyncio.create_task(rig.engine.suppress(ANAS))
        await rig.requests(1, "addSuppression")
        assert logged(rig.store)[1:] == [(ConsentEvent.SUPPRESSION_ASKED, "", None)]
        with Store.open(rig.file) as other, other.transaction():
            text = other.outbox.add(ANAS, to=ANA, sender=HOME, text="late", now=START)
            other._connection.run("UPDATE outbox SET next_try_at = ? WHERE id = ?", (START + 60, text))
        words = await asyncio.wait_for(asking, DEADLINE)
        assert words
        assert logged(rig.store)[1:3] == [
            (ConsentEvent.SUPPRESSION_ASKED, "", None),
            (ConsentEvent.SUPPRESSION_GRANTED, words, None),
        ]
        assert (ana(rig.store).suppressed, ana(rig.store).plea) == (True, None)
        got = rig.store.outbox.get(text)
        assert got
        assert (got.state, got.reason) == (SendState.FAILED, "suppressed at the gateway")
        rig.engine.refresh()
        await rig.ears.until(lambda: logged(rig.store)[-1][0] is ConsentEvent.GATEWAY_SUPPRESSES)
        assert rig.posts() == []


@pytest.mark.parametrize(
    ("fault", "error", "event", "words"),
    [
        (Fault(FaultKind.REFUSE, reason="no such number"), Refused, ConsentEvent.SUPPRESSION_REFUSED, "no such number"),
        (Fault(FaultKind.CLOSE_AFTER_BODY), Uncertain, ConsentEvent.SUPPRESSION_UNCERTAIN, ""),
        (Fault(FaultKind.CLOSE_AFTER_BODY, acts=False), Uncertain, ConsentEvent.SUPPRESSION_UNCERTAIN, ""),
        (None, NotSent, ConsentEvent.SUPPRESSION_NOT_ASKED, ""),
    ],
)  # fmt: skip
async def test_a_call_that_failed_changes_nothing_but_the_log(
    tmp_path: Path, fault: Fault | None, error: type[GynetixError], event: ConsentEvent, words: str
) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.world.receive(ANA, PLEA)
        await rig.live()
        await rig.ears.until(lambda: ana(rig.store).plea)
        before = ana(rig.store)
        if fault:
            rig.sandbox.faults.add(fault)
        else:
            rig.sandbox.stop()
        with pytest.raises(error) as caught:
            await rig.engine.suppress(ANAS)
        assert ana(rig.store) == before
        asked, answer = rig.store.consent.of(ANA)[1:]
        assert (asked.event, asked.words) == (ConsentEvent.SUPPRESSION_ASKED, "")
        assert (answer.event, answer.words) == (event, str(caught.value))
        assert words in answer.words


async def test_a_suppression_without_a_connection_is_logged_as_not_asked(tmp_path: Path) -> None:
    async with rig_of(tmp_path, given=None) as rig:
        with pytest.raises(NotSent):
            await rig.engine.suppress(ANAS)
        asked, answer = rig.store.consent.of(ANA)
        assert (asked.event, answer.event) == (
            ConsentEvent.SUPPRESSION_ASKED,
            ConsentEvent.SUPPRESSION_NOT_ASKED,
        )


async def test_the_answer_is_kept_though_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.2, call="addSuppression"))
        asking = asyncio.create_task(rig.engine.suppress(ANAS))
        await rig.requests(1, "addSuppression")
        asking.cancel()
        await rig.stop()
        assert logged(rig.store)[-1][0] is ConsentEvent.SUPPRESSION_GRANTED
        assert ana(rig.store).suppressed


async def test_a_contact_that_is_deleted_meanwhile_is_suppressed_when_it_comes_back(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.faults.add(Fault(FaultKind.DELAY, seconds=0.2, call="addSuppression"))
        asking = asyncio.create_task(rig.engine.suppress(ANAS))
        await rig.requests(1, "addSuppression")
        await rig.engine.delete_contact(ANAS)
        await asyncio.wait_for(asking, DEADLINE)
        again = await rig.engine.add_contact(ANA, "")
        with pytest.raises(GynetixError, match="suppressed"):
            await rig.engine.send(again, "hello", sender=HOME)


# What the user keeps of a contact, and asks about one


async def test_notes_hints_and_judgements(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.world.receive(ANA, PLEA)
        await rig.live()
        await rig.ears.until(lambda: ana(rig.store).plea)
        for work in (
            rig.engine.set_note(ANAS, "two\nlines"),
            rig.engine.set_hours_hint(ANAS, False),
            rig.engine.dismiss_plea(ANAS),
        ):
            rig.ears.events.clear()
            await work
            assert ContactChanged(ANAS) in rig.ears.events
        rig.ears.events.clear()
        await rig.engine.dismiss_plea(ANAS)
        assert rig.ears.events == [], "nothing was left to judge"
        got = ana(rig.store)
        assert (got.note, got.hours_hint, got.plea) == ("two\nlines", False, None)


async def test_a_new_contact_may_have_a_number_of_ours(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        bens = await rig.engine.add_contact(BEN, "Ben", local_number=HOME)
        assert await rig.engine.add_contact(BEN, "", local_number=ANA) == bens
        assert await rig.engine.add_contact(BEN, "", local_number=HOME) == bens  # nothing was said yet
        assert await rig.engine.add_contact(ANA, "Ana", local_number=HOME) == ANAS
        for each in (ANAS, bens):
            got = rig.store.contacts.get(each)
            assert got
            assert (got.local_number, got.name) == (HOME, "Ana" if each == ANAS else "Ben")


async def test_details_are_fetched_now_and_what_came_with_them_is_merged(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        rig.sandbox.world.receive(ANA, "hello")
        await rig.live()
        await rig.ears.until(lambda: rig.texts(ANAS) == ["hello"])
        rig.sandbox.world.receive(ANA, "news")
        rig.ears.events.clear()
        details = await rig.engine.details(ANAS)
        assert rig.texts(ANAS) == ["hello", "news"]
        assert ContactChanged(ANAS) in rig.ears.events
        assert details
        assert all(value for _, value in details)
        asked = [each for each in rig.sandbox.requests if each.field("detailed") == "Y"]
        assert len(asked) == 1
        # The next look is compared with no digest of another form of the answer, and finds nothing new.
        rig.sandbox.world.receive(ANA, "more")
        rig.engine.refresh()
        await rig.ears.until(lambda: rig.texts(ANAS) == ["hello", "news", "more"])


async def test_details_of_nobody_and_without_a_way(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        with pytest.raises(NotSent):
            await rig.engine.details(ANAS)
        await rig.live()
        assert await rig.engine.details(ANAS) == (), "an unknown number has none"
        with pytest.raises(Refused):
            await rig.engine.details(ContactId(99))
        rig.sandbox.faults.add(Fault(FaultKind.REFUSE, reason="no", times=1, call="getConversation"))
        with pytest.raises(Refused):
            await rig.engine.details(ANAS)
