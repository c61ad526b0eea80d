"""The nouns of the field: values that cross from one layer to another. All are frozen.

Times are seconds since the epoch (UTC) unless a name says otherwise. Texts from outside are kept as they
came: they are cleaned by `gynetix_tui.text` at the edge where they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NewType

PhoneNumber = NewType("PhoneNumber", str)
"""E.164 with its leading plus (``+15556667777``), or the bare digits of a short code (``72345``)."""

ContactId = NewType("ContactId", int)
"""Names one contact of one store."""

OutboxId = NewType("OutboxId", int)
"""Names one text of ours in one store, from the moment it was written."""


class Direction(StrEnum):
    """Which way a text went, in the gateway's own words."""

    IN = "IN"
    OUT = "OUT"


class SendState(StrEnum):
    """What is known of a text of ours. Only `QUEUED` is ever sent without the user asking."""

    QUEUED = "queued"
    """Stored here, not yet tried, or known not to have left."""
    SENDING = "sending"
    """The request is under way."""
    ACCEPTED = "accepted"
    """The gateway said success."""
    SEEN = "seen"
    """It stands in the conversation that the gateway returned."""
    UNCONFIRMED = "unconfirmed"
    """The request left and no readable answer came: it may have been sent."""
    FAILED = "failed"
    """The gateway refused it, or it never left; the text is kept."""
    DISCARDED = "discarded"
    """The user wants it no more, or wrote it anew."""


class TimeSource(StrEnum):
    """Where the time of a message comes from."""

    TS = "ts"
    """The gateway's `ts`: epoch seconds, the truth."""
    DATE = "date"
    """`ts` was missing or no number; read from `date`, whose zone the gateway does not name."""
    NONE = "none"
    """Neither could be read; placed beside its neighbours in the answer."""


class ItemKey(NamedTuple):
    """The place of an item in its conversation: items sort by it, and no two share one.

    Messages of one second stand in the order of the gateway's answer (`rank`); texts of ours that the
    gateway has not yet returned stand after them, at rank `OUTBOX_RANK`.
    """

    ts: int
    rank: int
    row: int


OUTBOX_RANK = 1 << 30
"""The rank of every item that comes from the outbox; messages of the gateway have smaller ones."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An incoming text that says something about being texted, raw.

    Attributes:
        ts: Epoch seconds, as the message sorts by.
    """

    text: str
    ts: int


class ConsentEvent(StrEnum):
    """What happened between us and a number about being texted."""

    STOP_HEARD = "stop heard"
    """An incoming text was an opt-out keyword and nothing else."""
    PLEA_HEARD = "plea heard"
    """An incoming text may ask in its own words to be texted no more; that is for the user to judge."""
    START_HEARD = "start heard"
    """An incoming text was a keyword that lifts an opt-out keyword before it."""
    SUPPRESSION_ASKED = "suppression asked"
    """The user had the gateway asked to send no more texts; what became of it is the next entry."""
    SUPPRESSION_GRANTED = "suppression granted"
    SUPPRESSION_REFUSED = "suppression refused"
    SUPPRESSION_UNCERTAIN = "suppression uncertain"
    """The request left, and no readable answer came."""
    SUPPRESSION_NOT_ASKED = "suppression not asked"
    """The request never left this machine."""
    GATEWAY_SUPPRESSES = "gateway suppresses"
    """A fetched conversation said `suppressed: Y`, and none had before."""
    GATEWAY_ALLOWS = "gateway allows"
    """A fetched conversation said `suppressed: N` after one that said `Y`."""


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """A line of the log of opt-outs, which is only ever added to.

    Attributes:
        at: When it was written, epoch seconds on our clock.
        words: The text that was heard, or the gateway's own words, raw; else empty.
        ts: The time of the text that was heard; None for what is no text.
    """

    number: PhoneNumber
    at: float
    event: ConsentEvent
    words: str = ""
    ts: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or service one texts with: one number is one contact.

    Attributes:
        name: What the user calls them; empty where only the number is known.
        local_number: Our own number in this conversation (the gateway's `did`), or None while unknown.
        suppressed: The gateway says, or has confirmed to us, that this number gets no more texts.
        created_at: When the contact was added here.
        fetched_at: When the gateway last returned this conversation, or None.
        note: What the user wrote about them; may have several lines.
        opt_out: The opt-out keyword that no later START has lifted; while it stands, nothing is sent to them.
        plea: A text that may ask, in its own words, for no more texts, which the user has not judged yet.
        hours_hint: Whether the composer tells of quiet hours where they live.
    """

    id: ContactId
    number: PhoneNumber
    name: str
    local_number: PhoneNumber | None
    suppressed: bool
    pinned: bool
    muted: bool
    archived: bool
    created_at: float
    fetched_at: float | None
    note: str = ""
    opt_out: Heard | None = None
    plea: Heard | None = None
    hours_hint: bool = True

    @property
    def may_be_texted(self) -> bool:
        """Whether neither the gateway nor an opt-out of theirs forbids it."""
        return not self.suppressed and self.opt_out is None


@dataclass(frozen=True, slots=True)
class ContactSummary:
    """One row of the contact list.

    Attributes:
        last_at: Time of the newest item of the conversation; the contact's own age where it has none.
        last_text: The newest text, raw; empty where there is none.
        last_direction: Which way the newest text went, or None where there is none.
        last_state: The state of the newest text where it is one of ours that the gateway has not yet
            returned; else None.
        unread: How many incoming texts the user has not seen; never negative.
        draft: The unsent text of the composer; empty where there is none.
    """

    contact: Contact
    last_at: float
    last_text: str
    last_direction: Direction | None
    last_state: SendState | None
    unread: int
    draft: str

    @property
    def has_messages(self) -> bool:
        """Whether anything was ever said."""
        return self.last_direction is not None


@dataclass(frozen=True, slots=True)
class Item:
    """One text of a conversation: a message the gateway returned, or one of ours that it has not yet.

    Attributes:
        key: Its place in the conversation.
        time_source: Where `key.ts` comes from.
        date_text: The gateway's `date`, raw, kept only where `ts` could not be read.
        unread: An incoming text that the user has not seen.
        state: What is known of a text of ours; None on incoming texts.
        reason: Why a text failed or is uncertain, raw; else empty.
        missing: An uncertain text was looked for at the gateway, more than once, and not found there.
        outbox_id: The text's row in the outbox, or None for a message of the gateway's.
        extra: Fields that the gateway's document does not name, as (name, value) pairs, raw.
    """

    key: ItemKey
    direction: Direction
    text: str
    time_source: TimeSource = TimeSource.TS
    date_text: str = ""
    unread: bool = False
    state: SendState | None = None
    reason: str = ""
    missing: bool = False
    outbox_id: OutboxId | None = None
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """A row of the outbox: a text of ours and all that is known of its way.

    Attributes:
        to: Whom it goes to.
        sender: The local number it goes out from.
        created_at: When the user sent it here.
        left_at: When its request last began, or None while it never did.
        ended_at: When that request ended, or None while it has not.
        attempts: How many times a request for it was begun.
        reason: Why it failed or is uncertain, raw; else empty.
        misses: In how many complete answers of the gateway an uncertain text was looked for and not found.
    """

    id: OutboxId
    contact_id: ContactId
    to: PhoneNumber
    sender: PhoneNumber
    text: str
    state: SendState
    created_at: float
    left_at: float | None
    ended_at: float | None
    attempts: int
    reason: str
    misses: int
