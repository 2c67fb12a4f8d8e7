"""The cards, what the rep decided about each, and the outbox."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from gangly_tui.domain.outbox import Delivery, DeliveryState
from gangly_tui.domain.proposal import Approval, Proposal, Rejection
from gangly_tui.domain.proposal_state import ProposalState
from gangly_tui.domain.records import Kind
from gangly_tui.store.card_counts import IN_TRANSIT
from gangly_tui.store.codec import dump, instant, load, well_formed
from gangly_tui.store.database import Connection, transaction
from gangly_tui.store.room import require


def save_proposals(db: Connection, proposals: Iterable[Proposal], state: ProposalState = ProposalState.OPEN) -> None:
    """Insert or update by id; a card that is saved again keeps its place among the others."""
    with transaction(db):
        db.executemany(
            """INSERT INTO proposal (id, meeting_id, state, field, rule, edited, undoes, drafted_at, body)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET meeting_id = excluded.meeting_id, state = excluded.state,
                   field = excluded.field, rule = excluded.rule, edited = excluded.edited, undoes = excluded.undoes,
                   drafted_at = excluded.drafted_at, body = excluded.body""",
            [
                (
                    each.id,
                    each.meeting_id,
                    state.value,
                    each.changes[0].field if len(each.changes) == 1 else "",
                    well_formed(each.rule),
                    each.edited,
                    each.undoes,
                    instant(each.drafted_at),
                    dump(each),
                )
                for each in proposals
            ],
        )


def get_proposal(db: Connection, id: str) -> Proposal | None:  # noqa: A002  # the word for it
    """The card, exactly as it was saved, or None when there is none."""
    row = db.execute("SELECT body FROM proposal WHERE id = ?", (id,)).fetchone()
    return load(Proposal, row[0]) if row else None


def proposal_state(db: Connection, id: str) -> ProposalState | None:  # noqa: A002  # the word for it
    """Where the card stands with the rep, or None when there is no such card."""
    row = db.execute("SELECT state FROM proposal WHERE id = ?", (id,)).fetchone()
    return ProposalState(row[0]) if row else None


def proposals(
    db: Connection, *, states: Collection[ProposalState] | None = None, meeting_id: str | None = None
) -> list[Proposal]:
    """The cards by the time of their meeting, then in the order in which they were first saved.

    `states` and `meeting_id` narrow it down; None means all.
    """
    rows = db.execute(
        """SELECT proposal.body FROM proposal LEFT JOIN meeting ON meeting.id = proposal.meeting_id
           WHERE (?1 IS NULL OR proposal.state IN (SELECT value FROM json_each(?1)))
             AND (?2 IS NULL OR proposal.meeting_id = ?2)
           ORDER BY coalesce(meeting.start_at, proposal.drafted_at), proposal.meeting_id, proposal.position""",
        (None if states is None else json.dumps([each.value for each in states]), meeting_id),
    )
    return [load(Proposal, body) for (body,) in rows]


def proposals_since(db: Connection, since: datetime) -> list[Proposal]:
    """Every card that was drafted since, whatever became of it."""
    rows = db.execute("SELECT body FROM proposal WHERE drafted_at >= ? ORDER BY position", (instant(since),))
    return [load(Proposal, body) for (body,) in rows]


def states_since(db: Connection, since: datetime) -> Counter[ProposalState]:
    """How many of the cards that were drafted since stand where."""
    rows = db.execute("SELECT state, count(*) FROM proposal WHERE drafted_at >= ? GROUP BY state", (instant(since),))
    return Counter({ProposalState(state): count for state, count in rows})


def set_proposal_state(db: Connection, id: str, state: ProposalState) -> None:  # noqa: A002  # the word for it
    """Move a card. A card that does not exist is left out."""
    db.execute("UPDATE proposal SET state = ? WHERE id = ?", (state.value, id))


def save_approval(db: Connection, approval: Approval) -> None:
    """Keep the rep's yes; a card has one, the newest. Raises StoreFull when no room is left for what follows it."""
    if db.room:
        require(db.path, db.room)
    db.execute("INSERT OR REPLACE INTO approval VALUES (?, ?)", (approval.proposal_id, dump(approval)))


def approval_of(db: Connection, proposal_id: str) -> Approval | None:
    """The rep's yes to a card, or None when there is none."""
    row = db.execute("SELECT body FROM approval WHERE proposal_id = ?", (proposal_id,)).fetchone()
    return load(Approval, row[0]) if row else None


