"""The whole report, as the installed program gives it: whatever is broken, fit to be shown to anybody."""

from __future__ import annotations

import fcntl
import os
import pwd
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from canary import KEY
from doctor_kit import (
    NO_RING,
    PRIVATE,
    PROGRAM,
    Ring,
    assert_fit_to_show,
    case_in,
    failing,
    fill,
    paths_in,
    raw,
    run_doctor,
    tree,
)

from gynetix_tui.cli import _parser
from gynetix_tui.doctor.case import Finding
from gynetix_tui.doctor.report import Part, examine, rendered
from gynetix_tui.settings.secret import ApiKey

ESCAPES = "\x1b]52;c;QQ==\x07\x1b[2J\n! forged \u202e\x9b31m"

CANARY_RING = f"""
from keyring.backend import KeyringBackend
class Ring(KeyringBackend):
    priority = 9
    name = "canary ring"
    def get_password(self, service, username):
        return {KEY!r}
    def set_password(self, service, username, password):
        raise AssertionError
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home of Pat"
    home.mkdir()
    return home


@pytest.fixture
def ring(tmp_path: Path) -> dict[str, str]:
    """A keyring that holds the canary, for the installed program."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "canary_ring.py").write_text(CANARY_RING)
    return {"PYTHONPATH": str(folder), "PYTHON_KEYRING_BACKEND": "canary_ring.Ring"}


def titles(text: str) -> list[str]:
    return [line[2:12].strip() for line in text.splitlines()[:-1] if line[2:12].strip()]


def test_an_empty_home_is_well_and_stays_empty(home: Path) -> None:
    code, text = run_doctor(home, "doctor")
    last = (
        "Nothing is wrong. What is marked with - may matter to you."  # there is no keyring, and no terminal
    )
    assert (code, text.splitlines()[-1]) == (0, last)
    assert_fit_to_show(text)
    assert "~/.config/gynetix-tui/config.toml: none" in text
    assert str(home) not in text
    assert list(home.iterdir()) == []
    assert len(text.splitlines()) <= 24
    assert titles(text) == [
        *("versions", "config", "settings", "shortcuts", "store", "log", "API key", "keyring"),
        *("terminal", "clock", "gateway"),
    ]


@pytest.mark.holds_the_key("the keyring that the program is given is a file here")
def test_the_key_is_nowhere(home: Path, ring: dict[str, str]) -> None:
    """In the environment, in the keyring, and in places where it does not belong."""
    misplaced = {
        "GYNETIX_BASE_URL": f"https://u:{KEY}@x",
        "TERM": KEY,
        "LANG": KEY,
        "TZ": KEY,
        "COLORTERM": KEY,
    }
    for environ, wrong in (({"GYNETIX_API_KEY": KEY}, 0), (misplaced, 1)):
        code, text = run_doctor(home, "doctor", environ=ring | environ)
        assert code == wrong
        assert "canary ring: holds a key; " in text
        assert_fit_to_show(text)
    assert list(home.iterdir()) == []


def test_a_key_that_does_not_print_is_not_shown(home: Path) -> None:
    code, text = run_doctor(home, "doctor", environ={"GYNETIX_API_KEY": f"{KEY}\x01{KEY}"})
    assert code == 1
    assert "! API key    GYNETIX_API_KEY: The API key holds a character" in text
    assert_fit_to_show(text)


def test_a_filled_store_is_told_in_counts(home: Path) -> None:
    store = home / ".local/share/gynetix-tui/store.db"
    fill(store)
    config = home / ".config/gynetix-tui/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[gateway]\nfrom_number = "+15556667777"\n')
    config.chmod(0o600)
    before = tree(home)
    code, text = run_doctor(home, "doctor")
    assert code == 0
    assert "1 contacts, 2 texts, 3 waiting, 1 uncertain, 1 failed" in " ".join(text.split())
    assert "~/.local/share/gynetix-tui/store.db: " in text
    assert_fit_to_show(text)
    assert tree(home) == before


def test_a_store_that_the_client_has_open(home: Path) -> None:
    store = home / ".local/share/gynetix-tui/store.db"
    fill(store)
    with raw(store) as client:
        client.execute("UPDATE outbox SET state = 'failed' WHERE state = 'unconfirmed'")
        for file in store.parent.iterdir():
            file.chmod(0o600)
        before = tree(home)
        assert {file.name for file in store.parent.iterdir()} == {"store.db", "store.db-wal", "store.db-shm"}
        code, text = run_doctor(home, "doctor")
        assert (code, tree(home)) == (0, before)
    assert "0 uncertain, 2 failed" in " ".join(text.split())


@pytest.mark.holds_the_key("files of the user's hold it, and the doctor does not show it")
def test_everything_broken_at_once(home: Path) -> None:
    for folder, name in ((".local/share", "store.db"), (".config", "config.toml"), (".local/state", "")):
        place = home / folder / "gynetix-tui"
        place.mkdir(parents=True)
        (place / (name or "gynetix-tui.log")).write_text(f"{' '.join(PRIVATE)} {KEY}\n" * 100)
    environ = {
        "TERM": ESCAPES,
        "TEXTUAL_DEBUG": "1",
        "TZ": ESCAPES,
        "GYNETIX_API_KEY": "\x1b",
        "LANG": ESCAPES,
    }
    before = tree(home)
    code, text = run_doctor(home, "doctor", "--online", "--full", environ=environ)
    assert code == 1
    assert_fit_to_show(text)
    marked = [line for line in text.splitlines() if line.startswith("!")]
    assert text.splitlines()[-1].startswith(f"Wrong: {len(marked)}.")
    assert "! forged" not in marked
    for title in ("config", "settings", "store", "contents", "log", "API key", "Textual"):
        assert any(line.startswith(f"! {title} ") for line in marked), title
    assert "- gateway    not known while the settings are not right" in text
    assert tree(home) == before


