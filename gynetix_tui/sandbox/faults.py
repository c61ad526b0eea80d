"""The ways in which an answer can go wrong, for a test to switch on.

Whether the gateway acted on a faulty request (the text reached its recipient, the number is suppressed)
follows what real gateways do: whatever goes wrong once the request is complete goes wrong after it was
acted on, except where the gateway says that it refuses. `Fault.acts` decides otherwise.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong. Unless a kind says otherwise it applies to every call, and the gateway acts."""

    REFUSE = "refuse"
    """200, status failed, `reason`. Not acted on."""
    STATUS = "status"
    """Any HTTP `status`, with `retry_after` and `body`. Acted on at 408, 3xx and 5xx; not at other 4xx."""
    REDIRECT = "redirect"
    """307 to `location`. Acted on: a client that follows sends twice."""
    HTML = "html"
    """200 and a page of HTML."""
    TRUNCATED_JSON = "truncated JSON"
    """Half of the JSON with no Content-Length: complete as HTTP, broken as JSON."""
    TRUNCATED_BODY = "truncated body"
    """Half of what Content-Length announces, then the end of the connection."""
    NULL = "null"
    """200 and the JSON value null."""
    EMPTY_BODY = "empty body"
    """200 and no body at all."""
    NUMBERS_AS_TEXT = "numbers as text"
    """getConversation only: every `ts` is a string."""
    MISSING_TS = "missing ts"
    """getConversation only: no message has a `ts`."""
    UNKNOWN_FIELDS = "unknown fields"
    """Fields that the document does not name, in the answer and in each message."""
    ONE_BROKEN_MESSAGE = "one broken message"
    """getConversation only: among the good ones stands one more that is `body` (JSON), else a string."""
    LONE_SURROGATE = "lone surrogate"
    """Half of an emoji, escaped, at the end of the newest message or of the posting call's message."""
    INVALID_UTF8 = "invalid UTF-8"
    """Bytes that are no UTF-8 at the end of the newest message or of the posting call's message."""
    BAD_GZIP = "bad gzip"
    """Content-Encoding gzip over bytes that are none."""
    CURLY_QUOTES = "curly quotes"
    """The answer as a word processor prints it, with curly quotes for straight ones."""
    HUGE = "huge"
    """The answer, then blanks up to `size` bytes with no Content-Length: good JSON for who reads it all."""
    SLOW_DRIP = "slow drip"
    """The head at once, then a byte of the body every `seconds`."""
    DELAY = "delay"
    """A good answer after `seconds`."""
    SILENCE = "silence"
    """The request is read and acted on, and never answered."""
    CLOSE_ON_ACCEPT = "close on accept"
    """A reset before anything is read, recorded nowhere. Never acted on. Where the fault is limited to a
    call or a path, or the connection was kept alive, the reset comes once the headers are read, and the
    request is recorded as incomplete."""
    CLOSE_AFTER_HEADERS = "close after headers"
    """The end of the connection once the headers are read. Never acted on; recorded as incomplete."""
    CLOSE_AFTER_BODY = "close after body"
    """The request is read and acted on, then the connection ends without an answer."""
    RESET_AFTER_BODY = "reset after body"
    """The request is read and acted on, then the connection is reset."""
    GARBAGE_STATUS_LINE = "garbage status line"
    """The answer begins with something that is not HTTP."""
    EMPTY_CONVERSATION = "empty conversation"
    """getConversation only: the documented empty answer, although there are messages."""
    SHORTER = "shorter"
    """getConversation only: the newest `count` messages are left out."""
    ALTERED_TEXT = "altered text"
    """manualTXT only: CRLF for LF, no blanks at the end, straight quotes for curly ones in what is stored."""


BEFORE_BODY = frozenset({FaultKind.CLOSE_ON_ACCEPT, FaultKind.CLOSE_AFTER_HEADERS})
"""Kinds served before the body is read: a limit to a phone holds only where the query string names it."""

