"""Decide: the rep's keys. Every decision is one transaction: the card's state and its trail entry together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.draft import Dropped
from gangly_tui.domain.errors import AlreadyDecided, DecisionError, InputError, StaleApproval
from gangly_tui.domain.hierarchy import Mode
from gangly_tui.domain.lookalike import warnings
from gangly_tui.domain.outbox import Delivery, DeliveryState, can_withdraw, step
from gangly_tui.domain.proposal import Action, Approval, Proposal, ProposalState, Rejection, Risk
from gangly_tui.domain.propose import aim
from gangly_tui.domain.records import FieldType, Kind, RecordRef
from gangly_tui.domain.values import check_length, parse, same, show
from gangly_tui.flow.capture import lay_table, meeting_of
from gangly_tui.flow.consent import gate_of
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.entries import remember
from gangly_tui.flow.meter import deciding
from gangly_tui.flow.prepare import series_key
from gangly_tui.store import decisions, engagement, mirror

_UNDECIDED = (ProposalState.OPEN, ProposalState.LATER)
_STANDING = (*_UNDECIDED, ProposalState.APPROVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What `u` did: took a write back before it left, or laid out the inverse card to look at and approve."""

    withdrawn: Proposal | None = None
    inverse: Proposal | None = None


def queue(desk: Desk, meeting_id: str | None = None) -> list[Proposal]:
    """What Review shows: the open cards, then those put off."""
    opened = decisions.proposals(desk.db, states=(ProposalState.OPEN,), meeting_id=meeting_id)
    return [*opened, *decisions.proposals(desk.db, states=(ProposalState.LATER,), meeting_id=meeting_id)]


def undecided(desk: Desk, proposal_id: str) -> Proposal:
    """The card by id. Raises DecisionError when there is none, AlreadyDecided when it was decided before."""
    card = decisions.get_proposal(desk.db, proposal_id)
    if card is None:
        raise DecisionError(f"there is no card {proposal_id}", fix="list the cards with gangly review")
    state = decisions.proposal_state(desk.db, proposal_id)
    if state not in _UNDECIDED:
        raise AlreadyDecided(f"{card.heading} is already {state}", fix="u undoes an approval")
    return card


def approve(
    desk: Desk, proposal_id: str, digest: str, *, view: str = "", at_once: bool = False, reason: str = ""
) -> Delivery:
    """A person approves exactly the card with this digest; the write leaves after the grace period, or `at_once`.

    `view` is the SHA-256 of the words that were laid out for that person, for the trail, which keeps the `reason` too:
    a new record that may double one that is there takes one.

    Raises StaleApproval when the card is no longer the one that was shown, AlreadyDecided, DecisionError.
    """
    at = desk.now()
    with deciding(desk):
        card = undecided(desk, proposal_id)
        if card.digest() != digest:
            raise StaleApproval(f"{card.heading} changed after you saw it", fix="look at the card again, then approve")
        if why := gate_of(desk).known(card):
            raise DecisionError(f"{card.heading}: {why}", fix="e takes them out of To, x turns the card down")
        if card.needs_choice:
            raise DecisionError(f"{card.heading}: several deals fit", fix="say which one first: 1, 2 or 0 for none")
        if card.conflict:
            raise DecisionError(
                f"{card.heading}: somebody moved the record", fix="say what to keep first: t theirs, m mine, b both"
            )
        if card.suspects and not reason.strip():
            raise DecisionError(
                f"{card.heading}: {card.note}",
                fix=f'if it is somebody else, say why: gangly approve {card.id} --reason "..."',
            )
        grace = at if at_once else at + timedelta(seconds=desk.settings.grace_seconds)
        delivery = Delivery(
            op_id=card.id,
            state=DeliveryState.SHADOWED if desk.hierarchy.mode is Mode.SHADOW else DeliveryState.APPROVED,
            payload_sha256=card.payload_sha256(),
            approved_by=desk.settings.user,
            approved_at=at,
            due_at=grace,
            grace_until=grace,
            changed_at=at,
        )
        decisions.save_approval(desk.db, Approval(proposal_id=card.id, digest=digest, by=desk.settings.user, at=at))
        decisions.set_proposal_state(desk.db, card.id, ProposalState.APPROVED)
        decisions.put_delivery(desk.db, delivery)
        edited = "edited by hand" * card.edited
        why = (f"created anyway: {reason.strip()}" if card.suspects else reason.strip()) if reason.strip() else ""
        shadowed = "shadow mode: not sent" * (desk.hierarchy.mode is Mode.SHADOW)
        _enter(desk, AuditKind.APPROVED, card, "; ".join(filter(None, (edited, shadowed, why))), view)
        desk.at_point("approve.before-commit")
    desk.at_point("approve.committed")
    return delivery


