"""What the store holds, read without a trace from every kind of file."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from doctor_kit import NOW, case_in, fill, only, paths_in, raw, tree, wrong

from gynetix_tui.doctor.contents import Unread, check_contents, last_fetch
from gynetix_tui.store.connection import Connection
from gynetix_tui.store.migrations import STEPS, migrate

COUNTS = (
    "format 4 of 4, sound; 1 contacts, 2 texts, 3 waiting, 1 uncertain, 1 failed, 1 in the log of opt-outs"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = paths_in(tmp_path).store_file
    file.parent.mkdir(mode=0o700)
    return file


def test_nothing_is_said_of_a_store_that_is_not_there(tmp_path: Path, file: Path) -> None:
    assert check_contents(case_in(tmp_path)) == []
    assert last_fetch(file) is None
    assert tree(file.parent) == {}


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_counts(tmp_path: Path, file: Path, journal: str) -> None:
    fill(file, journal=journal)
    before = tree(tmp_path)
    finding = only(check_contents(case_in(tmp_path)))
    assert (finding.ok, finding.text) == (True, COUNTS)
    assert last_fetch(file) == NOW - 3600
    assert tree(tmp_path) == before
    assert [path.name for path in file.parent.iterdir()] == ["store.db"]


def crashed(file: Path, *ends: str) -> None:
    """Leave a store as a crash would, with some of the files beside it."""
    original = file.with_name("original") / file.name
    fill(original, journal="DELETE" if "-journal" in ends else "WAL")
    with raw(original) as client:
        client.execute("PRAGMA cache_size = 1")  # so that what is not committed reaches the file
        if "-journal" in ends:
            client.execute("BEGIN")
            client.execute("UPDATE messages SET text = text || hex(zeroblob(9000))")
        else:
            client.execute("DELETE FROM messages")
        for end in ("", *ends):
            shutil.copy2(f"{original}{end}", f"{file}{end}")
    shutil.rmtree(original.parent)


def test_a_store_after_a_crash(tmp_path: Path, file: Path) -> None:
    crashed(file, "-wal", "-shm")
    before = tree(tmp_path)
    assert "1 contacts, 0 texts" in only(check_contents(case_in(tmp_path))).text
    assert tree(tmp_path) == before


def test_a_log_of_writes_without_its_index_is_left_alone(tmp_path: Path, file: Path) -> None:
    crashed(file, "-wal")
    before = tree(tmp_path)
    finding = only(check_contents(case_in(tmp_path)))
    assert finding.ok is None
    assert finding.text.startswith("not looked into: a log of writes")
    with pytest.raises(Unread):
        last_fetch(file)
    assert tree(tmp_path) == before


def test_a_write_that_was_not_ended_is_left_alone(tmp_path: Path, file: Path) -> None:
    crashed(file, "-journal")
    before = tree(tmp_path)
    finding = only(check_contents(case_in(tmp_path)))
    assert finding.ok is None
    assert finding.text.startswith("not looked into: a write was not ended")
    assert tree(tmp_path) == before


def test_a_store_that_another_program_is_writing(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gynetix_tui.doctor.contents._BUSY_SECONDS", 0.01)
    fill(file, journal="DELETE")
    with raw(file) as client:
        client.execute("BEGIN EXCLUSIVE")
        finding = only(check_contents(case_in(tmp_path)))
    assert finding.ok is None
    assert finding.text.startswith("not looked into: in use by another program just now")


def test_an_empty_file(tmp_path: Path, file: Path) -> None:
    file.write_bytes(b"")
    finding = only(check_contents(case_in(tmp_path)))
    assert (finding.ok, finding.text) == (None, "empty: the client's next start fills it")
    assert last_fetch(file) is None


def test_an_older_store_has_no_log_yet(tmp_path: Path, file: Path) -> None:
    with closing(Connection.open(file)) as connection:
        migrate(connection, STEPS[:3])
    counts = "format 3 of 4, sound; 0 contacts, 0 texts, 0 waiting, 0 uncertain, 0 failed"
    assert only(check_contents(case_in(tmp_path))).text == counts


def test_no_database(tmp_path: Path, file: Path) -> None:
    file.write_bytes(b"Ana Torres +15557778888 " * 100)
    assert wrong(check_contents(case_in(tmp_path))) == [
        "the store's file is no database, or a damaged one; the client's next start puts it right (SQLITE_NOTADB)"
    ]


def test_a_damaged_store(tmp_path: Path, file: Path) -> None:
    fill(file, texts=2000)
    data = bytearray(file.read_bytes())
    page = 4096
    for number in range(6, 20):
        data[number * page : (number + 1) * page] = b"Ana Torres: Who is this? ".ljust(page, b"\x0d")
    file.write_bytes(data)
    before = tree(tmp_path)
    said = wrong(check_contents(case_in(tmp_path)))
    assert said[0].startswith("the store's file is damaged")
    assert "Ana" not in said[0]
    assert tree(tmp_path) == before


def test_a_row_that_its_table_does_not_allow_is_a_fault(tmp_path: Path, file: Path) -> None:
    fill(file)
    strict, lax = "name           TEXT NOT NULL", "name TEXT"
    change = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'contacts'"
    with raw(file) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(change, (strict, lax))
    with raw(file) as database:
        database.execute("UPDATE contacts SET name = NULL")
        database.execute("PRAGMA writable_schema = ON")
        database.execute(change, (lax, strict))
    said = wrong(check_contents(case_in(tmp_path)))
    assert said[0].endswith("repairs it: NULL value in contacts.name")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("PRAGMA user_version = 7", "the store was written by a newer gynetix-tui: it is of format 7"),
        ("PRAGMA application_id = 5", "is a database of another program"),
        ("DROP TABLE outbox", "cannot be read (SQLITE_ERROR)"),
    ],
)
def test_a_store_that_cannot_be_used(tmp_path: Path, file: Path, sql: str, sentence: str) -> None:
    fill(file)
    with raw(file) as database:
        database.execute(sql)
    before = tree(tmp_path)
    assert sentence in wrong(check_contents(case_in(tmp_path)))[0]
    assert tree(tmp_path) == before


def test_a_store_that_may_not_be_read(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(file)

    def refuse(*_: object, **__: object) -> None:  # root may everything
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CANTOPEN, "SQLITE_CANTOPEN"
        raise error

    monkeypatch.setattr(sqlite3, "connect", refuse)
    assert wrong(check_contents(case_in(tmp_path))) == ["the store's file cannot be opened (SQLITE_CANTOPEN)"]


def test_a_large_store_is_looked_through_only_when_asked(tmp_path: Path, file: Path) -> None:
    fill(file)
    counts, left_out = check_contents(case_in(tmp_path, quick_check_bytes=1000))
    assert counts.text == COUNTS.replace(", sound", "")
    assert left_out.ok is None
    assert left_out.text.endswith("KB: doctor --full looks")
    assert only(check_contents(case_in(tmp_path, quick_check_bytes=1000, full=True))).text == COUNTS


def test_a_gateway_that_was_never_reached(file: Path) -> None:
    fill(file, fetched_at=None)
    assert last_fetch(file) is None
