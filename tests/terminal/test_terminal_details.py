"""Details, notes, suppression and the choice of a local number, in a real terminal and in tmux."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import ANA, ENTER, ESCAPE, PROGRAM, Desk, Terminal, Tmux, ctrl

from gynetix_tui.model import ConsentEvent, PhoneNumber
from gynetix_tui.sandbox import Call, Fault, FaultKind, Person, Sandbox, heard

TAB, RIGHT, LEFT, END = b"\t", b"\x1b[C", b"\x1b[D", b"\x1b[F"
POLLING = "[polling]\nopen_seconds = 1\nrecent_seconds = 1\nrequests_per_minute = 6000\n"
PLEA = "please stop texting me"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    ana = Person(ANA.removeprefix("+"), "Ana Torres", history=(heard(PLEA, minutes=5),))
    with Sandbox(key=KEY, people=[ana]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        desk.add_contact()
        yield desk


def in_list(desk: Desk) -> Terminal:
    """Start the program, with the highlight on Ana, whose texts are there."""
    terminal = desk.start(columns=100, lines=30)
    terminal.wait_for(PLEA[:10])
    terminal.wait_for("live, checked")
    return terminal


def form(sandbox: Sandbox, call: Call) -> dict[str, list[str]]:
    """What the one request of this call said."""
    (request,) = sandbox.wait_for_requests(1, call=call)
    return request.form


def test_a_plea_is_noted_shown_and_ends_in_a_suppression(desk: Desk, sandbox: Sandbox) -> None:
    terminal = in_list(desk)
    terminal.press(b"i")
    terminal.wait_for("owner.first_name: Robin")
    terminal.wait_for(f'This may be an opt-out: "{PLEA}"')
    terminal.press(b"e")
    terminal.wait_for("Note, for you alone")
    terminal.press(TAB)
    terminal.send(b"d\rx\rq")  # a paste in a terminal that does not bracket it: each line end comes as Enter
    terminal.wait_for(" d *\n.* x *\n.* q *$")
    terminal.press(ENTER)
    terminal.wait_for("Note +d")
    terminal.press(b"x")
    terminal.wait_for("Suppress Ana Torres")
    terminal.wait_for(PLEA)
    terminal.press(LEFT)
    terminal.press(ENTER)
    terminal.wait_for("Ana Torres is suppressed. The gateway:")
    terminal.wait_for("Suppressed: the gateway sends this number no more texts.")
    assert form(sandbox, Call.SUPPRESS) == {"phone": [ANA.removeprefix("+")]}
    terminal.press(ESCAPE)
    terminal.wait_for("open  / filter")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    with desk.store() as store:
        contact = store.contacts.find(PhoneNumber(ANA))
        assert contact is not None
        assert contact.note == "d\nx\nq"
        assert contact.suppressed
        events = [entry.event for entry in store.consent.of(contact.number)]
        # The next answer may have come before the end; it says so, too.
        assert [event for event in events if event is not ConsentEvent.GATEWAY_SUPPRESSES] == [
            ConsentEvent.PLEA_HEARD,
            ConsentEvent.SUPPRESSION_ASKED,
            ConsentEvent.SUPPRESSION_GRANTED,
        ]


def test_no_code_in_the_gateways_details_reaches_the_terminal(desk: Desk, sandbox: Sandbox) -> None:
    wild = "\x1b]52;c;eA==\x07\x1b[2J\x9b31m[@click=app.quit]x[/]"
    body = json.dumps({"messages": [], "suppressed": "N", "did": "15556667777", "owner": {wild: wild}})
    terminal = in_list(desk)
    sandbox.faults.add(Fault(FaultKind.HTML, call=Call.CONVERSATION, body=body))
    terminal.press(b"i")
    terminal.wait_for("owner.␛]52;c;eA==␇␛")
    for code in (b"\x1b]52;c;eA==", b"\xc2\x9b"):
        assert code not in terminal.transcript, code


def test_a_local_number_of_several_is_chosen_for_a_new_conversation(desk: Desk, sandbox: Sandbox) -> None:
    desk.configure(f'{POLLING}[gateway]\nother_numbers = ["+15556668888"]\n')
    terminal = in_list(desk)
    terminal.press(ctrl("n"))
    terminal.wait_for("< .555. 666-7777 >  1 of 2")
    terminal.write("72345")
    terminal.press(TAB)
    terminal.press(TAB)
    terminal.press(RIGHT)
    terminal.wait_for("2 of 2")
    terminal.press(ENTER)
    terminal.wait_for("from .555. 666-8888")
    terminal.write("INFO")
    terminal.press(ENTER)
    assert form(sandbox, Call.SEND) == {"to": ["72345"], "from": ["+15556668888"], "message": ["INFO"]}


@pytest.mark.parametrize(("columns", "lines"), [(120, 40), (80, 24), (50, 20), (40, 15)])
def test_details_are_read_to_their_end_in_tmux(desk: Desk, columns: int, lines: int) -> None:
    with Tmux(desk, PROGRAM, columns=columns, lines=lines) as tmux:
        tmux.wait_for("please stop")  # it came from the gateway: there is a connection
        tmux.press("i")
        tmux.wait_for("Number  ")
        tmux.press("End")
        tmux.wait_for("owner.first_name|Front desk")  # the answer makes it longer
        tmux.press("End")
        tmux.wait_for("owner.office: Front desk")
        assert "Esc" in tmux.text
        tmux.press("e")
        tmux.wait_for("Note, for you alone")
        tmux.press("Escape")
        tmux.press("Escape")
        tmux.wait_for("F1 help|e edit")
