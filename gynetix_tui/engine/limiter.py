"""How many requests a minute go out, and how long to wait after one that failed."""

from __future__ import annotations

import random
from collections import deque

WINDOW_SECONDS = 60.0
RESERVED_SHARE = 0.25
"""Share of the limit that background fetches leave free, so that the open conversation never waits for them."""


class RequestLimit:
    """A sliding window: never more than so many requests in any 60 seconds. Times are monotonic seconds."""

    def __init__(self, requests_per_minute: int) -> None:
        self._limit = requests_per_minute
        self._background_limit = max(1, int(requests_per_minute * (1 - RESERVED_SHARE)))
        self._times: deque[float] = deque()

    def wait(self, now: float, *, background: bool) -> float:
        """Seconds until a request may go out; 0 for at once."""
        while self._times and self._times[0] <= now - WINDOW_SECONDS:
            self._times.popleft()
        limit = self._background_limit if background else self._limit
        return 0.0 if len(self._times) < limit else self._times[-limit] + WINDOW_SECONDS - now

    def note(self, now: float) -> None:
        """A request goes out."""
        self._times.append(now)


class BackOff:
    """Doubling waits after failures in a row: 2 s, 4 s, … 5 minutes, each up to a tenth longer or shorter."""

    FIRST_SECONDS = 2.0
    LONGEST_SECONDS = 300.0
    LONGEST_ASKED_SECONDS = 3600.0
    """Nobody may keep us waiting longer than this by a header."""

    def __init__(self, jitter: random.Random) -> None:
        self._jitter = jitter
        self._failures = 0
        self.until = 0.0

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    def failed(self, now: float, *, at_least: float | None = None) -> None:
        """Another failure; `at_least` is what the other side asked for, in seconds (up to an hour)."""
        seconds = min(self.LONGEST_SECONDS, self.FIRST_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        self.until = now + max(
            seconds * self._jitter.uniform(0.9, 1.1), min(at_least or 0.0, self.LONGEST_ASKED_SECONDS)
        )

    def succeeded(self) -> None:
        """It works again."""
        self._failures = 0
        self.until = 0.0

    def hurry(self) -> None:
        """The user wants it now: the next attempt need not wait."""
        self.until = 0.0
