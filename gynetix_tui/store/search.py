"""Searching all that was said: through the index where there is one, by reading every text where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from gynetix_tui.errors import StoreBusy, StoreError, StoreUnwritable
from gynetix_tui.model import OUTBOX_RANK, ContactId, Direction, ItemKey
from gynetix_tui.store.connection import Connection, Row, Value
from gynetix_tui.store.files import suspect
from gynetix_tui.store.fulltext import FullText
from gynetix_tui.store.terms import Term, has_all, parse, spans

_BATCH = 500
"""Texts read at once where each has to be looked at here."""
_LAST = (1 << 63) - 1
_COLUMNS = "m.id, m.contact_id, m.ts, m.rank, m.direction, m.text"


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that was found.

    Attributes:
        key: Its place in its conversation, for `Conversations.starting_at`.
        text: Raw.
        spans: Where what was looked for stands in `text`: (begin, end) in characters, in order. A text that is
            cleaned for showing has other places: there `terms.spans` finds them.
    """

    contact_id: ContactId
    key: ItemKey
    direction: Direction
    text: str
    spans: tuple[tuple[int, int], ...]

    @property
    def ts(self) -> int:
        """When it was said, epoch seconds."""
        return self.key.ts

    @property
    def message_id(self) -> int | None:
        """Its row among the gateway's messages; None for a text of ours that the gateway has not shown."""
        return None if self.key.rank == OUTBOX_RANK else self.key.row


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of hits ended.

    Attributes:
        ours: Among the texts of ours that the gateway has not shown, which come first.
        row: The last one looked at.
    """

    ours: bool
    row: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the texts that were found.

    Attributes:
        hits: Newest first.
        next: Where the next page begins, or None where this is the last.
    """

    hits: tuple[Hit, ...] = ()
    next: Place | None = None


class Search:
    """Looks through `messages`, and through those texts of ours that the gateway has not shown.

    These are few, and change: they are read, and not indexed. Once seen they are messages.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._index = FullText(connection)
        self._failed = False

    @property
    def indexed(self) -> bool:
        """Whether the index is used; else a search in a million texts takes half a second, and tells é from e."""
        return not self._failed and self._index.usable

    def find(
        self, query: str, *, contact_id: ContactId | None = None, limit: int = 50, after: Place | None = None
    ) -> Page:
        """Find texts that have everything that is asked for.

        Pages come in the order in which the texts came into the store, latest first, and each page in the order in
        which they were said: sorting all that a common word finds takes a third of a second.

        Args:
            query: Words and beginnings of words, and phrases in quotes; see `terms.parse`. No input is an error.
            contact_id: Whose conversation is looked through; all, where it is None.
            limit: How many at most.
            after: The `next` of the page before.

        Raises:
            StoreError: The store cannot be read.
        """
        terms = parse(query)
        hits: list[Hit] = []
        if not terms or limit < 1:
            return Page()
        if after is None or after.ours:
            hits = self._ours(terms, contact_id, limit, after.row if after else _LAST)
            if len(hits) == limit:
                return Page(_in_order(hits), Place(True, hits[-1].key.row))
            after = None
        theirs = self._theirs(terms, contact_id, limit - len(hits), after.row if after else _LAST)
        more = len(hits) + len(theirs) == limit
        return Page(_in_order(hits + theirs), Place(False, theirs[-1].key.row) if more else None)

    def _ours(
        self, terms: Sequence[Term], contact_id: ContactId | None, limit: int, before: int
    ) -> list[Hit]:
        whose, values = _whose(contact_id)
        rows = self._connection.all(
            f"SELECT id, contact_id, CAST(created_at AS INTEGER), {OUTBOX_RANK}, 'OUT', text FROM outbox AS m"  # noqa: S608 - constants
            f" WHERE state NOT IN ('seen', 'discarded') AND id < ?{whose} ORDER BY id DESC",
            (before, *values),
        )
        found = [row for row in rows if has_all(str(row[-1]), terms)]
        return self._hits(found[:limit], terms)

    def _theirs(
        self, terms: Sequence[Term], contact_id: ContactId | None, limit: int, before: int
    ) -> list[Hit]:
        by_word = [term for term in terms if term.words]
        if by_word and self.indexed:
            try:
                return self._by_index(terms, by_word, contact_id, limit, before)
            except (StoreUnwritable, StoreBusy):
                raise
            except StoreError:
                self._failed = True
                suspect(self._connection.path)  # the index is made anew at the next start
        return self._by_reading(terms, contact_id, limit, before)

    def _by_index(
        self,
        terms: Sequence[Term],
        by_word: Sequence[Term],
        contact_id: ContactId | None,
        limit: int,
        before: int,
    ) -> list[Hit]:
        wanted = "text : (" + " AND ".join(_quoted(term) for term in by_word) + ")"
        if contact_id is not None:
            wanted += f' AND contact_id : "{contact_id}"'
        others = [term.text for term in terms if not term.words]
        rows = self._connection.all(
            # CROSS, so that it is the index that is walked through, and its order needs no sorting.
            f"SELECT {_COLUMNS} FROM found CROSS JOIN messages AS m ON m.id = found.rowid"  # noqa: S608 - constants
            f" WHERE found MATCH ? AND found.rowid < ?{' AND instr(m.text, ?)' * len(others)}"
            " ORDER BY found.rowid DESC LIMIT ?",
            (wanted, before, *others, limit),
        )
        return self._hits(rows, terms)

    def _by_reading(
        self, terms: Sequence[Term], contact_id: ContactId | None, limit: int, before: int
    ) -> list[Hit]:
        whose, values = _whose(contact_id)
        # Letters and digits alone: none of LIKE's signs is among them.
        likely = [f"%{word}%" for term in terms for word in term.words if word.isascii()]
        others = [term.text for term in terms if not term.words]
        sql = (
            f"SELECT {_COLUMNS} FROM messages AS m{'' if contact_id is None else ' INDEXED BY messages_in_order'}"  # noqa: S608 - constants
            f" WHERE m.id < ?{whose}{' AND instr(m.text, ?)' * len(others)}{' AND m.text LIKE ?' * len(likely)}"
            " ORDER BY m.id DESC LIMIT ?"
        )
        found: list[Row] = []
        while len(found) < limit:
            rows = self._connection.all(sql, (before, *values, *others, *likely, _BATCH))
            found += [row for row in rows if has_all(str(row[-1]), terms)]
            if len(rows) < _BATCH:
                break
            before = cast("int", rows[-1][0])
        return self._hits(found[:limit], terms)

    def _hits(self, rows: Sequence[Row], terms: Sequence[Term]) -> list[Hit]:
        return [
            Hit(
                contact_id=ContactId(cast("int", contact)),
                key=ItemKey(cast("int", ts), cast("int", rank), cast("int", id_)),
                direction=Direction(cast("str", direction)),
                text=cast("str", text),
                spans=spans(cast("str", text), terms),
            )
            for id_, contact, ts, rank, direction, text in rows
        ]


def _in_order(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(hits, key=lambda hit: hit.key, reverse=True))


def _whose(contact_id: ContactId | None) -> tuple[str, tuple[Value, ...]]:
    return ("", ()) if contact_id is None else (" AND m.contact_id = ?", (contact_id,))


def _quoted(term: Term) -> str:
    """A term in FTS5's language, in which nothing of what was typed has a meaning of its own."""
    phrase = " ".join(term.words).replace('"', '""')
    return f'"{phrase}"{"*" if term.beginning else ""}'
