"""Where each message of an answer belongs in time. A pure rule.

`ts` is the truth. Where it is missing the answer's `date` serves: text in the account's own zone, which the
gateway does not name. A neighbour that has both tells how far that zone is from UTC.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gynetix_tui.fetched import FetchedMessage
from gynetix_tui.model import TimeSource

_QUARTER_HOUR = 900
"""Every zone in use is a whole number of these from UTC."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A message of an answer with its place.

    Attributes:
        ts: Epoch seconds it sorts by.
        rank: Its place among the answer's messages of that second, from 0.
    """

    message: FetchedMessage
    ts: int
    rank: int
    source: TimeSource


def place(messages: Sequence[FetchedMessage], *, now: float) -> list[Placed]:
    """Give each message of an answer its time and rank.

    Args:
        messages: In the answer's order.
        now: Stands where no message of the answer has any time.
    """
    times = _times(messages, now)
    ranks: dict[int, int] = {}
    placed = []
    for message, (ts, source) in zip(messages, times, strict=True):
        rank = ranks.get(ts, 0)
        ranks[ts] = rank + 1
        placed.append(Placed(message, ts, rank, source))
    return placed


def _times(messages: Sequence[FetchedMessage], now: float) -> list[tuple[int, TimeSource]]:
    if all(message.ts is not None for message in messages):
        return [(message.ts or 0, TimeSource.TS) for message in messages]
    dates = [_read_date(message.date) for message in messages]
    zones = [
        (index, (message.ts - date) // _QUARTER_HOUR * _QUARTER_HOUR)  # `date` has whole minutes only
        for index, (message, date) in enumerate(zip(messages, dates, strict=True))
        if message.ts is not None and date is not None
    ]
    times: list[tuple[int, TimeSource] | None] = []
    for index, (message, date) in enumerate(zip(messages, dates, strict=True)):
        if message.ts is not None:
            times.append((message.ts, TimeSource.TS))
        elif date is not None:
            times.append((date + _nearest(zones, index, otherwise=0), TimeSource.DATE))
        else:
            times.append(None)
    known = [(index, time[0]) for index, time in enumerate(times) if time]
    return [
        time or (_nearest(known, index, otherwise=int(now)), TimeSource.NONE)
        for index, time in enumerate(times)
    ]


def _nearest(known: Sequence[tuple[int, int]], index: int, *, otherwise: int) -> int:
    """The value whose index is the nearest, the earlier of two; `known` is sorted by index."""
    after = bisect_left(known, (index, 0))
    beside = known[max(0, after - 1) : after + 1]
    return min(beside, key=lambda entry: abs(entry[0] - index))[1] if beside else otherwise


def _read_date(date: str) -> int | None:
    """The document's form (``1/24/2018 10:51 AM``) as if it were UTC; None for anything else."""
    try:
        return int(datetime.strptime(date.strip(), "%m/%d/%Y %I:%M %p").replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None
