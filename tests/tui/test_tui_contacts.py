"""The contacts: new ones, their names, their order, and what may be done with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage, stage
from textual.widgets import Input

from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import Person

ANA, SAM = Person("15557778888", "Ana Torres"), Person("15552220199", "Sam Rivera")


def titles(play: Stage) -> list[str]:
    """The contacts as the list has them, from the top."""
    listed = play.main._side.list
    return [listed._naming.title(summary) for summary in listed.shown]


async def test_the_list_tells_name_time_last_text_and_unread(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        rows = play.text.splitlines()
        assert rows[1].startswith("▌ 13:19 Ana Torres")
        assert rows[2].startswith("▌     1 Who is this")
        assert rows[4].startswith("        You: Optimist")
        assert "1 unread" in rows[0]


async def test_the_conversation_with_the_newest_text_is_on_top_and_the_highlight_stays_with_its_contact(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        await play.press("down", "down")
        highlighted = play.main._side.list.highlighted
        assert highlighted == play.contact_id("Yusuf يوسف")
        play.sandbox.world.receive(play.contact("Sam Rivera").contact.number[1:], "Hi!")
        play.clock.pass_seconds(60)
        await play.fetch()
        await play.until(lambda: titles(play)[0] == "Sam Rivera")
        assert play.main._side.list.highlighted == highlighted
        assert "▌ 11:00 Yusuf" in play.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("12", "2 digits"),
        ("abc", "No contact has that name"),
        ("123456789012345678", "too long"),
        ("", "Type a number"),
        ("+1 555 12", "digits"),
    ],
)
async def test_a_wrong_number_is_refused_beside_the_field_and_stays(
    tmp_path: Path, typed: str, words: str
) -> None:
    async with stage(tmp_path) as play:
        before = len(play.store.contacts.all())
        await play.press("ctrl+n")
        await play.write(typed)
        await play.press("enter")
        await play.until_text(words)
        assert play.app.screen.query_one("#who", Input).value == typed
        assert len(play.store.contacts.all()) == before


async def test_a_number_that_is_possible_but_not_valid_is_taken_with_a_warning(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("ctrl+n")
        await play.write("(555) 123-4567")
        await play.press("enter")
        await play.until_text("Enter takes it all the same")
        await play.press("enter")
        await play.until_text("Message (555) 123-4567")
        assert play.store.contacts.find(PhoneNumber("+15551234567"))
        assert play.main.focused is play.main.talk.composer


async def test_a_known_number_or_name_opens_the_contact_there_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        before = len(play.store.contacts.all())
        await play.press("ctrl+n")
        await play.write("555.777.8888")
        await play.press("enter")
        await play.until_text("Message Ana Torres")
        await play.press("ctrl+n")
        await play.write("sam")
        await play.press("enter")
        await play.until_text("Message Sam Rivera")
        assert len(play.store.contacts.all()) == before


async def test_a_part_that_fits_several_names_asks_for_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("ctrl+n")
        await play.write("r")
        await play.press("enter")
        await play.until_text("That could be", "type more of the name")


async def test_a_new_contact_has_the_name_that_was_given(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("ctrl+n")
        await play.write("+1 202 555 0143")
        await play.press("tab")
        await play.write("[b]Lee[/nope]")
        await play.press("enter")
        await play.until_text("Message [b]Lee[/nope]")


async def test_a_name_is_changed_and_taken_away(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("e")
        await play.until_text("Edit (555) 777-8888")
        await play.press("ctrl+u")
        await play.write("Ana T.")
        await play.press("enter")
        await play.until(lambda: titles(play)[0] == "Ana T.")
        await play.press("e", "ctrl+u", "enter")
        await play.until(lambda: titles(play)[0] == "(555) 777-8888")


async def test_deleting_asks_and_takes_everything_along(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("never mind")
        await play.press("escape", "d")
        await play.until_text("Delete Ana Torres?")
        await play.press("enter")
        assert "Ana Torres" in titles(play)
        await play.press("d", "left", "enter")
        await play.until(lambda: "Ana Torres" not in titles(play))
        await play.until_text("No conversation open")
        assert play.main.talk.composer.text == ""


async def test_pinned_contacts_stay_on_top_and_muted_ones_are_not_counted(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("m")
        await play.until(lambda: "1 unread" not in play.text.splitlines()[0])
        await play.press("end", "p")
        await play.until(lambda: titles(play)[0] == "Priya Raman")
        assert "pinned" in play.text


async def test_an_archived_contact_comes_back_with_a_new_text(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("a")
        await play.until(lambda: "Ana Torres" not in titles(play))
        play.sandbox.world.receive("15557778888", "Still there?")
        play.clock.pass_seconds(60)
        await play.fetch()
        await play.until(lambda: titles(play)[0] == "Ana Torres")


async def test_unread_is_counted_read_by_looking_and_marked_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("f4")
        await play.until_text("Message Ana Torres")
        await play.until(lambda: not play.contact("Ana Torres").unread)
        await play.press("f4")
        await play.until_text("Nothing is unread.")
        await play.press("escape", "down", "u")
        await play.until(lambda: play.contact("Noa נועה").unread == 1)


async def test_the_filter_finds_names_and_numbers_and_esc_ends_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        everybody = titles(play)
        assert "/ filter" in play.text
        await play.press("slash")
        await play.until_text("Enter open  Up Down choose  Esc all contacts  F1 help")
        await play.write("RIV")
        assert titles(play) == ["Sam Rivera"]
        await play.press("enter")
        await play.until_text("Message Sam Rivera")
        await play.press("escape")
        assert titles(play) == everybody
        await play.press("slash")
        await play.write("777-88")
        assert titles(play) == ["Ana Torres"]
        await play.write("x")
        await play.until_text("No contact holds that.")
        await play.press("escape")
        assert titles(play) == everybody
        await play.until_text("/ filter")


async def test_going_to_a_conversation_by_part_of_its_name(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("ctrl+g")
        await play.write("okfr")
        await play.press("enter")
        await play.until_text("Message Dr. Okafor's office")
        await play.press("ctrl+g")
        await play.write("777 88")
        await play.press("enter")
        await play.until_text("Message Ana Torres")


async def test_alt_and_arrows_walk_through_the_conversations(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.press("alt+down")
        await play.until_text("Message Noa")
        await play.press("f7")
        await play.until_text("Message Ana Torres")
        await play.press("alt+up")
        await play.until_text("Message Ana Torres")


async def test_hostile_names_and_texts_are_shown_and_do_nothing(tmp_path: Path) -> None:
    wild = "[@click=app.quit]x[/] [/nope] \x1b]52;c;eA==\x07 \u202eevil\x9b31m"
    async with stage(tmp_path, people=[Person("15557778888", wild)]) as play:
        play.sandbox.world.receive("15557778888", wild)
        play.clock.pass_seconds(10)
        await play.fetch()
        await play.until(lambda: play.store.contacts.unread_total())
        await play.press("enter")
        await play.until_text("[@click=app.quit]x[/] [/nope] ␛]52;c;eA==␇ evil\ufffd31m")
        for key in (
            "ctrl+g",
            "escape",
            "escape",
            "e",
            "escape",
            "i",
            "escape",
            "d",
            "escape",
            "x",
            "escape",
            "ctrl+p",
            "escape",
        ):
            await play.press(key)
        shown = {character for character in play.text if not character.isprintable()}
        assert shown == {"\n"}
