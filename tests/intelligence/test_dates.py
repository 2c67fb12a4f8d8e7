"""The date reader, by kinds of language. Every row counts from Wednesday 23 September 2026, 14:30."""

from __future__ import annotations

import time as clock
from datetime import date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gangly_tui.intelligence.offline.dates import DateMention, find_dates

ANCHOR = datetime(2026, 9, 23, 14, 30)

ONE_DAY = [
    # the days around today
    ("I'll confirm today", "2026-09-23"),
    ("can you do tmrw?", "2026-09-24"),
    ("the day after tomorrow suits us", "2026-09-25"),
    ("that came in the day before yesterday", "2026-09-21"),
    ("let's talk this afternoon", "2026-09-23"),
    ("he replied last night", "2026-09-22"),
    # weekdays
    ("report out by fri", "2026-09-25"),
    ("Monday works for legal", "2026-09-28"),
    ("let's say next Thursday", "2026-10-01"),
    ("the pilot ended last Tuesday", "2026-09-15"),
    ("we spoke this past Monday", "2026-09-21"),
    ("Tuesday of next week", "2026-09-29"),
    ("next week on Friday", "2026-10-02"),
    ("the Monday after next", "2026-10-05"),
    ("Friday the 2nd", "2026-10-02"),
    ("the Friday before Christmas", "2026-12-18"),
    ("the Tuesday after Labor Day", "2027-09-07"),
    ("a week on Monday", "2026-10-05"),
    ("Thursday, two weeks from now", "2026-10-08"),
    # a month and a day, either order, in words and digits
    ("November 5th", "2026-11-05"),
    ("the 5th of Nov", "2026-11-05"),
    ("Nov. 5, 2027", "2027-11-05"),
    ("twenty third of October", "2026-10-23"),
    ("January fifteen, twenty twenty seven", "2027-01-15"),
    ("5 Feb", "2027-02-05"),
    ("Wed, Sep 30th", "2026-09-30"),
    ("Dec 1 '27", "2027-12-01"),
    ("February 29", "2028-02-29"),
    # digits
    ("2026-11-05", "2026-11-05"),
    ("11/05/2026", "2026-11-05"),
    ("25.11.2026", "2026-11-25"),
    ("due 11/30", "2026-11-30"),
    ("05-Nov-2026", "2026-11-05"),
    ("quote_20261105.pdf", "2026-11-05"),
    ("2026/Nov/05", "2026-11-05"),
    # a day of a month nobody named
    ("the 15th works", "2026-10-15"),
    ("on the 24th", "2026-09-24"),
    ("by the twenty fifth", "2026-09-25"),
    ("the 20th of next month", "2026-10-20"),
    ("the first of the month", "2026-10-01"),
    # distances
    ("in two weeks", "2026-10-07"),
    ("three days ago", "2026-09-20"),
    ("ten days from now", "2026-10-03"),
    ("in 3 business days", "2026-09-28"),
    ("a week after the 1st of October", "2026-10-08"),
    ("two days before Thanksgiving", "2026-11-24"),
    ("a fortnight from Friday", "2026-10-09"),
    ("in a month and 2 days", "2026-10-25"),
    ("in an hour", "2026-09-23"),
    ("in twelve hours", "2026-09-24"),
    ("in a month's time", "2026-10-23"),
    # days inside stretches
    ("the first Monday of next month", "2026-10-05"),
    ("last Friday in November", "2026-11-27"),
    ("the last day of the quarter", "2026-09-30"),
    ("the last business day of October", "2026-10-30"),
    ("the third day of March 2027", "2027-03-03"),
    # deadlines
    ("EOD", "2026-09-23"),
    ("EOD Friday", "2026-09-25"),
    ("Thursday close of business", "2026-09-24"),
    ("by the end of the week", "2026-09-25"),
    ("end of next week", "2026-10-02"),
    # holidays
    ("before Christmas", "2026-12-25"),
    ("the day after Thanksgiving", "2026-11-27"),
    ("Easter Monday 2027", "2027-03-29"),
    ("New Year's Eve", "2026-12-31"),
]

