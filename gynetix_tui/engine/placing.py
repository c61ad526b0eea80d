"""Where each message of an answer belongs in time. A pure rule.

`ts` is the truth. Where it is missing the answer's `date` serves: text in the account's own zone, which the
gateway does not name. A neighbour that has both tells how far that zone is from UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gynetix_tui.model import FetchedMessage, TimeSource

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
    times: list[tuple[int, TimeSource] | None] = []
    for index, message in enumerate(messages):
        local = _read_date(message.date)
        if message.ts is not None:
            times.append((message.ts, TimeSource.TS))
        elif local is not None:
            times.append((local + _zone_beside(messages, index), TimeSource.DATE))
        else:
            times.append(None)
    known = [(index, time[0]) for index, time in enumerate(times) if time]
    return [
        time
        or (min(known, key=lambda other: abs(other[0] - index))[1] if known else int(now), TimeSource.NONE)
        for index, time in enumerate(times)
    ]


def _zone_beside(messages: Sequence[FetchedMessage], index: int) -> int:
    """Seconds from the account's clock to UTC, from the nearest message that has both times; 0 where none has."""
    for distance in range(1, len(messages)):
        for other in (index - distance, index + distance):
            if 0 <= other < len(messages):
                ts, local = messages[other].ts, _read_date(messages[other].date)
                if ts is not None and local is not None:
                    return (ts - local) // _QUARTER_HOUR * _QUARTER_HOUR  # `date` has whole minutes only
    return 0


def _read_date(date: str) -> int | None:
    """The document's form (``1/24/2018 10:51 AM``) as if it were UTC; None for anything else."""
    try:
        return int(datetime.strptime(date.strip(), "%m/%d/%Y %I:%M %p").replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None
