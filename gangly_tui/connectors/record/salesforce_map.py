"""Which Salesforce field is which of ours, and how a value stands in each. Pure: no request is made here.

Organisations differ: what a field is called is a list of names, the first that `describe` knows is meant.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from gangly_tui.connectors.record import own_fields
from gangly_tui.connectors.record.described import names_in
from gangly_tui.connectors.record.plain_values import moment, plain_value, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, Kind, Record, RecordRef, Value, only_read

SYSTEM = "salesforce"
OBJECTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.ACCOUNT: ("Account",),
    Kind.CONTACT: ("Contact",),
    Kind.OPPORTUNITY: ("Opportunity",),
    Kind.ACTIVITY: ("Task", "Event"),
}
KINDS: Mapping[str, Kind] = {name: kind for kind, names in OBJECTS.items() for name in names}
PREFIXES: Mapping[str, str] = {"001": "Account", "003": "Contact", "006": "Opportunity", "00T": "Task", "00U": "Event"}
"""The first three characters of an id say which object it is: they are the same in every organisation."""

FIELD_MAP: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Account": {
        "name": ("Name",),
        "domain": ("Website",),
        "industry": ("Industry",),
        "employees": ("NumberOfEmployees",),
        "phone": ("Phone",),
        "city": ("BillingCity",),
        "country": ("BillingCountry",),
        "description": ("Description",),
        "owner": ("OwnerId",),
    },
    "Contact": {
        "first_name": ("FirstName",),
        "last_name": ("LastName",),
        "title": ("Title",),
        "email": ("Email",),
        "phone": ("Phone",),
        "role": ("Buying_Role__c", "Role__c"),
        "account": ("AccountId",),
        "owner": ("OwnerId",),
        "mail_opt_out": ("HasOptedOutOfEmail",),
        "residency": (),  # where the organisation keeps it, it says itself
        "recording_consent": (),
    },
    "Opportunity": {
        "name": ("Name",),
        "account": ("AccountId",),
        "contacts": ("Id",),  # from its OpportunityContactRoles
        "stage": ("StageName",),
        "stage_since": ("LastStageChangeDate",),
        "amount": ("Amount",),
        "currency": ("CurrencyIsoCode",),  # only where several currencies are on
        "close_date": ("CloseDate",),
        "next_step": ("NextStep",),
        "competitor": ("Competitor__c", "Competitors__c", "MainCompetitors__c"),
        "budget": ("Budget__c",),
        "pain": ("Pain__c", "Identified_Pain__c"),
        "decision_process": ("Decision_Process__c",),
        "decision_criteria": ("Decision_Criteria__c",),
        "economic_buyer": ("Economic_Buyer__c",),
        "owner": ("OwnerId",),
    },
    "Task": {
        "type": ("TaskSubtype",),
        "subject": ("Subject",),
        "body": ("Description",),
        "at": ("ActivityDate",),
        "due": ("ActivityDate",),
        "status": ("Status",),
        "account": ("AccountId",),
        "opportunity": ("WhatId",),
        "contacts": ("WhoId",),
        "ours": ("Description",),
        "owner": ("OwnerId",),
    },
    "Event": {
        "type": ("EventSubtype",),
        "subject": ("Subject",),
        "body": ("Description",),
        "at": ("StartDateTime",),
        "status": ("StartDateTime",),
        "account": ("AccountId",),
        "opportunity": ("WhatId",),
        "contacts": ("WhoId",),
        "ours": ("Description",),
        "owner": ("OwnerId",),
    },
}
_SELECTED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Opportunity", "contacts"): ("(SELECT ContactId FROM OpportunityContactRoles)",),
    ("Task", "type"): ("TaskSubtype", "Type"),
    ("Task", "at"): ("IsClosed", "ActivityDate", "CompletedDateTime"),
    ("Task", "status"): ("IsClosed",),
    ("Task", "contacts"): ("WhoId", "(SELECT RelationId FROM TaskWhoRelations)"),
    ("Event", "type"): ("Id",),
    ("Event", "contacts"): ("WhoId", "(SELECT RelationId FROM EventWhoRelations)"),
}
"""What is asked for instead of the field itself."""
_NEEDS = {"Type": "Type", "(SELECT RelationId FROM TaskWhoRelations)": "TaskWhoIds"} | {
    "(SELECT RelationId FROM EventWhoRelations)": "EventWhoIds"  # there when Shared Activities are on
}
ALWAYS = ("Id", "SystemModstamp", "LastModifiedDate", "LastModifiedBy.Email")

_TYPES: Mapping[str, FieldType] = {
    "picklist": FieldType.PICKLIST,
    "currency": FieldType.CURRENCY,
    "textarea": FieldType.LONG_TEXT,
}
_NO_TEXT = frozenset({"reference", "multipicklist", "boolean", "date", "datetime", "double", "int", "base64"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field as `describe` tells of it. `options` are picklist labels and what the API calls them."""

    name: str
    label: str
    type: str
    length: int
    required: bool
    createable: bool
    updateable: bool
    external_id: bool
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One object as the organisation has it. `names` are our fields that it has, with the column each is."""

    object: str
    columns: Mapping[str, Column]
    names: Mapping[str, Column]


def shape_of(described: Mapping[str, Any], own: Mapping[tuple[Kind, str], str]) -> Shape:
    """Read a describe answer. `own` are the names the customer gave in the configuration."""
    name = str(described["name"])
    columns = {each["name"]: _column(each) for each in described["fields"]}
    kind = KINDS[name]
    names = names_in(kind, FIELD_MAP[name], columns, own, _fits)
    return Shape(object=name, columns=columns, names=names)


def _column(field: Mapping[str, Any]) -> Column:
    values = [each for each in field.get("picklistValues") or () if each.get("active", True)]
    plain = field["name"] == "CurrencyIsoCode"  # its label is a name, "U.S. Dollar"; everybody means the code
    labels = [each["value"] if plain else each.get("label") or each["value"] for each in values]
    return Column(
        name=field["name"],
        label=field.get("label") or field["name"],
        type=field.get("type", "string"),
        length=field.get("length") or 0,
        required=not field.get("nillable", True) and not field.get("defaultedOnCreate", False),
        createable=bool(field.get("createable")),
        updateable=bool(field.get("updateable")),
        external_id=bool(field.get("externalId")),
        options={
            label if labels.count(label) == 1 else each["value"]: each["value"]
            for label, each in zip(labels, values, strict=True)
        },
    )


def _fits(kind: Kind, ours: str, column: Column) -> bool:
    """A field of somebody's own making may hold something else than text under the same name."""
    if FIELDS[kind][ours] is FieldType.CHECKBOX and kind is not Kind.ACTIVITY:
        return column.type == "boolean"
    text = FIELDS[kind][ours] in (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST)
    return not (text and column.name.endswith("__c") and column.type in _NO_TEXT)


