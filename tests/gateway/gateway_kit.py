"""What the gateway client's own tests share: a sandbox behind a key that leaves traces wherever it goes."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from canary import KEY as KEY

from gynetix_tui.errors import GatewayError
from gynetix_tui.gateway import Gateway, client
from gynetix_tui.model import PhoneNumber
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.secret import ApiKey

START = 1_516_816_290.0
SEGMENT = "CANARY%2F1%20%2B%C3%9F"
"""The key as one segment of a path (RFC 3986 §3.3)."""
ANA = PhoneNumber("+15557778888")
HOME = PhoneNumber("+15556667777")

E = TypeVar("E", bound=GatewayError)


def sandbox_of(certificate: tuple[Path, Path] | None = None) -> Sandbox:
    return Sandbox(key=KEY, people=(), now=lambda: START, certificate=certificate)


def gateway_to(
    sandbox: Sandbox | str, *, seconds: float = 60, answer_limit: int = client.ANSWER_LIMIT
) -> Gateway:
    """The client of a sandbox, or of whoever listens at an address."""
    return Gateway(
        base_url=sandbox if isinstance(sandbox, str) else sandbox.base_url,
        key=ApiKey(KEY),
        send_seconds=seconds,
        fetch_seconds=seconds,
        answer_limit=answer_limit,
    )


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


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1, trusted by nobody, and its key."""
    pytest.importorskip("cryptography")
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths
