"""A text of a conversation as lines: what stands where, and that nothing foreign gets past its place."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from gynetix_tui.model import OUTBOX_RANK, Direction, Item, ItemKey, OutboxId, SendState, TimeSource
from gynetix_tui.text import clean
from gynetix_tui.tui.rows import MARKS, Drawn, Layout, Line, Role, describe, draw
from gynetix_tui.tui.timestamps import Calendar

same_every_time = settings(derandomize=True, deadline=None)

ZONE = ZoneInfo("America/Denver")
AT = int(datetime(2018, 1, 24, 10, 51, tzinfo=ZONE).timestamp())
KEY = ItemKey(AT, 0, 1)
BEFORE = ItemKey(AT - 60, 0, 0)
YESTERDAY = ItemKey(AT - 86_400, 0, 0)
IN, OUT = Direction.IN, Direction.OUT
NARROWEST = 23
"""Below this the text is given its eight cells all the same; no pane is so narrow."""


def layout(width: int = 60, them: str = "Ana") -> Layout:
    return Layout(width, them, Calendar(ZONE))


def heard(text: str, **more: object) -> Item:
    return Item(KEY, IN, text, **more)  # type: ignore[arg-type]


def said(text: str, state: SendState, **more: object) -> Item:
    key = KEY if state is SendState.SEEN else ItemKey(AT, OUTBOX_RANK, 1)
    return Item(key, OUT, text, state=state, **more)  # type: ignore[arg-type]


def plain(line: Line) -> str:
    return "".join(span.text for span in line.spans)


def shown(drawn: Drawn) -> list[str]:
    return [plain(line) for line in drawn.lines]


@pytest.mark.parametrize(
    ("item", "lines"),
    [
        (heard("Who is this"), [" 10:51    Ana  Who is this"]),
        (heard(""), [" 10:51    Ana  "]),
        (heard("one\n\n  two"), [" 10:51    Ana  one", "               ", "                 two"]),
        (
            heard("A text that is longer than one line of a pane of this width, so it goes on."),
            [
                " 10:51    Ana  A text that is longer than one line of a pane",
                "               of this width, so it goes on.",
            ],
        ),
        (heard("[b]not bold[/b] [/x]"), [" 10:51    Ana  [b]not bold[/b] [/x]"]),
        (said("Hi", SendState.QUEUED), [" 10:51 …  You  Hi"]),
        (said("Hi", SendState.SENDING), [" 10:51 …  You  Hi"]),
        (said("Hi", SendState.ACCEPTED), [" 10:51 ✓  You  Hi"]),
        (said("Hi", SendState.SEEN), [" 10:51 ✓✓ You  Hi"]),
        (
            said("Hi", SendState.QUEUED, reason="connection refused"),
            [
                " 10:51 …  You  Hi",
                "               queued: connection refused; it is tried again",
                "               by itself",
            ],
        ),
        (
            said("Hi", SendState.FAILED, reason="Credit used up"),
            [" 10:51 !  You  Hi", "               not sent: Credit used up · r sends it again"],
        ),
        (
            said("Hi", SendState.FAILED),
            [" 10:51 !  You  Hi", "               not sent · r sends it again"],
        ),
        (
            said("Hi", SendState.UNCONFIRMED, reason="no answer"),
            [" 10:51 ?  You  Hi", "               may have been sent: no answer · r decides"],
        ),
        (
            said("Hi", SendState.UNCONFIRMED),
            [" 10:51 ?  You  Hi", "               may have been sent · r decides"],
        ),
        (
            said("Hi", SendState.UNCONFIRMED, reason="no answer", missing=True),
            [
                " 10:51 ?  You  Hi",
                "               not found at the gateway · r: send again or",
                "               discard",
            ],
        ),
        (
            heard("Hi", time_source=TimeSource.DATE, date_text="2018-01-24\x1b[2J"),
            [
                " 10:51    Ana  Hi",
                "               time from the gateway's date, 2018-01-24␛[2J,",
                "               of unknown zone",
            ],
        ),
        (
            heard("Hi", time_source=TimeSource.NONE),
            [" --:--    Ana  Hi", "               the gateway gave no time"],
        ),
        (
            heard("Hi", extra=(("media\u202e", "https://x.example/a\nb"), ("[red]", "\x9b31m"))),
            [
                " 10:51    Ana  Hi",
                "               media: https://x.example/a ⏎ b",
                "               [red]: \ufffd31m",
            ],
        ),
        (
            said("Hi", SendState.FAILED, reason="[/used] up\x1b[31m\r\nReally\u202e"),
            [
                " 10:51 !  You  Hi",
                "               not sent: [/used] up␛[31m ⏎ Really · r sends",
                "               it again",
            ],
        ),
        (heard("a\x1b]52;c;eA==\x07b\u202ec\td"), [" 10:51    Ana  a␛]52;c;eA==␇bc d"]),
        (heard("שלום, see you at 9 🎻"), [" 10:51    Ana  שלום, see you at 9 🎻"]),
    ],
)  # fmt: skip
def test_items_and_their_lines(item: Item, lines: list[str]) -> None:
    assert shown(draw(item, layout(), before=BEFORE)) == lines


def test_a_new_day_and_the_first_new_text_have_lines_of_their_own() -> None:
    day, new = "Wednesday 24 January 2018".center(60).rstrip(), "── new ──".center(60).rstrip()
    text = " 10:51    Ana  Hi"
    assert shown(draw(heard("Hi"), layout(), before=None)) == [day, text]
    assert shown(draw(heard("Hi"), layout(), before=YESTERDAY)) == [day, text]
    assert shown(draw(heard("Hi"), layout(), before=BEFORE, divider=True)) == [new, text]
    drawn = draw(heard("Hi"), layout(), before=YESTERDAY, divider=True)
    assert shown(drawn) == [day, new, text]
    assert [line.spans[-1].role for line in drawn.lines] == [Role.DAY, Role.NEW, Role.TEXT]
    assert [line.fragment for line in drawn.lines] == [None, None, (0, 2)]


def test_a_day_line_fits_where_the_pane_is_narrower_than_the_date() -> None:
    assert shown(draw(heard("Hi"), layout(20), before=None))[0] == "Wednesday 24 Januar…"


@pytest.mark.parametrize(
    ("them", "width", "head"),
    [
        ("Ana", 60, " 10:51    Ana  "),
        ("Jo", 60, " 10:51    Jo   "),
        ("Bartholomew", 60, " 10:51    Barthol…  "),
        ("Bartholomew", 43, " 10:51    Ba…  "),
        ("陈美", 60, " 10:51    陈美  "),
        ("陈美", 43, " 10:51    陈…  "),
        ("豆腐豆腐豆腐", 60, " 10:51    豆腐豆…   "),
        ("👩‍🚀👩‍🚀", 60, " 10:51    👩‍🚀👩‍🚀  "),
    ],
)
def test_a_name_takes_as_many_cells_as_the_column_has(them: str, width: int, head: str) -> None:
    drawn = draw(heard("word " * 20), layout(width, them), before=BEFORE)
    first, *others = drawn.lines
    assert plain(first).startswith(head + "word")
    for line in others:
        assert line.spans[0].text == " " * cell_len(head), "every line of the text begins in the same cell"
    assert max(cell_len(plain(line)) for line in drawn.lines) <= width


def test_roles_tell_what_asks_for_something() -> None:
    def roles(item: Item) -> list[Role]:
        return [span.role for line in draw(item, layout(), before=BEFORE).lines for span in line.spans]

    assert roles(heard("Hi")) == [Role.TIME, Role.STATE, Role.THEM, Role.TEXT]
    assert roles(said("Hi", SendState.SEEN)) == [Role.TIME, Role.STATE, Role.US, Role.TEXT]
    trouble = [Role.TIME, Role.TROUBLE, Role.US, Role.TEXT, Role.TIME, Role.TROUBLE]
    assert roles(said("Hi", SendState.FAILED, reason="x")) == trouble
    assert roles(said("Hi", SendState.UNCONFIRMED, reason="x")) == trouble
    waiting = [Role.TIME, Role.STATE, Role.US, Role.TEXT, Role.TIME, Role.NOTE]
    assert roles(said("Hi", SendState.QUEUED, reason="x")) == waiting


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (heard("Hi"), ""),
        (said("Hi", SendState.QUEUED), "queued"),
        (said("Hi", SendState.SENDING), "sending"),
        (said("Hi", SendState.ACCEPTED), "taken by the gateway"),
        (said("Hi", SendState.SEEN), "at the gateway"),
        (said("Hi", SendState.FAILED), ""),  # these have a line of words under the text
        (said("Hi", SendState.UNCONFIRMED), ""),
    ],
)
def test_a_mark_in_words(item: Item, words: str) -> None:
    assert describe(item) == words


def test_every_state_has_a_mark_of_at_most_two_cells_and_no_two_that_differ_in_kind_share_one() -> None:
    assert set(MARKS) == set(SendState)
    assert all(1 <= cell_len(mark) <= 2 for mark in MARKS.values())
    waiting = {SendState.QUEUED, SendState.SENDING}
    assert len({MARKS[state] for state in SendState if state not in waiting}) == len(SendState) - 2


foreign = st.text(max_size=60) | st.lists(
    st.sampled_from(["word ", "\x1b[2J", "\x9b", "\u202e", "\n", "\r", "[/x]", "👨‍👩‍👧‍👦", "❤️", "中文", "שלום ", "e\u0301", "\ud800", " ", "x" * 40]),
    max_size=20,
).map("".join)  # fmt: skip


@st.composite
def items(draw_: st.DrawFn) -> Item:
    direction = draw_(st.sampled_from(Direction))
    state = draw_(st.sampled_from(SendState)) if direction is OUT else None
    waits = state is not None and state is not SendState.SEEN
    return Item(
        ItemKey(draw_(st.integers(-(2**40), 2**40)), OUTBOX_RANK if waits else 0, 7),
        direction,
        draw_(foreign),
        time_source=draw_(st.sampled_from(TimeSource)),
        date_text=draw_(foreign),
        unread=draw_(st.booleans()),
        state=state,
        reason=draw_(foreign) if waits else "",
        missing=draw_(st.booleans()),
        outbox_id=OutboxId(7) if waits else None,
        extra=tuple(draw_(st.lists(st.tuples(foreign, foreign), max_size=2))),
    )


@same_every_time
@given(
    item=items(), width=st.integers(20, 50) | st.integers(50, 200), them=st.sampled_from(["Ana", "陈美", "Bartholomew", "Noa"]),
    before=st.none() | st.just(KEY), divider=st.booleans(),
)  # fmt: skip
@example(item=heard("\ud800\x00" + "[/b]" * 20), width=20, them="Ana", before=None, divider=True)
def test_whatever_comes_is_safe_in_its_place_and_complete(
    item: Item, width: int, them: str, before: ItemKey | None, divider: bool
) -> None:
    drawn = draw(item, layout(width, them), before=before, divider=divider)
    assert drawn.text == clean(item.text)
    place = 0
    for line in drawn.lines:
        assert cell_len(plain(line)) <= max(width, NARROWEST)
        for character in plain(line):
            assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
            assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        if line.fragment is None:
            assert line.spans[-1].role is not Role.TEXT
            continue
        assert line.spans[-1].role is Role.TEXT
        assert [span.role for span in line.spans].count(Role.TEXT) == 1
        start, end = line.fragment
        assert line.spans[-1].text == drawn.text[start:end]
        assert not drawn.text[place:start].strip()
        assert place <= start
        place = end
    assert not drawn.text[place:].strip()


def test_a_text_of_any_length_is_a_bounded_number_of_lines() -> None:
    drawn = draw(heard("x" * 1_000_000), layout(60), before=BEFORE)
    assert len(drawn.lines) < 300
    assert "more characters]" in plain(drawn.lines[-1])
