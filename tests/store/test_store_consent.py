"""Opt-outs in the store: the log that is only added to, locks that no claim passes, and the history of older stores."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from store_kit import ANA, BEN, HOME, START, contact, in_state, message, queue, state_of

from gynetix_tui.model import (
    ConsentEntry,
    ConsentEvent,
    ContactId,
    Direction,
    Heard,
    PhoneNumber,
    SendState,
)
from gynetix_tui.store import Store, prepare
from gynetix_tui.store.connection import Connection
from gynetix_tui.store.conversation import Statistics
from gynetix_tui.store.migrations import STEPS, migrate

STOP = ConsentEvent.STOP_HEARD
NO_LOG = STEPS[:3]
LAST = (SendState.SENDING, SendState.QUEUED)
IN_TURN = (*(state for state in SendState if state not in LAST), *LAST)
"""A text that waits or is under way holds back those behind it."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def entry(event: ConsentEvent, words: str = "", ts: int | None = None, at: float = START) -> ConsentEntry:
    return ConsentEntry(ANA, at, event, words, ts)


# The log


def test_the_log_is_kept_by_number_in_the_order_it_was_written(store: Store) -> None:
    lines = [entry(event, f"words of {event}", at=START - n) for n, event in enumerate(ConsentEvent)]
    for each in lines:
        store.consent.add(each)
    store.consent.add(ConsentEntry(BEN, START, STOP, "stop", 5))
    assert store.consent.of(ANA) == lines
    assert store.consent.of(BEN) == [ConsentEntry(BEN, START, STOP, "stop", 5)]


def test_what_was_heard_is_logged_once_and_what_was_done_each_time(store: Store) -> None:
    for at in (START, START + 1):
        store.consent.add(entry(STOP, "stop", 7, at))
        store.consent.add(entry(ConsentEvent.SUPPRESSION_ASKED, at=at))
    for other in (entry(STOP, "Stop", 7), entry(STOP, "stop", 8)):
        store.consent.add(other)
    assert [(each.event, each.at, each.words, each.ts) for each in store.consent.of(ANA)] == [
        (STOP, START, "stop", 7),
        (ConsentEvent.SUPPRESSION_ASKED, START, "", None),
        (ConsentEvent.SUPPRESSION_ASKED, START + 1, "", None),
        (STOP, START, "Stop", 7),
        (STOP, START, "stop", 8),
    ]


@pytest.mark.parametrize("change", ["UPDATE consent_log SET words = 'no'", "DELETE FROM consent_log"])
def test_the_log_cannot_be_changed(tmp_path: Path, change: str) -> None:
    file = tmp_path / "store.db"
    with Store.open(file) as store:
        store.consent.add(entry(STOP, "stop", 7))
    with closing(sqlite3.connect(file)) as raw, pytest.raises(sqlite3.IntegrityError, match="only added to"):
        raw.execute(change)
    with Store.open(file) as store:
        assert store.consent.of(ANA) == [entry(STOP, "stop", 7)]


def test_the_log_outlives_the_contact_and_a_new_one_begins_with_it(store: Store) -> None:
    for suppressed, opt_out in ((False, None), (False, Heard("Stop", 9)), (True, Heard("Stop", 9))):
        ana = contact(store)
        got = store.contacts.get(ana)
        assert got
        assert (got.suppressed, got.opt_out) == (suppressed, opt_out)
        assert got.may_be_texted is (not suppressed and opt_out is None)
        if opt_out is None:
            store.consent.add(entry(STOP, "Stop", 9))
            store.consent.add(entry(ConsentEvent.START_HEARD, "start", 5))
        else:
            store.consent.add(entry(ConsentEvent.SUPPRESSION_GRANTED))
        store.contacts.delete(ana)
    store.consent.add(entry(ConsentEvent.GATEWAY_ALLOWS))
    store.consent.add(entry(ConsentEvent.START_HEARD, "start", 10))
    got = store.contacts.get(contact(store))
    assert got
    assert got.may_be_texted


# What is kept of a contact


