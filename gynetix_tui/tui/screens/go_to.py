"""The switcher: go to a conversation by part of its name or number."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gynetix_tui.model import ContactId, ContactSummary
from gynetix_tui.tui.screens.dialog import Dialog
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.contact_list import matches

MOST = 50
"""Entries shown: whoever needs more types more."""
MOST_ROWS = 14
"""Of them in sight."""


class GoTo(Dialog[ContactId]):
    """A field, and under it the conversations that fit."""

    BINDINGS = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    GoTo {
        OptionList { border: none; background: $panel; margin-top: 1; padding: 0; }
        OptionList:focus { border: none; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._all = session.store.contacts.summaries(archived=True)
        self._found: list[ContactSummary] = []

    def compose(self) -> ComposeResult:
        """The field and the list."""
        with Vertical(classes="box"):
            yield Static("Go to", classes="title")
            yield Input(placeholder="Part of a name or number", compact=True)
            found = OptionList(compact=True)
            found.can_focus = False
            yield found

    def on_mount(self) -> None:
        """Show the latest conversations."""
        super().on_mount()
        # As high as all of them: fewer that fit must not move the field away from under the hands.
        self.query_one(OptionList).styles.height = max(1, min(MOST_ROWS, len(self._all)))
        self._search("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search."""
        self._search(event.value.strip())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the highlighted conversation."""
        event.stop()
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.dismiss(self._found[index].contact.id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the conversation that was clicked."""
        self.dismiss(self._found[event.option_index].contact.id)

    def action_move(self, step: int) -> None:
        """Highlight another one."""
        found = self.query_one(OptionList)
        if step > 0:
            found.action_cursor_down()
        else:
            found.action_cursor_up()

    def _search(self, text: str) -> None:
        naming = self._session.naming
        if text:
            matcher = Matcher(text)
            scored = [
                (matcher.match(naming.title(s)) or float(matches(s, text, naming)), s) for s in self._all
            ]
            scored = [entry for entry in scored if entry[0] > 0]
            scored.sort(key=lambda entry: -entry[0])
            self._found = [summary for _, summary in scored[:MOST]]
        else:
            self._found = self._all[:MOST]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(Content(self._words(summary))) for summary in self._found])
        if self._found:
            listed.highlighted = 0
        else:
            listed.add_option(Option("No conversation fits.", disabled=True))

    def _words(self, summary: ContactSummary) -> str:
        title, number = self._session.naming.title(summary), self._session.naming.number(summary)
        unread = f"{summary.unread} new · " if summary.unread else ""
        archived = "archived · " if summary.contact.archived else ""
        return f"{unread}{archived}{number}" + (f" · {title}" if title != number else "")
