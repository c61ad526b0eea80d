"""Times as they are read: where the day changes, where the clock changes, and where there is no such time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gynetix_tui.tui.timestamps import Calendar

same_every_time = settings(derandomize=True, deadline=None)

DENVER = ZoneInfo("America/Denver")
CALENDAR = Calendar(DENVER)


def denver(year: int, month: int, day: int, hour: int = 12, minute: int = 0, *, fold: int = 0) -> float:
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=DENVER).timestamp()


NOW = denver(2026, 10, 24, 13, 30)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (denver(2026, 10, 24, 13, 30), "13:30"),
        (denver(2026, 10, 24, 0, 0), "00:00"),
        (denver(2026, 10, 24, 23, 59), "23:59"),  # a clock that is ahead of ours
        (denver(2026, 10, 25, 8, 0), "08:00"),
        (denver(2026, 10, 23, 23, 59), "Fri"),
        (denver(2026, 10, 19, 9), "Mon"),
        (denver(2026, 10, 18, 9), "Sun"),
        (denver(2026, 10, 17, 23, 59), "17 Oct"),
        (denver(2026, 1, 1, 0), "1 Jan"),
        (denver(2025, 12, 31, 9), "2025"),
        (denver(2018, 1, 24, 10, 51), "2018"),
        (denver(1969, 7, 20), "1969"),
    ],
)
def test_a_time_is_as_short_as_its_distance_allows(at: float, shown: str) -> None:
    assert CALENDAR.short(at, now=NOW) == shown


def test_a_year_that_has_just_begun_still_tells_the_days_of_the_last() -> None:
    now = denver(2026, 1, 5)
    assert CALENDAR.short(denver(2025, 12, 20), now=now) == "20 Dec"
    assert CALENDAR.short(denver(2025, 7, 10), now=now) == "10 Jul"
    assert CALENDAR.short(denver(2025, 7, 9), now=now) == "2025"


@pytest.mark.parametrize(
    ("at", "clock", "day"),
    [
        (denver(2018, 1, 24, 10, 51), "10:51", "Wednesday 24 January 2018"),
        # Clocks go from 2 to 3 on 8 March, and from 2 back to 1 on 1 November.
        (denver(2026, 3, 8, 1, 59), "01:59", "Sunday 8 March 2026"),
        (denver(2026, 3, 8, 1, 59) + 60, "03:00", "Sunday 8 March 2026"),
        (denver(2026, 11, 1, 1, 59), "01:59", "Sunday 1 November 2026"),
        (denver(2026, 11, 1, 1, 59) + 60, "01:00", "Sunday 1 November 2026"),
        (denver(2026, 11, 1, 1, 30, fold=1), "01:30", "Sunday 1 November 2026"),
    ],
)
def test_the_clock_and_the_day(at: float, clock: str, day: str) -> None:
    assert CALENDAR.clock(at) == clock
    assert CALENDAR.day(at) == day


@pytest.mark.parametrize(
    ("year", "month", "day", "hours"), [(2026, 3, 8, 23), (2026, 11, 1, 25), (2026, 6, 1, 24)]
)
def test_a_day_is_as_long_as_its_clock_makes_it(year: int, month: int, day: int, hours: int) -> None:
    midnight = denver(year, month, day, 0)
    last = midnight + hours * 3600 - 1
    assert CALENDAR.same_day(midnight, last)
    assert not CALENDAR.same_day(midnight, last + 1)
    assert not CALENDAR.same_day(midnight - 1, midnight)
    assert CALENDAR.short(midnight, now=last) == "00:00"
    assert CALENDAR.short(last, now=last + 1) in {"Sun", "Mon"}


@pytest.mark.parametrize("zone", [DENVER, UTC, ZoneInfo("Pacific/Kiritimati"), None])
@pytest.mark.parametrize(
    "at", [1e300, -1e300, float("inf"), float("-inf"), float("nan"), 2**62, -(2**62), 253_402_300_799, -62_135_596_800]
)  # fmt: skip
def test_a_time_outside_all_calendars_is_shown_as_some_time(zone: tzinfo | None, at: float) -> None:
    calendar = Calendar(zone)
    assert len(calendar.clock(at)) == 5
    assert calendar.day(at)
    assert len(calendar.short(at, now=NOW)) <= 6
    assert len(calendar.short(NOW, now=at)) <= 6
    assert isinstance(calendar.same_day(at, NOW), bool)


@same_every_time
@given(
    at=st.floats() | st.integers() | st.floats(0, 4e9), now=st.floats(0, 4e9) | st.floats(),
    zone=st.sampled_from([DENVER, UTC, ZoneInfo("Asia/Kathmandu"), None]),
)  # fmt: skip
@example(at=-62_135_596_800, now=NOW, zone=UTC)
def test_no_short_time_is_longer_than_its_column(at: float, now: float, zone: tzinfo | None) -> None:
    assert 1 <= len(Calendar(zone).short(at, now=now)) <= 6
