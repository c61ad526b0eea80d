"""Whatever stands in config.toml and in the environment: settings of the declared types, or a ConfigError.

The same few hundred files each time; for a long search of new ones:

    FUZZ_EXAMPLES=100000 nice -n 19 .venv/bin/pytest -n 0 tests/settings/test_config_fuzz.py
"""

from __future__ import annotations

import os
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.schema import KEYS, SECTIONS, Settings, describe_settings, rule_of

LONG = int(os.environ.get("FUZZ_EXAMPLES", "0"))
fuzz = settings(
    max_examples=LONG or 300,
    derandomize=not LONG,
    deadline=None,
    # One folder serves all examples: each writes the file anew.
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)

VARIABLES = [
    rule.variable for kind in SECTIONS.values() for entry in fields(kind) if (rule := rule_of(entry)).variable
]
SECTION_NAMES = [*SECTIONS, KEYS, "profile"]
KEY_NAMES = sorted({entry.name for kind in SECTIONS.values() for entry in fields(kind)})
VALID = b"""\
# ours
[gateway]
base_url = "http://127.0.0.1:8080/api/"
from_number = "(555) 666-7777"
[numbers]
region = "us"
[polling]
open_seconds = 2.5
requests_per_minute = 30
[keys]
send = "ctrl+s"
"app.quit" = "f10"
[terminal]
mouse = false
theme = "light"
"""
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, steers a terminal, turns the text around, or cannot be written at all."""
SPLINTERS = [
    b"[", b"]", b"[[", b"{", b"}", b"=", b".", b",", b'"', b'"""', b"'", b"\\", b"#", b"\n", b"\r", b"\t", b"\0", b"\xff",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud83d", b"\\U00110000", b"nan", b"-inf", b"1e400", b"0x", b"9" * 5000, b"1979-05-27",
    b"07:32:00", b"true", b"[" * 1000, b"{a=" * 1000, b"a." * 2000, b"[gateway]", b"[keys]\n", b"base_url", b"mouse = ",
    b"polling.open_seconds = ", b"\x1b]52;c;eA==\x07", b"https://me:pw@host/", b'"+15556667777"',
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def check(file: Path, data: bytes, environ: Mapping[str, str]) -> Settings | None:
    file.write_bytes(data)
    read, failed = None, None
    try:
        read = load_settings(file, environ)
    except ConfigError as error:
        failed = error
    assert file.read_bytes() == data, "reading writes nothing"
    if failed is not None:
        sentence = str(failed)
        assert not STEERING.search(sentence), ascii(sentence)
        assert len(sentence.replace(str(file), "")) < 1000
        assert failed.__cause__ is None
        sentence.encode()
    if read is None:
        return None
    assert list(_misfits(read)) == []
    assert hash(read) is not None
    return read


def _misfits(value: object) -> Iterator[str]:
    """Each field, of a dataclass and those in it, that is not of its declared type."""
    assert is_dataclass(value)
    hints = typing.get_type_hints(type(value))
    for entry in fields(value):
        inner = getattr(value, entry.name)
        if is_dataclass(inner):
            yield from _misfits(inner)
        elif not _fits(inner, hints[entry.name]):
            yield f"{entry.name} = {inner!r}, which is no {hints[entry.name]}"


def _fits(value: object, hint: Any) -> bool:  # Any: what typing makes of an annotation
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, choice) for choice in arguments)
    if origin is tuple:
        return type(value) is tuple and all(_fits(item, arguments[0]) for item in value)
    if origin is not None:  # a mapping of texts
        assert isinstance(value, Mapping)
        return all(_fits(key, arguments[0]) and _fits(item, arguments[1]) for key, item in value.items())
    hint = getattr(hint, "__supertype__", hint)
    if hint is float:  # a whole number of seconds is one, too
        return type(value) in (int, float)
    return type(value) is hint


