"""The user's hand: what it does is applied in the order in which it was done, one thing after another.

Textual hands a key that is typed to the part that has the focus at that moment, and comes back to it for the key's
command later, behind whatever has been typed meanwhile; commands that work everywhere run at once, before what was
typed before them has arrived. Nobody notices as long as the program keeps up. After a stall (a slow link, a loaded
machine) a text went into the next conversation, and Enter sent what stood there.

So keys, pastes and the mouse wait here. Each is let through only when the one before has had all its effects: a dialog
is open, a conversation is on the screen, the focus is where the user meant to type.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from textual import events
from textual.app import App
from textual.errors import NoWidget
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget

HELD_SECONDS = 2.0
"""How long what came before may hold up the key that quits. A store that hangs must not keep the user here."""
MOST_ROUNDS = 100
"""Far more than any key needs: under an endless flood of news the parts never all rest at one time."""

_WITHOUT_EFFECT = (events.MouseMove, events.MouseScrollDown, events.MouseScrollUp)
"""The mouse's; nothing that comes later depends on these, and there are many."""


class Key(events.Key, bubble=False):
    """A key that comes back to the hand instead of to the parts around the one that has the focus.

    On its way through those it would meet parts that are busy, and others would overtake it. Textual finds the handlers
    by the name of the class, which therefore is that of Textual's own.
    """

    def __init__(self, typed: events.Key) -> None:
        super().__init__(typed.key, typed.character)
        self.time = typed.time
        self.taken = False

    def stop(self, stop: bool = True) -> Key:
        """The part that has the focus has made use of it."""
        self.taken = stop
        super().stop(stop)
        return self


async def answered(part: MessagePump) -> None:
    """Wait until a part has worked off what it has been sent by now."""
    done = asyncio.Event()
    # What `call_later` does, without its `partial`, whose parameters Textual looks up anew each time, which is slow.
    if part.post_message(events.Callback(done.set)):  # else it is closing, and does nothing any more
        await done.wait()


class Hand(MessagePump):
    """Takes what the terminal reports, and lets one thing after another through to the application.

    It has a queue of its own beside the application's: while a command waits, for the store perhaps, the application
    goes on drawing and can be ended.

    Args:
        app: The application.
        around: The parts through which the effects of a key pass, from one that has or had the focus outwards.
        quit_keys: The keys that quit.
    """

    def __init__(
        self,
        app: App[Any],  # whatever it returns
        around: Callable[[Widget | None], list[MessagePump]],
        quit_keys: Iterable[str],
    ) -> None:
        super().__init__(app)
        self._app = app
        self._around = around
        self._quit_keys = frozenset(quit_keys)
        self._work: asyncio.Task[None] | None = None
        self._since = 0.0
        self._quitting = False
        self._quit_waits: Message | None = None
        self._given_up_for: Message | None = None

    def begin(self) -> None:
        """From now on, let through what comes."""
        self._start_messages()

    async def end(self) -> None:
        """Let nothing through any more, whatever is under way."""
        self._quit_waits = None
        if self._work:
            self._work.cancel()
        await self._close_messages()

    def post_message(self, message: Message) -> bool:
        """Take what was typed; see to it that the key that quits does not wait for ever."""
        if self._quits(message):
            self._quit_waits = message
            asyncio.get_running_loop().call_later(HELD_SECONDS, self._hurry, message)
        return super().post_message(message)

    def _quits(self, message: Message) -> bool:
        return isinstance(message, events.Key) and message.key in self._quit_keys

    def _hurry(self, quit_key: Message) -> None:
        """Give up what has been holding up the key that quits; what was typed in between belongs nobody knows where."""
        if self._quit_waits is not quit_key:
            return  # its turn has come
        loop = asyncio.get_running_loop()
        left = self._since + HELD_SECONDS - loop.time()
        if left > 0 or self._work is None or self._quitting:
            loop.call_later(max(left, HELD_SECONDS / 10), self._hurry, quit_key)
        else:
            self._given_up_for = quit_key
            self._work.cancel()

    async def on_event(self, event: events.Event) -> None:
        """Apply what was typed, and wait until it has had its effects."""
        if not isinstance(event, events.InputEvent | events.Paste):
            await super().on_event(event)
            return
        if self._given_up_for not in (None, event) or self._is_over:
            return
        self._given_up_for, self._quitting = None, self._quits(event)
        if self._quit_waits is event:
            self._quit_waits = None
        self._since = asyncio.get_running_loop().time()
        # In a task, so that it can be given up without this queue.
        self._work = asyncio.create_task(self._apply(event))
        await asyncio.wait({self._work})
        work, self._work = self._work, None
        # While the application ends, its screens go: that is no mistake of a key's.
        if not work.cancelled() and (error := work.exception()) and not self._is_over:
            raise error

    @property
    def _is_over(self) -> bool:
        return self._app.return_code is not None or not self._app.is_running

    async def _apply(self, event: events.InputEvent | events.Paste) -> None:
        if isinstance(event, events.Key):
            at = self._app.focused
            key = Key(event)
            await self._press(key, at or self._app.screen)
            if key.taken and self._around(at) == [at, self._app]:
                return  # a letter in a text: it stands there, and concerns nobody else
        else:
            at = self._under(event) if isinstance(event, events.MouseEvent) else None
            await self._app.on_event(event)
        if not isinstance(event, _WITHOUT_EFFECT):
            await self._settled(at)

    async def _press(self, key: Key, target: Widget) -> None:
        """What works everywhere comes first; then the part that has the focus; then the commands of the place."""
        await self._app.on_event(key)
        if key.is_forwarded:
            await answered(target)
            if not key.taken:
                key.prevent_default(False)  # that was about the part's own handlers
                await self._app.on_event(key)

    def _under(self, event: events.MouseEvent) -> Widget | None:
        try:
            return self._app.screen.get_widget_at(event.x, event.y)[0]
        except NoWidget:
            return None

    async def _settled(self, at: Widget | None) -> None:
        """Wait until the last thing has had its effects.

        A part's answer says that it has done what it was sent before. What it then told the part around it has been
        done when that one answers; and so on outwards. What a part was told on the way back inwards takes another round;
        so does a screen that has come or gone, and what was to be done with a dialog's result.
        """
        for _ in range(MOST_ROUNDS):
            if self._next_callbacks:  # the result of a dialog that a command opened comes here
                await self._flush_next_callbacks()
            parts = self._around(at)
            rested = _rest(parts)
            for part in parts:
                await answered(part)
            if rested and _rest(parts) and not self._next_callbacks and self._around(at) == parts:
                return


def _rest(parts: list[MessagePump]) -> bool:
    return not any(part.message_queue_size for part in parts)
