"""Where the API key comes from: the environment, or the system's keyring. Never a plain file.

Importing keyring costs 0.2 s, and finding its backend starts child processes; so it is imported only when
the keyring is asked, and the key has left the environment by then.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

from gynetix_tui.errors import ConfigError, KeyringError
from gynetix_tui.settings.deadline import call_with_deadline, in_daemon_thread
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.text import clean_line

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

KEY_VARIABLE: Final = "GYNETIX_API_KEY"
RECOMMENDED_PRIORITY: Final = 1
"""keyring's own line: below it stand backends that write plain text, or refuse everything."""
PATIENCE: Final = 5.0
PATIENCE_WITH_DISPLAY: Final = 60.0
"""Seconds; see `patience`."""

_OR_ELSE: Final = f'set {KEY_VARIABLE}, or api_key_command = "pass show gynetix" in config.toml.'
# GNOME's daemon takes the password from its standard input, by printf: a line end of echo would be part of it.
_UNLOCK: Final = (
    'read -rs P && printf %s "$P" | gnome-keyring-daemon --replace --unlock --components=secrets --daemonize'
)

_NO_KEYRING: Final = (
    "No keyring on this machine (on Linux: no D-Bus session with a Secret Service). The key is kept for this "
    f"session only. To avoid being asked: {_OR_ELSE}"
)
_LOCKED: Final = (
    f"The keyring is locked. Unlock it, or in another shell of this session, if it is GNOME's: {_UNLOCK}   "
    f"Then try again; or {_OR_ELSE}"
)
_EMPTY: Final = (
    "The keyring has never been set up: it has no place for keys yet, and could not ask for the password of a "
    f"new one. If it is GNOME's, choose one in another shell of this session: {_UNLOCK}   "
    f"Then try again; or {_OR_ELSE}"
)
_GONE: Final = (
    "The keyring is out of reach: its service, or the D-Bus session, has ended. Try again when it is back; "
    f"or {_OR_ELSE}"
)
_NOT_KEPT: Final = (
    f"The key was given to the keyring, but could not be read back. To avoid being asked: {_OR_ELSE}"
)

# Names that people know, by the module of the backend.
_NAMES: Final = {
    "keyring.backends.SecretService": "the desktop's keyring (Secret Service)",
    "keyring.backends.libsecret": "the desktop's keyring (Secret Service)",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "the macOS Keychain",
    "keyring.backends.chainer": "the system's keyrings",
}


def key_from_environment(environ: MutableMapping[str, str]) -> ApiKey | None:
    """Take the key out of the environment, so that no child process inherits it.

    Returns:
        The key, or None where GYNETIX_API_KEY is not set or blank.

    Raises:
        ConfigError: The variable holds what cannot be a key; the sentence does not hold it.
    """
    text = environ.pop(KEY_VARIABLE, "")
    if not text.strip():
        return None
    try:
        return ApiKey(text)
    except ConfigError as error:
        raise ConfigError(f"{KEY_VARIABLE}: {error}") from None


def recommended_backend() -> object:
    """The best backend of this system, or the user's own choice (keyringrc.cfg, PYTHON_KEYRING_BACKEND)."""
    from keyring import core
    from keyring.backend import KeyringBackend, by_priority
    from keyring.backends import fail

    # Without the limit, an installed keyrings.alt makes keyring fall back on plain text, silently.
    core.init_backend(limit=core.recommended)
    best = core.get_keyring()
    if type(best) is fail.Keyring and not (core.load_env() or core.load_config()):
        # keyring remembers for ever what its first look found; a keyring may have been started since.
        found = filter(core.recommended, KeyringBackend.get_viable_backends())
        best = max((kind() for kind in found), default=best, key=by_priority)
    return best


