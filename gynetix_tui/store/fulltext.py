"""The full-text index over the messages: kept in the transactions that change them, and never worth more than they are.

An external-content FTS5 table: it holds words and where they are, and the texts stay in `messages`. Statements here
keep it, and no triggers: a trigger runs once for each row, which makes adding 300,000 messages ten times as slow.

What goes wrong in the index costs the index alone: it is marked as not whole, nobody uses it any more, and the next
start makes it anew. The transaction that meets the damage is lost, as a passing trouble: done again, it leaves the
index alone. What is written where SQLite has no FTS5 is not in the index, which is then not whole either.
"""

from __future__ import annotations

from typing import Final

from gynetix_tui.errors import StoreBroken, StoreBusy, StoreError, StoreUnwritable
from gynetix_tui.model import ContactId
from gynetix_tui.store import trouble
from gynetix_tui.store.connection import Connection, Value
from gynetix_tui.store.consent import note_place
from gynetix_tui.store.files import suspect

NO_FULL_TEXT: Final = (
    "SQLite has no full-text index (FTS5) here: a search reads every text, and tells é from e"
)
"""For who asks what is wrong on this machine."""

_TABLES: Final = ("found", "found_data", "found_idx", "found_config")
# The contact is a column of the index: a search in one conversation would else look up the contact of each text that
# has the word. Beginnings of two to four letters have indexes of their own: without the last, the commonest words of
# four letters take 20 ms in a million texts instead of 6, and the file is a tenth smaller. No ranking, so no sizes.
_MADE = (
    "CREATE VIRTUAL TABLE found USING fts5(text, contact_id, content=messages, content_rowid=id,"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3 4', columnsize=0)"
)
_FILLED = "INSERT INTO found (rowid, text, contact_id) SELECT id, text, contact_id FROM messages"


class FullText:
    """The table `found`, and what is known of its state."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def exists(self) -> bool:
        """Whether the store is of a version that may have one."""
        return self._connection.one("SELECT 1 FROM sqlite_schema WHERE name = 'search_index'") is not None

    @property
    def usable(self) -> bool:
        """Whether it holds every message, and can be read here."""
        return self._connection.full_text and self._is_whole()

    def add_after(self, message_id: int) -> None:
        """Take in the messages that were added after this one; to be called in their transaction."""
        # In the order of their ids: FTS5 gathers words in memory only for as long as ids grow.
        self._change(f"{_FILLED} WHERE id > ? ORDER BY id", (message_id,))

    def forget(self, contact_id: ContactId) -> None:
        """Leave out a contact's messages; to be called in their transaction, before they are deleted."""
        self._change(
            "INSERT INTO found (found, rowid, text, contact_id)"
            " SELECT 'delete', id, text, contact_id FROM messages WHERE contact_id = ? ORDER BY id",
            (contact_id,),
        )

    def distrust(self) -> None:
        """Have it made anew by the next `mend`."""
        self._connection.run("UPDATE search_index SET whole = 0")

    def mend(self) -> None:
        """Make it anew where it is not whole; 10 seconds for a million messages.

        To be called where nobody else is using the store.

        Raises:
            StoreError: The store takes nothing, or is damaged elsewhere than in the index.
        """
        if not self.exists or not self._connection.full_text or self._is_whole():
            return
        try:
            with self._connection.transaction():
                self._make()
        except (StoreUnwritable, StoreBusy):
            raise
        except StoreError:
            self.remove()
            with self._connection.transaction():
                self._make()

    def _make(self) -> None:
        self._connection.run("DROP TABLE IF EXISTS found")
        make(self._connection)

    def remove(self) -> None:
        """Take it out of a store whose other tables are whole, whatever state it is in.

        Raises:
            StoreError: The store takes nothing, or is damaged elsewhere than in the index.
        """
        # Dropping a table reads all of its pages, of which one may be the broken one. So only its entry goes, and the
        # file is written anew without what then belongs to nobody.
        with self._connection.transaction():
            self.distrust()
            self._connection.run("PRAGMA writable_schema = ON")
            self._connection.many("DELETE FROM sqlite_schema WHERE name = ?", [(name,) for name in _TABLES])
        self._connection.run("PRAGMA writable_schema = RESET")
        self._connection.run("VACUUM")
        note_place(self._connection)

    def _is_whole(self) -> bool:
        return self._connection.one("SELECT whole FROM search_index") == (1,)

    def _change(self, sql: str, values: tuple[Value, ...]) -> None:
        if not self._is_whole():
            return
        if not self._connection.full_text:
            self.distrust()
            return
        self._connection.risk(self.distrust)
        try:
            self._connection.run(sql, values)
        except (StoreUnwritable, StoreBusy):
            raise
        except StoreError as error:
            # FTS5 has many codes for an index that it cannot read; one is that of a broken constraint.
            path = self._connection.path
            suspect(path)
            raise StoreBroken(trouble.damaged(path, trouble.reason(error.__cause__))) from error


def make(connection: Connection) -> None:
    """Make the index of all messages, where SQLite can; to be called inside a transaction."""
    if connection.full_text:
        connection.run(_MADE)
        connection.run(f"{_FILLED} ORDER BY id")
        connection.run("UPDATE search_index SET whole = 1")
