"""What the gateway's answers mean: bytes in, values of the model out. Everything in them is untrusted.

The document shows the shapes; it does not promise them. What can be read is read: a message that is broken,
a number that comes as text, a field that nobody named. `surl`, which holds the API key, is dropped here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import msgspec

from gynetix_tui.errors import Refused, Uncertain
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.gateway.pieces import LATEST, OPENING, Head, Piece, digest_of, head_of, pieces_of
from gynetix_tui.gateway.shape import is_bounded
from gynetix_tui.model import Direction
from gynetix_tui.phone import from_wire

_DOCUMENTED = frozenset({"messages", "suppressed", "surl", "did", "type"})
_MESSAGE_FIELDS = frozenset({"dir", "ts", "date", "message"})
_STRAIGHT_QUOTES = str.maketrans("“”„‟‘’", '""""\'\'')
_MOST_PAIRS = 200
_MOST_LOOKS = 2_000
"""Tables and values looked at for those pairs: most may be empty."""
_LONGEST_VALUE = 1_000
_LONGEST_WORDS = 20_000
"""Of a verdict; a screen shows far less, but the key must be looked for before the rest is cut off."""
_MOST_MESSAGES = 250_000
_LARGEST_REST = 4_000_000
"""Bytes of a conversation's answer beside its messages."""
_MOST_DIGITS = 400
"""Python reads no whole number of more than 4,300 digits, and refuses the whole answer for it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a posting call.

    Attributes:
        success: The gateway says that it did it.
        message: The gateway's own words, raw.
    """

    success: bool
    message: str


class _Messages(msgspec.Struct, gc=False):
    """Where an answer's messages stand in it; the rest is passed over."""

    messages: msgspec.Raw = msgspec.Raw()


def decode_verdict(body: bytes) -> Verdict | None:
    """Read the answer of a posting call: ``{"status": "success" | "failed", "message": "…"}``.

    Returns:
        None where it cannot be read, or says neither: then nothing is known.
    """
    fields = _loads(body)
    if fields is None:
        # The document itself prints its answers with a word processor's quotes.
        fields = _loads(body.decode("utf-8", "replace").translate(_STRAIGHT_QUOTES).encode())
    if not isinstance(fields, dict):
        return None
    status = _text(fields.get("status")).strip().casefold()
    if status not in {"success", "failed", "error"}:
        return None
    return Verdict(status == "success", _text(fields.get("message"))[:_LONGEST_WORDS].strip())


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of an answer.

    Attributes:
        conversation: The answer; without the messages of the head that was given, where it begins with that.
        head: What of the next answer need not be read again; None where that is nothing.
    """

    conversation: FetchedConversation
    head: Head | None


def read_conversation(
    body: bytes,
    *,
    digest: bytes,
    head: Head | None = None,
    served_at: float | None = None,
    redact: Callable[[str], str] = str,
) -> Reading:
    """Read an answer of getConversation, or of one that begins as another did, only what follows on that.

    Args:
        body: The answer's body, decompressed.
        digest: That of the body.
        head: What the body begins with, of an answer that was read; None to read all.
        served_at: The gateway's clock when it answered, epoch seconds.
        redact: Takes the API key out of undocumented fields: a gateway that writes its own URLs (`surl`) may write
            them elsewhere, too. Texts are left as they are, since they are compared.

    Raises:
        Refused: It is the answer of a failed call, with the gateway's reason.
        Uncertain: It cannot be read as a conversation.
    """
    rest = _rest(body, head, digest, served_at, redact) if head else None
    return rest or _whole(body, digest, served_at, redact)


def _whole(body: bytes, digest: bytes, served_at: float | None, redact: Callable[[str], str]) -> Reading:
    answer, pieces = _decode(body, digest, served_at, redact)
    _check_count(len(answer.messages))
    return Reading(answer, head_of(body, pieces, digest=digest))


def _rest(
    body: bytes, head: Head, digest: bytes, served_at: float | None, redact: Callable[[str], str]
) -> Reading | None:
    """What follows the head; None where that has to do with what is in the head, and all must be read."""
    try:
        answer, pieces = _decode(OPENING + body[head.size :], digest, served_at, redact)
    except (Refused, Uncertain):
        return None
    # Messages of one second belong together, and without any the answer would look like that of a failed call.
    if not answer.messages or not pieces or min(piece.earliest for piece in pieces) <= head.latest:
        return None
    _check_count(head.messages + len(answer.messages))
    return Reading(answer, head_of(body, pieces, digest=digest, before=head))


def decode_conversation(
    body: bytes, *, served_at: float | None = None, redact: Callable[[str], str] = str
) -> FetchedConversation:
    """Read all of an answer; see `read_conversation`."""
    return _whole(body, digest_of(body), served_at, redact).conversation


def _decode(
    body: bytes, digest: bytes, served_at: float | None, redact: Callable[[str], str]
) -> tuple[FetchedConversation, list[Piece]]:
    """An answer, and its messages in pieces where all of them are just as the document shows them."""
    fields = _top_level(body)
    raw_messages = fields.get("messages")
    if isinstance(raw_messages, msgspec.Raw):
        try:
            pieces = pieces_of(body, raw_messages)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raw_messages = _loads(bytes(raw_messages))
        else:
            messages = tuple(itertools.chain.from_iterable(piece.messages for piece in pieces))
            return _conversation(fields, messages, 0, digest, served_at, redact), pieces
    if not isinstance(raw_messages, list):
        verdict = decode_verdict(body)
        if verdict and not verdict.success:
            raise Refused(verdict.message or "the gateway gave no reason")
        raise Uncertain("the gateway's answer holds no list of messages")
    _check_count(len(raw_messages))
    read = [_message(entry, redact) for entry in raw_messages]
    messages = tuple(message for message in read if message)
    return _conversation(fields, messages, len(read) - len(messages), digest, served_at, redact), []


def _check_count(messages: int) -> None:
    if messages > _MOST_MESSAGES:
        raise Uncertain(f"the gateway's answer holds more than {_MOST_MESSAGES:,} messages")


def _conversation(
    fields: dict[str, object],
    messages: tuple[FetchedMessage, ...],
    skipped: int,
    digest: bytes,
    served_at: float | None,
    redact: Callable[[str], str],
) -> FetchedConversation:
    suppressed = {"y": True, "n": False}.get(_text(_value(fields.get("suppressed"))).strip().casefold())
    undocumented = ((name, _value(value)) for name, value in fields.items() if name not in _DOCUMENTED)
    others = dict(itertools.islice(undocumented, _MOST_PAIRS))
    return FetchedConversation(
        messages=messages,
        suppressed=suppressed,
        local_number=from_wire(_value(fields.get("did"))),
        details=tuple(_pairs(others, redact)),
        skipped=skipped,
        digest=digest,
        served_at=served_at,
    )


def _message(entry: object, redact: Callable[[str], str]) -> FetchedMessage | None:
    """One message of whatever shape, or None where it says neither its direction nor its text."""
    if not isinstance(entry, dict):
        return None
    direction = _text(entry.get("dir")).strip().upper()
    text = entry.get("message")
    if direction not in {"IN", "OUT"} or not isinstance(text, str | int | float) or isinstance(text, bool):
        return None
    extra = {str(name): value for name, value in entry.items() if name not in _MESSAGE_FIELDS}
    return FetchedMessage(
        Direction(direction),
        _seconds(entry.get("ts")),
        _text(entry.get("date")),
        _text(text),
        tuple(_pairs(extra, redact)),
    )


def _seconds(value: object) -> int | None:
    """Epoch seconds from a number, or from a number that came as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = int(value) if isinstance(value, int) else int(float(value))
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < LATEST else None


