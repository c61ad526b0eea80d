"""The terminal's driver, made to survive what terminals do: bad bytes, ESC in a paste, a broken pipe, a stray SIGCONT.

These are private parts of Textual 8.2, met here and nowhere else; pyproject.toml holds Textual below the next minor
version for it, and the tests in a pseudo-terminal guard each of them.
"""

from __future__ import annotations

import codecs
import functools
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import FrameType

from textual import _xterm_parser
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from gynetix_tui.errors import TerminalError

SMALLEST_NAMES = frozenset({"", "dumb", "unknown"})
DEADLINE_SECONDS = 2.0
"""How long a way out may take before the process ends all the same."""
WATCH_SECONDS = 1.0


def require_terminal(environ: Mapping[str, str]) -> None:
    """Make sure that there is a terminal to draw on.

    Raises:
        TerminalError: Standard input or output is no terminal, or one without cursor movement.
    """
    # Textual draws on standard error.
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise TerminalError(
            "This program needs a terminal: its input, output and error output must not be redirected."
        )
    if environ.get("TERM", "") in SMALLEST_NAMES:
        name = environ.get("TERM") or "not set"
        raise TerminalError(
            f"This terminal cannot show a full screen (TERM is {name}). Set TERM, as TERM=xterm-256color."
        )


class _Writer(WriterThread):
    """Goes on taking output when the terminal is gone: were it to die, its full queue would block the event loop."""

    def run(self) -> None:
        """Write until told to stop."""
        broken = False
        while (text := self._queue.get()) is not None:
            if broken:
                continue
            try:
                self._file.write(text)
                if self._queue.qsize() == 0:
                    self._file.flush()
            except (OSError, ValueError):
                broken = True
                self._forget()

    def _forget(self) -> None:
        """Lead the file nowhere: Python flushes its buffer at the end, and would fail with a code of its own, 120."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)


class Parser(_xterm_parser.XTermParser):
    """Keeps pastes whole: Textual takes what follows an ESC in a bracketed paste for keys, a Ctrl+Q among them."""

    _pasting = False
    _tail = ""  # the beginning of a marker, at the end of what was read; within a paste it is held back

    def feed(self, data: str) -> Iterable[Message]:
        """Parse what was read; an empty text is the end of the input."""
        tamed = self._tame(data)
        return () if data and not tamed else super().feed(tamed)

    def _tame(self, data: str) -> str:
        """What was read, with every ESC within a paste as its picture, which is how it would be shown."""
        rest, tamed = self._tail + data, ""
        skip = 0 if self._pasting else len(self._tail)
        while True:
            marker = (
                _xterm_parser.BRACKETED_PASTE_END if self._pasting else _xterm_parser.BRACKETED_PASTE_START
            )
            piece, found, rest = rest.partition(marker)
            self._tail = "" if found else _overlap(piece, marker)
            if self._pasting:
                tamed += piece.removesuffix(self._tail).replace("\x1b", "\u241b") + found
            else:
                tamed += (piece + found)[skip:]
                skip = 0
            if not found:
                return tamed
            self._pasting = not self._pasting


def _overlap(text: str, marker: str) -> str:
    """The longest beginning of a marker with which a text ends."""
    beginnings = (marker[:length] for length in range(len(marker) - 1, 0, -1))
    return next((beginning for beginning in beginnings if text.endswith(beginning)), "")


class TerminalDriver(linux_driver.LinuxDriver):
    """Textual's driver, which resumes only what was suspended."""

    _suspended_by_signal = False

    def _sigtstp_application(self, *signal_and_frame: object) -> None:
        self._suspended_by_signal = True
        super()._sigtstp_application(*signal_and_frame)

    def _sigcont_application(self, *signal_and_frame: object) -> None:
        # SIGCONT comes without SIGTSTP before it too: systemd sends it after SIGTERM. Then nothing is to be resumed.
        if self._suspended_by_signal:
            self._suspended_by_signal = False
            super()._sigcont_application(*signal_and_frame)


def repair_driver() -> type[TerminalDriver]:
    """Put the repairs in place, and return the driver to use."""
    # A byte that is no UTF-8, typed in a Latin-1 terminal, would end the program.
    linux_driver.getincrementaldecoder = _forgiving_decoder  # type: ignore[attr-defined, assignment]  # by name
    linux_driver.WriterThread = _Writer  # type: ignore[attr-defined]  # likewise
    linux_driver.XTermParser = Parser  # type: ignore[attr-defined]  # likewise
    return TerminalDriver


def _forgiving_decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    return functools.partial(codecs.getincrementaldecoder(encoding), errors="replace")


class WaysOut:
    """Leaves in order when the terminal hangs up or somebody ends the program.

    The handlers are Python's own, not the event loop's: they must run while the loop is blocked on a terminal that
    takes no more output.

    Args:
        save: Keeps what must not be lost; runs in the handler, and must be short and not use the terminal.
        leave: Asks the application to end with an exit code.
    """

    def __init__(self, save: Callable[[], None], leave: Callable[[int], None]) -> None:
        self._save = save
        self._leave = leave
        self._leaving = threading.Event()
        self._timer: threading.Timer | None = None
        self._code = 0

    def install(self) -> None:
        """From now on, SIGHUP, SIGTERM, SIGINT and a terminal that has gone lead out."""
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._caught)
        threading.Thread(target=self._watch, daemon=True, name="terminal-watch").start()

    def left_screen(self, seconds: float) -> None:
        """The screen is gone, so the terminal holds nothing up any more: what is under way has so long to end."""
        self._leaving.set()
        self._give_up_after(seconds)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._leaving.is_set():
            if number == signal.SIGINT:  # asked twice: whoever presses Ctrl+C again does not want to wait
                os._exit(128 + number)
            return
        self._leaving.set()
        self._code = 128 + number
        self._give_up_after(DEADLINE_SECONDS)
        try:
            self._save()
        finally:
            self._leave(self._code)

    def _give_up_after(self, seconds: float) -> None:
        """End the process after so long, whatever holds it: a terminal that has stalled would hold it for ever."""
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, os._exit, (self._code,))
        self._timer.daemon = True
        self._timer.start()

    def _watch(self) -> None:
        """Notice a terminal that has gone where SIGHUP is ignored, as under nohup; it would be read for ever."""
        terminal = select.poll()
        terminal.register(0, 0)
        while not self._leaving.wait(WATCH_SECONDS):
            # Not any event: what cannot be polled at all (macOS, some terminals) has not gone.
            if any(state & (select.POLLHUP | select.POLLERR) for _, state in terminal.poll(0)):
                os.kill(os.getpid(), signal.SIGHUP)
                return
