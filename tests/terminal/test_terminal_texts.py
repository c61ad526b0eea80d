"""Texts on their way from the keyboard to the gateway and back, and what pastes and foreign texts may not do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from canary import KEY
from terminal_kit import ANA, ENTER, LOCAL_NUMBER, Desk, Terminal, ctrl

from gynetix_tui.sandbox import Fault, FaultKind, Person, RecordedRequest, Sandbox

SEND = "manualTXT"
STRANGER = "15551112222"
# Writes the clipboard; colours; colours by a C1 code; rings; clears the screen; turns the line around.
HOSTILE = (
    "begin \x1b]52;c;aGFjaw==\x07 \x1b[31;5mred \x9b32;5mgreen \x07 \x1b[2J \x85 \u202eenil \x7f \x00 end"
)
HARMFUL = [b"\x1b]52", b"\x1b[31;5m", b"\x1b[2J", b"\x9b32", b"\xe2\x80\xae", b"\x7f", b"\x00"]
POINTER_SHAPE = re.compile(rb"\x1b\]22;[a-z]+\x07")
C1 = re.compile(rb"\xc2[\x80-\x9f]")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    ana = Person(ANA.removeprefix("+"), "Ana Torres", then=("Noted.",))
    with Sandbox(key=KEY, people=[ana], reply_delay=0.1) as sandbox:
        yield sandbox


def sent(sandbox: Sandbox) -> list[RecordedRequest]:
    return [request for request in sandbox.requests if request.call == SEND]


def assert_harmless(terminal: Terminal) -> None:
    """Nothing that foreign text or a paste holds has reached the terminal as a code."""
    said = POINTER_SHAPE.sub(b"", bytes(terminal.transcript))
    assert [code for code in HARMFUL if code in said] == []
    assert C1.search(said) is None
    assert b"\x07" not in said


def test_a_first_conversation_with_a_number(desk: Desk, sandbox: Sandbox) -> None:
    terminal = desk.start()
    terminal.wait_for("No contacts yet")
    terminal.press(ctrl("n"))
    terminal.wait_for("New conversation")
    terminal.write("(555) 111-2222")
    terminal.press(ENTER)
    terminal.wait_for("Enter takes it all the same")
    terminal.press(ENTER)
    terminal.wait_for(r"from \(555\) 666-7777$")
    terminal.wait_for("Write a text$")

    terminal.write("Is this the bike shop? äé € 🚲")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d ✓✓ You +Is this the bike shop\? äé € 🚲$")
    sandbox.world.receive(STRANGER, "It is. Bring the bike.")
    terminal.wait_for(r"\d\d:\d\d    Them +It is\. Bring the bike\.$")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()

    (request,) = sent(sandbox)
    assert request.complete
    assert request.phone == STRANGER
    assert request.field("from") == LOCAL_NUMBER
    assert request.field("message") == "Is this the bike shop? äé € 🚲"


def test_a_text_is_answered(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    terminal = desk.open_conversation()
    terminal.write("See you at 9")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d ✓✓ You  See you at 9$")
    terminal.wait_for(r"\d\d:\d\d    Ana  Noted\.$")
    assert len(sent(sandbox)) == 1


def test_a_text_that_waits_for_its_answer_is_marked_so(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    sandbox.faults.add(Fault(FaultKind.DELAY, call=SEND, seconds=0.5))
    terminal = desk.open_conversation()
    terminal.write("slowly")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d …  You  slowly$")
    terminal.wait_for(r"\d\d:\d\d ✓✓ You  slowly$")
    assert len(sent(sandbox)) == 1


def test_a_text_that_may_have_been_sent_is_never_sent_again_by_itself(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    sandbox.faults.add(Fault(FaultKind.CLOSE_AFTER_BODY, call=SEND, acts=False))
    terminal = desk.open_conversation()
    terminal.write("perhaps")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d \?  You  perhaps$")
    terminal.wait_for("may have been sent")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0

    again = desk.open_conversation()
    again.wait_for(r"\d\d:\d\d \?  You  perhaps$")
    asked = len(sandbox.requests)
    sandbox.wait_for_requests(asked + 2)
    assert len(sent(sandbox)) == 1


def test_a_draft_outlives_the_program(desk: Desk, sandbox: Sandbox) -> None:
    contact = desk.add_contact()
    terminal = desk.open_conversation()
    terminal.write("half a thou")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    assert desk.draft(contact) == "half a thou"

    again = desk.open_conversation()
    again.wait_for("^.* half a thou$")
    again.write("ght")
    again.press(ENTER)
    again.wait_for(r"\d\d:\d\d ✓✓ You  half a thought$")
    again.press(ctrl("q"))
    assert again.finish() == 0
    assert desk.draft(contact) == ""
    assert [request.field("message") for request in sent(sandbox)] == ["half a thought"]


def test_an_enter_within_a_plain_paste_does_not_send(desk: Desk, sandbox: Sandbox) -> None:
    """As from a terminal, or a tmux, that does not bracket what is pasted."""
    desk.add_contact()
    terminal = desk.open_conversation()
    terminal.send(b"first line\rsecond line\r")
    terminal.wait_for("^.* first line\n.* second line\n")
    assert sent(sandbox) == []
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d ✓✓ You  first line\n.* second line$")
    assert [request.field("message") for request in sent(sandbox)] == ["first line\nsecond line"]


def test_a_bracketed_paste_is_cleaned_and_does_not_send(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    terminal = desk.open_conversation(columns=120)
    terminal.send(b"\x1b[200~" + HOSTILE.encode() + b"\rsecond line\r\x1b[201~")
    terminal.wait_for("^.* begin ␛.*\n.* enil ␡ +end$\n.* second line\n")
    assert_harmless(terminal)
    assert sent(sandbox) == []
    terminal.press(ENTER)
    terminal.wait_for(r"✓✓ You  begin ")
    assert_harmless(terminal)
    (request,) = sent(sandbox)
    assert request.field("message").startswith("begin ")
    assert "\x1b" not in request.field("message")


def test_no_code_in_foreign_text_reaches_the_terminal(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact(name="Ana " + HOSTILE)
    sandbox.world.receive(ANA, HOSTILE)
    sandbox.faults.add(Fault(FaultKind.REFUSE, call=SEND, reason=HOSTILE))
    terminal = desk.start(columns=160, lines=24)
    terminal.wait_for("^.* Ana begin ␛.*\n.* begin ␛")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d    Ana  begin ␛.*\n +enil ␡ ␀ end$")
    terminal.write("hello")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d !  You  hello\n.*not sent: begin ␛")
    terminal.press(ctrl("g"))
    terminal.wait_for(r"Ana begin.*")
    terminal.press(b"\x1b")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    assert_harmless(terminal)
    terminal.assert_restored()
