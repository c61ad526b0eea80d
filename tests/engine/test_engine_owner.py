"""Whose process a text under way belongs to, and what is known of it: here, elsewhere, before the last boot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gynetix_tui.engine.owner import LONGEST_SEND_SECONDS, is_alive, this_process
from gynetix_tui.gateway.client import SEND_SECONDS

HERE = this_process().split(":", 2)[2]
"""What names of processes of this machine, boot and container end with."""
LONG_AGO = 1e9


def is_known_alive(name: str) -> bool:
    """Alive whatever the time: it was looked up."""
    return is_alive(name, claimed_ago=LONG_AGO)


def is_known_dead(name: str) -> bool:
    """Dead, though it could not be over by the time alone."""
    return not is_alive(name, claimed_ago=0)


def decided_by_time(name: str, proc: Path = Path("/proc")) -> bool:
    longest = LONGEST_SEND_SECONDS
    assert is_alive(name, claimed_ago=longest, proc=proc) is is_alive(name, claimed_ago=-longest, proc=proc)
    return is_alive(name, claimed_ago=0, proc=proc) and not is_alive(name, claimed_ago=longest + 1, proc=proc)


def a_proc(folder: Path, *, boot: str = "boot", namespace: str = "pid:[1]", own_stat: str = "") -> Path:
    """What Linux tells of processes, as far as it is looked at."""
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text(f"{boot}\n")
    (folder / "self/ns").mkdir(parents=True)
    (folder / "self/ns/pid").symlink_to(namespace)
    if own_stat:
        (folder / str(os.getpid())).mkdir()
        (folder / str(os.getpid()) / "stat").write_text(own_stat)
    return folder


def stat_of(started: int, state: str = "S") -> str:
    fields = [str(n) for n in range(4, 50)]
    fields[22 - 4] = str(started)  # proc(5): the start time is field 22
    return f"{os.getpid()} (a) Z (b c) {state} {' '.join(fields)}"


def test_this_process_lives() -> None:
    name = this_process()
    assert name == this_process()
    assert name.startswith(f"{os.getpid()}:")
    assert is_known_alive(name)


def test_another_process_lives_until_it_ends() -> None:
    program = "import sys; from gynetix_tui.engine.owner import this_process; print(this_process(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        name = other.stdout.readline().strip()
        assert name.startswith(f"{other.pid}:")
        assert is_known_alive(name)
        other.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not is_known_dead(name) and time.monotonic() < deadline:
            time.sleep(0.005)  # nothing tells when a process that nobody has waited for is dead
        assert is_known_dead(name), "dead, though its parent has not looked yet"
        other.wait(10)
        assert is_known_dead(name)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
def test_a_process_id_that_was_given_again_is_another_process() -> None:
    pid, started, here = this_process().split(":", 2)
    assert is_known_dead(f"{pid}:{int(started) + 1}:{here}")
    assert is_known_dead(f"1:{started}:{here}"), "somebody else's process"
    for gone in ("99999999", "9" * 30, "9" * 5000):
        assert is_known_dead(f"{gone}:{started}:{here}")


def test_what_runs_elsewhere_may_be_alive_for_as_long_as_a_send_takes(tmp_path: Path) -> None:
    proc = a_proc(tmp_path, own_stat=stat_of(5))
    pid = os.getpid()
    assert this_process(proc) == f"{pid}:5:boot:pid:[1]"
    assert not is_alive(f"{pid}:6:boot:pid:[1]", claimed_ago=0, proc=proc), "this one can be looked up"
    # Another machine, or this one before its last boot; another container; a machine without /proc.
    for name in (f"{pid}:6:another:pid:[1]", f"{pid}:6:boot:pid:[2]", f"{pid}:6:boot", f"{pid}::laptop"):
        assert decided_by_time(name, proc), name


@pytest.mark.parametrize(
    "name", ["", ":", "me", "4194304:another-boot:1", f"-1:x:{HERE}", f"0:x:{HERE}", f"٣:x:{HERE}"]
)
def test_a_name_that_says_nothing_is_decided_by_time(name: str) -> None:
    # A version to come may name its processes in another way.
    assert decided_by_time(name)


def test_no_send_takes_as_long_as_what_runs_elsewhere_is_waited_for() -> None:
    assert LONGEST_SEND_SECONDS >= SEND_SECONDS + 60


def test_without_proc_another_process_of_this_machine_can_only_be_known_to_be_gone(tmp_path: Path) -> None:
    name = this_process(tmp_path)
    assert name == f"{os.getpid()}::{os.uname().nodename}"
    assert is_alive(name, claimed_ago=LONG_AGO, proc=tmp_path), "this very process is no question"
    assert not is_alive(f"99999999::{os.uname().nodename}", claimed_ago=0, proc=tmp_path)
    parent = f"{os.getppid()}::{os.uname().nodename}"
    assert decided_by_time(parent, tmp_path), "its id may have been given again"


def test_a_process_that_hides_is_not_taken_for_dead(tmp_path: Path) -> None:
    proc = a_proc(tmp_path)
    assert this_process(proc) == f"{os.getpid()}::boot:pid:[1]"
    assert decided_by_time(f"{os.getpid()}:5:boot:pid:[1]", proc)


def test_a_process_that_ended_and_was_not_waited_for_is_dead(tmp_path: Path) -> None:
    proc = a_proc(tmp_path, own_stat=stat_of(5, state="Z"))
    assert not is_alive(f"{os.getpid()}:5:boot:pid:[1]", claimed_ago=0, proc=proc)


def test_a_kernel_without_containers(tmp_path: Path) -> None:
    proc = a_proc(tmp_path, own_stat=stat_of(5))
    (proc / "self/ns/pid").unlink()
    assert this_process(proc) == f"{os.getpid()}:5:boot"
