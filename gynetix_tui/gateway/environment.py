"""The proxies and certificates that the environment names. They count only where the user said that they may."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from gynetix_tui.errors import ConfigError

_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_RIGHT = "it must look like http://proxy.example:3128"


def proxy_for(base_url: str, roots: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy that the environment names for an address: HTTPS_PROXY, else ALL_PROXY, unless NO_PROXY holds it.

    Plain http, which is for this machine alone, has none: its proxy would be told the whole address, and the
    key in it. For https a proxy is told host and port.

    Args:
        base_url: The address of the API.
        roots: The certificates by which an https proxy is trusted.

    Raises:
        ConfigError: What the environment names is not the address of an http or https proxy. The sentence
            shows nothing of it: it may hold a password.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "https":
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    scheme = "https" if proxies.get("https") else "all"
    address = proxies.get(scheme, "").strip()
    if not address or proxy_bypass(parts.netloc):
        return None
    variable = f"{scheme.upper()}_PROXY"
    if address.lower().startswith("socks"):
        raise ConfigError(f"{variable} names a SOCKS proxy; only http and https proxies can be used.")
    if proxy := _proxy(address, roots):
        return proxy
    raise ConfigError(f"{variable} is not the address of a proxy; {_RIGHT}.")


def _proxy(address: str, roots: ssl.SSLContext) -> httpx.Proxy | None:
    """None where it is no address of a proxy. A slash in a password ends the host: hence no path is allowed."""
    try:
        url = httpx.URL(address if "://" in address else f"http://{address}")
        sound = url.scheme in ("http", "https") and _HOST.fullmatch(url.raw_host) and url.raw_path == b"/"
        if not sound or not (url.port is None or 0 < url.port < 65_536) or "#" in address:
            return None
        # Without these an https proxy would be met with a context that writes SSLKEYLOGFILE.
        proxy = httpx.Proxy(url, ssl_context=roots if url.scheme == "https" else None)
        _ = proxy.raw_auth  # encodes it
    except Exception:  # of many kinds, and each may quote a piece of the password
        return None
    return proxy


def load_certificates(context: ssl.SSLContext) -> bool:
    """Trust what SSL_CERT_FILE and SSL_CERT_DIR name, as OpenSSL's own programs do.

    Returns:
        Whether they name anything; where not, nothing is trusted yet.

    Raises:
        ConfigError: There are no certificates where they say.
    """
    file = os.environ.get("SSL_CERT_FILE", "")
    folders = [folder for folder in os.environ.get("SSL_CERT_DIR", "").split(os.pathsep) if folder]
    if file:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise ConfigError(
                "SSL_CERT_FILE names no file with certificates (PEM) that can be read."
            ) from None
    # A folder's certificates are looked up when they are wanted: one that is not there would only show as
    # a gateway that is not trusted.
    there = [folder for folder in folders if Path(folder).is_dir()]
    if folders and not there:
        raise ConfigError("SSL_CERT_DIR names no folder.")
    for folder in there:
        context.load_verify_locations(capath=folder)
    return bool(file or folders)
