"""Which kind of file system a file lies on. Pure rules over the text of Linux's /proc/self/mountinfo."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_SHARED = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "lustre", "gpfs", "afs", "ceph", "glusterfs", "beegfs"}
    | {"orangefs", "coda", "davfs", "ncpfs", "gfs2", "ocfs2", "virtiofs", "vboxsf", "prl_fs"}
)


def file_system(path: Path) -> str:
    """The type of the file system that a path lies on; empty where the system does not tell."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return type_at(path.resolve(), mounts)


def type_at(path: PurePath, mounts: str) -> str:
    """The type of the file system at an absolute path, empty where no mount holds it.

    The deepest mount point above the path counts; of several at one place, the last, which hides the others.

    Args:
        path: Without symbolic links.
        mounts: The text of mountinfo, see proc(5).
    """
    found, depth = "", -1
    for line in mounts.split("\n"):  # splitlines() would also part names at other characters
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(" "), after.partition(" ")[0]
        if not separator or len(fields) < 5 or not kind:
            continue
        point = PurePath(_unescape(fields[4]))
        if len(point.parts) >= depth and path.is_relative_to(point):
            found, depth = kind, len(point.parts)
    return found


def is_shared(kind: str) -> bool:
    """Whether a file on such a file system may be open on another machine, or cannot be mapped into memory.

    Every FUSE file system counts: most are remote, and the local ones only get a little slower by it.
    """
    return kind in _SHARED or kind.startswith("fuse.")


def _unescape(field: str) -> str:
    """Blanks, tabs, line ends and backslashes stand in the file as three octal digits."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), field)
