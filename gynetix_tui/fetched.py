"""What the gateway returned, on its way to the store.

Not in `model`: the first frame needs none of it, and `msgspec` takes 10 ms to import.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gynetix_tui.model import Direction, PhoneNumber


class FetchedMessage(msgspec.Struct, frozen=True, gc=False):
    """One message of an answer of getConversation, in the answer's order, raw.

    The collector of garbage leaves these alone: a hundred thousand of a first fetch would hold up the screen each time
    that it looks through them, and they can be part of no circle.

    Attributes:
        ts: Epoch seconds, or None where the answer's `ts` was missing or no number.
        date: The answer's `date`; empty where it had none.
        extra: Fields that the gateway's document does not name, as (name, value) pairs.
    """

    direction: Direction
    ts: int | None
    date: str
    text: str
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FetchedConversation:
    """An answer of getConversation.

    Attributes:
        messages: In the answer's order; without those of a beginning that the caller has merged (see
            `Gateway.get_conversation`).
        suppressed: Whether the gateway sends this number no more texts; None where it did not say.
        local_number: The gateway's `did`; None where the answer had none. A failed call and an unknown
            number both look like an empty answer without it.
        details: Whatever else the answer held (owner details with `detailed`), as (name, value) pairs.
        skipped: How many messages could not be read at all.
        digest: SHA-256 of the body: an answer with the same digest holds nothing new.
        served_at: The gateway's own clock (the Date header), or None.
    """

    messages: tuple[FetchedMessage, ...]
    suppressed: bool | None = None
    local_number: PhoneNumber | None = None
    details: tuple[tuple[str, str], ...] = ()
    skipped: int = 0
    digest: bytes = b""
    served_at: float | None = None
