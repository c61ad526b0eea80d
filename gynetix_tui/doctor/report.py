"""All checks, and their findings as one screen of text that may be shown to anybody."""

from __future__ import annotations

import os
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.doctor.choices import check_settings, check_shortcuts
from gynetix_tui.doctor.contents import check_contents
from gynetix_tui.doctor.files import check_config_file, check_log_file, check_store_file
from gynetix_tui.doctor.keysources import check_command, check_environment, check_keyring
from gynetix_tui.doctor.machine import check_clock, check_versions
from gynetix_tui.doctor.network import check_connection, check_gateway
from gynetix_tui.doctor.screen import check_terminal, check_textual
from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.keys import key_from_environment
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.text import clean_line

Check = Callable[[Case], list[Finding]]

COLUMNS = 80
_INDENT = 13
_LONGEST = 800
_SHORTEST_KEY = 8
"""Of a shorter key, its gaps in innocent words would tell more than they hide."""
_MARKS = {True: " ", False: "!", None: "-"}


class Part(NamedTuple):
    """The findings of one check under their title."""

    title: str
    findings: list[Finding]


def doctor(
    *,
    config_file: Path | None = None,
    profile: str = "",
    full: bool = False,
    online: bool = False,
    out: TextIO | None = None,
) -> int:
    """Examine this machine and say what was found.

    Args:
        config_file: Another config.toml than the usual one.
        profile: The profile to examine; empty for the usual one.
        full: Do what may take long, too.
        online: Try a connection to the gateway.
        out: Where to say it; standard output by default.

    Returns:
        The exit code: 0 where all is well, else 1.
    """
    given: ApiKey | ConfigError | None
    try:
        given = key_from_environment(
            os.environ
        )  # first, since looking for the keyring starts child processes
    except ConfigError as error:
        given = error
    case = Case(os.environ, time.time(), given, config_file, profile, full, online)
    met = [given] if isinstance(given, ApiKey) else []
    parts = examine(case, met)
    text = "".join(f"{line}\n" for line in rendered(parts, case.environ, met))
    if stream := out or sys.stdout:  # None where it is closed
        stream.write(_encodable(text, stream.encoding))
        stream.flush()
    return int(any(finding.ok is False for part in parts for finding in part.findings))


def examine(case: Case, met: list[ApiKey]) -> list[Part]:
    """Run every check; one that fails becomes a finding.

    Args:
        case: What is examined.
        met: Takes the keys that are come upon.
    """
    checks: tuple[tuple[str, Check], ...] = (
        ("versions", check_versions),
        ("config", check_config_file),
        ("settings", check_settings),
        ("shortcuts", check_shortcuts),
        ("store", check_store_file),
        ("contents", check_contents),
        ("log", check_log_file),
        ("API key", check_environment),
        ("command", partial(check_command, met=met)),
        ("keyring", partial(check_keyring, met=met)),
        ("terminal", check_terminal),
        ("Textual", check_textual),
        ("clock", check_clock),
        ("gateway", check_gateway),
        ("connection", check_connection),
    )
    return [Part(title, _findings(check, case)) for title, check in checks]


def rendered(parts: Iterable[Part], environ: Mapping[str, str], keys: Iterable[ApiKey]) -> Iterator[str]:
    """The report's lines, without key, home folder and anything that a terminal would obey."""
    hide = _hider(environ, keys)
    wrong = noted = 0
    for title, findings in parts:
        for index, finding in enumerate(findings):
            wrong += finding.ok is False
            noted += finding.ok is None
            head = f"{_MARKS[finding.ok]} {'' if index else title}".ljust(_INDENT)
            yield from textwrap.wrap(
                clean_line(hide(finding.text), limit=_LONGEST),
                COLUMNS,
                initial_indent=head,
                subsequent_indent=" " * _INDENT,
                break_on_hyphens=False,
            )
    if wrong:
        yield f"Wrong: {wrong}. Look at what is marked with an exclamation mark."
    else:
        yield "Nothing is wrong. What is marked with - may matter to you." if noted else "All is well."


def _findings(check: Check, case: Case) -> list[Finding]:
    try:
        return check(case)
    except Exception as error:  # its text may hold anything
        return [Finding(False, f"this could not be looked at ({type(error).__name__})")]


def _hider(environ: Mapping[str, str], keys: Iterable[ApiKey]) -> Callable[[str], str]:
    folders = {environ.get("HOME", ""), os.path.expanduser("~")}
    with suppress(ImportError, KeyError):
        import pwd

        folders.add(pwd.getpwuid(os.getuid()).pw_dir)
    folders |= {os.path.realpath(folder) for folder in folders if folder}
    homes = sorted({folder.rstrip("/") for folder in folders} - {"", "~"}, key=len, reverse=True)
    home = re.compile(rf"(?<![\w.~-])(?:{'|'.join(map(re.escape, homes)) or '(?!)'})(?![\w-])")
    redactions = [key.redact for key in keys if len(key.reveal()) >= _SHORTEST_KEY]

    def hide(text: str) -> str:
        text = home.sub("~", text)
        for redact in redactions:
            text = redact(text)
        return text

    return hide


def _encodable(text: str, encoding: str | None) -> str:
    """The text with a question mark for what the stream cannot take."""
    return text.encode(encoding, "replace").decode(encoding) if encoding else text
