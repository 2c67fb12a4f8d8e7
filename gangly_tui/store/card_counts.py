"""How many cards and writes wait: nothing of a card or a delivery is loaded to count them."""

from __future__ import annotations

from gangly_tui.domain.proposal_state import ProposalState
from gangly_tui.store.database import Connection

IN_TRANSIT = "state IN ('approved', 'attempted', 'unknown')"
"""The deliveries that want attention, as the index over their time has it."""


def counts_by_meeting(db: Connection) -> dict[str, dict[ProposalState, int]]:
    """How many cards of each meeting stand where; a state without cards is left out."""
    counts: dict[str, dict[ProposalState, int]] = {}
    for meeting_id, state, number in db.execute(
        "SELECT meeting_id, state, count(*) FROM proposal GROUP BY meeting_id, state"
    ):
        counts.setdefault(meeting_id, {})[ProposalState(state)] = number
    return counts


def in_transit(db: Connection) -> int:
    """How many approved writes are not settled yet."""
    return int(db.execute(f"SELECT count(*) FROM delivery WHERE {IN_TRANSIT}").fetchone()[0])
