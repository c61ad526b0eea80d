"""The first frame of the next start, kept from one run for the next: most of a start is over before Textual can draw.

A run that ends in order leaves what its next start will draw first beside the store. That start writes it before it imports
Textual, and holds the keyboard until Textual takes it. It is used once, and only where everything is as it was when it was
left: the terminal, the settings and the store, to the last change.
"""

from __future__ import annotations

import os
import signal
import tempfile
import termios
import zlib
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from gynetix_tui import __version__
from gynetix_tui.errors import GynetixError
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.paths import existing_config, standard_paths

FILE: Final = "last-screen"
_KEYBOARD: Final = 0
_SCREEN: Final = 2
"""Textual reads standard input and draws on standard error."""
_VARIABLES: Final = ("TERM", "COLORTERM", "NO_COLOR", "STY", "LC_ALL", "LANG", "TZ")
_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE: Final = b"\x1b[m\x1b[?7h\x1b[?1049l\x1b[?25h"
_STALLED_SECONDS: Final = 1.0
"""How long a terminal that takes no output may hold up the end of a process that is told to end."""


class LastScreen:
    """The frame that was left, on the screen from `show` until Textual draws, or until `give_back`.

    Args:
        config_file: The file that --config names.
        profile: Whose account; empty for the usual one.

    Attributes:
        modes: While it is on the screen, the keyboard's modes as they were; whoever takes the terminal over takes them
            from here.
    """

    def __init__(self, config_file: Path | None, profile: str) -> None:
        self._config_file = config_file
        self._profile = profile
        self.modes: list[int | list[bytes | int]] | None = None

    def show(self) -> None:
        """Write the frame if there is one that still holds; it is gone from the disk in any case."""
        with suppress(
            GynetixError, OSError, UnicodeError, termios.error
        ):  # what matters is told soon, by who needs it
            file, terms = self._look()
            left = file.read_text(encoding="utf-8")
            file.unlink(missing_ok=True)
            said, _, frame = left.partition("\n")
            if terms and said == terms and os.tcgetpgrp(_KEYBOARD) == os.getpgrp():
                self._take(frame)

    def keep(self, frame: str) -> None:
        """Leave a frame for the next start."""
        with suppress(GynetixError, OSError):
            file, terms = self._look()
            if terms:
                descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{FILE}.")  # mode 0600
                with open(descriptor, "w", encoding="utf-8") as new:
                    new.write(f"{terms}\n{frame}")
                os.replace(name, file)

    def give_back(self) -> None:
        """Nobody has taken the terminal over: make it what it was."""
        modes, self.modes = self.modes, None
        if modes:
            with suppress(OSError, termios.error):
                termios.tcflush(_KEYBOARD, termios.TCIFLUSH)  # it was typed for the client, not for the shell
                termios.tcsetattr(_KEYBOARD, termios.TCSANOW, modes)
                os.write(_SCREEN, _LEAVE)

    def _look(self) -> tuple[Path, str]:
        """Where the frame lies, and what it holds for; empty where none may be shown."""
        settings = load_settings(existing_config(self._config_file), os.environ, self._profile)
        store = standard_paths(settings.profile).store_file
        file, folder = store.with_name(FILE), store.parent.stat()
        # It goes to the terminal as it is: nobody else may have been able to write it.
        is_private = folder.st_uid == os.getuid() and not folder.st_mode & 0o077
        # The log is there as long as another client has the store open, which may change it at any time.
        in_use = any(store.with_name(store.name + ending).exists() for ending in ("-wal", "-journal"))
        # A command for the key runs before the screen opens, and may ask for its own password.
        wanted = settings.terminal.last_screen and not settings.gateway.api_key_command
        if not wanted or not is_private or in_use or not store.exists():
            return file, ""
        status = store.stat()
        terminal = [os.environ.get(name) for name in _VARIABLES], "TMUX" in os.environ
        known = zlib.crc32(repr(settings).encode()), status.st_ino, status.st_mtime_ns, status.st_size
        return file, repr((__version__, os.get_terminal_size(_SCREEN), terminal, known))

    def _take(self, frame: str) -> None:
        modes = termios.tcgetattr(_KEYBOARD)
        self.modes = termios.tcgetattr(_KEYBOARD)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._end)
        # What is typed waits for Textual as it was typed. Ctrl+C ends the start as ever; Ctrl+Z and Ctrl+\ are keys, as later.
        modes[0] &= ~(termios.ICRNL | termios.IXON)
        modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
        never = bytes([os.fpathconf(_KEYBOARD, "PC_VDISABLE")])
        for place, value in ((termios.VMIN, 1), (termios.VSUSP, never), (termios.VQUIT, never)):
            modes[6][place] = value
        termios.tcsetattr(_KEYBOARD, termios.TCSANOW, modes)
        output = (_ENTER + frame).encode()
        while output:
            output = output[os.write(_SCREEN, output) :]

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Told to end, end as the signal does, with the terminal as it was."""
        del frame
        signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _STALLED_SECONDS)  # SIGALRM ends it, too
        self.give_back()
        os.kill(os.getpid(), number)
