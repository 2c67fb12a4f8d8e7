"""What a CRM will not keep by its own list of fields: refused before anything is sent, by the field's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from gangly_tui.domain.errors import Refused
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import FieldSchema, FieldType, Kind, ObjectSchema, Value

REFERS_TO: Mapping[str, Kind] = {"account": Kind.ACCOUNT, "opportunity": Kind.OPPORTUNITY, "contacts": Kind.CONTACT}
"""Which kind of record the ids of a reference field name."""

Exists = Callable[[Kind, str], bool]


def validate(schema: ObjectSchema, given: Mapping[str, Value], complete: Mapping[str, Value], exists: Exists) -> None:
    """Check the given fields and the record as it would stand. Raises Refused that names the field."""
    for name, value in given.items():
        field = schema.field(name)
        if field is None:
            raise Refused(f"a {schema.kind.label} has no field {name}", field=name, fix="ask the admin to create it")
        if field.read_only:
            raise Refused(f"{field.label} is read-only", field=name, fix="the CRM sets it by itself")
        _validate_value(field, value)
        _validate_reference(field, value, exists)
    for field in schema.fields:
        if field.required and complete.get(field.name) in (None, ""):
            raise Refused(f"{field.label} is required", field=field.name, fix=f"fill {field.label}")


def _validate_value(field: FieldSchema, value: Value) -> None:
    if value in (None, "", ()):
        return
    if not _fits(field.type, value):
        raise Refused(
            f"{value!r} is not a {field.type.value.replace('_', ' ')}", field=field.name, fix=f"correct {field.label}"
        )
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise Refused(f"{field.label} holds half a character", field=field.name, fix="type the text anew")
    if field.options and value not in field.options:
        raise Refused(
            f"{value!r} is not a value of {field.label}",
            field=field.name,
            fix="choose one of: " + ", ".join(field.options),
        )
    if field.max_length is not None and isinstance(value, str) and len(value) > field.max_length:
        raise Refused(
            f"{field.label} takes {field.max_length:,} characters, not {len(value):,}",
            field=field.name,
            fix="shorten it",
        )


def _validate_reference(field: FieldSchema, value: Value, exists: Exists) -> None:
    if field.type not in (FieldType.REFERENCE, FieldType.REFERENCES) or not value:
        return
    kind = REFERS_TO[field.name]
    for identifier in value if isinstance(value, tuple) else (str(value),):
        if not exists(kind, identifier):
            raise Refused(
                f"there is no {kind.label} {identifier!r}",
                field=field.name,
                fix="name one that is there; it may have been removed",
            )


def _fits(kind: FieldType, value: Value) -> bool:
    match kind:
        case FieldType.NUMBER | FieldType.CURRENCY:
            return isinstance(value, (int, Decimal)) and not isinstance(value, bool) and Decimal(value).is_finite()
        case FieldType.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
        case FieldType.DATETIME:
            return isinstance(value, datetime) and value.tzinfo is not None
        case FieldType.CHECKBOX:
            return isinstance(value, bool)
        case FieldType.REFERENCES:
            return isinstance(value, tuple)
        case FieldType.EMAIL:
            return isinstance(value, str) and bool(mailbox(value))
        case _:
            return isinstance(value, str)
