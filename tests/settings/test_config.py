"""config.toml: read strictly, saved whole, and never written by reading."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gynetix_tui.errors import ConfigError
from gynetix_tui.settings.config import load_settings
from gynetix_tui.settings.saving import save_settings
from gynetix_tui.settings.schema import Settings, Theme, describe_settings

FULL = """\
# ours
[gateway]
base_url = "http://127.0.0.1:8080/api/"
from_number = "(555) 666-7777"
[numbers]
region = "us"
[polling]
open_seconds = 2.5
recent_seconds = 20
dormant_seconds = 900
requests_per_minute = 30
[keys]
send = "ctrl+s"
"app.quit" = "f10"
[terminal]
mouse = false
theme = "light"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "config.toml"


def written(file: Path, text: str | bytes) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def mistake(file: Path, text: str | bytes, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(file, text), environ or {})
    return str(caught.value).replace(str(file), "FILE")


def test_a_missing_file_means_all_defaults_and_is_not_written(file: Path) -> None:
    settings = load_settings(file, {})
    assert settings == Settings()
    assert settings.gateway.base_url == "https://roor.gynetix.com/standard/api"
    assert settings.gateway.from_number is None
    assert (settings.polling.open_seconds, settings.polling.recent_seconds) == (5, 30)
    assert settings.terminal.theme is Theme.AUTO
    assert not file.parent.exists()


def test_every_setting_is_read(file: Path) -> None:
    settings = load_settings(written(file, FULL), {})
    assert settings.gateway.base_url == "http://127.0.0.1:8080/api"
    assert settings.gateway.from_number == "+15556667777"
    assert settings.numbers.region == "US"
    assert settings.polling.open_seconds == 2.5
    assert settings.polling.requests_per_minute == 30
    assert settings.keys == {"send": "ctrl+s", "app.quit": "f10"}
    assert settings.terminal.mouse is False
    assert settings.terminal.theme is Theme.LIGHT
    assert hash(settings) is not None


def test_the_environment_outranks_the_file(file: Path) -> None:
    environ = {"GYNETIX_BASE_URL": "https://other.example/api", "GYNETIX_FROM": "tel:+1-555-111-2222"}
    settings = load_settings(written(file, FULL), environ)
    assert settings.gateway.base_url == "https://other.example/api"
    assert settings.gateway.from_number == "+15551112222"
    assert (
        load_settings(file, {"GYNETIX_BASE_URL": " ", "GYNETIX_FROM": ""}).gateway.from_number
        == "+15556667777"
    )


