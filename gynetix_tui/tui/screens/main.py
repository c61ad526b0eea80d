"""The main screen: contacts at the left, the conversation at the right, and where each command goes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from gynetix_tui.engine.events import (
    ContactChanged,
    ContactsChanged,
    Event,
    Link,
    LinkChanged,
    LinkState,
    Notice,
    StoreTrouble,
)
from gynetix_tui.errors import GynetixError
from gynetix_tui.model import ContactId, SendState
from gynetix_tui.text import clean, clean_line
from gynetix_tui.tui.browser import Opener
from gynetix_tui.tui.commands import Place, bindings
from gynetix_tui.tui.screens.contact_commands import ContactCommands
from gynetix_tui.tui.screens.dialog import Question
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.widgets.bar import Bar
from gynetix_tui.tui.widgets.contact_list import ContactList
from gynetix_tui.tui.widgets.conversation import Conversation
from gynetix_tui.tui.widgets.status import filter_words, key_words, link_words
from gynetix_tui.tui.widgets.talk import Talk
from gynetix_tui.tui.window import MOST as MOST_LOADED

ONE_PANE_BELOW = 70
"""Columns below which the list or the conversation is shown, not both."""
WIDE_FROM = 100
SMALLEST = (40, 15)


class EngineSpoke(Message):
    """An event of the engine's, on its way to the screen."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event

    def can_replace(self, message: Message) -> bool:
        """Events carry state: of several alike in a row one is enough."""
        if not isinstance(message, EngineSpoke):
            return False
        both_links = isinstance(self.event, LinkChanged) and isinstance(message.event, LinkChanged)
        return self.event == message.event or both_links


