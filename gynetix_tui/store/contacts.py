"""Contacts, and the summary of each conversation that the contact list shows."""

from __future__ import annotations

from typing import cast

from gynetix_tui.errors import StoreError
from gynetix_tui.model import (
    Contact,
    ContactId,
    ContactSummary,
    Direction,
    Heard,
    PhoneNumber,
    SendState,
)
from gynetix_tui.store.connection import Connection, Row, Value
from gynetix_tui.store.consent import Consent
from gynetix_tui.store.fulltext import FullText

_CONTACT = (
    "id, number, name, local_number, suppressed, pinned, muted, archived, created_at, fetched_at,"
    " note, opt_out_text, opt_out_ts, plea_text, plea_ts, hours_hint"
)
_CONTACT_COLUMNS = _CONTACT.count(",") + 1
_SUMMARY = f"{_CONTACT}, last_at, last_text, last_direction, last_state, unread, coalesce(drafts.text, '')"
_CONTACTS = f"SELECT {_CONTACT} FROM contacts"  # noqa: S608 - constants of this module
_SUMMARIES = f"SELECT {_SUMMARY} FROM contacts LEFT JOIN drafts ON contact_id = id"  # noqa: S608 - likewise
PREVIEW_CHARACTERS = 200
"""How much of the newest text the summary keeps: no list row shows more."""


