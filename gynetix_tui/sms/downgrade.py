"""Texts made GSM-7 without changing what they say: for the user to look at, never done unasked.

What is put in the place of something else is what a typist would have put there: the straight quote, the hyphen,
three dots, the blank. Nothing that changes meaning, so that most texts stay as they are: ½ is not 1/2 (11½ would
be 111/2), a backtick is no apostrophe, and ç does not lose its cedilla.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from gynetix_tui.sms.segments import Encoding, Measure, measure

_TWINS: Final[dict[int, str]] = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        # Blanks of other widths, and the tab: no terminal, and no phone, shows the difference for sure.
        **dict.fromkeys("\t\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " "),
        **dict.fromkeys("\u202f\u205f\u3000", " "),
        **dict.fromkeys("\v\x85\u2028\u2029", "\n"),
        # What nobody sees, and pastes bring along. Joiners and style selectors mean something in other scripts and
        # in emoji, but a text that holds either does not become GSM-7 anyway.
        **dict.fromkeys("\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff", ""),
        **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", ""),
        # Ligatures come out of PDFs, fullwidth forms from a keyboard left in that mode: the same letters.
        **{chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)},
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    }
)


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A text, and the cheaper one that says the same.

    Attributes:
        was: What `before` costs.
        becomes: What `after` costs: GSM-7, and fewer segments.
    """

    before: str
    after: str
    was: Measure
    becomes: Measure


def downgrade(text: str) -> Downgrade | None:
    """The cheaper text, or None unless it is wholly GSM-7 and saves a segment.

    Characters that are GSM-7 stay as they are; a letter and the accent that follows it become one where GSM-7 has
    it so (an "e" and U+0301 an "é").
    """
    was = measure(text)
    if was.encoding is Encoding.GSM7 or was.segments < 2:
        return None
    after = unicodedata.normalize("NFC", text.translate(_TWINS))
    becomes = measure(after)
    if becomes.encoding is not Encoding.GSM7 or becomes.segments >= was.segments:
        return None
    return Downgrade(text, after, was, becomes)
