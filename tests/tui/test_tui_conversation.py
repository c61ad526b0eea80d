"""The conversation on the screen: where it opens, what it follows, what it keeps, and what it hands out."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import Stage, stage
from textual import events
from textual.geometry import Region

from gynetix_tui.model import ItemKey, SendState
from gynetix_tui.sandbox import DEMO_PEOPLE, Person, heard, said
from gynetix_tui.tui.widgets.conversation import Conversation

PEOPLE = {person.name: person for person in DEMO_PEOPLE}
PRIYA = PEOPLE["Priya Raman"]
ANA = Person("15557778888", "Ana Torres", history=(said("Hello", days=2), heard("Who is this", days=2)))
QUIET = Person("15551230000", "Pia Quiet")
NEW = "── new ──"


def wheel(kind: type[events.MouseScrollUp | events.MouseScrollDown]) -> events.MouseEvent:
    """A turn of the wheel over the pane."""
    return kind(None, 0, 0, 0, 0, 0, False, False, False)


def pane(play: Stage) -> Conversation:
    return play.main.talk.conversation


def place_of(play: Stage, text: str) -> int:
    """The row of the pane on which a text begins."""
    conversation = pane(play)
    lines = conversation.lines
    return conversation.size.height - len(lines) + next(i for i, line in enumerate(lines) if text in line)


def top(play: Stage) -> ItemKey:
    """The key of the text that the first row belongs to."""
    conversation = pane(play)
    assert conversation._window
    return conversation._window.items[conversation._shown[0][0].index].key


async def come(play: Stage, *texts: str, person: Person = ANA, wait: bool = True) -> None:
    """Texts come in, a second apart."""
    for text in texts:
        play.clock.pass_seconds(1)
        play.sandbox.world.receive(person.number, text)
    await play.fetch()
    if wait:
        await stored(play, texts[-1], person)


async def stored(play: Stage, text: str, person: Person = ANA) -> None:
    contact_id = play.contact_id(person.name)
    await play.until(lambda: play.store.conversations.newest(contact_id, 1)[0].text == text, text)


def numbered(count: int, word: str = "text") -> list[str]:
    return [f"{word} {number}." for number in range(count)]


# Where it opens, and what it follows


async def test_it_opens_at_the_newest_and_what_is_seen_is_read(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA, QUIET]) as play:
        await come(play, "one", "two")
        await play.until(lambda: play.contact(ANA.name).unread == 2)
        await play.open(ANA.name)
        lines = pane(play).lines
        assert lines[-1].endswith("Ana  two")
        assert NEW in lines[-3], "what is new is marked where all of it can be seen"
        await play.until(lambda: play.contact(ANA.name).unread == 0)
        assert NEW in "".join(pane(play).lines), "the mark stays while one reads"
        await play.open(QUIET.name)
        await play.open(ANA.name)
        assert NEW not in "".join(pane(play).lines)


@pytest.mark.parametrize("count", [60, 260])
async def test_it_opens_at_the_first_unread_however_many_there_are(tmp_path: Path, count: int) -> None:
    async with stage(tmp_path, people=[ANA], size=(100, 24)) as play:
        await come(play, *numbered(count))
        await play.until(lambda: play.contact(ANA.name).unread == count)
        await play.open(ANA.name)
        new = next(number for number, line in enumerate(pane(play).lines) if NEW in line)
        assert new <= 3, "at most two lines and the day stand above it"
        assert pane(play).lines[new + 1].endswith("Ana  text 0.")
        seen = sum("text" in line for line in pane(play).lines)
        assert f"{count - seen} new below" in play.text
        assert play.contact(ANA.name).unread == count, "not read before the end was seen"
        await play.press("shift+tab", "end")
        await play.until(lambda: play.contact(ANA.name).unread == 0)
        assert pane(play).lines[-1].endswith(f"text {count - 1}.")
        assert "new below" not in play.text


async def test_it_follows_at_the_end_and_keeps_the_place_further_up(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA], size=(100, 24)) as play:
        await come(play, *numbered(50))
        await play.open(ANA.name)
        await play.press("shift+tab", "end")
        await play.until(lambda: play.contact(ANA.name).unread == 0)
        await come(play, "followed")
        await play.until(lambda: pane(play).lines[-1].endswith("Ana  followed"))
        await play.press("pageup")
        before = pane(play).lines
        await come(play, "unseen 1", "unseen 2", "unseen 3")
        await play.until_text("3 new below")
        assert pane(play).lines == before
        assert play.contact(ANA.name).unread == 3
        await play.press("pagedown")
        await play.press("pagedown")
        assert pane(play).at_newest
        assert NEW in "".join(pane(play).lines), "what came meanwhile is marked"
        await play.until(lambda: play.contact(ANA.name).unread == 0)
        assert "new below" not in play.text


async def test_one_who_scrolls_back_down_follows_again(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(100, 24)) as play:
        await play.open(PRIYA.name)
        end = pane(play).lines
        for _ in range(3):
            pane(play).post_message(wheel(events.MouseScrollUp))
        await play.pilot.pause()
        assert not pane(play).at_newest
        for _ in range(3):
            pane(play).post_message(wheel(events.MouseScrollDown))
        await play.pilot.pause()
        assert pane(play).lines == end
        assert pane(play).at_newest


async def test_a_late_text_above_moves_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA], size=(100, 24)) as play:
        begun = play.clock.at
        await come(play, *numbered(50))
        await play.open(ANA.name)
        await play.press("shift+tab", "end", "pageup")
        before = pane(play).lines
        play.sandbox.world.receive(ANA.number, "late", ts=begun + 2)
        play.clock.pass_seconds(60)
        await play.fetch()
        contact_id = play.contact_id(ANA.name)
        await play.until(
            lambda: any(i.text == "late" for i in play.store.conversations.newest(contact_id, 99))
        )
        await play.until(lambda: play.contact(ANA.name).unread)
        assert pane(play).lines == before


# A long history


async def test_a_long_history_can_be_read_to_its_first_text_and_back(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(100, 40)) as play:
        contact_id = play.contact_id(PRIYA.name)
        [first] = play.store.conversations.oldest(contact_id, 1)
        await play.open(PRIYA.name)
        await play.press("shift+tab")
        end = pane(play).lines
        keys = [top(play)]
        for _ in range(400):
            await play.pilot.press("pageup")
            if top(play) == keys[-1]:
                break
            keys.append(top(play))
        assert keys == sorted(keys, reverse=True)
        assert keys[-1] == first.key
        assert len(keys) > 40, "every page was a page"
        window = pane(play)._window
        assert window
        assert len(window.items) < 2_000, "what is far away is let go"
        await play.press("end")
        assert pane(play).lines == end
        assert pane(play).at_newest
        await play.press("home")
        assert top(play) == first.key
        assert pane(play).item == first


async def test_who_reads_the_beginning_is_told_of_what_comes_at_the_end(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(100, 24)) as play:
        await play.open(PRIYA.name)
        await play.press("shift+tab", "home")
        before = pane(play).lines
        await come(play, "one", "two", person=PRIYA)
        await play.until_text("2 new below")
        assert pane(play).lines == before


# Size


async def test_every_size_keeps_the_text_at_the_top(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(120, 40)) as play:
        await play.open(PRIYA.name)
        await play.press("shift+tab", "pageup", "pageup", "pageup")
        at, lines = top(play), pane(play).lines
        for size in [(100, 40), (72, 24), (120, 20), (50, 30), (40, 15), (120, 40)]:
            await play.pilot.resize_terminal(*size)
            await play.pilot.pause()
            assert top(play) == at, size
            assert len(pane(play).lines) == pane(play).size.height
        assert pane(play).lines == lines
        assert play.main.focused is pane(play)


async def test_every_size_keeps_the_newest_at_the_bottom(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(120, 40)) as play:
        await play.open(PRIYA.name)
        last = pane(play).lines[-1].split()[-1]
        for size in [(72, 24), (50, 30), (120, 40)]:
            await play.pilot.resize_terminal(*size)
            await play.pilot.pause()
            assert pane(play).lines[-1].split()[-1] == last
            assert pane(play).at_newest


# The cursor


async def test_the_cursor_moves_by_texts_and_is_bound_to_one(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA], size=(100, 24)) as play:
        await come(play, "first\nof two lines", "second")
        await play.open(ANA.name)
        await play.press("shift+tab")
        assert pane(play).item is None
        said = []
        for _ in range(6):
            await play.press("up")
            item = pane(play).item
            assert item
            said.append(item.text)
        assert said == ["second", "first\nof two lines", "Who is this", "Hello", "Hello", "Hello"]
        await play.press("down", "down")
        item = pane(play).item
        assert item
        assert item.text == "first\nof two lines"
        marked = [line for line in play.text.splitlines() if "▌" in line]
        assert len(marked) == 2, "both of its lines"
        await come(play, "third", "fourth")
        await play.until_text("fourth")
        assert pane(play).item == item
        await play.pilot.resize_terminal(80, 20)
        await play.pilot.pause()
        assert pane(play).item == item


async def test_the_cursor_stays_on_a_text_of_ours_that_becomes_a_message(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[QUIET], size=(100, 24)) as play:
        await play.open(QUIET.name)
        await play.write("before")
        await play.press("enter")
        await play.until_text("✓  You  before")
        play.clock.pass_seconds(1)
        await play.write("mine")
        await play.press("enter")
        await play.until_text("✓  You  mine")
        await play.press("shift+tab", "up")
        item = pane(play).item
        assert item
        assert item.outbox_id is not None
        play.clock.pass_seconds(30)
        await play.fetch()
        await play.until_text("✓✓ You  mine")
        item = pane(play).item
        assert item
        assert (item.text, item.state, item.outbox_id) == ("mine", SendState.SEEN, None)


async def test_the_cursor_comes_along_when_the_page_or_the_wheel_leaves_it_behind(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(100, 24)) as play:
        await play.open(PRIYA.name)
        await play.press("shift+tab", "up")
        for _ in range(20):
            pane(play).post_message(wheel(events.MouseScrollUp))
            await play.pilot.pause()
            item, window = pane(play).item, pane(play)._window
            assert item
            assert window
            shown = {window.items[row.index].key for row, _ in pane(play)._shown}
            assert item.key in shown, "c, r and x act on what can be seen"
        await play.press("pageup", "pageup")
        item, window = pane(play).item, pane(play)._window
        assert item
        assert window
        assert item.key in {window.items[row.index].key for row, _ in pane(play)._shown}


# What is handed out


async def test_c_copies_the_text_and_nothing_else(tmp_path: Path) -> None:
    text = "A text that is far too long for one line of this pane, so that it breaks, and\nhas [/x]\x1b a line of its own"
    async with stage(tmp_path, people=[ANA], size=(80, 24)) as play:
        await come(play, text, "newest")
        await play.open(ANA.name)
        await play.press("shift+tab", "c")
        await play.until(lambda: play.app.clipboard == "newest")
        await play.press("up", "up", "c")
        await play.until(lambda: play.app.clipboard == text.replace("\x1b", "␛"))
        await play.until_text("Sent to the terminal's clipboard.")
        note = play.app.screen.query("Toast").first()
        assert note.region.y == 2  # under the title: the newest texts and the composer stay free


async def drag(play: Stage, begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Drag the mouse over the pane and return what is selected."""
    conversation = pane(play)
    await play.pilot.mouse_down(conversation, begin)
    await play.pilot.hover(conversation, end)
    await play.pilot.mouse_up(conversation, end)
    await play.pilot.pause()
    return play.app.screen.get_selected_text() or ""


