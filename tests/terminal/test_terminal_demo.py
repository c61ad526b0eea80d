"""The demonstration, as whoever tries the program first meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal_kit import ENTER, HOME_KEY, PROGRAM, Desk, Tmux, ctrl

ANSWER = "Oh, it's YOU"
LAST_TEXTS = (
    "Ana Torres",
    "Who is this",
    "You: Optimist",
    "Lantern login c",
    "Your Lantern co",
    "You: Dear Mr. Pe",
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as desk:
        yield desk


@pytest.mark.parametrize(("columns", "lines"), [(120, 40), (80, 24), (50, 20)])
def test_the_demo_from_start_to_end(desk: Desk, columns: int, lines: int) -> None:
    often = desk.folder / "often.toml"
    often.write_text("[polling]\nopen_seconds = 1\n")
    terminal = desk.start("--demo", "--config", str(often), columns=columns, lines=lines)

    terminal.wait_for(lambda screen: all(words in screen for words in LAST_TEXTS))
    terminal.wait_for("live, checked every 30 s")
    terminal.press(HOME_KEY)
    terminal.wait_for("^▌ .*Ana Torres")
    terminal.press(ENTER)
    terminal.wait_for(r"Ana Torres · \(555\) 777-8888")
    terminal.wait_for(r"\d\d:\d\d ✓✓ You  Hello$")
    terminal.wait_for(r"\d\d:\d\d    Ana  Who is this$")
    terminal.wait_for("Write a text$")

    terminal.write("hello there")
    terminal.press(ENTER)
    terminal.wait_for(r"\d\d:\d\d (…|✓|✓✓) +You  hello there$")
    terminal.wait_for(r"\d\d:\d\d ✓✓ You  hello there$")
    terminal.wait_for(rf"\d\d:\d\d    Ana  {ANSWER}")
    terminal.wait_for("Write a text$")

    terminal.press(ctrl("q"))
    assert terminal.finish() == 0
    terminal.assert_restored()
    assert desk.files() == []
    assert list(desk.temporary.iterdir()) == []


def test_the_demo_in_tmux(desk: Desk) -> None:
    with Tmux(desk, f"{PROGRAM} --demo", columns=80, lines=24) as tmux:
        for words in LAST_TEXTS:
            tmux.wait_for(words)
        tmux.press("Home")
        tmux.wait_for("^▌ .*Ana Torres")
        assert tmux.asked("#{alternate_on} #{mouse_all_flag}") == "1 1"
        tmux.press("Enter")
        tmux.wait_for(r"Ana Torres · \(555\) 777-8888")
        tmux.wait_for("Write a text")

        tmux.write("hello from tmux")
        tmux.press("Enter")
        tmux.wait_for(r"\d\d:\d\d ✓✓ You  hello from tmux$")
        tmux.wait_for(rf"\d\d:\d\d    Ana  {ANSWER}")

        tmux.press("C-q")
        tmux.wait_for("^left with 0\n(.*\n)*done$")
        modes = tmux.asked("#{alternate_on} #{cursor_flag} #{mouse_any_flag}#{mouse_all_flag} #{wrap_flag}")
        assert modes == "0 1 00 1"
    assert (desk.folder / "before").read_text() == (desk.folder / "after").read_text()
    assert desk.files() == []
    assert list(desk.temporary.iterdir()) == []


def test_the_screen_is_the_same_when_all_cells_are_written(desk: Desk) -> None:
    """The setting for terminals that show leftovers; what it costs is seen in the bytes."""
    screens, sizes = [], []
    for setting in ("true", "false"):
        desk.configure(f"[terminal]\nchanged_cells = {setting}\n")
        terminal = desk.start("--demo")
        for words in LAST_TEXTS:
            terminal.wait_for(words)
        terminal.press(ENTER)
        terminal.wait_for("Write a text")
        terminal.write("hello")
        # The times of the texts are those of the demo's start.
        screens.append(re.sub(r"\d\d:\d\d", "00:00", terminal.wait_for("hello$")))
        sizes.append(len(terminal.transcript))
        terminal.press(ctrl("q"))
        assert terminal.finish() == 0
        terminal.assert_restored()
    assert screens[0] == screens[1]
    assert 3 * sizes[0] < sizes[1]
