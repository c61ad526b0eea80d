"""Opening a link: the user's own browser, started beside the screen and without a shell."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping

from gynetix_tui.errors import GynetixError
from gynetix_tui.settings.deadline import in_daemon_thread
from gynetix_tui.text import clean_line

TOLD_SECONDS = 30.0
"""How long after its start a program's failure is that of the opening; later it is a browser that was closed."""

# What PowerShell reads between double quotes, and beside them. Quoted, a server takes them for the same.
_POWERSHELL = {ord(sign): f"%{ord(sign):02X}" for sign in "$();',"}


# They join their arguments into a command line of their own, in which "&" or "$(" of a link would act.
_SHELLS = frozenset({"cmd", "powershell", "pwsh", "ssh", "autossh"})


class Opener:
    """Hands links to the program that opens them here, if there is one.

    $BROWSER is taken where it is set, also over SSH: whoever sets it there has a way back to their own screen.
    As elsewhere it may name several programs with a colon between them, of which the first that exists is
    taken, and a word "%s" stands for the link; else the link comes last.

    Args:
        environ: The environment. Its GYNETIX_ variables do not reach what is started.
        platform: As `sys.platform`.

    Attributes:
        trouble: Why nothing can be opened here, as a sentence; empty where something can.
    """

    def __init__(self, environ: Mapping[str, str], platform: str = sys.platform) -> None:
        self._environ = {name: value for name, value in environ.items() if not name.startswith("GYNETIX_")}
        self._program, self.trouble = self._find(platform)

    def command(self, target: str) -> list[str]:
        """What is run: the link is one word of it, whatever it holds.

        Raises:
            GynetixError: Nothing can be opened here, or this is no link.
        """
        # The scheme is also what keeps the word from being read as an option.
        if not target.startswith(("https://", "http://")):
            raise GynetixError("Only http and https links are opened.")
        if self.trouble:
            raise GynetixError(self.trouble)
        if _name(self._program) == "wslview":
            target = target.translate(_POWERSHELL)  # it puts the link into a line for PowerShell
        if "%s" in self._program:
            return [target if word == "%s" else word for word in self._program]
        return [*self._program, target]

    async def open(self, target: str) -> None:
        """Start the program, and wait for a while to hear whether it failed.

        It has a session of its own, so that neither Ctrl+C nor the end of this terminal ends it, and none of
        the terminal's descriptors: what it wrote there would stand across the screen.

        Raises:
            GynetixError: It could not be started, or failed within `TOLD_SECONDS`.
        """
        command = self.command(target)
        # A daemon thread: it waits for as long as the program runs, and quitting must not wait with it. Not
        # asyncio's subprocesses either: they kill what still runs when the loop is closed.
        try:
            failure = await in_daemon_thread(lambda: _run(command, self._environ), TOLD_SECONDS)
        except TimeoutError:
            return  # it runs: a browser in its own process, say
        if failure:
            raise GynetixError(f"The link was not opened: {clean_line(failure)}.")

    def _find(self, platform: str) -> tuple[list[str], str]:
        environ = self._environ
        if chosen := environ.get("BROWSER", "").strip():
            return self._chosen(chosen)
        has_display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
        is_remote = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
        if is_remote and not has_display:
            return [], "Over SSH there is no screen to open a link on."
        # Windows has the screen, with or without a display on the Linux side.
        names = ["wslview"] if environ.get("WSL_DISTRO_NAME") else []
        if platform == "darwin":
            names.append("open")
        elif has_display:
            names += ["xdg-open", "wslview"]
        for name in names:
            if self._exists(name):
                return [name], ""
        if platform != "darwin" and not has_display:
            return [], "There is no display here to open a link on."
        return [], "Nothing here opens links: set $BROWSER, or install xdg-utils."

    def _chosen(self, chosen: str) -> tuple[list[str], str]:
        commands = []
        for each in chosen.split(":"):
            try:
                words = shlex.split(each)
            except ValueError:  # a quote without its end
                words = [each]
            if words:
                commands.append(words)
        words = next((words for words in commands if self._exists(words[0])), [])
        if words and any(_name([word]) in _SHELLS for word in words):  # "env ssh", "timeout 5 ssh", too
            return [], f"$BROWSER is {clean_line(words[0])}, which would run parts of a link as commands."
        if words:
            return words, ""
        return [], f'$BROWSER is "{clean_line(chosen, limit=60)}", and there is no such program.'

    def _exists(self, name: str) -> bool:
        return shutil.which(name, path=self._environ.get("PATH")) is not None


def _name(command: list[str]) -> str:
    return command[0].rpartition("/")[2].lower().removesuffix(".exe")


def _run(command: list[str], environ: Mapping[str, str]) -> str:
    """Run the program to its end, so that no zombie stays; return what went wrong, or an empty string."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own browser, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    code = process.wait()
    return f"{command[0]} ended with code {code}" if code else ""
