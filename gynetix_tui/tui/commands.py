"""What the user can do, in one table: key bindings, key bar, command palette and help are made from it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from textual.binding import Binding
from textual.keys import KEY_ALIASES, KEY_NAME_REPLACEMENTS, Keys

from gynetix_tui.errors import ConfigError


class Place(StrEnum):
    """Where a command works: the part of the screen that has the focus."""

    EVERYWHERE = "Everywhere"
    COMPOSER = "Writing"
    LIST = "Conversations"
    CONVERSATION = "A conversation"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do.

    Attributes:
        id: Its name under [keys] in config.toml.
        keys: Its keys unless config.toml names others, in Textual's names.
        action: What it runs, as Textual names actions.
        name: Two or three words, for the key bar and the palette.
        help: A sentence, for the help.
        in_bar: Whether the key bar shows it.
        in_palette: Whether the command palette offers it.
    """

    id: str
    place: Place
    keys: tuple[str, ...]
    action: str
    name: str
    help: str
    in_bar: bool = False
    in_palette: bool = True


def _everywhere(id_: str, keys: str, action: str, name: str, help_: str, *, bar: bool = False) -> Command:
    return Command(id_, Place.EVERYWHERE, tuple(keys.split()), f"screen.{action}", name, help_, in_bar=bar)


def _here(
    place: Place,
    id_: str,
    keys: str,
    action: str,
    name: str,
    help_: str,
    *,
    bar: bool = False,
    palette: bool = False,
) -> Command:
    return Command(id_, place, tuple(keys.split()), action, name, help_, bar, palette)


_COMPOSER, _LIST, _CONVERSATION = Place.COMPOSER, Place.LIST, Place.CONVERSATION

COMMANDS: tuple[Command, ...] = (
    _everywhere("help", "f1", "help", "help", "Show every key of the place you are in.", bar=True),
    _everywhere("new", "ctrl+n", "new_conversation", "new", "Start a conversation with a number or a contact.", bar=True),
    _everywhere("go_to", "ctrl+g", "go_to", "go to", "Go to a conversation by part of its name or number.", bar=True),
    _everywhere("next_unread", "f4", "next_unread", "next unread", "Go to the next conversation with unread texts."),
    _everywhere("previous", "alt+up f7", "move_conversation(-1)", "previous", "Go to the conversation above."),
    _everywhere("next", "alt+down f8", "move_conversation(1)", "next", "Go to the conversation below."),
    _everywhere("refresh", "ctrl+r", "refresh_now", "refresh", "Ask the gateway for new texts now.", bar=True),
    _everywhere("palette", "ctrl+p", "palette", "commands", "Find any command by name.", bar=True),
    _everywhere("focus_next", "tab", "move_focus(1)", "next part", "Move on: conversations, texts, composer."),
    _everywhere("focus_previous", "shift+tab", "move_focus(-1)", "previous part", "Move back the same way."),
    _everywhere("back", "escape", "back", "back", "One step back; what you wrote stays."),
    _everywhere("repaint", "ctrl+l", "repaint", "repaint", "Draw the whole screen anew."),
    _everywhere("suspend", "ctrl+z", "suspend", "suspend", "Back to the shell; fg returns here."),
    _everywhere("quit", "ctrl+q", "leave", "quit", "Quit; what you wrote stays for the next time."),
    _here(_COMPOSER, "send", "enter", "send", "send", "Send what you wrote.", bar=True),
    _here(_COMPOSER, "newline", "ctrl+j shift+enter", "newline", "new line", "Begin a new line.", bar=True),
    _here(_COMPOSER, "editor", "ctrl+o", "screen.editor", "editor", "Write in $VISUAL or $EDITOR.", palette=True),
    _here(_COMPOSER, "undo", "ctrl+underscore", "undo", "undo", "Take back the last change of what you wrote."),
    _here(_COMPOSER, "recall", "up", "recall", "last text", "In an empty composer: take back the last text sent here."),
    _here(_LIST, "list_up", "up k", "move(-1)", "up", "The contact above."),
    _here(_LIST, "list_down", "down j", "move(1)", "down", "The contact below."),
    _here(_LIST, "list_page_up", "pageup", "page(-1)", "page up", "A page up."),
    _here(_LIST, "list_page_down", "pagedown", "page(1)", "page down", "A page down."),
    _here(_LIST, "list_first", "home", "first", "first", "The first contact."),
    _here(_LIST, "list_last", "end", "last", "last", "The last contact."),
    _here(_LIST, "open", "enter", "open", "open", "Open the conversation and write.", bar=True),
    _here(_LIST, "filter", "slash", "screen.filter", "filter", "Show only contacts that hold what you type.", bar=True),
    _here(_LIST, "list_new", "n", "screen.new_conversation", "new", "Start a conversation."),
    _here(_LIST, "edit", "e", "screen.edit_contact", "edit", "Change the contact's name.", bar=True, palette=True),
    _here(_LIST, "delete", "d", "screen.delete_contact", "delete", "Delete the contact and its texts here (asks).", bar=True, palette=True),
    _here(_LIST, "pin", "p", "screen.flag('pinned')", "pin", "Keep the contact at the top, or no more.", palette=True),
    _here(_LIST, "mute", "m", "screen.flag('muted')", "mute", "Do not count the contact's unread texts, or count them again.", palette=True),
    _here(_LIST, "archive", "a", "screen.flag('archived')", "archive", "Take the contact off the list until a text comes.", palette=True),
    _here(_LIST, "mark_unread", "u", "screen.mark_unread", "mark unread", "Mark the conversation unread.", palette=True),
    _here(_LIST, "suppress_contact", "x", "screen.suppress", "suppress", "No more texts to this number, ever (asks)."),
    _here(_CONVERSATION, "text_up", "up", "move(-1)", "up", "The text above."),
    _here(_CONVERSATION, "text_down", "down", "move(1)", "down", "The text below."),
    _here(_CONVERSATION, "text_page_up", "pageup", "page(-1)", "page up", "A page up.", bar=True),
    _here(_CONVERSATION, "text_page_down", "pagedown", "page(1)", "page down", "A page down."),
    _here(_CONVERSATION, "text_first", "home", "first", "first", "The first text."),
    _here(_CONVERSATION, "text_last", "end", "last", "newest", "The newest text.", bar=True),
    _here(_CONVERSATION, "copy", "c", "copy", "copy", "Send the text to the terminal's clipboard.", bar=True),
    _here(_CONVERSATION, "decide", "r", "screen.decide", "send again", "Send again, or give up, a text that failed or may not have arrived.", bar=True),
    _here(_CONVERSATION, "suppress", "x", "screen.suppress", "suppress", "No more texts to this number, ever (asks).", bar=True, palette=True),
    _here(_CONVERSATION, "write", "enter", "screen.write", "write", "Go to the composer."),
)  # fmt: skip
"""Every command. Within a place, no two have a key in common."""

