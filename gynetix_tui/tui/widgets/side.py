"""The left side: the contacts, and a field to filter them that is there only while it is used."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from gynetix_tui.model import ContactId
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.contact_list import ContactList


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

    def reload(self, *, reading: ContactId | None = None) -> None:
        """Read the contacts anew.

        Args:
            reading: The contact whose newest texts are being looked at: they never count as unread, also not for
                the moment until the store knows.
        """
        summaries = self._session.store.contacts.summaries()
        if reading is not None:
            summaries = [replace(s, unread=0) if s.contact.id == reading else s for s in summaries]
        self.unread = sum(s.unread for s in summaries if not s.contact.muted)
        self.list.show(summaries, now=self._session.now())

    def next_unread(self, after: ContactId | None) -> ContactId | None:
        """The next contact in the list with unread texts, from a contact on and round; None where there is none."""
        shown = list(self.list.shown)
        ids = [summary.contact.id for summary in shown]
        start = ids.index(after) + 1 if after in ids else 0
        for summary in shown[start:] + shown[:start]:
            if summary.unread and summary.contact.id != after:
                return summary.contact.id
        return None

    def begin_filter(self) -> None:
        """Show the field and put the cursor into it."""
        self.add_class("-filtering")
        self._field.focus()

    def action_highlight(self, step: int) -> None:
        """Highlight another contact while the cursor is in the field."""
        self.list.action_move(step)

    def end_filter(self) -> None:
        """Show all contacts again."""
        self._field.value = ""
        self.remove_class("-filtering")
        self.list.filter("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as one types."""
        event.stop()
        self.list.filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the first that fits."""
        event.stop()
        self.list.focus()
        if self.list.highlighted is not None:
            # Posted from here: what a handler of ours posts in the list's name would stop at us.
            self.post_message(ContactList.Opened(self.list.highlighted))
