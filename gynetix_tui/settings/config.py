"""Reading config.toml and the variables that outrank it, with a sentence for every mistake."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from gynetix_tui.errors import ConfigError
from gynetix_tui.settings import checks
from gynetix_tui.settings.lines import line_of
from gynetix_tui.settings.schema import (
    GATEWAY,
    KEYS,
    PROFILE,
    PROFILE_NAME,
    SECTIONS,
    SHOWN_VALUE,
    USUAL_PROFILE,
    Settings,
    rule_of,
    shown,
)
from gynetix_tui.text import clean_line

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Kind = TypeVar("Kind", bound="DataclassInstance")

MAX_FILE_BYTES: Final = 1_000_000
_SECRETS: Final = frozenset({"key", "apikey", "api_key", "api-key", "token", "secret", "password"})


def load_settings(file: Path, environ: Mapping[str, str], profile: str = "") -> Settings:
    """Read config.toml and the GYNETIX_ variables that outrank it. Nothing is ever written.

    Args:
        file: A file that is not there means all defaults.
        environ: The environment; a blank variable counts as unset.
        profile: The profile whose account is wanted; empty for the usual one.

    Raises:
        ConfigError: The file cannot be read, or something in it (or in a variable) is not right. The
            sentence names the place, what stands there and what would be right.
    """
    return settings_from(parse_document(read_source(file), file), file, environ, profile)


def read_source(file: Path) -> str:
    """The file's text; empty where there is no file.

    Raises:
        ConfigError: It cannot be read, is no text, or is far too large.
    """
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return ""
    except IsADirectoryError:
        raise ConfigError(f"{file} is a folder; a file in TOML must stand there.") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigError(f"{file} cannot be read: {reason}.") from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{file} has {len(data):,} bytes; that is no config.toml of this program.")
    try:
        return data.decode("utf-8-sig")  # some editors put a mark before the first line
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}, line {line}: not UTF-8; save the file in that encoding.") from None


def parse_document(source: str, file: Path) -> Document:
    """The file's text with its TOML read.

    Raises:
        ConfigError: It is not TOML.
    """
    try:
        return Document(source, tomllib.loads(source))
    except (ValueError, RecursionError) as error:  # also numbers of 5,000 digits, and 1,000 brackets
        reason = "nested too deeply" if isinstance(error, RecursionError) else clean_line(str(error))
        raise ConfigError(f"{file} is not TOML: {reason}.") from None


class Document(NamedTuple):
    """A config.toml as text and as tables."""

    source: str
    tables: dict[str, Any]  # Any: what TOML may hold


def settings_from(document: Document, file: Path, environ: Mapping[str, str], profile: str = "") -> Settings:
    """Check every value of a document, and of the environment.

    Raises:
        ConfigError: Something is not right; see `load_settings`.
    """
    return _Reading(document, file, environ).settings(profile)


@dataclass(frozen=True, slots=True)
class _Reading:
    document: Document
    file: Path
    environ: Mapping[str, str]

    def settings(self, profile: str) -> Settings:
        tables = self.document.tables
        for section, table in tables.items():
            self._check_shape(section, table)
        region = self._section("numbers", "").region
        sections = {section: self._section(section, region) for section in SECTIONS}
        profiles = {name: self._profile(name, region) for name in tables.get(PROFILE, {})}
        if profile:
            sections[GATEWAY] = self._chosen(profile, profiles)
        keys = {
            command: str(self._checked(checks.key_name, key, region, KEYS, command))
            for command, key in tables.get(KEYS, {}).items()
        }
        return Settings(**sections, keys=MappingProxyType(keys), profile=profile)

    def _check_shape(self, section: str, table: object) -> None:
        known = [*SECTIONS, PROFILE, KEYS]
        if section not in known:
            what = "section" if isinstance(table, dict) else "key"
            raise ConfigError(f"{self._place('', section)}: no such {what}; {_meant(section, known)}")
        if not isinstance(table, dict):
            form = f"[{PROFILE}.NAME]" if section == PROFILE else f"[{section}]"
            raise ConfigError(f"{self._place('', section)} = {shown(table)}: it must be a section, {form}.")
        if section == PROFILE:
            for name, entries in table.items():
                self._check_profile(name, entries)
            names = [name.casefold() for name in table]
            if twice := [name for name in table if names.count(name.casefold()) > 1]:
                # Each names a folder, and some disks do not tell them apart.
                raise ConfigError(f"{self._place(PROFILE, twice[1])}: there is a profile {twice[0]} already.")
        elif section != KEYS:
            self._check_keys(section, table, SECTIONS[section])

    def _check_profile(self, name: str, entries: object) -> None:
        place = self._place(PROFILE, name)
        if not PROFILE_NAME.fullmatch(name):
            raise ConfigError(
                f"{place}: a profile's name has letters, digits, - and _, and at most 32 of them."
            )
        if name == USUAL_PROFILE:
            raise ConfigError(f"{place}: the usual profile's table is [{GATEWAY}]; choose another name.")
        if not isinstance(entries, dict):
            raise ConfigError(f"{place}: it must be a section, [{PROFILE}.{name}].")
        self._check_keys(f"{PROFILE}.{name}", entries, SECTIONS[GATEWAY])

    def _check_keys(
        self, section: str, table: Mapping[str, object], kind: type[Any]
    ) -> None:  # as in SECTIONS
        names = [entry.name for entry in fields(kind)]
        for key in table:
            if key not in names:  # its value is not shown: it may be a secret in the wrong place
                raise ConfigError(f"{self._place(section, key)}: no such key; {_meant(key, names)}")

    def _chosen(self, profile: str, profiles: Mapping[str, object]) -> object:
        if profile in profiles:
            return profiles[profile]
        name = clean_line(profile, limit=SHOWN_VALUE)
        if close := get_close_matches(profile, profiles, n=1):
            hint = f'did you mean "{close[0]}"?'
        elif PROFILE_NAME.fullmatch(profile) and profile != USUAL_PROFILE:
            hint = f"write a section [{PROFILE}.{profile}] there; it may be empty."
        else:
            hint = f"there are {', '.join(profiles) or 'none'}."
        raise ConfigError(f'{self.file}: no profile "{name}"; {hint}')

    def _profile(self, name: str, region: str) -> object:
        """The gateway of a profile: its own table's keys, else those of [gateway] that belong to no account."""
        own = self.document.tables[PROFILE][name]
        shared = {
            entry.name: value
            for entry in fields(SECTIONS[GATEWAY])
            if not rule_of(entry).of_account
            and (value := self.document.tables.get(GATEWAY, {}).get(entry.name)) is not None
        }
        return self._values(SECTIONS[GATEWAY], {**shared, **own}, f"{PROFILE}.{name}", region)

    def _section(self, section: str, region: str) -> Any:  # noqa: ANN401 - one of the section classes
        return self._values(SECTIONS[section], self.document.tables.get(section, {}), section, region)

    def _values(
        self,
        kind: type[Kind],
        table: Mapping[str, object],
        section: str,
        region: str,
    ) -> Kind:
        values: dict[str, object] = {}
        for entry in fields(kind):
            rule = rule_of(entry)
            text = self.environ.get(rule.variable, "").strip() if rule.variable else ""
            if not text and entry.name not in table:
                continue
            variable = rule.variable if text else ""
            values[entry.name] = self._checked(
                rule.check, text or table[entry.name], region, section, entry.name, variable
            )
        return kind(**values)

    def _checked(
        self, check: checks.Check, value: object, region: str, section: str, key: str, variable: str = ""
    ) -> object:
        try:
            return check(value, region)
        except checks.WrongValue as wrong:
            place = variable or self._place(section, key)
            stands = "…" if wrong.secret else shown(value)
            raise ConfigError(f"{place} = {stands}: {wrong}.") from None

    def _place(self, section: str, key: str) -> str:
        line = line_of(self.document.source, section, key)
        name = clean_line(f"{section}.{key}" if section else key, limit=SHOWN_VALUE)
        return f"{self.file}, line {line}: {name}" if line else f"{self.file}: {name}"


def _meant(name: str, known: list[str]) -> str:
    if name.lower() in _SECRETS:
        return (
            "the API key does not belong in this file; let the keyring keep it (gynetix-tui key set), "
            "or name a command that prints it (api_key_command)."
        )
    if close := get_close_matches(name, known, n=1):
        return f'did you mean "{close[0]}"?'
    return f"there are {', '.join(known)}."