STRETCHES = [
    ("this week", "2026-09-21", "2026-09-27", "week"),
    ("next week", "2026-09-28", "2026-10-04", "week"),
    ("the week after next", "2026-10-05", "2026-10-11", "week"),
    ("the week of the 12th", "2026-10-12", "2026-10-18", "week"),
    ("week 42", "2026-10-12", "2026-10-18", "week"),
    ("over the weekend", "2026-09-26", "2026-09-27", "weekend"),
    ("next month", "2026-10-01", "2026-10-31", "month"),
    ("in January", "2027-01-01", "2027-01-31", "month"),
    ("since January", "2026-01-01", "2026-01-31", "month"),
    ("January of next year", "2027-01-01", "2027-01-31", "month"),
    ("mid-November", "2026-11-11", "2026-11-20", "month"),
    ("end of the month", "2026-09-21", "2026-09-30", "month"),
    ("by month end", "2026-09-21", "2026-09-30", "month"),
    ("this quarter", "2026-07-01", "2026-09-30", "quarter"),
    ("Q4", "2026-10-01", "2026-12-31", "quarter"),
    ("Q1 next year", "2027-01-01", "2027-03-31", "quarter"),
    ("third quarter of 2027", "2027-07-01", "2027-09-30", "quarter"),
    ("end of Q4", "2026-12-02", "2026-12-31", "quarter"),
    ("H1 2027", "2027-01-01", "2027-06-30", "half"),
    ("the second half of October", "2026-10-16", "2026-10-31", "half"),
    ("in 2027", "2027-01-01", "2027-12-31", "year"),
    ("FY27", "2027-01-01", "2027-12-31", "year"),
    ("by year-end", "2026-09-01", "2026-12-31", "year"),
    ("spring 2027", "2027-03-20", "2027-06-19", "season"),
    ("the third week of October", "2026-10-12", "2026-10-18", "week"),
    ("over the next two weeks", "2026-09-24", "2026-10-07", "week"),
    ("the last 90 days", "2026-06-25", "2026-09-23", "day"),
    ("in six to eight weeks", "2026-11-04", "2026-11-18", "week"),
    ("later this month", "2026-09-23", "2026-09-30", "month"),
    ("Thanksgiving week", "2026-11-23", "2026-11-29", "week"),
    # from one day to another
    ("from Monday to Thursday", "2026-09-28", "2026-10-01", "range"),
    ("Oct 3-5", "2026-10-03", "2026-10-05", "range"),
    ("3 to 5 October", "2026-10-03", "2026-10-05", "range"),
    ("between the 3rd and the 5th of October", "2026-10-03", "2026-10-05", "range"),
    ("October 28th through November 2nd", "2026-10-28", "2026-11-02", "range"),
    ("December to February 2027", "2026-12-01", "2027-02-28", "range"),
    ("11/1/2026-11/7/2026", "2026-11-01", "2026-11-07", "range"),
    ("2026-2028", "2026-01-01", "2028-12-31", "range"),
]

QUIET = [
    "you may find that hard",
    "this may take a while",
    "march on to the next slide",
    "the second option is fine",
    "on the third floor",
    "we sat down together",
    "the sun was out",
    "24/7 support",
    "a 50/50 split",
    "2024 users",
    "call me on 202-555-0123",
    "ticket 123-12-1234",
    "version 3.2.1",
    "every Monday",
    "Fridays",
    "the 2nd Tuesday of each month",
    "it took three weeks",
    "4:3 aspect ratio",
    "net 30",
    "2015-02-30",
    "a one-off",
    "",
]

TIMES = [
    ("Thursday at 2 works", date(2026, 9, 24), time(14)),
    ("3:30pm on Friday", date(2026, 9, 25), time(15, 30)),
    ("tomorrow at half past nine", date(2026, 9, 24), time(9, 30)),
    ("noon tomorrow", date(2026, 9, 24), time(12)),
    ("Monday 2-3pm", date(2026, 9, 28), time(14)),
    ("2026-10-01 09:15", date(2026, 10, 1), time(9, 15)),
    ("10am PT on the 24th", date(2026, 9, 24), time(10)),
    ("tonight at 8", date(2026, 9, 23), time(20)),
    ("at 5 pm", date(2026, 9, 23), time(17)),
    ("at 9am", date(2026, 9, 24), time(9)),
    ("quarter to five", date(2026, 9, 23), time(16, 45)),
]


