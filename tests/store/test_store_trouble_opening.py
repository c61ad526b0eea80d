"""The first opening in a run: modes, formats, copies before a change, and others who have the store open."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_kit import START, contact
from store_trouble_kit import NOW, beside, fill, precious, read_all, run

from gynetix_tui.errors import StoreBroken, StoreBusy, StoreError, StoreTooNew
from gynetix_tui.store import Report, Store, prepare, suspect
from gynetix_tui.store.connection import Connection
from gynetix_tui.store.migrations import STEPS, Step


def _one_more_column(connection: Connection) -> None:
    connection.run("ALTER TABLE contacts ADD COLUMN nickname TEXT NOT NULL DEFAULT ''")


def _one_more_table(connection: Connection) -> None:
    connection.run("CREATE TABLE labels (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")


def _fails(connection: Connection) -> None:
    connection.run("DELETE FROM contacts")
    raise StoreError("no")


_ENDS_SUDDENLY = """
import os, pathlib, sys
from gynetix_tui.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
store.contacts.add("+15550001111", "one", now=1.0)
os._exit(0)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a folder").mkdir()
    return tmp_path / "a folder" / "store #1?.db"


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gynetix_tui.store.opening._PATIENCE_SECONDS", 0.2)


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def version(file: Path) -> int:
    raw = sqlite3.connect(file)
    try:
        return int(raw.execute("PRAGMA user_version").fetchone()[0])
    finally:
        raw.close()


@pytest.mark.usefixtures("_usual_umask")
def test_it_makes_the_store_for_its_user_alone(file: Path) -> None:
    assert prepare(file, now=NOW) == Report()
    assert mode(file) == 0o600
    assert beside(file) == set()
    with Store.open(file) as store:
        assert store.contacts.is_empty()
        assert store._connection.journal_mode() == "wal"


def test_a_store_that_is_in_order_is_left_as_it_is(file: Path) -> None:
    fill(file, contacts=10)
    before = file.read_bytes()
    assert prepare(file, now=NOW) == Report()
    assert file.read_bytes() == before
    assert beside(file) == set()


def test_the_modes_of_the_store_and_its_log_are_repaired(file: Path) -> None:
    with Store.open(file) as store:
        contact(store)
        log = [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]
        for each in log:
            each.chmod(0o664)
        assert prepare(file, now=NOW) == Report()
        assert [mode(each) for each in log] == [0o664] * 3  # looked at only: it is in use
    log[0].chmod(0o664)
    prepare(file, now=NOW)
    assert mode(file) == 0o600


def test_a_log_that_was_left_behind_becomes_private_with_its_store(file: Path) -> None:
    run(_ENDS_SUDDENLY, file)
    log = file.with_name(f"{file.name}-wal")
    for each in (file, log):
        each.chmod(0o644)
    seen: list[int] = []
    prepare(file, now=NOW, steps=(*STEPS, lambda _: seen.extend((mode(file), mode(log)))))
    assert seen == [0o600, 0o600]
    assert list(precious(file).contacts.values()) == ["one"]


def test_an_empty_file_is_told(file: Path) -> None:
    file.touch()
    (notice,) = prepare(file, now=NOW).notices
    assert "empty" in notice
    assert prepare(file, now=NOW) == Report()


def test_a_newer_versions_store_is_refused_and_left_as_it_is(file: Path) -> None:
    prepare(file, now=NOW, steps=(*STEPS, _one_more_table))
    before = file.read_bytes()
    with pytest.raises(StoreTooNew, match=rf"newer version .*format {len(STEPS) + 1}.*Update"):
        prepare(file, now=NOW)
    with pytest.raises(StoreTooNew):
        Store.open(file)
    assert file.read_bytes() == before
    assert beside(file) == set()


def test_a_damaged_store_of_a_newer_version_waits_for_that_version(file: Path) -> None:
    fill(file, contacts=20)
    prepare(file, now=NOW, steps=(*STEPS, _one_more_table))
    shorter = file.read_bytes()[:-8192]
    file.write_bytes(shorter)
    with pytest.raises(StoreTooNew, match=r"damaged.*newer version.*Update"):
        prepare(file, now=NOW)
    assert file.read_bytes() == shorter
    assert beside(file) <= {".check", "-wal", "-shm", f".backup-v{len(STEPS)}"}
    assert prepare(file, now=NOW, steps=(*STEPS, _one_more_table)).moved_aside


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_another_programs_database_is_refused_and_left_as_it_is(file: Path, journal: str) -> None:
    raw = sqlite3.connect(file)
    raw.execute(f"PRAGMA journal_mode = {journal}")
    raw.execute("CREATE TABLE contacts (url TEXT)")
    raw.commit()
    raw.close()
    file.chmod(0o644)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="another program") as refused:
        prepare(file, now=NOW)
    assert type(refused.value) is StoreError
    assert file.read_bytes() == before
    assert mode(file) == 0o644
    assert beside(file) == set()


