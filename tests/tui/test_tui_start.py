"""What a start imports and reads before something can be seen, and what news costs among ten thousand contacts."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from stage import START, Setting, Stage, setting
from textual import events

from gynetix_tui.demo import LOCAL_NUMBER
from gynetix_tui.model import ContactSummary, Direction, PhoneNumber, TimeSource
from gynetix_tui.store import Store
from gynetix_tui.store.contacts import Contacts
from gynetix_tui.store.messages import NewMessage
from gynetix_tui.tui.widgets.contact_list import ContactList
from gynetix_tui.tui.widgets.side import Side

MANY = 10_000
FEW = 150
"""Rows; a screen of 40 lines shows 19 contacts, and some around them are read with them."""

# What opens the client for real but for the terminal, and tells what is imported in the moment that slow things wait for.
_FIRST_FRAME = """
import gc, json, sys, time
from pathlib import Path
from gynetix_tui.tui.launch import GynetixApp, KeyMap, RealAccount, Session, Store, SystemKeyring, prepare
from gynetix_tui.engine.engine import Engine
from gynetix_tui.settings.schema import Gateway, Settings
from gynetix_tui.tui.timestamps import Calendar

file = Path(sys.argv[1])
prepare(file, now=time.time())
with Store.open(file) as store:
    store.contacts.add("+15557778888", "Ana Torres", now=time.time())
settings = Settings(gateway=Gateway(from_number="+15556667777"))
engine = Engine(file, RealAccount(settings, None, SystemKeyring()), polling=settings.polling)

def drawn():
    modules.extend(sys.modules)
    app.exit()

modules = []
with Store.open(file, read_only=True) as store:
    session = Session(store, engine, settings, KeyMap({}), Calendar(None), time.time, file)
    app = GynetixApp(session, environ={}, on_ready=drawn)
    app.run(headless=True, size=(80, 24))
print(json.dumps(modules))
"""

_SLOW = {
    "the network": ("httpx", "httpcore", "anyio", "h11", "certifi", "msgspec", "gynetix_tui.gateway", "gynetix_tui.fetched"),
    "the numbering plans": ("phonenumbers",),
    "the keyring": ("keyring", "secretstorage", "jeepney"),
    "the engine's work": ("gynetix_tui.engine.poller", "gynetix_tui.engine.sender", "gynetix_tui.engine.watcher"),
    "the demonstration": ("gynetix_tui.demo", "gynetix_tui.sandbox", "http.server"),
    "other screens": tuple(
        f"gynetix_tui.tui.screens.{name}"
        for name in ("first_start", "new_conversation", "go_to", "help", "links", "edit_contact")
    ),
    "what few ever need": (
        "gynetix_tui.doctor", "gynetix_tui.keytool", "gynetix_tui.store.search", "gynetix_tui.store.salvage",
        "gynetix_tui.tui.editor", "gynetix_tui.tui.palette", "gynetix_tui.links", "tomli_w",
    ),
    "widgets that the first screen has not": (
        "textual.widgets._markdown", "textual.widgets._data_table", "textual.widgets._header", "textual.widgets._footer",
        "textual.widgets._rich_log", "textual.widgets._tabs", "tree_sitter", "markdown_it",
    ),
    "Rich's extras": ("rich.traceback", "rich.markdown", "rich.syntax", "rich.progress", "pygments"),
}  # fmt: skip


def _fresh(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def at_first_frame(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that a fresh interpreter has imported when the first frame is drawn."""
    ended = _fresh("-c", _FIRST_FRAME, str(tmp_path_factory.mktemp("start") / "store.db"))
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize("what", _SLOW)
def test_before_the_first_frame_nothing_is_imported_that_it_does_not_need(
    at_first_frame: set[str], what: str
) -> None:
    assert "textual.app" in at_first_frame
    assert at_first_frame.isdisjoint(_SLOW[what])


@pytest.mark.parametrize(("option", "says"), [("--version", "gynetix-tui 0."), ("--help", "--demo")])
def test_what_only_prints_imports_neither_textual_nor_a_store(option: str, says: str) -> None:
    # The list comes last, and an argument parser ends the program.
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules))\n"
        "from gynetix_tui.cli import main\n"
        f"main([{option!r}])"
    )
    ended = _fresh("-c", code)
    *said, modules = ended.stdout.splitlines()
    assert ended.returncode == 0
    assert says in "\n".join(said)
    slow = {
        "textual",
        "rich",
        "asyncio",
        "sqlite3",
        "httpx",
        "tomllib",
        "gynetix_tui.tui",
        "gynetix_tui.store",
    }
    assert slow.isdisjoint(modules.split())


