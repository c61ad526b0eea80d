r"""Links in texts: where they stand, and where they really lead. Pure.

Links are looked for in the text as it is shown, that is after `text.clean`, never in the raw one: what stands
between two characters without being seen must not part, or join, what a reader sees as one name. What is found
becomes a target of printable ASCII alone: the host in its xn-- form, everything else outside ASCII
percent-encoded. The target is what is listed and what is opened, the same characters in both places, so that
no direction mark, joiner or look-alike letter can make one differ from the other.

Only http and https. A bare name ("bit.ly/abc") is a link where its ending is one that people text with, and
opens as https.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import quote

from gynetix_tui.text import MAX_TEXT, clean

MAX_TARGET: Final = 2_000
"""Characters of a target; a longer one is no link. Browsers take more, but nobody can look such a one over."""
MAX_HOST: Final = 253
"""Characters of a host's name (RFC 1035)."""
MAX_LOOKED_AT: Final = 500_000
"""Characters of several texts together; 1,200 usual ones have a fifth of that."""
_MAX_PORT: Final = 65_535
_MAX_LOCAL_PART: Final = 64  # of an e-mail address (RFC 5321)


@dataclass(frozen=True, slots=True)
class Link:
    """One link.

    Attributes:
        start: Where it begins in the text as shown.
        end: Where it ends there.
        target: What is opened: http or https, printable ASCII.
        host: Where that leads, as it stands in the target; a name in lower case, or an IPv4 address.
        written_host: The host as the text shows it; differs from `host` by case, or by letters beyond ASCII.
        user: What stands before an "@" in front of the host, as shown; empty where there is none. It can look
            like a host ("https://bank.example@elsewhere.example"), and is none.
    """

    start: int
    end: int
    target: str
    host: str
    written_host: str
    user: str = ""


def links_in(text: str) -> list[Link]:
    """The links of a text, in its order; their places are those in `clean(text)`.

    What `clean` cuts off is not looked at, and a link that runs into the cut is none: half of it would lead
    elsewhere.
    """
    shown = clean(text)
    found = list(scan(shown))
    cut = _CUT.search(shown)
    if found and cut and not re.search(r"\s", shown[found[-1].end : cut.start()]):
        found.pop()
    return found


def targets_in(texts: Iterable[str], most: int) -> list[Link]:
    """The links of several texts, the first text's first; each target once, and no more than so many.

    After `MAX_LOOKED_AT` characters it ends, so that texts made for it cannot keep anyone waiting.
    """
    found: dict[str, Link] = {}
    looked_at = 0
    for text in texts:
        for link in links_in(text):
            found.setdefault(link.target, link)
        looked_at += min(len(text), MAX_TEXT)
        if len(found) >= most or looked_at >= MAX_LOOKED_AT:
            break
    return list(found.values())[:most]


def scan(shown: str) -> Iterator[Link]:
    """The links of a text that is shown as it stands here. The time grows with its length and no faster."""
    place = 0
    while begin := _BEGIN.search(shown, place):
        link, place = (_with_scheme if begin["scheme"] else _bare)(shown, begin)
        if link:
            yield link


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Endings of bare names. A sentence whose blank was forgotten ("see you.me too") must not look like a link, so
# the list is what people text with, not the 1,400 that exist, and those that are words, or the ends of files'
# names, count only with a path ("youtu.be/x"), or after "www."; ".py" and ".zip" never do.
_PLAIN: Final = _words(
    """
    com net org edu gov mil int info biz mobi app dev xyz
    ac ae af ai al ao ar au az ba bb bd bg bh bo br bw bz ca cc ch ci cl cm cn co cr cu cy cz de dk dz
    ec ee eg es et eu fi fj fm fr gd ge gg gh gl gr gt gy hk hn hr ht hu ie il io iq ir
    je jm jo jp ke kg kh kr kw kz lb li lk lt lu lv ly ma mk mm mn mt mu mv mx mz
    ng ni nl np nz om pe ph pk pl pr pt pw qa ro ru rw sa se sg si sk sn sv sy
    th tj tl tm tn tr tt tv tw tz ua ug uk uy uz va vc ve vn ws ye za zm zw
    рф укр бел қаз 中国 中國 香港 台灣 台湾 한국
    """
)
_WITH_PATH: Final = _words(
    """
    am as at be by do gs hm id im in is it la md me ms my no nu pa pm rs sc sh so st to us
    bank bio blog care cash chat click club cloud community company cool deals email events fun fund game games
    global group guru health help host house ink jobs life link links live love market me media money name network
    news one online page pay photos place plus press pro sale school services shop show site social solutions
    space sport store studio support team tech tel tickets tips today tools top tours travel video vip wiki win
    work world zone
    """
)

