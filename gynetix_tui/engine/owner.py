"""Which process a text under way belongs to, and whether that process still lives."""

from __future__ import annotations

import os
from pathlib import Path


def this_process() -> str:
    """A name for this process that no later one has: its id alone is given again after a while, or after a boot."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Whether the process that `this_process` named so is still running."""
    pid, _, started = owner.partition(":")
    if not pid.isascii() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's now, or ours under another user: its start time decides
    return _started(int(pid)) == started


def _started(pid: int) -> str:
    """Boot and start time of a process, or an empty string where the system has no /proc to tell."""
    try:
        # The program's name, in parentheses, may hold blanks; after it come the state and, as the 20th field, the
        # start time: proc(5).
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = status.rpartition(")")[2].split()
        if fields[0] in "ZX":
            return "ended"  # only its parent has not looked yet
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()}:{fields[19]}"
    except (OSError, IndexError):
        return ""
