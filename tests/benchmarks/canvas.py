"""What a terminal shows after some output, kept row by row: most keys change one row, and only that is read anew."""

from __future__ import annotations

import codecs
import re

import pyte

# The emulator knows no string sequences (titles, links, graphics), no private ones but modes, and none with bytes between
# parameters and letter (cursor shapes, questions): it would show them as text.
_UNKNOWN = re.compile(
    "\x1b(?:[\\]P^_X].*?(?:\x07|\x1b\\\\)|\\[[<=>][0-?]*[ -/]*[@-~]|\\[[0-?]*[ -/]+[@-~])",
    re.DOTALL,
)
_CUT_OFF = re.compile("\x1b(?:\\[[0-?]*[ -/]*|[\\]P^_X][^\x07\x1b]*\x1b?|[ -/]*)?\\Z")
_OTHER_SCREEN = re.compile("\x1b\\[\\?1049[hl]")


class Canvas:
    """A drawn screen.

    Attributes:
        rows: The rows, blanks at their ends included.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held = ""
        self.resize(columns, lines)

    def resize(self, columns: int, lines: int) -> None:
        """A new, empty screen: a program that is told of a new size draws all of it."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self.rows = [" " * columns] * lines
        self._screen.dirty.clear()

    def feed(self, output: bytes) -> None:
        """Draw what a program wrote; it may end in the middle of a character or a sequence."""
        text = self._held + self._decode(output)
        cut = _CUT_OFF.search(text)
        self._held = cut[0] if cut else ""
        text = _UNKNOWN.sub("", text.removesuffix(self._held))
        # There is no second screen here: an empty one is near enough.
        self._stream.feed(_OTHER_SCREEN.sub("\x1b[m\x1b[2J\x1b[H", text))
        columns = range(self._screen.columns)
        for y in self._screen.dirty:
            if y < len(self.rows):
                line = self._screen.buffer[y]
                self.rows[y] = "".join(line[x].data for x in columns)
        self._screen.dirty.clear()

    @property
    def state(self) -> tuple[object, ...]:
        """Text and cursor: what a key has to change to be seen."""
        return (*self.rows, self._screen.cursor.x, self._screen.cursor.y)
