"""A field for text that draws no more than what a key has changed."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, Self

from textual._text_area_theme import TextAreaTheme
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea


class LeanTextArea(TextArea):
    """A TextArea for plain text without line numbers.

    Textual's draws all its rows for each key, finds out all its looks before, and tells every part of the screen around
    it where the cursor is: a third of what a key costs. (Private parts; Textual 8.2.)
    """

    _dressed: TextAreaTheme | None = None

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - Textual's name
        compact: bool,
        tab_behavior: Literal["focus", "indent"],
        disabled: bool,
    ) -> None:
        """Make it; see `TextArea`."""
        self._drawn: dict[
            int, Hashable
        ] = {}  # for each row what was drawn there; `TextArea.__init__` asks for it
        super().__init__(
            id=id,
            compact=compact,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            tab_behavior=tab_behavior,
            disabled=disabled,
        )

    def facts_of_line(self, line_index: int) -> Hashable:
        """What the looks of a line depend on beside its text and the cursor; whoever changes that calls `refresh`."""
        del line_index
        return None

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Have drawn what has changed: these regions, or the rows that would be others now."""
        if regions or layout or recompose or not repaint or not self._drawn:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        width, height = self.size
        changed = [
            Region(0, y, width, 1)
            for y in range(height)
            if (row := self._row(y)) is None or row != self._drawn.get(y)
        ]
        return super().refresh(*changed) if changed else self

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows, for Textual's compositor; the looks are found out when they may be others."""
        if self._dressed is not self._theme:
            self._dressed = self._theme
            return super().render_lines(crop)
        return super(TextArea, self).render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row, for Textual's compositor."""
        self._drawn[y] = self._row(y)
        return super().render_line(y)

    def notify_style_update(self) -> None:
        """The theme or a class changed: every row may look different."""
        super().notify_style_update()
        self._dressed = None
        self._drawn.clear()
        self.refresh()

    def post_message(self, message: Message) -> bool:
        """Say what happened here, but not where the cursor is: nobody asks, and each part around would be told."""
        return not isinstance(message, self.SelectionChanged) and super().post_message(message)

    def _row(self, y: int) -> Hashable:
        """All that a row is drawn from; None where that is more than this knows: such a row is always drawn."""
        (start, end), offset = self.selection, y + self.scroll_offset.y
        if start != end or self._matching_bracket_location or self.suggestion or not self.text:
            return None
        lines = self.wrapped_document
        if offset >= lines.height:
            return ()
        line_index, section = lines._offset_to_line_info[offset]
        line = self.document.get_line(line_index)
        if "\t" in line:
            return None  # how wide it is depends on what stands before it
        bounds = [0, *lines.get_offsets(line_index), len(line)]
        first, beyond = bounds[section : section + 2]
        is_last = beyond == len(line)
        column: int | None = end[1] if end[0] == line_index and self._draw_cursor else None
        if column is not None and not (first <= column < beyond or (is_last and column == beyond)):
            column = None
        return line[first:beyond], first, is_last, column, self.size.width, self.facts_of_line(line_index)
