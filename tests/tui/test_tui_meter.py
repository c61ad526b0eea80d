"""What a text costs, what makes it cost more, and what the line under the composer tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from stage import Stage, stage
from talking_kit import messages, meter, rule
from textual import events

from gynetix_tui.model import SendState
from gynetix_tui.sandbox import Call, Fault, FaultKind, Person, heard
from gynetix_tui.sms.segments import measure
from gynetix_tui.tui.hints import Hint, beside, cost_forms, shortener_hint

DENVER = Person("13032345678", "Dana", history=(heard("Good night", hours=30),))
TO_2240 = 9 * 3600.0 + 600
"""Seconds from the stage's clock to 22:40 in Denver."""
LONG = "It’s late, and there is nothing more to say about this tonight, so good night"


def marked(play: Stage) -> list[str]:
    """The underlined texts of the composer as it is drawn, row by row."""
    composer = play.main.talk.composer
    rows = [composer.render_line(y) for y in range(composer.size.height)]
    return ["".join(part.text for part in row if part.style and part.style.underline) for row in rows]


async def paste(play: Stage, text: str) -> None:
    before = play.main.talk.composer.text
    play.app.post_message(events.Paste(text))
    await play.until(lambda: play.main.talk.composer.text != before, "the paste")


async def looked(play: Stage) -> None:
    """Wait until it is known how late it is there."""
    workers = [each for each in play.app.workers if each.name == "_look_at_clock"]
    await play.app.workers.wait_for_complete(workers)
    await play.pilot.pause()


async def test_what_is_written_is_counted_and_nothing_stands_there_else(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        assert meter(play) == ""
        await play.open("Ana Torres")
        assert meter(play) == ""
        height = play.main.talk.conversation.size.height
        await play.write("Hello")
        assert meter(play) == "GSM-7 · 5/160 · 1 segment"
        assert play.main.talk.conversation.size.height == height, "nothing jumps"
        await paste(play, "x" * 156)
        assert meter(play) == "GSM-7 · 161/306 · 2 segments"
        await play.press("backspace")
        assert meter(play) == "GSM-7 · 160/160 · 1 segment"
        await paste(play, "你")
        assert meter(play).endswith("UCS-2 · 161/201 · 3 segments")
        await play.press("ctrl+underscore")
        assert meter(play) == "GSM-7 · 160/160 · 1 segment"
        await play.press("enter")
        await play.until(lambda: messages(play))
        assert meter(play) == ""


async def test_a_curly_quote_is_named_marked_and_replaced_when_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        assert meter(play).startswith("curly quote makes this 2 segments, F2 simplifies  ")
        assert meter(play).endswith("  UCS-2 · 77/134 · 2 segments")
        assert "".join(marked(play)) == "’"
        await play.press("f2")
        await play.until_text(
            "Now: 2 segments (UCS-2)", LONG[:40], "Then: 1 segment (GSM-7)", "It's late, and"
        )
        assert play.main.talk.composer.text == LONG, "nothing is done before it is wished"
        await play.press("enter")
        straight = LONG.replace("’", "'")
        assert play.main.talk.composer.text == straight
        assert meter(play) == "GSM-7 · 77/160 · 1 segment"
        assert "".join(marked(play)) == ""
        await play.press("ctrl+underscore")
        assert play.main.talk.composer.text == LONG, "one step of undoing brings it back"
        await play.write("!!")
        await play.press("f2", "enter")
        await play.write("!")
        await play.press("ctrl+underscore", "ctrl+underscore")
        assert play.main.talk.composer.text == f"{LONG}!!", (
            "what was typed before and after is not undone with it"
        )
        await play.press("backspace", "backspace", "f2", "enter", "enter")
        await play.until(lambda: messages(play))
        assert messages(play) == [straight]


@pytest.mark.parametrize("keys", [("escape",), ("right", "enter")])
async def test_simplifying_that_is_not_wished_changes_nothing(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("f2")
        await play.until_text("Then: 1 segment")
        await play.press(*keys)
        await play.write("!")
        assert play.main.talk.composer.text == f"{LONG}!"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Nothing is written yet."),
        ("Hello", "This text is GSM-7 already"),
        ("It’s late", "This text is one segment already."),
        (f"{LONG} 😀", "would not make it cheaper"),
    ],
)
async def test_where_nothing_can_be_saved_it_is_said_why(tmp_path: Path, text: str, why: str) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        if text:
            await paste(play, text)
        await play.press("f2")
        await play.until_text(why)
        assert play.app.screen is play.main
        assert play.main.talk.composer.text == text


