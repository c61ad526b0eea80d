"""The key is a segment of the path of every call, and shows nowhere but there."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import FrameType, TracebackType

import httpx
import pytest
from gateway_kit import ANA, KEY, SEGMENT, START, gateway_to, sandbox_of, send

from gynetix_tui.errors import GatewayError, NotSent, Refused, Uncertain
from gynetix_tui.gateway import Gateway
from gynetix_tui.gateway.transport import KeyTransport
from gynetix_tui.sandbox import Fault, FaultKind, Sandbox
from gynetix_tui.settings.secret import ApiKey

Call = Callable[[Gateway], Awaitable[object]]

CALLS: dict[str, Call] = {
    "send": lambda gateway: send(gateway, "secret words"),
    "suppress": lambda gateway: gateway.add_suppression(phone=ANA),
    "fetch": lambda gateway: gateway.get_conversation(phone=ANA),
}
ECHOES = f'{{"status":"failed","message":"Invalid API key {KEY} at \\/key\\/{SEGMENT}\\/"}}'
FAULTS = {
    "refused by name": Fault(FaultKind.REFUSE, reason=f"Invalid API key {KEY} ({SEGMENT})"),
    "refused by status": Fault(FaultKind.STATUS, status=403, body=ECHOES),
    "server error": Fault(FaultKind.STATUS, status=500, body=ECHOES),
    "redirect": Fault(FaultKind.REDIRECT),
    "page": Fault(FaultKind.HTML, body=f"<p>{KEY} {SEGMENT}"),
    "half of it": Fault(FaultKind.TRUNCATED_JSON),
    "cut off": Fault(FaultKind.TRUNCATED_BODY),
    "closed": Fault(FaultKind.CLOSE_AFTER_BODY),
    "reset": Fault(FaultKind.RESET_AFTER_BODY),
    "garbage": Fault(FaultKind.GARBAGE_STATUS_LINE),
    "gzip": Fault(FaultKind.BAD_GZIP),
    "curly": Fault(FaultKind.CURLY_QUOTES),
    "silence": Fault(FaultKind.SILENCE),
    "drip": Fault(FaultKind.SLOW_DRIP, seconds=0.05),
    "huge": Fault(FaultKind.HUGE, size=3 << 20),
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with sandbox_of() as running:
        running.world.receive(ANA, "hello", START)
        yield running


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[Gateway]:
    async with gateway_to(sandbox, seconds=0.3, answer_limit=1_000_000) as made:
        yield made


def assert_clean(text: str) -> None:
    # Not only where the whole key stands: no part of it that one could begin to guess by.
    found = re.search("CANARY|%C3%9F", text, re.IGNORECASE)
    assert found is None, text[max(0, found.start() - 300) : found.end() + 50]
    assert ApiKey(KEY).redact(text) == text


def frames_of(trace: TracebackType | None) -> Iterator[FrameType]:
    while trace:
        yield trace.tb_frame
        trace = trace.tb_next


async def _fails(call: Call, gateway: Gateway) -> GatewayError | None:
    """The error, with nothing of this test in its traceback."""
    try:
        await call(gateway)
    except GatewayError as error:
        return error.with_traceback(error.__traceback__.tb_next if error.__traceback__ else None)
    return None


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_shows_it(sandbox: Sandbox, gateway: Gateway, fault: str, call: str) -> None:
    sandbox.faults.add(FAULTS[fault])
    error = await _fails(CALLS[call], gateway)
    if error is None:
        assert (fault, call) in {("curly", "send"), ("curly", "suppress")}
        return
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "_post" in "".join(shown.format()) or "_tell" in "".join(shown.format()) or call == "fetch"
    assert_clean("".join(shown.format()))
    assert_clean(f"{error} {error!r} {error.args} {vars(error)}")
    assert error.__cause__ is None
    assert error.__context__ is None, "it would lead to frames that saw the request"
    for frame in frames_of(error.__traceback__):
        assert_clean(repr(frame.f_locals))
        for value in frame.f_locals.values():
            if isinstance(value, httpx.Request | httpx.Response):
                assert_clean(f"{value!r} {value.url!r} {getattr(value, 'request', '')!r}")


async def test_the_reason_of_the_gateway_is_kept_but_for_the_key(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.faults.add(FAULTS["refused by name"])
    for call in CALLS.values():
        error = await _fails(call, gateway)
        assert isinstance(error, Refused)
        assert str(error) == "Invalid API key [key] ([key])"
    sandbox.faults.clear()
    sandbox.faults.add(FAULTS["refused by status"])
    for call in CALLS.values():
        error = await _fails(call, gateway)
        assert isinstance(error, Refused)
        assert str(error) == "the gateway answered HTTP 403: Invalid API key [key] at /key/[key]/"


async def test_words_of_a_success_are_redacted_too(
    sandbox: Sandbox, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "gynetix_tui.sandbox.calls._done", lambda message: client_answer(f"{message} by {KEY}")
    )

    def client_answer(message: str) -> object:
        from gynetix_tui.sandbox.calls import Answer

        return Answer(200, {"status": "success", "message": message})  # type: ignore[arg-type]

    assert await send(gateway) == "Message has been sent by [key]"


async def test_no_connection_shows_nothing_either(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.stop()
    for call in CALLS.values():
        error = await _fails(call, gateway)
        assert isinstance(error, NotSent)
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert_clean("".join(shown.format()))
        assert error.__context__ is None


@pytest.mark.holds_the_key(
    "httpcore logs the Location of a redirect; the program's own log has nothing of it"
)
@pytest.mark.parametrize("fault", [None, *FAULTS])
async def test_no_log_shows_it(
    sandbox: Sandbox,
    gateway: Gateway,
    fault: str | None,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("", "httpx", "httpcore", "gynetix_tui", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    if fault:
        sandbox.faults.add(FAULTS[fault])
    for call in CALLS.values():
        await _fails(call, gateway)
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert "httpcore" in names, "nothing was logged: the test sees nothing"
    httpcore_headers = [r for r in caplog.records if "receive_response_headers.complete" in r.getMessage()]
    redirected = fault == "redirect"
    lines = [
        record.getMessage()
        for record in caplog.records
        # A redirect's Location, which holds the path, is in httpcore's log of headers; open_log silences it.
        if not (redirected and record in httpcore_headers)
    ]
    assert_clean("\n".join(lines))
    assert_clean("".join(capfd.readouterr()))


async def test_the_answer_keeps_no_address_that_holds_it(sandbox: Sandbox, gateway: Gateway) -> None:
    answer = await gateway.get_conversation(phone=ANA, detailed=True)
    assert answer is not None
    assert answer.messages
    assert SEGMENT in sandbox.requests[0].path
    assert_clean(repr(answer))
    sandbox.faults.add(Fault(FaultKind.UNKNOWN_FIELDS))
    again = await gateway.get_conversation(phone=ANA)
    assert again is not None
    assert again.details
    assert_clean(repr(again))


async def test_a_cancelled_call_shows_nothing(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.faults.add(Fault(FaultKind.SILENCE))
    task = asyncio.ensure_future(send(gateway))
    await asyncio.to_thread(sandbox.wait_for_requests, 1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError as error:
        shown = traceback.TracebackException.from_exception(error)
        assert_clean("".join(shown.format()))
    else:
        pytest.fail("it was not cancelled")


async def test_nothing_of_the_client_prints_it(gateway: Gateway) -> None:
    assert_clean(f"{gateway!r} {vars(gateway)!r} {gateway._sends!r} {vars(gateway._sends)!r}")
    assert_clean(repr(vars(gateway._sends._transport)))


def test_an_error_nobody_caught_prints_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.faults.add(FAULTS["refused by name"])

    async def program() -> None:
        async with gateway_to(sandbox) as gateway:
            await gateway.get_conversation(phone=ANA)

    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    try:
        asyncio.run(program())
    except Refused as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "Invalid API key" in stderr.getvalue()
    assert_clean(stderr.getvalue())


async def test_odd_keys_reach_the_gateway_as_they_are() -> None:
    for key in ("a/b", "%2F", "-", "a?b#c", "ключ", "a+b c", "..", "x" * 500):
        with Sandbox(key=key, people=()) as sandbox:
            async with Gateway(base_url=sandbox.base_url, key=ApiKey(key)) as gateway:
                assert await send(gateway) == "Message has been sent", key
                (request,) = sandbox.requests
                assert request.path.count("/") == "/standard/api/v1/manualTXT/key/K/response/json".count("/")


def test_uncertain_is_the_class_of_what_may_have_left() -> None:
    assert issubclass(Uncertain, GatewayError)


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
async def test_only_what_goes_to_the_socket_holds_it(kind: type[httpx.TransportError]) -> None:
    class Socket(httpx.AsyncBaseTransport):
        target = b""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.target = request.url.raw_path
            assert_clean(f"{request!r} {request.url!r} {request.url} {request.extensions}")
            raise kind("no", request=request)

    inner = Socket()
    asked = httpx.Request("POST", "https://example.com/api/key/-/response/json?x=/key/-/")
    with pytest.raises(kind, match=r"^no$") as raised:
        await KeyTransport(inner, ApiKey(KEY)).handle_async_request(asked)
    assert inner.target == f"/api/key/{SEGMENT}/response/json?x=/key/-/".encode()
    assert raised.value.request is asked
    assert_clean(f"{asked.extensions} {asked.url}")
    assert raised.value.__context__ is raised.value.__cause__ is None
