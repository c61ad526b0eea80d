"""How the store's file is written: with a write-ahead log where that works, with a rollback journal elsewhere.

The log is ten times faster and lets readers read while one writes. Its index lies in memory that all
processes map: that does not reach over a network, and some file systems cannot do it at all.
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from pathlib import Path

from gynetix_tui.errors import StoreBusy, StoreError, StoreUnwritable
from gynetix_tui.store.connection import APPLICATION_ID, BUSY_MILLISECONDS, Connection
from gynetix_tui.store.mounts import file_system, is_shared
from gynetix_tui.store.trouble import is_about_the_log


def on_shared_files(path: Path) -> bool:
    """Whether the store lies where no log may be used."""
    return is_shared(file_system(path))


def settle(path: Path) -> None:
    """Choose how a store is written from now on; to be called where nobody else is using it.

    What cannot be written now is left as it is: it can be read, and the first write will say why it fails.

    Raises:
        StoreError: The file is damaged, or busy.
    """
    with suppress(StoreUnwritable):
        if on_shared_files(path):
            leave_log(path)
            return
        try:
            _take_log(path)
        except StoreError as error:
            if not isinstance(error, StoreUnwritable) and not is_about_the_log(error):
                raise
            leave_log(path)


def leave_log(path: Path) -> None:
    """Fold a log back into the file, and keep a rollback journal from now on.

    Raises:
        StoreError: The file is damaged, or cannot be written.
    """
    with closing(Connection.open(path)) as connection:
        # Before anything is read: then the log's index is private memory, and no shared one is needed.
        connection.run("PRAGMA locking_mode = EXCLUSIVE")
        connection.run("PRAGMA journal_mode = DELETE")


def _take_log(path: Path) -> None:
    with closing(Connection.open(path)) as connection:
        if connection.journal_mode() == "wal":
            with connection.transaction():
                return  # the store can be read where only the beginning of a write shows that the log does not work
        if _switched(connection):
            with connection.transaction():
                connection.run(
                    f"PRAGMA application_id = {APPLICATION_ID}"
                )  # as it is: a write that changes nothing


def _switched(connection: Connection) -> bool:
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            return connection.one("PRAGMA journal_mode = WAL") == ("wal",)
        except StoreBusy:
            if time.monotonic() > deadline:
                return False  # the journal it has is slower, and just as safe
            # For another process that is doing the same. SQLite's own patience does not cover this statement.
            time.sleep(0.01)
