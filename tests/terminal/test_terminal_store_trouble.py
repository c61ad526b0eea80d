"""A disk that takes nothing while the client runs: said, nothing sent, nothing lost, and mended when there is room."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import ANA, ENTER, Desk, Terminal, ctrl

from gynetix_tui.sandbox import Person, Sandbox

SEND = "manualTXT"
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[Person(ANA.removeprefix("+"), "Ana Torres")], reply_delay=0.1) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.use(sandbox)
        yield desk


def fill_disk(terminal: Terminal) -> None:
    """From now on the program's files do not grow: every write to the store fails, as on a full disk."""
    resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def sends(sandbox: Sandbox) -> int:
    return sum(request.call == SEND for request in sandbox.requests)


def test_a_full_disk_is_told_stops_all_sending_and_loses_nothing(desk: Desk, sandbox: Sandbox) -> None:
    desk.add_contact()
    terminal = desk.open_conversation()
    fill_disk(terminal)
    terminal.write("Hello")
    terminal.press(ENTER)
    terminal.wait_for("Nothing is sent meanwhile")
    terminal.wait_for(r"Hello$")  # back in the composer
    assert sends(sandbox) == 0
    terminal.press(ctrl("q"))
    terminal.wait_for("Quit all the same")
    terminal.press(ENTER)  # the harmless answer
    terminal.wait_for(lambda text: "Quit all the same" not in text)
    resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE, UNLIMITED)
    terminal.write("!")
    terminal.wait_for(lambda text: "Nothing is sent meanwhile" not in text)
    terminal.press(ENTER)
    terminal.wait_for("✓  You  Hello!|✓✓ You  Hello!")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    assert sends(sandbox) == 1


def test_a_damaged_store_is_put_aside_and_the_user_is_told(desk: Desk) -> None:
    desk.data_folder.mkdir(parents=True, mode=0o700)
    desk.store_file.write_text("A shopping list, many lines long.\n" * 100)
    terminal = desk.start(columns=120, lines=40)
    terminal.wait_for("(?s)damaged.*kept as")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    [aside] = desk.data_folder.glob("store.db.corrupt-*")
    assert aside.read_text().startswith("A shopping list")
    with desk.store() as store:
        assert store.contacts.all() == []
