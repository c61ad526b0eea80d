"""Numbers: typed in any form, shown in the chosen one, written for the gateway in its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, setting, stage
from textual import events
from textual.widgets import Input

from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import Call, Person, heard
from gynetix_tui.settings.schema import NumberStyle

ANA = Person("15557778888", "Ana Torres", history=(heard("Who is this", hours=1),))
OTHERS = (PhoneNumber("+15556668888"), PhoneNumber("+442079460958"))


@asynccontextmanager
async def account(
    folder: Path,
    *,
    display: NumberStyle = NumberStyle.AUTO,
    others: tuple[PhoneNumber, ...] | None = None,
    size: tuple[int, int] = (80, 24),
    **options: Any,  # those of `setting`
) -> AsyncIterator[Stage]:
    """The client with other numbers of the account, or another way to show them."""
    with setting(folder, **options) as made:
        session = made.app.session
        before = session.settings
        session.settings = replace(
            before,
            numbers=replace(before.numbers, display=display),
            gateway=replace(before.gateway, other_numbers=others),
        )
        async with made.app.run_test(size=size, notifications=True) as pilot, made.play(pilot) as play:
            yield play


async def paste(play: Stage, text: str) -> None:
    play.app.post_message(events.Paste(text))
    await play.pilot.pause()


def on_the_wire(play: Stage, call: Call) -> list[dict[str, list[str]]]:
    return [request.form for request in play.sandbox.requests if request.call == call]


async def send(play: Stage, text: str = "Hi") -> dict[str, list[str]]:
    """Send a text, and return what went over the wire."""
    before = len(on_the_wire(play, Call.SEND))
    await play.write(text)
    await play.press("enter")
    await play.until(lambda: len(on_the_wire(play, Call.SEND)) > before)
    return on_the_wire(play, Call.SEND)[-1]


# Typed


async def test_one_number_is_one_contact_whatever_form_is_typed_or_pasted(tmp_path: Path) -> None:
    forms = [
        "(555) 777-8888",
        "1 555 777 8888",
        "+1-555-777-8888",
        "tel:+1-555-777-8888",
        "tel:777-8888;phone-context=+1-555",
        "٥٥٥٧٧٧٨٨٨٨",
        "+1 (0) 555 777 8888",
        "Phone: 555.777.8888.",
        '"555 777 8888"',
        "Somebody <+1 555 777 8888>",
        "+1 555\n777 8888",
    ]
    async with stage(tmp_path, people=[ANA]) as play:
        for form in forms:
            await play.press("ctrl+n")
            await paste(play, form)
            await play.press("enter")
            await play.until(lambda: play.app.screen is play.main, form)
            assert [c.number for c in play.store.contacts.all()] == ["+15557778888"], form
            assert play.main.talk.contact_id == play.contact_id("Ana Torres"), form


@pytest.mark.parametrize("text", ["+1 555 777 8888\n+1 555 222 0199", "555-777-8888, 555-222-0199"])
async def test_of_several_numbers_none_is_taken(tmp_path: Path, text: str) -> None:
    async with stage(tmp_path, people=[ANA]) as play:
        await play.press("ctrl+n")
        await paste(play, text)
        await play.press("enter")
        await play.until_text("Several numbers stand there; type one, as +1 555 123 4567.")
        assert len(play.store.contacts.all()) == 1


async def test_a_name_that_is_pasted_with_its_number_is_taken_but_for_a_name_there_is(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA]) as play:
        for pasted, typed, name in (
            ('"Lee Park" <+1 202-555-0143>', "", "Lee Park"),
            ("Someone <+1 202-555-0144>", "Kim", "Kim"),
        ):
            await play.press("ctrl+n")
            await paste(play, pasted)
            await play.press("tab")
            await play.write(typed)
            await play.press("enter")
            if "Enter takes it" in play.text:
                await play.press("enter")
            await play.until_text(f"Message {name}")
        await play.press("ctrl+n")
        await paste(play, "Somebody <(202) 555-0143>")
        await play.press("enter")
        await play.until_text("Message Lee Park")


async def test_letters_for_digits_are_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA]) as play:
        await play.press("ctrl+n")
        await play.write("1-800-FLOWERS")
        await play.press("enter")
        await play.until_text("Letters stand in it")
        assert play.app.screen.query_one("#who", Input).value == "1-800-FLOWERS"


# Shown


@pytest.mark.parametrize(
    ("display", "home", "abroad"),
    [
        (NumberStyle.AUTO, "(555) 777-8888", "+44 20 7946 0958"),
        (NumberStyle.NATIONAL, "(555) 777-8888", "020 7946 0958"),
        (NumberStyle.INTERNATIONAL, "+1 555-777-8888", "+44 20 7946 0958"),
    ],
)
async def test_numbers_are_shown_as_chosen_wherever_they_stand(
    tmp_path: Path, display: NumberStyle, home: str, abroad: str
) -> None:
    people = [ANA, Person("442079460958", ""), Person("72345", "")]
    own = "+1 555-666-7777" if display is NumberStyle.INTERNATIONAL else "(555) 666-7777"

    def prepare(store: Any) -> None:
        for contact in store.contacts.all():
            if contact.number == "+72345":  # the sandbox's people have whole numbers only
                store.contacts.delete(contact.id)
        store.contacts.add(PhoneNumber("72345"), "", now=0)

    async with account(tmp_path, display=display, people=people, size=(100, 30), prepare=prepare) as play:
        await play.until_text(abroad, "72345", f"Gynetix · {own}")
        await play.open("Ana Torres")
        await play.until_text(f"Ana Torres · {home}", f"from {own}")
        await play.press("ctrl+g")
        await play.until_text(f"{home} · Ana Torres")
        await play.press("escape", "escape", "e")
        await play.until_text("Edit ")
        await play.press("escape", "x")
        await play.until_text("is asked to send")


# On the wire


async def test_to_and_from_have_a_plus_and_phone_has_none(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA]) as play:
        await play.open("Ana Torres")
        assert await send(play) == {"to": ["+15557778888"], "from": ["+15556667777"], "message": ["Hi"]}
        assert {form["phone"][0] for form in on_the_wire(play, Call.CONVERSATION)} == {"15557778888"}


async def test_a_short_code_goes_out_as_its_digits(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[]) as play:
        await play.press("ctrl+n")
        await play.write("72345")
        await play.press("enter")
        await play.until_text("Message 72345")
        assert (await send(play, "INFO"))["to"] == ["72345"]
        await play.until(lambda: on_the_wire(play, Call.CONVERSATION))
        assert on_the_wire(play, Call.CONVERSATION)[-1] == {"phone": ["72345"]}


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (50, 20), (40, 15)])
async def test_with_more_numbers_of_ours_one_is_chosen_and_the_text_goes_from_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with account(tmp_path, others=OTHERS, people=[ANA], size=size) as play:
        await play.press("ctrl+n")
        await play.until_text("< (555) 666-7777 >  1 of 3")
        await play.write("+1 202 555 0143")
        await play.press("tab", "tab", "right")
        await play.until_text("< (555) 666-8888 >  2 of 3")
        await play.press("enter", "enter")  # no such number is in use: asked once more
        await play.until_text("from (555) 666-8888")
        assert await send(play) == {"to": ["+12025550143"], "from": ["+15556668888"], "message": ["Hi"]}


async def test_the_choice_goes_round_and_the_usual_number_is_the_first(tmp_path: Path) -> None:
    async with account(tmp_path, others=OTHERS, people=[ANA]) as play:
        await play.press("ctrl+n", "tab", "tab", "left")
        await play.until_text("< +44 20 7946 0958 >  3 of 3")
        await play.press("down")
        await play.until_text("< (555) 666-7777 >  1 of 3")
        await play.press("tab")
        await play.write("+1 202 555 0143")
        await play.press("enter", "enter")
        await play.until(lambda: play.app.screen is play.main)
        assert (await send(play))["from"] == ["+15556667777"]


async def test_what_the_gateway_names_for_a_conversation_outranks_the_choice(tmp_path: Path) -> None:
    async with account(tmp_path, others=OTHERS, people=[ANA]) as play:
        await play.press("ctrl+n")
        await play.write("555 777 8888")
        await play.press("tab", "tab", "right", "enter")
        await play.until_text("Message Ana Torres", "from (555) 666-7777")
        assert (await send(play))["from"] == ["+15556667777"]


async def test_that_the_choice_was_outranked_is_said(tmp_path: Path) -> None:
    async with account(tmp_path, others=OTHERS, people=[]) as play:
        play.sandbox.world.receive("15557778888", "hello")
        await play.press("ctrl+n")
        await play.write("555 777 8888")
        await play.press("tab", "tab", "right", "enter", "enter")
        await play.until_text("The gateway has this", "from (555) 666-7777")


async def test_where_no_number_is_the_usual_one_the_first_of_the_others_is(tmp_path: Path) -> None:
    async with account(tmp_path, others=OTHERS, people=[], local_number=None) as play:
        assert play.app.screen is play.main, "nothing is asked"
        await play.press("ctrl+n")
        await play.until_text("< (555) 666-8888 >  1 of 2")
        await play.write("72345")
        await play.press("enter")
        await play.until_text("from (555) 666-8888")
        assert (await send(play))["from"] == ["+15556668888"]


@pytest.mark.parametrize("others", [None, (), (PhoneNumber("+15556667777"),)])
async def test_with_one_number_of_ours_there_is_nothing_to_choose(
    tmp_path: Path, others: tuple[PhoneNumber, ...] | None
) -> None:
    async with account(tmp_path, others=others, people=[ANA]) as play:
        await play.press("ctrl+n")
        await play.until_text("Name, if you like")
        assert "Your number" not in play.text
