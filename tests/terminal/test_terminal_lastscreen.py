"""The frame that one run leaves for the next: shown before Textual is imported, true, and gone without a trace."""

from __future__ import annotations

import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import DEADLINE, ENTER, ESCAPE, F1, Desk, Drawing, Terminal, Tmux, ctrl

from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import Person, Sandbox

NUMBERS = {"Ana": "+15557778888", "Ben": "+15557778889", "Cem": "+15557778890"}
TEXTUAL = b"\x1b[?2048$p"
"""What Textual asks every terminal when it takes it; nothing of ours does."""

# The client, held where it imports Textual for as long as a file is there; meanwhile it may flood the terminal.
_HELD = """
import os, sys, time
from pathlib import Path

class Gate:
    def find_spec(self, name, path=None, target=None):
        gate = Path(sys.argv[1])
        if name == "gynetix_tui.tui.timestamps":  # the last that is imported before the store is opened
            gate.with_name("imported").touch()
        while name == "textual" and gate.exists():
            time.sleep(0.005)
            if gate.exists() and gate.read_text() == "flooded":
                os.write(2, b" " * 4096)

sys.meta_path.insert(0, Gate())
from gynetix_tui.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    people = [Person(number.removeprefix("+"), name) for name, number in NUMBERS.items()]
    with Sandbox(key=KEY, people=people) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    """A desk where one run has left its frame."""
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        desk.configure("")  # the usual waits between two looks: at an end, none is under way
        for name, number in NUMBERS.items():
            desk.add_contact(number, name)
        leave(desk)
        yield desk


@pytest.fixture
def gate(desk: Desk) -> Path:
    gate = desk.folder / "gate"
    gate.touch()
    return gate


def frame_file(desk: Desk) -> Path:
    return desk.data_folder / "last-screen"


def run(desk: Desk, *options: str) -> Terminal:
    """One run to its end; returns its terminal."""
    terminal = desk.start(*options)
    terminal.wait_for("live, checked")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    return terminal


def leave(desk: Desk) -> None:
    """Runs until one has left its frame: a text that comes in at the very end leaves none."""
    end = time.monotonic() + DEADLINE
    while not frame_file(desk).exists():
        assert time.monotonic() < end, "no run leaves a frame"
        run(desk)


def held(desk: Desk, gate: Path, *options: str) -> Terminal:
    terminal = desk.start(str(gate), *options, command=[sys.executable, "-c", _HELD])
    terminal.wait_for(r"\^R refresh$")  # all of it is read
    assert TEXTUAL not in terminal.transcript
    return terminal


def before_textual(terminal: Terminal) -> str:
    """What the screen showed until Textual took the terminal."""
    drawing = Drawing(80, 24)
    drawing.feed(bytes(terminal.transcript).partition(TEXTUAL)[0])
    return "\n".join(row.rstrip() for row in drawing.rows)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


# What is shown


def test_it_is_the_first_frame_and_stands_there_before_textual_is_imported(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    rows = terminal.rows
    assert all(any(f" {name} " in row for row in rows) for name in NUMBERS)
    assert not frame_file(desk).exists()
    gate.unlink()
    terminal.wait_for("live, checked")
    assert terminal.rows[1:] == rows[1:]  # but for the status line, the next frames have changed nothing
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()


def test_nothing_clears_it_before_the_first_frame_is_drawn_over_it(desk: Desk) -> None:
    terminal = run(desk)
    drawn = bytes(terminal.transcript)
    assert drawn.count(b"\x1b[?1049h") == 1  # the second would clear it, in many terminals
    assert not re.search(rb"\x1b\[[0-3]?J", drawn.partition(b"live")[0])


def test_keys_typed_meanwhile_wait_for_the_client_unseen(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    terminal.send(ENTER + b"hello")  # as at any other time, Enter opens the conversation
    gate.unlink()
    terminal.wait_for("^ +hello$")
    terminal.wait_for("^ Enter send")
    assert "hello" not in before_textual(terminal)


def test_ctrl_z_meanwhile_is_a_key_too(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    terminal.send(ctrl("z") + ctrl("s") + ctrl("\\"))
    gate.unlink()
    terminal.wait_for("There is no shell to go back to")


def test_what_the_last_run_wrote_is_in_it(desk: Desk, gate: Path) -> None:
    terminal = desk.open_conversation()
    terminal.write("a thought")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    leave(desk)
    assert "Draft: a thought" in held(desk, gate).text


# Ways out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_meanwhile_ends_it_with_the_terminal_as_it_was(
    desk: Desk, gate: Path, number: signal.Signals
) -> None:
    terminal = held(desk, gate)
    terminal.send(b"typed for the client")
    terminal.signal(number)
    assert terminal.finish() == (130 if number == signal.SIGINT else -number)
    terminal.assert_restored()
    assert not frame_file(desk).exists()


def test_ctrl_c_meanwhile_ends_it_with_the_terminal_as_it_was(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    terminal.send(b"x" + ctrl("c"))
    assert terminal.finish() == 130
    terminal.assert_restored()


def test_a_signal_ends_it_though_the_terminal_takes_no_output(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    terminal.stop_reading()
    gate.write_text("flooded")
    seen = [-1, 0]
    while seen[-1] != seen[-2]:  # until there is room for no more
        time.sleep(0.1)
        seen.append(terminal.unread)
    terminal.signal(signal.SIGTERM)
    assert terminal.finish() == -signal.SIGALRM


def test_a_terminal_that_is_closed_meanwhile_ends_it(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    terminal.close()
    assert terminal.finish() == -signal.SIGHUP


def test_what_is_wrong_is_said_on_the_terminal_as_it_was(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    desk.configure("[terminal]\nmouse = 3\n")
    gate.unlink()
    assert terminal.finish() == 2
    terminal.assert_restored()
    assert b"mouse" in bytes(terminal.transcript).rpartition(b"\x1b[?1049l")[2]


def test_a_signal_ends_it_while_another_program_holds_the_store(desk: Desk, gate: Path) -> None:
    terminal = held(desk, gate)
    with closing(sqlite3.connect(desk.store_file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        gate.unlink()
        until(gate.with_name("imported").exists)  # next is the store, which is waited for
        terminal.signal(signal.SIGTERM)
        assert terminal.finish() == -signal.SIGTERM
    terminal.assert_restored()


@pytest.mark.parametrize("moment", range(12))
def test_sigterm_at_any_moment_of_a_start_leaves_the_terminal_as_it_was(desk: Desk, moment: int) -> None:
    terminal = desk.start()
    terminal.wait_for("connecting")
    time.sleep(moment * 0.05)  # what is varied is this time
    terminal.signal(signal.SIGTERM)
    assert terminal.finish() in {143, -signal.SIGTERM}
    terminal.assert_restored()


# Where there is none


def test_it_is_readable_by_its_user_alone_and_holds_no_key(desk: Desk) -> None:
    assert frame_file(desk).stat().st_mode & 0o777 == 0o600
    assert KEY not in frame_file(desk).read_text()


def test_a_terminal_of_another_size_shows_none(desk: Desk) -> None:
    terminal = desk.start(columns=81)
    terminal.wait_for("live, checked")
    assert "Ana" not in before_textual(terminal)


def test_another_kind_of_terminal_shows_none(desk: Desk) -> None:
    desk.environ["TERM"] = "xterm"
    assert "Ana" not in before_textual(run(desk))


def test_other_settings_show_none(desk: Desk) -> None:
    desk.configure('[numbers]\ndisplay = "international"\n')
    assert "Ana" not in before_textual(run(desk))


def test_a_deleted_contact_is_shown_no_more(desk: Desk) -> None:
    with desk.store() as store:
        found = store.contacts.find(PhoneNumber(NUMBERS["Ana"]))
        assert found
        store.contacts.delete(found.id)
    terminal = desk.start()
    terminal.wait_for("live, checked")
    assert b"Ana" not in terminal.transcript
    assert not frame_file(desk).exists()


def test_another_store_shows_none(desk: Desk) -> None:
    desk.store_file.rename(desk.folder / "old.db")
    terminal = desk.start()
    terminal.wait_for("No contacts|no contacts")
    assert b"Ana" not in terminal.transcript
    assert not frame_file(desk).exists()


def test_where_it_is_turned_off_none_is_left_and_none_stays(desk: Desk) -> None:
    desk.configure("[terminal]\nlast_screen = false\n")
    assert "Ana" not in before_textual(run(desk))
    assert not frame_file(desk).exists()


def test_while_another_client_runs_none_is_left(desk: Desk) -> None:
    other = desk.start()
    other.wait_for("live, checked")
    run(desk)
    assert not frame_file(desk).exists()


@pytest.mark.parametrize("way", ["a signal", "a dialog"])
def test_other_ends_leave_none(desk: Desk, way: str) -> None:
    terminal = desk.start()
    terminal.wait_for("live, checked")
    if way == "a dialog":
        terminal.press(F1)
        terminal.wait_for("The contact above")
        terminal.press(ctrl("q"))
    else:
        terminal.signal(signal.SIGTERM)
    terminal.finish()
    assert not frame_file(desk).exists()


def test_the_demo_shows_none_and_leaves_it_alone(desk: Desk) -> None:
    left = frame_file(desk).read_bytes()
    terminal = desk.start("--demo")
    terminal.wait_for("nothing leaves|demo")
    terminal.wait_for("live, checked")
    assert "Cem" not in before_textual(terminal)
    terminal.press(ESCAPE)
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    assert frame_file(desk).read_bytes() == left


def test_a_file_that_others_may_have_written_is_not_shown(desk: Desk) -> None:
    desk.data_folder.chmod(0o770)
    assert "Ana" not in before_textual(run(desk))
    assert desk.data_folder.stat().st_mode & 0o777 == 0o700


def test_where_the_key_comes_from_a_command_none_is_shown_before_that_may_ask(desk: Desk) -> None:
    desk.configure('[gateway]\napi_key_command = "false"\n')
    assert "Ana" not in before_textual(run(desk))
    assert not frame_file(desk).exists()


def test_in_tmux(desk: Desk, gate: Path) -> None:
    script = desk.folder / "client"
    script.write_text(_HELD)
    program = f"{sys.executable} {script} {gate}"
    with Tmux(desk, f"{program}; {program}", columns=80, lines=24) as tmux:
        gate.unlink()
        tmux.wait_for("live, checked")
        gate.touch()
        tmux.press("C-q")
        tmux.wait_for("connecting")
        assert not frame_file(desk).exists()

        gate.unlink()
        tmux.wait_for("live, checked")
        tmux.press("C-q")
        tmux.wait_for("^done")
        assert (desk.folder / "before").read_text() == (desk.folder / "after").read_text()
