"""What this process forbids to others on the same machine, and to its own children."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Final

_PR_SET_DUMPABLE: Final = 4
"""prctl(2)."""
HARMLESS: Final = frozenset(
    f"TEXTUAL_{name}"
    for name in ("COLOR_SYSTEM", "DIM_FACTOR", "DISABLE_KITTY_KEY", "FILTERS", "FPS", "SMOOTH_SCROLL")
)
"""Of Textual's variables, those that only say how to draw. Others write keys and texts to files that anybody may
read, send them to a port, press keys or load code."""


def forbid_looking_in() -> None:
    """Let nobody read this process's memory, neither while it runs nor from a core dump."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # No core dump, no debugger, and no look into /proc/PID/environ, where the key may still stand, by other
        # processes of the same user; root can.
        with suppress(OSError, AttributeError, ImportError):
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def strip_textual(environ: MutableMapping[str, str]) -> None:
    """Take Textual's variables for debugging out of the environment; to be done before Textual is imported."""
    for name in textual_variables(environ) - HARMLESS:
        del environ[name]


def textual_variables(environ: Mapping[str, str]) -> set[str]:
    """The names of the variables that Textual goes by."""
    return {name for name in environ if name == "TEXTUAL" or name.startswith("TEXTUAL_")}