def save_rejection(db: Connection, rejection: Rejection) -> None:
    """Keep the rep's no; a card has one, the newest."""
    db.execute("INSERT OR REPLACE INTO rejection VALUES (?, ?)", (rejection.proposal_id, dump(rejection)))


def put_delivery(db: Connection, delivery: Delivery) -> None:
    """Insert or update by operation id."""
    db.execute(
        "INSERT OR REPLACE INTO delivery VALUES (?, ?, ?, ?, ?)",
        (
            delivery.op_id,
            delivery.state.value,
            instant(delivery.approved_at),
            instant(delivery.due_at),
            dump(delivery),
        ),
    )


def bring_forward(db: Connection, op_id: str, due_at: datetime) -> None:
    """Let a write that rests be looked at earlier. Nothing but the time moves; what is in the air or settled stays."""
    delivery = get_delivery(db, op_id)
    if delivery is not None and due_at < delivery.due_at:
        db.execute(
            "UPDATE delivery SET due_at = ?, body = ? WHERE op_id = ? AND state IN ('approved', 'unknown')",
            (instant(due_at), dump(replace(delivery, due_at=due_at)), op_id),
        )


def get_delivery(db: Connection, op_id: str) -> Delivery | None:
    """The approved write, or None when the card was never approved."""
    row = db.execute("SELECT body FROM delivery WHERE op_id = ?", (op_id,)).fetchone()
    return load(Delivery, row[0]) if row else None


def deliveries(
    db: Connection, *, states: Collection[DeliveryState] | None = None, since: datetime | None = None
) -> list[Delivery]:
    """The approved writes, oldest approval first; `states` and `since`, when it was approved, narrow it down."""
    rows = db.execute(
        """SELECT body FROM delivery WHERE (?1 IS NULL OR state IN (SELECT value FROM json_each(?1)))
           AND (?2 IS NULL OR approved_at >= ?2) ORDER BY approved_at, op_id""",
        (
            None if states is None else json.dumps([each.value for each in states]),
            None if since is None else instant(since),
        ),
    )
    return [load(Delivery, body) for (body,) in rows]


def due_deliveries(db: Connection, at: datetime) -> list[Delivery]:
    """Everything in transit whose time has come, oldest approval first.

    An `attempted` one has its time set past the deadline of its request: when it is due, a crash left it behind.
    """
    rows = db.execute(
        f"SELECT body FROM delivery WHERE {IN_TRANSIT} AND due_at <= ? ORDER BY approved_at, op_id", (instant(at),)
    )
    return [load(Delivery, body) for (body,) in rows]


def next_due(db: Connection) -> datetime | None:
    """When the next write in transit wants attention; None when there is none."""
    row = db.execute(f"SELECT body FROM delivery WHERE {IN_TRANSIT} ORDER BY due_at LIMIT 1").fetchone()
    return load(Delivery, row[0]).due_at if row else None


def first_decision(db: Connection) -> datetime | None:
    """When the first card was drafted that somebody has decided; None when none was."""
    row = db.execute(
        "SELECT body FROM proposal WHERE state IN ('approved', 'rejected') ORDER BY drafted_at LIMIT 1"
    ).fetchone()
    return load(Proposal, row[0]).drafted_at if row else None


def fields_used(db: Connection, since: datetime) -> set[tuple[Kind, str]]:
    """The fields of every card that was drafted since: what the work needs."""
    rows = db.execute(
        """SELECT DISTINCT json_extract(proposal.body, '$.kind'), json_extract(change.value, '$.field')
           FROM proposal, json_each(proposal.body, '$.changes') AS change WHERE drafted_at >= ?""",
        (instant(since),),
    )
    return {(Kind(kind), name) for kind, name in rows}


def acceptance(db: Connection, rule_or_field: str) -> tuple[int, int]:
    """How often the rep took such a card as it was, of how many decided: by rule, or by the one field it changes."""
    accepted, decided = db.execute(
        """SELECT count(*) FILTER (WHERE state = 'approved' AND NOT edited), count(*) FROM proposal
           WHERE (field = ?1 OR rule = ?1) AND ?1 <> '' AND state IN ('approved', 'rejected') AND undoes = ''""",
        (well_formed(rule_or_field),),
    ).fetchone()
    return accepted, decided
