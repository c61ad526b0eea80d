"""Every fault once, over real sockets: what the client sees, and whether the gateway acted."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Iterator

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

from gynetix_tui.sandbox import Fault, FaultKind, Sandbox

GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, now=Clock(), people=()) as running:
        running.world.receive(ANA, "first", START - 30)
        running.world.sent_elsewhere(ANA, "second", START - 20)
        running.world.receive(ANA, "third", START - 10)
        yield running


@pytest.mark.parametrize(
    ("fault", "status", "acted"),
    [
        (Fault(FaultKind.REFUSE), 200, False),
        (Fault(FaultKind.REFUSE, acts=True), 200, True),
        (Fault(FaultKind.STATUS), 500, True),
        (Fault(FaultKind.STATUS, status=503, acts=False), 503, False),
        (Fault(FaultKind.STATUS, status=302), 302, True),
        (Fault(FaultKind.STATUS, status=400), 400, False),
        (Fault(FaultKind.STATUS, status=404), 404, False),
        (Fault(FaultKind.STATUS, status=408), 408, True),
        (Fault(FaultKind.STATUS, status=429), 429, False),
        (Fault(FaultKind.STATUS, status=599), 599, True),
        (Fault(FaultKind.REDIRECT), 307, True),
        (Fault(FaultKind.HTML), 200, True),
        (Fault(FaultKind.TRUNCATED_JSON), 200, True),
        (Fault(FaultKind.NULL), 200, True),
        (Fault(FaultKind.EMPTY_BODY), 200, True),
        (Fault(FaultKind.UNKNOWN_FIELDS), 200, True),
        (Fault(FaultKind.LONE_SURROGATE), 200, True),
        (Fault(FaultKind.INVALID_UTF8), 200, True),
        (Fault(FaultKind.BAD_GZIP), 200, True),
        (Fault(FaultKind.CURLY_QUOTES), 200, True),
        (Fault(FaultKind.HUGE, size=100_000), 200, True),
        (Fault(FaultKind.SLOW_DRIP, seconds=0), 200, True),
        (Fault(FaultKind.DELAY, seconds=0), 200, True),
        (Fault(FaultKind.DELAY, seconds=0, acts=False), 200, False),
    ],
)
def test_answered_sends(sandbox: Sandbox, fault: Fault, status: int, acted: bool) -> None:
    sandbox.faults.add(fault)
    assert text(sandbox, "news").status == status
    assert ("news" in texts(sandbox)) is acted
    assert sandbox.faults.served == (fault,)
    assert sandbox.requests[0].complete


@pytest.mark.parametrize(
    ("kind", "error", "acted", "complete"),
    [
        (FaultKind.TRUNCATED_BODY, http.client.IncompleteRead, True, True),
        (FaultKind.GARBAGE_STATUS_LINE, http.client.BadStatusLine, True, True),
        (FaultKind.CLOSE_AFTER_BODY, http.client.RemoteDisconnected, True, True),
        (FaultKind.RESET_AFTER_BODY, ConnectionResetError, True, True),
        (FaultKind.CLOSE_AFTER_HEADERS, http.client.RemoteDisconnected, False, False),
    ],
)
def test_unanswered_sends(
    sandbox: Sandbox, kind: FaultKind, error: type[Exception], acted: bool, complete: bool
) -> None:
    sandbox.faults.add(Fault(kind))
    with pytest.raises(error) as raised:
        text(sandbox, "news")
    if error is ConnectionResetError:
        assert not isinstance(raised.value, http.client.RemoteDisconnected)
    assert ("news" in texts(sandbox)) is acted
    (received,) = sandbox.requests
    assert received.complete is complete


def test_close_on_accept_reads_nothing(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.CLOSE_ON_ACCEPT, times=1))
    with pytest.raises(GONE):
        text(sandbox, "news")
    assert sandbox.requests == []
    assert text(sandbox, "more").status == 200
    assert texts(sandbox)[-1] == "more"


def test_close_on_accept_for_one_call_waits_for_the_headers(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.CLOSE_ON_ACCEPT, call="manualTXT"))
    assert conversation(sandbox).status == 200
    with pytest.raises(GONE):
        text(sandbox, "news")
    assert [request.complete for request in sandbox.requests] == [True, False]
    assert "news" not in texts(sandbox)


def test_silence_acts_and_lasts_until_the_client_goes_or_the_sandbox_stops(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.SILENCE))
    for number, patient in enumerate((False, True)):
        connection = connect(sandbox)
        body = f"to=%2B{ANA}&from=%2B15556667777&message=news"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path_of(sandbox, SEND), body, form)
        sandbox.wait_for_requests(number + 1)
        assert texts(sandbox).count("news") == number + 1
        if patient:
            sandbox.stop()
            with pytest.raises(GONE):
                connection.getresponse()
        connection.close()


@pytest.mark.parametrize("kind", [FaultKind.DELAY, FaultKind.SLOW_DRIP])
def test_stop_ends_what_waits(sandbox: Sandbox, kind: FaultKind) -> None:
    sandbox.faults.add(Fault(kind, seconds=3600))
    connection = connect(sandbox)
    connection.request("POST", path_of(sandbox, CONVERSATION), "phone=1")
    sandbox.wait_for_requests(1)
    before = threading.active_count()
    sandbox.stop()
    assert threading.active_count() < before
    with pytest.raises((*GONE, http.client.IncompleteRead)):
        connection.getresponse().read()
    connection.close()


def test_refuse_status_redirect_html(sandbox: Sandbox) -> None:
    sandbox.faults.add(
        Fault(FaultKind.REFUSE, times=1, reason="No credit"),
        Fault(FaultKind.STATUS, times=1, status=429, retry_after=30, body="slow down"),
        Fault(FaultKind.REDIRECT, times=1),
        Fault(FaultKind.REDIRECT, times=1, location="http://127.0.0.2/"),
        Fault(FaultKind.HTML, times=1),
    )
    assert text(sandbox, "x").json == {"status": "failed", "message": "No credit"}
    limited = text(sandbox, "x")
    assert (limited.status, limited.headers["Retry-After"], limited.body) == (429, "30", b"slow down")
    assert text(sandbox, "x").headers["Location"] == f"/moved{path_of(sandbox, SEND)}"
    assert text(sandbox, "x").headers["Location"] == "http://127.0.0.2/"
    page = text(sandbox, "x")
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.body.startswith(b"<!DOCTYPE html>")
    assert sandbox.faults.waiting == ()


def test_bodies_that_are_no_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add(*(Fault(kind, times=1) for kind in (FaultKind.NULL, FaultKind.EMPTY_BODY)))
    assert conversation(sandbox).body == b"null"
    assert conversation(sandbox).body == b""
    sandbox.faults.add(Fault(FaultKind.TRUNCATED_JSON, times=1))
    cut = conversation(sandbox)
    assert "Content-Length" not in cut.headers
    with pytest.raises(json.JSONDecodeError):
        _ = cut.json
    sandbox.faults.add(Fault(FaultKind.BAD_GZIP, times=1))
    zipped = conversation(sandbox)
    assert zipped.headers["Content-Encoding"] == "gzip"
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(zipped.body)
    sandbox.faults.add(Fault(FaultKind.INVALID_UTF8, times=1))
    with pytest.raises(UnicodeDecodeError):
        conversation(sandbox).body.decode()
    sandbox.faults.add(Fault(FaultKind.CURLY_QUOTES, times=1))
    curly = ask(sandbox, SUPPRESS, {"phone": "15550001111"}).body.decode()
    assert curly == "{“status”:“success”,“message”:“Number has been added to suppression”}"


def test_unusual_but_readable_conversations(sandbox: Sandbox) -> None:
    good = conversation(sandbox).json
    for kind in (FaultKind.NUMBERS_AS_TEXT, FaultKind.MISSING_TS, FaultKind.ONE_BROKEN_MESSAGE):
        # Kinds for conversations do not waste themselves on another call.
        sandbox.faults.add(Fault(kind, times=1))
        assert ask(sandbox, SUPPRESS, {"phone": "15550001111"}).json["status"] == "success"
        answer = conversation(sandbox).json["messages"]
        if kind is FaultKind.NUMBERS_AS_TEXT:
            assert [m["ts"] for m in answer] == [str(m["ts"]) for m in good["messages"]]
        elif kind is FaultKind.MISSING_TS:
            assert all("ts" not in m and m["date"] for m in answer)
        else:
            assert [m for m in answer if m != "not a message"] == good["messages"]
            assert len(answer) == 4
    sandbox.faults.add(Fault(FaultKind.ONE_BROKEN_MESSAGE, times=1, body='{"ts": 5}'))
    assert {"ts": 5} in conversation(sandbox).json["messages"]
    sandbox.faults.add(Fault(FaultKind.UNKNOWN_FIELDS, times=1))
    answer = conversation(sandbox).json
    assert set(good) < set(answer)
    assert all("carrier" in message for message in answer["messages"])
    sandbox.faults.add(Fault(FaultKind.LONE_SURROGATE, times=1))
    answer = conversation(sandbox)
    assert rb"third\ud83d" in answer.body
    assert answer.json["messages"][-1]["message"] == "third\ud83d"
    sandbox.faults.add(Fault(FaultKind.LONE_SURROGATE, times=1))
    assert conversation(sandbox, "15550001111").json["messages"] == []
    assert conversation(sandbox).json == good


def test_conversations_that_shrink(sandbox: Sandbox) -> None:
    sandbox.faults.add(
        Fault(FaultKind.EMPTY_CONVERSATION, times=1),
        Fault(FaultKind.SHORTER, times=1, count=2),
        Fault(FaultKind.SHORTER, times=1, count=99),
    )
    assert list(conversation(sandbox).json) == ["messages", "suppressed", "surl", "type"]
    shorter = conversation(sandbox).json
    assert [message["message"] for message in shorter["messages"]] == ["first"]
    assert shorter["did"] == "15556667777"
    assert conversation(sandbox).json["messages"] == []
    assert len(conversation(sandbox).json["messages"]) == 3


def test_huge_and_dripping_answers_are_good_json(sandbox: Sandbox) -> None:
    good = conversation(sandbox)
    sandbox.faults.add(
        Fault(FaultKind.HUGE, times=1, size=1_000_000), Fault(FaultKind.SLOW_DRIP, times=1, seconds=0)
    )
    huge = conversation(sandbox)
    assert len(huge.body) == 1_000_000
    assert "Content-Length" not in huge.headers
    assert huge.json == good.json
    assert conversation(sandbox).body == good.body


def test_the_client_may_leave_a_huge_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.HUGE, times=1))
    connection = connect(sandbox)
    connection.request("POST", path_of(sandbox, CONVERSATION), "phone=1")
    assert connection.getresponse().read(10)
    connection.close()
    assert conversation(sandbox).status == 200


def test_altered_text(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.ALTERED_TEXT))
    text(sandbox, "“Don’t”\nworry  ")
    assert texts(sandbox)[-1] == '"Don\'t"\r\nworry'


def test_a_fault_can_be_limited(sandbox: Sandbox) -> None:
    faults = sandbox.faults
    faults.add(Fault(FaultKind.STATUS, status=404, path_contains="/v1/"))
    assert text(sandbox, "x").status == 404
    fields = {"to": f"+{ANA}", "from": HOME, "message": "x"}
    assert ask(sandbox, "post/manualTXT", fields).json["status"] == "success"
    faults.clear()
    assert text(sandbox, "x").status == 200

    faults.add(Fault(FaultKind.NULL, phone="15550001111"), Fault(FaultKind.HTML, call="addSuppression"))
    assert conversation(sandbox).body != b"null"
    assert conversation(sandbox, "15550001111").body == b"null"
    assert text(sandbox, "x", to="15550001111").body == b"null"
    assert ask(sandbox, SUPPRESS, {"phone": "15550001111"}).body == b"null"
    assert ask(sandbox, SUPPRESS, {"phone": "15550002222"}).body.startswith(b"<!DOCTYPE")
    faults.clear()

    faults.add(Fault(FaultKind.EMPTY_BODY, times=2))
    assert [text(sandbox, "x").body == b"" for _ in range(3)] == [True, True, False]


def test_a_fault_on_a_wrong_key_changes_nothing_in_the_world(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.HTML))
    ask(sandbox, SUPPRESS, {"phone": ANA}, key="wrong")
    assert not sandbox.world.suppressed(ANA)


def test_a_fault_meets_a_kept_connection(sandbox: Sandbox) -> None:
    connection = connect(sandbox)
    raw(sandbox, path_of(sandbox, CONVERSATION), {"phone": ANA}, connection=connection)
    sandbox.faults.add(Fault(FaultKind.CLOSE_ON_ACCEPT, times=1))
    with pytest.raises(GONE):
        raw(sandbox, path_of(sandbox, CONVERSATION), {"phone": ANA}, connection=connection)
    connection.close()
