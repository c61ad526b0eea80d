"""Which process a text under way belongs to, and whether that process may still be at it."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST_SEND_SECONDS = 180.0
"""A request with a text is given up after two minutes in all; the third is for the clocks of two machines."""

_PROC = Path("/proc")


def this_process(proc: Path = _PROC) -> str:
    """A name for this process that no other has, here or on another machine, before or after a boot.

    Its id alone is given again after a while; with when it started it is one process of this boot; and
    the place says whose ids these are.
    """
    return f"{os.getpid()}:{_started(os.getpid(), proc)}:{_place(proc)}"


def is_alive(owner: str, *, claimed_ago: float, proc: Path = _PROC) -> bool:
    """Whether the process that `this_process` named so is still running, as far as can be known.

    A process of this machine is looked up. What cannot be looked up counts as alive for as long as a send can
    take: it may run on another machine that uses the same store, over a network, or in another container. A
    process from before this machine's last boot looks just the same, so its texts are held back for these
    minutes, too: too early, and a text may overtake one that is under way.

    Args:
        owner: Its name.
        claimed_ago: Seconds since it took a text. Less than 0 where clocks differ, or one was put back: a time
            that lies further ahead than a send can take says nothing, and must not hold texts back until then.
        proc: Where the system tells of its processes.
    """
    if owner == this_process(proc):
        return True
    running = _is_running(owner, proc)
    return abs(claimed_ago) <= LONGEST_SEND_SECONDS if running is None else running


def _is_running(owner: str, proc: Path) -> bool | None:
    """Whether it runs; None where this cannot be seen from here."""
    pid, _, rest = owner.partition(":")
    started, _, place = rest.partition(":")
    if place != _place(proc) or not (pid.isascii() and pid.isdigit()):
        return None
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError, ValueError):
        return False
    except PermissionError:
        pass  # somebody else's now, or ours under another user: its start time decides
    # Without a start time the process may be another with the same id. A /proc mounted with hidepid shows none of
    # a process that forbids others to look into it, as this program does.
    seen = _started(int(pid), proc)
    return started == seen if started and seen else None


def _started(pid: int, proc: Path) -> str:
    """The start time of a process, or an empty string where the system does not tell."""
    try:
        # The program's name, in parentheses, may hold blanks; after it come the state and, as the 20th field, the
        # start time: proc(5).
        status = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        fields = status.rpartition(")")[2].split()
        return "ended" if fields[0] in "ZX" else fields[19]  # ended: only its parent has not looked yet
    except (OSError, IndexError):
        return ""


def _place(proc: Path) -> str:
    """Where process ids mean what they mean here: one boot of one machine, and there one container.

    Without /proc it is the machine's name. Two machines of one name then take each other's processes for dead;
    a machine whose name has changed only takes its own for another's.
    """
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return os.uname().nodename
    try:
        return f"{boot}:{os.readlink(proc / 'self/ns/pid')}"
    except OSError:
        return boot  # a kernel without containers
