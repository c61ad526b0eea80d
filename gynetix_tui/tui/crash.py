"""What is left on the terminal and in the log when the program itself is at fault.

Textual's own crash screen prints every local variable of every frame: texts, numbers, and whatever held the
key. `App._fatal_error` (private; Textual 8.2) is where it makes it, so that is replaced, here and nowhere else.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TypeVar

from rich.text import Text
from textual.app import App

from gynetix_tui.errors import GynetixError
from gynetix_tui.text import clean

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class QuietCrash(App[Result]):
    """An App that ends with one plain sentence, and puts the traceback, without locals, into the log."""

    def _fatal_error(self) -> None:
        error = sys.exc_info()[1]
        self.bell()
        if isinstance(error, GynetixError):
            sentence = clean(str(error))
        else:
            where = traceback.extract_tb(error.__traceback__)[-1:] if error else []
            place = f" at {where[0].name}, line {where[0].lineno}" if where else ""
            name = type(error).__name__ if error else "an error"
            # The error's own words stay out: they may quote a text or a number.
            sentence = (
                f"gynetix-tui ended because of a mistake in itself ({name}{place}). What you wrote is kept."
            )
        _log.critical("%s", sentence, exc_info=error)
        self._exit_renderables.append(Text(sentence))
        self._close_messages_no_wait()
