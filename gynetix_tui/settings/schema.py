"""The settings: one table of what can be set, by which everything else goes.

Each field carries its default, its meaning, its check and the variable of the environment that outranks it.
Reading config.toml, saving it and documenting it all read this table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from gynetix_tui.model import PhoneNumber
from gynetix_tui.settings import checks
from gynetix_tui.text import clean_line

BASE_URL: Final = "https://roor.gynetix.com/standard/api"
SHOWN_VALUE: Final = 60
"""Characters of a value in a sentence about it."""


class Theme(StrEnum):
    """The colours of the screen."""

    DARK = "dark"
    LIGHT = "light"
    ANSI = "ansi"
    """The terminal's own colours."""
    AUTO = "auto"
    """Chosen by what the terminal can show."""


class NumberStyle(StrEnum):
    """How phone numbers are shown."""

    AUTO = "auto"
    """As one writes them at home, and internationally those from abroad."""
    NATIONAL = "national"
    """As one writes them in their own country."""
    INTERNATIONAL = "international"


class Rule(NamedTuple):
    """What is known of a setting beside its type and its default.

    Attributes:
        variable: The variable of the environment that outranks the file; empty where there is none.
        of_account: It belongs to one account, so that a profile never takes it from [gateway].
    """

    check: checks.Check
    meaning: str
    variable: str = ""
    of_account: bool = False


def _rule(
    check: checks.Check, meaning: str, variable: str = "", *, of_account: bool = False
) -> dict[str, Rule]:
    return {"rule": Rule(check, meaning, variable, of_account)}


