r"""Texts made to harm a terminal, and a reader of the program's output that lets pass only what the program itself writes.

The reader knows each kind of sequence that the program has a use for, with its exact form. Anything else that begins
with a control character, and any character that steers or hides, came from a text.
"""

from __future__ import annotations

import base64
import codecs
import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import split_graphemes
from terminal_kit import DEADLINE, Drawing, Terminal, ctrl

HARM: dict[str, str] = {
    # What ESC begins
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "clipboard ended by ST": "\x1b]52;p;ZXZpbA==\x1b\\",
    "clipboard read": "\x1b]52;c;?\x07",
    "title": "\x1b]0;pwned\x07",
    "icon": "\x1b]1;pwned\x1b\\",
    "title read": "\x1b[21t",
    "link": "\x1b]8;;https://example.com\x1b\\here\x1b]8;;\x1b\\",
    "palette": "\x1b]4;1;#000000\x07",
    "notification": "\x1b]9;pwned\x07",
    "folder": "\x1b]7;file:///etc\x07",
    "image": "\x1b]1337;File=inline=1:aGFjaw==\x07",
    "pointer": "\x1b]22;wait\x07",
    "clear": "\x1b[2J",
    "clear the scrollback": "\x1b[3J",
    "erase the line": "\x1b[2K",
    "cursor away": "\x1b[999;999H",
    "cursor up": "\x1b[999A",
    "cursor saved": "\x1b7",
    "scroll region": "\x1b[1;3r",
    "insert lines": "\x1b[9L",
    "who are you": "\x1b[c",
    "who exactly": "\x1b[>0c",
    "where is the cursor": "\x1b[6n",
    "settings": "\x1bP$qm\x1b\\",
    "sixel": "\x1bPq#0;2;0;0;0#0~~\x1b\\",
    "reset": "\x1bc",
    "soft reset": "\x1b[!p",
    "start of string": "\x1bXpwned\x1b\\",
    "privacy message": "\x1b^pwned\x1b\\",
    "application command": "\x1b_Gf=100;aGFjaw==\x1b\\",
    "tmux title": "\x1bkpwned\x1b\\",
    "through tmux": "\x1bPtmux;\x1b\x1b]52;c;ZXZpbA==\x07\x1b\\",
    "other letters": "\x1b(0",
    "colour and blinking": "\x1b[31;5mred",
    "hidden": "\x1b[8mhidden",
    "leaves the screen": "\x1b[?1049lx",
    "paste mode": "\x1b[?2004l",
    "mouse": "\x1b[?1002h",
    "autowrap": "\x1b[?7h",
    "frozen": "\x1b[?2026h",
    "keypad": "\x1b=",
    "printer": "\x1b[5i",
    "alone": "\x1b",
    "alone at the end of a line": "x\x1b\n[2J",
    "split by what is dropped": "\x1b\u200b[2J",
    "half of a paste's end": "\x1b[201",
    # One character that does as much
    "c1 csi": "\x9b2J",
    "c1 osc": "\x9d52;c;ZXZpbA==\x9c",
    "c1 next line": "a\x85b",
    "c1 dcs": "\x90q\x9c",
    "c1 strings": "\x98a\x9c\x9eb\x9c\x9fc\x9c",
    "c1 all": "".join(map(chr, range(0x80, 0xA0))),
    "c0 all": "".join(map(chr, range(0x20))),
    "nul": "a\x00b",
    "bell": "ring\x07",
    "enquiry": "\x05",
    "backspace": "abc\b\b\bxyz",
    "delete": "abc\x7f",
    "carriage return": "safe\revil",
    "vertical tab and form feed": "a\vb\fc",
    "shift out": "\x0eabc\x0f",
    "tabs": "\ta\tb\t",
    # What turns or hides letters
    "override": "gpj.\u202eexe",
    "embeddings": "\u202aa\u202bb\u202cc\u202d",
    "isolates": "\u2066a\u2067b\u2068c\u2069",
    "marks of direction": "a\u200eb\u200fc\u061cd",
    "zero width": "pay\u200bpal\ufeff\u2060\u2061\u180e",
    "line and paragraph": "a\u2028b\u2029c",
    "soft hyphens": "co\xadop",
    "tags": "hi\U000e0001\U000e0041\U000e0042\U000e007f",
    "unfinished flag": "\U0001f3f4\U000e0067\U000e0062" * 5,
    "selectors": "a\ufe00b\ufe0fc\U000e0100",
    "joiners": "a\u200db\u200cc\u200d",
    "fillers": "\u3164\u115f\u1160\uffa0",
    "annotation": "\ufff9a\ufffab\ufffb",
    "musical": "\U0001d173a\U0001d17a",
    "deprecated formats": "\u206a\u206b\u206f",
    # What is no character
    "lone halves": "\ud83d!\ude00",
    "noncharacters": "\ufdd0\ufffe\uffff\U0001fffe\U0010ffff",
    "private use": "\ue000\uf8ff\U000f0000\U00100000",
    "unassigned": "\u0378\U0003ffff\U000e0fff",
    # What is measured as nothing, or is far too much
    "zalgo": "Z" + "\u0300\u0316\u0489" * 300,
    "mark at the beginning": "\u0301\u20dd",
    "vowel signs": "\u0915" + "\u0903\u093e" * 300,
    "hangul vowels": "\u1100" + "\u1161" * 300,
    "skin tones": "\U0001f44d" + "\U0001f3fd" * 200,
    "joined for ever": "\u200d".join(["\U0001f468"] * 60),
    "odd joins": "\u200d\U0001f468\u200d\u200d\ufe0f\u200d\U0001f3fd\ufe0f\ufe0f",
    "half flags": "\U0001f1fa" * 31,
    "long word": "w" * 3000,
    "long word of wide letters": "口" * 700,
    "many lines": "line\n" * 60,
    "blanks": "\xa0\u2003\u3000" * 100,
    # What a library would read as more than text
    "closes nothing": "[/nope]",
    "quits": "[@click=app.quit]x[/]",
    "link in markup": "[link=https://example.com]x[/link]",
    "markup": '[bold red on black]x[/] [/] [ [type=x, v={"a[0]"}] [$error]x',
    "backslashes": "\\[/x] \\x1b[2J %s {0} \\u001b",
    "template": "$text ${x} {contact.name!r} %(message)s",
    "markdown": "# x\n```\n| a | b |\n[x](javascript:x)",
    "json": '"}],"suppressed":"y","messages":[{"',
}
"""What a text may hold, by what it is meant to do."""

