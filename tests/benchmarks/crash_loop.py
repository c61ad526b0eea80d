"""Kill the client again and again while it sends, and see whether a text is ever lost, doubled or lied about.

    python tests/benchmarks/crash_loop.py --rounds 500

Each round queues one text, in one store for all rounds, and starts the real engine in a process of its own against
a gateway that may go wrong before or after it has acted. The process is killed (SIGKILL) at a random moment of the
send; the next round's engine finds what it left. At the end one engine settles everything. The exit code is 1
unless nothing was lost, doubled or wrongly claimed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "engine"))

from mortal_kit import SharedClock, Zygote

from gynetix_tui.model import ContactId, OutgoingText, PhoneNumber, SendState
from gynetix_tui.sandbox import Fault, FaultKind, Sandbox
from gynetix_tui.store import Store

START = 1_516_816_290.0
HOME = PhoneNumber("+15556667777")
PEOPLE = [PhoneNumber(f"+1555777{n:04}") for n in range(10)]
SETTLED = {SendState.SEEN, SendState.FAILED, SendState.DISCARDED}
CLAIMED = {SendState.ACCEPTED, SendState.SEEN}
DENIED = {SendState.QUEUED, SendState.FAILED}

FAULTS: tuple[Fault | None, ...] = (
    None,
    None,
    None,
    Fault(FaultKind.DELAY, seconds=0.005),
    Fault(FaultKind.DELAY, seconds=0.02),
    Fault(FaultKind.SLOW_DRIP, seconds=0.0005),
    Fault(FaultKind.SILENCE),
    Fault(FaultKind.SILENCE, acts=False),
    Fault(FaultKind.STATUS, status=503),
    Fault(FaultKind.STATUS, status=503, acts=False),
    Fault(FaultKind.STATUS, status=404),
    Fault(FaultKind.REFUSE),
    Fault(FaultKind.HTML),
    Fault(FaultKind.TRUNCATED_BODY),
    Fault(FaultKind.CLOSE_AFTER_BODY),
    Fault(FaultKind.CLOSE_AFTER_BODY, acts=False),
    Fault(FaultKind.RESET_AFTER_BODY),
    Fault(FaultKind.CLOSE_AFTER_HEADERS),
)


@dataclass(slots=True)
class Tally:
    """What was seen, by the texts that it concerns."""

    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)


class Loop:
    """One store, one sandbox, and the texts that were queued."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, clock: SharedClock, zygote: Zygote, chance: random.Random
    ) -> None:
        self.file = folder / "store.db"
        self.sandbox = sandbox
        self.clock = clock
        self.zygote = zygote
        self.chance = chance
        self.texts: dict[str, ContactId] = {}
        self.tally = Tally()
        with Store.open(self.file) as store, store.transaction():
            for number in PEOPLE:
                store.contacts.add(number, "", now=START - 3600)
        for number in PEOPLE:
            sandbox.world.receive(number, "before", START - 60)

    def round(self, number: int, window: float) -> None:
        """Queue a text, and kill whoever sends it."""
        contact, text = ContactId(1 + number % len(PEOPLE)), f"text {number}"
        fault = self.chance.choice(FAULTS)
        if fault:
            self.sandbox.faults.add(
                Fault(
                    fault.kind,
                    call="manualTXT",
                    times=1,
                    acts=fault.acts,
                    seconds=fault.seconds,
                    status=fault.status,
                )
            )
        mortal = self.zygote.start(self.file, self.sandbox, self.clock, hasty=True)
        if self.chance.random() < 0.8:
            mortal.do(do="look", phones=[PEOPLE[0]])  # it is connected: now the order is carried out at once
        order = {"do": "send", "contact": contact, "text": text, "sender": HOME}
        if self.chance.random() < 0.2:
            mortal.tell(order)  # and do not wait for its being written
            known = False
        else:
            known = "id" in mortal.do(**order)
        end = time.monotonic() + self.chance.random() * window
        while (left := end - time.monotonic()) > 0:
            time.sleep(left)
        mortal.kill()
        self.sandbox.faults.clear()
        rows = self.rows()
        if known or text in rows:
            self.texts[text] = contact
        row = rows.get(text)
        self.tally.met[str(row.state) if row else "not yet written"] += 1
        self.judge(rows)
        self.clock.advance(5)

    def settle(self) -> None:
        """One engine that is left alone, until nothing more becomes of the texts."""
        mortal = self.zygote.start(self.file, self.sandbox, self.clock)
        for _ in range(200):
            mortal.do(do="look", phones=PEOPLE)
            rows = self.rows()
            if all(row.state in SETTLED or row.misses > 1 for row in rows.values()):
                break
            self.clock.advance(31)
        mortal.end()
        rows = self.rows()
        self.judge(rows)
        self.tally.ended.update(str(row.state) for row in rows.values())

    def rows(self) -> dict[str, OutgoingText]:
        """The outbox by text."""
        with Store.open(self.file, read_only=True) as store:
            rows = [store.outbox.get(each) for each in range(1, len(self.texts) + 2)]  # type: ignore[arg-type]
        return {row.text: row for row in rows if row}

    def judge(self, rows: dict[str, OutgoingText]) -> None:
        """Compare what the store says with what is so; nothing is running."""
        world: dict[str, int] = Counter(
            message.text for number in PEOPLE for message in self.sandbox.world.conversation(number)
        )
        with Store.open(self.file, read_only=True) as store:
            shown = {
                contact: Counter(item.text for item in store.conversations.newest(contact, 100_000))
                for contact in set(self.texts.values())
            }
            missing = {
                item.text
                for contact in shown
                for item in store.conversations.newest(contact, 100_000)
                if item.missing
            }
        for text, contact in self.texts.items():
            copies = world[text]
            row = rows.get(text)
            if row is None or shown[contact][text] != 1:
                self.tally.lost.add(text)
            if copies > 1:
                self.tally.doubled.add(text)
            if row and ((row.state in CLAIMED and not copies) or (row.state in DENIED and copies)):
                self.tally.wrong.add(text)
            if text in missing and copies:
                self.tally.wrong.add(text)


def main(words: list[str]) -> int:
    """Run the rounds and print what came of them; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--window", type=float, default=0.04, help="seconds after the order within which to kill"
    )
    wanted = parser.parse_args(words)
    seed = wanted.seed if wanted.seed is not None else random.randrange(1 << 32)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name, Zygote() as zygote:
        clock = SharedClock(Path(name) / "clock", START)
        with Sandbox(people=(), now=clock) as sandbox:
            loop = Loop(Path(name), sandbox, clock, zygote, random.Random(seed))
            for number in range(wanted.rounds):
                loop.round(number, wanted.window)
            loop.settle()
        posts = sum(request.call == "manualTXT" for request in sandbox.requests)
        clock.close()
    tally = loop.tally
    lines = {
        "seed": seed,
        "rounds": wanted.rounds,
        "texts written": len(loop.texts),
        "seconds": round(time.monotonic() - begun, 1),
        "requests to send": posts,
        "lost": len(tally.lost),
        "doubled": len(tally.doubled),
        "wrongly claimed": len(tally.wrong),
    }
    lines |= {f"killed while {state}": count for state, count in sorted(tally.met.items())}
    lines |= {f"at the end {state}": count for state, count in sorted(tally.ended.items())}
    for label, value in lines.items():
        print(f"{label:<32}{value:>12}")  # noqa: T201 - its output
    bad = sorted(tally.lost | tally.doubled | tally.wrong)
    if bad:
        print("violations:", ", ".join(bad[:20]))  # noqa: T201
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
