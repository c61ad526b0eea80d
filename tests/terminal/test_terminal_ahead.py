"""Typing ahead in a real terminal: what was typed is applied in the order typed, however long the program was held up.

Much is written in one go here, or while the process is stopped, as after a stalled link: then the program reads all
of it at once.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import DEADLINE, ENTER, Desk, Terminal, ctrl

from gynetix_tui.model import ContactId, SendState
from gynetix_tui.sandbox import Person, Sandbox

ALT_UP, ALT_DOWN, TAB, BACKSPACE, LEFT, F9 = (
    b"\x1b[1;3A",
    b"\x1b[1;3B",
    b"\t",
    b"\x7f",
    b"\x1b[D",
    b"\x1b[20~",
)
SEND = ctrl("s")
"""Enter right behind a text, as here, is part of a paste, and begins a line; another key sends always."""
NUMBERS = {"Ana": "+15557778888", "Ben": "+15557778889", "Cem": "+15557778890"}
STALL_SECONDS = 0.3


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    people = [Person(number.removeprefix("+"), name) for name, number in NUMBERS.items()]
    with Sandbox(key=KEY, people=people) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        desk.configure(
            "[polling]\nopen_seconds = 1\nrecent_seconds = 1\nrequests_per_minute = 6000\n"
            '[keys]\nsend = "enter, ctrl+s"\n'
        )
        yield desk


@pytest.fixture
def contacts(desk: Desk) -> dict[str, ContactId]:
    """Each has had a text, at another time, so that their order in the list is that of their names."""
    return {name: desk.add_contact(number, name) for name, number in NUMBERS.items()}


@pytest.fixture
def terminal(desk: Desk, contacts: dict[str, ContactId]) -> Terminal:
    terminal = desk.start()
    for name in contacts:
        terminal.wait_for(f" {name}( |$)")
    terminal.wait_for("live")
    return terminal


@contextmanager
def held(terminal: Terminal) -> Iterator[None]:
    """The process is stopped; what is written meanwhile is read at once when it goes on."""
    terminal.signal(signal.SIGSTOP)
    until(lambda: state_of(terminal.pid) == "T")
    try:
        yield
        time.sleep(STALL_SECONDS)  # the stall itself
    finally:
        terminal.signal(signal.SIGCONT)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def go_to(name: str) -> bytes:
    return ctrl("g") + name.encode() + ENTER


def paste(text: str) -> bytes:
    return b"\x1b[200~" + text.encode() + b"\x1b[201~"


def sent(sandbox: Sandbox) -> dict[str, list[str]]:
    """What the gateway was sent, by name."""
    names = {number.removeprefix("+"): name for name, number in NUMBERS.items()}
    found: dict[str, list[str]] = {}
    for request in sandbox.requests:
        if request.call == "manualTXT":
            found.setdefault(names[request.phone], []).append(request.field("message"))
    return found


def drafts(desk: Desk, contacts: dict[str, ContactId]) -> dict[str, str]:
    return {name: text for name, contact in contacts.items() if (text := desk.draft(contact))}


def quit_and_wait(terminal: Terminal) -> None:
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0


# What a stall did


def test_enter_and_the_next_conversation_typed_in_a_stall(
    terminal: Terminal, desk: Desk, sandbox: Sandbox, contacts: dict[str, ContactId]
) -> None:
    first, second = order(terminal)[:2]
    terminal.send(go_to(second) + b"half a thought" + go_to(first) + b"hello")
    until(lambda: drafts(desk, contacts) == {first: "hello", second: "half a thought"})
    with held(terminal):
        terminal.send(ENTER + ALT_DOWN)
    terminal.wait_for("half a thought$")
    until(lambda: sent(sandbox) == {first: ["hello"]})
    quit_and_wait(terminal)
    assert sent(sandbox) == {first: ["hello"]}
    assert drafts(desk, contacts) == {second: "half a thought"}


def test_a_text_and_the_next_conversation_in_one_read(
    terminal: Terminal, desk: Desk, contacts: dict[str, ContactId]
) -> None:
    first, second = order(terminal)[:2]
    terminal.send(go_to(first) + b"typed for the first" + ALT_DOWN + b"for the second" + ctrl("q"))
    assert terminal.finish() == 0
    assert drafts(desk, contacts) == {first: "typed for the first", second: "for the second"}


def test_enter_and_quit_in_one_read_sends(
    terminal: Terminal, desk: Desk, sandbox: Sandbox, contacts: dict[str, ContactId]
) -> None:
    terminal.send(go_to("Ana") + b"goodbye")
    until(lambda: desk.draft(contacts["Ana"]) == "goodbye")
    terminal.send(ENTER + ctrl("q"))
    assert terminal.finish() == 0
    with desk.store() as store:
        [item] = store.conversations.newest(contacts["Ana"], 10)
    # It went out before the end, or is the first to go after the next start.
    assert (item.text, item.state is SendState.QUEUED) == ("goodbye", not sent(sandbox))
    assert drafts(desk, contacts) == {}


def test_what_is_typed_behind_the_key_that_quits_does_nothing(
    terminal: Terminal, desk: Desk, sandbox: Sandbox, contacts: dict[str, ContactId]
) -> None:
    terminal.send(go_to("Ana") + b"stays" + ctrl("q") + SEND + ALT_DOWN + b"more" + SEND)
    assert terminal.finish() == 0
    assert drafts(desk, contacts) == {"Ana": "stays"}
    assert sent(sandbox) == {}


def test_the_filter_and_a_name_in_one_read(
    terminal: Terminal, desk: Desk, contacts: dict[str, ContactId]
) -> None:
    terminal.send(b"/ana" + ENTER + b"hello" + ctrl("q"))
    assert terminal.finish() == 0
    assert drafts(desk, contacts) == {"Ana": "hello"}
    with desk.store() as store:
        assert not any(contact.archived for contact in store.contacts.all())


def test_a_new_conversation_its_number_and_a_text_in_one_read(terminal: Terminal, desk: Desk) -> None:
    number = b"(555) 111-2222"
    terminal.send(go_to("Ana") + b"x" + ctrl("n") + number + ENTER + ENTER + b"hello there" + ctrl("q"))
    assert terminal.finish() == 0
    with desk.store() as store:
        written = {contact.number: store.drafts.get(contact.id) for contact in store.contacts.all()}
    assert {number: text for number, text in written.items() if text} == {
        NUMBERS["Ana"]: "x",
        "+15551112222": "hello there",
    }


def test_keys_that_mend_a_text_come_where_they_were_typed(
    terminal: Terminal, desk: Desk, contacts: dict[str, ContactId]
) -> None:
    keys = b"helo" + BACKSPACE + b"lo" + LEFT * 5 + b"oh, " + TAB + b"n" + b"Cem" + ENTER + BACKSPACE + b"C"
    terminal.send(go_to("Ana") + keys + ctrl("q"))
    assert terminal.finish() == 0
    assert drafts(desk, contacts) == {"Ana": "oh, hello", "Cem": "C"}


def test_the_mouse_among_keys(terminal: Terminal, desk: Desk, contacts: dict[str, ContactId]) -> None:
    first, _, third = order(terminal)
    row = next(y for y, row in enumerate(terminal.rows, 1) if f" {third} " in row)
    click = f"\x1b[<0;12;{row}M\x1b[<0;12;{row}m".encode()
    terminal.send(go_to(first) + b"one" + click + b"two" + ctrl("q"))
    assert terminal.finish() == 0
    assert drafts(desk, contacts) == {first: "one", third: "two"}


def test_a_key_typed_right_behind_f9_is_not_a_text(
    terminal: Terminal, desk: Desk, contacts: dict[str, ContactId]
) -> None:
    terminal.send(go_to("Ana") + b"x" + F9 + b"secret")
    terminal.wait_for("••••••")
    quit_and_wait(terminal)
    assert drafts(desk, contacts) == {"Ana": "x"}
    assert b"secret" not in terminal.transcript


# Anything, in any pieces


class Model:
    """What was written to whom, and what was sent, by the plainest reading of the keys."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.at = names[0]
        self.written = dict.fromkeys(names, "")
        self.sent: dict[str, list[str]] = {}

    def go_to(self, name: str) -> bytes:
        self.at = name
        return go_to(name)

    def filter(self, name: str) -> bytes:
        self.at = name
        return TAB + b"/" + ctrl("u") + name.lower().encode() + ENTER

    def move(self, step: int) -> bytes:
        """To a neighbour, and past neither end; only while nothing was sent, which would change the list's order."""
        place = self.names.index(self.at) + step
        self.at = self.names[place] if 0 <= place < len(self.names) else self.at
        return ALT_DOWN if step > 0 else ALT_UP

    def write(self, text: str, *, pasted: bool = False) -> bytes:
        self.written[self.at] += text
        return paste(text) if pasted else text.encode()

    def erase(self) -> bytes:
        self.written[self.at] = self.written[self.at][:-1]
        return BACKSPACE

    def send(self) -> bytes:
        if text := self.written[self.at].strip():
            self.sent.setdefault(self.at, []).append(text)
            self.written[self.at] = ""
        return SEND


