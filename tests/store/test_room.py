"""A full disk: approving stops, everything acknowledged is there, reading goes on, what has happened still fits."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gangly_tui.domain.errors import StoreFull
from gangly_tui.domain.proposal import Approval
from gangly_tui.store import decisions, mirror, room, trail
from gangly_tui.store.database import Connection, open_database, transaction
from tests.store import made

SIZE = 256 << 10


@pytest.fixture(params=[1, 2, 4], ids=["1 MiB", "2 MiB", "4 MiB"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of this size."""
    if shutil.which("mount") is None or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs the right to mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}m,mode=700", "tmpfs", str(place)], check=False
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int = 0) -> None:
    """Something else takes the rest of the disk."""
    with (place / "filler").open("ab", buffering=0) as filler:
        try:
            while shutil.disk_usage(place).free > leave:
                filler.write(bytes(4096))
        except OSError:
            pass


def approve(db: Connection, number: int) -> None:
    """What approving writes: the yes and its trail entry."""
    with transaction(db):
        decisions.save_approval(db, Approval(proposal_id=f"p{number}", digest="d" * 64, by="me", at=made.NOW))
        made.append(db, op_id=f"p{number}", quote="q" * 500)


def test_a_full_disk_stops_approving_and_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "store.db"
    (small_disk / "theirs").write_bytes(bytes(SIZE + (64 << 10)))
    db = open_database(path, key=made.KEY, room=SIZE)
    mirror.set_cursor(db, "sandbox", "before")
    acknowledged = 0
    with pytest.raises(StoreFull) as caught:
        while True:
            approve(db, acknowledged)
            acknowledged += 1
    assert caught.value.fix
    assert acknowledged > 2
    assert mirror.cursor(db, "sandbox") == "before"
    assert trail.verify_trail(db)[0] == acknowledged

    fill(small_disk)
    written = acknowledged
    with pytest.raises(StoreFull):
        for _ in range(1000):  # the log may have some room of its own left
            made.append(db, op_id="other work", quote="q" * 500)
            written += 1
    with transaction(db, must_fit=True):  # a write that was out has arrived
        made.append(db, op_id="arrived")
    assert trail.verify_trail(db)[0] == written + 1
    assert not room.room_file(path).exists()

    fill(small_disk, leave=SIZE // 4)
    for _ in range(2):
        with pytest.raises(StoreFull, match="approving has stopped"):
            approve(db, 9999)
    db.close()
    db = open_database(path, key=made.KEY, room=SIZE)
    assert trail.verify_trail(db)[0] == written + 1
    assert decisions.approval_of(db, f"p{acknowledged - 1}") is not None
    assert decisions.approval_of(db, "p9999") is None
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    (small_disk / "theirs").unlink()
    approve(db, 9999)
    assert room.room_file(path).exists()
    db.close()


def test_a_full_disk_does_not_shut_the_store(small_disk: Path) -> None:
    path = small_disk / "store.db"
    db = open_database(path, key=made.KEY, room=SIZE)
    mirror.set_cursor(db, "sandbox", "before")
    approve(db, 1)
    db.close()
    fill(small_disk)
    db = open_database(path, key=made.KEY, room=SIZE)
    assert mirror.cursor(db, "sandbox") == "before"
    assert trail.verify_trail(db)[0] == 1
    with pytest.raises(StoreFull, match="approving has stopped"):
        approve(db, 2)
    db.close()
    fill(small_disk)
    with pytest.raises(StoreFull, match="cannot be opened") as caught:
        open_database(path, key=made.KEY, room=SIZE)
    assert caught.value.fix
    (small_disk / "filler").unlink()
    db = open_database(path, key=made.KEY, room=SIZE)
    approve(db, 2)
    db.close()


def test_a_store_that_may_not_grow_keeps_all_or_nothing(path: Path) -> None:
    """The same without a disk of its own: SQLite itself says that it is full."""
    db = open_database(path, key=made.KEY, room=SIZE)
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 4}")
    acknowledged = 0
    with pytest.raises(StoreFull, match="disk is full"):
        while True:
            approve(db, acknowledged)
            acknowledged += 1
    assert acknowledged
    assert trail.verify_trail(db)[0] == acknowledged
    assert decisions.approval_of(db, f"p{acknowledged}") is None
    db.close()


def test_the_room_is_real_private_and_taken_once(path: Path) -> None:
    db = open_database(path, key=made.KEY, room=SIZE)
    file = room.room_file(path)
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (SIZE, 0o600)
    assert file.stat().st_blocks * 512 >= SIZE
    with transaction(db, must_fit=True):
        made.append(db)
    assert file.exists(), "it is not given up while there is space"
    db.close()


def test_where_no_room_can_be_held_approving_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "_fill", full)
    db = open_database(path, key=made.KEY, room=SIZE)
    assert not room.room_file(path).exists()
    with pytest.raises(StoreFull, match="approving has stopped"):
        approve(db, 1)
    assert trail.count(db) == 0
    with transaction(db, must_fit=True):
        made.append(db)
    room.room_file(path).mkdir()
    with pytest.raises(StoreFull):
        room.require(path, SIZE)
    db.close()


@pytest.mark.parametrize("size", [1, 1 << 20, (3 << 20) + 5])
def test_the_room_is_filled_where_the_system_has_no_call_for_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    assert room.keep(path, size)
    assert room.room_file(path).stat().st_size == size


def test_a_system_that_does_not_tell_what_is_free_keeps_the_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert room.keep(path, SIZE)
    monkeypatch.delattr(os, "statvfs")
    room.give_up_when_needed(path, SIZE)
    assert room.room_file(path).exists()
