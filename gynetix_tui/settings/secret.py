"""The API key: a type of its own that does not print, and that finds itself in texts that would show it.

The key is a segment of the path of every call, so that it turns up where nobody looks for a secret: in
URLs, in error texts, in the gateway's own answers (`surl`).
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final, NoReturn, Self, SupportsIndex, final
from urllib.parse import quote

from gynetix_tui.errors import ConfigError

_MASK: Final = "ApiKey(…)"
_REDACTED: Final = "[key]"
_SHORTEST_FRAGMENT: Final = 8  # shorter pieces of base64 would be found in innocent text


@final
class ApiKey:
    """The account's key. Only `reveal` and `path_segment` give it away; nothing else prints or copies it."""

    __slots__ = ("__key", "__traces")
    __key: str
    __traces: re.Pattern[str]

    def __init__(self, text: str) -> None:
        """Take a key as it was typed, pasted or read; blanks around it go.

        Raises:
            ConfigError: It is empty, or holds characters that do not print. The sentence does not hold it.
        """
        key = text.strip()
        if not key:
            raise ConfigError("The API key is empty; copy it from your Gynetix account.")
        if not key.isprintable():
            raise ConfigError(
                "The API key holds a character that does not print (a line end or a control code); "
                "copy it from your Gynetix account as one line."
            )
        object.__setattr__(self, "_ApiKey__key", key)
        object.__setattr__(self, "_ApiKey__traces", _traces_of(key))

    def reveal(self) -> str:
        """The key itself."""
        return self.__key

    def path_segment(self) -> str:
        """The key as one segment of a URL's path: a slash or blank in it cannot change the path."""
        return quote(self.reveal(), safe="")

    def redact(self, text: str) -> str:
        """The text with "[key]" wherever the key stands in it: plain, percent-quoted, escaped or in base64."""
        return self.__traces.sub(_REDACTED, text)

    def __repr__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ApiKey):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((ApiKey, self.reveal()))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("An API key does not change; make a new one.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("An API key does not change; make a new one.")

    def __getstate__(self) -> NoReturn:
        raise TypeError("An API key is not pickled: it would be written down.")

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("An API key is not pickled: it would be written down.")


class Redactor:
    """Leaves every key that it was told of out of a text."""

    def __init__(self) -> None:
        self._keys: list[ApiKey] = []

    def learn(self, key: ApiKey) -> None:
        """From now on this key is left out."""
        if key not in self._keys:
            self._keys.append(key)

    def __call__(self, text: str) -> str:
        """The text without any of the keys."""
        for key in self._keys:
            text = key.redact(text)
        return text


def _traces_of(key: str) -> re.Pattern[str]:
    """What the key looks like wherever it may have been written."""
    fragments = sorted(_base64_fragments(key.encode()), key=len, reverse=True)
    return re.compile("|".join(["".join(map(_spellings, key)), *map(re.escape, fragments)]))


def _spellings(character: str) -> str:
    """A pattern of one character as itself, percent-quoted (even twice), or escaped as in JSON and repr."""
    octets = character.encode()
    spellings = [
        "(?i:" + "".join(f"%(?:25)*{octet:02x}" for octet in octets) + ")",
        "(?i:" + "".join(rf"\\x{octet:02x}" for octet in octets) + ")",
        "(?i:" + "".join(rf"\\u{unit:04x}" for unit in _utf16_units(character)) + ")",
    ]
    if character == " ":
        spellings.append(r"\+")  # application/x-www-form-urlencoded
    if character in "/\\\"'":
        spellings.append(r"\\" + re.escape(character))
    spellings.append(re.escape(character))  # last: a percent sign is the beginning of its own quoted form
    return f"(?:{'|'.join(spellings)})"


def _utf16_units(character: str) -> list[int]:
    octets = character.encode("utf-16-be")
    return [int.from_bytes(octets[index : index + 2]) for index in range(0, len(octets), 2)]


def _base64_fragments(key: bytes) -> set[str]:
    """What of the key's base64 is the same whatever stands before and after it in the encoded data.

    Three bytes make four characters, so that the key can begin at three places of such a group; the
    characters that share bits with its neighbours differ each time and are left out.
    """
    fragments = {
        base64.b64encode(key).decode().rstrip("="),
        base64.urlsafe_b64encode(key).decode().rstrip("="),
    }
    for before in range(3):
        whole = (8 * before + 5) // 6  # the first character made of the key's bits alone
        end = 8 * (before + len(key)) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            fragments.add(encode(b"\0" * before + key).decode()[whole:end])
    return {fragment for fragment in fragments if len(fragment) >= _SHORTEST_FRAGMENT}
