"""Changed cells only, in a real terminal: tmux shows the same with it as with Textual's own way.

This file is also the program that is looked at: an application of some widgets, in one pane with it and in the other without.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from cells_kit import NO_WRAP, Changed, PyteTerminal, Run, Seen, seen, stock, whole
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gynetix_tui.tui.cells.hook import ChangedCells, NotedDriver

DEADLINE = 15.0
WIDTH, HEIGHT = 30, 4
ATTRIBUTES = {"1": "bold", "3": "italics", "4": "underline", "5": "blink", "7": "reverse", "9": "strike"}
TEXT = Style.parse("#d5d8da on #15181b")
DIM, MARK = Style.parse("#a1a2a3 on #15181b"), Style.parse("bold #e5c692 on #1e2327")
WITH, WITHOUT = "0", "1"


class Box(ModalScreen[None]):
    """Covers a part of what is below."""

    BINDINGS: ClassVar[list[BindingType]] = [("f2", "dismiss(None)", "")]

    CSS = "Box { align: center middle; } Box Static { width: 20; height: 5; border: round red; background: blue; }"

    def compose(self) -> ComposeResult:
        yield Static("a box\nفي الصندوق 中文")


class Specimen(ChangedCells[None]):
    """Of everything a little; each key changes something else."""

    CSS = """
    #left { width: 12; height: 100%; border-right: solid green; }
    #right { width: 1fr; height: 100%; }
    Input { height: 1; border: none; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("f2", "box"),
        ("f3", "texts"),
        ("f4", "noise"),
        ("f5", "away"),
        ("f6", "draw"),
        ("f7", "doubt"),
        ("f8", "partly"),
    ]

    def __init__(self) -> None:
        super().__init__(driver_class=NotedDriver)
        self.changed_cells = os.environ.get("SPECIMEN") != WITHOUT

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("one\ntwo 中文\nthree", id="left")
            yield Static("first\nsecond", id="right")
        field = Input(placeholder="write", id="field")
        field.cursor_blink = False
        yield field

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.app_resume_signal.subscribe(self, lambda _: self.draw_whole())
        assert isinstance(self._driver, NotedDriver)
        # By the loop, which is woken also if the kernel gives the signal to the thread of the keyboard.
        asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, self._driver.ask_whole)

    def on_key(self, event: events.Key) -> None:
        self.query_one("#left", Static).update(f"key\n{event.key}\n한국어 {len(event.key)}")

    def action_box(self) -> None:
        self.push_screen(Box())

    def action_texts(self) -> None:
        words = ["العربية", "été", "👩\u200d👩\u200d👧", "🇩🇪🇫🇷", "中文字", "plain"]
        self.query_one("#right", Static).update("\n".join(" ".join(words[n:]) for n in range(len(words))))

    def action_noise(self) -> None:
        """What Textual writes beside its frames."""
        self.bell()
        self.copy_to_clipboard("text")
        self.query_one("#right", Static).update("noise")

    def action_away(self) -> None:
        with self.suspend():
            os.write(1, b"\x1b[2J\x1b[Houtside ")
            os.read(0, 1)

    def action_doubt(self) -> None:
        """What is no text; only our own cleaning keeps it out."""
        self.query_one("#right", Static).update("\x1b[1mdoubt")

    def action_partly(self) -> None:
        """Draw whole, but only a part is marked as changed."""
        if self.changed_cells:
            self._shown.forget()
            self.query_one("#right", Static).update("partly")
        else:
            self.query_one("#right", Static).update("partly")
            self.draw_whole()

    def action_draw(self) -> None:
        self.draw_whole()


