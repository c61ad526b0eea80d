"""Ways out, and mishaps, while the user writes in an editor of their own: what it saved is the draft, nobody waits for it."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGHUP, SIGTERM, SIGUSR1, Signals

import pytest
from canary import KEY
from terminal_kit import ENTER, Desk, Terminal, ctrl

from gynetix_tui.model import ContactId
from gynetix_tui.sandbox import Sandbox

CRASHING = Path(__file__).parents[1] / "tui/crash_program.py"
OUT_SECONDS = 2.5
"""Two seconds, and a moment for this machine to tell of it."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Sandbox(key=KEY, people=[]) as sandbox, Desk(tmp_path) as desk:
        desk.use(sandbox)
        try:
            yield desk
        finally:
            (desk.folder / "enough").touch()  # an editor that outlived its client ends


def use_editor(desk: Desk, work: str, *, goes_on: bool, outlives: bool = True) -> None:
    """Have an editor that does some work on the file ("$1").

    Args:
        desk: Whose.
        work: Lines of a shell's program.
        goes_on: Whether it then stays open, until the test ends.
        outlives: Whether it does not mind that its terminal goes, as one with a window of its own.
    """
    script = desk.folder / "editor.sh"
    lines = ["#!/bin/sh", 'trap "" HUP' if outlives else "", work, ': >"${0%/*}/ready"']
    if goes_on:
        # The test waits for the end of what comes from the terminal: nobody may have it open any more by then.
        lines += [
            "exec <&- >&- 2>&-" if outlives else "",
            'until [ -e "${0%/*}/enough" ]; do sleep 0.05; done',
        ]
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    script.chmod(0o700)
    desk.environ["EDITOR"] = str(script)


def open_editor(desk: Desk, terminal: Terminal) -> None:
    """Write something, and go on in the editor until it has done its work."""
    terminal.write("written")
    terminal.press(ctrl("o"))
    terminal.wait_for(lambda _: (desk.folder / "ready").exists())


def files_left(desk: Desk) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in desk.files(desk.temporary)}


@pytest.mark.parametrize(("number", "code"), [(SIGTERM, 143), (SIGHUP, 129)])
def test_a_signal_keeps_what_the_editor_saved_and_waits_for_nobody(
    desk: Desk, contact: ContactId, number: Signals, code: int
) -> None:
    use_editor(desk, 'printf " and saved" >>"$1"; printf unsaved >"${1%/*}/.text.txt.swp"', goes_on=True)
    terminal = desk.open_conversation()
    open_editor(desk, terminal)
    terminal.signal(number)
    assert terminal.finish(OUT_SECONDS) == code
    terminal.assert_restored()
    assert desk.draft(contact) == "written and saved"
    assert files_left(desk) == {"text.txt": "written and saved", ".text.txt.swp": "unsaved"}
    said = " ".join(terminal.text.split()).replace(" ", "")  # the terminal breaks the path anywhere
    [file] = desk.temporary.rglob("text.txt")
    assert f"itsfilestays:{file}" in said


def test_what_the_editor_saves_replaces_a_draft_that_was_kept_before(desk: Desk, contact: ContactId) -> None:
    use_editor(desk, 'printf anew >"$1"', goes_on=True)
    terminal = desk.open_conversation()
    terminal.write("written")
    terminal.wait_for(lambda _: desk.draft(contact) == "written")
    terminal.press(ctrl("o"))
    terminal.wait_for(lambda _: (desk.folder / "ready").exists())
    terminal.signal(SIGTERM)
    assert terminal.finish(OUT_SECONDS) == 143
    assert desk.draft(contact) == "anew"


