"""The line under the composer: what the text costs at the right, at most one thing to know about it at the left."""

from __future__ import annotations

import re

from textual.geometry import Size
from textual.strip import Strip

from gynetix_tui.tui.hints import Hint, beside
from gynetix_tui.tui.widgets.bar import Bar

_COUNT = re.compile("[0-9]+(?=/)")


class Meter(Bar):
    """A bar that chooses among forms of words by its own width. It is always there, so that nothing jumps."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._hint: Hint | None = None
        self._cost: tuple[str, ...] = ()

    def tell(self, hint: Hint | None, cost: tuple[str, ...]) -> None:
        """Show a hint, or none, and what a text costs, as its forms."""
        if (hint, cost) != (self._hint, self._cost):
            self._hint, self._cost = hint, cost
            self.repaint()

    def paint(self, size: Size) -> list[Strip]:
        """The forms that fit."""
        hint, cost = beside(self._hint.forms if self._hint else (), self._cost, size.width - 2)
        self._left = ((hint, self._hint.look),) if self._hint else ()
        # The count, which changes with every key, looks like the text above it: a change of colours there and back is
        # more than all else that a key sends.
        found = _COUNT.search(cost)
        self._right = (
            ((cost[: found.start()], "dim"), (found[0], ""), (cost[found.end() :], "dim")) if found else ()
        )
        return super().paint(size)
