"""One row of the screen, and how it is made into another with the fewest bytes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import is_not, ne
from typing import Final, NamedTuple

from gynetix_tui.tui.cells.graphemes import REST, reach
from gynetix_tui.tui.cells.looks import Look, Palette, Pen
from gynetix_tui.tui.cells.moves import move

UNKNOWN: Final = None
"""A cell of which nobody knows what the terminal shows there."""
_SHORT_GAP: Final = 8
"""Cells; to move over more is never dearer than to write them again."""
_FULL_CHANGE: Final = 20
"""Characters, about what an ink in three numbers takes."""
_ERASED_FROM: Final = 4
"""Blanks at a row's end that are worth an erasure, which is three bytes."""


class Row:
    """The cells of a row, as two lists that are compared at the speed of lists.

    Attributes:
        graphemes: What stands in each cell; `REST` in the second one of what fills two; `UNKNOWN`.
        looks: How each cell looks; for an unknown one it means nothing.
    """

    __slots__ = ("graphemes", "looks")

    def __init__(self, graphemes: list[str | None], looks: list[Look | None]) -> None:
        self.graphemes = graphemes
        self.looks = looks

    @classmethod
    def unknown(cls, width: int) -> Row:
        """A row of which nothing is known."""
        return cls([UNKNOWN] * width, [None] * width)

    def copy(self) -> Row:
        """The same row, to be changed."""
        return Row(self.graphemes.copy(), self.looks.copy())

    def put(self, x: int, graphemes: Sequence[str], looks: Sequence[Look]) -> bool:
        """Put cells in at a column, cut at the row's end; return whether that changed anything."""
        end = min(x + len(graphemes), len(self.graphemes))
        count = end - x
        if count < len(graphemes):
            graphemes, looks = graphemes[: max(count, 0)], looks[: max(count, 0)]
        if count <= 0:
            return False
        if self.graphemes[x:end] == list(graphemes) and self.looks[x:end] == list(looks):
            return False
        # Where half of what filled two cells is left over, the terminal makes of it what it likes.
        if self.graphemes[x] == REST:
            self.graphemes[x - 1] = UNKNOWN
        if end < len(self.graphemes) and self.graphemes[end] == REST:
            self.graphemes[end] = UNKNOWN
        self.graphemes[x:end] = graphemes
        self.looks[x:end] = looks
        return True


class Output:
    """What is written, with the terminal's cursor and pen as they are after it.

    Args:
        palette: Makes the steps from look to look.
        x: The cursor's column; None where that is not known, as behind a grapheme of doubtful width.
        y: Its row, likewise.
        pen: What is in force, likewise.

    Attributes:
        strayed: Whether anything was written by `stray`.
    """

    def __init__(self, palette: Palette, x: int | None, y: int | None, pen: Pen | None) -> None:
        self._palette = palette
        self._parts: list[str] = []
        self.strayed = False
        self.x = x
        self.y = y
        self.pen = pen

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)

    def go(self, x: int, y: int) -> None:
        """Move the cursor."""
        self._parts.append(move(self.x, self.y, x, y))
        self.x, self.y = x, y

    def take(self, look: Look, *, to_erase: bool = False) -> None:
        """Take up the pen for a look."""
        codes, self.pen = self._palette.step(self.pen, look, to_erase=to_erase)
        self._parts.append(codes)

    def price(self, look: Look) -> int:
        """Characters that it takes to take up the pen for a look."""
        return len(self._palette.step(self.pen, look)[0])

    def suits(self, look: Look) -> bool:
        """Whether a look can be written with the pen as it is."""
        return self.pen is not None and not self.price(look)

    def write(self, text: str, width: int) -> None:
        """Write text that fills some cells on every terminal."""
        self._parts.append(text)
        if self.x is not None:
            self.x += width

    def forget_column(self) -> None:
        """The cursor is somewhere in its row."""
        self.x = None

    def raw(self, text: str) -> None:
        """Write what changes neither cursor nor pen."""
        self._parts.append(text)

    def stray(self, text: str) -> None:
        """Write what leaves the cursor at one place on some terminals, at another on others."""
        self._parts.append(text)
        self.x = self.y = None
        self.strayed = True


