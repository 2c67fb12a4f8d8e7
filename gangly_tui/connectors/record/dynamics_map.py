"""Which Dataverse column is which field of ours, and how a value stands in each. Pure: no request is made here.

Organisations differ: what a column is called is a list of names, and a leading `*_` stands for any publisher's prefix
("contoso_nextstep"); the first that the metadata knows is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gangly_tui.connectors.record import own_fields
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, RECORD_KINDS, FieldSchema, FieldType, Kind, RecordRef, only_read

SYSTEM = "dynamics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: its logical name, its name in addresses, its key, and our fields with what they may be called.

    `regarding` is the column that relates an activity to a record; `parties` is set where people are listed on it.
    """

    name: str
    set: str
    key: str
    kind: Kind
    fields: Mapping[str, tuple[str, ...]]
    regarding: str = ""
    parties: str = ""


def _activity(**columns: str) -> Mapping[str, tuple[str, ...]]:
    return {ours: (column,) for ours, column in columns.items()}


TABLES: Mapping[str, Table] = {
    each.name: each
    for each in (
        Table(
            name="account",
            set="accounts",
            key="accountid",
            kind=Kind.ACCOUNT,
            fields={
                "name": ("name",),
                "domain": ("websiteurl",),
                "industry": ("industrycode",),
                "employees": ("numberofemployees",),
                "phone": ("telephone1",),
                "city": ("address1_city",),
                "country": ("address1_country",),
                "description": ("description",),
                "owner": ("ownerid",),
            },
        ),
        Table(
            name="contact",
            set="contacts",
            key="contactid",
            kind=Kind.CONTACT,
            fields={
                "first_name": ("firstname",),
                "last_name": ("lastname",),
                "title": ("jobtitle",),
                "email": ("emailaddress1",),
                "phone": ("telephone1",),
                "role": ("accountrolecode",),
                "account": ("parentcustomerid",),
                "owner": ("ownerid",),
                "mail_opt_out": ("donotemail",),
                "residency": (),  # where the organisation keeps it, it says itself
            },
        ),
        Table(
            name="opportunity",
            set="opportunities",
            key="opportunityid",
            kind=Kind.OPPORTUNITY,
            fields={
                "name": ("name",),
                "account": ("parentaccountid",),
                "contacts": ("parentcontactid",),
                "stage": ("salesstage", "salesstagecode"),
                "amount": ("estimatedvalue",),
                "currency": ("transactioncurrencyid",),
                "close_date": ("estimatedclosedate",),
                "next_step": ("*_nextstep", "*_next_step"),
                "competitor": ("*_competitor", "*_competitors"),
                "budget": ("*_budget",),
                "pain": ("customerpainpoints", "*_pain"),
                "decision_process": ("*_decisionprocess", "*_decision_process"),
                "decision_criteria": ("*_decisioncriteria", "*_decision_criteria"),
                "economic_buyer": ("*_economicbuyer", "*_economic_buyer"),
                "owner": ("ownerid",),
            },
        ),
        Table(
            name="task",
            set="tasks",
            key="activityid",
            kind=Kind.ACTIVITY,
            fields=_activity(
                subject="subject",
                body="description",
                at="actualend",
                due="scheduledend",
                status="statecode",
                owner="ownerid",
            ),
            regarding="regardingobjectid",
        ),
        Table(
            name="appointment",
            set="appointments",
            key="activityid",
            kind=Kind.ACTIVITY,
            fields=_activity(
                subject="subject", body="description", at="scheduledstart", status="statecode", owner="ownerid"
            ),
            regarding="regardingobjectid",
            parties="appointment_activity_parties",
        ),
        Table(
            name="phonecall",
            set="phonecalls",
            key="activityid",
            kind=Kind.ACTIVITY,
            fields=_activity(
                subject="subject",
                body="description",
                at="actualend",
                due="scheduledend",
                status="statecode",
                owner="ownerid",
            ),
            regarding="regardingobjectid",
            parties="phonecall_activity_parties",
        ),
        Table(
            name="annotation",
            set="annotations",
            key="annotationid",
            kind=Kind.ACTIVITY,
            fields=_activity(subject="subject", body="notetext", at="createdon", owner="ownerid"),
            regarding="objectid",
        ),
    )
}
OF_KIND: Mapping[Kind, tuple[Table, ...]] = {
    kind: tuple(each for each in TABLES.values() if each.kind is kind) for kind in RECORD_KINDS
}
_TYPES: Mapping[str, FieldType] = {
    "Picklist": FieldType.PICKLIST,
    "Money": FieldType.CURRENCY,
    "Memo": FieldType.LONG_TEXT,
}
_TEXTS = frozenset({"String", "Memo", "Picklist"})
_LOOKUPS = frozenset({"Lookup", "Customer", "Owner"})
_FREE = (FieldType.TEXT, FieldType.LONG_TEXT, FieldType.PICKLIST)
GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
NAME_OF = "@OData.Community.Display.V1.FormattedValue"
TABLE_OF = "@Microsoft.Dynamics.CRM.lookuplogicalname"
ANNOTATIONS = "OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as the metadata tells of it. `options` are labels and the numbers they stand for.

    `day` is a date without a time; `local` one that is kept as midnight in a time zone all the same.
    """

    name: str
    label: str
    type: str
    length: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    options: Mapping[str, int] = field(default_factory=dict)
    day: bool = False
    local: bool = False
    precision: int | None = None

    @property
    def read_as(self) -> str:
        """What a query calls it: a lookup is read by another name than it is written."""
        return f"_{self.name}_value" if self.type in _LOOKUPS else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One table as the organisation has it. `names` are our fields that it has, with the column each is."""

    table: Table
    columns: Mapping[str, Column]
    names: Mapping[str, Column]
    asked_at: datetime


