"""What an incoming text says about being texted: an opt-out keyword, its undoing, or a plea in other words.

A keyword is a text that is just that word, in whatever case and punctuation (47 CFR 64.1200(a)(10) and the carriers'
lists): it locks. A plea is wording that a reasonable person may read as "stop" ("please stop texting me"): it is
shown for the user to judge, and nothing else happens. So a keyword must be certain, and a plea likely: "stop by at
9" and "don't stop!" are neither.

English, because the rule's own keywords are; of other languages only the few Spanish and French phrases that reach
American numbers, and those only as pleas.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

from gynetix_tui.sms.pleas import LAUGH, is_plea

MOST_CHARACTERS: Final = 500
"""Longer texts say nothing here: no keyword is long, and who wants to be left alone says so in few words. This bounds
the work, too: test it first."""


class Said(StrEnum):
    """What a text says about being texted."""

    STOP = "stop"
    """An opt-out keyword and nothing else."""
    START = "start"
    """A keyword that asks to be texted again."""
    HELP = "help"
    """A keyword that asks for help."""
    PLEA = "plea"
    """May ask in its own words to be texted no more."""


_STOPS: Final = frozenset(
    {
        "stop",
        "stopall",
        "stop all",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "revoke",
        "optout",
        "opt out",
    }
)
_STARTS: Final = frozenset({"start", "yes", "unstop"})
_HELPS: Final = frozenset({"help", "info"})
_EVERYDAY: Final = frozenset({"cancel", "end", "quit", "revoke"})
"""Keywords that with a question mark or a picture are everyday talk."""
_LONGEST_KEYWORD: Final = 80  # said a few times over

_AROUND: Final = " \t\r\n.,!?*'\"-"
_WORD: Final = re.compile(r"[^\W_]+")
_UNSEEN: Final = re.compile("[\xad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")


def said(text: str) -> Said | None:
    """What a text says about being texted; None where that is nothing, as almost always."""
    if not text or len(text) > MOST_CHARACTERS:
        return None
    folded = text.lower() if text.isascii() else _folded(text)
    if len(folded.strip(_AROUND)) <= _LONGEST_KEYWORD and (keyword := _keyword(folded)):
        return keyword
    return Said.PLEA if is_plea(folded) else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold()


def _keyword(folded: str) -> Said | None:
    """What the whole text is, where it is one keyword."""
    words = _WORD.findall(folded)
    if not words:
        return None
    if len(words) > 1 and (len(set(words)) == 1 or all(len(word) == 1 for word in words)):
        word = words[0] if len(set(words)) == 1 else "".join(words)  # "STOP STOP", "S.T.O.P."
        if word not in _STOPS:
            return None
    elif len(words) > 1 and all(word in _STOPS for word in words):
        return Said.PLEA  # "STOP, END" and "stop / cancel" are hardly anything else, but no keyword
    else:
        word = " ".join(words)
    if word in _HELPS:
        return Said.HELP
    if word not in _STOPS and word not in _STARTS:
        return None
    # A sign that is no punctuation, or a question, makes it less than certain: "cancel?", "stop 😂".
    laughs = LAUGH.search(folded) is not None
    bare = not laughs and "?" not in folded and not any(_is_symbol(character) for character in folded)
    if word in _STARTS:
        return Said.START if bare else None
    if bare:
        return Said.STOP
    return None if laughs or word in _EVERYDAY else Said.PLEA


def _is_symbol(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in ("So", "Sk", "Cn", "Co", "Sm")
