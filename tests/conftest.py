"""What every test starts from: no settings of the developer's, one zone, nothing that changes the colours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

pytest_plugins = ["canary_net", "terminal_fixtures"]

# The kit of the pseudo-terminal is used by tests of the screen, too, also where these are run alone.
sys.path.append(str(Path(__file__).with_name("terminal")))

# Read by Textual while it is imported, so they go before anything imports it.
for _name in list(os.environ):
    _unwanted = _name.startswith(("TEXTUAL", "GYNETIX_", "XDG_")) or _name in {"NO_COLOR", "VISUAL", "EDITOR"}
    if _unwanted and not _name.startswith(
        "TEXTUAL_SNAPSHOT"
    ):  # how the workers of the snapshot tests find each other
        del os.environ[_name]
os.environ |= {"TZ": "UTC", "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]) -> None:
    """Whoever looks for settings, a store or a log finds an empty folder."""
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
