"""Rows: a conversation of 100,000 texts: opening it, going through it, another size of the terminal."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC

from console import NEWS_QUIET, Console, Failure
from homes import CLOSING_WORD, Home
from lab import HAND, Lab, client_is_ready, median, open_newest
from table import SIZES, Figure, Size, Target, row, row_by_size
from textual.app import App, ComposeResult

from gynetix_tui.model import ContactId, ItemKey
from gynetix_tui.store import Store
from gynetix_tui.tui.rows import Layout
from gynetix_tui.tui.timestamps import Calendar
from gynetix_tui.tui.widgets.conversation import Conversation
from gynetix_tui.tui.window import Window

PREVIOUS, NEXT = b"\x1b[18~", b"\x1b[19~"
PAGE_UP, SHIFT_TAB = b"\x1b[5~", b"\x1b[Z"
_TITLE = "^.*{}[^\n]*\n(?:.*\n)*.*" + CLOSING_WORD
"""A conversation's title, and below it the end of its newest text."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Seconds from the key to the newest text on the screen."""

    long: list[float]
    short: list[float]


def openings(lab: Lab, size: Size) -> Openings:
    """A client goes from the long conversation to the short one and back, again and again."""

    def measure() -> Openings:
        found = Openings([], [])
        with lab.client(lab.long_home, size, connected=False) as console:
            client_is_ready(console)
            console.wait_for("offline since")
            open_newest(console)
            console.settle(NEWS_QUIET)
            for _ in range(lab.times(4, 20)):
                found.short.append(_open(console, NEXT, "Ben Short ·"))
                found.long.append(_open(console, PREVIOUS, "Ana Torres ·"))
        return found

    return lab.once(("openings", size), measure)


def _open(console: Console, key: bytes, title: str) -> float:
    begun = console.send(key)
    seconds = console.wait_for(_TITLE.format(title)) - begun
    console.settle(NEWS_QUIET)
    return seconds


@row_by_size("open a conversation of 100,000", "ms", Target(150))
def open_long(lab: Lab, size: Size) -> Figure:
    """From the key (F7) to the read that brought title and newest text; the other conversation was open before."""
    return Figure(median(openings(lab, size).long) * 1e3)


@row_by_size("the same, beside one of 100", "x", Target(1.2))
def open_long_beside_short(lab: Lab, size: Size) -> Figure:
    """In times of opening the conversation of 100 (F8) just before, pair by pair."""
    found = openings(lab, size)
    return Figure(median([long / short for long, short in zip(found.long, found.short, strict=True)]))


@row_by_size("page-up through 100,000", "ms CPU", Target(30))
def page_up(lab: Lab, size: Size) -> Figure:
    """CPU of the process for a page-up, mean of many in a row, what is read from the store on the way included."""
    times = lab.times(30, 120)
    with lab.client(lab.long_home, size, connected=False) as console:
        client_is_ready(console)
        console.wait_for("offline since")
        open_newest(console)
        time.sleep(HAND)
        console.press(SHIFT_TAB)
        console.settle(NEWS_QUIET)
        before = console.cpu
        for _ in range(times):
            if console.press(PAGE_UP) is None:
                raise Failure(f"a page-up changed nothing:\n{console.text}")
        return Figure((console.cpu - before) / times * 1e3)


@row("resize, 100,000", "ms CPU", Target(60))
def resize(lab: Lab) -> Figure:
    """CPU of the process for another size of the terminal, mean of going from 80x24 to 120x40 and back."""
    times = lab.times(5, 15)
    with lab.client(lab.long_home, SIZES[0], connected=False) as console:
        client_is_ready(console)
        console.wait_for("offline since")
        open_newest(console)
        console.settle(NEWS_QUIET)
        before = console.cpu
        for _ in range(times):
            for columns, lines in reversed(SIZES):
                console.resize(columns, lines)
                console.wait_for(CLOSING_WORD)
                console.settle(NEWS_QUIET)
        return Figure((console.cpu - before) / (2 * times) * 1e3)


# What nobody can see from outside: which page-up had to read


class Pane(App[None]):
    """The conversation's widget alone."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.pane = Conversation(store, id="conversation")

    def compose(self) -> ComposeResult:
        yield self.pane


@row_by_size("older texts put in above", "ms CPU", Target(40))
def prepend(lab: Lab, size: Size) -> Figure:
    """CPU of a page-up that reads 200 older texts and puts them in above: the median of such.

    In this process, with the widget alone in a headless terminal, as only so one sees which page-up reads.
    """
    return Figure(median(asyncio.run(_prepends(lab.long_home, size, lab.times(3, 10)))) * 1e3)


async def _prepends(home: Home, size: Size, times: int) -> list[float]:
    found: list[float] = []
    with Store.open(home.store_file, read_only=True) as store:
        app = Pane(store)
        async with app.run_test(size=size) as pilot:
            window = Window(store.conversations, ContactId(1))
            app.pane.show(window, Layout(size[0] - 1, "Ana", Calendar(UTC)))
            await pilot.pause()
            while len(found) < times:
                oldest: ItemKey = window.items[0].key
                before = time.process_time()
                app.pane.action_page(-1)
                await pilot.pause()
                if window.items[0].key < oldest:
                    found.append(time.process_time() - before)
    return found
