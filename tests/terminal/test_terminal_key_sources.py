"""Where the installed program gets the API key from, in the order that is documented; and whose account it opens."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from canary import KEY
from secret_service_kit import PASSWORD, LoginSession, command_in
from terminal_kit import ANA, ENTER, LOCAL_NUMBER, Desk, Terminal

from gynetix_tui.sandbox import Fault, FaultKind, Person, Sandbox

WORK_NUMBER = "15558889999"
PRINT_KEY = r"printf 'CANARY\0571 +\303\237'"
ASKING = f"""#!/bin/sh
printf 'PIN? ' >/dev/tty
read -r pin </dev/tty
test "$pin" = 1234 && {PRINT_KEY}
"""
F9 = b"\x1b[20~"
TAB = b"\t"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[Person(ANA.lstrip("+"), "Ana Torres")]) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.environ["GYNETIX_BASE_URL"] = sandbox.base_url
        desk.add_contact()
        yield desk


@pytest.fixture
def session() -> Iterator[LoginSession]:
    with LoginSession() as session:
        yield session


def join(desk: Desk, session: LoginSession) -> None:
    """Let the desk's user be in a session with a keyring."""
    desk.environ["DBUS_SESSION_BUS_ADDRESS"] = session.environ["DBUS_SESSION_BUS_ADDRESS"]


def is_live(terminal: Terminal, sandbox: Sandbox) -> None:
    terminal.wait_for("live, checked")
    assert {request.path.split("/key/")[1].split("/")[0] for request in sandbox.requests} == {
        quote(KEY, safe="")
    }


# The command


def test_a_command_may_ask_on_the_terminal_before_the_screen_opens(desk: Desk, sandbox: Sandbox) -> None:
    script = desk.folder / "ask for it"
    script.write_text(ASKING)
    script.chmod(0o700)
    desk.configure(f"[gateway]\napi_key_command = ['{script}']\nfrom_number = '{LOCAL_NUMBER}'\n")
    terminal = desk.start()
    terminal.wait_for(r"PIN\?")
    assert b"\x1b[?1049h" not in terminal.transcript
    terminal.send(b"1234\r")
    is_live(terminal, sandbox)
    terminal.press(b"\x11")
    assert terminal.finish() == 0


def test_a_command_that_fails_stops_the_program_with_its_own_words(desk: Desk, sandbox: Sandbox) -> None:
    script = f"{PRINT_KEY} >&2; exit 9"
    desk.configure(f'[gateway]\napi_key_command = ["sh", "-c", "{script}"]\n'.replace("\\", "\\\\"))
    terminal = desk.start()
    assert terminal.finish() == 2
    said = terminal.text.replace("\n", "").rstrip()
    assert (
        said == "gynetix-tui: api_key_command failed with code 9. Run it in this shell to see what it says."
    )
    assert sandbox.requests == []


def test_the_environment_outranks_the_command(desk: Desk, sandbox: Sandbox) -> None:
    desk.configure('[gateway]\napi_key_command = "false"\n')
    desk.environ["GYNETIX_API_KEY"] = KEY
    is_live(desk.start(), sandbox)


# Profiles


def test_a_profile_has_a_store_a_number_and_a_key_of_its_own(desk: Desk, sandbox: Sandbox) -> None:
    desk.configure(
        "[gateway]\nfrom_number = '+15556667777'\n[profile.work]\n"
        f"from_number = '{WORK_NUMBER}'\napi_key_command = ['sh', '-c', '''{PRINT_KEY}''']\n"
    )
    terminal = desk.start("--profile", "work")
    terminal.wait_for(r"^ Gynetix · work · \(555\) 888-9999 ")
    terminal.wait_for("no contacts to ask about yet")
    assert "Ana" not in terminal.text
    terminal.press(b"\x11")
    assert terminal.finish() == 0
    folder = desk.data_folder / "profiles" / "work"
    assert (folder / "store.db").is_file()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (desk.state_folder / "profiles" / "work" / "gynetix-tui.log").is_file()
    assert desk.start("--profile", "wrok").finish() == 2


def test_a_profile_that_gets_the_environments_key_says_so(desk: Desk) -> None:
    desk.environ |= {"GYNETIX_API_KEY": KEY, "GYNETIX_FROM": LOCAL_NUMBER}
    desk.configure("[profile.work]\n")
    words = " ".join(desk.start("--profile", "work").wait_for("GYNETIX_API_KEY is set").split())
    assert "GYNETIX_API_KEY is set: profile work uses that key." in words


# The keyring


