"""Merging answers: nothing is lost, nothing is doubled, whatever comes in whatever order."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, HOME, START, fetched, heard, said
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.engine.merge import PART, Outcome, merge
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.model import ContactId, Direction, OutboxId, PhoneNumber, SendState, TimeSource
from gynetix_tui.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


@pytest.fixture
def ana(store: Store) -> ContactId:
    return store.contacts.add(ANA, "Ana", now=START)


def put(
    store: Store,
    contact_id: ContactId,
    answer: FetchedConversation,
    *,
    now: float = START + 10,
    part: int = PART,
) -> Outcome:
    with store.transaction():
        return merge(store, contact_id, answer, asked_at=now - 1, now=now, part=part)


def texts(store: Store, contact_id: ContactId) -> list[str]:
    return [item.text for item in store.conversations.newest(contact_id, 10_000)]


def unread(store: Store, contact_id: ContactId) -> int:
    summary = store.contacts.summary(contact_id)
    assert summary is not None
    return summary.unread


def everything(store: Store) -> list[tuple[object, ...]]:
    return [
        row
        for table in ("messages", "outbox", "drafts")
        for row in store._connection.all(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - a constant
    ]


# Few texts, few seconds: many are equal, as the rule wants it hard.
_with_ts = st.builds(
    FetchedMessage,
    st.sampled_from(list(Direction)),
    st.integers(int(START), int(START) + 3),
    st.sampled_from(["", "1/24/2018 10:51 AM"]),
    st.sampled_from(["ok", "OK", "ok ", "😀"]),
)
_without_ts = st.builds(
    FetchedMessage,
    st.sampled_from(list(Direction)),
    st.none(),
    st.sampled_from(["", "soon", "1/24/2018 10:51 AM", "1/24/2018 10:52 AM"]),
    st.sampled_from(["ok", "?"]),
)


_part_sizes = st.sampled_from([1, 2, 3, PART])


@st.composite
def _answers(draw: st.DrawFn, message: st.SearchStrategy[FetchedMessage]) -> list[list[FetchedMessage]]:
    """Parts of one conversation, each shuffled or not, some more than once; the last is all of it."""
    whole = sorted(draw(st.lists(message, max_size=12)), key=lambda each: each.ts or 0)
    answers = []
    for _ in range(draw(st.integers(0, 5))):
        part = [each for each in whole if draw(st.booleans())]
        answers.append(draw(st.permutations(part)) if draw(st.booleans()) else part)
    if answers:
        answers += draw(st.lists(st.sampled_from(answers), max_size=3))
    return [*answers, whole]


def _identity(message: FetchedMessage) -> tuple[object, ...]:
    return message.direction, message.ts or message.date, message.text


@contextmanager
def quick_store() -> Iterator[Store]:
    """A store of its own for each example, that does not wait for the disk."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.db") as store:
        store._connection.run("PRAGMA synchronous = OFF")
        yield store


@settings(max_examples=150, deadline=None)
@given(_answers(_with_ts | _without_ts), _part_sizes)
def test_an_answer_is_a_multiset(answers: list[list[FetchedMessage]], part: int) -> None:
    with quick_store() as store:
        ana = store.contacts.add(ANA, "Ana", now=START)
        most: Counter[tuple[object, ...]] = Counter()
        for answer in answers:
            outcome = put(store, ana, fetched(*answer), part=part)
            most |= Counter(map(_identity, answer))
            stored = Counter(
                (
                    item.direction,
                    item.key.ts if item.time_source is TimeSource.TS else item.date_text,
                    item.text,
                )
                for item in store.conversations.newest(ana, 1000)
            )
            assert stored == most
            assert outcome.incoming <= len(answer)
            before = everything(store)
            again = put(store, ana, fetched(*answer), now=START + 20, part=part)
            assert again == Outcome()
            assert everything(store) == before
        assert most == Counter(map(_identity, answers[-1]))
        summary = store.contacts.summary(ana)
        assert summary is not None
        assert summary.unread == sum(item.unread for item in store.conversations.newest(ana, 1000))


