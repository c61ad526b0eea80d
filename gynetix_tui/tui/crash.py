"""What is left on the terminal and in the log when the program itself is at fault.

Textual's own crash screen prints every local variable of every frame: texts, numbers, and whatever held the
key. `App._fatal_error` (private; Textual 8.2) is where it makes it. `App.panic` is where the thread that reads the
keyboard ends, with the error's own words, and errors that Textual would let draw themselves; and a thread of ours
that fails would end unheard, as Textual holds standard error back. All three are replaced, here and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import App

from gynetix_tui.errors import GynetixError
from gynetix_tui.text import clean

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class QuietCrash(App[Result]):
    """An App that ends with one plain sentence, and puts the traceback, without locals, into the log."""

    _save: Callable[[], bool] | None = None

    def save_with(self, save: Callable[[], bool]) -> None:
        """Have what is written kept in the moment of a crash: only then can be said what became of it.

        Args:
            save: Keeps it, and tells whether all of it is kept; short, and without the terminal.
        """
        self._save = save

    async def run_async(self, **options: Any) -> Result | None:  # noqa: ANN401 - handed on as they came
        """Run as Textual does (the options are its own); a thread that fails ends the program, too."""
        loop = asyncio.get_running_loop()

        def end(error: BaseException) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile, and the program with it
                loop.call_soon_threadsafe(self._crash, error)

        with _failed_threads_told(end):
            return await super().run_async(**options)

    def panic(self, *renderables: RenderableType) -> None:
        """End because of a mistake; what would be shown is not, as it quotes what went wrong."""
        error = sys.exc_info()[1]
        if error is None:  # the thread of the keyboard is over, and has left a drawing of its error
            _log.critical("%s", " ".join(_frames_drawn(renderables)) or "no error was told")
        self._crash(error)

    def _fatal_error(self) -> None:
        self._crash(sys.exc_info()[1])

    def _crash(self, error: BaseException | None) -> None:
        sentence = _sentence(error)
        _log.critical("%s", sentence, exc_info=error)
        self._return_code = 1  # not each of the ways that lead here has set it
        if self._exit_renderables:
            return  # one mistake leads to the next; Textual would count them, and advise to run it in another way
        self.bell()
        self._exit_renderables.append(Text(f"{sentence} {self._fate_of_what_was_written()}"))
        self._close_messages_no_wait()

    def _fate_of_what_was_written(self) -> str:
        try:
            kept = self._save is not None and self._save()
        except Exception as error:  # the mistake may be there
            _log.critical("what was written was not kept", exc_info=error)
            kept = False
        return "What you wrote is kept." if kept else "What you wrote last may not be kept."


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, GynetixError):
        return clean(str(error))
    where = traceback.extract_tb(error.__traceback__)[-1:] if error else []
    place = f" at {where[0].name}, line {where[0].lineno}" if where else ""
    name = type(error).__name__ if error else "an error"
    # The error's own words stay out: they may quote a text or a number.
    return f"gynetix-tui ended because of a mistake in itself ({name}{place})."


def _frames_drawn(renderables: Iterable[RenderableType]) -> Iterator[str]:
    """The types and frames, without words, of errors that somebody has made pictures of."""
    from rich.traceback import Traceback  # slow to import, and seldom wanted

    for renderable in renderables:
        for stack in renderable.trace.stacks if isinstance(renderable, Traceback) else ():
            yield stack.exc_type
            yield from (f"at {frame.name} ({frame.filename}, line {frame.lineno})" for frame in stack.frames)


def tell_log(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's handler of errors: what failed goes into the log, and not what it was given to work with.

    The loop's sentence about a failed callback quotes the arguments: they may be a text or a number.
    """
    del loop
    sentence = str(context["message"]).partition("(")[0]
    _log.error("%s", sentence.rstrip(), exc_info=context.get("exception"))


@contextmanager
def _failed_threads_told(tell: Callable[[BaseException], None]) -> Iterator[None]:
    """Meanwhile, tell of errors that end a thread; Python would print them, with their words."""

    def failed(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            tell(args.exc_value)

    before, threading.excepthook = threading.excepthook, failed
    try:
        yield
    finally:
        threading.excepthook = before
