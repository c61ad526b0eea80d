"""The terminal's driver, made to survive what terminals do: bad bytes, ESC in a paste, a broken pipe, a stray SIGCONT.

These are private parts of Textual 8.2, met here and nowhere else; pyproject.toml holds Textual below the next minor
version for it, and the tests in a pseudo-terminal guard each of them.
"""

from __future__ import annotations

import asyncio
import codecs
import functools
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from types import FrameType
from typing import IO

from textual import _xterm_parser
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from gynetix_tui.errors import TerminalError
from gynetix_tui.lastscreen import LastScreen
from gynetix_tui.tui.cells.hook import NotedDriver

SMALLEST_NAMES = frozenset({"", "dumb", "unknown"})
DEADLINE_SECONDS = 2.0
"""How long a way out may take before the process ends all the same."""
WATCH_SECONDS = 1.0
_ENTER = "\x1b[?1049h"
BACKGROUND_SECONDS = 0.1
"""How long a process that was continued in the background waits for the signal that may come with that."""


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

    def write(self, text: str) -> None:
        """Take output; what comes after the end (while suspended, at a way out) goes nowhere, for the same reason."""
        if self.is_alive():
            super().write(text)

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
        # The word to stop may have been in the queue already behind the last text, which is then still held here: at
        # the program's end Python would write it, but while it is suspended nobody would.
        try:
            self._file.flush()
        except (OSError, ValueError):
            self._forget()

    def _forget(self) -> None:
        _lead_nowhere(self._file)


def _lead_nowhere(file: IO[str]) -> None:
    """Have a file that fails take everything: Python flushes its buffer at the end, and would fail with a code of its own, 120."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)


class Parser(_xterm_parser.XTermParser):
    """Keeps pastes whole: Textual takes what follows an ESC in a bracketed paste for keys, a Ctrl+Q among them."""

    _pasting = False
    _tail = ""  # the beginning of a marker, at the end of what was read; within a paste it is held back

    def feed(self, data: str) -> Iterable[Message]:
        """Parse what was read; an empty text is the end of the input."""
        tamed = self._tame(data)
        return () if data and not tamed else _of_one_time(super().feed(tamed))

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


def _of_one_time(messages: Iterable[Message]) -> Iterator[Message]:
    """What came in one read was typed at one time, however long this takes: an Enter among it is part of a paste."""
    first: float | None = None
    for message in messages:
        first = message.time if first is None else first
        message.time = first
        yield message


def _overlap(text: str, marker: str) -> str:
    """The longest beginning of a marker with which a text ends."""
    beginnings = (marker[:length] for length in range(len(marker) - 1, 0, -1))
    return next((beginning for beginning in beginnings if text.endswith(beginning)), "")


def has_shell() -> bool:
    """Whether somebody can continue this process once it has stopped.

    A shell with job control puts each job into a process group of its own. In the group of the session's leader
    (`ssh -t host gynetix-tui`, `tmux new gynetix-tui`, a terminal's `-e`) there is no such shell: stopped there, the
    program would hang for ever.
    """
    return os.getpgrp() != os.getsid(0)


class TerminalDriver(NotedDriver):
    """Textual's driver, which gives the terminal away whole, resumes only what was suspended, and only in front.

    Attributes:
        last: What may be on the screen when it takes the terminal; set on the class, since Textual makes the driver.
    """

    last: LastScreen | None = None
    _suspended = False
    _is_entered = False

    def write(self, data: str) -> None:
        """Write; the alternate screen is entered once: many terminals clear it when it is entered again."""
        if self._is_entered and data == _ENTER:
            self._is_entered = False
            return
        super().write(data)

    def _sigtstp_application(self, *signal_and_frame: object) -> None:
        if self._suspended or not has_shell():
            return
        # The terminal's own Ctrl+Z works again before all is given away, and a key that is held down repeats.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        self._suspended = True
        signal.signal(signal.SIGTSTP, self._sigtstp_application)
        os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *signal_and_frame: object) -> None:
        # SIGCONT comes without SIGTSTP before it too: systemd sends it after SIGTERM. Then nothing is to be resumed.
        if not self._suspended:
            self.ask_whole()  # whoever stopped us may have drawn on the terminal meanwhile
            return
        if not self._auto_restart:  # an editor has the terminal
            self._suspended = False
        elif self._is_in_front():
            self.resume_application_mode()
        else:
            # `bg`, or the SIGCONT after a SIGTERM. Two signals may reach two threads, and come in any order: stopped
            # again at once, the process might never see the other. In a handler nothing else wakes the loop.
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(loop.call_later, BACKGROUND_SECONDS, self._stop_again)

    def _stop_again(self) -> None:
        """In the background there is nothing to do but to wait for the terminal, unless the way out has begun."""
        if self._suspended and signal.getsignal(signal.SIGCONT) == self._sigcont_application:
            if self._is_in_front():
                self.resume_application_mode()
            else:
                os.kill(os.getpid(), signal.SIGSTOP)

    def _is_in_front(self) -> bool:
        """Whether the terminal is this process's group's; one that has gone is nobody's, and is noticed elsewhere."""
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:
            return True

    def start_application_mode(self) -> None:
        """Take the terminal; in the background (`bg`) Textual stops the process again, and nothing has begun."""
        before = self._writer_thread
        self._is_entered = bool(self.last and self.last.modes)
        super().start_application_mode()
        if self._writer_thread is not before:
            self._suspended = False
            if self.last and self.last.modes:  # to these it goes back, not to those in force until now
                self.attrs_before, self.last.modes = self.last.modes, None

    def stop_application_mode(self) -> None:
        """Give the terminal back, unless a shell has it: its modes are the shell's, and touching them would stop us."""
        if not self._suspended:
            super().stop_application_mode()

    def disable_input(self) -> None:
        """Read no more, with the same exception."""
        if not self._suspended:
            super().disable_input()


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

    SIGHUP leads to the exit code 129, SIGTERM to 143, SIGINT to 130: each saves what is written and restores the
    terminal. SIGINT comes from outside only: on the screen, Ctrl+C is a key like others, and copies.

    The handlers are Python's own, not the event loop's: they must run while the loop is blocked on a terminal that
    takes no more output.

    Args:
        save: Keeps what must not be lost; runs in the handler, and must be short and not use the terminal.
        leave: Asks the application to end with an exit code.
    """

    def __init__(self, save: Callable[[], object], leave: Callable[[int], None]) -> None:
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

    def left_screen(self, seconds: float, *, sending: bool) -> None:
        """The screen is gone, so the terminal holds nothing up any more: what is under way has so long to end.

        Args:
            seconds: How long. After a signal it stays at what is left of the signal's time, unless a text is being sent.
            sending: Whether one is.
        """
        signalled = self._leaving.is_set()
        self._leaving.set()
        if sending or not signalled:
            self._give_up_after(seconds)
        for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
            try:
                stream.flush()  # what is in it after an editor had the terminal went past the driver's writer
            except (OSError, ValueError):
                _lead_nowhere(stream)
        # Ctrl+Z and fg now mean this process and no screen: the driver's handlers would begin one.
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._leaving.is_set():
            if number == signal.SIGINT:  # asked twice: whoever presses Ctrl+C again does not want to wait
                os._exit(128 + number)
            return
        self._leaving.set()
        self._code = 128 + number
        # Nor is it stopped on its way out. A stopped process gets its signal together with the SIGCONT that lets it
        # run: that must not take the terminal again, which is the shell's; it would be stopped once more for it.
        for other in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(other, signal.SIG_IGN)
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
