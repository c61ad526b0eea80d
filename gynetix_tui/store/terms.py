"""What somebody types into a search, and where a text has it. Pure rules.

The index splits texts into words as SQLite's unicode61 does: letters and digits, without case and diacritics. The
patterns here find the same words, for the marks in a text and for what the index does not hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_QUERY: Final = 500
"""Characters of a query that count."""
MAX_TERMS: Final = 20
_SHORTEST_BEGINNING = 2
"""A single letter is a word and not a word's beginning: the index would gather half of all texts for it."""
_MAX_SPANS = 200

_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟″«»", '"') | {"\0": " "})
_TERM: Final = re.compile(r'"([^"]*)("?)|[^\s"]+')
_MARK: Final = "\u0300-\u036f"
_WORD: Final = re.compile(rf"[^\W_](?:[^\W_]|[{_MARK}])*")
# Scripts that are written without blanks: to the index each run of them is one word.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b2ff\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a query; a text is found that has all of them.

    Attributes:
        text: As it was typed.
        words: Its words, one after the other; none where it is looked for letter by letter.
        beginning: The last word may go on.
        pattern: Finds it in a folded text.
    """

    text: str
    words: tuple[str, ...]
    beginning: bool
    pattern: re.Pattern[str]


def parse(query: str) -> tuple[Term, ...]:
    """The terms of a query: words, and phrases in quotes; none for a query of blanks.

    The last word of a term is a beginning, but in a phrase whose quote is closed. What has no words in the sense of
    the index (an emoji, Chinese) is looked for as it stands.

    Args:
        query: Anything, lone surrogates included.
    """
    whole = query[:MAX_QUERY].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    terms = []
    for found in _TERM.finditer(whole.translate(_QUOTES)):
        phrase = found[1] is not None
        text = (found[1] if phrase else found[0]).strip()
        if text:
            terms.append(_term(text, closed=phrase and bool(found[2])))
    return tuple(terms[:MAX_TERMS])


def _term(text: str, *, closed: bool) -> Term:
    words = () if _UNSPACED.search(text) else tuple(_WORD.findall(text))
    if not words:
        return Term(text, (), False, re.compile(re.escape(fold(text))))
    beginning = not closed and len(words[-1]) >= _SHORTEST_BEGINNING
    # No part of the pattern can stand for what the part after it could take too: no text makes it slow.
    between = rf"(?:_|[^\w{_MARK}])[\W_]*"
    inside = between.join(
        "".join(f"{re.escape(letter)}[{_MARK}]*" for letter in fold(word) if not _is_mark(letter))
        for word in words
    )
    end = "" if beginning else r"(?![^\W_])"
    return Term(text, words, beginning, re.compile(rf"(?<![^\W_]){inside}{end}"))


def spans(text: str, terms: Sequence[Term]) -> tuple[tuple[int, int], ...]:
    """Where the terms stand in a text: (begin, end) in characters, in order, none touching another."""
    folded = fold(text)
    found: list[tuple[int, int]] = []
    for term in terms:
        for match in term.pattern.finditer(folded):
            found.append(match.span())
            if len(found) >= _MAX_SPANS:
                break
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def has_all(text: str, terms: Sequence[Term]) -> bool:
    """Whether a text has every one of the terms."""
    folded = fold(text)
    return all(term.pattern.search(folded) for term in terms)


def fold(text: str) -> str:
    """The text without case and diacritics, letter for letter: places in it are places in the text."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


class _Folded(dict[int, int]):
    """What becomes of each letter, found out when it is first met."""

    def __missing__(self, point: int) -> int:
        parts = unicodedata.normalize("NFD", chr(point))
        # A Hangul syllable comes apart as well, into letters.
        base = parts[0] if all(unicodedata.combining(part) for part in parts[1:]) else chr(point)
        lower = base.lower()
        self[point] = ord(lower if len(lower) == 1 else base)
        return self[point]


_FOLDED: Final = _Folded()


def _is_mark(letter: str) -> bool:
    return "\u0300" <= letter <= "\u036f"
