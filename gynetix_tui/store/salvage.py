"""What nobody else has - contacts, drafts, texts of ours and the log of opt-outs - from a damaged store into a new one.

What was said is not among it: the gateway has that, and it is fetched again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType

from gynetix_tui.errors import StoreError, StoreTooNew
from gynetix_tui.model import ConsentEvent, ContactId, PhoneNumber, SendState
from gynetix_tui.store.connection import APPLICATION_ID, Connection, Value
from gynetix_tui.store.consent import FIND_PLACE, LOG, Consent
from gynetix_tui.store.contacts import Contacts
from gynetix_tui.store.files import beside, companions, remove
from gynetix_tui.store.wreck import Wreck, with_first_page
from gynetix_tui.text import fold

_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_PRECIOUS = {
    "contacts": "id, number, name, local_number, suppressed, pinned, muted, archived, created_at",
    "outbox": "id, contact_id, recipient, sender, text, state, created_at, left_at, ended_at, owner",
    "drafts": "contact_id, text, updated_at",
}
_LOGGED = {LOG: "id, number, at, event, words, ts"}
_MAY_BE_SPOILT: dict[str, type | UnionType] = {
    "note": str,
    "opt_out_text": str | None,
    "opt_out_ts": int | None,
    "plea_text": str | None,
    "plea_ts": int | None,
    "hours_hint": int,
}
"""Fields of a contact that are left as a new one's where they are not what they should be: the rest is worth more."""
_DERIVED = {"last_text", "last_direction", "last_state", "unread", "fetched_at", "digest"}
_UNSETTLED = {SendState.QUEUED, SendState.SENDING, SendState.ACCEPTED, SendState.UNCONFIRMED}
_CLOCKS_DIFFER_SECONDS = 120.0
_LAST_TIME = 1e11

Fields = dict[str, Value]


@dataclass(slots=True)
class Saved:
    """What was saved, and what was not.

    Attributes:
        contacts: How many contacts, those of `nameless` among them.
        nameless: How many of them have only their numbers left.
        drafts: How many drafts.
        texts: How many texts of ours that were not seen at the gateway yet.
        doubtful: How many of these were waiting, and may have left after the store was last whole.
        lost: How many rows are known to have been there, and could not be read.
        complete: Whether all of it could be read; if not, more may be lost than `lost` knows of.
    """

    contacts: int = 0
    nameless: int = 0
    drafts: int = 0
    texts: int = 0
    doubtful: int = 0
    lost: int = 0
    complete: bool = True


@dataclass(slots=True)
class _Salvage:
    wreck: Wreck
    into: Connection
    now: float
    saved: Saved = field(default_factory=Saved)
    contacts: dict[int, int] = field(default_factory=dict)
    """The new id of each contact, by the old one."""
    numbers: dict[str, int] = field(default_factory=dict)


def salvage(path: Path, into: Connection, *, first_page: Callable[[int | None], bytes], now: float) -> Saved:
    """Copy what can be read of a damaged store into a new, empty one.

    Args:
        path: The damaged one.
        into: The new one.
        first_page: Gives the first page of a new store, for one that has lost its own, with the log of opt-outs
            beginning on some page.
        now: Epoch seconds.

    Raises:
        StoreTooNew: The damaged store was written by a newer version, which can save more of it.
        StoreError: The new one cannot be written.
    """
    with _readable(path, first_page) as wreck, into.transaction():
        _refuse_newer(wreck, into)
        work = _Salvage(wreck, into, now)
        _log(work)
        _contacts(work)
        texts = list(_readable_texts(work))
        _strangers(work, texts)
        _texts(work, texts)
        _drafts(work)
        for contact_id in work.contacts.values():
            Contacts(into).refresh_summary(ContactId(contact_id))
        work.saved.complete = not wreck.silent & {"contacts", "outbox", "drafts", LOG}
        return work.saved


@contextmanager
def _readable(path: Path, first_page: Callable[[int | None], bytes]) -> Iterator[Wreck]:
    """The damaged store; where its first page is gone, a copy with that of another."""
    with Wreck(path) as wreck:
        if wreck.has(_PRECIOUS):
            yield wreck
            return
    copy = beside(path, ".salvaging-copy")
    remains = (copy, *companions(copy))
    remove(*remains)
    try:
        with_first_page(path, first_page(None), copy)
        with Wreck(copy) as wreck:
            found = wreck.ask(LOG, FIND_PLACE)
            silent = wreck.silent
        log_at = found[0][0] if found else None
        if isinstance(log_at, int):
            remove(*remains)
            with_first_page(path, first_page(log_at), copy)
        with Wreck(copy) as wreck:
            wreck.silent |= silent
            yield wreck
    finally:
        remove(*remains)


