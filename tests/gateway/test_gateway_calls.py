"""What goes over the wire, field by field, against what the gateway's document says."""

from __future__ import annotations

import email.utils
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qsl

import pytest
from gateway_kit import ANA, HOME, KEY, SEGMENT, START, failure_of, gateway_to, sandbox_of, send, sent

from gynetix_tui.errors import Refused, Uncertain
from gynetix_tui.fetched import FetchedMessage
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import Direction, PhoneNumber
from gynetix_tui.sandbox import Fault, FaultKind, RecordedRequest, Sandbox
from gynetix_tui.sandbox.listener import Listener


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with sandbox_of() as running:
        yield running


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[Gateway]:
    async with gateway_to(sandbox) as made:
        yield made


def assert_wire(request: RecordedRequest, path: str, fields: list[tuple[str, str]]) -> None:
    assert request.method == "POST"
    assert request.path == f"/standard/api/{path}/key/{SEGMENT}/response/json"
    assert request.query == ""
    assert parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True) == fields
    headers = {name.lower(): value for name, value in request.headers}
    assert len(headers) == len(request.headers)
    assert headers.pop("content-type") == "application/x-www-form-urlencoded"
    assert headers.pop("content-length") == str(len(request.body))
    assert headers.pop("host").startswith("127.0.0.1:")
    assert headers.pop("user-agent") == "gynetix-tui"
    assert headers.pop("accept") == "application/json"
    assert set(headers) <= {"accept-encoding", "connection"}


async def test_send_message(sandbox: Sandbox, gateway: Gateway) -> None:
    text = "Grüße & 100% = “plus + blank”\r\n👍🏽 \n"
    words = await send(gateway, text)
    assert words == "Message has been sent"
    (request,) = sandbox.requests
    assert_wire(
        request, "v1/manualTXT", [("to", "+15557778888"), ("from", "+15556667777"), ("message", text)]
    )
    assert sent(sandbox) == [text]


async def test_a_short_code_has_no_plus(sandbox: Sandbox, gateway: Gateway) -> None:
    code = PhoneNumber("72345")
    await failure_of(lambda: gateway.send_message(to=code, sender=HOME, text="x"), Refused)
    await gateway.get_conversation(phone=code)
    await gateway.add_suppression(phone=code)
    assert [request.phone for request in sandbox.requests] == ["72345"] * 3


async def test_add_suppression(sandbox: Sandbox, gateway: Gateway) -> None:
    assert await gateway.add_suppression(phone=ANA) == "Number has been added to suppression"
    (request,) = sandbox.requests
    assert_wire(request, "post/addSuppression", [("phone", "15557778888")])
    assert sandbox.world.suppressed(ANA)
    error = await failure_of(lambda: send(gateway), Refused)
    assert str(error) == "Number is suppressed"


