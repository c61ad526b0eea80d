"""What is read from the terminal, in whatever pieces it comes."""

from __future__ import annotations

import pytest
from textual import events

from gynetix_tui.tui.terminal import Parser

START, END = "\x1b[200~", "\x1b[201~"


def parsed(*pieces: str) -> list[str]:
    """Keys by their names, pastes by their text in guillemets."""
    parser = Parser()
    found = [event for piece in pieces for event in parser.feed(piece)]
    return [
        f"«{event.text}»" if isinstance(event, events.Paste) else event.key
        for event in found
        if isinstance(event, events.Paste | events.Key)
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ab\x1b[A\x11", ["a", "b", "up", "ctrl+q"]),
        (f"a{START}one\rtwo{END}b", ["a", "«one\rtwo»", "b"]),
        (f"{START}\x1b]52;c;eA==\x07\x11{END}\r", ["«␛]52;c;eA==\x07\x11»", "enter"]),
        (f"{START}x\x1b[200~y\x1b[20z\x1b\x1b[A{END}c", ["«x␛[200~y␛[20z␛␛[A»", "c"]),
        (f"{START}x\x1b{END}c", ["«x␛»", "c"]),
        (f"{START}one{END}{START}two{END}", ["«one»", "«two»"]),
        (f"\x1b[20~{START}one{END}", ["f9", "«one»"]),
    ],
)
def test_a_paste_is_one_thing_however_it_is_read(typed: str, expected: list[str]) -> None:
    assert parsed(typed) == expected
    assert parsed(*typed) == expected
    for middle in range(1, len(typed)):
        assert parsed(typed[:middle], typed[middle:]) == expected


def test_the_input_ends_within_a_paste() -> None:
    assert parsed("a", START + "half\x1b[2", "") == ["a"]