def _refuse_newer(wreck: Wreck, into: Connection) -> None:
    found = wreck.ask("header", "SELECT * FROM pragma_application_id, pragma_user_version")
    ours = into.one("PRAGMA user_version")
    if found and ours and found[0][0] == APPLICATION_ID and int(found[0][1] or 0) > int(ours[0] or 0):
        raise StoreTooNew(
            "The store is damaged, and was written by a newer version of gynetix-tui. Update gynetix-tui: that repairs it."
        )


def _log(work: _Salvage) -> None:
    if not work.wreck.has(_LOGGED):
        return  # an older version's store
    known = {
        id_
        for (id_,) in work.wreck.ask("lines", "SELECT id FROM consent_log INDEXED BY consent_by_number")
        if isinstance(id_, int)
    }
    events = set(ConsentEvent)
    for row in work.wreck.rows(LOG, "id", known):
        known.discard(_whole(row["id"]))
        if _is_number(row.get("number")) and _time(row.get("at")) and row.get("event") in events:
            _inserted(work, LOG, row)
        else:
            work.saved.lost += 1
    work.saved.lost += len(known)


def _contacts(work: _Salvage) -> None:
    # The index has the numbers once more: a contact whose row is lost is still a number.
    indexed = {
        id_: number
        for id_, number in work.wreck.ask(
            "numbers", "SELECT id, number FROM contacts INDEXED BY sqlite_autoindex_contacts_1"
        )
        if isinstance(id_, int) and _is_number(number)
    }
    unnamed = set()
    for row in work.wreck.rows("contacts", "id", indexed):
        id_ = row["id"]
        if not isinstance(id_, int) or not _is_number(row.get("number")):
            unnamed.add(id_)
            continue
        read_until = _read_until(work, row)
        new = {name: value for name, value in row.items() if name not in _DERIVED}
        new |= {"created_at": read_until, "last_at": read_until}
        named = isinstance(row.get("name"), str)
        if not named:
            new["name"] = ""
        if not _is_number(row.get("local_number")):
            new["local_number"] = None
        for name, needed in _MAY_BE_SPOILT.items():
            if name in new and not isinstance(new[name], needed):
                del new[name]
        if _inserted(work, "contacts", new):
            work.contacts[id_] = id_
            work.numbers[str(row.get("number"))] = id_
            work.saved.contacts += 1
            work.saved.nameless += not named
    for id_, number in indexed.items():
        if id_ not in work.contacts and number not in work.numbers:
            _bare_contact(work, id_, str(number))
    work.saved.lost += sum(id_ not in work.contacts for id_ in unnamed)


def _bare_contact(work: _Salvage, id_: int, number: str) -> None:
    at = _newest_ts(work, id_)
    read_until = work.now if at is None else at
    suppressed, opt_out = Consent(work.into).standing(PhoneNumber(number))
    row: Fields = {
        "id": id_,
        "number": number,
        "name": "",
        "created_at": read_until,
        "last_at": read_until,
        "suppressed": int(suppressed),
        "opt_out_text": opt_out.text if opt_out else None,
        "opt_out_ts": opt_out.ts if opt_out else None,
    }
    if _inserted(work, "contacts", row):
        work.contacts[id_] = work.numbers[number] = id_
        work.saved.contacts += 1
        work.saved.nameless += 1


def _read_until(work: _Salvage, row: Fields) -> float:
    """Up to when the texts of a contact were read, for the merge, which counts those before `created_at` as read.

    The contact's real age would make every text since then unread again, and the present would hide those
    that came since the last fetch. Where it is in doubt a text is rather unread twice than never seen.
    """
    created = _time(row.get("created_at")) or work.now
    first_unread = work.wreck.ask(
        "messages", "SELECT min(ts) FROM messages WHERE contact_id = ? AND unread", (row["id"],)
    )
    if first_unread and isinstance(first_unread[0][0], int):
        return float(first_unread[0][0] - 1)
    last_at, fetched_at = _time(row.get("last_at")), _time(row.get("fetched_at"))
    if row.get("unread") and not first_unread and last_at:
        return last_at - 1
    newest = _newest_ts(work, row["id"])
    if newest is not None:
        return max(created, newest)
    if row.get("last_direction") and row.get("last_state") is None and last_at:
        return max(created, last_at)
    if fetched_at:
        return max(created, fetched_at - _CLOCKS_DIFFER_SECONDS)
    return created


