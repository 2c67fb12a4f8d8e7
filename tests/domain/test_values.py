from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.errors import InputError
from gangly_tui.domain.records import FieldType, Value, decode, encode
from gangly_tui.domain.values import parse, same, show
from tests.domain.made import STAGES, change


def field(kind: FieldType, **parts: object):  # type: ignore[no-untyped-def]
    return change(type=kind, label="Field", **parts)


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (FieldType.DATE, "2026-11-15", date(2026, 11, 15)),
        (FieldType.DATE, "15 Nov 2026", date(2026, 11, 15)),
        (FieldType.DATE, "November 15th, 2026", date(2026, 11, 15)),
        (FieldType.DATE, "15.11.2026", date(2026, 11, 15)),
        (FieldType.CURRENCY, "40,000.50", Decimal("40000.50")),
        (FieldType.CURRENCY, "40.000,50", Decimal("40000.50")),
        (FieldType.CURRENCY, "EUR 40k", Decimal(40000)),
        (FieldType.CURRENCY, "$1.2m", Decimal(1200000)),
        (FieldType.CURRENCY, "40 000", Decimal(40000)),
        (FieldType.CURRENCY, "-5", Decimal(-5)),
        (FieldType.NUMBER, "1,200", 1200),
        (FieldType.CHECKBOX, "Yes", True),
        (FieldType.CHECKBOX, "off", False),
        (FieldType.TEXT, "  two words ", "two words"),
        (FieldType.LONG_TEXT, "two\nlines", "two\nlines"),
        (FieldType.EMAIL, "ada@acme.de", "ada@acme.de"),
        (FieldType.DATE, "  ", None),
    ],
)
def test_what_a_rep_types_is_read(kind: FieldType, typed: str, value: Value) -> None:
    assert parse(typed, field(kind)) == value


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        (FieldType.DATE, "soon", "not a date"),
        (FieldType.DATE, "2026-02-30", "not a date"),
        (FieldType.CURRENCY, "a lot", "not a number"),
        (FieldType.CURRENCY, "1,2,x", "not a number"),
        (FieldType.CHECKBOX, "maybe", "neither yes nor no"),
        (FieldType.EMAIL, "ada at acme", "not an e-mail"),
        (FieldType.TEXT, "two\nlines", "one line"),
        (FieldType.REFERENCE, "x", "cannot be typed"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(kind: FieldType, typed: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        parse(typed, field(kind))
    assert refused.value.fix


def test_picklists_lengths_and_required_fields() -> None:
    stage = field(FieldType.PICKLIST, options=STAGES)
    assert parse("closed won", stage) == "Closed Won"
    with pytest.raises(InputError, match="not one of") as refused:
        parse("won", stage)
    assert "Closed Won" in refused.value.fix
    with pytest.raises(InputError, match="5 characters; this has 6"):
        parse("sixsix", field(FieldType.TEXT, max_length=5))
    with pytest.raises(InputError, match="required"):
        parse(" ", field(FieldType.TEXT, required=True))


@given(st.text(), st.sampled_from(list(FieldType)))
def test_no_text_does_more_than_raise_an_input_error(typed: str, kind: FieldType) -> None:
    try:
        parse(typed, field(kind, options=STAGES, max_length=50))
    except InputError as refused:
        assert str(refused)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.dates())
def test_values_survive_json(number: Decimal, day: date) -> None:
    assert decode(encode(number), FieldType.CURRENCY) == number
    assert decode(encode(day), FieldType.DATE) == day


def test_values_are_shown_as_people_write_them() -> None:
    assert show(Decimal("40000.00"), FieldType.CURRENCY, currency="EUR") == "EUR 40,000"
    assert show(Decimal("40000.5"), FieldType.CURRENCY) == "40,000.50"
    assert show(None, FieldType.TEXT) == "(empty)"
    assert show(False, FieldType.CHECKBOX) == "no"
    assert show(("a", "b"), FieldType.REFERENCES) == "a, b"


def test_empty_is_empty_however_it_is_written() -> None:
    assert same(None, "")
    assert same((), None)
    assert not same(None, False)
    assert same(Decimal("1.0"), 1)
