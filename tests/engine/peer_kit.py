"""What may answer where the gateway should: small servers that go wrong in ways that the sandbox cannot."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs

from gynetix_tui.sandbox import World
from gynetix_tui.sandbox.calls import API_PATH

_RESET = struct.pack("ii", 1, 0)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_SUCCESS = b'{"status":"success","message":"Message has been sent"}'


class Peer:
    """A listening socket, and what is done with each connection to it, in a thread of its own.

    Attributes:
        world: Where the texts go that are read whole.
        heads: How many requests were begun to be read.
        met: Called when a connection meets what is wrong here, before it is told.
        over: Set when it is to end.
    """

    def __init__(self, world: World, serve: Callable[[Peer, socket.socket], None] | None) -> None:
        self.world = world
        self.heads = 0
        self.met: Callable[[], None] = lambda: None
        self.over = threading.Event()
        self._serve = serve
        self._listening = socket.socket()
        # Small and before `listen`, or the kernel would take in a request of megabytes that nobody reads.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(16)
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        if serve:
            self._start(self._accept)

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}{API_PATH}"

    def _start(self, work: Callable[..., None], *values: object) -> None:
        self._threads.append(threading.Thread(target=work, args=values))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._connections.append(connection)
                self._start(self._run, connection)

    def _run(self, connection: socket.socket) -> None:
        assert self._serve
        with connection, suppress(OSError):
            self._serve(self, connection)

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def read_head(self, connection: socket.socket) -> tuple[int, bytes]:
        """Read at least the head; return the length of the body, and what is read of it."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError
            received += piece
        self.heads += 1
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [
            line.partition(b":")[2]
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ]
        return int(lengths[0]), body

    def take(self, connection: socket.socket) -> None:
        """Read a request whole, and do what it asks for."""
        length, body = self.read_head(connection)
        while len(body) < length:
            body += connection.recv(65536)
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        self.world.send(form["to"], form["message"], sender=form["from"])
        self.met()


def resets_on_accept(peer: Peer, connection: socket.socket) -> None:
    peer.met()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def refuses_early(peer: Peer, connection: socket.socket) -> None:
    peer.read_head(connection)
    peer.met()
    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def never_reads(peer: Peer, connection: socket.socket) -> None:
    del connection
    peer.met()
    peer.over.wait()


def _says_and_holds(answer: bytes) -> Callable[[Peer, socket.socket], None]:
    def serve(peer: Peer, connection: socket.socket) -> None:
        peer.take(connection)
        connection.sendall(answer)
        peer.over.wait()

    return serve


def _says_and_ends(answer: bytes) -> Callable[[Peer, socket.socket], None]:
    def serve(peer: Peer, connection: socket.socket) -> None:
        peer.take(connection)
        connection.sendall(answer)

    return serve


stops_in_the_status_line = _says_and_holds(b"HTTP/1.1 20")
stops_in_the_head = _says_and_holds(_HEAD)
stops_in_the_body = _says_and_holds(_HEAD + b"Content-Length: 54\r\n\r\n" + _SUCCESS[:20])
stops_after_continue = _says_and_holds(b"HTTP/1.1 100 Continue\r\n\r\n")
cuts_a_chunk = _says_and_ends(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n36\r\n" + _SUCCESS[:20])
sends_another_length = _says_and_ends(_HEAD + b"Content-Length: x\r\n\r\n" + _SUCCESS)


def stops_in_the_request(peer: Peer, connection: socket.socket) -> None:
    """Reads the head and no more, and ends with the body unread."""
    peer.read_head(connection)
    peer.met()


@contextmanager
def port_that_takes_no_connection() -> Iterator[int]:
    """A port whose queue of connections is full: whoever connects gets no answer at all."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(address)
            yield address[1]
        finally:
            for each in waiting:
                each.close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody vouches for, and its key."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
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