def _newest_ts(work: _Salvage, contact_id: Value) -> float | None:
    found = work.wreck.ask("messages", "SELECT max(ts) FROM messages WHERE contact_id = ?", (contact_id,))
    return _time(float(found[0][0])) if found and isinstance(found[0][0], int) else None


def _readable_texts(work: _Salvage) -> Iterator[Fields]:
    known = {
        id_: state
        for id_, state in work.wreck.ask(
            "states", "SELECT id, state FROM outbox INDEXED BY outbox_by_contact"
        )
        if isinstance(id_, int)
    }
    read = set()
    for row in work.wreck.rows("outbox", "id", known):
        if (
            _is_number(row.get("recipient"))
            and _is_number(row.get("sender"))
            and isinstance(row.get("text"), str)
            and row.get("state") in set(SendState)
            and _time(row.get("created_at"))
        ):
            read.add(row["id"])
            yield row
        elif row["id"] not in known:
            work.saved.lost += 1
    work.saved.lost += sum(
        id_ not in read and state not in {SendState.SEEN, SendState.DISCARDED} for id_, state in known.items()
    )


def _strangers(work: _Salvage, texts: list[Fields]) -> None:
    """A text names the number that it goes to: a contact that is lost altogether comes back by it."""
    for row in texts:
        id_, number = row.get("contact_id"), str(row.get("recipient"))
        if isinstance(id_, int) and id_ not in work.contacts:
            if number in work.numbers:
                work.contacts[id_] = work.numbers[number]
            else:
                _bare_contact(work, id_, number)


def _texts(work: _Salvage, texts: list[Fields]) -> None:
    unsettled = {_likeness(row) for row in texts if row.get("state") in _UNSETTLED}
    for row in texts:
        state = row.get("state")
        new = {**row, "contact_id": work.contacts.get(_whole(row.get("contact_id"))), "message_id": None}
        if state == SendState.DISCARDED or new["contact_id"] is None:
            continue
        if state == SendState.SEEN:
            if _likeness(row) not in unsettled:
                continue
            # The message that it was found in comes again, and must not be taken for another text that says the
            # same and perhaps never arrived: this one claims it, as before.
            new |= {"state": SendState.ACCEPTED, "missing": 0}
        elif state == SendState.QUEUED:
            # The commit that said it was leaving may be among what is lost: it is not sent without asking.
            new |= {
                "state": SendState.UNCONFIRMED,
                "ended_at": work.now,
                "reason": "the store was damaged while it waited",
            }
        if _inserted(work, "outbox", new) and state != SendState.SEEN:
            work.saved.texts += 1
            work.saved.doubtful += state == SendState.QUEUED


def _drafts(work: _Salvage) -> None:
    for row in work.wreck.rows("drafts", "contact_id", work.contacts):
        contact_id = row.get("contact_id")
        if (
            not isinstance(row.get("text"), str)
            or not isinstance(contact_id, int)
            or contact_id not in work.contacts
        ):
            work.saved.lost += 1
        elif _inserted(work, "drafts", {**row, "contact_id": work.contacts[contact_id]}):
            work.saved.drafts += 1


def _inserted(work: _Salvage, table: str, row: Fields) -> bool:
    """Insert those fields that the new table has; False, and counted as lost, where they break its rules."""
    with _rules() as rules:
        columns = [str(name) for (name,) in work.into.all("SELECT name FROM pragma_table_info(?)", (table,))]
        names = [name for name in columns if name in row]
        work.into.run(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - names of ours
            [row[name] for name in names],
        )
    work.saved.lost += rules.broken
    return not rules.broken


@dataclass(slots=True)
class _Rules:
    broken: bool = False


@contextmanager
def _rules() -> Iterator[_Rules]:
    rules = _Rules()
    try:
        yield rules
    except StoreError as error:
        if not isinstance(error.__cause__, sqlite3.IntegrityError):
            raise
        rules.broken = True


def _likeness(row: Fields) -> tuple[Value, str]:
    return row.get("contact_id"), fold(str(row.get("text")))


def _time(value: Value) -> float | None:
    return value if isinstance(value, float) and 0 < value < _LAST_TIME else None


def _whole(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _is_number(value: Value) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None
