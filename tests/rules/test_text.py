"""Foreign text: what is made harmless, what survives as it is, and what counts as the same text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from gynetix_tui.text import MAX_EMOJI_JOINS, MAX_LINE, MAX_MARKS, MAX_TEXT, clean, clean_line, fold

# The characters that decisions hang on, so that they meet each other far more often than by chance.
TRICKY = (
    "a1# \t\n\r\v\x00\x1b\x7f\x85\x9b\xa0\xad\u0300\u034f\u0640\u064b\u0915\u094d\u0dca\u0dbb\u1160\u180e"
    "\u200b\u200c\u200d\u200e\u202e\u2028\u2066\u20e3\u231a\u2764\ufe0e\ufe0f\ufdd0\ufeff\ufffe\uffff"
    "\ud83d\udc68\U0001f3f4\U0001f3fd\U0001f468\U0001f1fa\U000e0067\U000e007f\U000e0100\u3042\u4e2d⏎…"
)
anything = st.text(st.one_of(st.sampled_from(TRICKY), st.characters(exclude_categories=[])), max_size=60)

SURVIVE = {
    "plain": "Who is this?",
    "lines": "one\ntwo\n\nfour",
    "family": "👨‍👩‍👧‍👦 at home",
    "kiss": "👩🏻‍❤️‍💋‍👨🏿",
    "flag": "🇺🇸🇺🇦",
    "rainbow flag": "🏳️‍🌈",
    "region flag": "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f yes",
    "skin tone": "👍🏽",
    "professions": "👩🏽‍⚕️ 🧑🏿‍🚀",
    "emoji style": "❤️ ☎︎",
    "keycaps": "1️⃣ #️⃣",
    "cjk": "明日の十時にお待ちしております",
    "voiced kana": "か゚",
    "arabic": "السلام عليكم، كيف الحال؟",
    "arabic marks": "مُحَمَّد",
    "hebrew": "שָׁלוֹם",
    "persian": "می‌خواهم",
    "sinhala": "ශ්‍රී ලංකාව",
    "thai": "ที่นี่",
    "devanagari": "क्षत्रिय र्‍य",
    "malayalam": "അവന്‍ വന്നു",
    "hangul jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "decomposed": "cafe\u0301",
    "markup": "[red]not red[/red] [/nope] [@click=app.quit]x[/]",
    "backslashes": r"C:\temp\[x] \x1b[31m",
    "cyrillic": "Привет, как дела?",
    "curly": "“It’s 5 – 6…”",
    "own marks": "a ⏎ b ␛ \ufffd ◌́",
}

HARMLESS = {
    "escape": ("\x1b[2J", "␛[2J"),
    "clipboard": ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
    "c1": ("\x9b31m\x9d0;t", "\ufffd31m\ufffd0;t"),
    "nul and delete": ("a\x00b\x7f", "a␀b␡"),
    "override": ("gpj.\u202eexe", "gpj.exe"),
    "isolates": ("\u2066a\u2069\u200f\u061c", "a"),
    "zero width": ("pay\u200bpal\ufeff\u2060", "paypal"),
    "soft hyphen": ("co\xadop", "coop"),
    "line ends": ("a\r\nb\rc\x85d\u2028e\u2029f\vg\fh", "a\nb\nc\nd\ne\nf\ng\nh"),
    "noncharacters": ("\ufdd0\uffff\U0010ffff", "\ufffd\ufffd\ufffd"),
    "split pair": ("\ud83d\ude00", "😀"),
    "lone surrogates": ("\ud83d!\ude00", "\ufffd!\ufffd"),
    "joiner in latin": ("a\u200db\u200cc", "abc"),
    "joiner in cjk": ("中\u200d文", "中文"),
    "joiner at the edges": ("\u200da\n\u200d", "a\n"),
    "joiners repeated": ("👨\u200d\u200d\u200c👩", "👨\u200d👩"),
    "style of nothing": ("a\ufe0fb", "ab"),
    "mark on nothing": ("\u0301a\n\u0301", "◌\u0301a\n◌\u0301"),
    "hidden tags": ("hi\U000e0041\U000e0042\U000e007f", "hi"),
    "unfinished flag": ("🏴\U000e0067\U000e0062", "🏴"),
    "tones in a row": ("👍🏽🏾🏿🏽", "👍🏽"),
    "tone on nothing": ("🏽a\n🏽", "◌🏽a\n◌🏽"),
    "vowel sign on nothing": ("\u0903 \u1161", "◌\u0903 ◌\u1161"),
    "tabs": ("a\tb\n\tc", "a   b\n    c"),
    "joiner before a dropped mark": (
        "\u0915" + "\u094d" * MAX_MARKS + "\u200d\u094da",
        "\u0915" + "\u094d" * MAX_MARKS + "\u200da",
    ),
}


@pytest.mark.parametrize("text", SURVIVE.values(), ids=SURVIVE.keys())
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "safe"), HARMLESS.values(), ids=HARMLESS.keys())
def test_what_terminals_obey_becomes_harmless(text: str, safe: str) -> None:
    assert clean(text) == safe


@given(anything, st.integers(1, 120))
@example("a\n\xa0\u0301b", 120)
@example("🏴\U000e0067\U000e0062\U000e007f" * 40, 90)
@example("a\u200d" * 500, 100)
def test_any_text_becomes_safe_and_cleaning_again_changes_nothing(text: str, limit: int) -> None:
    for cleaner in (clean, clean_line):
        safe = cleaner(text, limit=limit)
        assert cleaner(safe, limit=limit) == safe
        assert len(safe) <= limit
        safe.encode()
        assert not [c for c in safe if unicodedata.category(c) == "Cc" and c != "\n"]
    assert "\n" not in clean_line(text)


@given(anything)
def test_a_clean_text_makes_a_clean_line_and_stays_one(text: str) -> None:
    line = clean_line(clean(text))
    assert clean(line) == line


@pytest.mark.parametrize("mark", ["\u0300", "\u0489", "\u0903", "\u1161", "\u11ab", "\U000113c5"])
def test_marks_on_one_letter_are_capped(mark: str) -> None:
    assert clean("Z" + mark * 500 + "a") == "Z" + mark * MAX_MARKS + "a"


def test_nothing_that_is_measured_as_no_cell_comes_in_any_number() -> None:
    """Where a terminal gives such a character a cell, a row of them would push away what stands right of it."""
    none = [c for c in map(chr, (*range(0x300, 0x20000), *range(0xE0000, 0xE1000))) if not cell_len(c)]
    assert len(none) > 2000
    assert [c for c in none if c not in "\u2028\u2029" and len(clean(c * 30)) > MAX_MARKS + 1] == []


def test_chains_of_joined_emoji_are_cut_where_terminals_would_miscount() -> None:
    chain = clean("\u200d".join("🐻" * 9))
    assert chain.count("\u200d") == 6
    assert "\u200d".join("🐻" * (MAX_EMOJI_JOINS + 1)) in chain


def test_a_long_text_says_how_much_was_left_off() -> None:
    safe = clean("x" * (MAX_TEXT + 5))
    assert safe.startswith("x" * 9000)
    shown = safe.index(" ")
    assert safe[shown:] == f" … [{MAX_TEXT + 5 - shown} more characters]"
    assert len(safe) <= MAX_TEXT


def test_a_huge_text_of_invisible_characters_says_so_too() -> None:
    assert clean("\u200b" * 1_000_000 + "end") == " … [960003 more characters]"


def test_a_cut_leaves_no_half_emoji() -> None:
    family = "👨‍👩‍👧‍👦"
    assert clean_line(family * 10, limit=10) == family + "👨" + "…"


def test_a_line_shows_where_lines_ended() -> None:
    assert clean_line("\n one \r\n\n  two\t\n") == "one ⏎ two"
    assert clean_line("  name ") == "name"
    assert clean_line("x" * (MAX_LINE + 1)) == "x" * (MAX_LINE - 1) + "…"


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("It’s “fine” – really…", 'It\'s "fine" - really...'),
        ("a\r\nb \n", "a\nb"),
        ("two  blanks\xa0here", "two blanks here"),
        ("cafe\u0301", "café"),
        ("  padded ", "padded"),
    ],
)
def test_copies_of_one_text_fold_to_the_same(sent: str, returned: str) -> None:
    assert fold(sent) == fold(returned)


@pytest.mark.parametrize(("one", "other"), [("ok", "OK"), ("10", "1 0"), ("é", "e"), ("a-b", "ab")])
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(anything)
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
