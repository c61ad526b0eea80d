"""The application: it puts the screens and the engine together, and nothing more."""

from __future__ import annotations

import asyncio
from asyncio import timeout
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from textual import events
from textual.binding import Binding
from textual.driver import Driver
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget

from gynetix_tui.engine.events import Event, KeyNeeded, Link, LinkChanged, LinkState
from gynetix_tui.errors import GynetixError
from gynetix_tui.model import Contact, ContactId
from gynetix_tui.text import clean
from gynetix_tui.tui.cells.hook import ChangedCells
from gynetix_tui.tui.commands import Place, bindings, short_key
from gynetix_tui.tui.crash import QuietCrash
from gynetix_tui.tui.hand import Hand
from gynetix_tui.tui.screens.main import EngineSpoke, MainScreen
from gynetix_tui.tui.session import Session
from gynetix_tui.tui.terminal import has_shell
from gynetix_tui.tui.theme import DARK, LIGHT, choose

LONGEST_PASTE = 20_000
"""Characters; a text of that length would be 130 segments."""
FRAME_SECONDS = 1.0
"""How long drawing for the next start may hold up the end."""
KEEP_SECONDS = 6.0
"""How long who quits waits for the store, which another program may lock for 5 seconds before it is given up."""


class Asked(EngineSpoke):
    """The engine needs the API key."""


