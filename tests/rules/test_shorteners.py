"""Public link shorteners in a text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gynetix_tui.sms.shorteners import PUBLIC, shortener_in


@pytest.mark.parametrize("host", sorted(PUBLIC))
def test_each_is_found_in_a_link(host: str) -> None:
    assert shortener_in(f"See https://{host}/abc now") == host
    assert shortener_in(f"http://{host.upper()}/x") == host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("bit.ly/abc", "bit.ly"),
        ("Look:bit.ly/abc.", "bit.ly"),
        ("BIT.LY/abc", "bit.ly"),
        ("www.bit.ly/abc", "bit.ly"),
        ("(tinyurl.com/y)", "tinyurl.com"),
        ("t.co/a and bit.ly/b", "t.co"),
        ("example.com/a, then is.gd/b", "is.gd"),
        ("https://me@bit.ly/x", "bit.ly"),
        ("https://bit.ly:443/x", "bit.ly"),
        ("https://bit.ly./x", "bit.ly"),
        ("https://ｂｉｔ.ly/x", "bit.ly"),
        ("lnkd.in/abc", "lnkd.in"),
    ],
)
def test_found_however_it_is_written(text: str, host: str) -> None:
    assert shortener_in(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no link at all",
        "Wait. Bit by bit",
        "https://habit.ly/x",
        "habit.ly/x",
        "bit.ly.example.com/x",
        "https://bit.ly.example.com",
        "https://bit.ly@example.com/x",
        "example.com/bit.ly/x",
        "https://example.com/?to=bit.ly/x",
        "me@bit.ly",
        "bitly is down",
        "best.co/x",
        "reddit.com/x",
        "https://xt.co/x",
        "https://bit-ly.com/x",
        "https://youtu.be/x amzn.to/x",
        "https://go.example.com/abc",
        "https://bít.ly/x",
    ],
)
def test_other_names_are_left_alone(text: str) -> None:
    assert shortener_in(text) is None


@given(st.text(st.characters(exclude_categories=[]), max_size=80))
def test_any_text_gets_an_answer(text: str) -> None:
    found = shortener_in(text)
    assert found is None or found in PUBLIC


@pytest.mark.parametrize("text", ["bit.ly" * 33_000, "a." * 100_000, "." * 200_000, "http://" * 28_000])
def test_long_texts_cost_no_time(text: str) -> None:
    began = time.process_time()
    shortener_in(text)
    assert time.process_time() - began < 0.5
