"""A contact's details and note, and what is done about opt-outs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stage import Stage, stage
from textual.widgets import Input

from gynetix_tui.model import ConsentEvent
from gynetix_tui.sandbox import DEMO_PEOPLE, Call, Fault, FaultKind, Person, RecordedRequest, heard
from gynetix_tui.tui.screens.details import Details
from gynetix_tui.tui.screens.edit_contact import EditContact, Note

ANA = "15557778888"
SIZES = [(120, 40), (80, 24), (50, 20), (40, 15)]
PLEA = "please stop texting me"


def detailed(play: Stage) -> list[RecordedRequest]:
    """The requests that asked for the owner's details."""
    return [request for request in play.sandbox.requests if request.field("detailed") == "Y"]


def events(play: Stage) -> list[ConsentEvent]:
    return [entry.event for entry in play.store.consent.of(play.contact("Ana Torres").contact.number)]


def says(play: Stage, *texts: str) -> None:
    """Ana writes, a minute between two texts."""
    for text in texts:
        play.sandbox.world.receive(ANA, text)
        play.clock.pass_seconds(60)


async def hear(play: Stage, *texts: str) -> None:
    """Ana writes, and it is fetched."""
    before = play.store.conversations.statistics(play.contact_id("Ana Torres")).incoming
    says(play, *texts)
    await play.fetch()
    await play.until(
        lambda: (
            play.store.conversations.statistics(play.contact_id("Ana Torres")).incoming == before + len(texts)
        ),
        "what Ana wrote",
    )


async def details(play: Stage) -> None:
    """Open them, and wait for the gateway's part."""
    await play.press("i")
    await play.until(lambda: "asking the gateway" not in whole(play), "the gateway's details")


def whole(play: Stage) -> str:
    """All that the details tell, above and below what is seen."""
    return str(play.app.screen.query_one("#facts").render()) if isinstance(play.app.screen, Details) else ""


# What is told


