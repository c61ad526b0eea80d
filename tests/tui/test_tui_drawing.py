"""What is drawn with less work is what would be drawn with more: by the composer row by row, by the screen where it is due."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from rich.segment import Segment
from stage import Stage, stage
from textual._compositor import Compositor
from textual.geometry import Region
from textual.screen import Screen

KEYS = (
    *"abc def(g)",
    *("backspace", "left", "right", "up", "down", "home", "end", "ctrl+j", "ctrl+w", "delete"),
    *("shift+left", "shift+right", "shift+up", "ctrl+underscore"),
)
PIECES = (
    "a longer piece of text that is broken ",
    "“quoted” ",
    "日本語 ",
    "one\ntwo ",
    "👍🏽 ",
    "\t",
    "x" * 70,
)


def _rows(play: Stage) -> list[list[Segment]]:
    composer = play.main.talk.composer
    return [list(strip) for strip in composer.render_lines(composer.outer_size.region)]


async def _play(play: Stage, rng: random.Random) -> str:
    """Something that somebody who writes could do; return what it was."""
    composer = play.main.talk.composer
    match rng.randrange(12):
        case 0:
            what = rng.choice(PIECES)
            composer.insert(what)
            await play.pilot.pause()
        case 1:
            what = "tab"
            await play.press("tab")
        case 2:
            what = "focus"
            composer.focus()
            await play.pilot.pause()
        case 3:
            what = "size"
            await play.pilot.resize_terminal(*rng.choice([(120, 40), (80, 24), (50, 20), (60, 16)]))
        case 4:
            what = "clear"
            composer.replace_all(rng.choice(["", "(bracket", "short", PIECES[0] * 9, "€" + "x" * 158]))
            await play.pilot.pause()
        case 5:
            what = "theme"
            play.app.theme = rng.choice(["gynetix-dark", "gynetix-light"])
            await play.pilot.pause()
        case 6:
            what = "read only"
            composer.set_locked(not composer.read_only)
            await play.pilot.pause()
        case _:
            what = rng.choice(KEYS)
            await play.press(what)
    return what


@pytest.mark.parametrize("seed", range(4))
async def test_the_composer_shows_what_it_would_draw_anew(tmp_path: Path, seed: int) -> None:
    rng, done = random.Random(seed), []
    async with stage(tmp_path, size=(80, 24)) as play:
        await play.open("Ana Torres")
        composer = play.main.talk.composer
        for _ in range(60):
            done.append(await _play(play, rng))
            shown = _rows(play)
            composer._styles_cache.clear()
            composer._line_cache.clear()
            composer._dressed = None
            assert _rows(play) == shown, done


async def test_a_key_draws_one_row_of_the_composer(tmp_path: Path) -> None:
    async with stage(tmp_path, size=(80, 24)) as play:
        await play.open("Ana Torres")
        await play.write("a text that fills a row of the composer and then goes on in another")
        composer, drawn = play.main.talk.composer, list[int]()
        render = type(composer).render_line

        def note(y: int) -> object:
            drawn.append(y)
            return render(composer, y)

        composer.render_line = note  # type: ignore[method-assign, assignment]  # for this one
        await play.press("x")
        assert drawn == [1]


async def test_what_makes_a_text_dearer_is_marked_at_once_wherever_it_stands(tmp_path: Path) -> None:
    """The euro sign costs two of the 160 that one segment has; the key that is one too many stands rows below it."""
    async with stage(tmp_path, size=(80, 24)) as play:
        await play.open("Ana Torres")
        composer = play.main.talk.composer
        composer.replace_all("€" + "x y " * 39 + "zz")
        await play.pilot.pause()
        before = _rows(play)
        assert not composer.costly
        for key, marked in (("z", True), ("backspace", False), ("ctrl+underscore", True)):
            await play.press(key)
            assert bool(composer.costly) is marked
            assert (_rows(play)[0] != before[0]) is marked


@pytest.mark.parametrize(("size", "lines"), [((120, 40), 2), ((80, 24), 3), ((50, 20), 2), ((40, 15), 1)])
async def test_nothing_moves_while_a_usual_text_is_written(
    tmp_path: Path, size: tuple[int, int], lines: int
) -> None:
    async with stage(tmp_path, size=size) as play:
        await play.open("Ana Torres")
        talk = play.main.talk
        before = talk.conversation.size, talk.composer.size
        assert talk.composer.size.height == lines
        for line in range(lines):
            if line:
                await play.press("ctrl+j")
            await play.write("as much as fits here")
            assert (talk.conversation.size, talk.composer.size) == before
        await play.press("ctrl+j")
        assert talk.composer.size.height == lines + 1
        await play.press("backspace")
        await play.until(lambda: (talk.conversation.size, talk.composer.size) == before)


async def test_only_what_is_due_is_drawn_and_it_is_what_would_be_drawn_of_the_whole(tmp_path: Path) -> None:
    rng = random.Random(5)
    async with stage(tmp_path, size=(80, 24)) as play:
        await play.open("Ana Torres")
        await play.write("something")
        await _compare(play.main, rng)
        play.app.notify("A toast lies above the conversation.")
        await play.until(lambda: "A toast" in play.text)
        await _compare(play.main, rng)


async def _compare(screen: Screen[None], rng: random.Random) -> None:
    compositor = screen._compositor
    width, height = compositor.size
    for _ in range(100):
        x, y = rng.randrange(width), rng.randrange(height)
        crop = Region(x, y, rng.randint(1, width - x), rng.randint(1, height - y))
        found = compositor._render_chops(crop, crop.line_range.__contains__)
        stock = Compositor()
        stock.__dict__ |= compositor.__dict__
        wanted = stock._render_chops(crop, crop.line_range.__contains__)
        for row in crop.line_range:
            for (start, strip), cut in zip(found[row].items(), compositor.cuts[row][1:], strict=True):
                if start < crop.right and cut > crop.x:
                    assert strip == wanted[row][start], (crop, row, start)