def own_names(text: str) -> Mapping[tuple[Kind, str], str]:
    """Where the customer keeps our fields. Raises ConfigError."""
    return own_fields.own_names(text, name=r"[A-Za-z]\w*", example="opportunity.budget=Budget_Range__c")


def field_schema(kind: Kind, ours: str, column: Column) -> FieldSchema:
    """One field for the rep and for the check before a write."""
    ours_type = FIELDS[kind][ours]
    free = ours_type in (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST)
    listed = bool(column.options) and free and ours != "currency"
    return FieldSchema(
        name=ours,
        label="Owner" if ours == "owner" else "Contacts" if ours == "contacts" else column.label,
        type=_TYPES.get(column.type, ours_type) if free else ours_type,
        required=column.required and column.createable and ours != "owner",
        read_only=ours == "contacts" or only_read(kind, ours) or not (column.createable or column.updateable),
        max_length=column.length or None if ours not in ("owner", "account", "contacts") and not listed else None,
        options=tuple(column.options) if listed else (),
        unique=False,
    )


def selected(shape: Shape, scope: Scope) -> str:
    """The columns of a query: what names and guards a record, and the fields in scope; nothing else is asked for."""
    kind = KINDS[shape.object]
    asked = dict.fromkeys(ALWAYS)
    for ours, column in shape.names.items():
        if not scope.may_read(kind, ours):
            continue
        given = ("Owner.Email",) if ours == "owner" else _SELECTED.get((shape.object, ours), (column.name,))
        asked.update(dict.fromkeys(each for each in given if _NEEDS.get(each, "Id") in shape.columns))
    return ", ".join(asked)


