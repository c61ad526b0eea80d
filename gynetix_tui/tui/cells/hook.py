"""Where the changed cells meet Textual.

`App._display` is where every frame goes to the terminal (private; Textual 8.2): it is replaced, here and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeVar

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, RenderableType
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from gynetix_tui.tui.cells.doubt import Doubt
from gynetix_tui.tui.cells.pieces import Update, pieces
from gynetix_tui.tui.cells.shown import Shown

Result = TypeVar("Result")


def erases_in_colour(environ: Mapping[str, str]) -> bool:
    """Whether the terminal, erasing, takes the colour of the ground that is in force ("bce").

    All do that are met today but GNU screen, which does only if told to. tmux does, under the same name; over SSH its own
    variable is not there, and then blanks are written, which is right everywhere.
    """
    if environ.get("STY"):
        return False
    return not environ.get("TERM", "").startswith("screen") or bool(environ.get("TMUX"))


class NotedDriver(LinuxDriver):
    """A driver that tells whether others wrote, and whether the terminal was taken anew; it leaves no colours behind.

    Attributes:
        writes: How often anything was written.
        takings: How often the terminal was taken: at the start, and after each suspension.
    """

    writes = 0
    takings = 0

    def write(self, data: str) -> None:
        """Write, and count."""
        self.writes += 1
        super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal, and count."""
        self.takings += 1
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def ask_whole(self) -> None:
        """Ask for a whole frame, from a signal's handler too: as if the program had just been brought to the front."""
        self._loop.call_soon_threadsafe(self._app.post_message, self.SignalResume())

    def stop_application_mode(self) -> None:
        """Give the terminal back without the colours of the last cell: not each restores them with the screen."""
        self.write("\x1b[m")
        super().stop_application_mode()


class ChangedCells(App[Result]):
    """An App that writes changed cells only.

    Attributes:
        changed_cells: Whether it does; if not, Textual writes in its own way.
        curtain: Whether nothing is written any more, whatever is drawn.
    """

    changed_cells = True
    curtain = False

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # handed on as they came
        self._shown = Shown(erases=erases_in_colour(os.environ))
        self._drawn_screen: Screen[object] | None = None
        self._has_size = False
        self._noted = (0, 0)

    def draw_whole(self) -> None:
        """Something else may have been drawn on the terminal: forget what it shows, and draw everything anew."""
        self._shown.forget()
        self.screen.refresh(layout=True)
        self.refresh(layout=True)

    def whole_frame(self) -> str:
        """What makes a terminal, whatever it shows, show the screen; empty where that is not fully known."""
        if not self.changed_cells:
            return ""
        self._shown.forget()
        try:
            return self._changes(self.screen, self.screen._compositor.render_full_update(), None)
        except Doubt:
            return ""
        finally:
            self._shown.forget()

    async def on_event(self, event: events.Event) -> None:
        """Draw whole when the terminal tells its size, also if that is the old one.

        It may have had another size meanwhile, and have cut its rows; a signal tells only that there was a change.
        """
        if isinstance(event, events.Resize):
            if self._has_size:
                self.draw_whole()
            self._has_size = True
        await super().on_event(event)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if self.curtain:
            return
        if renderable is None or self._batch_count or self.is_headless or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        if (
            not self.changed_cells
            or not isinstance(renderable, LayoutUpdate | ChopsUpdate)
            or self._driver is None
            or self._driver.is_inline
        ):
            self._shown.forget()
            super()._display(screen, renderable)
            return
        driver = self._driver
        before = (driver.writes, driver.takings) if isinstance(driver, NotedDriver) else None
        try:
            text = self._changes(screen, renderable, before)
        except Doubt:
            self._shown.forget()
            super()._display(screen, renderable)
            return
        except Exception as error:  # as Textual does: it ends the application
            self._handle_exception(error)
            text = ""
        if text:
            driver.write(text)
            driver.flush()
        if before is not None:
            # Counted from before, so that what the thread of the keyboard wrote meanwhile is noticed, too.
            self._noted = (before[0] + bool(text), before[1])
        self.post_display_hook()

    def _changes(self, screen: Screen[object], update: Update, before: tuple[int, int] | None) -> str:
        """What to write for an update; `before` is what the driver counted, or None where it does not count."""
        shown, (width, height) = self._shown, self.size
        if before is not None and before[1] != self._noted[1]:
            shown.forget()
        elif before is None or before[0] != self._noted[0]:
            shown.lose_pen()
        if screen is not self._drawn_screen:
            shown.forget()
            self._drawn_screen = screen
        if not shown.knows(width, height):
            shown.start_anew()
            if isinstance(update, ChopsUpdate):
                update = screen._compositor.render_full_update()
        colours = COLOR_SYSTEMS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        self._previous_cursor_position = cursor
        return shown.frame(
            width,
            height,
            pieces(update, shown.palette, colours),
            cursor,
            sync=self._sync_available,
            keep=before is not None,
        )
