"""The program's own log: a private file, without the key, without anything a terminal would obey."""

from __future__ import annotations

import io
import logging
import os
import textwrap
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from gynetix_tui.errors import StoreError
from gynetix_tui.settings.paths import private_folder
from gynetix_tui.text import clean, clean_line

LOGGER: Final = "gynetix_tui"
MAX_BYTES: Final = 1_000_000
"""The log is turned over at this size, and one older file is kept."""

# They log whole URLs, and the key is a part of ours.
_SILENCED: Final = ("httpx", "httpcore")
_MAX_RECORD: Final = 10_000


def open_log(file: Path, redact: Callable[[str], str], level: int = logging.INFO) -> logging.Logger:
    """Send what the package logs to a file of its own, and nowhere else.

    Opening again replaces the file. Errors while writing (a full disk) are swallowed: standard error is the
    terminal that the screen is drawn on.

    Args:
        file: The log; its folder is made private.
        redact: Takes the key out of a text (`ApiKey.redact`); it sees each record's final text.
        level: The lowest level written.

    Raises:
        StoreError: The file cannot be opened.
    """
    private_folder(file.parent)
    try:
        handler = _PrivateFile(
            file, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise StoreError(f"The log {file} cannot be written: {error.strerror}.") from error
    handler.setFormatter(_SafeFormatter(redact))
    logger = logging.getLogger(LOGGER)
    close_log()
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    for name in _SILENCED:
        silenced = logging.getLogger(name)
        silenced.setLevel(logging.CRITICAL + 1)  # their children take the level from them
        silenced.propagate = False
    return logger


def close_log() -> None:
    """Close the log's file; what is logged after goes nowhere until the log is opened again."""
    logger = logging.getLogger(LOGGER)
    for handler in [handler for handler in logger.handlers if isinstance(handler, _PrivateFile)]:
        logger.removeHandler(handler)
        # What a full disk did not take is in the stream's buffer still, and fails once more; it is closed all the same.
        with suppress(OSError):
            handler.close()
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # or warnings would go to standard error


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only this user reads, and that never complains on standard error."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)  # one that was left looser
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Do nothing: a traceback on standard error would draw over the screen."""


class _SafeFormatter(logging.Formatter):
    """One record is one line, and its traceback the indented lines after it: no text can forge a record.

    It works on the final text, so that arguments are covered. Of an exception it tells the type and where it came
    from, never its words: they may quote a text, a name or a number.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = f"{when.replace('+00:00', 'Z')} {record.levelname} {record.name}: {record.getMessage()}"
        lines = [clean_line(self._redact(head), limit=_MAX_RECORD)]
        if record.exc_info:
            lines.append(self._block(trace_of(record.exc_info[1])))
        if record.stack_info:
            lines.append(self._block(record.stack_info))
        return "\n".join(lines)

    def _block(self, text: str) -> str:
        return textwrap.indent(clean(self._redact(text), limit=_MAX_RECORD), "    | ", lambda line: True)


def trace_of(error: BaseException | None) -> str:
    """The frames and types of an error and of those that led to it, the first one first."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        part = f"{frames}{type(error).__module__}.{type(error).__qualname__}"
        if isinstance(error, BaseExceptionGroup):
            part += "".join(f", of\n{textwrap.indent(trace_of(each), '  ')}" for each in error.exceptions)
        parts.append(part)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich led to\n".join(reversed(parts))
