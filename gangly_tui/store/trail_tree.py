"""The tree under the trail, and who signs its head. A frozen log stays where it is; the next one starts beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from gangly_tui.domain import merkle
from gangly_tui.domain.checkpoint import Checkpoint, PublicKey, open_note, public_key, sign
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.store.database import Connection, transaction

Seed = Callable[[], bytes]
"""Gives the signing key, 32 bytes; asked only when something is signed."""

_SEED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One shard of the trail: entries `starts` + 1 to `starts` + `size`."""

    origin: str
    starts: int
    size: int
    ordinal: int


def origin_of(base: str, ordinal: int) -> str:
    """The name of a log: the trail's own for the first, numbered after that."""
    return base if ordinal == 1 else f"{base}/{ordinal}"


def make_signer(db: Connection) -> Log:
    """Give the trail its name and its signing key, once. The key lies in the store. Returns the first log.

    Whoever holds the store (and its key) holds the signing key too, so a signature alone proves nothing against that
    person: heads that left the machine do. `move_seed` takes the key to a safer place.
    """
    origin, seed = f"gangly/{os.urandom(8).hex()}", os.urandom(_SEED)
    db.execute("INSERT INTO trail_signer VALUES (1, ?, ?, ?)", (origin, public_key(origin, seed).text(), seed))
    return Log(origin=origin, starts=0, size=0, ordinal=1)


def move_seed(db: Connection, keep: Callable[[bytes], None]) -> bool:
    """Hand the signing key to `keep`, then forget it here. Says whether there was one to move."""
    with transaction(db):
        row = db.execute("SELECT seed FROM trail_signer WHERE seed IS NOT NULL").fetchone()
        if row is None:
            return False
        keep(row[0])
        db.execute("UPDATE trail_signer SET seed = NULL")
    return True


def base_of(db: Connection) -> str:
    """The trail's own name; "" before the first entry."""
    row = db.execute("SELECT origin FROM trail_signer").fetchone()
    return row[0] if row else ""


def key_of(db: Connection) -> PublicKey:
    """Who signs. Raises TrailBroken when nobody does or the key does not fit."""
    row = db.execute("SELECT CAST(origin AS BLOB), CAST(vkey AS BLOB), seed FROM trail_signer WHERE one = 1").fetchone()
    if row is None:
        raise TrailBroken("the trail has no signer", seq=0)
    key = PublicKey.parse(row[1].decode("utf-8", "replace"))
    if key.name.encode() != row[0] or (row[2] is not None and public_key(key.name, row[2]) != key):
        raise TrailBroken("the signer of the trail was altered", seq=0)
    return key


def logs(db: Connection) -> list[Log]:
    """Every log of the trail, oldest first."""
    base = base_of(db)
    opened = db.execute("SELECT seq - 1 FROM trail WHERE kind = 'opened' ORDER BY seq")
    starts = [0, *(each for (each,) in opened)]
    ends = [*starts[1:], last_seq(db)]
    return [
        Log(origin=origin_of(base, number), starts=first, size=end - first, ordinal=number)
        for number, (first, end) in enumerate(zip(starts, ends, strict=True), start=1)
    ]


def current_log(db: Connection) -> Log:
    """The log that grows. Its origin is "" before the first entry."""
    base, last, opened, before = db.execute(
        """SELECT (SELECT origin FROM trail_signer), (SELECT coalesce(max(seq), 0) FROM trail), max(seq), count(*)
           FROM trail WHERE kind = 'opened'"""
    ).fetchone()
    starts, ordinal = (opened or 1) - 1, before + 1
    return Log(origin=origin_of(base, ordinal) if base else "", starts=starts, size=last - starts, ordinal=ordinal)


