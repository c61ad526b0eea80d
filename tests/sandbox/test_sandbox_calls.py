"""The three calls, held against the gateway's document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from canary import KEY
from sandbox_kit import (
    ANA,
    CONVERSATION,
    HOME,
    SEND,
    START,
    SUPPRESS,
    Clock,
    ask,
    connect,
    conversation,
    path_of,
    raw,
    text,
    texts,
)

from gynetix_tui.sandbox import Person, Sandbox

ODD_KEY = "81b/../fdff +%ß"
SEGMENT = quote(KEY, safe="")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, now=Clock(), people=[Person(ANA, "Ana")]) as running:
        yield running


def test_the_base_has_the_documents_path(sandbox: Sandbox) -> None:
    assert sandbox.base_url == f"http://127.0.0.1:{sandbox.port}/standard/api"


@pytest.mark.parametrize("call", [SEND, "post/manualTXT"])
def test_send_delivers_under_both_spellings(sandbox: Sandbox, call: str) -> None:
    answer = ask(sandbox, call, {"to": f"+{ANA}", "from": HOME, "message": "Hëllo\n“you” 👋🏽"})
    assert answer.status == 200
    assert answer.json == {"status": "success", "message": "Message has been sent"}
    assert texts(sandbox) == ["Hëllo\n“you” 👋🏽"]


@pytest.mark.parametrize("call", [SUPPRESS, "v1/addSuppression"])
def test_suppression_ends_texting_under_both_spellings(sandbox: Sandbox, call: str) -> None:
    assert ask(sandbox, call, {"phone": ANA}).json["status"] == "success"
    assert sandbox.world.suppressed(ANA)
    assert text(sandbox, "one more").json == {"status": "failed", "message": "Number is suppressed"}
    assert texts(sandbox) == []
    assert conversation(sandbox).json["suppressed"] == "Y"


def test_a_conversation_reads_as_the_documents_sample() -> None:
    with Sandbox(key="81bfdff", now=Clock(START + 10_000)) as sandbox:
        phone = "15555555555"
        sandbox.world.sent_elsewhere(phone, "Hello", 1516816290)
        sandbox.world.receive(phone, "Who is this", 1516822439)
        answer = conversation(sandbox, phone)
    assert answer.headers["Content-Type"] == "application/json"
    surl = rf"http:\/\/127.0.0.1:{sandbox.port}\/standard\/api\/post\/addSuppression\/key\/81bfdff\/response\/json"
    assert answer.body.decode() == (
        r'{"messages":['
        r'{"dir":"OUT","ts":1516816290,"date":"1\/24\/2018 10:51 AM","message":"Hello"},'
        r'{"dir":"IN","ts":1516822439,"date":"1\/24\/2018 12:33 PM","message":"Who is this"}],'
        rf'"suppressed":"N","surl":"{surl}","did":"15556667777","type":"all"}}'
    )


def test_detailed_adds_the_owner(sandbox: Sandbox) -> None:
    sandbox.world.receive(ANA, "hi")
    for value, there in (("Y", True), ("N", False), ("", False)):
        answer = ask(sandbox, CONVERSATION, {"phone": ANA, "detailed": value}).json
        assert ("owner" in answer) is there
    unknown = ask(sandbox, CONVERSATION, {"phone": "15550000000", "detailed": "Y"}).json
    assert "owner" not in unknown


def test_unknown_number_wrong_key_and_bad_phone_all_give_the_empty_answer(sandbox: Sandbox) -> None:
    sandbox.world.receive(ANA, "hi")
    answers = [
        conversation(sandbox, "15550000000"),
        ask(sandbox, CONVERSATION, {"phone": ANA}, key="wrong"),
        ask(sandbox, CONVERSATION, {"phone": f"+{ANA}"}),
        ask(sandbox, CONVERSATION, {}),
    ]
    for answer in answers:
        assert answer.status == 200
        assert list(answer.json) == ["messages", "suppressed", "surl", "type"]
        assert answer.json["messages"] == []
        assert answer.json["suppressed"] == "N"


def test_a_number_becomes_a_conversation_when_it_is_written_to(sandbox: Sandbox) -> None:
    assert "did" not in conversation(sandbox, "15553334444").json
    ask(sandbox, SEND, {"to": "+15553334444", "from": "+15559998888", "message": "hi"})
    answer = conversation(sandbox, "15553334444").json
    assert answer["did"] == "15559998888"
    assert answer["messages"] == [
        {"dir": "OUT", "ts": 1516816290, "date": "1/24/2018 10:51 AM", "message": "hi"}
    ]


@pytest.mark.parametrize("call", [SEND, "post/manualTXT", SUPPRESS, "v1/addSuppression"])
def test_posting_with_a_wrong_key_fails(sandbox: Sandbox, call: str) -> None:
    answer = ask(sandbox, call, {"to": f"+{ANA}", "from": HOME, "message": "hi", "phone": ANA}, key="wrong")
    assert answer.status == 200
    assert answer.json == {"status": "failed", "message": "Invalid API key"}
    assert texts(sandbox) == []
    assert not sandbox.world.suppressed(ANA)


def test_a_key_is_compared_after_percent_decoding() -> None:
    with Sandbox(key=ODD_KEY) as sandbox:
        assert text(sandbox, "hi").json["status"] == "success"
        assert "/key/81b%2F..%2Ffdff%20%2B%25%C3%9F/response/" in sandbox.requests[0].path
        assert "/key/81b%2F..%2Ffdff%20%2B%25%C3%9F/response/" in conversation(sandbox).json["surl"]


@pytest.mark.parametrize(
    ("call", "fields", "reason"),
    [
        (SEND, {"from": HOME, "message": "hi"}, "Missing required field: to"),
        (SEND, {"to": f"+{ANA}", "message": "hi"}, "Missing required field: from"),
        (SEND, {"to": f"+{ANA}", "from": HOME}, "Missing required field: message"),
        (SEND, {"to": f"+{ANA}", "from": HOME, "message": ""}, "Missing required field: message"),
        (SEND, {"to": ANA, "from": HOME, "message": "hi"}, "Invalid number in field: to"),
        (SEND, {"to": "+1 555", "from": HOME, "message": "hi"}, "Invalid number in field: to"),
        (SEND, {"to": f"+{ANA}", "from": "15556667777", "message": "hi"}, "Invalid number in field: from"),
        (SUPPRESS, {}, "Missing required field: phone"),
        (SUPPRESS, {"phone": f"+{ANA}"}, "Invalid number in field: phone"),
    ],
)
def test_fields_must_be_as_documented(
    sandbox: Sandbox, call: str, fields: dict[str, str], reason: str
) -> None:
    assert ask(sandbox, call, fields).json == {"status": "failed", "message": reason}
    assert texts(sandbox) == []


def test_a_query_string_needs_the_slash(sandbox: Sandbox) -> None:
    query = urlencode({"to": f"+{ANA}", "from": HOME, "message": "by query"})
    assert raw(sandbox, f"{path_of(sandbox, SEND)}?{query}").status == 404
    assert raw(sandbox, f"{path_of(sandbox, SEND)}/?{query}").json["status"] == "success"
    assert texts(sandbox) == ["by query"]


def test_only_post_is_a_call(sandbox: Sandbox) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = raw(sandbox, path_of(sandbox, CONVERSATION), {"phone": ANA}, method=method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/standard/api/messenger/manualTXT/key/{key}/response/json",
        "/standard/api/v1/getConversation/key/{key}/response/json",
        "/standard/api/v1/manualTXT/key//response/json",
        "/standard/api/v1/manualTXT/key/{key}/response/xml",
        "/v1/manualTXT/key/{key}/response/json",
    ],
)
def test_other_paths_are_not_found(sandbox: Sandbox, path: str) -> None:
    path = path.replace("{key}", SEGMENT)
    assert raw(sandbox, path, {"to": f"+{ANA}", "from": HOME, "message": "hi"}).status == 404
    assert sandbox.requests[-1].call is None


def test_the_date_header_is_the_sandboxs_clock(sandbox: Sandbox) -> None:
    assert conversation(sandbox).headers["Date"] == "Wed, 24 Jan 2018 17:51:30 GMT"


def test_requests_are_recorded_as_they_came(sandbox: Sandbox) -> None:
    text(sandbox, "a & b\n")
    conversation(sandbox)
    sent, got = sandbox.requests
    assert (sent.method, sent.call, sent.complete, sent.query) == ("POST", "manualTXT", True, "")
    assert sent.path == f"/standard/api/v1/manualTXT/key/{SEGMENT}/response/json"
    assert sent.body == b"to=%2B15557778888&from=%2B15556667777&message=a+%26+b%0A"
    assert sent.form == {"to": [f"+{ANA}"], "from": [HOME], "message": ["a & b\n"]}
    assert ("Content-Type", "application/x-www-form-urlencoded") in sent.headers
    assert got.call == "getConversation"
    assert sandbox.wait_for_requests(1, call="getConversation") == [got]
    sandbox.requests.clear()
    assert len(sandbox.requests) == 2
    with pytest.raises(TimeoutError, match="2 of 3"):
        sandbox.wait_for_requests(3, timeout=0)


def test_a_body_that_is_no_form_has_no_fields(sandbox: Sandbox) -> None:
    connection = connect(sandbox)
    connection.request(
        "POST", path_of(sandbox, SUPPRESS), json.dumps({"phone": ANA}), {"Content-Type": "application/json"}
    )
    assert json.loads(connection.getresponse().read())["status"] == "failed"
    connection.close()


def test_a_connection_is_kept_for_the_next_request(sandbox: Sandbox) -> None:
    connection = connect(sandbox)
    raw(sandbox, path_of(sandbox, CONVERSATION), {"phone": ANA}, connection=connection)
    port = connection.sock.getsockname()
    raw(sandbox, path_of(sandbox, CONVERSATION), {"phone": ANA}, connection=connection)
    assert connection.sock.getsockname() == port
    connection.close()


def test_a_request_cut_short_is_recorded_and_not_carried_out(sandbox: Sandbox) -> None:
    connection = connect(sandbox)
    connection.putrequest("POST", path_of(sandbox, SUPPRESS))
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"phone=15557778888")
    connection.close()
    (received,) = sandbox.wait_for_requests(1)
    assert (received.complete, received.body) == (False, b"phone=15557778888")
    assert not sandbox.world.suppressed(ANA)


def test_a_body_without_a_length_is_refused(sandbox: Sandbox) -> None:
    connection = connect(sandbox)
    connection.request("POST", path_of(sandbox, SUPPRESS), iter([b"phone=1"]), encode_chunked=True)
    with connection.getresponse() as answer:
        assert answer.status == 411
    connection.close()


def test_the_sandbox_imports_nothing_else_of_the_program() -> None:
    code = (
        "import sys; import gynetix_tui.sandbox, gynetix_tui.sandbox.command\n"
        "ours = [n for n in sys.modules if n.startswith('gynetix_tui.')]\n"
        "assert all(n.startswith('gynetix_tui.sandbox') for n in ours), ours\n"
        "assert not {'httpx', 'textual', 'rich', 'msgspec'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
