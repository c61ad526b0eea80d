"""What is known of opt-outs, in words: of a contact as things stand, and of each line of the log. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gynetix_tui.model import ConsentEntry, ConsentEvent, Contact, Heard
from gynetix_tui.text import clean_line
from gynetix_tui.tui.timestamps import Calendar

CANNOT_UNDO = "This program cannot undo it."
_LONGEST = 160
"""Characters of a text that is quoted: as many as one that says a little more than "stop"."""
_LONGEST_IN_SENTENCE = 120
_EVENTS = {
    ConsentEvent.STOP_HEARD: "they texted",
    ConsentEvent.PLEA_HEARD: "they wrote",
    ConsentEvent.START_HEARD: "they texted",
    ConsentEvent.SUPPRESSION_ASKED: "you asked for the suppression",
    ConsentEvent.SUPPRESSION_GRANTED: "suppressed",
    ConsentEvent.SUPPRESSION_REFUSED: "not suppressed: the gateway refused",
    ConsentEvent.SUPPRESSION_UNCERTAIN: "suppressed or not, nobody knows",
    ConsentEvent.SUPPRESSION_NOT_ASKED: "not suppressed; the gateway was not asked",
    ConsentEvent.GATEWAY_SUPPRESSES: "the gateway says it is suppressed",
    ConsentEvent.GATEWAY_ALLOWS: "the gateway says it is not suppressed",
}
_QUOTED = {ConsentEvent.STOP_HEARD, ConsentEvent.PLEA_HEARD, ConsentEvent.START_HEARD}


def minute(at: float, calendar: Calendar) -> str:
    """A time that can be told from any other: ``2018-01-24 10:51``."""
    return f"{calendar.local(at):%Y-%m-%d %H:%M}"


def locked_by(contact: Contact, calendar: Calendar, *, now: float) -> str:
    """Why nothing may be sent to a contact, as the end of a sentence; empty where it may."""
    if contact.suppressed:
        return "the gateway sends this number no more texts"
    if contact.opt_out is None:
        return ""
    return f"they texted {quoted(contact.opt_out.text)} {when(contact.opt_out.ts, calendar, now=now)}"


def quoted(text: str) -> str:
    """A text of theirs in a sentence of ours."""
    return f'"{clean_line(text, limit=_LONGEST_IN_SENTENCE)}"'


def when(at: float, calendar: Calendar, *, now: float) -> str:
    """A time in a sentence: ``at 12:33``, ``on Tue 12:33``, ``on 12 Jan 12:33``, ``in 2018``."""
    short, clock = calendar.short(at, now=now), calendar.clock(at)
    if short == clock:
        return f"at {clock}"
    return f"in {short}" if short.isdigit() else f"on {short} {clock}"


def heard_from(contact: Contact, calendar: Calendar) -> list[str]:
    """What a contact wrote about being texted, as far as it counts still: sentences."""
    said = []
    if contact.opt_out:
        said.append(f"They texted {_quoted(contact.opt_out, calendar)}.")
    if contact.plea:
        said.append(f"This may be an opt-out: {_quoted(contact.plea, calendar)}.")
    return said


def telling(entries: Iterable[ConsentEntry]) -> list[ConsentEntry]:
    """The lines of a log that tell something: a "yes" that followed on no opt-out answered some other question."""
    told = []
    stopped = False
    for entry in entries:
        if entry.event is ConsentEvent.START_HEARD and not stopped:
            continue
        if entry.event in {ConsentEvent.STOP_HEARD, ConsentEvent.START_HEARD}:
            stopped = entry.event is ConsentEvent.STOP_HEARD
        told.append(entry)
    return told


def logged(entry: ConsentEntry) -> str:
    """A line of the log, without its time."""
    words = clean_line(entry.words, limit=_LONGEST)
    if entry.event in _QUOTED:
        return f'{_EVENTS[entry.event]} "{words}"'
    said = "; the gateway: " if entry.event is ConsentEvent.SUPPRESSION_GRANTED else ": "
    return _EVENTS[entry.event] + (f"{said}{words}" if words else "")


def _quoted(heard: Heard, calendar: Calendar) -> str:
    return f'"{clean_line(heard.text, limit=_LONGEST)}" ({minute(heard.ts, calendar)})'
