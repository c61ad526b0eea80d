"""The first opening of the store in a run: what is missing is made, what is old migrated, what is broken replaced."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gynetix_tui.errors import StoreBroken, StoreBusy, StoreError
from gynetix_tui.model import ConsentEvent, ItemKey, SendState
from gynetix_tui.store import trouble
from gynetix_tui.store.connection import Connection, Row
from gynetix_tui.store.consent import LOG
from gynetix_tui.store.contacts import Contacts
from gynetix_tui.store.conversation import Conversations
from gynetix_tui.store.files import beside, companions, marker, remove, suspect
from gynetix_tui.store.fulltext import FullText
from gynetix_tui.store.journal import leave_log, on_shared_files, settle
from gynetix_tui.store.migrations import STEPS, Step, migrate, version_of
from gynetix_tui.store.presence import Presence
from gynetix_tui.store.trouble import is_about_the_log

if TYPE_CHECKING:
    from gynetix_tui.store.salvage import Saved

_PATIENCE_SECONDS = 2.0
"""How long others who only look into the store may be in the way."""
_REPAIR_SECONDS = 60.0
"""How long another program may take to put it in order."""
_POLL_SECONDS = 0.05
_PAGE = 1000
_SMALLEST = 512
"""Bytes of the smallest page, and so of the smallest database, that there is."""
_NAMES = (
    "SELECT listed.name, coalesce(info.name, '') FROM sqlite_schema AS listed"
    " LEFT JOIN pragma_table_info(listed.name) AS info WHERE coalesce(listed.sql, '') NOT LIKE 'CREATE VIRTUAL%'"
)
_HEADING = "*** in database main ***"
_TABLES = ("contacts", "messages", "outbox", "drafts", "sqlite_sequence")
_INDEXES = ("sqlite_autoindex_contacts_1", "messages_in_order", "outbox_by_contact")
"""All of the first version: they begin on the same pages in every store."""
_LOGGED_FROM = 4
_NEEDS = (3, 37, 0)
_UNSEEN = "texts of yours that were not seen at the gateway yet"


@dataclass(frozen=True, slots=True)
class Report:
    """What `prepare` found and did.

    Attributes:
        notices: Sentences for the user; none where all was as it should be.
        moved_aside: The damaged file, under its new name; None where there was none.
        backup: The copy of the store as it was before its format changed; None where it did not.
    """

    notices: tuple[str, ...] = ()
    moved_aside: Path | None = None
    backup: Path | None = None


def prepare(path: Path, *, now: float, steps: Sequence[Step] = STEPS, full_text: bool = True) -> Report:
    """Make the store, or check it and put it in order; to be called before anybody opens it.

    A damaged store is put aside under another name, and a new one made with what could be saved of it. Where
    another program is using the store it is only checked.

    Args:
        path: The store, in a folder that exists.
        now: Epoch seconds.
        steps: The steps of the format, instead of the real ones.
        full_text: Whether SQLite's full-text module may be used, where it has it.

    Raises:
        StoreTooNew: A newer version of this program wrote it; it is left as it is.
        StoreUnwritable: It cannot be written; it is left as it is.
        StoreBusy: It has to be put in order, and another program is using it.
        StoreError: It cannot be opened, or is another program's; it is left as it is.
    """
    if sqlite3.sqlite_version_info < _NEEDS:
        raise StoreError(
            f"gynetix-tui needs SQLite {'.'.join(map(str, _NEEDS[:2]))} or newer; this Python has {sqlite3.sqlite_version}."
        )
    path = path.resolve()
    deadline: float | None = None
    while True:
        if alone := Presence.alone(path):
            with alone:
                return _put_in_order(path, now, steps, full_text=full_text)
        with Presence.shared(path, patience_seconds=_REPAIR_SECONDS):
            trouble_found = _trouble(path, steps)
        if trouble_found is None:
            return Report()
        deadline = deadline or time.monotonic() + _PATIENCE_SECONDS
        if time.monotonic() > deadline:
            raise StoreBusy(f"{trouble_found} Another gynetix-tui is using it; end that one first.")
        time.sleep(_POLL_SECONDS)  # nothing tells when another process lets go of the file


def _trouble(path: Path, steps: Sequence[Step]) -> str | None:
    """Why the store has to be put in order, or None where it may be used as it is."""
    if _salvaged(path).exists() or _is_cut_off(path):
        return f"The store {path} is being repaired."
    with closing(Connection.open(path)) as connection:
        try:
            version = version_of(connection, steps)
            if 0 < version < len(steps):
                return f"The store {path} has an older format."
            if version:
                with connection.looking():
                    _check(connection, steps[:version], alone=False)
        except StoreBroken as error:
            return str(error)
    return None


def _put_in_order(path: Path, now: float, steps: Sequence[Step], *, full_text: bool) -> Report:
    if _salvaged(path).exists():
        aside = _exchange(path)
        return Report(
            (f"A repair of the store that was interrupted is done; the damaged file is kept as {aside}.",),
            aside,
        )
    suspected = marker(path).exists()
    emptied = path.exists() and path.stat().st_size == 0
    try:
        backup = _open(path, steps, full_text=full_text)
    except StoreBroken:
        return _repair(path, now, steps)
    remove(marker(path))
    notices = []
    if backup:
        notices.append(f"The store has a new format; a copy in the old one is kept as {backup}.")
    if emptied:
        notices.append("The store's file was there and empty; it begins anew.")
    elif suspected:
        notices.append("The store was looked through, since reading it had failed: all of it can be read.")
    return Report(tuple(notices), backup=backup)


def _open(path: Path, steps: Sequence[Step], *, full_text: bool) -> Path | None:
    """Check the store and bring it to the newest format; return the copy of the old one, if there was one."""
    if _is_cut_off(path):
        raise StoreBroken(trouble.damaged(path, "most of it is gone"))
    try:
        backup = _migrated(path, steps, full_text=full_text)
    except StoreError as error:
        if not is_about_the_log(error):
            raise
        leave_log(path)
        backup = _migrated(path, steps, full_text=full_text)
    settle(path)
    return backup


def _migrated(path: Path, steps: Sequence[Step], *, full_text: bool) -> Path | None:
    with closing(Connection.open(path, full_text=full_text)) as connection:
        if on_shared_files(path):
            # Before anything is read: a log's index is then private memory, which is there on every file system.
            connection.run("PRAGMA locking_mode = EXCLUSIVE")
        version = version_of(connection, steps)
        if version:
            with connection.looking():
                _check(connection, steps[:version], alone=True)
        if on_shared_files(path):
            connection.run("PRAGMA journal_mode = DELETE")
            connection.run("PRAGMA locking_mode = NORMAL")
            connection.one("SELECT count(*) FROM sqlite_schema")  # the lock goes with the next reading
        connection.write_safely()
        backup = migrate(connection, steps).backup
        FullText(connection).mend()
        return backup


def _check(connection: Connection, steps: Sequence[Step], *, alone: bool) -> None:
    """See whether the store is whole: what nobody else has at each start, all of it where it is under suspicion.

    Args:
        connection: The store.
        steps: Those that it has had.
        alone: Nobody else is using it: a full-text index under suspicion is taken out, or made anew by who comes next.

    Raises:
        StoreBroken: It is not.
    """
    path = connection.path
    missing = _names_after(steps) - set(connection.all(_NAMES))
    if missing:
        raise _found(
            path, f"it lacks {', '.join(sorted(' '.join(map(str, each)).strip() for each in missing))}"
        )
    suspected = marker(path).exists()
    precious = ["contacts", "drafts", "outbox"]
    if len(steps) >= _LOGGED_FROM:
        precious.append(LOG)
    for table in precious:
        _ask(connection, f"quick_check({table})")
    if suspected:
        for table in (*precious, "messages"):
            _ask(connection, f"integrity_check({table})")
        if alone:
            _look_between(connection)
        _read_all(connection)


def _look_between(connection: Connection) -> None:
    """Look at what is no table of ours: the full-text index, and pages that nothing is in."""
    index = FullText(connection)
    if not index.exists:
        _ask(connection, "integrity_check(1)")
        return
    try:
        _ask(connection, "integrity_check(1)")
        index.distrust()
    except StoreBroken:
        # The tables are whole. An index that was half taken out by a start that was killed is met here too.
        index.remove()
        _ask(connection, "integrity_check(1)")


def _ask(connection: Connection, check: str) -> None:
    if (answer := connection.one(f"PRAGMA {check}")) != ("ok",):
        what = str(answer[0] if answer else "nothing").removeprefix(_HEADING).lstrip()
        raise _found(connection.path, what.partition("\n")[0])


def _found(path: Path, what: str) -> StoreBroken:
    suspect(path)
    return StoreBroken(trouble.damaged(path, what))


def _names_after(steps: Sequence[Step]) -> set[Row]:
    """Tables with their columns, and indexes, that a store has which has had those steps; no full-text index."""
    return set(_model(steps).execute(_NAMES))


def _first_page_after(steps: Sequence[Step], log_at: int | None) -> bytes:
    """A first page for a store that has lost its own: with the first version's tables, and the log of opt-outs.

    Where else something begins depends on the store's life; and all of it would not fit into one page.

    Args:
        steps: Those of the format.
        log_at: The page on which the store's log of opt-outs begins; None to leave it out.
    """
    page = sqlite3.connect(":memory:", isolation_level=None)
    page.execute("PRAGMA writable_schema = ON")
    for kind, name, table, at, sql in _model(steps).execute("SELECT * FROM sqlite_schema"):
        if name in {*_TABLES, *_INDEXES} or (name == LOG and log_at is not None):
            entry = (kind, name, table, log_at if name == LOG else at, sql)
            page.execute("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", entry)
    return page.serialize()[: page.execute("PRAGMA page_size").fetchone()[0]]


def _model(steps: Sequence[Step]) -> sqlite3.Connection:
    model = sqlite3.connect(":memory:", isolation_level=None)
    for step in steps:
        # Without the index, which a store may lack.
        step(Connection(model, Path(), full_text=False))
    return model


def _read_all(connection: Connection) -> None:
    """Read every row as the screen and the engine do: SQLite takes a state that no version knows for sound."""
    conversations = Conversations(connection)
    for summary in Contacts(connection).summaries(archived=True):
        key = ItemKey(-(1 << 62), 0, 0)
        while items := conversations.after(summary.contact.id, key, _PAGE):
            key = items[-1].key
    connection.read(lambda row: SendState(cast("str", row[0])), "SELECT DISTINCT state FROM outbox")
    connection.all("SELECT recipient, sender, text, reason, owner FROM outbox")
    if connection.one("SELECT 1 FROM sqlite_schema WHERE name = ?", (LOG,)):
        connection.read(
            lambda row: ConsentEvent(cast("str", row[0])), "SELECT DISTINCT event FROM consent_log"
        )
        connection.all("SELECT number, words FROM consent_log")


def _is_cut_off(path: Path) -> bool:
    """Whether so little is left of the file that SQLite would take it for a new one, and remove its log."""
    size = path.stat().st_size if path.exists() else 0
    log = beside(path, "-wal")
    return 0 < size < _SMALLEST or (size == 0 and log.exists() and log.stat().st_size > 0)


# A repair. It may be killed between any two steps: until the new store has its second name the old one is as it
# was, and from then on the next start finds that name and goes on with the exchange.


def _salvaged(path: Path) -> Path:
    return beside(path, ".salvaged")


def _repair(path: Path, now: float, steps: Sequence[Step]) -> Report:
    try:
        saved = _rebuilt(path, now, steps)
        aside = _exchange(path)
    except OSError as error:
        raise trouble.when_used(error, path) from error
    settle(path)
    return Report(_told(saved, aside), aside)


def _rebuilt(path: Path, now: float, steps: Sequence[Step]) -> Saved:
    from gynetix_tui.store.salvage import salvage  # hardly ever: no start waits for it

    path.touch(0o600)  # there may be no more than its log
    unfinished = beside(path, ".salvaging")
    remains = (unfinished, *companions(unfinished), marker(unfinished))
    remove(*remains)
    try:
        with closing(Connection.open(unfinished)) as connection:
            connection.write_safely()
            migrate(connection, steps)
            saved = salvage(path, connection, first_page=partial(_first_page_after, steps), now=now)
        while _aside(path, now).exists():
            now += 1
        os.utime(unfinished, (now, now))
        unfinished.replace(_salvaged(path))
    except BaseException:
        with suppress(OSError):
            remove(*remains)  # the disk may be full of it
        raise
    return saved


def _exchange(path: Path) -> Path:
    """Put the damaged file aside, and the salvaged one in its place; return the damaged one's new name."""
    new = _salvaged(path)
    # Named by the new file's time, so that an exchange which was interrupted goes on with the same names.
    aside = _aside(path, new.stat().st_mtime)
    log, index, journal = companions(path)
    with suppress(OSError):
        remove(index)  # SQLite derives it from the log
    if log.exists() and log.stat().st_size == 0:
        remove(log)
    for file in (log, journal, path):
        if file.exists():
            file.chmod(0o600)
            file.rename(aside.with_name(aside.name + file.name.removeprefix(path.name)))
    new.replace(path)
    _sync(path.parent)
    remove(marker(path))
    return aside


