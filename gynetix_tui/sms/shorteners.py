"""Links that lead through a public shortener: carriers refuse or silently drop texts with them.

Anybody can make a link there, so that senders of spam share them with all others; the carriers' guidelines (CTIA,
Messaging Principles and Best Practices) say to use a name of one's own. A brand's own short name (youtu.be, amzn.to)
is none of these.
"""

from __future__ import annotations

from typing import Final

PUBLIC: Final = frozenset(
    [
        "adf.ly",
        "bit.do",
        "bit.ly",
        "bitly.com",
        "bl.ink",
        "buff.ly",
        "clck.ru",
        "cutt.ly",
        "dlvr.it",
        "dub.sh",
        "goo.gl",
        "is.gd",
        "j.mp",
        "linktr.ee",
        "lnkd.in",
        "lnk.to",
        "mcaf.ee",
        "ow.ly",
        "qr.ae",
        "rb.gy",
        "rebrand.ly",
        "s.id",
        "shorturl.at",
        "shorturl.com",
        "short.gy",
        "short.io",
        "shrtco.de",
        "shrtm.nu",
        "snip.ly",
        "soo.gd",
        "t.co",
        "t.ly",
        "t2m.io",
        "tiny.cc",
        "tiny.one",
        "tinyurl.com",
        "tny.im",
        "tr.im",
        "trib.al",
        "u.to",
        "v.gd",
        "x.co",
        "x.gd",
    ]
)
"""Hosts, without "www."; some have closed, and their links are refused all the same."""


_LOOKED_AT: Final = 4_000
"""Characters: this is asked at every key, and no longer text is sent by anybody."""


def shortener_in(text: str) -> str | None:
    """The host of the first public link shortener that a text leads to, or None.

    The whole host counts: "habit.ly" and "bit.ly.example.com" are others. Links are found as on the screen, so that
    what is not underlined there is not warned of.
    """
    if "." not in text:
        return None
    # Its expressions take 12 ms to make, and the first frame needs none.
    from gynetix_tui.links import links_in

    for link in links_in(text[:_LOOKED_AT]):
        host = link.host.removeprefix("www.")
        if host in PUBLIC:
            return host
    return None
