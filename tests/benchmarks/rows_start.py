"""Rows: starting, and typing, beside the floor. All of them come from the same runs, client and floor in turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console import NEWS_QUIET, Console, Failure
from lab import Lab, client_is_ready, floor_is_ready, median, open_newest, percentile, ratio
from table import Figure, Size, Target, row, row_by_size

PANGRAM = "The quick brown fox jumps over the lazy dog. "
BUSINESS_SIZE = (80, 24)
_QUIT = b"\x11"
_LEAVES_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program.

    Attributes:
        first_paint: Seconds from its start to the first visible character.
        ready: Seconds to the whole screen.
        start_bytes: Written until nothing came for a quarter of a second.
        start_cpu: Seconds of CPU until then.
        resident: MiB then.
        echoes: Seconds from each key to the first change of text or cursor.
        key_bytes: Written for each key.
        key_cpu: Seconds of CPU for a key, mean.
    """

    first_paint: float
    ready: float
    start_bytes: int
    start_cpu: float
    resident: float
    echoes: list[float]
    key_bytes: list[int]
    key_cpu: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Runs of client and floor, each pair one after the other."""

    ours: list[Run]
    floors: list[Run]

    def figure(self, of: Callable[[Run], float], scale: float = 1.0) -> Figure:
        """The median of our runs, and how many times the floor's."""
        ours, floors = [of(run) for run in self.ours], [of(run) for run in self.floors]
        return Figure(median(ours) * scale, ratio(ours, floors))


def runs(lab: Lab, size: Size) -> Pairs:
    """The runs at a size; the first pair only warms files and caches."""

    def measure() -> Pairs:
        pairs = Pairs([], [])
        for number in range(1 + lab.times(2, 7)):
            keys = lab.times(30, 90) if number else 1
            lab.big_home.forget_drafts()
            with lab.client(lab.big_home, size) as console:
                ours = _run(console, client_is_ready, keys, _to_the_composer)
            with lab.floor(size) as console:
                floor = _run(console, floor_is_ready, keys, lambda _: None)
            if number > 0:
                pairs.ours.append(ours)
                pairs.floors.append(floor)
        return pairs

    return lab.once(("runs", size), measure)


def _to_the_composer(console: Console) -> None:
    console.wait_for("live, checked")
    open_newest(console)
    console.settle(NEWS_QUIET)


def _run(
    console: Console,
    is_ready: Callable[[Console], float],
    keys: int,
    to_the_composer: Callable[[Console], None],
) -> Run:
    ready = is_ready(console)
    console.settle(NEWS_QUIET)
    start_bytes, start_cpu, resident = console.written, console.cpu, console.resident
    assert console.first_paint is not None
    to_the_composer(console)
    echoes, key_bytes, cpu = [], [], console.cpu
    for number in range(keys):
        written = console.written
        echo = console.press(PANGRAM[number % len(PANGRAM)].encode())
        if echo is None:
            raise Failure(f"a key changed nothing:\n{console.text}")
        echoes.append(echo)
        key_bytes.append(console.written - written)
    return Run(
        console.first_paint - console.started,
        ready - console.started,
        start_bytes,
        start_cpu,
        resident,
        echoes,
        key_bytes,
        (console.cpu - cpu) / keys,
    )


@row_by_size("first paint, large store", "ms", Target(0.95, times_floor=True))
def first_paint(lab: Lab, size: Size) -> Figure:
    """From just before the spawn to the read that brought the first visible character; store as in `Lab.big_home`."""
    return runs(lab, size).figure(lambda run: run.first_paint, 1e3)


