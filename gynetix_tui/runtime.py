"""How Python runs here: when it looks for garbage, and how long one thread goes on while another waits."""

from __future__ import annotations

import gc
import sys
from typing import Final

SELDOM: Final = 100
"""So many collections of what is younger come before one of everything, ten times Python's own number: with the texts of
a long conversation in hand it takes 20 ms, in which nothing is drawn. What is garbage is hardly ever that old."""
TURN_SECONDS: Final = 0.001
"""How long a thread that decodes or merges goes on while the one that draws waits; of Python's own 5 ms there were up to
four in a row."""


def leave_garbage() -> None:
    """Collect none: while the program starts, all that is made stays."""
    gc.disable()


def collect_garbage() -> None:
    """Collect again: the screen has gone, or the start has come to none."""
    gc.enable()


def settle() -> None:
    """The start is over: set apart what there is now, which stays, and collect from here on. It takes 30 ms."""
    sys.setswitchinterval(TURN_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], SELDOM)
    gc.enable()
