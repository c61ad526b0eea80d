"""The full-text index: it holds what the messages say, and whatever happens to it costs no message."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from store_kit import BEN, START, contact, message, queue
from store_trouble_kit import NOW, PAGE, beside, fill, overwritten, precious

from gynetix_tui.errors import StoreBusy, StoreUnwritable
from gynetix_tui.model import ContactId
from gynetix_tui.store import Report, Store, prepare
from gynetix_tui.store.migrations import STEPS

FIRST = STEPS[:1]
"""The format before there was an index."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def found(store: Store, query: str) -> list[str]:
    return sorted(hit.text for hit in store.search.find(query, limit=5000).hits)


def add(store: Store, contact_id: ContactId, *texts: str) -> None:
    store.messages.add(contact_id, [message(text, START + n) for n, text in enumerate(texts)], now=START)


def check_index(file: Path) -> None:
    """FTS5's own check: that the index holds every text and nothing else."""
    raw = sqlite3.connect(file)
    try:
        raw.execute("INSERT INTO found (found, rank) VALUES ('integrity-check', 1)")
        assert raw.execute("SELECT whole FROM search_index").fetchall() == [(1,)]
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        raw.close()


def texts(file: Path) -> list[str]:
    raw = sqlite3.connect(file)
    try:
        return [text for (text,) in raw.execute("SELECT text FROM messages ORDER BY id")]
    finally:
        raw.close()


def filled(file: Path) -> list[str]:
    with Store.open(file) as store:
        ana, ben = contact(store), contact(store, BEN, "Ben")
        for n in range(40):
            with store.transaction():
                add(store, ana if n % 2 else ben, *(f"hello {n} {k} wörd{n * k}" for k in range(25)))
        queue(store, ana, "hello queued")
    return texts(file)


def test_it_follows_what_is_added_and_deleted(file: Path) -> None:
    filled(file)
    check_index(file)
    with Store.open(file) as store:
        store.contacts.delete(ContactId(1))
        add(store, ContactId(2), "one more")
        assert len(found(store, "hello")) == 500
    check_index(file)


def test_an_older_store_gets_its_index_and_a_copy_is_kept(file: Path) -> None:
    prepare(file, now=NOW, steps=FIRST)
    raw = sqlite3.connect(file)
    raw.execute(
        "INSERT INTO contacts (number, name, created_at, last_at) VALUES ('+15557778888', 'Ana', 1.0, 1.0)"
    )
    raw.executemany(
        "INSERT INTO messages (contact_id, ts, rank, direction, text, time_source, date_text, unread, extra, arrived_at)"
        " VALUES (1, ?, 0, 'IN', ?, 'ts', '', 0, '', 1.0)",
        [(n, f"hello {n}") for n in range(500)],
    )
    raw.commit()
    raw.close()
    before = texts(file)
    report = prepare(file, now=NOW)
    assert report.backup == file.with_name("store.db.backup-v1")
    assert texts(file) == texts(report.backup) == before
    check_index(file)
    with Store.open(file) as store:
        assert store.search.indexed
        assert found(store, "499") == ["hello 499"]
    assert prepare(file, now=NOW) == Report()


def test_a_store_that_was_not_prepared_is_migrated_when_it_is_opened(file: Path) -> None:
    prepare(file, now=NOW, steps=FIRST)
    with Store.open(file) as store:
        add(store, contact(store), "hello")
        assert store.search.indexed
    check_index(file)


# Where SQLite has no FTS5


def without_fts5(file: Path) -> None:
    """Make the index a table of a module that there is none of, as FTS5's is where SQLite lacks it."""
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute("UPDATE sqlite_schema SET sql = replace(sql, 'fts5', 'gone') WHERE name = 'found'")
    raw.close()
    raw = sqlite3.connect(file)
    with pytest.raises(sqlite3.OperationalError, match="no such module"):
        raw.execute("SELECT * FROM found")
    raw.close()


