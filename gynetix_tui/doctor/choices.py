"""What the user has set: whether it can be read and is right. Values are never told, only names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.keys import KEY_VARIABLE
from gynetix_tui.settings.schema import SECTIONS, Settings, rule_of

_RIGHT = re.compile(r" = .*: (?=it must )", re.DOTALL)
_NUMBER = re.compile(r"\+?\d[\d ().-]{5,}\d")


def check_settings(case: Case) -> list[Finding]:
    """config.toml and the variables that outrank it."""
    known = {rule_of(entry).variable for kind in SECTIONS.values() for entry in fields(kind)} - {""}
    given = sorted(name for name in case.environ if name.startswith("GYNETIX_"))
    found = [
        Finding(None, f"{name}: no such variable; there are {', '.join(sorted({*known, KEY_VARIABLE}))}.")
        for name in given
        if name not in known
    ]
    outranking = [name for name in given if name in known and case.environ[name].strip()]
    try:
        settings = case.settings()
    except ConfigError as error:
        return [Finding(False, _without_value(str(error))), *found]
    text = "read and right"
    if names := ", ".join(_changed(settings)):
        text += f"; not the usual: {names}"
    if outranking:
        text += f"; from the environment: {', '.join(outranking)}"
    if settings.gateway.from_number is None:
        text += "; no local number yet"
    return [Finding(True, text), *found]


def check_shortcuts(case: Case) -> list[Finding]:
    """The keys of the commands, which only the screen can judge."""
    from gynetix_tui.tui.commands import KeyMap

    try:
        chosen = case.settings().keys
    except ConfigError:
        return []  # `check_settings` tells it
    try:
        KeyMap(chosen)
    except ConfigError as error:
        return [Finding(False, _NUMBER.sub("...", f"[keys] {error}"))]
    return [Finding(True, f"{len(chosen)} of them chosen in [keys]" if chosen else "the usual ones")]


def _changed(settings: Settings) -> Iterator[str]:
    for section, kind in SECTIONS.items():
        for entry in fields(kind):
            if getattr(getattr(settings, section), entry.name) != entry.default:
                yield f"{section}.{entry.name}"


def _without_value(sentence: str) -> str:
    """A sentence about a setting without what stands there: it may be a number, or a key in the wrong place."""
    told = _RIGHT.sub(": ", sentence)
    if told == sentence and " = " in sentence:
        told = sentence.partition(" = ")[0] + ": what stands there is not right."
    return _NUMBER.sub("...", told)
