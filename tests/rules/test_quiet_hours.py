"""How late it is at the other side."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gynetix_tui.model import PhoneNumber
from gynetix_tui.sms.quiet import LateThere, late_there, local_time, zones_of

DENVER = PhoneNumber("+13035551234")
IDAHO = PhoneNumber("+12085551234")  # Boise, and Los Angeles' time in the north
LONDON = PhoneNumber("+442079460000")
MOBILE_GB = PhoneNumber("+447911123456")
MOBILE_AU = PhoneNumber("+61412345678")
PARIS = PhoneNumber("+33142345678")
DUBLIN = PhoneNumber("+353861234567")
PHOENIX = PhoneNumber("+15202345678")
TOLL_FREE = PhoneNumber("+18005551212")


def at(zone: str, clock: str) -> float:
    """The moment at which clocks of a zone show that, as "2026-01-15 22:40"."""
    return datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone)).timestamp()


def late(
    number: PhoneNumber, now: float, quiet_from: str = "21:00", until: str = "08:00"
) -> LateThere | None:
    return late_there(number, now=now, quiet_from=quiet_from, quiet_until=until)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        (DENVER, ("America/Denver",)),
        (PARIS, ("Europe/Paris",)),
        (PHOENIX, ("America/Phoenix",)),
        (IDAHO, ("America/Boise", "America/Los_Angeles")),
    ],
)
def test_a_number_s_zones(number: PhoneNumber, zones: tuple[str, ...]) -> None:
    assert zones_of(number) == zones


@pytest.mark.parametrize(
    "number",
    ["72345", "723456", "+15558889999", "+870773111632", "+80012345678", "+9991234567", "", "rubbish"],
)
def test_nothing_is_said_where_the_zone_is_unknown(number: str) -> None:
    unknown = PhoneNumber(number)
    assert zones_of(unknown) == ()
    assert late(unknown, at("America/Denver", "2026-01-15 23:00"), "00:00", "23:59") is None
    assert local_time(unknown, now=0) == ""


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [
        ("20:59", False),
        ("21:00", True),
        ("22:40", True),
        ("23:59", True),
        ("00:00", True),
        ("07:59", True),
        ("08:00", False),
        ("14:05", False),
    ],
)
def test_quiet_hours_go_past_midnight_and_end_on_the_minute(clock: str, quiet: bool) -> None:
    now = at("America/Denver", f"2026-01-15 {clock}")
    assert late(DENVER, now) == (LateThere(clock, "Denver") if quiet else None)
    assert late(DENVER, now + 59.9) == (LateThere(clock, "Denver") if quiet else None)


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("11:59", False), ("12:00", True), ("13:29", True), ("13:30", False), ("23:00", False)],
)
def test_quiet_hours_may_lie_within_a_day(clock: str, quiet: bool) -> None:
    now = at("America/Denver", f"2026-01-15 {clock}")
    assert (late(DENVER, now, "12:00", "13:30") is not None) is quiet


@given(st.integers(0, 1439), st.integers(0, 23))
def test_no_quiet_hours_where_both_ends_are_one(minute: int, hour: int) -> None:
    now = at("America/Denver", "2026-01-15 00:00") + 60 * minute
    assert late(DENVER, now, f"{hour:02}:00", f"{hour:02}:00") is None


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_a_minute_is_quiet_in_just_one_of_two_spans_that_make_up_the_day(
    now: int, one: int, other: int
) -> None:
    if one == other:
        return
    moment = at("America/Phoenix", "2026-01-15 00:00") + 60 * now
    first, second = (f"{minute // 60:02}:{minute % 60:02}" for minute in (one, other))
    assert (late(PHOENIX, moment, first, second) is None) != (late(PHOENIX, moment, second, first) is None)


def test_summer_time_counts() -> None:
    winter, summer = (datetime(2026, month, 15, 3, 30, tzinfo=UTC).timestamp() for month in (1, 7))
    assert late(DENVER, winter) is None  # 20:30
    assert late(DENVER, summer) == LateThere("21:30", "Denver")
    assert late(PHOENIX, winter) is None  # Arizona has none: 20:30 all year
    assert late(PHOENIX, summer) is None


def test_the_hour_that_summer_time_leaves_out_and_the_one_it_repeats() -> None:
    spring = datetime(2026, 3, 8, 8, 59, tzinfo=UTC).timestamp()  # 01:59 in Denver, a minute before 03:00
    assert [local_time(DENVER, now=spring + later) for later in (0, 60)] == [
        "01:59 (Denver)",
        "03:00 (Denver)",
    ]
    autumn = datetime(2026, 11, 1, 7, 59, tzinfo=UTC).timestamp()  # 01:59, a minute before 01:00 again
    assert [local_time(DENVER, now=autumn + later) for later in (0, 60)] == [
        "01:59 (Denver)",
        "01:00 (Denver)",
    ]


def test_where_zones_differ_it_must_be_late_in_each() -> None:
    assert late(IDAHO, at("America/Boise", "2026-01-15 21:30")) is None  # 20:30 in the other
    assert late(IDAHO, at("America/Boise", "2026-01-15 22:10")) == LateThere(
        "21:10 to 22:10", "Los Angeles or Boise"
    )
    assert late(IDAHO, at("America/Boise", "2026-01-15 08:10")) is None  # 07:10 in the other
    assert late(IDAHO, at("America/Boise", "2026-01-15 00:40")) == LateThere(
        "23:40 to 00:40", "Los Angeles or Boise"
    )


def test_a_toll_free_number_is_nowhere_in_particular() -> None:
    assert len(zones_of(TOLL_FREE)) > 20
    for hour in range(24):
        now = at("America/New_York", "2026-01-15 00:00") + 3600 * hour
        assert late(TOLL_FREE, now) is None
        assert local_time(TOLL_FREE, now=now) == ""


def test_the_time_there() -> None:
    now = at("America/Denver", "2026-01-15 14:05")
    assert local_time(DENVER, now=now) == "14:05 (Denver)"
    assert local_time(IDAHO, now=now) == "13:05 to 14:05 (Los Angeles or Boise)"
    assert local_time(MOBILE_AU, now=now) == "05:05 to 08:05 (Perth or Sydney)"


@pytest.mark.parametrize(
    ("number", "place"),
    [(LONDON, "London"), (MOBILE_GB, "London"), (PARIS, "Paris"), (DUBLIN, "Dublin"), (PHOENIX, "Phoenix")],
)
def test_places_are_named_as_people_say_them(number: PhoneNumber, place: str) -> None:
    assert local_time(number, now=0).endswith(f"({place})")


@pytest.mark.parametrize("now", [float("inf"), float("nan"), 1e20, -1e20])
def test_an_impossible_moment_says_nothing(now: float) -> None:
    assert local_time(DENVER, now=now) == ""
    assert late(DENVER, now) is None


def test_the_tables_are_imported_only_when_they_are_asked() -> None:
    code = (
        "import sys, gynetix_tui.sms.quiet as quiet\n"
        "assert 'phonenumbers' not in sys.modules\n"
        "quiet.zones_of('72345')\n"
        "assert 'phonenumbers' not in sys.modules\n"
        "quiet.zones_of('+13035551234')\n"
        "assert 'phonenumbers.timezone' in sys.modules\n"
        "assert 'phonenumbers.geocoder' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_zone_that_this_machine_does_not_know_says_nothing() -> None:
    code = (
        "import zoneinfo, sys\n"
        "zoneinfo.reset_tzpath([])\n"
        "sys.modules['tzdata'] = None\n"  # as on a system without tables of its own
        "from gynetix_tui.sms.quiet import late_there, local_time\n"
        "assert local_time('+13035551234', now=0) == ''\n"
        "assert late_there('+13035551234', now=0, quiet_from='00:00', quiet_until='23:59') is None\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
