"""How many requests go out, how long to wait after failures, and whose process a text belongs to."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gynetix_tui.engine import owner
from gynetix_tui.engine.limiter import BackOff, RequestLimit
from gynetix_tui.engine.owner import is_alive, this_process


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=80),
)
def test_never_more_than_the_limit_in_any_minute(limit: int, wishes: list[tuple[int, bool]]) -> None:
    requests = RequestLimit(limit)
    now, sent = 0.0, []
    for pause, background in wishes:
        now += pause / 4
        wait = requests.wait(now, background=background)
        assert 0 <= wait <= 60
        assert requests.wait(now, background=False) <= requests.wait(now, background=True)
        now += wait
        assert requests.wait(now, background=background) == 0, "not even a moment more"
        requests.note(now)
        sent.append(now)
    for first in sent:
        assert sum(first <= at < first + 60 for at in sent) <= limit


def test_background_leaves_a_quarter_free() -> None:
    requests = RequestLimit(8)
    for second in range(6):
        assert requests.wait(second, background=True) == 0
        requests.note(second)
    assert requests.wait(6, background=True) == 54
    assert requests.wait(6, background=False) == 0
    requests.note(6)
    requests.note(7)
    assert requests.wait(8, background=False) == 52
    assert requests.wait(8, background=True) == 54, "two more must be over before the background may go again"
    assert requests.wait(60, background=False) == 0


def test_a_limit_of_one_still_lets_the_background_go() -> None:
    requests = RequestLimit(1)
    assert requests.wait(0, background=True) == 0
    requests.note(0)
    assert requests.wait(30, background=True) == requests.wait(30, background=False) == 30


def test_back_off_doubles_up_to_five_minutes() -> None:
    back_off = BackOff(random.Random(7))
    assert (back_off.failing, back_off.until) == (False, 0)
    for expected in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, *[300] * 50):
        back_off.failed(1000)
        assert 1000 + expected * 0.9 <= back_off.until <= 1000 + expected * 1.1
        assert back_off.failing
    back_off.hurry()
    assert (back_off.failing, back_off.until) == (True, 0)
    back_off.failed(1000)
    assert back_off.until >= 1270, "hurrying forgets nothing"
    back_off.succeeded()
    assert (back_off.failing, back_off.until) == (False, 0)
    back_off.failed(0)
    assert back_off.until <= 2.2


def test_back_off_is_spread() -> None:
    ends = set()
    for seed in range(20):
        back_off = BackOff(random.Random(seed))
        back_off.failed(0)
        ends.add(back_off.until)
    assert len(ends) == 20


@pytest.mark.parametrize(
    ("asked", "least"), [(None, 1.8), (0.0, 1.8), (1.0, 1.8), (30.0, 30.0), (4000.0, 3600.0)]
)
def test_back_off_keeps_to_what_the_other_side_asks_for(asked: float | None, least: float) -> None:
    back_off = BackOff(random.Random(7))
    back_off.failed(0, at_least=asked)
    assert least <= back_off.until <= max(2.2, least)


def test_this_process_lives() -> None:
    name = this_process()
    assert name == this_process()
    assert name.startswith(f"{os.getpid()}:")
    assert is_alive(name)


def test_another_process_lives_until_it_ends() -> None:
    program = "import sys; from gynetix_tui.engine.owner import this_process; print(this_process(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        name = other.stdout.readline().strip()
        assert name.startswith(f"{other.pid}:")
        assert is_alive(name)
        other.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while is_alive(name) and time.monotonic() < deadline:
            time.sleep(0.005)  # nothing tells when a process that nobody has waited for is dead
        assert not is_alive(name), "dead, though its parent has not looked yet"
        other.wait(10)
        assert not is_alive(name)


def test_a_process_id_that_was_given_again_is_another_process() -> None:
    pid, _, started = this_process().partition(":")
    boot, _, ticks = started.partition(":")
    if not started:
        pytest.skip("this system has no /proc")
    assert not is_alive(f"{pid}:{boot}:{int(ticks) + 1}")
    assert not is_alive(f"{pid}:another-boot:{ticks}")
    assert not is_alive(f"{pid}:")
    assert not is_alive(f"1:{started}"), "somebody else's process"


@pytest.mark.parametrize("name", ["", ":", "me", "-1:x", "0:x", "٣:x", "1.5:x", f"{10**30}:x", "99999999:x"])
def test_what_names_no_process_is_dead(name: str) -> None:
    assert not is_alive(name)


def test_without_proc_the_process_id_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(owner, "Path", lambda name: tmp_path / name.lstrip("/"))
    name = this_process()
    assert name == f"{os.getpid()}:"
    assert is_alive(name)


def test_a_programs_name_may_hold_blanks_and_parentheses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("boot\n")
    (tmp_path / f"proc/{os.getpid()}").mkdir()
    fields = " ".join(str(n) for n in range(4, 50))
    (tmp_path / f"proc/{os.getpid()}/stat").write_text(f"{os.getpid()} (a) Z (b c) S {fields}")
    monkeypatch.setattr(owner, "Path", lambda name: tmp_path / name.lstrip("/"))
    assert this_process() == f"{os.getpid()}:boot:22"  # proc(5): the start time is field 22