def approve_low_risk(desk: Desk, meeting_id: str, shown: Mapping[str, tuple[str, str]]) -> list[Delivery]:
    """Approve this meeting's low-risk cards; `shown` has the digest and the view (as in `approve`) by card.

    Never a forecast field, a new record, a conflict, an undo, or a card that waits for a choice.
    """
    return [
        approve(desk, card.id, shown[card.id][0], view=shown[card.id][1])
        for card in queue(desk, meeting_id)
        if card.id in shown and is_low_risk(card)
    ]


def is_low_risk(card: Proposal) -> bool:
    """Whether `A` covers the card."""
    told = card.conflict or card.undoes or card.needs_choice or card.note or warnings(card)
    return card.risk is Risk.LOW and not told


def reject(desk: Desk, proposal_id: str, reason: str = "") -> None:
    """A person says no; the reason is kept."""
    with deciding(desk):
        card = undecided(desk, proposal_id)
        _reject(desk, card, reason)


def _reject(desk: Desk, card: Proposal, reason: str) -> None:
    decisions.save_rejection(
        desk.db, Rejection(proposal_id=card.id, by=desk.settings.user, at=desk.now(), reason=reason)
    )
    decisions.set_proposal_state(desk.db, card.id, ProposalState.REJECTED)
    _enter(desk, AuditKind.REJECTED, card, reason)


def later(desk: Desk, proposal_id: str) -> None:
    """Put the card behind the others."""
    with deciding(desk):
        undecided(desk, proposal_id)
        decisions.set_proposal_state(desk.db, proposal_id, ProposalState.LATER)


def edit(desk: Desk, proposal_id: str, field: str, text: str) -> Proposal:
    """The card with another value for one field, as typed. Raises InputError with the reason when it does not fit."""
    with deciding(desk):
        card = undecided(desk, proposal_id)
        change = next((each for each in card.changes if each.field == field), None)
        if change is None:
            raise DecisionError(f"{card.heading} has no field {field}")
        after = parse(text, change)
        if same(after, change.after):
            return card
        edited = card.with_after(field, after)
        if field in ("to", "cc"):
            if why := gate_of(desk).known(edited):
                raise InputError(why, fix="leave them out")
            edited = replace(edited, note="" if card.replaces else card.note)  # of what kept it back before
        if card.kind is Kind.INVITATION and field == "at":  # now somebody has said when
            edited = replace(edited, note="")
        decisions.save_proposals(desk.db, [edited], state=ProposalState.OPEN)
        _enter(desk, AuditKind.EDITED, edited, f"{change.label} was proposed as {show(change.after, change.type)}")
    return edited


