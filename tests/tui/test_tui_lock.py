"""What an opt-out does to the composer: it is locked, it says why, and nothing that was written is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage, stage
from talking_kit import messages, meter, rule
from textual import events
from textual.widget import Widget

from gynetix_tui.model import ConsentEvent
from gynetix_tui.sandbox import Call
from gynetix_tui.store import Store

ANA = "15557778888"
FROM = "from (555) 666-7777"
PLEA = "please stop texting me"
STOPPED = 'They texted "STOP" at 13:30'


def has_focus(play: Stage, part: Widget) -> bool:
    return play.main.focused is part


def is_closed(play: Stage) -> bool:
    return play.main.talk.composer.disabled


async def hear(play: Stage, text: str) -> None:
    """Ana writes, and it is fetched."""
    before = play.store.conversations.statistics(play.contact_id("Ana Torres")).incoming
    play.sandbox.world.receive(ANA, text)
    await play.fetch()
    await play.until(
        lambda: play.store.conversations.statistics(play.contact_id("Ana Torres")).incoming > before, text
    )
    await play.pilot.pause()


async def test_a_stop_that_comes_while_one_writes_loses_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("See you at n")
        await hear(play, "STOP")
        await play.until(lambda: rule(play).startswith(f"{STOPPED}  "), "the lock")
        assert rule(play).endswith(FROM)
        assert "opt-out · STOP" in play.text, "the list tells it, too"
        composer = play.main.talk.composer
        await play.write("ine d x u")
        play.app.post_message(events.Paste("pasted"))
        await play.press("ctrl+j", "backspace", "delete", "ctrl+underscore", "up", "f2", "ctrl+w", "ctrl+u")
        assert has_focus(play, composer), "what is being typed is no command in another part"
        assert play.app.screen is play.main
        assert composer.text == "See you at n"
        await play.press("enter")
        await play.until_text('Not sent: they texted "STOP" at 13:30.')
        assert composer.text == "See you at n"
        assert not messages(play)
        assert meter(play) == "Shift+Tab, then x has the gateway suppress this number"
        await play.press("shift+tab")
        assert is_closed(play)
        await play.press("tab", "tab")
        assert has_focus(play, play.main.talk.conversation), "the composer is left out"
        assert meter(play) == "x has the gateway suppress this number"
        await play.press("x")
        await play.until_text("Suppress Ana Torres?")


async def test_a_start_lifts_it_and_the_text_is_there_as_it_was(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("See you at n")
        await hear(play, "stop")
        await play.press("escape")
        await hear(play, "Start")
        await play.until_text("Ana Torres asks to be texted again")
        assert rule(play).startswith("Message Ana Torres")
        await hear(play, "Hello?")
        assert play.text.count("asks to be texted again") == 1
        await play.press("tab", "tab")
        await play.write("ine")
        await play.press("enter")
        await play.until(lambda: messages(play) == ["See you at nine"])


async def test_a_locked_conversation_that_is_opened_shows_its_draft_and_takes_no_focus(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("half a thou")
        await play.open("Sam Rivera")
        await hear(play, "Stop.")
        await play.open("Ana Torres")
        assert rule(play).startswith('They texted "Stop." at 13:30')
        assert "half a thou" in play.text
        assert is_closed(play)
        assert has_focus(play, play.main.talk.conversation)
        await play.open("Sam Rivera")
        assert not is_closed(play)
        await hear(play, "START")
        await play.open("Ana Torres")
        await play.write("ght")
        await play.press("enter")
        await play.until(lambda: messages(play) == ["half a thought"])


async def test_the_text_of_a_locked_conversation_is_dimmed(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("half")
        composer = play.main.talk.composer
        before = next(iter(composer.render_line(0))).style
        await hear(play, "STOP")
        locked = next(iter(composer.render_line(0))).style
        assert before
        assert locked
        assert before.color != locked.color
        await play.press("shift+tab")
        disabled = next(iter(composer.render_line(0))).style
        assert disabled
        assert disabled.color == locked.color


async def test_suppression_locks_for_good_and_offers_no_key(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await hear(play, "STOP")
        play.sandbox.world.suppress(ANA)
        play.clock.pass_seconds(1)
        await play.fetch()
        await play.until(lambda: play.contact("Ana Torres").contact.suppressed)
        await play.open("Ana Torres")
        assert rule(play).startswith("Suppressed: the gateway sends this number no more texts.")
        assert meter(play) == ""
        await hear(play, "START")
        assert rule(play).startswith("Suppressed: the gateway sends this number no more texts.")
        assert "asks to be texted again" not in play.text
        assert is_closed(play)


async def test_a_plea_is_shown_to_be_judged_and_locks_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await hear(play, PLEA)
        await play.until(lambda: rule(play).startswith(f'May be an opt-out: "{PLEA}"'), "the flag")
        assert meter(play) == "Shift+Tab, then x suppresses, z says it is none"
        await play.write("Do you mean it?")
        assert meter(play).endswith("GSM-7 · 15/160 · 1 segment")
        await play.press("enter")
        await play.until(lambda: messages(play) == ["Do you mean it?"])
        assert rule(play).startswith("May be an opt-out")
        await play.press("shift+tab")
        assert meter(play) == "x suppresses, z says it is none"
        await play.press("z")
        await play.until(lambda: rule(play).startswith("Message Ana Torres"), "judged")
        assert meter(play) == ""


async def test_x_on_a_plea_suppresses(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await hear(play, PLEA)
        await play.press("shift+tab", "x", "left", "enter")
        await play.until(lambda: rule(play).startswith("Suppressed"), "the lock")
        asked = [request.form for request in play.sandbox.requests if request.call == Call.SUPPRESS]
        assert asked == [{"phone": [ANA]}]
        log = play.store.consent.of(play.contact("Ana Torres").contact.number)
        assert [entry.event for entry in log][-1] is ConsentEvent.SUPPRESSION_GRANTED


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (53, 20), (40, 15)])
@pytest.mark.parametrize(
    ("said", "begins"), [("STOP", 'They texted "STOP"'), (PLEA, "May be an opt"), ("", "Suppressed")]
)
async def test_the_rule_says_why_and_from_where_at_every_size(
    tmp_path: Path, size: tuple[int, int], said: str, begins: str
) -> None:
    async with stage(tmp_path, size=size) as play:
        await play.open("Ana Torres")
        if said:
            await hear(play, said)
        else:
            play.sandbox.world.suppress(ANA)
            play.clock.pass_seconds(1)
            await play.fetch()
        await play.until(lambda: rule(play).startswith(begins), begins)
        assert rule(play).endswith(FROM)
        await play.press("shift+tab", "up")
        assert rule(play).startswith(begins)
        assert rule(play).endswith(FROM)


async def test_a_deleted_contact_still_says_from_where(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("unsent")
        ana = play.contact_id("Ana Torres")
        with Store.open(tmp_path / "store.db") as other, other.transaction():
            other.contacts.delete(ana)
        await play.until(lambda: rule(play).startswith("Not sent."), "noticed")
        assert rule(play).endswith(FROM)
