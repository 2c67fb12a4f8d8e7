"""Which Dataverse column is which field of ours, and how a value stands in each. Pure: no request is made here.

Organisations differ: what a column is called is a list of names, and a leading `*_` stands for any publisher's prefix
("contoso_nextstep"); the first that the metadata knows is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from urllib.parse import quote

from gangly_tui.connectors.record import own_fields
from gangly_tui.connectors.record.described import Column, Shape, candidates, is_free, names_in
from gangly_tui.connectors.record.plain_values import moment, plain_raw, plain_value
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, RECORD_KINDS, FieldType, Kind, Record, RecordRef, Value

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
    fields: Mapping[str, Sequence[str]]
    regarding: str = ""
    parties: str = ""


_TABLES = (
    Table(name="account", set="accounts", key="accountid", kind=Kind.ACCOUNT, fields=candidates(
        name="name", domain="websiteurl", industry="industrycode", employees="numberofemployees", phone="telephone1",
        city="address1_city", country="address1_country", description="description", owner="ownerid",
    )),
    Table(name="contact", set="contacts", key="contactid", kind=Kind.CONTACT, fields=candidates(
        first_name="firstname", last_name="lastname", title="jobtitle", email="emailaddress1", phone="telephone1",
        role="accountrolecode", account="parentcustomerid", owner="ownerid", mail_opt_out="donotemail",
        residency="", recording_consent="",  # where the organisation keeps them, it says itself
    )),
    Table(name="opportunity", set="opportunities", key="opportunityid", kind=Kind.OPPORTUNITY, fields=candidates(
        name="name", account="parentaccountid", contacts="parentcontactid", stage="salesstage salesstagecode",
        amount="estimatedvalue", currency="transactioncurrencyid", close_date="estimatedclosedate",
        next_step="*_nextstep *_next_step", competitor="*_competitor *_competitors", budget="*_budget",
        pain="customerpainpoints *_pain", decision_process="*_decisionprocess *_decision_process",
        decision_criteria="*_decisioncriteria *_decision_criteria",
        economic_buyer="*_economicbuyer *_economic_buyer", owner="ownerid",
    )),
    Table(name="task", set="tasks", key="activityid", kind=Kind.ACTIVITY, regarding="regardingobjectid",
        fields=candidates(subject="subject", body="description", at="actualend", due="scheduledend",
            status="statecode", owner="ownerid"),
    ),
    Table(name="appointment", set="appointments", key="activityid", kind=Kind.ACTIVITY, regarding="regardingobjectid",
        parties="appointment_activity_parties",
        fields=candidates(subject="subject", body="description", at="scheduledstart", status="statecode",
            owner="ownerid"),
    ),
    Table(name="phonecall", set="phonecalls", key="activityid", kind=Kind.ACTIVITY, regarding="regardingobjectid",
        parties="phonecall_activity_parties",
        fields=candidates(subject="subject", body="description", at="actualend", due="scheduledend",
            status="statecode", owner="ownerid"),
    ),
    Table(name="annotation", set="annotations", key="annotationid", kind=Kind.ACTIVITY, regarding="objectid",
        fields=candidates(subject="subject", body="notetext", at="createdon", owner="ownerid"),
    ),
)  # fmt: skip
TABLES: Mapping[str, Table] = {each.name: each for each in _TABLES}
OF_KIND: Mapping[Kind, tuple[Table, ...]] = {
    kind: tuple(each for each in _TABLES if each.kind is kind) for kind in RECORD_KINDS
}
CLOSED: Mapping[int, str] = {1: "Won", 2: "Lost"}
"""A closed deal keeps its last stage in the column; that it was won or lost is its state."""
LOCKED = ("contacts", "currency")
GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
NAME_OF = "@OData.Community.Display.V1.FormattedValue"
TABLE_OF = "@Microsoft.Dynamics.CRM.lookuplogicalname"
_MEANT = {"Picklist": FieldType.PICKLIST, "Money": FieldType.CURRENCY, "Memo": FieldType.LONG_TEXT}
_TEXTS = ("String", "Memo", "Picklist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What ids stand for: users by e-mail address (or name), currencies by their code; the rep's time zone."""

    people: Sequence[Mapping[str, Any]]
    users: Mapping[str, str]
    currencies: Mapping[str, str]
    here: tzinfo


def own_names(text: str) -> Mapping[tuple[Kind, str], str]:
    """Where the customer keeps our fields. Raises ConfigError."""
    return own_fields.own_names(text, name=r"[a-z]\w*", example="opportunity.budget=contoso_budgetrange", noun="column")


def shape_of(
    table: Table, told: list[Mapping[str, Any]], choices: list[Mapping[str, Any]], own: Mapping[tuple[Kind, str], str]
) -> Shape:
    """Read what the metadata answered: the attributes of a table, and the values of those that are lists."""
    options = {each["LogicalName"]: _options(each) for each in choices}
    columns = {each["LogicalName"]: _column(each, options.get(each["LogicalName"], {})) for each in told}
    names = names_in(table.kind, table.fields, columns, own, _fits)
    return Shape(object=table.name, kind=table.kind, columns=columns, names=names)


