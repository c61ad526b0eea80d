"""What nobody tells: another client that writes to the same store, and a machine that slept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from engine_kit import ANA, BEN, CLEO, HOME, START, Rig, rig_of

from gynetix_tui.engine import poller as poller_module
from gynetix_tui.engine import watcher as watcher_module
from gynetix_tui.engine.events import ContactsChanged
from gynetix_tui.model import ContactId, SendState
from gynetix_tui.store import Store

ANAS = ContactId(1)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks fifty times a second: for what comes at the next look, not for how soon that is."""
    monkeypatch.setattr(watcher_module, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(poller_module, "SOON_SECONDS", 0.02)


def changes(rig: Rig) -> int:
    return sum(isinstance(event, ContactsChanged) for event in rig.ears.events)


async def seen(rig: Rig, other: Store, text: str) -> float:
    """Write something in another client, and return the seconds until it was noticed here."""
    before, began = changes(rig), time.monotonic()
    other.drafts.put(ANAS, text, now=START)
    await rig.ears.until(lambda: changes(rig) > before)
    return time.monotonic() - began


async def test_what_another_client_writes_is_seen_within_two_seconds(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        with Store.open(rig.file) as other:
            await seen(rig, other, "one")
            # Just after a look: nothing waits longer than this one.
            assert await seen(rig, other, "two") < 2.0


@pytest.mark.usefixtures("often")
async def test_a_contact_that_another_client_adds_is_asked_for(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        rig.sandbox.world.receive(BEN, "hi")
        with Store.open(rig.file) as other:
            ben = other.contacts.add(BEN, "Ben", now=START)
            await rig.ears.until(lambda: rig.texts(ben) == ["hi"])
            other.contacts.delete(ben)
            cleo = other.contacts.add(CLEO, "Cleo", now=START)
        rig.sandbox.world.receive(CLEO, "hello")
        await rig.ears.until(lambda: rig.texts(cleo) == ["hello"])
        asked = len(rig.sandbox.requests)
        rig.engine.refresh()
        await rig.requests(asked + 2)
        assert {request.phone for request in rig.sandbox.requests[asked:]} == {
            number.removeprefix("+") for number in (ANA, CLEO)
        }, "the one that is gone is not asked for any more"


@pytest.mark.usefixtures("often")
async def test_a_text_that_another_client_leaves_is_sent(tmp_path: Path) -> None:
    async with rig_of(tmp_path) as rig:
        await rig.live()
        with Store.open(rig.file) as other:
            text = other.outbox.add(ANAS, to=ANA, sender=HOME, text="left behind", now=START)
        await rig.becomes(text, SendState.SEEN)
        assert rig.posts() == ["left behind"]


@pytest.mark.usefixtures("often")
async def test_a_machine_that_slept_asks_at_once(tmp_path: Path) -> None:
    # The clock on the wall goes on while a machine sleeps, and the one that waits are counted by stands still.
    async with rig_of(tmp_path, contacts=(ANA, BEN)) as rig:
        await rig.live()
        await rig.requests(2)
        with Store.open(rig.file) as other:
            rig.clock.at += 10  # set right by hand, or by the network
            for text in ("one", "two", "three"):  # each a look at the files, with one at the clocks after it
                await seen(rig, other, text)
            assert len(rig.sandbox.requests) == 2
            rig.clock.at += 20
            await rig.requests(4)
            assert {request.phone for request in rig.sandbox.requests[2:]} == {
                number.removeprefix("+") for number in (ANA, BEN)
            }
            for text in ("four", "five"):
                await seen(rig, other, text)
            assert len(rig.sandbox.requests) == 4, "it slept once"
