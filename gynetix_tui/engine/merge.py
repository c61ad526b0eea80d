"""What an answer of getConversation changes in the store.

An answer is a multiset: a message is known by direction, time, text and how often that occurs. Merging an
answer twice changes nothing, and a shorter or empty one removes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from gynetix_tui.engine import reconcile
from gynetix_tui.engine.placing import Placed, place
from gynetix_tui.model import Contact, ContactId, Direction, FetchedConversation, SendState, TimeSource
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage, StoredMessage

Identity = tuple[Direction, int | str, str]
Places = dict[tuple[int, int], list[StoredMessage]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a merge did.

    Attributes:
        changed: The conversation or its summary is not what it was.
        incoming: How many incoming texts are new and unread.
        returned_nothing: The answer was empty though the conversation has messages: a failed call looks so.
        awaiting: Texts of ours are still to be found at the gateway.
    """

    changed: bool = False
    incoming: int = 0
    returned_nothing: bool = False
    awaiting: bool = False


def merge(
    store: Store, contact_id: ContactId, answer: FetchedConversation, *, asked_at: float, now: float
) -> Outcome:
    """Merge an answer into the store; to be called inside a transaction.

    Args:
        store: The store.
        contact_id: Whose conversation it is; one that was deleted meanwhile changes nothing.
        answer: What the gateway returned.
        asked_at: When the request was begun, epoch seconds on our clock.
        now: When the answer came.
    """
    contact = store.contacts.get(contact_id)
    if contact is None:
        return Outcome()
    first = not store.messages.exists(contact_id)
    looks_failed = not answer.messages and answer.local_number is None
    incoming, reordered = _add_new(store, contact, answer, first=first, now=now)
    settled, awaiting = _settle_outbox(
        store, contact_id, answer, looks_failed=looks_failed, asked_at=asked_at, now=now
    )
    suppressed = (
        not looks_failed and answer.suppressed is not None and answer.suppressed != contact.suppressed
    )
    if suppressed:
        store.contacts.set_suppressed(contact_id, bool(answer.suppressed))
    moved = answer.local_number is not None and answer.local_number != contact.local_number
    complete = not looks_failed and not answer.skipped
    digest = answer.digest if complete or first else b""
    store.contacts.note_fetch(contact_id, now=now, digest=digest, local_number=answer.local_number)
    changed = reordered or settled or suppressed or moved
    if changed:
        store.contacts.refresh_summary(contact_id)
    return Outcome(changed, incoming, returned_nothing=looks_failed and not first, awaiting=awaiting)


def _add_new(
    store: Store, contact: Contact, answer: FetchedConversation, *, first: bool, now: float
) -> tuple[int, bool]:
    """Add what the store has not; return how many unread texts came in, and whether anything changed."""
    placed = place(answer.messages, now=now)
    known = _known(store, contact.id, placed)
    elsewhere = [entry for entry in placed if not _is_in_place(entry, known)]
    left: dict[Identity, deque[StoredMessage]] = {
        identity: deque(chain.from_iterable(places.values())) for identity, places in known.items()
    }
    new: list[NewMessage] = []
    ranks: list[tuple[int, int]] = []
    for entry in elsewhere:
        copies = left.get(_identity(entry))
        if copies:
            stored = copies.popleft()
            # A message without a time of its own has another with other neighbours; it stays where it was put first.
            if stored.ts == entry.ts:
                ranks.append((entry.rank, stored.id))
        else:
            new.append(_new_message(entry, contact, first=first))
    store.messages.add(contact.id, new, now=now)
    store.messages.set_ranks(ranks)
    return sum(message.unread for message in new), bool(new or ranks)


def _is_in_place(entry: Placed, known: dict[Identity, Places]) -> bool:
    """Whether a copy stands just where the answer has it; that one is then taken.

    These go first: of several alike, a copy that is in its place must not be moved for another.
    """
    copies = known.get(_identity(entry), {}).get((entry.ts, entry.rank))
    if copies:
        copies.pop()
        return True
    return False


def _known(store: Store, contact_id: ContactId, placed: list[Placed]) -> dict[Identity, Places]:
    """The stored messages that the answer may hold again, oldest first under each identity."""
    dated = [entry.ts for entry in placed if entry.source is TimeSource.TS]
    stored: list[StoredMessage] = []
    if dated:
        stored += [m for m in store.messages.since(contact_id, min(dated)) if m.time_source is TimeSource.TS]
    if len(dated) < len(placed):
        stored += store.messages.without_ts(contact_id)
    known: dict[Identity, Places] = {}
    for message in stored:
        stamp = message.ts if message.time_source is TimeSource.TS else message.date_text
        places = known.setdefault((message.direction, stamp, message.text), {})
        places.setdefault((message.ts, message.rank), []).append(message)
    return known


def _identity(entry: Placed) -> Identity:
    stamp = entry.ts if entry.source is TimeSource.TS else entry.message.date
    return entry.message.direction, stamp, entry.message.text


def _new_message(entry: Placed, contact: Contact, *, first: bool) -> NewMessage:
    message = entry.message
    old = first and entry.ts <= contact.created_at
    return NewMessage(
        ts=entry.ts,
        rank=entry.rank,
        direction=message.direction,
        text=message.text,
        time_source=entry.source,
        date_text="" if entry.source is TimeSource.TS else message.date,
        unread=message.direction is Direction.IN and not old,
        extra=message.extra,
    )


def _settle_outbox(
    store: Store,
    contact_id: ContactId,
    answer: FetchedConversation,
    *,
    looks_failed: bool,
    asked_at: float,
    now: float,
) -> tuple[bool, bool]:
    """Find our texts among the messages; return whether any changed, and whether any is still to be found."""
    texts = store.outbox.unmatched(contact_id)
    if not texts:
        return False, False
    skew = answer.served_at - now if answer.served_at is not None else 0.0
    since = min(reconcile.window(text, now=now)[0] for text in texts)
    messages: Iterable[StoredMessage] = store.messages.since(contact_id, int(since + skew))
    found = reconcile.match(
        texts, messages, taken=store.outbox.matched_messages(contact_id), skew=skew, now=now
    )
    for outbox_id, message_id in found.items():
        store.outbox.confirm(outbox_id, message_id)
    changed = bool(found)
    # A message that cannot be read, or whose time cannot, may be the very text.
    proves = not looks_failed and not answer.skipped and all(m.ts is not None for m in answer.messages)
    for text in texts:
        if text.id in found or text.state is not SendState.UNCONFIRMED:
            continue
        asked_after = text.ended_at is not None and asked_at >= text.ended_at
        if asked_after and proves:
            missing = reconcile.is_missing(text, now=now)
            store.outbox.note_miss(text.id, missing=missing)
            changed = changed or missing
    return changed, len(found) < len(texts)