_SHORT = {
    "ctrl+": "^", "shift+": "Shift+", "alt+": "Alt+", "escape": "Esc", "underscore": "_", "enter": "Enter", "tab": "Tab", "slash": "/",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "up": "Up", "down": "Down",
}  # fmt: skip


class KeyMap:
    """The keys in force: the table's, and those of config.toml in their place.

    Args:
        chosen: The [keys] of config.toml: for a command's id, its keys, separated by commas.

    Raises:
        ConfigError: An id or a key does not exist, or two commands of one place would share a key. Textual
            takes all three without a word and leaves the user with dead keys.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        chosen = chosen or {}
        ids = [command.id for command in COMMANDS]
        for command_id in chosen:
            if command_id not in ids:
                close = get_close_matches(command_id, ids, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(ids)}."
                raise ConfigError(f"keys.{command_id}: no such command; {hint}")
        self._keys = {
            command.id: _parse(command.id, chosen[command.id]) if command.id in chosen else command.keys
            for command in COMMANDS
        }
        self._refuse_clashes(set(chosen))

    def of(self, command_id: str) -> tuple[str, ...]:
        """The keys of a command, in Textual's names."""
        return self._keys[command_id]

    def shown(self, command: Command) -> str:
        """The command's first key as the key bar shows it: ``^N``, ``F1``, ``Enter``."""
        return short_key(self._keys[command.id][0])

    def textual(self) -> dict[str, str]:
        """For `App.set_keymap`."""
        return {command_id: ",".join(keys) for command_id, keys in self._keys.items()}

    def _refuse_clashes(self, chosen: set[str]) -> None:
        for place in Place:
            owners: dict[str, str] = {}
            for command in COMMANDS:
                if command.place not in (place, Place.EVERYWHERE):
                    continue
                for key in self._keys[command.id]:
                    other = owners.setdefault(key, command.id)
                    if other != command.id and {other, command.id} & chosen:
                        both = sorted((other, command.id), key=lambda each: each not in chosen)
                        raise ConfigError(f'keys.{both[0]} = "{key}": this key is already that of {both[1]}.')


def bindings(place: Place) -> list[Binding]:
    """The bindings of a place, for a widget's or screen's BINDINGS; `KeyMap.textual` changes their keys."""
    return [
        Binding(
            ",".join(command.keys),
            command.action,
            command.name,
            show=False,
            id=command.id,
            # The composer would take some of them for itself.
            priority=place is Place.EVERYWHERE,
        )
        for command in COMMANDS
        if command.place is place
    ]


def commands_of(places: Iterable[Place]) -> list[Command]:
    """The commands that work in some places, in the table's order."""
    wanted = set(places)
    return [command for command in COMMANDS if command.place in wanted]


def short_key(key: str) -> str:
    """A key's name as people write it: ``ctrl+n`` is ``^N``."""
    prefix = ""
    for name in ("ctrl+", "alt+", "shift+"):
        if key.startswith(name):
            prefix += _SHORT[name]
            key = key.removeprefix(name)
    return prefix + (
        _SHORT.get(key) or (key.upper() if prefix or (key[0] == "f" and key[1:].isdigit()) else key)
    )


def _parse(command_id: str, text: str) -> tuple[str, ...]:
    keys = []
    for key in text.split(","):
        parts = key.strip().lower() if len(key.strip()) > 1 else key.strip()
        modifiers, _, last = parts.rpartition("+") if len(parts) > 1 else ("", "", parts)
        name = _key_name(last)
        if name is None or not set(filter(None, modifiers.split("+"))) <= {"ctrl", "alt", "shift"}:
            raise ConfigError(
                f'keys.{command_id} = "{text}": "{key.strip()}" is no key; write it as "ctrl+n", "f2" or "alt+up".'
            )
        keys.append(f"{modifiers}+{name}" if modifiers else name)
    return tuple(keys)


def _key_name(key: str) -> str | None:
    """Textual's name of a key that is named, or typed as its character; None for what is neither."""
    if len(key) == 1:
        if key.isalnum():
            return key
        key = unicodedata.name(key, "").lower().replace(" ", "_").replace("-", "_")
        return KEY_NAME_REPLACEMENTS.get(key, key) or None
    if key in {each.value for each in Keys} or key in KEY_ALIASES or key in KEY_NAME_REPLACEMENTS.values():
        return key
    try:
        unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        return None
    return key
