"""What the tests of a store in trouble share: a store with something of everything, and what is in one."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from store_kit import START, message, queue

from gynetix_tui.model import ConsentEntry, ConsentEvent, Heard, ItemKey, PhoneNumber, SendState
from gynetix_tui.store import Store

NOW = START + 1_000_000
PAGE = 4096
_STATES = tuple(SendState)


@dataclass(frozen=True, slots=True)
class Precious:
    """What nobody else has: contacts by number, drafts by contact, texts of ours that are not settled by id."""

    contacts: dict[str, str]
    drafts: dict[int, str]
    texts: dict[int, str]
    log: dict[int, str]
    asides: dict[str, str]
    """What else is kept of each contact that has a name: by number."""


def number(n: int) -> PhoneNumber:
    return PhoneNumber(f"+1555{n:07d}")


def fill(file: Path, *, contacts: int = 100, messages: int = 15) -> None:
    """A store with contacts, drafts, and a text of ours in every state; several pages of each."""
    dice = random.Random(contacts)
    with Store.open(file) as store, store.transaction():
        for n in range(contacts):
            contact = store.contacts.add(number(n), f"Name {n} " + "é" * dice.randrange(80), now=START)
            store.messages.add(
                contact,
                [message(f"{k} " + "m" * dice.randrange(150), START + k) for k in range(messages)],
                now=START,
            )
            if n % 3 == 0:
                store.contacts.set_note(contact, f"note {n} " + "n" * dice.randrange(99))
                store.contacts.set_opt_out(contact, Heard(f"stop {n}", n))
                store.contacts.set_hours_hint(contact, False)
                store.contacts.set_plea(contact, Heard(f"please stop {n}", n))
                for event in ConsentEvent:
                    store.consent.add(ConsentEntry(number(n), START, event, f"words {n}"))
                store.drafts.put(contact, f"draft {n} " + "d" * dice.randrange(300), now=START)
            text = queue(store, contact, f"text {n} " + "t" * dice.randrange(160))
            store._connection.run(
                "UPDATE outbox SET state = ?, recipient = ? WHERE id = ?",
                (_STATES[n % len(_STATES)], number(n), text),
            )
            store.contacts.refresh_summary(contact)


def precious(file: Path) -> Precious:
    raw = sqlite3.connect(file)
    try:
        return Precious(
            dict(raw.execute("SELECT number, name FROM contacts")),
            dict(raw.execute("SELECT contact_id, text FROM drafts")),
            dict(raw.execute("SELECT id, text FROM outbox WHERE state NOT IN ('seen', 'discarded')")),
            dict(raw.execute("SELECT id, number || at || event || words FROM consent_log")),
            dict(
                raw.execute(
                    "SELECT number, note || coalesce(opt_out_text || opt_out_ts || plea_text || plea_ts, '') || hours_hint"
                    " FROM contacts WHERE name <> ''"
                )
            ),
        )
    finally:
        raw.close()


def read_all(file: Path) -> None:
    """Read whatever the screen and the engine read."""
    with Store.open(file, read_only=True) as store:
        for summary in store.contacts.summaries(archived=True):
            contact = summary.contact.id
            store.conversations.newest(contact, 1000)
            store.conversations.after(contact, ItemKey(0, 0, 0), 1000)
            store.conversations.first_unread(contact)
            store.messages.since(contact, 0)
            store.outbox.unmatched(contact)


def overwritten(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def page_with(content: bytes, text: bytes) -> int:
    """Where the last page begins that has this in it."""
    return content.rindex(text) // PAGE * PAGE


def beside(file: Path) -> set[str]:
    """The endings of the files that stand beside the store."""
    return {each.name.removeprefix(file.name) for each in file.parent.iterdir()} - {""}


def run(script: str, *words: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own; whatever it cannot do is the test's failure."""
    ended = subprocess.run(
        [sys.executable, "-c", script, *(os.fspath(word) if isinstance(word, Path) else str(word) for word in words)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended
