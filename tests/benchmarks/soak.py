"""Leave the engine alone with 200 contacts and a gateway that goes wrong, and see what it costs and whether it keeps its word.

    python tests/benchmarks/soak.py --minutes 30

The real engine runs here, without a screen. The gateway runs in another process, so that its memory does not count;
one request in twenty meets a fault of a random kind. Texts come in and go out all the time. At the end faults and
traffic stop, everything settles, and what the store says is compared with what the gateway has. The exit code is 1
unless nothing was lost, doubled or wrongly claimed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from gynetix_tui.engine.account import connect
from gynetix_tui.engine.engine import Engine
from gynetix_tui.engine.events import ContactChanged, Event
from gynetix_tui.gateway import Gateway, client
from gynetix_tui.model import ContactId, Direction, PhoneNumber, SendState
from gynetix_tui.sandbox import Fault, FaultKind, Person, Sandbox
from gynetix_tui.sandbox.faults import BEFORE_BODY
from gynetix_tui.settings.schema import Polling
from gynetix_tui.settings.secret import ApiKey
from gynetix_tui.store import Store

HOME = PhoneNumber("+15556667777")
PEOPLE = [PhoneNumber(f"+1555{n:07}") for n in range(200)]
FAULTY_SHARE = 0.05
SEND_EVERY = 1.0
RECEIVE_EVERY = 0.5
POLLING = Polling(open_seconds=1, recent_seconds=10, dormant_seconds=20, requests_per_minute=1800)
TIMEOUTS = httpx.Timeout(connect=3, write=3, read=3, pool=3)
"""Silence is one of the faults; with the usual minute there would be little else."""
CALM_SECONDS = 75.0
"""A text that is nowhere is told missing a minute after its request."""
ALTERING = {FaultKind.MISSING_TS, FaultKind.LONE_SURROGATE, FaultKind.INVALID_UTF8, FaultKind.SHORTER}
"""An answer that says other texts than were sent, or hides one, makes any comparison idle: sends only."""


# The gateway, in a process of its own


def serve() -> int:
    """Be the gateway; take orders by lines, answer with JSON."""
    chance = random.Random(2)
    people = [Person(number.removeprefix("+"), "", then=("ok", "see you", "👍")) for number in PEOPLE[:50]]
    with Sandbox(people=people) as sandbox:
        for number in PEOPLE[::2]:
            sandbox.world.receive(number, "before", time.time() - 3600)
        calm = threading.Event()
        take = sandbox.faults.take
        met: Counter[str] = Counter()

        def perhaps(call: str | None, path: str, phone: str, *, before_body: bool) -> Fault | None:
            kinds = [kind for kind in FaultKind if (kind in BEFORE_BODY) is before_body]
            # Each request passes here twice: before its body, where two kinds are met, and after it.
            share = FAULTY_SHARE * len(kinds) / len(FaultKind)
            if calm.is_set() or chance.random() >= share:
                return take(call, path, phone, before_body=before_body)
            kind = chance.choice(kinds)
            if call == "getConversation" and kind in ALTERING:
                return None
            met[kind] += 1
            status = chance.choice((400, 404, 408, 429, 500, 502, 503))
            acts = (
                None
                if kind in (FaultKind.STATUS, FaultKind.REFUSE) or kind in BEFORE_BODY
                else chance.choice((None, None, False))
            )
            return Fault(kind, acts=_lawful(kind, acts), status=status, seconds=0.02, size=256 << 10)

        def traffic() -> None:
            number = 0
            while not calm.wait(chance.expovariate(1 / RECEIVE_EVERY)):
                number += 1
                sandbox.world.receive(chance.choice(PEOPLE), f"incoming {number}")

        sandbox.faults.take = perhaps  # type: ignore[method-assign]
        thread = threading.Thread(target=traffic)
        thread.start()
        print(json.dumps({"base_url": sandbox.base_url, "key": sandbox.key}), flush=True)  # noqa: T201 - the answer
        for line in sys.stdin:
            if line.strip() == "calm":
                calm.set()
                thread.join()
                print("{}", flush=True)  # noqa: T201
            else:
                report = {
                    "world": {
                        n: [(m.direction, m.text) for m in sandbox.world.conversation(n)] for n in PEOPLE
                    },
                    "requests": len(sandbox.requests),
                    "posts": sum(request.call == "manualTXT" for request in sandbox.requests),
                    "faults": met.total(),
                }
                print(json.dumps(report), flush=True)  # noqa: T201
        calm.set()
        thread.join()
    return 0


def _lawful(kind: FaultKind, acts: bool | None) -> bool | None:
    """A gateway that says success has acted."""
    odd = {
        FaultKind.NUMBERS_AS_TEXT, FaultKind.MISSING_TS, FaultKind.UNKNOWN_FIELDS, FaultKind.ONE_BROKEN_MESSAGE,
        FaultKind.LONE_SURROGATE, FaultKind.INVALID_UTF8, FaultKind.CURLY_QUOTES, FaultKind.HUGE, FaultKind.SLOW_DRIP,
        FaultKind.DELAY, FaultKind.EMPTY_CONVERSATION, FaultKind.SHORTER, FaultKind.ALTERED_TEXT,
    }  # fmt: skip
    return None if kind in odd else acts


class Remote:
    """The gateway's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        hello = self._read()
        self.base_url, self.key = hello["base_url"], hello["key"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def ask(self, order: str) -> dict[str, Any]:
        """Give an order and return the answer."""
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> None:
        """Let it end."""
        self._process.communicate()


# The engine, here


class OneAccount:
    """An account with that gateway."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def key(self) -> ApiKey:
        return ApiKey(self._remote.key)

    async def keyring(self) -> str:
        return ""

    async def keep(self, key: ApiKey) -> None:
        del key

    async def connect(self, key: ApiKey) -> Gateway:
        client.SEND_TIMEOUTS = client.FETCH_TIMEOUTS = TIMEOUTS
        return connect(self._remote.base_url, key)


def resident_bytes() -> int:
    """The memory of this process that is really there."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure() -> dict[str, float]:
    """What this process uses."""
    return {
        "RSS (MB)": round(resident_bytes() / 1e6, 1),
        "open descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "tasks": len(asyncio.all_tasks()),
        "cpu": time.process_time(),
        "at": time.monotonic(),
    }


async def soak(file: Path, remote: Remote, seconds: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run the engine; return what was measured, and the texts that were sent by contact."""
    chance = random.Random(3)
    sent: dict[str, ContactId] = {}
    changes: Counter[str] = Counter()

    def listen(event: Event) -> None:
        changes[type(event).__name__] += 1
        if isinstance(event, ContactChanged):
            store.contacts.summary(event.contact_id)  # as the screen does

    engine = Engine(file, OneAccount(remote), polling=POLLING)
    with Store.open(file, read_only=True) as store:
        engine.subscribe(listen)
        running = asyncio.create_task(engine.run())
        try:
            warm, end = time.monotonic() + min(60.0, seconds / 5), time.monotonic() + seconds
            start: dict[str, float] = {}
            while time.monotonic() < end and not running.done():
                if not start and time.monotonic() > warm:
                    start = measure()
                contact = ContactId(chance.randint(1, len(PEOPLE)))
                engine.open(contact)
                text = f"outgoing {len(sent)} {'x' * chance.randint(0, 300)}"
                await engine.save_draft(contact, text[:20])
                await engine.send(contact, text, sender=HOME)
                sent[text] = contact
                if chance.random() < 0.3:
                    await engine.mark_read(contact)
                await asyncio.sleep(chance.expovariate(1 / SEND_EVERY))
            stop = measure()
            tell("settling")
            remote.ask("calm")
            engine.open(None)
            end = time.monotonic() + CALM_SECONDS
            while time.monotonic() < end and not running.done():
                await asyncio.sleep(10)
                engine.refresh()
            await asyncio.sleep(10)
            after = measure()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    return {"start": start, "stop": stop, "after": after, "sent": sent, "events": dict(changes)}


def judge(
    file: Path, sent: dict[str, ContactId], world: dict[str, list[tuple[str, str]]]
) -> dict[str, list[str]]:
    """Compare what the store says with what the gateway has."""
    found: dict[str, list[str]] = {
        "lost": [],
        "doubled": [],
        "wrongly claimed": [],
        "not merged": [],
        "unread wrong": [],
    }
    with Store.open(file, read_only=True) as store:
        for contact, number in enumerate(PEOPLE, 1):
            items = store.conversations.newest(ContactId(contact), 1_000_000)
            there = Counter(text for direction, text in world[number] if direction == "OUT")
            coming = Counter(text for direction, text in world[number] if direction == "IN")
            if coming != Counter(item.text for item in items if item.direction is Direction.IN):
                found["not merged"].append(number)
            summary = store.contacts.summary(ContactId(contact))
            if summary is None or summary.unread != sum(item.unread for item in items):
                found["unread wrong"].append(number)
            ours = {text for text, whose in sent.items() if whose == contact}
            shown = Counter(item.text for item in items if item.direction is Direction.OUT)
            found["lost"] += [text for text in ours if shown[text] != 1]
            found["doubled"] += [text for text in ours if there[text] > 1]
            for item in items:
                if item.text not in ours:
                    continue
                claimed = item.state in {SendState.ACCEPTED, SendState.SEEN}
                denied = item.state in {SendState.QUEUED, SendState.FAILED} or item.missing
                if (claimed and not there[item.text]) or (denied and there[item.text]):
                    found["wrongly claimed"].append(item.text)
    return found


def main(words: list[str]) -> int:
    """Soak, and print what came of it; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args(words)
    if wanted.serve:
        return serve()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "store.db"
        with Store.open(file) as store, store.transaction():
            for number in PEOPLE:
                store.contacts.add(number, "", now=time.time() - 3600)
        remote = Remote()
        try:
            result = asyncio.run(
                soak(file, remote, wanted.minutes * 60, lambda words: print(words, file=sys.stderr))  # noqa: T201
            )
            report = remote.ask("report")
        finally:
            remote.end()
        found = judge(file, result["sent"], report["world"])
        with Store.open(file, read_only=True) as store:
            states = Counter(
                str(item.state)
                for contact in range(1, len(PEOPLE) + 1)
                for item in store.conversations.newest(ContactId(contact), 1_000_000)
                if item.text in result["sent"]
            )
    start, stop, after = result["start"], result["stop"], result["after"]
    lines: dict[str, object] = {
        "minutes": wanted.minutes,
        "requests": report["requests"],
        "of them sends": report["posts"],
        "faults met": report["faults"],
        "texts written": len(result["sent"]),
        "texts incoming": sum(d == "IN" for each in report["world"].values() for d, _ in each),
        "events": sum(result["events"].values()),
        "CPU %": round(100 * (stop["cpu"] - start["cpu"]) / (stop["at"] - start["at"]), 1),
    }
    for label in ("RSS (MB)", "open descriptors", "threads", "tasks"):
        lines[f"{label}: warm, end, calm"] = f"{start[label]:g}, {stop[label]:g}, {after[label]:g}"
    lines |= {f"at the end {state}": count for state, count in sorted(states.items())}
    lines |= {label: len(each) for label, each in found.items()}
    for label, value in lines.items():
        print(f"{label:<36}{value!s:>24}")  # noqa: T201 - its output
    for label, each in found.items():
        for text in each[:5]:
            print(f"{label}: {text[:40]}")  # noqa: T201
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
