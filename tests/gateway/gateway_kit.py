"""What the gateway client's own tests share: a sandbox behind a key that leaves traces wherever it goes."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from gynetix_tui.errors import GatewayError
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.secret import ApiKey

START = 1_516_816_290.0
KEY = "CANARY/1 +ß"
SEGMENT = "CANARY%2F1%20%2B%C3%9F"
"""The key as one segment of a path (RFC 3986 §3.3)."""
ANA = PhoneNumber("+15557778888")
HOME = PhoneNumber("+15556667777")

E = TypeVar("E", bound=GatewayError)


def sandbox_of(certificate: tuple[Path, Path] | None = None) -> Sandbox:
    return Sandbox(key=KEY, people=(), now=lambda: START, certificate=certificate)


def gateway_to(sandbox: Sandbox, *, seconds: float = 60) -> Gateway:
    return Gateway(base_url=sandbox.base_url, key=ApiKey(KEY), send_seconds=seconds, fetch_seconds=seconds)


def send(gateway: Gateway, text: str = "Hello") -> Awaitable[str]:
    return gateway.send_message(to=ANA, sender=HOME, text=text)


def sent(sandbox: Sandbox) -> list[str]:
    """The texts that reached the world."""
    return [message.text for message in sandbox.world.conversation(ANA)]


async def failure_of(call: Callable[[], Awaitable[object]], kind: type[E]) -> E:
    """The error with which a call ends; no other kind, and no success."""
    with pytest.raises(kind) as raised:
        await call()
    assert type(raised.value) is kind
    return raised.value


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
