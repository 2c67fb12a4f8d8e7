"""How a value stands in a Dataverse row, and how it is written there: exactly, or not at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from gangly_tui.connectors.record.dynamics_map import NAME_OF, TABLE_OF, Column, Shape, Table, ref_of
from gangly_tui.connectors.record.plain_values import moment, plain_value, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import FIELDS, FieldType, Record, Value

CLOSED: Mapping[int, str] = {1: "Won", 2: "Lost"}
"""A closed deal keeps its last stage in the column; that it was won or lost is its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """What ids stand for: users by e-mail address (or name), currencies by their code; the rep's time zone."""

    users: Mapping[str, str]
    currencies: Mapping[str, str]
    here: tzinfo


def values_of(row: Mapping[str, Any], shape: Shape, known: Lookups) -> dict[str, Value]:
    """The fields of an account, a contact or a deal. What the row does not bring is not read."""
    found: dict[str, Value] = {}
    for ours, column in shape.names.items():
        if column.read_as in row:
            found[ours] = _value(row, ours, column, FIELDS[shape.table.kind][ours], known)
    if "stage" in found and row.get("statecode") in CLOSED:
        found["stage"] = CLOSED[row["statecode"]]
    return found


def _value(row: Mapping[str, Any], ours: str, column: Column, ours_type: FieldType, known: Lookups) -> Value:
    raw = row[column.read_as]
    if ours == "owner":
        return owner_of(row, known)
    if ours == "currency":
        return known.currencies.get(raw or "") or row.get(column.read_as + NAME_OF)
    if ours_type is FieldType.REFERENCES:
        return (raw,) if raw else ()
    if ours_type is FieldType.REFERENCE:
        return raw if row.get(column.read_as + TABLE_OF, "account") == "account" else None
    return value_of(raw, ours_type, column, known.here)


def owner_of(row: Mapping[str, Any], known: Lookups) -> str | None:
    """The owner's e-mail address; a team, or a user without one, by name."""
    return known.users.get(row.get("_ownerid_value") or "") or row.get("_ownerid_value" + NAME_OF)


def value_of(raw: Any, ours: FieldType, column: Column, here: tzinfo) -> Value:
    """A value as Dataverse writes it, as one of ours. Raises ValueError when it is not what the column holds."""
    if raw is None or raw == "":
        return None
    if column.type == "Picklist":
        return next((label for label, number in column.options.items() if number == raw), str(raw))
    return plain_value(raw, ours, here)


def raw_of(value: Value, column: Column, ours: str, here: tzinfo) -> Any:
    """A value of ours as Dataverse takes it, exactly; empty is null. Raises Refused when it cannot be exact."""
    if value is None or value == "":
        return None
    if column.type == "Picklist" and isinstance(value, str):
        return column.options[value]  # the check before has found it among them
    match value:
        case bool() | int():
            return value
        case Decimal():
            return _exact(value, column, ours)
        case datetime():
            return stamp(value)
        case date():
            whole = not column.day or column.local
            return stamp(datetime.combine(value, time(), here)) if whole else value.isoformat()
        case _:
            return value


def _exact(value: Decimal, column: Column, ours: str) -> int | float:
    number = float(value)
    places = -int(value.normalize().as_tuple().exponent)
    if Decimal(repr(number)) != value or (column.precision is not None and places > column.precision):
        raise Refused(f"{column.label} cannot be kept exactly", field=ours, fix="use fewer digits")
    return int(value) if value == value.to_integral_value() else number


def as_record(
    row: Mapping[str, Any], table: Table, values: Mapping[str, Value], scope: Scope, known: Lookups
) -> Record:
    """The canonical record of a row; its version is the row's own ETag, which guards every write."""
    return Record(
        ref=ref_of(table, row[table.key]),
        version=row["@odata.etag"],
        fields={
            name: values[name] for name in FIELDS[table.kind] if name in values and scope.may_read(table.kind, name)
        },
        updated_at=moment(row["modifiedon"]),
        updated_by=known.users.get(row.get("_modifiedby_value") or "") or row.get("_modifiedby_value" + NAME_OF) or "",
    )


def quoted(text: str) -> str:
    """A text inside a filter, as an address takes it: nothing in it can end the text, the filter or the address."""
    return "'" + quote(text.replace("'", "''"), safe="") + "'"
