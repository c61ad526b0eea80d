"""Frames as Textual makes them, written in both ways, and terminals that tell what they show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pyte
from rich.color import ColorSystem
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from gynetix_tui.tui.cells.pieces import Update, pieces
from gynetix_tui.tui.cells.rows import Output, Row
from gynetix_tui.tui.cells.shown import Shown

Run = tuple[str, Style | None]
"""A text and its style."""

NO_WRAP = "\x1b[?7l"
"""What Textual's driver sets before the first frame."""

_CONSOLE = Console(force_terminal=True, color_system="truecolor", width=80, height=24)


def strip(*runs: Run) -> Strip:
    return Strip([Segment(text, style) for text, style in runs])


def whole(width: int, rows: Sequence[Sequence[Run]]) -> LayoutUpdate:
    """A full update; each row is filled with blanks."""
    return LayoutUpdate(
        [[strip(*row).adjust_cell_length(width)] for row in rows], Region(0, 0, width, len(rows))
    )


def part(width: int, height: int, y: int, x: int, *runs: Run) -> ChopsUpdate:
    """A partial update of one stretch of one row."""
    piece = strip(*runs)
    end = x + piece.cell_length
    chops: list[dict[int, Strip | None]] = [{} for _ in range(height)]
    chops[y] = {0: None, x: piece, end: None} if x else {0: piece, end: None}
    ends = [sorted({*line, width} - {0}) for line in chops]
    return ChopsUpdate(chops, [(y, x, end)], ends)


def stock(update: Update, cursor: tuple[int, int]) -> str:
    """What Textual writes for an update."""
    return update.render_segments(_CONSOLE) + Control.move_to(*cursor).segment.text


class OneWay(Shown):
    """Writes every frame in one of the ways there are, or in the last of them that can be gone."""

    def __init__(self, way: int, *, erases: bool) -> None:
        super().__init__(erases=erases)
        self._way = way

    def _shortest(self, new: Mapping[int, Row], cursor: tuple[int, int], *, sync: bool) -> Output:
        return [self._row_by_row(new), *self._other_ways(new, cursor, sync=sync)][: self._way + 1][-1]


WAYS = [None, 0, 1, 2]
"""The shortest one; row by row; look by look; with rows that are moved."""


class Changed:
    """What is written for updates where only changed cells are."""

    def __init__(
        self, width: int, height: int, *, erases: bool = True, keep: bool = True, way: int | None = None
    ) -> None:
        self.shown = Shown(erases=erases) if way is None else OneWay(way, erases=erases)
        self.width, self.height = width, height
        self._keep = keep

    def frame(self, update: Update, cursor: tuple[int, int], *, sync: bool = False) -> str:
        return self.shown.frame(
            self.width,
            self.height,
            pieces(update, self.shown.palette, ColorSystem.TRUECOLOR),
            cursor,
            sync=sync,
            keep=self._keep,
        )


class Seen(NamedTuple):
    """What one sees of a cell."""

    text: str
    ink: str
    ground: str
    marks: tuple[str, ...] = ()


def seen(text: str, ink: str, ground: str, attributes: frozenset[str]) -> Seen:
    """A cell as it is seen: reversed colours exchanged, and of a blank only what shows on it."""
    ink, ground = ink or "own ink", ground or "own ground"
    if "reverse" in attributes:
        ink, ground = ground, ink
    marks = attributes - {"reverse"}
    if text == " ":
        marks &= {"underline", "strike"}
        if not marks:
            ink = ""
    return Seen(text, ink, ground, tuple(sorted(marks)))


class _Screen(pyte.Screen):
    """Erases as terminals do: in the ground that is in force, or in its own; nothing else that is in force counts."""

    bce = True

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        self._with_ground(super().erase_in_line, how, private)

    def erase_characters(self, count: int | None = None) -> None:
        self._with_ground(super().erase_characters, count)

    def _with_ground(self, erase: Callable[..., object], *arguments: object) -> None:
        attributes = self.cursor.attrs
        ground = attributes.bg if self.bce else "default"
        self.cursor.attrs = self.default_char._replace(bg=ground)
        erase(*arguments)
        self.cursor.attrs = attributes


class PyteTerminal:
    """A terminal that draws plain text."""

    def __init__(self, width: int, height: int, *, bce: bool = True) -> None:
        self._screen = _Screen(width, height)
        self._screen.bce = bce
        self._stream = pyte.Stream(self._screen)
        self.feed(NO_WRAP)

    def feed(self, output: str) -> None:
        self._stream.feed(output)

    @property
    def cursor(self) -> tuple[int, int]:
        return self._screen.cursor.x, self._screen.cursor.y

    @property
    def text(self) -> list[str]:
        return [row.rstrip() for row in self._screen.display]

    @property
    def cells(self) -> list[list[Seen]]:
        screen = self._screen
        return [[of_pyte(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def of_pyte(char: pyte.screens.Char) -> Seen:
    """What one sees of a cell of the emulator's."""
    names = {"underscore": "underline", "strikethrough": "strike", "reverse": "reverse", "bold": "bold"}
    names |= {"italics": "italics", "blink": "blink"}
    attributes = frozenset(name for field, name in names.items() if getattr(char, field))
    ink, ground = (colour.replace("default", "") for colour in (char.fg, char.bg))
    return seen(char.data, ink, ground, attributes)


_SEQUENCE = re.compile("\x1b\\[([0-9;]*)([A-Za-z])|(.)", re.DOTALL)


class WilfulTerminal:
    """A terminal with an opinion of its own on how wide each character is: 0, 1 or 2 cells.

    Of no width is what goes into the cell before it. Where half of a wide character is written over, the rest becomes blank.
    """

    def __init__(self, width: int, height: int, opinion: Callable[[str], int]) -> None:
        self.rows = [[" "] * width for _ in range(height)]
        self._width, self._opinion = width, opinion
        self._x = self._y = 0

    def feed(self, output: str) -> None:
        for match in _SEQUENCE.finditer(output):
            if match[3]:
                self._print(match[3])
            else:
                self._obey(match[2], [int(number or 0) for number in match[1].split(";")])

    def _obey(self, letter: str, numbers: list[int]) -> None:
        count = numbers[0] or 1
        if letter == "H":
            self._y, self._x = count - 1, max(numbers[1:] or [1]) - 1
        elif letter == "G":
            self._x = count - 1
        elif letter == "d":
            self._y = count - 1
        elif letter in "ABCD":
            self._y += {"A": -count, "B": count}.get(letter, 0)
            self._x += {"C": count, "D": -count}.get(letter, 0)
        elif letter == "K":
            for x in range(self._x, self._width):
                self._set(x, " ")
        elif letter == "X":
            for x in range(self._x, self._x + count):
                self._set(x, " ")
        else:
            assert letter == "m", letter

    def _print(self, character: str) -> None:
        if character in "\b\r":
            self._x = self._x - 1 if character == "\b" else 0
            return
        width = self._opinion(character)
        if not width:
            self.rows[self._y][max(self._x - 1, 0)] += character
            return
        self._x = min(self._x, self._width - width)  # it does not wrap
        self._set(self._x, character)
        for x in range(self._x + 1, self._x + width):
            self._set(x, "")
        self._x = min(self._x + width, self._width - 1 if self._x + width >= self._width else self._width)

    def _set(self, x: int, text: str) -> None:
        row = self.rows[self._y]
        if text and not row[x] and x:  # its first half is to the left
            row[x - 1] = " "
        if x + 1 < self._width and not row[x + 1] and row[x]:
            row[x + 1] = " "
        row[x] = text
