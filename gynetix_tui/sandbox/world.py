"""What the sandbox knows: people, their conversations, and who gets no more texts.

Nothing here runs by itself. A reply is put down at once with the time at which it is due, and it is seen by
whoever asks from then on: with a clock of its own a test decides when "a moment later" is.
"""

from __future__ import annotations

import bisect
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gynetix_tui.sandbox.people import Direction, Person

ALWAYS = -math.inf


@dataclass(frozen=True, slots=True)
class Message:
    """One text of a conversation.

    Attributes:
        ts: Whole seconds since the epoch.
    """

    direction: Direction
    ts: int
    text: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message, its exact time (conversations sort by it), and from when on it can be seen."""

    at: float
    due: float
    message: Message


@dataclass(slots=True)
class _Conversation:
    local_number: str
    entries: list[_Entry] = field(default_factory=list)
    turns: int = 0
    last_reply: float = ALWAYS

    def put(self, direction: Direction, text: str, at: float, due: float = ALWAYS) -> None:
        entry = _Entry(at, due, Message(direction, math.floor(at), text))
        bisect.insort_right(self.entries, entry, key=lambda each: each.at)


class World:
    """The state behind the calls. Every method may be called from any thread.

    A `phone` is a number's digits; a plus in front of them is ignored.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        people: Sequence[Person] = (),
        local_number: str = "15556667777",
        reply_delay: float = 2.0,
    ) -> None:
        """Make a world in which the people's histories have just ended.

        Args:
            now: The clock, in seconds since the epoch.
            people: Those who can be texted from the start.
            local_number: The account's own number, digits only.
            reply_delay: Seconds until a person answers; each further text of one answer takes as long again.
        """
        self._now = now
        self._local_number = local_number
        self._reply_delay = reply_delay
        self._lock = threading.RLock()
        self._people: dict[str, Person] = {}
        self._unread_histories: dict[str, float] = {}
        self._conversations: dict[str, _Conversation] = {}
        self._suppressed: set[str] = set()
        for person in people:
            self.add_person(person)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who was added, in that order."""
        with self._lock:
            return tuple(self._people.values())

    def add_person(self, person: Person) -> None:
        """Let a person join; their history ends now. A person of the same number is replaced."""
        with self._lock:
            self._people[person.number] = person
            self._unread_histories[person.number] = math.floor(self._now())

    def receive(self, phone: str, text: str, ts: float | None = None) -> None:
        """Put in a text from a number, which need not be a person's.

        Args:
            phone: Who wrote it.
            text: What they wrote, kept as it is.
            ts: When, in seconds since the epoch; now, where it is None. It is seen at once either way.
        """
        with self._lock:
            self._of(phone).put(Direction.IN, text, self._now() if ts is None else ts)

    def sent_elsewhere(self, phone: str, text: str, ts: float | None = None) -> None:
        """Put in a text of the account's that another client sent; nobody answers it.

        Args:
            phone: Whom it went to.
            text: What it says.
            ts: When, in seconds since the epoch; now, where it is None.
        """
        with self._lock:
            self._of(phone).put(Direction.OUT, text, self._now() if ts is None else ts)

    def send(self, phone: str, text: str, *, sender: str | None = None) -> None:
        """Deliver a text of the account's; a person of that number answers after a moment.

        Args:
            phone: Whom it goes to.
            text: What it says.
            sender: The local number it goes out from, which a new conversation keeps.
        """
        with self._lock:
            now = self._now()
            conversation = self._of(phone)
            if sender is not None and not conversation.entries:
                conversation.local_number = _digits(sender)
            conversation.put(Direction.OUT, text, now)
            turn, conversation.turns = conversation.turns, conversation.turns + 1
            person = self._people.get(_digits(phone))
            if person is None:
                return
            due = now
            for reply in person.answer(text, turn):
                due = max(due + self._reply_delay, conversation.last_reply)
                conversation.last_reply = due
                conversation.put(Direction.IN, reply, due, due)

    def conversation(self, phone: str) -> list[Message]:
        """What can be seen of a conversation by now, oldest first; empty for an unknown number."""
        with self._lock:
            if not self._exists(phone):
                return []
            now = self._now()
            return [entry.message for entry in self._of(phone).entries if entry.due <= now]

    def local_number(self, phone: str) -> str | None:
        """The account's own number in a conversation (`did`), or None where there is no conversation."""
        with self._lock:
            return self._of(phone).local_number if self.conversation(phone) else None

    def suppress(self, phone: str) -> None:
        """Send this number no more texts. There is no way back, as in the document."""
        with self._lock:
            self._suppressed.add(_digits(phone))

    def suppressed(self, phone: str) -> bool:
        """Whether a number gets no more texts."""
        with self._lock:
            return _digits(phone) in self._suppressed

    def _exists(self, phone: str) -> bool:
        number = _digits(phone)
        return number in self._conversations or number in self._unread_histories

    def _of(self, phone: str) -> _Conversation:
        number = _digits(phone)
        conversation = self._conversations.setdefault(number, _Conversation(self._local_number))
        start = self._unread_histories.pop(number, None)
        if start is not None:
            for line in self._people[number].lines():
                conversation.put(line.direction, line.text, start - line.age)
        return conversation


def _digits(phone: str) -> str:
    return phone.removeprefix("+")
