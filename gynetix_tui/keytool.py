"""`gynetix-tui key set | status | delete`: the API key in the system's keyring, without the screen."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from gynetix_tui.errors import ConfigError, KeyringError
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.keycommand import SETTING, key_from_command
from gynetix_tui.settings.keys import KEY_VARIABLE, SystemKeyring, key_from_environment, patience
from gynetix_tui.settings.keysource import keyring_entry
from gynetix_tui.settings.paths import existing_config
from gynetix_tui.settings.schema import Settings
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.text import clean_line

LONGEST_LINE: Final = 64 * 1024
NO_KEY: Final = 1


def ask_hidden(prompt: str) -> str:
    """Ask on the terminal, without showing what is typed.

    Raises:
        ConfigError: There is no terminal on which it could be hidden.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on, and show the key
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning:
            raise ConfigError(
                "There is no terminal to ask on without showing the key; pipe it in instead."
            ) from None
        except EOFError:
            return ""
        except UnicodeDecodeError:
            raise ConfigError("What was typed is no text in UTF-8.") from None


@dataclass(frozen=True, slots=True)
class KeyTool:
    """What the three commands work with.

    Attributes:
        settings: The settings; their profile says whose key it is.
        environment_key: The key that the environment gave.
        environ: The environment, without the key.
        keyring: The system's keyring.
        out: Where to say it. Never the key.
        ask: Asks for a key on a terminal.
        source: Standard input, from which a key is read where it is no terminal.
    """

    settings: Settings
    environment_key: ApiKey | None
    environ: Mapping[str, str]
    keyring: SystemKeyring
    out: TextIO
    source: BinaryIO | None
    ask: Callable[[str], str] = ask_hidden

    def run(self, action: str) -> int:
        """Carry out "set", "status" or "delete" and return the exit code.

        Raises:
            ConfigError: What was given is no key.
            KeyringError: The keyring failed.
            KeyCommandError: The command is set and failed.
        """
        return {"set": self.set, "status": self.status, "delete": self.delete}[action]()

    def set(self) -> int:
        """Keep a key, typed or piped in, in the keyring."""
        name = self._keyring_name()
        self.keyring.save(self._entry, self._read())
        profile = self.settings.profile
        self._say(f"Kept in {name}, for profile {profile}." if profile else f"Kept in {name}.")
        if outranking := self._outranking():
            self._say(f"It is not used while {outranking} is set.")
        return 0

    def status(self) -> int:
        """Say where the key comes from."""
        command = self.settings.gateway.api_key_command
        if self.environment_key is not None:
            self._say(f"The key{self._whose} comes from {KEY_VARIABLE}.")
            return 0
        if command is not None:
            key_from_command(command, self.environ)
            self._say(f"The key{self._whose} comes from {SETTING} ({clean_line(Path(command[0]).name)}).")
            return 0
        name = self._keyring_name()
        if self.keyring.load(self._entry) is not None:
            self._say(f"The key{self._whose} comes from {name}.")
            return 0
        self._say(f"No key{self._whose} in {name}. The client asks for it.")
        return NO_KEY

    def delete(self) -> int:
        """Take the key out of the keyring."""
        name = self._keyring_name()
        held = self.keyring.load(self._entry) is not None
        if not held:
            self._say(f"There was no key{self._whose} in {name}.")
            return 0
        self.keyring.delete(self._entry)
        self._say(
            f"The key{self._whose} is no longer in {name}. To make it useless, revoke it at the gateway."
        )
        return 0

    def _read(self) -> ApiKey:
        if self.source is None:
            raise ConfigError("Standard input is closed; there is no key to read.")
        if self.source.isatty():
            return ApiKey(self.ask("API key (nothing is shown): "))
        line = self.source.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE:
            raise ConfigError("What was piped in is too long for a key.")
        try:
            return ApiKey(line.decode())
        except UnicodeDecodeError:
            raise ConfigError("What was piped in is no text in UTF-8.") from None

    def _keyring_name(self) -> str:
        """What people call the keyring.

        Raises:
            KeyringError: There is none to trust.
        """
        name = self.keyring.name()
        if name is None:
            raise KeyringError(
                "No keyring on this machine (on Linux: no D-Bus session with a Secret Service). "
                f'Set {KEY_VARIABLE}, or {SETTING} = "pass show gynetix" in config.toml.'
            )
        return name

    def _outranking(self) -> str:
        if self.environment_key is not None:
            return KEY_VARIABLE
        return SETTING if self.settings.gateway.api_key_command is not None else ""

    @property
    def _entry(self) -> str:
        return keyring_entry(self.settings)

    @property
    def _whose(self) -> str:
        return f" of profile {self.settings.profile}" if self.settings.profile else ""

    def _say(self, text: str) -> None:
        self.out.write(f"{text}\n")
        self.out.flush()


def key_tool(action: str, *, config_file: Path | None, profile: str) -> int:
    """Carry out one of the commands on this process's own terminal and keyring; return the exit code.

    Args:
        action: "set", "status" or "delete".
        config_file: The file that --config names.
        profile: Whose key; empty for the usual profile.

    Raises:
        UserError: The settings, what was given, or the command do not do.
        KeyringError: The keyring failed.
    """
    environment_key = key_from_environment(os.environ)
    settings = load_settings(existing_config(config_file), os.environ, profile)
    keyring = SystemKeyring(deadline=patience(os.environ))
    source = sys.stdin.buffer if sys.stdin else None
    return KeyTool(settings, environment_key, os.environ, keyring, sys.stdout, source).run(action)
