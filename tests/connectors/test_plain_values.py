"""Times and numbers as vendors write them: exact, aware, in the rep's day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from gangly_tui.connectors.record.plain_values import moment, plain_value, stamp
from gangly_tui.domain.records import FieldType

AUCKLAND = timezone(timedelta(hours=12))


def test_a_moment_is_always_aware_and_goes_out_in_utc() -> None:
    at = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)
    for text in ("2026-09-23T14:00:00Z", "2026-09-23 14:00:00", "2026-09-23T16:00:00.000+0200"):
        assert moment(text) == at and moment(text).tzinfo
    assert stamp(at.astimezone(AUCKLAND) + timedelta(microseconds=5)) == "2026-09-23T14:00:00Z"


@pytest.mark.parametrize(
    "raw, ours, value",
    [
        (0.1, FieldType.CURRENCY, Decimal("0.1")),
        (41000, FieldType.CURRENCY, Decimal(41000)),
        (250.0, FieldType.NUMBER, 250),
        (2.5, FieldType.NUMBER, Decimal("2.5")),
        ("2026-09-23", FieldType.DATE, date(2026, 9, 23)),
        ("2026-09-23T14:00:00Z", FieldType.DATE, date(2026, 9, 24)),
        ("2026-09-23T14:00:00Z", FieldType.DATETIME, datetime(2026, 9, 23, 14, 0, tzinfo=UTC)),
        (7, FieldType.TEXT, "7"),
    ],
)
def test_a_value_is_one_of_ours(raw: object, ours: FieldType, value: object) -> None:
    found = plain_value(raw, ours, AUCKLAND)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("ours", [FieldType.DATE, FieldType.DATETIME])
@pytest.mark.parametrize("raw", ["soon", "2026-13-01", "Tomorrow"])
def test_what_is_no_such_value_is_an_error(ours: FieldType, raw: str) -> None:
    with pytest.raises(ValueError):
        plain_value(raw, ours, AUCKLAND)
