"""Whether a JSON text may be read into objects at all: three bytes of it can become a hundred in memory."""

from __future__ import annotations

import re
from typing import Final

DEEPEST: Final = 64
MOST_CONTAINERS: Final = 300_000
"""Objects and lists; a message is one."""
MOST_MARKS: Final = 3_000_000
"""Brackets, colons and commas: as many values, give or take."""
MOST_KEYS: Final = 10_000
"""In one object."""

_SLICE: Final = 256 * 1024
_MARKS: Final = b"[]{},:"
_NO_MARKS: Final = bytes(byte for byte in range(256) if byte not in _MARKS)
_INNERMOST: Final = re.compile(rb"\[[,:]*+\]|\{[,:]*+\}")
_MANY_KEYS: Final = re.compile(rb"\{[,:]{%d}" % (2 * MOST_KEYS))


def is_bounded(text: bytes) -> bool:
    """Whether a JSON text is within the limits above; what is no JSON may be either.

    Only C loops over the bytes: an answer may have tens of megabytes.
    """
    marks = _marks(text)
    if len(marks) > MOST_MARKS or marks.count(b"{") + marks.count(b"[") > MOST_CONTAINERS:
        return False
    # Each round takes the innermost containers out; what is left of the keys around them stays.
    for _ in range(DEEPEST):
        if _MANY_KEYS.search(marks):
            return False
        marks, removed = _INNERMOST.subn(b"", marks)
        if not removed:
            break
    return not (b"[" in marks or b"{" in marks)


def _marks(text: bytes) -> bytes:
    """The brackets, colons and commas that stand outside of strings; no more than tells that there are too many."""
    # Without escapes every quote begins or ends a string, so that each second piece lies between strings.
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = bytearray()
    inside = False
    # In slices, since the pieces of the whole would take ten times its size.
    for start in range(0, len(bare), _SLICE):
        pieces = bare[start : start + _SLICE].split(b'"')
        marks += b"".join(pieces[inside::2]).translate(None, delete=_NO_MARKS)
        if len(marks) > MOST_MARKS:
            break
        inside ^= len(pieces) % 2 == 0
    return bytes(marks)
