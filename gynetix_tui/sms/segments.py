"""What a text costs: its encoding, its segments, and the characters that make it dearer than it need be.

Two encodings (3GPP TS 23.038 §6.2). GSM-7: septets, of which the characters of the extension table take two.
UCS-2: UTF-16 code units, two for most emoji; one character outside GSM-7 is enough to need it. A text of one
segment holds 160 or 70; each segment of several has a header of 6 octets and holds 153 or 67 (TS 23.040
§9.2.3.24).

Segments are filled greedily, and what belongs together is not split: an escape and the character after it, or the
two halves of a surrogate pair. So 153 brackets are 306 septets and 3 segments, not 2. What a reader sees as one
sign (an emoji of several characters, a letter and its accent) is no unit here: the standard may split between them,
and phones put them together again.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

MOST_MARKS: Final = 100
"""The most characters that `costly` names: a bound on its work, far above what anybody reads one by one."""

# In the order of the tables, as they stand in TS 23.038 §6.2.1 (0x1B is the escape itself and no character).
_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = "\f^{}\\[~]|€"

_ALONE_7, _EACH_7 = 160, 153
_ALONE_16, _EACH_16 = 70, 67
_ESCAPE = "\x1b"
_FOREIGN_SHARE = 5  # a text of which one letter in so many is not GSM-7 is written in another alphabet


class Encoding(StrEnum):
    """How a text goes over the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"
    """Sent as UTF-16 by all that is in use: a character beyond U+FFFF takes two units."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text costs. A unit is a septet (GSM-7) or a UTF-16 code unit (UCS-2).

    Attributes:
        segments: 0 for an empty text.
        used: Units of the whole text.
        capacity: Units that so many segments hold; those of one segment where the text is empty.
        left: Units still free in the last segment. `used` and `left` are less than `capacity` together where a
            pair did not fit at the end of an earlier segment.
    """

    encoding: Encoding
    segments: int
    used: int
    capacity: int
    left: int


class Why(StrEnum):
    """What a character costs."""

    ENCODING = "encoding"
    """It makes the text UCS-2."""
    SEGMENT = "segment"
    """It counts as two septets, and that takes one more segment."""


@dataclass(frozen=True, slots=True)
class Costly:
    """A character that makes a text dearer, or several that are one sign to a reader.

    Attributes:
        start: Where it begins, in characters of the text.
        end: Where it ends.
        name: "curly quote", "emoji", "en dash"; else the Unicode name in lower case.
        without: How many segments the text had if this one and the others that are returned with it were
            replaced by one ordinary character each.
    """

    start: int
    end: int
    name: str
    why: Why
    without: int


def _class(characters: str) -> str:
    return "".join(re.escape(character) for character in characters)


_GSM7: Final = _class(_BASIC + _EXTENSION)
_BEYOND_GSM7: Final = re.compile(f"[^{_GSM7}]")
_TWICE: Final = re.compile(f"[{_class(_EXTENSION)}]")
_AS_SEPTETS: Final = str.maketrans(dict.fromkeys(_EXTENSION, _ESCAPE + "x"))
_IN_GSM7: Final = frozenset(_BASIC + _EXTENSION)

_PICTURE: Final = "[\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299\xa9\xae\U0001f000-\U0001faff]"
# Those of the older blocks that are drawn as emoji by themselves (Emoji_Presentation of UTS #51); of the rest there, the
# arrow and the copyright sign say more by their names.
_DRAWN_AS_EMOJI: Final = re.compile(
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4"
    "\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0"
    "\u27bf\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0010ffff]"
)
# One sign to a reader: keycaps, flags, emoji with style, skin tone, tags and joiners, a letter under its marks.
_SIGN: Final = re.compile(
    rf"""
    (?P<emoji> [0-9#*]\ufe0f?\u20e3
        | [\U0001f1e6-\U0001f1ff]{{2}}
        | {_PICTURE}[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*+
          (?: \u200d {_PICTURE}[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*+ )*+ )
    | [{_GSM7}]? (?P<mark>[\u0300-\u036f]) [\u0300-\u036f]*+
    | (?P<other> [^{_GSM7}] )
    """,
    re.VERBOSE,
)


