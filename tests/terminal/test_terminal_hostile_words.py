"""Hostile text in what the program says outside its screen: refusals, the doctor's report, and the log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from hostile_kit import HARM, assert_plain, storable
from terminal_kit import ANA, ENTER, Desk, ctrl

from gynetix_tui.sandbox import Fault, FaultKind, Sandbox

NAME = "a\x1b]0;pwned\x07\x9b2J\u202eb\x7f\r\nc\u200b[@click=app.quit]x[nope]"
VALUE = "".join(HARM[name] for name in ("clipboard", "c1 csi", "override", "reset", "c1 next line", "delete"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.environ.update(GYNETIX_API_KEY=KEY)
        yield desk


def said_by(desk: Desk, *options: str) -> tuple[int, str]:
    """Start the program in a terminal; return its exit code and the lines that it wrote, all of them plain."""
    terminal = desk.start(*options)
    code = terminal.finish()
    said = bytes(terminal.transcript).decode()
    assert_plain(said.replace("\r\n", ""))
    assert "Traceback" not in said, said
    return code, said


def in_toml(text: str) -> str:
    """A string of TOML, with everything escaped."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in storable(text)) + '"'


@pytest.mark.parametrize(
    "toml",
    ["[gateway]\nbase_url = {}\n", "[gateway]\n{} = 1\n", "[keys]\nsend = {}\n", "[{}]\n"],
    ids=["value", "name", "key", "section"],
)
def test_a_value_in_the_config_file(desk: Desk, toml: str) -> None:
    desk.configure(toml.format(in_toml(VALUE)))
    code, said = said_by(desk)
    assert code == 2
    assert re.match(r"gynetix-tui: /.*config\.toml[:,].*\.\r\n\Z", said), said


def test_a_config_file_that_is_no_toml(desk: Desk) -> None:
    desk.configure("".join(storable(harm) for harm in HARM.values()))
    code, said = said_by(desk)
    assert code == 2
    assert "config.toml is not TOML" in said


@pytest.mark.parametrize("kind", ["absent", "a file", "a folder"])
def test_a_config_file_with_a_hostile_name(desk: Desk, kind: str) -> None:
    file = desk.folder / os.fsdecode(NAME.encode() + b"\xff.toml")
    if kind == "a file":
        file.write_text("[gateway\n")
    elif kind == "a folder":
        file.mkdir()
    code, said = said_by(desk, "--config", str(file))
    assert code == 2
    assert "a␛]0;pwned␇" in said
    code, said = said_by(desk, "doctor", "--config", str(file))
    assert code == 1
    assert "Wrong: " in said


@pytest.mark.parametrize("variable", ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"])
def test_a_folder_with_a_hostile_name(desk: Desk, variable: str) -> None:
    folder = desk.folder / NAME
    folder.touch()
    desk.environ[variable] = str(folder)
    code, said = said_by(desk)
    assert code == 2
    assert "a␛]0;pwned␇" in said


@pytest.mark.parametrize(
    "options",
    [[f"--{NAME}"], ["sandbox", "--port", NAME], [f"--demo={NAME}"]],
    ids=["an option", "a number", "a value"],
)
def test_a_hostile_word_on_the_command_line(desk: Desk, options: list[str]) -> None:
    code, said = said_by(desk, *options)
    assert code == 2
    assert "pwned" in said


@pytest.mark.parametrize("options", [[NAME], ["doctor", NAME]], ids=["a command", "one too many"])
def test_a_word_that_may_be_a_key_is_not_repeated(desk: Desk, options: list[str]) -> None:
    code, said = said_by(desk, *options)
    assert code == 2
    assert "…" in said
    assert "pwned" not in said


def test_the_doctor_in_a_hostile_environment(desk: Desk) -> None:
    for variable in ("TERM", "COLORTERM", "LANG", "TZ", "TMUX", "TERM_PROGRAM", "GYNETIX_BASE_URL", "VISUAL"):
        desk.environ[variable] = NAME
    desk.environ["XDG_DATA_HOME"] = str(desk.folder / NAME)
    code, said = said_by(desk, "doctor")
    assert code == 1
    assert "Wrong: " in said


def test_the_doctor_over_a_hostile_store_and_the_log(desk: Desk) -> None:
    """What was met on the screen shows neither in the report nor in the log."""
    harm = "".join(map(storable, HARM.values()))
    with Sandbox(key=KEY, people=[]) as sandbox:
        desk.use(sandbox)
        desk.add_contact(name=f"secret {harm}")
        sandbox.world.receive(ANA, f"secret {harm}")
        sandbox.faults.add(Fault(FaultKind.REFUSE, call="manualTXT", reason=f"refused {harm}"))
        terminal = desk.open_conversation()
        terminal.press(b"y")
        terminal.press(ENTER)
        sandbox.wait_for_requests(1, "manualTXT")
        terminal.press(ctrl("q"))
        assert terminal.finish() == 0
        _, said = said_by(desk, "doctor", "--full")
    assert "secret" not in said
    assert len(desk.files(desk.state_folder)) > 0
    for file in desk.files(desk.state_folder):
        log = file.read_text()
        assert_plain(log.replace("\n", ""))
        assert "secret" not in log
