"""The sockets: who may connect, one thread for each connection, and an end that leaves nothing behind."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

from gynetix_tui.sandbox.calls import Calls
from gynetix_tui.sandbox.faults import Faults
from gynetix_tui.sandbox.journal import Journal

LOOPBACK = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Site:
    """What every connection works with.

    Attributes:
        turn: Held while a request is carried out and recorded, so that the journal's order is the world's,
            and whoever sees a request in the journal finds the world as it left it.
    """

    calls: Calls
    faults: Faults
    journal: Journal
    now: Callable[[], float]
    turn: threading.Lock


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A TCP server on loopback that can be stopped at once.

    Not `http.server.ThreadingHTTPServer`: that one asks the resolver for this machine's name when it binds,
    looks only twice a second whether it shall stop, and leaves connections that are kept alive open.
    """

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        site: Site,
        handler: Callable[[socket.socket, object, Listener], object],
        tls: ssl.SSLContext | None,
    ) -> None:
        """Bind.

        Raises:
            OSError: The port cannot be had.
            OverflowError: There is no such port.
        """
        self.site = site
        self.stopping = threading.Event()
        self._handler = handler
        self._tls = tls
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__((LOOPBACK, port), socketserver.BaseRequestHandler)
        self._acceptor = threading.Thread(target=self._accept, name="sandbox", daemon=True)

    @property
    def port(self) -> int:
        """The port it is bound to."""
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        """Take connections from now on."""
        self._acceptor.start()

    def stop(self) -> None:
        """End every connection and every thread, also those that are waiting for something."""
        self.stopping.set()
        # `handle_request` waits for a connection: it gets one, which `verify_request` turns away.
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, self.port), timeout=5).close()
        self._acceptor.join()
        self.server_close()
        with self._lock:
            connections = dict(self._open)
        for connection in connections:
            # Not `connection.shutdown`: an SSLSocket would take its state from under the thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            self.handle_request()

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection; the TLS handshake comes with its first read, in the connection's own thread."""
        connection, address = self.socket.accept()
        if self._tls is None:
            return connection, address
        try:
            secured = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        except OSError:
            connection.close()
            raise
        return secured, address

    def verify_request(self, request: object, client_address: object) -> bool:
        """Whether a connection is served: not while stopping, and not where a fault resets it."""
        if self.stopping.is_set():
            return False
        if self.site.faults.take_on_accept() is None:
            return True
        if isinstance(request, socket.socket):
            reset_on_close(request)
        return False

    def process_request(self, request: object, client_address: object) -> None:
        """Serve a connection in a thread of its own, which `stop` can find."""
        if isinstance(request, socket.socket):
            thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
            with self._lock:
                self._open[request] = thread
            thread.start()

    def _serve(self, connection: socket.socket, address: object) -> None:
        try:
            self._handler(connection, address, self)
        except OSError:
            pass  # the client went away, or `stop` ended the connection
        finally:
            self.shutdown_request(connection)
            with self._lock:
                del self._open[connection]

    def shutdown_request(self, request: object) -> None:
        """Close a connection: with a reset where `reset_on_close` was asked for, else in order."""
        if isinstance(request, socket.socket):
            if not struct.unpack("ii", request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))[0]:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(request, socket.SHUT_WR)
            request.close()


def reset_on_close(connection: socket.socket) -> None:
    """Let the end of a connection be a reset (RST) instead of an orderly one (FIN)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