@settings(max_examples=60, deadline=None)
@given(_answers(_with_ts | _without_ts), _part_sizes)
def test_parts_change_nothing(answers: list[list[FetchedMessage]], part: int) -> None:
    with quick_store() as whole, quick_store() as parted:
        for store in (whole, parted):
            store.contacts.add(ANA, "Ana", now=START)
        for answer in answers:
            assert put(whole, ContactId(1), fetched(*answer)) == put(
                parted, ContactId(1), fetched(*answer), part=part
            )

        def shown(store: Store) -> list[tuple[object, ...]]:
            items = store.conversations.newest(ContactId(1), 1000)
            return [(item.key[:2], item.direction, item.text, item.unread, item.date_text) for item in items]

        assert shown(parted) == shown(whole)


@settings(max_examples=150, deadline=None)
@given(_answers(_with_ts), _part_sizes)
def test_the_order_is_that_of_the_answer(answers: list[list[FetchedMessage]], part: int) -> None:
    with quick_store() as store:
        ana = store.contacts.add(ANA, "Ana", now=START)
        for answer in answers:
            put(store, ana, fetched(*answer), part=part)
        shown = [(item.direction, item.key.ts, item.text) for item in store.conversations.newest(ana, 1000)]
        assert shown == [(each.direction, each.ts, each.text) for each in answers[-1]]
        keys = [item.key for item in store.conversations.newest(ana, 1000)]
        assert keys == sorted(set(keys))


def test_the_same_text_twice_in_one_second(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(heard("ok")))
    assert put(store, ana, fetched(heard("ok"), heard("ok"))).incoming == 1
    assert put(store, ana, fetched(heard("ok"))) == Outcome()
    assert texts(store, ana) == ["ok", "ok"]
    put(store, ana, fetched(heard("ok"), said("ok"), heard("ok"), heard("ok")))
    assert [item.direction for item in store.conversations.newest(ana, 9)] == ["IN", "OUT", "IN", "IN"]


def test_a_late_message_takes_its_place(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(heard("one", START), heard("three", START + 2)))
    outcome = put(
        store,
        ana,
        fetched(heard("zero", START - 9), heard("one"), heard("two", START + 1), heard("three", START + 2)),
    )
    assert outcome == Outcome(changed=True, incoming=2)
    assert texts(store, ana) == ["zero", "one", "two", "three"]


@pytest.mark.parametrize("order", ["as it is", "backwards"])
def test_a_long_answer_is_merged_in_parts(store: Store, ana: ContactId, order: str) -> None:
    # Longer than a part, with a second that a part must not be cut in.
    said_so = [heard(f"text {n}", START + min(n, PART - 3)) for n in range(PART + 5)]
    said_so += [heard(f"later {n}", START + PART + n) for n in range(2 * PART)]
    answer = said_so if order == "as it is" else said_so[::-1]
    assert put(store, ana, fetched(*answer)).incoming == len(answer) - 1
    stored = store.messages.since(ana, 0)
    assert len(stored) == len(answer)
    assert [m.text for m in stored] == [m.text for m in sorted(answer, key=lambda each: each.ts or 0)]
    before = everything(store)
    assert put(store, ana, fetched(*answer)) == Outcome()
    assert everything(store) == before
    outcome = put(store, ana, fetched(*answer, heard("one more", START + 5)))
    assert outcome == Outcome(changed=True, incoming=1)
    assert outcome.newest == START + 3 * PART - 1


def test_two_contacts_do_not_mix(store: Store, ana: ContactId) -> None:
    ben = store.contacts.add(BEN, "Ben", now=START)
    put(store, ana, fetched(heard("ok")))
    assert put(store, ben, fetched(heard("ok"))).changed
    assert texts(store, ana) == texts(store, ben) == ["ok"]


@pytest.mark.parametrize("did", [HOME, None])
def test_a_shorter_or_empty_answer_removes_nothing(
    store: Store, ana: ContactId, did: PhoneNumber | None
) -> None:
    put(store, ana, fetched(heard("one"), heard("two", START + 1)))
    before = everything(store)
    put(store, ana, fetched(heard("two", START + 1), did=did))
    put(store, ana, fetched(did=did))
    assert everything(store) == before


