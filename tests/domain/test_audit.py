"""What an entry's bytes say, and what they keep to themselves."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.audit import (
    AuditChange,
    AuditEntry,
    AuditKind,
    Sealed,
    body,
    canonical,
    commit,
    commitments,
    entry_of,
    fixed_values,
    salts,
    subject_ref,
)
from tests.domain.made import CALL

SEALED = Sealed(refs=("a" * 32,), salt=b"s" * 32, sha256="S")
QUOTED = Sealed(refs=("b" * 32,), salt=b"q" * 32, sha256="Q")

ENTRY = AuditEntry(
    seq=7,
    at=CALL,
    kind=AuditKind.SENT,
    user="robin@seller.com",
    source="notes",
    system="sandbox",
    target="sandbox:opportunity:d1",
    target_name="Acme \u202e [/] Corp",
    changes=(AuditChange(field="amount", before=None, after="40000"),),
    quote="we have 40k",
    op_id="op-7",
    payload_sha256="0" * 64,
    view_sha256="1" * 64,
    detail="d",
    log="gangly/0011223344556677",
)

plain_values = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.lists(st.text())


@given(plain_values | st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz_"), plain_values))
def test_our_canonical_bytes_are_those_of_rfc_8785(value: object) -> None:
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except UnicodeEncodeError:  # a lone surrogate has no form
        return
    except rfc8785.CanonicalizationError:
        return
    assert canonical(value) == expected


def test_a_commitment_is_an_hmac_over_the_canonical_value() -> None:
    expected = hmac.new(b"k" * 32, '"Zoë"'.encode(), hashlib.sha256).digest()
    assert commit(b"k" * 32, "Zoë") == b64encode(expected).decode()
    assert len({commit(b"k" * 32, each) for each in (None, "", "null", [], False, 0)}) == 6


@given(st.binary(min_size=32, max_size=32), st.lists(plain_values, max_size=6))
def test_each_value_has_a_salt_of_its_own(salt: bytes, values: list[object]) -> None:
    made = salts(salt, len(values))
    assert len({salt, *made}) == len(values) + 1
    assert all(len(each) == 32 for each in made)
    assert commitments(salt, values) == [commit(*each) for each in zip(made, values, strict=True)]  # type: ignore[arg-type]


def test_the_body_says_who_when_and_what_kind_and_no_value() -> None:
    content = body(ENTRY, SEALED, QUOTED)
    plain = json.loads(content)
    assert rfc8785.dumps(plain) == content
    assert (plain["seq"], plain["kind"], plain["user"], plain["op_id"]) == (7, "sent", "robin@seller.com", "op-7")
    assert (plain["subjects"], plain["speakers"], plain["sealed"], plain["quoted"]) == (
        ["a" * 32],
        ["b" * 32],
        "S",
        "Q",
    )
    assert fixed_values(plain) == commitments(SEALED.salt, ENTRY.values())
    for value in ("40000", "Acme", "we have", "d1", "opportunity"):
        assert value not in content.decode()


@pytest.mark.parametrize(
    "other",
    [
        {"seq": 8},
        {"at": CALL.replace(microsecond=1)},
        {"kind": AuditKind.REFUSED},
        {"user": "x"},
        {"source": "x"},
        {"system": "x"},
        {"target": "x"},
        {"target_name": "x"},
        {"quote": "x"},
        {"op_id": "x"},
        {"payload_sha256": "x"},
        {"view_sha256": "x"},
        {"detail": "x"},
        {"refers": "x"},
        {"log": "x"},
        {"changes": ()},
        {"changes": (AuditChange(field="amount", before="", after="40000"),)},
        {"changes": (AuditChange(field="amount", before=None, after="40001"),)},
        {"changes": (AuditChange(field="budget", before=None, after="40000"),)},
    ],
    ids=str,
)
def test_any_other_fact_makes_another_body(other: dict[str, object]) -> None:
    assert body(replace(ENTRY, **other), SEALED, QUOTED) != body(ENTRY, SEALED, QUOTED)  # type: ignore[arg-type]


def test_a_body_comes_back_as_the_entry_and_without_its_values_as_an_erased_one() -> None:
    plain = json.loads(body(ENTRY, SEALED, QUOTED))
    assert entry_of(plain, "", values=ENTRY.values(), quote=ENTRY.quote) == ENTRY
    gone = entry_of(plain, "", values=None, quote=None)
    assert gone.erased
    assert (gone.target, gone.target_name, gone.source, gone.quote, gone.detail) == ("erased",) * 5
    assert gone.changes == (AuditChange(field="amount", before="erased", after="erased"),)
    assert (gone.user, gone.op_id, gone.kind) == (ENTRY.user, ENTRY.op_id, ENTRY.kind)
    with pytest.raises(ValueError, match="later form"):
        entry_of(plain | {"v": 2}, "", values=None, quote=None)


def test_a_person_is_named_by_nothing_that_outlives_the_key() -> None:
    assert subject_ref(b"1" * 32, "sandbox:contact:c1") != subject_ref(b"2" * 32, "sandbox:contact:c1")
    assert len(subject_ref(b"1" * 32, "x")) == 32
