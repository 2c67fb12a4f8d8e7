"""What a broken trail is told to be: the entry that does not fit, what is wrong with it, and what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gangly_tui.domain.audit import SALT, subject_ref
from gangly_tui.domain.checkpoint import heads_in, open_note, parse_note, parse_proof
from gangly_tui.domain.errors import TrailBroken
from gangly_tui.store import trail, trail_check
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.trail_keys import Opener, keys_of, seal
from tests.store import made
from tests.trail import forger
from tests.trail.conftest import ADA, BEN, fill


def ref(db: Connection, subject: str) -> str:
    (found,) = db.execute("SELECT ref FROM subject_key WHERE subject = ?", (subject,)).fetchone()
    return str(found)


def destroy(db: Connection, subject: str) -> None:
    db.execute("UPDATE subject_key SET subject = '', dek = NULL WHERE subject = ?", (subject,))


def one_more_key(db: Connection) -> None:
    key = bytes(32)
    db.execute("INSERT INTO subject_key VALUES (?, 'nobody', ?)", (subject_ref(key, "nobody"), key))


def again(db: Connection) -> None:
    """The last head once more."""
    db.execute("INSERT INTO trail_checkpoint SELECT number + 1, seq, note FROM trail_checkpoint WHERE number = 3")


def node(level: int, index: int) -> Callable[[Connection], object]:
    place = (level, index)
    return lambda db: db.execute("UPDATE trail_node SET hash = zeroblob(32) WHERE (level, idx) = (?, ?)", place)


@pytest.mark.parametrize(
    ("attack", "said", "seq"),
    [
        (lambda db: db.execute("DELETE FROM trail WHERE seq = 5"), "entry 5 is missing", 5),
        (lambda db: db.execute("DELETE FROM trail WHERE seq = 1"), "entry 1 is missing", 1),
        (lambda db: forger.edit_body(db, 7, user="x"), "entry 7 was altered", 7),
        (node(1, 0), "part of the tree", 1),
        (node(1, 2), "part of the tree", 5),
        (node(2, 1), "part of the tree", 5),
        (node(2, 2), "part of the tree", 9),
        (lambda db: db.execute("INSERT INTO trail_node VALUES (0, 9, 0, zeroblob(32))"), "belong to no entry", 13),
        (again, "signed head was taken out or moved", 12),
        (lambda db: db.execute("DELETE FROM trail_checkpoint WHERE number = 1"), "taken out or moved", 8),
        (lambda db: forger.cut_end(db, 9, heads=False), "covers 12 entries; they are not all here", 12),
        (lambda db: destroy(db, BEN), "is gone, and no entry tells of it", 0),
        (lambda db: db.execute("UPDATE subject_key SET dek = zeroblob(32)"), "key of a person was altered", 0),
        (
            lambda db: db.execute("UPDATE subject_key SET dek = CAST(dek || x'00' AS BLOB)"),
            "key of a person was altered",
            0,
        ),
        (one_more_key, "keys of persons do not fit the entries", 0),
        (lambda db: db.execute("DELETE FROM subject_key"), "keys of persons do not fit the entries", 0),
        (lambda db: db.execute("DELETE FROM trail_signer"), "has no signer", 0),
        (lambda db: db.execute("DROP TABLE trail_node"), "a table of the trail is missing", 0),
        (lambda db: db.execute("UPDATE trail_signer SET seed = zeroblob(32)"), "signer of the trail was altered", 0),
    ],
)
def test_the_first_thing_that_does_not_fit_is_named(
    db: Connection, attack: Callable[[Connection], object], said: str, seq: int
) -> None:
    fill(db)
    forger.disarm(db)
    attack(db)
    with pytest.raises(TrailBroken, match=said) as caught:
        trail.verify_trail(db)
    assert caught.value.seq == seq
    assert caught.value.fix


def test_a_part_of_a_later_log_is_named_by_the_entries_of_the_whole_trail(db: Connection) -> None:
    fill(db)
    trail.freeze(db, at=made.NOW, user="rep")
    fill(db, 5, batch=5)
    (starts,) = db.execute("SELECT max(log) FROM trail_node").fetchone()
    assert starts == 12
    forger.disarm(db)
    for statement, seq in (
        ("UPDATE trail_node SET hash = zeroblob(32) WHERE (log, level, idx) = (12, 1, 1)", 15),
        ("INSERT INTO trail_node VALUES (12, 9, 0, zeroblob(32))", 19),
    ):
        db.execute("BEGIN")
        db.execute(statement)
        with pytest.raises(TrailBroken) as caught:
            trail.verify_trail(db)
        assert caught.value.seq == seq
        db.execute("ROLLBACK")
    assert trail.verify_trail(db)[0] == 18


def test_an_error_that_names_its_own_way_out_keeps_it(db: Connection) -> None:
    fill(db, 4)
    forger.disarm(db)
    db.execute("UPDATE trail_signer SET vkey = 'no key'")
    with pytest.raises(TrailBroken, match="no public key") as caught:
        trail.verify_trail(db)
    assert caught.value.fix == "gangly audit checkpoint --key prints it"


def test_only_an_entry_of_an_erasure_tells_of_one(db: Connection) -> None:
    fill(db, 8)
    forger.disarm(db)
    forger.edit_body(db, 7, refers=ref(db, BEN))
    db.execute("UPDATE trail SET refers = ? WHERE seq = 7", (ref(db, BEN),))
    forger.rebuild_tree(db)
    forger.resign(db)
    assert trail.verify_trail(db)[0] == 8
    destroy(db, BEN)
    with pytest.raises(TrailBroken, match="no entry tells of it"):
        trail.verify_trail(db)


def test_a_key_that_comes_back_after_its_erasure_is_named_with_the_entry_that_tells(db: Connection) -> None:
    fill(db, 8)
    held = db.execute("SELECT ref, subject, dek FROM subject_key WHERE subject = ?", (ADA,)).fetchone()
    assert trail.erase(db, [ADA], at=made.NOW, user="rep") == 1
    assert trail.verify_trail(db)[0] == 9
    forger.disarm(db)
    db.execute("UPDATE subject_key SET subject = ?, dek = ? WHERE ref = ?", (held[1], held[2], held[0]))
    with pytest.raises(TrailBroken, match="the key is still there") as caught:
        trail.verify_trail(db)
    assert caught.value.seq == 9
    db.execute("UPDATE subject_key SET dek = NULL WHERE ref = ?", (held[0],))
    with pytest.raises(TrailBroken, match="no entry tells of it"):  # the name alone is too much, too
        trail.verify_trail(db)


def test_a_witness_that_saw_more_is_told_how_many_are_here(db: Connection) -> None:
    fill(db)
    (head,) = heads_in(trail.head_line(db))
    forger.disarm(db)
    forger.cut_end(db, 9, heads=True)
    with pytest.raises(TrailBroken, match=r"the CRM saw 12 entries of gangly/\w+, the trail has 9") as caught:
        trail.compare_heads(db, [head], "the CRM")
    assert caught.value.seq == 10


@pytest.mark.parametrize("subjects", [[ADA], [ADA, BEN]])
def test_what_is_sealed_opens_with_the_keys_of_its_persons_and_nothing_else(
    db: Connection, subjects: list[str]
) -> None:
    """The form that a trail of years ago is in: one key as it is, several as the hash of all in the order of refs."""
    with transaction(db):
        sealed, blob = seal(db, subjects, ["mid-November", None])
    keys = [dek for (dek,) in db.execute("SELECT dek FROM subject_key ORDER BY ref")]
    assert len(keys) == len(subjects)
    key = keys[0] if len(keys) == 1 else hashlib.sha256(b"".join(keys)).digest()
    plain = AESGCM(key).decrypt(blob[:12], blob[12:], None)
    assert plain[:SALT] == sealed.salt
    assert json.loads(plain[SALT:]) == ["mid-November", None]


def test_texts_that_are_no_proof_or_note_are_told_with_no_entry_to_blame() -> None:
    for read in (parse_proof, parse_note):
        for text in ("", "nothing", "a\n\nb", "c2sp.org/tlog-proof@v1\nindex x\n\n", "gangly/x\n1\nAA==\n\n— a AA==\n"):
            with pytest.raises(TrailBroken) as caught:
                read(text)
            assert caught.value.seq == 0


def test_a_note_of_another_key_blames_the_entry_it_ends_at(db: Connection) -> None:
    fill(db, 4)
    note = trail.last_note(db)
    assert note is not None
    other = type(trail.key_of(db))(name="gangly/other", raw=bytes(32))
    with pytest.raises(TrailBroken, match="not signed by this key") as caught:
        open_note(note, other)
    assert caught.value.seq == 4


def test_heads_of_another_trail_are_passed_over_and_one_of_a_later_log_is_named_by_its_entry(db: Connection) -> None:
    fill(db, 4)
    trail.freeze(db, at=made.NOW, user="rep")
    fill(db, 3, batch=3)
    (head,) = heads_in(trail.head_line(db))
    assert head.origin.endswith("/2")
    other = replace(head, origin="gangly/ffffffffffffffff")
    assert trail.compare_heads(db, [other, head], "the CRM") == 1
    with pytest.raises(TrailBroken, match=rf"another root at entry {head.size} of {head.origin}") as caught:
        trail.compare_heads(db, [replace(head, root=bytes(32))], "the CRM")
    assert caught.value.seq == 4 + head.size


def test_sealed_bytes_that_do_not_open_say_so_before_anybody_knows_whose_they_are(db: Connection) -> None:
    with transaction(db):
        sealed, blob = seal(db, [ADA], ["mid-November"])
    opener = Opener(keys_of(db, sealed.refs))
    assert opener.open(sealed.refs, blob, 1) == (sealed.salt, ["mid-November"])
    for refs, bad, count in ((sealed.refs, blob[:-1] + b"!", 1), (sealed.refs, blob, 2), (("nobody",), blob, 1)):
        with pytest.raises(TrailBroken) as caught:
            opener.open(refs, bad, count)
        assert caught.value.seq == 0


def test_a_head_of_a_log_that_is_not_here_says_that_nothing_of_it_is(db: Connection) -> None:
    fill(db, 4)
    (head,) = heads_in(trail.head_line(db))
    with pytest.raises(TrailBroken, match=r"saw 4 entries of .*/9, the trail has 0") as caught:
        trail.compare_heads(db, [replace(head, origin=f"{head.origin}/9")], "the CRM")
    assert caught.value.seq == 1


def test_a_trail_of_several_pages_is_checked_to_its_end(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_check, "_PAGE", 3)
    fill(db, 8)
    assert trail.verify_trail(db)[0] == 8
    forger.disarm(db)
    forger.edit_body(db, 8, user="x")
    with pytest.raises(TrailBroken, match="entry 8 was altered"):
        trail.verify_trail(db)
