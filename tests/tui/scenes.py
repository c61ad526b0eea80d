"""The scenes of the README's pictures: what is on the stage, and what the user does before the curtain falls."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage import Scene, Stage, stage
from textual import events

from gynetix_tui.sandbox import Call, Fault, FaultKind


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        options: For `stage`.
        every_size: Whether the tests compare it at each of their sizes; false for a second size of another one.
    """

    act: Scene
    size: tuple[int, int] = (120, 36)
    options: dict[str, Any] = field(default_factory=dict)
    every_size: bool = True


async def _talk(play: Stage) -> None:
    """A text sent and answered, one that was refused, an unread one from somebody else, and one being written."""
    await play.open("Ana Torres")
    await _say(play, "It's Pat, from the clinic")
    play.clock.pass_seconds(120)
    await play.fetch()
    await play.until_text("polite robot")
    play.sandbox.faults.add(Fault(FaultKind.REFUSE, call=Call.SEND, times=1, reason="Daily limit reached"))
    await play.write("The results are fine, nothing to worry about")
    await play.press("enter")
    await play.until_text("Daily limit reached")
    play.sandbox.world.receive("15553217736", "Are you coming tonight?")
    play.clock.pass_seconds(60)
    await play.fetch()
    await play.until(lambda: play.contact("Noa נועה").unread, "the unread text")
    await play.write("Shall we say Tuesday at nine?")


async def _say(play: Stage, text: str) -> None:
    await play.write(text)
    await play.press("enter")
    await play.until(lambda: len(play.sandbox.world.conversation("15557778888")) > 2, "sent")


async def _nothing(play: Stage) -> None:
    del play


async def _help(play: Stage) -> None:
    await play.open("Ana Torres")
    await play.press("f1")


async def _new(play: Stage) -> None:
    await play.press("ctrl+n")
    await play.write("12")
    await play.press("enter")


async def simplify(play: Stage) -> None:
    await play.open("Ana Torres")
    play.app.post_message(
        events.Paste("It’s done – the results are fine, nothing to worry about. See you Tuesday")
    )
    await play.until(lambda: "F2 s" in play.text, "what costs, named")
    await play.press("f2")


async def _costly(play: Stage) -> None:
    await simplify(play)
    await play.press("escape")


async def _locked(play: Stage) -> None:
    await play.open("Ana Torres")
    await play.write("See you at nine")
    play.sandbox.world.receive("15557778888", "STOP")
    await play.fetch()
    await play.until_text('They texted "STOP"')
    await play.press("shift+tab")


async def _details(play: Stage) -> None:
    play.sandbox.world.receive("15557778888", "STOP")
    await play.fetch()
    await play.until(lambda: play.contact("Ana Torres").contact.opt_out, "what they texted, heard")
    await play.press("i")
    await play.press("end")
    await play.until(lambda: "owner.first_name" in play.text or "Front desk" in play.text)
    await play.press("end")  # the answer made it longer
    await play.until_text("Front desk")


SCENES: dict[str, Picture] = {
    "main": Picture(_talk),
    "main-80x24": Picture(_talk, (80, 24), every_size=False),
    "narrow-50x20": Picture(_talk, (50, 20), every_size=False),
    "first-start": Picture(_nothing, (80, 24), {"key": "", "keyring": "the desktop's keyring (Secret Service)", "local_number": None, "people": ()}),
    "help": Picture(_help, (100, 36)),
    "new-conversation": Picture(_new, (80, 24)),
    "cost": Picture(_costly, (100, 24)),
    "opt-out": Picture(_locked, (100, 24)),
    "details": Picture(_details, (100, 36)),
}  # fmt: skip


async def picture(scene: Picture, folder: Path) -> str:
    """Play a scene and return its last frame as SVG."""
    async with stage(folder, size=scene.size, **scene.options) as play:
        await scene.act(play)
        await play.rest()
        play.app.clear_notifications()
        await play.pilot.pause()
        return play.app.export_screenshot(title="gynetix-tui")
