"""An answer's body, read and unpacked in bounded memory.

httpx unpacks whatever a read of the socket brought at once: 64 KB of gzip become 64 MB, and where an answer
names two encodings, 64 GB. So its decoders are not used.
"""

from __future__ import annotations

import asyncio
import zlib

import httpx

from gynetix_tui.errors import Uncertain

ACCEPTED_ENCODING = "gzip"
"""What is asked for, and all that is unpacked."""
_GZIP = 16 + zlib.MAX_WBITS
_STEP = 256 * 1024
"""Bytes unpacked at once; between two steps the rest of the program has its turn, and the deadline its say."""
_NOT_UNPACKED = "the gateway's answer could not be unpacked"


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """Read an answer's body.

    Args:
        response: The answer, of which nothing was read yet.
        limit: How many bytes are read at most, and also how many are unpacked at most.

    Raises:
        Uncertain: There are more, or they cannot be unpacked.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Uncertain(_NOT_UNPACKED)
    unpacked = _Unpacked(limit) if "gzip" in encoding else None
    body = bytearray()
    received = 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        if received > limit:
            raise _too_large(limit)
        if unpacked is None:
            body += chunk
        else:
            await unpacked.add(chunk)
    return bytes(unpacked.whole() if unpacked and received else body)


class _Unpacked:
    """What a gzip stream unpacks to, as its parts come in. What follows the stream's end is not looked at."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._stream = zlib.decompressobj(_GZIP)
        self._body = bytearray()

    async def add(self, chunk: bytes) -> None:
        # Past its end the stream would collect what comes, copying all of it each time.
        while chunk and not self._stream.eof:
            room = self._limit - len(self._body) + 1
            self._body += self._step(chunk, min(room, _STEP))
            if len(self._body) > self._limit:
                raise _too_large(self._limit)
            chunk = self._stream.unconsumed_tail
            await asyncio.sleep(
                0
            )  # unpacking alone never waits, and the loop would have no turn until it is through

    def whole(self) -> bytearray:
        """All of it. A stream that broke off is not whole, even where what came can be read."""
        # With all input taken, zlib holds back the copies of a few symbols at most: no bomb is left for here.
        self._body += self._step(b"", _STEP)
        if not self._stream.eof:
            raise Uncertain(_NOT_UNPACKED)
        if len(self._body) > self._limit:
            raise _too_large(self._limit)
        return self._body

    def _step(self, chunk: bytes, most: int) -> bytes:
        try:
            return self._stream.decompress(chunk, most)
        except zlib.error:
            pass
        raise Uncertain(_NOT_UNPACKED)


def _too_large(limit: int) -> Uncertain:
    return Uncertain(f"the gateway's answer is larger than {limit / 1_000_000:g} MB")