def test_an_answer_that_looks_failed_changes_only_the_time_of_the_fetch(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(heard("one"), digest=b"good"))
    with store.transaction():
        store.contacts.set_suppressed(ana, True)
    outcome = put(store, ana, fetched(did=None, suppressed=False, digest=b"empty"), now=START + 99)
    assert outcome == Outcome(returned_nothing=True)
    contact = store.contacts.get(ana)
    assert contact is not None
    assert (contact.suppressed, contact.local_number, contact.fetched_at) == (True, HOME, START + 99)
    assert store.contacts.digest(ana) == b"", "the next empty answer must be looked at too"


def test_an_unknown_number_is_no_trouble(store: Store, ana: ContactId) -> None:
    assert put(store, ana, fetched(did=None, suppressed=False)) == Outcome()


@pytest.mark.parametrize(("told", "kept"), [(True, True), (False, False), (None, False)])
def test_what_the_gateway_says_of_suppression_is_kept(
    store: Store, ana: ContactId, told: bool | None, kept: bool
) -> None:
    outcome = put(store, ana, fetched(suppressed=told))
    contact = store.contacts.get(ana)
    assert contact is not None
    assert contact.suppressed is kept
    assert outcome.changed
    assert not put(store, ana, fetched(suppressed=told)).changed
    assert put(store, ana, fetched(suppressed=not kept), now=START + 20).changed


def test_an_answer_that_was_asked_for_before_lifts_no_suppression(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(suppressed=True), now=START + 10)
    assert not put(store, ana, fetched(suppressed=False), now=START + 10.5).changed
    assert put(store, ana, fetched(suppressed=False), now=START + 12).changed


def test_a_number_without_a_conversation_may_be_suppressed(store: Store, ana: ContactId) -> None:
    for told, kept in ((False, False), (True, True), (False, True)):
        put(store, ana, FetchedConversation((), suppressed=told), now=START + 20)
        contact = store.contacts.get(ana)
        assert contact is not None
        assert contact.suppressed is kept, "a failed call says N, too"


def test_our_number_is_kept_and_changed_but_never_lost(store: Store, ana: ContactId) -> None:
    other = PhoneNumber("+15550001111")
    for did, kept, changed in ((HOME, HOME, True), (None, HOME, False), (other, other, True)):
        outcome = put(store, ana, fetched(heard("x"), did=did))
        contact = store.contacts.get(ana)
        assert contact is not None
        assert contact.local_number == kept
        assert outcome.changed is changed


def test_at_the_first_look_only_what_came_since_is_unread(store: Store, ana: ContactId) -> None:
    answer = fetched(
        heard("old", START - 100), heard("edge", START), said("mine", START + 1), heard("new", START + 2)
    )
    assert put(store, ana, answer).incoming == 1
    assert [item.text for item in store.conversations.newest(ana, 9) if item.unread] == ["new"]
    assert unread(store, ana) == 1


def test_later_every_incoming_text_is_unread_also_a_late_one(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(heard("old", START - 100)))
    put(store, ana, fetched(heard("late", START - 200), heard("old", START - 100), said("mine", START - 50)))
    assert [item.text for item in store.conversations.newest(ana, 9) if item.unread] == ["late"]
    store.messages.mark_read(ana)
    put(store, ana, fetched(heard("late", START - 200), heard("old", START - 100)))
    assert not any(item.unread for item in store.conversations.newest(ana, 9)), "what was read stays so"


def test_a_first_empty_answer_does_not_make_old_texts_news(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(did=None))
    assert put(store, ana, fetched(heard("old", START - 100))).incoming == 0


