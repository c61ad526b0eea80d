"""The shortest way to another place on the screen.

Only what every terminal has had since the VT100's heirs: CUP, CHA, VPA and the four arrows. No line feed: at the bottom
it would scroll, and on a terminal that has just been made smaller the bottom is elsewhere. No carriage return and no
backspace either, though they are shorter: so that no control character but ESC is ever written, and one that comes from
a text is known for what it is.
"""

from __future__ import annotations


def move(x: int | None, y: int | None, to_x: int, to_y: int) -> str:
    """What to write to get from one place to another, columns and rows counted from 0; None is not known."""
    if y == to_y:
        return "" if x == to_x else _along(x, to_x)
    ways = [_to(to_x, to_y)]
    if x is not None and y is not None and x == to_x:
        ways.append(f"\x1b[{to_y + 1}d")
        ways.append(_arrow(to_y - y, "B", "A"))
    return min(ways, key=len)


def _to(x: int, y: int) -> str:
    column = f";{x + 1}" if x else ""
    return f"\x1b[{y + 1 if y else ''}{column}H"


def _along(x: int | None, to_x: int) -> str:
    ways = [f"\x1b[{to_x + 1 if to_x else ''}G"]
    if x is not None:
        ways.append(_arrow(to_x - x, "C", "D"))
    return min(ways, key=len)


def _arrow(distance: int, forth: str, back: str) -> str:
    steps = abs(distance)
    return f"\x1b[{steps if steps > 1 else ''}{forth if distance > 0 else back}"
