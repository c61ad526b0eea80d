"""Textual's updates as pieces: strips with their places, and their segments as cells.

The attributes of the updates, and `Strip.render_ansi`, are private parts of Textual 8.2, met here and in `hook` only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from gynetix_tui.tui.cells.doubt import Doubt
from gynetix_tui.tui.cells.graphemes import cells_of
from gynetix_tui.tui.cells.looks import Look, Palette
from gynetix_tui.tui.cells.shown import Piece

Update = LayoutUpdate | ChopsUpdate


def pieces(update: Update, palette: Palette, colours: ColorSystem) -> Iterator[Piece]:
    """What an update shows.

    Args:
        update: What Textual's compositor made.
        palette: Makes the looks.
        colours: How many colours the terminal has.

    Raises:
        Doubt: There is a segment that is not text, or text that is none.
    """
    places = _of_layout(update) if isinstance(update, LayoutUpdate) else _of_chops(update)
    for x, y, strip in places:
        graphemes, looks = _cells(strip, palette, colours)
        yield Piece(x, y, graphemes, looks)


def _of_layout(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield x, y, strip
            x += strip.cell_length


def _of_chops(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """What lies within the spans, and the rest of those strips, which is as new.

    Textual cuts them at a span's end, and of a wide letter there it would leave a half.
    """
    for y, first, end in update.spans:
        for strip_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= end and strip_end > first:
                yield x, y, strip


def _cells(strip: Strip, palette: Palette, colours: ColorSystem) -> tuple[list[str], list[Look]]:
    graphemes: list[str] = []
    looks: list[Look] = []
    for text, style, control in strip:
        if control:
            raise Doubt("a control segment")
        look = palette.look("" if style is None else Strip.render_ansi(style, colours))
        cells = text if text.isascii() and text.isprintable() else cells_of(text)
        graphemes += cells
        blank = look.blank
        if blank is look or " " not in cells:
            looks += [look] * len(cells)
        elif text.isspace():
            looks += [blank] * len(cells)
        else:
            looks += [blank if cell == " " else look for cell in cells]
    return graphemes, looks
