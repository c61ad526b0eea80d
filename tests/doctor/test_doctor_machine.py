"""Versions, the clock, the terminal and where the key may come from."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from canary import KEY
from doctor_kit import NOW, PlainRing, Ring, case_in, only, wrong
from keyring.errors import KeyringLocked, NoKeyringError

from gynetix_tui.doctor.case import Case
from gynetix_tui.doctor.keysources import check_environment, check_keyring
from gynetix_tui.doctor.machine import check_clock, check_versions, sqlite_findings
from gynetix_tui.doctor.screen import Surface, check_terminal, check_textual, judge
from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.keys import SystemKeyring
from gynetix_tui.settings.secret import ApiKey

TERMINAL = Surface((), (80, 24), "utf-8")
GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


# Versions and the clock


def test_versions(tmp_path: Path) -> None:
    finding = only(check_versions(case_in(tmp_path)))
    assert finding.ok
    for name in ("gynetix-tui 0.", "Python 3.", "Textual 8.", "httpx 0.", "keyring 2", "SQLite 3."):
        assert name in finding.text


def test_a_package_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        if package == "keyring":
            raise metadata.PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr("gynetix_tui.doctor.machine.version", version)
    assert wrong(check_versions(case_in(tmp_path))) == ["keyring is not installed"]


def test_an_old_sqlite() -> None:
    assert sqlite_findings((3, 37, 0)) == []
    assert wrong(sqlite_findings((3, 36, 9))) == ["SQLite is too old: the store wants 3.37"]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """TZ as the test sets it, and afterwards as it was."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def clock(zone: pytest.MonkeyPatch, folder: Path, name: str, now: float = NOW) -> Case:
    zone.setenv("TZ", name)
    time.tzset()
    case = case_in(folder, {"TZ": name})
    return Case(case.environ, now, find_paths=case.find_paths)


