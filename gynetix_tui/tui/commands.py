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
from gynetix_tui.text import clean_line


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
    action = action if action.startswith("app.") else f"screen.{action}"
    return Command(id_, Place.EVERYWHERE, tuple(keys.split()), action, name, help_, in_bar=bar)


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
    _everywhere("key", "f9", "app.ask_key", "API key", "Enter another API key, in place of the present one."),
    _everywhere("repaint", "ctrl+l", "app.repaint", "repaint", "Draw the whole screen anew."),
    _everywhere("suspend", "ctrl+z", "app.suspend", "suspend", "Back to the shell; fg returns here."),
    _everywhere("quit", "ctrl+q", "app.leave", "quit", "Quit; what you wrote stays for the next time."),
    _here(_COMPOSER, "send", "enter", "send", "send", "Send what you wrote.", bar=True),
    _here(_COMPOSER, "newline", "ctrl+j shift+enter", "newline", "new line", "Begin a new line.", bar=True),
    _here(_COMPOSER, "editor", "ctrl+o", "screen.editor", "editor", "Write in $VISUAL or $EDITOR.", palette=True),
    _here(_COMPOSER, "simplify", "f2", "screen.simplify", "simplify", "Replace curly quotes and the like where that saves a segment (shows it first).", palette=True),
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
    _here(_LIST, "details_contact", "i", "screen.details", "details", "The contact: numbers, counts, opt-outs, what the gateway knows.", bar=True),
    _here(_LIST, "edit", "e", "screen.edit_contact", "edit", "Change the contact's name and note.", bar=True, palette=True),
    _here(_LIST, "delete", "d", "screen.delete_contact", "delete", "Delete the contact and its texts here (asks).", palette=True),
    _here(_LIST, "pin", "p", "screen.flag('pinned')", "pin", "Keep the contact at the top, or no more.", palette=True),
    _here(_LIST, "mute", "m", "screen.flag('muted')", "mute", "Do not count the contact's unread texts, or count them again.", palette=True),
    _here(_LIST, "archive", "a", "screen.flag('archived')", "archive", "Take the contact off the list until a text comes.", palette=True),
    _here(_LIST, "mark_unread", "u", "screen.mark_unread", "mark unread", "Mark the conversation unread.", palette=True),
    _here(_LIST, "suppress_contact", "x", "screen.suppress", "suppress", "No more texts to this number, ever (asks)."),
    _here(_CONVERSATION, "text_up", "up", "move(-1)", "up", "The text above."),
    _here(_CONVERSATION, "text_down", "down", "move(1)", "down", "The text below."),
    _here(_CONVERSATION, "text_page_up", "pageup", "page(-1)", "page up", "A page up."),
    _here(_CONVERSATION, "text_page_down", "pagedown", "page(1)", "page down", "A page down."),
    _here(_CONVERSATION, "text_first", "home", "first", "first", "The first text."),
    _here(_CONVERSATION, "text_last", "end", "last", "newest", "The newest text.", bar=True),
    _here(_CONVERSATION, "copy", "c", "copy", "copy", "Send the text to the terminal's clipboard.", bar=True),
    _here(_CONVERSATION, "links", "o", "screen.links", "links", "List the links of the text, or of all texts, to open or copy one.", bar=True, palette=True),
    _here(_CONVERSATION, "decide", "r", "screen.decide", "send again", "Send again, or give up, a text that failed or may not have arrived."),
    _here(_CONVERSATION, "details", "i", "screen.details", "details", "The contact: numbers, counts, opt-outs, what the gateway knows.", bar=True, palette=True),
    _here(_CONVERSATION, "archive_open", "a", "screen.flag('archived')", "archive", "Take the contact off the list until a text comes, or put it back."),
    _here(_CONVERSATION, "dismiss_plea", "z", "screen.dismiss_plea", "no opt-out", "A text that may be an opt-out is none: ask no more about it.", palette=True),
    _here(_CONVERSATION, "suppress", "x", "screen.suppress", "suppress", "No more texts to this number, ever (asks).", bar=True, palette=True),
    _here(_CONVERSATION, "write", "enter", "screen.write", "write", "Go to the composer."),
)  # fmt: skip
"""Every command. Within a place, no two have a key in common."""

_SHORT = {
    "ctrl+": "^", "shift+": "Shift+", "alt+": "Alt+", "escape": "Esc", "underscore": "_", "enter": "Enter", "tab": "Tab", "slash": "/",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "up": "Up", "down": "Down",
}  # fmt: skip