SURVIVORS: tuple[str, ...] = (
    "👍🏽",
    "👨‍👩‍👧‍👦",
    "👩🏻‍❤️‍💋‍👨🏿",
    "🇺🇸",
    "🏳️‍🌈",
    "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "❤️",
    "☎︎",
    "1️⃣",
    "👩🏽‍⚕️",
    "明日の十時",
    "السلام",
    "مُحَمَّد",
    "שָׁלוֹם",
    "می‌خواهم",
    "ශ්‍රී",
    "क्षत्रिय",
    "ที่นี่",
    "\u1112\u1161\u11ab",
    "cafe\u0301",
    "Привет",
    "[red]not[/red]",
)
"""What people write, in one piece each: it must go out byte for byte."""

STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SEEN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Of category Cf, and yet visible: signs that enclose or precede numbers."""
_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
_ESCAPE = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -/]*[0-~])")
_COLOUR = "[34]8;2;\\d{1,3};\\d{1,3};\\d{1,3}"
_LOOK = f"(?:0|[123479]|2[234579]|[34]9|{_COLOUR})"
_ATTRIBUTES = re.compile(f"\x1b\\[(?:{_LOOK}(?:;{_LOOK})*)?m")
_CURSOR = re.compile("\x1b\\[(\\d*)(?:;(\\d+))?H")
_STEP = re.compile("\x1b\\[(\\d*)[ABCDGXd]")
_ERASE = "\x1b[K"
_POINTER = re.compile("\x1b\\]22;(?:default|text|pointer)\x07")
_CLIPBOARD = re.compile("\x1b\\]52;c;([A-Za-z0-9+/=]*)\x07")
_ENTERING = "\x1b[?1049h"
_FIRST = "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h"
_BEGIN = f"{_FIRST}\x1b[?25l\x1b[?1004h\x1b[>25u\x1b[?2026$p\x1b[?2048$p\x1b[?2004h\x1b[?7l{_FIRST}"
_LAST = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
_END = f"\x1b[?2004l\x1b[?7h{_LAST}\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l{_LAST}"


class Foul(AssertionError):
    """Something on the wire that the program has no use for."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What the program wrote to its terminal, read and found harmless.

    Attributes:
        text: What is left of it without the sequences.
        clipboards: What was given to the terminal's clipboard, in order.
    """

    text: str
    clipboards: tuple[str, ...]


def read_wire(output: bytes, *, columns: int, lines: int) -> Wire:
    """Read what a full screen program wrote.

    Raises:
        Foul: There is more in it than what the program has a use for.
    """
    # What is read while the program runs may end within a character or a sequence.
    whole = codecs.getincrementaldecoder("utf-8")().decode(output)
    before, entered, said = whole.partition(_ENTERING)
    if not entered or before:
        raise Foul(f"before the screen: {before[:200]!r}")
    said = said.removeprefix(_BEGIN)
    said, _, after = said.partition(_END)
    if "\x1b" in after:
        raise Foul(f"after the screen: {after[:200]!r}")
    said = re.sub("\x1b(?:\\[[0-?]*|\\][^\x07\x1b]*)?$", "", said)
    clipboards: list[str] = []

    def take(found: re.Match[str]) -> str:
        sequence = found[0]
        place = _CURSOR.fullmatch(sequence)
        if place and 1 <= int(place[1] or 1) <= lines and 1 <= int(place[2] or 1) <= columns:
            return ""
        step = _STEP.fullmatch(sequence)
        if sequence == _ERASE or (step and 1 <= int(step[1] or 1) <= max(lines, columns)):
            return ""
        if clipboard := _CLIPBOARD.fullmatch(sequence):
            clipboards.append(base64.b64decode(clipboard[1], validate=True).decode())
            return ""
        if _ATTRIBUTES.fullmatch(sequence) or _POINTER.fullmatch(sequence):
            return ""
        raise Foul(f"{sequence!r} in {said[max(0, found.start() - 60) : found.end() + 60]!r}")

    text = _ESCAPE.sub(take, said)
    assert_plain(text)
    return Wire(text, tuple(clipboards))


def assert_plain(text: str) -> None:
    """There is nothing in a text that steers a terminal or hides; joiners and tags stand where they mean something.

    Raises:
        Foul: There is.
    """
    for index, character in enumerate(_FLAG.sub("", text)):
        joins = character in "\u200c\u200d"
        bad = (
            unicodedata.category(character) in STEERING and not joins and character not in _SEEN_FORMATS
        ) or (
            character in _EMPTY
            or "\ufdd0" <= character <= "\ufdef"
            or ord(character) & 0xFFFE == 0xFFFE
            or "\ufe00" <= character <= "\ufe0d"
            or "\U000e0000" <= character <= "\U000e0fff"
        )
        if bad:
            raise Foul(f"{character!r} in {text[max(0, index - 60) : index + 60]!r}")
    if found := re.search("[A-Za-z0-9][\u200c\u200d]", text):
        raise Foul(f"a joiner of nothing: {found[0]!r}")


CALM = 0.1
"""Seconds without output after which a frame is taken for whole."""


class Screen:
    """What a terminal shows, as the program measures it: what takes two cells there takes two here.

    Terminals differ in that, and the emulator drops what it takes for no character at all.
    """

    def __init__(self, terminal: Terminal, *, columns: int, lines: int) -> None:
        self.terminal = terminal
        self.columns = columns
        self.lines = lines
        self._drawing = Drawing(columns, lines)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._seen = 0

    @property
    def rows(self) -> list[str]:
        """The rows, with a character for each cell; a wide one is drawn as two."""
        output = bytes(self.terminal.transcript[self._seen :])
        self._seen += len(output)
        pieces = re.split("(\x1b[^\x1b]*?[@-~\x07])", self._decode(output))
        self._drawing.feed("".join(map(_measured, pieces)).encode())
        return self._drawing.rows

    def begin_anew(self) -> None:
        """Forget what was drawn, which takes long where it is much, and have the program draw it once more."""
        self._seen = len(self.terminal.transcript)
        self._drawing = Drawing(self.columns, self.lines)
        self.terminal.press(ctrl("l"))

    def wait_for(self, what: str | Callable[[str], object]) -> str:
        """Wait until the screen shows a regular expression, or fulfils a condition; return the screen."""
        end = time.monotonic() + DEADLINE
        while True:
            shown = "\n".join(self.rows)
            if re.search(what, shown, re.MULTILINE) if isinstance(what, str) else what(shown):
                return shown
            if time.monotonic() > end:
                raise AssertionError(f"{what} is not shown:\n{shown}")
            time.sleep(0.02)  # the terminal is read in a thread of its own

    def wait_until_gone(self, text: str) -> str:
        """Wait until a text is shown no more; return the screen."""
        return self.wait_for(lambda shown: text not in shown)

    def wait_until_calm(self) -> str:
        """Wait until nothing is drawn for a moment, so that no screen is seen in the making; return the screen."""
        end = time.monotonic() + DEADLINE
        seen = -1
        while seen != len(self.terminal.transcript):
            assert time.monotonic() < end, "it draws and draws"
            seen = len(self.terminal.transcript)
            time.sleep(CALM)
        return self.wait_for(lambda shown: True)

    def read(self) -> Wire:
        """Everything so far, found harmless."""
        return read_wire(bytes(self.terminal.transcript), columns=self.columns, lines=self.lines)


def _measured(piece: str) -> str:
    """A piece of output with each cluster as one character that every emulator measures alike."""
    if piece.isascii():
        return piece
    drawn = []
    for start, end, cells in split_graphemes(piece)[0]:
        cluster = piece[start:end]
        drawn.append(cluster if len(cluster) == 1 and cluster < "\u2e80" and cells == 1 else "◇" * cells)
    return "".join(drawn)


def together(most: int = 200) -> list[str]:
    """All of HARM in few texts, each short enough to be shown on one line."""
    groups = [""]
    for harm in HARM.values():
        if groups[-1] and len(groups[-1]) + len(harm) > most:
            groups.append("")
        groups[-1] += f" {harm} ."
    return groups


def storable(text: str) -> str:
    """The text as SQLite and UTF-8 take it: halves of a split pair have no place there."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
