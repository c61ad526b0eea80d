"""Every way in which a session ends, or nearly does: the terminal is restored and what was written is kept."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import nullcontext
from signal import SIGCONT, SIGHUP, SIGINT, SIGTERM, Signals

import pytest
from terminal_kit import PROGRAM, Desk, Terminal, ctrl, traffic

from gynetix_tui.model import ContactId
from gynetix_tui.sandbox import Sandbox

DRAFT = "still here"
OUT_SECONDS = 2.5
"""Two seconds, and a moment for this machine to tell of it."""
NOTICED_SECONDS = 1.0
"""How much later at most the program sees that its terminal has gone where no signal tells it."""


def written(
    desk: Desk,
    sandbox: Sandbox,
    *,
    busy: bool,
    command: list[str] | None = None,
    controlling: bool = True,
) -> Iterator[Terminal]:
    """A session with a draft that was typed a moment ago."""
    terminal = desk.open_conversation(command=command, controlling=controlling)
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
    [
        ((SIGTERM,), 143),
        ((SIGHUP,), 129),
        ((SIGINT,), 130),
        ((SIGTERM, SIGCONT), 143),
        ((SIGHUP, SIGCONT), 129),
        ((SIGTERM, SIGTERM), 143),
    ],
    ids=lambda value: "-".join(each.name for each in value) if isinstance(value, tuple) else "",
)
def test_a_signal(
    desk: Desk, contact: ContactId, terminal: Terminal, signals: tuple[Signals, ...], code: int
) -> None:
    terminal.signal(*signals)
    assert terminal.finish(OUT_SECONDS) == code
    terminal.assert_restored()
    assert desk.draft(contact) == DRAFT


def test_the_terminal_is_closed(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    terminal.close()
    assert terminal.finish(OUT_SECONDS) == 129
    assert desk.draft(contact) == DRAFT


def test_quitting(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
    terminal.assert_restored()
    assert desk.draft(contact) == DRAFT


@pytest.mark.parametrize("busy", [False, True], ids=["quiet", "busy"])
@pytest.mark.parametrize(
    ("command", "controlling"),
    [(["sh", "-c", 'trap "" HUP; exec "$0"', PROGRAM], True), (None, False)],
    ids=["nohup", "of another session"],
)
def test_the_terminal_is_closed_and_no_signal_tells(
    desk: Desk, sandbox: Sandbox, contact: ContactId, busy: bool, command: list[str] | None, controlling: bool
) -> None:
    for terminal in written(desk, sandbox, busy=busy, command=command, controlling=controlling):
        terminal.close()
        assert terminal.finish(NOTICED_SECONDS + OUT_SECONDS) == 129
        assert desk.draft(contact) == DRAFT


@pytest.mark.parametrize(("number", "code"), [(SIGHUP, 129), (SIGTERM, 143), (SIGINT, 130)])
def test_a_terminal_that_stalls_and_a_signal(
    desk: Desk, sandbox: Sandbox, contact: ContactId, number: Signals, code: int
) -> None:
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
    terminal.signal(number)
    assert terminal.finish(OUT_SECONDS) == code
    assert desk.draft(contact).startswith(DRAFT + "x" * (steps - 1))


def test_a_byte_that_is_no_utf_8(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    """As from a terminal that is set to Latin-1."""
    terminal.press(b"\xe9")
    terminal.press(b"!")
    terminal.wait_for(f"{DRAFT}\ufffd!$")
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
    terminal.assert_restored()
    assert desk.draft(contact) == f"{DRAFT}\ufffd!"


def test_a_continue_signal_by_itself_changes_nothing(
    desk: Desk, contact: ContactId, terminal: Terminal
) -> None:
    terminal.signal(SIGCONT, SIGCONT)
    terminal.press(b"!")
    terminal.wait_for(f"{DRAFT}!$")
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
    terminal.assert_restored()
    assert desk.draft(contact) == f"{DRAFT}!"


def test_ctrl_c_is_a_key_like_others(desk: Desk, contact: ContactId, terminal: Terminal) -> None:
    """It copies what is selected; nothing is."""
    terminal.press(ctrl("c"))
    terminal.press(ctrl("c"))
    terminal.press(b"!")
    terminal.wait_for(f"{DRAFT}!$")
    terminal.press(b"\x1b[Z")  # Shift+Tab, to the texts
    terminal.wait_for("^ End newest")
    terminal.press(ctrl("c"))
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
    terminal.assert_restored()
    assert desk.draft(contact) == f"{DRAFT}!"


def test_it_is_calm_after_what_nearly_ended_it(desk: Desk, contact: ContactId, quiet: Terminal) -> None:
    quiet.press(b"\xe9!")
    quiet.signal(SIGCONT, SIGCONT)
    for columns in (39, 100, 90):  # another at the end, or nothing would be drawn on the kit's new screen
        quiet.resize(columns, 24)
    quiet.wait_for(f"{DRAFT}\ufffd!$")
    quiet.assert_calm()


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
        # The composer has three lines here, the draft stands in the first.
        return all(ends) and rows[-5].endswith(f" {DRAFT}") and len(rows) == 31

    terminal.wait_for(whole)
    terminal.write("!")
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
    terminal.assert_restored()
    assert desk.draft(contact) == f"{DRAFT}!"


@pytest.mark.parametrize("noticed", [False, True])
def test_a_signal_after_another_client_deleted_the_contact(
    desk: Desk, contact: ContactId, quiet: Terminal, noticed: bool
) -> None:
    with desk.store() as store, store.transaction():
        store.contacts.delete(contact)
    if noticed:
        quiet.wait_for("deleted")
    quiet.write("!")
    quiet.signal(SIGTERM)
    assert quiet.finish(OUT_SECONDS) == 143
    quiet.assert_restored()
    with desk.store() as store:
        [again] = store.contacts.all()
        assert (again.name, store.drafts.get(again.id)) == ("Ana Torres", f"{DRAFT}!")
