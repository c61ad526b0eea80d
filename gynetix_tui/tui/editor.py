"""Writing a text in the user's own editor.

The program may have to end while the editor goes on. What the editor had saved is then kept as the draft, nobody waits
for it, and its folder stays: the editor may still write there, and in its swap file is what it had not saved.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from gynetix_tui.errors import GynetixError
from gynetix_tui.text import clean
from gynetix_tui.tui.widgets.composer import LONGEST_TEXT
from gynetix_tui.tui.widgets.talk import Talk


async def edit(app: App[Any], text: str, environ: Mapping[str, str]) -> str:  # Any: whatever the App returns
    """Hand the terminal to $VISUAL or $EDITOR with the text in a file, and return what it left there, cleaned.

    The engine goes on meanwhile. The file is the user's alone, and is removed.

    Raises:
        GynetixError: There is no editor, or it failed and had saved nothing; the text stays as it was.
    """
    talk = app.screen_stack[0].query_one(Talk)
    contact_id = talk.addressee
    try:
        sheet = await asyncio.to_thread(_Sheet, text)
    except OSError as error:
        raise GynetixError(f"The editor was not used: no file for the text ({error.strerror}).") from error
    editor = _Editor(_command(environ, sheet.file))
    if contact_id is not None:
        talk.drafts.editor_opened(contact_id, sheet.saved)
    try:
        failure = ""
        try:
            with app.suspend():
                # Nothing may be raised in here but at the program's end: suspend() leaves the terminal as it is.
                failure = await editor.run()
        except SuspendNotSupported:
            failure = "this terminal cannot be handed to an editor"
        except (OSError, termios.error):  # it has gone, perhaps with the editor; the way out begins by itself
            failure = failure or "the terminal has gone"
        app.refresh(layout=True)
        text = await asyncio.to_thread(_left, sheet, failure)
        if failure:
            words = clean(f"What the editor had saved is here: {failure}.", limit=500)
            app.notify(words, severity="warning", markup=False)
        if contact_id is not None:  # noted before the file goes
            talk.drafts.wrote(contact_id, text)
    except asyncio.CancelledError:
        # suspend() has put Textual's own files back, as it found them; Textual has ended, and they lead nowhere.
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        sheet.leave(wanted=editor.is_running)
        raise
    except BaseException:
        if contact_id is not None and (saved := sheet.saved()):
            talk.drafts.wrote(contact_id, saved)
        talk.drafts.editor_closed()
        sheet.remove()
        raise
    talk.drafts.editor_closed()
    sheet.remove()
    return text


def _left(sheet: _Sheet, failure: str) -> str:
    """What an editor that has ended left."""
    # One that was killed, as with its terminal, fails: what the user had saved by then is not lost for it.
    saved = sheet.saved() if failure else None
    if saved is not None:
        return saved
    if failure:
        raise GynetixError(f"The editor was not used: {failure}.")
    try:
        return sheet.read()
    except OSError as error:
        raise GynetixError(f"The editor left no text that can be read ({error.strerror}).") from error


class _Sheet:
    """The file that the editor works on, in a folder of its own, where editors put others beside it.

    Args:
        text: What to begin with.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        # Not TemporaryDirectory, which would remove it at the program's end whatever lies in it.
        self._folder = Path(tempfile.mkdtemp(prefix="gynetix-tui-"))
        self.file = self._folder / "text.txt"
        try:
            self.file.touch(mode=0o600)
            self.file.write_text(text, encoding="utf-8")
        except OSError:
            self.remove()
            raise

    def read(self) -> str:
        """What stands in the file, cleaned.

        Raises:
            OSError: It cannot be read.
        """
        # What will be sent may not be cut short.
        text = self.file.read_text(encoding="utf-8", errors="replace")
        return clean(text, limit=LONGEST_TEXT).strip("\n")

    def saved(self) -> str | None:
        """What the editor has saved by now; None for nothing, or nothing new."""
        with suppress(OSError):
            text = self.read()
            # Nothing at all is an editor's first step of writing, more likely than what was meant.
            if text and text != clean(self._text, limit=LONGEST_TEXT).strip("\n"):
                return text
        return None

    def remove(self) -> None:
        """It is wanted no more, nor is what the editor put beside it."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def leave(self, *, wanted: bool) -> None:
        """The program ends in the middle; say where the file is, unless nobody can want it.

        Args:
            wanted: Whether the editor has it open.
        """
        with suppress(OSError):
            alone = list(self._folder.iterdir()) == [self.file]
            if alone and not wanted and self.saved() is None:
                self.remove()
            else:  # the terminal is the editor's now, or already nobody's
                # Unbuffered: what a closed terminal does not take would be tried again at the end, and fail as code 120.
                said = f"\ngynetix-tui: ended while your editor was open; its file stays: {self.file}\n"
                os.write(2, os.fsencode(said))  # Textual's own file stands for standard error


class _Editor:
    """The user's editor, run in a thread that nobody waits for at the program's end."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    async def run(self) -> str:
        """Run it to its end; return what went wrong, or an empty string."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[str] = loop.create_future()

        def tell(failure: str) -> None:
            if not ended.done():  # nor cancelled
                ended.set_result(failure)

        def work() -> None:
            failure = _run(self._command)
            with suppress(RuntimeError):  # the loop has ended, and the program is about to
                loop.call_soon_threadsafe(tell, failure)

        # asyncio.to_thread would do, were its threads not waited for before the program ends.
        self._thread = threading.Thread(target=work, daemon=True, name="editor")
        self._thread.start()
        return await ended


def _command(environ: Mapping[str, str], file: Path) -> list[str]:
    chosen = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        return [*shlex.split(chosen), os.fspath(file)]
    except ValueError:  # a quote without its end
        return [chosen, os.fspath(file)]


def _run(command: list[str]) -> str:
    """Run the editor; return what went wrong, or an empty string."""
    try:
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the user's own editor, without a shell
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return f"{command[0]} ended with code {code}" if code else ""