def test_a_missing_ts_is_said_so(store: Store, ana: ContactId) -> None:
    put(
        store,
        ana,
        fetched(
            said("with both", 1516816290, "1/24/2018 10:51 AM"),
            heard("by date", None, "1/24/2018 12:33 PM"),
            heard("by neither", None, "yesterday"),
        ),
    )
    both, by_date, neither = store.conversations.newest(ana, 9)
    assert (both.time_source, both.date_text) == (TimeSource.TS, "")
    assert (by_date.time_source, by_date.date_text, by_date.key.ts) == (
        TimeSource.DATE, "1/24/2018 12:33 PM", 1516822380,
    )  # fmt: skip
    assert (neither.time_source, neither.date_text, neither.key.ts) == (
        TimeSource.NONE,
        "yesterday",
        1516822380,
    )


def test_unknown_fields_are_kept(store: Store, ana: ContactId) -> None:
    extra = (("segments", "2"), ("carrier.name", "A"))
    put(store, ana, fetched(FetchedMessage(Direction.IN, int(START), "", "x", extra)))
    (item,) = store.conversations.newest(ana, 9)
    assert item.extra == extra


def test_a_contact_that_was_deleted_meanwhile_is_not_written_to(store: Store, ana: ContactId) -> None:
    store.contacts.delete(ana)
    assert put(store, ana, fetched(heard("x"))) == Outcome()
    assert everything(store) == []


def test_the_digest_is_kept_only_of_a_whole_answer(store: Store, ana: ContactId) -> None:
    put(store, ana, fetched(heard("x"), digest=b"one"))
    assert store.contacts.digest(ana) == b"one"
    put(store, ana, fetched(heard("x"), digest=b"two", skipped=1))
    assert store.contacts.digest(ana) == b""


def _text(
    store: Store,
    ana: ContactId,
    text: str = "news",
    state: SendState = SendState.UNCONFIRMED,
    *,
    at: float = START,
) -> OutboxId:
    """A text of ours whose request took from `at` to a second later."""
    outbox_id = store.outbox.add(ana, to=ANA, sender=HOME, text=text, now=at)
    claimed = store.outbox.claim(owner="me", now=at)
    assert claimed is not None
    assert claimed.id == outbox_id
    if state is not SendState.SENDING:
        store.outbox.finish(outbox_id, state, reason="why", now=at + 1)
    return outbox_id


def _state(store: Store, outbox_id: OutboxId) -> SendState:
    text = store.outbox.get(outbox_id)
    assert text is not None
    return text.state


@pytest.mark.parametrize("state", [SendState.ACCEPTED, SendState.UNCONFIRMED, SendState.SENDING])
def test_a_text_that_the_gateway_shows_is_seen_and_shown_once(
    store: Store, ana: ContactId, state: SendState
) -> None:
    text = _text(store, ana, "“News”\n", state)
    outcome = put(store, ana, fetched(said('"News"', START + 1)))
    assert outcome == Outcome(changed=True)
    assert _state(store, text) is SendState.SEEN
    assert texts(store, ana) == ['"News"']
    store.outbox.finish(text, SendState.UNCONFIRMED, reason="late", now=START)
    assert _state(store, text) is SendState.SEEN
    assert put(store, ana, fetched(said('"News"', START + 1))) == Outcome()


@pytest.mark.parametrize("state", [SendState.QUEUED, SendState.FAILED, SendState.DISCARDED])
def test_a_text_that_never_left_is_not_looked_for(store: Store, ana: ContactId, state: SendState) -> None:
    text = _text(store, ana, state=SendState.FAILED) if state is not SendState.QUEUED else store.outbox.add(
        ana, to=ANA, sender=HOME, text="news", now=START
    )  # fmt: skip
    if state is SendState.DISCARDED:
        store.outbox.discard(text)
    outcome = put(store, ana, fetched(said("news")))
    assert not outcome.awaiting
    assert _state(store, text) is state


def test_an_incoming_text_confirms_nothing(store: Store, ana: ContactId) -> None:
    text = _text(store, ana)
    assert put(store, ana, fetched(heard("news", START + 1))).awaiting
    assert _state(store, text) is SendState.UNCONFIRMED


