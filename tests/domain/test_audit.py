from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.audit import GENESIS, AuditChange, AuditEntry, AuditKind, verify
from gangly_tui.domain.errors import TrailBroken
from tests.domain.made import CALL


def chain(length: int) -> list[AuditEntry]:
    made: list[AuditEntry] = []
    for seq in range(1, length + 1):
        entry = AuditEntry(
            seq=seq,
            at=CALL,
            kind=AuditKind.SENT,
            user="robin@seller.com",
            source="notes",
            system="sandbox",
            target="sandbox:opportunity:d1",
            target_name="Acme \u202e [/] Corp",
            changes=(AuditChange(field="amount", before=None, after="40000"),),
            quote="we have 40k",
            op_id=f"op-{seq}",
            payload_sha256="0" * 64,
            prev=made[-1].hash if made else GENESIS,
        )
        made.append(replace(entry, hash=entry.sealed_hash()))
    return made


def test_an_untouched_chain_verifies_to_its_head() -> None:
    entries = chain(5)
    assert verify(entries) == (5, entries[-1].hash)
    assert verify(entries[3:], seq=3, prev=entries[2].hash) == (5, entries[-1].hash)
    assert verify([]) == (0, GENESIS)


@given(
    st.integers(0, 4),
    st.sampled_from(
        ["user", "source", "system", "target", "target_name", "quote", "op_id", "detail", "payload_sha256"]
    ),
    st.text(min_size=1),
)
def test_any_altered_field_is_found_at_its_entry(place: int, field: str, text: str) -> None:
    entries = chain(5)
    if getattr(entries[place], field) == text or not text.isprintable():
        return
    entries[place] = replace(entries[place], **{field: text})  # type: ignore[arg-type]
    with pytest.raises(TrailBroken) as broken:
        verify(entries)
    assert broken.value.seq == place + 1


@pytest.mark.parametrize(
    ("harm", "seq"),
    [
        (lambda entries: entries.pop(2), 3),
        (lambda entries: entries.reverse(), 1),
        (lambda entries: entries.insert(2, entries[1]), 3),
        (lambda entries: entries.__setitem__(1, replace(entries[1], changes=())), 2),
    ],
    ids=["removed", "reversed", "doubled", "value dropped"],
)
def test_a_chain_out_of_order_is_found(harm: object, seq: int) -> None:
    entries = chain(5)
    harm(entries)  # type: ignore[operator]
    with pytest.raises(TrailBroken) as broken:
        verify(entries)
    assert broken.value.seq == seq


def test_a_resealed_entry_breaks_the_link_of_the_next() -> None:
    entries = chain(5)
    forged = replace(entries[1], user="mallory")
    entries[1] = replace(forged, hash=forged.sealed_hash())
    with pytest.raises(TrailBroken, match="does not follow"):
        verify(entries)
