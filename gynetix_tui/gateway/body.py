"""An answer's body, read and unpacked in bounded memory.

httpx unpacks whatever a read of the socket brought at once: 64 KB of gzip become 64 MB, and where an answer
names two encodings, 64 GB. So its decoders are not used.
"""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Callable

import httpx

from gynetix_tui.errors import Uncertain

ACCEPTED_ENCODING = "gzip"
"""What is asked for, and all that is unpacked."""
_GZIP = 16 + zlib.MAX_WBITS
_STEP = 256 * 1024
"""Bytes unpacked at once; between two steps the rest of the program has its turn, and the deadline its say."""
_NOT_UNPACKED = "the gateway's answer could not be unpacked"


async def read_body(
    response: httpx.Response, limit: int, seen: Callable[[bytes], None] = lambda _: None
) -> bytes:
    """Read an answer's body.

    Args:
        response: The answer, of which nothing was read yet.
        limit: How many bytes are read at most, and also how many are unpacked at most.
        seen: Given each part of what is returned, in its order, as soon as it is there.

    Raises:
        Uncertain: There are more, or they cannot be unpacked.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Uncertain(_NOT_UNPACKED)
    unpacked = _Unpacked(limit, seen) if "gzip" in encoding else None
    body = io.BytesIO()  # parts in a list would take ten times their size where each has a byte or two
    received = 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        if received > limit:
            raise _too_large(limit)
        if unpacked is None:
            body.write(chunk)
            seen(chunk)
        else:
            await unpacked.add(chunk)
    return unpacked.whole() if unpacked and received else body.getvalue()


class _Unpacked:
    """What a gzip stream unpacks to, as its parts come in. What follows the stream's end is not looked at."""

    def __init__(self, limit: int, seen: Callable[[bytes], None]) -> None:
        self._limit = limit
        self._seen = seen
        self._stream = zlib.decompressobj(_GZIP)
        self._body = io.BytesIO()

    async def add(self, chunk: bytes) -> None:
        # Past its end the stream would collect what comes, copying all of it each time.
        while chunk and not self._stream.eof:
            self._take(chunk, min(self._limit - self._body.tell() + 1, _STEP))
            chunk = self._stream.unconsumed_tail
            # Unpacking alone never waits, and the loop would have no turn until it is through.
            await asyncio.sleep(0)

    def whole(self) -> bytes:
        """All of it. A stream that broke off is not whole, even where what came can be read."""
        # With all input taken, zlib holds back the copies of a few symbols at most: no bomb is left for here.
        self._take(b"", _STEP)
        if not self._stream.eof:
            raise Uncertain(_NOT_UNPACKED)
        return self._body.getvalue()

    def _take(self, chunk: bytes, most: int) -> None:
        try:
            part = self._stream.decompress(chunk, most)
        except zlib.error:
            part = None
        if part is None:
            raise Uncertain(_NOT_UNPACKED)
        self._body.write(part)
        if self._body.tell() > self._limit:
            raise _too_large(self._limit)
        self._seen(part)


def _too_large(limit: int) -> Uncertain:
    return Uncertain(f"the gateway's answer is larger than {limit / 1_000_000:g} MB")
