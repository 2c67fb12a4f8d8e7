"""The trail: only ever appended to; read back exactly; exported whole."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
import rfc8785
from sqlcipher3 import dbapi2

from gangly_tui.domain.audit import GENESIS, AuditChange, AuditEntry, AuditKind
from gangly_tui.domain.checkpoint import Checkpoint, heads_in, open_note
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.domain.merkle import leaf_hash
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, transaction
from tests.store import made


def test_an_entry_is_sealed_and_comes_back_exactly(db: Connection) -> None:
    assert trail.head(db) == (0, GENESIS)
    assert trail.verify_trail(db) == (0, GENESIS)
    kept = [made.append(db, op_id=f"p{number}", detail="d") for number in range(5)]
    assert trail.entries(db) == kept
    assert trail.head(db) == trail.verify_trail(db, values=True)
    assert trail.head(db)[0] == 5
    assert not any(each.erased for each in kept)
    assert {each.subjects for each in kept} == {("sandbox:opportunity:o1",)}


def test_a_body_is_canonical_and_holds_no_value(db: Connection) -> None:
    made.append(db, quote="q-canary", detail="d-canary", target_name="n-canary \u2028 \x7f é")
    body, leaf = db.execute("SELECT body, leaf FROM trail").fetchone()
    assert rfc8785.dumps(json.loads(body)) == body.encode()
    assert leaf == leaf_hash(body.encode())
    for value in ("canary", "2026-11-15", "opportunity", ":o1", '"o1"'):  # a bare o1 may stand in a digest by chance
        assert value not in body
    assert not any(b"canary" in blob for row in db.execute("SELECT sealed, quoted FROM trail") for blob in row)


def test_equal_values_have_different_commitments(db: Connection) -> None:
    for _ in range(2):
        made.append(db)
    one, two = (json.loads(body) for (body,) in db.execute("SELECT body FROM trail"))
    assert one["changes"] != two["changes"]
    assert len({one["target"], one["target_name"], one["quote"], two["target"], two["target_name"]}) == 5


def test_outside_a_transaction_nothing_is_written(db: Connection) -> None:
    made.append(db)
    with pytest.raises(StoreError, match="together with"):
        trail.append(
            db,
            at=made.NOW,
            kind=AuditKind.SENT,
            user="",
            source="",
            system="",
            target="",
            target_name="",
            changes=(),
            quote="",
            op_id="",
            payload_sha256="",
        )
    assert trail.head(db)[0] == 1


@pytest.mark.parametrize("kind", [AuditKind.OPENED, AuditKind.ERASED])
def test_what_the_trail_says_of_itself_nobody_else_can_say(db: Connection, kind: AuditKind) -> None:
    with pytest.raises(StoreError, match="by the trail itself"):
        made.append(db, kind=kind)


def test_an_entry_of_an_undone_transaction_leaves_no_gap(db: Connection) -> None:
    made.append(db)
    with pytest.raises(RuntimeError), transaction(db):
        made.append(db, op_id="lost", subjects=("nobody before",))
        raise RuntimeError
    made.append(db, op_id="next")
    assert [each.op_id for each in trail.entries(db)] == ["p1", "next"]
    assert trail.verify_trail(db)[0] == 2


ATTACKS = (
    "UPDATE trail SET body = replace(body, 'rep@', 'you@') WHERE seq = 2",
    "UPDATE trail SET leaf = x'00'",
    "UPDATE trail SET sealed = x'00'",
    "UPDATE trail SET seq = 9 WHERE seq = 3",
    "DELETE FROM trail WHERE seq = 3",
    "DELETE FROM trail",
    "INSERT OR REPLACE INTO trail SELECT 2, kind, op_id, refers, leaf, body, sealed, quoted FROM trail WHERE seq = 1",
    "INSERT OR REPLACE INTO trail VALUES (3, '', '', '', x'', '{}', x'', x'')",
    "INSERT OR IGNORE INTO trail VALUES (5, '', '', '', x'', '{}', x'', x'')",
    "INSERT INTO trail VALUES (0, '', '', '', x'', '{}', x'', x'')",
    "INSERT INTO trail VALUES (-1, '', '', '', x'', '{}', x'', x'')",
    "INSERT INTO trail VALUES (NULL, '', '', '', x'', '{}', x'', x'')",
    "INSERT INTO trail VALUES (2, '', '', '', x'', '{}', x'', x'') ON CONFLICT (seq) DO UPDATE SET body = '{}'",
    "UPDATE OR REPLACE trail SET seq = 1 WHERE seq = 3",
    "UPDATE trail_node SET hash = x'00'",
    "DELETE FROM trail_node",
    "INSERT OR REPLACE INTO trail_node VALUES (0, 1, 0, x'00')",
    "INSERT INTO trail_node VALUES (0, 1, 7, x'00')",
    "UPDATE trail_checkpoint SET note = ''",
    "DELETE FROM trail_checkpoint",
    "INSERT OR REPLACE INTO trail_checkpoint VALUES (1, 3, '')",
    "INSERT INTO trail_checkpoint VALUES (2, 3, '')",
    "INSERT INTO trail_checkpoint VALUES (2, 9, '')",
    "DELETE FROM subject_key",
    "UPDATE subject_key SET dek = zeroblob(32)",
    "UPDATE subject_key SET subject = '', dek = NULL",
    "UPDATE subject_key SET ref = 'x'",
    "INSERT OR REPLACE INTO subject_key SELECT ref, subject, zeroblob(32) FROM subject_key",
    "INSERT OR REPLACE INTO subject_key SELECT 'x', subject, dek FROM subject_key",
    "INSERT INTO subject_key VALUES ('x', 'x', NULL)",
    "DELETE FROM trail_signer",
    "UPDATE trail_signer SET seed = zeroblob(32)",
    "UPDATE trail_signer SET origin = 'x'",
    "UPDATE trail_signer SET vkey = 'x', seed = NULL",
    "INSERT OR REPLACE INTO trail_signer VALUES (1, 'x', 'x', zeroblob(32))",
)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_the_database_refuses_every_change_but_an_append(db: Connection, attack: str, recursive: str) -> None:
    kept = [made.append(db, op_id=f"p{number}") for number in range(3)]
    trail.sign_head(db)
    db.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(dbapi2.IntegrityError, match="append-only"):
        db.execute(attack)
    assert trail.entries(db) == kept
    assert trail.verify_trail(db, values=True)[0] == 3


def _disarm(db: Connection) -> None:
    """What somebody with the key and an SQL shell does first."""
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")


def test_reading_an_altered_row_is_a_broken_trail_and_no_crash(db: Connection) -> None:
    made.append(db)
    _disarm(db)
    (whole,) = db.execute("SELECT body FROM trail").fetchone()
    for body in (b"{", b"\xff\xfe", b"{}", b'{"seq":1}', b"null", whole.replace('"seq":1', '"seq":"x"').encode()[:-9]):
        db.execute("UPDATE trail SET body = CAST(? AS TEXT)", (body,))
        for read in (
            trail.entries,
            lambda db: trail.entries_at(db, 0, 10),
            lambda db: trail.count(db, text="x"),
            trail.verify_trail,
        ):
            with pytest.raises(TrailBroken) as caught:
                read(db)
            assert caught.value.seq == 1 and caught.value.fix
        assert trail.count(db) == 1


def test_a_missing_table_is_a_broken_trail(db: Connection) -> None:
    made.append(db)
    db.execute("DROP TABLE trail_node")
    with pytest.raises(TrailBroken, match="missing"):
        trail.verify_trail(db)


def test_filters_look_at_values_only(db: Connection) -> None:
    made.append(db, op_id="a", kind=AuditKind.APPROVED, quote='she said "yes" at 100%')
    made.append(db, op_id="b", target_name="Globex")
    made.append(db, op_id="b", user="other@ours.com", changes=(AuditChange(field="tags", before=None, after=["Café"]),))
    assert [each.seq for each in trail.entries(db, text="globex")] == [2]
    assert [each.seq for each in trail.entries(db, text='"YES"')] == [1]
    assert [each.seq for each in trail.entries(db, text="100%")] == [1]
    assert [each.seq for each in trail.entries(db, text="1_0%")] == []
    assert [each.seq for each in trail.entries(db, text="CAFÉ")] == [3]
    assert [each.seq for each in trail.entries(db, text="tags")] == [3]
    assert trail.count(db, text="before") == trail.count(db, text="payload") == trail.count(db, text="None") == 0
    assert [each.seq for each in trail.entries(db, kind=AuditKind.APPROVED)] == [1]
    assert [each.seq for each in trail.entries(db, op_id="b", newest_first=True)] == [3, 2]
    assert [each.seq for each in trail.entries(db, after=1, limit=1)] == [2]
    assert [each.seq for each in trail.entries(db, text="ours", after=1, limit=1)] == [2]
    assert [each.seq for each in trail.entries(db, text="ours", newest_first=True, limit=2)] == [3, 2]
    assert [each.seq for each in trail.entries_at(db, 1, 5)] == [2, 1]
    assert [each.seq for each in trail.entries_at(db, 1, 1, "ours")] == [2]
    assert trail.entries_at(db, 0, 5, "globex", AuditKind.SENT)[0].seq == 2
    assert trail.entries_at(db, 1, 5, kind=AuditKind.SENT)[0].seq == 2
    assert (trail.count(db), trail.count(db, kind=AuditKind.SENT), trail.count(db, text="ours.com")) == (3, 2, 3)


@pytest.mark.parametrize("text", made.HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_text_is_sealed_and_found_again(db: Connection, text: str) -> None:
    entry = made.append(
        db, quote=text, op_id=text, user=text, changes=(AuditChange(field=text, before=[text], after=text),)
    )
    assert trail.entries(db) == [entry]
    assert trail.verify_trail(db, values=True)[0] == 1
    assert trail.count(db, text=text) == 1
    assert trail.entries(db, op_id=text) == [entry]
    if "\ud800" not in text:
        assert entry.quote == text
    else:
        assert entry.quote == "lone \ufffd surrogate \ufffd"


def test_the_head_that_travels_with_a_write_is_that_of_the_tree(db: Connection) -> None:
    with pytest.raises(TrailBroken, match="no entry"):
        trail.head_line(db)
    made.append(db)
    (told,) = heads_in(f"-- gangly: op p1; trail {trail.head_line(db)}")
    assert (told.size, told.root.hex()) == trail.head(db)
    made.append(db)
    assert trail.compare_heads(db, [told], "the CRM") == 1
    assert trail.compare_heads(db, [replace(told, origin="gangly/" + "0" * 16)], "the CRM") == 0
    with pytest.raises(TrailBroken, match="another root"):
        trail.compare_heads(db, [replace(told, root=bytes(32))], "the CRM")
    with pytest.raises(TrailBroken, match="saw 9 entries"):
        trail.compare_heads(db, [replace(told, size=9)], "the CRM")
    with pytest.raises(TrailBroken, match="the trail has 0"):
        trail.compare_heads(db, [replace(told, origin=told.origin + "/2")], "the CRM")


def test_a_head_is_signed_once_for_a_batch(db: Connection) -> None:
    assert trail.sign_head(db) is None
    made.append(db)
    note = trail.sign_head(db)
    assert note is not None and trail.sign_head(db) == note == trail.last_note(db)
    for _ in range(3):
        made.append(db)
    assert not trail.is_signed(db)
    newer = trail.sign_head(db)
    assert newer is not None and trail.is_signed(db)
    signed = open_note(newer, trail.key_of(db))
    assert isinstance(signed, Checkpoint) and (signed.size, signed.root.hex()) == trail.head(db)
    assert db.execute("SELECT number, seq FROM trail_checkpoint").fetchall() == [(1, 1), (2, 4)]


def test_two_heads_that_disagree_are_never_signed(db: Connection) -> None:
    made.append(db)
    trail.sign_head(db)
    _disarm(db)
    db.execute("DELETE FROM trail")
    db.execute("DELETE FROM trail_node")
    made.append(db)
    made.append(db)
    with pytest.raises(TrailBroken, match="does not go on"):
        trail.sign_head(db)


def test_the_signing_key_can_move_to_a_safer_place(db: Connection) -> None:
    made.append(db)
    vault: list[bytes] = []
    assert trail.move_seed(db, vault.append)
    assert not trail.move_seed(db, vault.append)
    assert db.execute("SELECT seed FROM trail_signer").fetchone() == (None,)
    with pytest.raises(StoreError, match="is not here"):
        trail.sign_head(db)
    with pytest.raises(StoreError, match="not the key"):
        trail.sign_head(db, lambda: bytes(32))
    assert trail.sign_head(db, lambda: vault[0])
    assert trail.verify_trail(db)[0] == 1


def _csv(db: Connection) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(trail.export_csv(db)))))


def test_no_cell_of_the_csv_is_a_formula_or_acts_on_a_terminal(db: Connection) -> None:
    assert _csv(db) == []
    made.append(
        db,
        quote='=HYPERLINK("http://x")',
        user="@SUM(1)",
        detail="\t=1",
        target_name="-2+3",
        source="\r=1",
        changes=(
            AuditChange(field="a", before="+1", after="line\none\x1b[2J"),
            AuditChange(field="b", before=None, after=["x", "y"]),
        ),
    )
    made.append(db, changes=())
    rows = _csv(db)
    assert (rows[1]["before"], rows[1]["after"], rows[2]["before"]) == ("", "x, y", "")
    assert [(each["seq"], each["field"]) for each in rows] == [("1", "a"), ("1", "b"), ("2", "")]
    first = rows[0]
    assert (first["quote"], first["user"], first["target_name"], first["before"]) == (
        '\'=HYPERLINK("http://x")',
        "'@SUM(1)",
        "'-2+3",
        "'+1",
    )
    assert first["after"] == "line\none␛[2J"
    assert rows[1]["after"] == "x, y"
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert "\x1b" not in cell


def test_an_entry_is_a_value(db: Connection) -> None:
    entry = made.append(db)
    assert isinstance(entry, AuditEntry)
    assert entry.values()[0] == "sandbox:opportunity:o1"
