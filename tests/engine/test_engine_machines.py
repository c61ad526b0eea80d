"""Two machines on one store: neither sees the other's processes, and neither may take a live send for a dead one."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_kit import ANA, BEN, EAGER, HOME, START, Rig, rig_of

from gynetix_tui.engine import sender as sender_module
from gynetix_tui.engine import watcher as watcher_module
from gynetix_tui.engine.owner import LONGEST_SEND_SECONDS
from gynetix_tui.model import ContactId, OutboxId, SendState
from gynetix_tui.store import Store

ANAS, BENS = ContactId(1), ContactId(2)
ELSEWHERE = "4242:99:e2d1a0f4-another-boot:pid:[4026531836]"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "BLOCKED_SECONDS", 0.02)
    # The clock leaps here because time passes, not because the machine slept: that would wake the sender.
    monkeypatch.setattr(watcher_module, "SLEPT_SECONDS", 1e9)


class TwoMachines:
    """This machine's client, and a text to Ana that the other's is sending, with one behind it."""

    def __init__(self, rig: Rig, other: Store) -> None:
        self.rig = rig
        self.other = other
        self.theirs, self.behind = (
            other.outbox.add(ANAS, to=ANA, sender=HOME, text=text, now=START) for text in ("first", "second")
        )
        claimed = other.outbox.claim(owner=ELSEWHERE, now=START)
        assert claimed is not None
        assert claimed.id == self.theirs

    async def passed_by(self, text: str) -> None:
        """A text to Ben goes and comes: whatever the sender had to say to the others, it has said."""
        sent = await self.rig.engine.send(BENS, text, sender=HOME)
        await self.rig.becomes(sent, SendState.SEEN)

    def states(self) -> list[SendState]:
        return [self.rig.state(each) for each in (self.theirs, self.behind)]


async def test_what_another_machine_is_sending_is_left_to_it(tmp_path: Path) -> None:
    async with rig_of(tmp_path, polling=EAGER, contacts=(ANA, BEN)) as rig:
        with Store.open(rig.file) as other:
            both = TwoMachines(rig, other)
            await rig.live()
            for seconds in (0, 100, LONGEST_SEND_SECONDS - 100):
                rig.clock.at += seconds
                await both.passed_by(f"after {seconds} more")
                assert both.states() == [SendState.SENDING, SendState.QUEUED]
            rig.sandbox.world.send(ANA, "first", sender=HOME)
            other.outbox.finish(both.theirs, SendState.ACCEPTED, now=rig.clock.at)
            await rig.becomes(both.behind, SendState.SEEN)
            assert rig.state(both.theirs) is SendState.SEEN
            assert rig.posts()[-1] == "second"
            assert [m.text for m in rig.sandbox.world.conversation(ANA)] == ["first", "second"]


@pytest.mark.parametrize("alone", [False, True])
async def test_what_another_machine_can_no_longer_be_sending_is_uncertain(
    tmp_path: Path, alone: bool
) -> None:
    async with rig_of(tmp_path, polling=EAGER, contacts=(ANA, BEN)) as rig:
        with Store.open(rig.file) as other:
            both = TwoMachines(rig, other)
            if alone:
                other.outbox.discard(both.behind)
            await rig.live()
            await both.passed_by("meanwhile")
            rig.clock.at += LONGEST_SEND_SECONDS + 1
            # Nobody tells, and nothing wakes the sender.
            await rig.becomes(both.theirs, SendState.UNCONFIRMED)
            if not alone:
                await rig.becomes(both.behind, SendState.SEEN)
            assert rig.posts() == ["meanwhile", "second"][: 1 if alone else 2]
            text = rig.store.outbox.get(both.theirs)
            assert text is not None
            assert text.reason == "the program ended before the gateway answered"


@pytest.mark.parametrize("seconds", [-LONGEST_SEND_SECONDS, -5.0])
async def test_a_clock_that_is_ahead_there_takes_no_live_send_for_a_dead_one(
    tmp_path: Path, seconds: float
) -> None:
    async with rig_of(tmp_path, polling=EAGER, contacts=(ANA, BEN)) as rig:
        with Store.open(rig.file) as other:
            rig.clock.at += seconds
            both = TwoMachines(rig, other)
            await rig.live()
            await both.passed_by("meanwhile")
            assert both.states() == [SendState.SENDING, SendState.QUEUED]


@pytest.mark.parametrize("claimed_ago", [LONGEST_SEND_SECONDS + 1, 86_400.0, -86_400.0 * 365])
async def test_after_a_boot_what_was_under_way_is_uncertain_at_the_start(
    tmp_path: Path, claimed_ago: float
) -> None:
    # Also where the clock ran years ahead then: no text is held up until it gets there.
    async with rig_of(tmp_path) as rig:
        with Store.open(rig.file) as before:
            text: OutboxId = before.outbox.add(ANAS, to=ANA, sender=HOME, text="perhaps", now=START)
            assert before.outbox.claim(owner=ELSEWHERE, now=START - claimed_ago)
        rig.sandbox.stop()
        rig.start()
        await rig.becomes(text, SendState.UNCONFIRMED)
        assert rig.posts() == []