_NAMED = {each.value for each in Keys if each.value[0] != "<"}
_ALSO = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "del": "delete",
    "ins": "insert",
}
"""Names that people write, and that the key bar shows."""
_ONE_KEY = {alias: key for key, aliases in KEY_ALIASES.items() for alias in aliases}
"""What terminals cannot tell apart: Ctrl+I is Tab, Ctrl+M is Enter."""


class WrongKey(ConfigError):
    """A mistake in the [keys] of config.toml.

    Attributes:
        command_id: The entry it is in, as it stands there.
    """

    def __init__(self, command_id: str, sentence: str) -> None:
        super().__init__(sentence)
        self.command_id = command_id


class KeyMap:
    """The keys in force: the table's, and those of config.toml in their place.

    Args:
        chosen: The [keys] of config.toml: for a command's id, its keys, separated by commas.

    Raises:
        WrongKey: An id or a key does not exist, two commands of one place would share a key, or one could not
            be typed any more. Textual takes all of them without a word and leaves the user with dead keys.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        chosen = chosen or {}
        ids = [command.id for command in COMMANDS]
        for command_id in chosen:
            if command_id not in ids:
                close = get_close_matches(command_id, ids, n=1)
                hint = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(ids)}."
                raise WrongKey(command_id, f"keys.{clean_line(command_id)}: no such command; {hint}")
        self._keys = {
            command.id: _parse(command.id, chosen[command.id]) if command.id in chosen else command.keys
            for command in COMMANDS
        }
        self._refuse_letters(chosen)
        self._refuse_clashes(set(chosen))

    def of(self, command_id: str) -> tuple[str, ...]:
        """The keys of a command, in Textual's names."""
        return self._keys[command_id]

    def shown(self, command: Command) -> str:
        """The command's first key as the key bar shows it: ``^N``, ``F1``, ``Enter``."""
        return short_key(self._keys[command.id][0])

    def textual(self) -> dict[str, str]:
        """For `App.set_keymap`: the keys that differ from the table's. Textual goes through them at every key."""
        return {
            command.id: ",".join(self._keys[command.id])
            for command in COMMANDS
            if self._keys[command.id] != command.keys
        }

    def _refuse_letters(self, chosen: Mapping[str, str]) -> None:
        for command in COMMANDS:
            if command.id not in chosen or command.place not in (Place.EVERYWHERE, Place.COMPOSER):
                continue
            for key in self._keys[command.id]:
                if _is_typed(key):
                    raise WrongKey(
                        command.id,
                        f'keys.{command.id} = "{clean_line(chosen[command.id])}": "{short_key(key)}" is what one types in a text; '
                        'this command needs a key like "ctrl+n", "f2" or "alt+up".',
                    )

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


def bindings(place: Place, *, of_app: bool = False) -> list[Binding]:
    """The bindings of a place, for a widget's or screen's BINDINGS; `KeyMap.textual` changes their keys.

    Args:
        place: The place. Of what works everywhere, most belongs to the main screen.
        of_app: Those that belong to the application, and so work in dialogs too.
    """
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
        if command.place is place and command.action.startswith("app.") == of_app
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
    for typed in text.split(","):
        key = _canonical(typed.strip())
        if key is None:
            raise WrongKey(
                command_id,
                f'keys.{command_id} = "{clean_line(text)}": "{clean_line(typed)}" is no key; '
                'write it as "ctrl+n", "f2" or "alt+up".',
            )
        keys.append(key)
    return tuple(keys)


def _canonical(typed: str) -> str | None:
    """The key as Textual reports it, however it is written; None for what is no key."""
    if len(typed) == 1:
        return _key_name(typed)
    *modifiers, last = typed.lower().split("+")
    name = _key_name(last)
    if name is None or not set(modifiers) <= {"ctrl", "alt", "shift"}:
        return None
    if set(modifiers) == {"shift"} and len(name) == 1:
        return name.upper()
    key = "+".join([*sorted(set(modifiers)), name])
    return _ONE_KEY.get(key, key)


def _key_name(key: str) -> str | None:
    """Textual's name of a key that is named, or typed as its character; None for what is neither."""
    if len(key) == 1:
        if key.isalnum():
            return key
        name = unicodedata.name(key, "").lower().replace(" ", "_").replace("-", "_")
        return KEY_NAME_REPLACEMENTS.get(name, name) or None
    if key in _NAMED or key in _ALSO:
        return _ALSO.get(key, key)
    original = {value: name for name, value in KEY_NAME_REPLACEMENTS.items()}.get(key, key)
    for name in (original.replace("_", " "), original.replace("_", "-")):
        try:
            return _key_name(unicodedata.lookup(name))
        except KeyError:
            continue
    return None


def _is_typed(key: str) -> bool:
    """Whether a key writes something."""
    return "+" not in key and (key == "space" or key not in _NAMED)
