"""Copies of the store, made before its format changes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from gynetix_tui.store import trouble
from gynetix_tui.store.files import beside, remove

KEPT = 3
"""How many copies stay; the oldest go."""


def back_up(path: Path, version: int) -> Path:
    """Copy a store beside itself and return the copy, which only its owner may read.

    SQLite does it: a copy made of the file alone lacks the commits that are still in its log.

    Args:
        path: The store; a connection may have a transaction open that has changed nothing yet.
        version: The format of the store, for the copy's name.

    Raises:
        StoreError: There is no room for it.
    """
    copy = beside(path, f".backup-v{version}")
    unfinished = beside(copy, ".unfinished")
    try:
        remove(unfinished)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        _copy(path, unfinished)
        unfinished.replace(copy)
    except (OSError, sqlite3.Error) as error:
        with_its_name = trouble.when_used(error, unfinished)
        with suppress(OSError):
            remove(unfinished, beside(unfinished, "-journal"))
        raise with_its_name from error
    copies = sorted(
        (each for each in path.parent.iterdir() if _is_copy(each, path)),
        key=lambda each: each.stat().st_mtime_ns,
    )
    remove(*copies[:-KEPT])
    return copy


def _copy(path: Path, to: Path) -> None:
    source = sqlite3.connect(path)
    try:
        target = sqlite3.connect(to)
        try:
            source.backup(target)
        finally:
            target.close()
    finally:
        source.close()


def _is_copy(file: Path, path: Path) -> bool:
    prefix = f"{path.name}.backup-v"
    return file.name.startswith(prefix) and file.name.removeprefix(prefix).isdecimal()
