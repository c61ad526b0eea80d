"""The table of commands, and the keys that a user may choose instead."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stage import Stage, stage
from textual.app import App
from textual.binding import Binding
from textual.keys import KEY_ALIASES
from textual.widget import Widget

from gynetix_tui.errors import ConfigError
from gynetix_tui.sandbox import DEMO_PEOPLE, Call
from gynetix_tui.tui.app import GynetixApp
from gynetix_tui.tui.commands import COMMANDS, Command, KeyMap, Place, bindings, commands_of, short_key
from gynetix_tui.tui.screens.main import MainScreen
from gynetix_tui.tui.widgets.composer import Composer
from gynetix_tui.tui.widgets.contact_list import ContactList
from gynetix_tui.tui.widgets.conversation import Conversation

same_every_time = settings(derandomize=True, deadline=None)

OWNERS: dict[Place, type[Widget]] = {
    Place.EVERYWHERE: MainScreen,
    Place.COMPOSER: Composer,
    Place.LIST: ContactList,
    Place.CONVERSATION: Conversation,
}


def by_id(command_id: str) -> Command:
    return next(command for command in COMMANDS if command.id == command_id)


# The table


def test_every_command_has_a_name_of_its_own() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z][a-z_]*", each) for each in ids)


@pytest.mark.parametrize("place", Place)
def test_no_two_commands_of_a_place_share_a_key(place: Place) -> None:
    here = commands_of({place, Place.EVERYWHERE})
    for one, other in combinations(here, 2):
        assert not set(one.keys) & set(other.keys), (one.id, other.id)


def test_no_default_key_is_one_that_terminals_take_for_another() -> None:
    aliases = {alias for names in KEY_ALIASES.values() for alias in names}
    for command in COMMANDS:
        assert command.keys
        assert not set(command.keys) & aliases, command.id


def test_the_default_keys_could_be_chosen_as_they_are() -> None:
    usual = KeyMap()
    for command in COMMANDS:
        chosen = KeyMap({command.id: ", ".join(command.keys)})
        assert chosen.of(command.id) == command.keys
        assert chosen.textual() == usual.textual()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_action_exists_where_it_runs_and_every_help_is_a_sentence(command: Command) -> None:
    owner: type[Widget | App[str]] = OWNERS[command.place]
    action = command.action
    if action.startswith("app."):
        owner, action = GynetixApp, action.removeprefix("app.")
    elif command.place is Place.EVERYWHERE or action.startswith("screen."):
        assert action.startswith("screen."), "or a dialog on top would run it too"
        owner, action = MainScreen, action.removeprefix("screen.")
    assert callable(getattr(owner, f"action_{action.partition('(')[0]}", None)), command.action
    assert re.fullmatch(r"[A-Z\d].*[^.]\.", command.help), command.help
    assert 1 <= len(command.name.split()) <= 3


@pytest.mark.parametrize("place", Place)
def test_the_bindings_of_a_place_are_its_commands(place: Place) -> None:
    of_app = {binding.id: binding for binding in bindings(place, of_app=True)}
    of_place = {binding.id: binding for binding in bindings(place)}
    made = of_app | of_place
    assert set(made) == {command.id for command in commands_of([place])}
    for command in commands_of([place]):
        assert made[command.id].key == ",".join(command.keys)
        assert made[command.id].action == command.action
        assert made[command.id].priority == (place is Place.EVERYWHERE)
    assert {binding.id for binding in OWNERS[place].BINDINGS if isinstance(binding, Binding)} >= set(of_place)
    assert {getattr(binding, "id", None) for binding in GynetixApp.BINDINGS} >= set(of_app)


async def test_what_belongs_to_the_program_works_in_dialogs_too_and_by_its_own_key(tmp_path: Path) -> None:
    async with stage(tmp_path, keys={"quit": "f10"}) as play:
        await play.press("f1", "ctrl+q")
        assert play.app.return_code is None
        await play.press("f10")
        await play.until(lambda: play.app._exit)


# Chosen keys


@pytest.mark.parametrize(
    ("command_id", "written", "keys"),
    [
        ("send", "ctrl+s", ("ctrl+s",)),
        ("new", "f3", ("f3",)),
        ("new", "F3", ("f3",)),
        ("new", " ctrl+n , f3 ", ("ctrl+n", "f3")),
        ("previous", "Alt+Up", ("alt+up",)),
        ("previous", "shift+ctrl+UP", ("ctrl+shift+up",)),
        ("filter", "/", ("slash",)),
        ("filter", "slash", ("slash",)),
        ("filter", "solidus", ("slash",)),
        ("filter", "f", ("f",)),
        ("list_last", "G", ("G",)),
        ("list_last", "shift+g", ("G",)),
        ("copy", "?", ("question_mark",)),
        ("copy", "question_mark", ("question_mark",)),
        ("copy", "-", ("minus",)),
        ("copy", "+", ("plus",)),
        ("copy", "alt+plus", ("alt+plus",)),
        ("copy", "é", ("é",)),
        ("copy", "ctrl+shift+c", ("ctrl+shift+c",)),
        ("list_page_up", "PgUp", ("pageup",)),
        ("list_page_down", "PgDn", ("pagedown",)),
        ("delete", "del", ("delete",)),
        ("back", "Esc, f12", ("escape", "f12")),
        ("send", "return", ("enter",)),
        ("send", "ctrl+m", ("enter",)),
        ("focus_next", "ctrl+i", ("tab",)),
    ],
)
def test_keys_may_be_written_as_people_write_them(
    command_id: str, written: str, keys: tuple[str, ...]
) -> None:
    assert KeyMap({command_id: written}).of(command_id) == keys


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"sned": "f2"}, 'keys.sned: no such command; did you mean "send"?'),
        ({"goto": "f2"}, 'keys.goto: no such command; did you mean "go_to"?'),
        (
            {"zzz": "f2"},
            "keys.zzz: no such command; there are " + ", ".join(command.id for command in COMMANDS) + ".",
        ),
        ({"\x1b[2J": "f2"}, "keys.␛[2J: no such command; there are " + ", ".join(command.id for command in COMMANDS) + "."),
        (
            {"send": "ctrl+enterr"},
            'keys.send = "ctrl+enterr": "ctrl+enterr" is no key; write it as "ctrl+n", "f2" or "alt+up".',
        ),
        (
            {"send": "ctrl+s, hyper+q"},
            'keys.send = "ctrl+s, hyper+q": "hyper+q" is no key; write it as "ctrl+n", "f2" or "alt+up".',
        ),
        ({"pin": ""}, 'keys.pin = "": "" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "ctrl"}, 'keys.pin = "ctrl": "ctrl" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "ctrl+"}, 'keys.pin = "ctrl+": "ctrl+" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "^P"}, 'keys.pin = "^P": "^P" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "<any>"}, 'keys.pin = "<any>": "<any>" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "bel"}, 'keys.pin = "bel": "bel" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "\x1b"}, 'keys.pin = "␛": "␛" is no key; write it as "ctrl+n", "f2" or "alt+up".'),
        ({"pin": "n"}, 'keys.pin = "n": this key is already that of list_new.'),
        ({"pin": "y, n"}, 'keys.pin = "n": this key is already that of list_new.'),
        ({"new": "f2"}, 'keys.new = "f2": this key is already that of simplify.'),
        ({"new": "f4"}, 'keys.new = "f4": this key is already that of next_unread.'),
        ({"new": "f1, f4"}, 'keys.new = "f1": this key is already that of help.'),
        ({"send": "ctrl+n"}, 'keys.send = "ctrl+n": this key is already that of new.'),
        ({"refresh": "ctrl+m"}, 'keys.refresh = "enter": this key is already that of send.'),
        ({"copy": "y", "decide": "y"}, 'keys.copy = "y": this key is already that of decide.'),
        (
            {"refresh": "z"},
            'keys.refresh = "z": "z" is what one types in a text; this command needs a key like "ctrl+n", "f2" or "alt+up".',
        ),
        (
            {"help": "f1, ?"},
            'keys.help = "f1, ?": "question_mark" is what one types in a text; this command needs a key like "ctrl+n", "f2" or "alt+up".',
        ),
        (
            {"send": "space"},
            'keys.send = "space": "space" is what one types in a text; this command needs a key like "ctrl+n", "f2" or "alt+up".',
        ),
    ],
)  # fmt: skip
def test_a_choice_that_would_leave_dead_keys_is_refused_with_a_sentence(
    chosen: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        KeyMap(chosen)
    assert str(refused.value) == sentence


def test_keys_may_change_places() -> None:
    keys = KeyMap({"previous": "f8", "next": "f7", "list_new": "e", "edit": "n"})
    assert (keys.of("previous"), keys.of("next")) == (("f8",), ("f7",))
    assert (keys.of("list_new"), keys.of("edit")) == (("e",), ("n",))
    assert KeyMap({"text_up": "k", "text_down": "j"}).of("text_up") == ("k",), "another place may have them"


@same_every_time
@given(chosen=st.dictionaries(st.sampled_from([command.id for command in COMMANDS]) | st.text(max_size=8), st.text(max_size=12), max_size=4))  # fmt: skip
@example(chosen={"pin": "\ud800"})
@example(chosen={"pin": "ctrl++"})
@example(chosen={"pin": "ctrl+,"})
def test_whatever_is_written_there_is_a_key_map_or_a_sentence(chosen: dict[str, str]) -> None:
    try:
        keys = KeyMap(chosen)
    except ConfigError:
        return
    for command in COMMANDS:
        assert keys.shown(command)
        again = KeyMap({**chosen, command.id: ",".join(keys.of(command.id))})
        assert again.of(command.id) == keys.of(command.id), "what is known by a name can be written by it"


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("ctrl+n", "^N"), ("f1", "F1"), ("f12", "F12"), ("enter", "Enter"), ("escape", "Esc"), ("tab", "Tab"), ("shift+tab", "Shift+Tab"),
        ("alt+up", "Alt+Up"), ("ctrl+shift+c", "^Shift+C"), ("slash", "/"), ("n", "n"), ("G", "G"), ("f", "f"), ("pageup", "PgUp"),
        ("pagedown", "PgDn"), ("home", "Home"), ("end", "End"), ("up", "Up"), ("down", "Down"), ("shift+enter", "Shift+Enter"),
    ],
)  # fmt: skip
def test_keys_are_shown_as_people_write_them(key: str, shown: str) -> None:
    assert short_key(key) == shown


def test_the_first_key_is_the_one_shown() -> None:
    assert KeyMap().shown(by_id("newline")) == "^J"
    assert KeyMap({"newline": "alt+enter, ctrl+j"}).shown(by_id("newline")) == "Alt+Enter"


# In the running client


def sent(play: Stage) -> list[list[str]]:
    return [request.form["message"] for request in play.sandbox.requests if request.call == Call.SEND]


async def test_where_enter_does_not_send_it_begins_a_new_line(tmp_path: Path) -> None:
    async with stage(tmp_path, people=DEMO_PEOPLE[:2], keys={"send": "ctrl+s"}) as play:
        await play.open("Ana Torres")
        await play.write("one")
        await play.press("enter")
        await play.write("two")
        assert play.main.talk.composer.text == "one\ntwo"
        assert not sent(play)
        await play.press("ctrl+s")
        await play.until(lambda: sent(play))
        assert sent(play) == [["one\ntwo"]]
        assert play.main.talk.composer.text == ""


async def test_chosen_keys_work_in_every_place_and_the_usual_ones_no_more(tmp_path: Path) -> None:
    chosen = {"pin": "y", "list_new": "shift+n", "next": "ctrl+down", "copy": "w", "recall": "alt+r"}
    async with stage(tmp_path, people=DEMO_PEOPLE[:2], keys=chosen) as play:
        await play.press("p")
        assert not play.contact("Ana Torres").contact.pinned
        await play.press("y")
        await play.until(lambda: play.contact("Ana Torres").contact.pinned)
        await play.press("n")
        assert play.app.screen is play.main
        await play.press("N")
        assert play.app.screen is not play.main
        await play.press("escape")
        await play.open("Ana Torres")
        await play.press("f8")
        assert play.main.talk.contact_id == play.contact_id("Ana Torres")
        await play.press("alt+r")
        await play.until(lambda: play.main.talk.composer.text == "Hello")
        await play.press("shift+tab", "up", "c")
        assert play.app.clipboard == ""
        await play.press("w")
        await play.until(lambda: play.app.clipboard == "Who is this")
        await play.press("ctrl+down")
        assert play.main.talk.contact_id == play.contact_id("Dr. Okafor's office")


async def test_the_key_map_reaches_the_app(tmp_path: Path) -> None:
    async with stage(tmp_path, people=(), keys={"help": "f12"}) as play:
        assert isinstance(play.app, App)
        await play.press("f1")
        assert play.app.screen is play.main
        await play.press("f12")
        assert play.app.screen is not play.main