def _top_level(body: bytes) -> dict[str, object]:
    try:
        # Each field costs 230 bytes and may take up ten: how many there can be is known before any is made.
        messages = msgspec.json.decode(body, type=_Messages).messages
        if len(body) - len(memoryview(messages)) > _LARGEST_REST:
            raise Uncertain("the gateway's answer could not be read")
        return cast("dict[str, object]", msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = _loads(body)
    if not isinstance(fields, dict):
        raise Uncertain("the gateway's answer could not be read")
    return {str(name): value for name, value in fields.items()}


def _value(value: object) -> object:
    return _loads(bytes(value)) if isinstance(value, msgspec.Raw) else value


def _loads(body: bytes) -> object:
    """Any JSON, as forgiving as can be; None for no JSON.

    A byte order mark before it, invalid UTF-8 and raw control characters in it do no harm.
    """
    if not is_bounded(body):
        return None
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_int=_whole_number)
    except (ValueError, RecursionError):
        return None


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _text(value: object) -> str:
    """A JSON value as text. Lone surrogates, which neither SQLite nor a terminal takes, become U+FFFD."""
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _pairs(value: object, redact: Callable[[str], str] = str) -> Iterator[tuple[str, str]]:
    """Flatten undocumented fields to (name, value) pairs: ``{"owner": {"city": "X"}}`` gives ``owner.city``, X.

    Paths are cut where they are made, and no more of a table is looked at than can be told: each of a million
    fields under a name of a megabyte would carry that name in its path.
    """
    stack: list[tuple[str, object]] = [("", value)]
    told = looked_at = 0
    while stack and told < _MOST_PAIRS and looked_at < _MOST_LOOKS:
        path, current = stack.pop()
        looked_at += 1
        if isinstance(current, dict):
            named = ((_text(k), v) for k, v in current.items() if k != "surl")
        elif isinstance(current, list):
            named = ((str(n), v) for n, v in enumerate(current, 1))
        else:
            told += 1
            yield redact(path), redact(_text(current)[:_LONGEST_WORDS])[:_LONGEST_VALUE]
            continue
        first = [
            (f"{path}.{name[:_LONGEST_VALUE]}"[:_LONGEST_VALUE] if path else name[:_LONGEST_VALUE], v)
            for name, v in itertools.islice(named, _MOST_PAIRS)
        ]
        stack += reversed(first)
