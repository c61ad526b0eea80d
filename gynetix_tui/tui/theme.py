"""The colours: one accent, flat grounds, and never the only sign of anything."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme as TextualTheme

from gynetix_tui.settings.schema import Theme

DARK = TextualTheme(
    name="gynetix-dark",
    primary="#5ea8a0",
    accent="#5ea8a0",
    foreground="#d5d8da",
    background="#15181b",
    surface="#15181b",
    panel="#1e2327",
    success="#8fb573",
    warning="#d9a95b",
    error="#d9706c",
    dark=True,
)
LIGHT = TextualTheme(
    name="gynetix-light",
    primary="#1f7a72",
    accent="#1f7a72",
    foreground="#22272b",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#ecebe6",
    success="#3d7a2a",
    warning="#8f5a00",
    error="#b3261e",
    dark=False,
)
ANSI = "ansi-dark"


def choose(wanted: Theme, environ: Mapping[str, str]) -> str:
    """The name of the theme to use.

    With few colours, or where the user wants none (NO_COLOR), the terminal's own are used: Textual turns any
    other theme into shades of grey there, which many terminals show badly.
    """
    if wanted is Theme.DARK:
        return DARK.name
    if wanted is Theme.LIGHT:
        return LIGHT.name
    many = environ.get("COLORTERM") in {"truecolor", "24bit"} or "256" in environ.get("TERM", "")
    if wanted is Theme.ANSI or environ.get("NO_COLOR") or not many:
        return ANSI
    return DARK.name
