"""How many requests a minute go out, and how long to wait after one that failed."""

from __future__ import annotations

import random
from collections import Counter, deque

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

    def background_round(self, count: int) -> float:
        """Seconds that it takes to ask for so many conversations once, where that is all that goes out."""
        return count * WINDOW_SECONDS / self._background_limit

    def note(self, now: float) -> None:
        """A request goes out."""
        self._times.append(now)


class BackOff:
    """Waits after failures, each up to a tenth longer or shorter: 2 s, 4 s, … 5 minutes for each kind of failure.

    A new kind of trouble is a new state of things, so it starts at 2 s; one that comes back goes on where it was.
    """

    FIRST_SECONDS = 2.0
    LONGEST_SECONDS = 300.0
    LONGEST_ASKED_SECONDS = 3600.0
    """Nobody may keep us waiting longer than this by a header."""

    def __init__(self, jitter: random.Random) -> None:
        self._jitter = jitter
        self._failures: Counter[str] = Counter()
        self._asked_until = 0.0
        self.until = 0.0

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return bool(self._failures)

    def failed(self, now: float, kind: str, *, at_least: float | None = None) -> None:
        """Another failure.

        Args:
            now: When, in monotonic seconds.
            kind: What went wrong; one of few words.
            at_least: What the other side asked for, in seconds (up to an hour).
        """
        seconds = min(self.LONGEST_SECONDS, self.FIRST_SECONDS * 2 ** min(self._failures[kind], 10))
        self._failures[kind] += 1
        self._asked_until = now + min(at_least or 0.0, self.LONGEST_ASKED_SECONDS)
        self.until = max(now + seconds * self._jitter.uniform(0.9, 1.1), self._asked_until)

    def succeeded(self) -> None:
        """It works again."""
        self._failures.clear()
        self.until = self._asked_until = 0.0

    def hurry(self, *, insist: bool) -> None:
        """The next attempt need not wait; what the other side asked for is waited for, unless one insists."""
        self.until = 0.0 if insist else min(self.until, self._asked_until)
