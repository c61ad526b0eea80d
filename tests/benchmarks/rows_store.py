"""Rows: the store alone, without screen or engine. A row about it is one function here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from lab import Lab, median, percentile
from table import Figure, Target, row

from gynetix_tui.model import ContactId
from gynetix_tui.store import Store

_WARM = 10
_FIRST_PAGE = 50


@dataclass(frozen=True, slots=True)
class Searches:
    """Seconds for the first page of hits, by what is looked for."""

    beginnings: list[float]
    phrases: list[float]


def searches(lab: Lab) -> Searches:
    """Beginnings of words and phrases that stand in texts of what make_store.py made, in turns."""

    def measure() -> Searches:
        found, chance = Searches([], []), random.Random(1)
        home, _ = lab.made_home
        with Store.open(home.store_file, read_only=True) as store:
            contacts = [contact.id for contact in store.contacts.all()]
            for turn in range(_WARM + lab.times(100, 1000)):
                item = chance.choice(store.conversations.newest(chance.choice(contacts), _FIRST_PAGE))
                words = item.text.split()
                first = chance.randrange(len(words))
                word, phrase = words[first], " ".join(words[first : first + chance.randint(2, 4)])
                beginning = word[: chance.randint(2, max(2, len(word)))]
                times = [_seconds(store, beginning), _seconds(store, f'"{phrase}"')]
                if turn >= _WARM:
                    found.beginnings.append(times[0])
                    found.phrases.append(times[1])
        return found

    return lab.once("searches", measure)


def _seconds(store: Store, query: str) -> float:
    before = time.perf_counter()
    store.search.find(query, limit=_FIRST_PAGE)
    return time.perf_counter() - before


@row("make_store.py, 1,000,000 texts, 10,000 contacts", "s", needs_full=True)
def made(lab: Lab) -> Figure:
    """Time of the one command that makes such a store, index and summaries included."""
    _, seconds = lab.made_home
    return Figure(seconds)


@row("search 1,000,000 for a word's beginning, p99", "ms", Target(10))
def search_beginning(lab: Lab) -> Figure:
    """Time of the store's search for two letters or more of a word, first page of 50 hits: what 99 of 100 do not exceed."""
    return Figure(percentile(searches(lab).beginnings, 0.99) * 1e3)


@row("search 1,000,000 for a phrase, p99", "ms", Target(10))
def search_phrase(lab: Lab) -> Figure:
    """The same for two to four words that stand so in a text."""
    return Figure(percentile(searches(lab).phrases, 0.99) * 1e3)


def _reading(lab: Lab, read: Callable[[Store], object]) -> Figure:
    """Milliseconds of a reading of that store, the median."""
    times = []
    home, _ = lab.made_home
    with Store.open(home.store_file, read_only=True) as store:
        for _ in range(_WARM + lab.times(20, 100)):
            before = time.perf_counter()
            read(store)
            times.append(time.perf_counter() - before)
    return Figure(median(times[_WARM:]) * 1e3)


@row("read the list of 10,000 contacts", "ms")
def all_summaries(lab: Lab) -> Figure:
    """Time to read the rows of all contacts of the list, in its order."""
    return _reading(lab, lambda store: store.contacts.summaries())


@row("read one of 10,000 contacts", "ms")
def one_summary(lab: Lab) -> Figure:
    """Time to read the row of one contact."""
    return _reading(lab, lambda store: store.contacts.summary(ContactId(500)))
