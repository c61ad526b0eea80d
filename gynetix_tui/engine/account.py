"""Where the gateway and its key come from. Slow things happen here, after the first frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gynetix_tui.errors import KeyringError
from gynetix_tui.settings.keys import SystemKeyring
from gynetix_tui.settings.secret import ApiKey

if TYPE_CHECKING:
    from gynetix_tui.gateway import Gateway

DEFAULT_PROFILE = "default"
"""The name under which the key lies in the keyring."""


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
        base_url: The address of the API.
        key: The key, where the environment gave one; the keyring is then never touched.
        keyring: Where the key is looked for else.
        learned: Told each key before it is used, so that the log can leave it out.
    """

    def __init__(
        self,
        base_url: str,
        key: ApiKey | None,
        keyring: SystemKeyring,
        learned: Callable[[ApiKey], None] = lambda _: None,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._keyring = keyring
        self._learned = learned

    async def key(self) -> ApiKey | None:
        """The key from the environment, else from the keyring."""
        return self._key or await self._keyring.load_async(DEFAULT_PROFILE)

    async def keyring(self) -> str:
        """The keyring's own name."""
        try:
            return await self._keyring.name_async() or ""
        except KeyringError:
            return ""

    async def keep(self, key: ApiKey) -> None:
        """Keep the key in the keyring."""
        await self._keyring.save_async(DEFAULT_PROFILE, key)

    async def connect(self, key: ApiKey) -> Gateway:
        """The gateway; its import and its certificates take 150 ms, so they are loaded in a thread."""
        self._learned(key)
        return await asyncio.to_thread(connect, self._base_url, key)


def connect(base_url: str, key: ApiKey) -> Gateway:
    """Import httpx, load the certificates where the address wants them, and make the gateway."""
    from gynetix_tui.gateway import Gateway
    from gynetix_tui.gateway.transport import trusted_roots

    return Gateway(
        base_url=base_url, key=key, roots=trusted_roots() if base_url.startswith("https:") else None
    )