async def choose(desk: Desk, meeting_id: str, ref: RecordRef) -> list[Proposal]:
    """The rep says which deal is meant: remembered for the series, and every waiting card is aimed at it."""
    meeting = meeting_of(desk, meeting_id)
    table = await lay_table(desk, meeting, "notes")
    deal = next((each for each in table.deals if each.ref == ref), None)
    if deal is None:
        raise DecisionError("that deal is not open any more", fix="pull again: ctrl+r")
    aimed: list[Proposal] = []
    with deciding(desk):
        engagement.set_series_choice(desk.db, series_key(meeting), ref, desk.now())
        for card in _waiting(desk, meeting_id):
            made = aim(card, deal, table)
            if isinstance(made, Dropped):
                _reject(desk, card, made.reason)
            else:
                decisions.save_proposals(desk.db, [made], state=ProposalState.OPEN)
                aimed.append(made)
    return aimed


def skip_choice(desk: Desk, meeting_id: str) -> None:
    """None of the deals: the field cards are rejected, the activities stay with the account alone."""
    with deciding(desk):
        for card in _waiting(desk, meeting_id):
            if card.action is Action.CREATE:
                changes = tuple(each for each in card.changes if each.field != "opportunity")
                alone = replace(card, changes=changes, choices=())
                decisions.save_proposals(desk.db, [alone], state=ProposalState.OPEN)
            else:
                _reject(desk, card, "none of the open deals")


def _waiting(desk: Desk, meeting_id: str) -> list[Proposal]:
    return [each for each in queue(desk, meeting_id) if each.needs_choice]


def settle(desk: Desk, proposal_id: str, how: Literal["theirs", "mine", "both"]) -> Proposal | None:
    """A conflict, decided by the rep. Theirs: the card ends. Mine, both: the card to approve over what stands there."""
    with deciding(desk):
        card = undecided(desk, proposal_id)
        conflict = card.conflict
        if conflict is None:
            raise DecisionError(f"{card.heading} has no conflict")
        if how == "theirs":
            _reject(desk, card, "kept theirs")
            return None
        settled = replace(card, conflict=None, note="")
        if how == "both":
            change = next(each for each in card.changes if each.field == conflict.field)
            if change.type not in (FieldType.TEXT, FieldType.LONG_TEXT):
                raise DecisionError(f"{change.label} cannot hold both", fix="t keeps theirs, m sends yours")
            joint = "\n" if change.type is FieldType.LONG_TEXT else "; "
            text = joint.join(str(each) for each in (conflict.theirs, conflict.mine) if each)
            check_length(text, change)
            settled = settled.with_after(conflict.field, text)
        decisions.save_proposals(desk.db, [settled], state=ProposalState.OPEN)
        kept = show(conflict.theirs, next(e.type for e in card.changes if e.field == conflict.field))
        _enter(desk, AuditKind.EDITED, settled, f"conflict settled as {how}; theirs was {kept}")
    return settled


def undo(desk: Desk, proposal_id: str | None = None) -> Undone:
    """Take an approved write back: before it leaves by withdrawing it, after it landed by the inverse card.

    None means the last approval. Raises DecisionError when there is nothing to undo, when the write is in the air,
    or when the field has moved since (with who and when).
    """
    with deciding(desk):
        delivery = _undoable(desk, proposal_id)
        card = decisions.get_proposal(desk.db, delivery.op_id)
        assert card is not None  # a delivery is only ever made of a saved card
        if can_withdraw(delivery):
            withdrawn = replace(delivery, state=step(delivery.state, DeliveryState.WITHDRAWN), changed_at=desk.now())
            decisions.put_delivery(desk.db, withdrawn)
            decisions.set_proposal_state(desk.db, card.id, ProposalState.OPEN)
            _enter(desk, AuditKind.WITHDRAWN, card)
            desk.at_point("undo.before-commit")
            return Undone(withdrawn=card)
        if delivery.state is DeliveryState.SHADOWED:
            raise DecisionError(f"{card.heading} was approved in shadow mode: it was never sent")
        if delivery.state is DeliveryState.SENT and (card.sends or is_sent(desk, delivery)):
            raise DecisionError("it was sent: a mail cannot be taken back", fix="write to them again")
        if delivery.state is not DeliveryState.SENT:
            raise DecisionError(f"{card.heading} is {delivery.state}: not landed, so there is nothing to take back")
        offered = next((each for each in queue(desk) if each.undoes == card.id), None)
        if offered is not None:
            return Undone(inverse=offered)
        inverse = _inverse(desk, card, delivery)
        decisions.save_proposals(desk.db, [inverse])
        desk.at_point("undo.before-commit")
    desk.at_point("undo.committed")
    return Undone(inverse=inverse)