@pytest.mark.parametrize("work", [":", ': >"$1"', 'rm "$1"'], ids=["nothing", "emptied", "removed"])
def test_an_editor_that_has_saved_nothing_takes_nothing_away(
    desk: Desk, contact: ContactId, work: str
) -> None:
    """Many empty the file, or remove it, in the moment before they write it."""
    use_editor(desk, work, goes_on=True)
    terminal = desk.open_conversation()
    open_editor(desk, terminal)
    terminal.signal(SIGTERM)
    assert terminal.finish(OUT_SECONDS) == 143
    terminal.assert_restored()
    assert desk.draft(contact) == "written"


def test_the_terminal_is_closed_and_takes_the_editor_along(desk: Desk, contact: ContactId) -> None:
    """Both get the signal, in any order."""
    use_editor(desk, 'printf " and saved" >>"$1"', goes_on=True, outlives=False)
    terminal = desk.open_conversation()
    open_editor(desk, terminal)
    terminal.close()
    assert terminal.finish(OUT_SECONDS) == 129
    assert desk.draft(contact) == "written and saved"


def test_a_signal_after_another_client_deleted_the_contact(desk: Desk, contact: ContactId) -> None:
    use_editor(desk, 'printf " and saved" >>"$1"', goes_on=True)
    terminal = desk.open_conversation()
    open_editor(desk, terminal)
    with desk.store() as store, store.transaction():
        store.contacts.delete(contact)
    terminal.signal(SIGTERM)
    assert terminal.finish(OUT_SECONDS) == 143
    with desk.store() as store:
        [again] = store.contacts.all()
        assert (again.name, store.drafts.get(again.id)) == ("Ana Torres", "written and saved")


def test_a_crash_keeps_what_the_editor_saved_and_is_told_by_its_code(desk: Desk, contact: ContactId) -> None:
    use_editor(desk, 'printf " and saved" >>"$1"', goes_on=True)
    terminal = desk.open_conversation(
        command=[sys.executable, str(CRASHING), "worker", "a text", "+15550103344"]
    )
    open_editor(desk, terminal)
    terminal.signal(SIGUSR1)
    assert terminal.finish(OUT_SECONDS) == 1
    terminal.assert_restored()
    assert "What you wrote is kept." in " ".join(terminal.text.split())
    assert desk.draft(contact) == "written and saved"


@pytest.mark.parametrize("end", ["kill -9 $$", "exit 1"])
def test_an_editor_that_fails_after_it_saved_costs_nothing(desk: Desk, contact: ContactId, end: str) -> None:
    use_editor(desk, f'printf " and saved" >>"$1"; {end}', goes_on=False)
    terminal = desk.open_conversation()
    terminal.write("written")
    terminal.press(ctrl("o"))
    terminal.wait_for("What the editor had saved")
    terminal.wait_for("written and saved$")
    assert files_left(desk) == {}
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
    assert desk.draft(contact) == "written and saved"


def test_an_editor_that_fails_and_saved_nothing_leaves_the_text_as_it_was(
    desk: Desk, contact: ContactId
) -> None:
    use_editor(desk, "exit 1", goes_on=False)
    terminal = desk.open_conversation()
    terminal.write("written")
    terminal.press(ctrl("o"))
    terminal.wait_for("The editor was not used")
    terminal.wait_for("^.* written$")
    assert files_left(desk) == {}


def test_on_a_full_disk_there_is_no_editor_and_all_goes_on(desk: Desk, contact: ContactId) -> None:
    use_editor(desk, 'printf " and saved" >>"$1"', goes_on=False)
    terminal = desk.open_conversation()
    terminal.write("written")
    resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    terminal.press(ctrl("o"))
    terminal.wait_for(r"The editor was not used: no")
    terminal.wait_for("^.* written$")
    assert not (desk.folder / "ready").exists()
    assert list(desk.temporary.iterdir()) == []
    resource.prlimit(terminal.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    terminal.press(ctrl("o"))
    terminal.wait_for("written and saved$")
    terminal.press(ENTER)
    terminal.wait_for("✓✓ You  written and saved$")
    terminal.press(ctrl("q"))
    assert terminal.finish(OUT_SECONDS) == 0
