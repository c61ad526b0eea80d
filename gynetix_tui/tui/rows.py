"""A text of a conversation as the lines that show it. Pure: no widget, no colour, no clock.

Times, states and names stand before the text, which comes last on its line: terminals disagree on the width
of some emoji, and whatever stood right of one would not be where it should.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rich.cells import cell_len

from gynetix_tui.model import Direction, Item, ItemKey, SendState, TimeSource
from gynetix_tui.text import clean, clean_line
from gynetix_tui.tui.timestamps import Calendar
from gynetix_tui.tui.wrapping import Fragment, fit, pad, wrap


class Role(StrEnum):
    """What a piece of a line is; the widget gives each a style."""

    TIME = "time"
    STATE = "state"
    TROUBLE = "trouble"
    THEM = "them"
    US = "us"
    TEXT = "text"
    NOTE = "note"
    DAY = "day"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one style."""

    text: str
    role: Role


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the screen.

    Attributes:
        spans: From left to right.
        fragment: Which part of the item's cleaned text the last span shows, or None where it shows none.
    """

    spans: tuple[Span, ...]
    fragment: Fragment | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What the lines of a conversation have in common.

    Attributes:
        width: Cells of a line.
        them: What the other side is called, cleaned.
        calendar: How times are read.
        decide_key: The key by which the user decides about a text that failed or is uncertain.
    """

    width: int
    them: str
    calendar: Calendar
    decide_key: str = "r"

    @property
    def name_width(self) -> int:
        """Cells of the column of names."""
        return min(8, max(3, cell_len(self.them))) if self.width >= 44 else 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item as drawn.

    Attributes:
        text: The cleaned text that the lines' fragments point into.
    """

    lines: tuple[Line, ...]
    text: str


MARKS = {
    SendState.QUEUED: "…",
    SendState.SENDING: "…",
    SendState.ACCEPTED: "✓",
    SendState.SEEN: "✓✓",
    SendState.UNCONFIRMED: "?",
    SendState.FAILED: "!",
    SendState.DISCARDED: "-",
}
"""A state in at most two cells; those that ask for something also have a line of words."""

MEANINGS = {
    "…": "waiting, or being sent",
    "✓": "the gateway took it",
    "✓✓": "it stands in the conversation at the gateway",
    "?": "may have been sent: never sent again unless you say so",
    "!": "not sent, and why; the text is kept",
}
"""The marks in words, for the help."""


def draw(item: Item, layout: Layout, *, before: ItemKey | None, divider: bool = False) -> Drawn:
    """Draw one item.

    Args:
        item: The item.
        layout: What all items share.
        before: The key of the item above, or None at the beginning: a new day begins with a line.
        divider: Whether the line that marks the first new text goes above it.
    """
    lines: list[Line] = []
    calendar = layout.calendar
    if before is None or not calendar.same_day(before.ts, item.key.ts):
        lines.append(_centred(calendar.day(item.key.ts), Role.DAY, layout.width))
    if divider:
        lines.append(_centred("── new ──", Role.NEW, layout.width))
    head = _head(item, layout)
    indent = sum(cell_len(span.text) for span in head)
    text = clean(item.text)
    room = max(layout.width - indent, 8)
    for number, (start, end) in enumerate(wrap(text, room)):
        front = head if number == 0 else (Span(" " * indent, Role.TIME),)
        lines.append(Line((*front, Span(text[start:end], Role.TEXT)), (start, end)))
    for note, role in _notes(item, layout):
        lines += [
            Line((Span(" " * indent, Role.TIME), Span(note[start:end], role)))
            for start, end in wrap(note, room)
        ]
    return Drawn(tuple(lines), text)


def describe(item: Item) -> str:
    """The mark of a text in words, where no line under the text has them; empty for an incoming one."""
    if item.state is None or item.state in {SendState.FAILED, SendState.UNCONFIRMED}:
        return ""
    return {SendState.SEEN: "at the gateway", SendState.ACCEPTED: "taken by the gateway"}.get(
        item.state, item.state.value
    )


def _head(item: Item, layout: Layout) -> tuple[Span, ...]:
    # The first cell is the cursor's.
    clock = layout.calendar.clock(item.key.ts) if item.time_source is not TimeSource.NONE else "--:--"
    mark = MARKS[item.state] if item.state else ""
    in_trouble = item.state in {SendState.UNCONFIRMED, SendState.FAILED}
    incoming = item.direction is Direction.IN
    name = pad(layout.them if incoming else "You", layout.name_width)
    return (
        Span(f" {clock} ", Role.TIME),
        Span(f"{mark:<2} ", Role.TROUBLE if in_trouble else Role.STATE),
        Span(f"{name}  ", Role.THEM if incoming else Role.US),
    )


def _notes(item: Item, layout: Layout) -> list[tuple[str, Role]]:
    notes: list[tuple[str, Role]] = []
    reason, key = clean_line(item.reason), layout.decide_key
    if item.state is SendState.FAILED:
        notes.append((f"{_because('not sent', reason)} · {key} sends it again", Role.TROUBLE))
    elif item.state is SendState.UNCONFIRMED and item.missing:
        notes.append((f"not found at the gateway · {key}: send again or discard", Role.TROUBLE))
    elif item.state is SendState.UNCONFIRMED:
        notes.append((f"{_because('may have been sent', reason)} · {key} decides", Role.TROUBLE))
    elif item.state is SendState.QUEUED and reason:
        notes.append((f"queued: {reason}; it is tried again by itself", Role.NOTE))
    if item.time_source is TimeSource.DATE:
        notes.append(
            (f"time from the gateway's date, {clean_line(item.date_text)}, of unknown zone", Role.NOTE)
        )
    elif item.time_source is TimeSource.NONE:
        notes.append(("the gateway gave no time", Role.NOTE))
    notes += [(f"{clean_line(name)}: {clean_line(value)}", Role.NOTE) for name, value in item.extra]
    return notes


def _because(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def _centred(text: str, role: Role, width: int) -> Line:
    text = fit(text, width)
    return Line((Span(text.center(width).rstrip(), role),))
