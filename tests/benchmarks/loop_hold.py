"""How long the event loop is held up while the real engine fetches a long conversation and merges it.

    python tests/benchmarks/loop_hold.py --messages 100000

The gateway runs in another process. A task on the loop sleeps for a millisecond over and over, and each sleep that
is longer is a hold: the loop worked itself, or had no core, or somebody else had Python's lock. The first two are told;
what is left is the third. Then: the first fetch, unchanged answers, and answers with one more text. The row before
them is the machine's own unrest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from make_store import messages

from gynetix_tui.engine.account import import_ahead
from gynetix_tui.engine.engine import Engine
from gynetix_tui.engine.events import ContactChanged
from gynetix_tui.fetched import FetchedConversation
from gynetix_tui.gateway import Gateway
from gynetix_tui.model import ContactId, Direction, PhoneNumber
from gynetix_tui.runtime import settle
from gynetix_tui.sandbox import Sandbox
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

ANA = PhoneNumber("+15550000001")
NEVER = Polling(open_seconds=3600, recent_seconds=3600, dormant_seconds=3600, requests_per_minute=6000)
BEAT = 0.001
DEADLINE = 120.0


# The gateway, in a process of its own


def serve(count: int) -> int:
    """Be the gateway; each line of input is a text that comes in."""
    with Sandbox(people=()) as sandbox:
        for message in messages(count, until=time.time() - 60):
            put = sandbox.world.receive if message.direction is Direction.IN else sandbox.world.sent_elsewhere
            put(ANA, message.text, message.ts)
        print(json.dumps({"base_url": sandbox.base_url, "key": sandbox.key}), flush=True)  # noqa: T201 - the answer
        for line in sys.stdin:
            sandbox.world.receive(ANA, line.strip())
            print("{}", flush=True)  # noqa: T201
    return 0


class Remote:
    """The gateway's process."""

    def __init__(self, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", "--messages", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        hello = json.loads(self._process.stdout.readline())
        self.base_url, self.key = str(hello["base_url"]), str(hello["key"])

    def receive(self, text: str) -> None:
        """Let a text come in."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def end(self) -> None:
        """Let it end."""
        self._process.communicate(timeout=10)


class Watched(Gateway):
    """The gateway; tells when an answer was handed to the engine."""

    answered: asyncio.Event

    async def get_conversation(
        self, **asked: Any
    ) -> FetchedConversation | None:  # whatever a fetch may ask for
        try:
            return await super().get_conversation(**asked)
        finally:
            self.answered.set()


class Account:
    """An account at the gateway's process."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self.answered = asyncio.Event()

    async def key(self) -> ApiKey:
        return ApiKey(self._remote.key)

    async def keyring(self) -> str:
        return ""

    async def keep(self, key: ApiKey) -> None:
        del key

    async def connect(self, key: ApiKey) -> Gateway:
        gateway = await asyncio.to_thread(Watched, base_url=self._remote.base_url, key=key)
        await asyncio.to_thread(import_ahead)
        gateway.answered = self.answered
        return gateway


# The heart


@dataclass(frozen=True, slots=True)
class Hold:
    """A sleep that took longer, in seconds.

    Attributes:
        late: How much longer.
        worked: How long the loop's thread worked meanwhile.
        waited: How long it waited for a core meanwhile; 0 where the system does not tell.
    """

    late: float
    worked: float
    waited: float


class Heart:
    """Beats once a millisecond, and notes how late each beat is."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []

    async def beat(self) -> None:
        while True:
            at, worked, waited = time.perf_counter(), time.thread_time(), _waited()
            await asyncio.sleep(BEAT)
            late = time.perf_counter() - at - BEAT
            self.holds.append(Hold(late, time.thread_time() - worked, _waited() - waited))


def _waited() -> float:
    """Seconds that this thread could have run and had no core (Linux)."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def row(name: str, holds: Sequence[Hold], took: float) -> None:
    """Print a row of the table."""
    holds = sorted(holds, key=lambda hold: hold.late)
    longest = holds[-1]
    rest = [max(0.0, hold.late - hold.waited) for hold in holds]
    figures = (
        longest.late,
        longest.worked,
        longest.waited,
        holds[int(len(holds) * 0.99)].late,
        max(rest),
        took,
    )
    told = "".join(f"{figure * 1e3:9.1f}" for figure in figures)
    print(f"{name:<26}{told}{sum(each > 0.016 for each in rest):9}")  # noqa: T201 - its output


async def measure(remote: Remote, file: Path, count: int, times: int) -> None:
    """Run the engine, and print the table."""
    settle()  # as the client does
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    with Store.open(file) as store:
        store.contacts.add(ANA, "Ana", now=time.time())
    store = Store.open(file, read_only=True)
    account = Account(remote)
    engine = Engine(file, account, polling=NEVER)
    changes = asyncio.Event()
    engine.subscribe(lambda event: changes.set() if isinstance(event, ContactChanged) else None)
    print(  # noqa: T201 - its output
        f"{f'{count:,} texts':<26}{'longest':>9}{'its work':>9}{'no core':>9}{'p99':>9}{'had core':>9}{'took':>9}{'> 16 ms':>9}"
    )

    async def merged() -> None:
        async with asyncio.timeout(DEADLINE):
            await changes.wait()
        changes.clear()
        await asyncio.sleep(0.3)  # what comes after it is of the same hold

    async def rows(name: str, work: Callable[[], Awaitable[None]], turns: int) -> None:
        heart.holds.clear()
        began = time.perf_counter()
        for _ in range(turns):
            await work()
        row(name, heart.holds, (time.perf_counter() - began) / turns)

    async def rest() -> None:
        await asyncio.sleep(1)

    async def start() -> None:
        running.append(asyncio.create_task(engine.run()))
        await merged()

    async def unchanged() -> None:
        account.answered.clear()
        engine.refresh()
        async with asyncio.timeout(DEADLINE):
            await account.answered.wait()
        await asyncio.sleep(0.3)

    async def changed() -> None:
        await asyncio.to_thread(remote.receive, "one more")
        engine.refresh()
        await merged()

    running: list[asyncio.Task[None]] = []
    try:
        await rows("nothing", rest, 3)
        await rows("the first fetch", start, 1)
        await rows("an unchanged answer", unchanged, times)
        await rows("an answer with one more", changed, times)
        assert len(store.messages.since(ContactId(1), 0)) == count + times
    finally:
        for task in [*running, beating]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        store.close()


def main(words: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args(words)
    if wanted.serve:
        return serve(wanted.messages)
    remote = Remote(wanted.messages)
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(remote, Path(folder) / "store.db", wanted.messages, wanted.times))
    finally:
        remote.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
