"""One connection to the store's file: every SQL statement of the program goes through here."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gynetix_tui.errors import StoreError

APPLICATION_ID = 0x47594E58
"""Written into the file's header ("GYNX"), so that no other program's database is taken for ours."""

BUSY_MILLISECONDS = 5000
"""How long a statement waits for another process that is writing."""

Value = str | int | float | bytes | None
Row = tuple[Value, ...]

_FAILURES = (sqlite3.Error, UnicodeError, OverflowError)
"""The last two: a lone surrogate, and a number of more than 64 bits, which SQLite has no place for."""


class Connection:
    """A connection that speaks in `StoreError`s and never leaves a transaction half done.

    SQLite allows one writer at a time. A transaction therefore begins with BEGIN IMMEDIATE: a deferred one
    that reads before it writes gets SQLITE_BUSY at once, whatever the timeout says.
    """

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self._raw = raw
        self._path = path

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Connection:
        """Open the file, making it with mode 0600 where there is none.

        Raises:
            StoreError: The file cannot be made or opened, or is no database.
        """
        try:
            if not read_only:
                # SQLite would make it with the umask's mode; its -wal and -shm files copy the mode of this.
                # A file that exists is not opened here: closing it would end every lock of this process on
                # it (POSIX), and another process might then remove the log that we are writing to.
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
            raw = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=BUSY_MILLISECONDS / 1000,
            )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The store {path} cannot be opened: {_reason(error)}.") from error
        connection = cls(raw, path)
        try:
            connection.run("PRAGMA foreign_keys = ON")
            if read_only:
                connection.run("PRAGMA query_only = ON")
        except StoreError:
            raw.close()
            raise
        return connection

    def prepare_for_writing(self) -> None:
        """Make the file private and choose how it is written; to be called once it is known to be ours."""
        for file in (self._path, *(self._path.with_name(self._path.name + end) for end in ("-wal", "-shm"))):
            with suppress(OSError):  # it is not there, or somebody else's, and then theirs to look after
                if file.stat().st_mode & 0o077:
                    file.chmod(0o600)
        deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
        while True:
            try:
                self._raw.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.Error as error:
                # SQLite itself does not wait here for another process that is doing the same.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise self._failed(error) from error
            time.sleep(0.01)
        # NORMAL may lose the last commits at a power cut; a claim that is lost could send a text twice.
        self.run("PRAGMA synchronous = FULL")

    def all(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run a statement and return all its rows."""
        try:
            return self._raw.execute(sql, values).fetchall()
        except _FAILURES as error:
            raise self._failed(error) from error

    def one(self, sql: str, values: Sequence[Value] = ()) -> Row | None:
        """Run a statement and return its first row, or None where it has none."""
        rows = self.all(sql, values)
        return rows[0] if rows else None

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        try:
            return self._raw.execute(sql, values).rowcount
        except _FAILURES as error:
            raise self._failed(error) from error

    def insert(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Run an INSERT and return the new row's id."""
        try:
            row = self._raw.execute(sql, values).lastrowid
        except _FAILURES as error:
            raise self._failed(error) from error
        if row is None:
            raise StoreError(f"The store {self._path} did not take a row.")
        return row

    def many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run a statement once for each row of values."""
        try:
            self._raw.executemany(sql, rows)
        except _FAILURES as error:
            raise self._failed(error) from error

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open on this connection."""
        return self._raw.in_transaction

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing of it; a block inside another belongs to the outer one.

        Raises:
            StoreError: The file is busy, full, read-only or broken; nothing was changed.
        """
        if self.in_transaction:
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # Disk-full and I/O errors end the transaction by themselves; a second ROLLBACK would fail.
            if self._raw.in_transaction:
                self.run("ROLLBACK")
            raise

    def data_version(self) -> int:
        """A number that changes when another connection has written (SQLite's PRAGMA data_version)."""
        row = self.one("PRAGMA data_version")
        return row[0] if row and isinstance(row[0], int) else 0

    def close(self) -> None:
        """Close the connection; a write-ahead log that nobody else uses is folded back into the file."""
        self._raw.close()

    def _failed(self, error: Exception) -> StoreError:
        return StoreError(f"The store {self._path} failed: {_reason(error)}.")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
