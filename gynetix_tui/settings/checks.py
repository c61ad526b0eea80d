"""What a value of config.toml must be: each check takes what stands there and returns what it means.

A check raises `WrongValue` with what would be right; whoever calls it knows the file, the line and the key.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from gynetix_tui.errors import NumberError
from gynetix_tui.model import PhoneNumber
from gynetix_tui.phone import E164, parse_local_number

Check = Callable[[object, str], object]
"""Takes a value and the home region (which some numbers are read in), returns the value of the setting."""

_REGION: Final = re.compile("[A-Za-z]{2}")
_HOST: Final = re.compile(r"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")
_TIME: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_PRINTS: Final = re.compile(r"[!-~]+")


class WrongValue(Exception):
    """A value is not what the setting takes; the text says what would be right.

    Attributes:
        secret: The value may hold a password and must not be shown.
    """

    def __init__(self, right: str, *, secret: bool = False) -> None:
        super().__init__(right)
        self.secret = secret


def switch(value: object, region: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise WrongValue("it must be true or false")
    return value


def whole(low: int, high: int) -> Check:
    """A whole number within limits."""

    def check(value: object, region: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise WrongValue(f"it must be a whole number from {low} to {high}")
        return value

    return check


def seconds(low: float, high: float) -> Check:
    """A number of seconds within limits, with or without a fraction."""

    def check(value: object, region: str) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise WrongValue(f"it must be a number of seconds from {low:g} to {high:g}")
        return value

    return check


def one_of(choices: type[StrEnum]) -> Check:
    """One of a few words."""

    def check(value: object, region: str) -> StrEnum:
        if isinstance(value, str) and value in [choice.value for choice in choices]:
            return choices(value)
        raise WrongValue("it must be one of " + ", ".join(f'"{choice}"' for choice in choices))

    return check


def region_code(value: object, region: str) -> str:
    """ISO 3166 alpha-2, of which only the form is checked: the table of regions would cost 40 ms."""
    if not isinstance(value, str) or not _REGION.fullmatch(value):
        raise WrongValue('it must be a country as two letters (ISO 3166), as "US"')
    return value.upper()


def local_number(value: object, region: str) -> PhoneNumber:
    """A number in any form that people type; E.164 needs no numbering plan and loads none."""
    if not isinstance(value, str):
        raise WrongValue('it must be a text in quotes, as "+15556667777"')
    if E164.fullmatch(value):
        return PhoneNumber(value)
    try:
        return parse_local_number(value, region)
    except NumberError as error:
        raise WrongValue(str(error).rstrip(".")) from None


def local_numbers(value: object, region: str) -> tuple[PhoneNumber, ...]:
    """A list of such numbers, each once, in its order."""
    if not isinstance(value, list):
        raise WrongValue('it must be a list, as ["+15556667777", "+15556668888"]')
    return tuple(dict.fromkeys(local_number(each, region) for each in value))


def time_of_day(value: object, region: str) -> str:
    """A time as "21:00", from "00:00" to "23:59"."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise WrongValue('it must be a time of day in quotes, as "21:00"')
    return value


def gateway_address(value: object, region: str) -> str:
    """An https address (http only on this machine), without what could carry a secret or change a call."""
    right = 'it must be an https address, as "https://roor.gynetix.com/standard/api"'
    if not isinstance(value, str):
        raise WrongValue(right)
    address = value.strip()
    secret = "@" in address
    try:
        parts = urlsplit(address)
        sound = bool(_PRINTS.fullmatch(address)) and "\\" not in address and _is_host(parts)
    except ValueError:  # brackets that do not close, a port beyond 65535
        raise WrongValue(right, secret=secret) from None
    if "@" in parts.netloc:
        raise WrongValue("it must not hold a user name or password", secret=True)
    if not sound or parts.scheme not in ("http", "https"):
        raise WrongValue(right, secret=secret)
    if "?" in address or "#" in address:
        raise WrongValue('it must end with its path: no "?", no "#"', secret=secret)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise WrongValue(
            "it must begin with https: plain http is for this machine alone (127.0.0.1)", secret=secret
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def command(value: object, region: str) -> tuple[str, ...]:
    """A program and its arguments, as a list, or as one text that is split as a shell would, without a shell.

    What stands there is never shown: it may hold a password.
    """
    right = 'it must be a command, as "pass show gynetix" or ["pass", "show", "gynetix"]'
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError:
            raise WrongValue(f"{right}; a quote or a backslash stands alone in it", secret=True) from None
    elif isinstance(value, list) and all(isinstance(word, str) for word in value):
        words = value
    else:
        raise WrongValue(right, secret=True)
    if not words or not words[0].strip() or any("\0" in word for word in words):
        raise WrongValue(right, secret=True)
    return tuple(words)


def key_name(value: object, region: str) -> str:
    """The key of one command; which commands and keys exist is for the screen to check."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise WrongValue('it must be the name of a key in quotes, as "ctrl+n"')
    return value.strip()


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return parts.port != 0 and _HOST.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
