"""Rows: what comes from the gateway, what becomes of a text of ours, and what it costs when nothing happens."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from console import KEY_QUIET, NEWS_QUIET, Console, Failure, watch
from lab import ENTER, HAND, Lab, client_is_ready, floor_is_ready, median, open_newest
from table import Figure, Size, Target, row, row_by_size

REFRESH = b"\x12"
SMALL = (80, 24)
THIRD = 2
_TRIES = 3
"""How many texts may be sent for one tick that can be told from the one before."""


# What comes and goes


@dataclass(frozen=True, slots=True)
class News:
    """Bytes written for each event of a kind."""

    arrivals: list[int]
    moves: list[int]
    ticks: list[int]


def news(lab: Lab, size: Size) -> News:
    """One client, following its newest conversation, while things happen at the gateway."""

    def measure() -> News:
        home, found = lab.lively_home(size), News([], [], [])
        with lab.client(home, size) as console:
            client_is_ready(console)
            console.wait_for("live, checked")
            open_newest(console)
            order = list(home.numbers)  # as they stand in the list
            times = range(lab.times(2, 10))
            for number in times:
                text = f"arrival {number}: the clinic is open until nine today, see you there"
                found.arrivals.append(_received(lab, console, order[0], text))
                found.ticks.append(_tick(console, f"ours {number}"))
            for number in times:
                order.insert(0, order.pop(THIRD))
                found.moves.append(_received(lab, console, order[0], f"moved {number}"))
        return found

    return lab.once(("news", size), measure)


def _received(lab: Lab, console: Console, number: str, text: str) -> int:
    """Bytes for a text that comes in; fetched at once, so that nobody waits for the next poll."""
    console.settle(NEWS_QUIET)
    written = console.written
    lab.gateway.receive(number, text)
    console.send(REFRESH)
    console.wait_for(re.escape(text[:9]))
    console.settle(NEWS_QUIET)
    return console.written - written


def _tick(console: Console, text: str) -> int:
    """Bytes for one change of state: from accepted to seen, each time with a screen that stands still in between."""
    for attempt in range(_TRIES):
        words = f"{text}.{attempt}"
        for character in words:
            console.press(character.encode())
        time.sleep(HAND)
        console.send(ENTER)
        console.wait_for(rf"✓+ .*{re.escape(words)}")
        console.settle(NEWS_QUIET)
        written = console.written
        seen = rf"✓✓ .*{re.escape(words)}"
        if not re.search(seen, console.text):
            console.wait_for(seen)
            console.settle(NEWS_QUIET)
            return console.written - written
    raise Failure("each text was seen at the gateway before its acceptance could be looked at")


@row_by_size("bytes for an arriving text, followed", "B", Target(1_500))
def arrival(lab: Lab, size: Size) -> Figure:
    """Written from a text of 60 characters coming in, in the open conversation, until a quarter of a second is quiet.

    It scrolls by two rows at 80x24; the contact's row, which is the first already, changes as well.
    """
    return Figure(median(news(lab, size).arrivals))


@row_by_size("bytes for a change of state", "B", Target(80))
def state_tick(lab: Lab, size: Size) -> Figure:
    """Written while a text of ours goes from ✓ to ✓✓, between two quarters of a second that are quiet."""
    return Figure(median(news(lab, size).ticks))


@row_by_size("bytes for a contact that moves to the top", "B", Target(600))
def moved_to_top(lab: Lab, size: Size) -> Figure:
    """Written when a text comes from the contact at the third place, whose conversation is not open.

    It includes the two contacts that move down and the number of unread texts above.
    """
    return Figure(median(news(lab, size).moves))


# When nothing happens


@dataclass(frozen=True, slots=True)
class Quiet:
    """What was used in a time in which nothing changed.

    Attributes:
        bytes_per_second: Written by the client, and by the floor.
        cpu: Per cent of a core, client and floor.
        resident: MiB at the end, of a client on the large store, and of the floor.
    """

    bytes_per_second: tuple[float, float]
    cpu: tuple[float, float]
    resident: tuple[float, float]


def quiet(lab: Lab) -> Quiet:
    """A minute (ten seconds in a quick run) of two clients and the floor beside one another."""

    def measure() -> Quiet:
        seconds = float(lab.times(10, 60))
        lab.big_home.forget_drafts()
        with (
            lab.client(lab.big_home, SMALL) as large,
            lab.client(lab.single_home, SMALL) as client,
            lab.floor(SMALL) as floor,
        ):
            floor_is_ready(floor)
            for console in (client, large):
                client_is_ready(console)
                console.wait_for("live, checked")
                open_newest(console)
            for console in (client, large, floor):
                console.settle(KEY_QUIET)
            watch([client, large, floor], 3)  # what is imported and asked for late is over
            consoles = (client, floor)
            before = [(console.written, console.cpu) for console in consoles]
            fetches = lab.gateway.fetches
            watch([client, large, floor], seconds)
            after = [(console.written, console.cpu) for console in consoles]
            if lab.gateway.fetches - fetches < 2 * (seconds / 5 - 1):
                raise Failure("the clients did not ask the gateway every 5 s")
            written, cpu = (
                [(new[which] - old[which]) / seconds for old, new in zip(before, after, strict=True)]
                for which in (0, 1)
            )
            return Quiet(
                (written[0], written[1]), (cpu[0] * 100, cpu[1] * 100), (large.resident, floor.resident)
            )

    return lab.once("quiet", measure)


def _beside_floor(pair: tuple[float, float]) -> Figure:
    return Figure(pair[0], pair[0] / pair[1] if pair[1] else None)


@row("bytes while idle", "B/s", Target(0))
def idle_bytes(lab: Lab) -> Figure:
    """Written while an open conversation of 100 texts, asked for every 5 s, does not change; 80x24."""
    return _beside_floor(quiet(lab).bytes_per_second)


@row("CPU while idle", "%", Target(0.25))
def idle_cpu(lab: Lab) -> Figure:
    """Share of a core that the same client uses, polling included. The floor's cursor blinks."""
    return _beside_floor(quiet(lab).cpu)


@row("memory after a minute of polling, large store", "MiB", Target(1.5, times_floor=True))
def memory_after_polling(lab: Lab) -> Figure:
    """Resident memory of a client on the large store after that time, beside the floor's then."""
    return _beside_floor(quiet(lab).resident)
