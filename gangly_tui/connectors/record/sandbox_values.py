"""What a person writes for the sandbox CRM, on the command line or in a file, as values of its fields."""

from __future__ import annotations

from gangly_tui.domain.errors import InputError
from gangly_tui.domain.proposal import FieldChange
from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, ObjectSchema, Value
from gangly_tui.domain.values import parse


def typed(field: FieldSchema, text: str) -> Value:
    """A value written by a person, in the field's type. Raises InputError."""
    if field.type is FieldType.REFERENCE:
        return text.strip() or None
    if field.type is FieldType.REFERENCES:
        return tuple(each for each in text.replace(";", " ").replace(",", " ").split() if each)
    change = FieldChange(
        field=field.name,
        label=field.label,
        type=field.type,
        before=None,
        after=None,
        options=field.options,
        max_length=field.max_length,
        required=field.required,
    )
    return parse(text, change)


def field_of(schema: ObjectSchema, name: str) -> FieldSchema:
    """The field by our name. Raises InputError with those that there are."""
    field = schema.field(name)
    if field is None:
        raise InputError(f"a {schema.kind.label} has no field {name}", fix="one of: " + ", ".join(FIELDS[schema.kind]))
    return field
