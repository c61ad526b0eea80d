"""Links, from a text that somebody sent to the words of the program that opens them, in a real terminal."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canary import KEY
from terminal_kit import ANA, DEADLINE, ENTER, Desk, Terminal, ctrl

from gynetix_tui.sandbox import Person, Sandbox

SHIFT_TAB = b"\x1b[Z"
DOWN = b"\x1b[B"
# What a shell, PowerShell or a careless program would take apart, run, or read as an option.
HOSTILE = "https://x.example/$(touch${IFS}pwned);'&*?--a=%s%20!"
SHELL = "https://x.example/$(touch pwned);'\""
DISGUISED = "https://e\u200bxample.com/\u202e1\u2066"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[Person(ANA.removeprefix("+"), "Ana Torres")]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        desk.add_contact()
        yield desk


class Browser:
    """A program in $BROWSER that notes what it was started with, talks, and ends with a code or goes on."""

    def __init__(self, desk: Desk, *, code: int = 0, goes_on: bool = False) -> None:
        self._notes = desk.folder / "started"
        self._notes.mkdir()
        self.gate = desk.folder / "gate"
        os.mkfifo(self.gate)
        program = desk.folder / "my browser"
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            "print('chatter on the screen'); print('trouble on the screen', file=sys.stderr)\n"
            "descriptors = [os.readlink(f'/proc/self/fd/{each}') for each in range(3)]\n"
            "words = [each.hex() for each in map(os.fsencode, sys.argv[1:])]\n"
            "noted = dict(words=words, environ=dict(os.environ), descriptors=descriptors, pid=os.getpid(), of=os.getppid())\n"
            f"half, whole = {str(self._notes / 'half')!r}, os.path.join({str(self._notes)!r}, f'{{os.getpid()}}.json')\n"
            "json.dump(noted, open(half, 'w')); os.rename(half, whole)\n"
            f"{f'open({str(self.gate)!r}).read()' if goes_on else ''}\n"
            f"sys.exit({code})\n"
        )
        program.chmod(0o755)
        desk.environ["BROWSER"] = f"'{program}' --new-tab"

    @property
    def starts(self) -> list[dict[str, Any]]:  # Any: what JSON holds
        """What was noted at each start."""
        return [json.loads(each.read_text()) for each in self._notes.glob("*.json")]

    def wait(self) -> dict[str, Any]:
        """Wait for the one start."""
        end = time.monotonic() + DEADLINE
        while not self.starts:
            assert time.monotonic() < end, "nothing was started"
            time.sleep(0.02)
        (start,) = self.starts
        return start


def words(start: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(each) for each in start["words"]]


def links_of(desk: Desk, sandbox: Sandbox, *texts: str, wait: str) -> Terminal:
    """Open the list of the links of these texts."""
    for text in texts:
        sandbox.world.receive(ANA, text)
    terminal = desk.open_conversation(columns=100)
    terminal.press(SHIFT_TAB)
    terminal.wait_for("c copy")
    terminal.press(b"o")
    terminal.wait_for(wait)
    return terminal


def wait_until_gone(pid: int) -> None:
    """A zombie would not be gone."""
    end = time.monotonic() + DEADLINE
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, Path(f"/proc/{pid}/status").read_text()
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (f"look: {HOSTILE.replace('${IFS}', '')}", HOSTILE.replace("${IFS}", "").removesuffix("!")),
        (f"look: {HOSTILE}", "https://x.example/$(touch$"),
        (f"look: {SHELL}", "https://x.example/$(touch"),
        ("look: x.com/-rf;reboot", "https://x.com/-rf;reboot"),
        (DISGUISED, "https://example.com/1"),
    ],
)
def test_what_is_listed_is_one_word_of_what_is_run_byte_for_byte(
    desk: Desk, sandbox: Sandbox, text: str, target: str
) -> None:
    browser = Browser(desk)
    terminal = links_of(desk, sandbox, text, wait="Enter opens")
    assert f" {target} " in terminal.text.replace("\n", " ")
    assert browser.starts == [], "nothing opens by itself"
    terminal.press(ENTER)
    start = browser.wait()
    assert words(start) == [b"--new-tab", target.encode()]
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert len(browser.starts) == 1
    assert list(desk.folder.rglob("pwned*")) == []


def test_what_is_run_has_neither_the_key_nor_the_terminal_and_leaves_no_zombie(
    desk: Desk, sandbox: Sandbox
) -> None:
    browser = Browser(desk)
    terminal = links_of(desk, sandbox, "https://example.com/a", wait="Enter opens")
    terminal.press(ENTER)
    start = browser.wait()
    assert [name for name in start["environ"] if name.startswith("GYNETIX")] == []
    assert sandbox.key not in str(start["environ"])
    assert start["environ"]["HOME"] == str(desk.home)
    assert start["descriptors"] == ["/dev/null"] * 3
    assert start["of"] == terminal.pid, "no shell between"
    wait_until_gone(start["pid"])
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    assert b"chatter on the screen" not in terminal.transcript
    assert b"trouble on the screen" not in terminal.transcript


def test_a_browser_that_goes_on_holds_up_neither_the_client_nor_its_end(desk: Desk, sandbox: Sandbox) -> None:
    browser = Browser(desk, goes_on=True)
    terminal = links_of(desk, sandbox, "https://example.com/a", wait="Enter opens")
    terminal.press(ENTER)
    start = browser.wait()
    terminal.press(ENTER)
    terminal.wait_for("Enter send")
    terminal.write("still here")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    terminal.close()
    # It outlives the client, and its terminal: there is still somebody who reads, or this fails.
    assert Path(f"/proc/{start['pid']}").exists()
    gate = os.open(browser.gate, os.O_WRONLY | os.O_NONBLOCK)
    os.close(gate)


def test_a_browser_that_fails_is_told_of(desk: Desk, sandbox: Sandbox) -> None:
    browser = Browser(desk, code=7)
    terminal = links_of(desk, sandbox, "https://example.com/a", wait="Enter opens")
    terminal.press(ENTER)
    browser.wait()
    terminal.wait_for("The link was not opened")
    terminal.wait_for(r"code\s+7\.")  # the path of the browser is long, and the note breaks its lines


def test_over_ssh_the_link_is_copied_instead(desk: Desk, sandbox: Sandbox) -> None:
    desk.environ["SSH_CONNECTION"] = "10.0.0.1 50000 10.0.0.2 22"
    terminal = links_of(desk, sandbox, "https://example.com/a bit.ly/b", wait="Over SSH there is no screen")
    terminal.press(ENTER)
    terminal.press(DOWN)
    terminal.press(b"c")
    terminal.wait_for("Sent to the terminal's clipboard")
    assert b"\x1b]52;c;" + base64.b64encode(b"https://bit.ly/b") in terminal.transcript
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
