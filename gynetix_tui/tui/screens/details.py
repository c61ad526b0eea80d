"""A contact's details: what is kept here, and what the gateway says of its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from gynetix_tui.errors import GatewayError, GynetixError
from gynetix_tui.model import Contact, ContactId, ContactSummary, PhoneNumber
from gynetix_tui.phone import country_of, display_number
from gynetix_tui.text import clean, clean_line
from gynetix_tui.tui.consent_words import CANNOT_UNDO, heard_from, logged, minute, telling
from gynetix_tui.tui.screens.dialog import Dialog
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.wrapping import fit, wrap

LABEL_CELLS = 13
BOX_CELLS = 80
FRAME_CELLS = 5
"""What the box takes of its width for itself: padding and scroll bar."""
FRAME_ROWS = 5
"""What it takes of its height: padding, the title and the blank rows around what scrolls."""
MOST_LINES = 50
"""Entries of the log, and pairs of the gateway's: there may be any number of either."""
LONGEST_NAME, LONGEST_VALUE = 60, 1000

Act = Callable[[ContactSummary], None]


class Details(Dialog[None]):
    """One contact. What the gateway says is fetched while it is open; nothing waits for that.

    Args:
        session: What it works with.
        contact_id: Whose details.
        edit: Has name and note changed.
        suppress: Has the user asked about a suppression.
        dismiss_plea: What may be an opt-out is none.

    Attributes:
        contact_id: Whose details.
    """

    BINDINGS = [
        Binding("e", "edit", show=False),
        Binding("x", "suppress", show=False),
        Binding("h", "hours_hint", show=False),
        Binding("z", "dismiss_plea", show=False),
        Binding("i,q,enter", "cancel", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "end(-1)", show=False),
        Binding("end", "end(1)", show=False),
    ]
    DEFAULT_CSS = """
    Details {
        & > .box { width: 80; }
        VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
        .keys { margin-top: 1; }
    }
    """

    def __init__(
        self, session: Session, contact_id: ContactId, *, edit: Act, suppress: Act, dismiss_plea: Act
    ) -> None:
        super().__init__()
        self.contact_id = contact_id
        self._session = session
        self._edit = edit
        self._suppress = suppress
        self._dismiss_plea = dismiss_plea
        self._local_time = ""
        self._answer: tuple[tuple[str, str], ...] = ()
        self._about_answer = "asking the gateway ..."
        self._left = False

    def compose(self) -> ComposeResult:
        """From top to bottom; the keys stay in sight."""
        with Vertical(classes="box"):
            yield Static(id="who", classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(id="facts")
            yield Static(id="keys", classes="hint keys")

    def on_mount(self) -> None:
        """Show what is kept here; ask for the rest."""
        super().on_mount()
        self.changed()
        self.run_worker(self._ask_gateway())
        self.run_worker(self._find_local_time())

    def on_resize(self) -> None:
        """Lines are as wide as the box."""
        self.changed()

    def on_screen_resume(self) -> None:
        """A dialog above this one is gone; so may the contact be, by now."""
        if self._summary is None:
            self._deleted()

    # What is told

    @property
    def _summary(self) -> ContactSummary | None:
        return self._session.store.contacts.summary(self.contact_id)

    def changed(self) -> None:
        """The store holds something else of the contact, or the box has another size."""
        summary = self._summary
        if summary is None:
            self._deleted()
            return
        width, height = self.app.size
        cells = min(BOX_CELLS, width * 96 // 100) - FRAME_CELLS
        keys = self._keys(summary.contact)
        self.query_one("#who", Static).update(Content(fit(self._session.naming.title(summary), cells)))
        self.query_one("#keys", Static).update(Content(keys))
        self.query_one("#facts", Static).update(Content.assemble(*self._facts(summary, cells)))
        rows = height * 96 // 100 - FRAME_ROWS - len(wrap(keys, cells + 1))
        self.query_one(VerticalScroll).styles.max_height = max(rows, 1)

    def _deleted(self) -> None:
        """Another client deleted the contact, of which one may hear more than once; a screen can go only once.

        Nor may it go from under another one; `is_current` would hold there, too.
        """
        if self.app.screen is self and not self._left:
            self._left = True
            self.dismiss(None)

    def _keys(self, contact: Contact) -> str:
        keys = ["e edit"]
        if not contact.suppressed:
            keys.append("x suppress")
        if contact.plea:
            keys.append("z no opt-out")
        keys.append(f"h quiet-hours hint {'off' if contact.hours_hint else 'on'}")
        return " · ".join([*keys, "Esc closes"])

    def _facts(self, summary: ContactSummary, cells: int) -> list[str | tuple[str, str]]:
        """The pieces of the text, with their styles."""
        contact = summary.contact
        facts = [
            ("Note", clean(contact.note)),
            ("Number", self._number(contact.number)),
            ("Local time", self._local_time),
            ("Texts go from", self._sender(summary)),
            *self._texts(contact),
            ("State", "\n".join(self._state(contact))),
            ("Quiet hours", f"hint {'on' if contact.hours_hint else 'off'}"),
        ]
        pieces: list[str | tuple[str, str]] = []
        for label, words in facts:
            if words:
                pieces += [(f"{label:<{LABEL_CELLS}} ", "dim"), f"{_hung(words, LABEL_CELLS + 1, cells)}\n"]
        pieces += [("\nOpt-outs\n", "bold"), *self._log(contact, cells)]
        pieces += [("\nWhat the gateway says\n", "bold"), *self._gateways(cells)]
        return pieces

    def _number(self, number: PhoneNumber) -> str:
        country = country_of(number)
        shown = display_number(number, self._session.settings.numbers.region, "international")
        return f"{shown} ({country})" if country else shown

    def _sender(self, summary: ContactSummary) -> str:
        sender = self._session.sender_for(summary)
        if sender is None:
            return "no local number: set gateway.from_number in config.toml"
        own = summary.contact.local_number is not None
        return f"{self._session.shown(sender)} ({'of this conversation' if own else 'as for every new conversation'})"

    def _texts(self, contact: Contact) -> list[tuple[str, str]]:
        figures = self._session.store.conversations.statistics(contact.id)
        counted = [("Texts", f"{figures.incoming:,} from them, {figures.outgoing:,} from you")]
        for label, at in (("First text", figures.first_at), ("Last text", figures.last_at)):
            if at is not None:
                counted.append((label, minute(at, self._session.calendar)))
        return counted

    def _state(self, contact: Contact) -> list[str]:
        said = heard_from(contact, self._session.calendar)
        if contact.suppressed:
            said.append(f"Suppressed: the gateway sends this number no more texts. {CANNOT_UNDO}")
        elif contact.opt_out:
            said.append("Nothing is sent to them unless they text START.")
        return said

    def _log(self, contact: Contact, cells: int) -> list[str | tuple[str, str]]:
        entries = telling(self._session.store.consent.of(contact.number))
        if not entries:
            return ["none so far\n"]
        calendar = self._session.calendar
        pieces: list[str | tuple[str, str]] = []
        if len(entries) > MOST_LINES:
            pieces.append((f"{len(entries) - MOST_LINES:,} earlier ones\n", "dim"))
        for entry in entries[-MOST_LINES:]:
            at = minute(entry.at if entry.ts is None else entry.ts, calendar)
            pieces += [(f"{at} ", "dim"), f"{_hung(logged(entry), len(at) + 1, cells)}\n"]
        return pieces

    def _gateways(self, cells: int) -> list[str | tuple[str, str]]:
        if self._about_answer:
            return [(_hung(self._about_answer, 0, cells), "dim")]
        lines = [
            _hung(f"{clean_line(name, limit=LONGEST_NAME)}: {clean(value, limit=LONGEST_VALUE)}", 2, cells)
            for name, value in self._answer[:MOST_LINES]
        ]
        if len(self._answer) > MOST_LINES:
            lines.append(f"and {len(self._answer) - MOST_LINES:,} more")
        return ["\n".join(lines)]

    # What is fetched

    async def _ask_gateway(self) -> None:
        try:
            self._answer = await self._session.engine.details(self.contact_id)
        except GatewayError as error:
            self._about_answer = f"not known: {clean_line(str(error))}"
        except GynetixError as error:
            self._about_answer = clean_line(str(error))
        else:
            self._about_answer = "" if self._answer else "nothing beyond the texts"
        self.changed()

    async def _find_local_time(self) -> None:
        summary = self._summary
        if summary is not None:
            # In a thread: the table of zones takes a while to load.
            self._local_time = await asyncio.to_thread(
                _local_time, summary.contact.number, self._session.now()
            )
            self.changed()

    # What can be done

    def action_edit(self) -> None:
        """Change name and note."""
        self._act(self._edit)

    def action_suppress(self) -> None:
        """Ask about a suppression."""
        self._act(self._suppress)

    def action_dismiss_plea(self) -> None:
        """What may be an opt-out is none."""
        self._act(self._dismiss_plea)

    def _act(self, act: Act) -> None:
        if summary := self._summary:
            act(summary)

    async def action_hours_hint(self) -> None:
        """Hint at quiet hours from now on, or no more."""
        if summary := self._summary:
            try:
                await self._session.engine.set_hours_hint(self.contact_id, not summary.contact.hours_hint)
            except GynetixError as error:
                self.notify(clean_line(str(error)), severity="warning", markup=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        box = self.query_one(VerticalScroll)
        box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)

    def action_end(self, way: int) -> None:
        """Scroll to the top or to the end."""
        box = self.query_one(VerticalScroll)
        box.scroll_to(y=0 if way < 0 else box.max_scroll_y, animate=False)


def _local_time(number: PhoneNumber, now: float) -> str:
    from gynetix_tui.sms.quiet import local_time

    return local_time(number, now=now)


def _hung(text: str, indent: int, cells: int) -> str:
    """A cleaned text broken into lines, all but the first behind an indent; what stands before that is as wide."""
    return ("\n" + " " * indent).join(text[start:end] for start, end in wrap(text, cells - indent))