class Contacts:
    """The table `contacts`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._full_text = FullText(connection)
        self._consent = Consent(connection)

    def add(
        self, number: PhoneNumber, name: str, *, now: float, local_number: PhoneNumber | None = None
    ) -> ContactId:
        """Add a contact and return its id; what the log of opt-outs says of the number stands from the beginning.

        Raises:
            StoreError: There is one with this number already: one number is one contact.
        """
        if self.find(number):
            raise StoreError(f"There is a contact with the number {number} already.")
        suppressed, opt_out = self._consent.standing(number)
        return ContactId(
            self._connection.insert(
                "INSERT INTO contacts (number, name, local_number, suppressed, opt_out_text, opt_out_ts, created_at, last_at)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                (number, name, local_number, suppressed, *_columns(opt_out), now),
            )
        )

    def get(self, contact_id: ContactId) -> Contact | None:
        """The contact, or None where it has been deleted."""
        return self._one("id = ?", contact_id)

    def find(self, number: PhoneNumber) -> Contact | None:
        """The contact with this number, or None."""
        return self._one("number = ?", number)

    def _one(self, condition: str, value: int | str) -> Contact | None:
        found = self._connection.read(_contact, f"{_CONTACTS} WHERE {condition}", (value,))
        return found[0] if found else None

    def all(self) -> list[Contact]:
        """Every contact, in no order."""
        return self._connection.read(_contact, _CONTACTS)

    def is_empty(self) -> bool:
        """Whether there is no contact at all."""
        return self._connection.one("SELECT 1 FROM contacts LIMIT 1") is None

    def rename(self, contact_id: ContactId, name: str) -> None:
        """Give the contact another name; empty for none."""
        self._connection.run("UPDATE contacts SET name = ? WHERE id = ?", (name, contact_id))

    def set_note(self, contact_id: ContactId, note: str) -> None:
        """Keep what the user wrote about the contact; empty for nothing."""
        self._connection.run("UPDATE contacts SET note = ? WHERE id = ?", (note, contact_id))

    def set_hours_hint(self, contact_id: ContactId, on: bool) -> None:
        """Whether the composer is to tell of quiet hours where the contact lives."""
        self._connection.run("UPDATE contacts SET hours_hint = ? WHERE id = ?", (on, contact_id))

    def set_local_number(self, contact_id: ContactId, local_number: PhoneNumber) -> None:
        """Take a number of ours for this conversation, where nothing was said in it and no gateway can have named one."""
        self._connection.run(
            "UPDATE contacts SET local_number = ?1 WHERE id = ?2 AND (local_number IS NULL"
            " OR NOT EXISTS (SELECT 1 FROM messages WHERE contact_id = ?2))",
            (local_number, contact_id),
        )

    def set_opt_out(self, contact_id: ContactId, opt_out: Heard | None) -> None:
        """Keep the opt-out that stands, or that none does."""
        self._connection.run(
            "UPDATE contacts SET opt_out_text = ?, opt_out_ts = ? WHERE id = ?",
            (*_columns(opt_out), contact_id),
        )

    def set_plea(self, contact_id: ContactId, plea: Heard) -> bool:
        """Keep a text for the user to judge, and return True; False where it is not newer than the last one."""
        return (
            self._connection.run(
                "UPDATE contacts SET plea_text = ?1, plea_ts = ?2 WHERE id = ?3 AND coalesce(plea_ts < ?2, 1)",
                (plea.text, plea.ts, contact_id),
            )
            > 0
        )

    def settle_plea(self, contact_id: ContactId, *, until: int | None = None) -> bool:
        """A text that was to be judged is judged; return whether there was one.

        Args:
            contact_id: Whose.
            until: Only one as old as this or older: a keyword of this time has made it moot.
        """
        return (
            self._connection.run(
                "UPDATE contacts SET plea_text = NULL WHERE id = ?1 AND plea_text IS NOT NULL"
                " AND plea_ts <= coalesce(?2, plea_ts)",
                (contact_id, until),
            )
            > 0
        )

    def delete(self, contact_id: ContactId) -> None:
        """Delete the contact with all that was said, its outbox and its draft."""
        with self._connection.transaction():
            self._full_text.forget(contact_id)
            self._connection.run("DELETE FROM contacts WHERE id = ?", (contact_id,))

    def set_flags(
        self,
        contact_id: ContactId,
        *,
        pinned: bool | None = None,
        muted: bool | None = None,
        archived: bool | None = None,
    ) -> None:
        """Set those of the user's three flags that are given."""
        self._connection.run(
            "UPDATE contacts SET pinned = coalesce(?, pinned), muted = coalesce(?, muted),"
            " archived = coalesce(?, archived) WHERE id = ?",
            (pinned, muted, archived, contact_id),
        )

    def set_suppressed(self, contact_id: ContactId, suppressed: bool) -> None:
        """Keep what the gateway says about further texts to this number."""
        self._connection.run("UPDATE contacts SET suppressed = ? WHERE id = ?", (suppressed, contact_id))

    def note_fetch(
        self, contact_id: ContactId, *, now: float, digest: bytes, local_number: PhoneNumber | None = None
    ) -> None:
        """Keep that the conversation was fetched, the digest of its body, and our own number in it where named."""
        self._connection.run(
            "UPDATE contacts SET fetched_at = ?, digest = ?, local_number = coalesce(?, local_number) WHERE id = ?",
            (now, digest, local_number, contact_id),
        )

    def digest(self, contact_id: ContactId) -> bytes:
        """The digest of the body last merged; empty where there was none."""
        row = self._connection.one("SELECT digest FROM contacts WHERE id = ?", (contact_id,))
        return cast("bytes", row[0]) if row else b""

    def summaries(
        self, *, archived: bool = False, first: int = 0, count: int | None = None
    ) -> list[ContactSummary]:
        """Contacts' rows for the list: pinned first, then by the time of the newest text, newest first.

        Args:
            archived: Whether archived ones are among them.
            first: How many at the list's top to leave out.
            count: How many at most; all, where it is None.
        """
        return self._connection.read(
            _summary,
            f"{_SUMMARIES} WHERE archived <= ? ORDER BY pinned DESC, last_at DESC, id LIMIT ? OFFSET ?",
            (archived, -1 if count is None else count, first),
        )

    def count(self, *, archived: bool = False) -> int:
        """How many contacts the list has."""
        row = self._connection.one("SELECT count(*) FROM contacts WHERE archived <= ?", (archived,))
        return cast("int", row[0]) if row else 0

    def place(self, summary: ContactSummary, *, archived: bool = False) -> int:
        """How many contacts stand before this one in the list, as the list is now.

        A list that is in memory needs no question for it: `list_key` says where in it a row belongs.
        """
        row = self._connection.one(
            # Three parts, so that each is a stretch of the index.
            """
            SELECT (SELECT count(*) FROM contacts WHERE pinned > ?1 AND archived <= ?4)
                + (SELECT count(*) FROM contacts WHERE pinned = ?1 AND last_at > ?2 AND archived <= ?4)
                + (SELECT count(*) FROM contacts WHERE pinned = ?1 AND last_at = ?2 AND id < ?3 AND archived <= ?4)
            """,
            (summary.contact.pinned, summary.last_at, summary.contact.id, archived),
        )
        return cast("int", row[0]) if row else 0

    def summary(self, contact_id: ContactId) -> ContactSummary | None:
        """One contact's row for the list, or None where it has been deleted."""
        found = self._connection.read(
            _summary,
            f"{_SUMMARIES} WHERE id = ?",
            (contact_id,),
        )
        return found[0] if found else None

    def unread_total(self) -> int:
        """How many incoming texts are unread, over all contacts that are neither muted nor archived."""
        row = self._connection.one(
            "SELECT coalesce(sum(unread), 0) FROM contacts WHERE unread > 0 AND NOT muted AND NOT archived"
        )
        return cast("int", row[0]) if row else 0

    def refresh_summary(self, contact_id: ContactId) -> None:
        """Derive the summary anew; to be called in each transaction that changes messages or outbox.

        A new incoming text brings an archived conversation back into the list.
        """
        newest = self._connection.one(
            """
            SELECT at, text, direction, state FROM (
                SELECT * FROM (SELECT ts AS at, 0 AS ours, text, direction, NULL AS state FROM messages WHERE contact_id = ?1
                    ORDER BY ts DESC, rank DESC, id DESC LIMIT 1)
                UNION ALL
                SELECT * FROM (SELECT created_at AS at, 1 AS ours, text, 'OUT', state FROM outbox
                    WHERE contact_id = ?1 AND state NOT IN ('seen', 'discarded')
                    ORDER BY CAST(created_at AS INTEGER) DESC, id DESC LIMIT 1)
            ) ORDER BY CAST(at AS INTEGER) DESC, ours DESC LIMIT 1
            """,
            (contact_id,),
        )
        ts, text, direction, state = newest or (None, "", None, None)
        self._connection.run(
            """
            UPDATE contacts SET last_at = coalesce(?2, created_at), last_text = substr(?3, 1, ?6), last_direction = ?4,
                last_state = ?5, unread = counted.unread, archived = archived AND counted.unread <= contacts.unread
            FROM (SELECT count(*) AS unread FROM messages WHERE contact_id = ?1 AND unread) AS counted
            WHERE id = ?1
            """,
            (contact_id, ts, text, direction, state, PREVIEW_CHARACTERS),
        )


