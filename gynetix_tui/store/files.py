"""The files that stand beside the store's, and what their names mean."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def beside(path: Path, ending: str) -> Path:
    """The file with the store's name and something after it."""
    return path.with_name(path.name + ending)


def companions(path: Path) -> tuple[Path, ...]:
    """The files that SQLite keeps beside a database; without them it may lack its last commits."""
    return tuple(beside(path, ending) for ending in ("-wal", "-shm", "-journal"))


def marker(path: Path) -> Path:
    """The file that, by being there, says that the store has to be looked through at the next start."""
    return beside(path, ".check")


def suspect(path: Path) -> None:
    """Have the store looked through, all of it, when the program next starts."""
    with suppress(OSError):  # there already; or no room, and then the next to meet the damage tries again
        os.close(os.open(marker(path), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def remove(*files: Path) -> None:
    """Remove those of the files that exist."""
    for file in files:
        file.unlink(missing_ok=True)