HEAD = 15
"""Cells before the text of a line: the time, the mark and a name of three letters."""


async def test_a_selection_over_two_lines_of_a_text_has_no_break_that_the_width_made(tmp_path: Path) -> None:
    text = "The quick brown fox jumps over the lazy dog while it sleeps in the sun"
    async with stage(tmp_path, people=[ANA], size=(80, 24)) as play:
        await come(play, text)
        await play.open(ANA.name)
        row = place_of(play, "The quick")
        assert "sun" not in pane(play).lines[-2]
        assert await drag(play, (HEAD + 4, row), (HEAD + 1, row + 1)) in text
        assert (await drag(play, (HEAD + 4, row), (HEAD + 1, row + 1))).startswith("quick brown")
        assert await drag(play, (0, row), (50, row + 1)) == text


async def test_a_selection_over_two_texts_holds_them_and_neither_times_nor_names(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA], size=(80, 24)) as play:
        await come(play, "one\nmore", "中文 two [b]", "👍🏽 three")
        await play.open(ANA.name)
        row = place_of(play, "one")
        assert await drag(play, (HEAD + 1, row), (HEAD + 8, row + 2)) in {
            "ne\nmore\n中文 two",
            "ne\nmore\n中文 two ",
        }
        assert await drag(play, (2, row), (50, row + 3)) == "one\nmore\n中文 two [b]\n👍🏽 three"
        up = await drag(play, (50, row + 3), (2, row))
        assert up == "one\nmore\n中文 two [b]\n👍🏽 three", "the other way round it is the same"


