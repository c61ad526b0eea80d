"""A login session with a keyring of its own: private folders, a private D-Bus, a real gnome-keyring-daemon.

Nothing of the developer's own session is touched, and everything that is started here is ended by its id.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pytest

if sys.platform == "linux":  # elsewhere keyring does without them, and these tests are skipped
    import secretstorage
    from jeepney import DBusErrorResponse, MatchRule, message_bus  # type: ignore[import-untyped]
    from jeepney.io.blocking import (  # type: ignore[import-untyped]
        DBusConnection,
        Proxy,
        open_dbus_connection,
    )

PASSWORD = "ci"
"""Of the keyring, not of anything kept in it."""
PATIENT = 30.0
"""Seconds after which what is waited for does not come any more."""
SERVICE = "org.freedesktop.secrets"
SYSTEM_SERVICES = Path("/usr/share/dbus-1/services")
TOOLS = {
    "dbus-daemon": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "secret-tool": "libsecret-tools",
}

_BUS = """<busconfig>
  <type>session</type>
  <listen>unix:path={address}</listen>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/> <allow own="*"/>
  </policy>
</busconfig>
"""

# The key goes in by standard input: other users can read command lines.
_CLIENT = """
import asyncio, inspect, json, sys, time
from gynetix_tui.errors import KeyringError
from gynetix_tui.settings.keys import SystemKeyring
from gynetix_tui.settings.secret import ApiKey

keyring = SystemKeyring(**({"deadline": float(sys.argv[1])} if sys.argv[1:] else {}))
for line in sys.stdin:
    method, *words = json.loads(line)
    if method.startswith("save"):
        words[1] = ApiKey(words[1])
    answer, said, start = None, "", time.monotonic()
    try:
        answer = getattr(keyring, method)(*words)
        if inspect.isawaitable(answer):
            async def wait_for(it):
                return await it
            answer = asyncio.run(wait_for(answer))
    except KeyringError as error:
        answer, said = None, str(error)
    seconds = time.monotonic() - start
    if isinstance(answer, ApiKey):
        answer = answer.reveal()
    print(json.dumps([answer, said, seconds]), flush=True)
"""

_MUTE = f"""
import threading
from jeepney import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection
Proxy(message_bus, open_dbus_connection()).RequestName("{SERVICE}")
print("mute", flush=True)
threading.Event().wait()
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call into `SystemKeyring` came to.

    Attributes:
        answer: What it returned; a key as text.
        said: The sentence of its `KeyringError`; empty where it raised none.
        seconds: How long it took.
    """

    answer: str | None
    said: str
    seconds: float


def read_line(stream: IO[str], process: subprocess.Popen[str], deadline: float = PATIENT) -> str:
    """A line that a process writes whole."""
    ready, _, _ = select.select([stream], [], [], deadline)
    assert ready, f"nothing has been said for {deadline:g} s"
    line = stream.readline()
    assert line, (
        f"it has ended, with {process.wait(deadline)}: {process.stderr.read() if process.stderr else ''}"
    )
    return line


def end(process: subprocess.Popen[str]) -> None:
    """End a process that may have ended, and close its pipes."""
    with process:
        process.kill()


class Client:
    """A process that uses `SystemKeyring` as the program does, one call after the other.

    Args:
        environ: All of its environment.
        deadline: The seconds that it waits for the keyring; None for as many as by default.
    """

    def __init__(self, environ: Mapping[str, str], deadline: float | None) -> None:
        options = [] if deadline is None else [str(deadline)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CLIENT, *options],
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, method: str, *words: str) -> Reply:
        """Call a method of the keyring."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([method, *words]) + "\n")
        self._process.stdin.flush()
        return Reply(*json.loads(read_line(self._process.stdout, self._process)))

    def leave(self) -> tuple[float, str]:
        """Let it end by itself; the seconds that took, and what it wrote to its standard error."""
        start = time.monotonic()
        _, complaints = self._process.communicate(timeout=PATIENT)
        assert self._process.returncode == 0
        return time.monotonic() - start, complaints

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._process)


def home_of(folder: Path) -> dict[str, str]:
    """The environment of a user whose folders are empty, without D-Bus and without a display."""
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    for name in ("data", "config", "cache", "runtime"):
        (folder / name).mkdir(mode=0o700)
        environ["XDG_RUNTIME_DIR" if name == "runtime" else f"XDG_{name.upper()}_HOME"] = str(folder / name)
    return environ


