"""The README says what is true of the settings and the keys."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from gynetix_tui.settings.schema import describe_settings
from gynetix_tui.tui.commands import COMMANDS, KeyMap, short_key

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_setting_stands_there_with_its_default() -> None:
    block = README[README.index("    [gateway]\n") : README.index("The commands' names for `[keys]`")]
    shown = tomllib.loads("\n".join(line.removeprefix("    ") for line in block.splitlines()))
    for setting in describe_settings():
        section, _, key = setting.name.partition(".")
        if section == "keys":  # each command is one: the next test is about them
            continue
        if section == "profile":
            assert set(shown[section]["work"]) <= set(shown["gateway"])
            continue
        written = tomllib.loads(f"value = {setting.default}")["value"] if setting.default else None
        assert written is None or shown[section][key] == written, setting.name
        assert key in shown[section], setting.name
        if setting.variable:
            assert setting.variable in README
    KeyMap(shown["keys"])


def test_every_command_with_a_key_of_its_own_stands_there() -> None:
    table = README[README.index("## Keys") : README.index("## What the marks")]
    words = table.replace("Ctrl+", "^").replace("Shift+Tab", "Shift+Tab")
    for command in COMMANDS:
        key = short_key(command.keys[0])
        assert re.search(rf"(?<![A-Za-z^+]){re.escape(key)}(?![A-Za-z])", words), f"{command.id}: {key}"
