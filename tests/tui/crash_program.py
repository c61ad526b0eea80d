"""The real program with a mistake in one place, which is made at SIGUSR1: python crash_program.py PLACE TEXT NUMBER."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from gynetix_tui import cli
from gynetix_tui.engine.engine import Engine
from gynetix_tui.tui import launch
from gynetix_tui.tui.app import GynetixApp
from gynetix_tui.tui.terminal import TerminalDriver, repair_driver

PLACE, TEXT, NUMBER = sys.argv[1:]
KEY = os.environ["GYNETIX_API_KEY"]
MISTAKE_MADE = threading.Event()


class DrawnError(ValueError):
    """One that Textual lets draw itself."""

    def __rich__(self) -> str:
        return str(self)


def fail(kind: type[ValueError] = ValueError) -> NoReturn:
    """Have the key, a text and a number as locals, as words of the error, and as words of the one before it."""
    key, text, number = KEY, TEXT, NUMBER
    words = f"{key} {text} {number}"
    try:
        raise LookupError(words)
    except LookupError as error:
        raise kind(words) from error


class Mistake(Message):
    """Its handler fails."""


class NoCompose(Screen[None]):
    def compose(self) -> ComposeResult:
        held = {"key": KEY, "text": TEXT}
        yield Widget(name=str(len(held)))
        fail()


class NoRender(Screen[None]):
    def render(self) -> NoReturn:
        fail()


class MistakenEngine(Engine):
    async def run(self) -> None:
        usual = asyncio.create_task(super().run())
        await asyncio.to_thread(MISTAKE_MADE.wait)
        usual.cancel()
        await asyncio.gather(usual, return_exceptions=True)
        fail()


class MistakenDriver(TerminalDriver):
    def run_input_thread(self) -> None:
        MISTAKE_MADE.wait()
        fail()


class MistakenApp(GynetixApp):
    def on_mount(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._make_mistake)

    def _make_mistake(self) -> None:
        places: dict[str, Callable[[], object]] = {
            "worker": lambda: self.run_worker(self._fail()),
            "worker in a thread": lambda: self.run_worker(fail, thread=True),
            "handler": lambda: self.post_message(Mistake()),
            "error that draws itself": lambda: self.call_later(fail, DrawnError),
            "compose": lambda: self.push_screen(NoCompose()),
            "render": lambda: self.push_screen(NoRender()),
            "timer": lambda: self.set_timer(0.01, fail),
            "engine": MISTAKE_MADE.set,
            "keyboard": MISTAKE_MADE.set,
            "thread": lambda: threading.Thread(target=fail).start(),
            "two at once": lambda: [self.run_worker(self._fail_later()) for _ in range(2)],
        }
        places[PLACE]()

    async def _fail(self) -> None:
        fail()

    async def _fail_later(self) -> None:
        await asyncio.sleep(0.05)  # so that both are woken in the same turn of the loop
        fail()

    def on_mistake(self, message: Mistake) -> None:
        held = {"message": message, "key": KEY}
        fail(ValueError if held else DrawnError)


def mistaken_parts() -> Iterator[tuple[str, object]]:
    """What of the program is replaced."""
    yield "GynetixApp", MistakenApp
    if PLACE == "engine":
        yield "Engine", MistakenEngine
    if PLACE == "keyboard":
        repair_driver()
        yield "repair_driver", lambda: MistakenDriver


if __name__ == "__main__":
    for name, part in mistaken_parts():
        setattr(launch, name, part)
    sys.exit(cli.main([]))
