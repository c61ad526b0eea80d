"""How late it is at the other side. A hint: a number tells where it was given out, not where its phone is tonight.

Where a number may lie in several zones (a mobile of a large country, an area code on a border, a toll-free number),
it counts as late only if it is late in every one of them: better no hint than a wrong one. And if they lie far apart,
nothing is said at all: round the world it is late somewhere at any time. Short codes, numbers that
are not in use, and those of no country have no zone, and nothing is said of them. Nor where this machine does not
know a zone's rules.

The tables of zones are imported when they are first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from gynetix_tui.model import PhoneNumber
from gynetix_tui.phone import E164

_NOWHERE: Final = "Etc/Unknown"
_WIDEST: Final = timedelta(hours=6)  # zones further apart (all of North America) tell nobody what time it is

# Places that are left out where greater ones are given beside them: they share the clock of those, or hardly anybody
# lives there (of Australia's mobiles, say).
_LESSER: Final = frozenset(
    {
        "America/Kralendijk",
        "Arctic/Longyearbyen",
        "Asia/Choibalsan",
        "Australia/Eucla",
        "Australia/Lord_Howe",
        "Europe/Guernsey",
        "Europe/Isle_of_Man",
        "Europe/Jersey",
        "Europe/Mariehamn",
        "Europe/Vatican",
        "Indian/Christmas",
        "Indian/Cocos",
    }
)
# The tables give Irish numbers to London and its islands: the same clock, not the same place.
_IRELAND: Final = "+353"


@dataclass(frozen=True, slots=True)
class LateThere:
    """It is late, or early, where a number lives.

    Attributes:
        clock: The time there, as "22:40"; "22:40 to 00:40" where zones differ.
        zone: The place as people say it: "Denver"; "Los Angeles or Boise" where zones differ, in the clock's order.
    """

    clock: str
    zone: str


@lru_cache(maxsize=4096)
def zones_of(number: PhoneNumber) -> tuple[str, ...]:
    """The time zones that a number may lie in, as IANA names; empty where that is unknown."""
    if not E164.fullmatch(number):
        return ()
    import phonenumbers
    from phonenumbers import timezone

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    zones = timezone.time_zones_for_number(parsed)
    return tuple(zone for zone in zones if zone != _NOWHERE)


def late_there(number: PhoneNumber, *, now: float, quiet_from: str, quiet_until: str) -> LateThere | None:
    """How late it is at a number, or None where it is not late in each of its zones, or the zone is unknown.

    Args:
        number: E.164 or a short code.
        now: Epoch seconds.
        quiet_from: The first quiet minute, "HH:MM", in the number's own time.
        quiet_until: The first minute that is not quiet any more; may be past midnight. The same as `quiet_from`
            for no quiet hours at all.
    """
    first, end = _minute(quiet_from), _minute(quiet_until)
    times = _times_at(number, now)
    for _, time in times:
        minute = time.hour * 60 + time.minute
        quiet = first <= minute < end if first <= end else minute >= first or minute < end
        if not quiet:
            return None
    return LateThere(_clock(times), _place(number, times)) if times else None


def local_time(number: PhoneNumber, *, now: float) -> str:
    """The time at a number, as "14:05 (Denver)"; empty where that is unknown, or could be any.

    Args:
        number: E.164 or a short code.
        now: Epoch seconds.
    """
    times = _times_at(number, now)
    if not times:
        return ""
    return f"{_clock(times)} ({_place(number, times)})"


def _times_at(number: PhoneNumber, now: float) -> list[tuple[str, datetime]]:
    """The zones of a number with the time on clocks there, the earliest first; empty where that tells nothing."""
    from zoneinfo import ZoneInfo

    zones = zones_of(number)
    greater = [zone for zone in zones if zone not in _LESSER]
    try:
        # Without their zone, times compare as the clocks show them.
        times = [
            (zone, datetime.fromtimestamp(now, ZoneInfo(zone)).replace(tzinfo=None))
            for zone in greater or zones
        ]
    except (KeyError, OSError, ValueError, OverflowError):  # no such zone on this machine, or no such time
        return []
    times.sort(key=lambda entry: entry[1])
    if times and times[-1][1] - times[0][1] > _WIDEST:
        return []
    return times


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(times: list[tuple[str, datetime]]) -> str:
    first, last = f"{times[0][1]:%H:%M}", f"{times[-1][1]:%H:%M}"
    return first if first == last else f"{first} to {last}"


def _place(number: PhoneNumber, times: list[tuple[str, datetime]]) -> str:
    if number.startswith(_IRELAND):
        return "Dublin"
    first = times[0]
    last = first if times[-1][1] == first[1] else times[-1]
    names = [zone.rpartition("/")[2].replace("_", " ") for zone, _ in (first, last)]
    return names[0] if first is last else " or ".join(names)
