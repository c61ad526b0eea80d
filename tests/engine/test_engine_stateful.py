"""Any order of what users, gateways, networks and kernels do: no text is lost, doubled or lied about.

Real engines in processes of their own, up to two at a time, work on one store file against one sandbox, by a clock
that is set by hand. Every kill is SIGKILL: idle, at a random moment of a send, or just when the gateway has acted.
The suite takes the same steps each time; by hand there are more, and others:

    STATEFUL_EXAMPLES=500 pytest -n 0 tests/engine/test_engine_stateful.py

Texts of the account's that another client sends have words of their own here: an identical one, sent elsewhere
within the minutes in which ours was under way, cannot be told from ours, as the gateway gives no ids.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from canary import KEY
from engine_kit import ANA, BEN, HOME, START
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from mortal_kit import Mortal, SharedClock, Zygote

from gynetix_tui.model import ContactId, Direction, SendState
from gynetix_tui.sandbox import Fault, FaultKind, RecordedRequest, Sandbox
from gynetix_tui.store import Store

KEYWORDS = ("STOP", "START")
PHONES = {ContactId(1): ANA, ContactId(2): BEN}
CLAIMED = {SendState.ACCEPTED, SendState.SEEN}
DENIED = {SendState.QUEUED, SendState.FAILED}
OPEN = {SendState.QUEUED, SendState.SENDING, SendState.ACCEPTED}

SEND_FAULTS = [
    Fault(FaultKind.REFUSE),
    *[Fault(FaultKind.STATUS, status=status) for status in (404, 408, 429, 500)],
    Fault(FaultKind.STATUS, status=503, acts=False),
    Fault(FaultKind.HTML),
    Fault(FaultKind.TRUNCATED_BODY),
    Fault(FaultKind.CLOSE_AFTER_BODY),
    Fault(FaultKind.CLOSE_AFTER_BODY, acts=False),
    Fault(FaultKind.CLOSE_AFTER_HEADERS),
    Fault(FaultKind.SILENCE),
    Fault(FaultKind.SILENCE, acts=False),
    Fault(FaultKind.DELAY, seconds=0.05),
    Fault(FaultKind.ALTERED_TEXT),
]
FETCH_FAULTS = [
    Fault(FaultKind.STATUS, status=500),
    Fault(FaultKind.REFUSE),
    Fault(FaultKind.TRUNCATED_JSON),
    Fault(FaultKind.CLOSE_AFTER_BODY),
    Fault(FaultKind.EMPTY_CONVERSATION),
    Fault(FaultKind.ONE_BROKEN_MESSAGE),
    Fault(FaultKind.NUMBERS_AS_TEXT),
]

contacts = st.sampled_from(list(PHONES))
slots = st.integers(0, 1)
words = st.sampled_from(["ok", "ok", "yes", "see you\nat nine"])


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox."""

    id: int
    contact: ContactId
    text: str
    state: SendState
    missing: bool


