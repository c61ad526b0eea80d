"""What a person of the sandbox is: a number, a name, what was said before, and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Reply: TypeAlias = str | tuple[str, ...]
"""One answer: a text, or several texts sent one after the other."""


class Direction(StrEnum):
    """Which way a text went, seen from the account, in the words of the gateway's document."""

    IN = "IN"
    OUT = "OUT"


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a history.

    Attributes:
        age: Seconds before the moment at which the person joined the world.
    """

    direction: Direction
    text: str
    age: float


def said(text: str, *, days: float = 0, hours: float = 0, minutes: float = 0) -> Line:
    """A text that the account's owner wrote so long ago."""
    return Line(Direction.OUT, text, ((days * 24 + hours) * 60 + minutes) * 60)


def heard(text: str, *, days: float = 0, hours: float = 0, minutes: float = 0) -> Line:
    """A text that the person wrote so long ago."""
    return Line(Direction.IN, text, ((days * 24 + hours) * 60 + minutes) * 60)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be texted.

    Attributes:
        number: Digits with the country code, no plus, as the document writes a `phone`.
        replies: Given in turn, one for each text that reaches the person.
        then: Given in turn, again and again, once `replies` are used up; where empty, silence.
        keywords: Pairs of a text (any case, blanks around it ignored) and the answer that it always gets.
        history: What was said before, oldest first, or a function that makes it when it is first needed.
    """

    number: str
    name: str
    replies: Sequence[Reply] = ()
    then: Sequence[Reply] = ()
    keywords: Sequence[tuple[str, Reply]] = ()
    history: Sequence[Line] | Callable[[], Sequence[Line]] = ()

    def __post_init__(self) -> None:
        if not (self.number.isascii() and self.number.isdigit()):
            raise ValueError(f"The number of {self.name} is not digits only: {self.number!r}")
        if isinstance(self.replies, str) or isinstance(self.then, str):
            raise TypeError(f"The answers of {self.name} are one text, not a sequence of texts")

    def lines(self) -> Sequence[Line]:
        """What was said before, oldest first."""
        return self.history() if callable(self.history) else self.history

    def answer(self, text: str, turn: int) -> tuple[str, ...]:
        """The texts with which the person answers.

        Args:
            text: What they were sent.
            turn: How many texts they were sent before this one.
        """
        for word, reply in self.keywords:
            if text.strip().casefold() == word.casefold():
                return _texts(reply)
        if turn < len(self.replies):
            return _texts(self.replies[turn])
        if self.then:
            return _texts(self.then[(turn - len(self.replies)) % len(self.then)])
        return ()


def _texts(reply: Reply) -> tuple[str, ...]:
    return (reply,) if isinstance(reply, str) else reply
