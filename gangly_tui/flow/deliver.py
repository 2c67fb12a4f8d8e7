"""Deliver: carry approved writes to the CRM, one at a time, and read each back. The only place that can write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gangly_tui.domain.errors import (
    ConnectorError,
    DecisionError,
    DuplicateFound,
    HeldByAnother,
    NotFound,
    OutcomeUnknown,
    RecordMoved,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.landing import Standing, compare
from gangly_tui.domain.outbox import PATIENCE, Delivery, DeliveryState, Patience
from gangly_tui.domain.ports import RecordReader, RecordWriter
from gangly_tui.domain.proposal import Action, Proposal, WriteMeta
from gangly_tui.domain.reach import addressees
from gangly_tui.domain.records import Record, RecordRef
from gangly_tui.flow.arrows import Arrows, Outcome, TakenByAnother
from gangly_tui.flow.consent import NOT_PROCESSED, Gate, left_alone_since
from gangly_tui.flow.doubles import made_twice, there_already
from gangly_tui.flow.resolve import Verdict, read_back, resolve
from gangly_tui.store import decisions, trail
from gangly_tui.store.database import Connection
from gangly_tui.store.locks import sender_lock

__all__ = ["Courier", "Door", "Outcome", "Trip"]

_SHADOW_REST = timedelta(hours=1)
_THERE_ALREADY = "it is there already: nothing was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a look at the CRM right before sending found."""

    standing: Standing
    record: Record | None = None
    existing: Record | None = None
    """the record that a create would have doubled"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One system that is written to: the CRM, or the rep's own mailbox and calendar."""

    reader: RecordReader
    writer: RecordWriter
    scope: Scope


