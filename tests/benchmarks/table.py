"""What a row of the benchmarks is, the table in which rows are told, and the file in which results are kept."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lab import Lab

RESULTS = Path(__file__).with_name("results.json")
SIZES = ((80, 24), (120, 40))
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured.

    Attributes:
        value: In the row's unit, a median where nothing else is said.
        floor: How many times the floor's, pair by pair and then the median; None where the floor has no such thing.
    """

    value: float
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure may be at most: in its unit, or in times of the floor."""

    most: float
    times_floor: bool = False

    def is_met(self, figure: Figure) -> bool:
        reached = figure.floor if self.times_floor else figure.value
        return reached is not None and reached <= self.most

    def __str__(self) -> str:
        return f"≤ {self.most:,g}{' x floor' if self.times_floor else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: What is measured; also its name in the results and for --only.
        measure: Measures it; its docstring says what is counted.
        section: The module that it is in.
        needs_full: It says nothing on small stores, and is left out of quick runs.
    """

    name: str
    unit: str
    target: Target | None
    measure: Callable[[Lab], Figure]
    section: str
    needs_full: bool = False


class BySize(Protocol):
    """Measures a row at a size of the terminal."""

    __module__: str

    def __call__(self, lab: Lab, size: Size) -> Figure: ...


ROWS: list[Row] = []
"""Every row; modules named rows_* add theirs when they are imported."""


def row(
    name: str, unit: str, target: Target | None = None, *, needs_full: bool = False
) -> Callable[[Callable[[Lab], Figure]], Callable[[Lab], Figure]]:
    """Make a row of a function."""

    def add(measure: Callable[[Lab], Figure]) -> Callable[[Lab], Figure]:
        ROWS.append(Row(name, unit, target, measure, measure.__module__, needs_full))
        return measure

    return add


def row_by_size(
    name: str, unit: str, target: Target | None = None, *, sizes: Sequence[Size] = SIZES
) -> Callable[[BySize], BySize]:
    """Make a row for each size of the terminal of a function that takes the size, too."""

    def add(measure: BySize) -> BySize:
        for columns, lines in sizes:
            of_size = partial(measure, size=(columns, lines))
            ROWS.append(Row(f"{name}, {columns}x{lines}", unit, target, of_size, measure.__module__))
        return measure

    return add


Results = dict[str, Figure | str]
"""By the row's name: what was measured, or why it could not be."""


def show(rows: Sequence[Row], results: Results, last: Mapping[str, Figure]) -> str:
    """The table."""
    lines = [("what", "unit", "value", "x floor", "target", "met", "x last")]
    notes = []
    for each in rows:
        figure, target = results[each.name], str(each.target or "")
        if isinstance(figure, str):
            lines.append((each.name, each.unit, "failed", "", target, "NO", ""))
            notes.append(f"{each.name}: {figure}")
            continue
        lines.append(
            (
                each.name,
                each.unit,
                _number(figure.value),
                "" if figure.floor is None else f"{figure.floor:.2f}",
                target,
                "" if each.target is None else "yes" if each.target.is_met(figure) else "NO",
                _beside(figure, last.get(each.name)),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    left = {0, 1, 4}
    drawn = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    drawn.insert(1, "  ".join("-" * width for width in widths))
    targets = [(each.target, results[each.name]) for each in rows if each.target]
    met = sum(isinstance(figure, Figure) and target.is_met(figure) for target, figure in targets)
    drawn += [
        "",
        f"{met} of {len(targets)} targets are met. x floor: times the floor's, the median of the pairs' ratios.",
        "x last: beside the last committed result; that ratio's where there is one, else the figure's own.",
    ]
    return "\n".join(drawn + notes)


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _beside(figure: Figure, last: Figure | None) -> str:
    """Beside the last committed result: times of the floor where both have them, as the machine is then left out."""
    if last is None:
        return "new"
    now, then = (figure.floor, last.floor) if figure.floor and last.floor else (figure.value, last.value)
    if now == then:
        return "1.00"
    return f"{now / then:.2f}" if then else "more"


def load(file: Path = RESULTS) -> dict[str, Figure]:
    """The last committed results by the rows' names; none where there are none yet."""
    if not file.exists():
        return {}
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    return {name: Figure(each["value"], each.get("floor")) for name, each in rows.items()}


def save(rows: Sequence[Row], results: Results, file: Path = RESULTS) -> None:
    """Keep what was measured in place of the last.

    Args:
        rows: Every row there is: of these, those that were not measured stay as they are, and others go.
        results: What was measured; what failed changes nothing.
        file: Where.
    """
    figures = load(file) | {name: figure for name, figure in results.items() if isinstance(figure, Figure)}
    known = {each.name for each in rows}
    kept = {
        name: {"value": _rounded(figure.value)}
        | ({} if figure.floor is None else {"floor": _rounded(figure.floor)})
        for name, figure in figures.items()
        if name in known
    }
    text = json.dumps({"machine": machine(), "rows": kept}, indent=1, sort_keys=True, ensure_ascii=False)
    file.write_text(f"{text}\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """What the figures depend on, and nothing that names the machine."""
    return {
        "cores": os.cpu_count(),
        "kind": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "textual": version("textual"),
    }


def _rounded(value: float) -> float:
    """Four digits: more would only differ."""
    return float(f"{value:.4g}")
