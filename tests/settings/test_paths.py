"""Where things are kept, and folders nobody else looks into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gynetix_tui.errors import ConfigError, StoreError
from gynetix_tui.settings.paths import existing_config, private_folder, standard_paths


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_the_defaults_stand_under_home(home: Path) -> None:
    paths = standard_paths()
    assert paths.config_file == home / ".config/gynetix-tui/config.toml"
    assert paths.data_folder == home / ".local/share/gynetix-tui"
    assert paths.store_file == paths.data_folder / "store.db"
    assert paths.state_folder == home / ".local/state/gynetix-tui"
    assert paths.log_file == paths.state_folder / "gynetix-tui.log"


def test_xdg_variables_outrank_the_defaults(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name))
    paths = standard_paths()
    assert paths.config_file == home / "CONFIG/gynetix-tui/config.toml"
    assert paths.store_file == home / "DATA/gynetix-tui/store.db"
    assert paths.log_file == home / "STATE/gynetix-tui/gynetix-tui.log"


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_relative_xdg_variables_are_ignored(home: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    plain = standard_paths()
    monkeypatch.setenv("XDG_CONFIG_HOME", value)
    assert standard_paths() == plain


def test_a_private_folder_and_its_parents_are_for_the_user_alone(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    assert mode(folder) == mode(folder.parent) == 0o700
    assert private_folder(folder) == folder


def test_a_looser_mode_is_put_right_but_not_that_of_the_parent(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    private_folder(folder)
    assert mode(folder) == 0o700
    assert mode(folder.parent) == 0o755


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file"):
        private_folder(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be created: Not a directory"):
        private_folder(tmp_path / "file" / "below")


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    folder = Path("/usr")  # root's, for everyone but root
    if os.getuid() == 0:
        folder = tmp_path / "theirs"
        folder.mkdir()
        os.chown(folder, 65534, 65534)
    with pytest.raises(StoreError, match="belongs to another user"):
        private_folder(folder)


def test_a_folder_that_cannot_be_made_is_said() -> None:
    with pytest.raises(StoreError, match="cannot be created: "):
        private_folder(Path("/dev/null/new"))  # not even root can


def test_a_config_file_that_others_can_read_is_put_right(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    file.chmod(0o666)
    assert existing_config(file) == file
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_config_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """It may name a command that is run."""
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    file = tmp_path / "config.toml"
    file.write_text("")
    os.chown(file, 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to another user"):
        existing_config(file)


def test_a_config_file_that_is_none_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "config.toml"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(ConfigError, match="is no ordinary file"):
            existing_config(path)
    with pytest.raises(ConfigError, match="does not exist"):
        existing_config(tmp_path / "none.toml")