class LoginSession:
    """A D-Bus session with folders of its own, in which a keyring can be started, locked and lost.

    Args:
        services: The folder of what D-Bus may start by itself; None for nothing. With the system's own, a keyring
            that was killed is started again, locked.

    Attributes:
        folder: Holds everything; short, since sockets lie in it.
        environ: The environment of whoever is in the session.
    """

    def __init__(self, services: Path | None = SYSTEM_SERVICES) -> None:
        missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
        if missing:
            pytest.fail(f"This wants a real keyring: apt-get install {' '.join(missing)}", pytrace=False)
        self._ends = ExitStack()
        self.folder = Path(self._ends.enter_context(tempfile.TemporaryDirectory(prefix="keyring-")))
        self._log = self._ends.enter_context((self.folder / "log").open("w", encoding="utf-8"))
        self.environ = home_of(self.folder)
        self._daemons: dict[int, int] = {}
        nothing = self.folder / "nothing"
        nothing.mkdir()
        settings = self.folder / "bus.conf"
        settings.write_text(_BUS.format(address=self.folder / "bus", services=services or nothing))
        self._bus = self._start("dbus-daemon", f"--config-file={settings}", "--nofork", "--print-address=1")
        self._ends.callback(self._end)
        assert self._bus.stdout
        self.environ["DBUS_SESSION_BUS_ADDRESS"] = read_line(self._bus.stdout, self._bus).strip()

    def _start(self, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._ends.callback(end, process)
        return process

    def connect(self) -> DBusConnection:
        """A connection to the session's bus, from this process."""
        return open_dbus_connection(self.environ["DBUS_SESSION_BUS_ADDRESS"])

    # What may own the keyring's name

    def start_keyring(self, password: str | None = PASSWORD) -> None:
        """Start a gnome-keyring-daemon and unlock it; without a password it has no place for keys."""
        unlock = [] if password is None else ["--unlock"]
        with closing(self.connect()) as connection:
            owners = MatchRule(
                type="signal",
                interface="org.freedesktop.DBus",
                member="NameOwnerChanged",
                path=message_bus.object_path,
            )
            owners.add_arg_condition(0, SERVICE)
            Proxy(message_bus, connection, timeout=PATIENT).AddMatch(owners)
            with connection.filter(owners) as news:
                daemon = self._start("gnome-keyring-daemon", "--foreground", *unlock, "--components=secrets")
                assert daemon.stdin
                daemon.stdin.write(password or "")  # without a line end, which would be part of it
                daemon.stdin.close()
                daemon.stdin = None
                # It takes its name when it is unlocked, not before.
                connection.recv_until_filtered(news, timeout=PATIENT)
        self._note_owner()

    def start_mute_service(self) -> None:
        """Start what owns the keyring's name and never says a word."""
        mute = self._start(sys.executable, "-c", _MUTE)
        assert mute.stdout
        assert read_line(mute.stdout, mute) == "mute\n"

    def type_command(self, command: str, password: str) -> None:
        """Type a command into bash, and the password when it is asked for."""
        subprocess.run(
            ["bash", "-c", command],
            env=self.environ,
            input=f"{password}\n",
            # A pipe would stay open for as long as the daemon that the command starts.
            stdout=self._log,
            stderr=self._log,
            text=True,
            timeout=PATIENT,
            check=True,
        )
        self._note_owner()

    def _note_owner(self) -> int | None:
        """Note who owns the keyring's name now, to see it end with the session."""
        with closing(self.connect()) as connection, suppress(DBusErrorResponse):
            (pid,) = Proxy(message_bus, connection, timeout=PATIENT).GetConnectionUnixProcessID(SERVICE)
            if pid not in self._daemons:
                self._daemons[pid] = os.pidfd_open(pid)
            return int(pid)
        return None

    # What befalls it

    def lock(self) -> None:
        """Lock the keyring, as a desktop does."""
        with closing(self.connect()) as connection:
            secretstorage.get_default_collection(connection).lock()

    def kill_keyring(self) -> None:
        """Kill the daemon, and see it end."""
        pid = self._note_owner()
        assert pid is not None
        signal.pidfd_send_signal(self._daemons[pid], signal.SIGKILL)
        assert _has_ended(self._daemons[pid])

    def kill_bus(self) -> None:
        """Kill the D-Bus session."""
        end(self._bus)

    # Who uses it

    def client(self, *, deadline: float | None = None, **environ: str) -> Client:
        """A process in the session; see `Client`."""
        return Client(self.environ | environ, deadline)

    def looked_up(self, **attributes: str) -> str:
        """What another program finds in the keyring under these attributes."""
        words = [word for pair in attributes.items() for word in pair]
        found = subprocess.run(
            ["secret-tool", "lookup", *words],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=PATIENT,
            check=False,
        )
        return found.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def _end(self) -> None:
        """End the bus, and see the daemons end with it, also those that are no children of this process."""
        if self._bus.poll() is None:
            self._note_owner()
        end(self._bus)
        try:
            for daemon in self._daemons.values():
                if not _has_ended(daemon):
                    signal.pidfd_send_signal(daemon, signal.SIGKILL)
                    raise AssertionError("the keyring's daemon has not ended with its bus")
        finally:
            for daemon in self._daemons.values():
                os.close(daemon)


def _has_ended(daemon: int) -> bool:
    """Wait until the process of a descriptor has ended, whoever has to reap it; False where it does not."""
    ready, _, _ = select.select([daemon], [], [], PATIENT)
    return bool(ready)


def command_in(sentence: str) -> str:
    """The command that a sentence tells people to type."""
    found = re.search(r"read -rs P && .*?--daemonize", sentence)
    assert found, sentence
    return found[0]
