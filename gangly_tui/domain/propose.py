"""A Draft becomes Proposals: one card a write, each through the gate. Pure: the records were read before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from gangly_tui.domain.draft import ContactMention, Draft, Dropped, Evidence, Mention, NextStep
from gangly_tui.domain.gate import check
from gangly_tui.domain.hierarchy import Hierarchy
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.proposal import (
    FORECAST_FIELDS,
    Action,
    Choice,
    FieldChange,
    Proposal,
    Risk,
)
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Meeting, ObjectSchema, Record, Value
from gangly_tui.domain.values import show

_ORDER = ("stage", "amount", "close_date", "next_step")
"""Forecast fields come first in Review; the others follow in the draft's order."""


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


def propose(draft: Draft, table: Table) -> tuple[tuple[Proposal, ...], tuple[Dropped, ...]]:
    """The cards of a draft in the order a rep decides them, and what was left out with the reason."""
    cards: list[Proposal] = []
    dropped: list[Dropped] = []
    mentions = [each for each in draft.fields if each.object is Kind.OPPORTUNITY]
    if draft.stage and draft.stage_evidence and not any(each.field == "stage" for each in mentions):
        mentions.append(
            Mention(
                object=Kind.OPPORTUNITY,
                field="stage",
                value=draft.stage,
                evidence=draft.stage_evidence,
                confidence=1.0,
            )
        )
    mentions.sort(key=lambda each: _ORDER.index(each.field) if each.field in _ORDER else len(_ORDER))
    for mention in mentions:
        if not table.deals:
            dropped.append(_dropped(mention, "no open deal fits this meeting"))
        elif len(table.deals) == 1:
            _collect(_field_card(mention, table.deals[0], table), cards, dropped, mention)
        else:
            cards.append(_waiting_card(mention, table))
    cards.extend(_summary_cards(draft, table))
    cards.extend(_task_card(each, draft, table) for each in draft.next_steps)
    for contact in draft.contacts:
        cards.extend(_contact_cards(contact, table, dropped))
    return tuple(cards), tuple(dropped)


def aim(card: Proposal, deal: Record, table: Table) -> Proposal | Dropped:
    """The waiting card once the rep has picked the deal: real before, verdict, digest. Dropped when the gate says no."""
    change = card.changes[0]
    if card.action is Action.CREATE:
        changes = tuple(
            replace(each, after=deal.ref.id)
            if each.field == "opportunity"
            else replace(each, after=deal.text("account") or None)
            if each.field == "account"
            else each
            for each in card.changes
        )
        return replace(card, target_name=deal.title, changes=changes, choices=())
    mention = Mention(
        object=card.kind,
        field=change.field,
        value=change.after,
        evidence=_evidence(card),
        confidence=card.confidence,
        reading=card.reading,
        against=card.against,
    )
    aimed = _field_card(mention, deal, table)
    return aimed if isinstance(aimed, Dropped) else replace(aimed, id=card.id, drafted_at=card.drafted_at)


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


def _evidence(card: Proposal) -> Evidence:
    assert card.evidence is not None  # only drafted cards wait for a choice, and every drafted card has evidence
    return card.evidence


def _collect(
    made: Proposal | Dropped, cards: list[Proposal], dropped: list[Dropped], mention: Mention | None = None
) -> None:
    if isinstance(made, Dropped):
        dropped.append(made)
    else:
        cards.append(made)


def _dropped(mention: Mention, reason: str) -> Dropped:
    value = show(mention.value, FIELDS[mention.object][mention.field])
    return Dropped(
        what=f"{mention.object.label}.{mention.field}", value=value, quote=mention.evidence.text, reason=reason
    )


def _card(table: Table, **fields: object) -> Proposal:
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


