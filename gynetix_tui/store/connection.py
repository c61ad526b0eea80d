"""One connection to the store's file: every SQL statement of the program goes through here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

from gynetix_tui.errors import StoreBroken, StoreBusy, StoreError
from gynetix_tui.store import trouble
from gynetix_tui.store.files import companions, suspect

APPLICATION_ID = 0x47594E58
"""Written into the file's header ("GYNX"), so that no other program's database is taken for ours."""

BUSY_MILLISECONDS = 5000
"""How long a statement waits for another process that is writing."""
_CACHE_KIB = 512
"""Of the file, kept by a connection for itself, beside what the system keeps; SQLite's own number is 2,000."""

Value = str | int | float | bytes | None
Row = tuple[Value, ...]
T = TypeVar("T")

_FAILURES = (sqlite3.Error, UnicodeError, OverflowError)
"""The last two: a lone surrogate, and a number of more than 64 bits, which SQLite has no place for."""


class Connection:
    """A connection that speaks in `StoreError`s and never leaves a transaction half done.

    SQLite allows one writer at a time. A transaction therefore begins with BEGIN IMMEDIATE: a deferred one
    that reads before it writes gets SQLITE_BUSY at once, whatever the timeout says.
    """

    def __init__(self, raw: sqlite3.Connection, path: Path, *, full_text: bool = True) -> None:
        self._raw = raw
        self._path = path
        self._full_text = None if full_text else False
        self._risks: list[Callable[[], None]] = []

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, full_text: bool = True) -> Connection:
        """Open the file, making it with mode 0600 where there is none.

        Args:
            path: The file.
            read_only: Whether every write is refused.
            full_text: Whether SQLite's full-text module may be used, where it has it.

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
            raise trouble.when_opening(error, path) from error
        connection = cls(raw, path, full_text=full_text)
        try:
            connection.run("PRAGMA foreign_keys = ON")
            if read_only:
                connection.run("PRAGMA query_only = ON")
        except StoreError:
            raw.close()
            raise
        return connection

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def full_text(self) -> bool:
        """Whether this SQLite has the full-text module (FTS5); without it, a table of it cannot even be dropped."""
        if self._full_text is None:
            self._full_text = self.one("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'") is not None
        return self._full_text

    def make_private(self) -> None:
        """Let nobody else read the file; to be called once it is known to be ours."""
        with suppress(OSError):  # somebody else's, and then theirs to look after
            mode = self._path.stat().st_mode & 0o700
            for file in (self._path, *companions(self._path)):
                # A log that was made while the file was read-only is too, and stays so.
                if file.exists() and file.stat().st_mode & 0o777 != mode:
                    file.chmod(mode)

    def write_safely(self) -> None:
        """What is committed from now on outlives a power cut."""
        # With less the last commits may go, and a claim that is lost could send a text twice. Without a
        # write-ahead log a commit is the removal of a file, which EXTRA writes to the disk too.
        self.run(f"PRAGMA synchronous = {'FULL' if self.journal_mode() == 'wal' else 'EXTRA'}")

    def keep_little(self) -> None:
        """Keep little of the file in memory; to be called once it is known to be in order, as SQLite looks into it for this."""
        self.run(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def journal_mode(self) -> str:
        """How the file is written, as SQLite calls it."""
        self.one("SELECT count(*) FROM sqlite_schema")  # or the answer is from before another changed it
        return str((self.one("PRAGMA journal_mode") or ("",))[0])

    def read(self, make: Callable[[Row], T], sql: str, values: Sequence[Value] = ()) -> list[T]:
        """Run a statement and make something of each of its rows.

        Raises:
            StoreBroken: A row holds what no version of this program writes.
        """
        rows = self.all(sql, values)
        try:
            return [make(row) for row in rows]
        except (ValueError, TypeError) as error:
            suspect(self._path)
            raise StoreBroken(trouble.damaged(self._path, "a row cannot be read")) from error

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
            # None only after a statement that is no INSERT.
            return cast("int", self._raw.execute(sql, values).lastrowid)
        except _FAILURES as error:
            raise self._failed(error) from error

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
            StoreError: The file is busy, unwritable or broken; nothing was changed.
        """
        if self.in_transaction:
            yield
            return
        self._risks.clear()
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException as error:
            # Disk-full and I/O errors end the transaction by themselves; a second ROLLBACK would fail.
            if self._raw.in_transaction:
                with suppress(StoreError):  # the first reason is the one to tell
                    self.run("ROLLBACK")
            if not self._risks or not isinstance(error, StoreBroken):
                raise
            for give_up in self._risks:
                give_up()
            raise StoreBusy(
                f"The store {self._path} failed: its full-text index is damaged. It is left alone from now on, and made anew "
                "when gynetix-tui starts; what was to be written can be written."
            ) from error

    def risk(self, give_up: Callable[[], None]) -> None:
        """What follows in this transaction is worth less than the rest of it.

        A broken full-text index ends the transaction around it, at a statement of its own, at a later one or at the
        COMMIT. No savepoint holds that back, so all of it has to be done once more, without.

        Args:
            give_up: Called after damage has ended the transaction: sees to it that the next one goes without.
        """
        self._risks.append(give_up)

    def data_version(self) -> int:
        """A number that changes when another connection has written (SQLite's PRAGMA data_version)."""
        row = self.one("PRAGMA data_version")
        return row[0] if row and isinstance(row[0], int) else 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """For statements that are right for every store: one that SQLite can make nothing of meets damage.

        Raises:
            StoreBroken: The file says of itself what cannot be.
        """
        try:
            yield
        except StoreError as error:
            if not trouble.is_about_the_statement(error):
                raise
            suspect(self._path)
            raise StoreBroken(trouble.damaged(self._path, trouble.reason(error.__cause__))) from error

    def close(self) -> None:
        """Close the connection; a write-ahead log that nobody else uses is folded back into the file."""
        self._raw.close()

    def _failed(self, error: Exception) -> StoreError:
        told = trouble.when_used(error, self._path)
        if isinstance(told, StoreBroken):
            suspect(self._path)
        return told
