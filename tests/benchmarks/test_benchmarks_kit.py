"""The benchmarks' own parts: what they count is what was written, they never wait for ever, and their table says what is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import run
from canvas import Canvas
from console import DEADLINE, Console, Failure
from lab import Lab, percentile, ratio
from table import ROWS, Figure, Results, Row, Target, load, save, show

ENVIRON = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
QUESTION = "\x1b[?2026$p"


def program(code: str) -> Console:
    """A small program in a terminal that gives every key at once and echoes none."""
    raw = "import os, sys, time, tty; tty.setraw(0); "
    return Console([sys.executable, "-I", "-c", raw + code], ENVIRON, columns=40, lines=5)


def test_a_screen_is_the_same_wherever_its_output_was_cut() -> None:
    strings = "\x1b]0;a title\x07\x1bP+q544e\x1b\\\x1b_Ga=q\x1b\\"
    modes = f"\x1b[?1049h{QUESTION}\x1b[<u\x1b[>1u\x1b[?u\x1b[2 q\x1b[!p"
    output = f"gone{strings}\x1b[2;3Hgr\x1b[1m{modes}\x1b[2;3Hgrün 👍{strings}!".encode()
    whole = Canvas(20, 3)
    whole.feed(output)
    assert [row.rstrip() for row in whole.rows] == ["", "  grün 👍!", ""]
    for place in range(len(output)):
        parts = Canvas(20, 3)
        parts.feed(output[:place])
        parts.feed(output[place:])
        assert parts.state == whole.state, output[:place]


def test_bytes_are_counted_and_a_key_is_seen() -> None:
    code = "os.write(1, b'ready'); [os.write(1, os.read(0, 1) * 7) for _ in range(2)]; time.sleep(60)"
    with program(code) as console:
        console.wait_for("ready")
        assert console.written == 5
        assert console.first_paint is not None
        seconds = console.press(b"x")
        assert console.text.startswith("readyxxxxxxx")
        assert seconds is not None
        assert 0 < seconds < 60
        assert console.written == 12


def test_the_question_for_synchronised_output_is_answered_once() -> None:
    ask = "[(os.write(1, part), time.sleep(0.05)) for part in (b'\\x1b[?', b'20', b'26$p')]; "
    tell = "os.write(1, repr(os.read(0, 99)).encode()); time.sleep(60)"
    with program(ask + tell) as console:
        console.wait_for(re.escape(r"b'\x1b[?2026;2$y'"))


def test_what_does_not_come_is_given_up_and_the_screen_told() -> None:
    with program("os.write(1, b'something else'); time.sleep(60)") as console:
        console.wait_for("else")
        with pytest.raises(Failure, match="something else"):
            console.wait_for("what is meant", deadline=0.1)


def test_a_program_that_has_ended_is_not_waited_for() -> None:
    begun = time.perf_counter()
    with program("pass") as console, pytest.raises(Failure):
        console.wait_for("anything")
    assert time.perf_counter() - begun < DEADLINE / 2


def test_a_program_that_will_not_end_is_killed() -> None:
    code = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 15)]; os.write(1, b'no'); time.sleep(60)"
    console = program(code)
    console.wait_for("no")
    console.end(patience=0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(console.pid, 0)


def test_cpu_is_the_programs_own() -> None:
    code = "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nos.write(1, b'done'); time.sleep(60)"
    with program(f"exec({code!r})") as console:
        console.wait_for("done")
        spent = console.cpu
        assert 0.3 <= spent < 3
        assert console.resident > 1


def test_percentiles_are_values_that_were_there() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert ratio([2.0, 9.0, 8.0], [1.0, 3.0, 2.0]) == 3.0


def test_what_rows_share_is_measured_once_and_a_failure_is_all_theirs(tmp_path: Path) -> None:
    measured: list[str] = []

    def count() -> int:
        measured.append("good")
        return len(measured)

    def fail() -> str:
        measured.append("failed")
        raise Failure("no")

    with Lab(tmp_path, quick=True) as lab:
        for _ in range(2):
            assert lab.once("good", count) == 1
            with pytest.raises(Failure):
                lab.once("bad", fail)
    assert measured == ["good", "failed"]


def nothing(lab: Lab) -> Figure:
    raise NotImplementedError


TABLE = [
    Row("bytes", "B", Target(100), nothing, "section"),
    Row("paint", "ms", Target(0.9, times_floor=True), nothing, "section"),
    Row("broken", "s", Target(1), nothing, "section"),
    Row("told only", "MiB", None, nothing, "section"),
]
RESULTS: Results = {
    "bytes": Figure(120),
    "paint": Figure(400, 0.8),
    "broken": "Failure: it is not shown",
    "told only": Figure(1234567),
}


def cells(text: str) -> Iterator[list[str]]:
    return (re.split(r"\s{2,}", line) for line in text.splitlines()[2:6])


def test_the_table_says_what_is_met_and_what_failed() -> None:
    text = show(TABLE, RESULTS, {"bytes": Figure(60), "paint": Figure(100, 0.4)})
    assert list(cells(text)) == [
        ["bytes", "B", "120", "≤ 100", "NO", "2.00"],
        ["paint", "ms", "400", "0.80", "≤ 0.9 x floor", "yes", "2.00"],
        ["broken", "s", "failed", "≤ 1", "NO"],
        ["told only", "MiB", "1,234,567", "new"],
    ]
    assert "1 of 3 targets are met" in text
    assert "broken: Failure: it is not shown" in text


def test_results_are_kept_but_for_what_failed_or_is_no_row_any_more(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert load(file) == {}
    gone = Row("gone", "B", None, nothing, "section")
    save([*TABLE, gone], {"gone": Figure(1), "broken": Figure(7), "bytes": Figure(5)}, file)
    save(TABLE, RESULTS, file)
    assert load(file) == {
        "bytes": Figure(120),
        "paint": Figure(400, 0.8),
        "broken": Figure(7),
        "told only": Figure(1235000),
    }
    assert str(Path.home()) not in file.read_text(encoding="utf-8")


def test_every_row_says_what_it_counts_and_has_a_name_of_its_own() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert {row.section for row in ROWS} == {section.__name__ for section in run.SECTIONS}
    for row in ROWS:
        measure = getattr(row.measure, "func", row.measure)  # a row of a size is a partial
        assert measure.__doc__, row.name


@pytest.mark.parametrize(
    "words", [["--only", "no such row"], ["--quick", "--save"], ["--quick", "--only", "make_store"]]
)
def test_wrong_words_measure_nothing(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main(words)
    assert ended.value.code == 2


def test_the_command_measures_the_real_client_against_the_real_sandbox() -> None:
    """One row by which homes, gateway, client and table are gone through; its figure is nobody's business here."""
    command = [sys.executable, run.__file__, "--quick", "--only", "change of state, 80x24"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^bytes for a change of state, 80x24 +B +[\d.]+ ", done.stdout, re.MULTILINE)