def test_a_contact_has_a_note_a_hint_and_our_number(store: Store) -> None:
    ana, ben = contact(store), store.contacts.add(BEN, "Ben", now=START, local_number=HOME)
    store.contacts.set_note(ana, "two\nlines 🌻")
    store.contacts.set_hours_hint(ana, False)
    store.contacts.set_local_number(ana, HOME)
    store.messages.add(ben, [message("hello", START, direction=Direction.IN)], now=START)
    store.contacts.set_local_number(ben, ANA)  # too late: the gateway may have named one
    one, other = store.contacts.get(ana), store.contacts.get(ben)
    assert one
    assert other
    assert (one.note, one.hours_hint, one.local_number) == ("two\nlines 🌻", False, HOME)
    assert (other.note, other.hours_hint, other.local_number) == ("", True, HOME)
    assert one in [each.contact for each in store.contacts.summaries()]


def plea(store: Store, contact_id: ContactId) -> Heard | None:
    got = store.contacts.get(contact_id)
    assert got
    return got.plea


def test_of_pleas_the_newest_stands_until_it_is_judged_and_no_older_one_after_it(store: Store) -> None:
    ana = contact(store)
    assert not store.contacts.settle_plea(ana)
    assert store.contacts.set_plea(ana, Heard("please stop", 10))
    assert not store.contacts.set_plea(ana, Heard("older", 9))
    assert store.contacts.set_plea(ana, Heard("newer", 12))
    assert not store.contacts.settle_plea(ana, until=11)
    assert plea(store, ana) == Heard("newer", 12)
    assert store.contacts.settle_plea(ana)
    assert not store.contacts.settle_plea(ana)
    assert not store.contacts.set_plea(ana, Heard("as old", 12))
    assert plea(store, ana) is None
    assert store.contacts.set_plea(ana, Heard("news", 13))
    assert store.contacts.settle_plea(ana, until=13)


# The lock


@pytest.mark.parametrize("how", ["opt-out", "suppression"])
def test_no_text_of_a_locked_contact_is_ever_claimed(store: Store, how: str) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    text, other = queue(store, ana), queue(store, ben)
    if how == "opt-out":
        store.contacts.set_opt_out(ana, Heard("stop", 5))
    else:
        store.contacts.set_suppressed(ana, True)
    claimed = store.outbox.claim(owner="me", now=START + 5)
    assert claimed
    assert claimed.id == other
    assert store.outbox.claim(owner="me", now=START + 5) is None
    assert state_of(store, text) is SendState.QUEUED
    store.contacts.set_opt_out(ana, None)
    store.contacts.set_suppressed(ana, False)
    claimed = store.outbox.claim(owner="me", now=START + 5)
    assert claimed
    assert claimed.id == text


