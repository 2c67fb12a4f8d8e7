from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.gate import Verdict, check
from gangly_tui.domain.hierarchy import Hierarchy, Layer, Owner, Survivorship
from gangly_tui.domain.proposal import FieldChange
from gangly_tui.domain.records import FieldSchema, FieldType, Kind
from tests.domain.made import CALL, STAGES, change, evidence, page

SAID = evidence()


def judge(
    made: FieldChange,
    *,
    rule: Survivorship | None = None,
    schema: FieldSchema | None = None,
    said: Evidence | None = SAID,
    hierarchy: Hierarchy | None = None,
) -> Verdict:
    book = hierarchy or page()
    if rule:
        owners = {**book.owners, (Kind.OPPORTUNITY, made.field): Owner(layer=Layer.RECORD, rule=rule)}
        book = replace(book, owners=owners)
    described = schema or FieldSchema(name=made.field, label=made.label, type=made.type)
    return check(
        made,
        kind=Kind.OPPORTUNITY,
        system="sandbox",
        schema=described,
        hierarchy=book,
        evidence=said,
        said_at=CALL,
    )


TEXT = change(field="pain", label="Pain", type=FieldType.LONG_TEXT, before="slow reports", after="no forecast")


@pytest.mark.parametrize(
    ("rule", "made", "allowed", "after"),
    [
        (Survivorship.NEWEST_STATEMENT, change(), True, date(2026, 11, 15)),
        (Survivorship.NEWEST_STATEMENT, change(before_at=CALL + timedelta(hours=1)), False, date(2026, 11, 15)),
        (Survivorship.NEWEST_STATEMENT, change(before_at=None), True, date(2026, 11, 15)),
        (Survivorship.RECORD_WINS, change(), False, date(2026, 11, 15)),
        (Survivorship.RECORD_WINS, change(before=None), True, date(2026, 11, 15)),
        (Survivorship.NEVER_OVERWRITE, change(), False, date(2026, 11, 15)),
        (Survivorship.NEVER_OVERWRITE, change(before=None), True, date(2026, 11, 15)),
        (Survivorship.APPEND, TEXT, True, "slow reports\nno forecast"),
        (Survivorship.APPEND, replace(TEXT, after="Slow reports"), False, "Slow reports"),
        (Survivorship.LONGEST, TEXT, False, "no forecast"),
        (Survivorship.LONGEST, replace(TEXT, after="no forecast at all"), True, "no forecast at all"),
    ],
)
def test_survivorship(rule: Survivorship, made: FieldChange, allowed: bool, after: object) -> None:
    verdict = judge(made, rule=rule)
    assert verdict.allowed is allowed
    assert verdict.change.after == after
    assert verdict.rule


def test_a_field_outside_the_write_scope_is_never_proposed() -> None:
    verdict = judge(change(field="name", label="Name", type=FieldType.TEXT, before=None, after="x"))
    assert not verdict.allowed
    assert "write scope" in verdict.rule


def test_a_system_that_the_page_does_not_name_may_touch_nothing() -> None:
    with pytest.raises(ConfigError, match="no connector"):
        judge(change(), hierarchy=Hierarchy(owners={}, scopes={}))


def test_read_only_and_missing_fields_are_refused() -> None:
    locked = FieldSchema(name="close_date", label="Close date", type=FieldType.DATE, read_only=True)
    assert "read-only" in judge(change(), schema=locked).rule
    missing = check(
        change(), kind=Kind.OPPORTUNITY, system="sandbox", schema=None, hierarchy=page(), evidence=SAID, said_at=CALL
    )
    assert not missing.allowed


def test_an_equal_value_is_no_change() -> None:
    amount = change(field="amount", type=FieldType.CURRENCY, before=Decimal("40000.00"), after=Decimal(40000))
    assert judge(amount).rule == "the CRM already says so"


def test_picklists_and_lengths_are_the_systems_own() -> None:
    stage = change(field="stage", label="Stage", type=FieldType.PICKLIST, before="Demo", after="Pilot", options=STAGES)
    assert not judge(stage).allowed
    assert judge(replace(stage, after="Proposal")).allowed
    long = change(field="next_step", type=FieldType.TEXT, before=None, after="x" * 121, max_length=120)
    assert not judge(long).allowed
    grown = replace(TEXT, max_length=20)
    assert not judge(grown, rule=Survivorship.APPEND).allowed


def test_a_typed_value_needs_no_evidence() -> None:
    assert judge(change(before_at=CALL + timedelta(days=1)), said=None).rule == "typed by you"
