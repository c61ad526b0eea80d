"""Times as people read them, in the zone that the screen was given. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class Calendar:
    """Formats epoch seconds in one zone. Names are English whatever the locale: so is the rest of the screen.

    Args:
        zone: The zone, or None for the system's own.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def local(self, at: float) -> datetime:
        """The time in the zone; the nearest that can be shown where a time lies outside all calendars."""
        try:
            return datetime.fromtimestamp(at, self._zone)
        except (ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(0, self._zone)

    def clock(self, at: float) -> str:
        """Hours and minutes: ``10:51``."""
        return f"{self.local(at):%H:%M}"

    def day(self, at: float) -> str:
        """A whole date, for a day line: ``Wednesday 24 January 2018``."""
        local = self.local(at)
        return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"

    def short(self, at: float, *, now: float) -> str:
        """A time in at most six characters: ``12:33`` today, ``Tue`` in the last six days, ``12 Jan``, ``2018``."""
        local, today = self.local(at), self.local(now)
        days = (today.date() - local.date()).days
        if days <= 0:
            return f"{local:%H:%M}"
        if days < 7:
            return _WEEKDAYS[local.weekday()]
        if local.year == today.year or days < 180:
            return f"{local.day} {_MONTHS[local.month - 1][:3]}"
        return str(local.year)

    def seconds_to_midnight(self, now: float) -> float:
        """Until the date changes here; an hour off, twice a year, on days of 23 or 25 hours."""
        local = self.local(now)
        return 86_400.0 - (local.hour * 3600 + local.minute * 60 + local.second)

    def same_day(self, first: float, second: float) -> bool:
        """Whether two times fall on one date here."""
        return self.local(first).date() == self.local(second).date()
