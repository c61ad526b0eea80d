"""The contacts with what was said last: two rows each, drawn only where they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Naming:
    """How contacts are called and times are read.

    Attributes:
        region: The region whose numbers are shown in national format.
    """

    region: str
    calendar: Calendar

    def title(self, summary: ContactSummary) -> str:
        """The contact's name, cleaned, or the number where there is none."""
        return clean_line(summary.contact.name) or self.number(summary)

    def number(self, summary: ContactSummary) -> str:
        """The number as people read it."""
        return display_number(summary.contact.number, self.region)


class ContactList(Painted, can_focus=True):
    """The list; what is highlighted is a contact, wherever in the list it moves to."""

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
        self._all: Sequence[ContactSummary] = ()
        self._shown: list[ContactSummary] = []
        self._filter = ""
        self._top = 0
        self._open: ContactId | None = None
        self.highlighted: ContactId | None = None

    # What is shown

    def show(self, summaries: Sequence[ContactSummary], *, now: float) -> None:
        """Show these contacts, in this order."""
        self._all, self._now = summaries, now
        self._apply_filter()

    def filter(self, text: str) -> None:
        """Show only contacts whose name or number holds a text; all for an empty one."""
        self._filter = text.strip()
        self._apply_filter()

    def mark_open(self, contact_id: ContactId | None) -> None:
        """The conversation of this contact is the one on the screen."""
        self._open = contact_id
        if contact_id is not None and any(summary.contact.id == contact_id for summary in self._shown):
            self.highlighted = contact_id
        self._scroll_to_highlight()
        self.repaint()

    @property
    def shown(self) -> Sequence[ContactSummary]:
        """The contacts that pass the filter, in the list's order."""
        return self._shown

    def neighbour(self, contact_id: ContactId | None, step: int) -> ContactId | None:
        """The contact so many places after another in the list; None where there is none."""
        if not self._shown:
            return None
        ids = [summary.contact.id for summary in self._shown]
        index = ids.index(contact_id) + step if contact_id in ids else 0
        return ids[index] if 0 <= index < len(ids) else None

    def _apply_filter(self) -> None:
        self._shown = [s for s in self._all if matches(s, self._filter, self._naming)]
        ids = [summary.contact.id for summary in self._shown]
        if self.highlighted not in ids:
            self.highlighted = ids[0] if ids else None
        self._scroll_to_highlight()
        self.repaint()

    # Drawing

    def paint(self, size: Size) -> list[Strip]:
        """Two rows for each contact that is seen."""
        looks = {name: self.get_component_rich_style(f"contact-list--{name}") for name in (
            "time", "name", "unread", "preview", "trouble", "cursor")}  # fmt: skip
        strips: list[Strip] = []
        for summary in self._shown[self._top : self._top + -(-size.height // ROWS)]:
            for pieces in self._rows(summary, looks, size.width):
                strips.append(self.strip(pieces, size.width, self.rich_style))
        if not self._shown:
            words = "No contact holds that." if self._filter else "No contacts yet."
            strips.append(self.strip([(f" {words}", looks["preview"])], size.width, self.rich_style))
        blank = Strip.blank(size.width, self.rich_style)
        return (strips + [blank] * size.height)[: size.height]

    def _rows(
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
        if summary.draft and summary.contact.id != self._open:
            return f"Draft: {clean_line(summary.draft)}", "preview"
        text = clean_line(summary.last_text)
        if summary.last_state is SendState.FAILED:
            return f"! not sent: {text}", "trouble"
        if summary.last_state is SendState.UNCONFIRMED:
            return f"? may have been sent: {text}", "trouble"
        if summary.contact.suppressed:
            return f"suppressed · {text}", "trouble"
        if summary.last_direction is Direction.OUT:
            return f"You: {text}", "preview"
        return text, "preview"

    # Moving

    def action_move(self, step: int) -> None:
        """Highlight another contact."""
        ids = [summary.contact.id for summary in self._shown]
        if ids:
            index = ids.index(self.highlighted) + step if self.highlighted in ids else 0
            self._highlight(ids[max(0, min(index, len(ids) - 1))])

    def action_page(self, step: int) -> None:
        """Highlight the contact a page further."""
        self.action_move(step * max(1, self.size.height // ROWS - 1))

    def action_first(self) -> None:
        """Highlight the first contact."""
        if self._shown:
            self._highlight(self._shown[0].contact.id)

    def action_last(self) -> None:
        """Highlight the last contact."""
        if self._shown:
            self._highlight(self._shown[-1].contact.id)

    def action_open(self) -> None:
        """Open the highlighted contact's conversation."""
        if self.highlighted is not None:
            self.post_message(self.Opened(self.highlighted))

    def _highlight(self, contact_id: ContactId) -> None:
        self.highlighted = contact_id
        self._scroll_to_highlight()
        self.repaint()

    def _scroll_to_highlight(self) -> None:
        page = max(1, self.size.height // ROWS)
        for index, summary in enumerate(self._shown):
            if summary.contact.id == self.highlighted:
                self._top = max(index - page + 1, min(self._top, index))
                break
        self._top = max(0, min(self._top, len(self._shown) - page))

    # Mouse, focus, size

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._wheel(-WHEEL_CONTACTS)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._wheel(WHEEL_CONTACTS)

    def _wheel(self, contacts: int) -> None:
        page = max(1, self.size.height // ROWS)
        self._top = max(0, min(self._top + contacts, len(self._shown) - page))
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """Open the conversation that was clicked."""
        index = self._top + event.y // ROWS
        if index < len(self._shown):
            self._highlight(self._shown[index].contact.id)
            self.action_open()

    def on_resize(self) -> None:
        """Keep the highlighted contact in sight."""
        self._scroll_to_highlight()
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
