"""What the store holds, as counts, and whether its file is sound. Strictly read-only.

The store's own connection is not used: what it meets, it may leave a mark about, or mend.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.doctor.files import size_in_words
from gynetix_tui.store.connection import APPLICATION_ID
from gynetix_tui.store.fulltext import NO_FULL_TEXT
from gynetix_tui.store.migrations import STEPS

_BUSY_SECONDS = 2.0
_WAL_AT, _WAL = 18, 2  # where the header tells how the file is written (sqlite.org/fileformat2.html)
_HEADING = "*** in database main ***"
# By code, never by SQLite's own words: those may hold a part of what stands in the file.
_WRONG = {
    sqlite3.SQLITE_NOTADB: "is no database, or a damaged one; the client's next start puts it right",
    sqlite3.SQLITE_CORRUPT: "is damaged; the client's next start repairs it",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_IOERR: "cannot be read: the disk failed",
}
_FOR_NOW = {
    sqlite3.SQLITE_BUSY: "in use by another program just now",
    sqlite3.SQLITE_READONLY: "a write was not ended, as after a crash; the client's next start takes it back",
}


class Unread(Exception):
    """The store cannot be looked into; `finding` says why."""

    def __init__(self, ok: bool | None, text: str) -> None:
        super().__init__(text)
        self.finding = Finding(ok, text)


def check_contents(case: Case) -> list[Finding]:
    """Version, soundness and counts."""
    file = case.paths().store_file
    if not file.is_file():
        return []  # `check_store_file` tells it
    try:
        with _reading(file) as store:
            return _examined(store, file, case)
    except Unread as unread:
        return [unread.finding]


def last_fetch(file: Path) -> float | None:
    """When the gateway last returned a conversation, or None where it never did.

    Raises:
        Unread: The store cannot be looked into.
    """
    if not file.is_file():
        return None
    with _reading(file) as store:
        if not _version(store):
            return None
        at: float | None = store.execute("SELECT max(fetched_at) FROM contacts").fetchone()[0]
        return at


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing; whatever SQLite raises in the block becomes `Unread`.

    `mode=ro` alone would make, and leave behind, the files that SQLite keeps beside a store with a log.
    """
    try:
        uri = f"{file.absolute().as_uri()}?mode=ro{_log_mode(file)}"
        store = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        with closing(store):
            yield store
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if code in _FOR_NOW:
            raise Unread(None, f"not looked into: {_FOR_NOW[code]} ({name})") from None
        raise Unread(False, f"the store's file {_WRONG.get(code, 'cannot be read')} ({name})") from None
    except OSError as error:
        raise Unread(False, f"the store's file cannot be read: {error.strerror}") from None


def _log_mode(file: Path) -> str:
    with file.open("rb") as stream:
        header = stream.read(_WAL_AT + 1)
    if header[_WAL_AT:] != bytes([_WAL]):
        return ""  # a rollback journal: reading makes no files
    log, index = (file.with_name(file.name + end) for end in ("-wal", "-shm"))
    if log.exists() and index.exists():
        return "&readonly_shm=1"  # the client is running, or has crashed
    if log.exists() and log.stat().st_size:
        words = "a log of writes without its index lies beside it; the client's next start reads it in"
        raise Unread(None, f"not looked into: {words}")
    return "&immutable=1"


def _version(store: sqlite3.Connection) -> int:
    """The file's format; 0 for one that holds nothing yet.

    Raises:
        Unread: It is another program's, or a newer version's.
    """
    application, version, tables = store.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise Unread(False, "the store's file is a database of another program")
    if version > len(STEPS):
        formats = f"it is of format {version}, and this one reads {len(STEPS)}"
        raise Unread(False, f"the store was written by a newer gynetix-tui: {formats}; update gynetix-tui")
    return int(version)


INDEXED_FROM = 3
"""The format of the store from which on it has a full-text index."""
LOGGED_FROM = 4
"""The format of the store from which on it has a log of opt-outs."""


def _examined(store: sqlite3.Connection, file: Path, case: Case) -> list[Finding]:
    version = _version(store)
    if not version:
        return [Finding(None, "empty: the client's next start fills it")]
    size = file.stat().st_size
    found = []
    checked = f"format {version} of {len(STEPS)}"
    if case.full or size <= case.quick_check_bytes:
        if fault := _first_fault(store):
            found.append(Finding(False, f"the store's file {_WRONG[sqlite3.SQLITE_CORRUPT]}: {fault}"))
        else:
            checked += ", sound"
    else:
        left_out = f"whether it is sound was left out at {size_in_words(size)}: doctor --full looks"
        found.append(Finding(None, left_out))
    if not store.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone():
        found.append(Finding(None, NO_FULL_TEXT))
    elif version >= INDEXED_FROM and store.execute("SELECT whole FROM search_index").fetchone() != (1,):
        found.append(Finding(None, "the full-text index is not whole; the client's next start makes it anew"))
    counts = _counts(store)
    if version >= LOGGED_FROM:
        (logged,) = store.execute("SELECT count(*) FROM consent_log").fetchone()
        counts += f", {logged:,} in the log of opt-outs"
    return [Finding(True, f"{checked}; {counts}"), *found]


def _first_fault(store: sqlite3.Connection) -> str:
    text = str(store.execute("PRAGMA quick_check(1)").fetchone()[0])  # names of tables and columns at most
    return "" if text == "ok" else text.removeprefix(_HEADING).strip()[:200]


def _counts(store: sqlite3.Connection) -> str:
    counts = store.execute(
        """
        SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM messages),
            count(*) FILTER (WHERE state IN ('queued', 'sending')),
            count(*) FILTER (WHERE state = 'unconfirmed'), count(*) FILTER (WHERE state = 'failed')
        FROM outbox
        """
    ).fetchone()
    names = ("contacts", "texts", "waiting", "uncertain", "failed")
    return ", ".join(f"{count:,} {name}" for count, name in zip(counts, names, strict=True))
