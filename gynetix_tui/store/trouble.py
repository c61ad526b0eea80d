"""What SQLite's errors mean for the user: by their codes, never by their words."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from gynetix_tui.errors import StoreBroken, StoreBusy, StoreError, StoreUnwritable

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}
# Of the I/O errors only those that writing meets: one while reading says neither that the file is damaged nor
# that it could not be written.
_UNWRITABLE_IO = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_DELETE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_CLOSE,
}
_BROKEN_IO = {sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA}
_LOG_IMPOSSIBLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS}
_LOG_IMPOSSIBLE_IO = {
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMLOCK,
}
_UNWRITABLE_ERRNO = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
}


def when_used(error: Exception, path: Path) -> StoreError:
    """What to raise for an error of a statement."""
    if _is_broken(error):
        return StoreBroken(damaged(path, reason(error)))
    what = f"The store {path} failed: {reason(error)}."
    code = _code(error)
    if code & 0xFF in _BUSY:
        return StoreBusy(f"{what} Another program is using it.")
    no_room = isinstance(error, OSError) and error.errno in _UNWRITABLE_ERRNO
    if no_room or code & 0xFF in _UNWRITABLE or code in _UNWRITABLE_IO:
        return StoreUnwritable(f"{what} Nothing can be kept until that is put right.")
    return StoreError(what)


def when_opening(error: Exception, path: Path) -> StoreError:
    """What to raise for an error met before the first statement."""
    what = f"The store {path} cannot be opened: {reason(error)}."
    if isinstance(error, OSError) and error.errno in _UNWRITABLE_ERRNO:
        return StoreUnwritable(what)
    return StoreError(what)


def damaged(path: Path, why: str) -> str:
    """The sentence for a damaged file."""
    return f"The store {path} failed: {why}. It is damaged; gynetix-tui repairs it when it starts."


def is_about_the_log(error: StoreError) -> bool:
    """Whether an error may mean that a write-ahead log, or the memory shared for it, cannot be had here."""
    code = _code(error.__cause__)
    return code & 0xFF in _LOG_IMPOSSIBLE or code in _LOG_IMPOSSIBLE_IO


def is_about_the_statement(error: StoreError) -> bool:
    """Whether SQLite could make nothing of a statement: of one that is right, because the file says nonsense."""
    return _code(error.__cause__) == sqlite3.SQLITE_ERROR


def reason(error: BaseException | None) -> str:
    """What an error says, without the numbers that Python adds."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


def _is_broken(error: Exception) -> bool:
    code = _code(error)
    if code & 0xFF in _BROKEN or code in _BROKEN_IO:
        return True
    # Raised by Python itself, without a code, for a text or a name that is not UTF-8: only damage makes such.
    return isinstance(error, UnicodeDecodeError) or (type(error) is sqlite3.OperationalError and not code)


def _code(error: BaseException | None) -> int:
    code = getattr(error, "sqlite_errorcode", None)
    return code if isinstance(code, int) else 0
