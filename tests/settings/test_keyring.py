"""The key out of the environment and out of keyrings: good ones, mute ones, odd ones and liars."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from canary import KEY as TEXT
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordDeleteError

from gynetix_tui.errors import ConfigError, KeyringError
from gynetix_tui.settings.deadline import call_with_deadline, in_daemon_thread
from gynetix_tui.settings.keys import SystemKeyring, key_from_environment, patience
from gynetix_tui.settings.secret import ApiKey

KEY = ApiKey(TEXT)
AT_ONCE = 0.02
PATIENT = 30.0


class MemoryKeyring(KeyringBackend):
    """Keeps what it is given."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("No such password!")


class PlainKeyring(MemoryKeyring):
    """Writes plain text: below the line."""

    priority = 0.5  # type: ignore[assignment]


class ForgetfulKeyring(MemoryKeyring):
    """Says yes and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class StubbornKeyring(MemoryKeyring):
    """Says yes and deletes nothing."""

    def delete_password(self, service: str, username: str) -> None:
        pass


class FailingKeyring(MemoryKeyring):
    """Raises what it is told to, with the key in its text."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error


class MuteKeyring(MemoryKeyring):
    """Waits for a prompt that nobody answers."""

    def __init__(self, answer: threading.Event) -> None:
        super().__init__()
        self.answer = answer

    def get_password(self, service: str, username: str) -> str | None:
        self.answer.wait()
        return None


@pytest.fixture
def mute() -> Iterator[MuteKeyring]:
    answer = threading.Event()
    yield MuteKeyring(answer)
    answer.set()


def ring(backend: object, deadline: float = PATIENT) -> SystemKeyring:
    return SystemKeyring(deadline=deadline, find_backend=lambda: backend)


def said(call: Callable[[], object]) -> str:
    with pytest.raises(KeyringError) as caught:
        call()
    assert "CANARY" not in str(caught.value)
    assert caught.value.__context__ is None or "CANARY" not in repr(caught.value.__context__)
    return str(caught.value)


def test_the_environment_gives_the_key_and_loses_it() -> None:
    environ = {"GYNETIX_API_KEY": f" {TEXT}\n", "OTHER": "x"}
    assert key_from_environment(environ) == KEY
    assert environ == {"OTHER": "x"}


@pytest.mark.parametrize("environ", [{}, {"GYNETIX_API_KEY": ""}, {"GYNETIX_API_KEY": " \n"}])
def test_a_blank_variable_counts_as_unset(environ: dict[str, str]) -> None:
    assert key_from_environment(environ) is None
    assert environ == {}


def test_a_variable_that_cannot_be_a_key_is_named_and_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"^GYNETIX_API_KEY: ") as caught:
        key_from_environment({"GYNETIX_API_KEY": "CAN\x1bARY"})
    assert "ARY" not in str(caught.value)


def test_a_key_is_saved_loaded_and_deleted() -> None:
    backend = MemoryKeyring()
    keyring = ring(backend)
    assert keyring.load("+15556667777") is None
    keyring.save("+15556667777", KEY)
    assert backend.entries == {("gynetix-tui", "+15556667777"): TEXT}
    assert keyring.load("+15556667777") == KEY
    assert keyring.load("other") is None
    keyring.delete("+15556667777")
    keyring.delete("+15556667777")
    assert keyring.load("+15556667777") is None


async def test_the_same_without_blocking_the_loop() -> None:
    keyring = ring(MemoryKeyring())
    await keyring.save_async("a", KEY)
    assert await keyring.load_async("a") == KEY
    await keyring.delete_async("a")
    assert await keyring.load_async("a") is None
    assert await keyring.name_async() == "test keyring MemoryKeyring"


@pytest.mark.parametrize(
    ("environ", "platform", "seconds"),
    [
        ({}, "linux", 5),
        ({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, "linux", 5),
        ({"DISPLAY": ":0"}, "linux", 60),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", 60),
        ({}, "darwin", 60),
    ],
)
def test_people_are_given_time_where_a_window_may_ask_them(
    environ: dict[str, str], platform: str, seconds: float
) -> None:
    assert patience(environ, platform) == seconds


def test_a_keyring_that_writes_plain_text_is_not_used() -> None:
    backend = PlainKeyring()
    keyring = ring(backend)
    assert keyring.name() is None
    assert "(test keyring PlainKeyring) is not used" in said(lambda: keyring.save("a", KEY))
    assert "(test keyring PlainKeyring) is not used" in said(lambda: keyring.load("a"))
    assert backend.entries == {}


def test_saving_is_believed_only_when_it_can_be_read_back() -> None:
    assert "could not be read back" in said(lambda: ring(ForgetfulKeyring()).save("a", KEY))


def test_deleting_is_believed_only_when_it_is_gone() -> None:
    keyring = ring(StubbornKeyring())
    keyring.save("a", KEY)
    assert said(lambda: keyring.delete("a")) == "The keyring did not delete the key."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoKeyringError("CANARY"), "No keyring on this machine"),
        (KeyringLocked("CANARY"), "The keyring is locked."),
        (InitError("CANARY"), "The keyring failed (InitError)"),
        (ConnectionRefusedError("CANARY"), "The keyring is out of reach:"),
        (FileNotFoundError("CANARY"), "The keyring is out of reach:"),
        (ValueError("CANARY"), "The keyring failed (ValueError)"),
        (StopIteration("CANARY"), "The keyring failed (StopIteration)"),
        (TimeoutError("CANARY"), "The keyring failed (TimeoutError)"),
        (SystemExit("CANARY"), "The keyring failed (SystemExit)"),
    ],
)
async def test_whatever_a_keyring_raises_becomes_a_sentence(error: BaseException, sentence: str) -> None:
    keyring = ring(FailingKeyring(error))
    assert said(lambda: keyring.load("a")).startswith(sentence)
    assert said(lambda: keyring.save("a", KEY)).startswith(sentence)
    assert said(lambda: keyring.delete("a")).startswith(sentence)
    with pytest.raises(KeyringError) as caught:
        await keyring.load_async("a")
    assert str(caught.value).startswith(sentence)


