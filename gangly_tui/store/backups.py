"""Copies of a store beside it, under the same key: taken before it is changed for good, the newest three kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from gangly_tui.domain.errors import StoreError
from gangly_tui.store.database import Connection

KEPT = 3


def backups(path: Path) -> list[Path]:
    """The backups beside a store, oldest first."""
    found = path.parent.glob(f"{path.name}.backup-v*.[0-9][0-9][0-9][0-9]")
    return sorted(found, key=lambda each: int(each.suffix[1:]))


def back_up(db: Connection, path: Path, at_point: Callable[[str], None] = lambda _: None) -> Path:
    """Write a full copy beside the store, with the same key, and keep the newest three. Returns its path.

    It gets its name when it is whole and on the disk: a crash leaves no half of one among the others.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    unfinished = path.with_name(f"{path.name}.backup-unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.with_name(f"{unfinished.name}-journal").unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # never open to others
    except OSError as error:
        raise StoreError(f"no backup can be written beside {path}: {error}", fix="free some space") from error
    try:
        at_point("backup.begun")
        db.execute("VACUUM INTO ?", (str(unfinished),))  # keeps the key, and user_version
        at_point("backup.copied")
        return name_backup(path, unfinished, version, at_point)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def name_backup(path: Path, whole: Path, version: int, at_point: Callable[[str], None]) -> Path:
    """Make a whole copy the newest backup, and let the oldest go."""
    taken = [int(each.suffix[1:]) for each in backups(path)]
    copy = path.with_name(f"{path.name}.backup-v{version}.{max(taken, default=0) + 1:04d}")
    sync_file(whole)
    whole.replace(copy)
    sync_folder(path.parent)
    at_point("backup.named")
    for old in backups(path)[:-KEPT]:
        old.unlink()
    return copy


def sync_file(path: Path) -> None:
    """Have the disk itself hold the file."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Have the disk itself hold the names in a folder."""
    if sys.platform == "win32":  # a folder cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