def test_the_last_screen_is_looked_for_before_anything_slow_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "import gynetix_tui.cli\n"
        "from gynetix_tui.lastscreen import LastScreen\n"
        "LastScreen(None, '').show()\n"
        "print(*sys.modules)"
    )
    store = tmp_path / ".local/share/gynetix-tui/store.db"
    store.parent.mkdir(parents=True, mode=0o700)
    store.touch()
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    slow = {
        "textual",
        "rich",
        "asyncio",
        "sqlite3",
        "httpx",
        "keyring",
        "phonenumbers",
        "gynetix_tui.store",
    }
    assert slow.isdisjoint(ended.stdout.split())


# Runs the client, and ends it once garbage is collected again and what the start made is left alone.
_WATCHED = """
import gc, os, signal, sys, threading, time
from pathlib import Path
from gynetix_tui.cli import main

def watch():
    end = time.monotonic() + 30
    while time.monotonic() < end and not (gc.isenabled() and gc.get_freeze_count()):
        time.sleep(0.02)
    Path(sys.argv[1]).write_text(f"{gc.isenabled()} {gc.get_freeze_count()}")
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=watch, daemon=True).start()
sys.exit(main(["--demo"]))
"""


def test_once_the_start_is_over_garbage_is_collected_again(tmp_path: Path) -> None:
    told, (master, slave) = tmp_path / "told", os.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    environ = os.environ | {"HOME": str(tmp_path), "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-c", _WATCHED, str(told)],
        stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True,
    ) as client:  # fmt: skip
        os.close(slave)
        with suppress(OSError):  # Linux says so that nobody has the other end any more
            while os.read(master, 65536):
                pass
        client.wait(timeout=60)
    os.close(master)
    enabled, frozen = told.read_text().split()
    assert enabled == "True"
    assert int(frozen) > 10_000  # what is imported and drawn by then


# Among ten thousand contacts


class Counting:
    """The store's contacts; counts the rows that are read for the list."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self.rows = 0

    def summaries(
        self, *, archived: bool = False, first: int = 0, count: int | None = None
    ) -> list[ContactSummary]:
        found = self._contacts.summaries(archived=archived, first=first, count=count)
        self.rows += len(found)
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self._contacts, name)


@dataclass
class Crowd:
    """A client with very many contacts, and no gateway."""

    made: Setting
    play: Stage
    counting: Counting

    @property
    def order(self) -> list[str]:
        """All names, as the store orders them."""
        return [summary.contact.name for summary in self.made.store.contacts.summaries()]

    @property
    def highlighted(self) -> str:
        """The name beside the mark, as it stands on the screen."""
        marked = [row for row in self.play.text.splitlines() if row.startswith(("▌", "│"))]
        return marked[0][8:21] if marked else ""

    @property
    def seen(self) -> list[str]:
        """The names on the screen, from the top."""
        return [row[8:21] for row in self.play.text.splitlines() if row[8:16] == "Contact "]

    def read(self) -> int:
        """The rows that were read since this was asked last."""
        rows, self.counting.rows = self.counting.rows, 0
        return rows


def name(number: int) -> str:
    return f"Contact {number:05}"


def crowd(store: Store) -> None:
    """Ten thousand contacts, the first with the newest text."""
    for number in range(MANY):
        store.contacts.add(PhoneNumber(f"+1555{number:07}"), name(number), now=START - 60 * (number + 1))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Setting]:
    with setting(tmp_path, people=(), prepare=crowd) as made:
        yield made


@asynccontextmanager
async def playing(made: Setting) -> AsyncIterator[Crowd]:
    """The client without its engine's tasks: what is to happen, the test does."""
    counting = Counting(made.store.contacts)
    made.store.contacts = cast("Contacts", counting)
    async with made.app.run_test(size=(120, 40), notifications=True) as pilot:
        running = asyncio.create_task(asyncio.sleep(3600))
        play = Stage(
            made.app, pilot, made.sandbox, made.engine, made.store, made.clock, made.keyring, made.folder, running
        )  # fmt: skip
        try:
            await play.until_text(name(0))
            yield Crowd(made, play, counting)
        finally:
            running.cancel()
            # It has written; what ends its thread is the end of its run.
            ending = asyncio.create_task(made.engine.run())
            await asyncio.sleep(0)
            ending.cancel()
            await asyncio.gather(running, ending, return_exceptions=True)


async def test_the_first_frame_reads_only_contacts_that_are_seen(made: Setting) -> None:
    async with playing(made) as crowd:
        assert crowd.seen == [name(number) for number in range(len(crowd.seen))]
        assert len(crowd.seen) == 19
        assert crowd.read() <= 2 * FEW


