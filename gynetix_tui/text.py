"""Foreign text made safe to show, and texts made comparable.

Whatever came from outside (messages, names, reasons, pastes, error bodies) may hold codes that a terminal
obeys: it could write the clipboard, set the title, or turn the line around. `clean` and `clean_line` stand at
every edge where such text is shown, copied, logged or exported; the store keeps texts as they came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from typing import Final

MAX_TEXT: Final = 10_000
"""Characters of one shown text: six times the longest SMS, and short enough to wrap within a frame."""
MAX_LINE: Final = 300
"""Characters of one shown line: wider than any terminal that one reads on."""
TAB_COLUMNS: Final = 4
MAX_MARKS: Final = 8
"""Marks on one letter. Real scripts stack four or five; "zalgo" stacks hundreds over its neighbours. Vowel signs and
the like count as well: the screen is measured as if they took no cell, and in most terminals they take one."""
MAX_EMOJI_JOINS: Final = 3
"""Joiners in one emoji. The longest that Unicode recommends (a family of four, a kiss) has three; terminals
count the cells of longer chains in ways that differ by dozens."""

_Ranges = tuple[tuple[int, int], ...]


def _points(ranges: _Ranges) -> Iterable[int]:
    return chain.from_iterable(range(first, last + 1) for first, last in ranges)


def _class(ranges: _Ranges) -> str:
    """The ranges as the inside of a character class of `re`."""
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)


# Nothing in these ranges is touched, moved or joined, so that a text made of them alone needs no work.
_PLAIN: Final[_Ranges] = (
    (0x20, 0x7E),  # ASCII that prints
    (0xA0, 0xAC),  # Latin-1 up to the soft hyphen
    (0xAE, 0x2FF),  # and after it; Latin Extended, IPA, modifier letters
    (0x370, 0x482),  # Greek and Cyrillic up to its own combining marks
    (0x48A, 0x52F),  # and after them
    (0x2010, 0x2027),  # dashes, quotes, bullets, ellipsis; the line separator comes next
    (0x20A0, 0x20CF),  # currencies
    (0x3040, 0x3098),  # kana up to its combining voiced marks
    (0x309B, 0x30FF),  # and after them
    (0x4E00, 0x9FFF),  # unified ideographs
    (0xAC00, 0xD7A3),  # Hangul syllables
)

_INVISIBLE: Final[_Ranges] = (
    (0xAD, 0xAD),  # soft hyphen: shown by some terminals, not by others
    (0x34F, 0x34F),  # combining grapheme joiner
    (0x61C, 0x61C),  # Arabic letter mark (bidi)
    (0x115F, 0x1160),  # Hangul fillers: wide and empty
    (0x17B4, 0x17B5),  # Khmer inherent vowels, never shown
    (0x180B, 0x180F),  # Mongolian variation selectors and vowel separator
    (0x200B, 0x200B),  # zero-width space
    (0x200E, 0x200F),  # left-to-right and right-to-left marks
    (0x202A, 0x202E),  # bidi embeddings and overrides: "txt.exe" read as "exe.txt"
    (0x2060, 0x206F),  # word joiner, invisible operators, bidi isolates, deprecated format controls
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0D),  # variation selectors other than text and emoji style
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFFB),  # reserved, and interlinear annotation
    (0x13430, 0x1343F),  # Egyptian hieroglyph format controls
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0080, 0xE0FFF),  # more variation selectors, and what Unicode keeps ignorable around them
)

_NONCHARACTERS: Final[_Ranges] = (
    (0xFDD0, 0xFDEF),
    *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
)

# What an emoji is made of (Extended_Pictographic of UTS #51, by block): a joiner between two of them, or a
# style selector after one, means something.
_PICTURES: Final[_Ranges] = (
    (0xA9, 0xA9),
    (0xAE, 0xAE),
    (0x203C, 0x203C),
    (0x2049, 0x2049),
    (0x2122, 0x2122),
    (0x2139, 0x2139),
    (0x2190, 0x21FF),  # arrows
    (0x2300, 0x27BF),  # technical signs to dingbats
    (0x2934, 0x2935),
    (0x2B00, 0x2BFF),
    (0x3030, 0x3030),
    (0x303D, 0x303D),
    (0x3297, 0x3297),
    (0x3299, 0x3299),
    (0x1F000, 0x1FAFF),
)

# Scripts whose spelling needs joiners between letters (Unicode chapter 23.2); elsewhere a joiner only makes
# terminals miscount the line.
_JOINING_SCRIPTS: Final[_Ranges] = (
    (0x600, 0x8FF),  # Arabic, Syriac, Thaana, N'Ko
    (0x900, 0xDFF),  # Devanagari to Sinhala
    (0xF00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0x1900, 0x1CFF),  # Limbu to Vedic
    (0xA800, 0xABFF),  # Syloti Nagri to Meetei Mayek
    (0xFB50, 0xFDFF),  # Arabic presentation forms
    (0xFE70, 0xFEFC),
    (0x10A00, 0x11FFF),  # Kharoshthi and the Brahmic scripts of the supplementary plane
    (0x1E900, 0x1E95F),  # Adlam
)

# They too take no cell of their own: parts of Korean syllables, and marks of Unicode 14 to 17, which Python learns
# late but the tables that the screen is measured with know.
_ALSO_MARKS: Final[_Ranges] = (
    (0x897, 0x897),
    (0xCF3, 0xCF3),
    (0xECE, 0xECE),
    (0x1161, 0x11FF),  # vowels and final consonants of Hangul
    (0x1ACF, 0x1AEB),
    (0xD7B0, 0xD7FF),  # more of them
    (0x10D69, 0x10D6D),
    (0x10EFA, 0x10EFF),
    (0x11241, 0x11241),
    (0x113B8, 0x113C0),
    (0x113C2, 0x113D2),
    (0x113E1, 0x113E2),
    (0x11B60, 0x11B67),
    (0x11F00, 0x11F01),
    (0x11F03, 0x11F03),
    (0x11F34, 0x11F42),
    (0x11F5A, 0x11F5A),
    (0x13440, 0x13455),
    (0x1611E, 0x1612F),
    (0x1E08F, 0x1E08F),
    (0x1E4EC, 0x1E4EF),
    (0x1E5EE, 0x1E5EF),
    (0x1E6E3, 0x1E6F5),
)

_REPLACED: Final[dict[int, str | None]] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},  # ESC shows as ␛
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),  # C1: one byte that does what ESC and a letter do
    **dict.fromkeys(_points(_NONCHARACTERS), "\ufffd"),
    **dict.fromkeys(_points(_INVISIBLE)),
}

_ALL_PLAIN: Final = re.compile(f"[{_class(_PLAIN)}]*")
_ALL_PLAIN_LINES: Final = re.compile(f"[\n{_class(_PLAIN)}]*")
_LINE_END: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_PICTURE: Final = re.compile(f"[{_class(_PICTURES)}]")
_ALSO_MARK: Final = re.compile(f"[{_class(_ALSO_MARKS)}]")
_JOINING_LETTER: Final = re.compile(f"[{_class(_JOINING_SCRIPTS)}]")
# A black flag, the letters of a region and the end tag make the flag of Wales; tags elsewhere hide text.
_TAGS: Final = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)|[\U000e0000-\U000e007f]"
)

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_STYLES = "\ufe0e\ufe0f"
_KEYCAPS = "0123456789#*"
_DOTTED_CIRCLE = "\u25cc"
_LINE_MARK = " ⏎ "
_VIRAMA = 9  # canonical combining class
_CUT_ROOM = 40  # room for the words that say how much was cut


def clean(text: str, *, limit: int = MAX_TEXT) -> str:
    r"""Make foreign text safe to show, keeping its lines.

    The result holds no control character but ``\n``, can be encoded as UTF-8, and cleaning it again changes
    nothing. What people write stays as it is: emoji with their joiners, skin tones and flags, and letters of
    every script; ``[red]`` stays literal and must not be read as markup by whoever shows it.

    Args:
        text: Anything, lone surrogates included.
        limit: The most characters of the result (at least 1); a longer text ends in how much was left off.
    """
    if len(text) <= limit and _ALL_PLAIN_LINES.fullmatch(text):
        return text
    head = text[: limit * 4]  # a bound on the work; the rest could not be shown anyway
    safe = _clean_lines(head)
    unread = len(text) - len(head)
    if not unread and len(safe) <= limit:
        return safe
    if limit <= 2 * _CUT_ROOM:
        return _cut(safe, limit - 1) + "…"
    shown = _cut(safe, limit - _CUT_ROOM)
    return f"{shown} … [{len(safe) - len(shown) + unread} more characters]"


def clean_line(text: str, *, limit: int = MAX_LINE) -> str:
    """Make foreign text safe to show on one line: line ends become " ⏎ ", blanks at both ends go.

    Otherwise as `clean`; a text longer than `limit` ends in "…".
    """
    if len(text) <= limit and _ALL_PLAIN.fullmatch(text):
        return text.strip(" ")
    head = text[: limit * 4]
    parts = (part.strip(" ") for part in _clean_lines(head).split("\n"))
    line = _LINE_MARK.join(part for part in parts if part)
    if len(head) == len(text) and len(line) <= limit:
        return line
    return _cut(line, limit - 1) + "…"


def _cut(safe: str, length: int) -> str:
    """The beginning of a cleaned text, cleaned once more since the cut may have left half an emoji."""
    return _clean_lines(safe[:length])[:length].rstrip(" \n")


def _clean_lines(text: str) -> str:
    # Through UTF-16, two halves of a split pair become their character, a half without its twin U+FFFD.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    visible = _LINE_END.sub("\n", whole).translate(_REPLACED)
    sequenced = _tame_sequences(_TAGS.sub(lambda found: found[1] or "", visible))
    if "\t" not in sequenced:
        return sequenced
    return "\n".join(line.expandtabs(TAB_COLUMNS) for line in sequenced.split("\n"))


def _tame_sequences(text: str) -> str:
    """Keep joiners, style selectors and marks only where they belong to what stands before them.

    Every decision looks only at characters already kept, so that a second pass decides the same.
    """
    kept: list[str] = []
    last = ""  # the last kept character that is no joiner
    joiner = ""  # one that waits for the character after it
    marks = joins = 0
    toned = False
    for character in text:
        if character in (_JOINER, _NON_JOINER):
            joiner = joiner or character
            continue
        is_mark = character >= "\u0300" and _is_mark(character)
        is_tone = _is_skin_tone(character)
        if character in _STYLES:
            if not (last and (last in _KEYCAPS or _PICTURE.match(last))):
                continue
        elif is_mark:
            marks += 1
            if marks > MAX_MARKS:
                continue
        elif is_tone:
            if toned:
                continue  # measured as no cell, and two cells wide wherever it is not the first on its emoji
            toned = True
        else:
            marks = 0
            toned = False
        if joiner and _joins(last, joiner, character, joins):
            kept.append(joiner)
            joins += 1
        elif not is_mark and not is_tone:
            joins = 0
        joiner = ""
        if (is_mark or is_tone) and last in ("", "\n", "\t", " "):
            kept.append(_DOTTED_CIRCLE)  # or it would sit on whatever the screen shows before the text
        kept.append(character)
        last = character
    if joiner and _joins(last, joiner, "", joins):
        kept.append(joiner)
    return "".join(kept)


def _joins(before: str, joiner: str, after: str, joins: int) -> bool:
    """Whether a joiner between these two changes what a reader sees."""
    if not before:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True  # chooses between half letter, ligature and visible virama, at the end of a word too
    if not after:
        return False
    if _PICTURE.match(after):
        emoji = _PICTURE.match(before) is not None or before == "\ufe0f"  # skin tones are pictures too
        return joiner == _JOINER and emoji and joins < MAX_EMOJI_JOINS
    return _is_joining_letter(before) and _is_joining_letter(after)


def _is_joining_letter(character: str) -> bool:
    return bool(_JOINING_LETTER.match(character)) and unicodedata.category(character)[0] in "LM"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or _ALSO_MARK.match(character) is not None


def _is_skin_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


_TWINS: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
    }
)


def fold(text: str) -> str:
    """The form in which two copies of one text are equal, however they travelled.

    Composed by NFC; curly quotes, dashes and the ellipsis become the plain ones that gateways put in their
    place to stay within GSM-7; every run of blanks and line ends (no-break spaces too) becomes one blank, and
    those at both ends go. For comparing only: never shown, never sent.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_TWINS))
    return " ".join(text.split())