async def test_get_conversation(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.world.sent_elsewhere(ANA, "Hello", START)
    sandbox.world.receive(ANA, "Who is this", START + 6149)
    answer = await gateway.get_conversation(phone=ANA)
    (request,) = sandbox.requests
    assert_wire(request, "messenger/getConversation", [("phone", "15557778888")])
    assert answer is not None
    assert answer.messages == (
        FetchedMessage(Direction.OUT, int(START), "1/24/2018 10:51 AM", "Hello"),
        FetchedMessage(Direction.IN, int(START) + 6149, "1/24/2018 12:33 PM", "Who is this"),
    )
    assert (answer.suppressed, answer.local_number, answer.details, answer.skipped) == (False, HOME, (), 0)
    assert answer.served_at == START


async def test_details_come_only_when_asked_for(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.world.receive(ANA, "hi")
    answer = await gateway.get_conversation(phone=ANA, detailed=True)
    (request,) = sandbox.requests
    assert_wire(request, "messenger/getConversation", [("phone", "15557778888"), ("detailed", "Y")])
    assert answer is not None
    assert answer.details == (
        ("owner.first_name", "Robin"),
        ("owner.last_name", "Vale"),
        ("owner.email", "robin.vale@example.com"),
        ("owner.office", "Front desk"),
    )


async def test_an_unknown_number_and_a_wrong_key_give_nothing(sandbox: Sandbox, gateway: Gateway) -> None:
    unknown = await gateway.get_conversation(phone=ANA)
    assert unknown is not None
    assert (unknown.messages, unknown.local_number) == ((), None)
    sandbox.world.receive(ANA, "hi")
    sandbox.key = "another"
    sandbox._site.calls._key = "another"
    wrong = await gateway.get_conversation(phone=ANA)
    assert wrong is not None
    assert (wrong.messages, wrong.local_number, wrong.digest) == ((), None, unknown.digest)
    assert str(await failure_of(lambda: send(gateway), Refused)) == "Invalid API key"


async def test_an_answer_that_is_known_is_not_decoded_again(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.world.receive(ANA, "one")
    first = await gateway.get_conversation(phone=ANA)
    assert first is not None
    assert await gateway.get_conversation(phone=ANA, known=first.digest) is None
    sandbox.world.receive(ANA, "two")
    second = await gateway.get_conversation(phone=ANA, known=first.digest)
    assert second is not None
    assert [message.text for message in second.messages] == ["one", "two"]
    assert second.digest != first.digest


async def test_a_long_conversation_comes_whole(sandbox: Sandbox, gateway: Gateway) -> None:
    for n in range(3000):
        sandbox.world.receive(ANA, f"text {n}", START + n)
    answer = await gateway.get_conversation(phone=ANA)
    assert answer is not None
    assert [message.text for message in answer.messages] == [f"text {n}" for n in range(3000)]


@pytest.mark.parametrize("status", [404, 405])
async def test_the_other_spelling_is_tried_once_and_remembered(
    sandbox: Sandbox, gateway: Gateway, status: int
) -> None:
    sandbox.faults.add(
        Fault(FaultKind.STATUS, status=status, path_contains="/v1/manualTXT/"),
        Fault(FaultKind.STATUS, status=status, path_contains="/post/addSuppression/"),
    )
    await send(gateway, "one")
    await send(gateway, "two")
    await gateway.add_suppression(phone=ANA)
    await gateway.add_suppression(phone=ANA)
    calls = [request.path.split("/")[3:5] for request in sandbox.requests]
    assert calls == [
        ["v1", "manualTXT"], ["post", "manualTXT"], ["post", "manualTXT"],
        ["post", "addSuppression"], ["v1", "addSuppression"], ["v1", "addSuppression"],
    ]  # fmt: skip
    assert sent(sandbox) == ["one", "two"]
    bodies = [request.body for request in sandbox.requests]
    assert bodies[0] == bodies[1]


async def test_where_neither_spelling_is_taken_the_next_send_begins_as_documented(
    sandbox: Sandbox, gateway: Gateway
) -> None:
    sandbox.faults.add(Fault(FaultKind.STATUS, status=404, call="manualTXT", times=2))
    error = await failure_of(lambda: send(gateway), Refused)
    assert str(error) == "the gateway answered HTTP 404"
    await send(gateway)
    assert [request.path.split("/")[3] for request in sandbox.requests] == ["v1", "post", "v1"]


@pytest.mark.parametrize("status", [400, 401, 403, 408, 410, 500])
async def test_no_other_status_lets_the_other_spelling_be_tried(
    sandbox: Sandbox, gateway: Gateway, status: int
) -> None:
    sandbox.faults.add(Fault(FaultKind.STATUS, status=status))
    with pytest.raises((Refused, Uncertain)):
        await send(gateway)
    assert len(sandbox.requests) == 1


async def test_a_fetch_has_one_spelling(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.faults.add(Fault(FaultKind.STATUS, status=404))
    await failure_of(lambda: gateway.get_conversation(phone=ANA), Refused)
    assert len(sandbox.requests) == 1


async def test_each_send_has_a_connection_of_its_own_and_fetches_share(
    sandbox: Sandbox, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a connection that is kept, a send may meet the server's closing of it, and nobody knows what came of it.
    connections = 0
    serve = Listener._serve

    def counted(listener: Listener, connection: socket.socket, address: object) -> None:
        nonlocal connections
        connections += 1
        serve(listener, connection, address)

    monkeypatch.setattr(Listener, "_serve", counted)
    for _ in range(3):
        await gateway.get_conversation(phone=ANA)
    assert connections == 1
    for _ in range(3):
        await send(gateway)
    assert connections == 4


@pytest.mark.parametrize(
    "date",
    ["Wed, 24 Jan 2018 17:51:30 GMT", "Wed, 24 Jan 2018 17:51:30 -0000", "Wed, 24 Jan 2018 17:51:30"],
)
async def test_the_gateways_clock_is_utc(
    sandbox: Sandbox, gateway: Gateway, date: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "TZ", "America/Denver")
    time.tzset()
    try:
        monkeypatch.setattr("gynetix_tui.sandbox.exchange.Exchange.date_time_string", lambda *_: date)
        answer = await gateway.get_conversation(phone=ANA)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert answer is not None
    assert answer.served_at == START


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Mon, 01 Jan 99999999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +9999999999999999999",
    ],
)
async def test_a_senseless_date_costs_nothing(
    sandbox: Sandbox, gateway: Gateway, date: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gynetix_tui.sandbox.exchange.Exchange.date_time_string", lambda *_: date)
    assert await send(gateway) == "Message has been sent"
    answer = await gateway.get_conversation(phone=ANA)
    assert answer is not None
    assert answer.served_at is None


def test_the_sandboxs_start_is_the_documents_first_message() -> None:
    assert email.utils.formatdate(START, usegmt=True) == "Wed, 24 Jan 2018 17:51:30 GMT"
    assert KEY != SEGMENT


def test_what_httpx_brings_for_a_command_line_stays_away() -> None:
    """Here click is installed, as a tool of the tests needs it."""
    assert importlib.util.find_spec("click")
    program = "import sys, gynetix_tui.gateway; print('click' in sys.modules, 'pygments' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
