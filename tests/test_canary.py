"""The net that finds the key catches: a leak of every kind, in a pytest of its own, fails the run."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import stage
from canary import KEY, Searcher, holds_key, output_holds_key

HERE = Path(__file__).parent
MEGABYTE = 1 << 20

# What a test may do wrong, and the sentence that tells of it.
LEAKS = {
    "standard output": ("print(KEY)", "captured stdout call"),
    "standard error": ("print(repr(KEY), file=sys.stderr)", "captured stderr call"),
    "a descriptor": ("os.write(2, quote(KEY).encode())", "captured stderr call"),
    "the log": ("logging.getLogger('x').warning('%s', KEY)", "captured log call"),
    "output that the test reads": (
        "print(KEY); capsys.readouterr()",
        "what the test read of its standard output",
    ),
    "a file": ("(tmp_path / 'a').mkdir(); (tmp_path / 'a/f').write_text(KEY)", "a file: .*/a/f"),
    "a file elsewhere": ("(factory.mktemp('x') / 'f').write_text(KEY)", "a file: .*/x0/f"),
    "a file that is removed": (
        "f = tmp_path / 'f'; f.write_text(KEY); f.unlink()",
        "a file that was removed: .*/f",
    ),
    "a folder that is removed": (
        "with tempfile.TemporaryDirectory() as d: Path(d, 'f').write_text(KEY)",
        "a file that was removed: .*/f",
    ),
    "a store": ("store_it(tmp_path / 'store.db')", "a file: .*/store.db"),
    "the journal of a store": ("leave_journal(tmp_path / 'store.db')", "a file: .*/store.db-wal"),
    "a file's name": ("(tmp_path / quote(KEY, safe='')).touch()", "a file: a path that holds it itself"),
    "an argument": ("subprocess.run(['true', KEY], check=True)", "the arguments of a process"),
    "a shell's argument": ("os.system(f'true \"{KEY}\"')", "the arguments of a process"),
    "a spawned argument": (
        "os.waitpid(os.posix_spawn('/bin/true', ['true', KEY], {}), 0)",
        "the arguments of a process",
    ),
    "a terminal": ("hand_over('the transcript', b'\\x1b[1mCANARY\\x1b[0;2m/1 +')", "the transcript"),
    "the clipboard": (
        "hand_over('the transcript', b'\\x1b]52;c;' + base64.b64encode(KEY.encode()) + b'\\x07')",
        "the transcript",
    ),
    "a picture": (
        "Path('snapshot_report.html').write_text(KEY.replace(' ', '&#160;'))",
        "a file: .*/snapshot_report.html",
    ),
}
HEAD = """
import base64, logging, os, sqlite3, subprocess, sys, tempfile
from pathlib import Path
from urllib.parse import quote
import pytest
from canary import KEY
from canary_net import hand_over

def store_it(file):
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (?)", [KEY])
    database.close()

def leave_journal(file):
    global journal
    journal = sqlite3.connect(file, isolation_level=None)
    journal.execute("PRAGMA journal_mode = WAL")
    journal.execute("SELECT * FROM sqlite_master").fetchall()
    store_it(file)

def test_good(tmp_path, capsys, tmp_path_factory):
    print("innocent")
    (tmp_path / "f").write_text("innocent")