def _column(told: Mapping[str, Any], options: Mapping[str, int]) -> Column:
    name, kind = told["LogicalName"], told.get("AttributeType") or ""
    zoned = (told.get("DateTimeBehavior") or {}).get("Value") == "UserLocal"
    return Column(
        name=name,
        label=_label(told.get("DisplayName")) or name,
        type=kind,
        meant=_MEANT.get(kind),
        length=told.get("MaxLength") or 0,
        required=(told.get("RequiredLevel") or {}).get("Value") in ("ApplicationRequired", "SystemRequired"),
        createable=bool(told.get("IsValidForCreate", True)),
        updateable=bool(told.get("IsValidForUpdate", True)),
        options=options,
        day=told.get("Format") == "DateOnly" and not zoned,
        precision=told.get("Precision"),
    )


def _label(told: Any) -> str:
    """In the user's language."""
    return str(((told or {}).get("UserLocalizedLabel") or {}).get("Label") or "")


def _options(told: Mapping[str, Any]) -> Mapping[str, int]:
    """The values of a choice column by label; a label that stands twice carries its number."""
    found = (told.get("OptionSet") or told.get("GlobalOptionSet") or {}).get("Options") or ()
    labels = [_label(each.get("Label")) or str(each["Value"]) for each in found]
    return {
        label if labels.count(label) == 1 else f"{label} ({each['Value']})": int(each["Value"])
        for label, each in zip(labels, found, strict=True)
    }


def _fits(kind: Kind, ours: str, column: Column) -> bool:
    if FIELDS[kind][ours] is FieldType.CHECKBOX:
        return column.type == "Boolean"
    return kind is Kind.ACTIVITY or not is_free(kind, ours) or column.type in _TEXTS


def read_as(column: Column) -> str:
    """What a query calls a column: a lookup is read by another name than it is written."""
    return f"_{column.name}_value" if column.type in ("Lookup", "Customer", "Owner") else column.name


def selected(shape: Shape, scope: Scope) -> str:
    """`$select`: what names, dates and guards a row, and the fields in scope; nothing else is asked for."""
    table, may = TABLES[shape.object], scope.read.get(shape.kind, frozenset())
    asked = [table.key, "modifiedon", "_modifiedby_value"]
    asked += [read_as(column) for ours, column in shape.names.items() if ours in may]
    if table.kind is Kind.OPPORTUNITY and "stage" in may:
        asked.append("statecode")
    if table.kind is Kind.ACTIVITY and {"account", "opportunity", "contacts"} & may:
        asked.append(f"_{table.regarding}_value")
    if table.kind is Kind.ACTIVITY and {"at", "ours", "account", "contacts"} & may:
        asked.append(shape.names["body"].name)  # where what the table has no column for is held
    return ",".join(dict.fromkeys(asked))


def ref_of(table: Table, identifier: str) -> RecordRef:
    """How we name a row: an activity's id also says which table it is in."""
    name = f"{table.name}-{identifier}" if table.kind is Kind.ACTIVITY else identifier
    return RecordRef(system=SYSTEM, kind=table.kind, id=name.lower())


def as_record(
    row: Mapping[str, Any], table: Table, values: Mapping[str, Value], scope: Scope, known: Lookups
) -> Record:
    """The canonical record of a row; its version is the row's own ETag, which guards every write."""
    may = scope.read.get(table.kind, frozenset())
    return Record(
        ref=ref_of(table, row[table.key]),
        version=row["@odata.etag"],
        fields={name: values[name] for name in FIELDS[table.kind] if name in values and name in may},
        updated_at=moment(row["modifiedon"]),
        updated_by=person_of(row, "modifiedby", known) or "",
    )


def values_of(row: Mapping[str, Any], shape: Shape, known: Lookups) -> dict[str, Value]:
    """The fields of an account, a contact or a deal. What the row does not bring is not read."""
    there = {ours: column for ours, column in shape.names.items() if read_as(column) in row}
    found = {ours: _value(row, ours, FIELDS[shape.kind][ours], column, known) for ours, column in there.items()}
    if "stage" in found and row.get("statecode") in CLOSED:
        found["stage"] = CLOSED[row["statecode"]]
    return found


def _value(row: Mapping[str, Any], ours: str, ours_type: FieldType, column: Column, known: Lookups) -> Value:
    name = read_as(column)
    raw = row[name]
    if ours == "owner":
        return person_of(row, "ownerid", known)
    if ours == "currency":
        return known.currencies.get(raw or "") or row.get(name + NAME_OF)
    if ours_type is FieldType.REFERENCES:
        return (raw,) if raw else ()
    if ours_type is FieldType.REFERENCE:
        return raw if row.get(name + TABLE_OF, "account") == "account" else None
    if raw is None or raw == "":
        return None
    if column.type == "Picklist":
        return next((label for label, number in column.options.items() if number == raw), str(raw))
    return plain_value(raw, ours_type, known.here)


def person_of(row: Mapping[str, Any], name: str, known: Lookups) -> str | None:
    """A user's e-mail address; a team, or a user without one, by name."""
    return known.users.get(row.get(f"_{name}_value") or "") or row.get(f"_{name}_value{NAME_OF}")


def raw_of(value: Value, column: Column, ours: str, here: tzinfo) -> Any:
    """A value of ours as Dataverse takes it, exactly; empty is null. Raises Refused when it cannot be exact."""
    if column.type == "Picklist" and isinstance(value, str) and value:
        return column.options[value]  # the check before has found it among them
    midnight = None if column.day else here
    return plain_raw(value, column.label, ours, midnight=midnight, places=column.precision)


def quoted(text: str) -> str:
    """A text inside a filter, as an address takes it: nothing in it can end the text, the filter or the address."""
    return "'" + quote(text.replace("'", "''"), safe="") + "'"
