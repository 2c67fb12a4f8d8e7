"""Which Pipedrive field is which of ours, and how a value stands in each. Pure: no request is made here.

Accounts differ: what Pipedrive has no field for is looked for among the custom fields, by label. Their keys are random.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from gangly_tui.connectors.record import own_fields
from gangly_tui.connectors.record.described import Column, Shape, is_free, names_in
from gangly_tui.connectors.record.plain_values import moment, plain_value, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, FieldType, Kind, Record, RecordRef, Value

SYSTEM = "pipedrive"
PATHS: Mapping[Kind, str] = {
    Kind.ACCOUNT: "organizations", Kind.CONTACT: "persons", Kind.OPPORTUNITY: "deals", Kind.ACTIVITY: "activities",
}  # fmt: skip
ENTITIES: Mapping[Kind, str] = {
    Kind.ACCOUNT: "organization", Kind.CONTACT: "person", Kind.OPPORTUNITY: "deal", Kind.ACTIVITY: "activity",
}  # fmt: skip
STANDARD: Mapping[Kind, Mapping[str, str]] = {
    Kind.ACCOUNT: {
        "name": "name", "domain": "website", "industry": "industry", "employees": "employee_count", "city": "address",
        "country": "address", "owner": "owner_id",
    },
    Kind.CONTACT: {
        "first_name": "name", "last_name": "name", "title": "job_title", "email": "emails", "phone": "phones",
        "account": "org_id", "owner": "owner_id", "mail_opt_out": "marketing_status",
    },
    Kind.OPPORTUNITY: {
        "name": "title", "account": "org_id", "contacts": "person_id", "stage": "stage_id",
        "stage_since": "stage_change_time", "amount": "value", "currency": "currency",
        "close_date": "expected_close_date", "owner": "owner_id",
    },
}  # fmt: skip
_WHERE_LISTED = frozenset({"website", "industry", "employee_count", "job_title", "marketing_status"})
"""Not in every account: there when the account's own field list names them."""
CUSTOM: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.ACCOUNT: {"phone": ("phone",), "description": ("description",)},
    Kind.CONTACT: {"role": ("role", "buying role"), "residency": (), "recording_consent": ()},  # named when connecting
    Kind.OPPORTUNITY: {
        "next_step": ("next step", "next steps"), "competitor": ("competitor", "competitors"), "budget": ("budget",),
        "pain": ("pain", "identified pain"), "decision_process": ("decision process",),
        "decision_criteria": ("decision criteria",), "economic_buyer": ("economic buyer",),
    },
}  # fmt: skip
LOCKED = ("stage_since", "city", "country")
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
_CHOICES = ("enum", "varchar_options")
_CUSTOM_LENGTHS = {"varchar": 255, "varchar_auto": 255, "text": 65_000, "phone": 50} | dict.fromkeys(_CHOICES, 0)
"""Types of custom field that hold what we mean as text."""
_LENGTHS = {"currency": 3, "email": 254, "phone": 50}
_LABELS = {"stage_since": "In stage since", "domain": "Website"}
_TEXTS = (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST, FieldType.EMAIL, FieldType.PHONE)
_OPTED_OUT = ("unsubscribed", "archived")
"""The marketing statuses of somebody who gets no mail."""
WON, LOST = "Closed Won", "Closed Lost"


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
    def stage_options(self) -> Mapping[str, Any]:
        """What a rep may choose: the stages by name, then how a deal ends."""
        return dict.fromkeys([*(each.name for each in self.stages), WON, LOST])

    def stage_of(self, row: Mapping[str, Any]) -> str | None:
        """The stage a deal stands in; a deal that was won or lost stands there."""
        ended = {"won": WON, "lost": LOST}.get(str(row.get("status")))
        return ended or next((each.name for each in self.stages if each.id == row.get("stage_id")), None)

    def email(self, user: Any) -> str | None:
        """Who that is, as far as the list of users tells."""
        return (self.users.get(user) or f"user {user}") if isinstance(user, int) else None


def own_labels(text: str) -> Mapping[tuple[Kind, str], str]:
    """The labels of the customer's own fields by ours. Raises ConfigError."""
    return own_fields.own_names(text, name=r"(?s:.+)", example="opportunity.budget=Budget range", known=CUSTOM)


