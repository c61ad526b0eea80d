"""How a request reaches the gateway, and what is known of it when that goes wrong."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from gynetix_tui.settings.secret import ApiKey

KEY_PLACEHOLDER = "-"
"""Stands in every URL that httpx sees, where the key belongs."""


class KeyTransport(httpx.AsyncBaseTransport):
    """Puts the API key into the request line at the last moment.

    httpx logs URLs, keeps them in requests and in the text of its errors; the key is a segment of the path of
    every call. So httpx is given ``/key/-/``, and only the bytes that go to the socket hold the key. Errors are
    made anew outside the handler, so that no traceback or context leads to the frames that saw it.
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
        target = request.url.raw_path.replace(placeholder, segment, 1)
        keyed = httpx.Request(
            request.method,
            request.url,
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "target": target},
        )
        try:
            return await self._inner.handle_async_request(keyed)
        except httpx.TransportError as error:
            failed = type(error)(str(error), request=request)
        raise failed

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Departure:
    """Watches one request's way through httpcore, and knows whether its first byte may have left.

    Exception classes do not tell: a connection that is reset before the body was read and one that is reset
    after it was acted on raise the same. httpcore reports each step to a trace function; before the event
    ``http11.send_request_headers.started`` nothing of the request is written.
    """

    def __init__(self) -> None:
        self.left = False

    async def _trace(self, event: str, info: Mapping[str, object]) -> None:
        del info  # it holds the request, with the key in its target
        if event.endswith(".send_request_headers.started"):
            self.left = True

    @property
    def extensions(self) -> dict[str, object]:
        """To be given to the request."""
        return {"trace": self._trace}


def trusted_roots() -> ssl.SSLContext:
    """TLS 1.2 or later with the roots that httpx ships (certifi's); 40 ms of work, so made once and off the event loop.

    The environment has no say: SSLKEYLOGFILE would write the session's secrets to a file.
    """
    import certifi

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=certifi.where())
    return context


def describe(error: Exception) -> str:
    """A failed request in plain words, without the address and without the key."""
    text = str(error)
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
    if isinstance(error, httpx.DecodingError):
        return "the gateway's answer could not be unpacked"
    return f"the request failed ({type(error).__name__})"
