"""What is imported when: below the screen nothing of the screen, and nothing slow before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# httpx imports its own command line, and with it rich, wherever click happens to be installed: a tool of
# developers brings click, this program does not.
_LIST = """
import json, runpy, sys
sys.modules["click"] = None
sys.argv = ["gynetix-tui", *{arguments!r}]
try:
    {statement}
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""
SCREEN = {"textual", "rich"}
SLOW = {"httpx", "httpcore", "anyio", "keyring", "secretstorage", "phonenumbers", "certifi"}


def imported(statement: str, *arguments: str) -> set[str]:
    """The packages that a fresh interpreter has after a statement."""
    program = _LIST.format(statement=statement, arguments=list(arguments))
    ended = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    names = set(json.loads(ended.stdout.splitlines()[-1]))
    assert "gynetix_tui" in names
    return names


@pytest.mark.parametrize(
    "module",
    [
        "gynetix_tui.engine.engine", "gynetix_tui.engine.account", "gynetix_tui.store", "gynetix_tui.gateway",
        "gynetix_tui.sandbox", "gynetix_tui.demo", "gynetix_tui.model", "gynetix_tui.errors", "gynetix_tui.text",
        "gynetix_tui.phone", "gynetix_tui.settings.config", "gynetix_tui.settings.keys",
        "gynetix_tui.settings.log", "gynetix_tui.settings.paths", "gynetix_tui.settings.secret",
    ],
)  # fmt: skip
def test_below_the_screen_nothing_knows_it(module: str) -> None:
    assert not imported(f"import {module}") & SCREEN


@pytest.mark.parametrize(
    "module", ["gynetix_tui.engine.engine", "gynetix_tui.store", "gynetix_tui.sandbox", "gynetix_tui.demo"]
)
def test_what_the_first_frame_needs_is_quick_to_import(module: str) -> None:
    assert not imported(f"import {module}") & SLOW


def test_the_test_would_see_it() -> None:
    assert {"httpx", "certifi"} <= imported("import gynetix_tui.gateway.transport, certifi")
    assert "textual" in imported("import gynetix_tui, textual")


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_a_word_that_only_prints_imports_nothing_slow(argument: str) -> None:
    names = imported("runpy.run_module('gynetix_tui', run_name='__main__')", argument)
    assert not names & (SCREEN | SLOW | {"sqlite3", "asyncio"})