def is_sent(desk: Desk, draft: Delivery) -> bool:
    """Whether the mail that this delivery put among the drafts was sent from here, is about to be, or may have been."""
    over = (DeliveryState.WITHDRAWN, DeliveryState.REJECTED, DeliveryState.CONFLICT, DeliveryState.SHADOWED)
    may_be = frozenset(DeliveryState) - frozenset(over)
    for delivery in decisions.deliveries(desk.db, states=may_be, since=draft.approved_at):
        card = decisions.get_proposal(desk.db, delivery.op_id)
        if card is not None and card.sends and str(card.target) == draft.result:
            return True
    return False


def _undoable(desk: Desk, proposal_id: str | None) -> Delivery:
    if proposal_id is not None:
        delivery = decisions.get_delivery(desk.db, proposal_id)
        if delivery is None:
            raise DecisionError("this card was never approved, so there is nothing to undo")
        return delivery
    candidates = decisions.deliveries(desk.db, states=(DeliveryState.APPROVED, DeliveryState.SENT))
    taken_back = {each.undoes for each in decisions.proposals(desk.db, states=_STANDING) if each.undoes}
    for delivery in sorted(candidates, key=lambda each: each.approved_at, reverse=True):
        card = decisions.get_proposal(desk.db, delivery.op_id)
        if card is not None and not card.undoes and card.id not in taken_back:
            return delivery
    raise DecisionError("nothing to undo yet")


def _inverse(desk: Desk, card: Proposal, delivery: Delivery) -> Proposal:
    """After becomes before. Refused when the mirror already shows that somebody moved the field since."""
    target = RecordRef.parse(delivery.result) if delivery.result else card.target
    assert target is not None  # a landed write names its record
    stands = mirror.get_record(desk.db, target)
    for change in card.changes if card.action is Action.UPDATE else ():
        if stands is not None and not same(stands.fields.get(change.field), change.after):
            stamp = stands.changed.get(change.field)
            who = stamp.by if stamp else stands.updated_by or "somebody"
            when = (stamp.at if stamp else stands.updated_at).strftime("%d %b %H:%M")
            raise DecisionError(
                f"{who} changed {change.label} on {when}, after your write", fix="change it with a new card instead"
            )
    true = {each.field: each.before for each in delivery.overwrote}  # what really stood there before
    changes = tuple(
        replace(
            each,
            before=each.after,
            after=true.get(each.field, each.before),
            before_by=delivery.approved_by,
            before_at=delivery.changed_at,
        )
        for each in card.changes
        if card.action is Action.UPDATE or each.after is not None
    )
    return replace(
        card,
        id=desk.new_id(),
        action=Action.UPDATE if card.action is Action.UPDATE else Action.REMOVE,
        target=target,
        changes=changes,
        drafted_at=desk.now(),
        base_version=stands.version if stands else "",
        evidence=None,
        more=(),
        reading="",
        against=None,
        rule=f"takes back what {delivery.approved_by} approved {delivery.approved_at:%d %b %H:%M}",
        note="",
        conflict=None,
        edited=False,
        undoes=card.id,
        replaces="",
    )


def _enter(desk: Desk, kind: AuditKind, card: Proposal, detail: str = "", view: str = "") -> None:
    by, system = desk.settings.user, card.system(desk.reader.system)
    remember(desk.db, kind, card, at=desk.now(), user=by, system=system, detail=detail, view=view)
