"""The API key does not print, is not copied out, and is found in texts that would show it."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import logging
import pickle
import pprint
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.secret import ApiKey

CANARY = "CANARY/1 +ß%"


@dataclasses.dataclass
class Holder:
    key: ApiKey


def test_only_asking_for_it_gives_it_away() -> None:
    key = ApiKey(f"  {CANARY}\n")
    assert key.reveal() == CANARY
    assert key.path_segment() == quote(CANARY, safe="")
    assert "/" not in key.path_segment()


def test_nothing_else_prints_it() -> None:
    key = ApiKey(CANARY)
    holder = Holder(key)
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s %r", (key, holder), None)
    printed = [
        str(key),
        repr(key),
        f"{key}",
        f"{key:>40}",
        str([key]),
        pprint.pformat(holder),
    ]
    printed += [str(dataclasses.asdict(holder)), record.getMessage(), ascii(key), str(dir(key))]
    try:
        raise ValueError(key)
    except ValueError as error:
        printed += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    assert not [text for text in printed if CANARY in text.replace("\nCANARY = ", "")]
    assert str(key) == "ApiKey(…)"


def test_it_has_no_open_attributes_and_does_not_change() -> None:
    key = ApiKey(CANARY)
    with pytest.raises(TypeError):
        vars(key)
    with pytest.raises(AttributeError):
        key.other = 1
    with pytest.raises(AttributeError):
        del key.reveal


def test_copies_are_itself_and_pickles_are_refused() -> None:
    key = ApiKey(CANARY)
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(key, protocol)
    with pytest.raises(TypeError, match="not pickled"):
        key.__getstate__()


def test_keys_compare() -> None:
    assert ApiKey(CANARY) == ApiKey(f" {CANARY} ")
    assert ApiKey(CANARY) != ApiKey("other")
    assert ApiKey(CANARY) != CANARY
    assert len({ApiKey(CANARY), ApiKey(CANARY)}) == 1


@pytest.mark.parametrize(
    "text", ["", " \n", "CAN\nARY", "CAN\x00ARY", "CAN\x1bARY", "CAN\u200bARY", "CAN\ud800ARY"]
)
def test_what_cannot_be_a_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ApiKey(text)
    assert "CAN" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        quote(CANARY, safe="").lower().replace("canary", "CANARY"),
        quote_plus(CANARY),
        quote(quote(CANARY, safe=""), safe=""),
        json.dumps(CANARY)[1:-1],
        json.dumps(CANARY)[1:-1].replace("/", "\\/"),
        repr(CANARY.encode())[2:-1],
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(CANARY.encode()).decode().rstrip("="),
    ],
)
def test_the_key_is_taken_out_of_texts(written: str) -> None:
    redacted = ApiKey(CANARY).redact(f"POST /key/{written}/response/json again {written}")
    assert redacted.replace("=", "") == "POST /key/[key]/response/json again [key]"


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_the_key_is_taken_out_of_longer_base64(before: str) -> None:
    key = ApiKey("81b0fdff-4c1d")
    encoded = base64.b64encode(f"{before}81b0fdff-4c1d and more".encode()).decode()
    redacted = key.redact(encoded)
    assert "[key]" in redacted
    left = redacted.replace("[key]", "A" * (len(encoded) - len(redacted) + 5))
    assert b"81b0fdff" not in base64.b64decode(left)


def test_other_texts_stay_as_they_are() -> None:
    text = "Hello, this is no key: 81b0 %2F AAAAAAAA"
    assert ApiKey("81b0fdff-4c1d").redact(text) == text


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), st.text(), st.text())
def test_any_key_is_taken_out_of_any_text(secret: str, before: str, after: str) -> None:
    key = ApiKey(secret)
    for form in (secret, quote(secret, safe=""), quote_plus(secret)):
        assert "[key]" in key.redact(before + form + after)