class MainScreen(ContactCommands):
    """Routes what the user does to the engine, and what the engine says to the part that shows it.

    Args:
        session: What it works with.
        environ: The environment of what it starts: a browser.

    Attributes:
        opener: Opens links.
    """

    BINDINGS = bindings(Place.EVERYWHERE)  # type: ignore[assignment]  # Textual types it as a ClassVar of a union
    AUTO_FOCUS = "#contacts"
    DEFAULT_CSS = """
    MainScreen {
        background: $background;
        & > #status { background: $panel; }
        & > #banner { display: none; height: auto; padding: 0 1; background: $warning 20%; color: $text-warning; }
        & > #keys { background: $panel; }
        & > #body { height: 1fr; }
        layers: base above;
        & > #too-small { display: none; layer: above; width: 100%; height: 100%; background: $background; }
        &.-medium Side { width: 26; }
        &.-one-pane Side { width: 1fr; }
        &.-one-pane Talk { display: none; }
        &.-one-pane.-talking Side { display: none; }
        &.-one-pane.-talking Talk { display: block; }
        &.-too-small > #too-small { display: block; }
    }
    """

    def __init__(self, session: Session, environ: Mapping[str, str]) -> None:
        super().__init__(session)
        self._status = Bar(id="status")
        self._keys = Bar(id="keys")
        self.opener = Opener(environ)
        self._link: Link = session.engine.link

    def compose(self) -> ComposeResult:
        """From top to bottom; the size comes first: a class that changes later has all looks found out anew."""
        self._fit(self.app.size)
        yield self._status
        yield Static(id="banner")
        with Horizontal(id="body"):
            yield self._side
            yield self.talk
        yield Static(
            Content(f"This needs a terminal of {SMALLEST[0]} columns and {SMALLEST[1]} lines."),
            id="too-small",
        )
        yield self._keys

    def on_mount(self) -> None:
        """Say how things stand; laid out for its size at once, the first frame is the only one."""
        self._show_status()
        self._show_keys()
        self._wait_for_midnight()
        for notice in self._session.notices:
            self._say(notice, warning=True, seconds=60)

    def _wait_for_midnight(self) -> None:
        """The list's times say "12:33" for today and "Tue" for yesterday: at midnight they change."""

        def midnight() -> None:
            self._show_contacts()
            self._wait_for_midnight()

        now = self._session.now()
        self.set_timer(max(self._session.calendar.seconds_to_midnight(now), 1) + 1, midnight)

    def on_resize(self, event: events.Resize) -> None:
        """Another size."""
        self._fit(event.size)
        self.call_after_refresh(self._show_keys)
        self.call_after_refresh(self._show_status)

    def _fit(self, size: Size) -> None:
        """One pane or two, or too small for either."""
        width, height = size
        self.set_class(width < ONE_PANE_BELOW, "-one-pane")
        self.set_class(width < WIDE_FROM, "-medium")
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-too-small")

    # What the engine says

    async def on_engine_spoke(self, message: EngineSpoke) -> None:
        """Show it."""
        event = message.event
        match event:
            case ContactChanged():
                if event.contact_id == self.talk.contact_id:
                    self.talk.changed()
                self._show_contacts(changed=event.contact_id)
                self._show_details(event.contact_id)
            case ContactsChanged():
                self.talk.changed()
                self._show_contacts()
                self._show_details()
            case LinkChanged():
                self._link = event.link
                self._show_status()
                if event.link.state is LinkState.STARTING:  # there is a key
                    self._ask_local_number()
            case StoreTrouble():
                await self._show_store_trouble(event.reason)
            case Notice():
                self._say(event.text, warning=event.warning)
            case _:
                pass  # the key is the app's business

    def _ask_local_number(self) -> None:
        """Ask for the number alone where the key came from elsewhere; nothing can be sent to a new number before."""
        if self._session.local_number is not None or len(self.app.screen_stack) > 1:
            return
        from gynetix_tui.tui.screens.local_number import LocalNumber

        self.app.push_screen(LocalNumber(self._session), lambda _: self.show_local_number())

    def show_local_number(self) -> None:
        """The account's local number is another one: say so where it stands."""
        self._show_status()
        self.talk.changed()

    def _show_contacts(self, *, changed: ContactId | None = None) -> None:
        reading = self.talk.reading
        self._side.reload(reading=reading.contact.id if reading else None, changed=changed)
        self._show_status()

    def _show_status(self) -> None:
        number = self._session.local_number
        profile = self._session.settings.profile
        whose = "demo" if self._session.demo else profile
        more = (
            "nothing leaves this machine" if self._session.demo and self.app.size.width >= WIDE_FROM else ""
        )
        left = " · ".join(filter(None, (whose, self._session.shown(number) if number else "", more)))
        if self.app.size.width < ONE_PANE_BELOW:
            left = whose  # the right side says more
        unread = self._side.unread
        name = ""
        if self._link.contact_id is not None:
            summary = self._session.store.contacts.summary(self._link.contact_id)
            name = self._session.naming.title(summary) if summary else ""
        pieces = [(f"{unread} unread", "strong"), (" · ", "dim")] if unread else []
        # What is kept of the left side is the program's name, with the bar's blanks around and one between.
        room = self.app.size.width - len(" Gynetix  ") - sum(len(text) for text, _ in pieces)
        words, look = link_words(self._link, self._session.calendar, name=name, room=room)
        if self._link.state is LinkState.STARTING and self._session.store.contacts.is_empty():
            words = "no contacts to ask about yet"
        self._status.show(
            [("Gynetix", "strong"), (f" · {left}" if left else "", "dim")], [*pieces, (words, look)]
        )

    async def _show_store_trouble(self, reason: str) -> None:
        banner = self.query_one("#banner", Static)
        banner.display = bool(reason)
        banner.update(Content(f"{clean_line(reason)} Nothing is sent meanwhile; what you write stays here."))
        if not reason:
            await self.talk.keep_drafts()

    def on_talk_problem(self, message: Talk.Problem) -> None:
        """Say it."""
        self._say(message.text, warning=True)

    # Where the user is

    def on_descendant_focus(self) -> None:
        """Show the keys of the place; on a narrow terminal, the pane with the focus."""
        self.set_class(self.place is not Place.LIST, "-talking")
        self._show_keys()

    def _show_keys(self) -> None:
        keys, width = self._session.keys, self.app.size.width
        in_filter = self.focused is not None and self.focused.id == "filter"
        self._keys.show(filter_words(keys, width) if in_filter else key_words(keys, self.place, width))

    def _parts(self) -> list[Widget]:
        parts: list[Widget] = [self._side.list]
        if self.talk.summary:
            parts.append(self.talk.conversation)
        if not self.talk.composer.disabled:
            parts.append(self.talk.composer)
        return parts

    def action_move_focus(self, step: int) -> None:
        """From part to part, round."""
        parts = self._parts()
        index = parts.index(self.focused) + step if self.focused in parts else 0
        self._focus(parts[index % len(parts)])

    def action_back(self) -> None:
        """One step back: out of the selection, the filter, the composer, the texts."""
        if self.selections:
            self.clear_selection()
        elif self._side.filtering:
            self._side.end_filter()
            self._focus(self._side.list)
        elif self.focused is self.talk.conversation and self.talk.conversation.cursor is not None:
            self.talk.conversation.action_last()
            self._focus(self._parts()[-1])
        else:
            self._focus(self._side.list)

    def action_simplify(self) -> None:
        """Show what the text would be with plain characters, where that saves a segment."""
        self.talk.composer.action_simplify()

    def action_write(self) -> None:
        """To the composer."""
        self._focus(self._parts()[-1])

    def action_filter(self) -> None:
        """To the filter."""
        self._focus(self._side.list)
        self._side.begin_filter()

    # Conversations

    def open(self, contact_id: ContactId) -> None:
        """Open a conversation with the cursor in the composer."""
        self.talk.open(contact_id)
        self._side.list.mark_open(self.talk.contact_id)
        self._focus(self._parts()[-1])
        self._show_status()

    async def on_contact_list_opened(self, message: ContactList.Opened) -> None:
        """Open it."""
        self.open(message.contact_id)

    async def action_move_conversation(self, step: int) -> None:
        """Open the conversation above or below in the list."""
        other = self._side.list.neighbour(self.talk.contact_id, step)
        if other is not None:
            self.open(other)

    async def action_next_unread(self) -> None:
        """Open the next conversation with unread texts."""
        unread = self._side.next_unread(self.talk.contact_id)
        if unread is None:
            self._say("Nothing is unread.")
        else:
            self.open(unread)

    def action_new_conversation(self) -> None:
        """Ask whom it is with, and open it."""
        from gynetix_tui.tui.screens.new_conversation import NewConversation, Person

        async def begin(person: Person | None) -> None:
            if person is None:
                return
            contact_id = person.contact_id
            try:
                if person.number:
                    contact_id = await self._session.engine.add_contact(
                        person.number, person.name, local_number=person.local_number
                    )
            except GynetixError as error:
                self._say(str(error), warning=True)
            else:
                if contact_id is not None:
                    self._side.end_filter()
                    self._side.reload()
                    self.open(contact_id)

        self.app.push_screen(NewConversation(self._session), begin)

    def action_go_to(self) -> None:
        """Ask where to, and open it."""
        from gynetix_tui.tui.screens.go_to import GoTo

        async def go(contact_id: ContactId | None) -> None:
            if contact_id is not None:
                self.open(contact_id)

        self.app.push_screen(GoTo(self._session), go)

    def action_refresh_now(self) -> None:
        """Fetch now."""
        self._session.engine.refresh()

    # The text in question

    def action_decide(self) -> None:
        """Send again, or discard, a text that failed, waits, or may have been sent."""
        if self.talk.current is None:  # without a cursor it is about the newest text, as copying is
            self.talk.conversation.action_move(-1)
        item = self.talk.current
        if item is None or item.outbox_id is None or item.state not in {
            SendState.FAILED, SendState.UNCONFIRMED, SendState.QUEUED,
        }:  # fmt: skip
            self._say("This text was sent. Up goes to one that was not, or that may not have been.")
            return
        outbox_id, engine = item.outbox_id, self._session.engine

        async def decide(answer: str | None) -> None:
            if answer == "again":
                await self._try(engine.send_again(outbox_id))
            elif answer == "discard":
                await self._try(engine.discard(outbox_id))

        if item.state is SendState.FAILED:
            title, text = "Send it again?", " ".join(["It was not sent.", *self.talk.doubts(item.text)])
        elif item.state is SendState.QUEUED:
            title, text = "Discard it?", "It waits to be sent. Discarded, it is not sent."
        elif item.missing:
            title, text = (
                "Send it again?",
                "It was looked for at the gateway, more than once, and not found there.",
            )
        else:
            title = "Send it again?"
            text = "It may have been sent. If it was, the other side gets it twice. The gateway is still being asked."
        answers = [("again", "Send again"), ("discard", "Discard"), ("leave", "Leave as it is")]
        if item.state is SendState.QUEUED:
            del answers[0]
        self.app.push_screen(Question(title, f"{text}\n\n{clean(item.text, limit=300)}", answers), decide)

    async def action_links(self) -> None:
        """List the links of the text under the cursor, or of the newest texts; open or copy the one chosen."""
        from gynetix_tui.links import targets_in
        from gynetix_tui.tui.screens.links import MOST, Chosen, Links

        if self.talk.contact_id is None:
            self._say("Open a conversation to see its links.")
            return
        item = self.talk.current
        items = (
            [item] if item else self._session.store.conversations.newest(self.talk.contact_id, MOST_LOADED)
        )
        # In a thread: texts are as long, and as many, as others want them to be.
        links = await asyncio.to_thread(targets_in, [each.text for each in reversed(items)], MOST)
        if self.app.screen is not self:
            return  # the key was pressed twice, and the list is there
        if not links:
            self._say("There is no link in this text." if item else "There is no link in these texts.")
            return

        async def act(chosen: Chosen | None) -> None:
            if chosen and chosen.copy:
                self._copy(chosen.target)
            elif chosen:
                self.run_worker(self._try(self.opener.open(chosen.target)))

        copy_key = self._session.keys.of("copy")[0]
        self.app.push_screen(Links(links, trouble=self.opener.trouble, copy_key=copy_key), act)

    def on_conversation_copied(self, message: Conversation.Copied) -> None:
        """Copy it."""
        self._copy(message.text)

    def _copy(self, text: str) -> None:
        """Hand a cleaned text to the terminal, which may or may not take it."""
        self.app.copy_to_clipboard(text)
        self._say("Sent to the terminal's clipboard.")

    # The program

    def action_help(self) -> None:
        """Show every key."""
        from gynetix_tui.tui.screens.help import Help

        self.app.push_screen(Help(self._session.keys, self.place))

    async def action_palette(self) -> None:
        """Offer every command."""
        await self.run_action("app.palette")

    async def action_editor(self) -> None:
        """Write in the user's own editor."""
        if self.talk.composer.read_only:
            self._say("The composer is locked: nothing can be written here.")
            return
        await self.run_action("app.editor")
