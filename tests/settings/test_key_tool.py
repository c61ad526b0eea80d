"""`gynetix-tui key set | status | delete`: the installed program, a real keyring, a pipe and a real terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from secret_service_kit import LoginSession, home_of
from terminal_kit import ENTER, PROGRAM, Desk, ctrl

RING = "the desktop's keyring (Secret Service)"
PROFILES = '[profile.work]\n[profile.club]\napi_key_command = "printf x"\n'


@pytest.fixture(scope="module")
def session() -> Iterator[LoginSession]:
    with LoginSession() as session:
        session.start_keyring()
        yield session


@pytest.fixture(autouse=True)
def _config(session: LoginSession) -> None:
    folder = session.folder / "config" / "gynetix-tui"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(PROFILES)


def ran(
    environ: dict[str, str], *words: str, typed: str | bytes | None = None, **others: str
) -> tuple[int, str, str]:
    """The exit code, and what was said on standard output and on standard error."""
    ended = subprocess.run(
        [PROGRAM, "key", *words],
        env=environ | others,
        input=(typed.encode() if isinstance(typed, str) else typed or b""),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


def test_a_key_is_kept_found_and_deleted(session: LoginSession) -> None:
    environ = session.environ
    none = f"No key in {RING}. The client asks for it.\n"
    assert ran(environ, "status") == (1, none, "")
    assert ran(environ, "set", typed=f"  {KEY}\nand more\n") == (0, f"Kept in {RING}.\n", "")
    assert ran(environ, "status") == (0, f"The key comes from {RING}.\n", "")
    assert session.looked_up(service="gynetix-tui", username="default@roor.gynetix.com") == KEY
    code, words, _ = ran(environ, "delete")
    assert (code, words) == (
        0,
        f"The key is no longer in {RING}. To make it useless, revoke it at the gateway.\n",
    )
    assert ran(environ, "status") == (1, none, "")
    assert ran(environ, "delete") == (0, f"There was no key in {RING}.\n", "")


def test_each_profile_has_a_key_of_its_own(session: LoginSession) -> None:
    environ = session.environ
    kept = f"Kept in {RING}, for profile work.\n"
    assert ran(environ, "set", "--profile", "work", typed=KEY) == (0, kept, "")
    assert ran(environ, "status", "--profile", "work")[:2] == (
        0,
        f"The key of profile work comes from {RING}.\n",
    )
    assert ran(environ, "status")[0] == 1
    assert ran(environ, "delete", "--profile", "work")[0] == 0
    code, _, error = ran(environ, "status", "--profile", "wrok")
    assert (code, 'no profile "wrok"; did you mean "work"?' in error) == (2, True)


def test_what_outranks_the_keyring_is_told(session: LoginSession) -> None:
    environ = session.environ
    assert ran(environ, "status", "--profile", "club") == (
        0,
        "The key of profile club comes from api_key_command (printf).\n",
        "",
    )
    assert ran(environ, "status", GYNETIX_API_KEY=KEY) == (0, "The key comes from GYNETIX_API_KEY.\n", "")
    kept = ran(environ, "set", "--profile", "club", typed=KEY)[1].splitlines()
    assert kept == [f"Kept in {RING}, for profile club.", "It is not used while api_key_command is set."]
    assert ran(environ, "delete", "--profile", "club")[0] == 0


def test_a_command_that_fails_is_told_and_nothing_else_is_looked_at(session: LoginSession) -> None:
    config = session.folder / "config" / "gynetix-tui" / "config.toml"
    config.write_text('[gateway]\napi_key_command = ["sh", "-c", "echo oops >&2; exit 7"]\n')
    assert ran(session.environ, "status") == (
        2,
        "",
        "gynetix-tui: api_key_command failed with code 7. Run it in this shell to see what it says.\n",
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "The API key is empty; copy it from your Gynetix account."),
        (" \nsecond line", "The API key is empty; copy it from your Gynetix account."),
        (b"\xff\xfe\n", "What was piped in is no text in UTF-8."),
        ("k" * 70_000, "What was piped in is too long for a key."),
        ("a\x1b[2Jb\n", "The API key holds a character that does not print"),
    ],
)
def test_what_is_no_key_is_not_kept(session: LoginSession, typed: str | bytes, sentence: str) -> None:
    code, words, error = ran(session.environ, "set", typed=typed)
    assert (code, words) == (2, "")
    assert error.startswith(f"gynetix-tui: {sentence}")
    assert ran(session.environ, "status")[0] == 1


def test_without_a_keyring_it_says_what_to_do_instead(tmp_path: Path) -> None:
    environ = home_of(tmp_path)
    for action in ("set", "status", "delete"):
        code, words, error = ran(environ, action, typed=KEY)
        assert (code, words) == (2, "")
        assert error.startswith("gynetix-tui: No keyring on this machine")
        assert 'api_key_command = "pass show gynetix"' in error
        assert "for this session" not in error
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "words", [("set", KEY), (KEY,), ("set", f"--key={KEY}"), ("set", "--key", KEY), ("set", f"-k{KEY}")]
)
@pytest.mark.holds_the_key("it is typed where it does not belong, on the command line")
def test_a_key_on_the_command_line_is_not_taken_and_not_repeated(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, said, error = ran(home_of(tmp_path), *words)
    assert (code, said) == (2, "")
    assert "…" in error or "--key" in error
    assert "CANARY" not in error


def test_an_option_that_is_not_known_is_named(tmp_path: Path) -> None:
    assert "unrecognized arguments: --dmeo …" in ran(home_of(tmp_path), "status", "--dmeo", "word")[2]


def test_the_name_of_a_command_cannot_act_on_the_terminal(session: LoginSession) -> None:
    program = session.folder / "a\x1b]0;owned\x07b"
    program.write_text("#!/bin/sh\necho x\n")
    program.chmod(0o700)
    config = session.folder / "config" / "gynetix-tui" / "config.toml"
    config.write_text(f"[gateway]\napi_key_command = [{json.dumps(str(program))}]\n")
    assert ran(session.environ, "status")[1] == "The key comes from api_key_command (a␛]0;owned␇b).\n"


@pytest.fixture
def desk(tmp_path: Path, session: LoginSession) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        desk.environ.update(session.environ)
        yield desk


def test_a_terminal_is_asked_and_shows_nothing(desk: Desk, session: LoginSession) -> None:
    terminal = desk.start("key", "set")
    terminal.wait_for(r"API key \(nothing is shown\):")
    terminal.send(KEY.encode())
    terminal.press(ENTER)
    assert terminal.finish() == 0
    assert "Kept in the desktop's keyring" in terminal.text
    assert session.looked_up(service="gynetix-tui", username="default@roor.gynetix.com") == KEY
    assert ran(session.environ, "delete")[0] == 0


def test_what_is_typed_in_another_encoding_is_said(desk: Desk) -> None:
    terminal = desk.start("key", "set")
    terminal.wait_for(r"API key \(nothing is shown\):")
    terminal.send(b"caf\xe9")
    terminal.press(ENTER)
    assert terminal.finish() == 2
    assert "What was typed is no text in UTF-8." in terminal.text


def test_ctrl_c_ends_it_without_a_word(desk: Desk) -> None:
    terminal = desk.start("key", "set")
    terminal.wait_for(r"API key \(nothing is shown\):")
    terminal.press(ctrl("c"))
    assert terminal.finish() == 130
    assert "Traceback" not in terminal.text


BROKEN = """
import sys
from gynetix_tui import cli, keytool
def key_tool(*_, **__):
    raise ValueError("what \\x1b[31m the user wrote")
keytool.key_tool = key_tool
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("options", "told"), [((), False), (("--dev",), True)])
def test_a_mistake_of_the_program_is_told_without_its_words(
    tmp_path: Path, options: tuple[str, ...], told: bool
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN, *options, "key", "status"],
        env=home_of(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "in key_tool" in ended.stderr
    assert ("the user wrote" in ended.stderr) is told
    assert ended.stderr.endswith("gynetix-tui: ended because of a mistake in itself.\n") is not told
