"""Who may be texted: what a conversation says about it, what the gateway says, and what then waits no longer.

All of this runs inside the transaction of whoever calls it: no text can be claimed between a lock and what it locks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gynetix_tui.errors import GynetixError
from gynetix_tui.model import (
    ConsentEntry,
    ConsentEvent,
    Contact,
    ContactId,
    Direction,
    Heard,
    PhoneNumber,
)
from gynetix_tui.store import Store
from gynetix_tui.store.consent import why_locked
from gynetix_tui.store.messages import NewMessage, StoredMessage

_KEYWORDS = {ConsentEvent.STOP_HEARD, ConsentEvent.START_HEARD}
_AFTER_ALL = 1 << 62


@dataclass(frozen=True, slots=True, order=True)
class Utterance:
    """An incoming text that says something about being texted; they sort as their messages do."""

    ts: int
    rank: int
    event: ConsentEvent
    text: str


def utterances(messages: Iterable[NewMessage | StoredMessage]) -> list[Utterance]:
    """Those of the messages that say something about being texted."""
    # Here rather than above: it takes 20 ms, which the first frame need not wait for.
    from gynetix_tui.sms.optout import MOST_CHARACTERS, Said, said

    events = {
        Said.STOP: ConsentEvent.STOP_HEARD,
        Said.START: ConsentEvent.START_HEARD,
        Said.PLEA: ConsentEvent.PLEA_HEARD,
    }
    found = []
    for message in messages:
        if message.direction is Direction.IN and len(message.text) <= MOST_CHARACTERS:
            what = said(message.text)
            if what in events:
                found.append(Utterance(message.ts, message.rank, events[what], message.text))
    return found


def hear(store: Store, contact: Contact, new: Iterable[Utterance], *, now: float) -> bool:
    """Log what was heard for the first time, and let the newest keyword decide; return whether the contact changed.

    Args:
        store: The store, in which the new messages stand already.
        contact: Whose they are, as it was before.
        new: What was heard, in no order.
        now: Epoch seconds.
    """
    heard = sorted(new)
    if not heard:
        return False
    before = _newest_known(store, contact)
    for each in heard:
        store.consent.add(ConsentEntry(contact.number, now, each.event, each.text, each.ts))
    keywords = [each for each in heard if each.event in _KEYWORDS]
    decisive = before
    if keywords and (before is None or keywords[-1].ts >= before.ts):
        decisive = _last_of_its_second(store, contact.id, keywords[-1])
    changed = False
    if decisive is not None and decisive != before:
        changed = _decide(store, contact, decisive, now=now)
    if decisive is None or decisive.event is ConsentEvent.START_HEARD:
        # What a START lifts, it lifts with all that was said before it. Most who text "yes" answer another question.
        lifted = contact.opt_out or any(each.event is ConsentEvent.STOP_HEARD for each in keywords)
        begin = decisive if decisive and lifted else None
        pleas = [
            each
            for each in heard
            if each.event is ConsentEvent.PLEA_HEARD and (begin is None or each > begin)
        ]
        if pleas:
            plea = Heard(pleas[-1].text, pleas[-1].ts)
            changed = store.contacts.set_plea(contact.id, plea) or changed
    return changed


def _newest_known(store: Store, contact: Contact) -> Utterance | None:
    """The keyword that decided until now; after whatever else was said in its second, for its rank may be gone."""
    known = []
    # First, so that it counts where both are of one second, or where a repaired store has lost the log's end.
    if contact.opt_out is not None:
        known.append(Utterance(contact.opt_out.ts, _AFTER_ALL, ConsentEvent.STOP_HEARD, contact.opt_out.text))
    last = store.consent.last_keyword(contact.number)
    if last is not None and last.ts is not None:
        known.append(Utterance(last.ts, _AFTER_ALL, last.event, last.words))
    return max(known, key=lambda each: each.ts, default=None)


def _last_of_its_second(store: Store, contact_id: ContactId, keyword: Utterance) -> Utterance:
    """The last keyword of a second: what came before and what is new stand there in the order of the answer."""
    of_the_second = [
        each for each in utterances(store.messages.at(contact_id, keyword.ts)) if each.event in _KEYWORDS
    ]
    return max(of_the_second, default=keyword)


def _decide(store: Store, contact: Contact, keyword: Utterance, *, now: float) -> bool:
    if keyword.event is ConsentEvent.STOP_HEARD:
        opt_out = Heard(keyword.text, keyword.ts)
        store.contacts.set_opt_out(contact.id, opt_out)
        fail_what_waits(store, contact.id, now=now)
        return opt_out != contact.opt_out
    if contact.opt_out is None:
        return False
    store.contacts.set_opt_out(contact.id, None)
    store.contacts.settle_plea(contact.id, until=keyword.ts)
    return True


def note_suppressed(store: Store, contact: Contact, suppressed: bool, *, asked_at: float, now: float) -> bool:
    """Keep what a fetched conversation says about suppression; return whether the contact changed.

    A "no" lifts only what a fetched conversation has said, and only if it was asked for after that: answers overtake
    one another, for the details and another client ask, too.
    """
    word = store.consent.gateways_word(contact.number)
    event = word.event if word else None
    if suppressed and not (contact.suppressed and event is ConsentEvent.GATEWAY_SUPPRESSES):
        event = ConsentEvent.GATEWAY_SUPPRESSES
    elif (
        not suppressed
        and contact.suppressed
        and event is not ConsentEvent.SUPPRESSION_GRANTED
        and (word is None or asked_at >= word.at)
    ):
        event = ConsentEvent.GATEWAY_ALLOWS
    else:
        return False
    store.consent.add(ConsentEntry(contact.number, now, event))
    store.contacts.set_suppressed(contact.id, suppressed)
    fail_what_waits(store, contact.id, now=now)
    return suppressed != contact.suppressed


def note_answer(store: Store, number: PhoneNumber, event: ConsentEvent, words: str, *, now: float) -> None:
    """Keep what became of the question for a suppression; one that was granted locks whoever has the number now."""
    store.consent.add(ConsentEntry(number, now, event, words))
    contact = store.contacts.find(number)
    if event is ConsentEvent.SUPPRESSION_GRANTED and contact is not None:
        store.contacts.set_suppressed(contact.id, True)
        store.contacts.settle_plea(contact.id)
        fail_what_waits(store, contact.id, now=now)
        store.contacts.refresh_summary(contact.id)


def fail_what_waits(store: Store, contact_id: ContactId, *, now: float) -> bool:
    """Where a contact may not be texted, let the texts fail that wait for it; return whether any did."""
    contact = store.contacts.get(contact_id)
    if contact is None or contact.may_be_texted:
        return False
    return store.outbox.fail_queued(contact_id, reason=why_locked(contact), now=now)


def refuse_locked(contact: Contact) -> None:
    """Say why a contact may not be texted.

    Raises:
        GynetixError: It may not.
    """
    if contact.opt_out is not None:
        raise GynetixError(f"The text was not sent: {why_locked(contact)}.")
    if contact.suppressed:
        raise GynetixError("The gateway sends this number no more texts: it is suppressed.")
