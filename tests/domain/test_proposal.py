from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest

from gangly_tui.domain.proposal import Action, Conflict, Proposal, ProposalState, Risk
from gangly_tui.domain.records import Kind
from tests.domain.made import CALL, card, change, evidence, ref

OTHER = {
    "suspects": ("s:contact:c9",),
    "id": "op-2",
    "meeting_id": "m2",
    "action": Action.REMOVE,
    "kind": Kind.CONTACT,
    "target": ref(Kind.OPPORTUNITY, "d2"),
    "target_name": "Other",
    "changes": (change(after=date(2026, 11, 16)),),
    "drafted_at": CALL.replace(minute=1),
    "source": "transcript",
    "base_version": "2",
    "evidence": evidence("Something else."),
    "more": (evidence("And this."),),
    "reading": "x",
    "against": evidence("But not yet."),
    "rule": "x",
    "note": "x",
    "risk": Risk.FORECAST,
    "confidence": 0.5,
    "choices": (),
    "conflict": Conflict(field="x", base=None, theirs=Decimal(1), mine=Decimal(2), by="Kim", at=CALL),
    "edited": True,
    "undoes": "op-0",
    "replaces": "op-0",
    "group": "x",
    "home": "post",
}


@pytest.mark.parametrize("name", [each.name for each in fields(Proposal) if each.name != "choices"])
def test_the_digest_covers_every_field_of_the_card(name: str) -> None:
    assert replace(card(), **{name: OTHER[name]}).digest() != card().digest()  # type: ignore[arg-type]


def test_equal_cards_have_equal_digests() -> None:
    assert card().digest() == card().digest()


def test_the_payload_hash_covers_what_is_sent_and_nothing_else() -> None:
    assert card(rule="other", note="x").payload_sha256() == card().payload_sha256()
    assert card(target=None, home="post").payload_sha256() != card(target=None).payload_sha256()
    for sent in ("action", "kind", "target", "changes"):
        assert replace(card(), **{sent: OTHER[sent]}).payload_sha256() != card().payload_sha256()  # type: ignore[arg-type]


def test_an_edit_is_another_card() -> None:
    edited = card().with_after("close_date", date(2026, 12, 1))
    assert edited.edited
    assert edited.changes[0].after == date(2026, 12, 1)
    assert edited.changes[0].before == card().changes[0].before
    assert edited.digest() != card().digest()


def test_headings_name_the_record_and_what_happens_to_it() -> None:
    assert card().heading == "Platform 2026 › Close date"
    assert card(action=Action.CREATE, group="next step").heading == "Platform 2026 › new next step"
    assert card(action=Action.REMOVE, group="next step").heading == "Platform 2026 › remove"


def test_a_card_without_target_but_with_choices_waits() -> None:
    assert not card().needs_choice
    assert card(target=None).needs_choice is False
    assert ProposalState("open") is ProposalState.OPEN
