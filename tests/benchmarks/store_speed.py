"""How fast a large store is searched, and its contact list read and patched.

    python tests/benchmarks/make_store.py FOLDER --contacts 10000 --messages 1000000 --spread
    python tests/benchmarks/store_speed.py FOLDER

The store is only read; what is written is taken back. Without FOLDER's own words nothing is found: what is looked
for stands in its texts.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from make_store import messages

from gynetix_tui.model import ContactId
from gynetix_tui.store import Store
from gynetix_tui.store.search import Place

Query = Callable[[list[str]], str]
_PAGE = 50


def queries(chance: random.Random) -> Iterator[tuple[str, Query]]:
    """Kinds of queries, each made of the words of a text."""

    def beginning(length: int) -> Query:
        return lambda words: chance.choice([word for word in words if len(word) >= length] or words)[:length]

    def phrase(length: int, *, open_end: bool = False) -> Query:
        def made(words: list[str]) -> str:
            first = chance.randrange(max(1, len(words) - length + 1))
            part = " ".join(words[first : first + length])
            return f'"{part[:-1]}' if open_end else f'"{part}"'

        return made

    yield "a letter (a whole word)", beginning(1)
    for length in range(2, 7):
        yield f"the first {length} letters of a word", beginning(length)
    yield "a word", lambda words: f'"{chance.choice(words)}"'
    yield (
        "the beginnings of two words",
        lambda words: " ".join(word[:4] for word in chance.choices(words, k=2)),
    )
    yield "a phrase of two words", phrase(2)
    yield "a phrase of three words", phrase(3)
    yield "a phrase being typed", phrase(3, open_end=True)
    yield "what is nowhere", lambda words: words[0] + "qqq"


def table(title: str, rows: Sequence[tuple[str, list[float], str]]) -> None:
    """Print times, given in seconds, as milliseconds."""
    print(f"\n{title:<44}{'p50 ms':>9}{'p99 ms':>9}{'most':>9}")  # noqa: T201 - its output
    for name, times, note in rows:
        times.sort()
        half, most = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(f"{name:<44}{half * 1e3:9.2f}{most * 1e3:9.2f}{times[-1] * 1e3:9.2f}  {note}")  # noqa: T201


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def searches(
    store: Store, times: int, *, whose: Sequence[ContactId | None]
) -> list[tuple[str, list[float], str]]:
    """Time the first page of each kind of query."""
    chance = random.Random(1)
    last = store.contacts.count(archived=True)
    rows = []
    for name, query in queries(chance):
        taken: list[float] = []
        hits = 0
        while len(taken) < times:
            contact = chance.choice(whose)
            item = chance.choice(
                store.conversations.newest(contact or ContactId(chance.randint(1, last)), _PAGE)
            )
            wanted = query(item.text.split())
            before = time.perf_counter()
            page = store.search.find(wanted, contact_id=contact, limit=_PAGE)
            taken.append(time.perf_counter() - before)
            hits += len(page.hits)
        rows.append((name, taken, f"{hits / times:.0f} hits"))
    return rows


def pages(store: Store, times: int) -> list[tuple[str, list[float], str]]:
    """Time the later pages of a common word."""
    taken: list[float] = []
    place: Place | None = None
    while len(taken) < times:
        before = time.perf_counter()
        page = store.search.find("an", limit=_PAGE, after=place)
        taken.append(time.perf_counter() - before)
        place = page.next
    return [("the next page of a common word", taken, "")]


def readings(store: Store, times: int) -> list[tuple[str, list[float], str]]:
    """Time searches that the index is no help for."""
    return [
        (name, [seconds(lambda query=query: store.search.find(query)) for _ in range(times)], "")  # type: ignore[misc]
        for name, query in (("an emoji, common", "😄"), ("Chinese, nowhere", "東京"))
    ]


def lists(store: Store, times: int) -> list[tuple[str, list[float], str]]:
    """Time what the contact list needs."""
    contacts = store.contacts
    last = contacts.count(archived=True)
    chance = random.Random(2)
    some = [ContactId(chance.randint(1, last)) for _ in range(times)]
    known = [summary for each in some if (summary := contacts.summary(each))]
    return [
        (
            "all of it",
            [seconds(contacts.summaries) for _ in range(max(5, times // 20))],
            f"{last:,} contacts",
        ),
        ("50 rows of its top", [seconds(lambda: contacts.summaries(count=50)) for _ in some], ""),
        (
            "50 rows of its end",
            [seconds(lambda: contacts.summaries(first=last - 50, count=50)) for _ in some],
            "",
        ),
        ("one row", [seconds(lambda each=each: contacts.summary(each)) for each in some], ""),  # type: ignore[misc]
        ("a row's place", [seconds(lambda row=row: contacts.place(row)) for row in known], ""),  # type: ignore[misc]
        ("the unread total", [seconds(contacts.unread_total) for _ in some], ""),
        ("how many there are", [seconds(contacts.count) for _ in some], ""),
    ]


class Undone(Exception):
    """Ends a transaction without keeping anything."""


def writes(store: Store, times: int) -> list[tuple[str, list[float], str]]:
    """Time what is written, and take it back."""
    found: dict[str, list[float]] = {"a text added, with its summary": [], "1,000 texts added": []}
    chance = random.Random(3)
    last = store.contacts.count(archived=True)
    for name, count in zip(found, (1, 1000), strict=True):
        for _ in range(times if count == 1 else max(3, times // 20)):
            contact = ContactId(chance.randint(1, last))

            def work(contact: ContactId = contact, count: int = count) -> None:
                store.messages.add(contact, messages(count, until=time.time()), now=time.time())
                store.contacts.refresh_summary(contact)

            try:
                with store.transaction():
                    found[name].append(seconds(work))
                    raise Undone
            except Undone:
                pass
    return [(name, taken, "without the commit") for name, taken in found.items()]


def main(words: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=200)
    wanted = parser.parse_args(words)
    file = wanted.folder / ".local/share/gynetix-tui/store.db"
    with Store.open(file, read_only=True) as store:
        table("search, first page of 50, in everything", searches(store, wanted.times, whose=[None]))
        table("search in the largest conversation", searches(store, wanted.times, whose=[ContactId(1)]))
        small = [ContactId(each) for each in range(100, 1000, 50)]
        table("search in a small conversation", searches(store, wanted.times, whose=small))
        table("search, later pages", pages(store, wanted.times))
        table("search by reading", readings(store, 10))
        table("the list of contacts", lists(store, wanted.times))
    with Store.open(file) as store:
        table("writing", writes(store, wanted.times))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