def rewrite(output: Output, y: int, old: Row, new: Row, *, erases: bool) -> None:
    """Write what makes an old row into a new one.

    Args:
        output: Takes it.
        y: The row's place.
        old: What the terminal shows.
        new: What it is to show; what is unknown there is left alone.
        erases: Whether the terminal erases in the colour of the ground.
    """
    due = _due(old, new)
    places = sorted(due)
    tail = len(new.graphemes)
    if len(places) >= _ERASED_FROM:
        tail = _tail(new, erases=erases)
        if len(places) - bisect_left(places, tail) < _ERASED_FROM:
            tail = len(new.graphemes)
    at = 0
    while at < len(places) and (x := places[at]) < tail:
        if not (output.y == y and output.x is not None and _fill(output, new, x)):
            output.go(x, y)
        end = _write_run(output, new, due, x, y, tail)
        while at < len(places) and places[at] < end:
            at += 1
    if at < len(places):
        look = new.looks[tail]
        assert look is not None  # noqa: S101 - a tail is known
        output.go(tail, y)
        output.take(look, to_erase=True)
        output.raw("\x1b[K")


class _Run(NamedTuple):
    """Neighbouring cells that one pen writes."""

    y: int
    x: int
    end: int
    row: Row


def rewrite_by_look(
    output: Output, changes: Iterable[tuple[int, Row, Row]], *, erases: bool, rests: Collection[str] = ()
) -> None:
    """Write what makes old rows into new ones, one look after another.

    Where colours are given by three numbers, it is dearer to change them twice in each row than to visit the rows twice.

    Args:
        output: Takes it.
        changes: For each row its place, what the terminal shows, and what it is to show.
        erases: Whether the terminal erases in the colour of the ground.
        rests: The grounds where the cursor will stand: what comes next is most often typed there.
    """
    runs: dict[Look, list[_Run]] = {}
    doubtful: list[tuple[int, Row, Row]] = []
    for y, old, new in changes:
        due = _due(old, new)
        if any(_reach(old.graphemes[x]) or _reach(new.graphemes[x]) for x in due):
            doubtful.append((y, old, new))  # there the order matters
            continue
        for look, x, end in _runs(new, sorted(due)):
            runs.setdefault(look, []).append(_Run(y, x, end, new))

    def turn(look: Look) -> tuple[int, int]:
        price = output.price(look)
        # Blanks, which go with any ink on their ground, come after what stands left of them: it leads there.
        return (1 + (look.ground in rests) if price else 0), price + (0 if look.ink else _FULL_CHANGE)

    while runs:
        look = min(runs, key=turn)
        for run in runs.pop(look):
            _write_look(output, look, run, erases=erases)
    for y, old, new in doubtful:
        rewrite(output, y, old, new, erases=erases)


def _write_look(output: Output, look: Look, run: _Run, *, erases: bool) -> None:
    """Write a run; blanks at its end are erased (EL, ECH) where that is cheaper."""
    y, x, end, row = run
    if not (output.y == y and output.x is not None and _fill(output, row, x)):
        output.go(x, y)
    tail = _tail(row, erases=erases)
    blanks = _blanks_before(row, x, end, erases=erases)
    if end - blanks < (_ERASED_FROM if tail <= blanks else _ERASED_FROM + 2):
        blanks = end
    if blanks > x:
        output.take(look)
        output.write("".join(grapheme or "" for grapheme in row.graphemes[x:blanks]), blanks - x)
    if blanks < end:
        blank = row.looks[blanks]
        assert blank is not None  # noqa: S101 - what is due is known
        output.take(blank, to_erase=True)
        output.raw("\x1b[K" if tail <= blanks else f"\x1b[{end - blanks}X")
    elif end == len(row.graphemes):
        output.forget_column()  # at the margin: some terminals keep the cursor on the last column, some beyond


def _blanks_before(row: Row, x: int, end: int, *, erases: bool) -> int:
    """Where the blanks begin with which a run ends, if they can be erased; its end for none."""
    look = row.looks[end - 1]
    if look is None or not look.erased or not (erases or look.ground == "39"):
        return end
    while end > x and row.graphemes[end - 1] == " " and row.looks[end - 1] is look:
        end -= 1
    return end


def _runs(row: Row, places: Sequence[int]) -> Iterator[tuple[Look, int, int]]:
    """Cut columns that are due into runs of one look; blanks, and what is due just beyond, go with what they stand beside."""
    start = end = -1
    look: Look | None = None
    for x in places:
        here = row.looks[x]
        assert here is not None  # noqa: S101 - what is due is known
        if (
            look is not None
            and (here is look or here is look.blank or here.blank is look)
            and (x == end or _bridges(row, end, x, look))
        ):
            if here.blank is look:
                look = here
        else:
            if look is not None:
                yield look, start, end
            look, start = here, x
        end = x + 1
    if look is not None:
        yield look, start, end


def _bridges(row: Row, start: int, end: int, look: Look) -> bool:
    """Whether it is cheaper to write again what stands between two columns than to move over it."""
    if end - start > _SHORT_GAP:
        return False
    # What nobody knows, and the second half of what fills two cells, is no text.
    text = "".join(grapheme or "\0" for grapheme in row.graphemes[start:end])
    looks = row.looks[start:end]
    return text.isascii() and text.isprintable() and all(each in (look, look.blank) for each in looks)


