"""Engines in processes of their own, which can be killed at any moment, and a gateway with a way round for one text.

A kill is the kernel's: nothing of the engine runs any more. Each process is forked from a warm one that has
imported everything and has one thread only, so that it lives after a few hundredths of a second.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx

from gynetix_tui.engine import poller, sender, watcher, writer
from gynetix_tui.engine.account import connect
from gynetix_tui.engine.engine import Engine
from gynetix_tui.engine.limiter import BackOff
from gynetix_tui.errors import GynetixError
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.gateway import Gateway, client
from gynetix_tui.model import ContactId, OutboxId, PhoneNumber
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey

PATIENCE = 20.0
"""Real seconds after which something that takes a few hundredths of one does not come any more."""
HASTY = httpx.Timeout(connect=0.25, write=0.25, read=0.25, pool=5)
"""For requests that are known to meet silence; the usual ones would take up to a minute."""
ON_REQUEST_ONLY = Polling(
    open_seconds=3600, recent_seconds=3600, dormant_seconds=3600, requests_per_minute=6000
)

Order = dict[str, Any]
"""What is told to another process, as JSON."""


class SharedClock:
    """Stands where it is set, for every process that has its file open."""

    def __init__(self, file: Path, at: float | None = None) -> None:
        self.file = file
        if at is not None:
            file.write_bytes(struct.pack("d", at))
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), struct.calcsize("d"))

    def __call__(self) -> float:
        return cast("float", struct.unpack_from("d", self._memory)[0])

    def advance(self, seconds: float) -> None:
        struct.pack_into("d", self._memory, 0, self() + seconds)

    def close(self) -> None:
        self._memory.close()


class Ways:
    """Stands for the gateway: most calls go the usual way, sends of certain texts another.

    Attributes:
        others: The gateway that a text goes to instead.
    """

    def __init__(
        self,
        usual: Gateway,
        others: Mapping[str, Gateway] | None = None,
        before: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._usual = usual
        self.others = dict(others or {})
        self._all = [usual, *self.others.values()]
        self._before = before
        self._begun: dict[PhoneNumber, int] = {}
        self._ended: dict[PhoneNumber, int] = {}
        self._news = asyncio.Event()

    async def send_message(self, *, to: PhoneNumber, sender: PhoneNumber, text: str) -> str:
        if self._before:
            await self._before(text)
        return await self.others.get(text, self._usual).send_message(to=to, sender=sender, text=text)

    async def add_suppression(self, *, phone: PhoneNumber) -> str:
        return await self._usual.add_suppression(phone=phone)

    async def get_conversation(
        self, *, phone: PhoneNumber, detailed: bool = False, known: bytes = b""
    ) -> FetchedConversation | None:
        self._begun[phone] = self._begun.get(phone, 0) + 1
        try:
            return await self._usual.get_conversation(phone=phone, detailed=detailed, known=known)
        finally:
            self._ended[phone] = self._begun[phone]  # one at a time
            self._news.set()

    async def close(self) -> None:
        for gateway in self._all:
            await gateway.close()

    async def look(self, engine: Engine, *phones: PhoneNumber) -> None:
        """Have these conversations fetched anew, and wait until what came, if anything, is merged."""
        wanted = {phone: self._begun.get(phone, 0) + 1 for phone in phones}
        engine.refresh()
        async with asyncio.timeout(PATIENCE):
            while any(self._ended.get(phone, 0) < count for phone, count in wanted.items()):
                self._news.clear()
                await self._news.wait()
        await engine._writer.read(lambda _: None)  # it stands behind the merge


def gateway_to(base_url: str, key: str, *, hasty: bool = False) -> Gateway:
    usual = client.SEND_TIMEOUTS
    client.SEND_TIMEOUTS = HASTY if hasty else usual
    try:
        return connect(base_url, ApiKey(key))
    finally:
        client.SEND_TIMEOUTS = usual


class WaysAccount:
    """An account whose gateway is made by a function."""

    def __init__(self, key: str, make: Callable[[], Ways]) -> None:
        self._key = key
        self._make = make

    async def key(self) -> ApiKey:
        return ApiKey(self._key)

    async def keyring(self) -> str:
        return ""

    async def keep(self, key: ApiKey) -> None:
        del key

    async def connect(self, key: ApiKey) -> Gateway:
        del key
        return cast("Gateway", self._make())


class Mortal:
    """The engine's user in another process: gives orders to it, and kills it.

    Attributes:
        pid: Its process.
        alive: It was neither killed nor told to end.
    """

    def __init__(self, zygote: Zygote, pid: int, line: socket.socket) -> None:
        self._zygote = zygote
        self._line = line
        self._received = b""
        self.pid = pid
        self.alive = True

    def tell(self, order: Order) -> None:
        """Give an order, and do not wait for anything."""
        self._line.sendall(json.dumps(order).encode() + b"\n")

    def answer(self) -> Order:
        """The answer to the oldest order that was not answered yet."""
        end = time.monotonic() + 2 * PATIENCE
        while b"\n" not in self._received:
            if not select.select([self._line], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError("the engine does not answer")
            piece = self._line.recv(65536)
            if not piece:
                raise AssertionError("the engine has ended")
            self._received += piece
        answer, _, self._received = self._received.partition(b"\n")
        return cast("Order", json.loads(answer))

    def do(self, **order: Any) -> Order:
        """Give an order, and wait until it is carried out."""
        self.tell(order)
        return self.answer()

    def strike(self) -> None:
        """SIGKILL; `bury` it afterwards. May be called from any thread, and more than once."""
        if self.alive:
            self.alive = False
            os.kill(self.pid, signal.SIGKILL)

    def bury(self) -> None:
        """Wait until it is dead."""
        self._zygote.wait(self.pid)
        self._line.close()

    def kill(self) -> None:
        """SIGKILL; it is dead when this returns."""
        self.strike()
        self.bury()

    def end(self) -> None:
        """Let it end as at a quit."""
        self.alive = False
        self._line.shutdown(socket.SHUT_WR)
        self.bury()


class Zygote:
    """The warm process that all engines are forked from; to be used as a context manager."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()

    def start(
        self,
        store: Path,
        sandbox: Sandbox,
        clock: SharedClock,
        *,
        polling: Polling = ON_REQUEST_ONLY,
        others: Mapping[str, str] | None = None,
        hasty: bool = False,
    ) -> Mortal:
        """Start an engine.

        Args:
            store: Its store.
            sandbox: The gateway.
            clock: Its clock.
            polling: How often it asks.
            others: Addresses that certain texts are sent to instead.
            hasty: Its requests give up after a moment of silence.
        """
        ours, theirs = socket.socketpair()
        order = {
            "store": str(store),
            "base_url": sandbox.base_url,
            "key": sandbox.key,
            "clock": str(clock.file),
            "polling": asdict(polling),
            "others": dict(others or {}),
            "hasty": hasty,
        }
        socket.send_fds(self._line, [b"fork"], [theirs.fileno()])
        theirs.close()
        mortal = Mortal(self, self._answer(), ours)
        mortal.tell(order)
        return mortal

    def wait(self, pid: int) -> None:
        """Wait until an engine's process has ended."""
        self._line.sendall(str(pid).encode())
        self._answer()

    def _answer(self) -> int:
        if not select.select([self._line], [], [], PATIENCE)[0]:
            raise AssertionError("the process that forks does not answer")
        return int(self._line.recv(100))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        self._process.wait(PATIENCE)


