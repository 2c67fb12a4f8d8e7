"""Encrypts a database that an earlier gangly left in clear: the same rows under a key, in the same place.

The encrypted copy is compared row by row before it takes the place of the other; a crash at any step leaves one of
the two, whole. The old blocks are overwritten as far as the disk lets a program do that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from gangly_tui.domain.errors import StoreError
from gangly_tui.domain.secret import Secret
from gangly_tui.store.backups import backups, name_backup, sync_file, sync_folder
from gangly_tui.store.database import unlock
from gangly_tui.store.locks import migrator_lock

_IN_CLEAR = b"SQLite format 3\0"
_BLOCK = 1 << 20


def is_in_clear(path: Path) -> bool:
    """Whether there is a database here that anybody could read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_IN_CLEAR)) == _IN_CLEAR
    except FileNotFoundError:
        return False


def is_keyed(path: Path) -> bool:
    """Whether there is a database here that only its key opens."""
    return path.exists() and path.stat().st_size > 0 and not is_in_clear(path)


def encrypt(path: Path, key: Secret[bytes], at_point: Callable[[str], None] = lambda _: None) -> None:
    """Encrypt the database and its backups where they are, if they are not; keep an encrypted backup of what it was.

    Raises StoreError when another window has it open, when the disk is full, or when the copy differs.
    """
    left = [each for each in (path, *backups(path)) if is_in_clear(each)]
    if not left:
        return
    with migrator_lock(path):
        for each in left:
            if is_in_clear(each):  # another window may have been faster
                _encrypt(each, key, at_point, keep=each == path)


def _encrypt(path: Path, key: Secret[bytes], at_point: Callable[[str], None], *, keep: bool) -> None:
    fresh = path.with_name(f"{path.name}.encrypting")
    db = dbapi2.connect(str(path), isolation_level=None)
    try:
        unlock(db, None)
        _be_alone(db, path)
        at_point("encrypt.begun")
        for each in (fresh, fresh.with_name(f"{fresh.name}-journal"), fresh.with_name(f"{fresh.name}-copy")):
            each.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        version = _copy(db, fresh, key)
        sync_file(fresh)
        at_point("encrypt.copied")
        if keep:
            second = fresh.with_name(f"{fresh.name}-copy")
            _duplicate(fresh, second)
            name_backup(path, second, version, at_point)
        with _old_blocks(path):
            fresh.replace(path)
            sync_folder(path.parent)
            at_point("encrypt.replaced")
        at_point("encrypt.overwritten")
    except (dbapi2.Error, OSError) as error:
        fresh.unlink(missing_ok=True)
        raise StoreError(
            f"{path} could not be encrypted ({error}); nothing was lost",
            fix="free some space and start gangly again",
        ) from error
    finally:
        db.close()


def _be_alone(db: Any, path: Path) -> None:
    """Fold the write-ahead log in and shut everybody else out: a change made meanwhile would be lost."""
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        db.execute("PRAGMA journal_mode = DELETE").fetchall()
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")  # the lock stays until the connection is closed
    except dbapi2.OperationalError as error:
        raise StoreError(
            f"{path} is open in another gangly, and has to be encrypted", fix="close the other window, then start again"
        ) from error


def _copy(db: Any, fresh: Path, key: Secret[bytes]) -> int:
    """Everything, under the key; compared before it counts. Returns the schema's version."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    db.execute("ATTACH DATABASE ? AS keyed KEY ?", (str(fresh), f"x'{key.reveal().hex()}'"))
    db.execute("BEGIN IMMEDIATE")
    db.execute("SELECT sqlcipher_export('keyed')").fetchall()
    db.execute(f"PRAGMA keyed.user_version = {version}")
    if not _same(db):
        db.execute("ROLLBACK")
        raise OSError("the copy differs")
    db.execute("COMMIT")
    db.execute("DETACH DATABASE keyed")
    return version


def _same(db: Any) -> bool:
    schema = "SELECT type, name, tbl_name, sql FROM {}.sqlite_schema ORDER BY 1, 2"
    here, there = (db.execute(schema.format(each)).fetchall() for each in ("main", "keyed"))
    if here != there or db.execute("PRAGMA keyed.integrity_check(1)").fetchone()[0] != "ok":
        return False
    for kind, name, _, sql in here:
        if kind != "table" or sql.upper().startswith("CREATE VIRTUAL"):  # its rows are in tables of their own
            continue
        table = '"' + name.replace('"', '""') + '"'
        sizes = [db.execute(f"SELECT count(*) FROM {each}.{table}").fetchone() for each in ("main", "keyed")]
        differs = db.execute(f"SELECT 1 FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM keyed.{table}) LIMIT 1")
        if sizes[0] != sizes[1] or differs.fetchone():
            return False
    return True


def _duplicate(source: Path, to: Path) -> None:
    with source.open("rb") as file, os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as copy:
        while block := file.read(_BLOCK):
            copy.write(block)


@contextmanager
def _old_blocks(path: Path) -> Iterator[None]:
    """Zeros over the file that loses its name in the block. A disk that moves blocks about may keep copies of them."""
    if sys.platform == "win32":  # a file that is open cannot lose its name there
        yield
        return
    old = os.open(path, os.O_RDWR)
    try:
        yield
        for start in range(0, os.fstat(old).st_size, _BLOCK):
            os.pwrite(old, bytes(_BLOCK), start)
        os.fsync(old)
    finally:
        os.close(old)
