"""Searching what was said: the right texts in the right order, with and without the full-text index."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import ANA, BEN, START, contact, in_state, message, queue

from gynetix_tui.model import OUTBOX_RANK, ContactId, Direction, SendState
from gynetix_tui.store import Store
from gynetix_tui.store.search import Hit, Page
from gynetix_tui.store.terms import has_all, parse


@pytest.fixture(params=[True, False], ids=["indexed", "without FTS5"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db", full_text=request.param) as opened:
        yield opened
        assert opened.search.indexed is request.param, "no search here may have fallen back"


def add(store: Store, contact_id: ContactId, *texts: str, ts: float = START) -> None:
    store.messages.add(contact_id, [message(text, ts + n) for n, text in enumerate(texts)], now=START)


def found(store: Store, query: str, contact_id: ContactId | None = None) -> list[str]:
    return [hit.text for hit in store.search.find(query, contact_id=contact_id).hits]


def all_pages(store: Store, query: str, limit: int, contact_id: ContactId | None = None) -> list[Hit]:
    hits: list[Hit] = []
    page = store.search.find(query, contact_id=contact_id, limit=limit)
    while True:
        assert len(page.hits) <= limit
        hits += page.hits
        if page.next is None:
            return hits
        page = store.search.find(query, contact_id=contact_id, limit=limit, after=page.next)


def test_a_hit_is_what_is_stored(store: Store) -> None:
    ana = contact(store)
    store.messages.add(
        ana, [message("before"), message("See you", START + 5, rank=3, direction=Direction.OUT)], now=START
    )
    (hit,) = store.search.find("see").hits
    item = store.conversations.newest(ana, 1)[0]
    assert hit == Hit(ana, item.key, Direction.OUT, "See you", ((0, 3),))
    assert (hit.ts, hit.message_id) == (START + 5, item.key.row)
    assert store.conversations.starting_at(ana, hit.key, 1) == [item]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("nin", {"at nine", "Ninety-nine"}),
        ("nine", {"at nine", "Ninety-nine"}),
        ('"nine"', {"at nine", "Ninety-nine"}),
        ("ine", set()),
        ("nine at", {"at nine"}),
        ('"nine at"', set()),
        ('"at nine"', {"at nine"}),
        ('"at ni', {"at nine"}),
        ("NINETY", {"Ninety-nine"}),
        ("ninety-ni", {"Ninety-nine"}),
        ("a", {"a b"}),
        ("b a", {"a b"}),
        ("100%", {"100 percent", "100% sure"}),
        ("100_", {"100 percent", "100% sure"}),
        ("%", {"100% sure"}),
        ("京", {"東京に行く"}),
        ("東京 行", {"東京に行く"}),
        ("👍", {"ok 👍"}),
        ("ok 👍", {"ok 👍"}),
        ("AND", {"and NOT or"}),
        ("not and", {"and NOT or"}),
        ("nothing", set()),
        ("", set()),
        ("  ", set()),
        ('"', set()),
    ],
)
def test_what_is_found(store: Store, query: str, expected: set[str]) -> None:
    ana = contact(store)
    add(
        store, ana, "at nine", "Ninety-nine", "a b", "ab", "100 percent", "100% sure", "東京に行く", "ok 👍",
        "ok", "and NOT or",
    )  # fmt: skip
    assert set(found(store, query)) == expected


def test_case_and_diacritics_do_not_count_where_there_is_an_index(store: Store) -> None:
    add(store, contact(store), "École", "ecole", "E\u0301cole")
    assert len(found(store, "école")) == 3
    assert len(found(store, "ECOLE")) == (3 if store.search.indexed else 1)


def test_a_number_in_a_text_is_no_contact(store: Store) -> None:
    ana = contact(store)
    add(store, ana, "hello", f"number {ana}")
    assert found(store, str(ana)) == [f"number {ana}"]


def test_in_one_conversation_only(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    add(store, ana, "hello ana", "東京 ana")
    add(store, ben, "hello ben", "東京 ben")
    queue(store, ben, "hello queued")
    assert found(store, "hello", ana) == ["hello ana"]
    assert found(store, "東京", ana) == ["東京 ana"]
    assert set(found(store, "hello", ben)) == {"hello ben", "hello queued"}
    assert found(store, "hello", ContactId(999)) == []


@pytest.mark.parametrize("state", list(SendState))
def test_a_text_of_ours_is_found_once_and_while_it_is_shown(store: Store, state: SendState) -> None:
    ana = contact(store)
    in_state(store, ana, state, text="hello there")
    hits = store.search.find("hello").hits
    assert len(hits) == (state is not SendState.DISCARDED)
    for hit in hits:
        assert (hit.message_id is None) is (state is not SendState.SEEN)
        assert (hit.key.rank == OUTBOX_RANK) is (state is not SendState.SEEN)
        (item,) = store.conversations.starting_at(ana, hit.key, 1)
        assert item.text == "hello there"


def test_the_newest_come_first(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    add(store, ana, "hello 1", "hello 3", ts=START + 10)
    add(store, ben, "hello 0", ts=START)
    add(store, ben, "hello 4", ts=START + 20)
    assert found(store, "hello") == ["hello 4", "hello 3", "hello 1", "hello 0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_hold_everything_once(store: Store, limit: int) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    for n in range(9):
        add(store, ana if n % 2 else ben, f"hello {n}", f"other {n}", f"東京 {n}", ts=START + n)
    for n in range(5):
        queue(store, ana, f"hello queued {n}" if n != 2 else "other")
    for whose, expected in ((None, 13), (ana, 8), (ben, 5)):
        hits = all_pages(store, "hello", limit, whose)
        assert len(hits) == len({(hit.contact_id, hit.key) for hit in hits}) == expected
    assert len(all_pages(store, "東京", limit)) == 9
    assert store.search.find("hello", limit=0) == Page()


def test_more_than_are_read_at_once(store: Store) -> None:
    ana = contact(store)
    with store.transaction():
        add(
            store, ana, "rare word", *("overrare" for _ in range(1200)), "東 rare", *("x" for _ in range(700))
        )
    assert set(found(store, "rare")) == {"rare word", "東 rare"}
    assert found(store, "rare 東") == ["東 rare"]


def test_what_is_deleted_is_found_no_more_and_its_rows_may_be_given_again(store: Store) -> None:
    ana, ben = contact(store), contact(store, BEN, "Ben")
    add(store, ben, "hello ben")
    add(store, ana, "hello ana", "goodbye ana")
    store.contacts.delete(ana)
    assert found(store, "hello") == ["hello ben"]
    add(store, ben, "another", "text")  # takes the rows of those that went
    assert found(store, "hello") == ["hello ben"]
    assert found(store, "goodbye") == []
    assert found(store, "another") == ["another"]


def test_what_is_rolled_back_is_not_found(store: Store) -> None:
    ana = contact(store)

    def half() -> None:
        with store.transaction():
            add(store, ana, "hello")
            assert found(store, "hello") == ["hello"]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert found(store, "hello") == []
    add(store, ana, "hello again")
    assert found(store, "hello") == ["hello again"]


def test_reading_is_enough(store: Store) -> None:
    add(store, contact(store), "hello")
    path = store._connection.path
    with Store.open(path, read_only=True, full_text=store.search.indexed) as screen:
        assert found(screen, "hello") == ["hello"]
        add(store, contact(store, BEN, "Ben"), "hello ben")
        assert set(found(screen, "hello")) == {"hello", "hello ben"}


_LETTERS = "aAbé東👍 -'\"“*():^{}+_%\\\0\n\ud83d\u0301"
_INPUT = st.text(st.characters(), max_size=30) | st.text(st.sampled_from(_LETTERS), max_size=15)
_WORDS = st.lists(st.sampled_from(["at", "nine", "ninety", "see", "you", "a", "ab"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(_WORDS, max_size=12), st.lists(_INPUT | _WORDS.map(" ".join), min_size=1, max_size=10))
def test_no_input_is_an_error_and_the_index_finds_what_reading_finds(
    texts: list[list[str]], queries: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.db") as store:
        store._connection.run("PRAGMA synchronous = OFF")
        ana = store.contacts.add(ANA, "", now=START)
        said = [" ".join(words) for words in texts]
        with store.transaction():
            add(store, ana, *said)
        for query in queries:
            terms = parse(query)
            expected = [text for text in said if terms and has_all(text, terms)]
            for whose in (None, ana):
                assert sorted(found(store, query, whose)) == sorted(expected)
        assert store.search.indexed, "none of it was an error of SQLite's"
