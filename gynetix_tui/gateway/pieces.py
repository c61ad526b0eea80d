"""An answer's messages, decoded some at a time; and how much of an answer need not be decoded again.

A conversation only grows, as a rule: the next answer is the last one with a text more at its end. What was read
before is known by its bytes, and only the rest of such an answer becomes messages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Final

import msgspec

from gynetix_tui.fetched import FetchedMessage
from gynetix_tui.model import Direction

LATEST: Final = 1 << 40
"""No `ts` is as late; SQLite and the calendar have a place for every one before it."""
OPENING: Final = b'{"messages":['
"""With this before it, what follows a head is an answer by itself."""
_OPENING: Final = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"messages"[ \t\r\n]*:[ \t\r\n]*\[')
_PIECE: Final = 64 * 1024
"""Bytes of messages decoded at once: a millisecond, in which no other thread can run."""
_LAST_PIECES: Final = 2
"""So many are always read again: a text that comes late takes its place a little before the end."""
_MOST_TRIES: Final = 20
"""A text that is full of what looks like the place between two messages: then all the rest is one piece."""


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message just as the document shows it."""

    dir: Direction
    message: str
    ts: Annotated[int, msgspec.Meta(gt=0, lt=LATEST)]
    date: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Messages that follow one another in a body.

    Attributes:
        begin: Where the first of them begins in the body.
        earliest: The least `ts` among them.
        latest: The greatest; no message here is without.
    """

    begin: int
    messages: list[FetchedMessage]
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer that was read: all before some message of it.

    Attributes:
        of: The digest of that answer.
        size: How many bytes it has; the next one begins a message.
        digest: The digest of these bytes.
        messages: How many messages they hold, each with a `ts`.
        latest: The greatest `ts` of them; no later message of that answer has it or one before it.
    """

    of: bytes
    size: int
    digest: bytes
    messages: int
    latest: int


class Fingerprint:
    """The digest (SHA-256) of an answer, made part by part while it comes in: of many megabytes at once it would take a while.

    Most processors of today have instructions for SHA-256, with which nothing of its strength is quicker.

    Args:
        head: What the answer may begin with.
    """

    def __init__(self, head: Head | None = None) -> None:
        self._hash = hashlib.sha256()
        self._head = head
        self._size = 0
        self._goes_on = False

    def add(self, part: bytes) -> None:
        """Take the next bytes."""
        before, self._size = self._size, self._size + len(part)
        if self._head and before < self._head.size <= self._size:
            cut = self._head.size - before
            self._hash.update(part[:cut])
            self._goes_on = self._hash.digest() == self._head.digest
            part = part[cut:]
        self._hash.update(part)

    @property
    def digest(self) -> bytes:
        """The digest by which an answer is known that holds nothing new."""
        return self._hash.digest()

    @property
    def head(self) -> Head | None:
        """The head, where the answer begins with it."""
        return self._head if self._goes_on else None


def digest_of(body: bytes | memoryview) -> bytes:
    """The digest of a body, or of a part of one, that is all there."""
    return hashlib.sha256(body).digest()


def pieces_of(body: bytes, array: msgspec.Raw) -> list[Piece]:
    """The messages of a body, in pieces.

    Args:
        body: An answer.
        array: What stands in it under the name `messages`.

    Returns:
        One piece, beginning at 0, where other fields stand before the messages; else as many as it takes.

    Raises:
        msgspec.DecodeError: A message is not just as the document shows it.
        UnicodeDecodeError: A text is no UTF-8.
    """
    opening = _OPENING.match(body)
    # Of a name that occurs twice the last one counts, and that need not be the one that stands at the beginning.
    if opening and body.startswith(memoryview(array), opening.end() - 1):
        return list(_pieces(body, opening.end(), opening.end() + len(memoryview(array)) - 2))
    return [_piece(0, array)]


def _pieces(body: bytes, begin: int, end: int) -> Iterator[Piece]:
    """Where a piece may end is guessed; a guess within a text cannot be decoded."""
    while True:
        piece, stop = None, begin
        for _ in range(_MOST_TRIES):
            found = body.find(b"},", max(stop, begin + _PIECE), end)
            if found < 0:
                break
            stop = found + 1
            try:
                piece = _piece(begin, b"[" + body[begin:stop] + b"]")
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            break
        if piece is None:
            yield _piece(begin, b"[" + body[begin:end] + b"]")
            return
        yield piece
        begin = stop + 1


def _piece(begin: int, array: bytes | msgspec.Raw) -> Piece:
    wired = msgspec.json.decode(array, type=list[_Message], strict=False)
    messages = [FetchedMessage(m.dir, m.ts, m.date, m.message) for m in wired]
    times = [m.ts for m in wired]
    return Piece(begin, messages, min(times, default=LATEST), max(times, default=0))


def head_of(
    body: bytes, pieces: Sequence[Piece], *, digest: bytes, before: Head | None = None
) -> Head | None:
    """All but the last pieces, and a few more where two messages of one second would be divided.

    Args:
        body: The whole answer.
        pieces: Its messages, or those after `before`, as they stand in `OPENING` and what follows that.
        digest: That of the answer.
        before: The head after which the pieces stand.
    """
    shift = before.size - len(OPENING) if before else 0
    count, earlier = (before.messages, before.latest) if before else (0, 0)
    latest = list(accumulate((piece.latest for piece in pieces), max, initial=earlier))
    earliest = LATEST
    for first in range(len(pieces) - 1, 0, -1):
        earliest = min(earliest, pieces[first].earliest)
        if first <= len(pieces) - _LAST_PIECES and latest[first] < earliest:
            size = pieces[first].begin + shift
            count += sum(len(piece.messages) for piece in pieces[:first])
            return Head(digest, size, digest_of(memoryview(body)[:size]), count, latest[first])
    return before and Head(digest, before.size, before.digest, before.messages, before.latest)
