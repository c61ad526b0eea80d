"""The key in a real keyring, and every way in which a real keyring, or the lack of one, goes wrong."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary import KEY
from secret_service_kit import PASSWORD, PATIENT, Client, LoginSession, command_in, home_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux's")

OTHER_KEY = "CANARY/2"
NAME = "the desktop's keyring (Secret Service)"
SOON = 3.0
"""Seconds in which a busy machine is done; the hangs that are meant last for ever, or 25 s and more."""
SHORT = 1.0
"""A deadline for what never answers."""

PLAIN = """
    from pathlib import Path

    from keyring.backend import KeyringBackend


    class PlaintextKeyring(KeyringBackend):
        priority = 0.5

        def get_password(self, service, username):
            return self.file.read_text() if self.file.exists() else None

        def set_password(self, service, username, password):
            self.file.write_text(password)

        def delete_password(self, service, username):
            self.file.unlink()

        file = Path(__file__).with_name("plain_text")
"""


@pytest.fixture(scope="module")
def session() -> Iterator[LoginSession]:
    """A session whose keyring stays unlocked."""
    with LoginSession() as session:
        session.start_keyring()
        yield session


@pytest.fixture
def own_session() -> Iterator[LoginSession]:
    """A session to break, as a desktop's: D-Bus starts the keyring when somebody wants it."""
    with LoginSession() as session:
        yield session


@pytest.fixture
def lone_session() -> Iterator[LoginSession]:
    """A session to break, in which D-Bus starts nothing."""
    with LoginSession(services=None) as session:
        yield session


@pytest.fixture
def plain_text(tmp_path: Path) -> Path:
    """A folder with a backend that writes plain text, installed as keyrings.alt is: an entry point names it."""
    folder = tmp_path / "plain"
    metadata = folder / "plain_ring-1.dist-info"
    metadata.mkdir(parents=True)
    (folder / "plain_ring.py").write_text(textwrap.dedent(PLAIN))
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plain-ring\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[keyring.backends]\nplain = plain_ring\n")
    return folder


def alone(tmp_path: Path, **environ: str) -> Client:
    """A client on a machine without D-Bus."""
    return Client(home_of(tmp_path) | environ, None)


def refused(client: Client, *call: str) -> str:
    """What the keyring said soon when it was asked, for the key of the account "a" if for nothing else."""
    reply = client.ask(*(call or ("load", "a")))
    assert reply.answer is None
    assert reply.said
    assert reply.seconds < SOON
    # Whatever happened, there are two ways that need no keyring.
    assert "set GYNETIX_API_KEY" in reply.said
    assert 'api_key_command = "pass show gynetix" in config.toml.' in reply.said
    assert "CANARY" not in reply.said
    return reply.said


# What works


def test_a_key_is_kept_from_one_process_to_the_next(session: LoginSession) -> None:
    with session.client() as first:
        assert first.ask("name").answer == NAME
        assert first.ask("load", "kept").answer is None
        for key in (OTHER_KEY, KEY):  # the second one over the first
            assert first.ask("save", "kept", key).said == ""
        assert first.leave()[1] == ""
    assert session.looked_up(service="gynetix-tui", username="kept") == KEY
    with session.client() as second:
        assert second.ask("load", "kept").answer == KEY
        assert second.ask("load_async", "kept").answer == KEY
        assert second.ask("load", "another").answer is None
        assert second.ask("delete", "kept").said == ""
        assert second.ask("load", "kept").answer is None
        assert second.ask("delete", "kept").said == "", "a key that is missing is as good as deleted"
    assert session.looked_up(service="gynetix-tui", username="kept") == ""


