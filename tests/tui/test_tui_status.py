"""The words of the status line and of the key bar."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len

from gynetix_tui.engine.events import Link, LinkState
from gynetix_tui.model import ContactId
from gynetix_tui.tui.commands import COMMANDS, KeyMap, Place
from gynetix_tui.tui.timestamps import Calendar
from gynetix_tui.tui.widgets.status import Pieces, key_words, link_words

CALENDAR = Calendar(ZoneInfo("America/Denver"))
AT = 1_792_870_200.0
"""13:30 in Denver."""


@pytest.mark.parametrize(
    ("link", "name", "words", "look"),
    [
        (Link(LinkState.STARTING), "", "connecting", "dim"),
        (Link(LinkState.NO_KEY), "", "no API key: nothing is sent or fetched", "alert"),
        (Link(LinkState.LIVE, since=AT, every=5.0), "", "live, checked every 5 s", "dim"),
        (Link(LinkState.LIVE, since=AT, every=2.5), "", "live, checked every 2.5 s", "dim"),
        (Link(LinkState.LIVE, since=AT, every=30.0), "", "live, checked every 30 s", "dim"),
        (Link(LinkState.LIVE, since=AT, every=134.0), "", "live, checked every 134 s", "dim"),
        (Link(LinkState.LIVE, since=AT, every=600.0), "", "live, checked every 10 min", "dim"),
        (
            Link(LinkState.OFFLINE, "connection refused", AT, AT + 19.2, 19.2),
            "",
            "offline since 13:30, next try within 20 s: connection refused",
            "alert",
        ),
        (
            Link(LinkState.OFFLINE, "connection refused", AT, AT + 310, 310),
            "",
            "offline since 13:30, next try at 13:35: connection refused",
            "alert",
        ),
        (
            Link(LinkState.OFFLINE, "", AT, AT + 120, 120),
            "",
            "offline since 13:30, next try within 120 s",
            "alert",
        ),
        (
            Link(LinkState.OFFLINE, "", AT, AT + 121, 121),
            "",
            "offline since 13:30, next try at 13:32",
            "alert",
        ),
        (Link(LinkState.OFFLINE, "", AT, AT, 0), "", "offline since 13:30, next try within 1 s", "alert"),
        (Link(LinkState.OFFLINE, "no route", AT), "", "offline since 13:30: no route", "alert"),
        (Link(LinkState.OFFLINE, "", AT), "", "offline since 13:30", "alert"),
        (Link(LinkState.TROUBLE, "Unknown key", AT), "", "Unknown key", "alert"),
        (
            Link(LinkState.TROUBLE, "Not yours", AT, contact_id=ContactId(1)),
            "Ana Torres",
            "Ana Torres: Not yours",
            "alert",
        ),
        (
            Link(LinkState.TROUBLE, "[/x]\x1b]0;evil\x07\r\nmore\u202e", AT),
            "",
            "[/x]␛]0;evil␇ ⏎ more",
            "alert",
        ),
    ],
)
def test_the_way_to_the_gateway_in_words(link: Link, name: str, words: str, look: str) -> None:
    assert link_words(link, CALENDAR, name=name) == (words, look)


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (61, "offline since 13:30, next try within 20 s: connection refused"),
        (60, "offline since 13:30, next try within 20 s"),
        (40, "offline, next try within 20 s"),
        (28, "offline since 13:30"),
        (18, "offline"),
        (3, "offline"),
    ],
)
def test_where_there_is_less_room_less_is_said_but_nothing_is_cut(room: int, words: str) -> None:
    link = Link(LinkState.OFFLINE, "connection refused", AT, AT + 19.2, 19.2)
    assert link_words(link, CALENDAR, room=room) == (words, "alert")


@pytest.mark.parametrize("state", LinkState)
def test_every_state_has_words(state: LinkState) -> None:
    words, look = link_words(Link(state, "why", AT), CALENDAR)
    assert words
    assert look in {"dim", "alert"}


def plain(pieces: Pieces) -> str:
    return "".join(text for text, _ in pieces)


@pytest.mark.parametrize(
    ("place", "width", "words"),
    [
        (
            Place.LIST,
            120,
            "Enter open  / filter  i details  e edit  F1 help  ^N new  ^G go to  ^R refresh  ^P commands",
        ),
        (Place.LIST, 40, "Enter open  / filter  F1 help  ^N new"),
        (Place.COMPOSER, 120, "Enter send  ^J new line  F1 help  ^N new  ^G go to  ^R refresh  ^P commands"),
        (Place.COMPOSER, 40, "Enter send  ^J new line  F1 help"),
        (Place.CONVERSATION, 40, "End newest  c copy  o links  F1 help"),
        (Place.CONVERSATION, 9, "F1 help"),
        (Place.CONVERSATION, 8, ""),
        (Place.EVERYWHERE, 20, "F1 help  ^N new"),
        (Place.LIST, 0, ""),
    ],
)
def test_the_keys_of_a_place(place: Place, width: int, words: str) -> None:
    assert plain(key_words(KeyMap(), place, width)) == words


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("keys", [{}, {"copy": "中", "text_last": "語", "open": "ctrl+shift+right"}])
def test_the_keys_never_take_more_than_the_width_and_none_is_cut(place: Place, keys: dict[str, str]) -> None:
    shown = {command.name for command in COMMANDS if command.in_bar}
    here = {command.name for command in COMMANDS if command.in_bar and command.place is place}
    before = 0
    for width in range(160):
        pieces = key_words(KeyMap(keys), place, width)
        assert cell_len(plain(pieces)) <= max(width - 2, 0), "a blank stays free at either end"
        names = [text.strip() for text, look in pieces if look == "dim"]
        assert set(names) <= shown
        own = [name for name in names if name in here]
        assert len(own) >= before, "a wider terminal shows no fewer of the place's own"
        assert "help" in names or width < 9
        before = len(own)
    assert [look for _, look in key_words(KeyMap(keys), place, 160)[:3]] == ["strong", "dim", ""]


def test_chosen_keys_are_the_ones_shown() -> None:
    words = plain(key_words(KeyMap({"send": "ctrl+s", "help": "f12"}), Place.COMPOSER, 120))
    assert words.startswith("^S send  ^J new line  F12 help  ")
