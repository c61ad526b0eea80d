"""The left side: the contacts, and a field to filter them that is there only while it is used."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from gynetix_tui.model import ContactId, ContactSummary
from gynetix_tui.store.contacts import Contacts, list_key
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.contact_list import ContactList, Listing, matches

_AT_ONCE: Final = 1000
"""Contacts read together where the next unread one is looked for."""


class Stored:
    """All contacts, read from the store as they are needed.

    Args:
        contacts: The store's.
        reading: The contact whose newest texts are being looked at, and so counts as read.
    """

    def __init__(self, contacts: Contacts, reading: ContactId | None) -> None:
        self._contacts = contacts
        self._reading = reading

    def count(self) -> int:
        """How many there are."""
        return self._contacts.count()

    def rows(self, first: int, count: int) -> Sequence[ContactSummary]:
        """Those from a place on."""
        return [self.seen(each) for each in self._contacts.summaries(first=first, count=count)]

    def place(self, contact_id: ContactId) -> int | None:
        """Where one stands."""
        summary = self._contacts.summary(contact_id)
        return None if summary is None or summary.contact.archived else self._contacts.place(summary)

    def unread(self) -> int:
        """How many unread texts there are, those of muted contacts not counted."""
        total = self._contacts.unread_total()
        read = self._contacts.summary(self._reading) if total and self._reading is not None else None
        if read is None or read.contact.muted or read.contact.archived:
            return total
        return max(0, total - read.unread)

    def seen(self, summary: ContactSummary) -> ContactSummary:
        """A contact as the list tells of it."""
        return replace(summary, unread=0) if summary.contact.id == self._reading else summary


class Found:
    """The contacts that pass a filter, in memory."""

    def __init__(self, summaries: Iterable[ContactSummary]) -> None:
        self._summaries = list(summaries)

    def count(self) -> int:
        """How many there are."""
        return len(self._summaries)

    def rows(self, first: int, count: int) -> Sequence[ContactSummary]:
        """Those from a place on."""
        return self._summaries[first : first + count]

    def place(self, contact_id: ContactId) -> int | None:
        """Where one stands."""
        places = (place for place, each in enumerate(self._summaries) if each.contact.id == contact_id)
        return next(places, None)


class Side(Vertical):
    """Reads the contacts from the store and shows them.

    Attributes:
        list: The list.
        unread: How many unread texts it shows, those of muted contacts not counted.
    """

    BINDINGS = [
        Binding("up", "highlight(-1)", show=False),
        Binding("down", "highlight(1)", show=False),
    ]

    DEFAULT_CSS = """
    Side {
        width: 30;
        background: $panel;
        & > Input { display: none; height: 1; border: none; padding: 0 1; background: $background; }
        & > Input:focus { border: none; background-tint: $foreground 0%; }
        &.-filtering > Input { display: block; }
    }
    """

    def __init__(self, session: Session, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._session = session
        self.list = ContactList(session.naming, id="contacts")
        self.unread = 0
        self._listing: Listing = Found(())
        self._reading: ContactId | None = None
        self._everybody: list[ContactSummary] | None = None  # while the filter is used

    def compose(self) -> ComposeResult:
        """The field and the list."""
        yield Input(id="filter", placeholder="Filter by name or number", compact=True)
        yield self.list

    def on_mount(self) -> None:
        """Show what is stored, at once."""
        self._field.cursor_blink = False
        self.reload()

    @property
    def _field(self) -> Input:
        return self.query_one("#filter", Input)

    @property
    def filtering(self) -> bool:
        """Whether the list is filtered, or about to be."""
        return self.has_class("-filtering")

    def reload(self, *, reading: ContactId | None = None, changed: ContactId | None = None) -> None:
        """The contacts have changed: show what is stored by now.

        Args:
            reading: The contact whose newest texts are being looked at: they never count as unread, also not for
                the moment until the store knows.
            changed: The only contact that has changed; None where it may be any.
        """
        self._reading = reading
        if self._everybody is not None:
            self._read_everybody(changed)
        self._show()

    def _show(self) -> None:
        stored = Stored(self._session.store.contacts, self._reading)
        self.unread = stored.unread()
        self._listing = stored
        words = self._field.value.strip()
        if words and self._everybody is not None:
            naming = self._session.naming
            self._listing = Found(
                stored.seen(each) for each in self._everybody if matches(each, words, naming)
            )
        nobody = "No contact holds that."
        if not words:
            nobody = "No contacts yet." if self._session.store.contacts.is_empty() else "All are archived."
        self.list.show(self._listing, now=self._session.now(), nobody=nobody)

    def _read_everybody(self, changed: ContactId | None) -> None:
        """Names are compared as they are shown, which the store cannot: all are read, but once."""
        contacts = self._session.store.contacts
        if self._everybody is None or changed is None:
            self._everybody = contacts.summaries()
            return
        summary = contacts.summary(changed)
        self._everybody = [each for each in self._everybody if each.contact.id != changed]
        if summary and not summary.contact.archived:
            insort(self._everybody, summary, key=list_key)

    def next_unread(self, after: ContactId | None) -> ContactId | None:
        """The next contact in the list with unread texts, from a contact on and round; None where there is none."""
        listing = self._listing
        count = listing.count()
        place = None if after is None else listing.place(after)
        start = 0 if place is None else place + 1
        for first, end in ((start, count), (0, start)):
            for begin in range(first, end, _AT_ONCE):
                for summary in listing.rows(begin, min(_AT_ONCE, end - begin)):
                    if summary.unread and summary.contact.id != after:
                        return summary.contact.id
        return None

    def begin_filter(self) -> None:
        """Show the field and put the cursor into it."""
        self.add_class("-filtering")
        self._read_everybody(None)
        self._field.focus()

    def action_highlight(self, step: int) -> None:
        """Highlight another contact while the cursor is in the field."""
        self.list.action_move(step)

    def end_filter(self) -> None:
        """Show all contacts again."""
        self._field.value = ""
        self.remove_class("-filtering")
        self._everybody = None
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as one types."""
        event.stop()
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the first that fits."""
        event.stop()
        self.list.focus()
        if self.list.highlighted is not None:
            # Posted from here: what a handler of ours posts in the list's name would stop at us.
            self.post_message(ContactList.Opened(self.list.highlighted))
