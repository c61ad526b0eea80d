"""Where the API key may come from, and what each place says. Never the key."""

from __future__ import annotations

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.engine.account import DEFAULT_PROFILE
from gynetix_tui.errors import ConfigError, KeyringError
from gynetix_tui.settings.keys import KEY_VARIABLE
from gynetix_tui.settings.secret import ApiKey


def check_environment(case: Case) -> list[Finding]:
    """The variable, which outranks the keyring."""
    if isinstance(case.given_key, ConfigError):
        return [Finding(False, str(case.given_key))]
    if case.given_key:
        return [Finding(True, f"{KEY_VARIABLE} is set: this key is used")]
    return [Finding(True, f"{KEY_VARIABLE} is not set: the keyring is asked")]


def check_keyring(case: Case, met: list[ApiKey]) -> list[Finding]:
    """The system's keyring.

    Args:
        case: What is examined.
        met: Takes the key that is found, so that it can be taken out of every line.
    """
    needed = case.given_key is None
    try:
        name = case.keyring.name()
        if name is None:
            text = f"none on this machine{': the client asks for the key at each start' if needed else ''}"
            return [Finding(None if needed else True, text)]
        key = case.keyring.load(DEFAULT_PROFILE)
    except KeyringError as error:
        if needed:
            return [Finding(False, str(error))]
        return [Finding(None, f"{str(error).partition('. ')[0].rstrip('.')}; not needed")]
    if key is None:
        asks = ": the client asks for the key, and offers to keep it there" if needed else ""
        return [Finding(None if needed else True, f"{name}: holds none{asks}")]
    met.append(key)
    use = "this key is used" if needed else f"not used while {KEY_VARIABLE} is set"
    return [Finding(True, f"{name}: holds a key; {use}")]
