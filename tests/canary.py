"""The one key of the tests, and how to find it again wherever it should not be.

Its characters are those that are written differently from place to place: a slash, a digit, a blank, a plus sign, a
letter beyond ASCII. The first eight are enough for a find, so that a key that was cut off, wrapped, or quoted in a
way that nobody thought of, is one too.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

KEY: Final = "CANARY/1 +ß"

_WORD, _REST = KEY[:6], KEY[6:8]
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 256
"""More than the longest spelling that is looked for."""

# Of itself, in a URL (quoted once or often), in JSON, in a Python or C string, in XML, in quoted-printable.
_SLASHES: Final = rb"/|%(?:25)*2f|\\+/|\\+x2f|\\+u002f|&#(?:0*47|x0*2f);|&sol;|=2f"
_AFTER_WORD: Final = re.compile(rb"(?:" + _SLASHES + rb")" + _REST[1].encode(), re.IGNORECASE)
# What a terminal is told between two characters that stand side by side.
_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-B])")
_CLIPBOARD: Final = re.compile(rb"\x1b\]52;[^;\x07\x1b]*;([A-Za-z0-9+/_=-]+)")


def _base64_marks(beginning: bytes) -> set[bytes]:
    """What of its base64 is the same whatever stands before and after it: it can begin at three places of a group."""
    marks = set()
    for before in range(3):
        first = (8 * before + 5) // 6  # the first character made of its bits alone
        end = 8 * (before + len(beginning)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            marks.add(encode(b"\0" * before + beginning)[first:end])
    return marks


_PLAIN: Final = _WORD.encode()
_BEGINNING: Final = KEY[:8]
_MARKS: Final = tuple(
    sorted(
        {
            *_base64_marks(_BEGINNING.encode()),
            *_base64_marks(_BEGINNING.encode("utf-16-le")),
            *_base64_marks(_BEGINNING.encode("utf-16-be")),
            *(_BEGINNING.encode(wide) for wide in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")),
            binascii.hexlify(_BEGINNING.encode()),
            binascii.hexlify(_BEGINNING.encode()).upper(),
        }
    )
)


def holds_key(data: bytes) -> bool:
    """Whether the key, or its beginning, stands in it: plain, quoted, escaped, in UTF-16 or 32, hexadecimal or base64."""
    at = data.find(_PLAIN)
    while at >= 0:
        if _AFTER_WORD.match(data, at + len(_PLAIN)):
            return True
        at = data.find(_PLAIN, at + 1)
    return any(mark in data for mark in _MARKS)


def text_holds_key(text: str) -> bool:
    """`holds_key` of a text, lone surrogates included."""
    return holds_key(text.encode("utf-8", "surrogatepass"))


def output_holds_key(output: bytes) -> bool:
    """`holds_key` of what a terminal was sent: also between colours, and in what is put on the clipboard."""
    if holds_key(output) or (b"\x1b" in output and holds_key(_SEQUENCE.sub(b"", output))):
        return True
    return any(holds_key(_decoded(found[1])) for found in _CLIPBOARD.finditer(output))


def _decoded(payload: bytes) -> bytes:
    whole = payload.rstrip(b"=")
    with suppress(binascii.Error):
        return base64.urlsafe_b64decode(
            whole.translate(bytes.maketrans(b"+/", b"-_")) + b"=" * (-len(whole) % 4)
        )
    return b""


class Searcher:
    """Looks through files, each once for every change of it."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[int, int, int, str]] = {}

    def finds(self, folder: Path, *, leave_out: frozenset[Path] = frozenset()) -> Iterator[Path]:
        """What holds the key, or has it in its name, of the files below a folder, or of one file.

        Args:
            folder: Where to look, or the file; symbolic links are not followed.
            leave_out: Folders that are not looked into.
        """
        try:
            kind = folder.lstat().st_mode
            if not stat.S_ISDIR(kind):
                if self._in_file(folder):
                    yield folder
                return
            entries = list(os.scandir(_opened(folder, 0o700)))
        except FileNotFoundError:  # it has gone meanwhile
            return
        for entry in entries:
            path = Path(entry.path)
            if path in leave_out:
                continue
            if text_holds_key(entry.name):
                yield path
            if entry.is_dir(follow_symlinks=False):
                yield from self.finds(path, leave_out=leave_out)
            elif entry.is_symlink():
                if text_holds_key(os.readlink(path)):
                    yield path
            elif entry.is_file(follow_symlinks=False) and self._in_file(path):
                yield path

    def _in_file(self, path: Path) -> bool:
        try:
            status = path.lstat()
            identity = (status.st_dev, status.st_ino)
            state = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, str(path))
            if not stat.S_ISREG(status.st_mode) or self._seen.get(identity) == state:
                return False
            with open(_opened(path, 0o600), "rb", buffering=0) as file:
                found = _in_stream(file)
        except FileNotFoundError:  # as above
            return False
        if not found:
            self._seen[identity] = state
        return found


def _opened(path: Path, mode: int) -> Path:
    """The path, made readable if a test has left it otherwise: what cannot be read would not be searched."""
    if not os.access(path, os.R_OK) and path.exists():
        path.chmod(mode)
    return path


def _in_stream(file: io.RawIOBase) -> bool:
    # In chunks, not by mmap: a file that another process cuts short meanwhile would end this one.
    kept = b""
    while chunk := file.read(_CHUNK):
        if holds_key(kept + chunk if kept else chunk):
            return True
        kept = chunk[-_OVERLAP:]
    return False
