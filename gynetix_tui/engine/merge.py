"""What an answer of getConversation changes in the store.

An answer is a multiset: a message is known by direction, time, text and how often that occurs. Merging an
answer twice changes nothing, and a shorter or empty one removes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from gynetix_tui.engine import reconcile
from gynetix_tui.engine.consent import Utterance, hear, note_suppressed, utterances
from gynetix_tui.engine.placing import Placed, place
from gynetix_tui.fetched import FetchedConversation, FetchedMessage
from gynetix_tui.model import Contact, ContactId, Direction, SendState, TimeSource
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage, StoredMessage

T = TypeVar("T")
Identity = tuple[Direction, int | str, str]
Places = dict[tuple[int, int], list[StoredMessage]]

PART = 500
"""Messages merged at once: a millisecond or two."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a merge did.

    Attributes:
        changed: The conversation or its summary is not what it was.
        incoming: How many incoming texts are new and unread.
        returned_nothing: The answer was empty though the conversation has messages: a failed call looks so.
        awaiting: Texts of ours are still to be found at the gateway.
        newest: The latest `ts` of the answer's messages; 0 where none has one.
    """

    changed: bool = False
    incoming: int = 0
    returned_nothing: bool = False
    awaiting: bool = False
    newest: int = field(default=0, compare=False)


def merge(
    store: Store,
    contact_id: ContactId,
    answer: FetchedConversation,
    *,
    asked_at: float,
    now: float,
    part: int = PART,
) -> Outcome:
    """Merge an answer into the store; to be called inside a transaction.

    Args:
        store: The store.
        contact_id: Whose conversation it is; one that was deleted meanwhile changes nothing.
        answer: What the gateway returned.
        asked_at: When the request was begun, epoch seconds on our clock.
        now: When the answer came.
        part: How many messages are merged at once, those of one second together.
    """
    contact = store.contacts.get(contact_id)
    if contact is None:
        return Outcome()
    first = not store.messages.exists(contact_id)
    looks_failed = not answer.messages and answer.local_number is None
    incoming, reordered, heard = _add_new(store, contact, answer, first=first, now=now, size=part)
    settled, awaiting = _settle_outbox(
        store, contact_id, answer, looks_failed=looks_failed, asked_at=asked_at, now=now
    )
    locked = hear(store, contact, heard, now=now)
    # A failed call says "N", too, so that only its "Y" tells anything.
    if answer.suppressed or (answer.suppressed is False and not looks_failed):
        locked = note_suppressed(store, contact, answer.suppressed, asked_at=asked_at, now=now) or locked
    moved = answer.local_number is not None and answer.local_number != contact.local_number
    complete = not looks_failed and not answer.skipped
    digest = answer.digest if complete or first else b""
    store.contacts.note_fetch(contact_id, now=now, digest=digest, local_number=answer.local_number)
    changed = reordered or settled or locked or moved
    if changed:
        store.contacts.refresh_summary(contact_id)
    newest = max((message.ts or 0 for message in answer.messages), default=0)
    nothing = looks_failed and not first
    return Outcome(changed, incoming, returned_nothing=nothing, awaiting=awaiting, newest=newest)


def _add_new(
    store: Store, contact: Contact, answer: FetchedConversation, *, first: bool, now: float, size: int
) -> tuple[int, bool, list[Utterance]]:
    """Add what the store has not.

    Returns:
        How many unread texts came in, whether anything changed, and what the new texts say about being texted.
    """
    incoming, changed = 0, False
    heard: list[Utterance] = []
    for part in _parts(answer.messages, now=now, size=size):
        if first or not _is_known(store, contact.id, part):
            new, moved = _add_part(store, contact, part, first=first, now=now)
            incoming += sum(message.unread for message in new)
            heard += utterances(new)
            changed = changed or moved or bool(new)
    return incoming, changed, heard


def _parts(messages: Sequence[FetchedMessage], *, now: float, size: int) -> Iterator[list[Placed]]:
    """An answer in parts that can be merged by themselves, in the order of time; those without a time come last.

    A message is known by its second too, so that those of different seconds have nothing to do with each other.
    """
    if any(message.ts is None for message in messages):
        placed = place(messages, now=now)  # all at once: a neighbour may tell the time
        dated = [entry for entry in placed if entry.source is TimeSource.TS]
        yield from _cut(dated, lambda entry: entry.ts, size)
        if undated := [entry for entry in placed if entry.source is not TimeSource.TS]:
            yield undated
    else:
        for part in _cut(messages, lambda message: message.ts or 0, size):
            yield place(part, now=now)


def _cut(entries: Sequence[T], second: Callable[[T], int], size: int) -> Iterator[list[T]]:
    """Cut what has a time into parts of whole seconds; within one, the answer's order stays."""
    rest = sorted(entries, key=second)
    begin = 0
    while begin < len(rest):
        end = min(begin + size, len(rest))
        while end < len(rest) and second(rest[end]) == second(rest[end - 1]):
            end += 1
        yield rest[begin:end]
        begin = end


def _is_known(store: Store, contact_id: ContactId, part: list[Placed]) -> bool:
    """Whether the store has a part just as it is: so it is with nearly all of them."""
    if part[0].source is not TimeSource.TS:
        return False
    expected = [(entry.ts, entry.rank, entry.message.direction, entry.message.text) for entry in part]
    return store.messages.are(contact_id, part[0].ts, part[-1].ts, expected)


def _add_part(
    store: Store, contact: Contact, placed: list[Placed], *, first: bool, now: float
) -> tuple[list[NewMessage], bool]:
    """Add what the store has not of a part; return that, and whether anything that it has was moved."""
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
    return new, bool(ranks)


def _is_in_place(entry: Placed, known: dict[Identity, Places]) -> bool:
    """Whether a copy stands just where the answer has it; that one is then taken.

    These go first: of several alike, a copy that is in its place must not be moved for another.
    """
    copies = known.get(_identity(entry), {}).get((entry.ts, entry.rank))
    if copies:
        copies.pop()
        return True
    return False


def _known(store: Store, contact_id: ContactId, part: list[Placed]) -> dict[Identity, Places]:
    """The stored messages that a part may hold again, oldest first under each identity."""
    if part[0].source is TimeSource.TS:
        stored = store.messages.between(contact_id, part[0].ts, part[-1].ts)
    else:
        stored = store.messages.without_ts(contact_id)
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
