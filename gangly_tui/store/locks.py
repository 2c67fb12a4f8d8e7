"""One at a time across windows: one sender, one migrator, one refresher of tokens.

The lock is the operating system's, on a file beside the store that is never removed: whoever is killed lets go at
that moment, and nobody has to judge whether a holder is still alive. The file names the holder, for people only.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from gangly_tui.domain.errors import HeldByAnother, StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL = 0.05
_FAR = 1 << 30
"""Where Windows locks its byte: beyond the holder's name, which others must be able to read."""

MIGRATION_WAIT = 60.0
REFRESH_WAIT = 30.0


def sender_lock(store: Path) -> AbstractContextManager[None]:
    """Held while the outbox of this store is carried. Raises HeldByAnother, with the pid, when another window sends."""
    return hold(store.with_name(f"{store.name}.sender.lock"), "sending")


def migrator_lock(store: Path, *, wait: float = MIGRATION_WAIT) -> AbstractContextManager[None]:
    """Held while a store is made, encrypted or brought up to date. Waits for the one who is at it."""
    return hold(store.with_name(f"{store.name}.migrator.lock"), "preparing the store", wait=wait)


@asynccontextmanager
async def refresher_lock(folder: Path, account: str, *, wait: float = REFRESH_WAIT) -> AsyncIterator[None]:
    """Held while an account's tokens are refreshed: two refreshers would make each other's tokens worthless.

    Whoever gets it reads the kept tokens again first: the one before may have refreshed them.
    """
    import asyncio

    name = hashlib.sha256(account.encode()).hexdigest()[:16]  # an account's name is no file name
    until = time.monotonic() + wait
    while True:
        lock = hold(folder / f"refresher.{name}.lock", f"the sign-in to {account}")
        try:
            lock.__enter__()
            break
        except HeldByAnother:
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(_POLL)
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


@contextmanager
def hold(path: Path, what: str, *, wait: float = 0) -> Iterator[None]:
    """Hold the lock of this file; `what` names the work in the message. Waits at most `wait` seconds for another.

    Raises HeldByAnother when another process, or another call in this one, has it; StoreError when the file cannot be
    made.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be used: {error.strerror}", fix="check the folder and its permissions"
        ) from error
    try:
        until = time.monotonic() + wait
        while not _take(handle):
            if time.monotonic() >= until:
                pid = _holder(handle)
                raise HeldByAnother(
                    f"{what} is handled by " + (f"pid {pid}" if pid else "another gangly"),
                    pid=pid,
                    fix="wait for it, or close that window",
                )
            time.sleep(_POLL)
        with suppress(OSError):  # a full disk: the lock holds without its name
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())  # at the start: nothing was read or written before
        yield
    finally:
        os.close(handle)  # which lets go


def _take(handle: int) -> bool:
    """Take the lock of an open file, or say that another has it."""
    try:
        if sys.platform == "win32":
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _holder(handle: int) -> int:
    """The pid the holder wrote; 0 when it has not yet."""
    os.lseek(handle, 0, os.SEEK_SET)
    said = os.read(handle, 20)
    return int(said) if said.isdigit() else 0
