"""A reading as the CRM's field can hold it. What does not fit is not proposed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gangly_tui.domain.records import FIELDS, FieldSchema, FieldType, Kind, ObjectSchema, Value


def schema_of(kind: Kind, field: str, schemas: Mapping[Kind, ObjectSchema] | None) -> FieldSchema | None:
    """The live description of a field, or None."""
    described = schemas.get(kind) if schemas else None
    return described.field(field) if described else None


def fit(value: Value, kind: Kind, field: str, schemas: Mapping[Kind, ObjectSchema] | None) -> tuple[Value, str]:
    """(the value in the field's type, "") or (None, the reason it cannot be proposed)."""
    if field not in FIELDS[kind]:
        return None, "there is no such field"
    if not schemas or kind not in schemas:
        return value, ""
    schema = schemas[kind].field(field)
    if schema is None:
        return None, "this CRM has no such field"
    if schema.read_only:
        return None, "the field cannot be written"
    if schema.type is FieldType.PICKLIST:
        hit = next((each for each in schema.options if each.lower() == str(value).lower()), None)
        return (hit, "") if hit else (None, "not one of the field's values")
    if schema.type in (FieldType.TEXT, FieldType.LONG_TEXT):
        text = value if isinstance(value, str) else None
        if text is None:
            return None, "the field holds text"
        if schema.max_length is not None and len(text) > schema.max_length:
            return None, f"longer than the field's {schema.max_length} characters"
        return text, ""
    if schema.type in (FieldType.CURRENCY, FieldType.NUMBER):
        return (value, "") if isinstance(value, Decimal) else (None, "the field holds a number")
    return value, ""