def test_what_the_keyring_writes_does_not_show_the_key(session: LoginSession) -> None:
    with session.client() as client:
        client.ask("save", "written", KEY)
    files = [path for path in session.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" for path in files)
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path


# What is locked, or not there yet


def test_a_locked_keyring_says_how_to_unlock_it_and_is_found_unlocked_again(
    own_session: LoginSession,
) -> None:
    own_session.start_keyring()
    with own_session.client() as client:
        client.ask("save", "a", KEY)
        own_session.lock()
        said = refused(client)
        assert said.startswith("The keyring is locked. ")
        assert refused(client, "save", "a", OTHER_KEY) == said
        assert refused(client, "delete", "a") == said
        assert client.ask("name").answer == NAME
        own_session.type_command(command_in(said), "wrong")
        assert refused(client) == said
        own_session.type_command(command_in(said), PASSWORD)
        assert client.ask("load", "a").answer == KEY


def test_a_keyring_that_was_never_set_up_says_how_to(own_session: LoginSession) -> None:
    own_session.start_keyring(password=None)
    with own_session.client() as client:
        said = refused(client)
        assert said.startswith("The keyring has never been set up: ")
        assert refused(client, "save", "a", KEY) == said
        own_session.type_command(command_in(said), "a new one")
        assert client.ask("save", "a", KEY).said == ""
    own_session.lock()
    with own_session.client() as client:
        assert refused(client).startswith("The keyring is locked. ")
        own_session.type_command(command_in(said), "a new one")
        assert client.ask("load", "a").answer == KEY


def test_a_keyring_that_d_bus_has_to_start_is_found(own_session: LoginSession) -> None:
    with own_session.client() as client:
        assert client.ask("name").answer == NAME
        assert refused(client).startswith("The keyring has never been set up: ")


# What is not there


def test_no_d_bus(tmp_path: Path) -> None:
    with alone(tmp_path) as client:
        assert client.ask("name").answer is None
        assert refused(client).startswith("No keyring on this machine ")
        assert refused(client, "save", "a", KEY).startswith("No keyring on this machine ")


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "", "tcp:host=localhost,port=1", "bus"])
def test_an_address_of_no_d_bus(tmp_path: Path, address: str) -> None:
    with alone(tmp_path, DBUS_SESSION_BUS_ADDRESS=address) as client:
        assert client.ask("name").answer is None
        assert refused(client).startswith("No keyring on this machine ")


def test_a_session_without_a_keyring_until_one_is_started(lone_session: LoginSession) -> None:
    with lone_session.client() as client:
        assert client.ask("name").answer is None
        assert refused(client).startswith("No keyring on this machine ")
        lone_session.start_keyring()
        assert client.ask("name").answer == NAME
        assert client.ask("save", "a", KEY).said == ""
        assert client.ask("load", "a").answer == KEY


# What goes away


def test_a_keyring_that_dies_and_is_started_again_locked(own_session: LoginSession) -> None:
    own_session.start_keyring()
    with own_session.client() as client:
        client.ask("save", "a", KEY)
        own_session.kill_keyring()
        said = refused(client)
        assert said.startswith("The keyring is locked. ")
        own_session.type_command(command_in(said), PASSWORD)
        assert client.ask("load", "a").answer == KEY


def test_a_keyring_that_dies_and_later_its_d_bus(lone_session: LoginSession) -> None:
    lone_session.start_keyring()
    with lone_session.client() as client:
        client.ask("save", "a", KEY)
        lone_session.kill_keyring()
        assert refused(client).startswith("The keyring is out of reach: ")
        lone_session.start_keyring()
        assert client.ask("load", "a").answer == KEY
        lone_session.kill_bus()
        assert refused(client).startswith("The keyring is out of reach: ")
        assert refused(client, "save", "a", KEY).startswith("The keyring is out of reach: ")


# What never answers


@pytest.mark.parametrize("method", ["load", "load_async"])
def test_a_mute_keyring_is_given_up_on_and_left_behind(lone_session: LoginSession, method: str) -> None:
    lone_session.start_mute_service()
    with lone_session.client(deadline=SHORT) as client:
        reply = client.ask(method, "a")
        assert reply.said.startswith("The keyring did not answer within 1 s; ")
        assert SHORT <= reply.seconds < SHORT + SOON
        seconds, complaints = client.leave()
        assert seconds < SOON, "the call that hangs must not be waited for"
        assert complaints == ""


def test_a_keyring_that_d_bus_starts_in_vain_is_given_up_on(tmp_path: Path) -> None:
    (tmp_path / "secrets.service").write_text(
        "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sleep 1000\n"
    )
    with LoginSession(services=tmp_path) as session, session.client(deadline=SHORT) as client:
        assert client.ask("name").answer == NAME, "it is promised, after all"
        reply = client.ask("load", "a")
        assert reply.said.startswith("The keyring did not answer within 1 s; ")
        assert SHORT <= reply.seconds < SHORT + SOON
        assert client.leave()[0] < SOON


