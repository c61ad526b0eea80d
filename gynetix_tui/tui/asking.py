"""What stands between Enter and a text's way out: what forbids it, and what the user is asked about before."""

from __future__ import annotations

from gynetix_tui.model import Contact, ContactId
from gynetix_tui.sms.segments import measure
from gynetix_tui.text import fold
from gynetix_tui.tui.consent_words import locked_by
from gynetix_tui.tui.hints import segments
from gynetix_tui.tui.session import Session

SAME_SECONDS = 60.0
"""The same text to the same number within this time is most often a mistake."""


class Asking:
    """Judges texts that are about to be sent.

    Args:
        session: What it works with.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._on_the_way: dict[ContactId, list[tuple[str, float]]] = {}

    def submitted(self, contact_id: ContactId, text: str) -> None:
        """A text leaves the composer; the store knows of it only when it has been handed on."""
        self._on_the_way.setdefault(contact_id, []).append((fold(text), self._session.now()))

    def handed_on(self, contact_id: ContactId) -> None:
        """The store holds the oldest text that was submitted for a contact."""
        del self._on_the_way[contact_id][:1]

    def taken_back(self, contact_id: ContactId) -> None:
        """All that was submitted for a contact is a draft again."""
        self._on_the_way.pop(contact_id, None)

    def refusal(self, contact: Contact, text: str) -> str:
        """Why a text is not sent, as a sentence; empty where nothing forbids it."""
        session = self._session
        if why := locked_by(contact, session.calendar, now=session.now()):
            return f"Not sent: {why}."
        takes, most = measure(text).segments, session.settings.texting.most_segments
        if most and takes > most:
            return f"Not sent: this text takes {segments(takes)}, and texting.most_segments allows {most}."
        return ""

    def reasons(self, contact: Contact, text: str) -> list[str]:
        """What the user should know before this is sent; each is a sentence."""
        reasons = []
        takes, ask_from = measure(text).segments, self._session.settings.texting.ask_from_segments
        if ask_from and takes >= ask_from:
            reasons.append(f"This text takes {segments(takes)}.")
        now = self._session.now()
        if (at := self._same(contact, text, now)) is not None:
            reasons.append(f"You sent the same text {_ago(now - at)}.")
        return reasons

    def _same(self, contact: Contact, text: str, now: float) -> float | None:
        since, sought = now - SAME_SECONDS, fold(text)
        times = [at for said, at in self._on_the_way.get(contact.id, []) if said == sought and at >= since]
        stored = self._session.store.outbox.sent_lately(contact.number, text, since=since)
        return max([*times, *([stored] if stored is not None else [])], default=None)


def _ago(seconds: float) -> str:
    if seconds < 1:
        return "just now"
    return f"{int(seconds)} s ago" if seconds < 60 else f"{int(seconds // 60)} min ago"
