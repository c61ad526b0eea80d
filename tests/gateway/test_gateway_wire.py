"""What the gateway's answers are read as, whatever they are."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.errors import GynetixError, Refused, Uncertain
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.gateway.pieces import digest_of
from gynetix_tui.gateway.wire import Verdict, decode_conversation, decode_verdict
from gynetix_tui.model import Direction, PhoneNumber

# As the document prints them; the ellipses are its own.
DOCUMENTS_SUCCESS = '{"status":"success", "message":"Message has….."}'
DOCUMENTS_FAILURE = '{"status":"failed", "message":"Some reason why….."}'
DOCUMENTS_CURLY_SUCCESS = "{“status”:”success”, “message”:”Message has…..”}"
DOCUMENTS_CURLY_FAILURE = "{“status”:”failed”, “message”:”Some reason why…..”}"
DOCUMENTS_CONVERSATION = r"""{"messages":[
   {"dir":"OUT","ts":1516816290,"date":"1\/24\/2018 10:51 AM","message":"Hello"},
   {"dir":"IN","ts":1516822439,"date":"1\/24\/2018 12:33 PM","message":"Who is this"}],
 "suppressed":"N",
 "surl":"https:\/\/roor.gynetix.com\/standard\/api\/post\/addSuppression\/key\/81b...fdff \/response\/json",
 "did":"15556667777",
 "type":"all"}"""
DOCUMENTS_EMPTY = r'{"messages":[],"suppressed":"N","surl":"https:\/\/roor.gynetix.com\/x\/key\/k\/response\/json","type":"all"}'
SENT = "Message has been sent"


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (DOCUMENTS_SUCCESS, Verdict(True, "Message has…..")),
        (DOCUMENTS_FAILURE, Verdict(False, "Some reason why…..")),
        (DOCUMENTS_CURLY_SUCCESS, Verdict(True, "Message has…..")),
        (DOCUMENTS_CURLY_FAILURE, Verdict(False, "Some reason why…..")),
        ("{„status“:„success“,‘message’:‘x’}", None),
        ('{"status":"Success ","message":" ok\\n"}', Verdict(True, "ok")),
        ('{"status":"ERROR","message":"x"}', Verdict(False, "x")),
        ('{"status":"success"}', Verdict(True, "")),
        ('{"status":"failed","message":null}', Verdict(False, "")),
        ('{"status":"failed","message":12.50}', Verdict(False, "12.5")),
        ('{"status":"failed","message":{"code":1}}', Verdict(False, '{"code": 1}')),
        ('{"status":"failed","message":"tab\there"}', Verdict(False, "tab\there")),
        ('{"status":"failed","message":"“quoted”"}', Verdict(False, "“quoted”")),
        ('{"status":"failed","message":"\\ud83d"}', Verdict(False, "\ufffd")),
        ('{"status":"failed","message":"\\ud83d\\udc4d"}', Verdict(False, "👍")),
        (b'{"status":"failed","message":"\xff\xc3("}', Verdict(False, "\ufffd\ufffd(")),
        (b'\xef\xbb\xbf{"status":"success","message":"ok"}', Verdict(True, "ok")),
        ('\n {"status":"success","message":"ok"} \n', Verdict(True, "ok")),
        ('{"status":"success","message":"ok","id":' + "9" * 5000 + "}", Verdict(True, "ok")),
        ('{"status":"pending","message":"x"}', None),
        ('{"status":"failed"', None),
        ('{"status":true}', None),
        ('{"status":["success"]}', None),
        ('{"message":"success"}', None),
        ('["success"]', None),
        ('"success"', None),
        ("success", None),
        ("null", None),
        ("{}", None),
        ("", None),
        ("<!DOCTYPE html><p>success", None),
        ('{"status":"success"}{"status":"failed"}', None),
        ('<br />Warning: x in y.php\n{"status":"success","message":"ok"}', None),
        ("[" * 100_000, None),
        ('{"status":' + "[" * 900 + "]" * 900 + "}", None),
        ('{"status":' * 900 + "1" + "}" * 900, None),
    ],
)
def test_verdicts(body: str | bytes, verdict: Verdict | None) -> None:
    assert decode_verdict(body if isinstance(body, bytes) else body.encode()) == verdict


def test_the_documents_conversation() -> None:
    body = DOCUMENTS_CONVERSATION.encode()
    assert decode_conversation(body, served_at=5.0) == FetchedConversation(
        messages=(
            FetchedMessage(Direction.OUT, 1516816290, "1/24/2018 10:51 AM", "Hello"),
            FetchedMessage(Direction.IN, 1516822439, "1/24/2018 12:33 PM", "Who is this"),
        ),
        suppressed=False,
        local_number=PhoneNumber("+15556667777"),
        details=(),
        skipped=0,
        digest=digest_of(body),
        served_at=5.0,
    )


def test_the_documents_empty_answer() -> None:
    body = DOCUMENTS_EMPTY.encode()
    assert decode_conversation(body) == FetchedConversation(
        messages=(), suppressed=False, digest=digest_of(body)
    )


def test_a_digest_tells_answers_apart() -> None:
    assert digest_of(b"a") != digest_of(b"b")
    assert len(digest_of(b"")) == 32


def conversation(messages: str, **fields: object) -> FetchedConversation:
    rest = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in fields.items())
    return decode_conversation(f'{{"messages":{messages}{rest}}}'.encode("utf-8", "surrogateescape"))


def one(message: str) -> FetchedMessage | None:
    """A message between two good ones, which must come through whatever it is."""
    good = '{"dir":"IN","ts":5,"date":"d","message":"good"}'
    answer = conversation(f"[{good},{message},{good}]", did="15556667777")
    kept = FetchedMessage(Direction.IN, 5, "d", "good")
    assert answer.messages[0] == answer.messages[-1] == kept
    assert answer.local_number == "+15556667777"
    if answer.skipped:
        assert (len(answer.messages), answer.skipped) == (2, 1)
        return None
    (_, between, _) = answer.messages
    return between


@pytest.mark.parametrize(
    ("ts", "seconds"),
    [
        ("1516816290", 1516816290),
        ('"1516816290"', 1516816290),
        ('" 1516816290 "', 1516816290),
        ("1516816290.0", 1516816290),
        ("1516816290.9", 1516816290),
        ('"1516816290.9"', 1516816290),
        ("1.51681629e9", 1516816290),
        ("1099511627775", 1099511627775),
        *[
            (odd, None)
            for odd in (
                "null", '""', '"soon"', '"nan"', '"inf"', "true", "false", "[]", "{}", "0", "-1", '"-1"', "0.5",
                "NaN", "Infinity", "1e400", "-1e400", "1099511627776", "9" * 19, "9" * 20, "9" * 100, "9" * 5000,
                f'"{"9" * 100}"', f'"{"9" * 5000}"', '"0x10"',
            )
        ],
    ],
)  # fmt: skip
def test_every_ts(ts: str, seconds: int | None) -> None:
    message = one(f'{{"dir":"OUT","ts":{ts},"date":"then","message":"x"}}')
    assert message == FetchedMessage(Direction.OUT, seconds, "then", "x")


def test_a_missing_ts_and_date() -> None:
    assert one('{"dir":"IN","message":"x"}') == FetchedMessage(Direction.IN, None, "", "x")
    assert one('{"dir":"IN","message":"x","ts":null,"date":null}') == FetchedMessage(
        Direction.IN, None, "", "x"
    )


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ('"x"', "x"), ('""', ""), ("5", "5"), ("1.50", "1.5"), ('"\\u0000\\u001b[2J"', "\0\x1b[2J"),
        ('"a\nb"', "a\nb"), ('"\\ud83d"', "\ufffd"), ('"\\udc4d\\ud83d"', "\ufffd\ufffd"),
        ('"\\ud83d\\udc4d"', "👍"), ('"\udcff\udcc3("', "\ufffd\ufffd("), ('"“curly”"', "“curly”"),
        ('"' + "x" * 100_000 + '"', "x" * 100_000),
    ],
)  # fmt: skip
def test_every_text(message: str, text: str) -> None:
    assert one(f'{{"dir":"IN","ts":5,"message":{message}}}') == FetchedMessage(Direction.IN, 5, "", text)


@pytest.mark.parametrize(("given", "read"), [("in", "IN"), (" Out ", "OUT"), ("IN", "IN")])
def test_every_direction(given: str, read: str) -> None:
    message = one(f'{{"dir":"{given}","ts":5,"message":"x"}}')
    assert message is not None
    assert message.direction == read


@pytest.mark.parametrize(
    "broken",
    [
        "null", "1", '"a text"', "[]", "{}", '{"message":"x","ts":5}', '{"dir":"IN","ts":5}',
        '{"dir":"UP","ts":5,"message":"x"}', '{"dir":null,"ts":5,"message":"x"}',
        '{"dir":"IN","ts":5,"message":null}', '{"dir":"IN","ts":5,"message":["x"]}',
        '{"dir":"IN","ts":5,"message":{"text":"x"}}', '{"dir":"IN","ts":5,"message":true}',
        '{"dir":["IN"],"ts":5,"message":"x"}',
    ],
)  # fmt: skip
def test_a_broken_message_is_skipped_and_counted(broken: str) -> None:
    assert one(broken) is None


def test_unknown_fields_of_a_message_are_pairs() -> None:
    message = one(
        '{"id":"m1","dir":"IN","ts":5,"date":"d","message":"x","segments":2,"ok":true,"none":null,"f":1.5,'
        '"carrier":{"name":"A \\u001b","lines":[1,{"x":"y"}]},"empty":{},"surl":"https:\\/\\/x\\/key\\/K","\\ud83d":"\\ud83d"}'
    )
    assert message is not None
    assert message.extra == (
        ("id", "m1"), ("segments", "2"), ("ok", "true"), ("none", ""), ("f", "1.5"),
        ("carrier.name", "A \x1b"), ("carrier.lines.1", "1"), ("carrier.lines.2.x", "y"), ("\ufffd", "\ufffd"),
    )  # fmt: skip


def test_unknown_fields_of_the_answer_are_pairs_and_surl_is_none() -> None:
    answer = conversation(
        "[]", surl="https://x/key/K", type="all", owner={"city": "X", "surl": "K", "tags": ["a", None]}, n=1
    )
    assert answer.details == (("owner.city", "X"), ("owner.tags.1", "a"), ("owner.tags.2", ""), ("n", "1"))


def test_pairs_are_bounded() -> None:
    answer = conversation("[]", many=list(range(10_000)), long="x" * 100_000)
    assert len(answer.details) == 200
    assert conversation("[]", long="x" * 100_000).details == (("long", "x" * 1000),)


@pytest.mark.parametrize(
    ("did", "number"),
    [
        ("15556667777", "+15556667777"), ("+15556667777", "+15556667777"), (15556667777, "+15556667777"),
        ("72345", "72345"), (None, None), ("", None), ("0", None), (True, None), (1.5, None), ([], None),
        ({}, None), ("me", None), ("9" * 40, None), (10**30, None), ("+1\u0661", None),
    ],
)  # fmt: skip
def test_every_did(did: object, number: str | None) -> None:
    assert conversation("[]", did=did).local_number == number


@pytest.mark.parametrize(
    ("said", "known"),
    [("Y", True), ("N", False), ("y ", True), ("", None), (None, None), ("maybe", None), (True, None), (1, None), ([], None)],
)  # fmt: skip
def test_every_suppressed(said: object, known: bool | None) -> None:
    assert conversation("[]", suppressed=said).suppressed is known


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"5", b'"x"', b"{}", b'{"messages":null}', b'{"messages":{}}', b'{"messages":"[]"}',
        b'{"messages":[', b'{"messages":[]', b'{"messages":[}', b"<html>", b"\xff\xfe", b"{'messages':[]}",
        "{“messages”:[]}".encode(), b'{"messages":[]}x', b'{"status":"success","message":"x"}',
        b"[" * 100_000, b'{"messages":' + b"[" * 100_000, b'{"a":' * 100_000,
        b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_conversation_is_uncertain(body: bytes) -> None:
    with pytest.raises(Uncertain):
        decode_conversation(body)


def test_a_failure_in_place_of_a_conversation_is_a_refusal() -> None:
    with pytest.raises(Refused, match=r"^Invalid API key$"):
        decode_conversation(b'{"status":"failed","message":"Invalid API key"}')
    with pytest.raises(Refused, match="no reason"):
        decode_conversation(b'{"status":"failed"}')


def test_a_byte_order_mark_does_no_harm() -> None:
    assert len(decode_conversation(b"\xef\xbb\xbf" + DOCUMENTS_CONVERSATION.encode()).messages) == 2


@pytest.mark.parametrize("depth", [10, 100, *range(300, 340), *range(950, 1010, 3), 5000])
def test_no_depth_is_an_error_of_ours(depth: int) -> None:
    nest = "[" * depth + "]" * depth
    for body in (
        f'{{"messages":{nest}}}',
        f'{{"messages":[{nest}]}}',
        f'{{"messages":[],"q":{nest}}}',
        f'{{"messages":[],"suppressed":{nest},"did":{nest}}}',
        f'{{"messages":[{{"dir":{nest},"message":"x"}}]}}',
        f'{{"messages":[{{"dir":"IN","message":"x","date":{nest},"ts":{nest}}}]}}',
        f'{{"messages":[{{"dir":"IN","message":"x","extra":{nest.replace("[]", "[1]")}}}]}}',
        f'{{"status":{nest},"message":{nest}}}',
        f'{{"status":"failed","message":{nest}}}',
    ):
        with suppress(GynetixError):
            decode_conversation(body.encode())
        decode_verdict(body.encode())


def test_a_long_conversation_is_read_quickly_even_where_it_is_odd() -> None:
    messages = [
        {"dir": "IN", "ts": str(n + 1), "date": "", "message": "x" * 20, "id": n} for n in range(10_000)
    ]
    body = json.dumps({"messages": messages}).encode()
    begun = time.process_time()
    answer = decode_conversation(body)
    assert time.process_time() - begun < 2
    assert len(answer.messages) == 10_000


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["IN", "OUT"]), st.integers(1, 1 << 39), st.text()), max_size=8
    ),
    st.booleans(),
)  # fmt: skip
def test_both_ways_of_reading_agree(messages: list[tuple[str, int, str]], odd: bool) -> None:
    # An extra field in one message sends the whole list the slow way.
    plain = [{"dir": d, "ts": ts, "date": "d", "message": text} for d, ts, text in messages]
    with_odd: list[dict[str, object]] = [{**message} for message in plain]
    if odd and with_odd:
        with_odd[-1]["x"] = 1
    fast = decode_conversation(json.dumps({"messages": plain}).encode()).messages
    slow = decode_conversation(json.dumps({"messages": with_odd}).encode()).messages
    assert (
        [(m.direction, m.ts, m.text) for m in fast] == [(m.direction, m.ts, m.text) for m in slow] == messages
    )
