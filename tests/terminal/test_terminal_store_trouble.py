"""A disk that takes nothing, or a store that another holds, while the client runs: said, nothing lost, and mended by itself."""

from __future__ import annotations

import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1, Signals

import pytest
from canary import KEY
from terminal_kit import ANA, ENTER, Desk, Terminal, ctrl

from gynetix_tui.sandbox import Fault, FaultKind, Person, Sandbox

SEND = "manualTXT"
CRASHING = Path(__file__).parents[1] / "tui/crash_program.py"
OUT_SECONDS = 2.5
"""Two seconds, and a moment for this machine to tell of it."""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[Person(ANA.removeprefix("+"), "Ana Torres")], reply_delay=0.1) as sandbox:
        yield sandbox


def fill_disk(terminal: Terminal) -> None:
    """From now on the program's files do not grow: every write to the store fails, as on a full disk."""
    resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


@contextmanager
def held_by_another(desk: Desk) -> Iterator[sqlite3.Connection]:
    """Another program writes to the store, until it is told to roll back or the block ends."""
    with closing(sqlite3.connect(desk.store_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def kept(desk: Desk) -> str:
    """The draft in the store, read without waiting for whoever holds it."""
    with closing(sqlite3.connect(f"{desk.store_file.as_uri()}?mode=ro", uri=True)) as reader:
        rows = reader.execute("SELECT text FROM drafts").fetchall()
    return str(rows[0][0]) if rows else ""


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


@pytest.mark.parametrize(
    ("number", "code"),
    [(SIGTERM, 143), (SIGHUP, 129), (SIGINT, 130), (None, 0)],
    ids=lambda value: str(value),
)
def test_on_a_full_disk_with_something_to_log_every_way_out_is_the_usual_one(
    desk: Desk, sandbox: Sandbox, number: Signals | None, code: int
) -> None:
    """What the log could not take stands in its buffer still, and is not to come up at the end."""
    desk.add_contact()
    terminal = desk.open_conversation()
    fill_disk(terminal)
    served = len(sandbox.requests)
    sandbox.faults.add(Fault(FaultKind.STATUS))
    terminal.press(ctrl("r"))
    sandbox.wait_for_requests(served + 1, timeout=15)
    terminal.wait_for(lambda text: "live, checked" not in text)  # and so it has been logged
    if number is None:
        terminal.press(ctrl("q"))
    else:
        terminal.signal(number)
    assert terminal.finish(OUT_SECONDS) == code
    terminal.assert_restored()
    assert terminal.text.strip() == ""


@pytest.mark.parametrize(("full", "said"), [(False, "What you wrote is kept."), (True, "may not be kept.")])
def test_a_crash_claims_to_have_kept_only_what_it_kept(desk: Desk, full: bool, said: str) -> None:
    contact = desk.add_contact()
    terminal = desk.open_conversation(
        command=[sys.executable, str(CRASHING), "worker", "a text", "+15550103344"]
    )
    if full:
        fill_disk(terminal)
    terminal.write("Hello")
    terminal.signal(SIGUSR1)
    assert terminal.finish(OUT_SECONDS) == 1
    terminal.assert_restored()
    sentence = " ".join(terminal.text.split())
    assert "a mistake in itself" in sentence
    assert sentence.endswith(said)
    assert desk.draft(contact) == ("" if full else "Hello")


def test_a_draft_that_met_a_busy_store_is_kept_without_another_key(desk: Desk) -> None:
    desk.add_contact()
    terminal = desk.open_conversation()
    with held_by_another(desk) as other:
        terminal.write("Hello")
        terminal.wait_for("What you wrote is not kept yet")  # it had waited for five seconds
        assert kept(desk) == ""
        other.execute("ROLLBACK")
        terminal.wait_for(lambda _: kept(desk) == "Hello", deadline=4)
    terminal.signal(SIGKILL)
    terminal.finish()
    assert kept(desk) == "Hello"


def test_a_store_that_another_holds_keeps_neither_the_terminal_nor_the_end(desk: Desk) -> None:
    """There are two seconds; the draft has no chance, the terminal has."""
    desk.add_contact()
    terminal = desk.open_conversation()
    with held_by_another(desk):
        terminal.write("Hello")
        late = time.monotonic() + 1  # the engine has begun to write the draft, and waits as well
        terminal.wait_for(lambda _: time.monotonic() > late)
        terminal.signal(SIGTERM)
        assert terminal.finish(OUT_SECONDS) == 143
    terminal.assert_restored()


def test_a_store_that_another_holds_for_a_moment_gets_the_draft_on_the_way_out(desk: Desk) -> None:
    desk.add_contact()
    terminal = desk.open_conversation()
    with held_by_another(desk) as other:
        terminal.write("Hello")
        terminal.signal(SIGTERM)
        terminal.wait_for(lambda _: b"\x1b[?1049l" in terminal.transcript)
        other.execute("ROLLBACK")
        assert terminal.finish(OUT_SECONDS) == 143
    terminal.assert_restored()
    assert kept(desk) == "Hello"
