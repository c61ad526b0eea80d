"""What the history of a store says about who may be texted: for one that was made before that was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from gynetix_tui.model import ConsentEntry, ConsentEvent, ContactId, Heard, PhoneNumber
from gynetix_tui.store.connection import Connection, Row
from gynetix_tui.store.consent import Consent, why_locked
from gynetix_tui.store.contacts import Contacts
from gynetix_tui.store.outbox import Outbox

_AT_ONCE = 10_000
_SHORT = 100
"""Of the old ones, longer texts are not looked at: no keyword is as long, and a plea of years ago is hardly news."""
_LONG = 500
_LATELY = 90 * 86_400.0
"""Seconds; of texts that came since then, longer ones are looked at, too."""


@dataclass(frozen=True, slots=True, order=True)
class _Heard:
    contact_id: int
    ts: int
    rank: int
    id: int
    event: ConsentEvent
    text: str
    arrived_at: float


def hear_history(connection: Connection) -> None:
    """Fill the log of opt-outs, and lock who has opted out, from the messages of every contact."""
    consent, contacts, outbox = Consent(connection), Contacts(connection), Outbox(connection)
    numbers = {}
    for contact in contacts.all():
        numbers[contact.id] = contact.number
        if contact.suppressed:
            at = contact.fetched_at or contact.created_at
            consent.add(ConsentEntry(contact.number, at, ConsentEvent.GATEWAY_SUPPRESSES))
    heard: dict[ContactId, list[_Heard]] = {}
    for each in sorted(_heard_in(connection)):
        heard.setdefault(ContactId(each.contact_id), []).append(each)
    for contact_id, entries in heard.items():
        _keep(consent, contacts, contact_id, numbers[contact_id], entries)
    for contact in contacts.all():
        if not contact.may_be_texted:
            at = max((each.arrived_at for each in heard.get(contact.id, ())), default=contact.created_at)
            outbox.fail_queued(contact.id, reason=why_locked(contact), now=at)


def _keep(
    consent: Consent, contacts: Contacts, contact_id: ContactId, number: PhoneNumber, entries: list[_Heard]
) -> None:
    opt_out: Heard | None = None
    plea: Heard | None = None
    for each in entries:
        consent.add(ConsentEntry(number, each.arrived_at, each.event, each.text, each.ts))
        heard = Heard(each.text, each.ts)
        if each.event is ConsentEvent.STOP_HEARD:
            opt_out = heard
        elif each.event is ConsentEvent.START_HEARD:
            if opt_out is not None:  # else they answered some other question with "yes"
                opt_out = plea = None
        elif opt_out is None:
            plea = heard
    contacts.set_opt_out(contact_id, opt_out)
    if plea is not None:
        contacts.set_plea(contact_id, plea)


def _heard_in(connection: Connection) -> Iterator[_Heard]:
    for rows in _incoming(connection):
        from gynetix_tui.sms.optout import Said, said  # a new store needs it not

        events = {
            Said.STOP: ConsentEvent.STOP_HEARD,
            Said.START: ConsentEvent.START_HEARD,
            Said.PLEA: ConsentEvent.PLEA_HEARD,
        }
        for id_, contact_id, ts, rank, text, arrived_at in rows:
            what = said(cast("str", text))
            if what in events:
                yield _Heard(
                    cast("int", contact_id),
                    cast("int", ts),
                    cast("int", rank),
                    cast("int", id_),
                    events[what],
                    cast("str", text),
                    cast("float", arrived_at),
                )


def _incoming(connection: Connection) -> Iterator[list[Row]]:
    """The short ones of all incoming messages, some at a time: a million of them are not held in memory."""
    last = 0
    newest = connection.one("SELECT coalesce(max(arrived_at), 0) FROM messages")
    lately = (cast("float", newest[0]) if newest else 0) - _LATELY
    while rows := connection.all(
        "SELECT id, contact_id, ts, rank, text, arrived_at FROM messages"
        " WHERE id > ? AND direction = 'IN' AND length(text) <= iif(ts >= ?, ?, ?) ORDER BY id LIMIT ?",
        (last, lately, _LONG, _SHORT, _AT_ONCE),
    ):
        yield rows
        last = cast("int", rows[-1][0])
