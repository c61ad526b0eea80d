"""What the program runs on: versions and the clock."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from gynetix_tui import __version__
from gynetix_tui.doctor.case import Case, Finding, short

_PACKAGES = {"Textual": "textual", "httpx": "httpx", "keyring": "keyring"}
_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
_OLDEST_YEAR = 2024
_QUARTER = timedelta(minutes=15)
_RULE = re.compile(r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)[+-]?\d.*")
_UNIVERSAL = frozenset({"UTC", "GMT", "UCT", "Zulu", "Universal", "Etc/UTC"})


def check_versions(case: Case) -> list[Finding]:
    """Versions, from the packages' own records: nothing heavy is imported for them."""
    del case
    parts, missing = [f"gynetix-tui {__version__}", f"Python {platform.python_version()}"], []
    for name, package in _PACKAGES.items():
        try:
            parts.append(f"{name} {version(package)}")
        except PackageNotFoundError:
            missing.append(Finding(False, f"{name} is not installed"))
    parts.append(f"SQLite {sqlite3.sqlite_version}")
    parts.append(" ".join((platform.system(), platform.release(), platform.machine())))
    return [Finding(True, ", ".join(parts)), *missing, *sqlite_findings(sqlite3.sqlite_version_info)]


def sqlite_findings(found: tuple[int, ...]) -> list[Finding]:
    """What is wrong with a version of SQLite."""
    if found >= _OLDEST_SQLITE:
        return []
    return [Finding(False, f"SQLite is too old: the store wants {'.'.join(map(str, _OLDEST_SQLITE[:2]))}")]


def check_clock(case: Case) -> list[Finding]:
    """Local time against UTC, and whether the zone that TZ names is known."""
    local = datetime.fromtimestamp(case.now, UTC).astimezone()
    universal = local.astimezone(UTC)
    offset = local.utcoffset() or timedelta()
    named = case.environ.get("TZ", "")
    text = f"{local:%Y-%m-%d %H:%M %z}, {universal:%H:%M} UTC"
    if named:
        text += f", TZ={short(named)}"
    found = [Finding(True, text)]
    if universal.year < _OLDEST_YEAR:
        found.append(Finding(False, "the clock is years behind: the gateway's certificate will not do"))
    if not timedelta(hours=-12) <= offset <= timedelta(hours=14) or offset % _QUARTER:
        found.append(Finding(False, "no place on earth has local time so far from UTC: set TZ anew"))
    elif named and not _is_zone(named.removeprefix(":")):
        found.append(Finding(False, "TZ names no zone that is known here, so times show as UTC"))
    return found


def _is_zone(name: str) -> bool:
    if name in _UNIVERSAL or _RULE.fullmatch(name):
        return True
    return any(os.path.isfile(os.path.join(folder, name)) for folder in zoneinfo.TZPATH)