class Trip:
    """One delivery through one door, from the look before it to the reading back."""

    def __init__(
        self, db: Connection, door: Door, arrows: Arrows, at_point: Callable[[str], None], *, gate: Gate
    ) -> None:
        self._db = db
        self._gate = gate
        self._reader = door.reader
        self._writer = door.writer
        self._arrows = arrows
        self._deadline = arrows.patience.deadline.total_seconds()
        self._at = at_point

    async def carry(self, card: Proposal, delivery: Delivery) -> Outcome:
        """Send it, or find out what became of it."""
        if delivery.state is DeliveryState.UNKNOWN:
            return await self._resolve(card, delivery)
        if not self._is_approved(card, delivery):
            return self._arrows.refuse(
                card, delivery, "the card is not the one that was approved", "look at it and decide again"
            )
        if before := self._in_doubt(card):
            rest = max(before.due_at - self._arrows.now(), timedelta(0))
            return self._arrows.wait(card, delivery, rest, "waits for the write before it, whose outcome is not known")
        try:
            async with asyncio.timeout(self._deadline):
                look = await self._look_before(card)
        except NotFound:
            return self._arrows.refuse(card, delivery, self._no_longer(card), "")
        except (ConnectorError, TimeoutError) as error:  # it could not be read: nothing was sent
            tried = replace(delivery, attempts=delivery.attempts + 1)
            return self._arrows.wait(card, tried, self._arrows.pause(tried, error), _words(error))
        self._at("deliver.compared")
        if look.existing is not None:
            return self._arrows.duplicate(card, delivery, look.existing)
        if look.standing is Standing.LANDED:
            return self._arrows.sent(card, delivery, look.record, said=_THERE_ALREADY)
        if look.standing is Standing.MOVED and look.record is not None:
            return self._moved(card, delivery, look.record)
        return await self._held_back(card, delivery) or await self._attempt(card, delivery, look.record)

    async def _attempt(self, card: Proposal, delivery: Delivery, seen: Record | None) -> Outcome:
        """From here on it may be on its way."""
        delivery = self._arrows.attempt(card, delivery, seen)
        return await self._send(card, delivery, seen.version if seen else "")

    def _is_approved(self, card: Proposal, delivery: Delivery) -> bool:
        """Whether a person said yes to exactly this card, and what would be sent is what it was then."""
        approval = decisions.approval_of(self._db, card.id)
        return (
            approval is not None
            and approval.digest == card.digest()
            and delivery.payload_sha256 == card.payload_sha256()
        )

    def _in_doubt(self, card: Proposal) -> Delivery | None:
        """A write to the same record that may still arrive: going first, ours could be written over by it."""
        if card.target is None:
            return None
        for delivery in decisions.deliveries(self._db, states=(DeliveryState.UNKNOWN,)):
            if _card(self._db, delivery).target == card.target:
                return delivery
        return None

    async def _look_before(self, card: Proposal) -> _Look:
        """Read what stands there right before sending: a moved record, or one that exists already, is not sent over."""
        if card.action is Action.CREATE:
            marked = await self._writer.find_op(card.kind, card.id)
            if marked is not None:
                return _Look(standing=Standing.LANDED, record=marked)
            return _Look(standing=Standing.CLEAR, existing=await there_already(self._db, self._reader, card))
        assert card.target is not None  # an update or a removal was approved on a record
        try:
            current = await self._reader.read(card.target)
        except NotFound:
            if card.action is Action.REMOVE:
                return _Look(standing=Standing.LANDED)
            raise
        return _Look(standing=compare(card, current), record=current)

    async def _held_back(self, card: Proposal, delivery: Delivery) -> Outcome | None:
        """Consent may have been withdrawn since the card was made, or approved: this is the last moment to heed it."""
        if left_alone_since(self._db, card):
            return self._arrows.drop(card, delivery, NOT_PROCESSED, "X on Today processes it again", forget=True)
        if why := await self._gate.asked(addressees(card)):
            return self._arrows.keep_back(card, delivery, why)
        return None

    async def _twin(self, card: Proposal, made: Record | None) -> str:
        """What to say of a double that was made meanwhile. Ours has landed: a look that fails changes nothing."""
        try:
            async with asyncio.timeout(self._deadline):
                return await made_twice(self._db, self._reader, card, made)
        except (ConnectorError, TimeoutError):
            return ""

    async def _send(self, card: Proposal, delivery: Delivery, expect: str) -> Outcome:
        """One request. Only an answer that rules out every effect leads back to `approved` or to an end."""
        meta = WriteMeta(
            op_id=card.id,
            source=card.source,
            approved_by=delivery.approved_by,
            approved_at=delivery.approved_at,
            trail_head=trail.head_line(self._db),
            beside=card.suspects,
        )
        try:
            async with asyncio.timeout(self._deadline):
                written = await self._request(card, expect, meta)
        except (OutcomeUnknown, TimeoutError) as error:
            return self._arrows.unknown(card, delivery, _words(error))
        except (Unreachable, SignInNeeded) as error:  # nothing was applied; it goes out after the next sign-in
            return self._arrows.again(card, delivery, self._arrows.pause(delivery, error), _words(error))
        except ConnectorError as error:
            return await self._refused(card, delivery, error)
        self._at("deliver.answered")
        return await self._confirm(card, replace(delivery, answered=True, result=str(written) if written else ""))

    async def _refused(self, card: Proposal, delivery: Delivery, error: ConnectorError) -> Outcome:
        """The system has looked at the write and applied nothing of it."""
        if isinstance(error, DuplicateFound):
            return await self._taken(card, delivery, error)
        if isinstance(error, RecordMoved):
            match compare(card, error.current):
                case Standing.CLEAR:  # another field moved: same card, newer guard
                    return self._arrows.again(card, delivery, timedelta(0), "another field changed at the same moment")
                case Standing.LANDED:
                    return self._arrows.sent(card, delivery, error.current, said=_THERE_ALREADY)
                case _:
                    return self._moved(card, delivery, error.current)
        if isinstance(error, NotFound):
            if card.action is Action.REMOVE:
                return self._arrows.sent(card, delivery, None, said=_THERE_ALREADY)
            return self._arrows.refuse(card, delivery, self._no_longer(card), "")
        return self._arrows.refuse(card, delivery, str(error), error.fix)

    def _moved(self, card: Proposal, delivery: Delivery, current: Record) -> Outcome:
        """Somebody was there in between. A mail that is not the one that was read is never sent: it is read anew."""
        if card.sends:
            return self._arrows.drop(card, delivery, "the draft was changed since you read it", "S shows it anew")
        return self._arrows.conflict(card, delivery, current)

    async def _request(self, card: Proposal, expect: str, meta: WriteMeta) -> RecordRef | None:
        """Returns the written record's name; None after a removal."""
        fields = {each.field: each.after for each in card.written}
        if card.action is Action.CREATE:
            filled = {name: value for name, value in fields.items() if value is not None}
            return (await self._writer.create(card.kind, filled, meta=meta)).ref
        assert card.target is not None  # checked by _look_before
        if card.action is Action.REMOVE:
            await self._writer.remove(card.target, expect=expect, meta=meta)
            return None
        return (await self._writer.update(card.target, fields, expect=expect, meta=meta)).ref

    async def _confirm(self, card: Proposal, delivery: Delivery) -> Outcome:
        """ "Saved" means read back equal. A read that fails, or lags behind, says nothing about the write."""
        try:
            async with asyncio.timeout(self._deadline):
                found = await read_back(self._reader, self._writer.find_op, card, delivery)
        except (ConnectorError, TimeoutError) as error:
            return self._arrows.unknown(card, delivery, f"it said yes, but could not be read back: {_words(error)}")
        self._at("deliver.read-back")
        if found.verdict is Verdict.ARRIVED:
            said = "; ".join(filter(None, (found.said, await self._twin(card, found.stands))))
            return self._arrows.sent(card, delivery, found.stands, said=said, overwrote=found.overwrote)
        return self._arrows.unknown(card, delivery, "it said yes, but does not show it yet")

    async def _taken(self, card: Proposal, delivery: Delivery, error: DuplicateFound) -> Outcome:
        """The system has such a record: one that carries our marker is an earlier attempt of this very write."""
        try:
            async with asyncio.timeout(self._deadline):
                marked = await self._writer.find_op(card.kind, card.id)
                existing = await self._reader.read(error.existing)
        except (ConnectorError, TimeoutError) as unread:
            return self._arrows.unknown(card, delivery, f"{error}, and it could not be read: {_words(unread)}")
        if marked is not None:
            return self._arrows.sent(card, delivery, marked)
        return self._arrows.duplicate(card, delivery, existing)

    async def _resolve(self, card: Proposal, delivery: Delivery) -> Outcome:
        try:
            async with asyncio.timeout(self._deadline):
                return await resolve(self._arrows, self._reader, self._writer.find_op, card, delivery)
        except (ConnectorError, TimeoutError) as error:
            rest = self._arrows.patience.horizon
            return self._arrows.wait(card, delivery, rest, f"not sure whether it arrived, and {_words(error)}")

    def _no_longer(self, card: Proposal) -> str:
        return f"{card.target_name} is no longer in {self._reader.system}"


