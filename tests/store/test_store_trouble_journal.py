"""How the file is written: a log on local disks, a rollback journal over networks and where a log cannot be."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_kit import BEN, contact
from store_trouble_kit import NOW, beside, fill, precious, read_all, run

from gynetix_tui.store import Report, Store, prepare
from gynetix_tui.store.mounts import file_system, is_shared, type_at

MOUNTS = r"""
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard
23 22 0:21 / /proc rw,nosuid shared:14 - proc proc rw
31 22 0:40 / /home rw,relatime shared:20 master:3 propagate_from:2 - nfs4 server:/home rw,vers=4.2
32 31 254:2 / /home/ana/local\040disk rw - xfs /dev/vdb1 rw
33 31 0:51 / /home/ana/cloud rw,nosuid - fuse.sshfs ana@host:/ rw
34 22 0:52 / /mnt/a\134b\011c\012d rw - cifs //server/share rw
35 22 0:53 / /srv rw - ext4 /dev/vdc1 rw
36 35 0:54 / /srv rw - 9p host rw
a line that is none
37 22 0:55 / /broken rw
38 22 0:56 / /broken rw -
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def _on_nfs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gynetix_tui.store.journal.file_system", lambda _: "nfs4")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/var/store.db", "ext4"),
        ("/homer/store.db", "ext4"),
        ("/home", "nfs4"),
        ("/home/ben/store.db", "nfs4"),
        ("/home/ana/local disk/store.db", "xfs"),
        ("/home/ana/local/store.db", "nfs4"),
        ("/home/ana/cloud/x/y/store.db", "fuse.sshfs"),
        ("/mnt/a\\b\tc\nd/store.db", "cifs"),
        ("/srv/store.db", "9p"),
        ("/broken/store.db", "ext4"),
    ],
)
def test_the_deepest_mount_tells(path: str, kind: str) -> None:
    assert type_at(PurePosixPath(path), MOUNTS) == kind


def test_without_mounts_nothing_is_known() -> None:
    assert type_at(PurePosixPath("/home"), "") == ""


@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1), min_size=1))
def test_any_name_can_be_a_mount_point(parts: list[str]) -> None:
    parts = [part for part in parts if part not in {".", ".."}] or ["x"]
    point = PurePosixPath("/", *parts)
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in str(point))
    mounts = f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {escaped} rw - nfs b rw\n3 1 0:3 / /zzz rw - xfs c rw\n"
    assert type_at(point / "store.db", mounts) == "nfs"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "lustre", "gpfs", "afs", "fuse.sshfs"])
def test_these_are_shared(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "fuseblk", "apfs", ""])
def test_these_are_not(kind: str) -> None:
    assert not is_shared(kind)


def test_the_systems_own_mounts_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_system(tmp_path)
    monkeypatch.setattr("gynetix_tui.store.mounts._MOUNTS", tmp_path / "none")
    assert file_system(tmp_path) == ""


def test_a_local_disk_gets_a_log(file: Path) -> None:
    prepare(file, now=NOW)
    with Store.open(file) as store:
        assert store._connection.journal_mode() == "wal"
        assert store._connection.one("PRAGMA synchronous") == (2,)


@pytest.mark.usefixtures("_on_nfs")
@pytest.mark.parametrize("prepared", [True, False])
def test_a_network_gets_a_rollback_journal(file: Path, prepared: bool) -> None:
    if prepared:
        assert prepare(file, now=NOW) == Report()
    with Store.open(file) as store, Store.open(file, read_only=True) as screen:
        assert store._connection.journal_mode() == "delete"
        assert store._connection.one("PRAGMA synchronous") == (3,)
        contact(store)
        assert len(screen.contacts.all()) == 1
        with Store.open(file) as another:
            contact(another, BEN, "Ben")
        assert len(screen.contacts.all()) == 2
        assert prepare(file, now=NOW) == Report()
    assert beside(file) == set()


def test_a_store_that_moves_to_a_network_and_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(file, contacts=20)
    kept = precious(file)
    with monkeypatch.context() as patch:
        patch.setattr("gynetix_tui.store.journal.file_system", lambda _: "fuse.sshfs")
        assert prepare(file, now=NOW) == Report()
        with Store.open(file) as store:
            assert store._connection.journal_mode() == "delete"
        read_all(file)
    assert prepare(file, now=NOW) == Report()
    with Store.open(file) as store:
        assert store._connection.journal_mode() == "wal"
    assert precious(file) == kept


_ENDS_SUDDENLY = """
import os, pathlib, sys
from gynetix_tui.store import Store
store = Store.open(pathlib.Path(sys.argv[1]))
store.contacts.add("+15550001111", "one", now=1.0)
os._exit(0)
"""


@pytest.mark.usefixtures("_on_nfs")
def test_a_log_that_was_left_is_folded_in(file: Path) -> None:
    run(_ENDS_SUDDENLY, file)
    assert beside(file) == {"-wal", "-shm"}
    prepare(file, now=NOW)
    assert "-wal" not in beside(file)
    assert list(precious(file).contacts.values()) == ["one"]


@pytest.mark.usefixtures("_on_nfs")
def test_a_damaged_store_on_a_network_is_repaired_there(file: Path) -> None:
    fill(file)
    kept = precious(file)
    file.write_bytes(bytes(4096) + file.read_bytes()[4096:])
    assert prepare(file, now=NOW).moved_aside
    assert precious(file) == kept
    with Store.open(file) as store:
        assert store._connection.journal_mode() == "delete"


@pytest.mark.parametrize("made_before", [False, True])
@pytest.mark.parametrize("what", ["folder", "link"])
def test_where_a_log_cannot_be_had_there_is_none(file: Path, made_before: bool, what: str) -> None:
    if made_before:
        fill(file, contacts=10)
    index = file.with_name("store.db-shm")  # which SQLite now cannot make: it can read, or not even that
    if what == "folder":
        index.mkdir()
    else:
        index.symlink_to("nowhere")
    for _ in range(2):
        assert prepare(file, now=NOW) == Report()
        with Store.open(file) as store, Store.open(file, read_only=True) as screen:
            assert store._connection.journal_mode() == "delete"
            assert store._connection.one("PRAGMA synchronous") == (3,)
            contact(store, BEN, "Ben")
            found = screen.contacts.find(BEN)
            assert found
            store.contacts.delete(found.id)
    if made_before:
        read_all(file)
        assert len(precious(file).contacts) == 10


def test_it_stays_as_it_is_while_another_program_uses_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(file, now=NOW)
    with Store.open(file) as store:
        monkeypatch.setattr("gynetix_tui.store.journal.file_system", lambda _: "nfs")
        assert prepare(file, now=NOW) == Report()
        contact(store)
        assert store._connection.journal_mode() == "wal"
