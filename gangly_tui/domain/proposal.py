"""Proposals: changes to one record awaiting one decision; and the decision itself."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import rfc8785

from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.proposal_state import ProposalState
from gangly_tui.domain.records import FieldType, Kind, RecordRef, Value, encode

__all__ = [
    "FORECAST_FIELDS",
    "Action",
    "Approval",
    "Choice",
    "Conflict",
    "FieldChange",
    "Proposal",
    "ProposalState",
    "Rejection",
    "Risk",
    "WriteMeta",
]


class Action(StrEnum):
    """What the write does to the record."""

    UPDATE = "update"
    CREATE = "create"
    REMOVE = "remove"
    """only ever the undo of a create"""


class Risk(StrEnum):
    """What an approval could break. `A` covers LOW only."""

    LOW = "low"
    FORECAST = "forecast"
    """stage, amount, close date, owner"""
    NEW_RECORD = "new record"
    IN_YOUR_NAME = "in your name"
    """a mail or an invitation: others may read it as the rep's own words"""


FORECAST_FIELDS = frozenset({"stage", "amount", "currency", "close_date", "owner"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """Before and after of one field. `before` is what the CRM held when the card was drafted."""

    field: str
    label: str
    type: FieldType
    before: Value
    after: Value
    before_by: str = ""
    before_at: datetime | None = None
    options: tuple[str, ...] = ()
    max_length: int | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One record a card could be about, when several fit the meeting."""

    ref: RecordRef
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The record moved between draft and send. `base` is what the card was drafted on, `theirs` stands there now."""

    field: str
    base: Value
    theirs: Value
    mine: Value
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One card: one write.

    `id` is also the operation id that travels with the write as its marker.
    `target` is None for a create, and for an update whose `choices` the rep has still to pick from.
    `base_version` is the record's version when `before` was read.
    """

    id: str
    meeting_id: str
    action: Action
    kind: Kind
    target: RecordRef | None
    target_name: str
    changes: tuple[FieldChange, ...]
    drafted_at: datetime
    source: str
    """where the words came from: "notes of 2026-11-24", "transcript ..." """
    base_version: str = ""
    evidence: Evidence | None = None
    """None only for an undo and for a value the rep typed"""
    more: tuple[Evidence, ...] = ()
    """further words that say a value of this card, where `evidence` does not say them all"""
    reading: str = ""
    against: Evidence | None = None
    rule: str = ""
    """the rule that decided, in words"""
    note: str = ""
    """what the gate wants said on the card: "already a contact: same mailbox" """
    suspects: tuple[str, ...] = ()
    """records, as `system:kind:id`, that this new one may double: approving it then takes a reason"""
    risk: Risk = Risk.LOW
    confidence: float = 1.0
    choices: tuple[Choice, ...] = ()
    conflict: Conflict | None = None
    edited: bool = False
    undoes: str = ""
    """id of the proposal whose landed write this one takes back"""
    replaces: str = ""
    """id of the card this one stands in for after an edit or a conflict"""
    group: str = ""
    """field | summary | next step | contact | follow-up: what the card is, for its heading"""
    home: str = ""
    """the mailbox or calendar that a new mail or invitation goes into; "" for what goes into the CRM"""

    def system(self, crm: str) -> str:
        """Where this is written, when `crm` is the system of record."""
        return self.target.system if self.target else self.home or crm

    @property
    def needs_choice(self) -> bool:
        """Whether the rep must first say which record is meant."""
        return self.target is None and bool(self.choices)

    @property
    def sends(self) -> bool:
        """Whether this sends a draft. It shows the whole mail, and is bound to it, but writes its status alone."""
        return self.kind is Kind.MAIL and self.action is Action.UPDATE

    @property
    def written(self) -> tuple[FieldChange, ...]:
        """The changes whose values are put there."""
        return tuple(each for each in self.changes if each.before != each.after) if self.sends else self.changes

    @property
    def heading(self) -> str:
        """Record and field, raw: "Acme - Platform 2026 > Close date"."""
        if self.sends:
            return f"{self.target_name} › send this mail"
        if self.action is Action.UPDATE and len(self.changes) == 1:
            return f"{self.target_name} › {self.changes[0].label}"
        verb = "remove" if self.action is Action.REMOVE else f"new {self.group or self.kind.label}"
        return f"{self.target_name} › {verb}"

    def digest(self) -> str:
        """SHA-256 over everything the card shows and sends. An Approval names it; a changed card has another."""
        return hashlib.sha256(rfc8785.dumps(_plain(self))).hexdigest()

    def payload_sha256(self) -> str:
        """SHA-256 over what is sent: target, fields, raw values. Equal at approval and at send, or nothing leaves."""
        body = {
            "action": self.action.value,
            "kind": self.kind.value,
            "target": str(self.target) if self.target else self.home or None,
            "fields": {change.field: encode(change.after) for change in self.changes},
        }
        return hashlib.sha256(rfc8785.dumps(body)).hexdigest()

    def with_after(self, field: str, after: Value) -> Proposal:
        """The same card with another value for one field, marked as edited by the rep."""
        changes = tuple(replace(each, after=after) if each.field == field else each for each in self.changes)
        return replace(self, changes=changes, edited=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person said yes to exactly this card. Only this opens the outbox."""

    proposal_id: str
    digest: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A person said no."""

    proposal_id: str
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteMeta:
    """What travels with a write so that the CRM itself can tell where it came from."""

    op_id: str
    source: str
    approved_by: str
    approved_at: datetime
    trail_head: str
    beside: tuple[str, ...] = ()
    """records, as `system:kind:id`, that a person has said this new one is not: they are no reason to refuse it"""

    def footer(self) -> str:
        """One line for the end of an activity's text."""
        when = self.approved_at.strftime("%Y-%m-%d %H:%M %Z").strip()
        return (
            f"-- gangly: from {self.source}; approved by {self.approved_by}, {when}; "
            f"op {self.op_id}; trail {self.trail_head}"
        )


def view_sha256(text: str) -> str:
    """SHA-256 of what was laid out for a person: the words of the card on the screen, or the printed lines."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Dataclasses, enums, dates and decimals as JSON values; the canonical encoder sorts the keys."""
    if isinstance(value, Proposal):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, StrEnum):
        return value.value
    return value if isinstance(value, float) else encode(value)
