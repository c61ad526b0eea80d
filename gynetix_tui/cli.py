"""What the words on the command line mean. Textual is imported only to open the client."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gynetix_tui import __version__, runtime
from gynetix_tui.errors import GynetixError
from gynetix_tui.hardening import forbid_looking_in, strip_textual
from gynetix_tui.text import clean_line

MISTAKE = 1
WRONG_USE = 2
INTERRUPTED = 130
_LONGEST = 5000
"""Characters of a sentence; a path may have 4,096."""

_EPILOG = """\
The API key comes from GYNETIX_API_KEY, else from api_key_command in config.toml, else from the system's
keyring, else it is asked for. GYNETIX_BASE_URL and GYNETIX_FROM outrank config.toml.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    Returns:
        0; 2 where something must be put right first; 1 where the doctor found something wrong, where there is no key
        (`key status`), or where the program itself failed; 130 where Ctrl+C ended it before the screen opened.
    """
    words = _parser().parse_args(argv)
    os.umask(0o077)  # whatever this program writes is its user's alone
    if not words.dev:
        forbid_looking_in()
    try:
        return _run(words)
    except GynetixError as error:
        # It may name a file, and a file's name may hold anything.
        sys.stderr.write(f"gynetix-tui: {clean_line(str(error), limit=_LONGEST)}\n")
        return WRONG_USE
    except Exception as error:
        if words.dev:
            raise
        # Python's own report quotes the error's words, which may hold anything.
        from gynetix_tui.settings.log import trace_of

        sys.stderr.write(f"{trace_of(error)}\ngynetix-tui: ended because of a mistake in itself.\n")
        return MISTAKE
    except KeyboardInterrupt:  # while it asks for a key, or a command of the user's does
        return INTERRUPTED


def _run(words: argparse.Namespace) -> int:
    if words.command == "sandbox":
        from gynetix_tui.sandbox.command import serve

        return serve(words.port, words.key, sys.stdout)
    if words.command == "doctor":
        from gynetix_tui.doctor import doctor

        return doctor(config_file=words.config, profile=words.profile, full=words.full, online=words.online)
    if words.command == "key":
        from gynetix_tui.keytool import key_tool

        return key_tool(words.action, config_file=words.config, profile=words.profile)
    if not words.dev:
        strip_textual(os.environ)
    # Nearly all that a start makes stays; looking through it for garbage took a sixth of the time to the first frame.
    runtime.leave_garbage()
    from gynetix_tui.lastscreen import LastScreen

    last = LastScreen(words.config, words.profile)
    try:
        if not words.demo:
            last.show()
        from gynetix_tui.tui.launch import launch

        return launch(demo=words.demo, config_file=words.config, profile=words.profile, last=last)
    finally:
        last.give_back()
        runtime.collect_garbage()


class _Parser(argparse.ArgumentParser):
    """Quotes what was typed, which may be the name of a file, in a form that can be shown.

    A word that it does not know may be a key that somebody typed after ``key set``: that is not repeated.
    """

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        message = re.sub(r"(invalid choice: ).*( \(choose from )", r"\1…\2", message, flags=re.DOTALL)
        begin, unknown, words = message.partition("unrecognized arguments: ")
        if unknown:
            message = begin + unknown + " ".join(map(_shown, words.split()))
        super().error(clean_line(message, limit=_LONGEST))


def _shown(word: str) -> str:
    """A word that is not known: an option's name, without what was given to it, or nothing of it."""
    return word.partition("=")[0] if word.startswith("--") else "…"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gynetix-tui",
        description="Text from a terminal, through the Gynetix SMS gateway.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gynetix-tui {__version__}")
    parser.add_argument("--demo", action="store_true", help="try it: no key, no network, nothing is kept")
    _add_account(parser)
    parser.set_defaults(config=None, profile="")
    parser.add_argument(
        "--dev",
        action="store_true",
        help="for who works on it: allow debuggers, core dumps and Textual's debugging variables",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    sandbox = commands.add_parser("sandbox", help="run the demo's gateway alone, on this machine")
    sandbox.add_argument(
        "--port", type=_port, default=0, help="the port to listen on (default: any free one)"
    )
    sandbox.add_argument("--key", help="the key it wants (default: one of its own)")
    doctor = commands.add_parser("doctor", help="say what is wrong on this machine, fit for a bug report")
    _add_account(doctor)
    doctor.add_argument("--online", action="store_true", help="try a connection to the gateway, too")
    doctor.add_argument("--full", action="store_true", help="look through the store, however large it is")
    key = commands.add_parser(
        "key", help="the API key in the system's keyring: keep it, look for it, delete it"
    )
    key.add_argument("action", choices=("set", "status", "delete"), metavar="set | status | delete")
    _add_account(key)
    return parser


def _add_account(parser: argparse.ArgumentParser) -> None:
    """The two options that say whose texts; they may stand before and after the command."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="another config.toml"
    )
    parser.add_argument(
        "--profile", metavar="NAME", default=argparse.SUPPRESS, help="the account of [profile.NAME]"
    )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535")