@row_by_size("first paint, large store, after a run that was quit", "ms", Target(0.4, times_floor=True))
def first_paint_again(lab: Lab, size: Size) -> Figure:
    """The same where the run before has left the frame that this one begins with; the row above has none."""
    file = lab.big_home.store_file.with_name("last-screen")
    ours, floors = [], []
    for _ in range(lab.times(3, 9)):
        with lab.client(lab.big_home, size) as console:
            console.wait_for("live, checked")
            console.settle(NEWS_QUIET)
            console.send(_QUIT)
            _wait_for_file(console, file)
        with lab.client(lab.big_home, size) as console:
            client_is_ready(console)
            ours.append(_first_paint(console))
        with lab.floor(size) as console:
            floor_is_ready(console)
            floors.append(_first_paint(console))
    return Figure(median(ours) * 1e3, ratio(ours, floors))


def _wait_for_file(console: Console, file: Path) -> None:
    end = time.perf_counter() + _LEAVES_WITHIN
    while not file.exists():
        if time.perf_counter() > end:
            raise Failure("no frame was left")
        console.settle(0.05)  # what it writes at its end must be read


def _first_paint(console: Console) -> float:
    assert console.first_paint is not None
    return console.first_paint - console.started


@row_by_size("ready, large store", "ms", Target(0.95, times_floor=True))
def ready(lab: Lab, size: Size) -> Figure:
    """From just before the spawn to the read after which contacts and key bar stand on the screen."""
    return runs(lab, size).figure(lambda run: run.ready, 1e3)


@row_by_size("CPU to start, large store", "ms")
def start_cpu(lab: Lab, size: Size) -> Figure:
    """All CPU of the process until nothing was written for a quarter of a second after ready."""
    return runs(lab, size).figure(lambda run: run.start_cpu, 1e3)


@row_by_size("bytes to start", "B", Target(8_000), sizes=[BUSINESS_SIZE])
def start_bytes(lab: Lab, size: Size) -> Figure:
    """All that was written to the terminal until then."""
    return runs(lab, size).figure(lambda run: run.start_bytes)


@row("memory at ready, large store", "MiB", Target(1.15, times_floor=True))
def memory_at_ready(lab: Lab) -> Figure:
    """The process's resident memory (VmRSS) at that moment, at 80x24."""
    return runs(lab, BUSINESS_SIZE).figure(lambda run: run.resident)


@row_by_size("bytes per typed key, mean", "B", Target(48))
def key_bytes_mean(lab: Lab, size: Size) -> Figure:
    """Written between a key in the composer and 30 ms without output; a sentence of 45 characters, twice, in a full run.

    The keys include those at which the line wraps and the composer grows.
    """
    return runs(lab, size).figure(lambda run: sum(run.key_bytes) / len(run.key_bytes))


@row_by_size("bytes per typed key, p99", "B", Target(120))
def key_bytes_p99(lab: Lab, size: Size) -> Figure:
    """Of the same bytes, of all keys of all runs, what 99 keys of 100 do not exceed."""
    pairs = runs(lab, size)
    ours, floors = ([size for run in each for size in run.key_bytes] for each in (pairs.ours, pairs.floors))
    return Figure(percentile(ours, 0.99), percentile(ours, 0.99) / percentile(floors, 0.99))


@row_by_size("key echo, p50", "ms", Target(0.8, times_floor=True))
def echo_p50(lab: Lab, size: Size) -> Figure:
    """From just before a key's write to the read that changed text or cursor; the median of a run."""
    return runs(lab, size).figure(lambda run: percentile(run.echoes, 0.5), 1e3)


@row_by_size("key echo, p99", "ms", Target(0.9, times_floor=True))
def echo_p99(lab: Lab, size: Size) -> Figure:
    """The same, but what 99 keys of 100 of a run do not exceed; in a run of fewer, the slowest key."""
    return runs(lab, size).figure(lambda run: percentile(run.echoes, 0.99), 1e3)


@row_by_size("CPU per typed key", "ms")
def key_cpu(lab: Lab, size: Size) -> Figure:
    """All CPU of the process while it was typed into, by the number of keys."""
    return runs(lab, size).figure(lambda run: run.key_cpu, 1e3)
