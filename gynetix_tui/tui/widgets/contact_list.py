"""The contacts with what was said last: two rows each, drawn only where they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from gynetix_tui.model import ContactId, ContactSummary, Direction, SendState
from gynetix_tui.phone import display_number
from gynetix_tui.text import clean_line
from gynetix_tui.tui.commands import Place, bindings
from gynetix_tui.tui.timestamps import Calendar
from gynetix_tui.tui.widgets.painted import Painted
from gynetix_tui.tui.wrapping import fit

ROWS = 2
TIME_CELLS = 6
WHEEL_CONTACTS = 2
NEAR = 20
"""Contacts that are read above and below those that are seen, so that not each step reads."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How contacts are called and times are read.

    Attributes:
        region: The home region.
        display: How numbers are shown: one of the words of numbers.display.
    """

    region: str
    calendar: Calendar
    display: str = "auto"

    def title(self, summary: ContactSummary) -> str:
        """The contact's name, cleaned, or the number where there is none."""
        return clean_line(summary.contact.name) or self.number(summary)

    def number(self, summary: ContactSummary) -> str:
        """The number as people read it."""
        return display_number(summary.contact.number, self.region, self.display)


class Listing(Protocol):
    """What the list shows, in its order. There may be very many: no method's cost may be that of reading all."""

    def count(self) -> int:
        """How many contacts there are."""
        ...

    def rows(self, first: int, count: int) -> Sequence[ContactSummary]:
        """The contacts from a place on, so many at most."""
        ...

    def place(self, contact_id: ContactId) -> int | None:
        """How many contacts stand before this one; None where it is not in the list."""
        ...


