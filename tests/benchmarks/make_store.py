"""Make a HOME with a store of any size, for measuring.

    python tests/benchmarks/make_store.py FOLDER --contacts 20 --messages 10000

The first contact, Ana Torres, gets all the messages; each other one gets one. The same words each time.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
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


def messages(count: int, *, until: float, seed: int = 1) -> Iterator[NewMessage]:
    """Texts of one to forty words, one in fourteen with an emoji, a quarter of an hour apart."""
    chance = random.Random(seed)
    for number in range(count):
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 40)))
        if chance.random() < 0.07:
            text += f" {chance.choice(EMOJI)}"
        direction = Direction.IN if chance.random() < 0.5 else Direction.OUT
        ts = int(until) - 900 * (count - number)
        yield NewMessage(ts, 0, direction, f"{text} {number}", TimeSource.TS, "", False, ())


def fill(store: Store, *, contacts: int, count: int, now: float) -> None:
    """Fill an empty store."""
    for number in range(contacts):
        name = "Ana Torres" if number == 0 else f"Contact {number:05d}"
        contact_id = store.contacts.add(PhoneNumber(f"+1555{number:07d}"), name, now=now - number)
        store.messages.add(contact_id, messages(count if number == 0 else 1, until=now - number), now=now)
        store.contacts.refresh_summary(contact_id)


def main(words: list[str]) -> int:
    """Make the folder; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contacts", type=int, default=20)
    parser.add_argument("--messages", type=int, default=10_000)
    wanted = parser.parse_args(words)
    data = private_folder(wanted.folder / ".local/share/gynetix-tui")
    with Store.open(data / "store.db") as store, store.transaction():
        fill(store, contacts=wanted.contacts, count=wanted.messages, now=time.time())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
