"""The program's files: whether they are there, how large, and whether they are their user's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gynetix_tui.doctor.case import Case, Finding

_FOREIGN = "belongs to another user (was the client once started with sudo?)"
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "KB"))


def check_config_file(case: Case) -> list[Finding]:
    """config.toml."""
    file = case.paths().config_file
    return _look(
        file, f"{file}: none" if case.config_file else f"{file}: none, all settings are the usual ones"
    )


def check_store_file(case: Case) -> list[Finding]:
    """The store, and what SQLite and the client keep beside it."""
    file = case.paths().store_file
    return _look(file, f"{file}: none yet") + _loose(file) + _folder(file.parent)


def check_log_file(case: Case) -> list[Finding]:
    """The program's log, and the older one beside it."""
    file = case.paths().log_file
    return _look(file, f"{file}: none yet") + _loose(file) + _folder(file.parent)


def size_in_words(size: int) -> str:
    """A size in bytes as people read it: ``1.2 MB``."""
    return next((f"{size / unit:.1f} {name}" for unit, name in _SIZES if size >= unit), f"{size} bytes")


def _look(file: Path, absent: str) -> list[Finding]:
    try:
        status = file.stat()
    except FileNotFoundError:
        if file.is_symlink():
            return [Finding(False, f"{file} is a link to a file that does not exist.")]
        return [Finding(True, absent)]
    except OSError as error:
        return [Finding(False, f"{file} cannot be looked at: {error.strerror}.")]
    if not stat.S_ISREG(status.st_mode):
        return [Finding(False, f"{file} is no file, but something else of that name.")]
    text = f"{file}: {size_in_words(status.st_size)}, mode {stat.S_IMODE(status.st_mode):04o}"
    trouble = _trouble(status)
    if not os.access(file, os.R_OK):
        trouble = "you may not read it"
    return [Finding(False, f"{text}: {trouble}") if trouble else Finding(True, text)]


def _loose(file: Path) -> list[Finding]:
    """What is wrong with the files beside a file, whose names begin with its own."""
    found = []
    for beside in sorted(file.parent.glob(f"{file.name}?*")):
        try:
            status = beside.stat()
        except OSError:  # it has just gone
            continue
        if trouble := _trouble(status):
            mode = stat.S_IMODE(status.st_mode)
            found.append(Finding(False, f"{beside.name} beside it: mode {mode:04o}: {trouble}"))
    return found


def _folder(folder: Path) -> list[Finding]:
    """What keeps the client from using a folder; a mode that is too open it puts right by itself."""
    if not folder.is_dir():
        return []
    if folder.stat().st_uid != os.getuid():
        return [Finding(False, f"{folder} {_FOREIGN}")]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [Finding(False, f"{folder} cannot be written to: chmod u+rwx")]
    return []


def _trouble(status: os.stat_result) -> str:
    if status.st_uid != os.getuid():
        return f"it {_FOREIGN}"
    if status.st_mode & 0o077:
        return "open to other users; make it yours alone: chmod 600"
    return ""
