"""A conversation, read page by page, is one sorted list of messages and texts of ours."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import ANA, BEN, HOME, START, contact, in_state, message, queue

from gynetix_tui.model import (
    OUTBOX_RANK,
    ContactId,
    Direction,
    Item,
    ItemKey,
    OutboxId,
    SendState,
    TimeSource,
)
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def test_a_message_is_what_was_put_in(store: Store) -> None:
    ana = contact(store)
    extra = (("segments", "2"), ("carrier.name", 'é "x" \u2028'), ("tags.1", ""))
    store.messages.add(
        ana,
        [
            NewMessage(int(START), 0, Direction.IN, "\x1b]52;\0 'raw' \r\n", TimeSource.TS, "", True, extra),
            NewMessage(
                int(START) + 1, 3, Direction.OUT, "", TimeSource.DATE, "1/24/2018 10:51 AM", False, ()
            ),
        ],
        now=START,
    )
    one, two = store.conversations.oldest(ana, 10)
    assert one == Item(
        ItemKey(int(START), 0, one.key.row), Direction.IN, "\x1b]52;\0 'raw' \r\n", unread=True, extra=extra
    )
    assert two == Item(
        ItemKey(int(START) + 1, 3, two.key.row),
        Direction.OUT,
        "",
        TimeSource.DATE,
        "1/24/2018 10:51 AM",
        state=SendState.SEEN,
    )


def test_a_text_of_ours_is_shown_until_the_gateway_shows_it(store: Store) -> None:
    ana = contact(store)
    shown = {}
    for state in SendState:
        text = in_state(store, ana, state, text=state)
        shown[state] = [item for item in store.conversations.newest(ana, 50) if item.outbox_id == text]
        if state in {SendState.QUEUED, SendState.SENDING}:
            store.contacts.delete(ana)
            ana = contact(store)
    for state, items in shown.items():
        if state in {SendState.SEEN, SendState.DISCARDED}:
            assert items == []
        else:
            (item,) = items
            assert (item.state, item.direction, item.text) == (state, Direction.OUT, state)
            assert item.key[:2] == (int(START), OUTBOX_RANK)
            assert item.time_source is TimeSource.TS


def test_the_last_text_we_sent(store: Store) -> None:
    ana = contact(store)
    assert store.conversations.last_outgoing(ana) == ""
    store.messages.add(
        ana, [message("mine", direction=Direction.OUT), message("theirs", START + 5)], now=START
    )
    assert store.conversations.last_outgoing(ana) == "mine"
    queue(store, ana, "waiting", now=START + 1)
    assert store.conversations.last_outgoing(ana) == "waiting"


_messages = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 3), st.sampled_from(list(Direction))), max_size=25
)
_texts = st.lists(
    st.tuples(
        st.floats(0, 6.9),
        st.sampled_from([SendState.QUEUED, SendState.FAILED, SendState.DISCARDED, SendState.SEEN]),
    ),
    max_size=12,
)


def _fill(
    store: Store, messages: list[tuple[int, int, Direction]], texts: list[tuple[float, SendState]]
) -> ContactId:
    """A mix, with the same beside it for somebody else; nothing of theirs may be seen."""
    ana, ben = contact(store), contact(store, BEN, "Ben")
    for contact_id, name in ((ben, "Ben"), (ana, "Ana")):
        store.messages.add(
            contact_id,
            [message(f"{name} {n}", ts, rank=rank, direction=d) for n, (ts, rank, d) in enumerate(messages)],
            now=START,
        )
        for n, (at, state) in enumerate(texts):
            text = store.outbox.add(contact_id, to=ANA, sender=HOME, text=f"{name} own {n}", now=at)
            if state is not SendState.QUEUED:
                store._connection.run("UPDATE outbox SET state = ? WHERE id = ?", (state, text))
    return ana


def _expected(store: Store, contact_id: ContactId) -> list[tuple[ItemKey, str]]:
    """All of it, sorted here and not by SQL."""
    rows = [(ItemKey(m.ts, m.rank, m.id), m.text) for m in store.messages.since(contact_id, -1)]
    for outbox_id in range(1, 200):
        text = store.outbox.get(OutboxId(outbox_id))
        if text and text.contact_id == contact_id and text.state not in {SendState.SEEN, SendState.DISCARDED}:
            rows.append((ItemKey(int(text.created_at), OUTBOX_RANK, text.id), text.text))
    return sorted(rows)


@settings(max_examples=60, deadline=None)
@given(messages=_messages, texts=_texts, page=st.integers(1, 7))
def test_pages_in_either_direction_make_one_sorted_list(
    messages: list[tuple[int, int, Direction]], texts: list[tuple[float, SendState]], page: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.db") as store:
        store._connection.run("PRAGMA synchronous = OFF")
        with store.transaction():
            ana = _fill(store, messages, texts)
        expected = _expected(store, ana)

        def plain(items: list[Item]) -> list[tuple[ItemKey, str]]:
            return [(item.key, item.text) for item in items]

        read = store.conversations
        assert plain(read.oldest(ana, 1000)) == plain(read.newest(ana, 1000)) == expected
        assert plain(read.oldest(ana, page)) == expected[:page]
        assert plain(read.newest(ana, page)) == expected[-page:]
        for index, (key, _) in enumerate(expected):
            assert plain(read.before(ana, key, page)) == expected[max(0, index - page) : index]
            assert plain(read.after(ana, key, page)) == expected[index + 1 : index + 1 + page]
            assert plain(read.starting_at(ana, key, page)) == expected[index : index + page]

        forth, back = plain(read.oldest(ana, page)), plain(read.newest(ana, page))
        while more := plain(read.after(ana, forth[-1][0], page)) if forth else []:
            forth += more
        while more := plain(read.before(ana, back[0][0], page)) if back else []:
            back = more + back
        assert forth == back == expected


def test_messages_of_one_second_stand_by_rank(store: Store) -> None:
    ana = contact(store)
    store.messages.add(ana, [message("second", rank=1), message("third", rank=2)], now=START)
    queue(store, ana, "ours")
    store.messages.add(ana, [message("first", rank=0)], now=START)
    assert [item.text for item in store.conversations.newest(ana, 9)] == ["first", "second", "third", "ours"]
    (third,) = (m.id for m in store.messages.since(ana, 0) if m.text == "third")
    store.messages.set_ranks([(0, third), (3, third)])
    assert [item.text for item in store.conversations.newest(ana, 9)] == ["first", "second", "third", "ours"]


def test_a_page_does_not_cost_more_in_a_long_conversation(store: Store) -> None:
    # By SQLite's own account of it, not by a stopwatch.
    ana = contact(store)
    with store.transaction():
        store.messages.add(ana, [message("x", ts) for ts in range(3000)], now=START)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    raw = store._connection._raw
    raw.set_progress_handler(count, 100)
    assert len(store.conversations.before(ana, ItemKey(1500, 0, 0), 50)) == 50
    assert len(store.conversations.newest(ana, 50)) == 50
    raw.set_progress_handler(None, 0)
    assert steps < 200, "3,000 rows were looked at for 50"
