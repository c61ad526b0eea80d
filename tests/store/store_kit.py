"""What the store's own tests share."""

from __future__ import annotations

from collections.abc import Sequence

from gynetix_tui.model import ContactId, Direction, OutboxId, PhoneNumber, SendState, TimeSource
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage

START = 1_516_816_290.0
HOME = PhoneNumber("+15556667777")
ANA = PhoneNumber("+15557778888")
BEN = PhoneNumber("+15557779999")


def message(
    text: str,
    ts: float = START,
    *,
    rank: int = 0,
    direction: Direction = Direction.IN,
    unread: bool = False,
    extra: Sequence[tuple[str, str]] = (),
) -> NewMessage:
    return NewMessage(int(ts), rank, direction, text, TimeSource.TS, "", unread, extra)


def contact(store: Store, number: PhoneNumber = ANA, name: str = "Ana") -> ContactId:
    return store.contacts.add(number, name, now=START)


def queue(store: Store, contact_id: ContactId, text: str = "hello", *, now: float = START) -> OutboxId:
    return store.outbox.add(contact_id, to=ANA, sender=HOME, text=text, now=now)


def in_state(store: Store, contact_id: ContactId, state: SendState, *, text: str = "hello") -> OutboxId:
    """A text that came into a state the way it does in life."""
    outbox_id = queue(store, contact_id, text)
    if state is SendState.QUEUED:
        return outbox_id
    if state is SendState.DISCARDED:
        store.outbox.discard(outbox_id)
        return outbox_id
    claimed = store.outbox.claim(owner="me", now=START)
    assert claimed is not None
    assert claimed.id == outbox_id
    if state is SendState.SEEN:
        store.messages.add(contact_id, [message(text, direction=Direction.OUT)], now=START)
        store.outbox.confirm(outbox_id, store.messages.since(contact_id, 0)[-1].id)
    elif state is not SendState.SENDING:
        store.outbox.finish(outbox_id, state, reason="because", now=START + 1)
    return outbox_id


def state_of(store: Store, outbox_id: OutboxId) -> SendState:
    text = store.outbox.get(outbox_id)
    assert text is not None
    return text.state
