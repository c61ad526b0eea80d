"""Homes with a store of a size, made anew for each run of the benchmarks and never kept."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from make_store import Language, messages

from gynetix_tui.engine.account import connect
from gynetix_tui.model import ContactId, Direction, PhoneNumber, TimeSource
from gynetix_tui.settings.paths import private_folder
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage

PROGRAM = str(Path(sys.executable).with_name("gynetix-tui"))
LOCAL_NUMBER = PhoneNumber("+15556667777")
CLOSING_WORD = "ENOUGH"
"""Stands at the end of each conversation's newest text, too far right in it for the list of contacts to show."""

_AT_ONCE = 50_000
"""Texts put into the store together."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation to be made.

    Attributes:
        texts: How many texts, a quarter of an hour apart.
        age: Seconds since the newest.
    """

    name: str
    texts: int
    age: float


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder with a store.

    Attributes:
        numbers: The contacts' numbers, in the order in which they were made; their ids are 1, 2, ….
    """

    folder: Path
    numbers: tuple[PhoneNumber, ...]

    @property
    def store_file(self) -> Path:
        return self.folder / ".local/share/gynetix-tui/store.db"

    def environ(self, base_url: str, key: str) -> dict[str, str]:
        """The environment of a client at home here, with an account at a gateway."""
        return terminal_environ(self.folder) | {
            "GYNETIX_BASE_URL": base_url,
            "GYNETIX_API_KEY": key,
            "GYNETIX_FROM": LOCAL_NUMBER,
        }

    def forget_drafts(self) -> None:
        """Leave nothing of what was typed in one run to the next."""
        with Store.open(self.store_file) as store, store.transaction():
            for contact_id in range(1, len(self.numbers) + 1):
                store.drafts.put(ContactId(contact_id), "", now=time.time())

    def note_answers(self, base_url: str, key: str, newest: int) -> None:
        """Have the store know the gateway's answers already, as one does that was in use: each is unchanged, then."""

        async def fetch() -> dict[ContactId, bytes]:
            async with connect(base_url, ApiKey(key)) as gateway:
                answers = {
                    ContactId(number): await gateway.get_conversation(phone=phone)
                    for number, phone in enumerate(self.numbers[:newest], 1)
                }
            return {contact_id: answer.digest for contact_id, answer in answers.items() if answer}

        digests = asyncio.run(fetch())
        with Store.open(self.store_file) as store, store.transaction():
            for contact_id, digest in digests.items():
                store.contacts.note_fetch(
                    contact_id, now=time.time(), digest=digest, local_number=LOCAL_NUMBER
                )


def terminal_environ(home: Path) -> dict[str, str]:
    """The environment of a program in a terminal of today."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }


def make_home(folder: Path, area: int, talks: Sequence[Talk], *, config: str = "") -> Home:
    """Make a home with these conversations.

    Args:
        folder: Where; there must be nothing yet.
        area: Three digits that begin all its numbers, so that homes at one gateway have none in common.
        talks: The conversations.
        config: What stands in config.toml; no such file where it is empty.
    """
    numbers = tuple(PhoneNumber(f"+1{area}{number:07}") for number in range(len(talks)))
    home, words, now = Home(folder, numbers), Language(), time.time()
    private_folder(home.store_file.parent)
    if config:
        settings = private_folder(folder / ".config/gynetix-tui")
        (settings / "config.toml").write_text(config, encoding="utf-8")
    with Store.open(home.store_file) as store, store.transaction():
        for number, (talk, phone) in enumerate(zip(talks, numbers, strict=True)):
            contact_id = store.contacts.add(phone, talk.name, now=now - talk.age)
            texts = _texts(talk, until=now - talk.age, seed=number, words=words)
            while batch := list(itertools.islice(texts, _AT_ONCE)):
                store.messages.add(contact_id, batch, now=now)
            store.contacts.refresh_summary(contact_id)
    return home


def _texts(talk: Talk, *, until: float, seed: int, words: Language) -> Iterator[NewMessage]:
    """A conversation's texts, the same ones each time, and one by which its end is known on the screen."""
    yield from messages(talk.texts - 1, until=until, seed=seed, words=words)
    closing = f"so long, that is all I had to say: {CLOSING_WORD}"
    yield NewMessage(int(until), 0, Direction.IN, closing, TimeSource.TS, "", False, ())
