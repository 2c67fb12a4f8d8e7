"""How many cards wait, for the day's list: nothing of a card is loaded to count it."""

from __future__ import annotations

from gangly_tui.domain.proposal_state import ProposalState
from gangly_tui.store.database import Connection


def counts_by_meeting(db: Connection) -> dict[str, dict[ProposalState, int]]:
    """How many cards of each meeting stand where; a state without cards is left out."""
    counts: dict[str, dict[ProposalState, int]] = {}
    for meeting_id, state, number in db.execute(
        "SELECT meeting_id, state, count(*) FROM proposal GROUP BY meeting_id, state"
    ):
        counts.setdefault(meeting_id, {})[ProposalState(state)] = number
    return counts
