"""Cards, decisions and the outbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gangly_tui.domain.outbox import Delivery, DeliveryState
from gangly_tui.domain.proposal import Approval, ProposalState, Rejection
from gangly_tui.store import codec, decisions, engagement
from gangly_tui.store.card_counts import counts_by_meeting
from gangly_tui.store.database import Connection
from tests.store import made

HOUR = timedelta(hours=1)
S = ProposalState


def _ids(found: list[object]) -> list[str]:
    return [getattr(each, "id", "") or each.op_id for each in found]  # type: ignore[attr-defined]


def test_cards_go_by_meeting_then_by_the_order_they_were_laid_out(db: Connection) -> None:
    engagement.save_meetings(db, [made.meeting("late", start=made.NOW + HOUR), made.meeting("early")])
    decisions.save_proposals(db, [made.card(each, meeting_id="late") for each in ("z", "a", "m")])
    decisions.save_proposals(db, [made.card("e", meeting_id="early")])
    decisions.save_proposals(db, [made.card("z", meeting_id="late", note="edited")], S.LATER)
    assert _ids(decisions.proposals(db)) == ["e", "z", "a", "m"]
    assert _ids(decisions.proposals(db, meeting_id="late", states=[S.OPEN])) == ["a", "m"]
    assert _ids(decisions.proposals(db, states=[S.LATER, S.REJECTED])) == ["z"]
    assert decisions.proposals(db, states=[]) == []
    assert decisions.get_proposal(db, "z").note == "edited"


def test_a_state_moves_alone(db: Connection) -> None:
    decisions.save_proposals(db, [made.card()])
    decisions.set_proposal_state(db, "p1", S.APPROVED)
    assert decisions.proposal_state(db, "p1") is S.APPROVED
    assert decisions.get_proposal(db, "p1") == made.card()
    assert decisions.proposal_state(db, "p2") is None
    assert decisions.get_proposal(db, "p2") is None
    decisions.set_proposal_state(db, "p2", S.OPEN)
    assert decisions.proposal_state(db, "p2") is None


def test_counts_tell_meetings_and_states_apart(db: Connection) -> None:
    decisions.save_proposals(db, [made.card(each) for each in "abc"])
    decisions.save_proposals(db, [made.card("d", meeting_id="m2")], S.REJECTED)
    decisions.set_proposal_state(db, "a", S.LATER)
    assert counts_by_meeting(db) == {"m1": {S.OPEN: 2, S.LATER: 1}, "m2": {S.REJECTED: 1}}


def test_the_newest_yes_of_a_card_counts(db: Connection) -> None:
    approval = Approval(proposal_id="p1", digest="d1", by="me", at=made.NOW)
    assert decisions.approval_of(db, "p1") is None
    for digest in ("d1", "d2"):
        decisions.save_approval(db, replace(approval, digest=digest))
    assert decisions.approval_of(db, "p1") == replace(approval, digest="d2")


def test_a_no_is_kept_with_its_reason(db: Connection) -> None:
    rejection = Rejection(proposal_id="p1", by="me", at=made.NOW, reason="wrong deal")
    decisions.save_rejection(db, rejection)
    (body,) = db.execute("SELECT body FROM rejection WHERE proposal_id = 'p1'").fetchone()
    assert codec.load(Rejection, body) == rejection


def test_what_is_due_is_in_transit_and_its_time_has_come(db: Connection) -> None:
    kept: dict[str, Delivery] = {}
    for number, state in enumerate(DeliveryState):
        kept[state.value] = made.delivery(state.value, state, approved_at=made.NOW - number * HOUR)
    kept["waiting"] = made.delivery("waiting", due_at=made.NOW + HOUR)
    kept["in flight"] = made.delivery("in flight", DeliveryState.ATTEMPTED, due_at=made.NOW + HOUR)
    for each in kept.values():
        decisions.put_delivery(db, each)
    assert decisions.due_deliveries(db, made.NOW) == [kept["unknown"], kept["attempted"], kept["approved"]]
    assert len(decisions.due_deliveries(db, made.NOW + HOUR)) == 5
    assert decisions.due_deliveries(db, made.NOW - timedelta(microseconds=1)) == []
    assert decisions.next_due(db) == made.NOW
    assert _ids(decisions.deliveries(db, states=[DeliveryState.SENT])) == ["sent"]
    assert len(decisions.deliveries(db)) == len(kept)
    for name in ("approved", "attempted", "unknown"):
        decisions.put_delivery(db, replace(kept[name], state=DeliveryState.SENT, result="sandbox:account:a1"))
    assert decisions.next_due(db) == made.NOW + HOUR
    assert decisions.get_delivery(db, "approved").result == "sandbox:account:a1"
    assert decisions.get_delivery(db, "nothing") is None


def test_an_empty_outbox_has_nothing_due(db: Connection) -> None:
    assert decisions.next_due(db) is None
    assert decisions.due_deliveries(db, made.NOW) == []


def test_acceptance_counts_what_the_rep_took_as_it_was(db: Connection) -> None:
    cards = {
        "taken": (made.card("taken"), S.APPROVED),
        "edited": (made.card("edited", edited=True), S.APPROVED),
        "refused": (made.card("refused", rule="newest statement wins"), S.REJECTED),
        "open": (made.card("open"), S.OPEN),
        "undo": (made.card("undo", undoes="taken"), S.APPROVED),
        "another field": (made.card("another field", changes=(made.change("amount", 1),)), S.APPROVED),
        "new record": (made.card("new record", changes=(made.change(), made.change("amount", 1))), S.APPROVED),
    }
    for card, state in cards.values():
        decisions.save_proposals(db, [card], state)
    assert decisions.acceptance(db, "close_date") == (1, 3)
    assert decisions.acceptance(db, "newest statement wins") == (0, 1)
    assert decisions.acceptance(db, "") == (0, 0)


def test_bringing_forward_moves_the_time_of_a_resting_write_and_nothing_else(db: Connection) -> None:
    later, soon = made.NOW + timedelta(minutes=5), made.NOW
    for state in DeliveryState:
        decisions.put_delivery(db, made.delivery(state.value, state, due_at=later, error="it cannot be reached"))
    for state in DeliveryState:
        decisions.bring_forward(db, state.value, soon)
        decisions.bring_forward(db, state.value, later)
        resting = state in (DeliveryState.APPROVED, DeliveryState.UNKNOWN)
        kept = made.delivery(state.value, state, due_at=soon if resting else later, error="it cannot be reached")
        assert decisions.get_delivery(db, state.value) == kept
    assert {each.op_id for each in decisions.due_deliveries(db, soon)} == {"approved", "unknown"}
    decisions.bring_forward(db, "nobody approved this", soon)
    assert decisions.get_delivery(db, "nobody approved this") is None
