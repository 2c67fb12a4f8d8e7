"""Before and after are real: how a card stands against what the CRM holds right now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.proposal import Action, Conflict, FieldChange, Proposal
from gangly_tui.domain.records import FieldEdit, Kind, Record, Value
from gangly_tui.domain.shared_mailbox import shared_words, somebody_else
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
    return all(holds(card.kind, each.field, current.fields.get(each.field), each.after) for each in card.written)


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
    """A create becomes an update of the record that is already there: only what is empty in it is filled.

    One that bears another name may be somebody else at the same address, or what a rule of the CRM takes for them: the
    create comes back, to be approved for a reason.
    """
    said = {each.field: str(each.after or "") for each in card.changes}
    first, last, email = (said.get(each, "") for each in ("first_name", "last_name", "email"))
    if card.kind is Kind.CONTACT and (first or last) and somebody_else(first, last, email, existing):
        there = existing.text("email")
        alike = bool(mailbox(email)) and mailbox(email) == mailbox(there)
        note = shared_words(email, existing) if alike else f"{system} takes {existing.title} for the same person"
        suspects = tuple(dict.fromkeys((*card.suspects, str(existing.ref))))
        return replace(card, id=new_id, suspects=suspects, note=note, replaces=card.id)
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
        suspects=(),
        replaces=card.id,
    )


Histories = Mapping[str, Sequence[FieldEdit] | None]
"""By field, newest first; None where the system keeps none."""


def arrived(card: Proposal, histories: Histories, since: datetime | None) -> bool | None:
    """Whether the histories show the values of an update, put in at or after `since`. None: they cannot tell."""
    told = [_ours(each, histories.get(each.field), since) for each in card.changes if not same(each.before, each.after)]
    if any(told):
        return True
    return None if not told or None in told else False


def written_over(card: Proposal, histories: Histories, since: datetime | None) -> tuple[FieldChange, ...]:
    """The changes of an update that went over a value nobody approved: each with its true before, and whose it was."""
    found = []
    for change in card.changes:
        edits = histories.get(change.field)
        for number in _ours(change, edits, since) or ():
            assert edits is not None  # there is one of ours in it
            true = edits[number].before
            if not same(true, change.before):
                theirs = next((each for each in edits[number + 1 :] if same(each.after, true)), None)
                stamp = (theirs.by, theirs.at) if theirs else ("", None)
                found.append(replace(change, before=true, before_by=stamp[0], before_at=stamp[1]))
    return tuple(found)


def _ours(change: FieldChange, edits: Sequence[FieldEdit] | None, since: datetime | None) -> tuple[int, ...] | None:
    """Where in the history the newest edit to our value is: one place or none. None: there is no history."""
    if edits is None:
        return None
    for number, each in enumerate(edits):
        if since is not None and each.at < since:
            break
        if same(each.after, change.after):
            return (number,)
    return ()


def moved_since(card: Proposal, current: Record) -> str:
    """Who changed what after the write arrived, in words; "" when the record still holds it."""
    for change in card.changes:
        stands = current.fields.get(change.field)
        if not holds(card.kind, change.field, stands, change.after):
            stamp = current.changed.get(change.field)
            who = stamp.by if stamp else current.updated_by
            return f"{who or 'somebody'} has changed {change.label} to {show(stands, change.type)} since"
    return ""


def unclear_card(card: Proposal, current: Record | None, reason: str, new_id: str) -> Proposal:
    """The card for a person when no read can tell: on what stands there now, to be approved only if it is missing."""
    note = f"{reason}. Look at the record: reject this if it is there, approve it to send it again"
    changes = tuple(_rebased(each, current) for each in card.changes) if current else card.changes
    version = current.version if current else card.base_version
    return replace(card, id=new_id, changes=changes, base_version=version, note=note, replaces=card.id)


def restore_card(
    card: Proposal, overwrote: tuple[FieldChange, ...], current: Record, at: datetime, new_id: str
) -> Proposal:
    """The card that offers to put back what our write went over while it was on its way."""
    first = overwrote[0]
    who = first.before_by or "somebody"
    return replace(
        card,
        id=new_id,
        changes=tuple(
            replace(each, before=current.fields.get(each.field), after=each.before, before_by="", before_at=None)
            for each in overwrote
        ),
        drafted_at=at,
        base_version=current.version,
        evidence=None,
        reading="",
        against=None,
        rule="puts back what was written over",
        note=f"{who} set {first.label} to {show(first.before, first.type)} while this write was on its way",
        conflict=None,
        edited=False,
        undoes=card.id,
        replaces="",
    )


def _rebased(change: FieldChange, current: Record) -> FieldChange:
    stamp = current.changed.get(change.field)
    return replace(
        change,
        before=current.fields.get(change.field),
        before_by=stamp.by if stamp else current.updated_by,
        before_at=stamp.at if stamp else current.updated_at,
    )