def measure(text: str) -> Measure:
    """What a text costs. Any `str` will do: a lone surrogate counts one unit."""
    if _BEYOND_GSM7.search(text):
        return _measure_16(text)
    used = len(text)
    if twice := len(_TWICE.findall(text)):
        used += twice
    if used <= _ALONE_7:
        return Measure(Encoding.GSM7, 1 if used else 0, used, _ALONE_7, _ALONE_7 - used)
    if not twice:
        return _several(Encoding.GSM7, used, -(-used // _EACH_7), _EACH_7, -used % _EACH_7)
    septets = text.translate(_AS_SEPTETS)
    segments = start = 0
    while used - start > _EACH_7:
        start += _EACH_7
        if septets[start - 1] == _ESCAPE:
            start -= 1
        segments += 1
    return _several(Encoding.GSM7, used, segments + 1, _EACH_7, _EACH_7 - (used - start))


def _measure_16(text: str) -> Measure:
    octets = text.encode("utf-16-be", "surrogatepass")
    used = len(octets) // 2
    if used <= _ALONE_16:
        return Measure(Encoding.UCS2, 1, used, _ALONE_16, _ALONE_16 - used)
    if used == len(text) and not _SURROGATE.search(text):
        return _several(Encoding.UCS2, used, -(-used // _EACH_16), _EACH_16, -used % _EACH_16)
    segments = start = 0
    while used - start > _EACH_16:
        start += _EACH_16
        # A half whose twin is missing is a unit of its own, and may stand at an end.
        if 0xD8 <= octets[2 * start - 2] <= 0xDB and 0xDC <= octets[2 * start] <= 0xDF:
            start -= 1
        segments += 1
    return _several(Encoding.UCS2, used, segments + 1, _EACH_16, _EACH_16 - (used - start))


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _several(encoding: Encoding, used: int, segments: int, each: int, left: int) -> Measure:
    return Measure(encoding, segments, used, segments * each, left)


def costly(text: str) -> tuple[Costly, ...]:
    """What to mark in a text, in its order; empty where it costs no more than need be. At most `MOST_MARKS`.

    In a text of UCS-2, all that is not GSM-7: one that stayed would undo the rest. But nothing where there is no
    culprit, because the text is written in another alphabet (a fifth of its letters or more are not GSM-7) or
    has nothing but such characters ("你好", "👍👍").

    In a text of GSM-7 that takes more segments than it has characters for, the one that counts two and tips it,
    where replacing that one is enough; else all that count two.
    """
    if _BEYOND_GSM7.search(text):
        return _that_need_ucs2(text)
    return _that_count_twice(text)


def _that_need_ucs2(text: str) -> tuple[Costly, ...]:
    counts = Counter(text)
    letters = foreign_letters = ordinary = 0
    for character, count in counts.items():
        known = character in _IN_GSM7
        if known and not character.isspace():
            ordinary += count
        if character.isalpha():
            letters += count
            foreign_letters += 0 if known else count
    if not ordinary or foreign_letters * _FOREIGN_SHARE >= letters > 0 < foreign_letters:
        return ()
    without = measure(_SIGN.sub("x", text)).segments
    found: list[Costly] = []
    for sign in _SIGN.finditer(text):
        if len(found) == MOST_MARKS:
            break
        picture = sign["emoji"]
        is_emoji = picture and (len(picture) > 1 or _DRAWN_AS_EMOJI.match(picture))
        name = "emoji" if is_emoji else _name_of(picture or sign["mark"] or sign["other"])
        found.append(Costly(sign.start(), sign.end(), name, Why.ENCODING, without))
    return tuple(found)


def _that_count_twice(text: str) -> tuple[Costly, ...]:
    is_now = measure(text)
    if is_now.used == len(text):
        return ()
    by_length = 1 if len(text) <= _ALONE_7 else -(-len(text) // _EACH_7)
    if is_now.segments <= by_length:
        return ()
    # Only what stands no later than where the last segment begins can give it room before it; where one segment
    # would do, that holds more than the first of two, so that any will.
    end = len(text) if is_now.segments == 2 else _start_of_last(text, is_now) + 1
    place = max((found.start() for found in _TWICE.finditer(text, 0, end)), default=-1)
    if place >= 0:
        without = measure(f"{text[:place]}x{text[place + 1 :]}").segments
        if without < is_now.segments:
            return (Costly(place, place + 1, _name_of(text[place]), Why.SEGMENT, without),)
    return tuple(
        Costly(found.start(), found.end(), _name_of(found[0]), Why.SEGMENT, by_length)
        for found, _ in zip(_TWICE.finditer(text), range(MOST_MARKS), strict=False)
    )


def _start_of_last(text: str, is_now: Measure) -> int:
    """Where the last segment of a GSM-7 text begins, in characters."""
    units = _EACH_7 - is_now.left
    place = len(text)
    while units > 0:
        place -= 1
        units -= 2 if _TWICE.match(text, place) else 1
    return place


_NAMES: Final = {
    **dict.fromkeys("‘’‚‛“”„‟", "curly quote"),
    "…": "ellipsis",
    "\t": "tab",
    "`": "backtick",
    "\\": "backslash",
    "\f": "form feed",
}


@lru_cache(maxsize=1024)
def _name_of(character: str) -> str:
    known = _NAMES.get(character) or unicodedata.name(character, "").lower()
    if known:
        return known
    if unicodedata.category(character) == "Cc":
        return "control character"
    return f"character U+{ord(character):04X}"