def test_before_a_new_format_a_copy_of_the_old_is_made(file: Path) -> None:
    fill(file, contacts=20)
    kept = precious(file)
    report = prepare(file, now=NOW, steps=(*STEPS, _one_more_column))
    copy = file.with_name(f"{file.name}.backup-v{len(STEPS)}")
    assert report.backup == copy
    assert len(report.notices) == 1
    assert str(copy) in report.notices[0]
    assert (version(file), version(copy)) == (len(STEPS) + 1, len(STEPS))
    assert precious(file) == precious(copy) == kept
    assert mode(copy) == 0o600
    assert beside(file) == {copy.name.removeprefix(file.name)}
    assert prepare(file, now=NOW, steps=(*STEPS, _one_more_column)) == Report()


def test_what_is_only_in_the_log_is_in_the_copy_too(file: Path) -> None:
    run(_ENDS_SUDDENLY, file)
    backup = prepare(file, now=NOW, steps=(*STEPS, _one_more_column)).backup
    assert backup
    assert precious(backup).contacts == {"+15550001111": "one"}


def test_only_the_newest_three_copies_stay(file: Path) -> None:
    fill(file, contacts=3)
    steps: tuple[Step, ...] = STEPS
    for n in range(5):
        steps = (*steps, lambda connection, n=n: connection.run(f"CREATE TABLE t{n} (a INT)"))  # type: ignore[misc]
        assert prepare(file, now=NOW, steps=steps).backup
        copy = file.with_name(f"{file.name}.backup-v{len(steps) - 1}")
        os.utime(copy, (START + n, START + n))
    assert beside(file) == {f".backup-v{len(STEPS) + n}" for n in (2, 3, 4)}
    (file.parent / f"{file.name}.backup-very old").touch()
    assert prepare(file, now=NOW, steps=steps) == Report()


def test_a_new_store_needs_no_copy(file: Path) -> None:
    assert prepare(file, now=NOW, steps=(*STEPS, _one_more_column)).backup is None
    assert beside(file) == set()


def test_a_step_that_fails_changes_nothing(file: Path) -> None:
    fill(file, contacts=5)
    kept = precious(file)
    with pytest.raises(StoreError, match="no"):
        prepare(file, now=NOW, steps=(*STEPS, _one_more_column, _fails))
    assert precious(file) == kept
    assert version(file) == len(STEPS)
    assert prepare(file, now=NOW) == Report()


def test_without_room_for_a_copy_the_format_stays(file: Path) -> None:
    fill(file, contacts=5)
    file.with_name(f"{file.name}.backup-v{len(STEPS)}.unfinished").mkdir()
    with pytest.raises(StoreError):
        prepare(file, now=NOW, steps=(*STEPS, _one_more_column))
    assert version(file) == len(STEPS)


@pytest.mark.usefixtures("_impatient")
def test_the_format_is_not_changed_under_another_program(file: Path) -> None:
    fill(file, contacts=5)
    with Store.open(file, read_only=True):
        assert prepare(file, now=NOW) == Report()
        with pytest.raises(StoreBusy, match=r"older format.*Another gynetix-tui"):
            prepare(file, now=NOW, steps=(*STEPS, _one_more_column))
    assert prepare(file, now=NOW, steps=(*STEPS, _one_more_column)).backup


@pytest.mark.usefixtures("_impatient")
def test_a_damaged_store_is_not_replaced_under_another_program(file: Path) -> None:
    fill(file)
    content = file.read_bytes()
    file.write_bytes(content[:-8192])
    damaged = file.read_bytes()
    with Store.open(file, read_only=True):
        with pytest.raises(StoreBusy, match=r"damaged.*Another gynetix-tui"):
            prepare(file, now=NOW)
        assert file.read_bytes() == damaged
    assert prepare(file, now=NOW).moved_aside


