"""Shadow: what would have been written, had the hierarchy page said `mode = "live"`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.proposal import ProposalState as State
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions

_SAME = "same mailbox"
"""How the gate says on a card that a create became an update of who is there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """What was decided in shadow mode since a day. Counts of cards; `fields` by what they would have changed."""

    since: datetime
    first: datetime | None
    """the first approval of shadow mode, None when there was none"""
    would_write: int
    edited: int
    rejected: int
    undecided: int
    duplicates_blocked: int
    by_rep: tuple[tuple[str, int], ...]
    fields: tuple[tuple[str, int], ...]

    @property
    def accepted_unchanged(self) -> float | None:
        """The share of decided cards that were taken as they were; None when none was decided."""
        decided = self.would_write + self.rejected
        return (self.would_write - self.edited) / decided if decided else None


def shadow_report(desk: Desk, since: datetime) -> ShadowReport:
    """Count what shadow mode kept back since a moment. From the store alone."""
    kept = decisions.deliveries(desk.db, states=(DeliveryState.SHADOWED,), since=since)
    cards = {each.id: each for each in decisions.proposals_since(desk.db, since)}
    approved = [cards[each.op_id] for each in kept if each.op_id in cards]
    states = decisions.states_since(desk.db, since)
    return ShadowReport(
        since=since,
        first=min((each.approved_at for each in kept), default=None),
        would_write=len(kept),
        edited=sum(each.edited for each in approved),
        rejected=states[State.REJECTED],
        undecided=states[State.OPEN] + states[State.LATER],
        duplicates_blocked=sum(was_blocked(each) for each in cards.values()),
        by_rep=tuple(Counter(each.approved_by for each in kept).most_common()),
        fields=tuple(Counter(_what(each) for each in approved).most_common()),
    )


def was_blocked(card: Proposal) -> bool:
    """Whether the gate turned a create into an update of who is there already."""
    return card.group in ("contact", "field") and _SAME in card.note


def _what(card: Proposal) -> str:
    if card.group == "field" and len(card.changes) == 1:
        return f"{card.kind.label}.{card.changes[0].field}"
    return card.group or card.kind.label
