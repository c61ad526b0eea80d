"""Where the gateway and its key come from. Slow things happen here, after the first frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from gynetix_tui.errors import KeyringError
from gynetix_tui.settings.keys import SystemKeyring
from gynetix_tui.settings.keysource import keyring_entry
from gynetix_tui.settings.schema import Settings
from gynetix_tui.settings.secret import ApiKey

if TYPE_CHECKING:
    from gynetix_tui.gateway import Gateway
MEGABYTE = 1_000_000


class Account(Protocol):
    """One account at the gateway."""

    async def key(self) -> ApiKey | None:
        """The API key, or None where it must be asked for.

        Raises:
            KeyringError: The keyring was asked and failed; the key must be asked for.
        """
        ...

    async def keyring(self) -> str:
        """The name of the keyring in which `keep` would put a key; empty where there is none."""
        ...

    async def keep(self, key: ApiKey) -> None:
        """Keep the key in the keyring.

        Raises:
            KeyringError: It could not be kept.
        """
        ...

    async def connect(self, key: ApiKey) -> Gateway:
        """The gateway, to be called with this key."""
        ...


class RealAccount:
    """The user's account.

    Args:
        settings: The settings; their profile says which account.
        key: The key, where the environment or a command gave one; the keyring is then never touched.
        keyring: Where the key is looked for else.
        learned: Told each key before it is used, so that the log can leave it out.
    """

    def __init__(
        self,
        settings: Settings,
        key: ApiKey | None,
        keyring: SystemKeyring,
        learned: Callable[[ApiKey], None] = lambda _: None,
    ) -> None:
        self._settings = settings.gateway
        self._entry = keyring_entry(settings)
        self._key = key
        self._keyring = keyring
        self._learned = learned

    async def key(self) -> ApiKey | None:
        """The key from the environment or the command, else from the keyring."""
        return self._key or await self._keyring.load_async(self._entry)

    async def keyring(self) -> str:
        """The keyring's own name."""
        try:
            return await self._keyring.name_async() or ""
        except KeyringError:
            return ""

    async def keep(self, key: ApiKey) -> None:
        """Keep the key in the keyring."""
        await self._keyring.save_async(self._entry, key)

    async def connect(self, key: ApiKey) -> Gateway:
        """The gateway; its import and its certificates take 150 ms, so they are loaded in a thread."""
        self._learned(key)
        settings = self._settings
        with suppress(OSError):  # what it does is only to be quicker
            await asyncio.to_thread(import_ahead)
        return await asyncio.to_thread(
            connect,
            settings.base_url,
            key,
            answer_limit=settings.answer_limit_mb * MEGABYTE,
            trust_environment=settings.trust_environment,
        )


def import_ahead() -> None:
    """Import what a first request would import in the event loop, for 25 ms of it; call this in a thread.

    It is what httpx waits with: by waiting for nothing, the half of it is imported that belongs to asyncio.
    """
    from anyio.lowlevel import checkpoint

    asyncio.run(checkpoint())


def connect(
    base_url: str, key: ApiKey, *, answer_limit: int = 32 * MEGABYTE, trust_environment: bool = False
) -> Gateway:
    """Import httpx, load the certificates where the address wants them, and make the gateway.

    Args:
        base_url: The address of the API.
        key: The account's key.
        answer_limit: The largest answer that is read, in bytes.
        trust_environment: Whether the environment's proxies and certificates have a say.

    Raises:
        ConfigError: A proxy or a certificate that the environment names does not do.
    """
    from gynetix_tui.gateway import Gateway

    return Gateway(base_url=base_url, key=key, answer_limit=answer_limit, trust_environment=trust_environment)
