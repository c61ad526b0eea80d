"""What happened between us and each number about being texted: a log that is only ever added to.

It is kept by number and not by contact, so that a contact who is deleted and added again is still who they were.
"""

from __future__ import annotations

from typing import Final, cast

from gynetix_tui.model import ConsentEntry, ConsentEvent, Contact, Heard, PhoneNumber
from gynetix_tui.store.connection import Connection, Row

GATEWAYS_WORD: Final = (
    ConsentEvent.SUPPRESSION_GRANTED,
    ConsentEvent.GATEWAY_SUPPRESSES,
    ConsentEvent.GATEWAY_ALLOWS,
)
"""Events after which it is known whether the gateway sends a number any texts; the last one counts."""


LOG: Final = "consent_log"
_PLACE: Final = "consent_log at"


class Consent:
    """The table `consent_log`; the database itself refuses to change or delete what stands in it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entry: ConsentEntry) -> None:
        """Add a line; what was heard and stands in the log already is not written twice."""
        self._connection.run(
            "INSERT INTO consent_log (number, at, event, words, ts) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (entry.number, entry.at, entry.event, entry.words, entry.ts),
        )

    def of(self, number: PhoneNumber) -> list[ConsentEntry]:
        """The lines about a number, in the order they were written, the oldest first."""
        return self._connection.read(
            _entry,
            "SELECT number, at, event, words, ts FROM consent_log WHERE number = ? ORDER BY id",
            (number,),
        )

    def gateways_word(self, number: PhoneNumber) -> ConsentEntry | None:
        """The last of `GATEWAYS_WORD` about a number, or None where there is none."""
        found = self._connection.read(
            _entry,
            "SELECT number, at, event, words, ts FROM consent_log WHERE number = ? AND event IN (?, ?, ?)"
            " ORDER BY id DESC LIMIT 1",
            (number, *GATEWAYS_WORD),
        )
        return found[0] if found else None

    def last_keyword(self, number: PhoneNumber) -> ConsentEntry | None:
        """The newest STOP or START that was heard from a number, by the time of the text; or None."""
        found = self._connection.read(
            _entry,
            "SELECT number, at, event, words, ts FROM consent_log WHERE number = ? AND ts IS NOT NULL AND event IN (?, ?)"
            " ORDER BY ts DESC, id DESC LIMIT 1",
            (number, ConsentEvent.STOP_HEARD, ConsentEvent.START_HEARD),
        )
        return found[0] if found else None

    def standing(self, number: PhoneNumber) -> tuple[bool, Heard | None]:
        """What the log says of a number that is added: whether it is suppressed, and its opt-out that stands."""
        word = self.gateways_word(number)
        suppressed = word is not None and word.event is not ConsentEvent.GATEWAY_ALLOWS
        last = self.last_keyword(number)
        stopped = last is not None and last.event is ConsentEvent.STOP_HEARD
        return suppressed, Heard(last.words, last.ts) if stopped and last and last.ts is not None else None


def note_place(connection: Connection) -> None:
    """Keep on which page the log begins, where a repair finds it that knows the first version's tables alone.

    `sqlite_sequence` is one of these, and takes rows of anybody.
    """
    connection.run("DELETE FROM sqlite_sequence WHERE name = ?", (_PLACE,))
    connection.run(
        "INSERT INTO sqlite_sequence (name, seq) SELECT ?, rootpage FROM sqlite_schema WHERE name = 'consent_log'",
        (_PLACE,),
    )


FIND_PLACE: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'consent_log at'"
"""Gives what `note_place` has kept."""


def why_locked(contact: Contact) -> str:
    """Why a contact may not be texted, as the reason of a text that waited; empty where it may be."""
    if contact.opt_out is not None:
        return f"they texted {' '.join(contact.opt_out.text.split())}"
    return "suppressed at the gateway" if contact.suppressed else ""


def _entry(row: Row) -> ConsentEntry:
    number, at, event, words, ts = row
    return ConsentEntry(
        number=PhoneNumber(cast("str", number)),
        at=cast("float", at),
        event=ConsentEvent(cast("str", event)),
        words=cast("str", words),
        ts=cast("int | None", ts),
    )
