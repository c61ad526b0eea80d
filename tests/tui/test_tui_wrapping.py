"""Wrapping and fitting: every letter is somewhere once, and nothing is wider than it may be."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, split_graphemes
from textual.content import Content

from gynetix_tui.text import clean, clean_line
from gynetix_tui.tui.wrapping import _wrap_any, _wrap_plain, fit, pad, wrap

same_every_time = settings(derandomize=True, deadline=None)

FAMILY = "👨‍👩‍👧‍👦"
HEART = "❤️"

widths = st.integers(1, 80)
pieces = st.sampled_from(
    ["a", "word", " ", "  ", "\n", "\t", "é", "e\u0301", "中文", "\u3000", "\xa0", FAMILY, HEART, "🇯🇵", "1️⃣", "👍🏽", "क्ष", "نص", "\u200d", "\ufe0f", "[/x]", "x" * 30]
)  # fmt: skip
texts = (st.text(max_size=120) | st.lists(pieces, max_size=25).map("".join)).map(clean)
plain_words = st.lists(st.text("ab-,.", min_size=1, max_size=12), max_size=12).map(" ".join)


@same_every_time
@given(text=plain_words, width=widths | st.integers(1, 8))
def test_the_quick_way_of_plain_text_breaks_like_the_thorough_one(text: str, width: int) -> None:
    assert _wrap_plain(text, width) == _wrap_any(text, width)


@same_every_time
@given(text=plain_words, more=st.integers(0, 20))
def test_plain_text_breaks_as_textual_breaks_it(text: str, more: int) -> None:
    width = max([len(word) for word in text.split()], default=1) + more
    theirs = [line.plain.rstrip(" ") for line in Content(text).wrap(width)]
    assert [text[start:end] for start, end in _wrap_plain(text, width)] == theirs


@same_every_time
@given(text=texts, more=st.integers(0, 30))
def test_any_text_breaks_as_textual_breaks_it_where_every_word_fits(text: str, more: int) -> None:
    # Blanks before a first word count as part of it; Textual would break at no-break spaces too, and makes lines of
    # blanks that stand at an end.
    text = "\n".join(line.rstrip() for line in text.replace("\xa0", "").split("\n"))
    words = [word for line in text.split("\n") for word in re.findall(r"^\s+\S+|\S+", line)]
    width = max(map(cell_len, words), default=1) + more
    theirs = [line.plain.rstrip() for line in Content(text).wrap(width)]
    assert [text[start:end].rstrip() for start, end in wrap(text, width)] == theirs


@same_every_time
@given(text=texts, width=widths | st.integers(1, 6))
@example(text="中", width=1)
@example(text=f"{FAMILY} a", width=1)
@example(text="xxxx xx", width=2)
@example(text="ends in a blank ", width=5)
@example(text="e\u0301" * 9 + "\u0301", width=3)
def test_every_letter_is_on_exactly_one_line_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrap(text, width)
    widest = max([cells for _, _, cells in split_graphemes(text)[0]], default=0)
    place = 0
    for start, end in lines:
        assert place <= start <= end <= len(text)
        assert not text[place:start].strip(), "only blanks lie between lines"
        assert "\n" not in text[start:end]
        assert cell_len(text[start:end]) <= max(width, widest)
        place = end
    assert not text[place:].strip()
    assert len(lines) >= text.count("\n") + 1


@same_every_time
@given(text=texts, width=widths)
def test_no_line_ends_in_a_blank_or_is_empty_but_for_an_empty_paragraph(text: str, width: int) -> None:
    paragraphs = text.split("\n")
    for start, end in wrap(text, width):
        if text[start:end].strip():
            assert text[start:end] == text[start:end].rstrip(" ")
    assert wrap(text, 10_000)[0][0] == 0
    assert len(wrap(text, 10_000)) == len(paragraphs)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("   ", 10, [""]),
        ("\n\n", 10, ["", "", ""]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("a\n  b c\n", 10, ["a", "  b c", ""]),
        ("abcdefgh ij", 4, ["abcd", "efgh", "ij"]),
        ("é abcdefgh ij", 4, ["é", "abcd", "efgh", "ij"]),
        ("10\xa0€ and 20\xa0€", 9, ["10\xa0€ and", "20\xa0€"]),
        ("中文中文", 5, ["中文", "中文"]),
        (f"{FAMILY}{FAMILY} hi", 2, [FAMILY, FAMILY, "hi"]),
        (f"{HEART}{HEART}", 3, [HEART, HEART]),
    ],
)
def test_lines_of_a_table(text: str, width: int, lines: list[str]) -> None:
    assert [text[start:end] for start, end in wrap(text, width)] == lines


@same_every_time
@given(text=st.text(max_size=60).map(clean_line) | texts.map(clean_line), cells=st.integers(-2, 60))
@example(text="中", cells=1)
@example(text=FAMILY * 3, cells=4)
@example(text=HEART * 3, cells=4)
def test_what_is_fitted_is_never_wider_and_what_is_padded_is_exactly_as_wide(text: str, cells: int) -> None:
    fitted = fit(text, cells)
    assert cell_len(fitted) <= max(cells, 0)
    if cell_len(text) <= cells:
        assert fitted == text
    elif cells > 0:
        assert fitted.endswith("…")
        assert text.startswith(fitted[:-1])
    assert cell_len(pad(text, cells)) == max(cells, 0)
    assert pad(text, cells).startswith(fitted)


@pytest.mark.parametrize(
    ("text", "cells", "fitted"),
    [
        ("Ana Torres", 10, "Ana Torres"),
        ("Ana Torres", 9, "Ana Torr…"),
        ("Ana Torres", 5, "Ana…"),
        ("陈美陈美", 8, "陈美陈美"),
        ("陈美陈美", 7, "陈美陈…"),
        ("陈美陈美", 6, "陈美…"),
        (f"{FAMILY}{FAMILY}", 3, f"{FAMILY}…"),
        ("x", 0, ""),
    ],
)
def test_fitting_cuts_whole_letters(text: str, cells: int, fitted: str) -> None:
    assert fit(text, cells) == fitted
