"""What a text costs, seen in a real terminal, from the first key to the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from canary import KEY
from terminal_kit import ANA, ENTER, Desk, ctrl

from gynetix_tui.sandbox import Call, Person, Sandbox

F2 = b"\x1bOQ"
TEXT = "Ana’s bike is ready, you can pick it up today until six or tomorrow morning"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[Person(ANA.removeprefix("+"), "Ana Torres")], reply_delay=0.1) as sandbox:
        yield sandbox


def sent(sandbox: Sandbox) -> list[str]:
    return [request.field("message") or "" for request in sandbox.requests if request.call == Call.SEND]


def test_a_curly_quote_is_named_replaced_and_goes_out_straight(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    terminal = desk.open_conversation(columns=100)
    terminal.write(TEXT[:3])
    terminal.wait_for(r"GSM-7 · 3/160 · 1 segment ?$")
    # What follows wraps, so that it is not found on the screen as one.
    terminal.send(TEXT[3:].encode())
    terminal.wait_for(r" curly quote makes this 2 segments, F2 simplifies +UCS-2 · 75/134 · 2 ?$")
    terminal.press(F2)
    terminal.wait_for(r"Now: 2 segments \(UCS-2\)")
    terminal.wait_for(r"Then: 1 segment \(GSM-7\)")
    terminal.press(ENTER)
    terminal.wait_for(r"GSM-7 · 75/160 · 1 segment ?$")
    terminal.press(ENTER)
    terminal.wait_for("✓ +You +Ana's bike is ready")
    assert sent(sandbox) == [TEXT.replace("’", "'")]
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()


def test_a_stop_locks_what_is_being_written_until_a_start(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    terminal = desk.open_conversation(columns=100)
    terminal.write("See you at n")
    sandbox.world.receive(ANA, "STOP")
    terminal.wait_for(r'They texted "STOP" .*from \(555\) 666-7777')
    terminal.send(b"d")
    terminal.press(ENTER)
    terminal.wait_for('Not sent: they texted "STOP"')
    sandbox.world.receive(ANA, "START")
    terminal.wait_for("asks to be texted again")
    terminal.write("ine")
    terminal.press(ENTER)
    terminal.wait_for("✓ +You +See you at nine")
    assert sent(sandbox) == ["See you at nine"]
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