async def test_an_emoji_that_costs_is_named_without_the_offer_of_a_key(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, f"{LONG.replace('’', '')} 😀")
        assert meter(play).startswith("emoji makes this 2 segments  ")


async def test_marks_are_right_on_every_line_while_one_edits(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, "a’b\n" + "x" * 65 + "\n👍🏽 “wide")
        assert marked(play) == ["’", "", "👍🏽“"]
        await play.press("backspace", "backspace", "backspace", "backspace")
        assert marked(play) == ["’", "", "👍🏽“"]
        await play.press("backspace", "backspace", "backspace", "backspace")
        assert marked(play) == ["’", "", ""], "it makes the text UCS-2, also where that is one segment"
        await play.press("ctrl+underscore")
        assert marked(play) == ["’", "", "👍🏽“"]
        await play.press("up", "up", "home", "ctrl+j")
        assert marked(play) == ["", "’", "", "👍🏽“"], "they move with their lines"
        await play.press("down", "down", "end")
        await paste(play, "…")
        assert marked(play) == ["", "’", "", "👍🏽“…"]


async def test_a_wrapped_line_and_another_conversation_have_their_own_marks(tmp_path: Path) -> None:
    async with stage(tmp_path, size=(40, 20)) as play:
        await play.open("Ana Torres")
        await paste(play, "y" * 50 + " 陈 – " + "z" * 30)
        assert "".join(marked(play)) == "陈–"
        await play.press("f8")
        assert "".join(marked(play)) == ""
        await play.press("f7")
        assert "".join(marked(play)) == "陈–"


