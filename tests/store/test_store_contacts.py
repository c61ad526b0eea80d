"""Contacts, drafts, and the summary that the contact list shows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from store_kit import ANA, BEN, HOME, START, contact, in_state, message, queue

from gynetix_tui.errors import StoreError
from gynetix_tui.model import Contact, ContactId, ContactSummary, Direction, PhoneNumber, SendState
from gynetix_tui.store import Store
from gynetix_tui.store.contacts import PREVIEW_CHARACTERS, list_key


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def summary_of(store: Store, contact_id: ContactId) -> ContactSummary:
    """The summary, derived anew and the same in the list as alone."""
    store.contacts.refresh_summary(contact_id)
    summary = store.contacts.summary(contact_id)
    assert summary is not None
    assert summary in store.contacts.summaries(archived=True)
    return summary


def test_a_contact_is_what_was_put_in(store: Store) -> None:
    ana = contact(store)
    expected = Contact(ana, ANA, "Ana", None, False, False, False, False, START, None)
    assert store.contacts.get(ana) == store.contacts.find(ANA) == expected
    assert store.contacts.all() == [expected]
    assert store.contacts.find(BEN) is None
    assert not store.contacts.is_empty()


def test_one_number_is_one_contact(store: Store) -> None:
    contact(store)
    with pytest.raises(StoreError, match=r"already"):
        contact(store, ANA, "Somebody else")
    assert [each.name for each in store.contacts.all()] == ["Ana"]


def test_rename_and_flags(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    store.contacts.rename(ana, "")
    store.contacts.set_flags(ana, pinned=True, muted=True)
    store.contacts.set_flags(ana, muted=False, archived=True)
    store.contacts.set_suppressed(ana, True)
    got = store.contacts.get(ana)
    assert got == Contact(ana, ANA, "", None, True, True, False, True, START, None)
    other = store.contacts.get(ben)
    assert other == Contact(ben, BEN, "Ben", None, False, False, False, False, START, None)


def test_a_fetch_is_noted_and_our_number_is_never_forgotten(store: Store) -> None:
    ana = contact(store)
    assert store.contacts.digest(ana) == b""
    store.contacts.note_fetch(ana, now=START + 5, digest=b"one", local_number=HOME)
    store.contacts.note_fetch(ana, now=START + 9, digest=b"two")
    got = store.contacts.get(ana)
    assert got is not None
    assert (got.fetched_at, got.local_number, store.contacts.digest(ana)) == (START + 9, HOME, b"two")


def test_deleting_takes_everything_of_this_contact_only(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    for each in (ana, ben):
        in_state(store, each, SendState.SEEN)
    for each in (ana, ben):
        queue(store, each, "waiting")
        store.drafts.put(each, "a draft", now=START)
    store.contacts.delete(ana)
    assert store.contacts.get(ana) is None
    assert store.contacts.summary(ana) is None
    assert store.drafts.get(ana) == ""
    assert store.conversations.newest(ana, 10) == []
    assert not store.messages.exists(ana)
    assert store.outbox.matched_messages(ana) == set()
    assert len(store.conversations.newest(ben, 10)) == 2
    assert store.drafts.get(ben) == "a draft"


def test_the_name_of_a_row_is_never_given_again(store: Store) -> None:
    # A fetch or a send that is under way for a deleted contact would be taken for another's.
    ana = contact(store)
    text = queue(store, ana)
    store.contacts.delete(ana)
    ben = contact(store, BEN, "Ben")
    assert ben != ana
    assert queue(store, ben) != text


def test_a_new_contact_has_nothing_to_show(store: Store) -> None:
    summary = summary_of(store, contact(store))
    assert (summary.last_at, summary.last_text, summary.last_direction) == (START, "", None)
    assert (summary.last_state, summary.unread, summary.draft) == (None, 0, "")
    assert not summary.has_messages


def test_the_summary_tells_the_newest_message(store: Store) -> None:
    ana = contact(store)
    store.messages.add(
        ana,
        [
            message("newest", START + 5, rank=1, direction=Direction.OUT),
            message("of the same second", START + 5, rank=0, unread=True),
            message("old", START, rank=7, unread=True),
        ],
        now=START + 9,
    )
    summary = summary_of(store, ana)
    assert (summary.last_at, summary.last_text, summary.last_direction) == (
        START + 5,
        "newest",
        Direction.OUT,
    )
    assert (summary.last_state, summary.unread, summary.has_messages) == (None, 2, True)
    assert store.messages.mark_read(ana)
    assert not store.messages.mark_read(ana)
    assert summary_of(store, ana).unread == 0
    assert store.messages.mark_unread(ana)
    assert store.messages.mark_unread(ana)
    assert summary_of(store, ana).unread == 1
    first = store.conversations.first_unread(ana)
    assert first is not None
    assert (first.ts, first.rank) == (START + 5, 0)


def test_a_contact_without_incoming_texts_cannot_be_unread(store: Store) -> None:
    ana = contact(store)
    store.messages.add(ana, [message("mine", direction=Direction.OUT)], now=START)
    assert not store.messages.mark_unread(ana)
    assert store.conversations.first_unread(ana) is None


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SendState.QUEUED, SendState.QUEUED),
        (SendState.SENDING, SendState.SENDING),
        (SendState.ACCEPTED, SendState.ACCEPTED),
        (SendState.UNCONFIRMED, SendState.UNCONFIRMED),
        (SendState.FAILED, SendState.FAILED),
        (SendState.SEEN, None),
        (SendState.DISCARDED, None),
    ],
)
def test_the_summary_tells_the_state_of_the_newest_text(
    store: Store, state: SendState, shown: SendState | None
) -> None:
    ana = contact(store)
    store.messages.add(ana, [message("before", START - 60)], now=START)
    in_state(store, ana, state)
    summary = summary_of(store, ana)
    assert summary.last_state is shown
    assert summary.last_text == ("before" if state is SendState.DISCARDED else "hello")
    assert summary.last_direction is (Direction.IN if state is SendState.DISCARDED else Direction.OUT)


@pytest.mark.parametrize("fraction", [0.0, 0.7])
def test_the_summary_and_the_conversation_agree_on_what_is_newest(store: Store, fraction: float) -> None:
    # Within one second a text of ours stands after the gateway's messages, and ours in the order written.
    ana = contact(store)
    store.messages.add(ana, [message("theirs", START)], now=START)
    queue(store, ana, "ours", now=START + fraction)
    queue(store, ana, "ours after the clock was set back", now=START + fraction / 2)
    summary = summary_of(store, ana)
    (item,) = store.conversations.newest(ana, 1)
    assert summary.last_text == item.text == "ours after the clock was set back"
    store.messages.add(ana, [message("an answer", START + 1)], now=START)
    assert summary_of(store, ana).last_text == store.conversations.newest(ana, 1)[0].text == "an answer"


def test_the_summary_keeps_the_beginning_of_a_long_text(store: Store) -> None:
    ana = contact(store)
    store.messages.add(ana, [message("👍" * 5000)], now=START)
    assert summary_of(store, ana).last_text == "👍" * PREVIEW_CHARACTERS


def test_a_new_text_brings_an_archived_conversation_back(store: Store) -> None:
    ana = contact(store)
    store.messages.add(ana, [message("read later", unread=True)], now=START)
    summary_of(store, ana)
    store.contacts.set_flags(ana, archived=True)
    assert store.contacts.summaries() == []
    store.messages.add(ana, [message("mine", START + 1, direction=Direction.OUT)], now=START)
    assert summary_of(store, ana).contact.archived, "nobody wrote since it was put away"
    store.messages.add(ana, [message("news", START + 2, unread=True)], now=START)
    assert not summary_of(store, ana).contact.archived
    assert [each.unread for each in store.contacts.summaries()] == [2]


def test_a_read_conversation_in_the_archive_comes_back_too(store: Store) -> None:
    ana = contact(store)
    store.contacts.set_flags(ana, archived=True)
    store.messages.add(ana, [message("news", unread=True)], now=START)
    assert not summary_of(store, ana).contact.archived


def test_the_list_is_in_order(store: Store) -> None:
    numbers = [PhoneNumber(f"+1555000{n:04}") for n in range(5)]
    old, new, pinned, archived, same = (contact(store, number, number[-1]) for number in numbers)
    store.messages.add(new, [message("new", START + 100)], now=START)
    store.messages.add(pinned, [message("older than all", START - 100)], now=START)
    store.messages.add(archived, [message("newest", START + 200)], now=START)
    for each in (old, new, pinned, archived, same):
        store.contacts.refresh_summary(each)
    store.contacts.set_flags(pinned, pinned=True)
    store.contacts.set_flags(archived, archived=True)
    assert [each.contact.id for each in store.contacts.summaries()] == [pinned, new, old, same]
    everybody = store.contacts.summaries(archived=True)
    assert [each.contact.id for each in everybody] == [pinned, archived, new, old, same]


def test_a_part_of_the_list_and_the_place_of_a_row(store: Store) -> None:
    dice = random.Random(1)
    with store.transaction():
        for n in range(60):
            each = contact(store, PhoneNumber(f"+1555000{n:04}"), "")
            ts = START + dice.randrange(9) * 10  # many of one time
            store.messages.add(each, [message("x", ts)], now=START)
            store.contacts.refresh_summary(each)
            store.contacts.set_flags(each, pinned=n % 7 == 0, archived=n % 5 == 0)
    for archived in (False, True):
        every = store.contacts.summaries(archived=archived)
        assert len(every) == store.contacts.count(archived=archived) == (60 if archived else 48)
        assert sorted(every, key=list_key) == every
        assert [store.contacts.place(row, archived=archived) for row in every] == list(range(len(every)))
        for first, count in ((0, 5), (3, 1), (40, 100), (60, 5), (0, 0)):
            part = store.contacts.summaries(archived=archived, first=first, count=count)
            assert part == every[first : first + count]


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (
            "SELECT sum(unread) FROM contacts WHERE unread > 0 AND NOT muted AND NOT archived",
            "contacts_unread",
        ),
        (
            "SELECT id FROM contacts WHERE archived <= 1 ORDER BY pinned DESC, last_at DESC, id",
            "contacts_in_order",
        ),
        (
            "SELECT count(*) FROM contacts WHERE pinned = 0 AND last_at > 5 AND archived <= 1",
            "contacts_in_order",
        ),
    ],
)
def test_the_list_is_read_by_its_indexes(store: Store, sql: str, index: str) -> None:
    plan = " ".join(str(row[-1]) for row in store._connection.all(f"EXPLAIN QUERY PLAN {sql}"))
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_the_total_leaves_out_muted_and_archived(store: Store) -> None:
    assert store.contacts.unread_total() == 0
    ids = [contact(store, PhoneNumber(f"+1555000{n:04}"), "") for n in range(3)]
    for n, each in enumerate(ids):
        store.messages.add(each, [message("x", START, rank=r, unread=True) for r in range(10**n)], now=START)
        store.contacts.refresh_summary(each)
    assert store.contacts.unread_total() == 111
    store.contacts.set_flags(ids[0], muted=True)
    store.contacts.set_flags(ids[1], archived=True)
    assert store.contacts.unread_total() == 100


def test_drafts(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    assert store.drafts.get(ana) == ""
    store.drafts.put(ana, "one", now=START)
    store.drafts.put(ana, "two\nlines ", now=START)
    store.drafts.put(ben, "other", now=START)
    assert store.drafts.get(ana) == summary_of(store, ana).draft == "two\nlines "
    store.drafts.put(ana, "", now=START)
    store.drafts.put(ana, "", now=START)
    assert store.drafts.get(ana) == summary_of(store, ana).draft == ""
    assert store.drafts.get(ben) == "other"


def test_a_deleted_contact_gets_no_draft(store: Store) -> None:
    ana = contact(store)
    store.contacts.delete(ana)
    store.drafts.put(ana, "too late", now=START)
    assert store.drafts.get(ana) == ""


def test_a_contact_as_it_was_is_not_changed_by_the_store(store: Store) -> None:
    ana = contact(store)
    before = store.contacts.get(ana)
    assert before is not None
    store.contacts.rename(ana, "Anna")
    assert store.contacts.get(ana) == replace(before, name="Anna")
