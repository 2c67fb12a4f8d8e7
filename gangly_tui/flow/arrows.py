"""The arrows of the outbox: each moves one delivery, in one transaction together with its trail entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import RateLimited
from gangly_tui.domain.hierarchy import Scope, in_scope
from gangly_tui.domain.landing import (
    conflict_card,
    duplicate_card,
    restore_card,
    returned_card,
    unclear_card,
)
from gangly_tui.domain.outbox import Delivery, DeliveryState, Patience, step, wait_after
from gangly_tui.domain.proposal import FieldChange, Proposal, ProposalState
from gangly_tui.domain.records import Record, RecordRef
from gangly_tui.domain.values import show
from gangly_tui.flow.entries import remember
from gangly_tui.store import decisions, mirror
from gangly_tui.store.database import Connection, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one delivery in this round, in words for the rep."""

    proposal: Proposal
    delivery: Delivery
    message: str


class TakenByAnother(Exception):
    """Another window or command moved this delivery since it was listed."""


@dataclass(slots=True, kw_only=True)
class Arrows:
    """Moves deliveries in the store. Touches no CRM.

    `at_point` is called with the name of each step a crash may hit.
    """

    db: Connection
    system: str
    scope: Scope
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    patience: Patience
    at_point: Callable[[str], None]

    def move(
        self,
        card: Proposal,
        delivery: Delivery,
        then: DeliveryState,
        kind: AuditKind,
        *,
        detail: str = "",
        overwrote: tuple[FieldChange, ...] = (),
        follow_up: Sequence[Proposal] = (),
        found: Record | None = None,
        gone: RecordRef | None = None,
    ) -> Delivery:
        """The one way a state changes. Raises TakenByAnother when the delivery is not as it was listed any more.

        `follow_up`: cards that go back to the rep; `found` and `gone`: what the CRM showed, for the mirror.
        """
        with transaction(self.db, must_fit=then is not DeliveryState.ATTEMPTED):
            stands = decisions.get_delivery(self.db, delivery.op_id)
            if stands is None or (stands.state, stands.changed_at) != (delivery.state, delivery.changed_at):
                raise TakenByAnother
            moved = replace(delivery, state=step(delivery.state, then), changed_at=self.now(), overwrote=overwrote)
            decisions.put_delivery(self.db, moved)
            decisions.save_proposals(self.db, follow_up)
            if found is not None:
                mirror.save_records(self.db, [in_scope(found, self.scope)])
            if gone is not None:
                mirror.remove_records(self.db, [gone])
            self.tell(kind, card, moved, detail)
            if overwrote:
                self.tell(AuditKind.OVERWROTE, replace(card, changes=overwrote), moved, overwrote_words(overwrote))
            self.at_point(f"{then.value}.before-commit")
        self.at_point(f"{then.value}.committed")
        return moved

    def tell(self, kind: AuditKind, card: Proposal, delivery: Delivery, detail: str) -> None:
        """The trail's entry, inside the transaction of what it tells of."""
        remember(
            self.db,
            kind,
            card,
            at=self.now(),
            user=delivery.approved_by,
            system=self.system,
            detail=detail,
            target=delivery.result,
        )

    def attempt(self, card: Proposal, delivery: Delivery, seen: Record | None) -> Delivery:
        """Committed before the request leaves: a crash from here on is resolved by reading back."""
        attempted = replace(
            delivery,
            attempts=delivery.attempts + 1,
            due_at=self.now() + self.patience.deadline + self.patience.horizon,
            seen_version=seen.version if seen else "",
            seen_at=seen.updated_at if seen else None,
            answered=False,
            result="",
        )
        return self.move(card, attempted, DeliveryState.ATTEMPTED, AuditKind.ATTEMPTED)

    def sent(
        self,
        card: Proposal,
        delivery: Delivery,
        stands: Record | None,
        *,
        said: str = "",
        overwrote: tuple[FieldChange, ...] = (),
    ) -> Outcome:
        """It is there. When it went over somebody's edit, a card offers to put that back."""
        result = replace(delivery, result=str(stands.ref) if stands else delivery.result, error="", fix="")
        offered = [restore_card(card, overwrote, stands, self.now(), self.new_id())] if overwrote and stands else []
        moved = self.move(
            card,
            result,
            DeliveryState.SENT,
            AuditKind.SENT,
            detail=said or "read back equal",
            overwrote=overwrote,
            follow_up=offered,
            found=stands,
            gone=card.target if stands is None else None,
        )
        words = f"saved; {overwrote_words(overwrote)}: a card offers to put it back" if overwrote else ""
        there = "sent, read back" if card.sends else "saved, read back"
        return Outcome(proposal=card, delivery=moved, message=words or said or there)

    def conflict(self, card: Proposal, delivery: Delivery, current: Record) -> Outcome:
        """Somebody moved the record and nothing of ours was applied: base, theirs and mine go to the rep."""
        back = conflict_card(card, current, self.new_id())
        moved = self.move(
            card,
            delivery,
            DeliveryState.CONFLICT,
            AuditKind.CONFLICT,
            detail=back.note,
            follow_up=(back,),
            found=current,
        )
        return Outcome(proposal=back, delivery=moved, message=back.note)

    def needs_human(self, card: Proposal, delivery: Delivery, current: Record | None, reason: str) -> Outcome:
        """No read can tell whether it arrived: it is never sent again by itself."""
        back = unclear_card(card, current, reason, self.new_id())
        moved = self.move(
            card,
            replace(delivery, error=reason, fix="look at the card in Review"),
            DeliveryState.NEEDS_HUMAN,
            AuditKind.NEEDS_HUMAN,
            detail=reason,
            follow_up=(back,),
            found=current,
        )
        return Outcome(proposal=back, delivery=moved, message=f"{reason}: a card asks you")

    def refuse(self, card: Proposal, delivery: Delivery, error: str, fix: str) -> Outcome:
        """The system said no for good, or the card is not the approved one: it comes back with the reason."""
        reason = f"{self.system} refused it: {error}" + (f". {fix}" if fix else "")
        back = returned_card(card, reason, self.new_id())
        refused = replace(delivery, error=error, fix=fix)
        moved = self.move(card, refused, DeliveryState.REJECTED, AuditKind.REFUSED, detail=error, follow_up=(back,))
        return Outcome(proposal=back, delivery=moved, message=error)

    def keep_back(self, card: Proposal, delivery: Delivery, why: str) -> Outcome:
        """People's consent does not allow it: nothing was sent, and the card comes back with who and why.

        What would have sent a draft does not: the next look shows the draft anew.
        """
        if card.sends:
            return self.drop(card, delivery, why, "take them out of the draft in your mailbox; S looks again")
        fix = "e takes them out of To, x turns the card down"
        back = returned_card(card, f"not sent: {why}. {fix}", self.new_id())
        kept = replace(delivery, error=why, fix=fix)
        moved = self.move(card, kept, DeliveryState.REJECTED, AuditKind.REFUSED, detail=why, follow_up=(back,))
        return Outcome(proposal=back, delivery=moved, message=f"not sent: {why}")

    def drop(self, card: Proposal, delivery: Delivery, error: str, fix: str, *, forget: bool = False) -> Outcome:
        """It must not be sent, and as it stands it never may be: nothing comes back, the next look makes it anew.

        `forget`: the card counts as not decided, so that it may be asked again.
        """
        with transaction(self.db):
            moved = self.move(
                card, replace(delivery, error=error, fix=fix), DeliveryState.REJECTED, AuditKind.REFUSED, detail=error
            )
            if forget:
                decisions.set_proposal_state(self.db, card.id, ProposalState.SUPERSEDED)
        return Outcome(proposal=card, delivery=moved, message=f"not sent: {error}")

    def duplicate(self, card: Proposal, delivery: Delivery, existing: Record) -> Outcome:
        """The CRM already has this record: the create ends, and what it would have added comes back as an update.

        One that a person said is somebody else, and the system's own rule refuses all the same, comes back as it was.
        """
        if str(existing.ref) in card.suspects:
            once = f"{existing.title} is there, and it takes no second one like it"
            return self.refuse(card, delivery, once, "change what they share (e), or leave it (x)")
        back = duplicate_card(card, existing, self.system, self.new_id())
        moved = self.move(
            card,
            replace(delivery, error=back.note, doubles=str(existing.ref)),
            DeliveryState.REJECTED,
            AuditKind.REFUSED,
            detail=back.note,
            follow_up=(back,) if back.changes else (),
            found=existing,
        )
        return Outcome(proposal=back if back.changes else card, delivery=moved, message=back.note)

    def unknown(self, card: Proposal, delivery: Delivery, error: str) -> Outcome:
        """Only a read can tell, and not before the horizon."""
        waiting = replace(delivery, due_at=self.now() + self.patience.horizon, error=error)
        moved = self.move(card, waiting, DeliveryState.UNKNOWN, AuditKind.UNKNOWN, detail=error)
        return Outcome(proposal=card, delivery=moved, message="no answer: reading back before anything is sent again")

    def again(self, card: Proposal, delivery: Delivery, wait: timedelta, error: str) -> Outcome:
        """Nothing was applied, for certain: it may be sent anew."""
        waiting = replace(delivery, due_at=self.now() + wait, error=error)
        moved = self.move(card, waiting, DeliveryState.APPROVED, AuditKind.NOT_APPLIED, detail=error)
        return Outcome(proposal=card, delivery=moved, message=_retry_words(error, wait))

    def wait(self, card: Proposal, delivery: Delivery, wait: timedelta, error: str) -> Outcome:
        """Stay in the same state and look again later: the trail has nothing to tell."""
        waiting = replace(delivery, due_at=self.now() + wait, error=error)
        with transaction(self.db, must_fit=True):
            stands = decisions.get_delivery(self.db, delivery.op_id)
            if stands is None or (stands.state, stands.changed_at) != (delivery.state, delivery.changed_at):
                raise TakenByAnother
            decisions.put_delivery(self.db, waiting)
        return Outcome(proposal=card, delivery=waiting, message=_retry_words(error, wait))

    def pause(self, delivery: Delivery, error: Exception) -> timedelta:
        """How long to rest after the system could not be reached, or asked for it."""
        asked = error.retry_after if isinstance(error, RateLimited) else None
        return wait_after(delivery.attempts, asked, self.patience)


def overwrote_words(overwrote: Sequence[FieldChange]) -> str:
    """Whose value a write went over, and which."""
    first = overwrote[0]
    when = f" at {first.before_at:%H:%M}" if first.before_at else ""
    value = show(first.before, first.type)
    return f"{first.before_by or 'somebody'} had set {first.label} to {value}{when} while it was on its way"


def _retry_words(error: str, wait: timedelta) -> str:
    seconds = round(wait.total_seconds())
    return f"{error}; trying again in {seconds} s" if seconds else f"{error}; trying again"
