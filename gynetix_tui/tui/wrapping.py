"""Text measured and broken by the cells it takes on a terminal. Pure."""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells, set_cell_size

Fragment = tuple[int, int]
"""Where a line begins and ends in the text it comes from, in characters."""

_WORD = re.compile(r"[^\S\u00a0\u2007\u202f]*(?P<word>[\S\u00a0\u2007\u202f]+)")
"""A word with the blanks before it; at a no-break space no word ends."""


def fit(text: str, cells: int) -> str:
    """The text cut to at most `cells` cells, with an ellipsis where something was cut."""
    if cells <= 0:
        return ""
    if len(text) <= cells and text.isascii():
        return text
    if cell_len(text) <= cells:
        return text
    # set_cell_size pads with a blank where a wide character was cut in two.
    return set_cell_size(text, cells - 1).rstrip() + "…"


def pad(text: str, cells: int) -> str:
    """The text cut or filled with blanks to exactly `cells` cells."""
    text = fit(text, cells)
    return text + " " * (cells - cell_len(text))


def wrap(text: str, width: int) -> list[Fragment]:
    """Break a cleaned text into lines of at most `width` cells, at blanks where there are any.

    Returns:
        For each line, where it begins and ends in the text; blanks at a break belong to no line.
    """
    width = max(width, 1)
    if (
        text.isascii()
        and "\n" not in text
        and "\t" not in text
        and "  " not in text
        and not text.startswith(" ")
    ):
        return _wrap_plain(text.rstrip(" "), width)
    return _wrap_any(text, width)


def _wrap_plain(text: str, width: int) -> list[Fragment]:
    """One cell a character, single blanks: many times faster, with the same result (a test compares them)."""
    lines = []
    start = 0
    while len(text) - start > width:
        space = text.rfind(" ", start, start + width + 1)
        end = space if space > start else start + width
        lines.append((start, end))
        start = end + 1 if space > start else end
    lines.append((start, len(text)))
    return lines


def _wrap_any(text: str, width: int) -> list[Fragment]:
    lines: list[Fragment] = []
    begin = 0
    for paragraph in text.split("\n"):
        lines += _wrap_paragraph(text, begin, begin + len(paragraph), width)
        begin += len(paragraph) + 1
    return lines


def _wrap_paragraph(text: str, begin: int, end: int, width: int) -> list[Fragment]:
    # The lines are those of Textual's Content.wrap where every word fits into one. It also says where in the text
    # they are, puts no empty line after a word that fills its last one, and loses no letter wider than a line.
    lines: list[Fragment] = []
    start = stop = begin  # of the line that is being filled, without the blanks after it
    for found in _WORD.finditer(text, begin, end):
        if cell_len(text[start : found.end()]) > width:
            if stop > start:
                lines.append((start, stop))
                start = found.start("word")
            for piece in _pieces(text[start : found.end()], width)[:-1]:
                lines.append((start, start + len(piece)))
                start += len(piece)
        stop = found.end()
    return [*lines, (start, stop)]


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces of at most `width` cells, or of one letter where it is wider."""
    if cell_len(word) <= width:
        return [word]
    # chop_cells puts an empty piece before a first letter that is too wide, and forgets last ones without a width.
    pieces = [piece for piece in chop_cells(word, width) if piece]
    rest = word[sum(map(len, pieces)) :]
    return [*pieces[:-1], pieces[-1] + rest]
