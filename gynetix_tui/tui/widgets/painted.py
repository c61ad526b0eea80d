"""A widget that draws its own lines, and sends only those that changed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class Painted(Widget):
    """A Line-API widget whose `paint` gives all its lines at once.

    Textual sends a dirty region whole. So `repaint` compares the new lines with those on the screen and marks
    only those dirty that differ: a changed state costs one row, not a pane.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self._painted_size = Size(0, 0)
        self._looks: dict[str, Style] = {}

    def look(self, name: str = "") -> Style:
        """How a component looks, by its class; the widget itself for none.

        Kept until the looks change. Textual finds them out again after each `refresh`, through all that is around.
        """
        style = self._looks.get(name)
        if style is None:
            style = self.get_component_rich_style(name) if name else self.rich_style
            self._looks[name] = style
        return style

    def paint(self, size: Size) -> list[Strip]:
        """All lines, as many as `size` is high and each as wide."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Something changed: draw anew, and send the lines that differ."""
        size = self.size
        if not size or size != self._painted_size:
            self._painted_size = Size(0, 0)
            self.refresh()
            return
        old, self._strips = self._strips, self.paint(size)
        changed = [y for y, strip in enumerate(self._strips) if y >= len(old) or strip != old[y]]
        if changed:
            self.refresh(*(Region(0, y, size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """One line, for Textual's compositor."""
        if self._painted_size != self.size:
            self._painted_size = self.size
            self._strips = self.paint(self.size)
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.look())

    def notify_style_update(self) -> None:
        """The theme or a class changed: every line may look different."""
        super().notify_style_update()
        self._looks.clear()
        self._painted_size = Size(0, 0)

    def strip(self, pieces: Iterable[tuple[str, Style]], width: int, fill: Style) -> Strip:
        """A line of pieces, cut or filled to the width."""
        return Strip([Segment(text, style) for text, style in pieces if text]).adjust_cell_length(width, fill)
