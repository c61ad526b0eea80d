"""A compositor that has only those rows drawn that are due.

Textual's asks every widget that shares a clip with a changed one for all its rows, and throws away what is not due: for
a key typed into one row that is most of the screen (private; Textual 8.2).
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip


class DueRows(Compositor):
    """Draws the rows between the first and the last that are due, of widgets of which something is seen there."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if crop is None:
            crop = self.size.region
        due = ((1 << crop.width) - 1) << crop.x
        uncovered = dict.fromkeys(crop.line_range, due)  # for each row, a bit for each of its columns
        # From front to back: what is behind all of them is behind an empty place, and is not drawn.
        for widget, (region, clip) in self.visible_widgets.items():
            # Cut by rows alone: the ends of its columns are where the strips are cut later.
            rows = clip.intersection(Region(clip.x, crop.y, clip.width, crop.height))
            seen = region.intersection(rows)
            columns = ((1 << seen.width) - 1) << seen.x
            if any(uncovered[y] & columns for y in seen.line_range):
                for y in seen.line_range:
                    uncovered[y] &= ~columns
                yield region, rows, widget.render_lines(seen.translate(-region.offset))


class LeanScreen(Screen[ScreenResultType]):
    """A screen with such a compositor."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = DueRows()
