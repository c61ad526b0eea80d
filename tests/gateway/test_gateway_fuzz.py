"""Whatever the gateway answers: an error of the tree, or values of the right types that a store and a screen can take.

The same few hundred answers each time; for a long search of new ones:

    FUZZ_EXAMPLES=100000 nice -n 19 .venv/bin/pytest -n 0 tests/gateway/test_gateway_fuzz.py
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_gateway_wire import (
    DOCUMENTS_CONVERSATION,
    DOCUMENTS_CURLY_FAILURE,
    DOCUMENTS_CURLY_SUCCESS,
    DOCUMENTS_EMPTY,
    DOCUMENTS_FAILURE,
)

from gynetix_tui.errors import Refused, Uncertain
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.gateway.body import read_body
from gynetix_tui.gateway.client import _date, _retry_after
from gynetix_tui.gateway.shape import DEEPEST, is_bounded
from gynetix_tui.gateway.wire import Verdict, decode_conversation, decode_verdict
from gynetix_tui.model import Direction
from gynetix_tui.phone import E164

LONG = int(os.environ.get("FUZZ_EXAMPLES", "0"))
fuzz = settings(
    max_examples=LONG or 400,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

DOCUMENTS = [
    text.encode()
    for text in (
        DOCUMENTS_CONVERSATION, DOCUMENTS_EMPTY, DOCUMENTS_FAILURE, DOCUMENTS_CURLY_FAILURE, DOCUMENTS_CURLY_SUCCESS,
        '{"messages":[{"dir":"IN","ts":"5","message":"a\\ud83d","n":{"a":[1,{"b":null}]}}],"did":15556667777,"x":[[]]}',
    )
]  # fmt: skip
SPLINTERS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud83d", b"\\udc4d", b"\\u0000", b"\0", b"\xff", b"\xc3",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\x9c", b"1e400", b"-0", b"NaN", b"-Infinity", b"9" * 30, b"9" * 5000,
    b"null", b"true", b'"messages":', b'"did":', b'"dir":"OUT"', b'"status":"failed"', b"[" * 70, b'{"a":' * 70, b"\x1b[2J",
]  # fmt: skip

_texts = st.text(st.characters(exclude_categories=[]), max_size=30)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | _texts
    | st.sampled_from(["IN", "OUT", "Y", "success", "failed", "1/24/2018 10:51 AM", "15556667777", 10**400, 1 << 40, "9" * 5000])
)  # fmt: skip
_names = st.sampled_from(
    ["messages", "dir", "ts", "date", "message", "did", "suppressed", "surl", "status", "x", ""]
)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names | _texts, inner, max_size=6),
    max_leaves=20,
)
_message = st.fixed_dictionaries(
    {"dir": st.sampled_from(["IN", "OUT"]) | _json, "message": _texts | _json},
    optional={"ts": st.integers(1, 1 << 41) | _json, "date": _texts | _json, "more": _json, "surl": _json},
)
_answers = st.fixed_dictionaries(
    {"messages": st.lists(_message | _json, max_size=5) | _json},
    optional={
        "did": _json, "suppressed": _json, "surl": _json, "status": _json, "message": _json, "type": _json, "z": _json,
    },
)  # fmt: skip


def check_pairs(pairs: object) -> None:
    assert type(pairs) is tuple
    assert len(pairs) <= 200
    for pair in pairs:
        name, value = pair
        assert type(name) is type(value) is str
        assert max(len(name), len(value)) <= 1000
        (name + value).encode()


def check_message(message: object) -> None:
    assert type(message) is FetchedMessage
    assert type(message.direction) is Direction
    assert message.ts is None or (type(message.ts) is int and 0 < message.ts < 1 << 40)
    assert type(message.text) is type(message.date) is str
    (message.text + message.date).encode()
    check_pairs(message.extra)


def check_everything(body: bytes) -> None:
    verdict = decode_verdict(body)
    if verdict is not None:
        assert type(verdict) is Verdict
        assert type(verdict.success) is bool
        verdict.message.encode()
    try:
        answer = decode_conversation(body)
    except (Uncertain, Refused) as error:
        str(error).encode()
        return
    assert type(answer) is FetchedConversation
    assert type(answer.messages) is tuple
    for message in answer.messages:
        check_message(message)
    check_pairs(answer.details)
    assert type(answer.skipped) is int
    assert answer.skipped >= 0
    assert answer.suppressed in (True, False, None)
    number = answer.local_number
    assert number is None or E164.fullmatch(number) or (number.isascii() and number.isdigit())
    assert answer == decode_conversation(body), "the same bytes are read in one way"


@fuzz
@given(st.binary(max_size=200))
@example(b'{"messages":[{"dir":"IN","ts":1e999,"message":"x"}]}')
@example(b'{"messages":[{"dir":"IN","ts":-9223372036854775809,"message":"x"}]}')
def test_any_bytes(body: bytes) -> None:
    check_everything(body)


@fuzz
@given(st.lists(st.sampled_from(SPLINTERS) | st.binary(max_size=3), max_size=30))
def test_splinters_of_json(parts: list[bytes]) -> None:
    check_everything(b"".join(parts))


@fuzz
@given(_json, st.booleans())
def test_any_json(value: Any, ascii_only: bool) -> None:  # Any: whatever JSON may hold
    check_everything(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@fuzz
@given(_answers, st.booleans())
def test_answers_with_hostile_fields(value: Any, ascii_only: bool) -> None:  # Any: as above
    check_everything(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@fuzz
@given(st.data())
def test_a_real_answer_with_pieces_changed_put_in_doubled_or_cut_out(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(DOCUMENTS))
    for _ in range(data.draw(st.integers(0, 5))):
        start, end = sorted((data.draw(st.integers(0, len(body))), data.draw(st.integers(0, len(body)))))
        piece = data.draw(st.sampled_from(SPLINTERS) | st.binary(max_size=2) | st.just(body[start:end] * 2))
        end = data.draw(st.sampled_from([start, min(start + 1, len(body)), end]))
        body = body[:start] + piece + body[end:]
    check_everything(body)


@fuzz
@given(_json, st.booleans(), st.integers(0, 80))
def test_what_a_text_holds_is_never_taken_for_its_shape(value: Any, ascii_only: bool, around: int) -> None:
    depth = around + _depth(value)
    text = "[" * around + json.dumps(value, ensure_ascii=ascii_only) + "]" * around
    assert is_bounded(text.encode("utf-8", "surrogatepass")) == (depth <= DEEPEST)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def read(body: bytes, cuts: list[int], encoding: str, limit: int) -> bytes | None:
    """What is read of a body that comes in pieces, or None where that is an error of ours."""
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [body[start:end] for start, end in pairwise(places)]
    response = httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Pieces(pieces))
    try:
        return asyncio.run(read_body(response, limit))
    except Uncertain:
        return None


_cuts = st.lists(st.integers(0, 5000), max_size=6)


@fuzz
@given(st.binary(max_size=50), st.integers(1, 2000), _cuts, st.integers(0, 30_000), st.integers(0, 9))
def test_packed_bodies_are_whole_or_an_error(
    part: bytes, times: int, cuts: list[int], limit: int, level: int
) -> None:
    body = part * times
    packed = gzip.compress(body, level, mtime=0)
    assert read(packed, cuts, "gzip", limit) == (body if max(len(body), len(packed)) <= limit else None)
    assert read(body, cuts, "", limit) == (body if len(body) <= limit else None)


@fuzz
@given(st.binary(max_size=100), _cuts, st.data())
def test_packed_bodies_that_are_damaged(body: bytes, cuts: list[int], data: st.DataObject) -> None:
    packed = bytearray(gzip.compress(body, mtime=0))
    for _ in range(data.draw(st.integers(0, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(packed)))
    found = read(bytes(packed[:end]), cuts, "gzip", 1000)
    # Its checksum tells: there is no third way but that nothing came at all.
    assert found in (None, body) or (found == b"" and end == 0)


@fuzz
@given(
    st.text(max_size=100)
    | st.from_regex(r"[A-Za-z]{3}, [0-9]{1,4} [A-Za-z]{3} [0-9]{1,6} [0-9:]{5,9} [-+]?[0-9A-Z]{1,8}")
)
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Mon, 31 Dec 9999 23:59:59 -2359")
def test_headers(value: str) -> None:
    date = _date(value)
    assert date is None or type(date) is float
    seconds = _retry_after(value)
    assert seconds is None or (type(seconds) is float and 0 <= seconds <= 86_400)
