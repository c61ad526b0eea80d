"""How a request reaches the gateway, and what is known of it when that goes wrong."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from gynetix_tui.gateway.environment import load_certificates
from gynetix_tui.settings.secret import ApiKey

_BROKEN = (
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
KEY_PLACEHOLDER = "-"
"""Stands in every URL that httpx sees, where the key belongs."""
_HEADERS_READ = frozenset({b"content-encoding", b"date", b"retry-after"})


class _KeyedURL(httpx.URL):
    """A URL whose bytes on the wire hold the key, and which shows the placeholder everywhere else.

    httpx's `target` extension would do the same, until there is a proxy: httpcore hands a request's extensions
    on to the CONNECT before it, whose target would then be ours, and the proxy would read the key in it.
    """

    def __init__(self, url: httpx.URL, target: bytes) -> None:
        super().__init__(url)
        self._target = target

    @property
    def raw_path(self) -> bytes:
        return self._target


class KeyTransport(httpx.AsyncBaseTransport):
    """Puts the API key into the request line at the last moment.

    httpx logs URLs, keeps them in requests and in the text of its errors; the key is a segment of the path of
    every call. So httpx is given ``/key/-/``, and only the bytes that go to the socket hold the key. Errors are
    made anew outside the handler, so that no traceback or context leads to the frames that saw it.

    Of the answer's headers only those go on that are read here: httpx would keep a Set-Cookie and send it with
    every later call, and a Location, which may hold the key, would stay in the answer.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, key: ApiKey) -> None:
        self._inner = inner
        self._key = key

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with the key in its target."""
        placeholder, segment = (
            f"/key/{KEY_PLACEHOLDER}/".encode(),
            f"/key/{self._key.path_segment()}/".encode(),
        )
        keyed = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        # Not as an argument: a request makes a plain URL of the one it is given.
        keyed.url = _KeyedURL(request.url, request.url.raw_path.replace(placeholder, segment, 1))
        try:
            response = await self._inner.handle_async_request(keyed)
        except httpx.TransportError as error:
            failed = type(error)(str(error), request=request)
        else:
            return httpx.Response(
                response.status_code,
                # As bytes: taken as text, one of them that is not ASCII would be an error here.
                headers=[item for item in response.headers.raw if item[0].lower() in _HEADERS_READ],
                stream=response.stream,
                extensions=response.extensions,
            )
        raise failed

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Departure:
    """Watches one request's way through httpcore, and knows whether its first byte may have left.

    Exception classes do not tell: a connection that is reset before the body was read and one that is reset
    after it was acted on raise the same. httpcore reports each step to a trace function; before the event
    ``http11.send_request_headers.started`` nothing of the request is written. A proxy's CONNECT, which names the
    gateway's host and nothing else, raises that event too.
    """

    def __init__(self) -> None:
        self.left = False

    async def _trace(self, event: str, info: Mapping[str, object]) -> None:
        # Only looked at: the request has the key in its target.
        if event.endswith(".send_request_headers.started"):
            self.left = self.left or getattr(info.get("request"), "method", b"") != b"CONNECT"

    @property
    def extensions(self) -> dict[str, object]:
        """To be given to the request."""
        return {"trace": self._trace}


def trusted_roots(*, trust_environment: bool = False) -> ssl.SSLContext:
    """TLS 1.2 or later with the roots that httpx ships (certifi's); 40 ms of work, so made once and off the event loop.

    The environment has no say, and never over SSLKEYLOGFILE, which would write the session's secrets to a file.

    Args:
        trust_environment: Where SSL_CERT_FILE or SSL_CERT_DIR name certificates, trust those instead.

    Raises:
        ConfigError: There are no certificates where the environment says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not (trust_environment and load_certificates(context)):
        import certifi

        context.load_verify_locations(cafile=certifi.where())
    return context


def describe(error: Exception, *, left: bool) -> str:
    """A failed request in plain words, without the address and without the key.

    Args:
        error: What httpx raised.
        left: Whether the request may have left.
    """
    text = str(error)
    if isinstance(error, httpx.ProxyError):
        status = text[:3]  # its words are the proxy's own
        return "the proxy refused the way to the gateway" + (f": HTTP {status}" if status.isdecimal() else "")
    if isinstance(error, _BROKEN) and not left:
        return "the proxy made no connection to the gateway"  # before a request leaves, only a proxy is waited for
    if isinstance(error, TimeoutError) and not left:
        return "the gateway did not take the connection in time"
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "the gateway did not take the connection in time"
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE_VERIFY_FAILED" in text:
            return "the gateway's certificate is not trusted"
        if "SSL" in text or "TLS" in text:
            return "no secure connection to the gateway could be made"
        if "resolution" in text or "not known" in text or "No address" in text or "nodename" in text:
            return "the gateway's name could not be found"
        return "no connection to the gateway"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "the gateway did not answer in time"
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return "the connection broke before the gateway's answer was complete"
    return f"the request failed ({type(error).__name__})"
