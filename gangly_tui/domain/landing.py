"""Before and after are real: how a card stands against what the CRM holds right now."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from gangly_tui.domain.proposal import Action, Conflict, FieldChange, Proposal
from gangly_tui.domain.records import Kind, Record, Value
from gangly_tui.domain.values import same, show


class Standing(StrEnum):
    """What a fresh read says about a card."""

    CLEAR = "clear"
    """every field still has the value the card was drafted on; edits of other fields merge silently"""
    LANDED = "landed"
    """every field already has the value the card asks for"""
    MOVED = "moved"
    """a field of the card has a third value"""


def compare(card: Proposal, current: Record) -> Standing:
    """How an update or a removal stands against the record as it is now."""
    if card.action is Action.UPDATE and landed(card, current):
        return Standing.LANDED
    clear = all(holds(card.kind, each.field, current.fields.get(each.field), each.before) for each in card.changes)
    return Standing.CLEAR if clear else Standing.MOVED


def landed(card: Proposal, current: Record) -> bool:
    """Whether the record holds every value the card asks for: what "saved" means."""
    return all(holds(card.kind, each.field, current.fields.get(each.field), each.after) for each in card.changes)


def holds(kind: Kind, field: str, stands: Value, wanted: Value) -> bool:
    """Whether a field holds a value. An activity's body may go on after it: the audit footer travels there."""
    if same(stands, wanted):
        return True
    if kind is Kind.ACTIVITY and field == "body" and isinstance(stands, str) and isinstance(wanted, str):
        return stands.startswith(wanted.rstrip() + "\n")
    return False


def conflict_card(card: Proposal, current: Record, new_id: str) -> Proposal:
    """The card that comes back to the rep: base, theirs and mine of the first field that moved."""
    moved = next(
        (each for each in card.changes if not same(current.fields.get(each.field), each.before)), card.changes[0]
    )
    theirs = current.fields.get(moved.field)
    stamp = current.changed.get(moved.field)
    by = stamp.by if stamp else current.updated_by
    at = stamp.at if stamp else current.updated_at
    return replace(
        card,
        id=new_id,
        changes=tuple(_rebased(each, current) for each in card.changes),
        base_version=current.version,
        conflict=Conflict(field=moved.field, base=moved.before, theirs=theirs, mine=moved.after, by=by, at=at),
        note=f"{by or 'somebody'} changed {moved.label} to {show(theirs, moved.type)} after this card was drafted",
        replaces=card.id,
    )


def returned_card(card: Proposal, reason: str, new_id: str) -> Proposal:
    """The card of a write that the CRM refused: open again under a new operation id, with the reason on it."""
    return replace(card, id=new_id, note=reason, replaces=card.id)


def duplicate_card(card: Proposal, existing: Record, system: str, new_id: str) -> Proposal:
    """A create becomes an update of the record that is already there: only what is empty in it is filled."""
    gaps = tuple(
        replace(each, before=existing.fields.get(each.field))
        for each in card.changes
        if same(existing.fields.get(each.field), None)
    )
    return replace(
        card,
        id=new_id,
        action=Action.UPDATE,
        target=existing.ref,
        target_name=existing.title,
        changes=gaps,
        base_version=existing.version,
        note=f"{existing.title} is already in {system}: updating that record instead of making a second one",
        replaces=card.id,
    )


def _rebased(change: FieldChange, current: Record) -> FieldChange:
    stamp = current.changed.get(change.field)
    return replace(
        change,
        before=current.fields.get(change.field),
        before_by=stamp.by if stamp else current.updated_by,
        before_at=stamp.at if stamp else current.updated_at,
    )