# Scripts written without blanks: a link that goes over into one of them from Latin letters has ended.
_UNSPACED: Final = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
# Marks and vowel signs of scripts whose addresses are pasted unencoded; `\w` holds letters and digits only.
_MARKS: Final = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0d7f"
# No part of a link: what URLs may not hold, quotes and brackets that no keyboard writes inside one, what
# `clean` puts in the place of control characters.
_NEVER: Final = r"""\s<>"`{}|\\^“”„«»‹›「」『』（）【】《》〈〉。、，；：！？…\u2400-\u2421\ufffd"""

_IN_LABEL: Final = (
    rf"(?:(?<![{_UNSPACED}])[A-Za-z0-9-]|(?<![A-Za-z0-9])[{_UNSPACED}]|[^\W\x00-\x7f{_UNSPACED}])"
)
# Every alternative takes all that it can at once (++) and is tried only where a name can begin: hostile texts
# of "a.a.a." or "http://" cost no more than others.
_BEGIN: Final = re.compile(
    rf"""
    (?<![A-Za-z0-9+-]) (?P<scheme>[Hh][Tt][Tt][Pp][Ss]?) ://
    | (?: (?<![\w@/\\]) (?<!\w[.-]) | (?<=[{_UNSPACED}]) (?=[A-Za-z0-9]) )
        (?P<name> [^\W_] {_IN_LABEL}*+ (?: \. {_IN_LABEL}++ )++ )
    """,
    re.VERBOSE,
)
_AUTHORITY: Final = re.compile(rf"[^/?#{_NEVER}]*+")
_PORT: Final = re.compile(r":([0-9]{1,5})(?![0-9A-Za-z])")
_PATH: Final = re.compile(
    rf"""
    (?: [/?#] (?: [A-Za-z0-9\-._~!$&'()*+/:=?@#%\[\]] | [,;](?!https?://)
        | (?<![A-Za-z0-9])[{_UNSPACED}] | [^\W\x00-\x7f{_UNSPACED}] | [{_MARKS}] )*+ )?+
    """,
    re.VERBOSE,
)
_ADDRESS_GOES_ON: Final = re.compile(rf"[\w.+%'-]{{0,{_MAX_LOCAL_PART}}}@")
_ASCII_HOST: Final = re.compile(
    r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*"
)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_CUT: Final = re.compile(r" … \[[0-9]+ more characters\]\Z")
_CLOSING: Final = {")": "(", "]": "["}


def _with_scheme(text: str, begin: re.Match[str]) -> tuple[Link | None, int]:
    """The link that an http:// begins, and where to look on."""
    start = begin.end()
    authority = _fitting(_AUTHORITY, text, start)
    after = start + len(authority)
    user, _, rest = authority.rpartition("@")
    if len(authority) > MAX_TARGET:
        return None, after
    start = after - len(rest)
    whole = _host_at_start_of(rest)
    written = whole.rstrip(".-_")
    # Browsers decode "exa%6Dple.com", too; a reader cannot.
    encoded = rest.startswith("%", len(whole))
    host = None if encoded or len(whole) > MAX_HOST else _ascii_host(written)
    if host is None:
        return None, after
    end = start + len(written)
    target = f"{begin['scheme'].lower()}://"
    if authority != rest:
        target += quote(user, safe="!$&'()*+,;=:%-._~") + "@"
    tail, end = _tail(text, end)
    return _link(begin.start(), end, target + host + tail, host, written, user)


