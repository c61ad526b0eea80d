"""The installed program in a real terminal: a pseudo-terminal that is read and drawn here, or tmux.

Nothing here waits for luck: `wait_for` looks at the drawn screen until it shows what is meant or a deadline has passed.
"""

from __future__ import annotations

import codecs
import fcntl
import itertools
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte
from canary_net import hand_over
from cells_kit import Seen, of_pyte

from gynetix_tui.model import ContactId, PhoneNumber
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.store import Store

PROGRAM = str(Path(sys.executable).with_name("gynetix-tui"))
DEADLINE = 15.0
"""Seconds after which what is waited for does not come any more."""
HAND = 0.02
"""Seconds between two keys of a hand. An Enter that comes within 10 ms of a key is taken as part of a paste."""
CALM_SECONDS = 1.0
"""How long a program is watched that should be doing nothing."""

LOCAL_NUMBER = "+15556667777"
ANA = "+15557778888"

ENTER, ESCAPE, HOME_KEY, F1 = b"\r", b"\x1b", b"\x1b[H", b"\x1bOP"

# Whoever runs the tests with nohup ignores SIGHUP, and a child would inherit that; a terminal hands on no such thing.
_LAUNCH = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
_ALTERNATE = re.compile("\x1b\\[\\?1049[hl]")
# Sequences that pyte takes for text, and zero-width characters at which it drops the rest of a line.
_NOT_FOR_PYTE = re.compile(
    "\x1b\\[[<=>][0-?]*[ -/]*[@-~]|\x1b\\[\\?[0-?]*[ -/]*u|\x1b\\[[0-?]*[ -/]+[@-~]"
    "|\x1b[\\]P^_].*?(?:\x07|\x1b\\\\)|[\u200c\u200d\ufe0e\ufe0f]",
    re.DOTALL,
)
_UNFINISHED = re.compile("\x1b(?:\\[[0-?]*[ -/]*|[\\]P^_][^\x07\x1b]*\x1b?)?$")


