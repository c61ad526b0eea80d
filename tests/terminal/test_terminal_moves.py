"""What moves on the screen is moved with few bytes, and the screen is what it would be if all were drawn anew."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from canary import KEY
from cells_kit import Seen
from terminal_kit import ANA, DEADLINE, ENTER, Desk, Terminal, ctrl

from gynetix_tui.sandbox import Person, Sandbox

SYNC = b"\x1b[?2026;2$y"
"""What a terminal answers that shows a frame at once."""
SHIFT_TAB, PAGE_UP, UP, DOWN, HOME, END, ESCAPE, F1 = (
    b"\x1b[Z", b"\x1b[5~", b"\x1b[A", b"\x1b[B", b"\x1b[H", b"\x1b[F", b"\x1b", b"\x1bOP",
)  # fmt: skip
QUIET_SECONDS = 0.5
UNREAD = re.compile(r".\s+\d")
"""The second row of a contact with texts that nobody has looked at."""
BEN = "+15550000009"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, people=[Person(ANA.removeprefix("+"), "Ana Torres")]) as sandbox:
        yield sandbox


def settled(terminal: Terminal) -> list[list[Seen]]:
    """Wait until nothing more is written; return what each cell shows."""
    end = time.monotonic() + DEADLINE
    seen = -1
    while seen != len(terminal.transcript):
        assert time.monotonic() < end, "it never rests"
        seen = len(terminal.transcript)
        time.sleep(QUIET_SECONDS)  # that nothing comes can only be seen by waiting
    return terminal.cells


def test_the_screen_is_what_it_would_be_if_all_were_drawn_anew(desk: Desk, sandbox: Sandbox) -> None:
    words = (
        "one",
        "two words",
        "three words 中文",
        "a longer text that is broken, " * 4,
        "👍🏽 yes",
        "e\u0301t\u00e9",
    )
    now = int(time.time())
    for contact_number, name, age in ((ANA, "Ana Torres", 0), (BEN, "Ben", 3600)):
        desk.add_contact(contact_number, name)
        for number in range(300):
            sandbox.world.receive(
                contact_number, f"{number} {words[number % 6]}", now - age - 60 * (300 - number)
            )
    terminal = desk.start(columns=100, lines=30)
    terminal.wait_for(r"Ana Torres[^\n]*\n.*299")
    terminal.press(HOME)
    terminal.press(ENTER)
    terminal.wait_for("Message Ana")
    terminal.send(SYNC)

    def arrival(text: str) -> Callable[[], None]:
        def arrive() -> None:
            sandbox.world.receive(ANA, text)
            terminal.press(ctrl("r"))
            terminal.wait_for(re.escape(text[:20]))
            terminal.wait_for(lambda shown: not UNREAD.match(shown.split("\n")[2]))

        return arrive

    def keys(*pressed: bytes) -> Callable[[], None]:
        def press() -> None:
            for key in pressed:
                terminal.press(key)

        return press

    steps = {
        "an arrival": arrival("the first of the new ones"),
        "a long one": arrival("a new one that is " + "long " * 40),
        "written": keys(b"a", b"b", *[b"word "] * 40),
        "emptied": keys(*[b"\x17"] * 45),
        "to the texts": keys(SHIFT_TAB),
        "pages up": keys(PAGE_UP, PAGE_UP),
        "lines up": keys(*[UP] * 20),
        "lines down": keys(*[DOWN] * 9),
        "the first": keys(HOME),
        "the help": keys(F1),
        "and back": keys(ESCAPE),
        "the newest": keys(END),
        "to the list": keys(SHIFT_TAB, DOWN, ENTER),
    }
    for name, step in steps.items():
        step()
        shown = settled(terminal)
        terminal.press(ctrl("l"))
        assert settled(terminal) == shown, name
    said = bytes(terminal.transcript)
    assert {move for move in (b"\x1bD", b"\x1bM") if move in said} == {b"\x1bD", b"\x1bM"}
