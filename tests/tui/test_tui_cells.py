"""The parts of which frames of changed cells are made."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from hashlib import sha256

import pytest
from cells_kit import WAYS, Changed, PyteTerminal, WilfulTerminal, part, stock, strip, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import ControlType, Segment
from rich.style import Style
from textual._compositor import Compositor, LayoutUpdate
from textual.app import App
from textual.geometry import Offset, Region
from textual.strip import Strip
from wcwidth import wcwidth

from gynetix_tui.tui.cells import graphemes
from gynetix_tui.tui.cells.doubt import Doubt
from gynetix_tui.tui.cells.graphemes import REST, cells_of, reach
from gynetix_tui.tui.cells.hook import erases_in_colour
from gynetix_tui.tui.cells.looks import Palette
from gynetix_tui.tui.cells.moves import move
from gynetix_tui.tui.cells.pieces import Update
from gynetix_tui.tui.cells.rows import Row
from gynetix_tui.tui.cells.scrolling import find_shift
from gynetix_tui.tui.cells.shown import SYNC_BEGIN, SYNC_END, UNBRACKETED, Piece

TEXT = Style.parse("#d5d8da on #15181b")
CURSOR = Style.parse("#15181b on #d5d8da")
BAR = Style.parse("bold #e5c692 on #1e2327")
WIDTH, HEIGHT = 40, 4


def changed_row(text: str, *, x: int = 0, style: Style = TEXT, before: str = "") -> str:
    """What is written where a row shows `before`, and part of it changes."""
    screen = Changed(WIDTH, HEIGHT)
    screen.frame(whole(WIDTH, [[(before.ljust(WIDTH, "."), TEXT)]] * HEIGHT), (0, 0))
    return screen.frame(part(WIDTH, HEIGHT, 1, x, (text, style)), (0, 0))


class TestMoves:
    @pytest.mark.parametrize("known", [(True, True), (False, True), (True, False), (False, False)])
    def test_each_leads_where_it_should(self, known: tuple[bool, bool]) -> None:
        places = list(itertools.product([0, 1, 2, 5, 9, 10, 38, 39], [0, 1, 3, 9, 10, 11]))
        for (x, y), (to_x, to_y) in itertools.product(places, places):
            terminal = PyteTerminal(40, 12)
            terminal.feed(f"\x1b[{y + 1};{x + 1}H")
            written = move(x if known[0] else None, y if known[1] else None, to_x, to_y)
            terminal.feed(written)
            assert terminal.cursor == (to_x, to_y), (x, y, to_x, to_y, written)
            assert len(written) <= len(f"\x1b[{to_y + 1};{to_x + 1}H")

    @pytest.mark.parametrize(
        ("start", "end", "written"),
        [
            ((5, 5), (5, 5), ""),
            ((6, 5), (5, 5), "\x1b[D"),
            ((5, 5), (6, 5), "\x1b[C"),
            ((30, 5), (0, 5), "\x1b[G"),
            ((None, 5), (0, 5), "\x1b[G"),
            ((None, 5), (7, 5), "\x1b[8G"),
            ((7, 5), (7, 4), "\x1b[A"),
            ((None, None), (0, 0), "\x1b[H"),
            ((None, None), (0, 4), "\x1b[5H"),
        ],
    )
    def test_the_shortest(
        self, start: tuple[int | None, int | None], end: tuple[int, int], written: str
    ) -> None:
        assert move(*start, *end) == written


class TestLooks:
    def steps(self, *codes: str) -> list[str]:
        """What is written for texts in these looks, one after the other."""
        palette = Palette()
        pen, written = None, []
        for code in codes:
            step, pen = palette.step(pen, palette.look(code))
            written.append(step)
        return written

    def test_only_what_differs_is_written(self) -> None:
        assert self.steps("1;31;44", "31;44") == ["\x1b[0;1;31;44m", "\x1b[22m"]
        assert self.steps("31;44", "32;44") == ["\x1b[0;31;44m", "\x1b[32m"]
        assert self.steps("3;31", "3;31") == ["\x1b[0;3;31m", ""]

    def test_a_reset_where_that_is_shorter(self) -> None:
        assert self.steps("1;3;4;31;44", "") == ["\x1b[0;1;3;4;31;44m", "\x1b[m"]

    def test_bold_and_dim_end_together(self) -> None:
        assert (
            self.steps("1;2;38;2;10;20;30;48;2;10;20;30", "2;38;2;10;20;30;48;2;10;20;30")[1] == "\x1b[22;2m"
        )

    def test_exchanged_colours_are_a_reversal(self) -> None:
        text, cursor = "38;2;1;2;3;48;2;4;5;6", "38;2;4;5;6;48;2;1;2;3"
        assert self.steps(text, cursor, text)[1:] == ["\x1b[7m", "\x1b[27m"]

    def test_bold_text_is_not_reversed(self) -> None:
        """Bold may brighten the ink, and would then brighten the other colour."""
        text, cursor = "1;38;2;1;2;3;48;2;4;5;6", "1;38;2;4;5;6;48;2;1;2;3"
        assert "7m" not in self.steps(text, cursor)[1]

    def test_of_a_blank_only_the_ground_counts(self) -> None:
        palette = Palette()
        assert palette.look("1;3;31;44").blank is palette.look("2;92;44").blank
        assert palette.look("31;44").blank is not palette.look("31;45").blank
        assert palette.look("4;31").blank is palette.look("4;31"), "a line under a blank is seen"
        assert palette.look("7;31").blank is palette.look("7;31")

    def test_no_sequence_has_more_than_sixteen_parameters(self) -> None:
        codes = "1;2;3;4;5;6;7;8;9;21;51;52;53;38;2;1;2;3;48;2;4;5;6"
        (written,) = self.steps(codes)
        assert all(sequence.count(";") < 16 for sequence in written.split("\x1b[")[1:])
        assert written.count("\x1b[") == 2

    @pytest.mark.parametrize("codes", ["38;3;1", "38", "10", "x", "4:3", "58;2;1;2;3", "99"])
    def test_what_is_not_known_is_doubted(self, codes: str) -> None:
        with pytest.raises(Doubt):
            Palette().look(codes)

    @given(st.lists(st.text("0123456789", min_size=1, max_size=3), max_size=6))
    def test_any_codes_are_known_or_doubted(self, codes: list[str]) -> None:
        palette = Palette()
        try:
            look = palette.look(";".join(codes))
        except Doubt:
            return
        assert palette.step(None, look)[0].endswith("m")


class TestGraphemes:
    @pytest.mark.parametrize(("ranges", "width"), [(graphemes._NARROW, 1), (graphemes._WIDE, 2)])
    def test_what_terminals_agree_on_has_one_width(
        self, ranges: tuple[tuple[int, int], ...], width: int
    ) -> None:
        for first, last in ranges:
            for point in range(first, last + 1):
                assert cell_len(chr(point)) == width, hex(point)
                # -1: not in use; nothing draws it, and Textual gives it a cell
                assert wcwidth(chr(point)) in {width, -1}, hex(point)

    @pytest.mark.parametrize("sure", ["a", "é", "Я", "│", "…", "✓", "·", "中", "한", "か", "！"])
    def test_plain_letters_are_sure(self, sure: str) -> None:
        assert reach(sure) == 0

    @pytest.mark.parametrize(
        "doubtful", ["😄", "❤", "❤️", "👩‍👩‍👧", "🇩🇪", "e\u0301", "\u0301", "क", "ا", "👍🏽"]
    )
    def test_of_others_all_they_may_cover_is_told(self, doubtful: str) -> None:
        assert reach(doubtful) == 2 * len(doubtful)

    @given(st.text(st.characters(exclude_categories=["Cc"])))
    def test_as_many_cells_as_textual_lays_out(self, text: str) -> None:
        assert len(cells_of(text)) == cell_len(text)

    def test_marks_join_their_letter(self) -> None:
        assert cells_of("ae\u0301b") == ("a", "e\u0301", "b")
        assert cells_of("中\u0301x") == ("中\u0301", REST, "x")
        assert cells_of("\u0301x") == ("x",), "a mark without a letter"

    def test_half_a_character_is_replaced(self) -> None:
        assert cells_of("a\ud800b") == ("a", "\ufffd", "b")

    @pytest.mark.parametrize("text", ["a\x1b[31m", "a\nb", "\x9b1m", "\x7f", "a\tb", "\0"])
    def test_control_characters_are_doubted(self, text: str) -> None:
        with pytest.raises(Doubt):
            cells_of(text)


class TestRows:
    def test_one_letter(self) -> None:
        assert changed_row("x", x=5) == "\x1b[2;6Hx\x1b[H"

    def test_the_same_again_is_nothing(self) -> None:
        assert changed_row("abc", before="abc") == ""

    def test_a_short_gap_is_written_again(self) -> None:
        assert changed_row("abXdeY", before="abcdef") == "\x1b[2;3HXdeY\x1b[H"

    def test_a_long_gap_is_jumped_over(self) -> None:
        before = "abcdefghijklmnop"
        assert changed_row("Xbcdefghijklmnop"[:-1] + "Y", before=before) == "\x1b[BX\x1b[16GY\x1b[H"

    def test_a_row_that_becomes_blank_is_erased(self) -> None:
        assert changed_row(" " * WIDTH, before="abcdefghij") == "\x1b[B\x1b[K\x1b[H"

    def test_it_is_not_erased_where_the_terminal_forgets_the_colour(self) -> None:
        screen = Changed(WIDTH, HEIGHT, erases=False)
        screen.frame(whole(WIDTH, [[("abcdefghij".ljust(WIDTH), TEXT)]] * HEIGHT), (0, 0))
        written = screen.frame(part(WIDTH, HEIGHT, 1, 0, (" " * WIDTH, TEXT)), (0, 0))
        assert written == "\x1b[B" + " " * 10 + "\x1b[H"

    def test_the_terminals_own_ground_is_erased_everywhere(self) -> None:
        screen = Changed(WIDTH, HEIGHT, erases=False)
        screen.frame(whole(WIDTH, [[("abcdefghij".ljust(WIDTH), None)]] * HEIGHT), (0, 0))
        assert screen.frame(part(WIDTH, HEIGHT, 1, 0, (" " * WIDTH, None)), (0, 0)) == "\x1b[B\x1b[K\x1b[H"

    def test_a_reversed_pen_does_not_erase(self) -> None:
        """Terminals erase with the ground, not with the ink, also while they write in reverse."""
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("a" * WIDTH, TEXT)]] * HEIGHT), (0, 0))
        written = screen.frame(part(WIDTH, HEIGHT, 1, 0, ("x", CURSOR), (" " * (WIDTH - 1), TEXT)), (0, 0))
        assert written == "\x1b[B\x1b[7mx\x1b[27m\x1b[K\x1b[H"

    def test_behind_a_doubtful_grapheme_the_cursor_is_set(self) -> None:
        """First two blanks, for a terminal that draws it in one cell; then what it may cover, absolutely."""
        written = changed_row("😄", x=5, before="abcdefghijklmno")
        assert written == "\x1b[2;5He  \x1b[6G😄\x1b[H"
        assert (
            changed_row("❤\ufe0f", x=5, before="abcdefghijklmno")
            == "\x1b[2;5He  \x1b[6G❤\ufe0f\x1b[8Ghi\x1b[H"
        )

    def test_at_the_last_columns_too(self) -> None:
        """There some terminals keep the cursor on the last column, so that to step back would lead elsewhere."""
        assert changed_row("☎", x=WIDTH - 1) == f"\x1b[2;{WIDTH - 1}H. \x1b[{WIDTH}G☎\x1b[{WIDTH - 1}G.\x1b[H"
        assert changed_row("😄", x=WIDTH - 2) == f"\x1b[2;{WIDTH - 2}H.  \x1b[{WIDTH - 1}G😄\x1b[H"

    def test_a_doubtful_grapheme_that_goes_takes_its_surroundings_along(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("ab❤\ufe0fcdefgh".ljust(WIDTH, "."), TEXT)]] * HEIGHT), (0, 0))
        written = screen.frame(part(WIDTH, HEIGHT, 1, 2, ("xy", TEXT)), (0, 0))
        assert written == "\x1b[2;2Hbxycd\x1b[H"

    def test_behind_a_letter_that_every_terminal_knows_it_is_not(self) -> None:
        assert changed_row("中é…", x=5) == "\x1b[2;6H中é…\x1b[H"

    def test_half_of_a_wide_letter_is_never_written(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("a中b".ljust(WIDTH - 1, "."), TEXT)]] * HEIGHT), (0, 0))
        assert screen.frame(part(WIDTH, HEIGHT, 1, 1, ("xy", TEXT)), (0, 0)) == "\x1b[2;2Hxy\x1b[H"
        assert screen.frame(part(WIDTH, HEIGHT, 1, 1, ("中", TEXT)), (0, 0)) == "\x1b[2;2H中\x1b[H"

    def test_after_the_last_column_the_cursor_is_set(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("a" * WIDTH, TEXT)]] * HEIGHT), (0, 0))
        written = screen.frame(part(WIDTH, HEIGHT, 1, WIDTH - 1, ("x", TEXT)), (WIDTH - 2, 1))
        assert written == f"\x1b[2;{WIDTH}Hx\x1b[{WIDTH - 1}G"


class TestFrames:
    def test_meta_is_no_difference(self) -> None:
        """Textual marks where text can be clicked and selected; nobody sees that."""
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("hello", TEXT)]] * HEIGHT), (0, 0))
        for style in (
            Style.from_meta({"offset": (3, 7)}),
            Style.from_meta({"@click": "go"}),
            Style(link="http://a.example"),
        ):
            assert screen.frame(part(WIDTH, HEIGHT, 1, 0, ("hello", TEXT + style)), (0, 0)) == ""

    def test_a_key_in_the_composer(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        first = [("ab", TEXT), (" ", CURSOR), (" " * 37, TEXT)]
        screen.frame(whole(WIDTH, [first] * HEIGHT), (2, 1))
        screen.frame(part(WIDTH, HEIGHT, 1, 0, ("abc", TEXT), (" ", CURSOR), (" " * 36, TEXT)), (3, 1))
        written = screen.frame(
            part(WIDTH, HEIGHT, 1, 0, ("abcd", TEXT), (" ", CURSOR), (" " * 35, TEXT)), (4, 1)
        )
        assert written == "\x1b[27md\x1b[7m \x1b[D"

    def test_only_frames_of_several_rows_are_bracketed(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        rows = [[("a" * WIDTH, TEXT)]] * HEIGHT
        written = screen.frame(whole(WIDTH, rows), (0, 0), sync=True)
        assert written.startswith("\x1b[?2026h")
        assert written.endswith("\x1b[?2026l")
        assert screen.frame(whole(WIDTH, rows), (0, 0), sync=True) == ""
        assert screen.frame(part(WIDTH, HEIGHT, 1, 1, ("x", TEXT)), (0, 0), sync=True) == "\x1b[2;2Hx\x1b[H"

    def test_a_cursor_that_moves_alone(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        rows = [[("a" * WIDTH, TEXT)]] * HEIGHT
        screen.frame(whole(WIDTH, rows), (3, 1))
        assert screen.frame(whole(WIDTH, rows), (2, 1)) == "\x1b[D"

    def test_after_others_wrote_nothing_is_taken_for_granted(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("a" * WIDTH, TEXT)]] * HEIGHT), (0, 1))
        screen.shown.lose_pen()
        written = screen.frame(part(WIDTH, HEIGHT, 1, 0, ("x", TEXT)), (1, 1))
        assert written == "\x1b[2H\x1b[0;38;2;213;216;218;48;2;21;24;27mx"

    def test_where_others_write_unnoticed_no_colours_are_left(self) -> None:
        screen = Changed(WIDTH, HEIGHT, keep=False)
        written = screen.frame(whole(WIDTH, [[("a" * WIDTH, TEXT)]] * HEIGHT), (0, 1))
        assert written.endswith("\x1b[m")

    def test_what_is_forgotten_is_written_again(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        rows = [[("abcdef", TEXT), ("ghi", BAR)]] * HEIGHT
        first = screen.frame(whole(WIDTH, rows), (0, 0))
        assert screen.frame(whole(WIDTH, rows), (0, 0)) == ""
        screen.shown.forget()
        assert not screen.shown.knows(WIDTH, HEIGHT)
        assert screen.frame(whole(WIDTH, rows), (0, 0)) == first

    def test_another_size_is_another_screen(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        screen.frame(whole(WIDTH, [[("abc", TEXT)]] * HEIGHT), (0, 0))
        assert screen.shown.knows(WIDTH, HEIGHT)
        assert not screen.shown.knows(WIDTH, HEIGHT + 1)
        screen.width += 1
        assert "abc" in screen.frame(whole(WIDTH + 1, [[("abc", TEXT)]] * HEIGHT), (0, 0))

    def test_too_many_looks_are_a_reason_to_begin_anew(self) -> None:
        screen = Changed(WIDTH, HEIGHT)
        for shade in range(1200):
            style = Style.parse(f"#{shade:06x}")
            screen.frame(whole(WIDTH, [[("a", style)]] * HEIGHT), (0, 0))
        assert not screen.shown.knows(WIDTH, HEIGHT)
        screen.shown.start_anew()
        screen.frame(whole(WIDTH, [[("a", TEXT)]] * HEIGHT), (0, 0))
        assert screen.shown.knows(WIDTH, HEIGHT)

    def test_control_segments_are_doubted(self) -> None:
        update = LayoutUpdate([[Strip([Segment("\a", None, [(ControlType.BELL,)])])]], Region(0, 0, WIDTH, 1))
        with pytest.raises(Doubt):
            Changed(WIDTH, HEIGHT).frame(update, (0, 0))

    def test_a_first_frame_is_far_shorter(self) -> None:
        rows = [
            [("│", BAR), (f"text number {row}", TEXT), ("  ", BAR), ("more", TEXT)] for row in range(HEIGHT)
        ]
        update = whole(WIDTH, rows)
        assert len(Changed(WIDTH, HEIGHT).frame(update, (0, 0))) < len(stock(update, (0, 0))) * 0.7


LETTERS = "ab cdefé│…Я "
STYLES = [
    None,
    TEXT,
    CURSOR,
    BAR,
    Style.parse("bold"),
    Style.parse("italic red"),
    Style.parse("underline on blue"),
    Style.parse("reverse bright_red"),
    Style.parse("strike on #15181b"),
    Style.parse("bold reverse #d5d8da on #15181b"),
    Style.parse("color(200) on color(17)"),
    Style.parse("on #d5d8da"),
    Style.parse("blink #15181b on #d5d8da"),
]
"""Of everything that pyte can show."""


@st.composite
def runs(draw: st.DrawFn, width: int) -> list[tuple[str, Style | None]]:
    """A row's worth of text in styles."""
    left, found = width, []
    while left:
        count = draw(st.integers(1, left))
        text = draw(st.one_of(st.just(" " * count), st.text(LETTERS, min_size=count, max_size=count)))
        found.append((text, draw(st.sampled_from(STYLES))))
        left -= count
    return found


