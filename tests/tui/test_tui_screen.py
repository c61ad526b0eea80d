"""The screen as a whole: sizes, help, palette, keys, the first start, and faults of the gateway."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from stage import KEY, Stage, stage
from textual.widgets import Input

from gynetix_tui.sandbox import Call, Fault, FaultKind, Person
from gynetix_tui.tui.commands import COMMANDS, Place
from gynetix_tui.tui.screens.first_start import FirstStart
from gynetix_tui.tui.screens.help import Help


def status(play: Stage) -> str:
    return play.text.splitlines()[0]


async def test_a_narrow_terminal_shows_one_pane_at_a_time(tmp_path: Path) -> None:
    async with stage(tmp_path, size=(50, 20)) as play:
        assert "Ana Torres" in play.text
        assert "No conversation open" not in play.text
        await play.press("enter")
        await play.until_text("Message Ana Torres")
        assert "Sam Rivera" not in play.text
        await play.press("escape")
        await play.until_text("Sam Rivera")
        assert "Message Ana Torres" not in play.text


async def test_forty_by_fifteen_still_works_and_less_says_what_is_needed(tmp_path: Path) -> None:
    async with stage(tmp_path, size=(40, 15)) as play:
        await play.press("enter")
        await play.write("tiny")
        await play.press("enter")
        await play.until_text("You  tiny")
        await play.write("kept")
        await play.pilot.resize_terminal(39, 15)
        await play.until_text("This needs a terminal of 40 columns")
        await play.pilot.resize_terminal(120, 40)
        await play.until_text("Message Ana Torres", "Sam Rivera", "kept")
        assert play.main.focused is play.main.talk.composer


async def test_every_size_keeps_draft_and_focus(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("draft")
        for size in ((80, 24), (60, 20), (1, 1), (50, 20), (120, 40)):
            await play.pilot.resize_terminal(*size)
            await play.pilot.pause()
        assert play.main.talk.composer.text == "draft"
        assert play.main.focused is play.main.talk.composer
        await play.until_text("Message Ana Torres", "draft")


async def test_the_help_holds_every_command_the_place_first(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.press("f1")
        help_screen = play.app.screen
        assert isinstance(help_screen, Help)
        assert Place.COMPOSER.value in play.text
        words = " ".join(str(widget.render()) for widget in help_screen.query("Static"))
        words = " ".join(words.split())
        for command in COMMANDS:
            assert command.help in words, command.id
        await play.press("pagedown", "down", "up", "escape")
        assert play.app.screen is play.main


async def test_the_palette_runs_commands(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("ctrl+p")
        await play.write("keep the contact at")
        await play.until_text("Pin")
        await play.press("enter")
        await play.until(lambda: play.contact("Ana Torres").contact.pinned)


async def test_keys_from_the_settings_are_those_shown_and_those_that_work(tmp_path: Path) -> None:
    async with stage(tmp_path, keys={"send": "ctrl+s", "new": "f3"}) as play:
        await play.open("Ana Torres")
        assert "^S send" in play.text
        assert "F3 new" in play.text
        await play.write("one")
        await play.press("enter")
        await play.write("two")
        await play.press("ctrl+s")
        await play.until(lambda: any(r.call == Call.SEND for r in play.sandbox.requests))
        sent = [r.form["message"] for r in play.sandbox.requests if r.call == Call.SEND]
        assert sent == [["one\ntwo"]]
        await play.press("f3")
        await play.until_text("New conversation")


async def test_the_first_start_asks_says_where_the_key_goes_and_hides_it(tmp_path: Path) -> None:
    async with stage(
        tmp_path, key="", keyring="the test's keyring", local_number=None, size=(80, 24)
    ) as play:
        await play.until_text("API key", "The key will be kept in the test's keyring")
        await play.write(KEY)
        assert KEY not in play.text
        assert "•••••••••••" in play.text
        await play.press("enter")
        await play.write("12")
        await play.press("enter")
        await play.until_text("2 digits")
        assert play.keyring.key == ""
        await play.press("ctrl+u")
        await play.write("(555) 666-7777")
        await play.press("enter")
        await play.until_text("live, checked every")
        assert play.keyring.key == KEY
        assert tomllib.loads((tmp_path / "config.toml").read_text()) == {
            "gateway": {"from_number": "+15556667777"}
        }
        assert "(555) 666-7777" in status(play)


@pytest.mark.parametrize("place", ["list", "composer", "texts"])
async def test_ctrl_c_where_nothing_is_selected_tells_how_to_quit(tmp_path: Path, place: str) -> None:
    async with stage(tmp_path) as play:
        if place != "list":
            await play.open("Ana Torres")
        if place == "texts":
            await play.press("shift+tab")
        await play.press("ctrl+c")
        await play.until_text("^Q quits.")
        assert play.app.is_running


async def test_the_hidden_key_cannot_be_copied(tmp_path: Path) -> None:
    async with stage(tmp_path, key="") as play:
        await play.until_text("API key")
        await play.write("secret")
        await play.press("shift+home", "ctrl+c", "ctrl+x")
        assert "secret" not in play.app.clipboard
        assert play.app.screen.query_one("#key", Input).value == "secret"


async def test_without_a_keyring_the_key_is_for_this_run_and_that_is_said_first(tmp_path: Path) -> None:
    async with stage(tmp_path, key="") as play:
        await play.until_text("kept for this run only", "Start for this run")
        assert isinstance(play.app.screen, FirstStart)
        await play.press("enter")
        await play.until_text("The API key is empty")
        await play.write(KEY)
        await play.press("enter")
        await play.until_text("live, checked every")
        assert play.keyring.key == ""


async def test_the_first_start_offers_the_demo(tmp_path: Path) -> None:
    async with stage(tmp_path, key="") as play:
        await play.until_text("See the demo")
        await play.press("ctrl+d")
        await play.until(lambda: play.app.return_value == "demo")


async def test_the_status_line_tells_that_the_gateway_is_away_and_that_it_is_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        assert "live, checked every" in status(play)
        play.sandbox.stop()
        play.clock.pass_seconds(700)
        await play.fetch()
        await play.until(lambda: "offline since 13:41" in status(play), "offline")
        assert "no connection to the gateway" in status(play)
        play.sandbox.start()
        play.clock.pass_seconds(60)
        await play.fetch()
        await play.until(lambda: "live, checked every" in status(play), "live again")


async def test_asking_again_keeps_the_number_that_was_typed(tmp_path: Path) -> None:
    async with stage(tmp_path, key="", local_number=None) as play:
        await play.until_text("Start for this run")
        play.keyring.key = KEY  # somebody has unlocked it meanwhile
        screen = play.app.screen
        assert isinstance(screen, FirstStart)
        screen.query_one("#number", Input).value = "555 666 7777"
        again = screen.query_one("#again")
        again.display = True
        again.focus()
        await play.press("enter")
        await play.until_text("live, checked every")
        assert "(555) 666-7777" in status(play)


async def test_a_key_from_elsewhere_leaves_the_number_to_be_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path, local_number=None) as play:
        await play.until_text("The account's local number")
        await play.write("12")
        await play.press("enter")
        await play.until_text("2 digits")
        await play.press("ctrl+u")
        await play.write("(555) 666-7777")
        await play.press("enter")
        await play.until(lambda: "(555) 666-7777" in status(play))
        assert "from_number" in (tmp_path / "config.toml").read_text()


async def test_who_has_a_key_is_offered_no_demo_and_esc_leaves_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("f9")
        await play.until_text("Esc leaves the key as it is")
        assert "See the demo" not in play.text
        await play.press("ctrl+d")
        await play.press("escape")
        await play.until(lambda: play.app.screen is play.main)


async def test_a_key_on_its_way_into_the_keyring_is_not_called_back_by_esc(tmp_path: Path) -> None:
    async with stage(tmp_path, keyring="the test's keyring") as play:
        play.keyring.gate.clear()
        await play.press("f9")
        await play.until_text("Keep and start")
        await play.write("another key")
        await play.press("enter")
        await play.until_text("Keeping the key")
        await play.press("escape")
        assert isinstance(play.app.screen, FirstStart)
        play.keyring.gate.set()
        await play.until(lambda: play.app.screen is play.main)
        assert play.keyring.key == "another key"


async def test_an_archived_contact_says_how_it_comes_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("a")
        await play.until_text("is archived. A new text brings it back")


BAD_ANSWERS = [
    (FaultKind.HTML, "Ana Torres: the gateway's answer could not be read"),
    (FaultKind.TRUNCATED_JSON, "Ana Torres: the gateway's answer could not be read"),
    (FaultKind.NULL, "Ana Torres: the gateway's answer could not be read"),
    (FaultKind.EMPTY_BODY, "Ana Torres: the gateway's answer could not be read"),
    (FaultKind.REFUSE, "Ana Torres: Go away"),
    (FaultKind.BAD_GZIP, "Ana Torres: the gateway's answer could not be unpacked"),
    (FaultKind.EMPTY_CONVERSATION, "Ana Torres: the gateway returns nothing for it"),
]


@pytest.mark.parametrize(("kind", "words"), BAD_ANSWERS)
async def test_a_bad_answer_is_told_and_loses_nothing(tmp_path: Path, kind: FaultKind, words: str) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        before = play.store.conversations.newest(play.contact_id("Ana Torres"), 100)
        play.sandbox.faults.add(Fault(kind, call=Call.CONVERSATION, phone="15557778888", reason="Go away"))
        play.clock.pass_seconds(10)
        await play.fetch()
        await play.until(lambda: words in status(play), words)
        after = play.store.conversations.newest(play.contact_id("Ana Torres"), 100)
        assert [replace(item, unread=False) for item in after] == [
            replace(item, unread=False) for item in before
        ]
        play.sandbox.faults.clear()
        play.clock.pass_seconds(400)
        await play.fetch()
        await play.until(lambda: "live" in status(play), "live again")


GOOD_IN_SPITE = [
    FaultKind.NUMBERS_AS_TEXT,
    FaultKind.UNKNOWN_FIELDS,
    FaultKind.ONE_BROKEN_MESSAGE,
    FaultKind.LONE_SURROGATE,
    FaultKind.INVALID_UTF8,
]


@pytest.mark.parametrize("kind", GOOD_IN_SPITE)
async def test_what_can_be_read_of_an_odd_answer_is_shown(tmp_path: Path, kind: FaultKind) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        play.sandbox.world.receive("15557778888", "Are you there?")
        play.sandbox.faults.add(Fault(kind, call=Call.CONVERSATION, phone="15557778888"))
        play.clock.pass_seconds(10)
        await play.fetch()
        await play.until_text("Ana  Are you there?", "You  Hello", "Ana  Who is this")
        if kind is FaultKind.ONE_BROKEN_MESSAGE:
            await play.until_text("held a text that could not be read")


async def test_a_message_without_ts_says_where_its_time_comes_from(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[Person("15557778888", "Ana Torres")]) as play:
        play.sandbox.faults.add(Fault(FaultKind.MISSING_TS, call=Call.CONVERSATION))
        play.sandbox.world.receive("15557778888", "When was this?")
        play.clock.pass_seconds(10)
        await play.fetch()
        await play.open("Ana Torres")
        await play.until_text("When was this?", "time from the gateway's date")
