"""The file: who may read it, what is taken for a store, and what two programs at once do to it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_kit import ANA, BEN, START, contact, message

from gynetix_tui.errors import StoreError
from gynetix_tui.model import PhoneNumber
from gynetix_tui.store import Store
from gynetix_tui.store.migrations import STEPS


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "store #1?.db"


@pytest.fixture(autouse=True)
def _folder(file: Path) -> None:
    file.parent.mkdir()


def modes(folder: Path) -> dict[str, int]:
    return {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}


@pytest.mark.usefixtures("_usual_umask")
def test_only_its_user_may_read_it(file: Path) -> None:
    with Store.open(file) as store:
        contact(store)
        assert modes(file.parent) == {
            file.name: 0o600,
            f"{file.name}-wal": 0o600,
            f"{file.name}-shm": 0o600,
        }
    assert modes(file.parent) == {file.name: 0o600}


@pytest.mark.usefixtures("_usual_umask")
def test_a_file_that_others_may_read_is_made_private(file: Path) -> None:
    Store.open(file).close()
    file.chmod(0o644)
    with Store.open(file) as store:
        contact(store)
        assert set(modes(file.parent).values()) == {0o600}


def test_a_fresh_file_has_the_newest_version_and_keeps_what_is_written(file: Path) -> None:
    with Store.open(file) as store:
        assert store.contacts.is_empty()
        contact(store)
    raw = sqlite3.connect(file)
    assert raw.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert raw.execute("PRAGMA application_id").fetchone() == (0x47594E58,)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()
    with Store.open(file) as store:
        assert [each.number for each in store.contacts.all()] == [ANA]


def test_opening_again_writes_nothing(file: Path) -> None:
    Store.open(file).close()
    before = file.read_bytes()
    with Store.open(file):
        assert (file.parent / f"{file.name}-wal").stat().st_size == 0
    assert file.read_bytes() == before


def test_nothing_is_lost_at_a_power_cut(file: Path) -> None:
    with Store.open(file) as store:
        assert store._connection.one("PRAGMA synchronous") == (2,)  # FULL


def test_an_empty_file_becomes_a_store(file: Path) -> None:
    file.touch()
    with Store.open(file) as store:
        contact(store)
        assert len(store.contacts.all()) == 1


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_another_programs_database_is_refused_and_left_as_it_is(file: Path, journal: str) -> None:
    raw = sqlite3.connect(file)
    raw.execute(f"PRAGMA journal_mode = {journal}")
    raw.execute("CREATE TABLE bookmarks (url TEXT)")
    raw.commit()
    raw.close()
    file.chmod(0o644)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store.open(file)
    assert file.read_bytes() == before
    assert modes(file.parent) == {file.name: 0o644}


@pytest.mark.parametrize("pragma", ["application_id = 7", "user_version = 3"])
def test_a_database_marked_by_another_program_is_refused_without_tables_too(file: Path, pragma: str) -> None:
    raw = sqlite3.connect(file)
    raw.execute(f"PRAGMA {pragma}")
    raw.commit()
    raw.close()
    with pytest.raises(StoreError, match="another program"):
        Store.open(file)


def test_a_newer_versions_store_is_refused_and_left_as_it_is(file: Path) -> None:
    Store.open(file).close()
    raw = sqlite3.connect(file)
    raw.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    raw.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match=rf"newer version .*format {len(STEPS) + 1}.*Update"):
        Store.open(file)
    assert file.read_bytes() == before


def test_a_step_that_fails_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: object) -> None:
        raise StoreError("no")

    monkeypatch.setattr("gynetix_tui.store.migrations.STEPS", (*STEPS, fails))
    with pytest.raises(StoreError, match="no"):
        Store.open(file)
    monkeypatch.undo()
    raw = sqlite3.connect(file)
    assert raw.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    raw.close()
    Store.open(file).close()


@pytest.mark.parametrize(
    "content", [b"\0" * 8192, b"no database\n" * 1000, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_garbage_is_refused_with_a_sentence(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"^The store .*store #1\?\.db failed: .*\.$"):
        Store.open(file)
    assert file.read_bytes() == content


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: No such file or directory"):
        Store.open(tmp_path / "nowhere" / "store.db")


def test_reading_makes_no_file_and_changes_nothing(file: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(file, read_only=True)
    assert not file.exists()
    Store.open(file).close()
    with Store.open(file, read_only=True) as store, pytest.raises(StoreError, match="readonly"):
        contact(store)


def test_a_broken_page_is_a_store_error(file: Path) -> None:
    with Store.open(file) as store, store.transaction():
        ana = contact(store)
        store.messages.add(ana, [message(f"text {n} " * 50) for n in range(200)], now=START)
    content = bytearray(file.read_bytes())
    content[4096 * 12 :] = b"\xff" * (len(content) - 4096 * 12)
    file.write_bytes(content)
    with pytest.raises(StoreError, match="malformed"), Store.open(file) as store:
        store.conversations.newest(ana, 1000)


def test_a_transaction_is_all_or_nothing(file: Path) -> None:
    with Store.open(file) as store:

        def half() -> None:
            with store.transaction():
                contact(store)
                with store.transaction():
                    contact(store, BEN, "Ben")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            half()
        assert store.contacts.is_empty()
        with store.transaction():
            contact(store)
        assert len(store.contacts.all()) == 1


@pytest.mark.parametrize("text", ["half an emoji \ud83d", "\udc80"])
def test_what_sqlite_cannot_hold_is_a_store_error(file: Path, text: str) -> None:
    with Store.open(file) as store:
        ana = contact(store)
        with pytest.raises(StoreError), store.transaction():
            store.drafts.put(ana, text, now=START)
        with pytest.raises(StoreError), store.transaction():
            store.messages.add(ana, [message("late", 1 << 70)], now=START)
        with store.transaction():
            store.drafts.put(ana, "whole", now=START)
        assert store.drafts.get(ana) == "whole"


def test_a_writer_waits_for_another_also_where_it_reads_first(file: Path) -> None:
    with Store.open(file) as one, Store.open(file) as two:
        begun, read = threading.Event(), threading.Event()
        failed: list[BaseException] = []

        def write() -> None:
            begun.set()
            try:
                with two.transaction():
                    two.contacts.all()
                    read.set()
                    contact(two, BEN, "Ben")
            except StoreError as error:
                failed.append(error)

        thread = threading.Thread(target=write)
        with one.transaction():
            one.contacts.all()
            thread.start()
            begun.wait(5)
            assert not read.wait(0.1)
            contact(one)
        thread.join(5)
        assert failed == []
        assert len(one.contacts.all()) == 2


def test_a_full_disk_changes_nothing(file: Path) -> None:
    with Store.open(file) as store:
        store._connection.run("PRAGMA max_page_count = 1")  # as many as there are, and no more
        ana = contact(store)

        def too_much() -> None:
            with store.transaction():
                store.contacts.rename(ana, "Anna")
                store.messages.add(ana, [message("x" * 5000) for _ in range(100)], now=START)

        with pytest.raises(StoreError, match="full"):
            too_much()
        assert [each.name for each in store.contacts.all()] == ["Ana"]
        assert not store._connection.in_transaction


_SECOND_PROGRAM = """
import pathlib, sys
from gynetix_tui.store import Store
with Store.open(pathlib.Path(sys.argv[1])) as store, store.transaction():
    store.contacts.add("+15550002222", "two", now=1.0)
"""


def test_a_second_program_that_ends_takes_nothing_with_it(file: Path) -> None:
    # It is the last to close, as far as it can tell by the locks: were ours gone, it would remove the log
    # that we go on writing to.
    Store.open(file).close()
    with Store.open(file, read_only=True) as screen:
        assert screen.contacts.is_empty()
        with Store.open(file) as engine:
            engine.contacts.add(PhoneNumber("+15550001111"), "one", now=START)
            subprocess.run([sys.executable, "-c", _SECOND_PROGRAM, os.fspath(file)], check=True, timeout=30)
            engine.contacts.add(PhoneNumber("+15550003333"), "three", now=START)
            seen = subprocess.run(
                [sys.executable, "-c", "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM contacts').fetchone()[0])", os.fspath(file)],
                check=True, timeout=30, capture_output=True, text=True,
            )  # fmt: skip
        assert seen.stdout.strip() == "3"


def test_many_can_make_the_file_at_once(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def make(file: Path, barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            Store.open(file).close()
        except BaseException as error:
            failed.append(error)

    for turn in range(10):
        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=make, args=(tmp_path / f"{turn}.db", barrier)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
