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
    if schema is None or schema.read_only:
        return None, "this CRM has no such field" if schema is None else "the field cannot be written"
    match schema.type:
        case FieldType.PICKLIST:
            hit = next((each for each in schema.options if each.lower() == str(value).lower()), None)
            return (hit, "") if hit else (None, "not one of the field's values")
        case FieldType.TEXT | FieldType.LONG_TEXT:
            return _text(value, schema.max_length)
        case FieldType.CURRENCY | FieldType.NUMBER:
            return (value, "") if isinstance(value, Decimal) else (None, "the field holds a number")
        case _:
            return value, ""


def _text(value: Value, limit: int | None) -> tuple[Value, str]:
    if not isinstance(value, str):
        return None, "the field holds text"
    return (
        (value, "") if limit is None or len(value) <= limit else (None, f"longer than the field's {limit} characters")
    )