def test_a_copy_that_confirmed_one_text_confirms_no_other(store: Store, ana: ContactId) -> None:
    first = _text(store, ana, state=SendState.ACCEPTED)
    answer = fetched(said("news", START + 1))
    put(store, ana, answer)
    second = _text(store, ana, at=START + 60)
    assert put(store, ana, answer, now=START + 70).awaiting
    assert (_state(store, first), _state(store, second)) == (SendState.SEEN, SendState.UNCONFIRMED)
    put(store, ana, fetched(said("news", START + 1), said("news", START + 61)), now=START + 80)
    assert _state(store, second) is SendState.SEEN
    assert texts(store, ana) == ["news", "news"]


def test_an_old_copy_confirms_nothing(store: Store, ana: ContactId) -> None:
    text = _text(store, ana, "ok")
    put(store, ana, fetched(said("ok", START - 91), said("ok", START + 1 + 15 * 60 + 1)), now=START + 2000)
    assert _state(store, text) is SendState.UNCONFIRMED


@pytest.mark.parametrize("skew", [-7200.0, 7200.0])
def test_a_gateway_whose_clock_is_wrong(store: Store, ana: ContactId, skew: float) -> None:
    text = _text(store, ana)
    put(store, ana, fetched(said("news", START + skew), served_at=START + 10 + skew))
    assert _state(store, text) is SendState.SEEN
    ok = _text(store, ana, "ok")
    put(store, ana, fetched(said("ok", START), served_at=START + 10 + skew))
    assert _state(store, ok) is SendState.UNCONFIRMED


def _missing(store: Store, ana: ContactId) -> bool:
    (item,) = (item for item in store.conversations.newest(ana, 9) if item.outbox_id)
    return item.missing


def test_a_text_is_missing_after_two_whole_answers_the_last_a_minute_later(
    store: Store, ana: ContactId
) -> None:
    text = _text(store, ana)  # its request ended at START + 1
    answer = fetched(heard("x"))
    put(store, ana, answer, now=START + 100)
    assert not _missing(store, ana), "one answer is not enough"
    outcome = put(store, ana, answer, now=START + 110)
    assert _missing(store, ana)
    assert (outcome.changed, outcome.awaiting) == (True, True)
    assert _state(store, text) is SendState.UNCONFIRMED, "it is never sent again by itself"
    put(store, ana, fetched(heard("x"), said("news", START + 5)), now=START + 120)
    assert _state(store, text) is SendState.SEEN


@pytest.mark.parametrize(("now", "missing"), [(START + 60, False), (START + 61, True)])
def test_not_before_a_minute(store: Store, ana: ContactId, now: float, missing: bool) -> None:
    _text(store, ana)
    for at in (START + 20, START + 30, START + 40, now):
        put(store, ana, fetched(heard("x")), now=at)
    assert _missing(store, ana) is missing


@pytest.mark.parametrize(
    "answer",
    [fetched(did=None), fetched(heard("x"), skipped=1), fetched(heard("x"), did=None, skipped=1)],
)
def test_an_answer_that_is_not_whole_proves_nothing(
    store: Store, ana: ContactId, answer: FetchedConversation
) -> None:
    text = _text(store, ana)
    for n in range(5):
        put(store, ana, answer, now=START + 100 + n)
    assert not _missing(store, ana)
    after = store.outbox.get(text)
    assert after is not None
    assert after.misses == 0


def test_an_answer_that_was_asked_for_before_the_request_ended_proves_nothing(
    store: Store, ana: ContactId
) -> None:
    text = _text(store, ana)
    with store.transaction():
        for _ in range(3):
            merge(store, ana, fetched(heard("x")), asked_at=START + 0.5, now=START + 500)
    after = store.outbox.get(text)
    assert after is not None
    assert after.misses == 0


def test_a_text_under_way_or_accepted_is_never_missing(store: Store, ana: ContactId) -> None:
    accepted = _text(store, ana, "one", SendState.ACCEPTED)
    under_way = _text(store, ana, "two", SendState.SENDING)
    for n in range(3):
        assert put(store, ana, fetched(heard("x")), now=START + 100 + n).awaiting
    for each in (accepted, under_way):
        after = store.outbox.get(each)
        assert after is not None
        assert after.misses == 0
