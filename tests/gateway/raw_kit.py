"""Servers that say what no sandbox would: bytes as they are, and a proxy that is a real one until it misbehaves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain
from pathlib import Path


@asynccontextmanager
async def raw_server(
    answer: Iterable[bytes], *, closes: bool = True, heads: list[bytes] | None = None
) -> AsyncIterator[str]:
    """The base address of a server that meets every request with the same bytes.

    Args:
        answer: The pieces of the whole answer, head and body; made anew for each request, so no generator.
        closes: End the connection after them; else it stays open until the client leaves.
        heads: Where each request is put as it came.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        if heads is not None:
            heads.append(request)
        for piece in answer:
            writer.write(piece)
            await writer.drain()
        if not closes:
            await reader.read()

    async with _listening(serve) as port:
        yield f"http://127.0.0.1:{port}/standard/api"


@asynccontextmanager
async def _listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """The port of a server, which has ended with all its connections when this is left."""
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has had enough, as it should
        finally:
            await _close(writer)

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[asyncio.create_task(connected(reader, writer))] = writer

    server = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()
        for task, writer in connections.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()


def http(body: bytes, *headers: str, status: str = "200 OK") -> list[bytes]:
    """An answer with a body of known length."""
    lines = chain([f"HTTP/1.1 {status}"], headers, [f"Content-Length: {len(body)}", "", ""])
    return ["\r\n".join(lines).encode("latin-1"), body]


async def _request(reader: asyncio.StreamReader) -> bytes:
    """A whole request, head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
    )
    return head + await reader.readexactly(length)


class Manner(Enum):
    """What a proxy does with a CONNECT."""

    TUNNELS = auto()
    REFUSES = auto()
    HANGS_UP = auto()
    IS_MUTE = auto()
    DIES_AFTER_BODY = auto()
    """It passes what the client says on, and cuts the line as soon as the other side answers that."""


@dataclass
class Proxy:
    """A CONNECT proxy, with all that it was told.

    Attributes:
        heads: Each request that it read, to the blank line.
        passed: Bytes that went through it to the other side.
    """

    manner: Manner = Manner.TUNNELS
    scheme: str = "http"
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    passed: int = 0

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(head := await reader.readuntil(b"\r\n\r\n"))
        match self.manner:
            case Manner.REFUSES:
                writer.write(b"HTTP/1.1 403 Not \x1b[2J you\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            case Manner.HANGS_UP:
                pass
            case Manner.IS_MUTE:
                await reader.read()
            case Manner.TUNNELS | Manner.DIES_AFTER_BODY:
                host, _, port = head.split(b" ")[1].decode().rpartition(":")
                await self._tunnel(reader, writer, host, int(port))

    async def _tunnel(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        there_reader, there = await asyncio.open_connection(host, port)
        outward = asyncio.create_task(self._pass_on(reader, there))
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if self.manner is Manner.DIES_AFTER_BODY:
                await self._until_the_answer(there_reader, writer)
            else:
                while data := await there_reader.read(65_536):
                    writer.write(data)
                    await writer.drain()
        finally:
            outward.cancel()
            await asyncio.gather(outward, return_exceptions=True)
            await _close(there)

    async def _pass_on(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.passed += len(data)
            there.write(data)
            await there.drain()
        there.write_eof()

    async def _until_the_answer(
        self, there_reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on the handshake, a record at a time, and cut at the first one that holds application data.

        TLS 1.2, in which the handshake's records are not told as application data (RFC 8446 §5.2).
        """
        while True:
            head = await there_reader.readexactly(5)
            record = await there_reader.readexactly(int.from_bytes(head[3:]))
            if head[0] == 23:
                return
            writer.write(head + record)
            await writer.drain()


@asynccontextmanager
async def proxy(
    manner: Manner = Manner.TUNNELS, *, certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[Proxy]:
    """A running proxy; with a certificate and its key one that is spoken to over TLS."""
    made = Proxy(manner)
    context = None
    if certificate:
        made.scheme = "https"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # the usual one would write SSLKEYLOGFILE
        context.load_cert_chain(*certificate)
    async with _listening(made.serve, context) as made.port:
        yield made
