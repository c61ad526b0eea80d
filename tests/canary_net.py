"""A part of pytest: whatever a test leaves behind is searched for the key, and a find fails the test.

Searched are what was captured of its output and its logs, what kits hand over (the transcripts of terminals, what
programs answered), the files below its temporary folder, files and folders that are removed, and the arguments of the
processes that it starts; at the end of the session all temporary files once more, and the pictures of the screens.

A test in which the key stands where it is looked for, by intent, says why: `@pytest.mark.holds_the_key("why")`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

import pytest
from canary import Searcher, holds_key, output_holds_key, text_holds_key

MARKER: Final = "holds_the_key"
_OUTPUT: Final = "canary_finds"
_PICTURES: Final = (
    "tests/tui/__snapshots__",
    "screenshots",
    "snapshot_report.html",
)
"""Below the root; those that are made and differ are in the folder that the other plugin's variable names."""
_MADE_PICTURES: Final = "TEXTUAL_SNAPSHOT_TEMPDIR"
_WITH_ARGUMENTS: Final = {
    "subprocess.Popen": 1,
    "os.exec": 1,
    "os.posix_spawn": 1,
    "os.spawn": 2,
    "os.system": 0,
}
"""Audit events of processes being started, and where their arguments are."""
_REMOVALS: Final = frozenset({"shutil.rmtree", "os.remove"})
_NOWHERE: Final = (None, -1)
"""A path that is not below an open folder: one that is goes with the folder, which was searched as a whole."""


class _Node(Protocol):
    workeroutput: dict[str, object]


class Net:
    """What was found, and what is still to be looked at."""

    def __init__(self) -> None:
        self.searcher = Searcher()
        self.finds: list[str] = []
        """Sentences about the test that is running, or after the last one about the session."""
        self.of_session: list[str] = []
        self.exempt: set[Path] = set()
        self.watching = False
        self._busy = threading.local()

    def see(self, place: str, data: bytes | str) -> None:
        """Look at what was sent to a terminal or said by a program."""
        if output_holds_key(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data):
            self._note(f"The key stands in {place}.")

    def look_into(self, folder: Path, when: str = "") -> None:
        """Look through the files below a folder."""
        for path in self.searcher.finds(folder, leave_out=frozenset(self.exempt)):
            shown = "a path that holds it itself" if text_holds_key(str(path)) else str(path)
            self._note(f"The key stands in a file{when}: {shown}.")

    def _note(self, sentence: str) -> None:
        if sentence not in self.finds:
            self.finds.append(sentence)

    def taken(self) -> list[str]:
        """The finds so far; from now on there are none."""
        finds, self.finds = self.finds, []
        return finds

    def hear(self, event: str, values: tuple[object, ...]) -> None:
        """Told by the interpreter of everything that is worth an audit."""
        if not self.watching or getattr(self._busy, "looking", False):
            return
        if event in _WITH_ARGUMENTS:
            words = list(_words(values[_WITH_ARGUMENTS[event]]))
            if any(holds_key(word) for word in words):
                self._note(f"The key stands in the arguments of a process ({event}, {len(words)} words).")
        elif (
            event in _REMOVALS and values[1] in _NOWHERE and isinstance(values[0], str | bytes | os.PathLike)
        ):
            self._busy.looking = True  # looking is worth an audit, too
            try:
                self.look_into(Path(os.fsdecode(values[0])), " that was removed")
            finally:
                self._busy.looking = False


def _words(arguments: object) -> Iterator[bytes]:
    alone = isinstance(arguments, str | bytes | os.PathLike)
    for word in [arguments] if alone else cast("Sequence[object]", arguments or ()):
        yield os.fsencode(cast("str", word))


_net: Net | None = None


def hand_over(place: str, data: bytes | str) -> None:
    """Have something searched that pytest does not capture; kits call it when they have all of it."""
    if _net is not None and _net.watching:
        _net.see(place, data)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen."""
    global _net
    config.addinivalue_line(
        "markers", f"{MARKER}(why): the key stands in what this test leaves behind, by intent."
    )
    _net = Net()
    sys.addaudithook(_net.hear)


def pytest_unconfigure() -> None:
    """An audit hook cannot be taken out: it is only told to listen no more."""
    if _net is not None:
        _net.watching = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See that every exception says why."""
    for item in items:
        for mark in item.iter_markers(MARKER):
            if not (len(mark.args) == 1 and isinstance(mark.args[0], str) and mark.args[0].strip()):
                raise pytest.UsageError(f'{item.nodeid}: write @pytest.mark.{MARKER}("why")')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Listen for as long as a test runs."""
    if _net is not None:
        _net.watching = item.get_closest_marker(MARKER) is None
    try:
        return (yield)
    finally:
        if _net is not None:
            _net.watching = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Once all of a test is over, search what it left."""
    report = yield
    if call.when != "teardown" or _net is None:
        return report
    folder = (getattr(item, "funcargs", None) or {}).get("tmp_path")
    if item.get_closest_marker(MARKER) is not None:
        _net.taken()
        if folder:
            _net.exempt.add(Path(folder))
        return report
    for name, content in report.sections:
        _net.see(name[0].lower() + name[1:], content)
    if folder:
        _net.look_into(Path(folder))
    finds = _net.taken()
    if finds:
        said = [report.longreprtext] if report.longrepr else []
        report.outcome = "failed"
        report.longrepr = "\n".join([*said, *finds])
    return report


def _hearing(capture: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """A capture of which also is searched what the test itself reads: it is in no report."""
    read = capture.readouterr

    def readouterr() -> object:
        said = read()
        for name, text in zip(("standard output", "standard error"), said, strict=True):
            hand_over(f"what the test read of its {name}", text)
        return said

    capture.readouterr = readouterr  # type: ignore[method-assign, assignment]  # the class is final
    return capture


@pytest.fixture
def capsys(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return _hearing(capsys)


@pytest.fixture
def capfd(capfd: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return _hearing(capfd)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search all temporary files once more, and the pictures; a find fails the session."""
    config = session.config
    net = _net
    if net is None:
        return
    worker = hasattr(config, "workeroutput")
    factory = getattr(config, "_tmp_path_factory", None)  # private; there is no other way without a test
    # Where there are workers, each looks into its own part, and only it knows which tests are exempt.
    alone = worker or not config.pluginmanager.hasplugin("dsession")
    if alone and factory is not None and getattr(factory, "_basetemp", None) is not None:
        net.look_into(factory.getbasetemp())
    if not worker:
        made = os.environ.get(_MADE_PICTURES)
        for place in [*(config.rootpath / name for name in _PICTURES), *([Path(made)] if made else [])]:
            if place.exists():
                net.look_into(place)
    finds = net.taken()
    if worker:
        cast("_Node", config).workeroutput[_OUTPUT] = finds
        return
    net.of_session += finds
    if net.of_session and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: _Node) -> None:
    """Hear what a worker of xdist found at its end."""
    if _net is not None:
        _net.of_session += cast("list[str]", getattr(node, "workeroutput", {}).get(_OUTPUT, []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was found at the end."""
    if _net is not None and _net.of_session:
        terminalreporter.section("the key was found after the tests", red=True)
        for sentence in dict.fromkeys(_net.of_session):
            terminalreporter.line(sentence)
