"""A RevOps lead's table of cases, judged by the gate; and which of two sources the page lets win."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gangly_tui.domain.cases import field_of, judge, moment_of, parse_case, parse_cases, value_of
from gangly_tui.domain.errors import ConfigError, InputError
from gangly_tui.domain.gate import survive
from gangly_tui.domain.hierarchy import Hierarchy, Layer, Owner, Survivorship
from gangly_tui.domain.records import Kind, Value
from tests.domain.made import CALL, change, page

EARLIER, LATER = CALL - timedelta(days=1), CALL + timedelta(days=1)
SOURCES = {"enrichment": ("bot@data.example",), "form": ("web@ours.example",), "fax": ("fax@ours.example",)}


def ruled(rule: Survivorship, *order: str, trust: tuple[str, ...] = page().trust) -> Hierarchy:
    owners = {(Kind.OPPORTUNITY, "close_date"): Owner(layer=Layer.RECORD, rule=rule, order=order)}
    return replace(page(), owners=owners, sources=SOURCES, trust=trust)


TRUSTED = ruled(Survivorship.HIGHEST_TRUST)
ORDERED = ruled(Survivorship.SOURCE_ORDER, "form", "enrichment", "engagement")


@pytest.mark.parametrize(
    ("book", "source", "by", "at", "wins", "why"),
    [
        # customer, rep, form, enrichment, engagement
        (TRUSTED, "customer", "Kim", EARLIER, True, "customer beats rep"),
        (TRUSTED, "customer", "Kim", LATER, True, "customer beats rep"),
        (TRUSTED, "rep", "bot@data.example", LATER, True, "rep beats enrichment"),
        (TRUSTED, "rep", " BOT@data.example ", LATER, True, "rep beats enrichment"),
        (TRUSTED, "enrichment", "Kim", EARLIER, False, "rep beats enrichment"),
        (TRUSTED, "rep", "Kim", EARLIER, True, "count alike, the newer word wins"),
        (TRUSTED, "rep", "Kim", LATER, False, "count alike, the newer word wins"),
        (TRUSTED, "rep", "Kim", CALL, True, "count alike, the newer word wins"),
        (TRUSTED, "rep", "Kim", None, True, "count alike, the newer word wins"),
        (TRUSTED, "customer", "fax@ours.example", LATER, True, "customer beats fax"),
        (TRUSTED, "fax", "Kim", EARLIER, False, "rep beats fax"),
        (TRUSTED, "fax", "fax@ours.example", EARLIER, True, "count alike"),
        (ruled(Survivorship.HIGHEST_TRUST, trust=("rep", "customer")), "customer", "Kim", EARLIER, False, "rep beats"),
        # words of a call are engagement where neither customer nor rep is named
        (ORDERED, "customer", "web@ours.example", EARLIER, False, "form beats customer"),
        (ORDERED, "customer", "bot@data.example", EARLIER, False, "enrichment beats customer"),
        (ORDERED, "form", "bot@data.example", LATER, True, "form beats enrichment"),
        (ORDERED, "customer", "Kim", EARLIER, True, "count alike"),
        (ORDERED, "customer", "Kim", LATER, False, "count alike"),
        (ORDERED, "customer", "fax@ours.example", LATER, True, "customer beats fax"),
        (ruled(Survivorship.SOURCE_ORDER, "engagement", "customer"), "customer", "Kim", LATER, False, "count alike"),
        (ruled(Survivorship.SOURCE_ORDER, "customer", "form"), "customer", "Kim", LATER, True, "customer beats rep"),
    ],
)
def test_of_two_sources_the_page_says_which_wins(  # noqa: PLR0917 - a row of the table
    book: Hierarchy, source: str, by: str, at: datetime | None, wins: bool, why: str
) -> None:
    made = change(before_by=by, before_at=at)
    verdict = survive(made, kind=Kind.OPPORTUNITY, hierarchy=book, said_at=CALL, source=source)
    assert verdict.allowed is wins
    assert why in verdict.rule and verdict.rule.startswith(book.rule(Kind.OPPORTUNITY, "close_date").value)
    assert verdict.change == made


@pytest.mark.parametrize("book", [TRUSTED, ORDERED])
def test_an_empty_field_is_filled_by_any_source(book: Hierarchy) -> None:
    empty = change(before=None, before_by="", before_at=None)
    assert survive(empty, kind=Kind.OPPORTUNITY, hierarchy=book, said_at=CALL, source="fax").allowed


@pytest.mark.parametrize(
    ("row", "came", "passed"),
    [
        ({"field": "deal.close_date", "current": date(2026, 9, 30), "proposed": date(2026, 11, 15)}, "propose", False),
        ({"field": "deal.close_date", "current": "2026-09-30", "proposed": "2026-09-30"}, "keep", True),
        ({"field": "deal.amount", "current": 40_000, "proposed": "40000.00"}, "keep", True),
        ({"field": "deal.pain", "current": "old", "proposed": "new"}, "append", False),
        ({"field": "deal.pain", "current": "Old news", "proposed": "old"}, "keep", True),
        ({"field": "deal.pain", "proposed": "new"}, "propose", False),
        ({"field": "deal.name", "current": "A", "proposed": "B"}, "keep", True),
        ({"field": "deal.close_date", "current": "2026-09-30", "at": "2026-10-01", "proposed": "2026-11-15",
          "said": "2026-09-23"}, "keep", True),
    ],
)  # fmt: skip
def test_what_comes_of_a_case(row: dict[str, object], came: str, passed: bool) -> None:
    judged = parse_case({**row, "expect": "keep"}, page())
    assert (judged.came, judged.passed) == (came, passed)
    assert parse_case({**row, "expect": came}, page()).passed and judged.verdict.rule


@pytest.mark.parametrize(("result", "passed"), [("old\nnew", True), ("new", False), (None, True)])
def test_the_resulting_value_counts_where_it_is_written_down(result: Value, passed: bool) -> None:
    row = {"field": "deal.pain", "current": "old", "proposed": "new", "expect": "append"}
    assert parse_case(row if result is None else {**row, "result": result}, page()).passed is passed


def test_a_case_without_a_day_is_newer_than_what_stands_there() -> None:
    [case] = parse_cases('[[case]]\nfield="deal.close_date"\ncurrent=2026-09-30\nby="Kim"\nat=2030-01-01\n'
                         'proposed=2026-11-15\nexpect="propose"\n')  # fmt: skip
    assert (case.name, case.source, judge(case, page()).passed) == ("case 1", "customer", True)


GOOD = '[[case]]\nfield="deal.pain"\nproposed="x"\nexpect="propose"\n'


@pytest.mark.parametrize(
    ("text", "words", "fix"),
    [
        ("[[case]\n", "not valid TOML", "that line"),
        ("", "no cases", "[[case]]"),
        ("case = 3\n", "no cases", "[[case]]"),
        (f"{GOOD}[more]\n", "no cases", "[[case]]"),
        (GOOD + GOOD.replace("pain", "pian"), "case 2, line 5: a deal has no field 'pian'", "did you mean 'pain'?"),
        (GOOD.replace("deal.pain", "dael.pain"), "case 1, line 1: 'dael.pain' is no OBJECT.FIELD", "deal.close_date"),
        (GOOD.replace('proposed="x"\n', ""), "it says no 'proposed'", "needed"),
        (GOOD.replace('"propose"', '"write"'), "expect = 'write'", "keep, propose, append"),
        (f"{GOOD}curent='y'\n", "there is no 'curent' in a case", "current"),
        (f"{GOOD}at='soon'\n", "'soon' is no day", "2026-11-24"),
        (f"{GOOD}at=3\n", "3 is no day", "2026-11-24"),
        (GOOD.replace("deal.pain", "deal.close_date"), "'x' is not a date", ""),
    ],
)
def test_a_wrong_table_names_the_case_and_what_to_write(text: str, words: str, fix: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_cases(text)
    assert words in str(refused.value) and fix in (refused.value.fix or "")


def test_how_fields_values_and_days_are_written() -> None:
    assert field_of(" Deal.close_date ") == (Kind.OPPORTUNITY, "close_date") == field_of("opportunity.close_date")
    assert value_of(Kind.OPPORTUNITY, "contacts", ["a", 2]) == ("a", "2")
    assert value_of(Kind.OPPORTUNITY, "close_date", datetime(2026, 9, 30, 9)) == date(2026, 9, 30)
    assert value_of(Kind.CONTACT, "mail_opt_out", True) is True
    assert value_of(Kind.OPPORTUNITY, "amount", None) is None
    assert moment_of(date(2026, 9, 30)) == datetime(2026, 9, 30, tzinfo=UTC) == moment_of("2026-09-30")
    assert moment_of("2026-09-30T10:00:00+02:00") == datetime(2026, 9, 30, 8, tzinfo=UTC)
    with pytest.raises(InputError):
        field_of("deal")
