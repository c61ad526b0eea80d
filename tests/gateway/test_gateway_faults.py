"""Every way a call can go wrong, over real sockets: what is known afterwards, and whether the gateway acted."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from gateway_kit import (
    ANA,
    HOME,
    KEY,
    START,
    certificate,
    closed_port,
    failure_of,
    gateway_to,
    sandbox_of,
    send,
    sent,
)

from gynetix_tui.errors import GatewayError, NotSent, Refused, Uncertain
from gynetix_tui.gateway import Gateway, client
from gynetix_tui.gateway.transport import trusted_roots
from gynetix_tui.sandbox import Fault, FaultKind, Sandbox
from gynetix_tui.settings.secret import ApiKey


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with sandbox_of() as running:
        yield running


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[Gateway]:
    async with gateway_to(sandbox) as made:
        yield made


def _status(code: int, **more: object) -> Fault:
    return Fault(FaultKind.STATUS, status=code, **more)  # type: ignore[arg-type]


NO_ANSWER = "the connection broke before the gateway's answer was complete"
UNREADABLE = "the gateway's answer could not be read"

SENDS = [
    # fault, the error or None, its sentence, whether the text reached the world
    (Fault(FaultKind.REFUSE, reason="Credits\x1b[31m used up"), Refused, "Credits\x1b[31m used up", False),
    (Fault(FaultKind.REFUSE, reason=""), Refused, "the gateway gave no reason", False),
    *[(_status(n), Refused, f"the gateway answered HTTP {n}", False) for n in (400, 401, 403, 413, 422, 429, 451)],
    (_status(400, body='{"status":"failed","message":"No such number"}'), Refused, "the gateway answered HTTP 400: No such number", False),
    *[(_status(n), Uncertain, f"the gateway answered HTTP {n}", True) for n in (301, 302, 303, 308, 408, 500, 502, 503, 504)],
    (_status(500, body='{"status":"failed","message":"x"}'), Uncertain, "the gateway answered HTTP 500", True),
    (_status(503, acts=False), Uncertain, "the gateway answered HTTP 503", False),
    (Fault(FaultKind.REDIRECT), Uncertain, "the gateway answered HTTP 307", True),
    (Fault(FaultKind.REDIRECT, location="http://127.0.0.1:1/"), Uncertain, "the gateway answered HTTP 307", True),
    (Fault(FaultKind.HTML), Uncertain, UNREADABLE, True),
    (Fault(FaultKind.TRUNCATED_JSON), Uncertain, UNREADABLE, True),
    (Fault(FaultKind.NULL), Uncertain, UNREADABLE, True),
    (Fault(FaultKind.EMPTY_BODY), Uncertain, UNREADABLE, True),
    (Fault(FaultKind.TRUNCATED_BODY), Uncertain, NO_ANSWER, True),
    (Fault(FaultKind.CLOSE_ON_ACCEPT, call="manualTXT"), Uncertain, NO_ANSWER, False),
    (Fault(FaultKind.CLOSE_AFTER_HEADERS), Uncertain, NO_ANSWER, False),
    (Fault(FaultKind.CLOSE_AFTER_BODY), Uncertain, NO_ANSWER, True),
    (Fault(FaultKind.RESET_AFTER_BODY), Uncertain, NO_ANSWER, True),
    (Fault(FaultKind.GARBAGE_STATUS_LINE), Uncertain, NO_ANSWER, True),
    (Fault(FaultKind.BAD_GZIP), Uncertain, "the gateway's answer could not be unpacked", True),
    (Fault(FaultKind.CURLY_QUOTES), None, "Message has been sent", True),
    (Fault(FaultKind.UNKNOWN_FIELDS), None, "Message has been sent", True),
    (Fault(FaultKind.LONE_SURROGATE), None, "Message has been sent\ufffd", True),
    (Fault(FaultKind.INVALID_UTF8), None, "Message has been sent\ufffd\ufffd(", True),
    (Fault(FaultKind.SLOW_DRIP, seconds=0), None, "Message has been sent", True),
    (Fault(FaultKind.DELAY, seconds=0.05), None, "Message has been sent", True),
    (Fault(FaultKind.HUGE, size=300_000), None, "Message has been sent", True),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "kind", "words", "reached"), SENDS)
async def test_a_send_that_goes_wrong(
    sandbox: Sandbox,
    gateway: Gateway,
    fault: Fault,
    kind: type[GatewayError] | None,
    words: str,
    reached: bool,
) -> None:
    sandbox.faults.add(fault)
    if kind is None:
        assert await send(gateway, "news") == words
    else:
        error = await failure_of(lambda: send(gateway, "news"), kind)
        assert str(error) == words
        assert error.may_have_arrived is (kind is Uncertain)
    assert ("news" in sent(sandbox)) is reached
    assert sandbox.faults.served == (fault,), "tried more than once, or redirected"
    sandbox.faults.clear()
    await send(gateway, "more")
    assert sent(sandbox)[-1] == "more"


def test_what_is_known_by_the_error_is_true_in_every_case() -> None:
    # The one promise on which sending again rests.
    assert all(kind is not NotSent for _, kind, _, _ in SENDS)
    assert not any(reached for _, kind, _, reached in SENDS if kind is Refused)
    assert not NotSent.may_have_arrived
    assert not Refused.may_have_arrived
    assert Uncertain.may_have_arrived


async def test_a_reset_on_accept_is_nothing_or_not_known(sandbox: Sandbox, gateway: Gateway) -> None:
    # Whether it is met while connecting or while sending is a matter of microseconds.
    sandbox.faults.add(Fault(FaultKind.CLOSE_ON_ACCEPT))
    for _ in range(20):
        with pytest.raises((NotSent, Uncertain)):
            await send(gateway)
    assert len(sandbox.faults.served) == 20
    assert sent(sandbox) == []


async def test_a_suppression_that_goes_wrong(sandbox: Sandbox, gateway: Gateway) -> None:
    for kind, fault, acted in (
        (Refused, Fault(FaultKind.REFUSE, reason="Not yours", times=1), False),
        (Uncertain, Fault(FaultKind.CLOSE_AFTER_BODY, times=1), True),
    ):
        sandbox.faults.add(fault)
        await failure_of(lambda: gateway.add_suppression(phone=ANA), kind)
        assert sandbox.world.suppressed(ANA) is acted


FETCHES = [
    (Fault(FaultKind.REFUSE, reason="Invalid number"), Refused, "Invalid number"),
    (_status(400), Refused, "the gateway answered HTTP 400"),
    (_status(404), Refused, "the gateway answered HTTP 404"),
    (_status(408), Uncertain, "the gateway answered HTTP 408"),
    (_status(500), Uncertain, "the gateway answered HTTP 500"),
    (_status(204, body=""), Uncertain, UNREADABLE),
    (Fault(FaultKind.REDIRECT), Uncertain, "the gateway answered HTTP 307"),
    (Fault(FaultKind.HTML), Uncertain, UNREADABLE),
    (Fault(FaultKind.TRUNCATED_JSON), Uncertain, UNREADABLE),
    (Fault(FaultKind.NULL), Uncertain, UNREADABLE),
    (Fault(FaultKind.EMPTY_BODY), Uncertain, UNREADABLE),
    (Fault(FaultKind.CURLY_QUOTES), Uncertain, UNREADABLE),
    (Fault(FaultKind.TRUNCATED_BODY), Uncertain, NO_ANSWER),
    (Fault(FaultKind.CLOSE_AFTER_HEADERS), Uncertain, NO_ANSWER),
    (Fault(FaultKind.RESET_AFTER_BODY), Uncertain, NO_ANSWER),
    (Fault(FaultKind.GARBAGE_STATUS_LINE), Uncertain, NO_ANSWER),
    (Fault(FaultKind.BAD_GZIP), Uncertain, "the gateway's answer could not be unpacked"),
]


@pytest.mark.parametrize(("fault", "kind", "words"), FETCHES)
async def test_a_fetch_that_goes_wrong(
    sandbox: Sandbox, gateway: Gateway, fault: Fault, kind: type[GatewayError], words: str
) -> None:
    sandbox.world.receive(ANA, "one")
    sandbox.faults.add(fault)
    error = await failure_of(lambda: gateway.get_conversation(phone=ANA), kind)
    assert str(error) == words
    assert sandbox.faults.served == (fault,)


@pytest.mark.parametrize(
    ("fault", "texts", "skipped"),
    [
        (Fault(FaultKind.NUMBERS_AS_TEXT), ["one", "two"], 0),
        (Fault(FaultKind.MISSING_TS), ["one", "two"], 0),
        (Fault(FaultKind.UNKNOWN_FIELDS), ["one", "two"], 0),
        (Fault(FaultKind.ONE_BROKEN_MESSAGE), ["one", "two"], 1),
        (Fault(FaultKind.LONE_SURROGATE), ["one", "two\ufffd"], 0),
        (Fault(FaultKind.INVALID_UTF8), ["one", "two\ufffd\ufffd("], 0),
        (Fault(FaultKind.SHORTER), ["one"], 0),
        (Fault(FaultKind.EMPTY_CONVERSATION), [], 0),
        (Fault(FaultKind.HUGE, size=1_000_000), ["one", "two"], 0),
        (Fault(FaultKind.SLOW_DRIP, seconds=0), ["one", "two"], 0),
    ],
)
async def test_what_can_be_read_of_an_odd_conversation_is_read(
    sandbox: Sandbox, gateway: Gateway, fault: Fault, texts: list[str], skipped: int
) -> None:
    sandbox.world.receive(ANA, "one", START)
    sandbox.world.receive(ANA, "two", START + 1)
    sandbox.faults.add(fault)
    answer = await gateway.get_conversation(phone=ANA)
    assert answer is not None
    assert [message.text for message in answer.messages] == texts
    assert answer.skipped == skipped
    if fault.kind is not FaultKind.MISSING_TS:
        assert [message.ts for message in answer.messages] == [int(START) + n for n in range(len(texts))]
    else:
        assert [message.ts for message in answer.messages] == [None, None]


@pytest.mark.parametrize(
    ("header", "seconds"), [(30, 30.0), ("0", 0.0), (None, None), ("Wed, 24 Jan 2018 18:00:00 GMT", None), ("-5", None), ("soon", None)]
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after(
    sandbox: Sandbox, gateway: Gateway, header: int | str | None, seconds: float | None, status: int
) -> None:
    sandbox.faults.add(_status(status, retry_after=header))
    for call in (lambda: send(gateway), lambda: gateway.get_conversation(phone=ANA)):
        error = await failure_of(call, Refused if status == 429 else Uncertain)
        assert error.retry_after == seconds


async def test_connection_refused_is_not_sent(sandbox: Sandbox) -> None:
    async with gateway_to(sandbox) as gateway:
        sandbox.stop()
        for call in (lambda: send(gateway), lambda: gateway.get_conversation(phone=ANA), lambda: gateway.add_suppression(phone=ANA)):  # fmt: skip
            error = await failure_of(call, NotSent)
            assert str(error) == "no connection to the gateway"
        sandbox.start()
        await send(gateway)
    assert sent(sandbox) == ["Hello"]


async def test_a_name_that_nobody_knows_is_not_sent() -> None:
    async with Gateway(base_url="http://gateway.invalid/standard/api", key=ApiKey(KEY)) as gateway:
        error = await failure_of(lambda: send(gateway), NotSent)
        assert str(error) == "the gateway's name could not be found"


async def test_tls_to_a_plain_port_is_not_sent(sandbox: Sandbox) -> None:
    url = sandbox.base_url.replace("http:", "https:")
    async with Gateway(base_url=url, key=ApiKey(KEY), roots=trusted_roots()) as gateway:
        error = await failure_of(lambda: send(gateway), NotSent)
        assert str(error) == "no secure connection to the gateway could be made"
    assert sent(sandbox) == []


async def test_plain_http_to_a_tls_port_never_sends_in_clear_and_is_uncertain(tmp_path: Path) -> None:
    with sandbox_of(certificate=certificate(tmp_path)) as sandbox:
        url = sandbox.base_url.replace("https:", "http:")
        async with Gateway(base_url=url, key=ApiKey(KEY)) as gateway:
            await failure_of(lambda: send(gateway), Uncertain)


async def test_only_a_trusted_certificate_is_sent_to(tmp_path: Path) -> None:
    pair = certificate(tmp_path)
    with sandbox_of(certificate=pair) as sandbox:
        async with Gateway(base_url=sandbox.base_url, key=ApiKey(KEY), roots=trusted_roots()) as stranger:
            error = await failure_of(lambda: send(stranger), NotSent)
            assert str(error) == "the gateway's certificate is not trusted"
        assert sandbox.requests == []
        trusting = trusted_roots()
        trusting.load_verify_locations(cafile=pair[0])
        async with Gateway(base_url=sandbox.base_url, key=ApiKey(KEY), roots=trusting) as friend:
            await send(friend)
        wrong_name = sandbox.base_url.replace("127.0.0.1", "localhost")
        async with Gateway(base_url=wrong_name, key=ApiKey(KEY), roots=trusting) as gateway:
            error = await failure_of(lambda: send(gateway, "not for you"), NotSent)
            assert str(error) == "the gateway's certificate is not trusted"
        assert sent(sandbox) == ["Hello"]


def test_the_roots_are_verified_and_keep_no_log_of_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    roots = trusted_roots()
    assert not roots.keylog_filename
    assert roots.verify_mode is ssl.CERT_REQUIRED
    assert roots.check_hostname
    assert roots.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(roots.get_ca_certs()) > 50


async def test_proxies_of_the_environment_are_ignored(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, dead)
        monkeypatch.setenv(name.lower(), dead)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with gateway_to(sandbox) as gateway:
        await send(gateway)
        assert await gateway.get_conversation(phone=ANA)
    assert sent(sandbox) == ["Hello"]


async def test_netrc_is_ignored(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with gateway_to(sandbox) as gateway:
        await send(gateway)
    assert "authorization" not in {name.lower() for name, _ in sandbox.requests[0].headers}


async def test_a_huge_answer_is_refused_in_little_memory(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.HUGE, size=200 << 20))
    async with gateway_to(sandbox, answer_limit=2_000_000) as gateway:
        await failure_of(lambda: gateway.get_conversation(phone=ANA), Uncertain)
        tracemalloc.start()
        try:
            for call in (lambda: gateway.get_conversation(phone=ANA), lambda: send(gateway)):
                error = await failure_of(call, Uncertain)
                assert str(error) == "the gateway's answer is larger than 2 MB"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 << 20
    assert sent(sandbox) == ["Hello"]


@pytest.mark.parametrize("kind", [FaultKind.SLOW_DRIP, FaultKind.SILENCE, FaultKind.DELAY])
async def test_an_answer_that_takes_too_long_in_all_is_given_up(sandbox: Sandbox, kind: FaultKind) -> None:
    # Each byte of a drip comes within every timeout that is counted from the byte before.
    sandbox.faults.add(Fault(kind, seconds=0.1 if kind is FaultKind.SLOW_DRIP else 60))
    loop = asyncio.get_running_loop()
    async with gateway_to(sandbox, seconds=1.5) as gateway:
        for call in (lambda: send(gateway), lambda: gateway.get_conversation(phone=ANA)):
            begun = loop.time()
            error = await failure_of(call, Uncertain)
            assert 1.4 < loop.time() - begun < 8
            assert str(error) == "the gateway did not answer in time"
        sandbox.faults.clear()
        assert await gateway.get_conversation(phone=ANA), "the connection was not left half read"
    assert sent(sandbox) == ["Hello"]


async def test_silence_ends_at_the_read_timeout(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SEND_TIMEOUTS", httpx.Timeout(connect=5, write=5, read=0.1, pool=5))
    sandbox.faults.add(Fault(FaultKind.SILENCE))
    async with gateway_to(sandbox) as gateway:
        error = await failure_of(lambda: send(gateway), Uncertain)
    assert str(error) == "the gateway did not answer in time"
    assert sent(sandbox) == ["Hello"]


async def test_a_connection_that_is_never_taken_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    # A TLS handshake that the other side never answers: nothing of the request has left.
    import socket

    monkeypatch.setattr(client, "SEND_TIMEOUTS", httpx.Timeout(connect=0.1, write=5, read=5, pool=5))
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/standard/api"
        async with Gateway(base_url=url, key=ApiKey(KEY), roots=trusted_roots()) as gateway:
            error = await failure_of(lambda: send(gateway), NotSent)
    assert str(error) == "the gateway did not take the connection in time"


async def test_a_cancelled_fetch_leaves_the_client_usable(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.faults.add(Fault(FaultKind.SILENCE, times=1))
    fetch = asyncio.create_task(gateway.get_conversation(phone=ANA))
    await asyncio.to_thread(sandbox.wait_for_requests, 1)
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert await gateway.get_conversation(phone=ANA)


async def test_many_sends_at_once_do_not_mix(sandbox: Sandbox, gateway: Gateway) -> None:
    texts = [f"text {n}" for n in range(40)]
    await asyncio.gather(*(gateway.send_message(to=ANA, sender=HOME, text=text) for text in texts))
    assert sorted(sent(sandbox)) == sorted(texts)
