"""The sandbox alone, in the foreground, for trying the client (or any other) by hand."""

from __future__ import annotations

import shlex
import signal
import sys
from typing import TextIO

from gynetix_tui.sandbox.server import DEFAULT_KEY, Sandbox

_ENDS = (signal.SIGINT, signal.SIGTERM)


def serve(port: int, key: str | None, out: TextIO) -> int:
    """Run a sandbox until SIGINT or SIGTERM. To be called from the main thread.

    Args:
        port: Where to listen on loopback; 0 takes any free port.
        key: The API key to accept; None is the sandbox's own.
        out: Where to say how to reach it.

    Returns:
        The exit code: 0 once a signal ended it, 2 where the port cannot be had (standard error says why).
    """
    sandbox = Sandbox(port=port, key=key or DEFAULT_KEY)
    # Blocked before the first thread starts, which inherits it: so `sigwait` gets them, whoever they reach.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        try:
            sandbox.start()
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            sys.stderr.write(f"The sandbox cannot listen on port {port} of 127.0.0.1: {why}.\n")
            return 2
        out.write(_greeting(sandbox, out.encoding or "utf-8"))
        out.flush()
        signal.sigwait(_ENDS)
        out.write("\nThe sandbox has ended.\n")
        return 0
    finally:
        sandbox.stop()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _greeting(sandbox: Sandbox, encoding: str) -> str:
    people = "".join(f"    +{person.number}  {person.name}\n" for person in sandbox.world.people)
    # A home of its own, or the sandbox's people would be mixed with the user's own, and be asked for at the real gateway.
    settings = {
        "GYNETIX_BASE_URL": sandbox.base_url,
        "GYNETIX_API_KEY": sandbox.key,
        "GYNETIX_FROM": f"+{sandbox.local_number}",
    }
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    client = f"env -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME HOME=$(mktemp -d) \\\n      {given} \\\n      gynetix-tui"
    text = (
        "The sandbox is running. It is a gateway on this machine only: no text leaves it.\n\n"
        f"  Base URL      {sandbox.base_url}\n"
        f"  API key       {sandbox.key}\n"
        f"  Local number  +{sandbox.local_number}\n\n"
        "  Open the client against it, in another terminal, with a home of its own:\n\n"
        f"    {client}\n\n"
        f"  These people can be texted:\n\n{people}\n"
        "Press Ctrl+C to end it.\n"
    )
    return text.encode(encoding, "replace").decode(encoding)
