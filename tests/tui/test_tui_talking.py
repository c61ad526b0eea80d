"""Talking: what the user does in a conversation, what goes over the wire, and what the screen then says."""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path

import pytest
from stage import Stage, StageAccount, setting, stage
from talking_kit import sends, slow_store
from textual import events

from gynetix_tui.engine.engine import Engine
from gynetix_tui.model import PhoneNumber, SendState
from gynetix_tui.sandbox import Call, Fault, FaultKind, Person
from gynetix_tui.settings.schema import Polling
from gynetix_tui.store import Store

ANA = "15557778888"


async def test_a_text_is_sent_marked_and_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("enter")  # the list has the focus, its first contact the cursor
        await play.until_text("Message Ana Torres")
        await play.write("Hello again")
        await play.press("enter")
        await play.until_text("✓  You  Hello again")
        assert sends(play) == [{"to": ["+15557778888"], "from": ["+15556667777"], "message": ["Hello again"]}]
        play.clock.pass_seconds(60)
        await play.fetch()
        await play.until_text("✓✓ You  Hello again", "Oh, it's YOU.")
        assert play.main.talk.composer.text == ""
        assert play.store.contacts.unread_total() == 0, "what is on the screen is read"


async def test_the_reply_goes_out_from_the_number_the_conversation_has(tmp_path: Path) -> None:
    async with stage(tmp_path, local_number=PhoneNumber("+15550001111")) as play:
        await play.open("Ana Torres")
        await play.until_text("from (555) 666-7777")
        await play.write("x")
        await play.press("enter")
        await play.until(lambda: sends(play))
        assert sends(play)[0]["from"] == ["+15556667777"]


async def test_without_any_local_number_nothing_is_sent_and_nothing_lost(tmp_path: Path) -> None:
    async with stage(tmp_path, people=(), local_number=None) as play:
        await play.until_text("The account's local number")
        await play.press("escape", "ctrl+n")
        await play.write("+1 555 123 4567")
        await play.press("enter", "enter")
        await play.until_text("no local number: set from_number")
        await play.write("hi")
        await play.press("enter")
        await play.until_text("There is no local number to send from")
        assert play.main.talk.composer.text == "hi"
        assert not sends(play)


