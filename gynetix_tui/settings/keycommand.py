"""The API key from a command of the user's, as a password manager's.

It runs before the screen opens: it may ask for a password on the terminal. It is not run by a shell, reads nothing
from the standard input, and what it says on its standard error is never shown: it may hold the key.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import IO, Final, cast

from gynetix_tui.errors import ConfigError, KeyCommandError
from gynetix_tui.settings.keys import KEY_VARIABLE
from gynetix_tui.settings.secret import ApiKey

SETTING: Final = "api_key_command"
DEADLINE_SECONDS: Final = 30.0
MOST_BYTES: Final = 64 * 1024
"""Of what it prints; the key is the first line of it."""


def key_from_command(
    words: Sequence[str], environ: Mapping[str, str], *, deadline: float = DEADLINE_SECONDS
) -> ApiKey:
    """Run a command and take the first line that it prints for the key.

    Args:
        words: The program and its arguments.
        environ: The command's environment; a key in it is left out.
        deadline: Seconds after which the command is killed.

    Raises:
        KeyCommandError: It cannot be run, failed, took too long, or printed what is no key. The sentence names
            neither its arguments nor anything it said.
    """
    environment = {name: value for name, value in environ.items() if name != KEY_VARIABLE}
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command; no shell, and nothing foreign in it
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise KeyCommandError(f"{SETTING} cannot be run: {error.strerror or 'no such program'}.") from None
    except ValueError:  # bytes that no file name can hold
        raise KeyCommandError(f"{SETTING} cannot be run: it holds what no argument can.") from None
    # No session of its own: it must be able to ask on this terminal. So it alone can be killed, and what it
    # started may hold its output open: never wait for the end of that.
    try:
        printed, code = _first_output(process, time.monotonic() + deadline)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
    if code is None:
        raise KeyCommandError(f"{SETTING} did not end within {deadline:g} s.")
    if code:
        how = f"with code {code}" if code > 0 else f"by signal {-code}"
        raise KeyCommandError(f"{SETTING} failed {how}. Run it in this shell to see what it says.")
    line = printed.partition(b"\n")[0].strip()
    if not line:
        raise KeyCommandError(f"{SETTING} printed nothing on its first line.")
    try:
        return ApiKey(line.decode())
    except UnicodeDecodeError:
        raise KeyCommandError(f"{SETTING} printed what is no text in UTF-8.") from None
    except ConfigError:  # its words are for a key that was typed
        raise KeyCommandError(f"{SETTING} printed what is no API key.") from None


def _first_output(process: subprocess.Popen[bytes], end: float) -> tuple[bytes, int | None]:
    """What a process printed until it ended, and its exit code; None where it did not end in time."""
    descriptor = cast("IO[bytes]", process.stdout).fileno()  # a pipe was asked for
    printed = b""
    is_open = True
    while True:
        code = process.poll()
        if code is not None and (b"\n" in printed or len(printed) == MOST_BYTES):
            return printed, code  # what it left running may print for ever
        wait = 0.0 if code is not None else min(0.05, end - time.monotonic())
        if wait < 0:
            return printed, None
        if is_open and select.select([descriptor], [], [], wait)[0]:
            chunk = os.read(descriptor, 8192)
            is_open = bool(chunk)
            printed = (printed + chunk)[:MOST_BYTES]
        elif code is not None:
            return printed, code
        elif not is_open:
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                continue