def with_fts5(file: Path) -> None:
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'USING gone', 'USING fts5') WHERE name = 'found'"
    )
    raw.close()


def test_a_store_that_is_taken_to_a_machine_without_fts5_and_back(file: Path) -> None:
    before = filled(file)
    without_fts5(file)
    assert prepare(file, now=NOW, full_text=False) == Report()
    with Store.open(file, full_text=False) as store:
        assert not store.search.indexed
        assert len(found(store, "hello")) == len(before) + 1
        add(store, ContactId(1), "hello from there")
        store.contacts.delete(ContactId(2))
        assert "hello from there" in found(store, "there")
    assert prepare(file, now=NOW, full_text=False) == Report()
    with_fts5(file)
    with Store.open(file) as store:
        assert not store.search.indexed, "it lacks what was written there"
        assert found(store, "there") == ["hello from there"]
    assert prepare(file, now=NOW) == Report()
    check_index(file)
    with Store.open(file) as store:
        assert store.search.indexed
        assert found(store, "there") == ["hello from there"]


def test_one_that_writes_nothing_there_leaves_it_whole(file: Path) -> None:
    filled(file)
    without_fts5(file)
    with Store.open(file, full_text=False) as store:
        store.drafts.put(ContactId(1), "a draft", now=START)
        assert len(found(store, "39")) == 25
    with_fts5(file)
    check_index(file)


def test_a_store_that_is_made_there(file: Path) -> None:
    prepare(file, now=NOW, full_text=False)
    with Store.open(file, full_text=False) as store:
        add(store, contact(store), "hello")
        assert found(store, "hello") == ["hello"]
    assert prepare(file, now=NOW) == Report()
    check_index(file)


def test_under_suspicion_it_is_looked_through_there_too(file: Path) -> None:
    before = filled(file)
    without_fts5(file)
    file.with_name("store.db.check").touch()
    assert prepare(file, now=NOW, full_text=False).moved_aside is None
    assert texts(file) == before
    assert beside(file) == set()


# Where the index is broken


def _sql(statement: str) -> Callable[[Path], None]:
    def does(file: Path) -> None:
        raw = sqlite3.connect(file, isolation_level=None)
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(statement)
        raw.close()

    return does


def _pages(table: str) -> Callable[[Path], None]:
    """Overwrite the root page of one of its tables."""

    def does(file: Path) -> None:
        raw = sqlite3.connect(file)
        (root,) = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        raw.close()
        file.write_bytes(overwritten(file.read_bytes(), (root - 1) * PAGE, b"\xff" * PAGE))

    return does


BREAKS = [
    pytest.param(_sql("UPDATE found_data SET block = x'ff' WHERE id = 10"), id="its list of parts"),
    pytest.param(_sql("DELETE FROM found_data WHERE id > 10"), id="its words are gone"),
    pytest.param(_sql("UPDATE found_data SET block = zeroblob(length(block)) WHERE id > 10"), id="zeros"),
    pytest.param(_sql("DELETE FROM found_config"), id="no version"),
    pytest.param(_sql("DELETE FROM sqlite_schema WHERE name = 'found_data'"), id="a table is gone"),
    pytest.param(_sql("DELETE FROM sqlite_schema WHERE name = 'found'"), id="it is gone"),
    pytest.param(_pages("found_data"), id="a page of its words"),
    pytest.param(_pages("found_idx"), id="a page of its pages"),
    pytest.param(_pages("found_config"), id="a page of its version"),
]


