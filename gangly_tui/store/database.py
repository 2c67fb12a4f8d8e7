"""The SQLite connection: how the file is opened, keyed and kept, and what a transaction is.

One thread has one; a pull, which writes for seconds, has a thread and a connection of its own (`flow.pull_keep`).

SQLite comes from `sqlcipher3`, never from the interpreter: SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that two
connections write at once (sqlite.org/wal.html, "WAL-reset bug"), and two open windows are exactly that.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from gangly_tui.domain.errors import StoreError, StoreFull
from gangly_tui.domain.secret import Secret
from gangly_tui.store.room import give_up_when_needed, is_full, keep

Connection = Any
"""A `sqlcipher3.dbapi2` connection from `open_database`; the library publishes no types."""

SCHEMA_VERSION = 1
"""The `user_version` this code reads and writes."""

OLDEST_SQLITE = (3, 51, 3)
KEY_BYTES = 32

_SETTINGS = """
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA recursive_triggers = ON;
"""


class _Store(dbapi2.Connection):  # type: ignore[misc]  # the base is untyped
    """A connection whose failures are StoreErrors in plain words. A broken rule of the schema stays IntegrityError."""

    path: Path
    key: Secret[bytes] | None = None
    read_only: bool = False
    """whether a newer gangly wrote the store, so that this one only reads it"""
    room: int = 0
    """bytes kept free beside the store, for what must still be written on a full disk"""

    def execute(self, *arguments: Any) -> Any:
        with _plain_words():
            return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        with _plain_words():
            return super().executemany(*arguments)


class _plain_words:  # used like a function
    """Turns what SQLite says into a StoreError with the next thing to do."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, (dbapi2.IntegrityError, dbapi2.ProgrammingError)):
            return
        if isinstance(error, dbapi2.DatabaseError):
            raise _translated(error) from error
        if isinstance(error, UnicodeEncodeError):
            raise StoreError(
                "a name used as a key is not valid Unicode", fix="correct the record in the system it comes from"
            ) from error


def _translated(error: Exception) -> StoreError:
    said = str(error)
    if "full" in said:
        return StoreFull("the disk is full; nothing of this change was kept", fix="free some space and try again")
    if "locked" in said:
        return StoreError(
            "the store is busy: another gangly has been writing for more than 5 seconds",
            fix="close the other window, or try again",
        )
    if "readonly" in said:
        return StoreError("the store cannot be written", fix="check the permissions of the file and its folder")
    if "malformed" in said or "not a database" in said or "disk I/O" in said:
        return StoreError(f"the store is damaged ({said})", fix="restore the newest backup beside it")
    return StoreError(f"the store failed: {said}", fix="run gangly doctor")


def open_database(
    path: Path, *, key: Secret[bytes] | None = None, room: int = 0, at_point: Callable[[str], None] = lambda _: None
) -> Connection:
    """Open the store, creating it (folders 0700, file 0600) and bringing its schema up to date.

    `key` is a raw 32-byte key; without one the file is not encrypted. Durable at every commit (WAL, synchronous=FULL).
    `room` is what is kept free beside it, see `store.room`. A store that a newer gangly wrote is `read_only`.
    `at_point` is called with the name of each step a crash may hit.
    Raises StoreError when the file is no store, is damaged, is open to other users or has another key.
    """
    if dbapi2.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"SQLite {dbapi2.sqlite_version} is too old to keep a store safe", fix="pip install --upgrade sqlcipher3"
        )
    if key is not None and len(key) != KEY_BYTES:
        raise StoreError(f"the store's key has {len(key)} bytes; it must have {KEY_BYTES}", fix="run gangly doctor")
    try:
        _make_private_file(path)
        if room:
            give_up_when_needed(path, room)  # opening takes a few pages
        db = dbapi2.connect(str(path), isolation_level=None, factory=_Store, cached_statements=256)
    except (OSError, dbapi2.Error) as error:
        raise StoreError(f"{path} cannot be opened: {error}", fix="check the folder and its permissions") from error
    try:
        db.path, db.key, db.room = path, key, room
        _prepare(db, key, at_point)
    except BaseException:
        db.close()
        raise
    return db


def beside(db: Connection) -> Connection:
    """One more connection to an open store, for the thread that asks. What it writes is seen here once it is whole."""
    return open_database(db.path, key=db.key)


def _make_private_file(path: Path) -> None:
    """Create what is missing, for this user alone; refuse a store that others may read."""
    for folder in reversed([each for each in path.parents if not each.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if os.name == "posix" and each.is_file() and stat.S_IMODE(each.stat().st_mode) & 0o077:
                raise StoreError(f"{each} can be read by other users", fix=f"chmod 600 {each}") from None


def unlock(db: Any, key: Secret[bytes] | None) -> None:
    """The first words on a fresh connection: be quiet, spill nothing into temporary files, and the key."""
    db.execute("PRAGMA cipher_log_level = NONE")  # before the key: SQLCipher would print over the screen
    db.execute("PRAGMA temp_store = MEMORY")
    if key is not None:
        db.execute(f"PRAGMA key = \"x'{key.reveal().hex()}'\"")


def _prepare(db: Connection, key: Secret[bytes] | None, at_point: Callable[[str], None]) -> None:
    path = db.path
    unlock(db, key)
    try:
        for setting in filter(None, map(str.strip, _SETTINGS.split(";"))):
            db.execute(setting).fetchall()
        version = db.execute("PRAGMA user_version").fetchone()[0]
        durable = db.execute("PRAGMA synchronous").fetchone()[0]
    except StoreError as error:
        if is_full(path):
            raise StoreFull("the disk is full, so the store cannot be opened", fix="free some space") from error
        if "damaged" not in str(error):
            raise
        what = "is not a store of gangly, is damaged, or has another key"
        raise StoreError(f"{path} {what}", fix="move it away to start anew, or restore a backup") from error
    if durable != 2:
        raise StoreError(f"{path} cannot be written durably on this system", fix="run gangly doctor")
    if sys.platform == "darwin":
        db.execute("PRAGMA fullfsync = 1").fetchall()
    if version > SCHEMA_VERSION:
        db.execute("PRAGMA query_only = ON")
        db.read_only = True
        return
    if version < SCHEMA_VERSION:
        from gangly_tui.store.migrations import migrate

        migrate(db, path, at_point)
    if db.room:
        keep(path, db.room)  # where it cannot be held, approving says so


@contextmanager
def transaction(db: Connection, *, must_fit: bool = False) -> Iterator[None]:
    """BEGIN IMMEDIATE ... COMMIT, or ROLLBACK when the block raises. Inside another transaction it joins that one.

    `must_fit`: the block tells of what has happened already, such as a write that arrived; on a full disk the room
    kept for it is given up. Raises StoreError when the store is locked, the disk is full (StoreFull), or a newer
    gangly's store is only read here; then nothing of the block was kept.
    """
    if db.in_transaction:
        yield
        return
    if db.read_only:
        raise StoreError(
            "a newer gangly wrote this store, so this one only reads it", fix="update gangly: pipx upgrade gangly-tui"
        )
    if must_fit and db.room:
        give_up_when_needed(db.path, db.room)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        if not db.in_transaction:
            raise StoreError("the store gave the change up; nothing of it was kept", fix="try again")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
