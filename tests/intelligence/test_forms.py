"""Forms a text comes in: tables of actions, chat exports, numbered speakers, titles with a day; and summaries in sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from gangly_tui.domain.draft import Draft
from gangly_tui.intelligence.offline import find_money, read_context
from gangly_tui.intelligence.offline.step_words import held
from tests.intelligence.conftest import REP

Read = Callable[..., Draft]


def _steps(draft: Draft) -> list[tuple[bool, str, str, date | None]]:
    return [(each.ours, each.owner, each.action, each.due) for each in draft.next_steps]


def test_a_table_of_actions_is_read_row_by_row_whatever_its_columns(read: Read) -> None:
    rows = "| Action | Owner | Due |\n| --- | --- | --- |\n| Draft the statement of work | Sam | 2 Oct |\n"
    text = f"Minutes of the call\n\n{rows}| Share the floor plans | Kim | 25 September |\n\nKim liked the demo."
    assert _steps(read(text)) == [
        (True, "Sam Ortiz", "Draft the statement of work", date(2026, 10, 2)),
        (False, "Kim", "Share the floor plans", date(2026, 9, 25)),
    ]


def test_another_table_gives_no_steps(read: Read) -> None:
    assert read("| Plan | Price |\n| --- | --- |\n| Send 100 mails | 9 USD |").next_steps == ()


def test_a_lone_clock_and_am_are_no_speakers(read: Read) -> None:
    text = "Kim Doe  10:42 AM\nhi\n10:43 AM\nwe need the quote by Friday\n\nSam Ortiz  10:51 AM\nI'll send the quote tomorrow"
    draft = read(text)
    assert {each.name for each in draft.contacts} == {"Kim Doe"}
    assert (True, "Sam Ortiz", "Send the quote", date(2026, 9, 24)) in _steps(draft)


def test_a_numbered_speaker_takes_the_name_they_give_and_is_no_contact_without_one(read: Read) -> None:
    text = "Speaker 1: Hi, this is Sam Ortiz from OurCo.\nSpeaker 2: Hello, this is Ada Klein.\nSpeaker 1: I'll send you the quote tomorrow."
    draft = read(text)
    assert [each.name for each in draft.contacts] == ["Ada Klein"]
    assert draft.next_steps[0].owner == "Sam Ortiz"
    assert read(text.replace("this is Ada Klein", "go ahead")).contacts == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Site visit at Ferrum, 5 November 2026\n\nWe met.", date(2026, 11, 5)),
        ("Minutes: Acme x OurCo, 14 January 2026\n", date(2026, 1, 14)),
        ("Contract ends 31 December 2026\nThey want to renew.", REP.anchor.date()),
        ("We met on 3 May 2026, and they liked the demo.", REP.anchor.date()),
    ],
)
def test_the_day_in_a_title_is_the_days_days_count_from(text: str, day: date) -> None:
    assert read_context(text, REP).anchor.date() == day


@pytest.mark.parametrize(
    ("title", "company"),
    [
        ("Debrief Castor Bank pitch", "Castor Bank"),
        ("Wed call Quarry Lane Hospitals", "Quarry Lane Hospitals"),
        ("kestrel call - spoke w/ their ops lead (Tomasz) + Anja from IT", None),
        ("Call Susan Park", None),
    ],
)
def test_a_title_may_name_the_company_and_never_a_person(read: Read, title: str, company: str | None) -> None:
    assert read(f"{title}\n\n- Susan said the price is fine\n- send the quote by Friday").company == company


def test_said_from_the_receivers_end(read: Read) -> None:
    draft = read("Dana (Head of IT, Acme): When do we see it?\nSam: You'll get the written report from me by Friday.")
    assert _steps(draft) == [(True, "Sam Ortiz", "Get Dana the written report", date(2026, 9, 25))]
    asked = "Sam: Anything else?\nDana: We need the revised offer by Friday."
    assert _steps(read(asked)) == [(True, "Sam Ortiz", "Send the revised offer", date(2026, 9, 25))]
    assert read("Sam: Once you sign, you'll have access by Friday.\nDana: Hm.").next_steps == ()


def test_the_day_something_arrives_is_the_steps_only_where_no_other_is_said(read: Read) -> None:
    said = "Sam: When?\nDana: I will pull the counts{}, you will have them on Monday."
    assert _steps(read(said.format("")))[0][3] == date(2026, 9, 28)
    assert _steps(read(said.format(" on Friday")))[0][3] == date(2026, 9, 25)


def test_by_when_may_come_a_sentence_later(read: Read) -> None:
    text = "Dana: Can you send the white paper?\nSam: Sure.\nDana: By Friday at the latest, please."
    assert _steps(read(text))[0][3] == date(2026, 9, 25)


def test_no_problem_takes_nothing_back(read: Read) -> None:
    text = "Sam: I'll send the samples on Monday.\nDana: Good, and the quote?\nSam: No problem, I'll redo the quote tomorrow."
    assert [(each[2], each[3]) for each in _steps(read(text))] == [
        ("Send the samples", date(2026, 9, 28)),
        ("Redo the quote", date(2026, 9, 24)),
    ]


def test_a_summary_names_owners_in_a_sentence_and_the_question_a_short_answer_needs(read: Read) -> None:
    text = (
        "Dana: Our planners do everything by hand, it takes us days.\nSam: Who signs the order on your side?\n"
        "Dana: I sign it.\nSam: I'll send the order form tomorrow."
    )
    lines = [each.text for each in read(text).summary.lines]
    assert 'Sam Ortiz: "Who signs the order on your side?" Dana: "I sign it."' in lines
    assert "Next: Sam Ortiz to send the order form by 24 Sep 2026" in lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("demo", "Hold the demo"),
        ("kickoff call", "Hold the kickoff call"),
        ("call", "Call"),
        ("do a demo", "Do a demo"),
    ],
)
def test_a_meeting_is_something_to_do(name: str, shown: str) -> None:
    assert held(name) == shown


def test_a_colon_may_stand_behind_the_sign() -> None:
    assert [(str(each.low), each.currency) for each in find_money("US$:12.99")] == [("12.99", "USD")]
    assert find_money("at 10:30") == []


def test_the_callers_own_day_is_kept_where_no_title_names_one() -> None:
    anchor = datetime(2026, 9, 23, tzinfo=UTC)
    assert read_context("Sam: hi\nDana: 5 November 2026 works", REP).anchor.date() == anchor.date()
