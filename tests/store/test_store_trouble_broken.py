"""A damaged file: put aside, and what nobody else has saved from it; and the report says no more than is so."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_kit import ANA, BEN, HOME, START, contact, in_state, message, queue
from store_trouble_kit import (
    NOW,
    PAGE,
    Precious,
    beside,
    fill,
    overwritten,
    page_with,
    precious,
    read_all,
    run,
)

from gynetix_tui.engine.merge import merge
from gynetix_tui.errors import StoreBroken, StoreError
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.model import ConsentEntry, ConsentEvent, Direction, Heard, PhoneNumber, SendState
from gynetix_tui.store import Report, Store, prepare
from gynetix_tui.store.connection import Connection
from gynetix_tui.store.migrations import STEPS, migrate

K = TypeVar("K")


@cache
def sound() -> tuple[bytes, Precious]:
    """A store and what is in it."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        fill(file)
        return file.read_bytes(), precious(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def put_in_order(file: Path) -> Report:
    """Prepare and read the store as a run does, and again as the next run does where this one met damage."""
    report = prepare(file, now=NOW)
    try:
        read_all(file)
    except StoreBroken:
        report = prepare(file, now=NOW)
        assert report.moved_aside
        read_all(file)
    return report


def check_report(report: Report, file: Path) -> None:
    """Whatever is not there any more was told, and what was told to be saved is there."""
    _, before = sound()
    after = precious(file)
    told = " ".join(report.notices)
    if not report.moved_aside:
        assert after == before
        return
    assert str(report.moved_aside) in told
    assert report.moved_aside.exists()
    for count, pattern in (
        (len(after.contacts), r"(\d+) contact"),
        (len(after.drafts), r"(\d+) draft"),
        (len(after.texts), r"(\d+) texts? of yours"),
    ):
        saved = re.search(pattern, report.notices[1])
        assert (int(saved[1]) if saved else 0) == count
    nameless = sum(before.contacts[number] != name == "" for number, name in after.contacts.items())
    lost_names = re.search(r"Lost: the name of (\d+)", told)
    assert (int(lost_names[1]) if lost_names else 0) == nameless
    check_kept(after.contacts, before.contacts, told)
    check_kept(after.drafts, before.drafts, told)
    check_kept(after.texts, before.texts, told)
    check_kept(after.log, before.log, told)
    assert all(before.asides[number] == kept for number, kept in after.asides.items())


def check_kept(after: dict[K, str], before: dict[K, str], told: str) -> None:
    assert after.keys() <= before.keys()
    assert all(text in {before[key], ""} for key, text in after.items())
    if after.keys() < before.keys():
        assert "Lost:" in told or "Not all of it could be read" in told


@pytest.mark.parametrize("seed", range(12))
def test_overwritten_pages(file: Path, seed: int) -> None:
    content, _ = sound()
    dice = random.Random(seed)
    for _ in range(4):
        damaged = content
        for _ in range(dice.choice((1, 1, 3, 12))):
            new = dice.choice((dice.randbytes(PAGE), bytes(PAGE), b"\xff" * PAGE))
            damaged = overwritten(damaged, dice.randrange(len(content) // PAGE) * PAGE, new)
        file.write_bytes(damaged)
        check_report(put_in_order(file), file)
        for each in file.parent.iterdir():
            each.unlink()


@pytest.mark.parametrize("part", range(4))
def test_cut_off_at_every_page(file: Path, part: int) -> None:
    content, before = sound()
    pages = len(content) // PAGE
    for size in range(part, pages, 4):
        file.write_bytes(content[: size * PAGE])
        report = prepare(file, now=NOW)
        if size == 0:
            assert "empty" in report.notices[0]
        else:
            assert report.moved_aside
            check_report(report, file)
            if size > pages - 3:  # written last, and so lying at the end: messages
                assert precious(file).contacts.keys() == before.contacts.keys()
        for each in file.parent.iterdir():
            each.unlink()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_written_over_it_is_no_crash(data: st.DataObject) -> None:
    content, _ = sound()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 200))
        content = overwritten(content, at, data.draw(st.binary(min_size=1, max_size=600)))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        file.write_bytes(content)
        report, refused = Report(), ""
        try:
            report = put_in_order(file)
        except StoreError as error:
            refused = str(error)
        if refused:
            # Some headers say that it is a newer version's store, or another program's; then nothing is touched.
            assert re.search("newer version|another program", refused)
            assert file.read_bytes() == content
        else:
            assert (report.moved_aside is not None) is any(".corrupt-" in name for name in beside(file))
            with Store.open(file) as store:
                store.contacts.add(PhoneNumber("+19998887777"), "one more", now=NOW)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"x", id="a byte"),
        pytest.param(b"SQLite format 3\0", id="a header's begin"),
        pytest.param(bytes(8192), id="zeros"),
        pytest.param(b"no database\n" * 1000, id="text"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 9000, id="a header and noise"),
        pytest.param(random.Random(1).randbytes(30_000), id="noise"),
    ],
)
def test_garbage_is_put_aside(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(StoreError), Store.open(file, read_only=True) as store:
        store.contacts.is_empty()
    report = prepare(file, now=NOW)
    assert report.moved_aside
    assert report.moved_aside.read_bytes() == content
    assert report.moved_aside.stat().st_mode & 0o777 == 0o600
    assert "Nothing was saved" in report.notices[1]
    assert re.fullmatch(r"store\.db\.corrupt-\d{8}-\d{6}", report.moved_aside.name)
    assert prepare(file, now=NOW) == Report()


@pytest.mark.parametrize(
    ("at", "new"),
    [
        pytest.param(0, bytes(PAGE), id="no first page"),
        pytest.param(0, random.Random(2).randbytes(512), id="no header"),
        pytest.param(68, bytes(4), id="no application"),
        pytest.param(60, bytes(4), id="no version"),
        pytest.param(100, b"\xff" * 300, id="no list of tables"),
        pytest.param(47, b"\5", id="an unknown format"),
        pytest.param(b"local_number   TEXT", b"vocal", id="another column"),
    ],
)
def test_without_its_first_page_all_of_it_is_saved(file: Path, at: int | bytes, new: bytes) -> None:
    content, before = sound()
    file.write_bytes(overwritten(content, content.index(at) if isinstance(at, bytes) else at, new))
    report = prepare(file, now=NOW)
    assert report.moved_aside
    assert precious(file) == before
    assert not any("Not all" in notice or "Lost" in notice for notice in report.notices)
    assert beside(file) == {report.moved_aside.name.removeprefix(file.name)}


_ENDS_SUDDENLY = """
import os, pathlib, sys
from gynetix_tui.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
for n in range(5):
    store.contacts.add(f"+1555000111{n}", f"name {n}", now=1.0)
os._exit(0)
"""


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_is_empty_or_gone_and_has_a_log(file: Path, gone: bool) -> None:
    run(_ENDS_SUDDENLY, file)
    assert beside(file) >= {"-wal"}
    file.unlink()
    if not gone:
        file.touch()
    report = prepare(file, now=NOW)
    assert report.moved_aside
    assert "5 contacts" in report.notices[1]
    assert set(precious(file).contacts.values()) == {f"name {n}" for n in range(5)}
    assert (file.parent / f"{report.moved_aside.name}-wal").stat().st_size > 0
    assert prepare(file, now=NOW) == Report()


def test_commits_that_are_still_in_the_log_are_saved_too(file: Path) -> None:
    fill(file)
    before = precious(file)
    run(_ENDS_SUDDENLY, file)
    content = file.read_bytes()
    file.write_bytes(overwritten(content, page_with(content, b"IN3 mmmmmm"), b"\xff" * PAGE))
    raw = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    raw.close()
    file.with_name("store.db.check").touch()
    assert prepare(file, now=NOW).moved_aside
    assert precious(file).contacts.keys() == before.contacts.keys() | {f"+1555000111{n}" for n in range(5)}


def test_a_transaction_that_was_under_way_is_taken_back_first(file: Path) -> None:
    script = """
import os, pathlib, sqlite3, sys
from store_trouble_kit import fill
file = pathlib.Path(sys.argv[1])
fill(file)
raw = sqlite3.connect(file, isolation_level=None)
raw.execute("PRAGMA journal_mode = DELETE")
raw.execute("PRAGMA cache_size = 1")
raw.execute("BEGIN IMMEDIATE")
raw.execute("UPDATE contacts SET name = 'half'")
raw.execute("DELETE FROM messages")
os._exit(0)
"""
    run(f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n{script}", file)
    assert beside(file) == {"-journal"}
    content = bytearray(file.read_bytes())
    content[68:72] = b"\0\0\0\1"
    content[-PAGE:] = b"\xff" * PAGE
    file.write_bytes(content)
    file.with_name("store.db.check").touch()
    prepare(file, now=NOW)
    assert precious(file) == sound()[1]


@pytest.mark.parametrize("step", range(12))
def test_a_repair_that_is_killed_is_finished_by_the_next_start(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    content, before = sound()
    damaged = overwritten(content, page_with(content, b"IN3 mmmmmm"), b"\xff" * PAGE)
    file.write_bytes(damaged)
    file.with_name("store.db-wal").touch()
    file.with_name("store.db.check").touch()
    left = [step]

    def dying(what: Callable[..., Any]) -> Callable[..., Any]:
        def does(*args: Any, **kwargs: Any) -> Any:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return what(*args, **kwargs)

        return does

    for name in ("rename", "replace", "unlink", "utime", "chmod"):
        monkeypatch.setattr(os, name, dying(getattr(os, name)))
    try:
        prepare(file, now=NOW)
    except KeyboardInterrupt:
        monkeypatch.undo()
        report = prepare(file, now=NOW + 5)
        assert report.moved_aside or not left[0]
    monkeypatch.undo()
    assert precious(file) == before
    assert [each.read_bytes() == damaged for each in file.parent.glob("*.corrupt-????????-??????")] == [True]
    assert prepare(file, now=NOW + 10) == Report()
    assert all(".corrupt-" in name for name in beside(file))


def test_two_repairs_in_one_second_keep_both_files(file: Path) -> None:
    asides = set()
    for content in (b"one" * 1000, b"two" * 1000):
        file.write_bytes(content)
        report = prepare(file, now=NOW)
        assert report.moved_aside
        asides.add(report.moved_aside)
    assert {each.read_bytes()[:3] for each in asides} == {b"one", b"two"}


def test_damage_that_is_met_while_running_is_repaired_at_the_next_start(file: Path) -> None:
    with Store.open(file) as store, store.transaction():
        ana = contact(store)
        store.messages.add(ana, [message(f"{n} " * 300) for n in range(60)], now=START)
    content = file.read_bytes()
    file.write_bytes(overwritten(content, page_with(content, b"20 20 20 20"), b"\xff" * PAGE))
    assert prepare(file, now=NOW) == Report()  # what was said is not looked through at each start
    with Store.open(file, read_only=True) as store, pytest.raises(StoreBroken, match="repairs it"):
        store.conversations.newest(ana, 1000)
    assert beside(file) >= {".check"}
    report = prepare(file, now=NOW)
    assert report.moved_aside
    assert report.notices[1].startswith("Saved from it: 1 contact. What was said is fetched again")
    assert len(report.notices) == 2
    with Store.open(file) as store:
        saved = store.contacts.get(ana)
        assert saved
        assert (saved.name, saved.fetched_at, store.contacts.digest(ana)) == ("Ana", None, b"")


def spoil(file: Path) -> Report:
    """Damage what was said, and put the store in order."""
    raw = sqlite3.connect(file)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (root,) = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'messages'").fetchone()
    raw.close()
    file.write_bytes(overwritten(file.read_bytes(), (root - 1) * PAGE, b"\xff" * PAGE))
    file.with_name(f"{file.name}.check").touch()
    report = prepare(file, now=NOW)
    assert report.moved_aside
    return report


def test_all_that_a_contact_has_is_saved(file: Path) -> None:
    with Store.open(file) as store:
        ana = contact(store)
        contact(store, BEN, "Ben")
        store.contacts.delete(ana)
        ana = contact(store, ANA, "Ana María 🌻")
        store.contacts.set_flags(ana, pinned=True, muted=True, archived=True)
        store.contacts.set_suppressed(ana, True)
        store.contacts.set_note(ana, "Likes\nsunflowers 🌻")
        store.contacts.set_hours_hint(ana, False)
        store.contacts.set_opt_out(ana, Heard("Stop.", 7))
        store.contacts.set_plea(ana, Heard("please no more", 5))
        store.consent.add(ConsentEntry(ANA, START, ConsentEvent.STOP_HEARD, "Stop.", 7))
        store.contacts.note_fetch(ana, now=START, digest=b"d", local_number=HOME)
        store.drafts.put(ana, "half a thought 🌻\n", now=START)
        before = store.contacts.get(ana)
    spoil(file)
    with Store.open(file) as store:
        after = store.contacts.get(ana)
        assert before
        assert after
        assert (after.id, after.number, after.name, after.local_number) == (ana, ANA, "Ana María 🌻", HOME)
        assert (after.pinned, after.muted, after.archived, after.suppressed) == (True, True, True, True)
        assert (after.note, after.hours_hint) == ("Likes\nsunflowers 🌻", False)
        assert (after.opt_out, after.plea) == (Heard("Stop.", 7), Heard("please no more", 5))
        entry = ConsentEntry(ANA, START, ConsentEvent.STOP_HEARD, "Stop.", 7)
        assert store.consent.of(ANA) == [entry]
        assert store.drafts.get(ana) == "half a thought 🌻\n"


@pytest.mark.parametrize(
    ("state", "then"),
    [
        (SendState.QUEUED, SendState.UNCONFIRMED),
        (SendState.SENDING, SendState.SENDING),
        (SendState.ACCEPTED, SendState.ACCEPTED),
        (SendState.UNCONFIRMED, SendState.UNCONFIRMED),
        (SendState.FAILED, SendState.FAILED),
        (SendState.SEEN, None),
        (SendState.DISCARDED, None),
    ],
)
def test_texts_keep_their_states_but_none_is_sent_unasked(
    file: Path, state: SendState, then: SendState | None
) -> None:
    with Store.open(file) as store:
        text = in_state(store, contact(store), state)
        before = store.outbox.get(text)
    report = spoil(file)
    with Store.open(file) as store:
        after = store.outbox.get(text)
        assert before
        assert (after.state if after else None) == then
        if after and state is not SendState.QUEUED:
            assert after == before
        assert store.outbox.claim(owner="me", now=NOW) is None
    assert any("none is sent unasked" in notice for notice in report.notices) is (state is SendState.QUEUED)
    assert any("1 text of yours" in notice for notice in report.notices) is (then is not None)


def answer(*messages: FetchedMessage) -> FetchedConversation:
    return FetchedConversation(messages, suppressed=False, local_number=HOME, digest=b"new", served_at=NOW)


def test_a_message_of_a_text_that_was_seen_confirms_no_other(file: Path) -> None:
    with Store.open(file) as store:
        ana = contact(store)
        seen = in_state(store, ana, SendState.SEEN, text="on my way")
        doubtful = in_state(store, ana, SendState.UNCONFIRMED, text="on  my way")
        other = in_state(store, ana, SendState.SEEN, text="something else")
    spoil(file)
    with Store.open(file) as store, store.transaction():
        assert store.outbox.get(other) is None
        fetched = answer(FetchedMessage(Direction.OUT, int(START), "", "on my way"))
        merge(store, ana, fetched, asked_at=NOW, now=NOW)
        states = {text: (found := store.outbox.get(text)) and found.state for text in (seen, doubtful)}
    assert states == {seen: SendState.SEEN, doubtful: SendState.UNCONFIRMED}


def incoming(text: str, ts: float) -> FetchedMessage:
    return FetchedMessage(Direction.IN, int(ts), "", text)


@pytest.mark.parametrize("unread", [0, 1, 2])
def test_what_was_read_stays_read_and_what_was_not_does_not(file: Path, unread: int) -> None:
    said = [incoming(f"text {n}", START + 1000 * n) for n in range(1, 6)]
    with Store.open(file) as store, store.transaction():
        ana = contact(store)
        merge(store, ana, answer(*said), asked_at=START + 6000, now=START + 6000)
        store.messages.mark_read(ana)
        store._connection.run(
            "UPDATE messages SET unread = 1 WHERE id IN (SELECT id FROM messages ORDER BY ts DESC LIMIT ?)",
            (unread,),
        )
        store.contacts.refresh_summary(ana)
    # The root of a table this small is all of it: the index of what is unread is another page, and still there.
    spoil(file)
    with Store.open(file) as store, store.transaction():
        merge(store, ana, answer(*said, incoming("new", START + 7000)), asked_at=NOW, now=NOW)
        summary = store.contacts.summary(ana)
    assert summary
    assert summary.unread == unread + 1


def test_a_contact_that_was_never_fetched_keeps_its_age(file: Path) -> None:
    with Store.open(file) as store:
        ana = contact(store)
    spoil(file)
    with Store.open(file) as store, store.transaction():
        merge(
            store, ana, answer(incoming("old", START - 5), incoming("new", START + 5)), asked_at=NOW, now=NOW
        )
        summary = store.contacts.summary(ana)
    assert summary
    assert summary.unread == 1


def test_a_text_brings_back_the_contact_that_it_goes_to(file: Path) -> None:
    with Store.open(file) as store:
        for n in range(3):
            contact(store, PhoneNumber(f"+1555000222{n}"), f"name {n}")
        ana = contact(store)
        text = queue(store, ana)
    raw = sqlite3.connect(file)
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("DELETE FROM contacts WHERE id = ?", (ana,))
    raw.commit()
    raw.close()
    report = spoil(file)
    assert "Lost: the name of 1 contact." in report.notices
    with Store.open(file) as store:
        found = store.contacts.find(ANA)
        kept = store.outbox.get(text)
        assert found
        assert kept
        assert kept.contact_id == found.id


def test_who_may_not_be_texted_comes_back_so_where_only_the_log_is_left(file: Path) -> None:
    with Store.open(file) as store:
        for number, event in ((ANA, ConsentEvent.SUPPRESSION_GRANTED), (BEN, ConsentEvent.STOP_HEARD)):
            queue(store, contact(store, number))
            store.consent.add(ConsentEntry(number, START, event, "stop", 7))
        store._connection.run("UPDATE outbox SET recipient = ? WHERE id = 2", (BEN,))
    raw = sqlite3.connect(file)
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("DELETE FROM contacts")
    raw.commit()
    raw.close()
    spoil(file)
    with Store.open(file) as store:
        ana, ben = store.contacts.find(ANA), store.contacts.find(BEN)
        assert ana
        assert ben
        assert (ana.suppressed, ana.opt_out) == (True, None)
        assert (ben.suppressed, ben.opt_out) == (False, Heard("stop", 7))


def test_without_its_first_page_the_log_of_a_migrated_store_is_found(file: Path) -> None:
    with closing(Connection.open(file)) as connection:
        migrate(connection, STEPS[:1])
        connection.run(
            "INSERT INTO contacts (number, name, created_at, last_at) VALUES (?, 'Ana', 1.0, 1.0)", (ANA,)
        )
        connection.many(
            "INSERT INTO messages (contact_id, ts, rank, direction, text, time_source, date_text, unread, extra, arrived_at)"
            " VALUES (1, ?, 0, 'IN', 'some words', 'ts', '', 1, '', 1.0)",
            [(n,) for n in range(500)],
        )
    prepare(file, now=NOW)
    with Store.open(file) as store:
        entries = [ConsentEntry(ANA, START + n, ConsentEvent.SUPPRESSION_ASKED, f"{n}") for n in range(200)]
        for entry in entries:
            store.consent.add(entry)
    for each in list(file.parent.iterdir()):
        if each != file:
            each.unlink()
    file.write_bytes(overwritten(file.read_bytes(), 0, bytes(PAGE)))
    report = prepare(file, now=NOW)
    assert report.moved_aside
    assert not any("Not all" in notice or "Lost" in notice for notice in report.notices)
    with Store.open(file) as store:
        assert store.consent.of(ANA) == entries


def test_a_damaged_store_of_an_older_version_has_no_log_to_lose(file: Path) -> None:
    with closing(Connection.open(file)) as connection:
        migrate(connection, STEPS[:3])
        connection.run(
            "INSERT INTO contacts (number, name, created_at, last_at) VALUES (?, 'Ana', 1.0, 1.0)", (ANA,)
        )
    for damage in (0, 99):
        content = file.read_bytes()
        (file.parent / str(damage)).mkdir()
        other = file.parent / str(damage) / "store.db"
        other.write_bytes(overwritten(content, damage, b"\xff" * 300))
        report = prepare(other, now=NOW)
        assert report.moved_aside
        assert report.notices[1].startswith("Saved from it: 1 contact. ")
        assert len(report.notices) == 2


def test_no_room_for_the_repair_leaves_everything_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, before = sound()
    damaged = overwritten(content, 0, bytes(PAGE))
    file.write_bytes(damaged)
    with monkeypatch.context() as patch:
        patch.setattr(
            shutil, "copyfile", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(StoreError, match="No space left"):
            prepare(file, now=NOW)
    assert file.read_bytes() == damaged
    assert beside(file) <= {".check"}
    assert prepare(file, now=NOW).moved_aside
    assert precious(file) == before