_texts = st.text(max_size=20)
_odd_texts = st.sampled_from(
    [
        "", " ", "\0", "\x1b[2J", "ctrl+n", "+15556667777", "5556667777", "12", "US", "us", "dark", "https://host/api", "http://[",
        "https://me:pw@host", "http://127.0.0.1:1", "'", "pass show x", "-", "\u202e", "\ufeff", "١٢٣٤٥٦٧٨", "x" * 5000, "9" * 5000,
    ]
)  # fmt: skip
_scalars = (
    st.booleans() | st.integers() | st.integers(-5, 100) | st.floats() | _texts | _odd_texts
    | st.dates() | st.times() | st.datetimes() | st.sampled_from([10**400, 1e400, float("nan")])
)  # fmt: skip
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_tables = st.dictionaries(st.sampled_from(KEY_NAMES) | _texts, _values, max_size=4)
# The right keys under the right sections, so that the checks of values are reached and not only those of names.
_sections = {
    name: st.fixed_dictionaries({}, optional={entry.name: _values for entry in fields(kind)})
    for name, kind in SECTIONS.items()
}
_near = st.fixed_dictionaries(
    {},
    optional={
        **_sections,
        KEYS: st.dictionaries(_texts, _odd_texts | _values, max_size=3),
        "profile": st.dictionaries(
            st.sampled_from(["work", "default", "a b"]), _sections["gateway"], max_size=2
        ),
    },
)
_far = st.dictionaries(st.sampled_from(SECTION_NAMES) | _texts, _tables | _values, max_size=4)
# What an environment can hold: no NUL, and bytes that are no UTF-8 come as lone surrogates.
_held = st.binary(max_size=40).map(lambda data: os.fsdecode(data.replace(b"\0", b""))) | _odd_texts.map(
    lambda text: text.replace("\0", "")
)
_environs = st.dictionaries(st.sampled_from(VARIABLES) | _texts, _held, max_size=4)


@fuzz
@given(data=st.binary(max_size=300), environ=_environs)
@example(data=b"[keys]\n" + b"a" * 500 + b" = 1", environ={})
@example(data=b"", environ={"GYNETIX_BASE_URL": "\udcff", "GYNETIX_FROM": "\udcff"})
def test_any_bytes(file: Path, data: bytes, environ: dict[str, str]) -> None:
    check(file, data, environ)


@fuzz
@given(data=st.lists(st.sampled_from(SPLINTERS) | st.binary(max_size=3), max_size=20).map(b"".join))
def test_splinters_of_toml(file: Path, data: bytes) -> None:
    check(file, data, {})


@fuzz
@given(document=_near | _far, environ=_environs)
def test_any_document(file: Path, document: dict[str, Any], environ: dict[str, str]) -> None:
    try:
        data = tomli_w.dumps(document).encode()
    except (UnicodeEncodeError, ValueError):  # a lone surrogate, a number of 5,000 digits: no TOML
        assume(False)
    check(file, data, environ)


@fuzz
@given(chosen=st.data())
def test_a_valid_file_with_pieces_changed_put_in_doubled_or_cut_out(
    file: Path, chosen: st.DataObject
) -> None:
    data = VALID
    for _ in range(chosen.draw(st.integers(0, 4))):
        start, end = sorted((chosen.draw(st.integers(0, len(data))), chosen.draw(st.integers(0, len(data)))))
        piece = chosen.draw(st.sampled_from(SPLINTERS) | st.binary(max_size=2) | st.just(data[start:end] * 2))
        end = chosen.draw(st.sampled_from([start, min(start + 1, len(data)), end]))
        data = data[:start] + piece + data[end:]
    check(file, data, {})


@fuzz
@given(environ=_environs)
def test_any_environment(file: Path, environ: dict[str, str]) -> None:
    check(file, VALID, environ)


def test_the_fuzzing_reaches_what_it_is_for(file: Path) -> None:
    assert check(file, VALID, {}) is not None
    assert check(file, b"", dict.fromkeys(VARIABLES, "")) == Settings()
    assert len(VARIABLES) >= 2
    assert {doc.variable for doc in describe_settings()} - {""} <= set(VARIABLES)


def test_the_check_of_types_can_fail() -> None:
    assert not _fits("5", int)
    assert not _fits(True, int)
    assert not _fits(True, float)
    assert _fits(None, str | None)
    assert not _fits(("a", 1), tuple[str, ...])
    assert list(_misfits(Settings(profile=1)))  # type: ignore[arg-type]