def patience(environ: Mapping[str, str], platform: str = sys.platform) -> float:
    """How long to wait for the keyring, as the deadline of a `SystemKeyring`.

    Where there is a display, the keyring may be asking for its password in a window, and people have to find
    it and type. Where there is none, nobody will ever answer such a question: then what takes long is broken.

    Args:
        environ: The environment. An X11 display that ssh forwards counts too: the window may be there.
        platform: `sys.platform`; the macOS Keychain asks in a window without a variable that tells of it.

    Returns:
        Seconds: 60 with a display, else 5.
    """
    display = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or platform == "darwin"
    return PATIENCE_WITH_DISPLAY if display else PATIENCE


class _NoneToTrust(KeyringError):
    """No keyring, or none that a key should be given to."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a call into the keyring ended with. Only its type is told on: its text may hold the key."""

    error: BaseException


class SystemKeyring:
    """The system's keyring, asked in a daemon thread and given up on after a deadline.

    Every method comes blocking and as a coroutine. What goes wrong in the keyring, whatever it is, becomes a
    `KeyringError` with a sentence that does not hold the key.
    """

    def __init__(
        self,
        service: str = "gynetix-tui",
        deadline: float = PATIENCE,
        find_backend: Callable[[], object] = recommended_backend,
    ) -> None:
        """Name the keyring's entry; the keyring itself is not touched yet.

        Args:
            service: The name that the entries bear in the keyring.
            deadline: Seconds after which a call is given up on. See `patience`.
            find_backend: Gives the `keyring.backend.KeyringBackend`; called in the thread.
        """
        self._service = service
        self._deadline = deadline
        self._find_backend = find_backend
        self._found: KeyringBackend | None = None
        self._turn = threading.Lock()

    def name(self) -> str | None:
        """What people call the keyring, to say where a key would go; None where there is none to trust.

        Raises:
            KeyringError: It did not answer, or is wrongly set up.
        """
        return self._ask(self._name)

    def load(self, account: str) -> ApiKey | None:
        """The key of an account, or None where the keyring has none.

        Raises:
            KeyringError: There is no keyring, it is locked, did not answer, or holds what is no key.
        """
        return self._ask(lambda: self._load(account))

    def save(self, account: str, key: ApiKey) -> None:
        """Keep the key of an account, and read it back to be sure.

        Raises:
            KeyringError: As for `load`, or the key could not be read back.
        """
        return self._ask(lambda: self._save(account, key))

    def delete(self, account: str) -> None:
        """Forget the key of an account; fine where there is none.

        Raises:
            KeyringError: As for `load`, or the key is still there.
        """
        return self._ask(lambda: self._delete(account))

    async def name_async(self) -> str | None:
        """`name`, without blocking the event loop."""
        return await self._ask_async(self._name)

    async def load_async(self, account: str) -> ApiKey | None:
        """`load`, without blocking the event loop."""
        return await self._ask_async(lambda: self._load(account))

    async def save_async(self, account: str, key: ApiKey) -> None:
        """`save`, without blocking the event loop."""
        return await self._ask_async(lambda: self._save(account, key))

    async def delete_async(self, account: str) -> None:
        """`delete`, without blocking the event loop."""
        return await self._ask_async(lambda: self._delete(account))

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            answer = call_with_deadline(lambda: _guarded(call), self._deadline)
        except TimeoutError:
            raise self._mute() from None
        return _unwrapped(answer)

    async def _ask_async(self, call: Callable[[], T]) -> T:
        try:
            answer = await in_daemon_thread(lambda: _guarded(call), self._deadline)
        except TimeoutError:
            raise self._mute() from None
        return _unwrapped(answer)

    def _mute(self) -> KeyringError:
        return KeyringError(
            f"The keyring did not answer within {self._deadline:g} s; "
            "it may be asking for its password on another screen. "
            f"Answer it there and try again; or {_OR_ELSE}"
        )

    # What follows runs in the thread and may raise anything.

    def _backend(self) -> KeyringBackend:
        """The backend, once found for good: asked again, a dead one's priority would only raise.

        Raises:
            _NoneToTrust: There is none, or the user chose one that is not to be trusted.
            KeyringError: The user's own choice of a backend leads nowhere.
        """
        if self._found is not None:
            return self._found
        try:
            backend = cast("KeyringBackend", self._find_backend())  # users may bring classes of their own
        except Exception as error:  # an import that fails, a name that is none, a file that cannot be parsed
            raise KeyringError(_misled(error)) from None
        if backend.priority >= RECOMMENDED_PRIORITY:
            self._found = backend
            return backend
        # And look anew the next time: a session may have begun.
        nothing = type(backend).__module__ == "keyring.backends.fail"
        raise _NoneToTrust(_NO_KEYRING if nothing else _refused(backend))

    def _name(self) -> str | None:
        try:
            return _name_of(self._backend())
        except _NoneToTrust:
            return None

    def _load(self, account: str) -> ApiKey | None:
        found = self._backend().get_password(self._service, account)
        if found is None:
            return None
        try:
            return ApiKey(found)
        except ConfigError:
            raise KeyringError(
                "What the keyring holds for this account is no API key; enter it anew."
            ) from None

    def _save(self, account: str, key: ApiKey) -> None:
        with self._turn:  # one that was given up on may still be written: never over a later one
            backend = self._backend()
            backend.set_password(self._service, account, key.reveal())
            if backend.get_password(self._service, account) != key.reveal():
                raise KeyringError(_NOT_KEPT)

    def _delete(self, account: str) -> None:
        backend = self._backend()
        failure: Exception | None = None
        try:
            backend.delete_password(self._service, account)
        except Exception as error:  # an entry that is missing and one that stays raise the same
            failure = error
        if backend.get_password(self._service, account) is not None:
            raise failure or KeyringError("The keyring did not delete the key.")


