"""The outbox's state machine: what may follow what, how long to wait, when a withdrawal is still possible.

    approved ──> attempted ──> sent
       │  ^          ├───────> conflict    the record moved: back to the rep
       │  │          ├───────> rejected    the system refused the write
       │  ├──────────┤                     nothing was applied: try again later
       │  │          └───────> unknown ──> sent | conflict | rejected
       │  └───────────────────────┘        only a read-back leaves `unknown`
       ├──> conflict | rejected            seen before anything was sent
       └──> withdrawn                      the rep took it back in the grace period

Every arrow is one transaction: the state and its trail entry together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gangly_tui.domain.errors import DecisionError


class DeliveryState(StrEnum):
    """Where an approved write stands."""

    APPROVED = "approved"
    ATTEMPTED = "attempted"
    SENT = "sent"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


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
            DeliveryState.REJECTED,
            DeliveryState.APPROVED,
        }
    ),
    DeliveryState.SENT: frozenset(),
    DeliveryState.CONFLICT: frozenset(),
    DeliveryState.REJECTED: frozenset(),
    DeliveryState.WITHDRAWN: frozenset(),
}

SETTLED = frozenset({DeliveryState.SENT, DeliveryState.CONFLICT, DeliveryState.REJECTED, DeliveryState.WITHDRAWN})

DEADLINE = timedelta(seconds=30)
"""The longest one request may take in all. After it, its outcome is unknown."""

HORIZON = timedelta(seconds=20)
"""How long an `unknown` write rests before a read may say it did not land: longer than a late commit plus read lag."""

_FIRST_WAIT = 2.0
_LONGEST_WAIT = 300.0


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


def step(now: DeliveryState, then: DeliveryState) -> DeliveryState:
    """The next state. Raises DecisionError when no arrow leads there."""
    if then not in ARROWS[now]:
        raise DecisionError(f"a write that is {now.value} cannot become {then.value}")
    return then


def wait_after(attempts: int, retry_after: float | None = None) -> timedelta:
    """How long to rest before attempt `attempts + 1`: doubling from 2 s to 5 min, never less than the system asked."""
    seconds = min(_FIRST_WAIT * 2 ** max(attempts - 1, 0), _LONGEST_WAIT)
    return timedelta(seconds=max(seconds, retry_after or 0.0))


def can_withdraw(delivery: Delivery) -> bool:
    """Whether the write can still be taken back without touching the CRM: nothing of it was applied so far."""
    return delivery.state is DeliveryState.APPROVED
