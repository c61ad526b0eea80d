"""Writing a text in the user's own editor."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from gynetix_tui.errors import GynetixError
from gynetix_tui.text import clean
from gynetix_tui.tui.widgets.composer import LONGEST_TEXT


async def edit(app: App[Any], text: str, environ: Mapping[str, str]) -> str:  # Any: whatever the App returns
    """Hand the terminal to $VISUAL or $EDITOR with the text in a file, and return what it left there, cleaned.

    The engine goes on meanwhile. The file is the user's alone, and is removed.

    Raises:
        GynetixError: There is no editor, or it failed; the text stays as it was.
    """
    try:
        folder, file = await asyncio.to_thread(_put, text)
    except OSError as error:
        raise GynetixError(f"The editor was not used: no file for the text ({error.strerror}).") from error
    try:
        failure = ""
        try:
            with app.suspend():
                # Nothing may be raised in here: suspend() would leave the terminal as it is.
                failure = await asyncio.to_thread(_run, _command(environ, file))
        except SuspendNotSupported:
            failure = "this terminal cannot be handed to an editor"
        app.refresh(layout=True)
        if failure:
            raise GynetixError(f"The editor was not used: {failure}.")
        try:
            return await asyncio.to_thread(_take, file)
        except OSError as error:
            raise GynetixError(f"The editor left no text that can be read ({error.strerror}).") from error
    finally:
        folder.cleanup()


def _put(text: str) -> tuple[tempfile.TemporaryDirectory[str], Path]:
    folder = tempfile.TemporaryDirectory(prefix="gynetix-tui-")
    file = Path(folder.name, "text.txt")
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return folder, file


def _take(file: Path) -> str:
    # What will be sent may not be cut short.
    return clean(file.read_text(encoding="utf-8", errors="replace"), limit=LONGEST_TEXT).strip("\n")


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
