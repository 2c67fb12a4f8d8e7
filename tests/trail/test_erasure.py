"""Erasing a person: what was theirs is gone from the bytes, everything else stays and verifies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gangly_tui.domain.audit import AuditChange, AuditKind
from gangly_tui.domain.records import Kind
from gangly_tui.flow.entries import subjects_of
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, open_database
from tests.store import made
from tests.trail.conftest import ADA, BEN, DEAL, fill

CANARY = "+49 170 5550123"


def about(db: Connection, *subjects: str, quote: str = "", speakers: tuple[str, ...] = (), op_id: str = "p1") -> None:
    made.append(
        db,
        subjects=subjects,
        speakers=speakers,
        quote=quote,
        op_id=op_id,
        target_name="Ada Lind",
        source="notes Ada Lind.txt",
        changes=(AuditChange(field="phone", before=None, after=CANARY),),
    )


def test_what_was_theirs_is_gone_and_the_rest_stands(db: Connection) -> None:
    about(db, ADA)
    about(db, BEN)
    about(db, ADA, BEN)
    about(db, DEAL, quote="call me", speakers=(ADA,))
    notes = [trail.sign_head(db)]
    assert trail.count(db, text=CANARY) == 4
    assert trail.erase(db, [ADA], at=made.NOW, user="rep@ours.com") == 1
    first, second, both, quoted, erased = trail.entries(db)
    assert first.erased and both.erased and quoted.erased and not second.erased
    assert (first.target_name, first.source, first.changes[0].after, first.subjects) == ("erased",) * 3 + ((),)
    assert second.changes[0].after == CANARY and second.subjects == (BEN,)
    assert both.changes[0].after == "erased", "what is theirs too goes with either"
    assert quoted.changes[0].after == CANARY and quoted.quote == "erased", "the deal's values are not the speaker's"
    assert (first.user, first.op_id, first.changes[0].field) == ("rep@ours.com", "p1", "phone")
    assert (erased.kind, erased.user, ADA in erased.refers) == (AuditKind.ERASED, "rep@ours.com", False)
    assert trail.count(db, text=CANARY) == 2
    assert trail.verify_trail(db, values=True)[0] == 5
    assert trail.compare_notes(db, [each for each in notes if each], "the witness") == 1


def test_an_erased_person_may_come_back_under_another_key(db: Connection) -> None:
    about(db, ADA)
    assert trail.erase(db, [ADA, ADA], at=made.NOW, user="rep") == 1
    assert trail.erase(db, [ADA, "nobody"], at=made.NOW, user="rep") == 0
    about(db, ADA)
    first, _, again = trail.entries(db)
    assert first.erased and again.changes[0].after == CANARY
    assert trail.erase(db, [ADA], at=made.NOW, user="rep") == 1
    assert trail.verify_trail(db, values=True)[0] == 4


def test_the_card_that_made_a_person_goes_with_them(db: Connection) -> None:
    about(db, trail.card_subject("op-7"), op_id="op-7")
    about(db, ADA, op_id="op-7")
    about(db, trail.card_subject("op-8"), op_id="op-8")
    assert trail.erase(db, [ADA], at=made.NOW, user="rep") == 2
    assert [each.erased for each in trail.entries(db)] == [True, True, False, False, False]
    assert trail.verify_trail(db)[0] == 5


def test_a_contact_is_known_by_its_record_and_its_mailbox() -> None:
    contact = made.record(Kind.CONTACT, "c1", first_name="Ada", email="Ada@Acme.de")
    assert subjects_of(contact) == ("sandbox:contact:c1", "mailbox:ada@acme.de")
    assert subjects_of(made.record(Kind.CONTACT, "c2")) == ("sandbox:contact:c2",)


def test_the_trail_itself_is_nobody_to_erase(db: Connection) -> None:
    fill(db, 2)
    trail.freeze(db, at=made.NOW, user="rep")
    assert trail.erase(db, [trail.THE_LOG], at=made.NOW, user="rep") == 0


def test_the_bytes_of_the_key_and_of_the_name_are_gone(path: Path) -> None:
    db = open_database(path)  # in clear, so that the file can be searched
    for _ in range(40):
        about(db, ADA)
        about(db, BEN)
    (key,) = db.execute("SELECT dek FROM subject_key WHERE subject = ?", (ADA,)).fetchone()
    (other,) = db.execute("SELECT dek FROM subject_key WHERE subject = ?", (BEN,)).fetchone()

    def copies(what: bytes) -> int:
        return sum(each.read_bytes().count(what) for each in path.parent.glob(f"{path.name}*"))

    assert copies(key) and copies(ADA.encode())
    assert copies(CANARY.encode()) == 0, "a value lies sealed from the start"
    trail.erase(db, [ADA], at=made.NOW, user="rep")
    trail.forget_pages(db)
    assert copies(key) == copies(ADA.encode()) == 0
    assert copies(other)
    assert trail.verify_trail(db, values=True)[0] == 81
    db.close()
    assert copies(key) == copies(ADA.encode()) == copies(CANARY.encode()) == 0


@pytest.mark.parametrize("subjects", [(), ("",)])
def test_an_entry_about_nobody_is_its_targets(db: Connection, subjects: tuple[str, ...]) -> None:
    assert made.append(db, subjects=subjects).subjects == ("sandbox:opportunity:o1",)
    assert made.append(db, subjects=subjects, target="").subjects == (trail.THE_LOG,)


def test_a_sealed_value_opens_by_the_form_it_was_written_in(db: Connection) -> None:
    """12 bytes of nonce, then AES-256-GCM over 32 bytes of salt and the values: what is on disk stays readable.

    The key is the person's; of several persons the SHA-256 of their keys, in the order of their names in the body.
    """
    about(db, ADA)
    about(db, ADA, BEN)
    (one,), (two,) = db.execute("SELECT sealed FROM trail ORDER BY seq").fetchall()
    keys = dict(db.execute("SELECT subject, dek FROM subject_key"))
    by_ref = [dek for _, dek in sorted(db.execute("SELECT ref, dek FROM subject_key"))]
    assert len(keys[ADA]) == 32 and len(by_ref) == 2
    for blob, key in ((one, keys[ADA]), (two, hashlib.sha256(b"".join(by_ref)).digest())):
        plain = AESGCM(key).decrypt(blob[:12], blob[12:], None)
        assert CANARY in plain[32:].decode() and plain[32:33] == b"["