class Outbox(RuleBasedStateMachine):
    """The user, the gateway, the network and the kernel, and what must be so whatever they do."""

    zygote: ClassVar[Zygote]

    @initialize()
    def begin(self) -> None:
        self.stack = contextlib.ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.file = folder / "store.db"
        with Store.open(self.file) as store, store.transaction():
            for number in PHONES.values():
                store.contacts.add(number, "", now=START - 3600)
        self.clock = SharedClock(folder / "clock", START)
        self.stack.callback(self.clock.close)
        self.sandbox = Sandbox(key=KEY, people=(), now=self.clock)
        self.sandbox.start()
        self.stack.callback(self.sandbox.stop)
        self.up = True
        self.store = self.stack.enter_context(Store.open(self.file, read_only=True))
        self.raw = self.stack.enter_context(
            contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, isolation_level=None))
        )
        self.clients: list[Mortal | None] = [None, None]
        self.doomed: Mortal | None = None
        self._record = self.sandbox._journal.record
        self.sandbox._journal.record = self._record_and_kill  # type: ignore[method-assign]
        self.sent: Counter[tuple[ContactId, str]] = Counter()
        self.drafts = {contact: {""} for contact in PHONES}
        self.incoming = dict.fromkeys(PHONES, 1)
        self.read = dict.fromkeys(PHONES, (0, 0))
        for number in PHONES.values():
            self.sandbox.world.receive(number, "before", START - 60)
        with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as auditor:
            auditor.execute("CREATE TABLE audit (text INTEGER)")
            # Seen by the database itself, in the very transaction of the claim.
            auditor.execute(
                """
                CREATE TRIGGER audit_of_claims AFTER UPDATE OF state ON outbox WHEN new.state = 'sending' AND EXISTS
                    (SELECT 1 FROM contacts WHERE id = new.contact_id AND (suppressed OR opt_out_text IS NOT NULL))
                BEGIN INSERT INTO audit VALUES (new.id); END
                """
            )

    def _record_and_kill(self, request: RecordedRequest) -> None:
        self._record(request)
        if self.doomed and request.call == "manualTXT":
            self.doomed.strike()

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        try:
            self.settle()
        finally:
            for client in self.clients:
                if client:
                    client.kill()
            self.stack.close()

    # What is looked at

    def rows(self) -> list[Row]:
        found = self.raw.execute(
            "SELECT id, contact_id, text, state, missing FROM outbox ORDER BY id"
        ).fetchall()
        return [
            Row(id_, ContactId(contact), text, SendState(state), bool(missing))
            for id_, contact, text, state, missing in found
        ]

    def arrived(self) -> Counter[tuple[ContactId, str]]:
        """The texts that went out from here, as the world has them."""
        return Counter(
            (contact, message.text.replace("\r\n", "\n"))
            for contact, number in PHONES.items()
            for message in self.sandbox.world.conversation(number)
            if message.direction == "OUT" and not message.text.startswith("elsewhere")
        )

    def shown(self, contact: ContactId, direction: Direction) -> Counter[str]:
        items = self.store.conversations.newest(contact, 1000)
        return Counter(item.text.replace("\r\n", "\n") for item in items if item.direction is direction)

    def client(self, slot: int) -> Mortal:
        """A client that runs; the other one where this does not."""
        for each in (slot, 1 - slot):
            if client := self.clients[each]:
                return client
        return self._start(slot)

    def _start(self, slot: int) -> Mortal:
        client = self.zygote.start(self.file, self.sandbox, self.clock, hasty=True)
        self.clients[slot] = client
        return client

    # What the user does

    @rule(slot=slots)
    def start(self, slot: int) -> None:
        if not self.clients[slot]:
            self._start(slot)

    @rule(slot=slots, contact=contacts, text=st.sampled_from(["", "half a te", "half a text"]))
    def type_draft(self, slot: int, contact: ContactId, text: str) -> None:
        assert self.client(slot).do(do="draft", contact=contact, text=text) == {}
        self.drafts[contact] = {text}

    @rule(slot=slots, contact=contacts, text=words)
    def send(self, slot: int, contact: ContactId, text: str) -> None:
        answer = self.client(slot).do(do="send", contact=contact, text=text, sender=HOME)
        if "refused" in answer:
            assert re.search("they texted STOP|it is suppressed", answer["refused"]), answer
            return
        self.sent[contact, text] += 1
        self.drafts[contact] = {""}

    @rule(slot=slots, contact=contacts)
    def send_something_new(self, slot: int, contact: ContactId) -> None:
        self.send(slot, contact, f"text {sum(self.sent.values())}")

    @rule(slot=slots, contact=contacts)
    def look_at_all(self, slot: int, contact: ContactId) -> None:
        client = self.client(slot)
        before = self.incoming_stored(contact)
        assert client.do(do="read", contact=contact) == {}
        self.read[contact] = before, self.incoming_stored(contact)

    def incoming_stored(self, contact: ContactId) -> int:
        return self.shown(contact, Direction.IN).total()

    @rule(slot=slots, which=st.integers(0, 20), again=st.booleans())
    def decide(self, slot: int, which: int, again: bool) -> None:
        rows = [
            row
            for row in self.rows()
            if row.state in {SendState.UNCONFIRMED, SendState.FAILED}
            or (row.state is SendState.QUEUED and not again)
        ]
        if rows:
            row = rows[which % len(rows)]
            answer = self.client(slot).do(do="again" if again else "discard", id=row.id)
            if again and not answer:
                self.sent[row.contact, row.text] += 1

    @rule(slot=slots)
    def poll(self, slot: int) -> None:
        assert self.client(slot).do(do="look", phones=list(PHONES.values())) == {}

    @precondition(lambda self: any(self.clients))
    @rule(slot=slots)
    def leave(self, slot: int) -> None:
        if client := self.clients[slot]:
            self.clients[slot] = None
            client.end()

    # What happens to them

    @precondition(lambda self: any(self.clients))
    @rule(slot=slots)
    def kill(self, slot: int) -> None:
        if client := self.clients[slot]:
            self.clients[slot] = None
            client.kill()

    @rule(
        slot=slots,
        contact=contacts,
        text=words,
        connected=st.booleans(),
        moment=st.integers(0, 40) | st.none(),
    )
    def kill_while_sending(
        self, slot: int, contact: ContactId, text: str, connected: bool, moment: int | None
    ) -> None:
        """Some milliseconds after the order, or when the gateway has acted, or anything else it has to do."""
        client = self.clients[slot] or self._start(slot)
        if connected:
            client.do(do="look", phones=[ANA])
        before = [row for row in self.rows() if (row.contact, row.text) == (contact, text)]
        if moment is None:
            self.doomed = client
        client.tell({"do": "send", "contact": contact, "text": text, "sender": HOME})
        end = time.monotonic() + (0.2 if moment is None else moment / 1000)
        while client.alive and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.005))
        self.doomed = None
        self.clients[slot] = None
        client.kill()
        after = [row for row in self.rows() if (row.contact, row.text) == (contact, text)]
        if len(after) > len(before):
            self.sent[contact, text] += 1
            self.drafts[contact] = {""}

    @rule(fault=st.sampled_from(SEND_FAULTS), times=st.integers(1, 2))
    def sends_go_wrong(self, fault: Fault, times: int) -> None:
        self.sandbox.faults.add(replace(fault, call="manualTXT", times=times))

    @rule(fault=st.sampled_from(FETCH_FAULTS), times=st.integers(1, 3))
    def fetches_go_wrong(self, fault: Fault, times: int) -> None:
        self.sandbox.faults.add(replace(fault, call="getConversation", times=times))

    @rule()
    def the_gateway_goes_or_comes_back(self) -> None:
        if self.up:
            self.sandbox.stop()
        else:
            self.sandbox.start()
        self.up = not self.up

    @rule(seconds=st.sampled_from([1, 3, 20, 61, 300, 601, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(contact=contacts)
    def the_other_side_writes(self, contact: ContactId) -> None:
        self.incoming[contact] += 1
        self.sandbox.world.receive(PHONES[contact], f"incoming {self.incoming[contact] % 3}")

    @rule(contact=contacts, keyword=st.sampled_from(KEYWORDS))
    def the_other_side_says(self, contact: ContactId, keyword: str) -> None:
        self.incoming[contact] += 1
        self.sandbox.world.receive(PHONES[contact], keyword)

    @rule(slot=slots, contact=contacts)
    def a_stop_comes_while_a_text_waits(self, slot: int, contact: ContactId) -> None:
        if self.up:
            self.the_gateway_goes_or_comes_back()
        before = self.sent.copy()
        self.send_something_new(slot, contact)
        tried = "SELECT count(*) FROM outbox WHERE state = 'queued' AND contact_id = ? AND attempts = 0"
        end = time.monotonic() + 5
        while self.sent != before and self.raw.execute(tried, (contact,)).fetchone()[0]:
            if time.monotonic() > end:
                break  # it waits behind another one
            time.sleep(0.01)
        self.the_other_side_says(contact, "STOP")
        self.the_gateway_goes_or_comes_back()
        self.poll(slot)

    @rule(slot=slots)
    def suppress(self, slot: int) -> None:
        """Only one of them: nothing undoes it."""
        answer = self.client(slot).do(do="suppress", contact=ContactId(2))
        assert answer.keys() in ({"words"}, {"refused"}), answer

    @rule(contact=contacts)
    def another_client_sends(self, contact: ContactId) -> None:
        self.sandbox.world.sent_elsewhere(PHONES[contact], "elsewhere")

    @rule()
    def settle(self) -> None:
        """All is well again for long enough: then nothing is open, and all that can be known is known."""
        self.sandbox.faults.clear()
        if not self.up:
            self.the_gateway_goes_or_comes_back()
        client = self.client(0)
        end = time.monotonic() + 20
        while True:
            assert client.do(do="look", phones=list(PHONES.values())) == {}
            still = [row for row in self.rows() if row.state in OPEN]
            if not still:
                break
            assert time.monotonic() < end, still
            time.sleep(0.02)  # the limit on requests holds here too
            if any(row.state is SendState.QUEUED for row in still):
                self.clock.advance(3)
        self.clock.advance(61)
        for _ in range(3):
            client.do(do="look", phones=list(PHONES.values()))
        arrived = self.arrived()
        for contact, number in PHONES.items():
            there = Counter(
                message.text
                for message in self.sandbox.world.conversation(number)
                if message.direction == "IN"
            )
            assert self.shown(contact, Direction.IN) == there
            least, most = (there.total() - count for count in reversed(self.read[contact]))
            assert least <= self._unread(contact) <= most
        rows = self.rows()
        for row in rows:
            if self.sent[row.contact, row.text] == 1:
                there_is = arrived[row.contact, row.text] == 1
                expected = {SendState.SEEN} if there_is else {SendState.FAILED, SendState.UNCONFIRMED}
                assert row.state in expected | {SendState.DISCARDED}, row
        for key, count in arrived.items():
            contact, text = key
            kept = [
                row
                for row in rows
                if (row.contact, row.text) == key and row.state in DENIED | {SendState.UNCONFIRMED}
            ]
            assert self.shown(contact, Direction.OUT)[text] == count + len(kept), "a text stands there twice"

    def _unread(self, contact: ContactId) -> int:
        ((unread, counted),) = self.raw.execute(
            "SELECT unread, (SELECT count(*) FROM messages WHERE contact_id = contacts.id AND unread)"
            " FROM contacts WHERE id = ?",
            (contact,),
        )
        assert unread == counted
        return int(unread)

    # What must be so at any time

    @invariant()
    def no_text_is_lost(self) -> None:
        rows = self.rows()
        assert Counter((row.contact, row.text) for row in rows) == self.sent
        kept = Counter((row.contact, row.text) for row in rows if row.state is not SendState.DISCARDED)
        for contact in PHONES:
            shown = self.shown(contact, Direction.OUT)
            assert all(shown[text] >= count for (whose, text), count in kept.items() if whose == contact)

    @invariant()
    def no_text_goes_out_more_often_than_it_was_sent(self) -> None:
        arrived = self.arrived()
        assert all(count <= self.sent[key] for key, count in arrived.items())

    @invariant()
    def what_is_told_is_true(self) -> None:
        # The world only grows: what it had before proves what is denied, what it has after what is claimed.
        before = self.arrived()
        rows = self.rows()
        after = self.arrived()
        for key, count in self.sent.items():
            states = [row.state for row in rows if (row.contact, row.text) == key]
            claimed = sum(state in CLAIMED for state in states)
            denied = sum(state in DENIED for state in states)
            assert claimed <= after[key], (key, states)
            assert denied <= count - before[key], (key, states)
            missing = sum(
                row.missing and row.state is SendState.UNCONFIRMED
                for row in rows
                if (row.contact, row.text) == key
            )
            assert missing + denied <= count - before[key] or count > 1, (key, states)

    @invariant()
    def nothing_goes_to_who_may_not_be_texted(self) -> None:
        assert self.raw.execute("SELECT * FROM audit").fetchall() == []
        waiting = self.raw.execute(
            "SELECT * FROM outbox JOIN contacts ON contacts.id = contact_id"
            " WHERE state = 'queued' AND (suppressed OR opt_out_text IS NOT NULL)"
        )
        assert waiting.fetchall() == []

    @invariant()
    def the_newest_keyword_decides(self) -> None:
        """In the store itself: what was merged, and the lock, are of one transaction."""
        found = self.raw.execute(
            """
            SELECT opt_out_text IS NOT NULL, coalesce((SELECT text FROM messages WHERE contact_id = contacts.id
                AND direction = 'IN' AND text IN (?, ?) ORDER BY ts DESC, rank DESC, id DESC LIMIT 1), 'START') = 'STOP'
            FROM contacts
            """,
            KEYWORDS,
        ).fetchall()
        assert all(locked == said for locked, said in found), found

    @invariant()
    def unread_counts_are_true(self) -> None:
        for contact in PHONES:
            assert 0 <= self._unread(contact) <= self.incoming[contact]

    @invariant()
    def drafts_are_as_they_were_typed(self) -> None:
        for contact, drafts in self.drafts.items():
            assert self.store.drafts.get(contact) in drafts


@pytest.fixture(scope="module", autouse=True)
def _zygote() -> Iterator[None]:
    with Zygote() as Outbox.zygote:
        yield


EXAMPLES = os.environ.get("STATEFUL_EXAMPLES")
TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(
    max_examples=int(EXAMPLES or 40),
    stateful_step_count=20,
    derandomize=EXAMPLES is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