def test_what_waits_fails_and_nothing_else(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    kept = {state: in_state(store, ana, state) for state in IN_TURN if state is not SendState.QUEUED}
    waiting, other = queue(store, ana), queue(store, ben)
    assert store.outbox.fail_queued(ana, reason="they texted STOP", now=START + 9)
    assert not store.outbox.fail_queued(ana, reason="they texted STOP", now=START + 9)
    failed = store.outbox.get(waiting)
    assert failed
    assert (failed.state, failed.reason, failed.ended_at) == (
        SendState.FAILED,
        "they texted STOP",
        START + 9,
    )
    assert state_of(store, other) is SendState.QUEUED
    assert {state: state_of(store, text) for state, text in kept.items()} == {state: state for state in kept}


# Figures


def test_statistics(store: Store) -> None:
    ana = contact(store)
    assert store.conversations.statistics(ana) == Statistics(0, 0, None, None, None)
    ben = contact(store, BEN, "Ben")
    store.messages.add(ben, [message("another's", START + 99)], now=START)
    store.messages.add(ana, [message("in", START + n) for n in (1, 5, 3)], now=START)
    assert store.conversations.statistics(ana) == Statistics(3, 0, START + 1, START + 5, START + 5)
    for state in IN_TURN:
        in_state(store, ana, state)
    # One of ours is seen (and a message), one is accepted; the others may not have gone.
    assert store.conversations.statistics(ana) == Statistics(3, 2, START, START + 5, START + 5)
    store.messages.add(ana, [message("ours", START + 8, direction=Direction.OUT)], now=START)
    assert store.conversations.statistics(ana) == Statistics(3, 3, START, START + 8, START + 5)


@pytest.mark.parametrize("state", SendState)
def test_sent_lately_counts_what_may_have_gone_or_waits(store: Store, state: SendState) -> None:
    in_state(store, contact(store), state, text="See you\r\nat nine ")
    expected = None if state in {SendState.FAILED, SendState.DISCARDED} else START
    assert store.outbox.sent_lately(ANA, " See  you at nine", since=START) == expected
    assert store.outbox.sent_lately(ANA, "see you at nine", since=START) is None
    # What waits, or is under way, goes out now, however long ago it was written.
    waits = state in {SendState.QUEUED, SendState.SENDING}
    assert store.outbox.sent_lately(ANA, "See you at nine", since=START + 1) == (START if waits else None)
    assert store.outbox.sent_lately(BEN, "See you at nine", since=START) is None


def test_sent_lately_knows_what_another_client_sent(store: Store) -> None:
    ana = contact(store)
    texts = [(START + 4, Direction.OUT), (START + 2, Direction.OUT), (START + 9, Direction.IN)]
    store.messages.add(ana, [message("ok", at, direction=way) for at, way in texts], now=START)
    assert store.outbox.sent_lately(ANA, "ok", since=START) == START + 4
    assert store.outbox.sent_lately(ANA, "ok", since=START + 5) is None
    queue(store, ana, "ok", now=START + 6.5)
    assert store.outbox.sent_lately(ANA, "ok", since=START) == START + 6.5


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (
            "SELECT ts, rank, id FROM messages WHERE contact_id = 1 AND unread ORDER BY ts, rank, id LIMIT 1",
            "INDEX messages_unread",
        ),
        (
            "SELECT count(*), min(ts), max(ts) FROM messages WHERE contact_id = 1 AND direction = 'IN'",
            "COVERING INDEX messages_by_direction",
        ),
        (
            "SELECT text FROM messages WHERE contact_id = 1 AND direction = 'OUT' AND ts >= 5",
            "INDEX messages_by_direction",
        ),
        ("SELECT text FROM outbox WHERE recipient = '1' AND created_at >= 5", "INDEX outbox_by_recipient"),
        ("SELECT * FROM consent_log WHERE number = '1' ORDER BY id", "INDEX consent_by_number"),
        (
            "SELECT * FROM consent_log WHERE number = '1' AND ts IS NOT NULL AND event IN ('a', 'b')"
            " ORDER BY ts DESC, id DESC LIMIT 1",
            "INDEX consent_heard",
        ),
    ],
)
def test_each_question_has_its_index(store: Store, sql: str, index: str) -> None:
    plan = " ".join(str(row[-1]) for row in store._connection.all(f"EXPLAIN QUERY PLAN {sql}"))
    assert index in plan
    if "consent_heard" not in index:
        assert "TEMP B-TREE" not in plan


# Stores of older versions


def older(file: Path, messages: list[tuple[object, ...]], *, suppressed: bool = False) -> None:
    """A store of the format before the log; the messages as (contact, ts, rank, direction, text)."""
    with closing(Connection.open(file)) as connection:
        migrate(connection, NO_LOG)
        with connection.transaction():
            for n in range(1, 4):
                connection.run(
                    "INSERT INTO contacts (number, name, suppressed, created_at, last_at) VALUES (?, '', ?, ?, 1.0)",
                    (f"+1555000000{n}", suppressed, START),
                )
            connection.many(
                "INSERT INTO messages (contact_id, ts, rank, direction, text, time_source, date_text, unread, extra, arrived_at)"
                " VALUES (?, ?, ?, ?, ?, 'ts', '', 0, '', 9.5)",
                messages,  # type: ignore[arg-type]  # values of SQLite, all of them
            )
            connection.run(
                "INSERT INTO outbox (contact_id, recipient, sender, text, state, created_at)"
                " SELECT id, number, ?, 'waits', 'queued', 2.0 FROM contacts",
                (HOME,),
            )


