"""The log: private, without the key, one record a line, and never on the terminal."""

from __future__ import annotations

import logging
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from canary import KEY

from gynetix_tui.errors import StoreError
from gynetix_tui.settings.log import LOGGER, MAX_BYTES, close_log, open_log
from gynetix_tui.settings.secret import ApiKey


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state" / "gynetix-tui.log"
    close_log()
    for name in (LOGGER, "httpx", "httpcore"):  # tests of what they log may come after
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).propagate = True


@pytest.fixture
def log(file: Path) -> logging.Logger:
    return open_log(file, ApiKey(KEY).redact)


def test_a_record_is_a_line_with_its_time_in_utc(file: Path, log: logging.Logger) -> None:
    record = log.makeRecord("gynetix_tui.engine", logging.INFO, "", 0, "asked %s", ("Ana",), None)
    record.created = 1516816290.25
    log.handle(record)
    assert file.read_text() == "2018-01-24T17:51:30.250Z INFO gynetix_tui.engine: asked Ana\n"


def test_file_and_folder_are_for_the_user_alone(file: Path, log: logging.Logger) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_looser_file_is_put_right(file: Path) -> None:
    file.parent.mkdir()
    file.touch(0o644)
    open_log(file, str)
    assert file.stat().st_mode & 0o777 == 0o600


def test_modules_of_the_package_log_here(file: Path, log: logging.Logger) -> None:
    logging.getLogger("gynetix_tui.store.messages").warning("skipped one")
    logging.getLogger("gynetix_tui.store.messages").debug("not this")
    assert file.read_text().endswith(" WARNING gynetix_tui.store.messages: skipped one\n")
    assert file.read_text().count("\n") == 1


def test_the_key_is_nowhere_in_it(file: Path, log: logging.Logger) -> None:
    local = KEY  # noqa: F841 - no local may show
    log.info("plain %s, quoted %s", KEY, {"url": f"/key/{quote(KEY, safe='')}/"})
    try:
        raise ValueError(f"no such host: {KEY}") from OSError(quote(KEY))
    except ValueError:
        log.exception("failed", stack_info=True)
    text = file.read_text()
    assert text.count("[key]") == 2
    assert KEY not in text
    assert quote(KEY) not in text


def test_of_a_group_of_errors_each_is_told(file: Path, log: logging.Logger) -> None:
    def first() -> None:
        raise ValueError(KEY)

    def second() -> None:
        raise OSError("Ana")

    errors: list[Exception] = []
    for each in (first, second):
        try:
            each()
        except (ValueError, OSError) as error:
            errors.append(error)
    inner = ExceptionGroup("more of Ana", [errors[1]])
    log.error("failed", exc_info=ExceptionGroup("of Ana", [errors[0], inner]))
    text = file.read_text()
    assert "in first" in text
    assert "in second" in text
    assert text.index("builtins.ValueError") < text.index("builtins.OSError")
    assert "of Ana" not in text
    assert "Ana" not in text.replace('raise OSError("Ana")', "")


def test_a_hostile_text_can_neither_steer_the_terminal_nor_forge_a_record(
    file: Path, log: logging.Logger
) -> None:
    hostile = "x\x1b]52;c;eA==\x07\r\n2018-01-24T17:51:30.250Z ERROR gynetix_tui: forged \u202e\ud83d"
    log.info("%s", hostile)
    try:
        raise RuntimeError(hostile)
    except RuntimeError:
        log.exception("caught")
    lines = file.read_text().splitlines()
    assert not [line for line in lines if re.search("[\x00-\x1f\x7f-\x9f\u202e]", line)]
    records = [line for line in lines if not line.startswith("    | ")]
    assert len(records) == 2
    assert " ⏎ 2018" in records[0]
    assert "    | builtins.RuntimeError" in lines, "its type, and none of its words"
    assert sum("52;c" in line for line in lines) == 1
    assert any(re.match(r"    \|   File ", line) for line in lines)


def test_nothing_reaches_standard_error(
    file: Path, log: logging.Logger, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log.error("kept to the file")
    log.error("wrongly written %d", "text")
    logging.getLogger("httpx").error("https://host/key/%s/", KEY)
    logging.getLogger("httpcore.connection").error("https://host/key/%s/", KEY)
    close_log()
    log.error("after the end")
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert file.read_text().count("\n") == 1


def test_it_turns_over_and_keeps_one_older_file(file: Path, log: logging.Logger) -> None:
    for _ in range(3 * MAX_BYTES // 9000):
        log.info("%s", "x" * 9000)
    older = file.with_name(f"{file.name}.1")
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, older.name]
    assert older.stat().st_size <= MAX_BYTES
    assert file.stat().st_mode & 0o777 == older.stat().st_mode & 0o777 == 0o600


def test_opening_again_moves_the_log(file: Path, log: logging.Logger, tmp_path: Path) -> None:
    other = tmp_path / "other" / "other.log"
    assert open_log(other, str) is log
    log.info("here")
    assert file.read_text() == ""
    assert other.read_text().endswith("here\n")


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    link = tmp_path / "state" / "gynetix-tui.log"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be written"):
        open_log(link, str)


@contextmanager
def full_disk() -> Iterator[None]:
    """Meanwhile no file of this process grows."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_records_and_nothing_else(
    file: Path, log: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    log.info("before")
    with full_disk():
        log.error("meanwhile")
    log.info("after")
    with full_disk():
        log.error("at the end")
        close_log()
    assert capfd.readouterr() == ("", "")
    words = [line.rpartition(": ")[2] for line in file.read_text().splitlines()]
    assert (words[0], words[-1]) == ("before", "after")
    assert open_log(file, str) is log
    log.info("anew")
    assert file.read_text().endswith(": anew\n")
