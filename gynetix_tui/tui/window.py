"""The part of a conversation that is in memory: a window of items over the store, and a view on it.

The view hangs on an item, not on a row number. So nothing above has to be measured, what is put in above
or changes its height moves nothing, and opening a conversation costs the same whatever its length.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from gynetix_tui.model import ContactId, Item, ItemKey

PAGE = 200
"""Items read at once."""
MOST = 1_200
"""Items kept; beyond, those far from the view are let go."""
NEAR = 20
"""How many places further an item is looked for that has another key now."""


class Reads(Protocol):
    """The readings of `gynetix_tui.store.conversation.Conversations` that a window needs."""

    def newest(self, contact_id: ContactId, limit: int) -> list[Item]:
        """The newest items."""
        ...

    def oldest(self, contact_id: ContactId, limit: int) -> list[Item]:
        """The oldest items."""
        ...

    def before(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        """The items next before a key."""
        ...

    def after(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        """The items next after a key."""
        ...

    def starting_at(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        """The item with a key and those next after it."""
        ...


@dataclass(slots=True)
class Window:
    """Consecutive items of one conversation, oldest first."""

    reads: Reads
    contact_id: ContactId
    items: list[Item] = field(default_factory=list)
    has_all_older: bool = True
    has_all_newer: bool = True
    _above: tuple[ItemKey, ItemKey | None] | None = None

    def load_newest(self) -> None:
        """Go to the end of the conversation."""
        self.items = self.reads.newest(self.contact_id, PAGE)
        self.has_all_newer = True
        self.has_all_older = len(self.items) < PAGE
        self._above = None

    def load_oldest(self) -> None:
        """Go to its beginning."""
        self.items = self.reads.oldest(self.contact_id, PAGE)
        self.has_all_older = True
        self.has_all_newer = len(self.items) < PAGE
        self._above = None

    def load_around(self, key: ItemKey) -> None:
        """Read a page on either side of a key."""
        older = self.reads.before(self.contact_id, key, PAGE)
        newer = self.reads.starting_at(self.contact_id, key, PAGE)
        self.items = older + newer
        self.has_all_older, self.has_all_newer = len(older) < PAGE, len(newer) < PAGE
        self._above = None

    def extend_older(self) -> int:
        """Read a page of older items; return how many came."""
        if self.has_all_older or not self.items:
            return 0
        older = self.reads.before(self.contact_id, self.items[0].key, PAGE)
        self.items[:0] = older
        self.has_all_older = len(older) < PAGE
        return len(older)

    def extend_newer(self) -> int:
        """Read a page of newer items; return how many came."""
        if self.has_all_newer or not self.items:
            return 0
        newer = self.reads.after(self.contact_id, self.items[-1].key, PAGE)
        self.items += newer
        self.has_all_newer = len(newer) < PAGE
        return len(newer)

    def trim(self, index: int) -> int:
        """Let go of what is far from an item; return its index afterwards."""
        if len(self.items) <= MOST:
            return index
        start = max(0, min(index - MOST // 2, len(self.items) - MOST))
        self.has_all_older = self.has_all_older and start == 0
        self.has_all_newer = self.has_all_newer and start + MOST >= len(self.items)
        self.items = self.items[start : start + MOST]
        return index - start

    def key_above(self, index: int) -> ItemKey | None:
        """The key of the item before that of an index, in the window or not; None at the very beginning."""
        if index > 0:
            return self.items[index - 1].key
        if self.has_all_older:
            return None
        first = self.items[0].key
        if self._above is None or self._above[0] != first:
            above = self.reads.before(self.contact_id, first, 1)
            self._above = first, above[0].key if above else None
        return self._above[1]

    def index_of(self, key: ItemKey) -> int:
        """The index of the item with a key, or of the next one after where it would stand."""
        return bisect_left(self.items, key, key=lambda item: item.key)

    def key_again(self, item: Item, known: Collection[ItemKey]) -> ItemKey | None:
        """The key of an item, or of what has taken its place; None where there is neither.

        A text of ours that the gateway returned is a message with another key, and a message whose neighbours in
        the same second came late has another rank.

        Args:
            item: As it was.
            known: The keys that there were before: what had one of those is something else.
        """
        index = self.index_of(item.key)
        if index < len(self.items) and self.items[index].key == item.key:
            return item.key
        near = self.items[max(index - NEAR, 0) : index + NEAR]
        twins = [
            other.key
            for other in near
            if (other.text, other.direction) == (item.text, item.direction) and other.key not in known
        ]
        return min(twins, key=lambda key: abs(self.index_of(key) - index), default=None)

    def index_before(self, key: ItemKey) -> int:
        """The index of the item with a key, or of the next one before where it would stand; -1 for none."""
        return bisect_right(self.items, key, key=lambda item: item.key) - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the view: which item, and which of its lines."""

    index: int
    line: int