def wanted_columns(table: Table, own: Mapping[tuple[Kind, str], str]) -> frozenset[str]:
    """The columns to ask the metadata for by name; the customer's own come beside them."""
    names = {each for ours in table.fields.values() for each in ours if not each.startswith("*")}
    return frozenset(names | {each for (kind, _), each in own.items() if kind is table.kind})


def shape_of(
    table: Table,
    attributes: list[Mapping[str, Any]],
    options: Mapping[str, Mapping[str, int]],
    own: Mapping[tuple[Kind, str], str],
    at: datetime,
) -> Shape:
    """Read what the metadata answered. `own` are the names the customer gave in the configuration."""
    columns = {each["LogicalName"]: _column(each, options) for each in attributes}
    names: dict[str, Column] = {}
    for ours, candidates in table.fields.items():
        wanted = (own[table.kind, ours],) if (table.kind, ours) in own else candidates
        found = [columns[name] for each in wanted for name in _matching(each, columns)]
        if fitting := [each for each in found if table.kind is Kind.ACTIVITY or _fits(table.kind, ours, each)]:
            names[ours] = fitting[0]
    return Shape(table=table, columns=columns, names=names, asked_at=at)


def _matching(name: str, columns: Mapping[str, Column]) -> list[str]:
    if not name.startswith("*"):
        return [name] if name in columns else []
    ending = re.compile(r"[a-z][a-z0-9]{1,7}" + re.escape(name[1:]))
    return sorted(each for each in columns if ending.fullmatch(each))


def _fits(kind: Kind, ours: str, column: Column) -> bool:
    """A column of somebody's own making may hold something else than text under the same name."""
    if FIELDS[kind][ours] is FieldType.CHECKBOX:
        return column.type == "Boolean"
    return ours in ("owner", "currency") or FIELDS[kind][ours] not in _FREE or column.type in _TEXTS


def _column(told: Mapping[str, Any], options: Mapping[str, Mapping[str, int]]) -> Column:
    behaviour = (told.get("DateTimeBehavior") or {}).get("Value", "")
    day = told.get("Format") == "DateOnly"
    return Column(
        name=told["LogicalName"],
        label=label_of(told.get("DisplayName")) or told["LogicalName"],
        type=told.get("AttributeType") or "",
        length=told.get("MaxLength") or 0,
        required=(told.get("RequiredLevel") or {}).get("Value") in ("ApplicationRequired", "SystemRequired"),
        createable=bool(told.get("IsValidForCreate", True)),
        updateable=bool(told.get("IsValidForUpdate", True)),
        options=options.get(told["LogicalName"], {}),
        day=day,
        local=day and behaviour == "UserLocal",
        precision=told.get("Precision"),
    )


def label_of(told: Any) -> str:
    """A label in the user's language."""
    return str(((told or {}).get("UserLocalizedLabel") or {}).get("Label") or "")


def options_of(told: Mapping[str, Any]) -> Mapping[str, int]:
    """The values of a choice column by label; a label that stands twice carries its number."""
    found = (told.get("OptionSet") or told.get("GlobalOptionSet") or {}).get("Options") or ()
    labels = [label_of(each.get("Label")) or str(each["Value"]) for each in found]
    return {
        label if labels.count(label) == 1 else f"{label} ({each['Value']})": int(each["Value"])
        for label, each in zip(labels, found, strict=True)
    }


def own_names(text: str) -> Mapping[tuple[Kind, str], str]:
    """Where the customer keeps our fields. Raises ConfigError."""
    return own_fields.own_names(text, name=r"[a-z]\w*", example="opportunity.budget=contoso_budgetrange", noun="column")


def field_schema(kind: Kind, ours: str, column: Column) -> FieldSchema:
    """One field for the rep and for the check before a write. Dataverse itself does not enforce what forms require."""
    ours_type = FIELDS[kind][ours]
    free = ours_type in _FREE and ours not in ("owner", "currency")
    return FieldSchema(
        name=ours,
        label="Owner" if ours == "owner" else "Contacts" if ours == "contacts" else column.label,
        type=_TYPES.get(column.type, ours_type) if free else ours_type,
        required=column.required and column.createable and ours not in ("owner", "currency"),
        read_only=ours in ("contacts", "currency")
        or only_read(kind, ours)
        or not (column.createable or column.updateable),
        max_length=column.length or None,
        options=tuple(column.options) if free else (),
    )


def selected(shape: Shape, scope: Scope) -> str:
    """`$select`: what names, dates and guards a row, and the fields in scope; nothing else is asked for."""
    table = shape.table
    asked = dict.fromkeys((table.key, "modifiedon", "_modifiedby_value"))
    for ours, column in shape.names.items():
        if scope.may_read(table.kind, ours):
            asked[column.read_as] = None
    may = [each for each in FIELDS[table.kind] if scope.may_read(table.kind, each)]
    if table.kind is Kind.OPPORTUNITY and "stage" in may:
        asked["statecode"] = None
    if table.kind is Kind.ACTIVITY and {"account", "opportunity", "contacts"} & set(may):
        asked[f"_{table.regarding}_value"] = None
    if table.kind is Kind.ACTIVITY and {"at", "ours", "account", "contacts"} & set(may):
        asked[shape.names["body"].name] = None  # where what the table has no column for is held
    return ",".join(asked)


def ref_of(table: Table, identifier: str) -> RecordRef:
    """How we name a row: an activity's id also says which table it is in."""
    name = f"{table.name}-{identifier}" if table.kind is Kind.ACTIVITY else identifier
    return RecordRef(system=SYSTEM, kind=table.kind, id=name.lower())