def ctrl(letter: str) -> bytes:
    return bytes([ord(letter.upper()) & 0x1F])


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used; its children's is not in it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Drawing:
    """What a terminal of a size shows after some output."""

    def __init__(self, columns: int, lines: int) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held = ""
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        """A new, empty screen: a program that is told of a new size draws all of it."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)

    def feed(self, output: bytes) -> None:
        text = self._held + self._decode(output)
        unfinished = _UNFINISHED.search(text)
        self._held = unfinished[0] if unfinished else ""
        text = _NOT_FOR_PYTE.sub("", text.removesuffix(self._held))
        # pyte has no alternate screen: an empty one is near enough.
        self._stream.feed(_ALTERNATE.sub("\x1b[m\x1b[2J\x1b[H", text))

    @property
    def rows(self) -> list[str]:
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return ["".join(buffer[y][x].data for x in columns) for y in range(self._screen.lines)]

    @property
    def cells(self) -> list[list[Seen]]:
        """What one sees of each cell."""
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return [[of_pyte(buffer[y][x]) for x in columns] for y in range(self._screen.lines)]


class Terminal:
    """A program with a pseudo-terminal of its own, which is read all the time unless that is stopped.

    Args:
        command: What to run.
        environ: All of its environment.
        columns: The terminal's width.
        lines: Its height.
        folder: Where to run it.
        controlling: Whether it is the session's terminal, so that its end is told by SIGHUP.

    Attributes:
        transcript: Everything that the program wrote, as it came.
        pid: The program's id.
    """

    def __init__(
        self,
        command: list[str],
        environ: Mapping[str, str],
        *,
        columns: int,
        lines: int,
        folder: Path,
        controlling: bool = True,
    ) -> None:
        self.transcript = bytearray()
        self._drawn = 0
        self._drawing = Drawing(columns, lines)
        self._news = threading.Condition()
        self._stop, self._stopping = os.pipe()
        self._master, self._slave = os.openpty()
        self._set_size(columns, lines)
        self._modes = self._modes_after = termios.tcgetattr(self._slave)
        # The session's terminal is taken in a step of its own: preexec_fn is not safe beside threads.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCH, *command] if controlling else command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=folder,
            env=dict(environ),
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._stop], [], [])
            if self._stop in ready:
                return
            try:
                output = os.read(self._master, 65536)
            except OSError:  # nobody has the other end open any more
                output = b""
            with self._news:
                self.transcript += output
                self._news.notify_all()
            if not output:
                return

    # What it shows

    @property
    def rows(self) -> list[str]:
        """The screen's rows, blanks at their ends included."""
        self._draw()
        return self._drawing.rows

    def _draw(self) -> None:
        with self._news:
            output = bytes(self.transcript[self._drawn :])
            self._drawn += len(output)
        self._drawing.feed(output)

    @property
    def cells(self) -> list[list[Seen]]:
        """What one sees of each cell."""
        self._draw()
        return self._drawing.cells

    @property
    def text(self) -> str:
        """The screen, without the blanks at the ends of its rows."""
        return "\n".join(row.rstrip() for row in self.rows)

    def wait_for(self, what: str | Callable[[str], object], deadline: float = DEADLINE) -> str:
        """Wait until the screen shows a regular expression, or fulfils a condition; return the screen."""
        end = time.monotonic() + deadline
        while True:
            with self._news:
                seen = len(self.transcript)
            text = self.text
            if re.search(what, text, re.MULTILINE) if isinstance(what, str) else what(text):
                return text
            with self._news:
                left = end - time.monotonic()
                over = left <= 0 or (self._process.poll() is not None and not self._reader.is_alive())
                if not over and len(self.transcript) == seen:
                    self._news.wait(min(left, 0.1))  # wakes now and then to see whether the program has ended
            if over:
                raise AssertionError(f"{what} is not shown (exit code {self._process.poll()}):\n{text}")

    # What the user does

    def send(self, keys: bytes) -> None:
        """Write to the program in one go."""
        os.write(self._master, keys)

    def press(self, key: bytes) -> None:
        """Press a key as a hand does: after a moment."""
        time.sleep(HAND)
        self.send(key)

    def write(self, text: str, *, hidden: bool = False) -> None:
        """Type, and see each character appear; dots, where the field hides what is typed."""
        for end, character in enumerate(text, 1):
            self.press(character.encode())
            shown = "•" * end if hidden else text[:end]
            self.wait_for(re.escape(shown.rstrip(" ")))

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the kernel sends SIGWINCH."""
        with self._news:
            self._drawn = len(self.transcript)
            self._drawing.resize(columns, lines)
        self._set_size(columns, lines)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def signal(self, *numbers: signal.Signals) -> None:
        for number in numbers:
            os.kill(self.pid, number)

    # The terminal's own ways

    def stop_reading(self) -> None:
        """Take no more output, like a connection that has stalled."""
        if self._stopping >= 0:
            os.close(self._stopping)
            self._stopping = -1
            self._reader.join()

    @property
    def unread(self) -> int:
        """Bytes that the program has written and nobody has read."""
        return int.from_bytes(fcntl.ioctl(self._master, termios.FIONREAD, bytes(4)), sys.byteorder)

    def close(self) -> None:
        """Go away, as a terminal whose window is closed."""
        self.stop_reading()
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1

    # How it ended

    def finish(self, deadline: float = DEADLINE) -> int:
        """Wait until the program has ended and all its output is read; return the exit code."""
        try:
            code = self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The program has not ended after {deadline:g} s:\n{self.text}") from None
        if self._slave >= 0:
            self._modes_after = termios.tcgetattr(self._slave)
            os.close(self._slave)  # the last one: now the output has an end
            self._slave = -1
            self._reader.join(DEADLINE)
        return code

    def assert_restored(self) -> None:
        """The terminal is as it was: its modes, and what `assert_handed_back` looks at."""
        assert self._modes_after == self._modes
        self.assert_handed_back()

    def assert_handed_back(self) -> None:
        """What the program switched on is off: the alternate screen, mouse, pastes; the cursor is shown."""
        with self._news:
            said = bytes(self.transcript)
        last = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", said))
        assert b"1049" in last, "the alternate screen was never entered"
        # Among them the alternate screen, the mouse, the focus and pastes; on at first are the cursor and wrapping.
        left_on = {mode.decode() for mode, state in last.items() if state == b"h"}
        assert left_on == {"7", "25"}, f"left on: {sorted(left_on)}"
        assert said.count(b"\x1b[>") == said.count(b"\x1b[<u"), "the keyboard's mode is as it was"

    @property
    def modes(self) -> list[object]:
        """The terminal's modes as they are now, as `termios` tells them."""
        return list(termios.tcgetattr(self._master))

    @property
    def foreground(self) -> int:
        """The process group that has the terminal: of a job, its first process's id too."""
        return os.tcgetpgrp(self._master)

    def assert_calm(self, pid: int | None = None) -> None:
        """The program, or another process, hardly works while nothing happens."""
        pid = pid or self.pid
        before = cpu_seconds(pid)
        time.sleep(CALM_SECONDS)  # what is measured is this time
        spent = cpu_seconds(pid) - before
        assert spent < CALM_SECONDS / 2, f"{spent:.2f} s of CPU in {CALM_SECONDS:g} s"

    def end(self) -> None:
        """End it in any case, and release everything."""
        if self._process.poll() is None:
            self._process.kill()
        self.close()
        hand_over("what a terminal was sent", bytes(self.transcript))
        self._process.wait(DEADLINE)
        with suppress(OSError):
            os.close(self._stop)


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