@pytest.mark.parametrize("name", ["CET-1CEST,M3.5.0,M10.5.0/3", ":CET-1CEST,M3.5.0,M10.5.0/3", "<+01>-1"])
def test_local_time_and_utc(zone: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    finding = only(check_clock(clock(zone, tmp_path, name)))
    assert finding.ok
    assert finding.text == f"2026-01-12 11:00 +0100, 10:00 UTC, TZ={name}"


@pytest.mark.parametrize("name", ["Nowhere/Town", "Hillvalley", "../etc"])
def test_a_zone_that_does_not_exist(zone: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    assert wrong(check_clock(clock(zone, tmp_path, name))) == [
        "TZ names no zone that is known here, so times show as UTC"
    ]


@pytest.mark.parametrize("name", ["XXX-20", "XXX-0:07"])
def test_a_zone_of_no_place_on_earth(zone: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    assert "no place on earth" in wrong(check_clock(clock(zone, tmp_path, name)))[0]


def test_a_clock_that_has_stopped(zone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "the clock is years behind" in wrong(check_clock(clock(zone, tmp_path, "UTC", now=60.0)))[0]


# The terminal


def test_a_good_terminal() -> None:
    finding = only(judge(TERMINAL, GOOD))
    assert finding.ok
    assert finding.text == "TERM=xterm-256color, COLORTERM=truecolor, 80x24, utf-8, LANG=C.UTF-8"


@pytest.mark.parametrize("name", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_show_a_screen(name: str) -> None:
    assert "TERM names none" in wrong(judge(TERMINAL, GOOD | {"TERM": name}))[0]


def test_a_terminal_that_is_too_small() -> None:
    assert wrong(judge(Surface((), (39, 24), "UTF-8"), GOOD)) == [
        "too small: the client wants at least 40x15"
    ]
    assert not wrong(judge(Surface((), (40, 15), "UTF-8"), GOOD))


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ascii", "no-such-thing"])
def test_a_terminal_that_is_not_utf8(encoding: str) -> None:
    assert "not UTF-8" in wrong(judge(Surface((), (80, 24), encoding), GOOD))[0]


def test_redirected_streams_are_no_mistake() -> None:
    surface = Surface(("output", "error output"), None, "utf-8")
    first, second = judge(surface, {})
    assert first.text == "TERM=not set, COLORTERM=not set, size not known, utf-8, no locale set"
    assert second.ok is None
    assert second.text.startswith("redirected here: output, error output;")


@pytest.mark.parametrize(
    ("environ", "hint"),
    [
        ({"TMUX": "/tmp/tmux-1000/default,1,0"}, "set-clipboard on, and focus focus-events on"),
        ({"STY": "1.pts-0.desk"}, "in GNU screen"),
        ({"NO_COLOR": "1"}, "NO_COLOR is set"),
        ({"COLUMNS": "80", "LINES": "24"}, "COLUMNS and LINES set"),
    ],
)
def test_hints(environ: dict[str, str], hint: str) -> None:
    _, second = judge(TERMINAL, GOOD | environ)
    assert second.ok is None
    assert hint in second.text
    assert "1000" not in second.text


def test_what_is_too_long_is_not_shown_in_part() -> None:
    assert "TERM=(too long to show), " in judge(TERMINAL, {"TERM": "x" * 41})[0].text


def test_ssh_and_the_strongest_locale_are_told() -> None:
    environ = GOOD | {"SSH_CONNECTION": "192.0.2.7 1 192.0.2.8 22", "LC_ALL": "de_DE.UTF-8"}
    finding = only(judge(TERMINAL, environ))
    assert finding.text.endswith("LC_ALL=de_DE.UTF-8, over SSH")


def test_streams_that_are_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("__stdin__", "__stdout__", "__stderr__"):
        monkeypatch.setattr(sys, name, None)
    assert "redirected here: input, output, error output" in check_terminal(case_in(tmp_path))[1].text


def test_variables_of_textual(tmp_path: Path) -> None:
    assert check_textual(case_in(tmp_path, GOOD)) == []
    environ = {"TEXTUAL_LOG": "/tmp/x", "TEXTUAL": "debug", "TEXTUAL_FPS": "5", "TEXTUALLY": "x"}
    spying, other = check_textual(case_in(tmp_path, environ))
    assert spying.ok is False
    assert spying.text.startswith("TEXTUAL, TEXTUAL_LOG set: ")
    assert (other.ok, other.text) == (None, "TEXTUAL_FPS set: Textual goes by it")


# Where the key may come from


def test_the_environment(tmp_path: Path) -> None:
    used = only(check_environment(case_in(tmp_path, given_key=ApiKey(KEY))))
    assert (used.ok, used.text) == (True, "GYNETIX_API_KEY is set: this key is used")
    unset = only(check_environment(case_in(tmp_path)))
    assert (unset.ok, unset.text) == (True, "GYNETIX_API_KEY is not set")
    error = ConfigError("GYNETIX_API_KEY: The API key holds a character that does not print.")
    assert wrong(check_environment(case_in(tmp_path, given_key=error))) == [str(error)]


@pytest.mark.parametrize(
    ("given", "ring", "ok", "text"),
    [
        (False, Ring(KEY), True, "Ring: holds a key; this key is used"),
        (True, Ring(KEY), True, "Ring: holds a key; not used while GYNETIX_API_KEY is set"),
        (False, Ring(), None, "Ring: holds none: the client asks for the key, and offers to keep it there"),
        (True, Ring(), True, "Ring: holds none"),
        (False, PlainRing(KEY), None, "none on this machine: the client asks for the key at each start"),
        (True, PlainRing(KEY), True, "none on this machine"),
        (False, Ring(error=KeyringLocked(KEY)), False, "The keyring is locked. Unlock it, or in another"),
        (True, Ring(error=KeyringLocked(KEY)), None, "The keyring is locked; not needed"),
        (False, Ring(error=NoKeyringError(KEY)), False, "No keyring on this machine"),
        (False, Ring(error=SystemExit(KEY)), False, "The keyring failed (SystemExit)"),
        (False, Ring(f"{KEY}\n{KEY}"), False, "What the keyring holds for this account is no API key"),
    ],
)
def test_keyrings(tmp_path: Path, given: bool, ring: Ring, ok: bool | None, text: str) -> None:
    met: list[ApiKey] = []
    case = case_in(tmp_path, ring=ring, given_key=ApiKey("another key") if given else None)
    finding = only(check_keyring(case, met))
    assert finding.ok is ok
    assert text in finding.text
    assert "CANARY" not in finding.text
    assert met == ([ApiKey(KEY)] if "holds a key" in text else [])


@pytest.mark.parametrize("given", [False, True])
def test_a_keyring_that_never_answers(tmp_path: Path, given: bool) -> None:
    answer = threading.Event()

    def find() -> object:
        answer.wait()
        return Ring()

    key = ApiKey(KEY) if given else None
    case = case_in(tmp_path, keyring=SystemKeyring(deadline=0.02, find_backend=find), given_key=key)
    finding = only(check_keyring(case, []))
    answer.set()
    assert finding.ok is (None if given else False)
    assert finding.text.startswith("The keyring did not answer within 0.02 s")
