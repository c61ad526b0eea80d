"""Links in texts: what is one, what is none, and that what is shown is what is opened."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gynetix_tui.links import MAX_LOOKED_AT, MAX_TARGET, links_in, scan, targets_in
from gynetix_tui.text import MAX_TEXT, clean

# What decisions hang on, so that they meet each other far more often than by chance.
PIECES = [
    *"aZ1.-_/:@?#%&=()[],;'\"\\<>{}|~$!* \n\t\x00\x1b\x9b\xad\u0301\u200b\u200d\u202e\u2066\ufe0f\ufffd\ud800éßあ中한ｐⅠ。．⁄😀…",
    *("http://", "https://", "HTTPS://", "www.", "example.com", "bit.ly/x", "t.me", ".рф", "xn--", ":80", ":99999", "0x7f", "127.0.0.1", "me@x.com"),
]  # fmt: skip
anything = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
)

FOUND = {
    "plain": ("see https://example.com/a?b=c#d now", "https://example.com/a?b=c#d"),
    "http": ("http://example.com", "http://example.com"),
    "shouted": ("HTTPS://EXAMPLE.COM/Path", "https://example.com/Path"),
    "bare": ("it is at example.com", "https://example.com"),
    "bare with a path": ("bit.ly/abc", "https://bit.ly/abc"),
    "bare after a word": ("Link:bit.ly/abc", "https://bit.ly/abc"),
    "bare with a port": ("example.com:8080/x", "https://example.com:8080/x"),
    "bare with a query": ("example.com?a=1", "https://example.com?a=1"),
    "country": ("www.shop.co.uk", "https://www.shop.co.uk"),
    "ending that is a word": ("youtu.be/x", "https://youtu.be/x"),
    "ending that is a word after www": ("www.corner.store", "https://www.corner.store"),
    "capital at the beginning": ("Example.com", "https://example.com"),
    "no name but a number": ("http://192.168.0.1:8080/", "http://192.168.0.1:8080/"),
    "no dot": ("http://localhost:3000/x", "http://localhost:3000/x"),
    "full stop": ("Go to https://example.com/a.", "https://example.com/a"),
    "much punctuation": ("https://example.com/a?!...", "https://example.com/a"),
    "sentence goes on": ("example.com, or so", "https://example.com"),
    "after dots": ("wait..example.com", "https://example.com"),
    "forgotten blank before": ("Hi.https://example.com/x", "https://example.com/x"),
    "round brackets": ("(https://example.com/a)", "https://example.com/a"),
    "brackets of its own": ("https://example.com/a_(b)", "https://example.com/a_(b)"),
    "both": ("(see https://example.com/a_(b)).", "https://example.com/a_(b)"),
    "markdown": ("[x](https://example.com/a)", "https://example.com/a"),
    "pointed brackets": ("<https://example.com/a>", "https://example.com/a"),
    "double quotes": ('"https://example.com/a"', "https://example.com/a"),
    "single quotes": ("'https://example.com/a'", "https://example.com/a"),
    "curly quotes": ("“https://example.com/a”", "https://example.com/a"),
    "stars": ("*https://example.com/a*", "https://example.com/a"),
    "genitive": ("https://example.com's page", "https://example.com"),
    "no port": ("https://example.com:soon", "https://example.com"),
    "impossible port": ("https://example.com:99999/x", "https://example.com"),
    "emoji after": ("https://example.com/a😀", "https://example.com/a"),
    "emoji before": ("👉example.com", "https://example.com"),
    "japanese after": ("https://example.comを見て", "https://example.com"),
    "japanese after a path": ("https://example.com/aを見て", "https://example.com/a"),
    "chinese around": ("看example.com/a吧", "https://example.com/a"),
    "fullwidth comma": ("https://example.com/a，好", "https://example.com/a"),
    "path beyond ascii": ("https://ja.wikipedia.org/wiki/東京", "https://ja.wikipedia.org/wiki/%E6%9D%B1%E4%BA%AC"),
    "path with marks": ("https://example.com/cafe\u0301", "https://example.com/cafe%CC%81"),
    "percent": ("https://example.com/a%20b", "https://example.com/a%20b"),
    "cyrillic": ("пример.рф/x", "https://xn--e1afmkfd.xn--p1ai/x"),
    "sharp s": ("https://straße.de", "https://xn--strae-oqa.de"),
    "composed": ("https://e\u0301xample.com", "https://xn--xample-9ua.com"),
    "punycode": ("https://xn--pypal-4ve.com/", "https://xn--pypal-4ve.com/"),
    "look-alike": ("https://p\u0430ypal.com", "https://xn--pypal-4ve.com"),
    "fullwidth": ("https://ｅｘａｍｐｌｅ.com", "https://example.com"),
    "zero width": ("pay\u200bpal.com/\u2060x", "https://paypal.com/x"),
    "turned around": ("https://example.com/\u202efdp.exe", "https://example.com/fdp.exe"),
    "backslash": ("https://evil.example\\@example.com", "https://evil.example"),
    "signs of shells": ("https://x.example/$(touch);'&y|z", "https://x.example/$(touch);'&y"),
    "blank in signs of shells": ("https://x.example/$(touch pwned);'\"", "https://x.example/$(touch"),
    "in a path": ("https://a.example/http://b.example/", "https://a.example/http://b.example/"),
}  # fmt: skip

NONE = [
    "e.g. this, i.e. that, a.m. and p.m., U.S., etc.", "3.5.2026", "12.30", "1.2.3.4", "ok.thanks", "file.py and main.py/x",
    "report.pdf", "archive.zip", "node.js", "see you.me too", "call me.it is late", "at home.Is it", "gracias.De nada", "yes...no",
    "me@example.com", "first.last@example.com", "first.com@example.org", "a.com+b@example.org", "user@mail.example.com", "@example.com",
    "ftp://example.com/x", "file:///etc/passwd", "javascript:alert(1)", "shttps://example.com", "C:\\x.com", "/home/x.com", "foo_bar.com",
    "http://", "https:// x", "http://.", "http://-a.com", "https://a..b", "http://?x", "https://[::1]/", "http:///x", "https://@/x",
    "http://2130706433/", "http://0x7f.1/", "http://1.2.3/", "http://127.0.0.01/", "http://１２７.1/", "https://a.%2e/",
    ".com", "com", "…com", "-.com", "e\u0301xample.com", "https://" + "a" * 64 + ".com", "https://" + "a." * 127 + "com", "\u2488com",
]  # fmt: skip


def targets(text: str) -> list[str]:
    return [link.target for link in links_in(text)]


@pytest.mark.parametrize("name", FOUND)
def test_a_link_is_found_and_leads_where_it_says(name: str) -> None:
    text, target = FOUND[name]
    assert targets(text) == [target]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_link(text: str) -> None:
    assert targets(text) == []


def test_several_stand_in_their_order_with_their_places() -> None:
    text = "a.com, https://b.com/x,https://c.com/y;d.com https://e.com,f.com"
    found = links_in(text)
    assert [text[link.start : link.end] for link in found] == [
        "a.com", "https://b.com/x", "https://c.com/y;d.com", "https://e.com", "f.com",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "user", "host", "target"),
    [
        ("https://paypal.com@evil.example/a", "paypal.com", "evil.example", "https://paypal.com@evil.example/a"),
        ("https://a.com:b@evil.example", "a.com:b", "evil.example", "https://a.com:b@evil.example"),
        ("https://a.com@b.com@evil.example", "a.com@b.com", "evil.example", "https://a.com%40b.com@evil.example"),
        ("https://päypal.com@evil.example", "päypal.com", "evil.example", "https://p%C3%A4ypal.com@evil.example"),
        ("https://paypal.com\u2044a@evil.example", "paypal.com\u2044a", "evil.example", "https://paypal.com%E2%81%84a@evil.example"),
        ("https://paypal.com/@evil.example", "", "paypal.com", "https://paypal.com/@evil.example"),
        ("https://paypal.com?@evil.example", "", "paypal.com", "https://paypal.com?@evil.example"),
    ],
)  # fmt: skip
def test_a_user_name_is_told_from_the_host(text: str, user: str, host: str, target: str) -> None:
    (link,) = links_in(text)
    assert (link.user, link.host, link.target) == (user, host, target)


def test_the_host_is_kept_as_it_is_written_too() -> None:
    (link,) = links_in("https://p\u0430ypal.com")
    assert (link.host, link.written_host) == ("xn--pypal-4ve.com", "p\u0430ypal.com")


def test_a_link_that_the_end_of_what_is_shown_cuts_is_none() -> None:
    filler = "a " * (MAX_TEXT // 2 - 60)
    text = f"https://first.example {filler}https://example.com/{'x' * 100} https://last.example"
    assert " … [" in clean(text)
    assert "https://example.com/x" in clean(text)
    assert targets(text) == ["https://first.example"]
    assert targets(clean(text)) == ["https://first.example"]


def test_a_target_too_long_to_look_over_is_none() -> None:
    longest = "https://example.com/" + "x" * (MAX_TARGET - 20)
    assert targets(longest) == [longest]
    assert targets(longest + "x") == []
    assert targets("https://example.com/" + "é" * (MAX_TARGET // 4)) == []
    assert targets(f"https://{'a' * MAX_TARGET}@example.com") == []


def test_of_several_texts_each_target_is_listed_once_the_first_text_s_first() -> None:
    texts = ["b.com a.com", "https://a.com/ a.com", "c.com"]
    assert [link.target for link in targets_in(texts, 10)] == [
        "https://b.com", "https://a.com", "https://a.com/", "https://c.com",
    ]  # fmt: skip
    assert [link.target for link in targets_in(texts, 1)] == ["https://b.com"]


def test_texts_beyond_any_usual_amount_are_not_looked_at() -> None:
    usual = ["a.com", *["x" * MAX_TEXT] * 10, "b.com"]
    assert [link.host for link in targets_in(usual, 10)] == ["a.com", "b.com"]
    endless = ["a.com", *["x" * MAX_TEXT] * (MAX_LOOKED_AT // MAX_TEXT), "b.com"]
    assert [link.host for link in targets_in(endless, 10)] == ["a.com"]


@settings(deadline=None, max_examples=500)
@given(anything)
@example("http://[")
@example("https://\u2488.com")
@example("https://a@b@c.com:080/%")
def test_whatever_the_text_a_target_leads_to_its_host_and_is_what_browsers_take(text: str) -> None:
    shown = clean(text)
    end = 0
    for link in links_in(text):
        assert end <= link.start < link.end <= len(shown)
        end = link.end
        assert link.target.isascii()
        assert link.target.isprintable()
        assert not set(link.target) & set(' "<>\\^`{|}')
        parts = urlsplit(link.target)
        assert parts.scheme in ("http", "https")
        assert parts.hostname == link.host
        assert parts.port is None or parts.port <= 65_535
        assert (parts.username is not None) == ("@" in parts.netloc)
        assert link.written_host in shown[link.start : link.end]
        assert links_in(link.target)[0].target == link.target, "a target is read as it stands"


@settings(deadline=None, max_examples=300)
@given(anything)
def test_the_raw_text_and_the_shown_one_have_the_same_links(text: str) -> None:
    assert links_in(text) == links_in(clean(text))


@settings(deadline=None, max_examples=300)
@given(anything)
def test_the_scanner_takes_uncleaned_text_too(text: str) -> None:
    for link in scan(text):
        assert link.target.isascii()


@pytest.mark.parametrize(
    "piece",
    [
        "a.", "http://", "https://a@", "http://a/", "http://a.com,", "http://a.com/,http://", "http://a/あ", "http://a.com/.)", "a.com+", "a.com:1",
        "a.com'", "a-", "a", "@a.", "(", "1.", "あa.", "ａ.", "\u0301a.com", "https://[", ":", "a@", "www.",
    ],
)  # fmt: skip
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """A megabyte takes less than a second here; were the time to grow with the square of it, hours."""
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    began = time.process_time()
    sum(1 for _ in scan(text))
    sum(1 for _ in links_in(text))
    assert time.process_time() - began < 10
