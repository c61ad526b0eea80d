"""Ctrl+Z and fg, as a job of a real shell: the terminal is given away whole, and taken back whole."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from terminal_kit import ANA, DEADLINE, ENTER, PROGRAM, Desk, ctrl, traffic

from gynetix_tui.model import ContactId
from gynetix_tui.sandbox import Sandbox

DRAFT = "still here"
PROMPT = "ready> "
BASH = ["bash", "--norc", "--noprofile", "-i"]
DASH = ["dash", "-i"]
"""It leaves the terminal's modes as a job leaves them, where bash sets its own: what the program left can be seen."""
OUT_SECONDS = 2.5
"""Two seconds, and a moment for this machine to tell of it."""


class Job:
    """The program as a job of a shell, in the foreground at first, with a draft typed a moment ago.

    Attributes:
        terminal: Where shell and job are.
        pid: The job's process.
        shell_modes: The terminal's modes when the shell started the job.
    """

    def __init__(self, desk: Desk, shell: list[str]) -> None:
        desk.environ["PS1"] = PROMPT
        # bash itself would ask for marked pastes at its prompt; here it must be seen who left that on.
        (desk.home / ".inputrc").write_text("set enable-bracketed-paste off\n", encoding="utf-8")
        self.terminal = desk.start(command=shell)
        self.prompt()
        self.shell_modes = self.terminal.modes
        self.command(PROGRAM)
        self.terminal.wait_for("live, checked")
        self.pid = self.terminal.foreground
        self.terminal.press(ENTER)
        self.terminal.wait_for("^ Enter send")

    def prompt(self) -> str:
        """Wait for the shell to ask for a command; return the screen."""
        return self.terminal.wait_for(rf"{PROMPT.strip()}\s*\Z")

    def command(self, line: str) -> None:
        """Give the shell a command, once it is there to take one."""
        self.prompt()
        self.terminal.send(line.encode())
        self.terminal.wait_for(
            re.escape(PROMPT + line)
        )  # or the prompt before it would be taken for the next
        self.terminal.send(b"\n")

    def ask(self, line: str, answer: str) -> None:
        """Give the shell a command, and see its answer: the terminal is in order."""
        self.command(line)
        self.terminal.wait_for(f"^{answer}$")
        self.prompt()

    def suspend(self) -> None:
        """Ctrl+Z; the shell has the terminal then, and nothing of the program's is left on it."""
        self.terminal.press(ctrl("z"))
        self.prompt()
        until(lambda: self.terminal.foreground == self.terminal.pid)
        assert self.state == "T"
        self.terminal.assert_handed_back()

    def resume(self) -> None:
        """Ask the shell for the job."""
        self.command("fg")

    @property
    def state(self) -> str:
        """What the kernel says the job does; `T` for stopped, empty when it has ended."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return ""
        state = stat.rpartition(")")[2].split()[0]
        return "" if state in "ZX" else state

    def wait_until_ended(self) -> None:
        until(lambda: not self.state, OUT_SECONDS)

    def end(self) -> None:
        if self.state:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)


def whole(columns: int, lines: int, draft: str) -> Callable[[str], bool]:
    """Whether a screen is all of the program's, drawn for a size, with a draft in the composer."""

    def look(screen: str) -> bool:
        rows = screen.split("\n")
        ends = [len(rows) == lines, len(rows[0]) == columns - 1, rows[0].startswith(" Gynetix")]
        ends += [rows[0].endswith("live, checked every 1 s"), rows[-1].startswith(" Enter send")]
        return all(ends) and "Ana Torres" in rows[1] and any(row.endswith(f" {draft}") for row in rows[-7:-1])

    return look


