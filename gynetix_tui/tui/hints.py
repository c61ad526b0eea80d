"""What the line under the composer says: what a text costs, and at most one thing to know about it. Pure.

Everything is told in several forms, the longest first: a narrow terminal shows a shorter one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from rich.cells import cell_len

from gynetix_tui.sms.downgrade import Downgrade
from gynetix_tui.sms.quiet import LateThere
from gynetix_tui.sms.segments import Costly, Measure

_FORM_WITHOUT_ENCODING = 2


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to know.

    Attributes:
        forms: Its words, the longest form first; cleaned.
        look: How a bar shows it.
    """

    forms: tuple[str, ...]
    look: str = ""


def cost_forms(measure: Measure) -> tuple[str, ...]:
    """What a text costs: ``GSM-7 · 42/160 · 1 segment``; nothing for an empty one."""
    if not measure.segments:
        return ()
    used = f"{measure.used}/{measure.capacity}"
    return (
        f"{measure.encoding} · {used} · {segments(measure.segments)}",
        f"{measure.encoding} · {used} · {measure.segments}",
        f"{used} · {measure.segments}",
    )


def segments(count: int) -> str:
    """So many segments, in words."""
    return f"{count:,} segment" if count == 1 else f"{count:,} segments"


def costly_hint(found: Sequence[Costly], measure: Measure, saves: Downgrade | None, key: str) -> Hint:
    """What makes a text cost more than it need.

    Args:
        found: The characters that do; at least one.
        measure: What the text costs.
        saves: What the command `simplify` would make of it; None where it would save nothing.
        key: The key of that command.
    """
    names = list(dict.fromkeys(each.name for each in found))
    what, make = names[0], "makes"
    if len(names) > 1:
        what, make = f"{names[0]} and {len(names) - 1} more", "make"
    if all(
        each.without >= measure.segments for each in found
    ):  # it will cost something only in a longer text
        return Hint((f"{what} {make} this {measure.encoding}", what))
    fact = f"{what} {make} this {segments(measure.segments)}"
    if saves is None:
        return Hint((fact, f"{what}: {segments(measure.segments)}", what), "alert")
    saved = segments(saves.was.segments - saves.becomes.segments)
    return Hint((f"{fact}, {key} simplifies", f"{what}: {key} simplifies", f"{key} saves {saved}"), "alert")


def shortener_hint(host: str) -> Hint:
    """A link that hides where it leads."""
    return Hint((f"{host}: carriers may block shortened links", f"{host} may be blocked", host))


def late_hint(late: LateThere) -> Hint:
    """The time at the other side."""
    return Hint((f"{late.clock} in {late.zone}", f"{late.clock} there"))


def chosen(forms: Sequence[str], room: int) -> str:
    """The longest form that fits into so many cells; the shortest where none does."""
    return next((form for form in forms if cell_len(form) <= room), forms[-1] if forms else "")


def beside(left: Sequence[str], right: Sequence[str], room: int) -> tuple[str, str]:
    """The forms of two things that fit beside one another, with a blank between.

    What is cut first are words, at either side; what kind of text it is goes only when nothing else helps.
    """
    if not left or not right:
        return chosen(left, room), chosen(right, room)

    def loss(pair: tuple[int, int]) -> tuple[int, int]:
        first, second = pair
        return first + (len(left) * len(right) if second >= _FORM_WITHOUT_ENCODING else second), first

    for first, second in sorted(product(range(len(left)), range(len(right))), key=loss):
        if cell_len(left[first]) + 1 + cell_len(right[second]) <= room:
            return left[first], right[second]
    return left[-1], right[-1]
