"""The words of the status line and of the key bar. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from rich.cells import cell_len

from gynetix_tui.engine.events import Link, LinkState
from gynetix_tui.text import clean_line
from gynetix_tui.tui.commands import COMMANDS, KeyMap, Place, short_key
from gynetix_tui.tui.hints import chosen
from gynetix_tui.tui.timestamps import Calendar

Pieces = list[tuple[str, str]]

IN_SECONDS_UP_TO = 120.0
"""A wait of more seconds is told by the clock: its minutes say enough then."""


def link_words(link: Link, calendar: Calendar, *, name: str = "", room: int = 1_000) -> tuple[str, str]:
    """The way to the gateway in words that stay true without being written anew, and how they look.

    Args:
        link: What is known.
        calendar: How times are read.
        name: Whom the trouble is about, cleaned; empty where it is about all.
        room: Cells for it; the longest form that fits is told, or the shortest there is.
    """
    look = "dim" if link.state in (LinkState.STARTING, LinkState.LIVE) else "alert"
    return chosen(_forms(link, calendar, name), room), look


def _forms(link: Link, calendar: Calendar, name: str) -> list[str]:
    """The longest first."""
    reason = clean_line(link.reason)
    match link.state:
        case LinkState.STARTING:
            return ["connecting"]
        case LinkState.ASKING:
            return [
                "waiting for your keyring (it may be asking for its password)",
                "waiting for your keyring",
            ]
        case LinkState.NO_KEY:
            return ["no API key: nothing is sent or fetched", "no API key"]
        case LinkState.LIVE:
            return [f"live, checked every {_duration(link.every)}", "live"]
        case LinkState.OFFLINE:
            since, again = f"offline since {calendar.clock(link.since)}", _next_try(link, calendar)
            return [
                *([f"{since}{again}: {reason}"] if reason else []),
                f"{since}{again}",
                f"offline{again}",
                since,
                "offline",
            ]
        case LinkState.TROUBLE:
            return [f"{name}: {reason}" if name else reason]


def _next_try(link: Link, calendar: Calendar) -> str:
    """When it is tried again. "In 20 s" is untrue a second later, "within 20 s" until the try itself is not."""
    if link.next_try_at is None:
        return ""
    if link.next_try_in > IN_SECONDS_UP_TO:
        return f", next try at {calendar.clock(link.next_try_at)}"
    return f", next try within {max(1, ceil(link.next_try_in))} s"


def _duration(seconds: float) -> str:
    """Seconds, or whole minutes from two on: ``5 s``, ``10 min``."""
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds / 60:g} min"
    return f"{seconds:g} s"


_BETWEEN = "  "


Entry = tuple[str, str]
"""A key as people write it, and what it does."""


def key_words(keys: KeyMap, place: Place, width: int) -> Pieces:
    """The keys of a place as they fit into a width, the place's own first."""
    own = [c for c in COMMANDS if c.in_bar and c.place is place and place is not Place.EVERYWHERE]
    return _bar([(keys.shown(command), command.name) for command in own], keys, width)


def filter_words(keys: KeyMap, width: int) -> Pieces:
    """The keys while the cursor is in the filter, where letters are no commands."""
    return _bar(
        [("Enter", "open"), ("Up Down", "choose"), (short_key(keys.of("back")[0]), "all contacts")],
        keys,
        width,
    )


def _bar(own: Sequence[Entry], keys: KeyMap, width: int) -> Pieces:
    everywhere = [
        (keys.shown(command), command.name)
        for command in COMMANDS
        if command.in_bar and command.place is Place.EVERYWHERE
    ]
    # The help, which tells all others, has its room whatever else is left out.
    kept = _cells(everywhere[0]) + len(_BETWEEN)
    fit = _that_fit(own, width - 2 - kept)
    fit = _that_fit([*fit, *everywhere], width - 2)
    pieces: Pieces = []
    for key, name in fit:
        pieces += [(_BETWEEN, "")] if pieces else []
        pieces += [(key, "strong"), (f" {name}", "dim")]
    return pieces


def _that_fit(entries: Sequence[Entry], room: int) -> list[Entry]:
    """The first of these, as many as fit into so many cells."""
    fit: list[Entry] = []
    for entry in entries:
        room -= _cells(entry) + (len(_BETWEEN) if fit else 0)
        if room < 0:
            break
        fit.append(entry)
    return fit


def _cells(entry: Entry) -> int:
    return cell_len(entry[0]) + 1 + cell_len(entry[1])
