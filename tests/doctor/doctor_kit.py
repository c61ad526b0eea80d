"""What the doctor's tests share: patients, and a look at everything that a folder holds."""

from __future__ import annotations

import base64
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from canary import KEY
from keyring.backend import KeyringBackend

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.model import ConsentEntry, ConsentEvent, Direction, PhoneNumber, TimeSource
from gynetix_tui.settings.keys import SystemKeyring
from gynetix_tui.settings.paths import Paths
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage

PROGRAM = str(Path(sys.executable).with_name("gynetix-tui"))
NOW = 1_768_212_000.0  # 2026-01-12 10:00 UTC
NO_RING = "keyring.backends.fail.Keyring"
"""Finding none by itself takes keyring a second."""

HOME_NUMBER = PhoneNumber("+15556667777")
ANA = PhoneNumber("+15557778888")
STATES = ("queued", "queued", "sending", "unconfirmed", "failed", "seen", "discarded")
PRIVATE = ("Ana", "Torres", "5557778888", "5556667777", "Who is this", "It is Pat", "not yet sent")
"""What of a filled store no report may show."""


class Ring(KeyringBackend):
    """A keyring that holds one key, or none, or raises."""

    priority = 5

    def __init__(self, held: str | None = None, error: BaseException | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held, self.error = held, error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("the doctor keeps nothing")

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.held if (service, username) == ("gynetix-tui", "default@roor.gynetix.com") else None


class PlainRing(Ring):
    """One that keyring itself does not recommend."""

    priority = 0.5  # type: ignore[assignment]


def paths_in(folder: Path) -> Paths:
    data, state = folder / "data", folder / "state"
    return Paths(folder / "config.toml", data, state, data / "store.db", state / "gynetix-tui.log")


def case_in(
    folder: Path, environ: Mapping[str, str] | None = None, *, ring: object = None, **others: object
) -> Case:
    keyring = SystemKeyring(find_backend=lambda: ring or PlainRing())
    values: dict[str, object] = {"keyring": keyring, "find_paths": lambda profile: paths_in(folder), **others}
    return Case(environ or {}, NOW, **values)  # type: ignore[arg-type]  # by name


def fill(file: Path, *, fetched_at: float | None = NOW - 3600, texts: int = 2, journal: str = "WAL") -> None:
    """Make a store with one of everything."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Store.open(file) as store, store.transaction():
        ana = store.contacts.add(ANA, "Ana Torres", now=NOW)
        store.messages.add(
            ana,
            [
                NewMessage(int(NOW) + n, 0, Direction.IN, f"Who is this {n}", TimeSource.TS, "", True, ())
                for n in range(texts)
            ],
            now=NOW,
        )
        if fetched_at is not None:
            store.contacts.note_fetch(ana, now=fetched_at, digest=b"x", local_number=HOME_NUMBER)
        store.consent.add(ConsentEntry(ANA, NOW, ConsentEvent.SUPPRESSION_ASKED))
        store.drafts.put(ana, "not yet sent", now=NOW)
        for state in STATES:
            store.outbox.add(ana, to=ANA, sender=HOME_NUMBER, text=f"It is Pat {state}", now=NOW)
    with raw(file) as database:
        database.executemany(
            "UPDATE outbox SET state = ? WHERE id = ?", [(state, n) for n, state in enumerate(STATES, 1)]
        )
        database.execute(f"PRAGMA journal_mode = {journal}")


@contextmanager
def raw(file: Path) -> Iterator[sqlite3.Connection]:
    """The file as SQLite alone sees it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        yield database


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder: modes, times, contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        data = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, data)
    return found


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.ok is False]


def run_doctor(
    home: Path | None, *words: str, environ: Mapping[str, str] | None = None, encoding: str = "utf-8"
) -> tuple[int, str]:
    """The installed program with an environment of its own; its exit code and what it said."""
    clean = {"PATH": "/usr/bin:/bin", "PYTHON_KEYRING_BACKEND": NO_RING}
    if home is not None:
        clean["HOME"] = str(home)
    ended = subprocess.run(
        [PROGRAM, *words],
        env={**clean, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert ended.stderr == b""
    return ended.returncode, ended.stdout.decode(encoding)


def assert_fit_to_show(text: str) -> None:
    """One screen, as narrow as a terminal, nothing that it would obey, no home folder."""
    assert all(len(line) <= 80 for line in text.splitlines())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e]", text)
    for secret in PRIVATE:
        assert secret not in text
    joined = re.sub(r"\s+", "", text)  # a line end may stand in the middle
    plain = KEY.encode()
    inner = [base64.b64encode(b" " * offset + plain)[4:-4].decode() for offset in (1, 2, 3)]
    for spelling in (KEY, "CANARY", quote(KEY), quote(KEY, safe=""), *inner):
        assert spelling.replace(" ", "") not in joined


def failing(error: BaseException) -> Callable[[str], Paths]:
    def find(profile: str) -> Paths:
        raise error

    return find