@pytest.fixture(params=[BASH, DASH], ids=["bash", "dash"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    found: list[str] = request.param
    return found


@pytest.fixture
def job(desk: Desk, contact: ContactId, shell: list[str]) -> Iterator[Job]:
    job = Job(desk, shell)
    try:
        job.terminal.write(DRAFT)
        yield job
    finally:
        job.end()


@pytest.mark.parametrize("busy", [False, True], ids=["quiet", "busy"])
def test_to_the_shell_and_back(
    desk: Desk, sandbox: Sandbox, contact: ContactId, shell: list[str], job: Job, busy: bool
) -> None:
    with traffic(job.terminal, sandbox) if busy else nullcontext():
        job.terminal.press(b"!")
        job.terminal.press(ctrl("z"))
        job.terminal.wait_for(lambda _: job.state == "T")
    if busy:
        until(lambda: job.terminal.foreground == job.terminal.pid)  # before, it would be the job's
        job.terminal.send(ctrl("c"))  # the shell has got keys that were the program's
        # dash may tell of the job once more before it prompts.
        job.terminal.wait_for(rf"\^C\s*(?:\[1\] .*\s+)*{PROMPT.strip()}\s*\Z")
    job.prompt()
    job.terminal.assert_handed_back()
    if shell is not BASH:
        assert job.terminal.modes == job.shell_modes
    assert desk.draft(contact) == f"{DRAFT}!"
    job.ask("echo $((6 * 7))", "42")
    sandbox.world.receive(ANA, "While you were away")
    job.resume()
    job.terminal.wait_for(whole(80, 24, f"{DRAFT}!"))
    job.terminal.wait_for("While you were away")
    job.terminal.write("?")
    job.terminal.assert_calm(job.pid)
    job.terminal.press(ctrl("q"))
    job.prompt()
    job.ask('echo "left with $?"', "left with 0")
    job.terminal.assert_handed_back()
    assert desk.draft(contact) == f"{DRAFT}!?"


def test_twice(desk: Desk, contact: ContactId, job: Job) -> None:
    for mark in "12":
        job.suspend()
        job.resume()
        job.terminal.write(mark)
    job.terminal.wait_for(whole(80, 24, f"{DRAFT}12"))
    job.terminal.assert_calm(job.pid)
    job.terminal.press(ctrl("q"))
    job.prompt()
    job.ask('echo "left with $?"', "left with 0")
    assert desk.draft(contact) == f"{DRAFT}12"


def test_the_size_changes_meanwhile(job: Job) -> None:
    job.suspend()
    job.terminal.resize(104, 31)
    job.terminal.send(b"\n")  # for a prompt on the new screen, which is empty
    job.resume()
    job.terminal.wait_for(whole(104, 31, DRAFT))


def test_in_the_background_it_stays_stopped_and_comes_back(job: Job) -> None:
    """It needs the terminal, which `bg` does not give it."""
    job.suspend()
    job.command("bg")
    job.terminal.wait_for(lambda screen: len(re.findall("Stopped", screen)) > 1 or job.state == "T")
    until(lambda: job.state == "T")
    job.ask("echo $((6 * 7))", "42")
    job.terminal.assert_handed_back()
    job.resume()
    job.terminal.wait_for(whole(80, 24, DRAFT))
    job.terminal.write("!")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
@pytest.mark.parametrize("after_bg", [False, True], ids=["stopped", "bg"])
@pytest.mark.parametrize(
    "shell", [BASH], ids=["bash"], indirect=True
)  # dash's `wait` tells of the stop alone
def test_a_signal_while_it_is_stopped(
    desk: Desk, contact: ContactId, job: Job, number: signal.Signals, code: int, after_bg: bool
) -> None:
    """As at a logout: with it comes SIGCONT. The terminal is the shell's, and stays as the shell has it."""
    job.suspend()
    if after_bg:
        job.command("bg")
        job.prompt()
        until(lambda: job.state == "T")
    before = len(job.terminal.transcript)
    modes = job.terminal.modes
    os.kill(job.pid, number)
    os.kill(job.pid, signal.SIGCONT)
    job.wait_until_ended()
    assert job.terminal.modes == modes
    assert not job.terminal.transcript[before:], "nothing was written over the shell's prompt"
    assert desk.draft(contact) == DRAFT
    job.ask('wait %1; echo "left with $?"', f"left with {code}")


def test_the_shell_kills_the_job(desk: Desk, contact: ContactId, job: Job) -> None:
    job.suspend()
    job.command("kill %1; kill -CONT %1")  # bash sends SIGCONT by itself, dash does not
    job.wait_until_ended()
    job.ask("echo $((6 * 7))", "42")
    assert desk.draft(contact) == DRAFT


def test_the_terminal_is_closed_while_it_is_stopped(desk: Desk, contact: ContactId, job: Job) -> None:
    job.suspend()
    job.terminal.close()
    job.wait_until_ended()
    assert desk.draft(contact) == DRAFT


def test_without_a_shell_it_is_not_stopped(desk: Desk, contact: ContactId) -> None:
    """As under `ssh -t host gynetix-tui`: nobody could continue it."""
    terminal = desk.open_conversation()
    terminal.press(ctrl("z"))
    terminal.wait_for("There is no shell to go back to")
    terminal.signal(signal.SIGTSTP)
    terminal.write(DRAFT)
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert desk.draft(contact) == DRAFT
