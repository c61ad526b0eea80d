"""The gateway: who it is, when it was last heard, and, where that is asked for, whether it can be reached."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from gynetix_tui.doctor.case import Case, Finding
from gynetix_tui.doctor.contents import Unread, last_fetch
from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.deadline import call_with_deadline

SECONDS = 5.0
"""How long a connection may take in all, with the look-up of the name."""
_TOLERANCE = 60.0


def check_gateway(case: Case) -> list[Finding]:
    """Its host, the certificates that vouch for it, and when it last answered."""
    try:
        settings = case.settings().gateway
    except ConfigError:
        return [Finding(None, "not known while the settings are not right")]
    address = urlsplit(settings.base_url)
    found = []
    if address.scheme == "https":
        roots = _roots()
        trust = f"trusted by certifi {version('certifi')}"
        if settings.trust_environment:
            trust += ", or by what SSL_CERT_FILE and SSL_CERT_DIR name; through HTTPS_PROXY where that is set"
        if roots is None:
            found.append(
                Finding(False, "certifi's certificates are not there: no connection will be trusted")
            )
    else:
        trust = "plain http on this machine"
    heard, ahead = _heard(case)
    if ahead:
        found.append(
            Finding(False, "it was last reached in the future, so to say: has the clock been set back?")
        )
    tried = "" if case.online else "; not tried now (doctor --online tries)"
    return [Finding(True, f"{address.hostname}, {trust}; last reached: {heard}{tried}"), *found]


def check_connection(case: Case) -> list[Finding]:
    """One connection, where it is asked for; no request is sent over it."""
    if not case.online:
        return []
    try:
        settings = case.settings().gateway
    except ConfigError:
        return [Finding(None, "not tried while the settings are not right")]
    address = urlsplit(settings.base_url)
    roots = None
    if address.scheme == "https":
        from gynetix_tui.gateway.environment import proxy_for
        from gynetix_tui.gateway.transport import trusted_roots

        trust = settings.trust_environment
        try:
            roots = trusted_roots(trust_environment=trust)
            if trust and proxy_for(settings.base_url, roots):
                return [Finding(None, "the environment's proxy is used; not tried through it")]
        except ConfigError as error:
            return [Finding(False, str(error))]
    port = address.port or (443 if roots else 80)
    return [reach(address.hostname or "", port, roots)]


def reach(host: str, port: int, roots: ssl.SSLContext | None, seconds: float = SECONDS) -> Finding:
    """Open a connection to a host and close it again.

    Args:
        host: A name or an address.
        port: Its port.
        roots: The certificates to trust; None for a connection without TLS.
        seconds: How long all of it may take.
    """
    began = time.monotonic()
    try:
        secured = call_with_deadline(lambda: _connect(host, port, roots, seconds), seconds)
    except OSError as error:
        return Finding(False, f"not reached: {_why(error, seconds)}")
    return Finding(True, f"reached in {time.monotonic() - began:.2f} s, {secured}; nothing was sent")


def _connect(host: str, port: int, roots: ssl.SSLContext | None, seconds: float) -> str:
    with socket.create_connection((host, port), timeout=seconds) as plain:
        if roots is None:
            return "without TLS"
        with roots.wrap_socket(plain, server_hostname=host) as secure:
            return f"{secure.version()}, certificate trusted"


def _why(error: OSError, seconds: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no secure connection could be made ({error.reason})"
    if isinstance(error, socket.gaierror):
        return "its name could not be found (DNS)"
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionError):
        return "the connection was closed"
    return error.strerror or type(error).__name__


def _roots() -> Path | None:
    import certifi

    file = Path(certifi.where())
    return file if file.is_file() else None


def _heard(case: Case) -> tuple[str, bool]:
    """When the gateway last answered, in words, and whether that is still to come."""
    try:
        at = last_fetch(case.paths().store_file)
        if at is None:
            return "never", False
        local = datetime.fromtimestamp(at, UTC).astimezone()
    except (Unread, OSError, OverflowError, ValueError):
        return "not known", False
    return f"{local:%Y-%m-%d %H:%M}", at > case.now + _TOLERANCE
