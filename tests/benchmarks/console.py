"""A program in a pseudo-terminal, measured from outside: what it writes is read at once, counted, timed and drawn.

Times end when the output was read, before it is drawn here, so the drawing does not count. Linux alone: the session
is made by posix_spawn, and memory is read from /proc.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from canvas import Canvas

KEY_QUIET = 0.03
"""Seconds without output after which the answer to a key is over."""
NEWS_QUIET = 0.25
"""The same for what begins by itself: a start, or what came from the gateway, which is drawn in two steps."""
DEADLINE = 60.0
"""Seconds after which what is waited for does not come any more; a busy machine is slow."""
_LONGEST_ANSWER = 3.0
_KEY_DEADLINE = 5.0

# Textual brackets its frames where the terminal knows synchronised output, as most do today; so they are counted.
_ASKS_FOR_SYNC = b"\x1b[?2026$p"
_HAS_SYNC = b"\x1b[?2026;2$y"


class Failure(Exception):
    """The program did not do what was waited for."""


class Console:
    """A program with a terminal of its own; a context manager that ends it by its id.

    Args:
        command: What to run; its first word is a path.
        environ: All of its environment.
        columns: The terminal's width.
        lines: Its height.

    Attributes:
        written: How many bytes the program wrote so far.
        started: When it was started, `time.perf_counter` seconds, as all times here.
        first_paint: When the first visible character was read, or None.
        pid: The program's id.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], *, columns: int, lines: int
    ) -> None:
        self.written = 0
        self.first_paint: float | None = None
        self._canvas = Canvas(columns, lines)
        self._before = b""
        self._ended = False
        self._master, slave = os.openpty()
        self._set_size(columns, lines)
        self.started = self._last = time.perf_counter()
        # Opened by name in a new session, the terminal becomes that session's own, as in a shell.
        self.pid = os.posix_spawn(
            command[0],
            list(command),
            dict(environ),
            setsid=True,
            setsigdef=[signal.SIGINT, signal.SIGPIPE],
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.ttyname(slave), os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
        )
        os.close(slave)

    # What it shows

    @property
    def text(self) -> str:
        """The screen, without the blanks at the ends of its rows."""
        return "\n".join(row.rstrip() for row in self._canvas.rows)

    def wait_for(self, pattern: str, deadline: float = DEADLINE) -> float:
        """Wait until the screen shows a regular expression; return when the output that brought it was read."""
        shown = re.compile(pattern, re.MULTILINE)
        at = self._until(lambda: shown.search(self.text), deadline)
        if at is None:
            raise Failure(f"{pattern!r} is not shown after {deadline:g} s:\n{self.text}")
        return at

    def settle(self, quiet: float) -> float:
        """Wait until nothing came for so many seconds; return when the last byte was read."""
        begun = time.perf_counter()
        while (now := time.perf_counter()) - begun < _LONGEST_ANSWER:
            rest = max(begun, self._last) + quiet - now
            if rest <= 0:
                break
            self._read(rest)
        return self._last

    def _until(self, shown: Callable[[], object], deadline: float) -> float | None:
        end = time.perf_counter() + deadline
        found = bool(shown())
        while not found and not self._ended and (left := end - time.perf_counter()) > 0:
            found = self._read(left) and bool(shown())
        return self._last if found else None

    def _read(self, seconds: float) -> bool:
        """Read what comes within so many seconds; return whether anything did."""
        if self._ended or not select.select([self._master], [], [], seconds)[0]:
            return False
        output = b""
        with suppress(OSError):  # nobody has the other end open any more
            output = os.read(self._master, 65536)
        if not output:
            self._ended = True
            return False
        self._last = time.perf_counter()
        self.written += len(output)
        asked = self._before + output
        self._before = asked[1 - len(_ASKS_FOR_SYNC) :]  # too short to hold all of it: it is answered once
        if _ASKS_FOR_SYNC in asked:
            os.write(self._master, _HAS_SYNC)
        self._canvas.feed(output)
        if self.first_paint is None and self.text.strip():
            self.first_paint = self._last
        return True

    # What the user does

    def send(self, keys: bytes) -> float:
        """Write to the program; return when, just before."""
        at = time.perf_counter()
        os.write(self._master, keys)
        return at

    def press(self, key: bytes) -> float | None:
        """Press a key and let its answer end; return the seconds until it was seen, None where nothing was."""
        before = self._canvas.state
        begun = self.send(key)
        seen = self._until(lambda: self._canvas.state != before, _KEY_DEADLINE)
        self.settle(KEY_QUIET)
        return None if seen is None else seen - begun

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the kernel sends SIGWINCH."""
        self._canvas.resize(columns, lines)
        self._set_size(columns, lines)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    # What it costs

    @property
    def cpu(self) -> float:
        """Seconds of CPU of all its threads, also those that have ended, to the nanosecond."""
        # The clock that clock_getcpuclockid(3) would give: the kernel's number for a process's own clock.
        return time.clock_gettime(~self.pid << 3 | 2)

    @property
    def resident(self) -> float:
        """MiB of memory that are really there."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        if not found:
            raise Failure("it has ended")
        return int(found[1]) / 1024

    # Its end

    def end(self, patience: float = 5.0) -> None:
        """End it in any case, reading what it still writes, and release the terminal.

        Args:
            patience: Seconds that it has to end by itself.
        """
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, DEADLINE)):
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                with suppress(ChildProcessError):
                    if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                        if not self._read(0.02):
                            time.sleep(0.005)  # its terminal is closed and it is not gone yet
                        continue
                os.close(self._master)
                return
        raise Failure(f"process {self.pid} does not end")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def watch(consoles: Sequence[Console], seconds: float) -> None:
    """Do nothing for so long but read what programs write."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        ready, _, _ = select.select([console._master for console in consoles], [], [], left)
        for console in consoles:
            if console._master in ready and not console._read(0):
                raise Failure(f"a program ended:\n{console.text}")