class Desk:
    """A user with an empty home, and the terminals in which they start things; all of them end with it.

    Attributes:
        folder: Where the program is started, for a test's own files.
        home: The home folder.
        temporary: What TMPDIR names.
        environ: The environment of everything that is started.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.home.mkdir()
        self.temporary.mkdir()
        self.environ: dict[str, str] = {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        self._terminals: list[Terminal] = []

    @property
    def data_folder(self) -> Path:
        return self.home / ".local/share/gynetix-tui"

    @property
    def state_folder(self) -> Path:
        return self.home / ".local/state/gynetix-tui"

    @property
    def store_file(self) -> Path:
        return self.data_folder / "store.db"

    @property
    def config_file(self) -> Path:
        return self.home / ".config/gynetix-tui/config.toml"

    def start(
        self,
        *options: str,
        command: list[str] | None = None,
        columns: int = 80,
        lines: int = 24,
        controlling: bool = True,
    ) -> Terminal:
        """Start the program, or another command, in a terminal of its own; see `Terminal`."""
        terminal = Terminal(
            [*(command or [PROGRAM]), *options],
            self.environ,
            columns=columns,
            lines=lines,
            folder=self.folder,
            controlling=controlling,
        )
        self._terminals.append(terminal)
        return terminal

    def use(self, sandbox: Sandbox) -> None:
        """Set the environment up for an account at a sandbox, asked often."""
        self.environ.update(
            GYNETIX_BASE_URL=sandbox.base_url, GYNETIX_API_KEY=sandbox.key, GYNETIX_FROM=LOCAL_NUMBER
        )
        self.configure("[polling]\nopen_seconds = 1\nrecent_seconds = 1\nrequests_per_minute = 6000\n")

    def configure(self, toml: str) -> None:
        """Write config.toml."""
        self.config_file.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(toml, encoding="utf-8")

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, made where there is none."""
        self.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Store.open(self.store_file) as store:
            yield store

    def open_conversation(
        self,
        *,
        command: list[str] | None = None,
        columns: int = 80,
        lines: int = 24,
        controlling: bool = True,
    ) -> Terminal:
        """Start the program and open the first conversation of the list, with the cursor in the composer."""
        terminal = self.start(command=command, columns=columns, lines=lines, controlling=controlling)
        terminal.wait_for("live, checked")
        terminal.press(ENTER)
        terminal.wait_for("^ Enter send")
        return terminal

    def add_contact(self, number: str = ANA, name: str = "Ana Torres") -> ContactId:
        """Put a contact into the store."""
        with self.store() as store, store.transaction():
            return store.contacts.add(PhoneNumber(number), name, now=time.time() - 60)

    def draft(self, contact_id: ContactId) -> str:
        """What the store keeps as the contact's draft."""
        with self.store() as store:
            return store.drafts.get(contact_id)

    def files(self, folder: Path | None = None) -> list[Path]:
        """Every file below a folder, or below the home."""
        return [path for path in (folder or self.home).rglob("*") if path.is_file()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for terminal in self._terminals:
            terminal.end()


class Tmux:
    """A tmux server of its own with one pane, in which a shell runs a command and then says how it ended."""

    _numbers = itertools.count()

    def __init__(self, desk: Desk, command: str, *, columns: int, lines: int) -> None:
        self._socket = f"gynetix-tui-{os.getpid()}-{next(self._numbers)}"
        self._desk = desk
        script = f'stty -g >before; {command}; echo "left with $?"; stty -g >after; echo done; exec cat'
        size = ("-x", str(columns), "-y", str(lines))
        self._run("-f", "/dev/null", "new-session", "-d", *size, "-c", str(desk.folder), script)

    def _run(self, *words: str) -> str:
        environ = {name: value for name, value in self._desk.environ.items() if name != "COLORTERM"}
        done = subprocess.run(
            ["tmux", "-L", self._socket, *words],
            env=environ,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def text(self) -> str:
        return self._run("capture-pane", "-p")

    def wait_for(self, what: str, deadline: float = DEADLINE) -> str:
        """Wait until the pane shows a regular expression; return the pane."""
        end = time.monotonic() + deadline
        while not re.search(what, text := self.text, re.MULTILINE):
            assert time.monotonic() < end, f"{what} is not shown:\n{text}"
            time.sleep(0.05)  # tmux tells nobody of news: it is asked again
        return text

    def press(self, key: str) -> None:
        """Press a key by tmux's name for it."""
        time.sleep(HAND)
        self._run("send-keys", key)

    def write(self, text: str) -> None:
        """Type, and see all of it appear."""
        for character in text:
            time.sleep(HAND)
            self._run("send-keys", "-l", character)
        self.wait_for(re.escape(text))

    def asked(self, format_: str) -> str:
        """What tmux knows of the pane: `#{cursor_flag}`."""
        return self._run("display-message", "-p", format_).strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        socket = Path(self.asked("#{socket_path}"))
        self._run("kill-server")
        socket.unlink(missing_ok=True)  # tmux leaves it
