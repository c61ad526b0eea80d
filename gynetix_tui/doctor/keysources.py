"""Where the API key may come from, and what each place says. Never the key."""

from __future__ import annotations

from pathlib import Path

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.errors import ConfigError, KeyCommandError, KeyringError
from gynetix_tui.settings.keycommand import SETTING, key_from_command
from gynetix_tui.settings.keys import KEY_VARIABLE
from gynetix_tui.settings.keysource import keyring_entry
from gynetix_tui.settings.schema import Settings
from gynetix_tui.settings.secret import ApiKey


def check_environment(case: Case) -> list[Finding]:
    """The variable, which outranks every other source."""
    if isinstance(case.given_key, ConfigError):
        return [Finding(False, str(case.given_key))]
    if case.given_key:
        return [Finding(True, f"{KEY_VARIABLE} is set: this key is used")]
    return [Finding(True, f"{KEY_VARIABLE} is not set")]


def check_command(case: Case, met: list[ApiKey]) -> list[Finding]:
    """The command of the user's, which outranks the keyring; run as the client would run it. No line where none is set.

    Args:
        case: What is examined.
        met: Takes the key that is found, so that it can be taken out of every line.
    """
    words = _settings(case).gateway.api_key_command
    if words is None:
        return []
    program = Path(words[0]).name
    try:
        key = key_from_command(words, case.environ)
    except KeyCommandError as error:
        needed = case.given_key is None
        return [Finding(False if needed else None, f"{program}: {error}{'' if needed else ' Not needed.'}")]
    met.append(key)
    use = "this key is used" if case.given_key is None else f"not used while {KEY_VARIABLE} is set"
    return [Finding(True, f"{SETTING} ({program}) gives a key; {use}")]


def check_keyring(case: Case, met: list[ApiKey]) -> list[Finding]:
    """The system's keyring.

    Args:
        case: What is examined.
        met: Takes the key that is found, so that it can be taken out of every line.
    """
    settings = _settings(case)
    outranking = KEY_VARIABLE if case.given_key is not None else ""
    if not outranking and settings.gateway.api_key_command is not None:
        outranking = SETTING
    needed = not outranking
    try:
        name = case.keyring.name()
        if name is None:
            text = f"none on this machine{': the client asks for the key at each start' if needed else ''}"
            return [Finding(None if needed else True, text)]
        key = case.keyring.load(keyring_entry(settings))
    except KeyringError as error:
        if needed:
            return [Finding(False, str(error))]
        return [Finding(None, f"{str(error).partition('. ')[0].rstrip('.')}; not needed")]
    if key is None:
        asks = ": the client asks for the key, and offers to keep it there" if needed else ""
        return [Finding(None if needed else True, f"{name}: holds none{asks}")]
    met.append(key)
    use = "this key is used" if needed else f"not used while {outranking} is set"
    return [Finding(True, f"{name}: holds a key; {use}")]


def _settings(case: Case) -> Settings:
    """The settings, or the usual ones where they are not right, which another check tells."""
    try:
        return case.settings()
    except Exception:  # each check stands by itself
        return Settings(profile=case.profile)
