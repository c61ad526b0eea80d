"""A conversation as it is shown: the gateway's messages and, between them, texts of ours that it has not returned.

Every reading is a keyset query over an index: its cost does not grow with the length of the conversation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from gynetix_tui.model import (
    OUTBOX_RANK,
    ContactId,
    Direction,
    Item,
    ItemKey,
    OutboxId,
    SendState,
    TimeSource,
)
from gynetix_tui.store.connection import Connection, Row

_FIRST = ItemKey(-(1 << 62), 0, 0)
_LAST = ItemKey(1 << 62, 0, 0)


def _query(comparison: str, order: str) -> str:
    """Items on one side of a key: ?1 contact, ?2 to ?4 the key, ?5 how many."""
    return f"""
        SELECT * FROM (
            SELECT ts, rank, id, direction, text, time_source, date_text, unread, extra, NULL AS state, '' AS reason, 0 AS missing
            FROM messages WHERE contact_id = ?1 AND (ts, rank, id) {comparison} (?2, ?3, ?4)
            ORDER BY ts {order}, rank {order}, id {order} LIMIT ?5)
        UNION ALL
        SELECT * FROM (
            SELECT CAST(created_at AS INTEGER) AS ts, {OUTBOX_RANK} AS rank, id, 'OUT', text, 'ts', '', 0, '', state, reason, missing
            FROM outbox WHERE contact_id = ?1 AND state NOT IN ('seen', 'discarded')
                AND (CAST(created_at AS INTEGER), {OUTBOX_RANK}, id) {comparison} (?2, ?3, ?4)
            ORDER BY ts {order}, id {order} LIMIT ?5)
        ORDER BY 1 {order}, 2 {order}, 3 {order} LIMIT ?5
    """  # noqa: S608 - constants of this module


_BEFORE = _query("<", "DESC")
_AFTER = _query(">", "ASC")
_FROM = _query(">=", "ASC")


@dataclass(frozen=True, slots=True)
class Statistics:
    """A conversation in figures.

    Attributes:
        incoming: How many texts came in.
        outgoing: How many went out, those that the gateway has taken and not yet returned among them.
        first_at: When the first of all these was, epoch seconds; None where there is none.
        last_at: When the last was.
        last_incoming_at: When they last wrote; None where they never did.
    """

    incoming: int
    outgoing: int
    first_at: float | None
    last_at: float | None
    last_incoming_at: float | None


class Conversations:
    """Reads over `messages` and `outbox` together; items come oldest first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, contact_id: ContactId, limit: int) -> list[Item]:
        """The newest items."""
        return self.before(contact_id, _LAST, limit)

    def oldest(self, contact_id: ContactId, limit: int) -> list[Item]:
        """The oldest items."""
        return self.after(contact_id, _FIRST, limit)

    def before(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        """The items next before a key."""
        return self._items(_BEFORE, contact_id, key, limit)[::-1]

    def after(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        """The items next after a key."""
        return self._items(_AFTER, contact_id, key, limit)

    def starting_at(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        """The item with a key and those next after it."""
        return self._items(_FROM, contact_id, key, limit)

    def first_unread(self, contact_id: ContactId) -> ItemKey | None:
        """The key of the oldest unread item, or None where all are read."""
        row = self._connection.one(
            "SELECT ts, rank, id FROM messages WHERE contact_id = ? AND unread ORDER BY ts, rank, id LIMIT 1",
            (contact_id,),
        )
        return ItemKey(*cast("tuple[int, int, int]", row)) if row else None

    def unread_after(self, contact_id: ContactId, key: ItemKey) -> int:
        """How many unread texts stand after a key."""
        row = self._connection.one(
            "SELECT count(*) FROM messages WHERE contact_id = ? AND unread AND (ts, rank, id) > (?, ?, ?)",
            (contact_id, *key),
        )
        return cast("int", row[0]) if row else 0

    def last_outgoing(self, contact_id: ContactId) -> str:
        """The newest text that we sent here; empty where there is none."""
        row = self._connection.one(
            """
            SELECT text FROM (
                SELECT * FROM (SELECT ts AS at, text FROM messages WHERE contact_id = ?1 AND direction = 'OUT'
                    ORDER BY ts DESC, rank DESC, id DESC LIMIT 1)
                UNION ALL
                SELECT * FROM (SELECT created_at AS at, text FROM outbox WHERE contact_id = ?1 AND state <> 'seen'
                    ORDER BY id DESC LIMIT 1)
            ) ORDER BY at DESC LIMIT 1
            """,
            (contact_id,),
        )
        return cast("str", row[0]) if row else ""

    def last_incoming_at(self, contact_id: ContactId) -> int | None:
        """When they wrote last, or None where they never did."""
        row = self._connection.one(
            "SELECT max(ts) FROM messages WHERE contact_id = ? AND direction = 'IN'", (contact_id,)
        )
        return cast("int | None", row[0]) if row else None

    def statistics(self, contact_id: ContactId) -> Statistics:
        """The conversation in figures: 7 ms where it has 100,000 texts."""
        found = self._connection.read(
            _counted,
            """
            SELECT * FROM
                (SELECT count(*), min(ts), max(ts) FROM messages WHERE contact_id = ?1 AND direction = 'IN'),
                (SELECT count(*), min(ts), max(ts) FROM messages WHERE contact_id = ?1 AND direction = 'OUT'),
                (SELECT count(*), min(created_at), max(created_at) FROM outbox WHERE contact_id = ?1 AND state = 'accepted')
            """,
            (contact_id,),
        )
        return found[0]

    def _items(self, query: str, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        return self._connection.read(_item, query, (contact_id, *key, limit))


def _counted(row: Row) -> Statistics:
    counts = cast("list[int]", list(row[0::3]))
    firsts = [cast("float", each) for each in row[1::3] if each is not None]
    lasts = [cast("float", each) for each in row[2::3] if each is not None]
    return Statistics(
        incoming=counts[0],
        outgoing=counts[1] + counts[2],
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
        last_incoming_at=cast("float | None", row[2]),
    )


def _item(row: Row) -> Item:
    ts, rank, id_, direction, text, source, date, unread, extra, state, reason, missing = row
    key = ItemKey(cast("int", ts), cast("int", rank), cast("int", id_))
    outgoing = direction == Direction.OUT
    if state is not None:
        known: SendState | None = SendState(cast("str", state))
    else:
        known = SendState.SEEN if outgoing else None
    return Item(
        key=key,
        direction=Direction(cast("str", direction)),
        text=cast("str", text),
        time_source=TimeSource(cast("str", source)),
        date_text=cast("str", date),
        unread=bool(unread),
        state=known,
        reason=cast("str", reason),
        missing=bool(missing),
        outbox_id=OutboxId(key.row) if key.rank == OUTBOX_RANK else None,
        extra=tuple((name, value) for name, value in json.loads(cast("str", extra))) if extra else (),
    )
