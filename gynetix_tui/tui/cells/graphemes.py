"""Text as cells: what fills one, what fills two, and whose width terminals disagree about."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import split_graphemes

from gynetix_tui.tui.cells.doubt import Doubt

REST = ""
"""Stands in the second cell of what fills two."""

_WIDEST: Final = 2
"""The most cells that a terminal gives to one character."""

# Which single characters every terminal draws in one cell. Among them are those that East Asian settings make
# wide ("ambiguous": dashes, Greek, Cyrillic, lines): a terminal set so shifts everything that Textual draws.
_NARROW: Final = (
    (0x20, 0x7E),
    (0xA0, 0xAC),
    (0xAE, 0x2FF),  # Latin and its phonetic letters
    (0x370, 0x482),  # Greek, Cyrillic
    (0x48A, 0x52F),
    (0x531, 0x58F),  # Armenian
    (0x10D0, 0x10FF),  # Georgian
    (0x1E00, 0x1FFE),  # more Latin, Greek
    (0x2010, 0x2027),  # dashes, quotes, bullet, ellipsis
    (0x2030, 0x203B),
    (0x203D, 0x2048),
    (0x20A0, 0x20BF),  # currencies
    (0x2400, 0x2426),  # pictures of control characters
    (0x2500, 0x25A9),  # lines and blocks
    (0x2713, 0x2713),  # the mark of a text that was accepted
    (0x2800, 0x28FF),
    (0xFFFD, 0xFFFD),
)
# Which every terminal draws in two.
_WIDE: Final = (
    (0x3001, 0x3029),
    (0x3041, 0x3096),
    (0x309B, 0x30FF),  # kana
    (0x3105, 0x312F),
    (0x3400, 0x4DB5),
    (0x4E00, 0x9FEF),  # ideographs
    (0xAC00, 0xD7A3),  # Hangul syllables
    (0xFF01, 0xFF60),  # full-width forms
    (0xFFE0, 0xFFE6),
)


@lru_cache(4096)
def reach(grapheme: str) -> int:
    """How many cells a terminal may give to a grapheme on whose width they disagree; 0 where they agree.

    No terminal draws a character wider than two cells. So what follows within this reach, and nothing beyond, may be
    painted over, and is written after it.
    """
    if len(grapheme) == 1:
        point = ord(grapheme)
        if any(first <= point <= last for first, last in (*_NARROW, *_WIDE)):
            return 0
    return _WIDEST * len(grapheme)


@lru_cache(2048)
def cells_of(text: str) -> tuple[str, ...]:
    """The text's graphemes cell by cell; after one that fills two stands `REST`.

    What fills none (a mark without its letter) goes into the cell before it, or is left out where there is none.

    Raises:
        Doubt: It holds a character that controls the terminal.
    """
    cells: list[str] = []
    spans, _ = split_graphemes(text)
    for start, end, width in spans:
        grapheme = "".join(_safe(character) for character in text[start:end])
        if width:
            cells.append(grapheme)
            cells.extend([REST] * (width - 1))
        elif cells:
            head = len(cells) - 1
            while cells[head] == REST:
                head -= 1
            cells[head] += grapheme
    return tuple(cells)


def _safe(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        raise Doubt(f"control character U+{ord(character):04X}")
    # Half of a pair that UTF-16 makes of one character; it cannot be written as UTF-8.
    return "\ufffd" if category == "Cs" else character
