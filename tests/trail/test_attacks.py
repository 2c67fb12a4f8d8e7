"""What is done to a trail behind its back, and by what it is found."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.checkpoint import heads_in
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, transaction
from tests.store import made
from tests.trail import forger
from tests.trail.conftest import ADA, fill

FLIPS = int(os.environ.get("GANGLY_FLIPS", "2000"))
SEED = int(os.environ.get("GANGLY_SEED", "20261124"))

Attack = Callable[[Connection], None]


def attacks() -> dict[str, tuple[Attack, bool]]:
    """Each attack, and whether the store alone gives it away."""

    def edit(db: Connection) -> None:
        forger.edit_body(db, 6, user="nobody@ours.com")

    def edit_and_fix(db: Connection) -> None:
        edit(db)
        forger.fix_leaf(db, 6)

    def rebuild(db: Connection) -> None:
        edit(db)
        forger.rebuild_tree(db)

    def sign_with_another(db: Connection) -> None:
        rebuild(db)
        forger.another_signer(db)

    def sign_with_the_real(db: Connection) -> None:
        rebuild(db)
        forger.resign(db)

    return {
        "edit a body": (edit, True),
        "edit a body and fix its leaf": (edit_and_fix, True),
        "rebuild all hashes": (rebuild, True),
        "rebuild and sign with another key": (sign_with_another, False),
        "rebuild and sign with the real key": (sign_with_the_real, False),
        "edit a node": (lambda db: db.execute("UPDATE trail_node SET hash = zeroblob(32) WHERE level = 2"), True),
        "drop a node": (lambda db: db.execute("DELETE FROM trail_node WHERE level = 3"), True),
        "add a node": (lambda db: db.execute("INSERT INTO trail_node VALUES (0, 9, 0, zeroblob(32))"), True),
        "take one out": (lambda db: db.execute("DELETE FROM trail WHERE seq = 5"), True),
        "cut the end off, keep the heads": (lambda db: forger.cut_end(db, 9, heads=False), True),
        "cut the end off with its heads": (lambda db: forger.cut_end(db, 9, heads=True), False),
        "take an old head out": (lambda db: db.execute("DELETE FROM trail_checkpoint WHERE number = 1"), True),
        "take an old head out and close the gap": (lambda db: forger.drop_head(db, 1), False),
        "destroy a key in silence": (lambda db: db.execute("UPDATE subject_key SET subject = '', dek = NULL"), True),
        "another key for a person": (lambda db: db.execute("UPDATE subject_key SET dek = zeroblob(32)"), True),
        "drop a key": (lambda db: db.execute("DELETE FROM subject_key WHERE subject = ?", (ADA,)), True),
        "swap two sealed values": (_swap, True),
        "add an entry by hand": (_add, True),
        "empty everything": (_empty, False),
    }


def _swap(db: Connection) -> None:
    rows = dict(db.execute("SELECT seq, sealed FROM trail WHERE seq IN (2, 6)").fetchall())
    db.execute("UPDATE trail SET sealed = ? WHERE seq = 2", (rows[6],))
    db.execute("UPDATE trail SET sealed = ? WHERE seq = 6", (rows[2],))


def _add(db: Connection) -> None:
    db.execute("INSERT INTO trail SELECT 13, kind, op_id, refers, leaf, body, sealed, quoted FROM trail WHERE seq = 1")


def _empty(db: Connection) -> None:
    for table in ("trail", "trail_node", "trail_checkpoint", "subject_key", "trail_signer"):
        db.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("name", attacks())
def test_every_attack_is_found_with_a_head_from_outside(db: Connection, name: str) -> None:
    attack, alone = attacks()[name]
    notes = fill(db)
    (crm,) = heads_in(trail.head_line(db))
    assert trail.verify_trail(db, values=True)[0] == 12
    assert trail.compare_notes(db, notes, "the witness") == 3
    forger.disarm(db)
    attack(db)
    if alone:
        with pytest.raises(TrailBroken) as caught:
            trail.verify_trail(db)
        assert caught.value.fix
    else:  # the plain truth: without a head from outside this is not seen
        trail.verify_trail(db)
    with pytest.raises(TrailBroken):  # what `audit verify --witness` does
        trail.verify_trail(db)
        fitting = trail.compare_notes(db, notes, "the witness")
        if not fitting:
            raise TrailBroken("the witness knows no head of this trail", seq=0)
    if name not in ("rebuild and sign with another key", "take an old head out and close the gap"):
        with pytest.raises(TrailBroken):  # and `--witness crm`, with a head that no key signed
            trail.verify_trail(db)
            if not trail.compare_heads(db, [crm], "the CRM"):
                raise TrailBroken("the CRM has heads of another trail only", seq=0)


def test_an_early_head_is_enough_to_see_what_it_covers(db: Connection) -> None:
    first, *_ = fill(db)
    forger.disarm(db)
    forger.edit_body(db, 2, user="nobody@ours.com")
    forger.rebuild_tree(db)
    forger.resign(db)
    assert trail.verify_trail(db)[0] == 12
    with pytest.raises(TrailBroken, match="another root at entry 4"):
        trail.compare_notes(db, [first], "the witness")


COLUMNS = {
    "trail": ("seq", "kind", "op_id", "refers", "leaf", "body", "sealed", "quoted"),
    "trail_node": ("log", "level", "idx", "hash"),
    "trail_checkpoint": ("number", "seq", "note"),
    "subject_key": ("ref", "subject", "dek"),
    "trail_signer": ("one", "origin", "vkey", "seed"),
}
KEYS = {
    "trail": ("seq",),
    "trail_node": ("log", "level", "idx"),
    "trail_checkpoint": ("number",),
    "subject_key": ("ref",),
    "trail_signer": ("origin",),
}
INTEGERS = {"seq", "log", "level", "idx", "number", "one"}


def _cells(db: Connection) -> list[tuple[str, str, tuple[object, ...], int]]:
    """Every cell of every table of the trail: table, column, key of its row, bytes in it."""
    found = []
    for table, columns in COLUMNS.items():
        for column in columns:
            size = "8" if column in INTEGERS else f"coalesce(length(CAST({column} AS BLOB)), 0)"
            rows = db.execute(f"SELECT {size}, {', '.join(KEYS[table])} FROM {table}").fetchall()
            found += [(table, column, key, count) for count, *key in rows if count]
    return [(table, column, tuple(key), count) for table, column, key, count in found]


def _flip(db: Connection, cell: tuple[str, str, tuple[object, ...], int], rng: random.Random) -> None:
    table, column, key, size = cell
    where = " AND ".join(f"{name} = ?" for name in KEYS[table])
    if column in INTEGERS:
        (value,) = db.execute(f"SELECT {column} FROM {table} WHERE {where}", key).fetchone()
        bit = rng.randrange(64)
        value ^= 1 << bit if bit < 63 else -(1 << 63)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value, *key))
        return
    (content,) = db.execute(f"SELECT CAST({column} AS BLOB) FROM {table} WHERE {where}", key).fetchone()
    altered = bytearray(content)
    altered[rng.randrange(size)] ^= 1 << rng.randrange(8)
    kind = "BLOB" if column in ("leaf", "sealed", "quoted", "hash", "dek", "seed") else "TEXT"
    db.execute(f"UPDATE {table} SET {column} = CAST(? AS {kind}) WHERE {where}", (bytes(altered), *key))


def test_any_flipped_bit_of_any_table_is_caught(db: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of the flips by bytes, half by cells, so that small columns get their share."""
    fill(db)
    trail.freeze(db, at=made.NOW, user="rep")
    fill(db, 5, batch=3)
    assert trail.erase(db, [ADA], at=made.NOW, user="rep") == 1
    trail.sign_head(db)
    assert trail.verify_trail(db)[0] == 19
    forger.disarm(db)
    rng = random.Random(SEED)
    cells = _cells(db)
    weights = [size for *_, size in cells]
    assert {column for _, column, *_ in cells} == {name for names in COLUMNS.values() for name in names}
    caught = tried = 0
    missed = []
    while tried < FLIPS:
        cell = rng.choice(cells) if tried % 2 else rng.choices(cells, weights)[0]
        db.execute("BEGIN")
        try:
            _flip(db, cell, rng)
            tried += 1
            try:
                trail.verify_trail(db)
                missed.append(cell[:3])
            except TrailBroken:
                caught += 1
        except dbapi2.IntegrityError:  # a number or name that is taken: no such store can be
            pass
        finally:
            db.execute("ROLLBACK")
    assert (caught, missed) == (FLIPS, [])
    assert trail.verify_trail(db, values=True)[0] == 19
    with capsys.disabled():
        if FLIPS > 2_000:
            print(f"\n  {caught:,} of {tried:,} flipped bits caught, seed {SEED}")  # noqa: T201


def test_a_crash_between_any_two_statements_leaves_all_or_nothing(
    db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(db, 7)
    before = trail.head(db)
    real = type(db).execute
    for allowed in range(200):
        left = allowed

        def crashing(self: Connection, statement: str, *rest: object) -> object:
            nonlocal left
            if statement not in ("ROLLBACK",):
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
            return real(self, statement, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(type(db), "execute", crashing)
            try:
                with transaction(db):
                    made.append(db, op_id="crash", subjects=("somebody new",), kind=AuditKind.REFUSED)
                    trail.sign_head(db)
                break
            except KeyboardInterrupt:
                pass
        assert not db.in_transaction
        assert trail.head(db) == before
        assert trail.verify_trail(db, values=True) == before
    else:
        pytest.fail("the append never came to its end")
    assert allowed > 10
    assert trail.verify_trail(db, values=True)[0] == before[0] + 1


def test_a_store_that_is_only_read_signs_nothing(db: Connection, path: Path) -> None:
    fill(db, 2)
    db.read_only = True
    with pytest.raises(StoreError, match="only reads"):
        trail.sign_head(db)
    assert list(trail.export_jsonl(db)) and path.exists()
