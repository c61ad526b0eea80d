"""How many requests go out, and how long to wait after failures."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.engine.limiter import BackOff, RequestLimit


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=80),
)
def test_never_more_than_the_limit_in_any_minute(limit: int, wishes: list[tuple[int, bool]]) -> None:
    requests = RequestLimit(limit)
    now, sent = 0.0, []
    for pause, background in wishes:
        now += pause / 4
        wait = requests.wait(now, background=background)
        assert 0 <= wait <= 60
        assert requests.wait(now, background=False) <= requests.wait(now, background=True)
        now += wait
        assert requests.wait(now, background=background) == 0, "not even a moment more"
        requests.note(now)
        sent.append(now)
    for first in sent:
        assert sum(first <= at < first + 60 for at in sent) <= limit


def test_background_leaves_a_quarter_free() -> None:
    requests = RequestLimit(8)
    for second in range(6):
        assert requests.wait(second, background=True) == 0
        requests.note(second)
    assert requests.wait(6, background=True) == 54
    assert requests.wait(6, background=False) == 0
    requests.note(6)
    requests.note(7)
    assert requests.wait(8, background=False) == 52
    assert requests.wait(8, background=True) == 54, "two more must be over before the background may go again"
    assert requests.wait(60, background=False) == 0


def test_a_limit_of_one_still_lets_the_background_go() -> None:
    requests = RequestLimit(1)
    assert requests.wait(0, background=True) == 0
    requests.note(0)
    assert requests.wait(30, background=True) == requests.wait(30, background=False) == 30


def test_what_the_background_takes_to_ask_for_all() -> None:
    assert RequestLimit(60).background_round(45) == 60
    assert RequestLimit(60).background_round(9) == 12
    assert RequestLimit(1).background_round(3) == 180


def test_back_off_doubles_up_to_five_minutes() -> None:
    back_off = BackOff(random.Random(7))
    assert (back_off.failing, back_off.until) == (False, 0)
    for expected in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, *[300] * 50):
        back_off.failed(1000, "offline")
        assert 1000 + expected * 0.9 <= back_off.until <= 1000 + expected * 1.1
        assert back_off.failing
    back_off.hurry(insist=True)
    assert (back_off.failing, back_off.until) == (True, 0)
    back_off.failed(1000, "offline")
    assert back_off.until >= 1270, "hurrying forgets nothing"
    back_off.succeeded()
    assert (back_off.failing, back_off.until) == (False, 0)
    back_off.failed(0, "offline")
    assert back_off.until <= 2.2


def test_each_kind_of_failure_has_its_own_waits_until_one_attempt_succeeds() -> None:
    back_off = BackOff(random.Random(7))
    for kind, expected in (
        ("offline", 2), ("offline", 4), ("offline", 8), ("refused", 2), ("refused", 4), ("offline", 16), ("refused", 8),
    ):  # fmt: skip
        back_off.failed(1000, kind)
        assert 1000 + expected * 0.9 <= back_off.until <= 1000 + expected * 1.1, kind
    back_off.succeeded()
    for kind in ("refused", "offline"):
        back_off.failed(1000, kind)
        assert back_off.until <= 1002.2


def test_back_off_is_spread() -> None:
    ends = set()
    for seed in range(20):
        back_off = BackOff(random.Random(seed))
        back_off.failed(0, "offline")
        ends.add(back_off.until)
    assert len(ends) == 20


@pytest.mark.parametrize(
    ("asked", "least"), [(None, 1.8), (0.0, 1.8), (1.0, 1.8), (30.0, 30.0), (4000.0, 3600.0)]
)
def test_back_off_keeps_to_what_the_other_side_asks_for(asked: float | None, least: float) -> None:
    back_off = BackOff(random.Random(7))
    back_off.failed(0, "refused", at_least=asked)
    assert least <= back_off.until <= max(2.2, least)


def test_only_who_insists_does_not_wait_for_what_the_other_side_asked_for() -> None:
    back_off = BackOff(random.Random(7))
    for _ in range(5):
        back_off.failed(1000, "refused", at_least=10)
    assert back_off.until > 1028
    back_off.hurry(insist=False)
    assert back_off.until == 1010
    back_off.hurry(insist=True)
    assert back_off.until == 0
    back_off.hurry(insist=False)
    assert back_off.until == 0
    back_off.failed(2000, "offline")
    back_off.hurry(insist=False)
    assert back_off.until <= 2000, "this one asked for nothing"