# The other side


WAITS: tuple[tuple[object, str, float], ...] = (
    (poller, "SOON_SECONDS", 0.01),
    (sender, "BLOCKED_SECONDS", 0.05),
    (sender, "AGAIN_SECONDS", 0.05),
    (writer, "AGAIN_SECONDS", 0.05),
    (watcher, "TICK_SECONDS", 0.05),
    (BackOff, "FIRST_SECONDS", 0.02),
    (BackOff, "LONGEST_SECONDS", 0.05),
)
"""The engine's waits that are counted in real time, and what they are made."""


def _serve(line: socket.socket) -> None:
    for owner, name, seconds in WAITS:
        setattr(owner, name, seconds)
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(line, 100, 1)
        if not message:
            break
        if not descriptors:
            os.waitpid(int(message), 0)
            children.discard(int(message))
            line.sendall(b"0")
            continue
        child = os.fork()
        if child == 0:
            line.close()
            asyncio.run(_live(socket.socket(fileno=descriptors[0])))
            os._exit(0)
        children.add(child)
        os.close(descriptors[0])
        line.sendall(str(child).encode())
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


async def _live(line: socket.socket) -> None:
    reader, answers = await asyncio.open_connection(sock=line, limit=1 << 30)
    order = cast("Order", json.loads(await reader.readline()))
    made: asyncio.Future[Ways] = asyncio.get_running_loop().create_future()

    def make() -> Ways:
        usual = gateway_to(order["base_url"], order["key"], hasty=order["hasty"])
        others = {
            text: gateway_to(url, order["key"], hasty=order["hasty"]) for text, url in order["others"].items()
        }
        made.set_result(Ways(usual, others))
        return made.result()

    engine = Engine(
        Path(order["store"]),
        WaysAccount(order["key"], make),
        polling=Polling(**order["polling"]),
        now=SharedClock(Path(order["clock"])),
    )
    running = asyncio.create_task(engine.run())
    while received := await reader.readline():
        work = asyncio.create_task(_carry_out(json.loads(received), engine, made))
        await asyncio.wait({work, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            result = {"ended": repr(running.exception())}
            work.cancel()
        else:
            result = work.result()
        answers.write(json.dumps(result).encode() + b"\n")
        await answers.drain()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _carry_out(order: Order, engine: Engine, made: asyncio.Future[Ways]) -> Order:
    try:
        return await _do(order, engine, made)
    except GynetixError as error:
        return {"refused": str(error)}
    except TimeoutError:
        return {"late": True}


async def _do(order: Order, engine: Engine, made: asyncio.Future[Ways]) -> Order:
    contact = ContactId(order.get("contact", 0))
    match order["do"]:
        case "send":
            text = await engine.send(contact, order["text"], sender=PhoneNumber(order["sender"]))
            return {"id": text}
        case "again":
            await engine.send_again(OutboxId(order["id"]))
        case "discard":
            await engine.discard(OutboxId(order["id"]))
        case "draft":
            await engine.save_draft(contact, order["text"])
        case "read":
            await engine.mark_read(contact)
        case "suppress":
            return {"words": await engine.suppress(contact)}
        case "look":
            async with asyncio.timeout(PATIENCE):
                ways = await made
            await ways.look(engine, *order["phones"])
    return {}


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
