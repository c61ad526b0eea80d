"""Starts that cannot be: one sentence on standard error, exit code 2, and the terminal untouched."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import DEADLINE, PROGRAM, Desk

from gynetix_tui import __version__
from gynetix_tui.sandbox import DEFAULT_KEY

SENTENCE = re.compile(r"\Agynetix-tui: [^\x00-\x1f\x7f]+[.?]\r?\n\Z")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.environ.update(GYNETIX_API_KEY=KEY, GYNETIX_BASE_URL="http://127.0.0.1:9/standard/api")
        yield desk


def refusal(desk: Desk, *options: str, command: list[str] | None = None) -> str:
    """Start the program in a terminal; return the one sentence that it must end with."""
    terminal = desk.start(*options, command=command)
    code = terminal.finish()
    said = terminal.transcript.decode()
    assert code == 2, said
    assert SENTENCE.match(said), said
    return said.strip()


@pytest.mark.parametrize("name", ["dumb", "unknown", "", None])
def test_a_terminal_that_cannot_move_the_cursor(desk: Desk, name: str | None) -> None:
    del desk.environ["TERM"]
    if name is not None:
        desk.environ["TERM"] = name
    assert f"TERM is {name or 'not set'}" in refusal(desk)
    assert desk.files() == []


def test_a_dumb_terminal_is_refused_by_the_demo_too(desk: Desk) -> None:
    desk.environ["TERM"] = "dumb"
    assert "TERM is dumb" in refusal(desk, "--demo")
    assert list(desk.temporary.iterdir()) == []


@pytest.mark.parametrize("redirection", ["</dev/null", ">stream", "2>stream", "</dev/null >stream"])
def test_a_stream_that_is_no_terminal(desk: Desk, redirection: str) -> None:
    terminal = desk.start(command=["sh", "-c", f'exec "$0" {redirection}', PROGRAM])
    assert terminal.finish() == 2
    stream = desk.folder / "stream"
    on_terminal, in_file = terminal.transcript.decode(), stream.read_text() if stream.exists() else ""
    errors, output = (in_file, on_terminal) if redirection.startswith("2") else (on_terminal, in_file)
    assert SENTENCE.match(errors), errors
    assert "needs a terminal" in errors
    assert output == ""
    assert desk.files() == []


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[gateway\nbase_url = 1\n", r"config\.toml is not TOML: .* line 1"),
        ("[polling]\nopen_second = 5\n", r'line 2: polling\.open_second: .*did you mean "open_seconds"\?'),
        ("[pollings]\n", r'line 1: pollings: no such section; did you mean "polling"\?'),
        ('[polling]\nopen_seconds = "often"\n', r'line 2: polling\.open_seconds = "often": '),
        ('[gateway]\nbase_url = "http://example.com/api"\n', r"line 2: gateway\.base_url = .*https"),
        ('[gateway]\napi_key = "hush"\n', r"line 2: gateway\.api_key: .*gynetix-tui key set"),
        ('[keys]\nsned = "ctrl+s"\n', r'keys\.sned: no such command; did you mean "send"\?'),
        ('[keys]\nsend = "ctrl+"\n', r'keys\.send = "ctrl\+": .* no key'),
        ('[keys]\nhelp = "ctrl+n"\n', r'keys\.help = "ctrl\+n": this key is already that of new'),
        ('[keys]\nhelp = "enter"\n', r'keys\.help = "enter": this key is already that of'),
    ],
)
def test_a_mistake_in_the_config_file(desk: Desk, toml: str, words: str) -> None:
    del desk.environ["GYNETIX_BASE_URL"]  # it outranks the file
    desk.configure(toml)
    said = refusal(desk)
    assert re.search(words, said), said
    assert "hush" not in said
    assert desk.files() == [desk.config_file]


def test_a_config_file_that_is_not_there(desk: Desk) -> None:
    assert "elsewhere.toml does not exist" in refusal(desk, "--config", str(desk.folder / "elsewhere.toml"))


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("GYNETIX_BASE_URL", "http://example.com/api", "GYNETIX_BASE_URL = .*https"),
        ("GYNETIX_BASE_URL", "roor.gynetix.com", "GYNETIX_BASE_URL = "),
        ("GYNETIX_FROM", "12", "GYNETIX_FROM = "),
        ("GYNETIX_API_KEY", "hush\x1b[31m", "GYNETIX_API_KEY: "),
    ],
)
def test_a_variable_that_is_not_right(desk: Desk, variable: str, value: str, words: str) -> None:
    desk.environ[variable] = value
    said = refusal(desk)
    assert re.search(words, said), said
    assert "hush" not in said


@pytest.mark.parametrize("variable", ["XDG_DATA_HOME", "XDG_STATE_HOME"])
def test_a_folder_that_cannot_be_made(desk: Desk, variable: str) -> None:
    file = desk.folder / "file"
    file.touch()
    desk.environ[variable] = str(file)
    assert str(file) in refusal(desk)


def test_a_data_folder_that_is_a_file(desk: Desk) -> None:
    desk.data_folder.parent.mkdir(parents=True)
    desk.data_folder.touch()
    assert "is a file; a folder must stand there" in refusal(desk)


def test_a_store_of_a_newer_version(desk: Desk) -> None:
    contact = desk.add_contact()
    with sqlite3.connect(desk.store_file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "written by a newer version of gynetix-tui (format 99" in refusal(desk)
    with sqlite3.connect(desk.store_file) as connection:
        assert connection.execute("SELECT id FROM contacts").fetchall() == [(contact,)]
    connection.close()


def test_a_store_that_is_another_programs(desk: Desk) -> None:
    desk.data_folder.mkdir(parents=True)
    with sqlite3.connect(desk.store_file) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    assert "another program" in refusal(desk)


def test_a_store_that_is_a_folder(desk: Desk) -> None:
    desk.store_file.mkdir(parents=True)
    assert str(desk.store_file) in refusal(desk)


def run(desk: Desk, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=desk.environ, capture_output=True, text=True, timeout=DEADLINE, check=False
    )


def test_a_refusal_is_told_on_standard_error(desk: Desk) -> None:
    desk.configure("[gateway\n")
    done = run(desk, PROGRAM)
    assert (done.returncode, done.stdout) == (2, "")
    assert SENTENCE.match(done.stderr), done.stderr


@pytest.mark.parametrize("command", [[PROGRAM], [sys.executable, "-m", "gynetix_tui"]])
def test_version(desk: Desk, command: list[str]) -> None:
    done = run(desk, *command, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gynetix-tui {__version__}\n", "")
    assert desk.files() == []


def test_help(desk: Desk) -> None:
    done = run(desk, PROGRAM, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("usage: gynetix-tui", "--demo", "--config FILE", "--version", "sandbox", "GYNETIX_API_KEY"):
        assert word in done.stdout
    assert desk.files() == []


def test_the_sandbox_alone(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run(desk, PROGRAM, "sandbox", "--port", str(port))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert str(port) in refused.stderr

    terminal = desk.start("sandbox", "--port", str(port), columns=160, lines=40)
    terminal.wait_for("Press Ctrl.C to end it")
    url = f"http://127.0.0.1:{port}/standard/api/messenger/getConversation/key/{DEFAULT_KEY}/response/json"
    with urllib.request.urlopen(url, b"phone=15557778888", timeout=DEADLINE) as answer:
        assert b"Who is this" in answer.read()
    terminal.signal(signal.SIGTERM)
    assert terminal.finish() == 0
    assert "Traceback" not in terminal.transcript.decode()
    assert desk.files() == []
