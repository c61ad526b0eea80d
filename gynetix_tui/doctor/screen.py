"""The terminal that the client would draw on, and the variables that Textual reads."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from gynetix_tui.doctor.case import Case, Finding, short
from gynetix_tui.hardening import HARMLESS, textual_variables

_STREAMS = {"input": "__stdin__", "output": "__stdout__", "error output": "__stderr__"}
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")  # strongest first


@dataclass(frozen=True, slots=True)
class Surface:
    """What the program's streams are.

    Attributes:
        redirected: Names of the streams that are no terminal.
        size: Columns and lines, or None where no stream is a terminal.
        encoding: Of the stream that the client draws on.
    """

    redirected: tuple[str, ...]
    size: tuple[int, int] | None
    encoding: str


def check_terminal(case: Case) -> list[Finding]:
    """The terminal, and what stands between it and the program."""
    return judge(_surface(), case.environ)


def judge(surface: Surface, environ: Mapping[str, str]) -> list[Finding]:
    """What is to be said of a terminal."""
    from gynetix_tui.tui.screens.main import SMALLEST
    from gynetix_tui.tui.terminal import SMALLEST_NAMES

    size = "x".join(map(str, surface.size)) if surface.size else "size not known"
    shown = [f"TERM={_value(environ, 'TERM')}", f"COLORTERM={_value(environ, 'COLORTERM')}", size]
    shown += [surface.encoding, _locale(environ)]
    if environ.get("SSH_CONNECTION"):
        shown.append("over SSH")
    found = [Finding(True, ", ".join(shown))]
    if environ.get("NO_COLOR"):
        found.append(Finding(None, "NO_COLOR is set: the terminal's own colours are used"))
    if surface.redirected:
        streams = ", ".join(surface.redirected)
        found.append(Finding(None, f"redirected here: {streams}; the client itself wants a terminal"))
    elif environ.get("TERM", "") in SMALLEST_NAMES:
        found.append(Finding(False, "TERM names none that can show a full screen, as xterm-256color does"))
    if surface.size and (surface.size[0] < SMALLEST[0] or surface.size[1] < SMALLEST[1]):
        found.append(Finding(False, f"too small: the client wants at least {SMALLEST[0]}x{SMALLEST[1]}"))
    if names := [name for name in ("COLUMNS", "LINES") if environ.get(name)]:
        found.append(
            Finding(None, f"{' and '.join(names)} set: the client goes by that, not by the real size")
        )
    if not _is_utf8(surface.encoding):
        found.append(Finding(False, "not UTF-8: most texts cannot be shown; set LC_ALL=C.UTF-8"))
    if environ.get("TMUX"):
        found.append(Finding(None, "in tmux: copying wants set-clipboard on, and focus focus-events on"))
    if environ.get("STY"):
        found.append(Finding(None, "in GNU screen: what you copy may not reach the terminal's clipboard"))
    return found


def check_textual(case: Case) -> list[Finding]:
    """Variables of the environment that change what Textual does; no line where there are none."""
    names = textual_variables(case.environ)
    spying, others = sorted(names - HARMLESS), sorted(names & HARMLESS)
    found = []
    if spying:
        words = "the client ignores it, but other programs may write what you type to files: unset it"
        found.append(Finding(False, f"{', '.join(spying)} set: {words}"))
    if others:
        found.append(Finding(None, f"{', '.join(others)} set: Textual goes by it"))
    return found


def _surface() -> Surface:
    redirected, size = [], None
    for name, attribute in _STREAMS.items():
        stream = getattr(sys, attribute)
        try:
            terminal = stream is not None and stream.isatty()
        except ValueError:  # it was closed
            terminal = False
        if not terminal:
            redirected.append(name)
        elif size is None:
            with suppress(OSError, ValueError):
                found = os.get_terminal_size(stream.fileno())
                size = (found.columns, found.lines)
    encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    return Surface(tuple(redirected), size, encoding)


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _value(environ: Mapping[str, str], name: str) -> str:
    return short(environ.get(name, "")) or "not set"


def _locale(environ: Mapping[str, str]) -> str:
    name = next((name for name in _LOCALE if environ.get(name)), "")
    return f"{name}={_value(environ, name)}" if name else "no locale set"
