"""The first start of somebody who has set nothing up, on a machine without a keyring."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from terminal_kit import ENTER, LOCAL_NUMBER, Desk, ctrl

from gynetix_tui.sandbox import Sandbox

STRANGER = "15551112222"


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.environ["GYNETIX_BASE_URL"] = sandbox.base_url
        yield desk


def test_the_key_is_asked_for_and_kept_for_this_run_only(desk: Desk, sandbox: Sandbox) -> None:
    terminal = desk.start()
    screen = terminal.wait_for("Enter starts")
    said = " ".join(screen.split())
    assert "No keyring on this machine" in said
    assert "The key is kept for this session only." in said
    assert "set GYNETIX_API_KEY" in said
    terminal.write(KEY, hidden=True)
    terminal.press(ENTER)
    terminal.write("5556667")
    terminal.press(ENTER)
    terminal.wait_for("That is 7 digits, the wrong length")
    terminal.press(ctrl("u"))
    terminal.wait_for("555 666 7777")
    terminal.write("555-666-7777")
    terminal.press(ENTER)
    terminal.wait_for(r"^ Gynetix · \(555\) 666-7777 ")

    terminal.press(ctrl("n"))
    terminal.wait_for("New conversation")
    terminal.write(STRANGER)
    terminal.press(ENTER)
    terminal.wait_for("Enter takes it all the same")
    terminal.press(ENTER)
    terminal.wait_for("Write a text$")
    terminal.write("hello")
    terminal.press(ENTER)
    terminal.wait_for("✓✓ You +hello$")
    (sent,) = [request for request in sandbox.requests if request.call == "manualTXT"]
    assert (sent.phone, sent.field("from")) == (STRANGER, LOCAL_NUMBER)

    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert tomllib.loads(desk.config_file.read_text())["gateway"]["from_number"] == LOCAL_NUMBER
    assert KEY.encode() not in terminal.transcript
    for file in desk.files():
        assert KEY.encode() not in file.read_bytes(), file

    again = desk.start()
    screen = again.wait_for("Enter starts")
    assert "(555) 666-7777" in screen


def test_nothing_is_kept_of_a_first_start_that_is_left(desk: Desk) -> None:
    terminal = desk.start()
    terminal.wait_for("Enter starts")
    terminal.write(KEY, hidden=True)
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert not desk.config_file.exists()
    assert KEY.encode() not in terminal.transcript


def test_the_demo_can_be_seen_instead(desk: Desk, sandbox: Sandbox) -> None:
    terminal = desk.start()
    terminal.wait_for("Enter starts")
    terminal.press(ctrl("d"))
    terminal.wait_for("Gynetix · demo")
    terminal.wait_for("Who is this")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert sandbox.requests == []
    assert list(desk.temporary.iterdir()) == []
