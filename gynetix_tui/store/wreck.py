"""Reading from a damaged file whatever can still be read, and knowing where something could not."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gynetix_tui.store.connection import Row, Value
from gynetix_tui.store.files import beside

_FAILURES = (sqlite3.Error, UnicodeError)
"""The last for the names of columns, which Python decodes by itself."""
_ATTEMPTS = 50_000
"""How many readings may fail in one table: half a second's worth; then the rest of it is given up."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """How far a scan came, and whether that was all there is."""

    reached: int
    whole: bool


class Wreck:
    """A damaged store, of which no row is changed.

    Attributes:
        silent: Tables and indexes of which some part could not be read.
    """

    def __init__(self, path: Path) -> None:
        self.silent: set[str] = set()
        if path.stat().st_size == 0:
            # SQLite removes the log of an empty file without a look; the log of a young store holds all of it.
            path.write_bytes(bytes(512))
        self._raw = _connect(path, "ro")
        try:
            self._raw.execute("PRAGMA user_version")
        except _FAILURES as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in {
                sqlite3.SQLITE_READONLY,
                sqlite3.SQLITE_CANTOPEN,
            }:
                # A transaction that was under way has to be taken back before anything can be read.
                self._raw.close()
                self._raw = _connect(path, "rw")

    def has(self, columns: Mapping[str, str]) -> bool:
        """Whether it is known where these columns of these tables are: their list lies in the first page."""
        try:
            for table, names in columns.items():
                self._raw.execute(f"SELECT {names} FROM {table} LIMIT 0")  # noqa: S608 - names of ours
        except _FAILURES:
            return False
        return True

    def ask(self, about: str, sql: str, values: tuple[Value, ...] = ()) -> list[Row]:
        """Run a statement; return its rows up to where it failed, if it did."""
        rows: list[Row] = []
        try:
            rows.extend(self._raw.execute(sql, values))
        except _FAILURES:
            self.silent.add(about)
        return rows

    def rows(self, table: str, key: str, known: Iterable[int] = ()) -> Iterator[dict[str, Value]]:
        """Every row of a table that can be read, each with the names of its columns.

        What lies behind a page that cannot be read is reached from the table's other end, and what lies between
        two such pages by halving the keys between them.

        Args:
            table: Its name.
            key: Its INTEGER PRIMARY KEY.
            known: Keys that it is known to have.
        """
        first = yield from self._scan(table, key, "ASC", beyond=0)
        if first.whole:
            return
        self.silent.add(table)
        last = yield from self._scan(table, key, "DESC", beyond=first.reached)
        counted = self.ask("sequence", "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
        ends = [*known, *(seq for (seq,) in counted if isinstance(seq, int))]
        high = last.reached - 1 if last.reached > first.reached else max(ends, default=0)
        yield from self._between(table, key, first.reached + 1, high)

    def _scan(
        self, table: str, key: str, order: str, *, beyond: int
    ) -> Generator[dict[str, Value], None, _Scan]:
        """Rows with a key beyond another, until one cannot be read."""
        reached: int | None = None
        sql = f"SELECT * FROM {table} WHERE {key} > ? ORDER BY {key} {order}"  # noqa: S608 - names of ours
        try:
            for row in self._dicts(sql, (beyond,)):
                at = row[key]
                # Pages that point to each other in a ring would be read for ever.
                if not isinstance(at, int) or at <= beyond or not _goes_on(reached, at, order):
                    break
                reached = at
                yield row
            else:
                return _Scan(reached or beyond, whole=True)
        except _FAILURES:
            pass
        return _Scan(reached or beyond, whole=False)

    def _between(self, table: str, key: str, low: int, high: int) -> Iterator[dict[str, Value]]:
        ranges = [(low, high)]
        sql = f"SELECT * FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {key}"  # noqa: S608 - names of ours
        failures = 0
        while ranges and failures < _ATTEMPTS:
            low, high = ranges.pop()
            try:
                for row in self._dicts(sql, (low, high)):
                    at = row[key]
                    if not isinstance(at, int) or not low <= at <= high:
                        break
                    low = at + 1
                    yield row
            except _FAILURES:
                failures += 1
                if low < high:
                    middle = (low + high) // 2
                    ranges += [(middle + 1, high), (low, middle)]

    def _dicts(self, sql: str, values: tuple[Value, ...]) -> Iterator[dict[str, Value]]:
        cursor = self._raw.execute(sql, values)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def with_first_page(path: Path, page: bytes, to: Path) -> None:
    """Copy a damaged store, and put another first page in the place of its own.

    Stores that have had the same steps have their tables in the same places; only how many pages there are is
    different, which SQLite finds out where the header says 0.
    """
    log, log_copy = beside(path, "-wal"), beside(to, "-wal")
    shutil.copyfile(path, to)
    if log.exists():
        shutil.copyfile(log, log_copy)
    header = bytearray(page)
    header[18:20] = b"\2\2" if log.exists() else b"\1\1"  # whether there is a log
    header[28:32] = bytes(4)
    with to.open("r+b") as file:
        file.write(header)


def _goes_on(reached: int | None, at: int, order: str) -> bool:
    return reached is None or (at > reached if order == "ASC" else at < reached)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    raw = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    # A byte that is wrong in a name costs that letter and not the contact.
    raw.text_factory = lambda text: text.decode("utf-8", "replace")
    with suppress(sqlite3.Error):
        raw.execute("PRAGMA writable_schema = ON")  # a file that is shorter than it says is read all the same
        raw.execute("PRAGMA cell_size_check = ON")
    return raw
