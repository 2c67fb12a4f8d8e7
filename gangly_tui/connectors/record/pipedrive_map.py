"""Which Pipedrive field is which of ours, and how a value stands in each. Pure: no request is made here.

Accounts differ: what Pipedrive has no field for is looked for among the custom fields, by label. Their keys are random.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from gangly_tui.connectors.record import own_fields
from gangly_tui.connectors.record.plain_values import moment, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, Kind, Record, RecordRef, Value, only_read

SYSTEM = "pipedrive"
PATHS: Mapping[Kind, str] = {
    Kind.ACCOUNT: "organizations",
    Kind.CONTACT: "persons",
    Kind.OPPORTUNITY: "deals",
    Kind.ACTIVITY: "activities",
}
ENTITIES: Mapping[Kind, str] = {
    Kind.ACCOUNT: "organization",
    Kind.CONTACT: "person",
    Kind.OPPORTUNITY: "deal",
    Kind.ACTIVITY: "activity",
}

STANDARD: Mapping[Kind, Mapping[str, str]] = {
    Kind.ACCOUNT: {
        "name": "name",
        "domain": "website",
        "industry": "industry",
        "employees": "employee_count",
        "city": "address",
        "country": "address",
        "owner": "owner_id",
    },
    Kind.CONTACT: {
        "first_name": "name",
        "last_name": "name",
        "title": "job_title",
        "email": "emails",
        "phone": "phones",
        "account": "org_id",
        "owner": "owner_id",
        "mail_opt_out": "marketing_status",
    },
    Kind.OPPORTUNITY: {
        "name": "title",
        "account": "org_id",
        "contacts": "person_id",
        "stage": "stage_id",
        "stage_since": "stage_change_time",
        "amount": "value",
        "currency": "currency",
        "close_date": "expected_close_date",
        "owner": "owner_id",
    },
}
_WHERE_LISTED = frozenset({"website", "industry", "employee_count", "job_title", "marketing_status"})
"""Not in every account: there when the account's own field list names them."""
CUSTOM: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.ACCOUNT: {"phone": ("phone",), "description": ("description",)},
    Kind.CONTACT: {"role": ("role", "buying role"), "residency": ()},  # the organisation names where it keeps that
    Kind.OPPORTUNITY: {
        "next_step": ("next step", "next steps"),
        "competitor": ("competitor", "competitors"),
        "budget": ("budget",),
        "pain": ("pain", "identified pain"),
        "decision_process": ("decision process",),
        "decision_criteria": ("decision criteria",),
        "economic_buyer": ("economic buyer",),
    },
}
GUARDED: Mapping[str, tuple[str, ...]] = {
    "organizations": ("name", "website", "industry", "employee_count", "address", "owner_id"),
    "persons": ("name", "first_name", "last_name", "job_title", "emails", "phones", "org_id", "owner_id"),
    "deals": (
        "title", "org_id", "person_id", "stage_id", "pipeline_id", "status", "stage_change_time", "value", "currency",
        "expected_close_date", "owner_id",
    ),
    "activities": (
        "subject", "type", "owner_id", "deal_id", "person_id", "org_id", "due_date", "due_time", "done",
        "marked_as_done_time", "participants", "note",
    ),
    "notes": ("content", "deal_id", "person_id", "org_id", "user_id"),
}  # fmt: skip
"""What of a row a version covers: Pipedrive's update_time counts whole seconds, so two edits in one need more."""
_TEXTS = {"varchar": 255, "varchar_auto": 255, "text": 65_000, "enum": 0, "varchar_options": 0, "phone": 50}
"""Types of custom field that hold what we mean as text, with their lengths; 0 is a choice."""
_OPTED_OUT = ("unsubscribed", "archived")
"""The marketing statuses of somebody who gets no mail."""
WON, LOST = "Closed Won", "Closed Lost"
MOST_KEYS = 15
"""How many custom fields one request may name."""
_LABELS = {"stage_since": "In stage since", "domain": "Website"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field as the account's list tells of it. `options` are labels and their ids."""

    code: str
    label: str
    type: str
    custom: bool
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind as this account has it: our fields with the column each is, and the audit columns by label."""

    kind: Kind
    names: Mapping[str, Column]
    by_label: Mapping[str, Column]
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of one pipeline."""

    id: int
    name: str
    pipeline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands behind the account's ids. `stages` in the order of pipelines and stages; `users` are e-mails."""

    stages: tuple[Stage, ...]
    pipelines: Mapping[int, str]
    users: Mapping[int, str]
    types: Mapping[str, str]

    @property
    def stage_labels(self) -> tuple[str, ...]:
        """What a rep may choose: the stages by name, then how a deal ends."""
        return tuple(dict.fromkeys([*(each.name for each in self.stages), WON, LOST]))

    def stage_of(self, row: Mapping[str, Any]) -> str | None:
        """The stage a deal stands in; a deal that was won or lost stands there."""
        ended = {"won": WON, "lost": LOST}.get(str(row.get("status")))
        return ended or next((each.name for each in self.stages if each.id == row.get("stage_id")), None)

    def email(self, user: Any) -> str | None:
        """Who that is, as far as the list of users tells."""
        return (self.users.get(user) or f"user {user}") if isinstance(user, int) else None


def shape_of(kind: Kind, rows: Iterable[Mapping[str, Any]], own: Mapping[tuple[Kind, str], str], at: datetime) -> Shape:
    """Read a list of fields. `own` are the labels that the customer gave in the configuration."""
    columns = [_column(each) for each in rows]
    listed = {each.code: each for each in columns}
    by_label: dict[str, Column] = {}
    for each in columns:
        if each.custom:
            by_label.setdefault(each.label.casefold().strip(), each)
    names: dict[str, Column] = {}
    for ours, code in STANDARD[kind].items():
        if code in listed or code not in _WHERE_LISTED:
            label = _LABELS.get(ours) or ours.replace("_", " ").capitalize()
            found = listed.get(code)
            names[ours] = Column(
                code=code, label=label, type=found.type if found else "", custom=False,
                options=found.options if found else {},
            )  # fmt: skip
    for ours, labels in CUSTOM[kind].items():
        wanted = (own[kind, ours].casefold(),) if (kind, ours) in own else labels
        column = next((by_label[each] for each in wanted if each in by_label), None)
        if column is not None and column.type in _TEXTS:
            names[ours] = column
    return Shape(kind=kind, names=names, by_label=by_label, asked_at=at)


def _column(row: Mapping[str, Any]) -> Column:
    return Column(
        code=str(row["field_code"]),
        label=str(row["field_name"]),
        type=str(row["field_type"]),
        custom=bool(row["is_custom_field"]),
        options={str(each["label"]): each["id"] for each in row.get("options") or ()},
    )


def own_labels(text: str) -> Mapping[tuple[Kind, str], str]:
    """The labels of the customer's own fields by ours. Raises ConfigError."""
    return own_fields.own_names(text, name=r"(?s:.+)", example="opportunity.budget=Budget range", known=CUSTOM)


def field_schema(kind: Kind, ours: str, column: Column, words: Words) -> FieldSchema:
    """One field for the rep and for the check before a write."""
    options = tuple(column.options) if column.type in ("enum", "varchar_options") else ()
    if (kind, ours) == (Kind.OPPORTUNITY, "stage"):
        options = words.stage_labels
    kind_of_value = FIELDS[kind][ours]
    if column.custom and column.type == "text":
        kind_of_value = FieldType.LONG_TEXT
    elif options:
        kind_of_value = FieldType.PICKLIST
    elif kind_of_value is FieldType.PICKLIST:
        kind_of_value = FieldType.TEXT
    texts = (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.EMAIL, FieldType.PHONE)
    lengths = {"currency": 3, "email": 254, "phone": 50}
    length = _TEXTS.get(column.type, 255) if column.custom else lengths.get(ours, 255)
    return FieldSchema(
        name=ours,
        label=column.label,
        type=kind_of_value,
        required=ours in {"name", "last_name", "stage"},
        read_only=ours in {"stage_since", "city", "country"} or only_read(kind, ours),
        max_length=length or None if kind_of_value in texts and not options and ours != "owner" else None,
        options=options,
    )


def keys_of(shape: Shape, scope: Scope) -> tuple[str, ...]:
    """The custom fields that are asked for: those in scope, no others."""
    return tuple(each.code for ours, each in shape.names.items() if each.custom and scope.may_read(shape.kind, ours))


def values_of(row: Mapping[str, Any], shape: Shape, words: Words, here: tzinfo) -> dict[str, Value]:
    """The fields of an account, a contact or a deal."""
    return {
        ours: _value(row, ours, column, words, here)
        for ours, column in shape.names.items()
        if ours != "mail_opt_out" or column.code in row  # told only where it was asked for
    }


def _value(row: Mapping[str, Any], ours: str, column: Column, words: Words, here: tzinfo) -> Value:
    if column.custom:
        return plain((row.get("custom_fields") or {}).get(column.code), column)
    raw = row.get(column.code)
    match ours:
        case "first_name" | "last_name":
            return names_of(row)[ours]
        case "email" | "phone":
            return primary(raw)
        case "owner":
            return words.email(raw)
        case "stage":
            return words.stage_of(row)
        case "stage_since":
            return moment(raw).astimezone(here).date() if raw else None
        case _:
            read = _READ.get(ours)
            return read(raw) if read else plain(raw, column)


_READ: Mapping[str, Callable[[Any], Value]] = {
    "city": lambda raw: (raw or {}).get("locality") or None,
    "country": lambda raw: (raw or {}).get("country") or None,
    "account": lambda raw: str(raw) if raw else None,
    "contacts": lambda raw: (str(raw),) if raw else (),
    "amount": lambda raw: Decimal(str(raw)) if raw not in (None, "") else None,
    "close_date": lambda raw: date.fromisoformat(raw[:10]) if raw else None,
    "mail_opt_out": lambda raw: raw in _OPTED_OUT,
    "employees": lambda raw: raw if raw != "" else None,
}


def plain(raw: Any, column: Column) -> Value:
    """A text, or the label of a choice."""
    if raw is None or raw == "":
        return None
    if column.options:
        return next((label for label, each in column.options.items() if str(each) == str(raw)), str(raw))
    return str(raw)


def names_of(row: Mapping[str, Any]) -> dict[str, str | None]:
    """Only the whole name can be written; Pipedrive splits it. A name of one word is a last name here."""
    first, last = row.get("first_name") or None, row.get("last_name") or None
    if last is None:
        first, last = None, first or row.get("name") or None
    return {"first_name": first, "last_name": last}


def primary(entries: Sequence[Mapping[str, Any]] | None) -> str | None:
    """The address or number that is marked as the first one; without a mark the first of the list."""
    told = [each for each in entries or () if each.get("value")]
    return next((each["value"] for each in told if each.get("primary")), told[0]["value"] if told else None)


def with_primary(entries: Sequence[Mapping[str, Any]] | None, value: str | None, ours: str) -> list[Mapping[str, Any]]:
    """The list with this value as its primary one; the others stay. Raises Refused where it would not be empty."""
    told = [dict(each) for each in entries or () if each.get("value")]
    now = primary(told)
    if not value:
        if len(told) > 1:
            raise Refused(
                f"there are {len(told)} of them, and the next would take its place", field=ours,
                fix="remove them in Pipedrive",
            )  # fmt: skip
        return []
    if any(each["value"] == value for each in told):
        return [{**each, "primary": each["value"] == value} for each in told]
    if now is None:
        return [{"value": value, "primary": True, "label": "work"}]
    return [
        {**each, "value": value, "primary": True} if each["value"] == now else {**each, "primary": False}
        for each in told
    ]


def number(value: Value, ours: str) -> int | float:
    """An amount as JSON carries it, exactly. Raises Refused."""
    found = Decimal(str(value))
    if found == found.to_integral_value():
        return int(found)
    if Decimal(repr(float(found))) != found.normalize():
        raise Refused(f"{value} cannot be sent exactly", field=ours, fix="use fewer digits")
    return float(found)


def as_record(
    row: Mapping[str, Any],
    path: str,
    kind: Kind,
    values: Mapping[str, Value],
    *,
    scope: Scope,
    keys: Sequence[str] = (),
) -> Record:
    """The canonical record of a row. A note's id carries an n: notes and activities number themselves apart."""
    guarded = {each: row.get(each) or None for each in GUARDED[path]}
    custom = row.get("custom_fields") or {}
    guarded["custom"] = {each: custom[each] for each in keys if custom.get(each) not in (None, "")}
    at = moment(row.get("update_time") or row["add_time"])
    digest = hashlib.sha256(json.dumps(guarded, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return Record(
        ref=ref_of(kind, path, row["id"]),
        version=f"{stamp(at)} {digest}",
        fields={name: values[name] for name in FIELDS[kind] if name in values and scope.may_read(kind, name)},
        updated_at=at,
    )


def ref_of(kind: Kind, path: str, identifier: int) -> RecordRef:
    """The name of a row."""
    return RecordRef(system=SYSTEM, kind=kind, id=f"n{identifier}" if path == "notes" else str(identifier))