def _bare(text: str, begin: re.Match[str]) -> tuple[Link | None, int]:
    """The link that a bare name begins, and where to look on."""
    written, start, end = begin["name"].rstrip("-"), begin.start(), begin.end()
    if text.startswith("://", end):  # "Hi.https://example.com": the next link has been run into
        return None, end - len(begin["name"].rpartition(".")[2])
    if len(written) > MAX_HOST or _touches_mark(text, start, end) or _ADDRESS_GOES_ON.match(text, end):
        return None, end
    # What is in place of a sentence's end is no ending: "at home.Is that right".
    labels = written.split(".")
    sentence = labels[-1].istitle() and not labels[-2].istitle()
    ending = labels[-1].lower()
    tail, last = _tail(text, start + len(written))
    has_path = len(tail.partition("/")[2]) > 0
    plain = ending in _PLAIN or ending.startswith("xn--")
    www = labels[0].lower() == "www" and len(labels) > 2
    if not (has_path if ending in _WITH_PATH and not www else plain or (www and ending in _WITH_PATH)):
        return None, end
    if sentence and not has_path:
        return None, end
    host = _ascii_host(written)
    if host is None:
        return None, end
    return _link(start, last, f"https://{host}{tail}", host, written, "")


def _link(start: int, end: int, target: str, host: str, written: str, user: str) -> tuple[Link | None, int]:
    if len(target) > MAX_TARGET:
        return None, end
    return Link(start, end, target, host, written, user), end


def _tail(text: str, end: int) -> tuple[str, int]:
    """Port, path, query and fragment after a host, encoded, and where they end.

    Where something else stands after the host ("example.com's", "example.com:soon"), that is where it ends.
    """
    tail = ""
    port = _PORT.match(text, end)
    if port and int(port[1]) <= _MAX_PORT:
        tail, end = f":{int(port[1])}", port.end()
    kept = _without_punctuation(_fitting(_PATH, text, end))
    return tail + quote(kept, safe="!$&'()*+,-./:;=?@_~%#[]"), end + len(kept)


def _fitting(pattern: re.Pattern[str], text: str, start: int) -> str:
    """What fits a pattern from a place on; empty where nothing does."""
    found = pattern.match(text, start)
    return found[0] if found else ""


def _without_punctuation(path: str) -> str:
    """The path without what belongs to the sentence around it: "(see example.com/a_(b))." ends in "(b)"."""
    surplus = {closing: path.count(closing) - path.count(opening) for closing, opening in _CLOSING.items()}
    end = len(path)
    while end:
        last = path[end - 1]
        if last in _CLOSING and surplus[last] > 0:
            surplus[last] -= 1
        elif last not in ".,;:!?'*#":
            break
        end -= 1
    return path[:end]


def _host_at_start_of(text: str) -> str:
    """As much as can be a host, and one character more than a host can have where there are so many."""
    end = 0
    for character in text[: MAX_HOST + 1]:
        if character in ".-_" or unicodedata.category(character) in _IN_HOSTS:
            if end and _goes_over(text[end - 1], character):
                break
            end += 1
        else:
            break
    return text[:end]


_IN_HOSTS: Final = frozenset({"Ll", "Lu", "Lm", "Lo", "Lt", "Mn", "Mc", "Nd"})
_GOES_OVER: Final = re.compile(rf"[A-Za-z0-9][{_UNSPACED}]")


def _goes_over(before: str, character: str) -> bool:
    """Whether a host has ended and the sentence goes on, in a script without blanks."""
    return _GOES_OVER.fullmatch(before + character) is not None


def _touches_mark(text: str, start: int, end: int) -> bool:
    """Whether a mark or joiner beside a bare name makes another name of it than the letters alone."""
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return any(unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") for character in beside)


def _ascii_host(written: str) -> str | None:
    """The host as a browser asks for it, or None where it is none."""
    if not written or len(written) > MAX_HOST:
        return None
    host = written.lower()
    if not host.isascii():
        import idna  # only where it is needed: its tables cost 10 ms

        try:
            host = idna.encode(written, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    if len(host) > MAX_HOST or not _ASCII_HOST.fullmatch(host):
        return None
    # Browsers read "http://2130706433" and "http://0x7f.1" as addresses: they would not lead where they say.
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            return None
    return host
