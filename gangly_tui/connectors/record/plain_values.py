"""Times and numbers as most vendors put them into JSON: ISO 8601, UTC where no zone stands, digits."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from gangly_tui.domain.errors import Refused
from gangly_tui.domain.records import FieldType, Value


def moment(text: str) -> datetime:
    """A date-time. Always aware: one without a zone means UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def stamp(at: datetime) -> str:
    """A date-time as queries and fields take it: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def flag(raw: Any) -> bool:
    """A yes or no, as JSON or as text. Raises ValueError when it is neither."""
    known = {"true": True, "false": False}.get(str(raw).lower())
    if known is None:
        raise ValueError(f"{raw!r} is neither true nor false")
    return known


def plain_value(raw: Any, ours: FieldType, here: tzinfo) -> Value:
    """What stands in the JSON, as one of ours; a day in the rep's zone. Raises ValueError when it is no such value."""
    match ours:
        case FieldType.CURRENCY:
            return Decimal(str(raw))
        case FieldType.NUMBER:
            number = Decimal(str(raw))
            return int(number) if number == number.to_integral_value() else number
        case FieldType.DATE:
            return moment(raw).astimezone(here).date() if "T" in str(raw) else date.fromisoformat(str(raw))
        case FieldType.DATETIME:
            return moment(raw)
        case FieldType.CHECKBOX:
            return flag(raw)
        case _:
            return str(raw)


def plain_raw(value: Value, label: str, ours: str, *, midnight: tzinfo | None = None, places: int | None = None) -> Any:
    """A value of ours as JSON takes it, exactly; empty is null. Raises Refused when it cannot be exact.

    A date goes as a day, or as `midnight` of a zone. `places` is how many the system keeps of a number.
    """
    match value:
        case "" | None:
            return None
        case Decimal():
            return number(value, label, ours, places)
        case datetime():
            return stamp(value)
        case date():
            return stamp(datetime.combine(value, time(), midnight)) if midnight else value.isoformat()
        case _:
            return value


def number(value: Decimal, label: str, ours: str, places: int | None = None) -> int | float:
    """A number as JSON carries it, exactly. Raises Refused."""
    found = float(value)
    kept = -int(value.normalize().as_tuple().exponent)
    if Decimal(repr(found)) != value or (places is not None and kept > places):
        raise Refused(f"{label} cannot be kept exactly", field=ours, fix="use fewer digits")
    return int(value) if value == value.to_integral_value() else found
