"""The gaps of a deal, the money they put at risk, and the order a rep works through them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.hierarchy_page import parse_hierarchy
from gangly_tui.domain.hygiene import DealFacts, DealHealth, GapKind, Rules, by_stage, judge, ranked, usual_days
from gangly_tui.domain.records import Kind, Record, Value
from tests.domain import made

TODAY = date(2026, 9, 23)
LADDER = ("Discovery", "Demo", "Proposal", "Negotiation")
RULES = Rules(stages=LADDER)
WELL: dict[str, Value] = {
    "next_step": "Send the offer", "pain": "Plans by spreadsheet", "economic_buyer": "Ada", "decision_process": "Ada",
    "contacts": ("c1", "c2"), "stage_since": date(2026, 9, 1), "close_date": date(2026, 10, 30),
}  # fmt: skip


def person(identifier: str = "c1", **fields: Value) -> Record:
    plain: dict[str, Value] = {
        "first_name": "Ada", "last_name": "Lind", "title": "CFO", "phone": "+49 731 5550", "email": "ada@acme.de",
    }  # fmt: skip
    return made.record(Kind.CONTACT, identifier, **{**plain, **fields})


def facts(**changed: Value) -> DealFacts:
    touched = datetime(2026, 9, 20, 9, 0, tzinfo=UTC)
    return DealFacts(deal=made.deal(**{**WELL, **changed}), contacts=(person(),), touched=touched)


def keys(found: DealHealth) -> set[str]:
    return {each.key for each in found.gaps}


def test_a_deal_that_is_kept_well_has_no_gap_and_nothing_at_risk() -> None:
    found = judge(facts(), RULES, TODAY)
    assert (found.gaps, found.severity, found.at_risk) == ((), Decimal("0.000"), Decimal(0))


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"close_date": TODAY - timedelta(days=1)}, "close date passed"),
        ({"next_step": None}, "no next step"),
        ({"next_step": ""}, "no next step"),
        ({"stage_since": TODAY - timedelta(days=61)}, "stage old"),
        ({"contacts": ("c1",)}, "single-threaded"),
        ({"contacts": ()}, "single-threaded"),
        ({"stage": "Proposal", "amount": None}, "field:amount"),
        ({"close_date": None}, "field:close_date"),
        ({"stage": "Negotiation", "economic_buyer": None}, "field:economic_buyer"),
    ],
)
def test_each_thing_that_is_missing_is_one_gap(changed: dict[str, Value], key: str) -> None:
    assert keys(judge(facts(**changed), RULES, TODAY)) == {key}


@pytest.mark.parametrize(
    "changed",
    [
        {"close_date": TODAY},
        {"stage_since": TODAY - timedelta(days=60)},
        {"stage": "Discovery", "amount": None, "pain": None},
        {"stage": "Demo", "economic_buyer": None},
        {"stage": "A stage of their own", "amount": None},
    ],
)
def test_what_is_on_the_line_is_no_gap(changed: dict[str, Value]) -> None:
    assert keys(judge(facts(**changed), RULES, TODAY)) == set()


def test_an_open_task_is_a_next_step_and_a_field_that_was_not_read_is_no_gap() -> None:
    bare = facts(next_step=None)
    with_task = DealFacts(deal=bare.deal, contacts=bare.contacts, touched=bare.touched, open_tasks=1)
    assert keys(judge(with_task, RULES, TODAY)) == set()
    unread = made.record(Kind.OPPORTUNITY, "d9", name="Narrow", stage="Negotiation")
    assert keys(judge(DealFacts(deal=unread, touched=bare.touched), RULES, TODAY)) == set()


def test_quiet_is_counted_in_days_and_never_touched_is_quiet() -> None:
    base = facts()
    for days, quiet in ((21, False), (22, True)):
        touched = datetime(2026, 9, 23, 9, 0, tzinfo=UTC) - timedelta(days=days)
        found = judge(DealFacts(deal=base.deal, contacts=base.contacts, touched=touched), RULES, TODAY)
        assert ("no activity" in keys(found)) is quiet
    assert "no activity" in keys(judge(DealFacts(deal=base.deal, contacts=base.contacts), RULES, TODAY))


def test_the_people_of_a_deal_have_gaps_of_their_own() -> None:
    base = facts()
    people = (person(title=None), person("c2", email="", phone=None), person("c3"))
    found = judge(
        DealFacts(deal=base.deal, contacts=people, touched=base.touched, bounced=frozenset({"ada@acme.de"})),
        RULES,
        TODAY,
    )
    assert keys(found) == {
        *("contact:c1:title", "bounced:c1", "contact:c2:phone", "contact:c2:email", "bounced:c3"),
    }
    assert found.gaps[0].kind is GapKind.BOUNCED, "the worst first"
    assert {each.ref.id for each in found.gaps} == {"c1", "c2", "c3"}


def test_the_page_says_what_a_stage_needs_whatever_its_case() -> None:
    page = parse_hierarchy('[required]\n"proposal" = ["budget"]\nDiscovery = []\n')
    rules = Rules(required=page.required, stages=LADDER)
    assert keys(judge(facts(stage="Proposal", amount=None), rules, TODAY)) == {"field:budget"}
    assert keys(judge(facts(stage="Discovery", close_date=None), rules, TODAY)) == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[required]\nDemo = ["amout"]\n', "did you mean 'amount'"),
        ('[required]\nDemo = "amount"\n', "must be a list of texts"),
        ("required = 1\n", "must be a table"),
    ],
)
def test_a_page_that_asks_for_an_unknown_field_is_refused_with_a_suggestion(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_hierarchy(text)
    assert words in f"{refused.value} {refused.value.fix}"


def test_a_stage_is_old_by_what_is_usual_there_once_that_is_known() -> None:
    assert usual_days({"Demo": [10, 20, 30, 40], "Proposal": [4, 9, 5, 6, 7]}) == {"proposal": 6}
    rules = Rules(stages=LADDER, usual={"demo": 20})
    (gap,) = judge(facts(stage_since=TODAY - timedelta(days=22)), rules, TODAY).gaps
    assert "usually leave it after 20 days" in gap.words


def test_not_applicable_is_only_counted_and_puts_nothing_at_risk() -> None:
    base = facts(next_step=None)
    paused = DealFacts(deal=base.deal, contacts=base.contacts, touched=base.touched, paused=frozenset({"no next step"}))
    found = judge(paused, RULES, TODAY)
    assert (found.gaps, found.paused, found.at_risk) == ((), 1, Decimal(0))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["USD", "EUR", "GBP"]),
            st.one_of(st.none(), st.decimals(0, 10**9, places=2)),
            st.booleans(),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_currencies_stand_apart_and_money_at_risk_is_never_more_than_the_deal(
    rows: list[tuple[str, Decimal | None, bool, bool]],
) -> None:
    judged = [
        judge(
            facts(
                currency=currency,
                amount=amount,
                next_step=None if bare else "Call",
                close_date=TODAY - timedelta(days=3) if late else TODAY,
            ),
            RULES,
            TODAY,
        )
        for currency, amount, bare, late in rows
    ]
    found = ranked(judged, "EUR")
    assert sorted(map(id, found)) == sorted(map(id, judged))
    groups = [each.currency if each.amount is not None else "" for each in found]
    blocks = [group for at, group in enumerate(groups) if at == 0 or groups[at - 1] != group]
    assert len(blocks) == len(set(blocks)), "each currency is one block"
    if "EUR" in blocks:
        assert blocks[0] == "EUR", "the home currency first"
    if "" in blocks:
        assert blocks[-1] == "", "deals without an amount last"
    for each, after in pairwise(found):
        if each.currency == after.currency and each.at_risk is not None and after.at_risk is not None:
            assert each.at_risk >= after.at_risk
    for each in found:
        if each.amount is not None and each.at_risk is not None:
            assert 0 <= each.at_risk <= each.amount + 1
    sums = by_stage(found, LADDER)
    assert sum(each.deals for each in sums) == len(rows)
    for currency in ("USD", "EUR", "GBP"):
        wanted = sum((amount for of, amount, *_ in rows if of == currency and amount is not None), Decimal())
        assert sum((each.amount for each in sums if each.currency == currency), Decimal()) == wanted


def test_stages_come_in_the_order_of_the_ladder() -> None:
    judged = [judge(facts(stage=each), RULES, TODAY) for each in ("Negotiation", "Odd", "Discovery", "Demo")]
    assert [each.stage for each in by_stage(judged, LADDER)] == ["Discovery", "Demo", "Negotiation", "Odd"]