def _aside(path: Path, at: float) -> Path:
    return beside(path, time.strftime(".corrupt-%Y%m%d-%H%M%S", time.localtime(at)))


def _sync(folder: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _told(saved: Saved, aside: Path) -> tuple[str, ...]:
    parts = [
        _counted(number, *words)
        for number, words in (
            (saved.contacts, ("contact",)),
            (saved.drafts, ("draft",)),
            (saved.texts, ("text of yours that was not seen at the gateway yet", _UNSEEN)),
        )
        if number
    ]
    what = f"Saved from it: {', '.join(parts)}." if parts else "Nothing was saved from it."
    notices = [
        f"The store was damaged, and a new one was made; the damaged file is kept as {aside}.",
        f"{what} What was said is fetched again from the gateway.",
    ]
    losses = []
    if saved.nameless:
        losses.append(f"the name of {_counted(saved.nameless, 'contact')}")
    if saved.lost:
        losses.append(_counted(saved.lost, "entry", "entries"))
    if losses:
        notices.append(f"Lost: {' and '.join(losses)}.")
    if not saved.complete:
        notices.append(
            "Not all of it could be read: look whether contacts, drafts or unsent texts are missing."
        )
    if saved.doubtful:
        texts = _counted(saved.doubtful, "text")
        notices.append(
            f"Whether {texts} that waited to be sent did leave is not known; none is sent unasked."
        )
    return tuple(notices)


def _counted(number: int, one: str, more: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number} {more or one + 's'}"
