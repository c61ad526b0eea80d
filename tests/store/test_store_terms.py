"""What a query means, and where a text has it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.store.terms import MAX_QUERY, MAX_TERMS, fold, has_all, parse, spans

_ANYTHING = st.text(st.characters(), max_size=60)
_CRAFTED = st.text(st.sampled_from("aAéE\u0301 \"“”'*()-:^+{}_%\\\0東京👍\ud83d\n"), max_size=40)


def told(query: str) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(term.text, term.words, term.beginning) for term in parse(query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("  \t\n\0", []),
        ('""', []),
        ('" "', []),
        ("see you", [("see", ("see",), True), ("you", ("you",), True)]),
        ('"see you"', [("see you", ("see", "you"), False)]),
        ("“see you”", [("see you", ("see", "you"), False)]),
        ('"see you', [("see you", ("see", "you"), True)]),
        ('at"nine"', [("at", ("at",), True), ("nine", ("nine",), False)]),
        ("foo-bar", [("foo-bar", ("foo", "bar"), True)]),
        ("don't", [("don't", ("don", "t"), False)]),
        ("a", [("a", ("a",), False)]),
        ("AND OR", [("AND", ("AND",), True), ("OR", ("OR",), True)]),
        ("a_b*", [("a_b*", ("a", "b"), False)]),
        ("東京", [("東京", (), False)]),
        ("👍", [("👍", (), False)]),
        ("***", [("***", (), False)]),
        ("no\u0308", [("no\u0308", ("no\u0308",), True)]),
    ],
)
def test_what_a_query_means(query: str, expected: list[tuple[str, tuple[str, ...], bool]]) -> None:
    assert told(query) == expected


def test_half_an_emoji_is_one_that_cannot_be_read() -> None:
    assert told("\ud83d") == [("\ufffd", (), False)]


def test_no_query_is_too_long() -> None:
    assert len(parse("ab " * 10_000)) == MAX_TERMS
    (term,) = parse("x" * 100_000)
    assert len(term.text) == MAX_QUERY


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("nin", "See you at NINE, not ninety", ["NIN", "nin"]),
        ("at", "that cat at", ["at"]),
        ("a", "a bar, A", ["a", "A"]),
        ('"see you"', "see\n - you; see youth; oversee you", ["see\n - you"]),
        ("“see you", "see youth", ["see you"]),
        ("ecole", "L'École", ["École"]),
        ("école", "ECOLE", ["ECOLE"]),
        ("ecole", "E\u0301cole", ["E\u0301cole"]),
        ("e\u0301cole", "école", ["école"]),
        ("한국", "한국어 한시", ["한국"]),
        ("京", "東京 京都", ["京", "京"]),
        ("👍", "ok👍👍", ["👍👍"]),
        ("see seen", "seen", ["seen"]),
        ("foo_bar", "foo bar foo__bar", ["foo bar", "foo__bar"]),
        ("İ", "i ınot", ["i"]),
        (".*", "a .* b", [".*"]),
    ],
)
def test_where_a_text_has_it(query: str, text: str, marked: list[str]) -> None:
    assert [text[begin:end] for begin, end in spans(text, parse(query))] == marked


@given(_ANYTHING | _CRAFTED, _ANYTHING | _CRAFTED)
def test_nothing_is_an_error_and_spans_are_places(query: str, text: str) -> None:
    terms = parse(query)
    found = spans(text, terms)
    ends = [end for pair in found for end in pair]
    assert ends == sorted(set(ends))
    assert all(0 <= end <= len(text) for end in ends)
    if has_all(text, terms) and terms:
        assert found


@given(_ANYTHING)
def test_folding_moves_nothing(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(st.sampled_from(["e\u0301", "_", "e_", "\u0301", " e", "a-", "ab "]))
def test_no_text_makes_it_slow(part: str) -> None:
    terms = parse('"e e e e e x" eeee "a b"')
    began = time.thread_time()
    spans(part * 50_000, terms)
    assert time.thread_time() - began < 5, (
        "a text of 100,000 letters would take minutes, were it tried in every way"
    )
