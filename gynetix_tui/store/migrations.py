"""The shape of the store's file, as the steps that lead to it.

Each step is run once, in order, in one transaction; `PRAGMA user_version` counts those that a file has had.
A step that has been released is never changed: a new one is added after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from gynetix_tui.errors import StoreError
from gynetix_tui.store.connection import APPLICATION_ID, Connection


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


STEPS: tuple[Callable[[Connection], None], ...] = (_tables_of_the_first_version,)
"""Every step, oldest first. Its length is the version of the file."""


def migrate(connection: Connection) -> None:
    """Bring the file to the newest shape; a file that is there already is not written to.

    Raises:
        StoreError: The file is another program's, or was written by a newer version of this one.
    """
    version = _version(connection)
    connection.prepare_for_writing()
    if version == len(STEPS):
        return
    with connection.transaction():
        version = _version(connection)  # again: another process may have been faster
        for step in STEPS[version:]:
            step(connection)
        connection.run(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.run(f"PRAGMA user_version = {len(STEPS)}")


def _version(connection: Connection) -> int:
    # One statement, so that another process that is just making the file is seen before or after, not halfway.
    row = connection.one(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_application_id, pragma_user_version"
    )
    application, version, tables = (cast("int", value) for value in row or (0, 0, 0))
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError("The store's file is a database of another program.")
    if version > len(STEPS):
        raise StoreError(
            f"The store was written by a newer version of gynetix-tui (format {version}, this one reads {len(STEPS)}). "
            "Update gynetix-tui, or name another store."
        )
    return version
