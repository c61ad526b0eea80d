"""The API key from a command of the user's: real processes, which do all that one can do wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from canary import KEY

from gynetix_tui.errors import KeyCommandError
from gynetix_tui.settings.keycommand import key_from_command
from gynetix_tui.settings.secret import ApiKey

ENVIRON = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
PRINT_KEY = r"printf 'CANARY\0571 +\303\237'"  # in a form that is not found in the list of processes
IMPATIENT = 0.3


def said(*words: str, deadline: float = 20, environ: Mapping[str, str] = ENVIRON) -> str:
    with pytest.raises(KeyCommandError) as caught:
        key_from_command(words, environ, deadline=deadline)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


@pytest.mark.parametrize("after", ["", r"; printf '\n'", r"; printf '\r\n'", r"; printf '  \nlogin: pat\n'"])
def test_the_first_line_is_the_key(after: str) -> None:
    assert key_from_command(shell(f"printf '  '; {PRINT_KEY}{after}"), ENVIRON) == ApiKey(KEY)


def test_no_shell_reads_the_words() -> None:
    assert key_from_command(("printf", "%s", "$HOME;`id` *"), ENVIRON).reveal() == "$HOME;`id` *"


def test_it_has_no_input_and_no_key_in_its_environment() -> None:
    script = 'read -r line; printf "%s|%s" "$line" "$GYNETIX_API_KEY"; test -z "$GYNETIX_API_KEY"'
    assert key_from_command(shell(script), {**ENVIRON, "GYNETIX_API_KEY": "another"}).reveal() == "|"


def test_what_it_complains_about_is_never_shown(capfd: pytest.CaptureFixture[str]) -> None:
    sentence = said(*shell(f"{PRINT_KEY} >&2; {PRINT_KEY}; exit 3"))
    assert sentence == "api_key_command failed with code 3. Run it in this shell to see what it says."
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("no-such-program-here",), "api_key_command cannot be run: No such file or directory."),
        (("/",), "api_key_command cannot be run: Permission denied."),
        (("a\udcff\ud800b",), "api_key_command cannot be run: it holds what no argument can."),
        (
            shell("kill -TERM $$"),
            "api_key_command failed by signal 15. Run it in this shell to see what it says.",
        ),
        (("true",), "api_key_command printed nothing on its first line."),
        (shell(rf"printf '\n'; {PRINT_KEY}"), "api_key_command printed nothing on its first line."),
        (shell(rf"{PRINT_KEY}; printf '\033[2J'"), "api_key_command printed what is no API key."),
        (shell(r"printf '\377\376'"), "api_key_command printed what is no text in UTF-8."),
        (shell("exec 1>&-; exit 1"), "api_key_command failed with code 1. Run it in this shell to see what"),
    ],
)
def test_what_can_go_wrong_is_said(words: tuple[str, ...], sentence: str) -> None:
    assert said(*words).startswith(sentence)


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    began = time.monotonic()
    sentence = said(*shell(f'echo $$ > "{file}"; {PRINT_KEY}; exec sleep 600'), deadline=IMPATIENT)
    assert time.monotonic() - began < 10
    assert sentence == "api_key_command did not end within 0.3 s."
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


def test_one_that_never_stops_printing_is_killed_and_fills_no_memory() -> None:
    assert said("yes", deadline=IMPATIENT) == "api_key_command did not end within 0.3 s."


def test_what_it_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    """An agent that it starts may hold its output open for ever."""
    file = tmp_path / "pid"
    began = time.monotonic()
    key = key_from_command(shell(f'sleep 600 & echo $! > "{file}"; {PRINT_KEY}'), ENVIRON)
    assert (key, time.monotonic() - began < 10) == (ApiKey(KEY), True)
    os.kill(int(file.read_text()), signal.SIGKILL)


def test_one_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = f'{PRINT_KEY}; exec 1>&-; (sleep 0.2; echo >"{gate}") & read -r line <"{gate}"; exit 4'
    assert said(*shell(script)).startswith("api_key_command failed with code 4.")


def test_what_it_leaves_printing_for_ever_is_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    began = time.monotonic()
    key = key_from_command(shell(f'{PRINT_KEY}; echo; yes & echo $! > "{file}"'), ENVIRON)
    assert (key, time.monotonic() - began < 10) == (ApiKey(KEY), True)
    os.kill(int(file.read_text()), signal.SIGKILL)
