"""The money reader, by kinds of language."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.intelligence.offline.money import MoneyMention, find_money

AMOUNTS = [
    # a sign or a code, before or behind
    ("$1,200.50", "1200.5", "USD"),
    ("£60,000", "60000", "GBP"),
    ("99 €", "99", "EUR"),
    ("A$500", "500", "AUD"),
    ("hk $ 12", "12", "HKD"),
    ("USD 5,000", "5000", "USD"),
    ("5,000 CAD", "5000", "CAD"),
    ("Rs. 750", "750", "INR"),
    # scales
    ("$48.2 million", "48200000", "USD"),
    ("£2.5m", "2500000", "GBP"),
    ("€1.2M", "1200000", "EUR"),
    ("$3.5bn", "3500000000", "USD"),
    ("5 lakh rupees", "500000", "INR"),
    ("30 KUSD", "30000", "USD"),
    # grouping of other countries
    ("12,34,567.89 rupees", "1234567.89", "INR"),
    ("1.234.567,89 EUR", "1234567.89", "EUR"),
    ("3 291,00 €", "3291", "EUR"),
    ("€1'049,95", "1049.95", "EUR"),
    # words
    ("forty five thousand dollars", "45000", "USD"),
    ("twelve hundred bucks", "1200", "USD"),
    ("one point two million dollars", "1200000", "USD"),
    ("half a million euros", "500000", "EUR"),
    ("two hundred and fifty pounds", "250", "GBP"),
    ("eleven dollars and thirty cents", "11.3", "USD"),
    ("20 dollars 43", "20.43", "USD"),
    ("300 canadian dollars", "300", "CAD"),
    # nobody says the currency
    ("budget ok'd 40k", "40000", None),
    ("call it 1.2 mil", "1200000", None),
    ("a hundred and fifty grand", "150000", None),
    ("the budget is 40,000", "40000", None),
    ("they pay 1200 a month today", "1200", None),
    ("quoted 85 per seat", "85", None),
]

RANGES = [
    ("$2-3M", "2000000", "3000000"),
    ("$10-$20", "10", "20"),
    ("between 40 and 50k", "40000", "50000"),
    ("from 10 to 20 dollars", "10", "20"),
    ("50 to 75 thousand", "50000", "75000"),
    ("fifteen to twenty thousand dollars", "15000", "20000"),
    ("three to five hundred dollars", "300", "500"),
    ("10k-15k", "10000", "15000"),
]

PERIODS = [
    ("$40k/year", "year"),
    ("$300 a month", "month"),
    ("36k annually", "year"),
    ("$45 per user per month", "seat/month"),
    ("$45/seat/mo", "seat/month"),
    ("$12k a quarter", "quarter"),
    ("1.2M ARR", "year"),
    ("$500", ""),
]

NOT_MONEY = [
    "we grew 40% in 2026",
    "10k users and 250 employees",
    "call 202-555-0123",
    "24 months",
    "the budget is for 2026",
    "spend 3 weeks on it",
    "a 10k race",
    "version 2.5",
    "two thousand people",
    "two thousand and fifteen",
    "4G and 5G",
    "ticket #4000",
    "meet at 5 pm on 3/14",
    "2M requests per day",
    "1m tall",
    "seven of them",
    "",
]


def only(text: str) -> MoneyMention:
    found = find_money(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(("text", "amount", "currency"), AMOUNTS, ids=[row[0] for row in AMOUNTS])
def test_amount(text: str, amount: str, currency: str | None) -> None:
    mention = only(text)
    assert (mention.low, mention.high, mention.currency) == (Decimal(amount), Decimal(amount), currency)


@pytest.mark.parametrize(("text", "low", "high"), RANGES, ids=[row[0] for row in RANGES])
def test_range(text: str, low: str, high: str) -> None:
    mention = only(text)
    assert (mention.low, mention.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(("text", "period"), PERIODS, ids=[row[0] for row in PERIODS])
def test_period(text: str, period: str) -> None:
    assert only(text).period == period


@pytest.mark.parametrize("text", NOT_MONEY)
def test_quiet_where_a_figure_counts_something_else(text: str) -> None:
    assert find_money(text) == []


@pytest.mark.parametrize("text", ["around 20 bucks", "~$40k", "$50k-ish", "roughly 2 million dollars", "$1M or so"])
def test_approximate(text: str) -> None:
    assert only(text).approximate


def test_hundredths_say_so() -> None:
    cents = only("50 cents")
    assert (cents.low, cents.minor, cents.currency) == (Decimal(50), True, None)
    assert not only("$50").minor


def test_several_amounts_in_one_line() -> None:
    text = "List is $60k, they have 45k, a pilot would be €5,000."
    found = find_money(text)
    assert [str(mention.low) for mention in found] == ["60000", "45000", "5000"]
    assert [text[mention.start : mention.end] for mention in found] == ["$60k", "45k", "€5,000"]


PIECES = st.sampled_from(
    "$ € £ 1 40k 2.5 1,234 12,34,567 million k M dollars cents and to - a per month budget is ten hundred "
    "thousand . , ' "
    "USD rs half point % seven → \n \x00 ٣ ²".split(" ")
)


@given(
    st.one_of(
        st.text(max_size=60), st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES, max_size=14).map("".join)
    )
)
@settings(max_examples=400, deadline=None)
def test_any_text_gives_valid_ordered_mentions(text: str) -> None:
    found = find_money(text)
    behind = 0
    for mention in found:
        assert behind <= mention.start < mention.end <= len(text)
        assert Decimal(0) <= mention.low <= mention.high
        behind = mention.end
    assert found == find_money(text)


@pytest.mark.parametrize("piece", ["7", " ", "a ", "1 ", "1,", "$1 ", "one hundred ", "budget 100 ", "5k "])
def test_time_grows_with_length_only(piece: str) -> None:
    short, long = piece * (4_000 // len(piece)), piece * (32_000 // len(piece))
    began = time.process_time()
    find_money(short)
    middle = time.process_time()
    find_money(long)
    assert time.process_time() - middle < 40 * (middle - began) + 5, "a machine that is busy may be ten times slower"