def values_of(row: Mapping[str, Any], shape: Shape, here: tzinfo) -> dict[str, Value]:
    """The fields of an account, a contact or a deal."""
    kind = KINDS[shape.object]
    return {ours: _value(row, kind, ours, column, here) for ours, column in shape.names.items()}


def as_record(row: Mapping[str, Any], kind: Kind, values: Mapping[str, Value], scope: Scope) -> Record:
    """The canonical record of a row. Its version also tells of two edits within one second."""
    may = scope.read.get(kind, frozenset())
    digest = hashlib.sha256(marshal.dumps(dict(row), 2)).hexdigest()[:12]  # a query keeps its fields' order
    return Record(
        ref=RecordRef(system=SYSTEM, kind=kind, id=row["Id"]),
        version=f"{row['SystemModstamp']} {digest}",
        fields={name: values[name] for name in FIELDS[kind] if name in values and name in may},
        updated_at=moment(row["LastModifiedDate"]),
        updated_by=inner(row, "LastModifiedBy", "Email") or "",
    )


def _value(row: Mapping[str, Any], kind: Kind, ours: str, column: Column, here: tzinfo) -> Value:
    if ours == "owner":
        return inner(row, "Owner", "Email")
    if ours == "contacts":
        return ids(row, "OpportunityContactRoles", "ContactId")
    return value_of(row.get(column.name), FIELDS[kind][ours], column, here)


def value_of(raw: Any, ours: FieldType, column: Column, here: tzinfo) -> Value:
    """A value as Salesforce writes it, as one of ours. Raises ValueError when it is not what the field holds."""
    if raw is None or raw == "":
        return None
    if column.type == "picklist":
        return next((label for label, value in column.options.items() if value == raw), str(raw))
    return plain_value(raw, ours, here)


def raw_of(value: Value, column: Column, ours: str) -> Any:
    """A value of ours as Salesforce takes it, exactly; empty is null. Raises Refused when it cannot be exact."""
    if value is None or value == "":
        return None
    if column.type == "picklist" and isinstance(value, str):
        return column.options.get(value, value)
    match value:
        case bool() | int():
            return value
        case Decimal():
            number = float(value)
            if Decimal(repr(number)) != value:
                raise Refused(f"{column.label} cannot be sent exactly", field=ours, fix="use fewer digits")
            return int(value) if value == value.to_integral_value() else number
        case datetime():
            return stamp(value)
        case date():
            return value.isoformat()
        case _:
            return value


def quoted(text: str) -> str:
    """A text inside a query: nothing in it can end it."""
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f"'{text}'"


def listed(texts: Iterable[str]) -> str:
    """Several texts for IN."""
    return "(" + ", ".join(quoted(each) for each in texts) + ")"


def inner(row: Mapping[str, Any], relation: str, name: str) -> str | None:
    """A field of the record that a row points to."""
    found = row.get(relation)
    return found.get(name) if isinstance(found, dict) else None


def ids(row: Mapping[str, Any], relation: str, name: str) -> tuple[str, ...]:
    """The ids that a row's own list of related records holds."""
    found = row.get(relation) or {}
    return tuple(dict.fromkeys(str(each[name]) for each in found.get("records", ()) if each.get(name)))
