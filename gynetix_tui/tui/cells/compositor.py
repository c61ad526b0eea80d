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
    """Draws the rows between the first and the last that are due."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if crop is None:
            crop = self.size.region
        for widget, (region, clip) in self.visible_widgets.items():
            # Cut by rows alone: the ends of its columns are where the strips are cut later.
            rows = clip.intersection(Region(clip.x, crop.y, clip.width, crop.height))
            seen = region.intersection(rows)
            if seen and seen.overlaps(crop):
                yield region, rows, widget.render_lines(seen.translate(-region.offset))


class LeanScreen(Screen[ScreenResultType]):
    """A screen with such a compositor."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = DueRows()