def _name_of(backend: KeyringBackend) -> str:
    return _NAMES.get(type(backend).__module__) or clean_line(str(backend.name))


def _refused(backend: KeyringBackend) -> str:
    """Only a choice of the user's leads below keyring's line: the look for the best one stops above it."""
    return (
        f"The keyring that PYTHON_KEYRING_BACKEND or keyringrc.cfg names ({_name_of(backend)}) is not used: "
        "such a one writes plain text, keeps nothing, or asks on the terminal. "
        f"Take the choice back; or {_OR_ELSE}"
    )


def _misled(error: Exception) -> str:
    return (
        f"No keyring could be chosen ({type(error).__name__}): see what PYTHON_KEYRING_BACKEND (which may be "
        f"unset, not empty) and python_keyring/keyringrc.cfg name; or {_OR_ELSE}"
    )


def _guarded(call: Callable[[], T]) -> T | _Failed:
    try:
        return call()
    except BaseException as error:  # SystemExit of a helper, a panic in a library of Rust: no end of ours
        return _Failed(error)


def _unwrapped(answer: T | _Failed) -> T:
    if isinstance(answer, _Failed):
        raise _sentence_for(answer.error)  # a new error: the old one's text and frames may hold the key
    return answer


def _sentence_for(error: BaseException) -> KeyringError:
    """What to tell the user. Backends raise far more than keyring's own errors; most are told by type only."""
    if isinstance(error, KeyringError):
        return KeyringError(str(error))
    # By name, since importing keyring.errors here would load keyring on this thread.
    kinds = {kind.__name__ for each in _with_causes(error) for kind in type(each).__mro__}
    if "NoKeyringError" in kinds:
        return KeyringError(_NO_KEYRING)
    if kinds & {"KeyringLocked", "LockedException"}:
        return KeyringError(_LOCKED)
    # Before the next one: keyring reports this, too, as a collection that could not be made.
    if kinds & {"SecretServiceNotAvailableException", "ConnectionError", "FileNotFoundError"}:
        return KeyringError(_GONE)
    if "PromptDismissedException" in kinds:
        return KeyringError(_EMPTY)
    return KeyringError(f"The keyring failed ({type(error).__name__}); check its set-up, or {_OR_ELSE}")


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
