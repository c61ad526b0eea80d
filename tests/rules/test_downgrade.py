"""Texts made GSM-7: what is replaced, what never is, and when it is offered."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gynetix_tui.sms.downgrade import downgrade
from gynetix_tui.sms.segments import Encoding, measure

# Two segments in UCS-2, one in GSM-7: whatever can be replaced beside it saves one.
ROOM = " " + "x" * 80


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It’s “fine”", 'It\'s "fine"'),
        ("‘a’ ‚b‛ „c‟", "'a' 'b' \"c\""),
        ("6′2″", "6'2\""),
        ("10–12 — or 9‑5", "10-12 - or 9-5"),
        ("−5 ‐ ‒ ―", "-5 - - -"),
        ("wait…", "wait..."),
        ("a\xa0b\u2009c\u202fd\u3000e\tf", "a b c d e f"),
        ("one\u2028two\u2029three\vfour\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("in\u00advisi\u200bble\ufeff\u200e\u202a\u202c", "invisible"),
        ("ﬁne ﬂat oﬀ", "fine flat off"),
        ("Ｈｉ！　１２３", "Hi! 123"),
        ("cafe\u0301", "café"),
        ("A\u030a N\u0303 u\u0308", "Å Ñ ü"),
        ("\u212b \u2126", "Å Ω"),  # angstrom and ohm are those letters, in Unicode's own words
        ("rock ʼn’ roll", "rock 'n' roll"),
        ("“€5 {each} [~3]”", '"€5 {each} [~3]"'),
    ],
)
def test_the_plain_twin_is_put_in_place(before: str, after: str) -> None:
    offered = downgrade(before + ROOM)
    assert offered is not None
    assert (offered.before, offered.after) == (before + ROOM, after + ROOM)
    assert (offered.was, offered.becomes) == (measure(before + ROOM), measure(after + ROOM))
    assert (offered.was.segments, offered.becomes.segments) == (2, 1)


@pytest.mark.parametrize("character", "½¼²°•·«»™©ªº`´áÁçœ×÷→😀ж你ʻ", ids=ascii)
def test_what_would_change_meaning_is_not_replaced_and_so_nothing_is(character: str) -> None:
    assert measure(character).encoding is Encoding.UCS2
    assert downgrade("It’s" + ROOM) is not None
    assert downgrade(f"It’s {character}{ROOM}") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain" + ROOM,
        "It’s fine",  # one segment either way
        "’" * 70,
        "…" * 71,  # 213 septets: two segments as well
        "e\u0302" + ROOM,  # ê is not GSM-7
        "e\u0302" * 40,  # composed it takes one segment, but of UCS-2 still
        "It’s \ud83d" + ROOM,
        "It’s \x00" + ROOM,
    ],
)
def test_nothing_is_offered_that_is_not_gsm7_or_saves_no_segment(text: str) -> None:
    assert downgrade(text) is None


def test_what_grows_is_counted() -> None:
    assert downgrade("…" * 40 + "’" * 31) is not None  # 151 septets
    assert downgrade("…" * 51 + "’" * 20) is None  # 173 septets: two segments, as before


REPLACED = "‘’“”–—…\xa0\u2009\t\u200bﬁＡé"
ORDINARY = "abc XYZ 019 .,!?'\"-@£é\n€[]Ç"
texts = st.lists(
    st.one_of(
        st.text(st.sampled_from(ORDINARY), max_size=120),
        st.text(st.sampled_from(REPLACED), max_size=4),
        st.text(st.characters(exclude_categories=[]), max_size=1),
    ),
    max_size=12,
).map("".join)


@given(texts)
@example("It’s" + ROOM)
@example("e\u0301" + ROOM)
def test_an_offer_is_gsm7_cheaper_and_final(text: str) -> None:
    offered = downgrade(text)
    if offered is None:
        return
    assert offered.before == text
    assert offered.becomes == measure(offered.after)
    assert offered.becomes.encoding is Encoding.GSM7
    assert offered.becomes.segments < offered.was.segments == measure(text).segments
    assert downgrade(offered.after) is None


@given(st.text(st.sampled_from(ORDINARY + REPLACED), min_size=71, max_size=400))
def test_characters_that_are_gsm7_stay_in_their_order(text: str) -> None:
    offered = downgrade(text)
    if offered is None:
        return
    after = iter(offered.after)
    kept = [character for character in text if measure(character).encoding is Encoding.GSM7]
    assert all(character in after for character in kept)  # each found after the one before it
    assert unicodedata.is_normalized("NFC", offered.after)
