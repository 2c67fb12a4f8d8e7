"""What `hierarchy check` finds: duties, days, unnamed systems, fields the CRM lacks, scopes wider than the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gangly_tui.domain.hierarchy import Hierarchy, Layer, Scope
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.domain.records import FieldSchema, FieldType, Kind, ObjectSchema
from gangly_tui.flow.governance import SOON_DAYS, UNUSED_DAYS, Finding, check_page
from gangly_tui.store import decisions, mirror
from tests.domain.made import card
from tests.flow.conftest import CALL, House

TODAY = CALL.date()
FAR = TODAY + timedelta(days=200)
READ = {Kind.CONTACT: frozenset({"last_name", "mail_opt_out", "recording_consent"})}


def entry(system: str = "sandbox", **parts: object) -> Scope:
    """A connector's entry that nothing is wrong with."""
    made = Scope(
        system=system, layer=Layer.RECORD, owner="Kim", backup="Lee", runbook="wiki", read=READ, write={},
        review=FAR, rotate=FAR,
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type]


def check(
    house: House, *entries: Scope, systems: tuple[str, ...] = ("sandbox",), allow: tuple[str, ...] = ()
) -> list[Finding]:
    page = Hierarchy(owners={}, scopes={each.system: each for each in entries})
    settings = replace(house.desk.settings, processing=allow)
    return check_page(replace(house.desk, hierarchy=page, settings=settings), systems)


def told(found: list[Finding]) -> list[tuple[str, bool]]:
    return [(each.what, each.severe) for each in found]


def test_nothing_is_found_where_nothing_is_wrong(house: House) -> None:
    assert check(house, entry()) == []


@pytest.mark.parametrize(
    ("parts", "what", "severe"),
    [
        ({"owner": "nobody"}, "its owner is 'nobody'", True),
        ({"owner": " TBD: ask Kim"}, "its owner is ' TBD: ask Kim'", True),
        ({"backup": "n/a"}, "its backup is 'n/a'", False),
        ({"review": TODAY - timedelta(days=1)}, "its review is 1 days overdue (2026-09-22)", True),
        ({"rotate": date(2026, 9, 3)}, "its credential rotation is 20 days overdue (2026-09-03)", True),
        ({"review": TODAY}, "its review is due on 2026-09-23", False),
        ({"rotate": TODAY + timedelta(days=SOON_DAYS)}, "its credential rotation is due on 2026-10-07", False),
        ({"review": None}, "has no day of review", False),
        ({"rotate": None}, "has no day of credential rotation", False),
    ],
)
def test_duties_and_days(house: House, parts: Mapping[str, object], what: str, severe: bool) -> None:
    found = check(house, entry(**parts))
    assert told(found) == [(what, severe)]
    assert found[0].where == "connectors.sandbox" and found[0].fix


@pytest.mark.parametrize(
    "parts",
    [
        {"owner": "Nobody Less"},
        {"review": TODAY + timedelta(days=SOON_DAYS + 1)},
        {"read": {**READ, Kind.ACCOUNT: frozenset({"name"})}},
    ],
)
def test_what_is_no_finding(house: House, parts: Mapping[str, object]) -> None:
    assert check(house, entry(**parts)) == []


def test_of_what_is_not_connected_only_a_day_that_has_passed_counts(house: House) -> None:
    idle = entry("zoom", owner="nobody", backup="tbd", review=None, rotate=TODAY - timedelta(days=2))
    assert told(check(house, entry(), idle)) == [("its credential rotation is 2 days overdue (2026-09-21)", True)]


def test_a_connected_system_that_the_page_does_not_name(house: House) -> None:
    found = check(house, entry(), systems=("sandbox", "zoom"))
    assert [(each.where, each.severe, each.fix) for each in found] == [
        ("connectors.zoom", True, "add a [connectors.zoom] table")
    ]


def test_severe_findings_come_first(house: House) -> None:
    found = check(house, entry(backup="tbd", review=None), systems=("sandbox", "zoom"))
    assert [each.severe for each in found] == [True, False, False]


def test_fields_are_held_against_the_crms_own_list(house: House) -> None:
    def field(name: str, *, read_only: bool = False) -> FieldSchema:
        return FieldSchema(name=name, label=name, type=FieldType.TEXT, read_only=read_only)

    live = ObjectSchema(kind=Kind.CONTACT, fields=(field("title"), field("phone", read_only=True)))
    mirror.save_schema(house.desk.db, "sandbox", live, CALL)
    found = check(house, entry(write={Kind.CONTACT: frozenset({"title", "phone", "role"})}))
    assert sorted(told(found)) == [
        ("phone is read-only for this user", False),
        ("sandbox has no field for role", False),
    ]
    assert {each.where for each in found} == {"connectors.sandbox.write.contact"}


@pytest.mark.parametrize(
    ("read", "allow", "left_out"),
    [
        ({"last_name"}, (), ["mail_opt_out", "recording_consent"]),
        ({"last_name"}, ("EU",), ["mail_opt_out", "residency", "recording_consent"]),
        ({"last_name", "mail_opt_out", "residency", "recording_consent"}, ("EU",), []),
        ({"last_name", "mail_opt_out", "recording_consent"}, (), []),
        (set(), ("EU",), []),
    ],
)
def test_contacts_are_read_with_what_they_said(
    house: House, read: set[str], allow: tuple[str, ...], left_out: list[str]
) -> None:
    found = check(house, entry(read={Kind.CONTACT: frozenset(read)}), allow=allow)
    assert [each.what.split(":")[0] for each in found] == [f"leaves out {name}" for name in left_out]


def decided(house: House, identifier: str, days_ago: float, state: ProposalState = ProposalState.APPROVED) -> None:
    """A card on a close date."""
    made = replace(card(), id=identifier, drafted_at=house.clock() - timedelta(days=days_ago))
    decisions.save_proposals(house.desk.db, [made], state)


WIDE = {Kind.OPPORTUNITY: frozenset({"close_date", "amount"})}


@pytest.mark.parametrize(
    ("first", "last", "idle"),
    [
        (UNUSED_DAYS + 1, 1, "amount"),
        (UNUSED_DAYS + 1, None, "amount, close_date"),
        (UNUSED_DAYS - 1, 1, ""),
        (None, None, ""),
    ],
)
def test_a_write_scope_is_wider_than_the_work_after_90_days(
    house: House, first: float | None, last: float | None, idle: str
) -> None:
    for name, days in (("a", first), ("b", last)):
        if days is not None:
            decided(house, name, days)
    found = check(house, entry(write=WIDE))
    assert [each.what for each in found] == ([f"may be written, and was not in 90 days: {idle}"] if idle else [])


def test_a_card_that_nobody_decided_starts_no_clock(house: House) -> None:
    decided(house, "a", 200, ProposalState.OPEN)
    assert check(house, entry(write=WIDE)) == []


def test_a_field_that_is_read_and_empty_everywhere(house: House) -> None:
    decided(house, "a", 200)
    read = {Kind.CONTACT: frozenset({"last_name", "email", "title", "mail_opt_out", "recording_consent", "phone"})}
    found = check(house, entry(read=read))
    assert [(each.where, each.what, each.severe) for each in found] == [
        ("connectors.sandbox.read.contact", "is read, and empty in every record: phone, title", False)
    ]
