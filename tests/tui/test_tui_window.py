"""The view on a long conversation, against a model that holds every row of it in one list."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gynetix_tui.model import OUTBOX_RANK, ContactId, Direction, Item, ItemKey, PhoneNumber, TimeSource
from gynetix_tui.store import Store
from gynetix_tui.store.messages import NewMessage
from gynetix_tui.tui import window as module
from gynetix_tui.tui.window import MOST, NEAR, PAGE, View, Window

SOMEBODY = ContactId(1)


class Shelf:
    """The readings of a store, over a sorted list; counts how often it is read, and how much."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.calls = 0
        self.read = 0

    def _given(self, items: list[Item]) -> list[Item]:
        self.calls += 1
        self.read += len(items)
        return items

    def newest(self, contact_id: ContactId, limit: int) -> list[Item]:
        return self._given(self.items[-limit:])

    def oldest(self, contact_id: ContactId, limit: int) -> list[Item]:
        return self._given(self.items[:limit])

    def before(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        return self._given([item for item in self.items if item.key < key][-limit:])

    def after(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        return self._given([item for item in self.items if item.key > key][:limit])

    def starting_at(self, contact_id: ContactId, key: ItemKey, limit: int) -> list[Item]:
        return self._given([item for item in self.items if item.key >= key][:limit])


def message(ts: int, row: int, text: str) -> Item:
    return Item(ItemKey(ts, 0, row), Direction.OUT, text)


Place = tuple[ItemKey, int]
"""A row: which item, and which of its lines."""


class Stage:
    """A view over a shelf; an item is as high as its text says."""

    def __init__(self, count: int, height: int, tallest: int = 4) -> None:
        self.shelf = Shelf()
        self.heights: dict[str, int] = {}
        self.measured = 0
        self.rows_made = 0
        for number in range(count):
            self.put(10 * number, 1 + number * 7 % tallest)
        self.window = Window(self.shelf, SOMEBODY)
        self.view = View(self.window, self._height_of)
        self.window.load_newest()
        self.view.height = height

    def put(self, ts: int, height: int, *, rank: int = 0, text: str = "") -> Item:
        self.rows_made += 1
        text = text or f"text {self.rows_made}"
        self.heights[text] = height
        item = Item(ItemKey(ts, rank, self.rows_made), Direction.OUT, text)
        insort(self.shelf.items, item, key=lambda each: each.key)
        return item

    def _height_of(self, index: int) -> int:
        self.measured += 1
        return self.heights[self.window.items[index].text]

    def all_rows(self) -> list[Place]:
        return [(item.key, line) for item in self.shelf.items for line in range(self.heights[item.text])]

    def shown(self) -> list[Place]:
        return [(self.window.items[row.index].key, row.line) for row in self.view.rows()]


class ViewMachine(RuleBasedStateMachine):
    """What a reader and the gateway do, in any order."""

    page, most = 6, 30

    def __init__(self) -> None:
        super().__init__()
        self._constants = module.PAGE, module.MOST
        module.PAGE, module.MOST = self.page, self.most
        self.top: Place | None = None  # the model's: the first row, or None at the end

    def teardown(self) -> None:
        module.PAGE, module.MOST = self._constants

    @initialize(count=st.integers(0, 90), height=st.integers(0, 9), tallest=st.integers(1, 12))
    def begin(self, count: int, height: int, tallest: int) -> None:
        self.stage = Stage(count, height, tallest)

    # The model

    def place(self) -> int:
        """The number of the first row that is shown, of all rows there are."""
        rows, height = self.stage.all_rows(), self.stage.view.height
        at_end = max(len(rows) - height, 0)
        if self.top is not None:
            key, line = self.top
            height_of_top = sum(each == key for each, _ in rows)
            place = rows.index(
                (key, min(line, height_of_top - 1))
            )  # the line is kept for when it is there again
            if place < at_end or not height:
                return place
            self.top = None
        return at_end

    def go(self, place: int) -> None:
        rows = self.stage.all_rows()
        if rows:
            self.top = rows[max(place, 0)] if place < len(rows) else None
            self.place()

    @invariant()
    def the_screen_is_that_of_the_model(self) -> None:
        if not hasattr(self, "stage"):
            return
        place, height = self.place(), self.stage.view.height
        assert self.stage.shown() == self.stage.all_rows()[place : place + height]
        assert self.stage.view.following == (self.top is None)

    @invariant()
    def the_window_is_a_part_of_the_conversation_and_knows_which(self) -> None:
        if not hasattr(self, "stage"):
            return
        window, items = self.stage.window, self.stage.shelf.items
        if window.items:
            start = items.index(window.items[0])
            assert window.items == items[start : start + len(window.items)]
            assert not window.has_all_older or start == 0
            assert not window.has_all_newer or start + len(window.items) == len(items)
            assert window.key_above(0) == (items[start - 1].key if start else None)

    # The reader

    @rule(lines=st.integers(-40, 40) | st.sampled_from([-1, 1, -3, 3, -500, 500]))
    def scroll(self, lines: int) -> None:
        if self.stage.view.height and self.stage.shelf.items:
            self.go(max(self.place() + lines, 0))
        self.stage.view.scroll(lines)

    @rule(times=st.integers(2, 12), share=st.sampled_from([-1.0, -0.5, 0.5, 1.0]))
    def read_on(self, times: int, share: float) -> None:
        """Page after page one way: what lies far behind is let go."""
        for _ in range(times):
            self.scroll(int(share * self.stage.view.height))

    @rule()
    def to_first(self) -> None:
        self.stage.view.to_first()
        self.go(0)

    @rule()
    def to_newest(self) -> None:
        self.stage.view.to_newest()
        self.top = None

    @precondition(lambda self: self.stage.window.items)
    @rule(data=st.data())
    def show(self, data: st.DataObject) -> None:
        window, height = self.stage.window, self.stage.view.height
        index = data.draw(st.integers(0, len(window.items) - 1), "index")
        key = window.items[index].key
        rows, place = self.stage.all_rows(), self.place()
        first = rows.index((key, 0))
        last = first + self.stage.heights[window.items[index].text] - 1
        seen = min(last, place + height - 1) - max(first, place) + 1
        if max(seen, 0) < min(last - first + 1, height):
            self.go(first if key <= rows[place][0] else max(last - height + 1, 0))
        self.stage.view.show(index)

    @precondition(lambda self: self.stage.shelf.items)
    @rule(data=st.data(), above=st.integers(0, 3))
    def show_at_top(self, data: st.DataObject, above: int) -> None:
        key = data.draw(st.sampled_from([item.key for item in self.stage.shelf.items]), "key")
        self.stage.view.show_at_top(key, above=above)
        self.go(max(self.stage.all_rows().index((key, 0)) - above, 0))

    @rule(height=st.integers(0, 14))
    def resize(self, height: int) -> None:
        self.place()
        self.stage.view.height = height

    # The gateway, and texts of ours

    def _changed(self, *, became: dict[ItemKey, ItemKey] | None = None) -> None:
        """The store holds something else: the model's first row stays that of the same text."""
        self.stage.view.reload()
        if self.top is None:
            return
        key, line = self.top
        key = (became or {}).get(key, key)
        found = next((item for item in self.stage.shelf.items if item.key >= key), None)
        if found is None:
            self.top = (self.stage.shelf.items[-1].key, 0) if self.stage.shelf.items else None
        elif found.key == key:
            self.top = (key, line)
        else:
            self.top = (found.key, 0)

    @rule(heights=st.lists(st.integers(1, 6), min_size=1, max_size=15))
    def newer_come(self, heights: list[int]) -> None:
        newest = self.stage.shelf.items[-1].key.ts if self.stage.shelf.items else 0
        for height in heights:
            newest += 10
            self.stage.put(newest, height)
        self._changed()

    @rule(
        places=st.lists(st.integers(-50, 900), min_size=1, max_size=15), height=st.integers(1, 5),
        rank=st.sampled_from([0, OUTBOX_RANK]),
    )  # fmt: skip
    def late_ones_come(self, places: list[int], height: int, rank: int) -> None:
        for ts in places:
            self.stage.put(ts, height, rank=rank)
        self._changed()

    @precondition(lambda self: self.top)
    @rule(number=st.integers(1, 8), height=st.integers(1, 3), rank=st.sampled_from([0, OUTBOX_RANK]))
    def late_ones_come_near_the_top(self, number: int, height: int, rank: int) -> None:
        assert self.top
        for _ in range(number):
            self.stage.put(self.top[0].ts - 1, height, rank=rank)
        self._changed()

    @rule(height=st.integers(1, 3))
    def one_is_sent(self, height: int) -> None:
        newest = self.stage.shelf.items[-1].key.ts if self.stage.shelf.items else 0
        self.stage.put(newest + 1, height, rank=OUTBOX_RANK)
        self._changed()

    @precondition(lambda self: any(item.key.rank for item in self.stage.shelf.items))
    @rule(data=st.data(), later=st.integers(-12, 12), height=st.integers(1, 3))
    def one_is_seen(self, data: st.DataObject, later: int, height: int) -> None:
        """A text of ours comes back as a message, of the same second or another."""
        waiting = [item for item in self.stage.shelf.items if item.key.rank]
        at_top = [item for item in waiting if self.top and item.key == self.top[0]]
        item = data.draw(st.sampled_from(at_top or waiting), "seen")
        self.stage.shelf.items.remove(item)
        new = self.stage.put(item.key.ts + later, height, text=item.text)
        old_place = sum(each.key < item.key for each in self.stage.shelf.items)
        moved, reach = self.stage.shelf.items.index(new) - old_place, min(NEAR, self.page)
        self._changed(became={item.key: new.key} if -reach <= moved < reach else None)

    @precondition(lambda self: self.stage.shelf.items)
    @rule(data=st.data())
    def one_is_discarded(self, data: st.DataObject) -> None:
        self.stage.shelf.items.remove(data.draw(st.sampled_from(self.stage.shelf.items), "gone"))
        self._changed()

    @precondition(lambda self: self.stage.shelf.items)
    @rule(data=st.data(), height=st.integers(1, 9))
    def one_changes_its_height(self, data: st.DataObject, height: int) -> None:
        at_top = [item for item in self.stage.shelf.items if self.top and item.key == self.top[0]]
        some = at_top + self.stage.shelf.items[-3:] + self.stage.window.items[:3]
        item = data.draw(st.sampled_from(some), "changed")
        self.stage.heights[item.text] = height
        self._changed()

    @rule()
    def nothing_changes(self) -> None:
        self._changed()


TestView = ViewMachine.TestCase
TestView.settings = settings(derandomize=True, deadline=None, max_examples=150, stateful_step_count=30)


class LongViewMachine(ViewMachine):
    """The same with the real sizes, in a conversation that is longer than what is kept of it."""

    page, most = PAGE, MOST

    @initialize(count=st.integers(MOST, 2 * MOST), height=st.integers(10, 60), tallest=st.integers(1, 12))
    def begin(self, count: int, height: int, tallest: int) -> None:
        self.stage = Stage(count, height, tallest)

    @rule(pages=st.integers(-60, 60))
    def scroll_far(self, pages: int) -> None:
        self.scroll(pages * self.stage.view.height)


TestLongView = LongViewMachine.TestCase
TestLongView.settings = settings(derandomize=True, deadline=None, max_examples=12, stateful_step_count=20)


@pytest.mark.parametrize("height", [1, 24, 60])
def test_down_again_by_as_much_as_up_is_at_the_end_and_follows(height: int) -> None:
    stage = Stage(500, height)
    end = stage.shown()
    for lines in (1, 3, height, 400):
        stage.view.scroll(-lines)
        assert stage.shown() != end
        assert not stage.view.following
        stage.view.scroll(lines)
        assert stage.shown() == end
        assert stage.view.following


def test_what_comes_at_once_in_any_number_is_there_for_one_who_follows() -> None:
    stage = Stage(150, 20)
    for number in range(3 * PAGE):
        stage.put(10_000 + number, 1)
    stage.view.reload()
    assert stage.view.following
    assert stage.shown() == stage.all_rows()[-20:]


def test_what_comes_at_once_in_any_number_moves_nobody_who_reads_further_up() -> None:
    stage = Stage(150, 20)
    stage.view.scroll(-30)
    shown = stage.shown()
    for number in range(3 * PAGE):
        stage.put(10_000 + number, 1)
        stage.put(-10_000 + number, 1)
    stage.view.reload()
    assert stage.shown() == shown


def test_reading_anew_again_and_again_keeps_no_more_than_before() -> None:
    stage = Stage(5_000, 20)
    stage.view.scroll(-6_000)
    for _ in range(20):
        stage.view.reload()
        stage.shown()
        assert len(stage.window.items) <= 3 * PAGE
    for _ in range(3_000):
        stage.view.scroll(-3)
        assert len(stage.window.items) <= MOST + 2 * PAGE


def test_a_text_has_the_same_key_or_is_found_by_what_it_says() -> None:
    stage = Stage(50, 20)
    mine = stage.put(1_000, 1, rank=OUTBOX_RANK, text="on my way")
    stage.put(1_001, 1)
    stage.view.reload()
    known = {item.key for item in stage.window.items}
    assert stage.window.key_again(mine, known) == mine.key
    stage.shelf.items.remove(mine)
    stage.view.reload()
    assert stage.window.key_again(mine, known) is None
    other = stage.put(1_003, 1, text="on my way")
    stage.view.reload()
    assert stage.window.key_again(mine, known) == other.key
    known = {item.key for item in stage.window.items}
    assert stage.window.key_again(mine, known) is None, "it was there before, so it is another text"


def _open(stage: Stage) -> None:
    stage.shown()


def _open_at_first_unread(stage: Stage) -> None:
    unread = stage.shelf.items[-400].key
    stage.view.show_at_top(unread)
    assert (unread, 0) in stage.shown()


def _to_first(stage: Stage) -> None:
    stage.view.to_first()
    assert stage.shown()[0] == (stage.shelf.items[0].key, 0)


def _text_comes(stage: Stage) -> None:
    stage.put(10**9, 2)
    stage.view.reload()
    stage.shown()


@pytest.mark.parametrize("act", [_open, _open_at_first_unread, _to_first, _text_comes])
def test_the_cost_does_not_grow_with_the_conversation(act: Callable[[Stage], None]) -> None:
    costs = set()
    for count in (2_000, 100_000):
        stage = Stage(count, 40)
        act(stage)
        costs.add((stage.shelf.calls, stage.shelf.read, stage.measured))
        assert stage.shelf.calls <= 5
        assert stage.shelf.read <= 4 * PAGE
        assert stage.measured <= 100
    assert len(costs) == 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.db") as store:
        yield store


def test_a_real_store_of_five_thousand_texts_is_read_from_end_to_end(store: Store) -> None:
    with store.transaction():
        somebody = store.contacts.add(PhoneNumber("+15557778888"), "Ana", now=0.0)
        store.messages.add(
            somebody,
            (
                NewMessage(1000 + number // 3, number % 3, Direction.IN, f"text {number}", TimeSource.TS, "", False, ())
                for number in range(4_990)
            ),
            now=0.0,
        )  # fmt: skip
        for number in range(10):
            store.outbox.add(
                somebody, to=PhoneNumber("+15557778888"), sender=PhoneNumber("+15556667777"), text=f"mine {number}", now=3000.0 + number
            )  # fmt: skip
    window = Window(store.conversations, somebody)
    view = View(window, lambda index: 1 + window.items[index].key.ts % 3 // 2)
    window.load_newest()
    view.height = 40
    assert window.items[view.rows()[-1].index].text == "mine 9"
    seen: list[str] = []
    view.to_first()
    while True:
        for row in view.rows():
            text = window.items[row.index].text
            if text not in seen[-80:]:
                seen.append(text)
        if view.following:
            break
        view.scroll(38)
    assert seen == [f"text {number}" for number in range(4_990)] + [f"mine {number}" for number in range(10)]
    up: list[str] = []
    while True:
        for row in reversed(view.rows()):
            text = window.items[row.index].text
            if text not in up[-80:]:
                up.append(text)
        if view.rows()[0].index == 0 and window.has_all_older:
            break
        view.scroll(-38)
    assert up == seen[::-1]
