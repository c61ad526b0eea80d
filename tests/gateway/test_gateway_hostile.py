"""Answers that mean harm, as raw bytes over a socket: each ends as an error of the tree, soon, and in bounded memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from gateway_kit import ANA, failure_of, gateway_to, send
from raw_kit import http, raw_server

from gynetix_tui.errors import Refused, Uncertain
from gynetix_tui.gateway import Gateway
from gynetix_tui.gateway.wire import decode_conversation, decode_verdict

NO_ANSWER = "the connection broke before the gateway's answer was complete"
NOT_READ = "the gateway's answer could not be read"
NOT_UNPACKED = "the gateway's answer could not be unpacked"
GOOD = b'{"messages":[],"suppressed":"N","status":"success","message":"ok"}'
GZIP = "Content-Encoding: gzip"
MB = 1_000_000

Call = Callable[[Gateway], Awaitable[object]]
CALLS: list[Call] = [send, lambda gateway: gateway.get_conversation(phone=ANA)]


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    """No more memory than that is asked for at any time."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / MB
    finally:
        tracemalloc.stop()
    assert peak < megabytes, f"{peak:.1f} MB"


async def assert_uncertain(
    answer: Iterable[bytes], words: str, *, limit: int = 32 * MB, seconds: float = 60, closes: bool = True
) -> None:
    async with (
        raw_server(answer, closes=closes) as url,
        gateway_to(url, answer_limit=limit, seconds=seconds) as gateway,
    ):
        for call in CALLS:
            error = await failure_of(lambda call=call: call(gateway), Uncertain)  # type: ignore[misc]
            assert str(error) == words


class Repeated:
    """The same piece many times over, without holding it many times."""

    def __init__(self, head: bytes, piece: bytes, count: int, tail: bytes = b"") -> None:
        self.head, self.piece, self.count, self.tail = head, piece, count, tail

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        for _ in range(self.count):
            yield self.piece
        yield self.tail

    def __len__(self) -> int:
        return len(self.head) + len(self.piece) * self.count + len(self.tail)