class GynetixApp(ChangedCells[str], QuietCrash[str], inherit_bindings=False):
    """The client.

    Args:
        session: What the screens work with.
        environ: The environment, for the choice of colours.
        on_ready: Called when the first frame is drawn: slow things may begin.
        driver_class: The terminal's driver; None for Textual's own choice.
    """

    ENABLE_COMMAND_PALETTE = False  # ours is pushed by its command; Textual's would bind its own key
    BINDINGS = [
        *bindings(Place.EVERYWHERE, of_app=True),
        Binding("ctrl+c", "tell_how_to_quit", show=False),  # it comes here where there is nothing to copy
    ]
    TITLE = "Gynetix"
    _hand: Hand | None = None  # before __init__ is through there are messages already
    CSS = """
    Screen { scrollbar-size: 0 0; }
    ToastRack { dock: top; align: right top; margin: 2 0 0 0; }
    Toast { background: $panel; padding: 0 1; margin-top: 0; border: none; }
    """

    def __init__(
        self,
        session: Session,
        *,
        environ: Mapping[str, str],
        on_ready: Callable[[], None] = lambda: None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.changed_cells = session.settings.terminal.changed_cells
        self.session = session
        self.keys = session.keys
        self._environ = environ
        self._on_ready = on_ready
        self._main: MainScreen | None = None
        self.next_frame: tuple[object, str] = (None, "")
        self.animation_level = "none"
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = choose(session.settings.terminal.theme, environ)
        self.set_keymap(session.keys.textual())

    def get_default_screen(self) -> MainScreen:
        """The main screen is there from the first frame on."""
        self._main = MainScreen(self.session, self._environ)
        return self._main

    def on_mount(self) -> None:
        """Listen to the engine; let it begin once something can be seen."""
        self._hand = Hand(self, self._around, self.keys.of("quit"))
        self._hand.begin()
        self.session.engine.subscribe(self._hear)
        self.app_resume_signal.subscribe(self, lambda _: self.action_repaint())
        self.call_after_refresh(self._on_ready)

    async def on_unmount(self) -> None:
        """Nothing that is still typed counts any more."""
        if self._hand:
            await self._hand.end()

    def post_message(self, message: Message) -> bool:
        """Have what the user does wait for its turn; all else comes as ever."""
        if self._hand and isinstance(message, events.InputEvent | events.Paste) and not message.is_forwarded:
            return self._hand.post_message(message)
        return super().post_message(message)

    def _around(self, at: Widget | None) -> list[MessagePump]:
        """The parts through which the effects of a key pass, from the inside outwards; `at` had it, or was clicked."""
        parts: list[MessagePump] = []
        for part in (at, self.focused or self.screen):
            for node in part.ancestors_with_self if part else ():
                if self._main is not None and node is self._main.talk:
                    break  # it waits for the store, and no key's effect passes through it
                if node is not self and node not in parts:
                    parts.append(node)
        return [*parts, self]

    def _hear(self, event: Event) -> None:
        """Called by the engine, in the same event loop."""
        if isinstance(event, KeyNeeded):
            self.post_message(Asked(event))
        elif self._main is not None:
            self._main.post_message(EngineSpoke(event))

    def on_app_focus(self) -> None:
        """The terminal tells that it is looked at again: what is new counts as read, and is asked for."""
        self.session.engine.set_focused(True)
        if self._main is not None and self._main.is_attached:
            self._main.talk.note_read()

    def on_app_blur(self) -> None:
        """The terminal tells that nobody looks."""
        self.session.engine.set_focused(False)

    def on_asked(self, message: Asked) -> None:
        """Ask the user for the key."""
        assert isinstance(message.event, KeyNeeded)  # noqa: S101 - nothing else is posted as Asked
        event = message.event
        self.run_worker(self._ask_key(event.reason, keyring=event.keyring), exclusive=True, group="key")

    async def _ask_key(self, reason: str, *, keyring: str | None, changing: bool = False) -> None:
        from gynetix_tui.tui.screens.first_start import FirstStart, Started

        if any(isinstance(screen, FirstStart) for screen in self.screen_stack):
            return

        def started(choice: Started | None) -> None:
            if choice and choice.demo:
                self.exit("demo")
            elif self._main is not None:
                self._main.show_local_number()

        await self.push_screen(
            FirstStart(self.session, reason=reason, keyring=keyring, changing=changing), started
        )

    @property
    def unkept_drafts(self) -> Mapping[ContactId, str]:
        """What is written and not yet in the store, also when the screen is gone already."""
        return self._main.talk.drafts.unkept if self._main else {}

    def contact_of(self, contact_id: ContactId) -> Contact | None:
        """A contact to whom something was written in this run, as last read; also when it was deleted since."""
        return self._main.talk.contact_of(contact_id) if self._main else None

    async def action_leave(self) -> None:
        """Quit, with what was written kept; ask where that cannot be."""
        if self._main is None:
            self.exit()
            return
        talk = self._main.talk
        with suppress(TimeoutError):
            async with timeout(KEEP_SECONDS):
                await talk.keep_drafts()
                await talk.put_back()
        if not any(talk.drafts.unkept.values()):
            await self._draw_for_next_start()
            self.exit()
            return
        from gynetix_tui.tui.screens.dialog import Question

        def leave(answer: str | None) -> None:
            if answer:
                talk.task.cancel()  # it may be waiting for the store, and would hold up the end as long
                self.exit()

        text = "The store takes nothing for now, so what you wrote and did not send is lost when you quit."
        await self.push_screen(
            Question("Quit all the same?", text, [("quit", "Quit"), ("stay", "Stay")]), leave
        )

    def drawn_from(self) -> object:
        """All that the first frame shows of the store, to be compared."""
        contacts = self.session.store.contacts
        seen = contacts.summaries(count=self.size.height)
        return [
            replace(row, contact=replace(row.contact, fetched_at=None)) for row in seen
        ], contacts.unread_total()

    async def _draw_for_next_start(self) -> None:
        """Draw, behind the curtain, what the next start draws first: the main screen, untouched."""
        terminal = self.session.settings.terminal
        if self.session.demo or self.is_headless or not terminal.last_screen or len(self.screen_stack) > 1:
            return
        self.curtain = True
        self.clear_notifications()
        drawn_from = self.drawn_from()
        main, drawn = MainScreen(replace(self.session, notices=()), self._environ), asyncio.Event()
        with suppress(TimeoutError, GynetixError):
            async with timeout(FRAME_SECONDS):
                await self.push_screen(main)
                main.post_message(EngineSpoke(LinkChanged(Link(LinkState.STARTING))))
                main.call_after_refresh(drawn.set)
                await drawn.wait()
                self.next_frame = drawn_from, self.whole_frame()

    async def action_suspend(self) -> None:
        """Back to the shell for a while, with what was written kept."""
        if not has_shell():
            self.notify(
                "There is no shell to go back to: this terminal runs nothing else.",
                severity="warning",
                markup=False,
            )
            return
        if self._main is not None:
            await self._main.talk.keep_drafts()
        self.action_suspend_process()

    async def action_ask_key(self) -> None:
        """Ask for another API key."""
        if self.session.demo:
            self.notify("The demo has a key of its own. Start gynetix-tui without --demo to use yours.")
            return
        await self._ask_key("", keyring=None, changing=True)  # waited for: what is typed next is a key

    async def on_event(self, event: events.Event) -> None:
        """Clean what is pasted, wherever it goes: it may hold anything, and would be shown as it is."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            if len(event.text) > LONGEST_PASTE:
                self.notify(
                    f"That paste has {len(event.text):,} characters; at most {LONGEST_PASTE:,} are taken.",
                    severity="warning",
                    markup=False,
                )
                return
            # No limit but that: nothing that will be sent may be cut short.
            event = events.Paste(clean(event.text, limit=10 * LONGEST_PASTE))
        await super().on_event(event)

    async def action_quit(self) -> None:
        """Textual's own way to quit leads the same way."""
        await self.action_leave()

    def action_tell_how_to_quit(self) -> None:
        """Many press Ctrl+C to end a program."""
        key = short_key(self.keys.of("quit")[0])
        self.notify(f"{key} quits. ^C copies what is selected, and nothing is.", markup=False)

    def action_repaint(self) -> None:
        """Draw everything anew: after fg, or when something else wrote on the terminal."""
        self.draw_whole()

    def action_palette(self) -> None:
        """Offer every command by name."""
        from gynetix_tui.tui.palette import Palette, TableOfCommands

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette(providers=[TableOfCommands], placeholder="Find a command"))

    def action_editor(self) -> None:
        """Write the draft in the user's own editor."""
        if self._main is not None and self._main.talk.contact_id is not None:
            self.run_worker(self._edit(self._main), exclusive=True, group="editor")

    async def _edit(self, main: MainScreen) -> None:
        from gynetix_tui.tui.editor import edit

        contact_id = main.talk.contact_id
        try:
            text = await edit(self, main.talk.composer.text, self._environ)
            if contact_id == main.talk.addressee:
                main.talk.set_text(text)
            elif contact_id is not None:  # the conversation is another one by now
                main.talk.drafts.wrote(contact_id, text)
                await main.talk.keep_drafts()
        except GynetixError as error:
            self.notify(clean(str(error), limit=500), severity="warning", markup=False)  # it names $VISUAL
