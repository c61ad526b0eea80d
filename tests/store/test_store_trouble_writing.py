"""Full disks, quotas, read-only files and a program that is killed: for real, each in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from store_kit import ANA, START, contact, message
from store_trouble_kit import NOW, precious, run

from gynetix_tui.errors import StoreBroken, StoreBusy, StoreError, StoreUnwritable
from gynetix_tui.store import Report, Store, prepare, trouble

HERE = Path(__file__).parent
_START = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
folder = pathlib.Path(sys.argv[2])
from store_kit import ANA, BEN, START, contact, message
from store_trouble_kit import fill, precious
from gynetix_tui.errors import StoreError, StoreUnwritable
from gynetix_tui.store import Report, Store, prepare

def refused(work):
    try:
        work()
    except StoreUnwritable as error:
        return str(error)
    raise AssertionError("it was written")

def write(store, text="x", times=50):
    with store.transaction():
        store.messages.add(1, [message(text * 4000) for _ in range(times)], now=START)

def texts(store):
    return len(store.messages.since(1, 0))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def _small_disk(folder: Path) -> list[str]:
    """A command that runs another with a file system of two megabytes at the folder, which nobody else sees."""
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("no unshare(1)")
    mount = f'mount -t tmpfs -o size=2m tmpfs "{folder}" && exec "$@"'
    for rights in (["-m"], ["-Urm"]):
        command = [unshare, *rights, "sh", "-c", mount, "sh"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("this system lets nobody mount a file system")


_FULL_DISK = (
    _START
    + """
file = folder / "store.db"
assert prepare(file, now=START) == Report()

def fill_disk():
    with open(folder / "filler", "ab", buffering=0) as filler:
        for size in (1 << 16, 1 << 12, 1 << 9, 1):
            try:
                while filler.write(bytes(size)) == size:
                    pass
            except OSError:
                pass

with Store.open(file) as screen, Store.open(file) as store:
    contact(store)
    write(store)
    fill_disk()
    for _ in range(3):
        said = refused(lambda: write(store))
        assert "Nothing can be kept until that is put right" in said, said
        assert not store._connection.in_transaction
        assert texts(store) == texts(screen) == 50
    refused(lambda: store.drafts.put(1, "draft " * 2000, now=START))
    os.unlink(folder / "filler")
    write(store, times=20)
    assert texts(store) == texts(screen) == 70
    fill_disk()
    refused(lambda: write(store))

# A start on the full disk: it may read, or say why not; and it works again.
try:
    prepare(file, now=START)
    with Store.open(file) as store:
        assert texts(store) == 70
        refused(lambda: write(store))
except StoreUnwritable:
    pass
os.unlink(folder / "filler")
prepare(file, now=START)
with Store.open(file) as store:
    write(store, times=1)
    assert texts(store) == 71

# A repair that has no room leaves all as it was.
content = file.read_bytes()
damaged = bytes(4096) + content[4096:]
file.write_bytes(damaged)
fill_disk()
refused(lambda: prepare(file, now=START))
assert file.read_bytes() == damaged
assert {each.name for each in folder.iterdir()} <= {"store.db", "store.db.check", "filler"}
os.unlink(folder / "filler")
assert prepare(file, now=START).moved_aside
assert list(precious(file).contacts.values()) == ["Ana"]
print("done")
"""
)


def test_a_full_disk(tmp_path: Path) -> None:
    command = [*_small_disk(tmp_path), sys.executable, "-c", _FULL_DISK, str(HERE), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "done\n"


_NO_ROOM_FOR_A_COPY = (
    _START
    + """
from gynetix_tui.store.migrations import STEPS
file = folder / "store.db"
with Store.open(file) as store:
    contact(store)
for _ in range(3):  # the log is as long as what is written at a time, and goes
    with Store.open(file) as store:
        write(store, times=100)
newer = (*STEPS, lambda connection: connection.run("CREATE TABLE more (a INT)"))
refused(lambda: prepare(file, now=START, steps=newer))
assert {each.name for each in folder.iterdir()} == {"store.db"}, list(folder.iterdir())
assert prepare(file, now=START) == Report()
with Store.open(file) as store:
    assert texts(store) == 300
"""
)


def test_no_room_for_the_copy_before_a_new_format(tmp_path: Path) -> None:
    command = [*_small_disk(tmp_path), sys.executable, "-c", _NO_ROOM_FOR_A_COPY, str(HERE), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_limit_on_pages_is_a_full_disk_and_passes(file: Path) -> None:
    with Store.open(file) as store:
        ana = contact(store)
        before = store._connection.one("PRAGMA page_count")
        store._connection.run(f"PRAGMA max_page_count = {before[0] if before else 0!r}")

        def write() -> None:
            with store.transaction():
                store.contacts.rename(ana, "Anna")
                store.messages.add(ana, [message("x" * 5000) for _ in range(100)], now=START)

        with pytest.raises(StoreUnwritable, match="full"):
            write()
        assert not store._connection.in_transaction
        assert [each.name for each in store.contacts.all()] == ["Ana"]
        store._connection.run("PRAGMA max_page_count = 100000")
        write()
        assert [each.name for each in store.contacts.all()] == ["Anna"]


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    script = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = folder / "store.db"
with Store.open(file) as store:
    contact(store)
    write(store, times=5)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    for _ in range(3):
        refused(lambda: write(store, times=100))
        assert texts(store) == 5
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    write(store, times=100)
    assert texts(store) == 105
"""
    run(_START + script, HERE, tmp_path)