def test_a_locked_keyring_is_unlocked_elsewhere_and_asked_again(
    desk: Desk, sandbox: Sandbox, session: LoginSession
) -> None:
    session.start_keyring()
    with session.client() as client:
        host = sandbox.base_url.removeprefix("http://").partition("/")[0]
        assert client.ask("save", f"default@{host}", KEY).said == ""
    session.lock()
    join(desk, session)
    terminal = desk.start(columns=120, lines=40)
    words = " ".join(terminal.wait_for("Ask the keyring again").replace("│", " ").split())
    assert "The keyring is locked." in words
    with session.client() as client:
        session.type_command(command_in(client.ask("name").said or client.ask("load", "x").said), PASSWORD)
    for _ in range(3):  # the key, the number, the button that starts
        terminal.press(TAB)
    terminal.press(ENTER)
    is_live(terminal, sandbox)


def test_while_a_keyring_may_be_asking_its_user_a_key_can_be_given(
    desk: Desk, sandbox: Sandbox, session: LoginSession
) -> None:
    session.start_mute_service()
    join(desk, session)
    desk.environ |= {"DISPLAY": ":99", "GYNETIX_FROM": LOCAL_NUMBER}
    terminal = desk.start()
    terminal.wait_for("waiting for your keyring")
    terminal.press(F9)
    terminal.wait_for("Keep and start")
    terminal.write(KEY, hidden=True)
    terminal.press(ENTER)
    terminal.wait_for("Keeping the key in the desktop's keyring")
    terminal.press(ENTER)
    is_live(terminal, sandbox)
    terminal.press(b"\x11")
    assert terminal.finish() == 0  # though the keyring is still silent


def test_a_silent_keyring_is_given_up_on(desk: Desk, session: LoginSession) -> None:
    session.start_mute_service()
    join(desk, session)
    terminal = desk.start()
    words = " ".join(terminal.wait_for("Ask the keyring again").replace("│", " ").split())
    assert "The keyring did not answer within 5 s" in words
    terminal.press(b"\x11")
    assert terminal.finish() == 0


# What the settings say of the way to the gateway


def test_a_proxy_that_cannot_be_used_is_told(desk: Desk) -> None:
    desk.environ |= {
        "GYNETIX_BASE_URL": "https://sms.example/api",
        "GYNETIX_API_KEY": KEY,
        "HTTPS_PROXY": "socks5://user:canary@proxy.example:1080",
    }
    desk.configure("[gateway]\ntrust_environment = true\n")
    terminal = desk.start()
    assert terminal.finish() == 1
    said = terminal.text.replace("\n", "")
    assert "HTTPS_PROXY names a SOCKS proxy; only http and https proxies can be used." in said
    assert b"canary" not in terminal.transcript


def test_an_answer_beyond_the_configured_size_is_not_read(desk: Desk, sandbox: Sandbox) -> None:
    sandbox.world.receive(ANA.lstrip("+"), "x" * 2_000_000)
    desk.environ["GYNETIX_API_KEY"] = KEY
    desk.configure("[gateway]\nanswer_limit_mb = 1\n")
    desk.start(columns=120).wait_for("larger than 1 MB")
    with desk.store() as store:
        assert store.contacts.summaries()[0].last_text == ""


def test_a_key_in_a_field_that_nobody_documented_is_neither_shown_nor_kept(
    desk: Desk, sandbox: Sandbox
) -> None:
    """The canary net looks at everything that is left."""
    segment = quote(KEY, safe="")
    message = {
        "dir": "in",
        "ts": 1_516_816_290,
        "message": "hello",
        "media": f"https://gw.example/key/{segment}/1",
    }
    sandbox.faults.add(Fault(FaultKind.ONE_BROKEN_MESSAGE, body=json.dumps(message)))
    desk.environ |= {"GYNETIX_API_KEY": KEY, "GYNETIX_FROM": LOCAL_NUMBER}
    terminal = desk.open_conversation()
    terminal.wait_for(r"https://gw\.example/key/\[key\]/1")


# What nobody else may see


def core_limit(pid: int) -> str:
    (line,) = [
        line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core")
    ]
    return line.split()[4]


@pytest.mark.skipif(sys.platform != "linux", reason="proc(5) and prctl(2) are Linux's")
def test_no_core_is_dumped_and_nobody_looks_in(desk: Desk) -> None:
    terminal = desk.start("--demo")
    terminal.wait_for("live, checked")
    assert core_limit(terminal.pid) == "0"
    script = (
        "import ctypes; from gynetix_tui.hardening import forbid_looking_in as f; f(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    dumpable = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert dumpable.stdout == "0\n"


@pytest.mark.parametrize(("options", "spies"), [((), False), (("--dev",), True)])
def test_what_textual_would_write_to_files(desk: Desk, options: tuple[str, ...], spies: bool) -> None:
    desk.environ |= {"TEXTUAL_DEBUG": "1", "TEXTUAL_LOG": str(desk.folder / "textual.log")}
    terminal = desk.start(*options, "--demo")
    terminal.wait_for("live, checked")
    terminal.press(b"\x11")
    assert terminal.finish() == 0
    assert [name for name in ("keys.log", "textual.log") if (desk.folder / name).exists()] == (
        ["keys.log", "textual.log"] if spies else []
    )