def bomb() -> Repeated:
    """10 MB of gzip that unpack to 10 GB of blanks: a megabyte of them, packed once, ten thousand times over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packer.compress(b" " * MB)
    packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * MB) + packer.flush(zlib.Z_FULL_FLUSH)
    assert zlib.decompressobj(-zlib.MAX_WBITS).decompress(block * 2) == b" " * 2 * MB
    return Repeated(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", block, 10_000, b"\x03\0" + b"\0" * 8)


def answered(headers: str, body: Iterable[bytes]) -> Iterable[bytes]:
    head = f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode()
    if isinstance(body, Repeated):
        return Repeated(head + body.head, body.piece, body.count, body.tail)
    return [head, *body]


async def test_ten_megabytes_that_unpack_to_ten_gigabytes() -> None:
    packed = bomb()
    assert len(packed) < 11 * MB
    begun = time.monotonic()
    # The first of two calls is warmed up with: what is imported and made once is not the bomb's.
    await assert_uncertain(answered(GZIP, packed), "the gateway's answer is larger than 2 MB", limit=2 * MB)
    with at_most(8):
        await assert_uncertain(
            answered(GZIP, packed), "the gateway's answer is larger than 2 MB", limit=2 * MB
        )
    # The default limit, too: the body as it grows is copied once.
    with at_most(80):
        await assert_uncertain(answered(GZIP, packed), "the gateway's answer is larger than 32 MB")
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,gzip,gzip", "gzip\r\nContent-Encoding: gzip"])
async def test_a_bomb_in_a_bomb_is_not_unpacked_at_all(encoding: str) -> None:
    packed = gzip.compress(gzip.compress(b" " * 20 * MB))
    assert len(packed) < 1000
    with at_most(4):
        await assert_uncertain(http(packed, f"Content-Encoding: {encoding}"), NOT_UNPACKED)


async def test_while_a_bomb_is_unpacked_the_rest_of_the_program_has_its_turn() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with (
        raw_server(answered(GZIP, bomb())) as url,
        gateway_to(url, answer_limit=200 * MB) as gateway,
    ):
        counting = asyncio.create_task(count())
        await failure_of(lambda: gateway.get_conversation(phone=ANA), Uncertain)
        counting.cancel()
    assert turns > 200 * MB / (256 * 1024)


ENDLESS = {
    "plain": ("Connection: close", Repeated(b"", b" " * 65_536, 10_000)),
    "chunked": ("Transfer-Encoding: chunked", Repeated(b"", b"10000\r\n%b\r\n" % (b" " * 65_536), 10_000)),
    "blocks of nothing": (
        GZIP,
        Repeated(gzip.compress(b"", mtime=0)[:10], b"\0\0\0\xff\xff" * 10_000, 10_000),
    ),
    "past its end": (GZIP, Repeated(gzip.compress(GOOD, mtime=0), b"\0" * 65_536, 10_000)),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_an_answer_without_end_is_cut_at_the_limit(kind: str) -> None:
    with at_most(8):
        await assert_uncertain(
            answered(*ENDLESS[kind]), "the gateway's answer is larger than 2 MB", limit=2 * MB
        )


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (GZIP, gzip.compress(GOOD, mtime=0)),
        ("content-encoding:  GZIP ", gzip.compress(GOOD, mtime=0)),
        ("Content-Encoding: x-gzip", gzip.compress(GOOD, mtime=0)),
        ("Content-Encoding: identity", GOOD),
        ("Content-Encoding:", GOOD),
        (GZIP, gzip.compress(GOOD, mtime=0) + b"\n"),
        ("Content-Type: text/html; charset=utf-16", GOOD),
        ("\r\n".join(f"X-{n}: {n}" for n in range(5000)), GOOD),
        ("Set-Cookie: a=b\r\nLocation: http://[", GOOD),
        ("Date: " + "9" * 60_000 + "\r\nRetry-After: " + "9" * 20_000, GOOD),
    ],
)
async def test_what_does_no_harm_is_read(headers: str, body: bytes) -> None:
    async with raw_server(http(body, headers)) as url, gateway_to(url) as gateway:
        assert await send(gateway) == "ok"
        answer = await gateway.get_conversation(phone=ANA)
        assert answer is not None
        assert (answer.messages, answer.served_at) == ((), None)


_PACKED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (GZIP, GOOD),
        (GZIP, _PACKED[:-1]),
        (GZIP, _PACKED[:12]),
        (GZIP, _PACKED[:-8] + b"\0" * 8),
        (GZIP, _PACKED[:20] + b"\xff" * 20 + _PACKED[40:]),
        (GZIP, zlib.compress(GOOD)),
        ("Content-Encoding: deflate", zlib.compress(GOOD)),
        ("Content-Encoding: deflate", GOOD),
        ("Content-Encoding: br", b"\x0b\x02\x80{}\x03"),
        ("Content-Encoding: zstd", b"\x28\xb5\x2f\xfd\0"),
        ("Content-Encoding: \xff", GOOD),
        ("Content-Encoding: gzip;q=1", _PACKED),
    ],
)
async def test_what_cannot_be_unpacked_is_uncertain(headers: str, body: bytes) -> None:
    await assert_uncertain(http(body, headers), NOT_UNPACKED)


async def test_an_empty_body_is_not_called_badly_packed() -> None:
    await assert_uncertain(http(b"", GZIP), NOT_READ)


@pytest.mark.parametrize(
    "answer",
    [
        [b"HTTP/1.1 200 OK\r\nX: ", *[b"x" * 65_536] * 100],
        [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 10_000] * 100],
        [b"x" * 10 * MB],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", *[b"x" * 65_536] * 100],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", *[b"X: y\r\n" * 10_000] * 100],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
        [b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + GOOD],
        [b"HTTP/1.1 2000 OK\r\n\r\n"],
        [b"\0" * 100],
    ],
)
async def test_http_that_is_none_is_uncertain_and_bounded(answer: list[bytes]) -> None:
    with at_most(14):
        await assert_uncertain(answer, NO_ANSWER)


@pytest.mark.parametrize(
    "answer",
    [
        Repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 1_000_000),
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + GOOD],
        [b"HTTP/1.1 200 OK\r\nX-"],
        [b""],
    ],
)
async def test_what_does_not_come_to_an_end_is_given_up(answer: Iterable[bytes]) -> None:
    begun = time.monotonic()
    await assert_uncertain(answer, "the gateway did not answer in time", seconds=0.4, closes=False)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("status", ["600 What", "999 What"])
async def test_odd_statuses_are_uncertain(status: str) -> None:
    await assert_uncertain(http(GOOD, status=status), f"the gateway answered HTTP {status[:3]}")


async def test_cookies_are_neither_kept_nor_sent_back() -> None:
    heads: list[bytes] = []
    answer = http(GOOD, *(f"Set-Cookie: c{n}={'x' * 200}; Max-Age=999999" for n in range(100)))
    async with raw_server(answer, heads=heads) as url, gateway_to(url) as gateway:
        for _ in range(2):
            await send(gateway)
            await gateway.get_conversation(phone=ANA)
    assert len(heads) == 4
    assert not any(b"\r\ncookie:" in head.lower() for head in heads)
    assert {
        line for head in heads for line in head.split(b"\r\n") if line.startswith(b"Accept-Encoding")
    } == {b"Accept-Encoding: gzip"}


@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000, "86401"])
async def test_nobody_is_made_to_wait_for_ever(digits: str) -> None:
    answer = http(b"", f"Retry-After: {digits}", status="429 No")
    async with raw_server(answer) as url, gateway_to(url) as gateway:
        for call in CALLS:
            error = await failure_of(lambda call=call: call(gateway), Refused)  # type: ignore[misc]
            assert error.retry_after == 86_400


async def test_endless_words_are_cut_and_no_half_of_the_key_is_left_in_them() -> None:
    for before in (900, 990, 996, 1000, 19_990):
        words = "x" * before + "CANARY/1 +ß" + "y" * 100_000
        answer = http(json.dumps({"status": "failed", "message": words}).encode())
        async with raw_server(answer) as url, gateway_to(url) as gateway:
            for call in CALLS:
                error = await failure_of(lambda call=call: call(gateway), Refused)  # type: ignore[misc]
                assert len(str(error)) <= 1000
                assert str(error) == ("x" * before + "[key]" + "y" * 1000)[:1000]


# Each is made when it is wanted: all of them are 200 MB.
HUNGRY: dict[str, Callable[[], bytes]] = {
    "ten million lists": lambda: b'{"messages":[' + b"[]," * 10_000_000 + b"[]]}",
    "eight million objects": lambda: b'{"messages":[' + b"{}," * 8_000_000 + b"{}]}",
    "a field of lists": lambda: b'{"messages":[],"x":[' + b"[]," * 10_000_000 + b"1]}",
    "fifteen million numbers": lambda: b'{"messages":[' + b"1," * 15_000_000 + b"1]}",
    "many fields": lambda: b"{%b}" % b",".join(b'"%x":1' % n for n in range(800_000)),
    "many fields beside": lambda: b'{"messages":[],%b}' % b",".join(b'"%x":1' % n for n in range(800_000)),
    "a message of many fields": lambda: (
        b'{"messages":[{%b}]}' % b",".join(b'"%x":1' % n for n in range(300_000))
    ),
    "strings": lambda: b'{"messages":[' + b'"a",' * 7_000_000 + b'""]}',
    "quotes": lambda: b'{"messages":' + b'"' * 30_000_000,
    "escaped quotes": lambda: b'{"messages":"' + b'\\"' * 15_000_000,
    "backslashes": lambda: b'{"messages":"' + b"\\" * 30_000_001 + b'"',
    "open brackets": lambda: b'{"messages":' + b"[" * 30_000_000,
    "open braces": lambda: b'{"a":' * 1_000_000,
}


@pytest.mark.parametrize("kind", HUNGRY)
def test_what_would_fill_the_memory_is_not_made(kind: str) -> None:
    body = HUNGRY[kind]()
    begun = time.process_time()
    with at_most(140):  # ten million empty lists alone are 640 MB
        with pytest.raises(Uncertain):
            decode_conversation(body)
        assert decode_verdict(body) is None
    assert time.process_time() - begun < 20


def test_a_long_name_is_not_carried_into_every_path_below_it() -> None:
    name = b"k" * 3 * MB
    fields = b",".join(b'"%d":{"x":%d}' % (n, n) for n in range(9_000))
    below = b'{"dir":"IN","ts":5,"message":"x","%b":{%b}}' % (name, fields)
    for body in (b'{"messages":[%b]}' % below, b'{"messages":[],"%b":{%b}}' % (name, fields)):
        with at_most(60):  # 9,000 times 3 MB are 27 GB
            answer = decode_conversation(body)
        pairs = answer.details or answer.messages[0].extra
        assert len(pairs) == 200
        assert {len(name) for name, _ in pairs} == {1000}


def test_of_a_long_list_no_more_is_named_than_can_be_told() -> None:
    body = b'{"messages":[],"%b":[%b1]}' % (b"k" * 2 * MB, b"1," * 900_000)
    with at_most(60):  # 900,000 times a path of 1,000 characters are 900 MB
        answer = decode_conversation(body)
    assert len(answer.details) == 200


def test_empty_tables_are_not_looked_through_for_ever() -> None:
    empty = b'{"messages":[],"x":[%b]}' % b",".join([b"[" + b"[]," * 250 + b"[]]"] * 1000)
    assert decode_conversation(empty).details == ()


def test_more_messages_than_anyone_has_are_an_error() -> None:
    one = b'{"dir":"IN","ts":1,"message":""}'
    odd = b'{"dir":"IN","ts":1,"message":"","x":1}'
    assert len(decode_conversation(b'{"messages":[%b]}' % b",".join([one] * 250_000)).messages) == 250_000
    for message in (one, odd):
        with pytest.raises(Uncertain, match=r"^the gateway's answer holds more than 250,000 messages$"):
            decode_conversation(b'{"messages":[%b]}' % b",".join([message] * 250_001))


@pytest.mark.parametrize(
    ("depth", "read"), [(30, True), (62, True), (63, False), (64, False), (100_000, False)]
)
def test_no_deeper_than_anyone_needs(depth: int, read: bool) -> None:
    odd = b'{"dir":"IN","ts":1,"message":"x","more":%b"[{\\"]"%b}' % (b"[" * depth, b"]" * depth)
    body = b'{"messages":[%b]}' % odd
    # The list of messages is read by itself, so that two levels around them do not count.
    if read:
        assert decode_conversation(body).messages[0].text == "x"
    else:
        with pytest.raises(Uncertain):
            decode_conversation(body)


def test_marks_in_texts_are_no_structure() -> None:
    text = json.dumps('[{,:"\\' * 400_000).encode()
    body = b'{"messages":[{"dir":"IN","ts":1,"message":%b,"odd":1}]}' % text
    assert decode_conversation(body).messages[0].text == '[{,:"\\' * 400_000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "utf-7"])
def test_no_other_encoding_is_guessed(encoding: str) -> None:
    body = GOOD.decode().encode(encoding)
    if encoding == "utf-7":
        body = b"+AHs-" + body[1:]
    with pytest.raises(Uncertain):
        decode_conversation(body)
    assert decode_verdict(body) is None


def test_of_two_fields_of_one_name_the_last_counts_however_it_is_read() -> None:
    message = b'{"dir":"IN","ts":1,"message":"a","ts":2,"message":"b","dir":"OUT"%b}'
    for more in (b"", b',"odd":1'):
        body = b'{"messages":[],"did":"15550000000","messages":[%b],"did":"15556667777"}' % (message % more)
        answer = decode_conversation(body)
        (read,) = answer.messages
        assert (read.direction, read.ts, read.text) == ("OUT", 2, "b")
        assert answer.local_number == "+15556667777"
    verdict = decode_verdict(b'{"status":"success","status":"failed"}')
    assert verdict is not None
    assert not verdict.success


@pytest.mark.parametrize(
    "number", ["NaN", "-Infinity", "1e400", "-1e400", "9" * 5000, "0." + "0" * 5000 + "1", "-0"]
)
@pytest.mark.parametrize("field", ["ts", "date", "message", "dir", "did", "suppressed", "extra"])
def test_numbers_that_are_none_stand_anywhere(field: str, number: str) -> None:
    body = (
        f'{{"messages":[{{"dir":"IN","ts":1,"message":"x","{field}":{number}}}],'
        f'"suppressed":{number},"did":{number},"x":{number}}}'
    )
    answer = decode_conversation(body.encode())
    assert answer.skipped == (field == "dir")
    assert (answer.suppressed, answer.local_number) == (None, None)
    for message in answer.messages:
        assert message.ts == (None if field == "ts" else 1)