def _field_card(mention: Mention, record: Record, table: Table) -> Proposal | Dropped:
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
        return _dropped(mention, verdict.rule)
    return _card(
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


def _waiting_card(mention: Mention, table: Table) -> Proposal:
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
    return _card(
        table,
        action=Action.UPDATE,
        kind=mention.object,
        target_name=_account_name(table),
        changes=(change,),
        evidence=mention.evidence,
        reading=mention.reading,
        against=mention.against,
        rule="several open deals fit: choose one",
        risk=Risk.FORECAST if mention.field in FORECAST_FIELDS else Risk.LOW,
        confidence=mention.confidence,
        choices=_choices(table),
        group="field",
    )


def _choices(table: Table) -> tuple[Choice, ...]:
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


def _account_name(table: Table) -> str:
    return table.account.title if table.account else table.meeting.title


def _created(table: Table, kind: Kind, values: Mapping[str, Value]) -> tuple[FieldChange, ...]:
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


def _anchors(table: Table) -> dict[str, Value]:
    """What a new activity hangs on: deal (None while the rep has to choose), account, contacts."""
    deal = table.deals[0] if len(table.deals) == 1 else None
    return {
        "opportunity": deal.ref.id if deal else None,
        "account": table.account.ref.id if table.account else None,
        "contacts": tuple(each.ref.id for each in table.attendees),
    }


def _summary_cards(draft: Draft, table: Table) -> list[Proposal]:
    lines = draft.summary.lines
    if not lines or table.account is None:
        return []
    # the lines are the approved summary; the raw notes stay in the engagement layer
    body = "\n".join(f"- {line.text}" for line in lines)
    values: dict[str, Value] = {
        "type": "meeting",
        "subject": draft.summary.title,
        "body": body,
        "at": table.meeting.start,
        "status": "done",
        "owner": table.user,
        **_anchors(table),
    }
    return [
        _card(
            table,
            target_name=_activity_home(table),
            changes=_created(table, Kind.ACTIVITY, values),
            evidence=lines[0].evidence,
            rule="each line is backed by the words it sums up",
            choices=_choices(table) if len(table.deals) > 1 else (),
            group="summary",
        )
    ]


def _activity_home(table: Table) -> str:
    return table.deals[0].title if len(table.deals) == 1 else _account_name(table)


def _task_card(step: NextStep, draft: Draft, table: Table) -> Proposal:
    owner = table.user if step.ours else step.owner
    values: dict[str, Value] = {
        "type": "task",
        "subject": step.action if step.ours else f"Waiting for {step.owner or 'them'}: {step.action}",
        "due": step.due,
        "at": table.meeting.start,
        "status": "open",
        "ours": step.ours,
        "owner": table.user,
        **_anchors(table),
    }
    return _card(
        table,
        target_name=_activity_home(table),
        changes=_created(table, Kind.ACTIVITY, values),
        evidence=step.evidence,
        reading=step.due_text,
        rule="somebody took this on" + (f": {owner}" if owner else ""),
        confidence=step.confidence,
        choices=_choices(table) if len(table.deals) > 1 else (),
        group="next step",
    )


def _contact_cards(person: ContactMention, table: Table, dropped: list[Dropped]) -> list[Proposal]:
    """A known person gets the gaps filled; an unknown one becomes a new contact, but only with a surname to file."""
    box = mailbox(person.email)
    known = table.lookups.get(box) if box else None
    note = ""
    if known is not None and known.text("email").lower() != person.email.lower():
        note = f"{person.email} is the same mailbox as {known.text('email')}: already a contact, so no new one"
    elif known is not None:
        note = "already a contact: same mailbox"
    if known is None:
        named = [each for each in table.contacts if each.title.casefold() == person.name.casefold()]
        known = named[0] if len(named) == 1 else None
        note = "already a contact of this account: same name" if known else ""
    if known is not None:
        return _gap_cards(person, known, note, table, dropped)
    first, _, last = person.name.strip().rpartition(" ")
    if not first or table.account is None:
        return []
    values: dict[str, Value] = {
        "first_name": first,
        "last_name": last,
        "title": person.title,
        "email": person.email,
        "phone": person.phone,
        "account": table.account.ref.id,
    }
    return [
        _card(
            table,
            kind=Kind.CONTACT,
            target_name=person.name,
            changes=_created(table, Kind.CONTACT, values),
            evidence=person.evidence,
            rule=f"nobody of this {'mailbox' if box else 'name'} at {table.account.title}",
            risk=Risk.NEW_RECORD,
            confidence=person.confidence,
            group="contact",
        )
    ]


def _gap_cards(
    person: ContactMention, known: Record, note: str, table: Table, dropped: list[Dropped]
) -> list[Proposal]:
    cards: list[Proposal] = []
    for name, value in (("title", person.title), ("phone", person.phone), ("email", person.email)):
        if not value or known.fields.get(name) not in (None, ""):
            continue
        mention = Mention(
            object=Kind.CONTACT, field=name, value=value, evidence=person.evidence, confidence=person.confidence
        )
        made = _field_card(mention, known, table)
        _collect(replace(made, note=note) if isinstance(made, Proposal) else made, cards, dropped)
    if not cards and person.email and known.text("email").lower() != person.email.lower():
        dropped.append(Dropped(what="new contact", value=person.email, quote=person.evidence.text, reason=note))
    return cards


def meeting_source(origin: str, on: date) -> str:
    """How a card and the trail name the text: "notes of 2026-11-24"."""
    return f"{origin} of {on.isoformat()}"