def shape_of(kind: Kind, rows: Iterable[Mapping[str, Any]], own: Mapping[tuple[Kind, str], str]) -> Shape:
    """Read a list of fields: ours, and as columns the custom ones by label. `own` are the customer's labels."""
    custom: dict[str, Column] = {}
    listed: dict[str, Mapping[str, int]] = {}
    for row in rows:
        options = {str(each["label"]): each["id"] for each in row.get("options") or ()}
        listed[str(row["field_code"])] = options if row["field_type"] in _CHOICES else {}
        if row["is_custom_field"]:
            custom.setdefault(str(row["field_name"]).casefold().strip(), _custom(row, options))
    names = {
        ours: _standard(kind, ours, code, listed.get(code, {}))
        for ours, code in STANDARD[kind].items()
        if code in listed or code not in _WHERE_LISTED
    }
    labels = {key: label.casefold() for key, label in own.items()}
    return Shape(
        object=ENTITIES[kind],
        kind=kind,
        columns=custom,
        names=names | names_in(kind, CUSTOM[kind], custom, labels, _fits),
    )


def _custom(row: Mapping[str, Any], options: Mapping[str, int]) -> Column:
    kind = str(row["field_type"])
    return Column(
        name=str(row["field_code"]),
        label=str(row["field_name"]),
        type=kind,
        meant={"text": FieldType.LONG_TEXT}.get(kind, FieldType.PICKLIST if options else FieldType.TEXT),
        length=_CUSTOM_LENGTHS.get(kind, 255),
        options=options,
        custom=True,
    )


def _standard(kind: Kind, ours: str, code: str, options: Mapping[str, int]) -> Column:
    listed = options or ours == "stage"
    return Column(
        name=code,
        label=_LABELS.get(ours) or ours.replace("_", " ").capitalize(),
        meant=FieldType.PICKLIST if listed else FieldType.TEXT,
        length=_LENGTHS.get(ours, 255) if FIELDS[kind][ours] in _TEXTS else 0,
        required=ours in ("name", "last_name", "stage"),
        options=options,
    )


def _fits(kind: Kind, ours: str, column: Column) -> bool:
    return column.type in _CUSTOM_LENGTHS and (is_free(kind, ours) or not column.options)


def keys_of(shape: Shape, scope: Scope) -> tuple[str, ...]:
    """The custom fields that are asked for: those in scope, no others."""
    return tuple(each.name for ours, each in shape.names.items() if each.custom and scope.may_read(shape.kind, ours))


def values_of(row: Mapping[str, Any], shape: Shape, words: Words, here: tzinfo) -> dict[str, Value]:
    """The fields of an account, a contact or a deal."""
    custom = row.get("custom_fields") or {}
    return {
        ours: _READ[ours](row, words)
        if ours in _READ and not column.custom
        else value_of((custom if column.custom else row).get(column.name), FIELDS[shape.kind][ours], column, here)
        for ours, column in shape.names.items()
        if ours != "mail_opt_out" or column.name in row  # told only where it was asked for
    }


_READ: Mapping[str, Callable[[Mapping[str, Any], Words], Value]] = {
    "first_name": lambda row, _: names_of(row)["first_name"],
    "last_name": lambda row, _: names_of(row)["last_name"],
    "email": lambda row, _: primary(row.get("emails")),
    "phone": lambda row, _: primary(row.get("phones")),
    "owner": lambda row, words: words.email(row.get("owner_id")),
    "stage": lambda row, words: words.stage_of(row),
    "city": lambda row, _: (row.get("address") or {}).get("locality") or None,
    "country": lambda row, _: (row.get("address") or {}).get("country") or None,
    "mail_opt_out": lambda row, _: row["marketing_status"] in _OPTED_OUT,
}


def value_of(raw: Any, ours: FieldType, column: Column, here: tzinfo) -> Value:
    """A value as a row or the changelog writes it; a choice by its label."""
    if raw is None or raw == "":
        return () if ours is FieldType.REFERENCES else None
    if column.options:
        return next((label for label, each in column.options.items() if str(each) == str(raw)), str(raw))
    if ours is FieldType.DATE and "T" not in str(raw):
        return date.fromisoformat(raw[:10])
    return (str(raw),) if ours is FieldType.REFERENCES else plain_value(raw, ours, here)


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
    if not value and len(told) > 1:
        said = f"there are {len(told)} of them, and the next would take its place"
        raise Refused(said, field=ours, fix="remove them in Pipedrive")
    if not value:
        return []
    if not told:
        return [{"value": value, "primary": True, "label": "work"}]
    stands = value if any(each["value"] == value for each in told) else primary(told)
    return [
        {**each, "value": value, "primary": True} if each["value"] == stands else {**each, "primary": False}
        for each in told
    ]


def as_record(
    row: Mapping[str, Any],
    path: str,
    kind: Kind,
    values: Mapping[str, Value],
    *,
    scope: Scope,
    keys: Sequence[str] = (),
) -> Record:
    """The canonical record of a row."""
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
    """The name of a row. A note's id carries an n: notes and activities number themselves apart."""
    return RecordRef(system=SYSTEM, kind=kind, id=f"n{identifier}" if path == "notes" else str(identifier))
