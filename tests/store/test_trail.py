"""The trail: only ever appended to; any change of any byte shows."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace

import pytest
import rfc8785
from sqlcipher3 import dbapi2

from gangly_tui.domain.audit import GENESIS, AuditChange, AuditEntry, AuditKind, verify
from gangly_tui.domain.errors import StoreError, TrailBroken
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, transaction
from tests.store import made


def test_an_entry_is_sealed_and_comes_back_exactly(db: Connection) -> None:
    assert trail.head(db) == (0, GENESIS)
    assert trail.verify_trail(db) == (0, GENESIS)
    kept = [made.append(db, op_id=f"p{number}", detail="d") for number in range(5)]
    assert trail.entries(db) == kept
    assert trail.head(db) == (5, kept[-1].hash) == trail.verify_trail(db) == verify(kept)


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


def test_an_entry_of_an_undone_transaction_leaves_no_gap(db: Connection) -> None:
    made.append(db)
    with pytest.raises(RuntimeError), transaction(db):
        made.append(db, op_id="lost")
        raise RuntimeError
    made.append(db, op_id="next")
    assert [each.op_id for each in trail.entries(db)] == ["p1", "next"]
    assert trail.verify_trail(db)[0] == 2


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE trail SET body = replace(body, 'rep@', 'you@') WHERE seq = 2",
        "UPDATE trail SET hash = 'x'",
        "UPDATE trail SET seq = 9 WHERE seq = 3",
        "DELETE FROM trail WHERE seq = 3",
        "DELETE FROM trail",
        "INSERT OR REPLACE INTO trail (seq, body, hash) SELECT 2, body, hash FROM trail WHERE seq = 1",
        "INSERT OR REPLACE INTO trail (rowid, body, hash) VALUES (3, '{}', '')",
        "INSERT OR IGNORE INTO trail (seq, body, hash) VALUES (5, '{}', '')",
        "INSERT INTO trail (seq, body, hash) VALUES (0, '{}', '')",
        "INSERT INTO trail (seq, body, hash) VALUES (-1, '{}', '')",
        "INSERT INTO trail (body, hash) VALUES ('{}', '')",
        "INSERT INTO trail (seq, body, hash) VALUES (2, '{}', '') ON CONFLICT (seq) DO UPDATE SET body = '{}'",
        "UPDATE OR REPLACE trail SET seq = 1 WHERE seq = 3",
        "DELETE FROM trail_head",
        "UPDATE trail_head SET seq = 2",
        "UPDATE trail_head SET hash = 'x'",
        "UPDATE trail_head SET seq = 4",
        "INSERT OR REPLACE INTO trail_head VALUES (1, 0, '')",
        "INSERT INTO trail_head VALUES (2, 0, '')",
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_the_database_refuses_every_change_but_an_append(db: Connection, attack: str, recursive: str) -> None:
    kept = [made.append(db, op_id=f"p{number}") for number in range(3)]
    db.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(dbapi2.IntegrityError, match="append-only"):
        db.execute(attack)
    assert trail.entries(db) == kept
    assert trail.verify_trail(db)[0] == 3


def _disarm(db: Connection) -> None:
    """What somebody with the key and an SQL shell does first."""
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")


def test_any_flipped_byte_of_a_row_is_caught(db: Connection) -> None:
    for number in range(3):
        made.append(db, op_id=f"p{number}", target_name="Zoë\n日本", detail="e")
    _disarm(db)
    for column in ("body", "hash"):
        (whole,) = db.execute(f"SELECT CAST({column} AS BLOB) FROM trail WHERE seq = 2").fetchone()
        for position in range(len(whole)):
            for bit in (0, 5, 7):
                altered = bytearray(whole)
                altered[position] ^= 1 << bit
                db.execute(f"UPDATE trail SET {column} = CAST(? AS TEXT) WHERE seq = 2", (bytes(altered),))
                with pytest.raises(TrailBroken) as caught:
                    trail.verify_trail(db)
                assert caught.value.seq == 2
        db.execute(f"UPDATE trail SET {column} = CAST(? AS TEXT) WHERE seq = 2", (whole,))
    assert trail.verify_trail(db)[0] == 3


def _reseal(entry: AuditEntry) -> tuple[str, str]:
    return entry.body().decode(), entry.sealed_hash()


def test_what_an_intruder_without_patience_does_is_caught(db: Connection) -> None:
    kept = [made.append(db, op_id=f"p{number}") for number in range(5)]
    _disarm(db)
    attacks = {
        "altered and resealed": (
            "UPDATE trail SET body = ?, hash = ? WHERE seq = 3",
            _reseal(replace(kept[2], user="nobody")),
            4,
        ),
        "the end cut off": ("DELETE FROM trail WHERE seq > 3", (), 4),
        "one taken out": ("DELETE FROM trail WHERE seq = 2", (), 2),
        "moved": ("UPDATE trail SET seq = 0 WHERE seq = 1", (), 1),
        "another head": ("UPDATE trail_head SET hash = ?", ("0" * 64,), 6),
        "a number of its own": (
            "UPDATE trail SET body = ?, hash = ? WHERE seq = 5",
            _reseal(replace(kept[4], seq=6)),
            5,
        ),
        "no entry at all, with its right hash": (
            "UPDATE trail SET body = ?, hash = ? WHERE seq = 5",
            ("[]", hashlib.sha256(b"[]").hexdigest()),
            5,
        ),
    }
    for name, (statement, values, seq) in attacks.items():
        db.execute("BEGIN")
        db.execute(statement, values)
        with pytest.raises(TrailBroken) as caught:
            trail.verify_trail(db)
        assert caught.value.seq == seq, name
        assert caught.value.fix
        db.execute("ROLLBACK")
    assert trail.verify_trail(db)[0] == 5


def test_reading_an_altered_row_is_a_broken_trail_and_no_crash(db: Connection) -> None:
    made.append(db)
    _disarm(db)
    for body in (b"{", b"\xff\xfe", b"{}", b'{"seq":1}', b"null"):
        db.execute("UPDATE trail SET body = CAST(? AS TEXT)", (body,))
        for read in (trail.entries, lambda db: trail.entries_at(db, 0, 10), trail.verify_trail):
            with pytest.raises(TrailBroken):
                read(db)
        trail.count(db, text="x")


def test_filters_look_at_values_only(db: Connection) -> None:
    made.append(db, op_id="a", kind=AuditKind.APPROVED, quote='she said "yes" at 100%')
    made.append(db, op_id="b", target_name="Globex")
    made.append(db, op_id="b", user="other@ours.com", changes=(AuditChange(field="tags", before=None, after=["Café"]),))
    assert [each.seq for each in trail.entries(db, text="globex")] == [2]
    assert [each.seq for each in trail.entries(db, text='"YES"')] == [1]
    assert [each.seq for each in trail.entries(db, text="100%")] == [1]
    assert [each.seq for each in trail.entries(db, text="1_0%")] == []
    assert [each.seq for each in trail.entries(db, text="Café")] == [3]
    assert [each.seq for each in trail.entries(db, text="tags")] == [3]
    assert trail.count(db, text="before") == trail.count(db, text="payload") == 0
    assert [each.seq for each in trail.entries(db, kind=AuditKind.APPROVED)] == [1]
    assert [each.seq for each in trail.entries(db, op_id="b", newest_first=True)] == [3, 2]
    assert [each.seq for each in trail.entries(db, after=1, limit=1)] == [2]
    assert [each.seq for each in trail.entries_at(db, 1, 5)] == [2, 1]
    assert trail.entries_at(db, 0, 5, "globex", AuditKind.SENT)[0].seq == 2
    assert (trail.count(db), trail.count(db, kind=AuditKind.SENT), trail.count(db, text="ours.com")) == (3, 2, 3)


@pytest.mark.parametrize("text", made.HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_text_is_sealed_and_found_again(db: Connection, text: str) -> None:
    entry = made.append(db, quote=text, changes=(AuditChange(field=text, before=[text], after=text),))
    assert trail.entries(db) == [entry]
    assert trail.verify_trail(db)[0] == 1
    assert trail.count(db, text=text) == 1
    if "\ud800" not in text:
        assert entry.quote == text
    else:
        assert entry.quote == "lone \ufffd surrogate \ufffd"


def test_jsonl_verifies_without_gangly(db: Connection) -> None:
    for text in ("a", "Zoë \n 日本", '"'):
        made.append(db, quote=text)
    prev = GENESIS
    for line in trail.export_jsonl(db):
        plain = json.loads(line)
        sealed = plain.pop("hash")
        assert plain["prev"] == prev
        assert hashlib.sha256(rfc8785.dumps(plain)).hexdigest() == sealed
        prev = sealed
    assert prev == trail.head(db)[1]


def test_no_cell_of_the_csv_is_a_formula_or_acts_on_a_terminal(db: Connection) -> None:
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
    rows = list(csv.DictReader(io.StringIO("".join(trail.export_csv(db)))))
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
