"""Where the rows are measured: homes, the gateway, clients and floors, each made when the first row asks for it."""

from __future__ import annotations

import math
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import floor_app
from console import Console
from gateway_process import Remote
from homes import PROGRAM, Home, Talk, make_home, terminal_environ
from table import Size

HOUR = 3600.0
ANA = "Ana Torres"
HAND = 0.02
"""Seconds between two keys: an Enter right after a key would be taken for part of a paste."""
ENTER = b"\r"
READY = rf"(?s){ANA}.*F1"
"""The newest contact and the bar of keys: what there is to see has been drawn."""
_FLOOR_READY = rf"(?s){floor_app.LOADED}.*f2"
_MAKING_SECONDS = 600
_MIRRORED = 150
"""More conversations than are asked for in the two minutes that a client runs here at most."""

T = TypeVar("T")


class Lab:
    """A context manager; all that it started has ended when it has.

    Args:
        folder: For homes.
        quick: Fewer rounds and a smaller store.
    """

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self._folder = folder
        self.quick = quick
        self._ends = ExitStack()
        self._known: dict[object, object] = {}

    def once(self, name: object, measure: Callable[[], T]) -> T:
        """What several rows are read from is measured once; a failure is every such row's."""
        if name not in self._known:
            try:
                self._known[name] = measure()
            except Exception as error:
                self._known[name] = error
        found = self._known[name]
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[return-value]  # what is kept under a name is what `measure` of that name gave

    def times(self, quick: int, full: int) -> int:
        """How many times something is done."""
        return quick if self.quick else full

    # What there is

    @cached_property
    def gateway(self) -> Remote:
        """The gateway, which has what the homes' stores have."""
        return self._ends.enter_context(Remote())

    @cached_property
    def dead_end(self) -> str:
        """The address of a gateway that refuses every connection."""
        held = self._ends.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))  # bound, so that nobody else gets it, and never listened on
        return f"http://127.0.0.1:{held.getsockname()[1]}/api"

    @property
    def big_home(self) -> Home:
        """A thousand contacts, 1,000,000 texts between them (100,000 in a quick run)."""

        def make() -> Home:
            texts = self.times(100, 1000)
            talks = [
                Talk(f"Somebody {number}" if number else ANA, texts, 60 + number * HOUR)
                for number in range(1000)
            ]
            return self._mirrored(make_home(self._folder / "big", 551, talks))

        return self.once("big home", make)

    def lively_home(self, size: Size) -> Home:
        """Twenty contacts of sixty texts, for what comes in and what is sent; its own for each size, as it is changed."""
        talks = [Talk(f"Somebody {number}" if number else ANA, 60, 60 + number * 600) for number in range(20)]
        columns, _ = size
        # Each Ctrl+R asks for all twenty: the usual limit would soon have the next one wait for a minute.
        config = "[polling]\nrequests_per_minute = 6000\n"
        return self._mirrored(
            make_home(self._folder / f"lively-{columns}", 600 + columns, talks, config=config)
        )

    @property
    def single_home(self) -> Home:
        """One contact of a hundred texts."""

        def make() -> Home:
            return self._mirrored(make_home(self._folder / "single", 553, [Talk(ANA, 100, 60)]))

        return self.once("single home", make)

    @property
    def long_home(self) -> Home:
        """A conversation of 100,000 texts above one of 100; the gateway does not have them."""

        def make() -> Home:
            talks = [Talk(ANA, 100_000, 60), Talk("Ben Short", 100, HOUR)]
            return make_home(self._folder / "long", 554, talks)

        return self.once("long home", make)

    @property
    def polled_home(self) -> Home:
        """One contact of 10,000 texts."""

        def make() -> Home:
            return self._mirrored(make_home(self._folder / "polled", 555, [Talk(ANA, 10_000, 60)]))

        return self.once("polled home", make)

    @property
    def made_home(self) -> tuple[Home, float]:
        """What make_store.py makes, and the seconds that it took; 1,000 contacts and 100,000 texts in a quick run."""

        def make() -> tuple[Home, float]:
            folder, script = self._folder / "made", str(Path(__file__).with_name("make_store.py"))
            contacts, texts = self.times(1_000, 10_000), self.times(100_000, 1_000_000)
            words = [script, str(folder), "--contacts", str(contacts), "--messages", str(texts), "--spread"]
            begun = time.perf_counter()
            subprocess.run([sys.executable, *words], stdout=sys.stderr, check=True, timeout=_MAKING_SECONDS)
            return Home(folder, ()), time.perf_counter() - begun

        return self.once("made home", make)

    def _mirrored(self, home: Home) -> Home:
        self.gateway.mirror(home.store_file, home.numbers[:_MIRRORED])
        home.note_answers(self.gateway.base_url, self.gateway.key, _MIRRORED)
        return home

    # What is run

    def client(self, home: Home, size: Size, *, connected: bool = True) -> Console:
        """A client, just started."""
        base_url = self.gateway.base_url if connected else self.dead_end
        environ = home.environ(base_url, self.gateway.key if connected else "a-key")
        return Console([PROGRAM], environ, columns=size[0], lines=size[1])

    def floor(self, size: Size) -> Console:
        """The floor, just started."""
        command = [sys.executable, floor_app.__file__]
        return Console(command, terminal_environ(self._folder), columns=size[0], lines=size[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()


def client_is_ready(console: Console) -> float:
    """Wait for the client's first whole screen; return when it was there."""
    return console.wait_for(READY)


def floor_is_ready(console: Console) -> float:
    """Wait for the floor's first whole screen; return when it was there."""
    return console.wait_for(_FLOOR_READY)


def open_newest(console: Console) -> None:
    """Open the newest conversation of a client that is live, with the cursor in the composer."""
    time.sleep(HAND)
    console.send(ENTER)
    console.wait_for("Enter send")


def median(values: Sequence[float]) -> float:
    """The median; there must be any."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of the values does not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def ratio(ours: Sequence[float], floors: Sequence[float]) -> float:
    """Ours in times of the floor's, pair by pair, and of these the median."""
    return median([own / floor for own, floor in zip(ours, floors, strict=True)])