def only(text: str, **options: int) -> DateMention:
    found = find_dates(text, ANCHOR, **options)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(("text", "day"), ONE_DAY, ids=[row[0] for row in ONE_DAY])
def test_one_day(text: str, day: str) -> None:
    mention = only(text)
    assert (mention.first.isoformat(), mention.last.isoformat()) == (day, day)


@pytest.mark.parametrize(("text", "first", "last", "grain"), STRETCHES, ids=[row[0] for row in STRETCHES])
def test_stretch(text: str, first: str, last: str, grain: str) -> None:
    mention = only(text)
    assert (mention.first.isoformat(), mention.last.isoformat(), mention.grain) == (first, last, grain)


@pytest.mark.parametrize("text", QUIET)
def test_quiet_where_no_date_is_meant(text: str) -> None:
    assert find_dates(text, ANCHOR) == []


@pytest.mark.parametrize(("text", "day", "at"), TIMES, ids=[row[0] for row in TIMES])
def test_time_of_day(text: str, day: date, at: time) -> None:
    mention = only(text)
    assert (mention.first, mention.time) == (day, at)


def test_a_time_alone_says_so() -> None:
    assert only("at 5 pm").grain == "time"


@pytest.mark.parametrize(
    ("text", "other"),
    [("next Friday", date(2026, 9, 25)), ("10/7", date(2027, 7, 10)), ("10/07/2026", date(2026, 7, 10))],
)
def test_an_ambiguous_phrase_keeps_its_second_reading(text: str, other: date) -> None:
    assert only(text).alternative == (other, other)


def test_past_talk_offers_the_past_reading() -> None:
    assert only("we met on Monday").alternative == (date(2026, 9, 21), date(2026, 9, 21))
    assert only("let's meet on Monday").alternative is None


def test_several_days_in_one_sentence() -> None:
    days = [mention.first.day for mention in find_dates("Oct 3rd, 4th and 5th, or Tuesday the 13th", ANCHOR)]
    assert days == [3, 4, 5, 13]


def test_quarters_follow_the_fiscal_year() -> None:
    assert only("Q1 FY27", fiscal_year_start=2).first == date(2026, 2, 1)
    assert only("end of the quarter", fiscal_year_start=2).last == date(2026, 10, 31)
    assert only("fiscal year 2027", fiscal_year_start=7).first == date(2026, 7, 1)


def test_the_span_is_the_words_themselves() -> None:
    text = "First line.\nWe can sign mid-November, after the board meets."
    mention = find_dates(text, ANCHOR)[0]
    assert text[mention.start : mention.end] == "mid-November"


PIECES = st.sampled_from(
    "the of last first next this week month Friday may March 3rd 15 31 2026 2027 in two ago from to - / . , : ' "
    "at pm 5 q4 "
    "half end early after before day days years Easter fy 12 00 second twenty \n and or by 9999 0 99 ½ → é \x00".split(
        " "
    )
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES, max_size=14).map("".join)),
       st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)), st.integers(1, 12))  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_any_text_gives_valid_ordered_mentions(text: str, anchor: datetime, start: int) -> None:
    found = find_dates(text, anchor, fiscal_year_start=start)
    behind = 0
    for mention in found:
        assert behind <= mention.start < mention.end <= len(text)
        assert mention.first <= mention.last
        behind = mention.end
    assert found == find_dates(text, anchor, fiscal_year_start=start)


@pytest.mark.parametrize(
    "piece", ["7", " ", "a ", "1 ", "the week of ", "3 weeks after ", "1/1/", "may 1 to ", "12:30 "]
)
def test_time_grows_with_length_only(piece: str) -> None:
    short, long = piece * (4_000 // len(piece)), piece * (32_000 // len(piece))
    began = clock.process_time()
    find_dates(short, ANCHOR)
    middle = clock.process_time()
    find_dates(long, ANCHOR)
    assert clock.process_time() - middle < 40 * (middle - began) + 5, "a machine that is busy may be ten times slower"
