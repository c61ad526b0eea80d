"""When the composer tells how late it is at the other side."""

from __future__ import annotations

import asyncio

from gynetix_tui.model import Contact, ContactId, PhoneNumber
from gynetix_tui.sms.quiet import LateThere
from gynetix_tui.tui.session import Session

REPLY_SECONDS = 2 * 3600.0
"""Whoever wrote so lately is awake."""
_STEP = 15 * 60.0
_DAY = 24 * 3600.0


class Lateness:
    """Tells it once per conversation and quiet period: from when one begins to write until the text is sent.

    Args:
        session: What it works with.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: dict[ContactId, LateThere] = {}
        self._ends: dict[ContactId, float] = {}  # of the quiet period that is being told of, or was
        self._done: set[ContactId] = set()  # a text was sent in that period, with it told
        self._looked: dict[ContactId, int] = {}  # in which minute

    def told(self, contact: Contact) -> LateThere | None:
        """What is to be said while something is being written to a contact."""
        return self._told.get(contact.id) if contact.hours_hint else None

    def sent(self, contact_id: ContactId) -> None:
        """The text has gone; it was told, if there was anything to tell."""
        if self._told.pop(contact_id, None):
            self._done.add(contact_id)

    def wants_look(self, contact: Contact) -> bool:
        """Something is being written: whether `look` should now be called. At most once a minute, as clocks change."""
        texting, now = self._session.settings.texting, self._session.now()
        minute = int(now // 60)
        if (
            not contact.hours_hint
            or texting.quiet_from == texting.quiet_until
            or self._looked.get(contact.id) == minute
        ):
            return False
        if contact.id in self._done and now < self._ends[contact.id]:
            return False
        self._done.discard(contact.id)
        self._looked[contact.id] = minute
        return True

    async def look(self, contact: Contact) -> None:
        """Find out how late it is there.

        In a thread: the zones of all numbers are read at the first time.
        """
        texting, now = self._session.settings.texting, self._session.now()
        late, end = await asyncio.to_thread(
            _late, contact.number, now, texting.quiet_from, texting.quiet_until
        )
        if late is None or self._has_written_lately(contact.id, now):
            self._told.pop(contact.id, None)
        elif contact.id not in self._done:
            self._told[contact.id], self._ends[contact.id] = late, end

    def _has_written_lately(self, contact_id: ContactId, now: float) -> bool:
        last = self._session.store.conversations.last_incoming_at(contact_id)
        return last is not None and last >= now - REPLY_SECONDS


def _late(
    number: PhoneNumber, now: float, quiet_from: str, quiet_until: str
) -> tuple[LateThere | None, float]:
    """How late it is there, and when at the latest that ends."""
    from gynetix_tui.sms.quiet import late_there

    late = late_there(number, now=now, quiet_from=quiet_from, quiet_until=quiet_until)
    end = now
    while (
        late
        and end < now + _DAY
        and late_there(number, now=end, quiet_from=quiet_from, quiet_until=quiet_until)
    ):
        end += _STEP
    return late, end
