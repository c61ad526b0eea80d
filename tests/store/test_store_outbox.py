"""The outbox: who may take a text, in which order, and what can become of it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_kit import ANA, BEN, HOME, START, contact, in_state, message, queue, state_of

from gynetix_tui.errors import StoreError
from gynetix_tui.model import Direction, OutgoingText, PhoneNumber, SendState
from gynetix_tui.store import Store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with Store.open(file) as opened:
        yield opened


def test_a_text_is_claimed_with_all_that_is_known_of_it(store: Store) -> None:
    ana = contact(store)
    text = queue(store, ana, "hello\r\n ")
    waiting = OutgoingText(text, ana, ANA, HOME, "hello\r\n ", SendState.QUEUED, START, None, None, 0, "", 0)
    assert store.outbox.get(text) == waiting
    claimed = store.outbox.claim(owner="me", now=START + 1)
    assert claimed == OutgoingText(
        text, ana, ANA, HOME, "hello\r\n ", SendState.SENDING, START, START + 1, None, 1, "", 0
    )
    assert store.outbox.get(text) == claimed
    assert store.outbox.sending() == [(text, ana, "me")]
    assert store.outbox.claim(owner="me", now=START + 1) is None


def test_one_conversation_goes_in_order_one_at_a_time_and_others_beside_it(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    a1, a2, b1 = queue(store, ana), queue(store, ana), queue(store, ben)

    def claim() -> object:
        text = store.outbox.claim(owner="me", now=START)
        return text and text.id

    assert [claim(), claim(), claim()] == [a1, b1, None]
    store.outbox.finish(a1, SendState.ACCEPTED, now=START)
    assert [claim(), claim()] == [a2, None]


def test_a_text_that_waits_holds_back_those_behind_it(store: Store) -> None:
    ana = contact(store)
    first, second = queue(store, ana), queue(store, ana)
    store.outbox.claim(owner="me", now=START)
    store.outbox.requeue(first, reason="no connection", next_try_at=START + 5)
    text = store.outbox.get(first)
    assert text is not None
    assert (text.state, text.reason, text.left_at, text.attempts) == (
        SendState.QUEUED, "no connection", None, 1,
    )  # fmt: skip
    assert store.outbox.claim(owner="me", now=START + 4.9) is None
    assert store.outbox.next_try_at() == START + 5
    again = store.outbox.claim(owner="me", now=START + 5)
    assert again is not None
    assert (again.id, again.attempts, again.reason) == (first, 2, "")
    assert state_of(store, second) is SendState.QUEUED


def test_when_the_next_may_go(store: Store) -> None:
    assert store.outbox.next_try_at() is None
    ana, ben = contact(store), contact(store, BEN, "Ben")
    first = queue(store, ana)
    assert store.outbox.next_try_at() == 0
    store.outbox.claim(owner="me", now=START)
    assert store.outbox.next_try_at() is None
    store.outbox.requeue(first, reason="", next_try_at=START + 60)
    queue(store, ana, "behind it")
    assert store.outbox.next_try_at() == START + 60
    other = queue(store, ben)
    assert store.outbox.next_try_at() == 0
    store.outbox.discard(other)
    store.outbox.discard(first)
    assert store.outbox.next_try_at() == 0


@pytest.mark.parametrize("state", list(SendState))
def test_only_a_text_under_way_ends_or_goes_back(store: Store, state: SendState) -> None:
    """Also one that was seen before its request ended: what was seen is another's then."""
    ana = contact(store)
    under_way = state in {SendState.SENDING, SendState.SEEN}
    for change in ("finish", "requeue"):
        text = in_state(store, ana, state, text=change)
        if change == "finish":
            store.outbox.finish(text, SendState.FAILED, reason="late", now=START + 9)
            expected = SendState.FAILED
        else:
            store.outbox.requeue(text, reason="late", next_try_at=START + 9)
            expected = SendState.QUEUED
        assert state_of(store, text) is (expected if under_way else state)
        after = store.outbox.get(text)
        assert after is not None
        assert (after.reason == "late") is under_way
        assert store.outbox.matched_messages(ana) == set()
        store.contacts.delete(ana)
        ana = contact(store)


@pytest.mark.parametrize("state", list(SendState))
def test_what_may_be_discarded(store: Store, state: SendState) -> None:
    text = in_state(store, contact(store), state)
    store.outbox.discard(text)
    gone = state in {SendState.QUEUED, SendState.UNCONFIRMED, SendState.FAILED, SendState.DISCARDED}
    assert state_of(store, text) is (SendState.DISCARDED if gone else state)


def test_finish_tells_when_and_why(store: Store) -> None:
    text = in_state(store, contact(store), SendState.UNCONFIRMED)
    after = store.outbox.get(text)
    assert after is not None
    assert (after.reason, after.left_at, after.ended_at) == ("because", START, START + 1)