async def test_blank_text_does_not_send(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("  ")
        await play.press("enter")
        await play.press("ctrl+j", "enter")
        assert play.main.talk.composer.text.strip(" \n") == ""
        assert play.store.outbox.unmatched(play.contact_id("Ana Torres")) == []
        assert not sends(play)


async def test_lines_are_broken_by_their_own_key_and_arrive_as_they_are(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("one\ntwo\nthree")
        assert play.main.talk.composer.size.height == 3
        await play.press("enter")
        await play.until(lambda: sends(play))
        assert sends(play)[0]["message"] == ["one\ntwo\nthree"]
        assert play.main.talk.composer.size.height == 2


@pytest.mark.parametrize("pasted", ["first\nsecond\n", "first\r\nsecond\r", "first\rsecond\r"])
async def test_a_paste_never_sends(tmp_path: Path, pasted: str) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        play.app.post_message(events.Paste(pasted))
        await play.until(lambda: play.main.talk.composer.text)
        assert play.main.talk.composer.text == "first\nsecond\n"
        assert not sends(play)


async def test_a_paste_is_cleaned(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        play.app.post_message(events.Paste("a\x1b]52;c;eA==\x07b\u202ec"))
        await play.until(lambda: play.main.talk.composer.text)
        assert play.main.talk.composer.text == "a␛]52;c;eA==␇bc"


async def test_a_refused_text_shows_the_reason_and_goes_again_when_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(
            Fault(FaultKind.REFUSE, call=Call.SEND, times=1, reason="Credit [/used] up\x1b[31m")
        )
        await play.open("Ana Torres")
        await play.write("Hello")
        await play.press("enter")
        await play.until_text("!  You  Hello", "not sent: Credit [/used] up␛[31m · r sends it again")
        await play.press("shift+tab", "up", "r")
        await play.until_text("Send it again?", "It was not sent.")
        await play.press("left", "left", "enter")
        await play.until_text("✓  You  Hello")
        assert "not sent" not in play.text
        assert len(sends(play)) == 2


async def test_an_uncertain_text_is_never_sent_again_by_itself_and_the_user_decides(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(Fault(FaultKind.CLOSE_AFTER_HEADERS, call=Call.SEND, times=1))
        await play.open("Ana Torres")
        await play.write("Hello")
        await play.press("enter")
        await play.until_text("?  You  Hello", "may have been sent")
        for _ in range(3):
            play.clock.pass_seconds(61)
            await play.fetch()
        await play.until_text("not found at the gateway · r: send again or discard")
        assert len(sends(play)) == 1
        await play.press("shift+tab", "up", "r")
        await play.until_text("looked for at the gateway, more than once", "Send again")
        await play.press("left", "enter")  # Discard
        await play.until(lambda: "Hello\n" not in play.text.split("Ana  Who is this")[-1])
        assert len(sends(play)) == 1


async def test_an_uncertain_text_that_arrived_is_seen(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(Fault(FaultKind.CLOSE_AFTER_BODY, call=Call.SEND, times=1))
        await play.open("Ana Torres")
        await play.write("Are you there")
        await play.press("enter")
        await play.until_text("may have been sent")
        play.clock.pass_seconds(10)
        await play.fetch()
        await play.until_text("✓✓ You  Are you there")
        assert "may have been sent" not in play.text
        assert len(sends(play)) == 1


async def test_r_on_a_text_that_was_sent_says_why_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.press("shift+tab", "up", "r")
        await play.until_text("This text was sent.")


async def test_the_last_text_comes_back_into_an_empty_composer(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.press("up")
        await play.until(lambda: play.main.talk.composer.text == "Hello")
        await play.press("up")
        assert play.main.talk.composer.text == "Hello", "Up in a text moves the cursor"


async def test_each_conversation_keeps_its_own_draft(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("for Ana")
        await play.open("Sam Rivera")
        assert play.main.talk.composer.text == ""
        await play.write("for Sam")
        await play.until_text("Draft: for Ana")
        await play.open("Ana Torres")
        assert play.main.talk.composer.text == "for Ana"
        assert play.store.drafts.get(play.contact_id("Sam Rivera")) == "for Sam"


async def test_a_draft_is_in_the_store_soon_after_the_last_key_and_at_quitting(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("half a thou")
        await play.until(lambda: play.store.drafts.get(play.contact_id("Ana Torres")) == "half a thou")
        await play.write("ght")
        await play.press("ctrl+q")
        ana = play.contact_id("Ana Torres")
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        assert store.drafts.get(ana) == "half a thought"


async def test_a_draft_is_in_the_store_half_a_second_after_the_last_key_of_a_hand(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        ana = play.contact_id("Ana Torres")
        for key in "a thought":
            await play.write(key)
            await play.pilot.pause(0.1)  # a hand's pace
        rested = time.monotonic()
        await play.until(lambda: play.store.drafts.get(ana) == "a thought")
        assert time.monotonic() - rested < 2  # half a second, and what a loaded machine takes


async def test_a_draft_that_met_a_busy_store_is_tried_again_and_that_is_said_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        ana = play.contact_id("Ana Torres")
        with slow_store(play, fails=True) as let_go:
            let_go()
            await play.write("kept")
            await play.until_text("What you wrote is not kept yet.")
            timer = play.main.talk._draft_timer
            await play.until(lambda: play.main.talk._draft_timer is not timer, "tried once more")
            assert play.text.count("is not kept yet") == 1
            assert play.main.talk.drafts.unkept == {ana: "kept"}
        await play.until(lambda: play.store.drafts.get(ana) == "kept")
        assert not play.main.talk.drafts.unkept


async def test_what_is_typed_while_the_store_is_busy_is_noted_at_once(tmp_path: Path) -> None:
    """Or a signal would find nothing of it."""
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        ana = play.contact_id("Ana Torres")
        with slow_store(play) as let_go:
            await play.write("first")
            await play.until(lambda: ana in play.main.talk.drafts._busy, "the store is asked")
            await play.write(", then more")
            assert play.main.talk.drafts.unkept == {ana: "first, then more"}
            assert ana in play.main.talk.drafts._busy, "and the store is being asked still"
            let_go()
        await play.until(lambda: play.store.drafts.get(ana) == "first, then more")


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_draft_that_met_a_full_disk_is_tried_again_where_nothing_else_is_written(
    tmp_path: Path,
) -> None:
    """The engine does not run, as while the keyring is being asked: there is no sender to notice that there is room."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with setting(tmp_path) as made:
        async with made.app.run_test(size=(120, 40), notifications=True) as pilot:
            idle = asyncio.create_task(never())
            play = Stage(
                made.app,
                pilot,
                made.sandbox,
                made.engine,
                made.store,
                made.clock,
                made.keyring,
                tmp_path,
                idle,
            )
            await play.open("Ana Torres")
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
            try:
                await play.write("kept")
                await play.until_text("Nothing is sent meanwhile")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            await play.until(lambda: "Nothing is sent meanwhile" not in play.text, "the banner goes")
            await play.until(lambda: play.store.drafts.get(play.contact_id("Ana Torres")) == "kept")
            idle.cancel()
        await made.engine._writer.close()


async def test_a_text_from_the_editor_is_noted_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        play.main.talk.set_text("from the editor")  # nothing else runs until the next await
        assert play.main.talk.drafts.unkept == {play.contact_id("Ana Torres"): "from the editor"}


async def test_a_sent_text_leaves_no_draft(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("gone")
        await play.press("enter")
        await play.until_text("✓  You  gone")
        await play.open("Sam Rivera")
        assert play.store.drafts.get(play.contact_id("Ana Torres")) == ""
        assert "Draft" not in play.text


async def test_texts_of_a_suppressed_contact_do_not_go_out(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.world.suppress(ANA)
        play.clock.pass_seconds(1)
        await play.fetch()
        await play.until_text("suppressed · Who is")
        await play.open("Ana Torres")
        await play.until_text("Suppressed: the gateway sends this number no more texts.")
        assert play.main.focused is play.main.talk.conversation
        assert play.main.talk.composer.disabled


async def test_suppressing_asks_first_and_shows_the_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.press("x")
        await play.until_text("Suppress Ana Torres?", "This program cannot undo it.")
        await play.press("enter")  # the harmless answer has the focus
        assert not play.sandbox.world.suppressed(ANA)
        await play.press("x", "left", "enter")
        await play.until_text("Ana Torres is suppressed. The gateway:")
        posted = [request for request in play.sandbox.requests if request.call == Call.SUPPRESS]
        assert [request.form for request in posted] == [{"phone": [ANA]}]
        await play.until_text("suppressed · Who is")
        await play.press("x")
        await play.until_text("Ana Torres is suppressed already.")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(FaultKind.REFUSE, reason="Not yours"), "Ana Torres is not suppressed: Not yours."),
        (Fault(FaultKind.CLOSE_AFTER_BODY), "Ana Torres may or may not be suppressed:"),
    ],
)
async def test_a_suppression_that_fails_changes_nothing_here(
    tmp_path: Path, fault: Fault, words: str
) -> None:
    async with stage(tmp_path) as play:
        play.sandbox.faults.add(fault)
        await play.press("x", "left", "enter")
        await play.until_text(words)
        assert not play.contact("Ana Torres").contact.suppressed


async def test_states_of_texts_come_from_the_store_alone(tmp_path: Path) -> None:
    """What the screen shows of a text is what the store holds: here without any gateway."""
    person = Person(ANA, "Ana Torres")

    def prepare(store: Store) -> None:
        contact = store.contacts.all()[0]
        store.outbox.add(contact.id, to=contact.number, sender=contact.number, text="waits", now=1.0)
        store.contacts.refresh_summary(contact.id)

    async with stage(tmp_path, people=[person], prepare=prepare, key="") as play:
        await play.until_text("API key")
        contact_id = play.contact_id("Ana Torres")
        [item] = play.store.conversations.newest(contact_id, 10)
        assert item.state is SendState.QUEUED


async def test_two_enters_send_one_text_however_slow_the_store(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        with slow_store(play) as let_go:
            await play.open("Ana Torres")
            await play.write("hi")
            await play.press("enter", "enter")
            await play.write("more")
            await play.press("enter")
            let_go()
        await play.until_text("You  hi", "You  more")
        await play.until(lambda: len(sends(play)) == 2)
        assert [form["message"] for form in sends(play)] == [["hi"], ["more"]]


async def test_a_text_that_could_not_be_queued_goes_back_to_its_own_conversation(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        with slow_store(play, fails=True) as let_go:
            await play.write("for Ana only")
            await play.press("enter")
            await play.press("f8")
            await play.until_text("Message Noa")
            await play.write("for Noa")
            let_go()
            await play.until_text("is busy")
            assert play.main.talk.composer.text == "for Noa"
            await play.press("f7")
            await play.until(lambda: play.main.talk.composer.text == "for Ana only")
        assert not sends(play)
        await play.press("f8")
        await play.until(
            lambda: play.store.drafts.get(play.contact_id("Ana Torres")) == "for Ana only",
            "kept once it can be",
        )
        assert play.main.talk.composer.text == "for Noa"


async def test_keys_typed_while_a_text_goes_out_stay(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        with slow_store(play) as let_go:
            await play.write("one")
            await play.press("enter")
            await play.write("two")
            let_go()
        await play.until_text("You  one")
        assert play.main.talk.composer.text == "two"


async def test_opening_the_open_conversation_again_keeps_what_is_being_written(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("not yet kept")
        await play.press("escape", "enter")
        assert play.main.talk.composer.text == "not yet kept"


async def test_marking_the_open_conversation_unread_closes_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.until(lambda: not play.contact("Ana Torres").unread)
        await play.press("escape", "u")
        await play.until(lambda: play.contact("Ana Torres").unread == 1)
        await play.until_text("No conversation open", "1 unread")


async def delete_elsewhere(play: Stage, name: str) -> None:
    """Another client on the same store deletes a contact."""
    contact_id = play.contact_id(name)
    other = Engine(
        play.folder / "store.db",
        StageAccount(play.sandbox, play.keyring),
        polling=Polling(requests_per_minute=6000),
        now=play.clock,
        monotonic=play.clock,
    )
    await other.delete_contact(contact_id)
    await other._writer.close()


async def begin_with(play: Stage, number: str) -> None:
    """Ctrl+N, and a number."""
    await play.press("ctrl+n")
    await play.write(number)
    await play.press("enter")
    if play.app.screen is not play.main:  # it asks whether such a number is meant, unless a contact has it
        await play.press("enter")
    await play.until(lambda: play.main.talk.summary is not None, "a conversation is open")


async def test_what_is_written_to_a_contact_whom_another_client_deletes_stays(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("half a thou")
        await play.until(lambda: play.store.drafts.get(play.contact_id("Ana Torres")) == "half a thou")
        await delete_elsewhere(play, "Ana Torres")
        await play.until_text("Ana Torres was deleted.", "· deleted")
        play.app.clear_notifications()
        await play.until_text("Not sent. ^N with this number takes it along.")
        await play.write("ght")
        assert play.main.focused is play.main.talk.composer, "keys that go on being typed are no commands"
        assert play.main.talk.composer.text == "half a thought"
        await play.press("enter")
        await play.until_text("there is nobody to send this to")
        assert play.main.talk.composer.text == "half a thought"
        await play.open("Sam Rivera")
        assert play.main.talk.composer.text == "", "it goes to nobody else"
        await begin_with(play, "+1 555 777 8888")
        assert play.main.talk.composer.text == "half a thought"
        again = play.main.talk.contact_id
        assert again is not None
        await play.until(lambda: play.store.drafts.get(again) == "half a thought")
        assert not sends(play)
        await play.press("enter")
        await play.until(lambda: sends(play))
        assert [form["message"] for form in sends(play)] == [["half a thought"]]


async def test_a_contact_deleted_elsewhere_comes_back_with_what_was_written_at_quitting(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("not lost")
        await delete_elsewhere(play, "Ana Torres")
        await play.until_text("Ana Torres was deleted.")
        await play.open("Sam Rivera")
        await play.press("ctrl+q")
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        ana = store.contacts.find(PhoneNumber(f"+{ANA}"))
        assert ana is not None
        assert (ana.name, store.drafts.get(ana.id)) == ("Ana Torres", "not lost")


async def test_quitting_before_the_deletion_elsewhere_was_noticed_loses_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        with slow_store(play) as let_go:  # so that nothing is kept before
            await play.write("not lost")
            await delete_elsewhere(play, "Ana Torres")
            let_go()
            await play.press("ctrl+q")
            await play.until(lambda: not play.app.is_running)
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        ana = store.contacts.find(PhoneNumber(f"+{ANA}"))
        assert ana is not None
        assert store.drafts.get(ana.id) == "not lost"


async def test_what_was_written_joins_what_another_client_wrote_to_the_number_since(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("mine")
        await delete_elsewhere(play, "Ana Torres")
        await play.until_text("Ana Torres was deleted.")
        with Store.open(tmp_path / "store.db") as other, other.transaction():
            again = other.contacts.add(PhoneNumber(f"+{ANA}"), "Ana again", now=play.clock())
            other.drafts.put(again, "theirs", now=play.clock())
        await begin_with(play, "+1 555 777 8888")
        assert play.main.talk.composer.text == "theirs\nmine"
        await play.until(lambda: play.store.drafts.get(again) == "theirs\nmine")


async def test_a_text_sent_to_a_contact_deleted_a_moment_ago_is_not_sent_and_not_lost(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("too late")
        play.main.talk.composer.action_send()  # nothing else runs until the next await
        with Store.open(tmp_path / "store.db") as other, other.transaction():
            other.contacts.delete(play.contact_id("Ana Torres"))
        await play.until_text("Ana Torres was deleted.")
        assert play.main.talk.composer.text == "too late"
        assert not sends(play)


async def test_an_empty_composer_leaves_nothing_of_a_deleted_contact(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await delete_elsewhere(play, "Ana Torres")
        await play.until_text("Ana Torres was deleted.", "No conversation open")
        await play.press("ctrl+q")
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        assert store.contacts.find(PhoneNumber(f"+{ANA}")) is None


async def test_a_contact_that_the_user_lets_go_takes_what_was_written_along(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        await play.write("wanted no more")
        ana = play.contact_id("Ana Torres")
        play.main.talk.let_go(ana)
        await play.engine.delete_contact(ana)
        await play.until_text("Ana Torres was deleted.", "No conversation open")
        assert not play.main.talk.drafts.unkept


async def test_a_draft_that_is_being_kept_is_waited_for_at_quitting(tmp_path: Path) -> None:
    """Else the screen would say that the store takes nothing."""
    async with stage(tmp_path) as play:
        await play.open("Ana Torres")
        ana = play.contact_id("Ana Torres")
        with slow_store(play) as let_go:
            await play.write("first")
            keeping = asyncio.create_task(play.main.talk.keep_drafts())
            await play.pilot.pause()
            await play.write(", then more")
            leaving = asyncio.create_task(play.app.action_leave())
            await play.pilot.pause()
            let_go()
            await asyncio.gather(keeping, leaving)
            assert play.app.screen is play.main, "nothing was asked"
    with Store.open(tmp_path / "store.db", read_only=True) as store:
        assert store.drafts.get(ana) == "first, then more"
