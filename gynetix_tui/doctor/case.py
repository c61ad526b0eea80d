"""What every check is given, and what it gives back."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.keys import SystemKeyring
from gynetix_tui.settings.paths import Paths, standard_paths
from gynetix_tui.settings.schema import PROFILE_NAME, Settings
from gynetix_tui.settings.secret import ApiKey

QUICK_CHECK_BYTES = 500_000_000
"""Up to this size a store is looked through within a few seconds."""
_SHORT = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        ok: Well, or wrong; None for what was left out, or is only good to know.
        text: Raw: home folder, key and control characters are taken out where it is shown. Never a number, a
            contact's name or a text.
    """

    ok: bool | None
    text: str


def short(value: str) -> str:
    """A foreign value as it is, or not at all: a part of a key would not be known for one."""
    return value if len(value) <= _SHORT else "(too long to show)"


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined.

    Attributes:
        environ: The environment, without the API key.
        now: When this is.
        given_key: The key that the environment gave, or the error about what it held instead.
        config_file: The file that --config names.
        profile: The profile that is examined; empty for the usual one.
        full: Whether what takes long is done too.
        online: Whether a connection to the gateway is tried.
        quick_check_bytes: Larger stores are looked through only with `full`.
        find_paths: Where things lie. A function, since it may fail, and each check fails for itself.
    """

    environ: Mapping[str, str]
    now: float
    given_key: ApiKey | ConfigError | None = None
    config_file: Path | None = None
    profile: str = ""
    full: bool = False
    online: bool = False
    keyring: SystemKeyring = field(default_factory=SystemKeyring)
    quick_check_bytes: int = QUICK_CHECK_BYTES
    find_paths: Callable[[str], Paths] = standard_paths

    def paths(self) -> Paths:
        """Where the client would look for its files."""
        paths = self.find_paths(self.profile if PROFILE_NAME.fullmatch(self.profile) else "")
        return replace(paths, config_file=self.config_file) if self.config_file else paths

    def settings(self) -> Settings:
        """The settings as the client would read them.

        Raises:
            ConfigError: It would not.
        """
        file = self.paths().config_file
        if self.config_file and not os.path.lexists(file):
            raise ConfigError(f"{file} does not exist; --config must name a file.")
        with suppress(OSError):
            mode = file.stat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # reading a pipe would wait for ever
                raise ConfigError(f"{file} is no ordinary file.")
        return load_settings(file, self.environ, self.profile)