def list_key(summary: ContactSummary) -> tuple[bool, float, ContactId]:
    """Sorts rows as the list has them: for `bisect`, where one row of a list in memory has changed."""
    return not summary.contact.pinned, -summary.last_at, summary.contact.id


def _contact(row: Row) -> Contact:
    number, name, local, suppressed, pinned, muted, archived, created, fetched = row[1:10]
    note, opt_out_text, opt_out_ts, plea_text, plea_ts, hours_hint = row[10:_CONTACT_COLUMNS]
    if not isinstance(created, float):
        raise TypeError("a contact without a time")
    return Contact(
        id=ContactId(cast("int", row[0])),
        number=PhoneNumber(cast("str", number)),
        name=cast("str", name),
        local_number=None if local is None else PhoneNumber(cast("str", local)),
        suppressed=bool(suppressed),
        pinned=bool(pinned),
        muted=bool(muted),
        archived=bool(archived),
        created_at=created,
        fetched_at=cast("float | None", fetched),
        note=cast("str", note),
        opt_out=_heard(opt_out_text, opt_out_ts),
        plea=_heard(plea_text, plea_ts),
        hours_hint=bool(hours_hint),
    )


def _heard(text: Value, ts: Value) -> Heard | None:
    return None if text is None or ts is None else Heard(cast("str", text), cast("int", ts))


def _columns(heard: Heard | None) -> tuple[str | None, int | None]:
    return (heard.text, heard.ts) if heard else (None, None)


def _summary(row: Row) -> ContactSummary:
    last_at, last_text, last_direction, last_state, unread, draft = row[_CONTACT_COLUMNS:]
    return ContactSummary(
        contact=_contact(row),
        last_at=cast("float", last_at),
        last_text=cast("str", last_text),
        last_direction=None if last_direction is None else Direction(cast("str", last_direction)),
        last_state=None if last_state is None else SendState(cast("str", last_state)),
        unread=cast("int", unread),
        draft=cast("str", draft),
    )