@dataclass(frozen=True, slots=True)
class Gateway:
    """[gateway]: whom this program talks to, and as whom. A profile's own table takes the same keys."""

    base_url: str = field(
        default=BASE_URL,
        metadata=_rule(
            checks.gateway_address,
            "Where the gateway is: https, or http on this machine; without a slash at its end.",
            "GYNETIX_BASE_URL",
        ),
    )
    from_number: PhoneNumber | None = field(
        default=None,
        metadata=_rule(
            checks.local_number,
            "The local number that new conversations go out from.",
            "GYNETIX_FROM",
            of_account=True,
        ),
    )
    other_numbers: tuple[PhoneNumber, ...] | None = field(
        default=None,
        metadata=_rule(
            checks.local_numbers,
            "More local numbers of the account, to choose from for a new conversation.",
            of_account=True,
        ),
    )
    api_key_command: tuple[str, ...] | None = field(
        default=None,
        metadata=_rule(
            checks.command,
            "A command that prints the API key: a list, or a text that is split without a shell.",
            of_account=True,
        ),
    )
    answer_limit_mb: int = field(
        default=32,
        metadata=_rule(checks.whole(1, 1024), "The largest answer that is read, in MB (10^6 bytes)."),
    )
    trust_environment: bool = field(
        default=False,
        metadata=_rule(
            checks.switch,
            "Whether HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR have a say.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """[numbers]: how phone numbers are read and shown."""

    region: str = field(
        default="US",
        metadata=_rule(
            checks.region_code, "The home region (ISO 3166): numbers without a plus are dialled there."
        ),
    )
    display: NumberStyle = field(
        default=NumberStyle.AUTO,
        metadata=_rule(
            checks.one_of(NumberStyle), 'How numbers are shown: "auto", "national" or "international".'
        ),
    )


@dataclass(frozen=True, slots=True)
class Texting:
    """[texting]: what is asked and told before a text goes out."""

    ask_from_segments: int = field(
        default=4,
        metadata=_rule(checks.whole(0, 1000), "From so many segments on, sending asks first; 0 for never."),
    )
    most_segments: int = field(
        default=0,
        metadata=_rule(checks.whole(0, 1000), "A text of more segments is not sent; 0 for no limit."),
    )
    quiet_from: str = field(
        default="21:00",
        metadata=_rule(
            checks.time_of_day, "From when on it is late at the other side: the composer says so."
        ),
    )
    quiet_until: str = field(
        default="08:00",
        metadata=_rule(
            checks.time_of_day,
            "Until when it is early at the other side; the same as quiet_from for no hint.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Polling:
    """[polling]: how often the gateway is asked for new texts. All times are in seconds."""

    open_seconds: float = field(
        default=5, metadata=_rule(checks.seconds(1, 3600), "Seconds between looks at the open conversation.")
    )
    recent_seconds: float = field(
        default=30,
        metadata=_rule(
            checks.seconds(1, 86_400), "Seconds between looks at a conversation with traffic today."
        ),
    )
    dormant_seconds: float = field(
        default=600,
        metadata=_rule(checks.seconds(1, 604_800), "Seconds between looks at any other conversation."),
    )
    requests_per_minute: int = field(
        default=60, metadata=_rule(checks.whole(1, 6000), "The most requests in a minute, all together.")
    )


@dataclass(frozen=True, slots=True)
class Terminal:
    """[terminal]: how the terminal is used."""

    mouse: bool = field(
        default=True, metadata=_rule(checks.switch, "Whether the mouse works in the program.")
    )
    changed_cells: bool = field(
        default=True,
        metadata=_rule(checks.switch, "Whether only what changed on the screen is written to the terminal."),
    )
    last_screen: bool = field(
        default=True,
        metadata=_rule(checks.switch, "Whether a start shows at once what the run before has left for it."),
    )
    theme: Theme = field(
        default=Theme.AUTO,
        metadata=_rule(checks.one_of(Theme), 'The colours: "dark", "light", "ansi" or "auto".'),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that config.toml and the environment say.

    Attributes:
        profile: The profile that `gateway` is of; empty for the usual one, whose table is [gateway].
        keys: [keys]: the key of a command by the command's id, where it is not the usual one. The ids and
            the keys' names are checked by the screen, which knows them.
    """

    gateway: Gateway = field(default_factory=Gateway)
    numbers: Numbers = field(default_factory=Numbers)
    texting: Texting = field(default_factory=Texting)
    polling: Polling = field(default_factory=Polling)
    terminal: Terminal = field(default_factory=Terminal)
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    profile: str = ""


SECTIONS: Final[Mapping[str, type[Any]]] = {  # Any: the sections share no base but that they are dataclasses
    "gateway": Gateway,
    "numbers": Numbers,
    "texting": Texting,
    "polling": Polling,
    "terminal": Terminal,
}
GATEWAY: Final = "gateway"
KEYS: Final = "keys"
PROFILE: Final = "profile"
"""The table of the profiles' tables: [profile.NAME]."""
USUAL_PROFILE: Final = "default"
"""What the profile without a name is called where it needs one."""
PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""What a profile may be called: it names a folder, too."""


class SettingDoc(NamedTuple):
    """One setting as the documentation tells it.

    Attributes:
        name: Section and key, as "polling.open_seconds".
        default: As it would stand in the file; empty where there is none.
        variable: The variable of the environment that outranks the file; empty where there is none.
    """

    name: str
    default: str
    meaning: str
    variable: str


def rule_of(entry: Field[Any]) -> Rule:  # Any: a field of any type
    """The rule of a field of a section."""
    rule: Rule = entry.metadata["rule"]
    return rule


def describe_settings() -> Iterator[SettingDoc]:
    """Every setting in the order of the file, for the README and the help."""
    for section, kind in SECTIONS.items():
        for entry in fields(kind):
            default = "" if entry.default is None else shown(entry.default)
            rule = rule_of(entry)
            yield SettingDoc(f"{section}.{entry.name}", default, rule.meaning, rule.variable)
    yield SettingDoc(f"{PROFILE}.NAME.KEY", "", "A key of [gateway], for the profile of that name.", "")
    yield SettingDoc(f"{KEYS}.COMMAND", "", "The key of a command, by the command's id.", "")


def shown(value: object) -> str:
    """A value as it would stand in the file, cut short and safe to print."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{clean_line(value, limit=SHOWN_VALUE)}"'
    if isinstance(value, dict):
        return "a table"
    try:
        return clean_line(str(value), limit=SHOWN_VALUE)
    except ValueError:  # Python writes out no number of more than 4,300 digits
        return "a huge number"