def test_a_number_of_the_environment_is_dialled_in_the_files_region(file: Path) -> None:
    settings = load_settings(written(file, '[numbers]\nregion = "GB"'), {"GYNETIX_FROM": "020 7946 0958"})
    assert settings.gateway.from_number == "+442079460958"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[gateway",
            "FILE is not TOML: Expected ']' at the end of a table declaration (at end of document).",
        ),
        ("a = = 1", "FILE is not TOML: Invalid value (at line 1, column 5)."),
        ("a = " + "9" * 5000, "FILE is not TOML: "),
        ("a = " + "[" * 3000, "FILE is not TOML: nested too deeply."),
        (b"\n# \xe9", "FILE, line 2: not UTF-8; save the file in that encoding."),
        ("[poling]", 'FILE, line 1: poling: no such section; did you mean "polling"?'),
        (
            "mouse = true",
            "FILE, line 1: mouse: no such key; there are gateway, numbers, texting, polling, terminal, profile, keys.",
        ),
        (
            "[polling]\n\nopen_second = 5",
            'FILE, line 3: polling.open_second: no such key; did you mean "open_seconds"?',
        ),
        ("polling = 5", "FILE, line 1: polling = 5: it must be a section, [polling]."),
        (
            "[polling]\nopen_seconds = true",
            "FILE, line 2: polling.open_seconds = true: it must be a number of seconds from 1 to 3600.",
        ),
        (
            "polling.open_seconds = nan",
            "FILE, line 1: polling.open_seconds = nan: it must be a number of seconds",
        ),
        (
            "[polling]\nopen_seconds = 0x" + "f" * 9000,
            "FILE, line 2: polling.open_seconds = a huge number: it must",
        ),
        (
            "polling = {requests_per_minute = 0}",
            "FILE, line 1: polling.requests_per_minute = 0: it must be a whole",
        ),
        (
            '[numbers]\nregion = "USA"',
            'FILE, line 2: numbers.region = "USA": it must be a country as two letters',
        ),
        ("[terminal]\nmouse = 1", "FILE, line 2: terminal.mouse = 1: it must be true or false."),
        (
            '[terminal]\ntheme = "drak"',
            'FILE, line 2: terminal.theme = "drak": it must be one of "dark", "light", "ansi", "auto".',
        ),
        (
            "[keys]\nsend = 5",
            'FILE, line 2: keys.send = 5: it must be the name of a key in quotes, as "ctrl+n".',
        ),
        ("[keys.send]\na = 1", "FILE, line 1: keys.send = a table: it must be the name of a key"),
        (
            '[gateway]\nfrom_number = "12"',
            'FILE, line 2: gateway.from_number = "12": That is 2 digits; a number has 7 to 15, as +1 555 123 4567.',
        ),
        (
            "[gateway]\nfrom_number = 15556667777",
            "FILE, line 2: gateway.from_number = 15556667777: it must be a text",
        ),
        (
            '[gateway]\napi_key = "canary"',
            "FILE, line 2: gateway.api_key: no such key; the API key does not belong in this file; "
            "let the keyring keep it (gynetix-tui key set), or name a command that prints it",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(
    file: Path, text: str, sentence: str
) -> None:
    said = mistake(file, text)
    assert said.startswith(sentence)
    assert "canary" not in said


def test_a_mistake_in_a_variable_names_the_variable(file: Path) -> None:
    assert mistake(file, "", {"GYNETIX_FROM": "abc"}).startswith('GYNETIX_FROM = "abc": No digits in it')
    assert mistake(file, "", {"GYNETIX_BASE_URL": "ftp://x"}).startswith(
        'GYNETIX_BASE_URL = "ftp://x": it must be'
    )


def test_what_is_shown_of_a_value_cannot_steer_the_terminal(file: Path) -> None:
    said = mistake(file, '[terminal]\ntheme = "\\u001b[2J"')
    assert '"␛[2J"' in said


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://roor.gynetix.com/standard/api//", "https://roor.gynetix.com/standard/api"),
        ("HTTPS://Roor.Gynetix.com/Api", "https://roor.gynetix.com/Api"),
        ("http://localhost:80/x", "http://localhost:80/x"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_of_the_gateway(file: Path, url: str, meant: str) -> None:
    assert load_settings(file, {"GYNETIX_BASE_URL": url}).gateway.base_url == meant


@pytest.mark.parametrize(
    "url",
    [
        "http://roor.gynetix.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://[::2]",
        "http://2130706433",
        "https://",
        "https:///path",
        "roor.gynetix.com",
        "https://a b",
        "https://host\\@evil",
        "https://host:99999",
        "https://host:0",
        "https://[::1",
        "https://host?x",
        "https://host/#",
        "https://exämple.com",
        "https://host/\u202e",
    ],
)
def test_other_addresses_are_refused(file: Path, url: str) -> None:
    assert mistake(file, "", {"GYNETIX_BASE_URL": url}).startswith("GYNETIX_BASE_URL = ")


def test_a_password_in_an_address_is_not_shown(file: Path) -> None:
    said = mistake(file, "", {"GYNETIX_BASE_URL": "https://me:canary@host/"})
    assert said == "GYNETIX_BASE_URL = …: it must not hold a user name or password."


def test_what_is_no_readable_file_is_said(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(ConfigError, match="is a folder"):
        load_settings(file, {})
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        load_settings(written(file.parent / "f", "") / "config.toml", {})
    with pytest.raises(ConfigError, match="cannot be read: not a path"):
        load_settings(Path("a\0b"), {})
    with pytest.raises(ConfigError, match=r"no config\.toml of this program"):
        load_settings(written(file.parent / "big", b"#" * 1_000_001), {})


def test_a_mark_before_the_first_line_is_no_mistake(file: Path) -> None:
    assert load_settings(written(file, b"\xef\xbb\xbf" + FULL.encode()), {}).terminal.mouse is False


# Bytes, and texts that come near to being a config.toml.
near = st.lists(
    st.sampled_from(
        [
            "[gateway]\n",
            "[keys]\n",
            "base_url",
            "mouse",
            "polling.open_seconds",
            " = ",
            "1",
            '"x"',
            "[",
            "{",
            "\n",
        ]
    )
    | st.text(max_size=5)
).map(lambda parts: "".join(parts).encode(errors="surrogatepass"))


@given(st.binary(max_size=200) | near)
@example(b"[keys]\n" + b"a" * 500 + b" = 1")
def test_whatever_stands_in_the_file_there_are_settings_or_a_config_error(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as stream:
        stream.write(data)
        stream.flush()
        try:
            load_settings(Path(stream.name), {})
        except ConfigError as error:
            str(error).encode()


def test_saving_merges_keeps_the_rest_and_stays_private(file: Path) -> None:
    written(file, FULL)
    save_settings(file, {"gateway": {"from_number": "+15551112222"}, "terminal": {"theme": Theme.DARK}})
    settings = load_settings(file, {})
    assert settings.gateway.from_number == "+15551112222"
    assert settings.gateway.base_url == "http://127.0.0.1:8080/api"
    assert settings.terminal.theme is Theme.DARK
    assert settings.keys["send"] == "ctrl+s"
    assert file.stat().st_mode & 0o777 == 0o600


def test_saving_keeps_the_old_file_only_where_comments_would_be_lost(file: Path) -> None:
    written(file, FULL)
    save_settings(file, {"terminal": {"mouse": True}})
    backup = file.with_name("config.toml.bak")
    assert backup.read_text() == FULL
    assert backup.stat().st_mode & 0o777 == 0o600
    backup.unlink()
    save_settings(file, {"terminal": {"mouse": False}})
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_saving_creates_file_and_folder_for_the_user_alone(file: Path) -> None:
    save_settings(file, {"numbers": {"region": "GB"}})
    assert tomllib.loads(file.read_text()) == {"numbers": {"region": "GB"}}
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_saving_none_takes_a_key_out(file: Path) -> None:
    written(file, '[gateway]\nfrom_number = "+15556667777"\n[terminal]\nmouse = false\n')
    save_settings(file, {"gateway": {"from_number": None}, "polling": {"open_seconds": None}})
    assert tomllib.loads(file.read_text()) == {"terminal": {"mouse": False}}


@pytest.mark.parametrize(
    "changes", [{"terminal": {"theme": "pink"}}, {"gatway": {"a": 1}}, {"keys": {"send": 1}}]
)
def test_what_could_not_be_read_is_not_saved(file: Path, changes: dict[str, dict[str, object]]) -> None:
    written(file, FULL)
    with pytest.raises(ConfigError):
        save_settings(file, changes)
    assert file.read_text() == FULL


def test_a_broken_file_is_not_written_over(file: Path) -> None:
    written(file, "[gateway")
    with pytest.raises(ConfigError):
        save_settings(file, {"terminal": {"mouse": True}})
    assert file.read_text() == "[gateway"


def test_saving_follows_a_link(file: Path, tmp_path: Path) -> None:
    real = written(tmp_path / "real.toml", "")
    file.parent.mkdir()
    file.symlink_to(real)
    save_settings(file, {"terminal": {"mouse": False}})
    assert file.is_symlink()
    assert "mouse = false" in real.read_text()


def test_saving_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.toml.d").touch()
    with pytest.raises(ConfigError, match="cannot be"):
        save_settings(tmp_path / "config.toml.d" / "config.toml", {"terminal": {"mouse": False}})


def test_every_setting_is_documented_and_its_default_can_stand_in_the_file(file: Path) -> None:
    documented = list(describe_settings())
    assert [doc.name for doc in documented if doc.variable] == ["gateway.base_url", "gateway.from_number"]
    assert all(doc.meaning.endswith(".") for doc in documented)
    written(file, "\n".join(f"{doc.name} = {doc.default}" for doc in documented if doc.default))
    assert load_settings(file, {}) == Settings()
