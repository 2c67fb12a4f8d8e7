"""Somebody with the store, its key and an SQL shell: what they can do to a trail, from clumsy to careful."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gangly_tui.domain import merkle
from gangly_tui.domain.audit import canonical
from gangly_tui.domain.checkpoint import Checkpoint, public_key, sign
from gangly_tui.store.database import Connection


def disarm(db: Connection) -> None:
    """Take the triggers and checks away first."""
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute("PRAGMA ignore_check_constraints = ON")


def edit_body(db: Connection, seq: int, **facts: Any) -> None:
    """Other facts in one entry, in canonical form, everything around it left as it is."""
    (body,) = db.execute("SELECT body FROM trail WHERE seq = ?", (seq,)).fetchone()
    db.execute("UPDATE trail SET body = ? WHERE seq = ?", (canonical(json.loads(body) | facts).decode(), seq))


def fix_leaf(db: Connection, seq: int) -> None:
    """The leaf that fits the body."""
    (body,) = db.execute("SELECT body FROM trail WHERE seq = ?", (seq,)).fetchone()
    db.execute("UPDATE trail SET leaf = ? WHERE seq = ?", (merkle.leaf_hash(body.encode()), seq))


def rebuild_tree(db: Connection) -> None:
    """All leaves and nodes anew over the bodies, for a trail of one log."""
    bodies = db.execute("SELECT seq, body FROM trail ORDER BY seq").fetchall()
    for seq, _ in bodies:
        fix_leaf(db, seq)
    db.execute("DELETE FROM trail_node")
    levels = merkle.full_levels([merkle.leaf_hash(body.encode()) for _, body in bodies])
    for level, hashes in enumerate(levels[1:], start=1):
        rows = [(0, level, index, each) for index, each in enumerate(hashes)]
        db.executemany("INSERT INTO trail_node VALUES (?, ?, ?, ?)", rows)


def resign(db: Connection, seed: bytes | None = None) -> None:
    """Every head anew, with the real key or another one."""
    origin, real = db.execute("SELECT origin, seed FROM trail_signer").fetchone()
    leaves = [each for (each,) in db.execute("SELECT leaf FROM trail ORDER BY seq")]
    levels = merkle.full_levels(leaves)
    for number, size in db.execute("SELECT number, seq FROM trail_checkpoint").fetchall():
        root = merkle.root_of(size, lambda level, index: levels[level][index])
        note = sign(Checkpoint(origin=origin, size=size, root=root), origin, seed or real)
        db.execute("UPDATE trail_checkpoint SET note = ? WHERE number = ?", (note, number))


def another_signer(db: Connection) -> None:
    """A key of the forger's own, and every head signed with it."""
    seed = bytes(32)
    (origin,) = db.execute("SELECT origin FROM trail_signer").fetchone()
    db.execute("UPDATE trail_signer SET seed = ?, vkey = ?", (seed, public_key(origin, seed).text()))
    resign(db, seed)


def cut_end(db: Connection, last: int, *, heads: bool) -> None:
    """Take the newest entries out, and the heads that told of them too."""
    db.execute("DELETE FROM trail WHERE seq > ?", (last,))
    if heads:
        db.execute("DELETE FROM trail_checkpoint WHERE seq > ?", (last,))
    rebuild_tree(db)
    drop_unused_keys(db)


def drop_unused_keys(db: Connection) -> None:
    """The keys that no entry names any more."""
    used: set[str] = set()
    for (body,) in db.execute("SELECT body FROM trail"):
        used |= {*json.loads(body)["subjects"], *json.loads(body)["speakers"]}
    for (ref,) in db.execute("SELECT ref FROM subject_key").fetchall():
        if ref not in used:
            db.execute("DELETE FROM subject_key WHERE ref = ?", (ref,))


def drop_head(db: Connection, number: int) -> None:
    """Take one old head out, and close the gap."""
    db.execute("DELETE FROM trail_checkpoint WHERE number = ?", (number,))
    db.execute("UPDATE trail_checkpoint SET number = number - 1 WHERE number > ?", (number,))


def in_one_go(db: Connection, *steps: Callable[[], None]) -> None:
    """The steps, one after the other, in a transaction that the caller takes back."""
    db.execute("BEGIN")
    for step in steps:
        step()
