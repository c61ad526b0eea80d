"""Every way in which a session ends, or nearly does: the terminal is restored and what was written is kept."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from signal import SIGCONT, SIGHUP, SIGTERM, Signals

import pytest
from terminal_kit import ANA, ENTER, PROGRAM, Desk, Terminal, ctrl

from gynetix_tui.model import ContactId
from gynetix_tui.sandbox import Sandbox

DRAFT = "still here"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(people=[]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        yield desk


@pytest.fixture
def contact(desk: Desk) -> ContactId:
    return desk.add_contact()


@contextmanager
def traffic(terminal: Terminal, sandbox: Sandbox) -> Iterator[None]:
    """New texts twenty times a second, each fetched and drawn, until the block ends."""
    enough = threading.Event()

    def chat() -> None:
        for number in itertools.count():
            if enough.wait(0.05):
                return
            sandbox.world.receive(ANA, f"chatter {number}")
            try:
                terminal.send(ctrl("r"))
            except OSError:  # the terminal is closed
                return

    thread = threading.Thread(target=chat)
    thread.start()
    try:
        terminal.wait_for("chatter 9$")
        yield
    finally:
        enough.set()
        thread.join()


def written(desk: Desk, sandbox: Sandbox, *, busy: bool) -> Iterator[Terminal]:
    """A session with a draft that was typed a moment ago."""
    terminal = desk.open_conversation()
    with traffic(terminal, sandbox) if busy else nullcontext():
        terminal.write(DRAFT)
        yield terminal


@pytest.fixture
def quiet(desk: Desk, sandbox: Sandbox, contact: ContactId) -> Iterator[Terminal]:
    yield from written(desk, sandbox, busy=False)


@pytest.fixture(params=[False, True], ids=["quiet", "busy"])
def terminal(
    request: pytest.FixtureRequest, desk: Desk, sandbox: Sandbox, contact: ContactId
) -> Iterator[Terminal]:
    yield from written(desk, sandbox, busy=request.param)


@pytest.mark.parametrize(
    ("signals", "code"),
    [((SIGTERM,), 143), ((SIGHUP,), 129), ((SIGTERM, SIGCONT), 143), ((SIGTERM, SIGTERM), 143)],
    ids=lambda value: "-".join(each.name for each in value) if isinstance(value, tuple) else "",
)
def test_a_signal(
    desk: Desk, contact: ContactId, terminal: Terminal, signals: tuple[Signals, ...], code: int
) -> None:
    terminal.signal(*signals)
    assert terminal.finish(3) == code
    terminal.assert_restored()
    assert desk.draft(contact) == DRAFT


def test_the_terminal_is_closed(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    terminal.close()
    assert terminal.finish(3) == 129
    assert desk.draft(contact) == DRAFT


def test_quitting(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    terminal.press(ctrl("q"))
    assert terminal.finish(3) == 0
    terminal.assert_restored()
    assert desk.draft(contact) == DRAFT


def test_a_terminal_of_another_session_is_closed(desk: Desk, contact: ContactId) -> None:
    """Nobody sends SIGHUP then."""
    terminal = desk.start(controlling=False)
    terminal.wait_for("live, checked")
    terminal.press(ENTER)
    terminal.wait_for("^ Enter send")
    terminal.write(DRAFT)
    terminal.close()
    assert terminal.finish(3) == 129
    assert desk.draft(contact) == DRAFT


def test_the_terminal_is_closed_under_nohup(desk: Desk, contact: ContactId) -> None:
    terminal = desk.start(command=["sh", "-c", 'trap "" HUP; exec "$0"', PROGRAM])
    terminal.wait_for("live, checked")
    terminal.press(ENTER)
    terminal.wait_for("^ Enter send")
    terminal.write(DRAFT)
    terminal.close()
    assert terminal.finish(3) == 129
    assert desk.draft(contact) == DRAFT


def test_a_terminal_that_stalls_and_hangs_up(desk: Desk, sandbox: Sandbox, contact: ContactId) -> None:
    """The program cannot write, so that it can neither go on nor say goodbye; it ends all the same."""
    desk.configure("[polling]\nopen_seconds = 600\nrequests_per_minute = 6000\n")
    terminal = desk.open_conversation(columns=120, lines=40)
    terminal.write(DRAFT)
    terminal.stop_reading()

    def goes_on() -> bool:
        asked = len(sandbox.requests)
        terminal.send(b"x" + ctrl("l") + ctrl("r"))
        try:
            sandbox.wait_for_requests(asked + 1, timeout=1)
        except TimeoutError:
            return False
        return True

    steps = 0
    while goes_on():  # until its output has nowhere to go, and it fetches no more
        steps += 1
        assert steps < 1000
    terminal.signal(SIGHUP)
    assert terminal.finish(4) == 129
    assert desk.draft(contact).startswith(DRAFT + "x" * (steps - 1))


def test_a_byte_that_is_no_utf_8(desk: Desk, contact: ContactId, quiet: Terminal) -> None:
    """As from a terminal that is set to Latin-1."""
    quiet.press(b"\xe9")
    quiet.press(b"!")
    quiet.wait_for(f"{DRAFT}\ufffd!$")
    quiet.press(ctrl("q"))
    assert quiet.finish() == 0
    quiet.assert_restored()
    assert desk.draft(contact) == f"{DRAFT}\ufffd!"


def test_a_continue_signal_by_itself_changes_nothing(quiet: Terminal) -> None:
    quiet.signal(SIGCONT, SIGCONT)
    quiet.press(b"!")
    quiet.wait_for(f"{DRAFT}!$")
    quiet.press(ctrl("q"))
    assert quiet.finish() == 0
    quiet.assert_restored()


def test_a_storm_of_sizes(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    odd = [(1, 1), (2, 5), (39, 14), (40, 15), (69, 20), (70, 20), (99, 24), (100, 24), (200, 60), (3, 70)]
    for columns, lines in itertools.islice(itertools.cycle(odd), 200):
        terminal.resize(columns, lines)
        time.sleep(0.002)  # or the kernel would merge them all into one
    terminal.resize(104, 31)

    def whole(screen: str) -> bool:
        rows = screen.split("\n")
        ends = [rows[0].startswith(" Gynetix"), rows[0].endswith("live, checked every 1 s")]
        ends += [len(rows[0]) == 103, rows[-1].startswith(" Enter send"), "Ana Torres" in rows[1]]
        return all(ends) and rows[-2].endswith(f" {DRAFT}") and len(rows) == 31

    terminal.wait_for(whole)
    terminal.write("!")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert desk.draft(contact) == f"{DRAFT}!"