_AS_NOBODY = """
import tempfile
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
folder = pathlib.Path(tempfile.mkdtemp())
file = folder / "store.db"
try:
    with Store.open(file) as store:
        contact(store)
        write(store, times=5)
"""
_CLEAN = """
finally:
    folder.chmod(0o700)
    for each in folder.iterdir():
        each.unlink()
    folder.rmdir()
"""


def _as_nobody(what: str, tmp_path: Path) -> None:
    indented = "".join(f"    {line}\n" for line in what.strip().splitlines())
    run(_START + _AS_NOBODY + indented + _CLEAN, HERE, tmp_path)


def test_a_read_only_file(tmp_path: Path) -> None:
    _as_nobody(
        """
file.chmod(0o400)
assert prepare(file, now=START) == Report()
with Store.open(file, read_only=True) as screen, Store.open(file) as store:
    assert texts(store) == texts(screen) == 5
    refused(lambda: write(store))
    refused(lambda: store.contacts.rename(1, "Anna"))
    assert texts(store) == texts(screen) == 5
file.chmod(0o600)
assert prepare(file, now=START) == Report()
with Store.open(file) as store:
    write(store, times=5)
    assert texts(store) == 10
""",
        tmp_path,
    )


def test_a_read_only_folder(tmp_path: Path) -> None:
    _as_nobody(
        """
folder.chmod(0o500)
assert str(file) in refused(lambda: prepare(file, now=START))
folder.chmod(0o700)
assert prepare(file, now=START) == Report()
with Store.open(file) as store:
    assert texts(store) == 5
""",
        tmp_path,
    )


_WRITES = """
n = 0
with Store.open(folder / "store.db") as store:
    while True:
        n += 1
        number = f"+1555{os.getpid() % 10000:04d}{n:06d}"
        with store.transaction():
            added = store.contacts.add(number, f"name {n}", now=START)
            store.drafts.put(added, f"draft {n} " * 20, now=START)
            store.outbox.add(added, to=number, sender=number, text=f"text {n} " * 20, now=START)
        print(number, flush=True)
"""


def test_what_was_acknowledged_outlives_being_killed(file: Path) -> None:
    acknowledged: set[str] = set()
    for rows in (1, 7, 40, 90, 200):
        program = subprocess.Popen(
            [sys.executable, "-c", _START + _WRITES, str(HERE), str(file.parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout
        for _ in range(rows):
            acknowledged.add(program.stdout.readline().strip())
        program.kill()
        acknowledged |= {line.strip() for line in program.stdout if line.endswith("\n")}
        program.stdout.close()
        program.wait(10)
        assert prepare(file, now=NOW) == Report()
        there = precious(file)
        assert acknowledged <= there.contacts.keys()
        assert len(there.contacts) == len(there.drafts) == len(there.texts)
    assert len(acknowledged) >= 338


def _failing(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("words that nobody should decide by: database is locked, disk full, malformed")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, StoreUnwritable),
        (sqlite3.SQLITE_READONLY, StoreUnwritable),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreUnwritable),
        (sqlite3.SQLITE_CANTOPEN, StoreUnwritable),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnwritable),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnwritable),
        (sqlite3.SQLITE_CORRUPT, StoreBroken),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreBroken),
        (sqlite3.SQLITE_NOTADB, StoreBroken),
        (sqlite3.SQLITE_IOERR_CORRUPTFS, StoreBroken),
        (sqlite3.SQLITE_BUSY, StoreBusy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusy),
        (sqlite3.SQLITE_LOCKED, StoreBusy),
        (sqlite3.SQLITE_IOERR_READ, StoreError),
        (sqlite3.SQLITE_ERROR, StoreError),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, StoreError),
        (sqlite3.SQLITE_NOMEM, StoreError),
    ],
)
def test_errors_are_told_apart_by_their_codes(file: Path, code: int, kind: type[StoreError]) -> None:
    told = trouble.when_used(_failing(code), file)
    assert type(told) is kind
    assert re.fullmatch(rf"The store {re.escape(str(file))} failed: .*\.", str(told))


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS", "EACCES"])
def test_no_right_to_make_the_file(file: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    import errno

    def refuse(*_: object, **__: object) -> int:
        number = getattr(errno, code)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreUnwritable, match="cannot be opened: "):
        prepare(file, now=NOW)


def test_a_store_in_use_is_busy_and_free_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gynetix_tui.store.connection.BUSY_MILLISECONDS", 50)
    with Store.open(file) as one, Store.open(file) as two:
        with one.transaction():
            contact(one)
            with pytest.raises(StoreBusy, match="Another program"):
                contact(two)
        assert two.contacts.find(ANA)
        two.contacts.rename(two.contacts.all()[0].id, "Anna")


def test_the_first_reason_is_the_one_that_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(file) as store:
        run_statement: Callable[..., int] = store._connection.run

        def fails(sql: str, values: tuple[object, ...] = ()) -> int:
            if sql == "ROLLBACK":
                raise StoreError("the second")
            return run_statement(sql, values)

        monkeypatch.setattr(store._connection, "run", fails)
        with pytest.raises(StoreError, match="the first"), store.transaction():
            raise StoreError("the first")
        monkeypatch.undo()
        store._connection.run("ROLLBACK")
        contact(store)