async def test_a_public_shortener_is_told_of(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("See https://bit.ly/x")
        assert meter(play).startswith("bit.ly: carriers may block shortened links  ")
        await play.press("backspace", "backspace", "backspace")
        assert "carriers" not in meter(play)


# Quiet hours


async def test_it_is_told_once_how_late_it_is_there(tmp_path: Path) -> None:
    async with stage(tmp_path, people=(DENVER,)) as play:
        play.clock.pass_seconds(TO_2240)
        await play.open("Dana")
        assert meter(play) == "", "nothing is said before one writes"
        await play.write("Hi")
        await play.until_text("22:40 in Denver")
        play.clock.pass_seconds(60)
        await play.write(" there")
        await play.until_text("22:41 in Denver")
        await play.press("enter")
        await play.until(lambda: messages(play))
        assert meter(play) == ""
        play.clock.pass_seconds(120)
        await play.write("Again")
        await looked(play)
        assert meter(play) == "GSM-7 · 5/160 · 1 segment", "once is enough in one night"
        play.clock.pass_seconds(24 * 3600.0)
        await play.write("!")
        await play.until_text("22:43 in Denver")


async def test_it_ends_with_the_night(tmp_path: Path) -> None:
    async with stage(tmp_path, people=(DENVER,)) as play:
        play.clock.pass_seconds(TO_2240)
        await play.open("Dana")
        await play.write("Hi")
        await play.until_text("22:40 in Denver")
        play.clock.pass_seconds(10 * 3600.0)
        await play.write("!")
        await play.until(lambda: "Denver" not in meter(play))


async def _by_day(play: Stage) -> None:
    play.clock.pass_seconds(-TO_2240)


async def _they_wrote(play: Stage) -> None:
    play.sandbox.world.receive(DENVER.number, "Still up?")
    play.clock.pass_seconds(7000)
    await play.fetch()
    await play.until_text("Still up?")


async def _off(play: Stage) -> None:
    await play.engine.set_hours_hint(play.contact_id("Dana"), on=False)
    await play.until(lambda: not play.contact("Dana").contact.hours_hint)
    await play.pilot.pause()


async def _no_hours(play: Stage) -> None:
    settings = play.app.session.settings
    texting = replace(settings.texting, quiet_from="00:00", quiet_until="00:00")
    play.app.session.settings = replace(settings, texting=texting)


@pytest.mark.parametrize("why", [_by_day, _they_wrote, _off, _no_hours])
async def test_it_is_not_told_where_it_would_be_wrong(tmp_path: Path, why: object) -> None:
    async with stage(tmp_path, people=(DENVER,)) as play:
        play.clock.pass_seconds(TO_2240)
        await play.open("Dana")
        assert callable(why)
        await why(play)
        await play.write("Hi")
        await looked(play)
        assert meter(play) == "GSM-7 · 2/160 · 1 segment"


async def test_it_is_told_again_two_hours_after_they_wrote(tmp_path: Path) -> None:
    async with stage(tmp_path, people=(DENVER,)) as play:
        play.clock.pass_seconds(TO_2240)
        await play.open("Dana")
        await _they_wrote(play)
        play.clock.pass_seconds(300)
        await play.write("Hi")
        await play.until_text("in Denver")


# Where it stands


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (53, 20), (40, 15)])
async def test_the_number_it_goes_out_from_is_always_seen(tmp_path: Path, size: tuple[int, int]) -> None:
    async with stage(tmp_path, size=size) as play:
        await play.open("Ana Torres")
        assert rule(play).endswith("from (555) 666-7777")
        play.sandbox.faults.add(Fault(FaultKind.DELAY, call=Call.SEND, seconds=0.1))
        await play.write("Hello again")
        assert rule(play).endswith("from (555) 666-7777")
        await play.press("enter")
        contact = play.contact_id("Ana Torres")
        await play.until(
            lambda: play.store.conversations.newest(contact, 1)[0].state is SendState.ACCEPTED, "sent"
        )
        await play.press("shift+tab", "up")
        await play.until(lambda: rule(play).startswith("This text: taken"), "the state in words")
        assert rule(play).endswith("from (555) 666-7777")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((120, 40), "curly quote makes this 2 segments, F2 simplifies     UCS-2 · 77/134 · 2 segments"),
        ((80, 24), "curly quote: F2 simplifies       UCS-2 · 77/134 · 2"),
        ((53, 20), "curly quote: F2 simplifies      UCS-2 · 77/134 · 2"),
        ((40, 15), "F2 saves 1 segment  UCS-2 · 77/134 · 2"),
    ],
)
async def test_a_narrow_screen_has_shorter_words(tmp_path: Path, size: tuple[int, int], shown: str) -> None:
    async with stage(tmp_path, size=size) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        assert " ".join(meter(play).split()) == " ".join(shown.split())


@pytest.mark.parametrize("room", [78, 51, 38, 12])
def test_two_things_never_take_more_than_their_room(room: int) -> None:
    cost = cost_forms(measure("“" * 80))
    for hint in (shortener_hint("bit.ly"), Hint(("22:40 in Denver", "22:40 there"))):
        left, right = beside(hint.forms, cost, room)
        assert right in cost
        assert room == 12 or cell_len(left) + 1 + cell_len(right) <= room


def test_the_kind_of_text_is_the_last_to_go() -> None:
    cost = ("UCS-2 · 80/134 · 2 segments", "UCS-2 · 80/134 · 2", "80/134 · 2")
    assert beside(("a long sentence", "short"), cost, 24) == ("short", cost[1])
    assert beside((), cost, 27) == ("", cost[0])
    assert beside(("22:40 in Denver",), cost, 51) == ("22:40 in Denver", cost[0])
