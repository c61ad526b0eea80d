"""A mistake in the program itself, wherever it is made: one sentence, and nobody's texts, numbers or key."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGUSR1

import pytest
from canary import KEY, output_holds_key
from canary_net import hand_over
from terminal_kit import Desk

from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.log import close_log, open_log
from gynetix_tui.tui.crash import tell_log

PROGRAM = Path(__file__).with_name("crash_program.py")
TEXT = "nobody-else-should-read-this"
NUMBER = "+15550103344"
SENTENCE = re.compile(
    r"gynetix-tui ended because of a mistake in itself"
    r"( \((ValueError|DrawnError|an error)( at fail, line \d+)?\)\. What you wrote is kept)?\."
)
SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[^\[]")
PLACES = [
    "worker",
    "worker in a thread",
    "handler",
    "error that draws itself",
    "compose",
    "render",
    "timer",
    "engine",
    "keyboard",
    "thread",
    "two at once",
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Sandbox(key=KEY, people=[]) as sandbox, Desk(tmp_path) as desk:
        desk.use(sandbox)
        yield desk


@pytest.mark.parametrize("place", PLACES)
def test_a_crash_tells_what_failed_and_nothing_of_what_it_held(desk: Desk, place: str) -> None:
    desk.add_contact()
    terminal = desk.start(command=[sys.executable, str(PROGRAM), place, TEXT, NUMBER])
    terminal.wait_for("live, checked")
    terminal.signal(SIGUSR1)
    assert terminal.finish() == 1
    terminal.assert_restored()
    hand_over("the transcript", bytes(terminal.transcript))

    assert SENTENCE.search(" ".join(terminal.text.split())), terminal.text
    output = bytes(terminal.transcript)
    after = output[output.rindex(b"\x1b[?1049l") :].decode()
    sentence = " ".join(SEQUENCE.sub("", after).split())
    assert SENTENCE.fullmatch(sentence), sentence
    log = (desk.state_folder / "gynetix-tui.log").read_text()
    assert re.search("(ValueError|DrawnError)", log)
    assert re.search(r"crash_program\.py\"?, line \d+", log)
    assert "fail" in log
    for shown in (output.decode(), log):
        assert not output_holds_key(shown.encode())
        assert TEXT not in shown
        assert NUMBER.removeprefix("+") not in shown
    assert "Traceback" not in output.decode()
    assert "LookupError" not in output.decode()


async def test_what_a_failed_callback_was_given_is_not_in_the_log(tmp_path: Path) -> None:
    """Nobody waits for it, so that the event loop is the one to tell."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def fail(text: str) -> None:
        loop.call_soon(told.set)
        raise ValueError(text)

    file = tmp_path / "state" / "gynetix-tui.log"
    open_log(file, str, logging.ERROR)
    try:
        loop.set_exception_handler(tell_log)
        loop.call_soon(fail, f"{KEY} {TEXT} {NUMBER}")
        async with asyncio.timeout(10):
            await told.wait()
    finally:
        loop.set_exception_handler(None)
        close_log()
    log = file.read_text()
    assert re.search(r" ERROR gynetix_tui\.tui\.crash: Exception in callback .*fail\n", log), log
    assert "builtins.ValueError" in log
    assert TEXT not in log
    assert NUMBER not in log