class View:
    """What of a window is on the screen.

    Args:
        window: The items.
        height_of: How many lines an item takes at present, given its index.
    """

    def __init__(self, window: Window, height_of: Callable[[int], int]) -> None:
        self._window = window
        self._height_of = height_of
        self._top: tuple[ItemKey, int] | None = None
        self.height = 0

    @property
    def following(self) -> bool:
        """Whether the view stays at the newest item when others come."""
        return self._top is None

    def reload(self) -> None:
        """Read anew what is on the screen; at the end of the conversation, with what has come since."""
        if self._top is None or not self._window.items:
            self._window.load_newest()
            return
        key, line = self._top
        index = self._window.index_of(key)
        item = self._window.items[index] if index < len(self._window.items) else None
        known = {each.key for each in self._window.items}
        self._window.load_around(key)
        if item and item.key == key:
            self._top = (self._window.key_again(item, known) or key, line)

    def rows(self) -> list[Row]:
        """The rows on the screen, top to bottom; fewer than the height where the conversation is shorter."""
        if self._top is not None:
            rows = self._down_from(*self._top_row(), self.height + 1)
            if len(rows) > self.height:
                return rows[: self.height]
            self._top = None  # the end was reached: nothing of the screen stays empty, and the view follows
        return self._up_from_end(self.height)

    def scroll(self, lines: int) -> None:
        """Move by lines, downwards where positive; at the end the view follows again."""
        rows = self.rows()
        if not rows or not lines:
            return
        if lines < 0:
            index, line = self._back(rows[0].index, rows[0].line, -lines)
            self._hang_on(index, line)
        else:
            further = self._down_from(rows[0].index, rows[0].line, self.height + lines)
            if len(further) < self.height + lines:
                self._top = None
            else:
                top = further[lines]
                self._hang_on(top.index, top.line)

    def to_newest(self) -> None:
        """Go to the newest item and follow."""
        if not self._window.has_all_newer:
            self._window.load_newest()
        self._top = None

    def to_first(self) -> None:
        """Go to the first item of the conversation."""
        if not self._window.has_all_older:
            self._window.load_oldest()
        if self._window.items:
            self._hang_on(0, 0)

    def show(self, index: int) -> None:
        """Move as little as is needed to show all of an item (its end, where it is taller than the view)."""
        key = self._window.items[index].key
        rows = self.rows()
        index = self._window.index_of(key)
        mine = [row for row in rows if row.index == index]
        height = self._height_of(index)
        if len(mine) == min(height, self.height):
            return
        if not rows or index <= rows[0].index:
            self._hang_on(index, 0)
        else:
            self._hang_on(*self._back(index, height - 1, self.height - 1))

    def show_at_top(self, key: ItemKey, *, above: int = 2) -> None:
        """Put the item with a key near the top, with some lines above it."""
        index = self._window.index_of(key)
        beyond = len(self._window.items) if not self._window.has_all_newer else -1
        if index == beyond or (index == 0 and not self._window.has_all_older):
            self._window.load_around(key)
            index = self._window.index_of(key)
        if self._window.items:
            index = min(index, len(self._window.items) - 1)
            self._hang_on(*self._back(index, 0, above))

    def _hang_on(self, index: int, line: int) -> None:
        index = self._window.trim(index)
        self._top = (self._window.items[index].key, line)

    def _top_row(self) -> tuple[int, int]:
        """Where the view hangs now: its item may have gone, or lost lines."""
        if self._top is None or not self._window.items:
            return 0, 0
        key, line = self._top
        index = min(self._window.index_of(key), len(self._window.items) - 1)
        if self._window.items[index].key != key:
            self._top = (self._window.items[index].key, 0)
            return index, 0
        return index, min(line, self._height_of(index) - 1)

    def _down_from(self, index: int, line: int, count: int) -> list[Row]:
        rows: list[Row] = []
        while len(rows) < count:
            if index >= len(self._window.items):
                if not self._window.extend_newer():
                    break
                continue
            rows += [Row(index, each) for each in range(line, self._height_of(index))]
            index, line = index + 1, 0
        return rows[:count]

    def _up_from_end(self, count: int) -> list[Row]:
        rows: list[Row] = []
        index = len(self._window.items) - 1
        while len(rows) < count and index >= 0:
            rows[:0] = [Row(index, line) for line in range(self._height_of(index))]
            if index == 0 and len(rows) < count and (added := self._window.extend_older()):
                rows = [Row(row.index + added, row.line) for row in rows]
                index = added
            index -= 1
        return rows[-count:] if count else []

    def _back(self, index: int, line: int, count: int) -> tuple[int, int]:
        """The row so many rows above another, or the first one."""
        while count > line:
            if index == 0:
                added = self._window.extend_older()
                if not added:
                    return 0, 0
                index += added
            count -= line + 1
            index -= 1
            line = self._height_of(index) - 1
        return index, line - count