@pytest.mark.parametrize("damage", BREAKS)
def test_a_broken_index_takes_no_message_with_it(file: Path, damage: Callable[[Path], None]) -> None:
    before = filled(file)
    damage(file)
    prepare(file, now=NOW)
    later = [f"later {n} {k}" for n in range(30) for k in range(50)]
    troubles: list[StoreBusy] = []
    with Store.open(file) as store:
        for n in range(30):  # the damage may be met only when FTS5 joins what it wrote before
            try:
                with store.transaction():
                    add(store, ContactId(1), *later[n * 50 : n * 50 + 50])
            except StoreBusy as error:
                troubles.append(error)
                with store.transaction():
                    add(store, ContactId(1), *later[n * 50 : n * 50 + 50])
        assert len(troubles) <= 1, "from then on it is left alone"
        assert store.search.indexed is not bool(troubles)
        if troubles:
            assert "full-text index is damaged" in str(troubles[0])
            assert found(store, "later") == sorted(later)
            assert found(store, "39") == sorted(text for text in [*before, *later] if " 39 " in f"{text} ")
    if not troubles:  # nobody has looked at the damaged part; a start under suspicion does
        file.with_name("store.db.check").touch()
    assert prepare(file, now=NOW).moved_aside is None
    check_index(file)
    assert texts(file) == before + later
    assert beside(file) == set()
    with Store.open(file) as store:
        assert found(store, "39") == sorted(text for text in [*before, *later] if " 39 " in f"{text} ")
        assert store.search.indexed


@pytest.mark.parametrize("damage", BREAKS)
def test_a_search_that_meets_a_broken_index_reads_instead(file: Path, damage: Callable[[Path], None]) -> None:
    before = filled(file)
    damage(file)
    with Store.open(file, read_only=True) as screen:
        hits = found(screen, "hello")
        if not screen.search.indexed:
            assert len(hits) == len(before) + 1
            assert beside(file) >= {".check"}


def test_under_suspicion_an_index_that_can_be_read_is_made_anew_too(file: Path) -> None:
    filled(file)
    _sql(
        "INSERT INTO found (found, rowid, text, contact_id) SELECT 'delete', id, text, contact_id FROM messages WHERE id = 7"
    )(file)
    with Store.open(file) as store:
        assert len(found(store, "hello")) == 1000, "it lacks a text, and nothing tells"
    file.with_name("store.db.check").touch()
    assert prepare(file, now=NOW).moved_aside is None
    check_index(file)
    with Store.open(file) as store:
        assert len(found(store, "hello")) == 1001


def test_a_contact_can_be_deleted_whatever_the_index_says(file: Path) -> None:
    filled(file)
    _sql("UPDATE found_data SET block = x'ff' WHERE id = 10")(file)
    with Store.open(file) as store:
        with pytest.raises(StoreBusy):
            store.contacts.delete(ContactId(1))
        assert store.messages.exists(ContactId(1)), "all of it or nothing"
        store.contacts.delete(ContactId(1))
        assert not store.messages.exists(ContactId(1))
        assert len(found(store, "hello")) == 500
    assert prepare(file, now=NOW).moved_aside is None
    check_index(file)


def test_taking_it_out_by_force_leaves_the_rest_as_it_is(file: Path) -> None:
    fill(file, contacts=30)
    kept, said = precious(file), texts(file)
    _pages("found_data")(file)
    file.with_name("store.db.check").touch()
    report = prepare(file, now=NOW)
    assert report.moved_aside is None
    assert (precious(file), texts(file)) == (kept, said)
    check_index(file)
    assert beside(file) == set()


def test_a_broken_message_is_no_matter_of_the_index(file: Path) -> None:
    filled(file)
    content = file.read_bytes()
    at = content.rindex(b"hello 39 ") // PAGE * PAGE
    file.write_bytes(overwritten(content, at, b"\xff" * PAGE))
    file.with_name("store.db.check").touch()
    assert prepare(file, now=NOW).moved_aside


def test_a_full_disk_is_not_taken_for_a_broken_index(file: Path) -> None:
    filled(file)
    with Store.open(file) as store:
        store._connection.run("PRAGMA max_page_count = 1")  # as many as there are, and no more
        with pytest.raises(StoreUnwritable), store.transaction():
            add(store, ContactId(1), *(f"more {n} " + "x" * 500 for n in range(300)))
        assert store.search.indexed
    check_index(file)