class Courier:
    """Carries the outbox. One sender per store, across windows; in this one, a second call waits for the first.

    The state is committed as `attempted` before a request leaves; a crash after that is resolved by reading back,
    never by sending again blindly. `beside` opens the mailboxes and calendars that cards may go into, by system, each
    when it is first needed. Without `sends` (shadow mode) nothing leaves; what is in doubt is still read back.
    `at_point` is called with the name of each step a crash may hit. `close_round` is awaited after a round that carried
    something; `trouble` is what it said went wrong, which never stops a write. `mail_regions`: whose people may get
    mail, by where their data stays; empty restricts nothing.
    """

    trip: type[Trip] = Trip
    """how one delivery is carried"""

    def __init__(
        self,
        *,
        db: Connection,
        reader: RecordReader,
        writer: RecordWriter,
        scope: Scope,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        patience: Patience = PATIENCE,
        at_point: Callable[[str], None] = lambda _: None,
        close_round: Callable[[], Awaitable[str]] | None = None,
        beside: Mapping[str, Callable[[], Door]] | None = None,
        sends: bool = True,
        mail_regions: Sequence[str] = (),
    ) -> None:
        self._db = db
        self._reader = reader
        self._writer = writer
        self._scope = scope
        self._beside = dict(beside or {})
        self._opened: dict[str, Door] = {}
        self._sends = sends
        self._now = now
        self._gate = Gate(db=db, crm=reader, scope=scope, regions=mail_regions, patience=patience)
        self._at = at_point
        self._close_round = close_round
        self.trouble = ""
        self._flight = asyncio.Lock()
        self._arrows = Arrows(
            db=db,
            system=reader.system,
            scope=scope,
            now=now,
            new_id=new_id,
            patience=patience,
            at_point=self._reached,
        )

    def _trip_of(self, card: Proposal) -> Trip:
        """The way to the system that this card is written to, in its name and scope.

        Raises Unreachable for a mailbox that is not connected any more.
        """
        door = self._door(card.system(self._reader.system))
        arrows = replace(self._arrows, system=door.reader.system, scope=door.scope)
        return self.trip(self._db, door, arrows, self._reached, gate=self._gate)

    def _door(self, name: str) -> Door:
        if name == self._reader.system:
            return Door(reader=self._reader, writer=self._writer, scope=self._scope)
        if name not in self._opened:
            if name not in self._beside:
                raise Unreachable(f"{name} is not connected", fix=f"gangly connect {name}")
            self._opened[name] = self._beside[name]()
        return self._opened[name]

    def _reached(self, point: str) -> None:
        self._at(point)

    async def look(self, ref: RecordRef) -> Record:
        """What lies in a system that cards are written to, as it is now. Raises NotFound, Unreachable, SignInNeeded."""
        async with asyncio.timeout(self._arrows.patience.deadline.total_seconds()):
            return await self._door(ref.system).reader.read(ref)

    def next_due(self) -> datetime | None:
        """When the next delivery wants attention; None when the outbox is empty."""
        return decisions.next_due(self._db)

    async def deliver_due(self) -> list[Outcome]:
        """Carry everything that is due now, oldest approval first.

        Raises HeldByAnother, with its pid, when something is due and another window is sending.
        """
        async with self._flight:
            due = decisions.due_deliveries(self._db, self._now())
            if not due and not decisions.deliveries(self._db, states=(DeliveryState.ATTEMPTED,)):
                return []
            try:
                with self._only_sender():
                    self._take_over()
                    outcomes = await self._carry_due()
            except HeldByAnother:
                if due:
                    raise
                return []
            if outcomes and self._close_round:
                self.trouble = await self._close_round()
            return outcomes

    def _only_sender(self) -> AbstractContextManager[None]:
        return sender_lock(self._db.path)

    def _take_over(self) -> None:
        """What is still in the air while nobody else sends was left behind by a crash: only reading back can tell."""
        for delivery in decisions.deliveries(self._db, states=(DeliveryState.ATTEMPTED,)):
            card = _card(self._db, delivery)
            arrows = replace(self._arrows, system=card.system(self._reader.system))
            arrows.unknown(card, delivery, "interrupted while the write was in the air")

    async def _carry_due(self) -> list[Outcome]:
        outcomes = []
        for delivery in decisions.due_deliveries(self._db, self._now()):
            try:
                outcomes.append(await self._carry(_card(self._db, delivery), delivery))
            except TakenByAnother:
                continue
        return outcomes

    async def _carry(self, card: Proposal, delivery: Delivery) -> Outcome:
        if not (self._sends or delivery.state is DeliveryState.UNKNOWN):
            return self._arrows.wait(card, delivery, _SHADOW_REST, "shadow mode: nothing is sent")
        try:
            trip = self._trip_of(card)
        except ConnectorError as error:  # it cannot be opened now: nothing was sent
            tried = replace(delivery, attempts=delivery.attempts + 1)
            return self._arrows.wait(card, tried, self._arrows.pause(tried, error), _words(error))
        return await trip.carry(card, delivery)


def _card(db: Connection, delivery: Delivery) -> Proposal:
    card = decisions.get_proposal(db, delivery.op_id)
    if card is None:
        raise DecisionError(f"the outbox names {delivery.op_id}, but there is no such card")
    return card


def _words(error: Exception) -> str:
    return str(error) or "no answer in time"
