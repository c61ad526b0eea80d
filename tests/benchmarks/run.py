"""Measure the client beside a floor of stock widgets, and print what came of it.

    python tests/benchmarks/run.py                 # everything, some ten minutes
    python tests/benchmarks/run.py --quick         # fewer rounds and smaller stores, about a minute
    python tests/benchmarks/run.py --only echo     # the rows whose names hold that; may be repeated
    python tests/benchmarks/run.py --save          # and keep the figures, to be committed, in results.json

Client and floor run in pseudo-terminals, in turns; the gateway is the sandbox in a process of its own, over loopback.
All stores are made for the run and gone after it. "x floor" is the median of the pairs' ratios. "x last" compares
with the last committed result: that ratio where there is one, as it leaves the machine out, else the figure itself.
What exactly a row counts stands at its function in rows_*.py. The exit code is 0 where all was measured, whatever the
figures: a machine that is busy misses targets, too.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import rows_conversation
import rows_engine
import rows_gateway
import rows_start
import rows_store
from lab import Lab
from table import ROWS, Results, Row, load, machine, save, show

SECTIONS = (rows_start, rows_gateway, rows_conversation, rows_engine, rows_store)
"""In the order of the table; importing them made the rows."""


def main(words: list[str]) -> int:
    """Measure, print, keep; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller stores")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="only rows whose name holds it"
    )
    parser.add_argument("--save", action="store_true", help="keep the figures in results.json")
    wanted = parser.parse_args(words)
    if wanted.quick and wanted.save:
        parser.error("figures of a quick run are of smaller stores: only those of a full one are kept")
    rows = [
        row
        for section in SECTIONS
        for row in ROWS
        if row.section == section.__name__
        and (not wanted.only or any(part.lower() in row.name.lower() for part in wanted.only))
        and not (wanted.quick and row.needs_full)
    ]
    if not rows:
        parser.error("no row has such a name" + (" in a quick run" if wanted.quick else ""))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended then, too
    begun = time.perf_counter()
    results = _measure(rows, quick=wanted.quick)
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    facts += f", load {os.getloadavg()[0]:.1f}"
    _say(
        f"\n{facts}; {time.perf_counter() - begun:.0f} s"
        + ("; QUICK: stores a tenth as large, few rounds" if wanted.quick else "")
    )
    _say(show(rows, results, load()))
    if wanted.save:
        save(ROWS, results)
    return 1 if any(isinstance(figure, str) for figure in results.values()) else 0


def _measure(rows: list[Row], *, quick: bool) -> Results:
    results: Results = {}
    with (
        tempfile.TemporaryDirectory(prefix="gynetix-tui-benchmarks-") as name,
        Lab(Path(name), quick=quick) as lab,
    ):
        for number, row in enumerate(rows, 1):
            print(f"{number}/{len(rows)} {row.name}", file=sys.stderr, flush=True)  # noqa: T201
            try:
                results[row.name] = row.measure(lab)
            except Exception as error:  # whatever it is, the other rows are still worth having
                results[row.name] = f"{type(error).__name__}: {error}"
    return results


def _say(words: str) -> None:
    print(words)  # noqa: T201 - its output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