async def test_details_tell_what_is_known_here_and_what_the_gateway_says(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await hear(play, "STOP", "START")
        await play.engine.set_note(play.contact_id("Ana Torres"), "Met at the clinic.\nAsk about Rex.")
        assert not detailed(play)
        await details(play)
        for line in (
            "Note          Met at the clinic.",
            "              Ask about Rex.",
            "Number        +1 555-777-8888",
            "Texts go from (555) 666-7777 (of this conversation)",
            "Texts         3 from them, 1 from you",
            "First text    2026-10-24 13:16",
            "Last text     2026-10-24 13:31",
            "Quiet hours   hint on",
            '2026-10-24 13:30 they texted "STOP"',
            '2026-10-24 13:31 they texted "START"',
            "owner.first_name: Robin",
        ):
            assert line in play.text, line
        assert [request.form for request in detailed(play)] == [{"phone": [ANA], "detailed": ["Y"]}]


async def test_they_open_from_the_texts_and_from_the_palette_too_and_esc_closes(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.press("shift+tab", "i")
        await play.until_text("What the gateway says")
        await play.press("escape")
        assert play.main.focused is play.main.talk.conversation
        await play.press("ctrl+p")
        await play.write("details")
        await play.until_text("The contact: numbers, counts")
        await play.press("enter")
        await play.until_text("What the gateway says")


async def test_a_number_tells_its_country_and_the_time_there(tmp_path: Path) -> None:
    people = [Person("13035550123", "Dee")]
    async with stage(tmp_path, people=people) as play:
        await play.press("i")
        await play.until_text("Number        +1 303-555-0123", "Local time    13:30 (Denver)", "none so far")
        await play.until_text("Texts go from (555) 666-7777 (as for every new conversation)")
        assert "Texts         0 from them, 0 from you" in play.text
        assert "First text" not in play.text


@pytest.mark.parametrize("size", SIZES)
async def test_at_every_size_all_can_be_read_and_the_keys_stay_in_sight(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with stage(tmp_path, size=size) as play:
        await hear(play, PLEA)
        await details(play)
        seen = play.text
        assert all(words in seen for words in ("Ana Torres", "Number", "Esc"))
        await play.press("end")
        assert all(words in play.text for words in ("Front desk", "Esc"))
        await play.press("home")
        assert play.text == seen
        await play.press("pagedown", "pageup", "j", "k")
        assert play.text == seen


async def test_they_follow_a_terminal_that_changes_its_size(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await details(play)
        await play.pilot.resize_terminal(40, 15)
        await play.press("end")
        await play.until_text("owner.office: Front desk", "Esc")
        await play.pilot.resize_terminal(120, 40)
        await play.until_text("Number        +1 555-777-8888", "owner.office: Front desk")


# What the gateway says


async def test_what_is_on_its_way_holds_up_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(Fault(FaultKind.SILENCE, call=Call.CONVERSATION))
        await play.press("i")
        await play.until_text("asking the gateway ...", "Number        +1 555-777-8888")
        await play.until(lambda: detailed(play))
        await play.press("escape")
        assert play.app.screen is play.main
        await play.open("Ana Torres")
        await play.write("Still here")
        await play.press("enter")
        await play.until(lambda: any(request.call == Call.SEND for request in play.sandbox.requests))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(FaultKind.STATUS, call=Call.CONVERSATION, status=500), "the gateway answered HTTP 500"),
        (Fault(FaultKind.REFUSE, call=Call.CONVERSATION, reason="No [b]x[/] \x1b[2J"), "No [b]x[/] ␛[2J"),
    ],
)
async def test_why_the_gateway_says_nothing_is_told(tmp_path: Path, fault: Fault, words: str) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(fault)
        await details(play)
        assert f"not known: {words}" in play.text


async def test_without_a_connection_it_is_told_too(tmp_path: Path) -> None:
    async with stage(tmp_path, key="", settled=False) as play:
        await play.until_text("API key")
        await play.press("escape")
        play.app.pop_screen()
        await play.pilot.pause()
        await details(play)
        assert "not known: there is no connection to the gateway yet" in play.text


def answer(**more: object) -> Fault:
    """A fault that gives this answer, whatever the sandbox would have said."""
    body = json.dumps({"messages": [], "suppressed": "N", "did": "15556667777", "type": "all", **more})
    return Fault(FaultKind.HTML, call=Call.CONVERSATION, body=body)


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_long_and_many_details_are_shown_and_do_nothing(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    wild = "[@click=app.quit]x[/] [/nope] \x1b]52;c;eA==\x07 \u202eevil\x9b31m"
    many = {f"field {number}": number for number in range(200)}
    async with stage(tmp_path, size=size, people=DEMO_PEOPLE[:1]) as play:
        play.sandbox.faults.add(answer(**{wild: wild, "x" * 500: "y" * 50_000, **many}))
        await details(play)
        told = whole(play)
        assert "[@click=app.quit]x[/] [/nope] ␛]52;c;eA==␇ evil\ufffd31m" in told.replace("\n  ", " ")
        assert len(told) < 20_000
        assert "and 150 more" in told
        assert "field 48:" not in told
        for _ in range(30):
            assert {character for character in play.text if not character.isprintable()} == {"\n"}
            await play.press("pagedown")


async def test_nothing_beyond_the_texts_is_said(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(answer())
        await details(play)
        assert "nothing beyond the texts" in play.text


async def test_texts_that_come_with_the_details_are_counted(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        says(play, "One more")
        await details(play)
        await play.until_text("Texts         2 from them, 1 from you")


async def test_a_long_log_ends_in_what_was_last(tmp_path: Path) -> None:
    history = [heard("STOP" if number % 2 else "START", minutes=100 - number) for number in range(61)]
    async with stage(tmp_path, people=[Person(ANA, "Ana Torres", history=history)]) as play:
        await details(play)
        assert "10 earlier ones" in whole(play)  # the first START followed on no opt-out: it tells nothing
        assert whole(play).count("they texted") == 50


async def test_details_of_a_contact_that_another_client_deletes_close(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await details(play)
        contact_id = play.contact_id("Ana Torres")
        await play.engine.delete_contact(contact_id)
        await play.engine.delete_contact(contact_id)  # it is heard of twice
        await play.until(lambda: play.app.screen is play.main)


async def test_so_they_do_when_what_lies_over_them_is_closed(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await details(play)
        await play.press("e")
        await play.engine.delete_contact(play.contact_id("Ana Torres"))
        await play.press("escape")
        await play.until(lambda: play.app.screen is play.main)


# The note


async def test_a_note_of_several_lines_is_kept_beside_the_name(tmp_path: Path) -> None:
    async with stage(tmp_path, size=(80, 24)) as play:
        await play.press("e", "tab")
        await play.write("One\nTwo")
        await play.press("enter")
        await play.until(lambda: play.contact("Ana Torres").contact.note == "One\nTwo")
        await play.press("i", "e")
        await play.until_text("Edit (555) 777-8888", " One", " Two")
        await play.press("ctrl+u")
        await play.write("Ana T.")
        await play.press("tab")
        await play.write("!")
        await play.press("enter")
        await play.until_text("Note          One", "              Two!")
        await play.until_text("Ana T.")
        assert play.contact("Ana T.").contact.note == "One\nTwo!"


async def test_esc_leaves_name_and_note_as_they_were(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("e")
        await play.write("x")
        await play.press("tab")
        await play.write("y")
        await play.press("escape")
        assert play.app.screen is play.main
        assert play.contact("Ana Torres").contact.note == ""


async def test_what_was_not_changed_stays_as_it_is_stored(tmp_path: Path) -> None:
    name, note = "Ana\x1b[2J", "one\x07two"
    async with stage(tmp_path, people=[Person(ANA, name)]) as play:
        await play.engine.set_note(play.contact_id(name), note)
        await play.press("e")
        await play.until_text("Ana␛[2J", "one␇two")
        await play.press("enter")
        await play.until(lambda: play.app.screen is play.main)
        assert play.contact(name).contact.note == note


async def test_the_line_end_of_a_paste_that_comes_as_keys_is_one_in_the_note(tmp_path: Path) -> None:
    """What follows it would otherwise be commands in the list."""
    async with stage(tmp_path) as play:
        await play.press("e", "tab")
        assert isinstance(play.app.screen, EditContact)
        note = play.app.screen.query_one(Note)
        note._last_key_at = float("inf")  # the key before came in this very moment
        await play.press("enter")
        assert note.text == "\n"
        assert play.app.screen.query_one("#name", Input).value == "Ana Torres"


# Quiet hours


async def test_the_hint_at_quiet_hours_is_turned_off_and_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await details(play)
        await play.press("h")
        await play.until_text("Quiet hours   hint off", "h quiet-hours hint on")
        assert not play.contact("Ana Torres").contact.hours_hint
        await play.press("h")
        await play.until_text("Quiet hours   hint on", "h quiet-hours hint off")
        assert play.contact("Ana Torres").contact.hours_hint


# Opt-outs


async def test_suppressing_says_what_is_known_and_logs_what_became_of_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await hear(play, PLEA, "STOP")
        await details(play)
        assert "x suppress" in play.text
        assert "Nothing is sent to them unless they text START." in play.text
        await play.press("x")
        await play.until_text('They texted "STOP" (2026-10-24 13:31).', "This program cannot undo it.")
        await play.press("enter")  # the harmless answer has the focus
        assert not play.sandbox.world.suppressed(ANA)
        await play.press("x", "left", "enter")
        await play.until_text("Ana Torres is suppressed. The gateway:")
        await play.until_text("you asked for the suppression", "suppressed; the gateway: Number has been")
        assert play.sandbox.world.suppressed(ANA)
        assert " ".join(whole(play).split()).count("This program cannot undo it.") == 1
        assert "x suppress" not in play.text
        assert events(play)[-2:] == [ConsentEvent.SUPPRESSION_ASKED, ConsentEvent.SUPPRESSION_GRANTED]
        await play.press("x")
        await play.until_text("Ana Torres is suppressed already.")


@pytest.mark.parametrize(
    ("fault", "words", "event"),
    [
        (
            Fault(FaultKind.REFUSE, reason="Not yours."),
            ("Ana Torres is not suppressed: Not yours.", "changed."),
            ConsentEvent.SUPPRESSION_REFUSED,
        ),
        (
            Fault(FaultKind.CLOSE_AFTER_BODY, call=Call.SUPPRESS, acts=False),
            ("Ana Torres may or may not be suppressed:", "changed here."),
            ConsentEvent.SUPPRESSION_UNCERTAIN,
        ),
    ],
)
async def test_a_failed_suppression_changes_nothing_and_says_so(
    tmp_path: Path, fault: Fault, words: tuple[str, str], event: ConsentEvent
) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(fault)
        await play.press("x", "left", "enter")
        await play.until_text(*words)
        contact = play.contact("Ana Torres").contact
        assert contact.may_be_texted
        assert events(play) == [ConsentEvent.SUPPRESSION_ASKED, event]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_x_works_while_the_composer_is_locked(tmp_path: Path, size: tuple[int, int]) -> None:
    async with stage(tmp_path, size=size) as play:
        await hear(play, "STOP")
        await play.open("Ana Torres")
        await play.press("escape", "tab")
        assert play.main.focused is play.main.talk.conversation
        assert "x suppress" in play.text.splitlines()[-1]
        await play.press("x")
        await play.until_text("Suppress Ana Torres?", 'They texted "STOP"')
        await play.press("left", "enter")
        await play.until(lambda: play.sandbox.world.suppressed(ANA))


async def test_a_plea_is_dismissed_by_its_key_by_the_palette_and_in_the_details(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await hear(play, PLEA)
        await play.open("Ana Torres")
        await play.press("shift+tab", "z")
        await play.until(lambda: play.contact("Ana Torres").contact.plea is None)
        await play.press("z")
        await play.until_text("There is nothing to dismiss")
        await hear(play, PLEA)
        assert play.contact("Ana Torres").contact.plea
        await play.press("ctrl+p")
        await play.write("no opt-out")
        await play.until_text("A text that may be an opt-out is none")
        await play.press("enter")
        await play.until(lambda: play.contact("Ana Torres").contact.plea is None)
        await hear(play, PLEA)
        await play.press("i")
        await play.until_text(f'This may be an opt-out: "{PLEA}"', "z no opt-out")
        await play.press("z")
        await play.until(lambda: "z no opt-out" not in play.text and "This may be" not in play.text)
        assert play.contact("Ana Torres").contact.plea is None
        assert events(play) == [ConsentEvent.PLEA_HEARD] * 3


async def test_with_nobody_in_question_nothing_is_shown_or_dismissed(tmp_path: Path) -> None:
    async with stage(tmp_path, people=DEMO_PEOPLE[:0]) as play:
        await play.press("i", "x")
        assert play.app.screen is play.main
        play.main.action_dismiss_plea()
        await play.until_text("There is no contact to decide about.")