def _due(old: Row, new: Row) -> set[int]:
    """The columns that must be written."""
    columns = range(len(new.graphemes))
    due = set(compress(columns, map(ne, old.graphemes, new.graphemes)))
    due.update(compress(columns, map(is_not, old.looks, new.looks)))
    if UNKNOWN in new.graphemes:
        due = {x for x in due if new.graphemes[x] is not UNKNOWN}
    pending = list(due)

    def add(x: int) -> None:
        if 0 <= x < len(new.graphemes) and x not in due and new.graphemes[x] is not UNKNOWN:
            due.add(x)
            pending.append(x)

    while pending:
        x = pending.pop()
        after = new.graphemes[x]
        if after == REST:
            add(x - 1)  # half of a grapheme cannot be written
            continue
        if x + 1 < len(new.graphemes) and new.graphemes[x + 1] == REST:
            add(x + 1)
        width = max(_reach(old.graphemes[x]), _reach(after))
        if width:
            # A terminal may have drawn it over what follows, or have put it into the cell before it.
            add(x - 1)
            for place in range(x + 1, x + width):
                add(place)
    return due


def _reach(grapheme: str | None) -> int:
    if not grapheme or (grapheme.isascii() and len(grapheme) == 1):
        return 0
    return reach(grapheme)


def _tail(row: Row, *, erases: bool) -> int:
    """Where the blanks at the row's end begin that can be erased; the row's width where there are none."""
    x = len(row.graphemes)
    look = row.looks[-1]
    if look is None or not look.erased or not (erases or look.ground == "39"):
        return x
    while x and row.graphemes[x - 1] == " " and row.looks[x - 1] is look:
        x -= 1
    return x


def _fill(output: Output, row: Row, x: int) -> bool:
    """Get to a column by writing again what stands before it, if that is cheaper than to move."""
    start = output.x
    if start is None or not 0 < x - start <= _SHORT_GAP:
        return False
    text = "".join(grapheme or "\0" for grapheme in row.graphemes[start:x])
    looks = row.looks[start:x]
    if not (text.isascii() and text.isprintable() and len(text) == x - start):
        return False
    if len(text) > len(move(start, output.y, x, output.y or 0)):
        return False
    if not all(look is not None and output.suits(look) for look in looks):
        return False
    output.write(text, len(text))
    return True


def _write_run(output: Output, row: Row, due: set[int], x: int, y: int, stop: int) -> int:
    """Write cells that are due, from a column on, as far as one pen does; return where that ends."""
    look = row.looks[x]
    assert look is not None  # noqa: S101 - what is due is known
    output.take(look)
    grapheme = row.graphemes[x]
    assert grapheme  # noqa: S101 - a grapheme is written from its first cell on
    if _reach(grapheme):
        return _write_doubtful(output, row, x, y)
    end = x + 1
    graphemes, looks = row.graphemes, row.looks
    while end < stop and end in due:
        if looks[end] is not look and not ((other := looks[end]) and output.suits(other)):
            break
        if _reach(graphemes[end]):
            break
        end += 1
    text = "".join(grapheme or "" for grapheme in graphemes[x:end])
    output.write(text, end - x)
    if end >= len(graphemes):
        output.forget_column()  # at the margin: some terminals keep the cursor on the last column, some beyond
    return end


def _write_doubtful(output: Output, row: Row, x: int, y: int) -> int:
    """Write a grapheme on whose width terminals disagree, so that the rest is right on each of them.

    First blanks: a terminal that draws it narrower would leave in its second cell what was there. Then the column is not
    known any more, so that the next cell is reached absolutely.
    """
    end = x + 1
    while end < len(row.graphemes) and row.graphemes[end] == REST:
        end += 1
    output.write(" " * (end - x), end - x)
    if end == len(row.graphemes):
        output.forget_column()
    output.go(x, y)
    output.write(row.graphemes[x] or "", 0)
    output.forget_column()
    if end == len(row.graphemes) and end - x == 1:
        # What does not fit there some terminals draw further left: over the cell before, which is written again.
        _write_sure(output, row, x - 1, y)
    return end


def _write_sure(output: Output, row: Row, x: int, y: int) -> None:
    """Write one grapheme, from any of its cells, unless it is doubtful itself."""
    while x > 0 and row.graphemes[x] == REST:
        x -= 1
    grapheme, look = (row.graphemes[x], row.looks[x]) if x >= 0 else (UNKNOWN, None)
    if grapheme and look and not _reach(grapheme):
        output.go(x, y)
        output.take(look)
        output.write(grapheme, 0)
        output.forget_column()
