"""The conversation: texts in the order of time, any number of them, drawn only where they are seen."""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from gynetix_tui.model import Item, ItemKey
from gynetix_tui.store import Store
from gynetix_tui.text import clean
from gynetix_tui.tui.commands import Place, bindings
from gynetix_tui.tui.rows import Drawn, Layout, Line, Role, draw
from gynetix_tui.tui.widgets.painted import Painted
from gynetix_tui.tui.window import MOST, Row, View, Window

WHEEL_LINES = 3
MOST_DRAWN = 4 * MOST
"""Items whose lines are kept; beyond, all are drawn anew."""


class Conversation(Painted, can_focus=True):
    """One conversation, over a window of the store's rows.

    Attributes:
        cursor: The key of the text that commands act on, or None for none.
    """

    BINDINGS = bindings(Place.CONVERSATION)  # type: ignore[assignment]  # Textual types it as a ClassVar of a union
    COMPONENT_CLASSES = {f"conversation--{role}" for role in (*Role, "cursor")}
    DEFAULT_CSS = """
    Conversation {
        height: 1fr;
        .conversation--time { color: $text-muted; }
        .conversation--state { color: $text-muted; }
        .conversation--trouble { color: $text-warning; text-style: bold; }
        .conversation--them { color: $text-accent; }
        .conversation--us { color: $text-muted; }
        .conversation--note { color: $text-muted; }
        .conversation--day { color: $text-muted; }
        .conversation--new { color: $text-accent; text-style: bold; }
        .conversation--cursor { color: $accent; text-style: bold; }
    }
    """

    class Moved(Message):
        """The view or the cursor is elsewhere."""

    class Copied(Message):
        """The user asked for a text, cleaned, in the clipboard."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, store: Store, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._store = store
        self._layout: Layout | None = None
        self._window: Window | None = None
        self._view: View | None = None
        self._divider: ItemKey | None = None
        self._drawn: dict[ItemKey, tuple[Item, ItemKey | None, bool, Drawn]] = {}
        self._shown: list[tuple[Row, Line]] = []
        self.cursor: ItemKey | None = None

    # What is shown

    def show(self, window: Window | None, layout: Layout | None) -> None:
        """Show a conversation, or none; at the first unread text, or at the newest."""
        self._window, self._layout = window, layout
        self._view = View(window, self._height_of) if window else None
        self._drawn.clear()
        self.cursor = self._divider = None
        if window and self._view:
            window.load_newest()
            self._divider = self._store.conversations.first_unread(window.contact_id)
            self._view.height = self.size.height
            if (
                self._divider
                and len(self._view.rows()) == self.size.height
                and not self._is_visible(self._divider)
            ):
                self._view.show_at_top(self._divider)
        self.repaint()

    def relabel(self, layout: Layout) -> None:
        """The other side is called otherwise now."""
        self._layout = layout
        self._drawn.clear()
        self.repaint()

    def reload(self) -> None:
        """The conversation changed: read it anew and keep the place."""
        if not self._window or not self._view:
            return
        at, known = self.item, {item.key for item in self._window.items}
        self._view.reload()
        if at:
            self.cursor = self._window.key_again(at, known) or self._key_near(at.key)
        unread = self._store.conversations.first_unread(self._window.contact_id)
        if unread and not self.at_newest and (self._divider is None or self._divider < unread):
            self._divider = unread  # what the one before marked has been read
        before = [line for _, line in self._shown]
        self.repaint()
        if self.text_selection and before != [line for _, line in self._shown]:
            self.screen.clear_selection()  # it is a place on the screen, where something else stands now

    def _key_near(self, key: ItemKey) -> ItemKey:
        """The key of the item before one that has gone; the same key where that is not in the window."""
        index = self._window.index_before(key) if self._window else -1
        return self._window.items[index].key if self._window and index >= 0 else key

    def forget_divider(self) -> None:
        """What was new is not new any more."""
        if self._divider:
            self._divider = None
            self.repaint()

    @property
    def at_newest(self) -> bool:
        """Whether the newest text is on the screen, and stays there when others come."""
        return self._view is not None and self._view.following

    @property
    def below(self) -> int:
        """How many incoming unread texts lie below what is on the screen."""
        if not self._window or not self._shown or self.at_newest:
            return 0
        last = self._window.items[self._shown[-1][0].index]
        return self._store.conversations.unread_after(self._window.contact_id, last.key)

    @property
    def item(self) -> Item | None:
        """The text under the cursor, or None."""
        if not self._window or self.cursor is None:
            return None
        index = self._window.index_before(self.cursor)
        item = self._window.items[index] if index >= 0 else None
        return item if item and item.key == self.cursor else None

    @property
    def lines(self) -> list[str]:
        """What stands in the pane, for tests: drawn widgets hold no others that could be asked."""
        return ["".join(span.text for span in line.spans) for _, line in self._shown]

    # Drawing

    def repaint(self) -> None:
        """Something changed: draw anew, and send the lines that differ."""
        self._shown = []  # until they are drawn: its rows may be those of other items now
        super().repaint()

    def paint(self, size: Size) -> list[Strip]:
        """The lines, the newest at the bottom."""
        base = self.look()
        if not self._view or not self._window or not self._layout:
            self._shown = []
            return [Strip.blank(size.width, base)] * size.height
        if self._layout.width != size.width - 1:
            self._layout = Layout(
                size.width - 1, self._layout.them, self._layout.calendar, self._layout.decide_key
            )
            self._drawn.clear()
        self._view.height = size.height
        styles = {role: self.look(f"conversation--{role}") for role in (*Role, "cursor")}
        self._shown = [(row, self._draw(row.index).lines[row.line]) for row in self._view.rows()]
        current = self.item if self.has_focus else None
        blank = Strip.blank(size.width, base)
        strips = [blank] * (size.height - len(self._shown))
        for row, line in self._shown:
            on_cursor = current is not None and self._window.items[row.index].key == current.key
            strips.append(self._strip(line, styles, size.width, len(strips), on_cursor=on_cursor))
        return strips

    def _strip(self, line: Line, styles: dict[str, Style], width: int, y: int, *, on_cursor: bool) -> Strip:
        pieces = [(span.text, styles[span.role]) for span in line.spans]
        if on_cursor and line.spans[0].role is Role.TIME:
            text, style = pieces[0]
            pieces[:1] = [("▌", styles["cursor"]), (text[1:], style)]
        strip = self.strip(pieces, width, self.look())
        if (selection := self.text_selection) and (span := selection.get_span(y)):
            strip = _highlight(strip, *span, self.selection_style)
        return strip.apply_offsets(0, y)

    def _height_of(self, index: int) -> int:
        return len(self._draw(index).lines)

    def _draw(self, index: int) -> Drawn:
        """The item's lines, from the cache where neither it nor what stands above has changed."""
        if not self._window or not self._layout:
            return Drawn((), "")
        item, before = self._window.items[index], self._window.key_above(index)
        divider = self._divider == item.key
        cached = self._drawn.get(item.key)
        if cached and cached[0] == item and cached[1] == before and cached[2] == divider:
            return cached[3]
        if len(self._drawn) > MOST_DRAWN:
            self._drawn.clear()
        drawn = draw(item, self._layout, before=before, divider=divider)
        self._drawn[item.key] = (item, before, divider, drawn)
        return drawn

    def _is_visible(self, key: ItemKey) -> bool:
        if not self._view or not self._window:
            return False
        return any(self._window.items[row.index].key == key for row in self._view.rows())

    # Moving

    def action_move(self, step: int) -> None:
        """Move the cursor by texts; the first press puts it on the newest text that is seen."""
        if not self._view or not self._window or not self._window.items:
            return
        if self.cursor is None:
            rows = self._view.rows()
            index = rows[-1].index if rows else 0
        else:
            index = self._window.index_before(self.cursor) + step
            if index < 0 and (added := self._window.extend_older()):
                index += added
            elif index >= len(self._window.items):
                self._window.extend_newer()
        index = max(0, min(index, len(self._window.items) - 1))
        self.cursor = self._window.items[index].key
        self._view.show(index)
        if step > 0 and self.cursor == self._window.items[-1].key and self._window.has_all_newer:
            self._view.to_newest()
        self._moved()

    def action_page(self, step: int) -> None:
        """Move by a page, with two lines of the last one left for the eye."""
        self._scroll(step * max(1, self.size.height - 2))

    def action_first(self) -> None:
        """Go to the first text of the conversation."""
        if self._view and self._window:
            self._view.to_first()
            self.cursor = self._window.items[0].key if self._window.items else None
            self._moved()

    def action_last(self) -> None:
        """Go to the newest text and stay there."""
        if self._view:
            self._view.to_newest()
            self.cursor = None
            self._moved()

    def action_copy(self) -> None:
        """Copy the text under the cursor, or the newest one."""
        item = self.item or (self._window.items[-1] if self._window and self._window.items else None)
        if item:
            self.post_message(self.Copied(clean(item.text)))

    def _scroll(self, lines: int) -> None:
        if self._view:
            self._view.scroll(lines)
            self._cursor_into_view()
            self._moved()

    def _moved(self) -> None:
        self.screen.clear_selection()
        self.repaint()
        self.post_message(self.Moved())

    def _cursor_into_view(self) -> None:
        if not self._view or not self._window or self.cursor is None:
            return
        rows = self._view.rows()
        if rows and not rows[0].index <= self._window.index_before(self.cursor) <= rows[-1].index:
            self.cursor = self._window.items[rows[-1].index].key

    # Mouse and selection

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-WHEEL_LINES)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(WHEEL_LINES)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the text that was clicked."""
        place = event.y - (self.size.height - len(self._shown))
        if self._window and 0 <= place < len(self._shown):
            self.cursor = self._window.items[self._shown[place][0].index].key
            self.repaint()
            self.post_message(self.Moved())

    def on_focus(self) -> None:
        """Show the cursor."""
        self.repaint()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.repaint()

    @property
    def allow_select(self) -> bool:
        """Texts can be selected with the mouse."""
        return True

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what is selected."""
        self.repaint()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected of the texts themselves: no times, no names, and no breaks that only the width made."""
        parts: list[str] = []
        last: tuple[int, int] | None = None  # item and where the last part of it ended
        for place, (row, line) in enumerate(self._shown, self.size.height - len(self._shown)):
            span = selection.get_span(place)
            if span is None or line.fragment is None:
                continue
            indent = sum(len(piece.text) for piece in line.spans[:-1])
            begin, stop = line.fragment
            start = min(begin + max(span[0] - indent, 0), stop)
            end = stop if span[1] == -1 else min(begin + max(span[1] - indent, 0), stop)
            text = self._draw(row.index).text
            if last and last[0] == row.index:
                parts.append(text[last[1] : start])
            elif last:
                parts.append("\n")
            parts.append(text[start:end])
            last = (row.index, end)
        return ("".join(parts), "\n") if parts else None


def _highlight(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """Paint the characters from start to end (-1 for all) as selected. Offsets count characters, not cells."""
    text = strip.text
    end = len(text) if end == -1 else min(end, len(text))
    cells = [strip.index_to_cell_position(place) for place in (min(start, end), end)]
    left, middle, right = (
        strip.crop(0, cells[0]),
        strip.crop(cells[0], cells[1]),
        strip.crop(cells[1], strip.cell_length),
    )
    return Strip.join([left, middle.apply_style(style), right])