def test_another_config(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[polling]\nopen_seconds = "soon"\n')
    code, text = run_doctor(home, "--config", str(other), "doctor")
    assert code == 1
    assert "polling.open_seconds: it must be a number" in " ".join(text.split())


def test_the_options_may_stand_before_or_after() -> None:
    for words in (
        ["--config", "none.toml", "doctor", "--full"],
        ["doctor", "--full", "--config", "none.toml"],
    ):
        parsed = _parser().parse_args(words)
        assert (parsed.config, parsed.full, parsed.online) == (Path("none.toml"), True, False)


def test_no_home_at_all() -> None:
    code, text = run_doctor(None, "doctor")
    assert code in (0, 1)  # whatever the user's real home holds
    assert "~/.config/gynetix-tui/config.toml" in "".join(text.split())
    assert f"{pwd.getpwuid(os.getuid()).pw_dir}/" not in text


def test_output_that_is_not_utf8(home: Path) -> None:
    environ = {"PYTHONIOENCODING": "ascii", "TERM": "x\xe9\u2026"}
    code, text = run_doctor(home, "doctor", environ=environ, encoding="ascii")
    assert code == 1
    assert "TERM=x??, " in text
    assert "not UTF-8" in text


def test_output_that_is_closed(home: Path) -> None:
    ended = subprocess.run(
        ["sh", "-c", f'exec "{PROGRAM}" doctor >&-'],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHON_KEYRING_BACKEND": NO_RING},
        capture_output=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_in_a_terminal(home: Path) -> None:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    environ["PYTHON_KEYRING_BACKEND"] = NO_RING
    with subprocess.Popen(
        [PROGRAM, "doctor"], stdin=slave, stdout=slave, stderr=slave, env=environ
    ) as process:
        assert process.wait(timeout=60) == 0
    os.close(slave)
    text = os.read(master, 65536).decode().replace("\r\n", "\n")
    os.close(master)
    assert "TERM=xterm-256color, COLORTERM=not set, 100x24, utf-8, " in " ".join(text.split())
    assert "redirected" not in text
    assert_fit_to_show(text)


def test_a_check_that_fails_leaves_the_others_standing(tmp_path: Path) -> None:
    case = case_in(tmp_path, {}, find_paths=failing(ZeroDivisionError(KEY)))
    parts = {part.title: part.findings for part in examine(case, [])}
    failed = [Finding(False, "this could not be looked at (ZeroDivisionError)")]
    for title in ("config", "settings", "shortcuts", "store", "contents", "log", "gateway"):
        assert parts[title] == failed
    for title in ("versions", "API key", "keyring", "terminal", "clock"):
        assert parts[title] != failed


def test_keys_that_are_met_are_taken_out_of_every_line(tmp_path: Path) -> None:
    met: list[ApiKey] = []
    parts = examine(case_in(tmp_path, {"TERM": KEY}, ring=Ring(KEY)), met)
    text = "\n".join(rendered(parts, {}, met))
    assert "TERM=[key]" in text
    assert_fit_to_show(text)


def test_a_short_key_takes_nothing_out() -> None:
    parts = [Part("versions", [Finding(True, "httpx 0.28.1")])]
    assert next(rendered(parts, {}, [ApiKey("httpx")])) == "  versions   httpx 0.28.1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/pat/x /home/pat.", "~/x ~."),
        ("/home/patricia/x", "/home/patricia/x"),
        ("/mnt/home/pat/x", "/mnt/home/pat/x"),
        ("at /home/pat: no", "at ~: no"),
    ],
)
def test_the_home_folder_is_not_shown(text: str, shown: str) -> None:
    parts = [Part("config", [Finding(False, text)])]
    assert next(rendered(parts, {"HOME": "/home/pat/"}, [])) == f"! config     {shown}"


def test_marks_and_long_words() -> None:
    parts = [Part("log", [Finding(True, "x" * 150), Finding(None, "y"), Finding(False, "z")])]
    assert list(rendered(parts, {}, [])) == [
        "  log        " + "x" * 67,
        " " * 13 + "x" * 67,
        " " * 13 + "x" * 16,
        "-            y",
        "!            z",
        "Wrong: 1. Look at what is marked with an exclamation mark.",
    ]
    assert list(rendered([Part("log", [Finding(True, "x")])], {}, []))[-1] == "All is well."


def test_a_config_that_is_named_takes_the_place_of_the_usual_one(tmp_path: Path) -> None:
    case = case_in(tmp_path, config_file=tmp_path / "x.toml")
    assert case.paths().config_file == tmp_path / "x.toml"
    assert case.paths().store_file == paths_in(tmp_path).store_file
