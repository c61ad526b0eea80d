"""Messages as the gateway returned them: added, never changed in what they say, never removed by an answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from gynetix_tui.model import ContactId, Direction, TimeSource
from gynetix_tui.store.connection import Connection, Row
from gynetix_tui.store.fulltext import FullText


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """What the merge needs to know of a message that is here already.

    Attributes:
        arrived_at: When an answer first held it.
    """

    id: int
    ts: int
    rank: int
    direction: Direction
    text: str
    time_source: TimeSource
    date_text: str
    arrived_at: float = 0.0


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be added.

    Attributes:
        ts: Epoch seconds that it sorts by.
        rank: Its place among the answer's messages of the same second.
        date_text: The gateway's `date`, kept where `ts` does not come from the gateway.
        extra: Fields that the gateway's document does not name.
    """

    ts: int
    rank: int
    direction: Direction
    text: str
    time_source: TimeSource
    date_text: str
    unread: bool
    extra: Sequence[tuple[str, str]]


class Messages:
    """The table `messages`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._full_text = FullText(connection)

    def since(self, contact_id: ContactId, ts: int) -> list[StoredMessage]:
        """The contact's messages of that second and later, in their order."""
        return self._stored("contact_id = ? AND ts >= ?", (contact_id, ts))

    def between(self, contact_id: ContactId, first: int, last: int) -> list[StoredMessage]:
        """The contact's messages of these seconds whose `ts` is the gateway's own, in their order."""
        return self._stored(
            "contact_id = ? AND ts BETWEEN ? AND ? AND time_source = 'ts'", (contact_id, first, last)
        )

    def at(self, contact_id: ContactId, second: int) -> list[StoredMessage]:
        """The contact's messages of one second, in their order."""
        return self._stored("contact_id = ? AND ts = ?", (contact_id, second))

    def are(
        self, contact_id: ContactId, first: int, last: int, expected: Sequence[tuple[int, int, str, str]]
    ) -> bool:
        """Whether `between` would give just these: (ts, rank, direction, text). Five times as fast."""
        rows = self._connection.all(
            "SELECT ts, rank, direction, text FROM messages WHERE contact_id = ? AND ts BETWEEN ? AND ?"
            " AND time_source = 'ts' ORDER BY ts, rank, id",
            (contact_id, first, last),
        )
        return rows == expected

    def without_ts(self, contact_id: ContactId) -> list[StoredMessage]:
        """The contact's messages for which the gateway gave no readable `ts`, in the order they were put into."""
        return self._stored("contact_id = ? AND time_source <> 'ts'", (contact_id,))

    def _stored(self, condition: str, values: tuple[int, ...]) -> list[StoredMessage]:
        return self._connection.read(
            _stored,
            "SELECT id, ts, rank, direction, text, time_source, date_text, arrived_at FROM messages"  # noqa: S608 - a constant
            f" WHERE {condition} ORDER BY ts, rank, id",
            values,
        )

    def exists(self, contact_id: ContactId) -> bool:
        """Whether the gateway ever returned a message of this contact."""
        return (
            self._connection.one("SELECT 1 FROM messages WHERE contact_id = ? LIMIT 1", (contact_id,))
            is not None
        )

    def add(self, contact_id: ContactId, messages: Iterable[NewMessage], *, now: float) -> None:
        """Add messages, and take them into the full-text index; `now` is when they were first seen here."""
        with self._connection.transaction():
            row = self._connection.one("SELECT coalesce(max(id), 0) FROM messages")
            self._connection.many(
                "INSERT INTO messages (contact_id, ts, rank, direction, text, time_source, date_text, unread, extra, arrived_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        contact_id, m.ts, m.rank, m.direction, m.text, m.time_source, m.date_text, m.unread,
                        json.dumps(m.extra) if m.extra else "", now,
                    )
                    for m in messages
                ),
            )  # fmt: skip
            self._full_text.add_after(cast("int", row[0]) if row else 0)

    def set_ranks(self, ranks: Iterable[tuple[int, int]]) -> None:
        """Set the rank of messages, given as (rank, message id)."""
        self._connection.many("UPDATE messages SET rank = ? WHERE id = ?", ranks)

    def mark_read(self, contact_id: ContactId) -> bool:
        """Mark all of the contact's messages read; return whether any was not."""
        return (
            self._connection.run(
                "UPDATE messages SET unread = 0 WHERE contact_id = ? AND unread", (contact_id,)
            )
            > 0
        )

    def mark_unread(self, contact_id: ContactId) -> bool:
        """Mark the contact's newest incoming message unread; return whether there is one."""
        return (
            self._connection.run(
                "UPDATE messages SET unread = 1 WHERE id = (SELECT id FROM messages WHERE contact_id = ?"
                " AND direction = 'IN' ORDER BY ts DESC, rank DESC, id DESC LIMIT 1)",
                (contact_id,),
            )
            > 0
        )


def _stored(row: Row) -> StoredMessage:
    id_, stamp, rank, direction, text, source, date, arrived = row
    return StoredMessage(
        cast("int", id_),
        cast("int", stamp),
        cast("int", rank),
        Direction(cast("str", direction)),
        cast("str", text),
        TimeSource(cast("str", source)),
        cast("str", date),
        cast("float", arrived),
    )