_CONVERSATION_ONLY = frozenset(
    {
        FaultKind.NUMBERS_AS_TEXT,
        FaultKind.MISSING_TS,
        FaultKind.ONE_BROKEN_MESSAGE,
        FaultKind.EMPTY_CONVERSATION,
        FaultKind.SHORTER,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, and when.

    Attributes:
        call: The name of the only call it concerns (``manualTXT``…), or None for every request.
        times: How many requests it concerns, or None until it is removed.
        phone: The digits of the only number it concerns, or None.
        path_contains: What the raw path of a request must contain, or None: ``/v1/`` is one spelling.
        acts: Whether the gateway acts on the request; None is what the kind says.
        seconds: How long DELAY and SLOW_DRIP wait, by the real clock.
        status: The HTTP status of STATUS.
        reason: What REFUSE says.
        retry_after: The Retry-After header of STATUS: seconds or an HTTP date.
        location: Where REDIRECT leads; None is the same path below ``/moved``, so that it holds the key.
        body: The body of STATUS and HTML; the JSON of ONE_BROKEN_MESSAGE.
        size: Bytes of HUGE.
        count: Messages that SHORTER leaves out.
    """

    kind: FaultKind
    call: str | None = None
    times: int | None = None
    phone: str | None = None
    path_contains: str | None = None
    acts: bool | None = None
    seconds: float = 1.0
    status: int = 500
    reason: str = "Message could not be sent"
    retry_after: int | str | None = None
    location: str | None = None
    body: str | None = None
    size: int = 32 * 1024 * 1024
    count: int = 1

    @property
    def acted_on(self) -> bool:
        """Whether the gateway acts on the request all the same."""
        if self.acts is not None:
            return self.acts
        if self.kind is FaultKind.STATUS:
            return self.status == 408 or not 400 <= self.status < 500
        return self.kind is not FaultKind.REFUSE

    def concerns(self, call: str | None, path: str, phone: str) -> bool:
        """Whether it concerns a request.

        Args:
            call: The name of the request's call, or None where the path is no call's.
            path: Its raw path.
            phone: The digits of the number that it names; empty where it names none.
        """
        only = self.call
        if self.kind in _CONVERSATION_ONLY:
            only = only or "getConversation"
        elif self.kind is FaultKind.ALTERED_TEXT:
            only = only or "manualTXT"
        return (
            only in (None, call)
            and (self.phone is None or self.phone.removeprefix("+") == phone)
            and (self.path_contains is None or self.path_contains in path)
        )

    @property
    def unlimited(self) -> bool:
        """Whether it concerns whatever comes, so that nothing has to be read to know it."""
        return self.call is None and self.phone is None and self.path_contains is None


class Faults:
    """The faults that are switched on, safe to use from any thread.

    A request meets one fault: the first, in the order in which they were added, that concerns it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._left: list[int | None] = []
        self._served: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Switch faults on."""
        with self._lock:
            self._waiting.extend(faults)
            self._left.extend(fault.times for fault in faults)

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._waiting.clear()
            self._left.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """The faults that are still switched on."""
        with self._lock:
            return tuple(self._waiting)

    @property
    def served(self) -> tuple[Fault, ...]:
        """The faults that requests have met, in order."""
        with self._lock:
            return tuple(self._served)

    def take_on_accept(self) -> Fault | None:
        """The fault that a new connection meets before anything of it is read."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.kind is FaultKind.CLOSE_ON_ACCEPT and fault.unlimited:
                    return self._use(place)
            return None

    def take(self, call: str | None, path: str, phone: str, *, before_body: bool) -> Fault | None:
        """The fault that a request meets, counted as used.

        Args:
            call: The name of the request's call, or None where the path is no call's.
            path: Its raw path.
            phone: The digits of the number that it names; empty where it names none, or none is known yet.
            before_body: Whether the body is still to be read.
        """
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if (fault.kind in BEFORE_BODY) is before_body and fault.concerns(call, path, phone):
                    return self._use(place)
            return None

    def _use(self, place: int) -> Fault:
        fault, left = self._waiting[place], self._left[place]
        self._served.append(fault)
        if left is not None:
            self._left[place] = left - 1
            if left <= 1:
                del self._waiting[place], self._left[place]
        return fault
