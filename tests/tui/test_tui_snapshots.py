"""Pictures of the screens, compared cell by cell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Protocol

import pytest
from scenes import SCENES, Picture, simplify
from stage import Scene, Stage, setting
from textual import events
from textual.pilot import Pilot

from gynetix_tui.sandbox import Call, Fault, FaultKind, Person, heard
from gynetix_tui.tui.browser import Opener

SIZES = [(120, 40), (80, 24), (50, 20)]


class Compare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(self, app: Any, *, terminal_size: tuple[int, int], run_before: Any) -> bool: ...


async def _list(play: Stage) -> None:
    await play.press("down")


async def _conversation(play: Stage) -> None:
    await play.open("Mei Chen 陈美")
    await play.press("shift+tab", "up", "up")


async def _history(play: Stage) -> None:
    await play.open("Priya Raman")
    await play.press("shift+tab", "home", "pagedown")


async def _uncertain(play: Stage) -> None:
    play.sandbox.faults.add(Fault(FaultKind.CLOSE_AFTER_BODY, call=Call.SEND, times=1))
    await play.open("Ana Torres")
    await play.write("Are you there?")
    await play.press("enter")
    await play.until_text("may have been sent")
    await play.press("shift+tab", "up", "r")


async def _suppress(play: Stage) -> None:
    await play.press("x")


async def _edit(play: Stage) -> None:
    await play.press("e", "tab")
    await play.write("Met at the clinic.\nAsk about Rex.")


async def _go_to(play: Stage) -> None:
    await play.press("ctrl+g")
    await play.write("an")


async def _palette(play: Stage) -> None:
    await play.press("ctrl+p")
    await play.write("pin")
    await play.until_text("Keep the contact")


async def _links(play: Stage) -> None:
    play.main.opener = Opener({"BROWSER": sys.executable})
    await play.open("Ana Torres")
    await play.press("shift+tab", "o")
    await play.until_text("Enter opens")
    await play.press("down")


async def _asked(play: Stage) -> None:
    await play.open("Ana Torres")
    play.app.post_message(events.Paste("The results are fine. " * 22))
    await play.until_text("4 segments")
    await play.press("enter")


async def _plea(play: Stage) -> None:
    await play.open("Ana Torres")
    play.sandbox.world.receive("15557778888", "please stop texting me")
    await play.fetch()
    await play.until_text("May be an opt-out")


LINKS = Person(
    "15557778888",
    "Ana Torres",
    history=(
        heard("Where: example.com/map?zoom=12#here", hours=3),
        heard("Your bank: https://bank.example@elsewhere.example/login", hours=2),
        heard("Pay at https://p\u0430ypal.com/me", hours=1),
    ),
)

TOKYO = Person("81312345678", "Kenji Mori", history=(heard("See you in spring", hours=60),))


async def _late(play: Stage) -> None:
    await play.open("Kenji Mori")
    await play.write("Good morning")
    await play.until_text("04:30")


MORE: dict[str, Scene] = {
    "list": _list,
    "conversation": _conversation,
    "history": _history,
    "uncertain": _uncertain,
    "suppress": _suppress,
    "edit": _edit,
    "go-to": _go_to,
    "palette": _palette,
    "simplify": simplify,
    "asked": _asked,
    "plea": _plea,
}
PICTURES = {
    **{
        f"{name}-{w}x{h}": (picture, (w, h))
        for name, picture in SCENES.items()
        for w, h in SIZES
        if picture.every_size
    },
    **{f"{name}-{w}x{h}": (Picture(act), (w, h)) for name, act in MORE.items() for w, h in SIZES},
    **{f"links-{w}x{h}": (Picture(_links, options={"people": (LINKS,)}), (w, h)) for w, h in SIZES},
    **{f"late-{w}x{h}": (Picture(_late, options={"people": (TOKYO,)}), (w, h)) for w, h in SIZES},
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare: Compare, tmp_path: Path, name: str) -> None:
    picture, size = PICTURES[name]
    with setting(tmp_path, **picture.options) as made:

        async def act(pilot: Pilot[str]) -> None:
            async with made.play(pilot) as play:
                await picture.act(play)
                await play.rest()

        assert snap_compare(made.app, terminal_size=size, run_before=act)
