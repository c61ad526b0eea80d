"""Who is using the store: a file must not be moved or remade under a program that has it open.

Whoever uses the store holds a shared lock on its folder; whoever puts it in order, the only one. The locks are
`flock` ones, which go with their process. They do not lie on the file itself: there SQLite keeps its own,
and closing any descriptor of the file would end those.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from gynetix_tui.errors import StoreBusy

_POLL_SECONDS = 0.02


class Presence:
    """A hold on the store in a folder, until it is ended."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def alone(cls, path: Path) -> Self | None:
        """Hold the store so that nobody else can; None where somebody does."""
        return cls._take(path, fcntl.LOCK_EX)

    @classmethod
    def shared(cls, path: Path, *, patience_seconds: float) -> Self:
        """Hold the store together with others.

        Raises:
            StoreBusy: Another program was putting it in order all the while.
        """
        deadline = time.monotonic() + patience_seconds
        while (presence := cls._take(path, fcntl.LOCK_SH)) is None:
            if time.monotonic() > deadline:
                raise StoreBusy(f"Another gynetix-tui is putting the store {path} in order; wait for it.")
            time.sleep(_POLL_SECONDS)  # a lock that is waited for (flock) cannot be given up after a time
        return presence

    @classmethod
    def _take(cls, path: Path, kind: int) -> Self | None:
        try:
            descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return cls(None)  # opening the store itself will say what is wrong
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            # Some network file systems cannot lock a folder: there nobody is known to be present.
            return None if error.errno == errno.EWOULDBLOCK else cls(None)
        return cls(descriptor)

    def end(self) -> None:
        """Hold it no more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
