"""Where the API key, the texts and the draft may be seen: nowhere but where they belong."""

from __future__ import annotations

import stat
import sys
import time
from pathlib import Path

import pytest
from canary import KEY, output_holds_key
from terminal_kit import ANA, ENTER, PROGRAM, Desk, ctrl

from gynetix_tui.sandbox import Fault, FaultKind, Sandbox


def test_the_key_is_found_nowhere(desk: Desk, sandbox: Sandbox) -> None:
    """Not after a good send, nor after faults that end up in the log."""
    desk.add_contact()
    terminal = desk.open_conversation()
    terminal.write("hello")
    terminal.press(ENTER)
    terminal.wait_for("✓✓ You  hello$")
    sandbox.faults.add(
        Fault(FaultKind.REDIRECT, times=1),
        Fault(FaultKind.STATUS, body=KEY, times=1),
        Fault(FaultKind.REFUSE, call="manualTXT", reason=f"no such key: {KEY}", times=1),
    )
    served = len(sandbox.requests)
    terminal.press(ctrl("r"))
    sandbox.wait_for_requests(served + 1, timeout=15)
    terminal.press(ctrl("r"))
    sandbox.wait_for_requests(served + 2, timeout=15)
    terminal.write("again")
    terminal.press(ENTER)
    terminal.wait_for("!  You  again\n.*not sent: no such key")
    words = Path(f"/proc/{terminal.pid}/cmdline").read_bytes()
    running = [path.read_bytes() for path in desk.files()]
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0

    ended = [path.read_bytes() for path in desk.files()]
    assert desk.store_file in desk.files()
    assert desk.state_folder / "gynetix-tui.log" in desk.files()
    for place in (words, *running, *ended, bytes(terminal.transcript)):
        assert not output_holds_key(place)


def test_nobody_else_can_read_what_is_kept(desk: Desk) -> None:
    """Whatever the umask was that the program was started with; the config file is the user's own work here."""
    terminal = desk.start(command=["sh", "-c", 'umask 0; exec "$0"', PROGRAM])
    terminal.wait_for("No contacts yet")
    terminal.press(ctrl("n"))
    terminal.wait_for("New conversation")
    terminal.write(ANA)
    terminal.press(ENTER)
    terminal.wait_for("Enter takes it all the same")
    terminal.press(ENTER)
    terminal.wait_for("Write a text$")
    terminal.write("draft")

    def modes() -> dict[str, int]:
        found = [desk.data_folder, desk.state_folder, desk.home / ".local"]
        found += [*desk.files(desk.data_folder), *desk.files(desk.state_folder)]
        return {str(path): stat.S_IMODE(path.stat().st_mode) for path in found}

    expected = {path: 0o700 if Path(path).is_dir() else 0o600 for path in modes()}
    assert {Path(path).name for path in expected} >= {"store.db", "store.db-wal", "gynetix-tui.log"}
    assert modes() == expected
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    assert set(modes().values()) == {0o600, 0o700}


def test_the_editor_gets_the_draft_and_the_terminal_and_not_the_key(desk: Desk, sandbox: Sandbox) -> None:
    seen = desk.folder / "seen"
    editor = desk.folder / "my editor"
    editor.write_text(
        "#!/bin/sh\n"
        f'env >"{seen}.environ"; stty -a >"{seen}.modes"; cat "$1" >"{seen}.text"\n'
        f'ls -l "$1" | cut -c 1-10 >"{seen}.access"; printf " edited" >>"$1"\n'
    )
    editor.chmod(0o700)
    desk.environ["EDITOR"] = f"'{editor}'"
    desk.add_contact()
    terminal = desk.open_conversation()
    terminal.write("written")
    terminal.press(ctrl("o"))
    # All of it is drawn anew.
    terminal.wait_for(r"^ Gynetix (.*\n)*.*Ana Torres(.*\n)*.* written edited\n\n\n.* 1 segment\n Enter send")

    environ = Path(f"{seen}.environ").read_bytes()
    assert b"HOME=" in environ
    assert b"GYNETIX_API_KEY" not in environ
    assert not output_holds_key(environ)
    modes = Path(f"{seen}.modes").read_text().split()
    assert {"icanon", "echo", "isig"} <= set(modes)
    assert Path(f"{seen}.text").read_text() == "written"
    assert Path(f"{seen}.access").read_text() == "-rw-------\n"
    assert list(desk.temporary.iterdir()) == []

    terminal.press(ENTER)
    terminal.wait_for("✓✓ You  written edited$")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()


# What makes Textual write keys, screens and messages to files, or to whoever listens on a port.
TEXTUAL_TELLS = {
    "TEXTUAL": "debug,devtools",
    "TEXTUAL_DEBUG": "1",
    "TEXTUAL_LOG": "textual.log",
    "TEXTUAL_SCREENSHOT": "1",
    "TEXTUAL_SCREENSHOT_LOCATION": ".",
    "TEXTUAL_SCREENSHOT_FILENAME": "screen.svg",
}


def test_textuals_own_debugging_writes_nothing(desk: Desk) -> None:
    """No keys.log with the key as it is typed, no log, no picture: neither where it is started nor anywhere else."""
    del desk.environ["GYNETIX_API_KEY"]
    desk.environ.update(TEXTUAL_TELLS)
    desk.add_contact()
    before = set(desk.files(desk.folder))
    terminal = desk.start()
    terminal.wait_for("Enter starts")
    terminal.write(KEY, hidden=True)
    terminal.press(ENTER)
    terminal.press(ENTER)  # the local number is known
    terminal.wait_for("live, checked")
    terminal.press(ENTER)
    terminal.wait_for("^ Enter send")
    terminal.write("a draft")
    # The picture would be made a second after the start; the sibling below sees it made.
    late = time.monotonic() + 1.5
    terminal.wait_for(lambda _: time.monotonic() > late)
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    made = {path.name for path in set(desk.files(desk.folder)) - before}
    assert made <= {"gynetix-tui.log", "config.toml", "store.db-wal", "store.db-shm", "last-screen"}
    assert not output_holds_key(bytes(terminal.transcript))


def test_with_these_variables_textual_does_write(desk: Desk) -> None:
    """Or the test above would see nothing: a program that does not take them away."""
    desk.environ.update(TEXTUAL_TELLS | {"TEXTUAL": "debug"})
    plain = "from textual.app import App; App().run()"
    terminal = desk.start(command=[sys.executable, "-c", plain])
    terminal.wait_for(lambda _: (desk.folder / "screen.svg").exists())
    terminal.press(b"k")
    terminal.press(ctrl("q"))
    terminal.finish()
    assert {"keys.log", "textual.log", "screen.svg"} <= {path.name for path in desk.files(desk.folder)}


@pytest.mark.parametrize(
    ("editor", "said"), [("no-such-editor", "The editor was not used"), ("rm", "The editor left no text")]
)
def test_an_editor_that_is_not_there_or_keeps_nothing_costs_nothing(
    desk: Desk, editor: str, said: str
) -> None:
    desk.environ["EDITOR"] = editor
    desk.add_contact()
    terminal = desk.open_conversation()
    terminal.write("written")
    terminal.press(ctrl("o"))
    terminal.wait_for(said)
    terminal.wait_for("^.* written")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
