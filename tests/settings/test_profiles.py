"""Profiles: other accounts in the same config.toml, each with its own key, local number and store."""

from __future__ import annotations

from pathlib import Path

import pytest

from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.keysource import keyring_entry
from gynetix_tui.settings.paths import standard_paths
from gynetix_tui.settings.saving import save_settings

TWO = """
[gateway]
base_url = "https://sms.example/api"
from_number = "+15556667777"
api_key_command = "pass show gynetix"
answer_limit_mb = 5
[profile.work]
from_number = "+15558889999"
api_key_command = ["pass", "show", "two words"]
[profile.club]
base_url = "https://other.example/api"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TWO)
    return path


def test_the_usual_profile_is_the_gateway_section(file: Path) -> None:
    settings = load_settings(file, {})
    assert (settings.profile, settings.gateway.from_number) == ("", "+15556667777")
    assert settings.gateway.api_key_command == ("pass", "show", "gynetix")


def test_a_profile_has_its_own_number_and_command(file: Path) -> None:
    gateway = load_settings(file, {}, "work").gateway
    assert (gateway.from_number, gateway.api_key_command) == ("+15558889999", ("pass", "show", "two words"))
    assert (gateway.base_url, gateway.answer_limit_mb) == ("https://sms.example/api", 5)


def test_a_profile_never_takes_the_number_or_the_key_of_another_account(file: Path) -> None:
    gateway = load_settings(file, {}, "club").gateway
    assert (gateway.from_number, gateway.api_key_command) == (None, None)
    assert gateway.base_url == "https://other.example/api"


def test_the_environment_outranks_a_profile_too(file: Path) -> None:
    environ = {"GYNETIX_FROM": "+15550001111", "GYNETIX_BASE_URL": "https://env.example"}
    gateway = load_settings(file, environ, "work").gateway
    assert (gateway.from_number, gateway.base_url) == ("+15550001111", "https://env.example")


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ("wrok", 'FILE: no profile "wrok"; did you mean "work"?'),
        ("third", 'FILE: no profile "third"; write a section [profile.third] there; it may be empty.'),
        ("default", 'FILE: no profile "default"; there are work, club.'),
        ("../..", 'FILE: no profile "../.."; there are work, club.'),
        ("a\x1b[2Jb", 'FILE: no profile "a␛[2Jb"; there are work, club.'),
    ],
)
def test_a_profile_that_is_not_there_is_said(file: Path, profile: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {}, profile)
    assert str(caught.value).replace(str(file), "FILE") == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[profile.work]\nfrom_numbr = "1"',
            "FILE, line 2: profile.work.from_numbr: no such key; did you mean",
        ),
        ('[profile.work]\nfrom_number = "12"', 'FILE, line 2: profile.work.from_number = "12": '),
        (
            '[profile.work]\nkey = "canary"',
            "FILE, line 2: profile.work.key: no such key; the API key does not",
        ),
        (
            '[profile.work]\napi_key_command = "canary \'"',
            "FILE, line 2: profile.work.api_key_command = …: it must",
        ),
        (
            "[profile.work]\napi_key_command = []",
            "FILE, line 2: profile.work.api_key_command = …: it must be a",
        ),
        (
            '[profile.work]\napi_key_command = ["a", 1]',
            "FILE, line 2: profile.work.api_key_command = …: it must",
        ),
        ('[profile."a b"]', "FILE, line 1: profile.a b: a profile's name has letters, digits, - and _"),
        ('[profile."../x"]', "FILE, line 1: profile.../x: a profile's name has letters"),
        ("[profile.default]", "FILE, line 1: profile.default: the usual profile's table is [gateway]"),
        ('profile = "work"', 'FILE, line 1: profile = "work": it must be a section, [profile.NAME].'),
        ("[profile.work]\n[profile.Work]", "FILE, line 2: profile.Work: there is a profile work already."),
        ("[profile]\nwork = 1", "FILE, line 2: profile.work: it must be a section, [profile.work]."),
    ],
)
def test_a_mistake_in_a_profile_is_named_whoever_is_started(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    said = str(caught.value).replace(str(file), "FILE")
    assert said.startswith(sentence)
    assert "canary" not in said


def test_each_profile_has_a_store_and_a_log_of_its_own() -> None:
    usual, work = standard_paths(), standard_paths("work")
    assert work.config_file == usual.config_file
    assert work.store_file == usual.data_folder / "profiles" / "work" / "store.db"
    assert work.log_file == usual.state_folder / "profiles" / "work" / "gynetix-tui.log"


def test_each_profile_and_each_gateway_has_an_entry_of_its_own_in_the_keyring(file: Path) -> None:
    entries = [keyring_entry(load_settings(file, {}, name)) for name in ("", "work", "club")]
    assert entries == ["default@sms.example", "work@sms.example", "club@other.example"]


def test_the_local_number_is_saved_into_the_profile(file: Path) -> None:
    save_settings(file, {"profile.club": {"from_number": "+15551112222"}})
    assert load_settings(file, {}, "club").gateway.from_number == "+15551112222"
    assert load_settings(file, {}).gateway.from_number == "+15556667777"
    save_settings(file, {"profile.club": {"from_number": None, "base_url": None}})
    assert load_settings(file, {}, "club").gateway.from_number is None  # the profile itself is still there