def test_a_keyring_that_cannot_even_be_found_is_said() -> None:
    def lost() -> object:
        raise ModuleNotFoundError("CANARY")

    keyring = SystemKeyring(deadline=PATIENT, find_backend=lost)
    assert said(keyring.name).startswith("No keyring could be chosen (ModuleNotFoundError)")


@pytest.mark.parametrize("held", ["", "CAN\x1bARY"])
def test_an_entry_that_is_no_key_is_said(held: str) -> None:
    backend = MemoryKeyring()
    backend.entries["gynetix-tui", "a"] = held
    assert said(lambda: ring(backend).load("a")) == (
        "What the keyring holds for this account is no API key; enter it anew."
    )


def test_a_mute_keyring_is_given_up_on(mute: MuteKeyring) -> None:
    keyring = ring(mute, AT_ONCE)
    assert said(lambda: keyring.load("a")).startswith("The keyring did not answer within 0.02 s")


async def test_a_mute_keyring_is_given_up_on_while_the_loop_goes_on(mute: MuteKeyring) -> None:
    with pytest.raises(KeyringError, match="did not answer"):
        await ring(mute, AT_ONCE).load_async("a")


async def test_a_call_can_be_cancelled_and_its_late_answer_is_dropped(mute: MuteKeyring) -> None:
    finished = threading.Event()

    def call() -> None:
        mute.answer.wait()
        finished.set()

    task = asyncio.create_task(in_daemon_thread(call, PATIENT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    mute.answer.set()
    assert finished.wait(PATIENT)
    await asyncio.sleep(0)


def test_a_call_that_never_returns_does_not_keep_the_program() -> None:
    program = """
import asyncio, threading
from gynetix_tui.settings.deadline import call_with_deadline, in_daemon_thread
never = threading.Event().wait
for attempt in (lambda: call_with_deadline(never, 0.01), lambda: asyncio.run(in_daemon_thread(never, 0.01))):
    try:
        attempt()
    except TimeoutError:
        print("given up")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "given up\n" * 2
    assert ended.stderr == ""


async def test_errors_of_a_call_come_back_as_they_are() -> None:
    def call() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        call_with_deadline(call, PATIENT)
    with pytest.raises(LookupError):
        await in_daemon_thread(call, PATIENT)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    program = """
import sys
from pathlib import Path
import gynetix_tui.text, gynetix_tui.phone, gynetix_tui.settings.saving, gynetix_tui.settings.log
import gynetix_tui.settings.paths
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.keys import SystemKeyring, key_from_environment
load_settings(Path("/nonexistent/config.toml"), {"GYNETIX_FROM": "+15556667777"})
key_from_environment({"GYNETIX_API_KEY": "x"})
SystemKeyring()
print({"keyring", "phonenumbers", "platformdirs", "tomli_w", "textual", "rich", "httpx"} & set(sys.modules))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "set()\n"


class SleepyKeyring(MemoryKeyring):
    """Writes the first key only when it is woken: its user is asked for a password and is away."""

    def __init__(self) -> None:
        super().__init__()
        self.woken = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        if password == "old":
            self.woken.wait(PATIENT)
        super().set_password(service, username, password)


def test_a_save_that_was_given_up_on_never_overwrites_a_later_one() -> None:
    backend = SleepyKeyring()
    keyring = ring(backend, deadline=AT_ONCE)
    assert "did not answer" in said(lambda: keyring.save("x", ApiKey("old")))
    assert "did not answer" in said(lambda: keyring.save("x", ApiKey("new")))  # it waits for its turn
    backend.woken.set()
    patient = ring(backend, deadline=PATIENT)
    end = time.monotonic() + PATIENT
    while patient.load("x") != ApiKey("new"):
        assert time.monotonic() < end
        time.sleep(0.01)
