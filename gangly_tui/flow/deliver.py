"""Deliver: carry approved writes to the CRM, one at a time, and read each back. The only place that can write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import (
    DecisionError,
    DuplicateFound,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RecordMoved,
    Refused,
    Unreachable,
)
from gangly_tui.domain.hierarchy import Scope, in_scope
from gangly_tui.domain.identity import person_key
from gangly_tui.domain.landing import Standing, compare, conflict_card, duplicate_card, landed, returned_card
from gangly_tui.domain.outbox import DEADLINE, HORIZON, Delivery, DeliveryState, step, wait_after
from gangly_tui.domain.ports import RecordReader, RecordWriter
from gangly_tui.domain.proposal import Action, Proposal, WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef
from gangly_tui.flow.entries import remember
from gangly_tui.store import decisions, mirror, trail
from gangly_tui.store.database import Connection, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one delivery in this round, in words for the rep."""

    proposal: Proposal
    delivery: Delivery
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a look at the CRM right before sending found."""

    standing: Standing
    record: Record | None = None
    existing: Record | None = None
    """the record that a create would have doubled"""


class _TakenByAnother(Exception):
    """Another window or command moved this delivery since it was listed."""


class Courier:
    """Carries the outbox. Single-flight: a second call waits for the first. Owned by the app or one CLI command.

    The state is committed as `attempted` before a request leaves; a crash after that is resolved by reading back,
    never by sending again blindly. `at_point` is called with the name of each step a crash may hit.
    """

    def __init__(
        self,
        *,
        db: Connection,
        reader: RecordReader,
        writer: RecordWriter,
        scope: Scope,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        at_point: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._reader = reader
        self._writer = writer
        self._scope = scope
        self._now = now
        self._new_id = new_id
        self._at = at_point
        self._flight = asyncio.Lock()

    def next_due(self) -> datetime | None:
        """When the next delivery wants attention; None when the outbox is empty."""
        return decisions.next_due(self._db)

    async def deliver_due(self) -> list[Outcome]:
        """Carry everything that is due now, oldest approval first."""
        async with self._flight:
            outcomes = []
            for delivery in decisions.due_deliveries(self._db, self._now()):
                card = decisions.get_proposal(self._db, delivery.op_id)
                if card is None:
                    raise DecisionError(f"the outbox names {delivery.op_id}, but there is no such card")
                try:
                    outcomes.append(await self._carry(card, delivery))
                except _TakenByAnother:
                    continue
            return outcomes

    async def _carry(self, card: Proposal, delivery: Delivery) -> Outcome:
        if delivery.state is DeliveryState.ATTEMPTED:  # a crash left it in the air
            unknown = self._move(
                card,
                delivery,
                DeliveryState.UNKNOWN,
                AuditKind.UNKNOWN,
                detail="interrupted while the write was in the air",
            )
            return await self._resolve(card, unknown)
        if delivery.state is DeliveryState.UNKNOWN:
            return await self._resolve(card, delivery)
        approval = decisions.approval_of(self._db, card.id)
        if approval is None or approval.digest != card.digest() or delivery.payload_sha256 != card.payload_sha256():
            return self._refuse(
                card, delivery, "the card is not the one that was approved", "look at it and decide again"
            )
        try:
            look = await self._look_before(card)
        except NotFound:
            return self._refuse(card, delivery, f"{card.target_name} is no longer in {self._reader.system}", "")
        except Unreachable as error:
            return self._rest(card, replace(delivery, attempts=delivery.attempts + 1), error)
        self._at("deliver.compared")
        if look.existing is not None:
            return self._duplicate(card, delivery, look.existing)
        if look.standing is Standing.LANDED:
            return self._sent(card, delivery, look.record)
        if look.standing is Standing.MOVED and look.record is not None:
            return self._conflict(card, delivery, look.record)
        delivery = self._move(
            card,
            replace(delivery, attempts=delivery.attempts + 1, due_at=self._now() + DEADLINE + HORIZON),
            DeliveryState.ATTEMPTED,
            AuditKind.ATTEMPTED,
        )
        return await self._send(card, delivery, look.record.version if look.record else "")

    async def _look_before(self, card: Proposal) -> _Look:
        """Read what stands there right before sending: a moved record, or one that exists already, is not sent over."""
        if card.action is Action.CREATE:
            marked = await self._writer.find_op(card.kind, card.id)
            if marked is not None:
                return _Look(standing=Standing.LANDED, record=marked)
            return _Look(standing=Standing.CLEAR, existing=await self._duplicate_of(card))
        assert card.target is not None  # an update or a removal was approved on a record
        try:
            current = await self._reader.read(card.target)
        except NotFound:
            if card.action is Action.REMOVE:
                return _Look(standing=Standing.LANDED)
            raise
        return _Look(standing=compare(card, current), record=current)

    async def _duplicate_of(self, card: Proposal) -> Record | None:
        """No create before the identity key was looked up in the CRM itself."""
        email = next((each.after for each in card.changes if each.field == "email"), None)
        if card.kind is not Kind.CONTACT or not isinstance(email, str):
            return None
        found = await self._reader.find(card.kind, person_key(email))
        return found[0] if found else None

    async def _send(self, card: Proposal, delivery: Delivery, expect: str) -> Outcome:
        meta = WriteMeta(
            op_id=card.id,
            source=card.source,
            approved_by=delivery.approved_by,
            approved_at=delivery.approved_at,
            trail_head=trail.head(self._db)[1],
        )
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                written = await self._request(card, expect, meta)
            self._at("deliver.answered")
            stands = await self._reader.read(written) if written else None
            self._at("deliver.read-back")
        except DuplicateFound as error:
            return self._duplicate(card, delivery, await self._reader.read(error.existing))
        except Refused as error:
            return self._refuse(card, delivery, str(error), error.fix)
        except RecordMoved as error:
            if compare(card, error.current) is Standing.CLEAR:  # another field moved: same card, newer guard
                return self._again(card, delivery, timedelta(0), "another field changed at the same moment")
            return self._conflict(card, delivery, error.current)
        except NotFound:
            return self._refuse(card, delivery, f"{card.target_name} is no longer in {self._reader.system}", "")
        except (OutcomeUnknown, TimeoutError) as error:
            return self._unknown(card, delivery, str(error) or "no answer in time")
        except Unreachable as error:
            return self._rest(card, delivery, error)
        if stands is not None and not landed(card, stands):
            return self._conflict(card, delivery, stands)
        return self._sent(card, delivery, stands)

    async def _request(self, card: Proposal, expect: str, meta: WriteMeta) -> RecordRef | None:
        """One request. Returns the written record's name; None after a removal."""
        fields = {each.field: each.after for each in card.changes}
        if card.action is Action.CREATE:
            filled = {name: value for name, value in fields.items() if value is not None}
            return (await self._writer.create(card.kind, filled, meta=meta)).ref
        assert card.target is not None  # checked by _look_before
        if card.action is Action.REMOVE:
            await self._writer.remove(card.target, expect=expect, meta=meta)
            return None
        return (await self._writer.update(card.target, fields, expect=expect, meta=meta)).ref

    async def _resolve(self, card: Proposal, delivery: Delivery) -> Outcome:
        """Leave `unknown` by reading back. Absent is believed only after the horizon: a late commit may still come."""
        try:
            current = await self._current(card)
        except Unreachable as error:
            return self._wait(card, delivery, HORIZON, f"not sure whether it arrived, and {error}")
        self._at("resolve.read")
        if card.action is Action.REMOVE and current is None:
            return self._sent(card, delivery, None)
        if card.action is not Action.REMOVE and current is not None:
            if landed(card, current):
                return self._sent(card, delivery, current)
            if card.action is Action.CREATE or compare(card, current) is Standing.MOVED:
                return self._conflict(card, delivery, current)
        since = delivery.changed_at or delivery.approved_at
        rest = since + HORIZON - self._now()
        if rest > timedelta(0):
            return self._wait(card, delivery, rest, "not sure yet whether it arrived; reading back")
        return self._again(card, delivery, timedelta(0), "read back: it did not arrive")

    async def _current(self, card: Proposal) -> Record | None:
        if card.action is Action.CREATE:
            return await self._writer.find_op(card.kind, card.id)
        assert card.target is not None  # only creates have none once approved
        try:
            return await self._reader.read(card.target)
        except NotFound:
            return None

    # every arrow below is one transaction: the state and its trail entry together

    def _move(
        self,
        card: Proposal,
        delivery: Delivery,
        then: DeliveryState,
        kind: AuditKind,
        *,
        detail: str = "",
        follow_up: tuple[Proposal, ...] = (),
    ) -> Delivery:
        with transaction(self._db):
            stands = decisions.get_delivery(self._db, delivery.op_id)
            if stands is None or stands.state is not delivery.state:
                raise _TakenByAnother
            moved = replace(delivery, state=step(delivery.state, then), changed_at=self._now())
            decisions.put_delivery(self._db, moved)
            if follow_up:
                decisions.save_proposals(self._db, follow_up)
            remember(
                self._db,
                kind,
                card,
                at=self._now(),
                user=delivery.approved_by,
                system=self._reader.system,
                detail=detail,
                target=moved.result,
            )
            self._at(f"{then.value}.before-commit")
        self._at(f"{then.value}.committed")
        return moved

    def _sent(self, card: Proposal, delivery: Delivery, stands: Record | None) -> Outcome:
        result = replace(delivery, result=str(stands.ref) if stands else delivery.result, error="", fix="")
        sent = self._move(card, result, DeliveryState.SENT, AuditKind.SENT, detail="read back equal")
        if stands is not None:
            mirror.save_records(self._db, [in_scope(stands, self._scope)])
        elif card.target is not None:
            mirror.remove_records(self._db, [card.target])
        return Outcome(proposal=card, delivery=sent, message="saved, read back")

    def _conflict(self, card: Proposal, delivery: Delivery, current: Record) -> Outcome:
        back = conflict_card(card, current, self._new_id())
        moved = self._move(
            card, delivery, DeliveryState.CONFLICT, AuditKind.CONFLICT, detail=back.note, follow_up=(back,)
        )
        mirror.save_records(self._db, [in_scope(current, self._scope)])
        return Outcome(proposal=back, delivery=moved, message=back.note)

    def _refuse(self, card: Proposal, delivery: Delivery, error: str, fix: str) -> Outcome:
        back = returned_card(
            card, f"{self._reader.system} refused it: {error}" + (f". {fix}" if fix else ""), self._new_id()
        )
        refused = replace(delivery, error=error, fix=fix)
        moved = self._move(card, refused, DeliveryState.REJECTED, AuditKind.REFUSED, detail=error, follow_up=(back,))
        return Outcome(proposal=back, delivery=moved, message=error)

    def _duplicate(self, card: Proposal, delivery: Delivery, existing: Record) -> Outcome:
        """The CRM already has this record: the create ends, and what it would have added comes back as an update."""
        back = duplicate_card(card, existing, self._reader.system, self._new_id())
        moved = self._move(
            card,
            replace(delivery, error=back.note),
            DeliveryState.REJECTED,
            AuditKind.REFUSED,
            detail=back.note,
            follow_up=(back,) if back.changes else (),
        )
        mirror.save_records(self._db, [in_scope(existing, self._scope)])
        return Outcome(proposal=back if back.changes else card, delivery=moved, message=back.note)

    def _unknown(self, card: Proposal, delivery: Delivery, error: str) -> Outcome:
        waiting = replace(delivery, due_at=self._now() + HORIZON, error=error)
        moved = self._move(card, waiting, DeliveryState.UNKNOWN, AuditKind.UNKNOWN, detail=error)
        return Outcome(proposal=card, delivery=moved, message="no answer: reading back before anything is sent again")

    def _rest(self, card: Proposal, delivery: Delivery, error: Unreachable) -> Outcome:
        wait = wait_after(delivery.attempts, error.retry_after if isinstance(error, RateLimited) else None)
        if delivery.state is DeliveryState.APPROVED:  # nothing left this machine, so the trail has nothing to tell
            return self._wait(card, delivery, wait, str(error))
        return self._again(card, delivery, wait, str(error))

    def _wait(self, card: Proposal, delivery: Delivery, wait: timedelta, error: str) -> Outcome:
        """Stay in the same state and look again later."""
        waiting = replace(delivery, due_at=self._now() + wait, error=error)
        with transaction(self._db):
            stands = decisions.get_delivery(self._db, delivery.op_id)
            if stands is None or stands.state is not delivery.state:
                raise _TakenByAnother
            decisions.put_delivery(self._db, waiting)
        return Outcome(proposal=card, delivery=waiting, message=_retry_words(error, wait))

    def _again(self, card: Proposal, delivery: Delivery, wait: timedelta, error: str) -> Outcome:
        waiting = replace(delivery, due_at=self._now() + wait, error=error)
        moved = self._move(card, waiting, DeliveryState.APPROVED, AuditKind.NOT_APPLIED, detail=error)
        return Outcome(proposal=card, delivery=moved, message=_retry_words(error, wait))


def _retry_words(error: str, wait: timedelta) -> str:
    seconds = round(wait.total_seconds())
    return f"{error}; trying again in {seconds} s" if seconds else f"{error}; trying again"