async def test_a_text_to_one_contact_moves_it_to_the_top_and_reads_no_others(made: Setting) -> None:
    async with playing(made) as crowd:
        play, engine = crowd.play, made.engine
        moved = play.contact_id(name(5_000))
        await play.press("end")
        assert crowd.highlighted == name(MANY - 1)
        crowd.read()
        made.clock.pass_seconds(60)
        await engine.send(moved, "Hello", sender=LOCAL_NUMBER)
        await play.until(lambda: made.store.contacts.summaries(count=1)[0].contact.id == moved)
        await play.pilot.pause()
        assert crowd.read() <= FEW
        # What was highlighted is, though its place is the same only by being the last.
        assert crowd.highlighted == name(MANY - 1)
        await play.press("home")
        assert crowd.highlighted == name(5_000)
        assert crowd.seen[:3] == [name(5_000), name(0), name(1)]


async def test_the_highlight_stays_with_its_contact_when_that_moves(made: Setting) -> None:
    async with playing(made) as crowd:
        play = crowd.play
        await play.press("end")
        made.clock.pass_seconds(60)
        await made.engine.send(play.contact_id(name(MANY - 1)), "Hello", sender=LOCAL_NUMBER)
        await play.until(lambda: crowd.seen[:2] == [name(MANY - 1), name(0)])
        assert crowd.highlighted == name(MANY - 1)
        await play.press("down")
        assert crowd.highlighted == name(0)


async def test_a_key_goes_by_what_stands_on_the_screen_not_by_what_the_store_has_got_meanwhile(
    made: Setting,
) -> None:
    async with playing(made) as crowd:
        play = crowd.play
        await play.press("down")
        with Store.open(made.folder / "store.db") as store:  # as another client does; it is not heard of yet
            store.contacts.set_flags(play.contact_id(name(5_000)), pinned=True)
        await play.press("down")
        assert crowd.highlighted == name(2)
        play.main.query_one(Side).reload()
        await play.pilot.pause()
        assert crowd.highlighted == name(2)
        assert crowd.seen[:4] == [name(5_000), name(0), name(1), name(2)]


async def test_keys_and_the_wheel_go_through_all_in_the_stores_order(made: Setting) -> None:
    async with playing(made) as crowd:
        play, order = crowd.play, crowd.order
        crowd.read()
        for step in range(1, 45):
            await play.pilot.press("down")
            assert crowd.highlighted == order[step]
        assert crowd.read() <= 4 * FEW
        for key in ("pagedown", "pagedown", "pageup", "end", "up", "pageup", "home", "pagedown"):
            await play.press(key)
            first = order.index(crowd.seen[0])
            assert crowd.seen == order[first : first + len(crowd.seen)]
            assert crowd.highlighted in crowd.seen
        for _ in range(30):
            play.main.query_one(ContactList).post_message(_wheel_down(play))
        await play.pilot.pause()
        first = order.index(crowd.seen[0])
        assert first > 40
        assert crowd.seen == order[first : first + len(crowd.seen)]
        await play.pilot.click(ContactList, offset=(10, 4))
        await play.until_text(f"Message {order[first + 2]}")


async def test_the_next_unread_one_is_found_wherever_it_is(made: Setting) -> None:
    far = 9_000
    with Store.open(made.folder / "store.db") as store:
        contact = store.contacts.find(PhoneNumber(f"+1555{far:07}"))
        assert contact
        text = NewMessage(int(START) - 60 * (far + 1), 0, Direction.IN, "Hi", TimeSource.TS, "", True, ())
        store.messages.add(contact.id, [text], now=START)
        store.contacts.refresh_summary(contact.id)
    async with playing(made) as crowd:
        assert "1 unread" in crowd.play.text
        await crowd.play.press("f4")
        await crowd.play.until_text(f"Message {name(far)}")
        await crowd.play.press("escape")
        await crowd.play.until(lambda: crowd.highlighted == name(far))


async def test_news_of_one_contact_while_the_list_is_filtered_reads_no_others(made: Setting) -> None:
    async with playing(made) as crowd:
        play = crowd.play
        side = play.main.query_one(Side)
        await play.press("slash")
        await play.write("0777")
        await play.until(lambda: crowd.seen == [name(777), *[name(7770 + last) for last in range(10)]])
        assert crowd.read() <= MANY + FEW  # all, as names are compared as they are shown; but once
        changed = play.contact_id(name(7_775))
        crowd.read()
        with Store.open(made.folder / "store.db") as store:
            store.contacts.set_flags(changed, pinned=True)
        side.reload(changed=changed)
        await play.pilot.pause()
        assert crowd.seen[:3] == [name(7_775), name(777), name(7_770)]
        with Store.open(made.folder / "store.db") as store:
            store.contacts.set_flags(changed, archived=True)
        side.reload(changed=changed)
        await play.pilot.pause()
        assert name(7_775) not in crowd.seen
        assert crowd.read() == 0
        await play.press("escape")
        assert crowd.highlighted == name(777)  # it was the filter's first, and stays what it is
        assert name(776) in crowd.seen


def _wheel_down(play: Stage) -> events.MouseScrollDown:
    place = play.main.query_one(ContactList)
    return events.MouseScrollDown(place, 3, 3, 0, 1, 0, False, False, False)