class TestSameScreen:
    """For any sequence of updates a terminal shows the same as with Textual's own way."""

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_for_plain_text(self, data: st.DataObject) -> None:
        width, height = data.draw(st.integers(3, 40)), data.draw(st.integers(1, 8))
        bce, way = data.draw(st.booleans()), data.draw(st.sampled_from(WAYS))
        erases = bce and data.draw(st.booleans())
        ours = Changed(width, height, erases=erases, keep=data.draw(st.booleans()), way=way)
        with_it, without = PyteTerminal(width, height, bce=bce), PyteTerminal(width, height, bce=bce)
        must_be_whole = True
        for _ in range(data.draw(st.integers(1, 10))):
            step = data.draw(st.sampled_from(["part", "part", "part", "whole", "others", "forget", "resize"]))
            if step == "others":
                # Something else writes without drawing: it moves the cursor, and leaves colours.
                for terminal in (with_it, without):
                    terminal.feed("\x1b[1;3;32;45m\x1b[2;2H")
                without.feed("\x1b[m")  # Textual's own way has no defence against that
                ours.shown.lose_pen()
            elif step == "forget":
                # Something else draws. What Textual draws next is whole, as the hook sees to.
                for terminal in (with_it, without):
                    terminal.feed("\x1b[H\x1b[35mgarbage\x1b[m\x1b[2;1Hmore\x1b[K")
                ours.shown.forget()
                must_be_whole = True
            elif step == "resize":
                width, height = data.draw(st.integers(3, 24)), data.draw(st.integers(1, 5))
                if (width, height) == (ours.width, ours.height):
                    ours.shown.forget()  # as the hook does, if it had another size meanwhile
                ours.width, ours.height = width, height
                with_it, without = (
                    PyteTerminal(width, height, bce=bce),
                    PyteTerminal(width, height, bce=bce),
                )
                must_be_whole = True
            update: Update
            if must_be_whole or step == "whole":
                update = whole(width, [data.draw(runs(width)) for _ in range(height)])
                must_be_whole = False
            else:
                y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
                update = part(width, height, y, x, *data.draw(runs(data.draw(st.integers(1, width - x)))))
            cursor = (data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1)))
            with_it.feed(ours.frame(update, cursor, sync=True))
            without.feed(stock(update, cursor))
            assert with_it.cells == without.cells
            assert with_it.cursor == without.cursor == cursor


