"""Room on the disk for what must still be written when it is full: a file of 8 MiB beside the store, to give up.

Approving stops while that file is missing and cannot be made again. What was approved before, and what came of it,
still finds its place.
"""

from __future__ import annotations

import os
from pathlib import Path

from gangly_tui.domain.errors import StoreFull

ROOM = 8 << 20
_TO_OPEN = 128 << 10
_FIX = "free some space; reading goes on, and what is approved is safe"


def room_file(store: Path) -> Path:
    """The file that holds the room of a store."""
    return store.with_name(f"{store.name}.room")


def keep(store: Path, size: int) -> bool:
    """Take the room when it is not held yet. Says whether it is held now."""
    file = room_file(store)
    try:
        if file.stat().st_size >= size:
            return True
    except FileNotFoundError:
        pass
    try:
        handle = os.open(file, os.O_CREAT | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        return False
    try:
        _fill(handle, size)
    except OSError:
        file.unlink(missing_ok=True)
        return False
    finally:
        os.close(handle)
    return True


def _fill(handle: int, size: int) -> None:
    """Real blocks, not a hole."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
        return
    block = bytes(1 << 20)
    for _ in range(-(-size // len(block))):
        os.write(handle, block)
    os.ftruncate(handle, size)


def require(store: Path, size: int) -> None:
    """Raises StoreFull when there is no room for what follows an approval."""
    if not keep(store, size):
        raise StoreFull("the disk is full, so approving has stopped; nothing was lost", fix=_FIX)


def give_up_when_needed(store: Path, size: int) -> None:
    """Give the room up when less than an eighth of it is free otherwise."""
    if _free(store) < size // 8:
        room_file(store).unlink(missing_ok=True)


def is_full(store: Path) -> bool:
    """Whether not even the few pages fit that opening a store takes."""
    return _free(store) < _TO_OPEN


def _free(store: Path) -> float:
    try:
        disk = os.statvfs(store.parent)
    except (OSError, AttributeError):  # Windows has no such call
        return float("inf")
    return disk.f_bavail * disk.f_frsize
