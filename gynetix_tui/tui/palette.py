"""The command palette, filled from the table of commands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input

from gynetix_tui.tui.commands import COMMANDS, Command, KeyMap, Place


class Palette(CommandPalette):
    """Textual's palette, with a cursor that does not blink."""

    def on_mount(self) -> None:
        """A blinking cursor would send bytes for as long as the palette is open."""
        self.query_one(Input).cursor_blink = False


class TableOfCommands(Provider):
    """Offers each command of the table that makes sense without a place of its own."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for words, run, command in self._commands():
            yield DiscoveryHit(words, run, help=command.help)

    async def search(self, query: str) -> Hits:
        """Those that fit what is typed."""
        matcher = self.matcher(query)
        for words, run, command in self._commands():
            # Fuzzy over whole sentences, nearly everything would fit.
            score = matcher.match(words) or float(query.strip().casefold() in command.help.casefold()) / 2
            if score > 0:
                yield Hit(score, matcher.highlight(words), run, help=command.help)

    def _commands(self) -> list[tuple[str, Callable[[], object], Command]]:
        keys: KeyMap = getattr(self.app, "keys")  # noqa: B009 - Provider.app is typed as any App
        found: list[tuple[str, Callable[[], object], Command]] = []
        for command in COMMANDS:
            if not command.in_palette or command.id == "palette":
                continue
            # Those of one place name where they run; what is in the palette belongs to the screen.
            if command.place is not Place.EVERYWHERE and not command.action.startswith("screen."):
                continue
            words = f"{command.name.capitalize()}  {keys.shown(command)}"
            action = command.action.removeprefix("screen.")
            found.append((words, partial(self.screen.run_action, action), command))
        return found
