"""The sandbox as a whole: a gateway on this machine, with people who answer."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gynetix_tui.sandbox.calls import API_PATH, Calls
from gynetix_tui.sandbox.cast import DEMO_PEOPLE
from gynetix_tui.sandbox.exchange import Exchange
from gynetix_tui.sandbox.faults import Faults
from gynetix_tui.sandbox.journal import Journal, RecordedRequest
from gynetix_tui.sandbox.listener import LOOPBACK, Listener, Site
from gynetix_tui.sandbox.people import Person
from gynetix_tui.sandbox.world import World

DEFAULT_KEY = "sandbox-key"
DEFAULT_LOCAL_NUMBER = "15556667777"


class Sandbox:
    """Serves the three calls of the gateway's document on loopback.

    Use it as a context manager, or call `start` and `stop`. A sandbox that was stopped can be started again:
    it comes back on the same port, with its world as it was.

    Attributes:
        key: The API key that it accepts.
        local_number: The account's own number, digits only.
        world: People and conversations.
        faults: What goes wrong.
    """

    def __init__(
        self,
        *,
        key: str = DEFAULT_KEY,
        port: int = 0,
        now: Callable[[], float] = time.time,
        people: Sequence[Person] | None = None,
        local_number: str = DEFAULT_LOCAL_NUMBER,
        reply_delay: float = 2.0,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """Make a sandbox; nothing listens yet.

        Args:
            key: The API key to accept, as it is before percent-encoding.
            port: Where to listen; 0 takes any free port.
            now: The clock of everything but the waiting of faults, in seconds since the epoch.
            people: Those who can be texted; None is the demo's cast.
            local_number: The account's own number, digits only.
            reply_delay: Seconds until a person answers.
            certificate: Paths of a certificate and its key, both PEM, to speak TLS; None speaks plain HTTP.
        """
        self.key = key
        self.local_number = local_number
        self.world = World(
            now=now,
            people=DEMO_PEOPLE if people is None else people,
            local_number=local_number,
            reply_delay=reply_delay,
        )
        self.faults = Faults()
        self._journal = Journal()
        self._port = port
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        calls = Calls(self.world, key, lambda: self.base_url)
        self._site = Site(calls, self.faults, self._journal, now, threading.Lock())
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """The port it listens on; before the first start, the one it was made with."""
        return self._port

    @property
    def base_url(self) -> str:
        """What stands for the document's BASE, without a slash at its end."""
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{LOOPBACK}:{self.port}{API_PATH}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request so far, in the order in which they were carried out: a copy."""
        return self._journal.snapshot()

    def wait_for_requests(
        self, count: int, call: str | None = None, timeout: float = 5.0
    ) -> list[RecordedRequest]:
        """Block until so many requests were received and carried out.

        Args:
            count: How many, counted from the beginning.
            call: Count only those of the call of this name.
            timeout: Seconds to wait at most.

        Returns:
            All that were received by then (of that call).

        Raises:
            TimeoutError: They did not come in time.
        """
        return self._journal.wait(count, call, timeout)

    def start(self) -> None:
        """Listen, and answer from threads of its own.

        Raises:
            OSError: The port cannot be had.
            RuntimeError: It is running already.
        """
        if self._listener is not None:
            raise RuntimeError("The sandbox is running already")
        listener = Listener(self._port, self._site, Exchange, self._tls)
        self._port = listener.port
        self._listener = listener
        listener.start()

    def stop(self) -> None:
        """End every connection at once and release the port; without effect where it does not run."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