class Panes:
    """A tmux server of its own with two windows of one size, in which the same is done."""

    def __init__(self, folder: Path, command: str, width: int, height: int) -> None:
        self._socket = str(folder / "t")
        self._environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        self._environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        first, second = (
            f"SPECIMEN={number} COLORTERM=truecolor {command}; exit" for number in (WITH, WITHOUT)
        )
        size = ("-x", str(width), "-y", str(height))
        self.do(
            "-f", "/dev/null", "new-session", "-d", "-s", "s", *size, first, ";", "set", "-g", "status", "off"
        )
        self.do("new-window", "-d", second)
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        for number in (WITH, WITHOUT):
            self.do("resize-window", "-t", f"s:{number}", "-x", str(width), "-y", str(height))

    def do(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-S", self._socket, *words],
            env=self._environ,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asked(self, format_: str) -> tuple[str, str]:
        """What tmux knows of both panes."""
        answers = self.do(
            "display", "-p", "-t", f"s:{WITH}", format_, ";", "display", "-p", "-t", f"s:{WITHOUT}", format_
        )
        one, other = answers.splitlines()
        return one, other

    def pids(self) -> list[int]:
        """Of the programs in both panes: the shells' children. A child of its own, if stopped, tmux lets go on at once."""
        return [
            int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii"))
            for pid in self.asked("#{pane_pid}")
        ]

    def screens(self) -> list[list[list[Seen]]]:
        """What one sees in both."""
        return [_parsed(self.do("capture-pane", "-peN", "-t", f"s:{number}")) for number in (WITH, WITHOUT)]

    def wait_for_both(self, words: str) -> list[str]:
        """Wait until words stand in both panes, and both are the same; return the rows."""
        end = time.monotonic() + DEADLINE
        while True:
            one, other = self.screens()
            rows = [_text(row) for row in one]
            places = self.asked("#{cursor_x} #{cursor_y}")
            if one == other and re.search(words, "\n".join(rows), re.MULTILINE) and places[0] == places[1]:
                return rows
            if time.monotonic() > end:
                texts = ["\n".join(_text(row) for row in screen) for screen in (one, other)]
                assert texts[0] == texts[1], f"{words}, cursors at {places}"
                assert one == other, f"{words}, cursors at {places}"
                raise AssertionError(
                    f"{words} is not shown, or the cursor is elsewhere: {places}\n{texts[0]}"
                )
            time.sleep(0.05)  # tmux tells nobody of news: it is asked again

    def press(self, key: str, words: str) -> list[str]:
        """Press a key in both, and see what it leads to in both."""
        for number in (WITH, WITHOUT):
            self.do("send-keys", "-t", f"s:{number}", key)
        return self.wait_for_both(words)

    @contextmanager
    def watched(self, width: int, height: int) -> Iterator[Watched]:
        """The first pane as a terminal shows it to which tmux is attached."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        client = subprocess.Popen(
            ["tmux", "-u", "-S", self._socket, "attach", "-t", f"s:{WITH}"],
            env=self._environ | {"COLORTERM": "truecolor"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        try:
            yield Watched(master, width, height)
        finally:
            os.close(master)
            client.wait(DEADLINE)

    def end(self) -> None:
        self.do("kill-server")


class Watched(PyteTerminal):
    """What is read from a pseudo-terminal, drawn."""

    def __init__(self, descriptor: int, width: int, height: int) -> None:
        super().__init__(width, height)
        self._descriptor = descriptor

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Read until a condition holds."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, self.text
            if select.select([self._descriptor], [], [], 0.1)[0]:
                output = os.read(self._descriptor, 65536).decode("utf-8", "replace")
                self.feed(
                    re.sub(
                        "\x1b\\[[>?=][0-9;]*[a-zA-Z]|\x1b[(][0B]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)",
                        "",
                        output,
                    )
                )


def _text(row: Sequence[Seen]) -> str:
    return "".join(cell.text for cell in row).rstrip()


def _parsed(capture: str) -> list[list[Seen]]:
    """A screen as tmux tells it, character by character; colours go on from one row to the next."""
    rows: list[list[Seen]] = [[]]
    attributes, ink, ground = frozenset[str](), "", ""
    for codes, character in re.findall("\x1b\\[([0-9;]*)m|([^\x1b\x0e\x0f])", capture):
        if character == "\n":
            rows.append([])
            continue
        if character:
            rows[-1].append(seen(character, ink, ground, attributes))
            continue
        rest = iter(codes.split(";"))
        for code in rest:
            if code in {"38", "48"}:
                kind = next(rest)
                colour = ";".join([kind, *(next(rest) for _ in range(3 if kind == "2" else 1))])
                ink, ground = (colour, ground) if code == "38" else (ink, colour)
            elif code in {"", "0"}:
                attributes, ink, ground = frozenset[str](), "", ""
            elif code in ATTRIBUTES:
                attributes |= {ATTRIBUTES[code]}
            elif code[0] == "3" or code[0] == "9":
                ink = "" if code == "39" else code
            else:
                assert code[0] in "41", code
                ground = "" if code == "49" else str(int(code) - 10)
    return [_without_end(row) for row in rows[:-1]]


def _without_end(row: list[Seen]) -> list[Seen]:
    """A row without the blanks at its end: tmux tells of those that were written, and not of those that were erased."""
    end = len(row)
    while end and row[end - 1].text == " " and not row[end - 1].marks:
        end -= 1
    return row[:end]


@pytest.fixture
def specimens(tmp_path: Path) -> Iterator[Panes]:
    panes = Panes(tmp_path, f"{sys.executable} {__file__}", 60, 12)
    # A key that does nothing here: once it is answered, what belongs to the start is over.
    panes.press("F9", r"\A(?:.*\n){11}write\Z")
    panes.wait_for_both("^f9 ")
    yield panes
    panes.end()


class TestAnApplication:
    """Each wait sees that both panes show the same, cell by cell, and have the cursor at one place."""

    def test_all_that_happens_to_a_screen(self, specimens: Panes) -> None:
        for end, letter in enumerate("hello", 1):
            specimens.press(letter, f"^{'hello'[:end]} *$")
        specimens.press("BSpace", "^hell$")
        specimens.press("F3", "plain")
        specimens.press("F2", "a box")
        specimens.press("F2", "│🇩🇪🇫🇷 中文字 plain$")
        specimens.press("F4", "noise")
        specimens.press("x", "^hellx$")
        for columns, lines in ((40, 10), (70, 14), (60, 12)):
            specimens.resize(columns, lines)
            specimens.wait_for_both(rf"\A(?:.*\n){{{lines - 1}}}hellx\Z")
        specimens.press("y", "^hellxy$")

    def test_away_and_back(self, specimens: Panes) -> None:
        specimens.press("F3", "plain")
        # As on a terminal that has no second screen, and restores no colours with the first.
        specimens.do("set", "-g", "alternate-screen", "off")
        specimens.press("F5", "^outside$")
        assert all(
            cell.ink in {"", "own ink"} and cell.ground == "own ground" for cell in specimens.screens()[0][0]
        )
        specimens.press("Enter", "plain")
        specimens.press("a", "^a$")

    def test_what_others_draw_goes_with_the_next_whole_frame(self, specimens: Panes) -> None:
        for path in specimens.asked("#{pane_tty}"):
            Path(path).write_text("\x1b[0;1;33;44m\x1b[2;2Hgarbage\x1b[8;1Hgarbage", encoding="utf-8")
        specimens.wait_for_both("garbage")
        specimens.press("F6", r"\Akey +│first\nf6 +│second\n한국어 2 +│\n(?: +│\n){8}write\Z")

    def test_whatever_is_forgotten_is_drawn_whole(self, specimens: Panes) -> None:
        for path in specimens.asked("#{pane_tty}"):
            Path(path).write_text("\x1b[0;1;33;44m\x1b[12;20Hgarbage", encoding="utf-8")
        specimens.wait_for_both("garbage")
        specimens.press("F8", r"\Akey +│partly\nf8 +│\n한국어 2 +│\n(?: +│\n){8}write\Z")

    def test_what_is_not_understood_is_left_to_textual(self, specimens: Panes) -> None:
        specimens.press("F7", "doubt")
        specimens.press("a", "^a$")
        specimens.press("F3", "plain")

    def test_a_size_that_is_told_again_is_a_reason_to_draw_whole(self, specimens: Panes) -> None:
        for path in specimens.asked("#{pane_tty}"):
            Path(path).write_text("\x1b[0;1;33;44m\x1b[8;1Hgarbage", encoding="utf-8")
        specimens.wait_for_both("garbage")
        os.kill(specimens.pids()[0], signal.SIGWINCH)
        end = time.monotonic() + DEADLINE
        while "garbage" in "".join(_text(row) for row in specimens.screens()[0]):
            assert time.monotonic() < end
            time.sleep(0.05)  # likewise

    def test_nothing_is_left_of_what_was_drawn_while_it_was_stopped(self, specimens: Panes) -> None:
        pids = specimens.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for path in specimens.asked("#{pane_tty}"):
            Path(path).write_text("\x1b[0;33m\x1b[2;2Hgarbage", encoding="utf-8")
        specimens.wait_for_both("garbage")
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        specimens.wait_for_both("^f9 ")


class Feed:
    """Two panes that show what is written to them."""

    def __init__(self, folder: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.panes = Panes(folder, "sh -c 'stty raw -echo; echo; exec sleep 1000'", width, height)
        self._files = [os.open(path, os.O_WRONLY | os.O_NOCTTY) for path in self.panes.asked("#{pane_tty}")]
        for file in self._files:
            tty.setraw(file)
        self._frames = 0

    def show(self, one: str, other: str) -> list[list[list[Seen]]]:
        """Write to each, and return what both show then."""
        self._frames += 1
        for file, text in zip(self._files, (one, other), strict=True):
            data = f"{text}\x1b]2;frame {self._frames}\x1b\\".encode()
            while data:
                data = data[os.write(file, data) :]
        end = time.monotonic() + DEADLINE
        while set(self.panes.asked("#{pane_title}")) != {f"frame {self._frames}"}:
            assert time.monotonic() < end, "tmux does not read on"
        return self.panes.screens()

    def end(self) -> None:
        for file in self._files:
            os.close(file)
        self.panes.end()


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    feed = Feed(tmp_path_factory.mktemp("feed"))
    yield feed
    feed.end()


AGREED = ["a", "b", " ", "│", "中", "한", "é", "e\u0301", "👩‍👩‍👧", "🇩🇪", "ا", "😄", "か"]
"""Graphemes to which tmux gives as many cells as Textual does."""
STYLES = [
    TEXT,
    None,
    Style.parse("bold red"),
    Style.parse("#15181b on #d5d8da"),
    Style.parse("underline on blue"),
]
CLEAR = f"\x1b[m{NO_WRAP}\x1b[2J\x1b[H"


@st.composite
def rows(draw: st.DrawFn) -> list[Run]:
    """A row that leaves the last column free: a mark there tmux puts into the cell before."""
    return [
        ("".join(draw(st.lists(st.sampled_from(AGREED), max_size=7))), draw(st.sampled_from(STYLES)))
        for _ in range(draw(st.integers(1, 2)))
    ]


class TestErasing:
    def test_tmux_takes_the_colour_of_the_ground(self, feed: Feed) -> None:
        """Seen by a terminal to which tmux is attached."""
        ours = Changed(WIDTH, HEIGHT)
        ours.frame(whole(WIDTH, [[("x" * WIDTH, TEXT)]] * HEIGHT), (0, 0))
        blank = whole(WIDTH, [[(" " * WIDTH, TEXT)]] * HEIGHT)
        written = ours.frame(blank, (0, 0))
        assert written.count("\x1b[K") == HEIGHT
        feed.show(CLEAR, CLEAR)
        # What is written is the difference from a frame that was never shown here: it begins with no pen.
        feed.show(f"\x1b[38;2;213;216;218;48;2;21;24;27m{written}", "")
        with feed.panes.watched(WIDTH, HEIGHT) as terminal:
            # tmux gives the colour that comes nearest among the 256 of the terminal that it is shown on.
            terminal.wait_for(lambda: {cell.ground for row in terminal.cells for cell in row} == {"1c1c1c"})


class TestLongFrames:
    def test_rows_that_are_moved_and_blanks_that_are_erased_look_the_same(self, tmp_path: Path) -> None:
        feed, rng = Feed(tmp_path, 70, 16), random.Random(3)
        try:
            lines = [f"{number} {'some words ' * rng.randint(0, 4)}" for number in range(200)]
            names = [f"{name} " * rng.randint(1, 2) for name in range(16)]
            ours, at = Changed(70, 16), 50
            feed.show(CLEAR, CLEAR)
            ways = set[str]()
            for number in range(30):
                at += rng.choice([-5, -1, 0, 1, 2, 3, 50])
                names[rng.randrange(16)] = f"{number} 中文 or so"
                rows = [
                    [(f"{name:<16}"[:16], MARK), (f"{line[:3]:<9}", DIM), (f"{line:<45}"[:45], TEXT)]
                    for name, line in zip(names, lines[at % 180 :], strict=False)
                ]
                update, cursor = whole(70, rows), (number, 1)
                written = ours.frame(update, cursor, sync=True)
                ways |= set(re.findall("\x1b(?:D|M|\\[\\d*X|\\[K)", re.sub(r"\d+X", "X", written)))
                one, other = feed.show(written, stock(update, cursor).replace("\n", "\r\n"))
                assert one == other
            assert ways == {"\x1bD", "\x1bM", "\x1b[X", "\x1b[K"}
        finally:
            feed.end()


class TestGraphemesInTmux:
    @settings(
        max_examples=25,
        phases=[Phase.generate],  # to look for the shortest example takes minutes with a real terminal
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(frames=st.lists(st.lists(rows(), min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4))
    def test_the_same_is_shown(self, feed: Feed, frames: list[list[list[Run]]]) -> None:
        ours = Changed(WIDTH, HEIGHT, erases=False)
        feed.show(CLEAR, CLEAR)
        for number, frame in enumerate(frames):
            update, cursor = whole(WIDTH, frame), (number, 1)
            # Textual parts the rows with a line feed, which the terminal's driver makes a new line.
            other = stock(update, cursor).replace("\n", "\r\n")
            one, other_shown = feed.show(ours.frame(update, cursor), other)
            assert one == other_shown

    @pytest.mark.parametrize(
        "text",
        [
            "❤\ufe0f",
            "⚠\ufe0f",
            "1\ufe0f\u20e3",
            "👍🏽",
            "क्ष",
            "☎\ufe0f",
            "\u1112\u1161\u11ab",
            "🏴‍☠\ufe0f",
            "👨🏽‍🦱",
        ],
    )
    def test_where_tmux_has_its_own_opinion_nothing_is_left_over(self, feed: Feed, text: str) -> None:
        """And what stands right of it stands where it should."""
        ours = Changed(WIDTH, HEIGHT)
        feed.show(CLEAR, CLEAR)
        line = whole(WIDTH, [[(f"{text}x{text}{text} y", TEXT), ("." * WIDTH, TEXT)]] * HEIGHT)
        plain = whole(WIDTH, [[("." * WIDTH, TEXT)]] * HEIGHT)
        marked = whole(WIDTH, [[(f"ab{text}", TEXT), ("-" * WIDTH, TEXT)]] * HEIGHT)
        feed.show(ours.frame(line, (0, 0)), "")
        feed.show(ours.frame(marked, (0, 0)), "")
        one, other = feed.show(ours.frame(plain, (0, 0)), stock(plain, (0, 0)).replace("\n", "\r\n"))
        assert one == other


if __name__ == "__main__":
    Specimen().run()