"""


def run_inner(folder: Path, source: str, *options: str) -> tuple[int, str]:
    """A pytest with the net and nothing else of this project; its exit code and what it said."""
    (folder / "test_inner.py").write_text(HEAD + source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "canary_net", f"--basetemp={folder / 'temp'}", *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(HERE), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def leaking(name: str) -> str:
    return (
        f"def test_{re.sub('[^a-z]', '_', name)}(tmp_path, capsys, tmp_path_factory):\n"
        f"    factory = tmp_path_factory\n    {LEAKS[name][0]}\n"
    )


@pytest.mark.holds_the_key("the inner tests leak it")
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "two workers"])
def test_every_leak_is_caught(tmp_path: Path, workers: tuple[str, ...]) -> None:
    # pytest's own capture of descriptors and the test's reading of it exclude each other.
    source = "".join(leaking(name) for name in LEAKS).replace("(tmp_path, capsys,", "(tmp_path,")
    source = source.replace("_that_the_test_reads(tmp_path,", "_that_the_test_reads(tmp_path, capsys,")
    code, said = run_inner(tmp_path, source, *workers)
    assert code == 1, said
    for name, (_, sentence) in LEAKS.items():
        assert re.search(f"^The key stands in {sentence}", said, re.MULTILINE), (name, said)
    # All but those that are seen at the end only: a file elsewhere, a picture.
    assert f" {len(LEAKS) + 1} passed, {len(LEAKS) - 2} errors in " in said
    assert "the key was found after the tests" in said


@pytest.mark.holds_the_key("the inner tests leak it")
@pytest.mark.parametrize("name", ["a file elsewhere", "a picture"])
@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "a worker"])
def test_a_find_at_the_end_alone_fails_the_run(tmp_path: Path, name: str, workers: tuple[str, ...]) -> None:
    code, said = run_inner(tmp_path, leaking(name), *workers)
    assert (code, " 2 passed in " in said) == (1, True), said
    sentence = re.search(r"^The key stands in .*", said, re.MULTILINE)
    assert sentence
    assert not holds_key(sentence[0].encode())


def test_a_good_run_stays_good(tmp_path: Path) -> None:
    code, said = run_inner(tmp_path, "")
    assert (code, "The key" in said) == (0, False), said


@pytest.mark.holds_the_key("the inner tests hold it")
def test_an_exception_is_made_only_with_a_reason(tmp_path: Path) -> None:
    marked = '@pytest.mark.holds_the_key{}\ndef test_it(tmp_path):\n    print(KEY); (tmp_path / "f").write_text(KEY)\n'
    code, said = run_inner(tmp_path, marked.format('("it is its subject")'))
    assert (code, "The key" in said) == (0, False), said
    for reason in ("", "()", '("")'):
        code, said = run_inner(tmp_path, marked.format(reason))
        assert code == 4, said
        assert 'write @pytest.mark.holds_the_key("why")' in said


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower().replace("canary", "CANARY"),
        quote_plus(KEY),
        quote(quote(KEY, safe=""), safe=""),
        json.dumps(KEY),
        json.dumps(KEY).replace("/", "\\/"),
        json.dumps(json.dumps(KEY).replace("/", "\\/")),
        repr(KEY.encode()),
        escape(KEY).replace(" ", "&#160;").replace("/", "&#47;"),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        KEY[:8],
        *(base64.b64encode(b"x" * n + KEY.encode() + b"xyz").decode() for n in range(3)),
        *(base64.urlsafe_b64encode(b"\xff" * n + KEY.encode()).decode() for n in range(3)),
    ],
    ids=str.__len__,
)
def test_every_spelling_is_found(written: str) -> None:
    assert holds_key(f"before {written} after".encode())
    assert output_holds_key(f"\x1b[1mbefore {written} after".encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_other_encodings_are_found(encoding: str) -> None:
    assert holds_key(f"before {KEY} after".encode(encoding))


@pytest.mark.parametrize(
    "innocent",
    ["", "CANARY", "CANARY/", "CANARY-81b0", "canary/1", "CANARY = 1", "Q0FOQVJZ", "/1 +ß", "x" * 99],
)
def test_other_words_are_not_the_key(innocent: str) -> None:
    assert not output_holds_key(innocent.encode() * 3)


@pytest.mark.holds_the_key("its files hold it")
def test_a_large_file_is_searched_over_the_ends_of_its_pieces(tmp_path: Path) -> None:
    file = tmp_path / "large"
    for at in (0, MEGABYTE - 5, MEGABYTE, 2 * MEGABYTE - 1, 3 * MEGABYTE - 20):
        data = bytearray(3 * MEGABYTE)
        data[at : at + 13] = KEY.encode()
        file.write_bytes(data)
        assert list(Searcher().finds(tmp_path)) == [file], at
        assert list(Searcher().finds(file)) == [file], at
    file.write_bytes(bytes(3 * MEGABYTE))
    assert list(Searcher().finds(tmp_path)) == []


@pytest.mark.holds_the_key("its files hold it")
def test_a_file_is_searched_anew_when_it_has_changed(tmp_path: Path) -> None:
    searcher = Searcher()
    file = tmp_path / "file"
    file.write_text("x" * len(KEY.encode()))
    assert list(searcher.finds(tmp_path)) == []
    before = file.stat()
    file.write_text(KEY)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert list(searcher.finds(tmp_path)) == [file]
    assert list(searcher.finds(tmp_path)) == [file], "as long as it is there"


@pytest.mark.holds_the_key("its files hold it")
def test_what_a_test_has_locked_is_searched_and_links_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.write_text(KEY)
    (folder / "link").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    assert list(Searcher().finds(folder)) == []
    locked = folder / "locked"
    locked.mkdir()
    (locked / "file").write_text(KEY)
    (locked / "file").chmod(0)
    locked.chmod(0)
    assert list(Searcher().finds(folder)) == [locked / "file"]
    (folder / "named").symlink_to(KEY)
    assert folder / "named" in Searcher().finds(folder)


def test_the_kit_of_the_screens_has_the_same_key() -> None:
    assert stage.KEY == KEY
