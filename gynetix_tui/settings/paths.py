"""Where this program keeps things, and folders that nobody else can look into."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gynetix_tui.errors import ConfigError, StoreError

APP_NAME: Final = "gynetix-tui"
PROFILES: Final = "profiles"
"""The folder of the profiles' folders."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The files of this program and the folders that hold them; nothing is created by naming them."""

    config_file: Path
    data_folder: Path
    state_folder: Path
    store_file: Path
    log_file: Path


def standard_paths(profile: str = "") -> Paths:
    """The platform's own places for settings, data and logs, after this process's HOME and XDG variables.

    Args:
        profile: A profile's name, already checked: it has a store and a log of its own. Empty for the usual one.
    """
    from platformdirs import PlatformDirs

    folders = PlatformDirs(APP_NAME, appauthor=False)
    data, state = folders.user_data_path, folders.user_state_path
    if profile:
        data, state = data / PROFILES / profile, state / PROFILES / profile
    return Paths(
        config_file=folders.user_config_path / "config.toml",
        data_folder=data,
        state_folder=state,
        store_file=data / "store.db",
        log_file=state / f"{APP_NAME}.log",
    )


def existing_config(named: Path | None) -> Path:
    """The file that --config names, or the usual one.

    Raises:
        ConfigError: The named one does not exist: a mistyped name must not mean the defaults.
    """
    file = named or standard_paths().config_file
    if named and not named.exists():
        raise ConfigError(f"{named} does not exist.")
    with suppress(FileNotFoundError, NotADirectoryError):
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, a device read for ever
            raise ConfigError(f"{file} is no ordinary file.")
        if status.st_uid not in (os.getuid(), 0):  # it may name a command that is run
            raise ConfigError(f"{file} belongs to another user; it must be your own.")
        if status.st_uid == os.getuid() and status.st_mode & 0o077:
            with suppress(OSError):
                file.chmod(status.st_mode & 0o700)
    return file


def private_folder(path: Path) -> Path:
    """Make sure of a folder that only this user can look into; returns it.

    Missing folders, parents too, are created with mode 0700; a looser mode of the folder itself is put right.

    Raises:
        StoreError: It cannot be created or written, is no folder, or belongs to someone else.
    """
    make_folder(path)
    try:
        status = path.stat()
        if status.st_uid != os.getuid():
            raise StoreError(
                f"{path} belongs to another user; it must be your own, since it holds your texts."
            )
        if status.st_mode & 0o077:
            path.chmod(stat.S_IMODE(status.st_mode) & 0o700 | 0o700)
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise StoreError(f"{path} cannot be written to; give yourself the right to (chmod u+rwx).")
    return path


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents with mode 0700; those that exist are left as they are.

    Raises:
        StoreError: It cannot be created, or something else has its name.
    """
    missing = []
    folder = path
    try:
        while not folder.exists() and folder != folder.parent:
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not path.is_dir():
            raise StoreError(f"{path} is a file; a folder must stand there.")
    except OSError as error:
        raise StoreError(f"The folder {path} cannot be created: {error.strerror}.") from error
