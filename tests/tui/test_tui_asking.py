"""What is asked before a text goes out, and what may not go at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stage import Stage, stage
from talking_kit import messages
from test_tui_ahead import hanging_store, type_ahead, until
from textual import events

from gynetix_tui.sandbox import Call, Fault, FaultKind
from gynetix_tui.tui.screens.dialog import Question

ANA = "15557778888"
LONG = "x" * 460


async def paste(play: Stage, text: str) -> None:
    play.app.post_message(events.Paste(text))
    await play.until(lambda: play.main.talk.composer.text.endswith(text), "the paste")


async def sent(play: Stage, *texts: str) -> None:
    """Wait until these have gone, and nothing is left in the composer."""
    await play.until(lambda: messages(play) == list(texts), f"sent: {texts}")
    assert play.main.talk.composer.text == ""


def allow(play: Stage, *, ask_from: int, most: int) -> None:
    settings = play.app.session.settings
    texting = replace(settings.texting, ask_from_segments=ask_from, most_segments=most)
    play.app.session.settings = replace(settings, texting=texting)


async def test_a_long_text_asks_first_and_a_second_enter_by_mistake_does_not_send(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("enter")
        await play.until_text("Send this text?", "This text takes 4 segments.", "Keep writing")
        assert play.main.talk.composer.text == LONG
        await play.press("enter")
        assert play.app.screen is play.main
        assert play.main.focused is play.main.talk.composer
        assert play.main.talk.composer.text == LONG
        await play.press("enter", "left", "enter")
        await sent(play, LONG)


async def test_one_segment_less_asks_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG[:459])
        await play.press("enter")
        await sent(play, LONG[:459])


async def test_the_settings_say_from_when_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        allow(play, ask_from=0, most=0)
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("enter")
        await sent(play, LONG)
        allow(play, ask_from=1, most=0)
        await play.write("short")
        await play.press("enter")
        await play.until_text("This text takes 1 segment.")


async def test_what_is_typed_while_it_is_asked_goes_nowhere(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("enter")
        await play.write("yes s x d")
        await play.press("ctrl+j", "tab", "shift+tab", "enter")
        assert play.app.screen is play.main
        assert play.main.talk.composer.text == LONG
        assert not messages(play)


async def test_the_same_text_again_within_a_minute_asks(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("On my way")
        await play.press("enter", "enter")
        await sent(play, "On my way")
        assert not isinstance(play.app.screen, Question), (
            "a second Enter has nothing to send, and asks nothing"
        )
        play.clock.pass_seconds(12)
        await play.write("On  my way")
        await play.press("enter")
        await play.until_text("You sent the same text 12 s ago.")
        await play.press("escape")
        assert play.main.talk.composer.text == "On  my way"
        await play.press("!", "enter")
        await sent(play, "On my way", "On  my way!")


async def test_the_same_text_after_a_minute_or_to_somebody_else_asks_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("On my way")
        await play.press("enter")
        await sent(play, "On my way")
        await play.open("Sam Rivera")
        await play.write("On my way")
        await play.press("enter")
        await sent(play, "On my way", "On my way")
        play.clock.pass_seconds(61)
        await play.open("Ana Torres")
        await play.write("On my way")
        await play.press("enter")
        await sent(play, "On my way", "On my way", "On my way")


async def test_the_last_text_taken_back_asks_before_it_goes_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("Yes")
        await play.press("enter")
        await sent(play, "Yes")
        await play.press("up", "enter")
        await play.until_text("You sent the same text just now.")
        await play.press("left", "enter")
        await sent(play, "Yes", "Yes")


async def test_a_text_that_the_store_does_not_have_yet_counts_too(tmp_path: Path) -> None:
    async with stage(tmp_path, keys={"send": "ctrl+s"}) as play:
        await play.open("Ana Torres")
        async with hanging_store(play) as let_go:
            type_ahead(play, *"Yes", "ctrl+s", *"Yes", "ctrl+s")
            await until(lambda: isinstance(play.app.screen, Question))
            assert not play.store.outbox.unmatched(play.contact_id("Ana Torres"))
            let_go()
        await play.until_text("You sent the same text just now.")
        await play.press("enter")
        await play.until(lambda: messages(play) == ["Yes"])
        assert play.main.talk.composer.text == "Yes"


async def test_a_text_from_the_editor_asks_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        play.main.talk.set_text(LONG)
        await play.press("enter")
        await play.until_text("This text takes 4 segments.")


async def test_all_reasons_are_told_in_one_question(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("enter", "left", "enter")
        await sent(play, LONG)
        play.clock.pass_seconds(5)
        await paste(play, LONG)
        await play.press("enter")
        await play.until_text("This text takes 4 segments.", "You sent the same text 5 s ago.")
        assert len(play.app.screen_stack) == 2
        await play.press("left", "enter")
        await sent(play, LONG, LONG)


async def test_more_than_the_most_is_not_sent_and_stays(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        allow(play, ask_from=1, most=3)
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("enter")
        await play.until_text("takes 4 segments, and", "texting.most_segments allows 3.")
        assert play.app.screen is play.main, "there is nothing to ask"
        assert play.main.talk.composer.text == LONG
        assert not messages(play)


async def test_an_opt_out_that_comes_while_it_is_asked_has_the_last_word(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await paste(play, LONG)
        await play.press("enter")
        play.sandbox.world.receive(ANA, "STOP")
        await play.fetch()
        await play.until(lambda: play.contact("Ana Torres").contact.opt_out, "the opt-out")
        await play.press("left", "enter")
        await play.until_text('Not sent: they texted "STOP" at 13:30.')
        assert play.main.talk.composer.text == LONG
        assert not messages(play)


async def test_a_text_that_failed_and_was_sent_anew_says_so_before_it_goes_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(
            Fault(FaultKind.REFUSE, call=Call.SEND, times=1, reason="Daily limit reached")
        )
        await play.open("Ana Torres")
        await play.write("Hi")
        await play.press("enter")
        await play.until_text("Daily limit reached")
        await play.press("shift+tab", "r")
        await play.until_text("It was not sent.")
        assert "same text" not in play.text
        await play.press("escape", "tab")
        await play.write("Hi")
        await play.press("enter")
        await sent(play, "Hi", "Hi")  # one was refused
        await play.press("shift+tab", "home", "r")
        for _ in range(5):
            if "It was not sent." not in play.text:
                await play.press("down", "r")
        assert "You sent the same text" in play.text
        await play.press("escape")
        assert messages(play) == ["Hi", "Hi"]
