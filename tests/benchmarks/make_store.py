"""Make a HOME with a store of any size, for measuring.

    python tests/benchmarks/make_store.py FOLDER --contacts 20 --messages 10000
    python tests/benchmarks/make_store.py FOLDER --contacts 10000 --messages 1000000 --spread

The first contact, Ana Torres, gets all the messages; each other one gets one. With --spread everybody gets some, Ana
a tenth and most people a few, in the words of a language that has as many as people use. The same words each time.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from gynetix_tui.model import Direction, PhoneNumber, TimeSource
from gynetix_tui.settings.paths import private_folder
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage

WORDS = [
    "see",
    "you",
    "at",
    "nine",
    "the",
    "clinic",
    "is",
    "closed",
    "on",
    "monday",
    "thanks",
    "sounds",
    "good",
    "running",
    "late",
    "where",
    "are",
    "you",
    "now",
    "ok",
]
EMOJI = "😄👍🎻🌍"
_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ter",
    "san",
    "vo",
    "re",
    "plu",
    "ne",
    "shi",
    "bra",
    "to",
    "un",
    "del",
    "ga",
    "wes",
    "fi",
    "ur",
    "an",
    "so",
]
_LANGUAGE = 20_000
_AT_ONCE = 50_000
"""Texts taken in together: the full-text index sorts as many in memory."""


class Language:
    """Words of which the commonest are the shortest, each used as often as its rank has it (Zipf)."""

    def __init__(self) -> None:
        chance = random.Random(3)
        words: set[str] = set()
        while len(words) < _LANGUAGE:
            words.add("".join(chance.choices(_SYLLABLES, k=chance.choice((1, 2, 2, 3, 3, 4)))))
        self._words = sorted(words, key=lambda word: (len(word) // 3, chance.random()))
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(_LANGUAGE)))

    def text(self, chance: random.Random) -> str:
        """Two to twenty words."""
        return " ".join(chance.choices(self._words, cum_weights=self._weights, k=chance.randint(2, 20)))


def messages(
    count: int, *, until: float, seed: int = 1, words: Language | None = None
) -> Iterator[NewMessage]:
    """Texts of one to forty words, one in fourteen with an emoji, a quarter of an hour apart."""
    chance = random.Random(seed)
    for number in range(count):
        text = words.text(chance) if words else " ".join(chance.choices(WORDS, k=chance.randint(1, 40)))
        if chance.random() < 0.07:
            text += f" {chance.choice(EMOJI)}"
        direction = Direction.IN if chance.random() < 0.5 else Direction.OUT
        ts = int(until) - 900 * (count - number)
        yield NewMessage(ts, 0, direction, f"{text} {number}", TimeSource.TS, "", False, ())


def shares(contacts: int, count: int) -> list[int]:
    """How many messages each contact gets: the first a tenth, and the more the earlier it comes; none gets none."""
    if contacts == 1:
        return [count]
    weights = [1 / (number + 20) for number in range(contacts - 1)]
    most = count // 10
    scale = max(0, count - most - contacts + 1) / sum(weights)
    found = [most, *(1 + int(weight * scale) for weight in weights)]
    found[1] += count - sum(found)
    return found


def fill(store: Store, *, contacts: int, count: int, now: float, spread: bool = False) -> None:
    """Fill an empty store."""
    words = Language() if spread else None
    each = shares(contacts, count) if spread else [count, *[1] * (contacts - 1)]
    for number, texts in enumerate(each):
        name = "Ana Torres" if number == 0 else f"Contact {number:05d}"
        contact_id = store.contacts.add(PhoneNumber(f"+1555{number:07d}"), name, now=now - number)
        made = messages(texts, until=now - number, seed=number + 1, words=words)
        while batch := list(itertools.islice(made, _AT_ONCE)):
            store.messages.add(contact_id, batch, now=now)
        store.contacts.refresh_summary(contact_id)


def main(words: Sequence[str]) -> int:
    """Make the folder; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contacts", type=int, default=20)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--spread", action="store_true", help="to all contacts, in the words of a language")
    wanted = parser.parse_args(words)
    began = time.monotonic()
    file = private_folder(wanted.folder / ".local/share/gynetix-tui") / "store.db"
    with Store.open(file) as store, store.transaction():
        fill(store, contacts=wanted.contacts, count=wanted.messages, now=time.time(), spread=wanted.spread)
    size = os.path.getsize(file) / 1e6
    print(f"{file}: {size:,.0f} MB in {time.monotonic() - began:.1f} s")  # noqa: T201 - its output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