def test_only_queued_texts_expire(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    under_way = queue(store, ana, now=START - 100)
    store.outbox.claim(owner="me", now=START)
    old, edge = queue(store, ana, now=START - 10.5), queue(store, ben, now=START - 10)
    expired = store.outbox.expire(written_before=START - 10, reason="too late", now=START)
    assert expired == [ana]
    assert [state_of(store, each) for each in (under_way, old, edge)] == [
        SendState.SENDING, SendState.FAILED, SendState.QUEUED,
    ]  # fmt: skip
    text = store.outbox.get(old)
    assert text is not None
    assert (text.reason, text.ended_at) == ("too late", START)


def test_those_that_may_stand_at_the_gateway_in_the_order_they_claim(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    for state in (
        SendState.SEEN, SendState.DISCARDED, SendState.FAILED, SendState.UNCONFIRMED,
        SendState.ACCEPTED, SendState.UNCONFIRMED, SendState.ACCEPTED, SendState.SENDING,
    ):  # fmt: skip
        in_state(store, ana, state)
    in_state(store, ben, SendState.ACCEPTED)
    queue(store, ana, "waits")
    unmatched = store.outbox.unmatched(ana)
    assert [text.state for text in unmatched] == [
        SendState.ACCEPTED, SendState.ACCEPTED, SendState.SENDING, SendState.UNCONFIRMED, SendState.UNCONFIRMED,
    ]  # fmt: skip
    assert unmatched[0].id < unmatched[1].id
    assert unmatched[3].id < unmatched[4].id
    assert store.outbox.awaited() == {ana, ben}


def test_a_message_confirms_one_text(store: Store) -> None:
    ana = contact(store)
    one, two = in_state(store, ana, SendState.UNCONFIRMED), in_state(store, ana, SendState.ACCEPTED)
    store.messages.add(ana, [message("hello", direction=Direction.OUT)], now=START)
    (copy,) = store.messages.since(ana, 0)
    store.outbox.note_miss(one, missing=True)
    store.outbox.confirm(one, copy.id)
    confirmed = store.outbox.get(one)
    assert confirmed is not None
    assert (confirmed.state, confirmed.reason) == (SendState.SEEN, "")
    assert store.outbox.matched_messages(ana) == {copy.id}
    with pytest.raises(StoreError, match="UNIQUE"):
        store.outbox.confirm(two, copy.id)


def test_misses_are_counted(store: Store) -> None:
    ana = contact(store)
    text = in_state(store, ana, SendState.UNCONFIRMED)
    store.outbox.note_miss(text, missing=False)
    (item,) = store.conversations.newest(ana, 1)
    assert not item.missing
    store.outbox.note_miss(text, missing=True)
    (item,) = store.conversations.newest(ana, 1)
    assert (item.missing, item.reason, item.outbox_id) == (True, "because", text)
    after = store.outbox.get(text)
    assert after is not None
    assert after.misses == 2


def _fill(store: Store, conversations: int, texts: int) -> None:
    with store.transaction():
        for n in range(conversations):
            number = PhoneNumber(f"+1555000{n:04}")
            contact_id = store.contacts.add(number, "", now=START)
            for _ in range(texts):
                queue(store, contact_id)


def test_two_threads_never_take_the_same_text(file: Path, store: Store) -> None:
    _fill(store, conversations=5, texts=20)
    taken: list[list[OutgoingText]] = [[], [], []]
    barrier = threading.Barrier(3)

    def work(mine: list[OutgoingText]) -> None:
        with Store.open(file) as own:
            barrier.wait()
            misses = 0
            while misses < 50:
                text = own.outbox.claim(owner="x", now=START)
                if text is None:
                    misses += 1
                    continue
                mine.append(text)
                own.outbox.finish(text.id, SendState.ACCEPTED, now=START)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while text := store.outbox.claim(owner="x", now=START):
        taken[0].append(text)
        store.outbox.finish(text.id, SendState.ACCEPTED, now=START)
    ids = [text.id for mine in taken for text in mine]
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) == 100


_CLAIMER = """
import pathlib, sys
from gynetix_tui.store import Store
with Store.open(pathlib.Path(sys.argv[1])) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    while text := store.outbox.claim(owner=sys.argv[2], now=1e10):
        print(text.id, flush=True)
"""


def test_two_programs_never_take_the_same_text(file: Path, store: Store) -> None:
    _fill(store, conversations=40, texts=2)
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIMER, str(file), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    for program in programs:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin
        program.stdin.write("\n")
        program.stdin.flush()
    ids = [int(line) for program in programs for line in program.communicate(timeout=30)[0].split()]
    # One text of each conversation, none of them twice, and the second of each waits for the first.
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) == 40
    assert sorted(outbox_id for outbox_id, _, _ in store.outbox.sending()) == sorted(ids)
