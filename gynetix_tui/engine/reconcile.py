"""Which messages of the gateway are texts of ours. A pure rule.

The gateway gives no id to a text that it takes. A text of ours is found again by what it says and when: the
same text, folded, sent in a window round the time its request was under way. One message confirms one text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from gynetix_tui.model import Direction, OutboxId, OutgoingText
from gynetix_tui.store.messages import StoredMessage
from gynetix_tui.text import fold

EARLY_SECONDS = 90
"""How much before its request a text's `ts` may lie: clocks differ by so much."""
LATE_SECONDS = 15 * 60
"""How much after it: gateways queue."""
COMPLETE_MISSES = 2
MISSING_AFTER_SECONDS = 60
"""An uncertain text is missing after so many complete answers without it, the last so long after its request."""


def window(text: OutgoingText, *, now: float) -> tuple[float, float]:
    """The times, on our clock, between which the gateway's copy of a text may be dated."""
    began = text.left_at if text.left_at is not None else text.created_at
    ended = text.ended_at if text.ended_at is not None else now
    return began - EARLY_SECONDS, ended + LATE_SECONDS


def match(
    texts: Sequence[OutgoingText],
    messages: Iterable[StoredMessage],
    *,
    taken: AbstractSet[int],
    skew: float,
    now: float,
) -> dict[OutboxId, int]:
    """Pair texts with the messages that confirm them.

    Args:
        texts: In the order in which they claim: of several alike, the first gets the first message.
        messages: The conversation, oldest first.
        taken: Messages that confirm another text already.
        skew: Seconds by which the gateway's clock is ahead of ours.
        now: Our clock.

    Returns:
        For each text found, the message's id.
    """
    free: dict[str, list[StoredMessage]] = {}
    for message in messages:
        if message.direction is Direction.OUT and message.id not in taken:
            free.setdefault(fold(message.text), []).append(message)
    found: dict[OutboxId, int] = {}
    for text in texts:
        earliest, latest = window(text, now=now)
        candidates = free.get(fold(text.text), [])
        for message in candidates:
            # What an answer held before the text left is somebody else's, or an earlier one.
            known_before = text.left_at is not None and message.arrived_at < text.left_at
            if not known_before and earliest <= message.ts - skew <= latest:
                found[text.id] = message.id
                candidates.remove(message)
                break
    return found


def is_missing(text: OutgoingText, *, now: float) -> bool:
    """Whether a complete answer without this text, at `now`, is enough to say that the gateway does not have it."""
    ended = text.ended_at if text.ended_at is not None else now
    return text.misses + 1 >= COMPLETE_MISSES and now >= ended + MISSING_AFTER_SECONDS
