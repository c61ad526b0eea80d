"""Which messages are texts of ours, by what they say and when; and where a message without a time belongs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from engine_kit import ANA, HOME, START, heard, said
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.engine.placing import place
from gynetix_tui.engine.reconcile import is_missing, match, window
from gynetix_tui.fetched import FetchedMessage
from gynetix_tui.model import ContactId, Direction, OutboxId, OutgoingText, SendState, TimeSource
from gynetix_tui.store.messages import StoredMessage


def ours(
    id_: int = 1,
    text: str = "ok",
    *,
    left: float | None = START,
    ended: float | None = START + 1,
    misses: int = 0,
    created: float = START,
) -> OutgoingText:
    return OutgoingText(
        OutboxId(id_),
        ContactId(1),
        ANA,
        HOME,
        text,
        SendState.UNCONFIRMED,
        created,
        left,
        ended,
        1,
        "",
        misses,
    )


def theirs(
    id_: int,
    ts: float,
    text: str = "ok",
    direction: Direction = Direction.OUT,
    *,
    arrived: float = START + 5,
) -> StoredMessage:
    return StoredMessage(id_, int(ts), 0, direction, text, TimeSource.TS, "", arrived)


def found(
    texts: Sequence[OutgoingText],
    messages: Sequence[StoredMessage],
    *,
    taken: frozenset[int] = frozenset(),
    skew: float = 0.0,
    now: float = START + 10,
) -> dict[int, int]:
    return {
        int(text): message
        for text, message in match(texts, messages, taken=taken, skew=skew, now=now).items()
    }


@pytest.mark.parametrize(
    ("ts", "confirms"),
    [(START - 91, False), (START - 90, True), (START, True), (START + 901, True), (START + 902, False)],
)
def test_the_window(ts: float, confirms: bool) -> None:
    assert window(ours(), now=START) == (START - 90, START + 1 + 900)
    assert found([ours()], [theirs(7, ts)]) == ({1: 7} if confirms else {})
    for skew in (-5000.0, 5000.0):
        assert found([ours()], [theirs(7, ts + skew)], skew=skew) == ({1: 7} if confirms else {})


def test_the_window_of_a_text_under_way_ends_with_now() -> None:
    assert window(ours(ended=None), now=START + 50) == (START - 90, START + 950)
    assert window(ours(left=None, ended=None, created=START - 5), now=START) == (START - 95, START + 900)


@pytest.mark.parametrize(
    ("sent", "came_back"),
    [
        ("a\nb", "a\r\nb"), ("a\r\nb", "a\nb"), (" a  b ", "a b"), ("a\u00a0b", "a b"), ("x ", "x"),
        ("“Don’t”", '"Don\'t"'), ("é", "e\u0301"), ("…", "..."), ("a – b", "a - b"), ("", " "),
    ],
)  # fmt: skip
def test_a_text_is_known_again_as_gateways_alter_it(sent: str, came_back: str) -> None:
    assert found([ours(text=sent)], [theirs(7, START, came_back)]) == {1: 7}


@pytest.mark.parametrize(("sent", "other"), [("ok", "OK"), ("ok", "ok!"), ("ab", "a b"), ("1", "2")])
def test_another_text_confirms_nothing(sent: str, other: str) -> None:
    assert found([ours(text=sent)], [theirs(7, START, other)]) == {}


def test_an_incoming_or_taken_message_confirms_nothing() -> None:
    assert found([ours()], [theirs(7, START, direction=Direction.IN)]) == {}
    assert found([ours()], [theirs(7, START)], taken=frozenset({7})) == {}
    assert found([ours()], [theirs(7, START), theirs(8, START)], taken=frozenset({7})) == {1: 8}


@pytest.mark.parametrize(("arrived", "confirms"), [(START - 1, False), (START, True), (START + 500, True)])
def test_what_was_here_before_the_text_left_confirms_nothing(arrived: float, confirms: bool) -> None:
    # The same text, sent elsewhere a minute ago, lies in the window too.
    assert found([ours()], [theirs(7, START - 60, arrived=arrived)]) == ({1: 7} if confirms else {})
    assert found([ours(left=None)], [theirs(7, START - 60, arrived=arrived)]) == {1: 7}


def test_the_first_to_claim_gets_the_oldest() -> None:
    texts = [ours(5, left=START + 2), ours(3)]
    assert found(texts, [theirs(7, START), theirs(8, START + 3)]) == {5: 7, 3: 8}
    assert found(texts, [theirs(7, START)]) == {5: 7}


@settings(deadline=None)
@given(
    st.integers(0, 8),
    st.lists(st.integers(-90, 900), max_size=8),
    st.lists(st.sampled_from([-500, -91, 902, 5000]), max_size=4),
    st.lists(st.integers(-90, 900), max_size=3),
)
def test_of_k_alike_and_m_copies_the_smaller_number_is_seen(
    k: int, inside: list[int], outside: list[int], other: list[int]
) -> None:
    copies = [theirs(n, START + offset) for n, offset in enumerate([*inside, *outside])]
    others = [theirs(100 + n, START + offset, "no") for n, offset in enumerate(other)]
    messages = sorted([*copies, *others], key=lambda message: message.ts)
    pairs = found([ours(n) for n in range(k)], messages)
    assert len(pairs) == min(k, len(inside))
    assert len(set(pairs.values())) == len(pairs)
    assert set(pairs.values()) <= set(range(len(inside)))
    assert set(pairs) == set(range(len(pairs))), "the first to claim is the first to get"


@pytest.mark.parametrize(
    ("misses", "now", "missing"),
    [(0, START + 500, False), (1, START + 60.9, False), (1, START + 61, True), (5, START + 5, False), (5, START + 61, True)],
)  # fmt: skip
def test_missing(misses: int, now: float, missing: bool) -> None:
    assert is_missing(ours(misses=misses), now=now) is missing
    assert not is_missing(ours(misses=9, ended=None), now=now), "its request has not ended"


# Placing


def placed(*messages: FetchedMessage, now: float = START) -> list[tuple[int, int, TimeSource]]:
    return [(each.ts, each.rank, each.source) for each in place(messages, now=now)]


TEN_FIFTY_ONE = 1516791060  # 1/24/2018 10:51 AM, read as UTC
HOUR = 3600


def test_ranks_count_within_a_second() -> None:
    assert placed(heard("a", 5), said("b", 5), heard("c", 6), heard("d", 5)) == [
        (5, 0, TimeSource.TS), (5, 1, TimeSource.TS), (6, 0, TimeSource.TS), (5, 2, TimeSource.TS),
    ]  # fmt: skip
    assert placed() == []


def test_the_zone_is_that_of_the_nearest_neighbour_that_has_both() -> None:
    # Winter time is seven hours behind UTC, summer time six.
    winter = said("w", TEN_FIFTY_ONE + 7 * HOUR + 30, "1/24/2018 10:51 AM")
    summer = said("s", TEN_FIFTY_ONE + 6 * HOUR + 30, "1/24/2018 10:51 AM")
    lost = heard("x", None, "1/24/2018 12:33 PM")
    later = TEN_FIFTY_ONE + HOUR + 42 * 60
    by_winter, by_summer = (later + 7 * HOUR, 0, TimeSource.DATE), (later + 6 * HOUR, 0, TimeSource.DATE)
    assert placed(winter, lost)[1] == by_winter
    assert placed(lost, winter)[0] == by_winter
    assert placed(winter, heard("no date", 5), lost, summer)[2] == by_summer
    assert placed(winter, lost, heard("no date", 5), summer)[1] == by_winter
    assert placed(winter, lost, summer)[1] == by_winter, "the earlier of two"
    assert placed(summer, lost, lost, lost, winter)[3][0] == by_winter[0]


def test_a_zone_of_a_quarter_hour() -> None:
    nepal = said("n", TEN_FIFTY_ONE - (5 * 60 + 45) * 60 + 59, "1/24/2018 10:51 AM")
    assert placed(nepal, heard("x", None, "1/24/2018 10:51 AM"))[1][0] == TEN_FIFTY_ONE - (5 * 60 + 45) * 60


def test_without_a_neighbour_the_date_is_read_as_utc() -> None:
    assert placed(heard("x", None, " 1/24/2018 10:51 AM ")) == [(TEN_FIFTY_ONE, 0, TimeSource.DATE)]


@pytest.mark.parametrize(
    "date", ["", "yesterday", "2018-01-24 10:51", "13/24/2018 10:51 AM", "1/24/0000 10:51 AM"]
)
def test_with_neither_time_it_stands_beside_its_neighbour(date: str) -> None:
    lost = heard("x", None, date)
    assert placed(lost, now=START + 0.9) == [(int(START), 0, TimeSource.NONE)]
    assert placed(heard("a", 5), lost, lost, heard("b", 50)) == [
        (5, 0, TimeSource.TS), (5, 1, TimeSource.NONE), (50, 0, TimeSource.NONE), (50, 1, TimeSource.TS),
    ]  # fmt: skip
    assert placed(lost, heard("b", None, "1/24/2018 10:51 AM")) == [
        (TEN_FIFTY_ONE, 0, TimeSource.NONE), (TEN_FIFTY_ONE, 1, TimeSource.DATE),
    ]  # fmt: skip


@pytest.mark.parametrize("date", ["1/24/2018 10:51 AM", "soon"])
def test_a_long_conversation_without_any_ts_does_not_take_for_ever(date: str) -> None:
    messages = [heard("x", None, date) for _ in range(10_000)]
    begun = time.process_time()
    assert len(place(messages, now=START)) == 10_000
    messages[5000] = said("y", 5, "1/24/2018 10:51 AM")
    assert len(place(messages, now=START)) == 10_000
    assert time.process_time() - begun < 5


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            FetchedMessage,
            st.sampled_from(list(Direction)),
            st.none() | st.integers(1, 1 << 39),
            st.sampled_from(["", "x", "1/24/2018 10:51 AM", "12/31/9999 11:59 PM", "1/1/0001 12:00 AM"]),
            st.text(max_size=2),
        ),
        max_size=20,
    )
)
def test_every_message_has_a_place_of_its_own(messages: list[FetchedMessage]) -> None:
    places = place(messages, now=START)
    assert [each.message for each in places] == messages
    assert len({(each.ts, each.rank) for each in places}) == len(messages)
    for each in places:
        assert (each.source is TimeSource.TS) is (each.message.ts is not None)
        assert each.message.ts in (None, each.ts)
        assert abs(each.ts) < 1 << 62
