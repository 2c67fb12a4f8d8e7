"""The outbox's state machine: what may follow what, how long to wait, when a withdrawal is still possible.

    approved ──> attempted ──> sent
       │  ^          ├───────> conflict    the record moved: back to the rep
       │  │          ├───────> rejected    the system refused the write
       │  ├──────────┤                     nothing was applied: try again later
       │  │          └───────> unknown ──> sent | conflict | needs human
       │  └───────────────────────┘        only a read-back after the horizon leaves `unknown`
       ├──> sent                           it stood there already: nothing was sent
       ├──> conflict | rejected            seen before anything was sent
       └──> withdrawn                      the rep took it back in the grace period

    shadowed: approved in shadow mode. No arrow leads to it or from it: nothing of it is ever sent.

`needs human`: no read can tell whether it arrived, so it is never sent again by itself; a card asks the rep.
Every arrow is one transaction: the state and its trail entry together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.proposal import FieldChange


class DeliveryState(StrEnum):
    """Where an approved write stands."""

    APPROVED = "approved"
    ATTEMPTED = "attempted"
    SENT = "sent"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NEEDS_HUMAN = "needs human"
    WITHDRAWN = "withdrawn"
    SHADOWED = "shadowed"
    """approved while the hierarchy page says `mode = "shadow"`: never sent, only counted"""


ARROWS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.APPROVED: frozenset(
        {
            DeliveryState.ATTEMPTED,
            DeliveryState.APPROVED,
            DeliveryState.SENT,
            DeliveryState.CONFLICT,
            DeliveryState.REJECTED,
            DeliveryState.WITHDRAWN,
        }
    ),
    DeliveryState.ATTEMPTED: frozenset(
        {
            DeliveryState.SENT,
            DeliveryState.CONFLICT,
            DeliveryState.REJECTED,
            DeliveryState.UNKNOWN,
            DeliveryState.APPROVED,
        }
    ),
    DeliveryState.UNKNOWN: frozenset(
        {
            DeliveryState.UNKNOWN,
            DeliveryState.SENT,
            DeliveryState.CONFLICT,
            DeliveryState.NEEDS_HUMAN,
            DeliveryState.APPROVED,
        }
    ),
    DeliveryState.NEEDS_HUMAN: frozenset(),
    DeliveryState.SENT: frozenset(),
    DeliveryState.CONFLICT: frozenset(),
    DeliveryState.REJECTED: frozenset(),
    DeliveryState.WITHDRAWN: frozenset(),
    DeliveryState.SHADOWED: frozenset(),
}

SETTLED = frozenset(state for state, arrows in ARROWS.items() if not arrows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what. The defaults suit a CRM on the internet."""

    deadline: timedelta = timedelta(seconds=30)
    """the longest one request may take in all; after it, its outcome is unknown"""
    horizon: timedelta = timedelta(seconds=20)
    """how long an `unknown` write rests before a read may judge it: longer than a late commit plus read lag"""
    first_wait: timedelta = timedelta(seconds=2)
    """before the second attempt; it doubles from there"""
    longest_wait: timedelta = timedelta(seconds=300)


PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One approved write in transit. `op_id` is the proposal's id and the marker in the CRM."""

    op_id: str
    state: DeliveryState
    payload_sha256: str
    approved_by: str
    approved_at: datetime
    due_at: datetime
    """not before this: the end of the grace period, or of a wait after a failure"""
    grace_until: datetime
    attempts: int = 0
    changed_at: datetime | None = None
    error: str = ""
    fix: str = ""
    result: str = ""
    """the written record as `system:kind:id`, once known"""
    seen_version: str = ""
    """the record's version when it was compared right before the attempt"""
    seen_at: datetime | None = None
    """when the record had last changed then, by the system's own clock"""
    answered: bool = False
    """the system said yes to the attempt: such a write is never sent again, whatever a read shows"""
    doubles: str = ""
    """the record, as `system:kind:id`, that is there already: this create ended as a duplicate"""
    overwrote: tuple[FieldChange, ...] = ()
    """what the write went over although nobody approved it: the true values before, who set them and when"""


def step(now: DeliveryState, then: DeliveryState) -> DeliveryState:
    """The next state. Raises DecisionError when no arrow leads there."""
    if then not in ARROWS[now]:
        raise DecisionError(f"a write that is {now.value} cannot become {then.value}")
    return then


def wait_after(attempts: int, retry_after: float | None = None, patience: Patience = PATIENCE) -> timedelta:
    """How long to rest before attempt `attempts + 1`: doubling up to a limit, never less than the system asked."""
    times: int = 2 ** min(max(attempts - 1, 0), 20)
    return max(min(patience.first_wait * times, patience.longest_wait), timedelta(seconds=retry_after or 0.0))


def can_withdraw(delivery: Delivery) -> bool:
    """Whether the write can still be taken back without touching the CRM: nothing of it was applied so far."""
    return delivery.state is DeliveryState.APPROVED