def test_a_sound_store_under_suspicion_is_looked_through_once(file: Path) -> None:
    fill(file, contacts=30)
    suspect(file)
    suspect(file)
    assert mode(file.with_name(f"{file.name}.check")) == 0o600
    (notice,) = prepare(file, now=NOW).notices
    assert "all of it can be read" in notice
    assert beside(file) == set()
    assert prepare(file, now=NOW) == Report()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE outbox SET state = 'sailing' WHERE id = 1",
        "UPDATE messages SET text = CAST(x'ff41' AS TEXT) WHERE id = 7",
        "UPDATE messages SET extra = '{' WHERE id = 7",
        "UPDATE messages SET time_source = 'moon' WHERE id = 7",
        "UPDATE contacts SET name = CAST(x'ff41' AS TEXT) WHERE id = 7",
    ],
)
def test_a_row_that_no_version_writes_is_damage(file: Path, spoil: str) -> None:
    fill(file, contacts=30)
    kept = precious(file)
    raw = sqlite3.connect(file)
    raw.execute(spoil)
    raw.commit()
    raw.close()
    with pytest.raises(StoreBroken, match="It is damaged"):
        read_all(file)
    report = prepare(file, now=NOW)
    assert report.moved_aside
    read_all(file)
    now = precious(file)
    assert now.contacts.keys() == kept.contacts.keys()
    assert now.drafts == kept.drafts
    lost = kept.texts.keys() - now.texts.keys()
    assert (lost == {1}) is ("sailing" in spoil) is ("Lost: 1 entry." in report.notices)


def test_a_table_that_is_gone_is_damage(file: Path) -> None:
    fill(file, contacts=30)
    kept = precious(file)
    raw = sqlite3.connect(file)
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("DROP TABLE messages")
    raw.commit()
    raw.close()
    assert prepare(file, now=NOW).moved_aside
    assert precious(file) == kept


def test_a_link_is_followed(file: Path, tmp_path: Path) -> None:
    fill(file, contacts=10)
    link = tmp_path / "link.db"
    link.symlink_to(file)
    content = file.read_bytes()
    file.write_bytes(content[:-4096])
    report = prepare(link, now=NOW)
    assert report.moved_aside
    assert report.moved_aside.parent == file.parent
    assert link.is_symlink()
    read_all(link)


@pytest.mark.parametrize("what", ["folder", "nowhere"])
def test_what_is_no_file_is_a_sentence(tmp_path: Path, what: str) -> None:
    file = tmp_path / what / "store.db"
    if what == "folder":
        file.mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be opened"):
        prepare(file, now=NOW)


_PREPARES = """
import pathlib, sys
from gynetix_tui.store import Store, prepare
file = pathlib.Path(sys.argv[1])
sys.stdin.readline()
report = prepare(file, now=2e9)
with Store.open(file) as store:
    if store.contacts.find(sys.argv[2]) is None:
        store.contacts.add(sys.argv[2], "", now=1.0)
print(report.moved_aside is not None)
"""


@pytest.mark.parametrize("damaged", [False, True])
def test_many_can_prepare_it_at_once(file: Path, damaged: bool) -> None:
    if damaged:
        fill(file)
        content = file.read_bytes()
        file.write_bytes(content[:-8192])
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _PREPARES, os.fspath(file), f"+1777000000{n}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    for program in programs:
        assert program.stdin
        program.stdin.write("\n")
        program.stdin.flush()
    answers = []
    for program in programs:
        out, err = program.communicate(timeout=60)
        assert program.returncode == 0, err
        answers.append(out.strip())
    assert answers.count("True") == damaged
    assert sum(".corrupt-" in name for name in beside(file)) <= 3 * damaged
    contacts = precious(file).contacts
    assert {f"+1777000000{n}" for n in range(4)} <= contacts.keys()
    assert len(contacts) == 4 + 100 * damaged


def test_nobody_opens_it_while_it_is_put_in_order(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gynetix_tui.store.store._PATIENCE_SECONDS", 0.05)
    seen: list[str] = []

    def step(connection: Connection) -> None:
        with pytest.raises(StoreBusy, match="putting the store"):
            Store.open(file, read_only=True)
        seen.append("busy")

    fill(file, contacts=2)
    prepare(file, now=NOW, steps=(*STEPS, step))
    assert seen == ["busy"]


def test_an_older_sqlite_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StoreError, match=r"needs SQLite 3\.37 or newer"):
        prepare(file, now=NOW)
    assert not file.exists()