def last_seq(db: Connection) -> int:
    """The number of the last entry; 0 before the first."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM trail").fetchone()[0])


def stored_nodes(db: Connection, log: Log) -> merkle.Node:
    """The nodes of a log as the store has them. The function raises TrailBroken when one is missing."""

    def node(level: int, index: int) -> bytes:
        if level == 0:
            row = db.execute("SELECT leaf FROM trail WHERE seq = ?", (log.starts + index + 1,)).fetchone()
        else:
            row = db.execute(
                "SELECT hash FROM trail_node WHERE log = ? AND level = ? AND idx = ?", (log.starts, level, index)
            ).fetchone()
        if row is None:
            raise TrailBroken("a part of the tree is missing", seq=log.starts + (index << level) + 1)
        return bytes(row[0])

    return node


def grow(db: Connection, log: Log, index: int, leaf: bytes) -> None:
    """Store the full subtrees that this leaf completes."""
    node = stored_nodes(db, log)
    level, found = 0, leaf
    while index & 1:
        found = merkle.node_hash(node(level, index - 1), found)
        level, index = level + 1, index >> 1
        db.execute("INSERT INTO trail_node VALUES (?, ?, ?, ?)", (log.starts, level, index, found))


def checkpoint_of(db: Connection, log: Log) -> Checkpoint:
    """The head of a log, not yet signed."""
    return Checkpoint(origin=log.origin, size=log.size, root=merkle.root_of(log.size, stored_nodes(db, log)))


def head(db: Connection) -> tuple[int, str]:
    """The number of the last entry, and the root over its log; (0, GENESIS) before the first."""
    log = current_log(db)
    return log.starts + log.size, checkpoint_of(db, log).root.hex()


def head_line(db: Connection) -> str:
    """The head as it travels with a write: origin/size/root. Raises TrailBroken before the first entry."""
    log = current_log(db)
    if not log.size:
        raise TrailBroken("the trail has no entry yet", seq=0)
    return checkpoint_of(db, log).line()


def last_note(db: Connection) -> str | None:
    """The newest signed head, or None."""
    row = db.execute("SELECT note FROM trail_checkpoint ORDER BY number DESC LIMIT 1").fetchone()
    return row[0] if row else None


def is_signed(db: Connection) -> bool:
    """Whether the newest signed head covers the last entry."""
    signed = db.execute("SELECT coalesce(max(seq), 0) FROM trail_checkpoint").fetchone()[0]
    return bool(signed == last_seq(db))


def sign_head(db: Connection, seed: Seed | None = None) -> str | None:
    """Sign the head when entries came since it was signed last. Returns the newest note, None without any entry.

    `seed` gives the signing key where it does not lie in the store. Raises TrailBroken, without signing, when the
    tree does not go on from the last signed head: a log never signs two that disagree.
    """
    with transaction(db):
        if is_signed(db):
            return last_note(db)
        log = current_log(db)
        _check_goes_on(db, log)
        kept, name = db.execute("SELECT seed, origin FROM trail_signer").fetchone()
        secret = kept if seed is None else seed()
        if secret is None:
            raise StoreError("the key that signs the trail is not here", fix="unlock the vault it was moved to")
        if public_key(name, secret) != key_of(db):
            raise StoreError("this is not the key that signs the trail", fix="restore the vault it was moved to")
        note = sign(checkpoint_of(db, log), name, secret)
        db.execute(
            "INSERT INTO trail_checkpoint SELECT coalesce(max(number), 0) + 1, ?, ? FROM trail_checkpoint",
            (log.starts + log.size, note),
        )
    return note


def _check_goes_on(db: Connection, log: Log) -> None:
    row = db.execute(
        "SELECT seq, note FROM trail_checkpoint WHERE seq > ? ORDER BY number DESC LIMIT 1", (log.starts,)
    ).fetchone()
    if row is None:
        return
    signed = open_note(row[1], key_of(db))
    size = row[0] - log.starts
    if signed.size != size or signed.root != merkle.root_of(size, stored_nodes(db, log)):
        raise TrailBroken("the trail does not go on from its last signed head", seq=row[0])