def steps(model: Model, rng: random.Random, count: int, *, sending: bool) -> Iterator[bytes]:
    """Keys as they come to somebody's mind; the model follows."""
    yield model.go_to(model.names[0])
    for number in range(count):
        kind = rng.randrange(8)
        if kind <= 2:
            yield model.write(f"{model.at.lower()}{number} ", pasted=kind == 2)
        elif kind == 3:
            yield model.erase()
        elif kind <= 5 and sending:
            yield model.send()
        elif kind == 6 and sending:
            # Wherever that leads, the way goes on from there by name.
            yield rng.choice((ALT_UP, ALT_DOWN)) + model.go_to(rng.choice(model.names))
        elif not sending:
            yield model.move(rng.choice((-1, 1)))
        else:
            yield rng.choice((model.go_to, model.filter))(rng.choice(model.names))


def order(terminal: Terminal) -> list[str]:
    """The names as the list has them, from the top."""
    found = {name: y for y, row in enumerate(terminal.rows) for name in NUMBERS if f" {name} " in row[:30]}
    return sorted(found, key=lambda name: found[name])


@pytest.mark.parametrize("sending", [False, True], ids=["moving", "sending"])
@pytest.mark.parametrize("way", ["at once", "in pieces", "in stalls"])
@pytest.mark.parametrize("seed", range(2))
def test_any_keys_in_any_pieces_do_what_they_do_one_by_one(
    terminal: Terminal,
    desk: Desk,
    sandbox: Sandbox,
    contacts: dict[str, ContactId],
    way: str,
    seed: int,
    sending: bool,
) -> None:
    rng = random.Random(f"{seed} {way} {sending}")
    model = Model(order(terminal))
    strokes = list(steps(model, rng, 40, sending=sending))
    if way == "at once":
        terminal.send(b"".join(strokes))
    while way != "at once" and strokes:
        size = rng.randrange(1, 12)
        piece, strokes = b"".join(strokes[:size]), strokes[size:]
        if way == "in stalls" and rng.random() < 0.7:
            with held(terminal):
                terminal.send(piece)
        else:
            terminal.send(piece)
    until(lambda: sum(map(len, sent(sandbox).values())) >= sum(map(len, model.sent.values())))
    quit_and_wait(terminal)
    assert sent(sandbox) == model.sent
    assert drafts(desk, contacts) == {name: text for name, text in model.written.items() if text}