class ContactList(Painted, can_focus=True):
    """The list; what is highlighted is a contact, wherever in the list it moves to.

    In memory are the contacts that are seen, and some around them.
    """

    BINDINGS = bindings(Place.LIST)  # type: ignore[assignment]  # Textual types it as a ClassVar of a union
    COMPONENT_CLASSES = {
        "contact-list--time",
        "contact-list--name",
        "contact-list--unread",
        "contact-list--preview",
        "contact-list--trouble",
        "contact-list--cursor",
    }
    DEFAULT_CSS = """
    ContactList {
        height: 1fr;
        .contact-list--time { color: $text-muted; }
        .contact-list--unread { color: $text-accent; text-style: bold; }
        .contact-list--preview { color: $text-muted; }
        .contact-list--trouble { color: $text-warning; }
        .contact-list--cursor { color: $accent; text-style: bold; }
    }
    """

    class Opened(Message):
        """The user wants to see a contact's conversation."""

        def __init__(self, contact_id: ContactId) -> None:
            super().__init__()
            self.contact_id = contact_id

    def __init__(self, naming: Naming, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._naming = naming
        self._now = 0.0
        self._listing: Listing | None = None
        self._nobody = ""
        self._count = 0
        self._first = 0  # the place of the first contact in memory
        self._rows: Sequence[ContactSummary] = ()
        self._top = 0
        self._open: ContactId | None = None
        self.highlighted: ContactId | None = None

    # What is shown

    def show(self, listing: Listing, *, now: float, nobody: str = "No contacts yet.") -> None:
        """Show these contacts, which may have changed; what is highlighted stays so, or else the first is.

        Args:
            listing: The contacts.
            now: The clock, epoch seconds.
            nobody: What to say where there are none.
        """
        self._listing, self._now, self._nobody = listing, now, nobody
        self._count, self._rows = listing.count(), ()
        place = self._place(self.highlighted)
        if place is None:
            place, self.highlighted = 0, self._at(0)
        self._bring_into_sight(place)
        self.repaint()

    def mark_open(self, contact_id: ContactId | None) -> None:
        """The conversation of this contact is the one on the screen."""
        self._open = contact_id
        if self._place(contact_id) is not None:
            self.highlighted = contact_id
        self._bring_into_sight(self._place(self.highlighted))
        self.repaint()

    @property
    def shown(self) -> Sequence[ContactSummary]:
        """All contacts of the list, in its order; they are read for it."""
        return self._listing.rows(0, self._count) if self._listing else ()

    def neighbour(self, contact_id: ContactId | None, step: int) -> ContactId | None:
        """The contact so many places after another in the list; None where there is none."""
        place = self._place(contact_id)
        return self._at(0 if place is None else place + step)

    def _place(self, contact_id: ContactId | None) -> int | None:
        """Where a contact stands: on the screen, if it is there; the store may have another order already."""
        for place, row in enumerate(self._rows, self._first):
            if row.contact.id == contact_id:
                return place
        return None if contact_id is None or self._listing is None else self._listing.place(contact_id)

    def _at(self, place: int) -> ContactId | None:
        """The contact at a place; None beyond the ends."""
        row = next(iter(self._read(place, 1)), None) if place >= 0 else None
        return row.contact.id if row else None

    def _read(self, first: int, count: int) -> Sequence[ContactSummary]:
        """The contacts from a place on, in one reading: of two, the second might be of another order."""
        end = min(first + count, self._count)
        if self._listing and not self._first <= first <= end <= self._first + len(self._rows):
            self._first = max(0, first - NEAR)
            self._rows = self._listing.rows(self._first, first - self._first + count + NEAR)
        return self._rows[first - self._first : end - self._first]

    # Drawing

    def paint(self, size: Size) -> list[Strip]:
        """Two rows for each contact that is seen."""
        looks = {name: self.look(f"contact-list--{name}") for name in (
            "time", "name", "unread", "preview", "trouble", "cursor")}  # fmt: skip
        strips: list[Strip] = []
        for summary in self._read(self._top, -(-size.height // ROWS)):
            for pieces in self._lines(summary, looks, size.width):
                strips.append(self.strip(pieces, size.width, self.look()))
        if not self._count:
            words = [(f" {self._nobody}", looks["preview"])]
            strips.append(self.strip(words, size.width, self.look()))
        blank = Strip.blank(size.width, self.look())
        return (strips + [blank] * size.height)[: size.height]

    def _lines(
        self, summary: ContactSummary, looks: dict[str, Style], width: int
    ) -> list[list[tuple[str, Style]]]:
        contact = summary.contact
        marked = contact.id == self.highlighted
        mark = ("▌" if self.has_focus else "│") if marked else " "
        room = width - TIME_CELLS - 3
        time = self._naming.calendar.short(summary.last_at, now=self._now) if summary.has_messages else ""
        name_look = (
            looks["name"] + Style(bold=True)
            if summary.unread or marked or contact.id == self._open
            else looks["name"]
        )
        count = str(summary.unread) if summary.unread < 1000 else "999+"
        flag = count if summary.unread else "muted" if contact.muted else "pinned" if contact.pinned else ""
        preview, look = self._preview(summary)
        return [
            [(mark, looks["cursor"]), (f"{time:>{TIME_CELLS}} ", looks["time"]), (fit(self._naming.title(summary), room), name_look)],
            [
                (mark, looks["cursor"]),
                (f"{flag:>{TIME_CELLS}} ", looks["unread"] if summary.unread and not contact.muted else looks["time"]),
                (fit(preview, room), looks[look]),
            ],
        ]  # fmt: skip

    def _preview(self, summary: ContactSummary) -> tuple[str, str]:
        text = clean_line(summary.last_text)
        if summary.draft and summary.contact.id != self._open and summary.contact.may_be_texted:
            return f"Draft: {clean_line(summary.draft)}", "preview"
        if summary.last_state is SendState.FAILED:
            return f"! not sent: {text}", "trouble"
        if summary.last_state is SendState.UNCONFIRMED:
            return f"? may have been sent: {text}", "trouble"
        if summary.last_state is SendState.QUEUED:
            return f"… queued: {text}", "preview"
        if summary.contact.suppressed:
            return f"suppressed · {text}", "trouble"
        if summary.contact.opt_out:
            return f"opt-out · {text}", "trouble"
        if summary.last_direction is Direction.OUT:
            return f"You: {text}", "preview"
        return text, "preview"

    # Moving

    def action_move(self, step: int) -> None:
        """Highlight another contact."""
        place = self._place(self.highlighted)
        self._highlight(0 if place is None else place + step)

    def action_page(self, step: int) -> None:
        """Highlight the contact a page further."""
        self.action_move(step * max(1, self._page - 1))

    def action_first(self) -> None:
        """Highlight the first contact."""
        self._highlight(0)

    def action_last(self) -> None:
        """Highlight the last contact."""
        self._highlight(self._count)

    def action_open(self) -> None:
        """Open the highlighted contact's conversation."""
        if self.highlighted is not None:
            self.post_message(self.Opened(self.highlighted))

    def _highlight(self, place: int) -> None:
        """Highlight the contact at a place, or at the nearest there is."""
        place = max(0, min(place, self._count - 1))
        contact_id = self._at(place)
        if contact_id is not None:
            self.highlighted = contact_id
            self._bring_into_sight(place)
            self.repaint()

    @property
    def _page(self) -> int:
        """How many contacts are seen whole."""
        return max(1, self.size.height // ROWS)

    def _bring_into_sight(self, place: int | None) -> None:
        """Have a place in sight; where it is None, only the ends count."""
        if place is not None:
            self._top = max(place - self._page + 1, min(self._top, place))
        self._top = max(0, min(self._top, self._count - self._page))

    # Mouse, focus, size

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel(-WHEEL_CONTACTS)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(WHEEL_CONTACTS)

    def _wheel(self, contacts: int) -> None:
        self._top = max(0, min(self._top + contacts, self._count - self._page))
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """Open the conversation that was clicked."""
        row = next(iter(self._read(self._top + event.y // ROWS, 1)), None)
        if row:
            self.highlighted = row.contact.id
            self.repaint()
            self.action_open()

    def on_resize(self) -> None:
        """Keep the highlighted contact in sight."""
        self._bring_into_sight(self._place(self.highlighted))
        self.repaint()

    def on_focus(self) -> None:
        """Show the cursor as the keys'."""
        self.repaint()

    def on_blur(self) -> None:
        """Show the cursor as not the keys'."""
        self.repaint()


def matches(summary: ContactSummary, text: str, naming: Naming) -> bool:
    """Whether a contact's name holds a text, or its number the text's digits, in whatever form they are typed."""
    if not text:
        return True
    if text.casefold() in naming.title(summary).casefold():
        return True
    digits = "".join(character for character in text if character.isdigit())
    typed_as_number = all(character.isdigit() or character in "+-(). " for character in text)
    return bool(digits) and typed_as_number and digits in summary.contact.number
