"""Every request that reached the sandbox, in order, for a test to look at and to wait for."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as it was received.

    Attributes:
        path: Raw, still percent-encoded, without the query string.
        query: Raw, without its question mark; empty where there was none.
        headers: In the order received, names as they were written.
        form: The decoded fields of the body; empty unless the body is a URL-encoded form.
        call: The name of the documented call, or None where the path is no call's.
        complete: Whether the body was read to its announced end.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    form: dict[str, list[str]]
    call: str | None
    complete: bool

    def field(self, name: str) -> str:
        """A field of the form or else of the query string: the last of that name, empty where none."""
        values = self.form.get(name) or fields(self.query).get(name) or [""]
        return values[-1]

    @property
    def phone(self) -> str:
        """The digits of the number that the request is about; empty where it names none."""
        return (self.field("to") or self.field("phone")).removeprefix("+")


def fields(encoded: str) -> dict[str, list[str]]:
    """The fields of a URL-encoded form or query string."""
    return parse_qs(encoded, keep_blank_values=True)


class Journal:
    """The list of requests, safe to use from any thread."""

    def __init__(self) -> None:
        self._requests: list[RecordedRequest] = []
        self._grown = threading.Condition()

    def record(self, request: RecordedRequest) -> None:
        """Add a request and wake whoever waits for it."""
        with self._grown:
            self._requests.append(request)
            self._grown.notify_all()

    def snapshot(self, call: str | None = None) -> list[RecordedRequest]:
        """A copy of the list: all of it, or the requests of one call."""
        with self._grown:
            return [each for each in self._requests if call in (None, each.call)]

    def wait(self, count: int, call: str | None, timeout: float) -> list[RecordedRequest]:
        """Block until so many requests were received.

        Raises:
            TimeoutError: They did not come within `timeout` seconds.
        """
        with self._grown:
            if not self._grown.wait_for(lambda: len(self.snapshot(call)) >= count, timeout):
                seen = len(self.snapshot(call))
                raise TimeoutError(f"{seen} of {count} requests ({call or 'any call'}) came in {timeout} s")
            return self.snapshot(call)
