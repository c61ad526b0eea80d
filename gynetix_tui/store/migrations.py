"""The shape of the store's file, as the steps that lead to it.

Each step is run once, in order, in one transaction; `PRAGMA user_version` counts those that a file has had.
A step that has been released is never changed: a new one is added after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from gynetix_tui.errors import StoreBroken, StoreError, StoreTooNew
from gynetix_tui.store import trouble
from gynetix_tui.store.backup import back_up
from gynetix_tui.store.connection import APPLICATION_ID, Connection
from gynetix_tui.store.consent import note_place
from gynetix_tui.store.files import suspect
from gynetix_tui.store.fulltext import make
from gynetix_tui.store.heard import hear_history

Step = Callable[[Connection], None]

_OURS = {"contacts", "messages", "messages_in_order", "outbox", "outbox_waiting", "drafts"}
"""Tables and indexes of every version; a database with all of them is ours, whatever its header says."""


def _tables_of_the_first_version(connection: Connection) -> None:
    connection.run(
        # The columns from last_at on are derived from messages and outbox (`Contacts.refresh_summary`), so that
        # the contact list needs no look at either. An id is never given twice (AUTOINCREMENT): what is under way
        # for a contact that is deleted meanwhile must not be taken for another's.
        """
        CREATE TABLE contacts (
            id             INTEGER PRIMARY KEY AUTOINCREMENT,
            number         TEXT NOT NULL UNIQUE,
            name           TEXT NOT NULL,
            local_number   TEXT,
            suppressed     INTEGER NOT NULL DEFAULT 0,
            pinned         INTEGER NOT NULL DEFAULT 0,
            muted          INTEGER NOT NULL DEFAULT 0,
            archived       INTEGER NOT NULL DEFAULT 0,
            created_at     REAL NOT NULL,
            fetched_at     REAL,
            digest         BLOB NOT NULL DEFAULT x'',
            last_at        REAL NOT NULL,
            last_text      TEXT NOT NULL DEFAULT '',
            last_direction TEXT,
            last_state     TEXT,
            unread         INTEGER NOT NULL DEFAULT 0 CHECK (unread >= 0)
        ) STRICT
        """
    )
    connection.run(
        # No column identifies a message at the gateway: (contact, direction, time, text) and how often it occurs do.
        """
        CREATE TABLE messages (
            id          INTEGER PRIMARY KEY,
            contact_id  INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
            ts          INTEGER NOT NULL,
            rank        INTEGER NOT NULL,
            direction   TEXT NOT NULL CHECK (direction IN ('IN', 'OUT')),
            text        TEXT NOT NULL,
            time_source TEXT NOT NULL,
            date_text   TEXT NOT NULL,
            unread      INTEGER NOT NULL,
            extra       TEXT NOT NULL,
            arrived_at  REAL NOT NULL
        ) STRICT
        """
    )
    connection.run("CREATE INDEX messages_in_order ON messages (contact_id, ts, rank, id)")
    connection.run("CREATE INDEX messages_unread ON messages (contact_id, ts) WHERE unread")
    connection.run(
        """
        CREATE TABLE outbox (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            contact_id  INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
            recipient   TEXT NOT NULL,
            sender      TEXT NOT NULL,
            text        TEXT NOT NULL,
            state       TEXT NOT NULL,
            created_at  REAL NOT NULL,
            left_at     REAL,
            ended_at    REAL,
            attempts    INTEGER NOT NULL DEFAULT 0,
            next_try_at REAL NOT NULL DEFAULT 0,
            reason      TEXT NOT NULL DEFAULT '',
            owner       TEXT NOT NULL DEFAULT '',
            misses      INTEGER NOT NULL DEFAULT 0,
            missing     INTEGER NOT NULL DEFAULT 0,
            message_id  INTEGER REFERENCES messages ON DELETE SET NULL
        ) STRICT
        """
    )
    connection.run("CREATE INDEX outbox_by_contact ON outbox (contact_id, state)")
    connection.run("CREATE INDEX outbox_waiting ON outbox (id) WHERE state IN ('queued', 'sending')")
    connection.run("CREATE UNIQUE INDEX outbox_confirmed ON outbox (message_id) WHERE message_id IS NOT NULL")
    connection.run(
        """
        CREATE TABLE drafts (
            contact_id INTEGER PRIMARY KEY REFERENCES contacts ON DELETE CASCADE,
            text       TEXT NOT NULL,
            updated_at REAL NOT NULL
        ) STRICT
        """
    )


def _indexes_for_many_contacts(connection: Connection) -> None:
    # The contact list in its order, and what its totals are made of: neither needs a look at every contact.
    connection.run("CREATE INDEX contacts_in_order ON contacts (pinned DESC, last_at DESC, id, archived)")
    connection.run(
        "CREATE INDEX contacts_unread ON contacts (unread) WHERE unread > 0 AND NOT muted AND NOT archived"
    )
    connection.run(
        "CREATE INDEX outbox_shown ON outbox (contact_id, id) WHERE state NOT IN ('seen', 'discarded')"
    )


def _full_text_of_messages(connection: Connection) -> None:
    # One row; whether the index holds every message. It is on its own since a table of FTS5 is out of reach where
    # SQLite has none: there it is not made, and one that was made elsewhere stays as it is.
    connection.run("CREATE TABLE search_index (whole INTEGER NOT NULL) STRICT")
    connection.run("INSERT INTO search_index VALUES (0)")
    make(connection)


def _consent(connection: Connection) -> None:
    # Of a plea that was judged the time stays and the text goes: no older one is told again.
    for column in (
        "note TEXT NOT NULL DEFAULT ''",
        "opt_out_text TEXT",
        "opt_out_ts INTEGER",
        "plea_text TEXT",
        "plea_ts INTEGER",
        "hours_hint INTEGER NOT NULL DEFAULT 1",
    ):
        connection.run(f"ALTER TABLE contacts ADD COLUMN {column}")
    # By number: it outlives the contact. `ts` is that of a text that was heard, which stands here once.
    connection.run(
        """
        CREATE TABLE consent_log (
            id     INTEGER PRIMARY KEY AUTOINCREMENT,
            number TEXT NOT NULL,
            at     REAL NOT NULL,
            event  TEXT NOT NULL,
            words  TEXT NOT NULL DEFAULT '',
            ts     INTEGER
        ) STRICT
        """
    )
    note_place(connection)
    connection.run("CREATE INDEX consent_by_number ON consent_log (number)")
    connection.run(
        "CREATE UNIQUE INDEX consent_heard ON consent_log (number, ts, event, words) WHERE ts IS NOT NULL"
    )
    for change in ("UPDATE", "DELETE"):
        connection.run(
            f"CREATE TRIGGER consent_no_{change.lower()} BEFORE {change} ON consent_log"
            " BEGIN SELECT raise(ABORT, 'the log is only added to'); END"
        )
    # The oldest unread text of a conversation without sorting; how many texts went which way, and the last of
    # each, without reading them; and what lately went to a number.
    connection.run("DROP INDEX messages_unread")
    connection.run("CREATE INDEX messages_unread ON messages (contact_id, ts, rank, id) WHERE unread")
    connection.run("CREATE INDEX messages_by_direction ON messages (contact_id, direction, ts, rank)")
    connection.run("CREATE INDEX outbox_by_recipient ON outbox (recipient, created_at)")
    hear_history(connection)


STEPS: tuple[Step, ...] = (
    _tables_of_the_first_version,
    _indexes_for_many_contacts,
    _full_text_of_messages,
    _consent,
)
"""Every step, oldest first. Its length is the version of the file."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `migrate` did.

    Attributes:
        before: The version that the file had; 0 where there was none.
        backup: The copy of the file as it was, or None where nothing was changed in it.
    """

    before: int
    backup: Path | None = None


def migrate(connection: Connection, steps: Sequence[Step] | None = None) -> Migrated:
    """Bring the file to the newest shape; a file that is there already is not written to.

    Args:
        connection: The store.
        steps: Instead of `STEPS`.

    Raises:
        StoreTooNew: The file was written by a newer version of this program.
        StoreBroken: The file is damaged.
        StoreError: The file is another program's, or there is no room for its copy.
    """
    steps = STEPS if steps is None else steps
    version = version_of(connection, steps)
    connection.make_private()
    if version == len(steps):
        return Migrated(version)
    with connection.transaction():
        version = version_of(connection, steps)  # again: another process may have been faster
        if version == len(steps):
            return Migrated(version)
        backup = back_up(connection.path, version) if version else None
        for step in steps[version:]:
            step(connection)
        connection.run(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.run(f"PRAGMA user_version = {len(steps)}")
    return Migrated(version, backup)


def version_of(connection: Connection, steps: Sequence[Step] | None = None) -> int:
    """The version of the file, 0 where it is empty.

    Raises:
        StoreTooNew: The file was written by a newer version of this program.
        StoreBroken: The file is damaged.
        StoreError: The file is another program's.
    """
    steps = STEPS if steps is None else steps
    # One statement, so that another process that is just making the file is seen before or after, not halfway.
    with connection.looking():
        row = connection.one(
            "SELECT application_id, user_version, (SELECT group_concat(name) FROM sqlite_schema)"
            " FROM pragma_application_id, pragma_user_version"
        )
    application, version, names = cast("tuple[int, int, str | None]", row)
    if application == APPLICATION_ID and version > len(steps):
        raise StoreTooNew(
            f"The store was written by a newer version of gynetix-tui (format {version}, this one reads {len(steps)}). "
            "Update gynetix-tui, or name another store."
        )
    if application == APPLICATION_ID and version > 0:
        return version
    if application == APPLICATION_ID or set((names or "").split(",")) >= _OURS:
        suspect(connection.path)
        raise StoreBroken(trouble.damaged(connection.path, "its header is not what was written there"))
    if application or version or names:
        raise StoreError(f"The store's file {connection.path} is a database of another program.")
    return 0
