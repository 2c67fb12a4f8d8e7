"""What is found while an entry is opened: a value that does not open, a key that is missing, a body that lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gangly_tui.domain import merkle
from gangly_tui.domain.audit import canonical
from gangly_tui.domain.checkpoint import Checkpoint, proof_text, public_key, sign, to_base64
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.domain.export_check import EXPORT_FORMAT, check_file
from gangly_tui.flow.witness import sign_round
from gangly_tui.store import trail
from gangly_tui.store.database import Connection
from gangly_tui.store.witness import append_head
from tests.store import made
from tests.trail import forger
from tests.trail.conftest import ADA, fill


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE trail SET sealed = zeroblob(99) WHERE seq = 2", "sealed value was altered"),
        ("UPDATE trail SET sealed = x'' WHERE seq = 2", "sealed value was altered"),
        ("UPDATE trail SET quoted = sealed WHERE seq = 2", "sealed value was altered"),
        ("DELETE FROM subject_key", "key of a person is missing"),
        ("UPDATE subject_key SET dek = zeroblob(32)", "sealed value was altered"),
        ('UPDATE trail SET body = replace(body, \'"kind":"sent"\', \'"kind":"seen"\') WHERE seq = 2', "was altered"),
        ("UPDATE trail SET body = replace(body, '\"v\":1', '\"v\":2') WHERE seq = 2", "was altered"),
        ("UPDATE trail SET body = replace(body, '\"subjects\":[', '\"subjects\":[[],') WHERE seq = 2", "was altered"),
        ("UPDATE trail SET body = replace(body, '\"changes\":[', '\"changes\":[1,') WHERE seq = 2", "was altered"),
        ("UPDATE trail SET body = replace(body, '\"changes\"', '\"change\"') WHERE seq = 2", "was altered"),
    ],
)
def test_an_entry_that_does_not_open_is_a_broken_trail(db: Connection, harm: str, said: str) -> None:
    fill(db, 3)
    forger.disarm(db)
    db.execute(harm)
    with pytest.raises(TrailBroken, match=said) as caught:
        trail.entries(db)
    assert caught.value.fix
    with pytest.raises(TrailBroken):
        trail.verify_trail(db)
    with pytest.raises(TrailBroken):
        list(trail.export_csv(db))


def test_commitments_that_do_not_fit_their_values_show_when_they_are_opened(db: Connection) -> None:
    fill(db, 4)
    forger.disarm(db)
    for name in ("detail", "quote"):
        db.execute("BEGIN")
        forger.edit_body(db, 1, **{name: to_base64(bytes(32))})
        forger.rebuild_tree(db)
        forger.resign(db)
        assert trail.verify_trail(db)[0] == 4
        with pytest.raises(TrailBroken, match=r"entry 1 (is|are) not"):
            trail.verify_trail(db, values=True)
        db.execute("ROLLBACK")


def test_a_key_that_outlives_its_erasure_is_told(db: Connection) -> None:
    fill(db, 4)
    (key,) = db.execute("SELECT dek FROM subject_key WHERE subject = ?", (ADA,)).fetchone()
    trail.erase(db, [ADA], at=made.NOW, user="rep")
    assert trail.verify_trail(db)[0] == 5
    forger.disarm(db)
    db.execute("UPDATE subject_key SET dek = ?, subject = ? WHERE dek IS NULL", (key, ADA))
    with pytest.raises(TrailBroken, match="the key is still there"):
        trail.verify_trail(db)


def test_heads_without_entries_and_other_troubles(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    db_type = type(db)
    forger.disarm(db)
    db.execute("INSERT INTO trail_checkpoint VALUES (1, 1, 'x')")
    with pytest.raises(TrailBroken, match="there is no entry"):
        trail.verify_trail(db)
    db.execute("DELETE FROM trail_checkpoint")
    made.append(db)
    db.execute("UPDATE trail_signer SET origin = CAST(x'ff' AS TEXT)")
    with pytest.raises(TrailBroken, match="name in the trail was altered"):
        trail.verify_trail(db)
    db.execute("DELETE FROM trail_signer")
    with pytest.raises(TrailBroken, match="no signer"):
        trail.verify_trail(db)

    def busy(*_: object) -> None:
        raise StoreError("the store is busy", fix="try again")

    monkeypatch.setattr(db_type, "execute", busy)
    with pytest.raises(StoreError, match="busy"):
        trail.verify_trail(db)


def test_a_tree_with_a_hole_proves_nothing(db: Connection) -> None:
    fill(db, 4)
    forger.disarm(db)
    db.execute("DELETE FROM trail_node")
    with pytest.raises(TrailBroken, match="part of the tree is missing"):
        trail.head(db)
    with pytest.raises(TrailBroken, match="part of the tree is missing"):
        trail.prove(db, 1)


def test_a_store_that_is_only_read_keeps_the_head_it_has(db: Connection) -> None:
    (note,) = fill(db, 4)
    made.append(db)
    db.read_only = True
    assert sign_round(db, at=made.NOW, user="rep") == note


def test_a_witness_on_a_full_disk_says_so(db: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (note,) = fill(db, 4)
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, content[:7]))
    with pytest.raises(StoreError, match="disk is full"):
        append_head(tmp_path / "heads", note)


NAME, SEED = "gangly/0011223344556677", bytes(range(32))
KEY = public_key(NAME, SEED)


def exported(*bodies: dict[str, object], sizes: tuple[int, ...], name: str = NAME) -> list[str]:
    """An export of whatever bodies, with all hashes right, signed by the real key."""
    contents = [canonical(each) for each in bodies]
    leaves = [merkle.leaf_hash(each) for each in contents]
    notes, lines, start = [], [], 0
    for number, size in enumerate(sizes, start=1):
        origin = name if number == 1 else f"{name}/{number}"
        levels = merkle.full_levels(leaves[start : start + size])

        def node(level: int, index: int, levels: list[list[bytes]] = levels) -> bytes:
            return levels[level][index]

        head = Checkpoint(origin=origin, size=size, root=merkle.root_of(size, node))
        notes.append(sign(head, NAME, SEED))
        for index in range(size):
            told = {
                "seq": start + index + 1,
                "log": origin,
                "index": index,
                "leaf": to_base64(leaves[start + index]),
                "proof": [to_base64(each) for each in merkle.inclusion_proof(index, size, node)],
                "body": contents[start + index].decode(),
            }
            lines.append(json.dumps(told))
        start += size
    return [json.dumps({"format": EXPORT_FORMAT, "origin": NAME, "key": KEY.text(), "checkpoints": notes}), *lines]


def entry(seq: int, log: str = NAME, **more: object) -> dict[str, object]:
    return {"seq": seq, "log": log, "kind": "sent", "refers": "", "changes": []} | more


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (exported(entry(1), sizes=(1,), name="gangly/8899aabbccddeeff"), "not those of one trail"),
        (exported(entry(1), entry(7), sizes=(2,)), "belongs somewhere else"),
        (exported(entry(1, log="gangly/x"), sizes=(1,)), "belongs somewhere else"),
        (exported(entry(1), entry(2, log=f"{NAME}/2"), sizes=(1, 1)), "does not carry the head"),
        (exported(entry(1), entry(2, log=f"{NAME}/2", kind="opened", refers="x"), sizes=(1, 1)), "does not carry"),
    ],
)
def test_the_real_key_alone_makes_no_good_export(lines: list[str], said: str) -> None:
    assert check_file(exported(entry(1), entry(2), sizes=(2,)), KEY).entries == 2
    with pytest.raises(TrailBroken, match=said):
        check_file(lines, KEY)


def test_a_proof_under_a_head_of_another_log_is_refused() -> None:
    leaf = merkle.leaf_hash(b"x")
    note = sign(Checkpoint(origin="gangly/8899aabbccddeeff", size=1, root=leaf), NAME, SEED)
    with pytest.raises(TrailBroken, match="another log"):
        check_file(proof_text(0, [], note, extra=b"x").splitlines(keepends=True), KEY)


def test_an_export_whose_fields_have_other_names_is_refused() -> None:
    lines = exported(entry(1, changes=[{"field": "amount", "before": "", "after": ""}]), sizes=(1,))
    told = json.loads(lines[1])
    told["values"] = {"changes": [{"field": "budget", "before": ["", 1], "after": ["", 1]}]}
    with pytest.raises(TrailBroken, match="cannot be read"):
        check_file([lines[0], json.dumps(told)], KEY)
