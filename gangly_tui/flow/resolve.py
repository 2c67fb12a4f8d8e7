"""Resolve: read back what became of a write. The only way out of `unknown`, and never before the horizon."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.landing import Histories, Standing, arrived, compare, landed, moved_since, written_over
from gangly_tui.domain.outbox import Delivery
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import Kind, Record, RecordRef
from gangly_tui.flow.arrows import Arrows, Outcome

FindOp = Callable[[Kind, str], Awaitable[Record | None]]
"""Looks for the record that carries an operation's marker."""


class Verdict(StrEnum):
    """What a read says about a write that may have been applied."""

    ARRIVED = "arrived"
    ABSENT = "absent"
    """nothing of it was applied, if no late commit can come any more"""
    CONFLICT = "conflict"
    """nothing of it was applied, and somebody has moved the record"""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict and what was seen."""

    verdict: Verdict
    stands: Record | None = None
    said: str = ""
    overwrote: tuple[FieldChange, ...] = ()


async def resolve(arrows: Arrows, reader: RecordReader, find_op: FindOp, card: Proposal, delivery: Delivery) -> Outcome:
    """Decide an `unknown` write by reading. Raises ConnectorError when that cannot be read now.

    Before the horizon no read proves anything: a late commit may still come, and an index may still lag.
    """
    rest = (delivery.changed_at or delivery.approved_at) + arrows.patience.horizon - arrows.now()
    if rest > timedelta(0):
        return arrows.wait(card, delivery, rest, "not sure yet whether it arrived; reading back")
    arrows.at_point("resolve.before-read")
    found = await read_back(reader, find_op, card, delivery)
    arrows.at_point("resolve.read")
    match found.verdict:
        case Verdict.ARRIVED:
            return arrows.sent(card, delivery, found.stands, said=found.said, overwrote=found.overwrote)
        case Verdict.ABSENT:
            return arrows.again(card, delivery, timedelta(0), "read back: it did not arrive")
        case Verdict.CONFLICT if found.stands is not None:
            return arrows.conflict(card, delivery, found.stands)
        case _:
            return arrows.needs_human(card, delivery, found.stands, found.said)


async def read_back(reader: RecordReader, find_op: FindOp, card: Proposal, delivery: Delivery) -> Finding:
    """What the system shows of a write: by record id where it is known, by its marker, by the record's history."""
    if card.action is Action.CREATE:
        return await _created(reader, find_op, card, delivery)
    assert card.target is not None  # only creates have none once approved
    stands = await _record(reader, card.target)
    if card.action is Action.REMOVE:
        return _removed(card, delivery, stands)
    if stands is None:
        return Finding(
            verdict=Verdict.UNCLEAR, said=f"{card.target_name} is gone, and whether it had arrived cannot be told"
        )
    return await _updated(reader, card, delivery, stands)


async def _record(reader: RecordReader, ref: RecordRef) -> Record | None:
    try:
        return await reader.read(ref)
    except NotFound:
        return None


async def _created(reader: RecordReader, find_op: FindOp, card: Proposal, delivery: Delivery) -> Finding:
    """A record that carries our marker is ours, whatever it holds by now."""
    stands = await _record(reader, RecordRef.parse(delivery.result)) if delivery.result else None
    stands = stands or await find_op(card.kind, card.id)
    if stands is not None:
        return Finding(verdict=Verdict.ARRIVED, stands=stands, said=moved_since(card, stands))
    if delivery.answered:
        return Finding(verdict=Verdict.UNCLEAR, said=f"{reader.system} said it made the record, but it is not there")
    return Finding(verdict=Verdict.ABSENT)


def _removed(card: Proposal, delivery: Delivery, stands: Record | None) -> Finding:
    if stands is None:
        return Finding(verdict=Verdict.ARRIVED)
    if delivery.answered:
        said = f"{stands.ref.system} said it removed the record, but it is still there"
        return Finding(verdict=Verdict.UNCLEAR, stands=stands, said=said)
    moved = compare(card, stands) is Standing.MOVED
    return Finding(verdict=Verdict.CONFLICT if moved else Verdict.ABSENT, stands=stands)


async def _updated(reader: RecordReader, card: Proposal, delivery: Delivery, stands: Record) -> Finding:
    """By value, and by the history: it also tells what our write went over, and whether it was changed since."""
    histories: Histories = {each.field: await reader.history(stands.ref, each.field) for each in card.changes}
    overwrote = written_over(card, histories, delivery.seen_at)
    if landed(card, stands):
        return Finding(verdict=Verdict.ARRIVED, stands=stands, overwrote=overwrote)
    untouched = bool(delivery.seen_version) and stands.version == delivery.seen_version
    shown = False if untouched else arrived(card, histories, delivery.seen_at)
    if shown:
        return Finding(
            verdict=Verdict.ARRIVED, stands=stands, said=f"saved; {moved_since(card, stands)}", overwrote=overwrote
        )
    if delivery.answered:
        said = f"{reader.system} said yes, but holds another value than the one that was sent"
        return Finding(verdict=Verdict.UNCLEAR, stands=stands, said=said)
    if shown is None:
        said = f"{card.target_name} has changed, and whether ours had arrived before that cannot be told"
        return Finding(verdict=Verdict.UNCLEAR, stands=stands, said=said)
    moved = compare(card, stands) is Standing.MOVED
    return Finding(verdict=Verdict.CONFLICT if moved else Verdict.ABSENT, stands=stands)