# What must not be used


def test_plain_text_is_never_chosen_by_itself(
    tmp_path: Path, plain_text: Path, session: LoginSession
) -> None:
    installed = {"PYTHONPATH": str(plain_text)}
    environ = home_of(tmp_path) | installed
    # What keyring would do, left to itself: without this, the rest would show nothing.
    program = "import keyring; print(type(keyring.get_keyring()).__name__)"
    for surroundings, chosen in (
        (environ, "PlaintextKeyring"),
        (session.environ | installed, "ChainerBackend"),
    ):
        would = subprocess.run(
            [sys.executable, "-c", program],
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=PATIENT,
            check=True,
        )
        assert would.stdout == f"{chosen}\n"

    with Client(environ, None) as client:
        assert client.ask("name").answer is None
        assert refused(client, "save", "a", KEY).startswith("No keyring on this machine ")
    with session.client(PYTHONPATH=str(plain_text)) as client:
        assert client.ask("name").answer == NAME
        assert client.ask("save", "beside", KEY).said == ""
        assert client.ask("load", "beside").answer == KEY
    assert session.looked_up(service="gynetix-tui", username="beside") == KEY
    assert not (plain_text / "plain_text").exists()


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("plain_ring.PlaintextKeyring", "plain ring PlaintextKeyring"),
        ("keyring.backends.null.Keyring", "null Keyring"),
    ],
)
def test_plain_text_and_nothing_are_refused_even_when_chosen(
    tmp_path: Path, plain_text: Path, choice: str, name: str
) -> None:
    with alone(tmp_path, PYTHONPATH=str(plain_text), PYTHON_KEYRING_BACKEND=choice) as client:
        assert client.ask("name").answer is None
        said = refused(client, "save", "a", KEY)
        assert said.startswith(
            f"The keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg names ({name}) is not used: "
        )
        assert refused(client) == said
    assert not (plain_text / "plain_text").exists()


def test_a_keyring_is_not_used_by_those_who_chose_none(session: LoginSession) -> None:
    with session.client(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring") as client:
        assert client.ask("name").answer is None
        assert refused(client, "save", "declined", KEY)
    assert session.looked_up(service="gynetix-tui", username="declined") == ""


def test_a_keyring_that_keeps_nothing_and_praises_itself_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "forgetful.py").write_text(
        "from keyring.backends import null\nclass Keyring(null.Keyring):\n    priority = 5\n"
    )
    with alone(tmp_path, PYTHONPATH=str(tmp_path), PYTHON_KEYRING_BACKEND="forgetful.Keyring") as client:
        assert client.ask("name").answer == "forgetful Keyring"
        assert "could not be read back" in refused(client, "save", "a", KEY)


# What is set up wrongly


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ("", "ValueError"),
        ("nonsense", "ValueError"),
        ("no.such.module.Keyring", "ModuleNotFoundError"),
        ("keyring.backends.null.NoSuchClass", "AttributeError"),
        ("keyring.backends.SecretService.Keyring", "RuntimeError"),
    ],
)
def test_a_choice_that_leads_nowhere(tmp_path: Path, choice: str, kind: str) -> None:
    with alone(tmp_path, PYTHON_KEYRING_BACKEND=choice) as client:
        said = refused(client)
        assert said.startswith(f"No keyring could be chosen ({kind}): see what PYTHON_KEYRING_BACKEND ")
        assert refused(client, "name") == said


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("default-keyring=x\n", "MissingSectionHeaderError"),
        ("[backend]\ndefault-keyring=no.such.module.Keyring\n", "ModuleNotFoundError"),
        ("[backend]\n\udcff=\n", "UnicodeDecodeError"),
    ],
)
def test_a_file_that_leads_nowhere(tmp_path: Path, file: str, kind: str) -> None:
    with alone(tmp_path) as client:
        folder = tmp_path / "config/python_keyring"
        folder.mkdir()
        (folder / "keyringrc.cfg").write_bytes(file.encode("utf-8", "surrogateescape"))
        assert refused(client).startswith(f"No keyring could be chosen ({kind}): ")
        (folder / "keyringrc.cfg").unlink()
        assert refused(client).startswith("No keyring on this machine "), "it is looked for anew"