async def test_day_lines_and_notes_are_not_part_of_a_selection(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA], size=(80, 24)) as play:
        await come(play, "news")
        await play.open(ANA.name)
        row = place_of(play, "Thursday")
        assert await drag(play, (0, row), (50, place_of(play, "news"))) == "Hello\nWho is this\nnews"


async def test_what_is_selected_is_never_another_text_than_the_one_that_was_marked(tmp_path: Path) -> None:
    async with stage(tmp_path, people=[ANA], size=(80, 24)) as play:
        await come(play, *numbered(40))
        await play.open(ANA.name)
        await play.press("shift+tab", "end")
        row = place_of(play, "text 30.")
        assert await drag(play, (0, row), (50, row)) == "text 30."
        pane(play).reload()
        assert play.app.screen.get_selected_text() == "text 30.", "nothing moved"
        await come(play, "another")
        await play.until_text("another")
        assert not play.app.screen.get_selected_text()


# What is sent to the terminal


def watch(conversation: Conversation, monkeypatch: pytest.MonkeyPatch) -> list[Region | None]:
    """What the pane marks to be drawn anew from now on; None for all of it."""
    regions: list[Region | None] = []
    refresh = conversation.refresh

    def note(*some: Region, **options: bool) -> Conversation:
        regions.extend(some or [None])
        return refresh(*some, **options)

    monkeypatch.setattr(conversation, "refresh", note)
    return regions


async def test_what_did_not_change_is_not_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, people=[PRIYA], size=(100, 40)) as play:
        await play.open(PRIYA.name)
        regions = watch(pane(play), monkeypatch)
        pane(play).reload()
        await play.press("shift+tab", "pageup")
        await play.pilot.pause()
        regions.clear()
        pane(play).reload()
        pane(play).reload()
        assert regions == []


async def test_a_changed_state_sends_its_row_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, people=[QUIET], size=(100, 24)) as play:
        await play.open(QUIET.name)
        await play.write("mine")
        await play.press("enter")
        await play.until_text("✓  You  mine")
        row = place_of(play, "mine")
        regions = watch(pane(play), monkeypatch)
        play.clock.pass_seconds(30)
        await play.fetch()
        await play.until_text("✓✓ You  mine")
        assert set(regions) == {Region(0, row, pane(play).size.width, 1)}


async def test_a_step_of_the_cursor_sends_two_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, people=[ANA], size=(100, 24)) as play:
        await play.open(ANA.name)
        await play.press("shift+tab", "up")
        regions = watch(pane(play), monkeypatch)
        await play.press("up")
        assert len(regions) == 2
        assert None not in regions
