"""Writing config.toml, which happens only when the user saves settings in the program."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gynetix_tui.errors import ConfigError, StoreError
from gynetix_tui.settings.config import parse_document, read_source, settings_from
from gynetix_tui.settings.paths import make_folder


def save_settings(file: Path, changes: Mapping[str, Mapping[str, object]]) -> None:
    """Merge changes into config.toml, whole or not at all.

    The new text takes the old one's place in one step (a temporary file, flushed, then renamed), with mode
    0600. Writing TOML loses comments: where the old file held any, it is kept as ``config.toml.bak`` beside
    the new one. A link is followed, so that a file kept elsewhere stays there. Folders that are missing are
    made private; existing ones are left as they are.

    Args:
        file: The config.toml; it need not exist.
        changes: By section ("gateway", "profile.work") and key; None takes a key out of the file, so that its
            default counts again.

    Raises:
        ConfigError: The old file is not right, a change is not, or the file cannot be written. The old file
            is then as it was.
    """
    import tomli_w

    source = read_source(file)
    document = parse_document(source, file)
    for section, entries in changes.items():
        _merge(document.tables, section, entries)
    settings_from(document, file, {})  # never write what could not be read
    written = tomli_w.dumps(document.tables).encode()
    try:
        target = file.resolve()
        make_folder(target.parent)
        if "#" in source:
            _replace(target.with_name(f"{target.name}.bak"), source.encode())
        _replace(target, written)
    except StoreError as error:
        raise ConfigError(str(error)) from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from error


def _merge(
    tables: dict[str, Any],  # Any: what TOML may hold
    section: str,
    entries: Mapping[str, object],
) -> None:
    table = tables
    for name in section.split("."):
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # settings_from says what is wrong with it
        table = inner
    for key, value in entries.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    if not table and section in tables:
        del tables[
            section
        ]  # but a profile's table stays, though it be empty: it says that there is the profile


def _replace(file: Path, data: bytes) -> None:
    """Put a file in place in one step, flushed to the disk, readable by this user alone."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 0600
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or a power cut may undo the renaming
    finally:
        os.close(folder)
