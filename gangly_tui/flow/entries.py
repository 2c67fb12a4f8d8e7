"""How a decision or a write is put into the trail: always the same facts, from the card itself."""

from __future__ import annotations

from datetime import datetime

from gangly_tui.domain.audit import AuditChange, AuditEntry, AuditKind
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import encode
from gangly_tui.store import trail
from gangly_tui.store.database import Connection


def remember(
    db: Connection,
    kind: AuditKind,
    card: Proposal,
    *,
    at: datetime,
    user: str,
    system: str,
    detail: str = "",
    target: str = "",
) -> AuditEntry:
    """Append one entry about a card. Call it inside the transaction that changes the state it tells of."""
    return trail.append(
        db,
        at=at,
        kind=kind,
        user=user,
        source=card.source,
        system=system,
        target=target or (str(card.target) if card.target else f"new {card.kind.value}"),
        target_name=card.target_name,
        changes=tuple(
            AuditChange(field=each.field, before=encode(each.before), after=encode(each.after)) for each in card.changes
        ),
        quote=card.evidence.text if card.evidence else "",
        op_id=card.id,
        payload_sha256=card.payload_sha256(),
        detail=detail,
    )
