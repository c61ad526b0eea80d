"""The installed program and a real keyring: the key is typed once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from secret_service_kit import PASSWORD, LoginSession, command_in
from terminal_kit import ENTER, LOCAL_NUMBER, Desk, ctrl

from gynetix_tui.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's")

TAB = b"\t"


@pytest.fixture
def session() -> Iterator[LoginSession]:
    with LoginSession() as session:
        session.start_keyring()
        yield session


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox, session: LoginSession) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.environ["GYNETIX_BASE_URL"] = sandbox.base_url
        desk.environ["DBUS_SESSION_BUS_ADDRESS"] = session.environ["DBUS_SESSION_BUS_ADDRESS"]
        yield desk


def test_the_key_is_typed_once_and_lies_in_the_keyring(
    desk: Desk, sandbox: Sandbox, session: LoginSession
) -> None:
    terminal = desk.start()
    screen = terminal.wait_for("Enter starts")
    assert "The key will be kept in the desktop's keyring (Secret Service)" in " ".join(screen.split())
    terminal.write(KEY, hidden=True)
    terminal.press(ENTER)
    terminal.write(LOCAL_NUMBER)
    terminal.press(ENTER)
    terminal.wait_for(r"^ Gynetix · \(555\) 666-7777 ")
    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert KEY.encode() not in terminal.transcript
    for file in desk.files():
        assert KEY.encode() not in file.read_bytes(), file

    desk.add_contact()
    again = desk.start()
    again.wait_for("live, checked")  # the sandbox has taken the key, and nobody has typed it
    assert "Enter starts" not in again.text
    again.press(ctrl("q"))
    assert again.finish() == 0
    assert KEY.encode() not in again.transcript

    session.lock()
    locked = desk.start()
    screen = locked.wait_for("(?s)The keyring is locked.*--daemonize")
    session.type_command(command_in(" ".join(screen.split())), PASSWORD)
    for _ in ("number", "start", "again"):
        locked.press(TAB)
    locked.press(ENTER)
    locked.wait_for("live, checked")
    assert KEY.encode() not in locked.transcript
