"""What cards are made of: the table they are built on, field changes with their real before, the gate's verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from gangly_tui.domain.draft import Dropped, Mention
from gangly_tui.domain.gate import check
from gangly_tui.domain.hierarchy import Hierarchy
from gangly_tui.domain.proposal import FORECAST_FIELDS, Action, Choice, FieldChange, Proposal, Risk
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Meeting, ObjectSchema, Record, Value
from gangly_tui.domain.values import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Everything the cards are built on, read fresh.

    `deals` are the open deals that fit: one is the target, several make the rep choose, none leaves deal cards out.
    `contacts` are the account's and the attendees' contacts; `lookups` are fresh hits of the CRM's own search by
    mailbox, so that a create becomes an update of the record that is already there.
    """

    meeting: Meeting
    system: str
    account: Record | None
    deals: tuple[Record, ...]
    contacts: tuple[Record, ...]
    attendees: tuple[Record, ...]
    lookups: Mapping[str, Record]
    schemas: Mapping[Kind, ObjectSchema]
    hierarchy: Hierarchy
    user: str
    source: str
    now: datetime
    new_id: Callable[[], str]
    mail_regions: tuple[str, ...] = ()
    """where the data of those may stay who get mail; empty restricts nothing"""


def meeting_source(origin: str, on: date) -> str:
    """How a card and the trail name the text: "notes of 2026-11-24"."""
    return f"{origin} of {on.isoformat()}"


def field_change(record: Record, name: str, after: Value, schemas: Mapping[Kind, ObjectSchema]) -> FieldChange:
    """The change of one field of an existing record, with what the system knows about its present value."""
    schema = schemas[record.ref.kind].field(name) if record.ref.kind in schemas else None
    stamp = record.changed.get(name)
    return FieldChange(
        field=name,
        label=schema.label if schema else name.replace("_", " ").capitalize(),
        type=schema.type if schema else FIELDS[record.ref.kind][name],
        before=record.fields.get(name),
        after=after,
        before_by=stamp.by if stamp else "",
        before_at=stamp.at if stamp else None,
        options=schema.options if schema else (),
        max_length=schema.max_length if schema else None,
        required=schema.required if schema else False,
    )


def dropped_mention(mention: Mention, reason: str) -> Dropped:
    value = show(mention.value, FIELDS[mention.object][mention.field])
    return Dropped(
        what=f"{mention.object.label}.{mention.field}", value=value, quote=mention.evidence.text, reason=reason
    )


def new_card(table: Table, **fields: object) -> Proposal:
    base = Proposal(
        id=table.new_id(),
        meeting_id=table.meeting.id,
        action=Action.CREATE,
        kind=Kind.ACTIVITY,
        target=None,
        target_name="",
        changes=(),
        drafted_at=table.now,
        source=table.source,
    )
    return replace(base, **fields)  # type: ignore[arg-type]  # keyword names are checked by the dataclass itself


def field_card(mention: Mention, record: Record, table: Table) -> Proposal | Dropped:
    change = field_change(record, mention.field, mention.value, table.schemas)
    schema = table.schemas[mention.object].field(mention.field) if mention.object in table.schemas else None
    verdict = check(
        change,
        kind=mention.object,
        system=table.system,
        schema=schema,
        hierarchy=table.hierarchy,
        evidence=mention.evidence,
        said_at=table.meeting.start,
    )
    if not verdict.allowed:
        return dropped_mention(mention, verdict.rule)
    return new_card(
        table,
        action=Action.UPDATE,
        kind=mention.object,
        target=record.ref,
        target_name=record.title,
        changes=(verdict.change,),
        base_version=record.version,
        evidence=mention.evidence,
        reading=mention.reading,
        against=mention.against,
        rule=verdict.rule,
        risk=Risk.FORECAST if mention.field in FORECAST_FIELDS else Risk.LOW,
        confidence=mention.confidence,
        group="field",
    )


def waiting_card(mention: Mention, table: Table) -> Proposal:
    schema = table.schemas[mention.object].field(mention.field) if mention.object in table.schemas else None
    change = FieldChange(
        field=mention.field,
        label=schema.label if schema else mention.field.replace("_", " ").capitalize(),
        type=FIELDS[mention.object][mention.field],
        before=None,
        after=mention.value,
        options=schema.options if schema else (),
        max_length=schema.max_length if schema else None,
    )
    return new_card(
        table,
        action=Action.UPDATE,
        kind=mention.object,
        target_name=account_name(table),
        changes=(change,),
        evidence=mention.evidence,
        reading=mention.reading,
        against=mention.against,
        rule="several open deals fit: choose one",
        risk=Risk.FORECAST if mention.field in FORECAST_FIELDS else Risk.LOW,
        confidence=mention.confidence,
        choices=deal_choices(table),
        group="field",
    )


def deal_choices(table: Table) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            ref=deal.ref,
            label=" · ".join(
                filter(
                    None,
                    (
                        deal.title,
                        deal.text("stage"),
                        show(deal.fields.get("amount"), FieldType.CURRENCY, currency=deal.text("currency"), empty=""),
                    ),
                )
            ),
        )
        for deal in table.deals
    )


def account_name(table: Table) -> str:
    return table.account.title if table.account else table.meeting.title


def created_fields(table: Table, kind: Kind, values: Mapping[str, Value]) -> tuple[FieldChange, ...]:
    """The fields of a new record: only those the system has and the scope allows."""
    scope = table.hierarchy.scope(table.system)
    schema = table.schemas.get(kind)
    changes = []
    for name, value in values.items():
        described = schema.field(name) if schema else None
        if value in (None, "", ()) and name != "opportunity":
            continue
        if (schema and described is None) or not scope.may_write(kind, name):
            continue
        changes.append(
            FieldChange(
                field=name,
                label=described.label if described else name.replace("_", " ").capitalize(),
                type=FIELDS[kind][name],
                before=None,
                after=value,
                options=described.options if described else (),
                max_length=described.max_length if described else None,
                required=described.required if described else False,
            )
        )
    return tuple(changes)


def anchors(table: Table) -> dict[str, Value]:
    """What a new activity hangs on: deal (None while the rep has to choose), account, contacts."""
    deal = {"opportunity": table.deals[0].ref.id if len(table.deals) == 1 else None} if table.deals else {}
    return {
        **deal,
        "account": table.account.ref.id if table.account else None,
        "contacts": tuple(each.ref.id for each in table.attendees),
    }