PLEA = "please stop texting me"


@pytest.mark.parametrize(
    ("said", "opt_out", "plea"),
    [
        ([], None, None),
        ([(1, 0, "IN", "STOP")], Heard("STOP", 1), None),
        ([(1, 0, "OUT", "STOP")], None, None),
        ([(2, 0, "IN", "START"), (1, 0, "IN", "STOP")], None, None),
        ([(1, 0, "IN", "START"), (2, 0, "IN", "Stop.")], Heard("Stop.", 2), None),
        ([(1, 1, "IN", "START"), (1, 0, "IN", "STOP")], None, None),
        ([(1, 0, "IN", "START"), (1, 1, "IN", "STOP")], Heard("STOP", 1), None),
        ([(1, 0, "IN", PLEA), (2, 0, "IN", "hello")], None, Heard(PLEA, 1)),
        ([(1, 0, "IN", PLEA), (2, 0, "IN", "yes")], None, Heard(PLEA, 1)),
        ([(1, 0, "IN", PLEA), (2, 0, "IN", "STOP"), (3, 0, "IN", "START")], None, None),
        ([(1, 0, "IN", "STOP"), (2, 0, "IN", PLEA)], Heard("STOP", 1), None),
        ([(1, 0, "IN", "HELP"), (2, 0, "IN", "STOP " * 200)], None, None),
    ],
)
def test_an_older_store_gets_its_states_from_its_history(
    tmp_path: Path,
    said: list[tuple[int, int, str, str]],
    opt_out: Heard | None,
    plea: Heard | None,
) -> None:
    file = tmp_path / "store.db"
    older(file, [(2, *each) for each in said])
    assert prepare(file, now=START).backup
    with Store.open(file) as store:
        locked, other = store.contacts.get(ContactId(2)), store.contacts.get(ContactId(3))
        assert locked
        assert other
        assert (locked.opt_out, locked.plea) == (opt_out, plea)
        assert (other.opt_out, other.plea, other.may_be_texted) == (None, None, True)
        heard = sorted((ts, rank, text) for ts, rank, way, text in said if way == "IN" and len(text) < 99)
        lines = store.consent.of(PhoneNumber("+15550000002"))
        told = [text for _, _, text in heard if text not in {"HELP", "hello"}]
        assert [(line.at, line.words) for line in lines] == [(9.5, words) for words in told]
        waiting = store.conversations.newest(ContactId(2), 1)[0]
        assert waiting.text == "waits" or said
        states = [text and (text.state, text.reason) for text in map(store.outbox.get, (1, 2, 3))]  # type: ignore[arg-type]  # ids
        lock = (SendState.FAILED, f"they texted {opt_out.text}") if opt_out else (SendState.QUEUED, "")
        assert states == [(SendState.QUEUED, ""), lock, (SendState.QUEUED, "")]


def test_suppressions_of_an_older_store_go_into_the_log(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    older(file, [], suppressed=True)
    with Store.open(file) as store:
        number = PhoneNumber("+15550000001")
        assert store.consent.of(number) == [ConsentEntry(number, START, ConsentEvent.GATEWAY_SUPPRESSES)]
        store.contacts.delete(ContactId(1))
        again = store.contacts.get(store.contacts.add(number, "", now=START))
        assert again
        assert again.suppressed


def test_a_long_history_migrates_in_a_moment(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    words = ["ok", "See you at the station at nine, and bring the papers with you please.", "STOP", "start"]
    older(file, [(n % 3 + 1, n, 0, "IN", words[n % 7 if n % 7 < 2 else n % 2]) for n in range(100_000)])
    began = time.perf_counter()
    with closing(Connection.open(file)) as connection:
        migrate(connection)
    assert time.perf_counter() - began < 5, "a million take ten times as long as a hundred thousand"
