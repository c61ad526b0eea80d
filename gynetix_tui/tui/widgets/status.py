"""The words of the status line and of the key bar. Pure."""

from __future__ import annotations

from rich.cells import cell_len

from gynetix_tui.engine.events import Link, LinkState
from gynetix_tui.text import clean_line
from gynetix_tui.tui.commands import COMMANDS, KeyMap, Place
from gynetix_tui.tui.timestamps import Calendar

Pieces = list[tuple[str, str]]


def link_words(link: Link, calendar: Calendar, *, name: str = "") -> tuple[str, str]:
    """The way to the gateway in words that stay true without being written anew, and how they look.

    Args:
        link: What is known.
        calendar: How times are read.
        name: Whom the trouble is about, cleaned; empty where it is about all.
    """
    since = calendar.clock(link.since)
    reason = clean_line(link.reason)
    match link.state:
        case LinkState.STARTING:
            return "connecting", "dim"
        case LinkState.ASKING:
            return "waiting for your keyring (it may be asking for its password)", "alert"
        case LinkState.NO_KEY:
            return "no API key: nothing is sent or fetched", "alert"
        case LinkState.LIVE:
            return f"live, checked every {link.every:g} s", "dim"
        case LinkState.OFFLINE:
            again = f", next try {calendar.clock(link.next_try_at)}" if link.next_try_at else ""
            return f"offline since {since}{again}" + (f": {reason}" if reason else ""), "alert"
        case LinkState.TROUBLE:
            return f"{name}: {reason}" if name else reason, "alert"


def key_words(keys: KeyMap, place: Place, width: int) -> Pieces:
    """The keys of a place as they fit into a width, the place's own first."""
    shown = [c for c in COMMANDS if c.in_bar and c.place is place]
    shown += [c for c in COMMANDS if c.in_bar and c.place is Place.EVERYWHERE]
    pieces: Pieces = []
    room = width - 2
    for command in shown:
        key, name = keys.shown(command), command.name
        cells = cell_len(key) + cell_len(name) + (3 if pieces else 1)
        if cells > room:
            break
        room -= cells
        pieces += (
            [("  ", ""), (key, "strong"), (f" {name}", "dim")]
            if pieces
            else [(key, "strong"), (f" {name}", "dim")]
        )
    return pieces