@st.composite
def two_panes(draw: st.DrawFn) -> tuple[int, list[list[str]]]:
    """The width of a list at the left, and frames of rows: what stands at the right of the list moves from one to the next."""
    width, height, list_width = draw(st.integers(20, 60)), draw(st.integers(6, 20)), draw(st.integers(0, 12))
    letters = st.sampled_from("abc xyz")
    line = st.text(letters, min_size=width - list_width, max_size=width - list_width)
    side = draw(
        st.lists(st.text(letters, min_size=list_width, max_size=list_width), min_size=height, max_size=height)
    )
    lines = draw(st.lists(line, min_size=height * 3, max_size=height * 3))
    at, frames = height, []
    for _ in range(draw(st.integers(2, 6))):
        at = max(0, min(at + draw(st.integers(-height // 2, height // 2)), 2 * height))
        if draw(st.booleans()):
            side[draw(st.integers(0, height - 1))] = draw(
                st.text(letters, min_size=list_width, max_size=list_width)
            )
        frames.append([left + right for left, right in zip(side, lines[at : at + height], strict=True)])
    return width, frames


class TestScrolling:
    @settings(max_examples=200, deadline=None)
    @given(two_panes(), st.booleans(), st.booleans(), st.sampled_from(WAYS), st.data())
    def test_the_same_is_shown(
        self, panes: tuple[int, list[list[str]]], bce: bool, keep: bool, way: int | None, data: st.DataObject
    ) -> None:
        width, frames = panes
        height = len(frames[0])
        styles = data.draw(st.lists(st.sampled_from(STYLES), min_size=1, max_size=3))
        ours = Changed(width, height, erases=bce, keep=keep, way=way)
        with_it, without = PyteTerminal(width, height, bce=bce), PyteTerminal(width, height, bce=bce)
        for number, frame in enumerate(frames):
            update = whole(width, [[(row, styles[sum(map(ord, row)) % len(styles)])] for row in frame])
            with_it.feed(ours.frame(update, (number, 1), sync=True))
            without.feed(stock(update, (number, 1)))
            assert with_it.cells == without.cells
            assert with_it.cursor == without.cursor

    def test_rows_of_which_something_is_unknown_are_not_moved(self) -> None:
        ours = Changed(20, 8)
        wide = [[("中" * 5 + chr(ord("a") + y) * 10, TEXT)] for y in range(8)]
        ours.frame(whole(20, wide), (0, 0))
        ours.frame(
            part(20, 8, 4, 1, ("x", TEXT)), (0, 0)
        )  # of the first character there, nobody knows what is left
        old, new = ours.shown._rows, {y: ours.shown._rows[y + 1] for y in range(7)}
        assert find_shift(old, new) is None
        whole_ones = [Row(list(chr(ord("a") + y) * 20), list(old[0].looks)) for y in range(8)]
        assert find_shift(whole_ones, {y: whole_ones[y + 1] for y in range(7)}) == (0, 7, 1)

    @pytest.mark.parametrize("way", WAYS)
    def test_what_is_unknown_is_not_written_as_if_it_were_nothing(self, way: int | None) -> None:
        width, height = 60, 12
        ours, terminal = Changed(width, height, way=way), WilfulTerminal(width, height, cell_len)
        terminal.feed(ours.frame(whole(width, [[("ab中cd" + "." * 5 + "x" * 49, TEXT)]] * height), (0, 0)))
        changes = [(0, "AB", TEXT), (3, "YCD", TEXT), (12, "Z Z Z Z", CURSOR)]
        cut = [
            Piece(
                x,
                y,
                list(text),
                [ours.shown.palette.look(Strip.render_ansi(style, ColorSystem.TRUECOLOR))] * len(text),
            )
            for y in range(height)
            for x, text, style in changes
        ]
        terminal.feed(ours.shown.frame(width, height, cut, (0, 0), sync=False, keep=True))
        for row in terminal.rows:
            assert (row[0], row[1], row[3], row[4], row[5]) == ("A", "B", "Y", "C", "D")

    def lines(self, first: int, count: int = 20) -> list[str]:
        return [sha256(str(number).encode()).hexdigest()[:60] for number in range(first, first + count)]

    @pytest.mark.parametrize(("by", "edge"), [(2, "\x1bD\x1bD"), (-3, "\x1bM\x1bM\x1bM")])
    def test_the_terminal_moves_what_moved_and_the_list_beside_it_is_put_back(
        self, by: int, edge: str
    ) -> None:
        side = [f"{number} somebody".ljust(20) for number in range(20)]
        ours, sizes = Changed(80, 20), list[int]()
        for first, sync in ((10, True), (10 + by, True), (10, False)):
            rows = [[(left + right, TEXT)] for left, right in zip(side, self.lines(first), strict=True)]
            written = ours.frame(whole(80, rows), (0, 0), sync=sync)
            sizes.append(len(written))
            assert (edge in written) == (first != 10)
            if first != 10:
                assert "\x1b[1;20r" in written
                assert written.count("\x1b[r") == 1
        assert sizes[1] < sizes[2] / 2

    @pytest.mark.parametrize("end", [[], [("c", TEXT)]])
    @pytest.mark.parametrize("way", WAYS)
    def test_blanks_behind_text_of_exchanged_colours_are_erased_in_their_ground(
        self, way: int | None, end: list[tuple[str, Style | None]]
    ) -> None:
        """The pen is reversed for that text, and erasing knows no reverse."""
        ours, terminal, other = Changed(40, 1, way=way), PyteTerminal(40, 1), PyteTerminal(40, 1)
        for letter in "ab":
            row = whole(40, [[(letter * 10, TEXT), (letter * 5 + " " * (25 - len(end)), CURSOR), *end]])
            terminal.feed(ours.frame(row, (0, 0)))
            other.feed(stock(row, (0, 0)))
            assert terminal.cells == other.cells

    @pytest.mark.parametrize("way", WAYS)
    def test_a_cursor_from_a_larger_screen_does_no_harm(self, way: int | None) -> None:
        ours, terminal = Changed(30, 4, way=way), PyteTerminal(30, 4)
        rows = [[(f"{y}" * 29, STYLES[y])] for y in range(4)]
        terminal.feed(ours.frame(whole(30, rows), (99, 99), sync=True))
        assert terminal.text == [f"{y}" * 29 for y in range(4)]

    def test_however_short_it_is_shown_at_once(self) -> None:
        ours = Changed(9, 5, way=WAYS[-1])
        ours.frame(whole(9, [[(f"{y}, {y * y}", None)] for y in range(5)]), (0, 0))
        written = ours.frame(whole(9, [[(f"{y}, {y * y}", None)] for y in range(1, 6)]), (0, 0), sync=True)
        assert "\x1bD" in written
        assert len(written) - len(SYNC_BEGIN + SYNC_END) <= UNBRACKETED
        assert written.startswith(SYNC_BEGIN)
        assert written.endswith(SYNC_END)

    def test_a_terminal_that_shows_no_frame_at_once_is_not_scrolled(self) -> None:
        """There the list would be seen to jump."""
        ours = Changed(80, 20)
        ours.frame(whole(80, [[(line, TEXT)] for line in self.lines(0)]), (0, 0))
        written = ours.frame(whole(80, [[(line, TEXT)] for line in self.lines(2)]), (0, 0))
        assert "\x1bD" not in written


DOUBTFUL = ["😄", "❤\ufe0f", "👩‍👩‍👧", "🇩🇪", "👍🏽", "e\u0301", "क्ष", "ا", "ꯀ", "☎", "\u1100", "\u1161"]
SURE_NARROW, SURE_WIDE = "abcxyz é│…", "中한"
MARKS = "\ufe0f\u200d\u0301\u094d🏽"


def _narrow(character: str) -> int:
    return 0 if character in MARKS else 2 if character in SURE_WIDE else 1


def _wide(character: str) -> int:
    return 1 if character in SURE_NARROW else 2


def _joining(character: str) -> int:
    """Everything that is no plain letter goes into the cell before it."""
    return 2 if character in SURE_WIDE else int(character in SURE_NARROW)


OPINIONS: dict[str, Callable[[str], int]] = {
    "as told": cell_len,
    "narrow": _narrow,
    "wide": _wide,
    "joining": _joining,
}


@st.composite
def mixed_rows(draw: st.DrawFn, width: int) -> list[tuple[str, Style | None]]:
    letters = st.sampled_from([*SURE_NARROW, *SURE_WIDE, *draw(st.sampled_from([DOUBTFUL, [" "]]))])
    text = "".join(draw(st.lists(letters, max_size=width)))
    return [(text, TEXT)]


class TestAnyOpinionOnWidths:
    @pytest.mark.parametrize("opinion", OPINIONS)
    @settings(max_examples=200, deadline=None)
    @given(data=st.data())
    def test_letters_stand_where_they_should_and_nothing_is_left_over(
        self, opinion: str, data: st.DataObject
    ) -> None:
        width = data.draw(st.integers(4, 20))
        terminal = WilfulTerminal(width, 1, OPINIONS[opinion])
        ours = Changed(width, 1, way=data.draw(st.sampled_from(WAYS[:3])))
        rows = data.draw(st.lists(mixed_rows(width), min_size=1, max_size=6))
        for row in rows:
            terminal.feed(ours.frame(whole(width, [row]), (0, 0)))
            wanted = _cells(width, row)
            assert len(wanted) == width
            for x, (shown, cell) in enumerate(zip(terminal.rows[0], wanted, strict=True)):
                if cell and not reach(cell):
                    following = wanted[x + 1 + (cell in SURE_WIDE) :][:1]
                    if following and reach(following[0]):
                        assert shown.startswith(cell)
                    else:
                        assert shown == cell, (terminal.rows, wanted)
        plain = [("xyz" * width, TEXT)]
        terminal.feed(ours.frame(whole(width, [plain]), (0, 0)))
        assert terminal.rows[0] == list(("xyz" * width)[:width])


def _cells(width: int, row: list[tuple[str, Style | None]]) -> list[str]:
    return [cell for text, _, _ in strip(*row).adjust_cell_length(width) for cell in cells_of(text)]


class TestTextual:
    """What is used of Textual's private parts is as it was when it was written down."""

    def test_the_way_of_a_frame_to_the_terminal_is_the_one_that_was_replaced(self) -> None:
        """If this fails, read `App._display` anew, and bring `ChangedCells._display` into line."""
        source = "".join(inspect.getsource(App._display).split())
        assert sha256(source.encode()).hexdigest()[:16] == "439a55b93ba1c20f"

    def test_what_is_read_is_there(self) -> None:
        app = App[None]()
        for name, kind in {
            "_batch_count": int,
            "_running": bool,
            "_closed": bool,
            "_sync_available": bool,
            "_previous_cursor_position": Offset,
            "cursor_position": Offset,
        }.items():
            assert isinstance(getattr(app, name), kind), name
        assert list(inspect.signature(Compositor.render_full_update).parameters) == ["self", "simplify"]
        layout = LayoutUpdate([[strip(("a", TEXT))]], Region(1, 2, 3, 4))
        assert (layout.region, [[*row] for row in layout.strips]) == (
            Region(1, 2, 3, 4),
            [[strip(("a", TEXT))]],
        )
        chops = part(WIDTH, HEIGHT, 1, 2, ("abc", TEXT))
        assert chops.spans == [(1, 2, 5)]
        assert Strip.render_ansi(TEXT, ColorSystem.TRUECOLOR) == "38;2;213;216;218;48;2;21;24;27"


class TestErasing:
    @pytest.mark.parametrize(
        ("environ", "erases"),
        [
            ({"TERM": "xterm-256color"}, True),
            ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0"}, True),
            ({"TERM": "screen-256color", "TMUX": "/tmp/tmux,1,0"}, True),
            ({"TERM": "screen-256color"}, False),
            ({"TERM": "screen.xterm-256color", "STY": "1.pts-0"}, False),
            ({"TERM": "xterm-256color", "STY": "1.pts-0"}, False),
            ({"TERM": "linux"}, True),
        ],
    )
    def test_where_the_colour_is_taken(self, environ: dict[str, str], erases: bool) -> None:
        assert erases_in_colour(environ) is erases
