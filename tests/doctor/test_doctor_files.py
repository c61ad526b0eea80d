"""Files, settings and keys of commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from doctor_kit import case_in, only, paths_in, wrong

from gynetix_tui.doctor.case import Case
from gynetix_tui.doctor.choices import check_settings, check_shortcuts
from gynetix_tui.doctor.files import check_config_file, check_log_file, check_store_file, size_in_words


def put(file: Path, text: str = "", mode: int = 0o600) -> Path:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def with_config(folder: Path, text: str, **environ: str) -> Case:
    put(paths_in(folder).config_file, text)
    return case_in(folder, environ)


def test_files_that_are_not_there_are_fine(tmp_path: Path) -> None:
    case = case_in(tmp_path)
    for check in (check_config_file, check_store_file, check_log_file):
        finding = only(check(case))
        assert finding.ok
        assert ": none" in finding.text


def test_sizes_and_modes_are_told(tmp_path: Path) -> None:
    log = put(paths_in(tmp_path).log_file, "x" * 1234)
    finding = only(check_log_file(case_in(tmp_path)))
    assert (finding.ok, finding.text) == (True, f"{log}: 1.2 KB, mode 0600")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_that_others_may_read_or_write_is_wrong(tmp_path: Path, mode: int) -> None:
    paths = paths_in(tmp_path)
    for file, check in (
        (paths.config_file, check_config_file),
        (paths.store_file, check_store_file),
        (paths.log_file, check_log_file),
    ):
        put(file, mode=mode)
        assert f"mode {mode:04o}: open to other users" in wrong(check(case_in(tmp_path)))[0]


def test_what_lies_beside_a_file_counts_too(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    put(paths.store_file)
    put(paths.store_file.with_name("store.db-wal"), mode=0o644)
    put(paths.log_file.with_name("gynetix-tui.log.1"), mode=0o644)
    assert wrong(check_store_file(case_in(tmp_path)))[0].startswith("store.db-wal beside it: mode 0644")
    assert wrong(check_log_file(case_in(tmp_path)))[0].startswith("gynetix-tui.log.1 beside it: mode 0644")


def test_a_file_of_another_user_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(paths_in(tmp_path).store_file)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    first, second = wrong(check_store_file(case_in(tmp_path)))
    assert "it belongs to another user" in first
    assert second.startswith(f"{tmp_path}/data belongs to another user")


def test_what_may_not_be_read_or_written_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(paths_in(tmp_path).store_file)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may everything
    first, second = wrong(check_store_file(case_in(tmp_path)))
    assert first.endswith("you may not read it")
    assert second.endswith("cannot be written to: chmod u+rwx")


def test_something_else_in_the_place_of_a_file_is_wrong(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    paths.store_file.mkdir(parents=True)
    assert "is no file" in wrong(check_store_file(case_in(tmp_path)))[0]
    paths.config_file.symlink_to("nowhere")
    assert "is a link to a file that does not exist" in wrong(check_config_file(case_in(tmp_path)))[0]
    paths.state_folder.write_text("")
    assert "cannot be looked at: Not a directory" in wrong(check_log_file(case_in(tmp_path)))[0]


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (2_500_000, "2.5 MB")]
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words


def test_right_settings_are_told_by_name_only(tmp_path: Path) -> None:
    case = with_config(
        tmp_path,
        '[gateway]\nfrom_number = "+15556667777"\n[polling]\nopen_seconds = 2\n',
        GYNETIX_BASE_URL="http://127.0.0.1:8080",
        GYNETIX_FROM=" ",
    )
    finding = only(check_settings(case))
    assert finding.ok
    assert finding.text == (
        "read and right; not the usual: gateway.base_url, gateway.from_number, polling.open_seconds; "
        "from the environment: GYNETIX_BASE_URL"
    )


def test_no_settings_are_right_too(tmp_path: Path) -> None:
    assert only(check_settings(case_in(tmp_path))).text == "read and right; no local number yet"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[polling]\nopen_seconds = 0\n", ", line 2: polling.open_seconds: it must be a number of seconds"),
        ('[numbers]\nregion = "CANARY: it must go"\n', ", line 2: numbers.region: it must be a country"),
        ('[gateway]\nfrom_number = "+1 555 777 88889"\n', "from_number: what stands there is not right."),
        ('[gateway]\nfrom_number = "Ana"\n', "from_number: what stands there is not right."),
        ('[gateway]\nbase_url = "https://Ana:CANARY@x"\n', "base_url: it must not hold a user name"),
        ('[gateway]\napi_key = "CANARY"\n', "api_key: no such key; the API key does not belong in this file"),
        ('[gateway]\n15557778888 = "Ana"\n', "gateway....: no such key"),
        ("[gateway\n", "is not TOML"),
        ("[gateway]\nbase_url = \udcff\n", "not UTF-8"),
    ],
)
def test_wrong_settings_are_a_sentence_without_the_value(tmp_path: Path, text: str, sentence: str) -> None:
    file = put(paths_in(tmp_path).config_file)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    said = wrong(check_settings(case_in(tmp_path)))[0]
    assert sentence in said
    for secret in ("CANARY", "Ana", "555"):
        assert secret not in said


def test_a_wrong_variable_is_told_without_its_value(tmp_path: Path) -> None:
    said = wrong(check_settings(case_in(tmp_path, {"GYNETIX_FROM": "+1 555 777 888899"})))[0]
    assert said == "GYNETIX_FROM: what stands there is not right."


def test_a_variable_that_does_not_exist_is_told(tmp_path: Path) -> None:
    well, unknown = check_settings(case_in(tmp_path, {"GYNETIX_URL": "x"}))
    assert well.ok
    assert unknown.ok is None
    assert unknown.text.startswith("GYNETIX_URL: no such variable; there are GYNETIX_API_KEY, ")


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    case = case_in(tmp_path, config_file=tmp_path / "other.toml")
    assert only(check_config_file(case)).text == f"{tmp_path}/other.toml: none"
    assert "other.toml does not exist" in wrong(check_settings(case))[0]
    (tmp_path / "other.toml").write_text("")
    assert not wrong(check_settings(case))


def test_a_pipe_in_the_place_of_the_config_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    assert "is no ordinary file" in wrong(check_settings(case_in(tmp_path)))[0]


def test_shortcuts(tmp_path: Path) -> None:
    assert only(check_shortcuts(case_in(tmp_path))).text == "the usual ones"
    chosen = only(check_shortcuts(with_config(tmp_path, '[keys]\nnew = "f6"\n')))
    assert (chosen.ok, chosen.text) == (True, "1 of them chosen in [keys]")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('new = "hyper+q"', '"hyper+q" is no key'),
        ('neww = "f2"', 'no such command; did you mean "new"?'),
        ('new = "ctrl+g"', "this key is already that of go_to"),
    ],
)
def test_wrong_shortcuts_are_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in wrong(check_shortcuts(with_config(tmp_path, f"[keys]\n{text}\n")))[0]


def test_shortcuts_of_broken_settings_are_no_second_mistake(tmp_path: Path) -> None:
    assert check_shortcuts(with_config(tmp_path, "[")) == []
