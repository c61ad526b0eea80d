"""The sandbox in a process of its own, so that its work is nobody else's: it takes orders by lines, answers by lines.

`Remote` is the other end. Whatever a store holds can be mirrored into it, so that the gateway has what the client has.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gynetix_tui.model import Direction, PhoneNumber
from gynetix_tui.sandbox import Call, Sandbox
from gynetix_tui.store import Store

END_SECONDS = 10.0
ORDER_SECONDS = 120.0
"""An order that takes longer is given up."""


def serve() -> int:
    """Be the gateway until the orders end."""
    with Sandbox(people=()) as sandbox:
        _say(base_url=sandbox.base_url, key=sandbox.key)
        for line in sys.stdin:
            order = json.loads(line)
            match order["do"]:
                case "mirror":
                    _mirror(sandbox, Path(order["store"]), order["numbers"])
                    gc.freeze()  # what came now stays: no collection need look at it again
                    _say()
                case "receive":
                    sandbox.world.receive(order["number"], order["text"])
                    _say()
                case "fetches":
                    fetches = sum(each.call == Call.CONVERSATION for each in sandbox.requests)
                    _say(fetches=fetches)
    return 0


def _mirror(sandbox: Sandbox, store_file: Path, numbers: Sequence[str]) -> None:
    with Store.open(store_file, read_only=True) as store:
        for number in numbers:
            contact = store.contacts.find(PhoneNumber(number))
            for message in store.messages.since(contact.id, 0) if contact else ():
                put = (
                    sandbox.world.receive
                    if message.direction is Direction.IN
                    else sandbox.world.sent_elsewhere
                )
                put(number, message.text, message.ts)


def _say(**words: object) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201 - the answer


class Remote:
    """The gateway's process, seen from outside; a context manager.

    Attributes:
        base_url: Its address.
        key: The API key that it accepts.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        hello = self._read()
        self.base_url, self.key = str(hello["base_url"]), str(hello["key"])

    def mirror(self, store_file: Path, numbers: Sequence[str]) -> None:
        """Let it have these numbers' conversations as they are in a store."""
        self._ask(do="mirror", store=str(store_file), numbers=list(numbers))

    def receive(self, number: str, text: str) -> None:
        """Let a text come in now."""
        self._ask(do="receive", number=number, text=text)

    @property
    def fetches(self) -> int:
        """How many conversations were asked for so far."""
        fetches = self._ask(do="fetches")["fetches"]
        assert isinstance(fetches, int)
        return fetches

    def _ask(self, **order: object) -> dict[str, object]:
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, object]:
        assert self._process.stdout
        # A gateway that hangs is ended; then the line ends, too.
        watchdog = threading.Timer(ORDER_SECONDS, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise RuntimeError("the gateway's process has ended")
        answer: dict[str, object] = json.loads(line)
        return answer

    def end(self) -> None:
        """Let it end; kill it where it does not."""
        try:
            self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


if __name__ == "__main__":
    sys.exit(serve())
