"""One connection: reads requests, has them carried out, and answers them, or does what a fault says."""

from __future__ import annotations

import socket
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from gynetix_tui.sandbox import answers
from gynetix_tui.sandbox.answers import Reply
from gynetix_tui.sandbox.calls import locate
from gynetix_tui.sandbox.faults import Fault, FaultKind
from gynetix_tui.sandbox.journal import RecordedRequest, fields
from gynetix_tui.sandbox.listener import Listener, reset_on_close

_CHUNK = b" " * 65536


class Exchange(BaseHTTPRequestHandler):
    """Serves one connection until it ends."""

    protocol_version = "HTTP/1.1"
    server_version = "gynetix-sandbox"
    sys_version = ""
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: object, listener: Listener) -> None:
        self._listener = listener
        self._site = listener.site
        super().__init__(connection, address, listener)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the path of every request holds the key."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the sandbox's clock."""
        return formatdate(self._site.now() if timestamp is None else timestamp, usegmt=True)

    def exchange(self) -> None:
        """Read one request whose head was read, and answer it."""
        path, _, query = self.path.partition("?")
        target = locate(path)
        received = RecordedRequest(
            method=self.command,
            path=path,
            query=query,
            headers=tuple(self.headers.items()),
            body=b"",
            form={},
            call=None if target is None else target.call.value,
            complete=False,
        )
        early = self._site.faults.take(received.call, path, received.phone, before_body=True)
        if early is not None:
            self._site.journal.record(received)
            self._end_early(early)
            return
        if "Transfer-Encoding" in self.headers or not self.headers.get("Content-Length", "0").isdecimal():
            self._site.journal.record(received)
            self.close_connection = True
            self._write(Reply(HTTPStatus.LENGTH_REQUIRED, content_type=answers.HTML_TYPE))
            self._end_in_order()
            return
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        received = _with_body(received, body, self.headers.get_content_type(), len(body) == length)
        if not received.complete:
            self._site.journal.record(received)
            self.close_connection = True
            return
        self._answer(received)

    # One name for every method of HTTP: `carry_out` answers all but POST with 405.
    do_POST = do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = exchange  # noqa: N815 - the library looks for these names

    def _answer(self, received: RecordedRequest) -> None:
        with self._site.turn:
            fault = self._site.faults.take(received.call, received.path, received.phone, before_body=False)
            answer = self._site.calls.carry_out(
                received,
                acts=fault is None or fault.acted_on,
                rewrite=answers.altered
                if fault is not None and fault.kind is FaultKind.ALTERED_TEXT
                else str,
            )
            self._site.journal.record(received)
        if fault is None:
            self._write(answers.plain(answer))
        else:
            self._write_faulty(answers.spoilt(answer, fault, received.path), fault)

    def _write_faulty(self, reply: Reply, fault: Fault) -> None:
        """Write a reply as far as a fault lets it through."""
        body = reply.body
        half = body[: max(1, len(body) // 2)]
        match fault.kind:
            case FaultKind.DELAY:
                if self._listener.stopping.wait(fault.seconds):
                    self.close_connection = True
                else:
                    self._write(reply)
            case FaultKind.SILENCE:
                self.close_connection = True
                self._drain()
            case FaultKind.CLOSE_AFTER_BODY:
                self.close_connection = True
            case FaultKind.RESET_AFTER_BODY:
                self._reset()
            case FaultKind.GARBAGE_STATUS_LINE:
                self.close_connection = True
                self.wfile.write(b"220 sandbox ESMTP ready\r\n\r\n")
            case FaultKind.TRUNCATED_BODY:
                self.close_connection = True
                self.wfile.write(self._head(reply, len(body)) + half)
            case FaultKind.TRUNCATED_JSON:
                self.close_connection = True
                self.wfile.write(self._head(reply, None) + half)
            case FaultKind.HUGE:
                self.close_connection = True
                self.wfile.write(self._head(reply, None) + body)
                for left in range(fault.size - len(body), 0, -len(_CHUNK)):
                    self.wfile.write(_CHUNK[:left])
            case FaultKind.SLOW_DRIP:
                self.wfile.write(self._head(reply, len(body)))
                for place in range(len(body)):
                    self.wfile.write(body[place : place + 1])
                    if self._listener.stopping.wait(fault.seconds):
                        self.close_connection = True
                        return
            case _:
                self._write(reply)

    def _end_early(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.kind is FaultKind.CLOSE_ON_ACCEPT:
            self._reset()
        else:
            self._end_in_order()

    def _end_in_order(self) -> None:
        # Closing with unread bytes would send a reset: end our side first, and let the rest run dry.
        socket.socket.shutdown(self.connection, socket.SHUT_WR)
        self._drain()

    def _reset(self) -> None:
        self.close_connection = True
        reset_on_close(self.connection)

    def _drain(self) -> None:
        """Read until the client, or `stop`, ends the connection."""
        while self.connection.recv(65536):
            pass

    def _write(self, reply: Reply) -> None:
        bodiless = self.command == "HEAD" or reply.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        # In one piece, so that no client waits for a second packet.
        self.wfile.write(self._head(reply, len(reply.body)) + (b"" if bodiless else reply.body))

    def _head(self, reply: Reply, length: int | None) -> bytes:
        """The head of a reply; without a length its body ends with the connection."""
        phrase = HTTPStatus(reply.status).phrase if reply.status in list(HTTPStatus) else "Unknown"
        lines = [
            f"{self.protocol_version} {int(reply.status)} {phrase}",
            f"Server: {self.server_version}",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {reply.content_type}",
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if self.close_connection or length is None:
            self.close_connection = True
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _with_body(head: RecordedRequest, body: bytes, content_type: str, complete: bool) -> RecordedRequest:
    is_form = content_type == "application/x-www-form-urlencoded"
    form = fields(body.decode("utf-8", "replace")) if is_form else {}
    return replace(head, body=body, form=form, complete=complete)
