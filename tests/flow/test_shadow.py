"""The shadow report: what would have been written, counted from the store, and nothing counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.domain.records import Kind
from gangly_tui.flow.shadow import shadow_report, was_blocked
from gangly_tui.store import decisions
from tests.domain.made import card, change
from tests.flow.conftest import CALL, House
from tests.store.made import delivery

SINCE = CALL - timedelta(days=14)


def put(house: House, identifier: str, state: ProposalState, **parts: object) -> Proposal:
    made = replace(card(), id=identifier, **parts)  # type: ignore[arg-type]
    decisions.save_proposals(house.desk.db, [made], state)
    return made


def kept_back(house: House, identifier: str, *, by: str = "rep@ours.com", days_ago: float = 0, **parts: object) -> None:
    """A card that was approved in shadow mode."""
    put(house, identifier, ProposalState.APPROVED, **parts)
    at = CALL - timedelta(days=days_ago)
    made = replace(delivery(identifier, DeliveryState.SHADOWED, approved_at=at, changed_at=at), approved_by=by)
    decisions.put_delivery(house.desk.db, made)


def test_without_a_decision_there_is_nothing_to_tell(house: House) -> None:
    report = shadow_report(house.desk, SINCE)
    assert (report.first, report.would_write, report.accepted_unchanged) == (None, 0, None)
    assert (report.by_rep, report.fields) == ((), ())


def test_what_would_have_been_written_is_counted_by_rep_and_by_field(house: House) -> None:
    amount = (change(field="amount"),)
    kept_back(house, "a", days_ago=3)
    kept_back(house, "b", by="kim@ours.com", edited=True)
    kept_back(house, "c", changes=amount)
    kept_back(house, "d", kind=Kind.ACTIVITY, group="summary", changes=(change(field="subject"), change(field="body")))
    put(house, "no", ProposalState.REJECTED)
    put(house, "open", ProposalState.OPEN)
    put(house, "later", ProposalState.LATER)
    report = shadow_report(house.desk, SINCE)
    assert (report.would_write, report.edited, report.rejected, report.undecided) == (4, 1, 1, 2)
    assert report.accepted_unchanged == pytest.approx(3 / 5)
    assert report.first == CALL - timedelta(days=3)
    assert report.by_rep == (("rep@ours.com", 3), ("kim@ours.com", 1))
    assert report.fields == (("deal.close_date", 2), ("deal.amount", 1), ("summary", 1))


def test_what_was_sent_for_real_is_none_of_it(house: House) -> None:
    put(house, "live", ProposalState.APPROVED)
    decisions.put_delivery(house.desk.db, delivery("live", DeliveryState.SENT, approved_at=CALL, changed_at=CALL))
    assert shadow_report(house.desk, SINCE).would_write == 0


def test_what_was_decided_before_is_left_out(house: House) -> None:
    long_ago = SINCE - timedelta(days=1)
    kept_back(house, "old", days_ago=15, drafted_at=long_ago)
    put(house, "no", ProposalState.REJECTED, drafted_at=long_ago)
    put(house, "open", ProposalState.OPEN, drafted_at=long_ago)
    kept_back(house, "edge", days_ago=14, drafted_at=SINCE)
    report = shadow_report(house.desk, SINCE)
    assert (report.would_write, report.rejected, report.undecided, report.first) == (1, 0, 0, SINCE)


@pytest.mark.parametrize(
    ("group", "note", "blocked"),
    [
        ("contact", "already a contact: same mailbox", True),
        ("field", "already a contact: same mailbox", True),
        ("contact", "", False),
        ("follow-up", "1 left out, asked for no mail: same mailbox", False),
    ],
)
def test_a_create_that_became_an_update_is_a_duplicate_blocked(
    house: House, group: str, note: str, blocked: bool
) -> None:
    assert was_blocked(put(house, "a", ProposalState.OPEN, group=group, note=note)) is blocked
    assert shadow_report(house.desk, SINCE).duplicates_blocked == int(blocked)
