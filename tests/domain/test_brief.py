from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from gangly_tui.domain.brief import BriefFacts, is_internal, prepare_brief
from gangly_tui.domain.records import Attendee, Kind, Record
from tests.domain.made import CALL, account, contact, deal, meeting, record

OURS = frozenset({"seller.com"})


def activity(identifier: str, days_ago: int, **fields: object) -> Record:
    plain = {"type": "call", "subject": f"Call {identifier}", "body": "Talked.", "at": CALL - timedelta(days=days_ago)}
    return record(Kind.ACTIVITY, identifier, **{**plain, **fields})  # type: ignore[arg-type]


def facts(**parts: object) -> BriefFacts:
    made = BriefFacts(
        account=account(),
        contacts={"ada@acme.de": contact(title="CFO", role="Economic buyer")},
        deals=(deal(next_step="Send the offer"),),
        activities=(activity("x1", 3), activity("x2", 30, body="")),
        tasks=(
            record(Kind.ACTIVITY, "t1", type="task", subject="Send DPA", due=date(2026, 9, 20), ours=True),
            record(Kind.ACTIVITY, "t2", type="task", subject="Share usage", due=date(2026, 9, 30), ours=False),
        ),
        last_touches={"c1": activity("x1", 3)},
        our_domains=OURS,
    )
    return replace(made, **parts)  # type: ignore[arg-type]


def test_the_brief_is_laid_out_from_the_facts() -> None:
    brief = prepare_brief(meeting(), facts(), now=CALL)
    assert brief.writes == 0
    assert brief.account and brief.account.detail == "Retail · 1,200 people · Ulm"
    robin, ada = brief.attendees
    assert robin.ours and not robin.known
    assert ada.known and ada.title == "CFO" and ada.last_touch and ada.last_touch.text == "Call x1"
    assert brief.deal and brief.deal.days_in_stage == 53 and not brief.deal.overdue
    assert [each.text for each in brief.ours] == ["Send DPA"] and brief.ours[0].overdue
    assert [each.text for each in brief.theirs] == ["Share usage"] and not brief.theirs[0].overdue
    assert [each.text for each in brief.why] == ["Next step on the deal: Send the offer", "Last call: Call x1"]
    assert [each.at for each in brief.touches] == [CALL - timedelta(days=3), CALL - timedelta(days=30)]
    assert len(brief.prior) == 1
    assert [gap.field for gap in brief.gaps] == [
        "economic_buyer", "decision_process", "budget", "pain", "competitor", "decision_criteria",
    ]  # fmt: skip
    assert len(brief.questions) == 3


def test_every_line_names_its_source() -> None:
    brief = prepare_brief(meeting(), facts(), now=CALL)
    lines = [*brief.why, *brief.ours, *brief.theirs, *brief.touches, *brief.prior, *brief.gaps, *brief.attendees]
    assert all(each.source.tag for each in lines)


def test_a_passed_close_date_is_the_first_gap() -> None:
    brief = prepare_brief(meeting(), facts(deals=(deal(close_date=date(2026, 9, 1)),)), now=CALL)
    assert brief.gaps[0].label == "Close date passed (2026-09-01)"
    assert brief.deal and brief.deal.overdue


def test_a_field_out_of_read_scope_is_no_gap() -> None:
    narrow = record(Kind.OPPORTUNITY, "d1", name="Platform")
    assert prepare_brief(meeting(), facts(deals=(narrow,)), now=CALL).gaps == ()


def test_several_deals_are_choices_not_a_guess() -> None:
    brief = prepare_brief(meeting(), facts(deals=(deal("d1"), deal("d2"))), now=CALL)
    assert brief.deal is None
    assert len(brief.deal_choices) == 2
    assert brief.gaps == ()


def test_nothing_known_gives_an_empty_brief_not_an_error() -> None:
    brief = prepare_brief(meeting(), BriefFacts(our_domains=OURS), now=CALL)
    assert brief.account is None and brief.deal is None and not brief.touches
    assert [each.known for each in brief.attendees] == [False, False]


def test_a_future_activity_is_no_touch() -> None:
    assert prepare_brief(meeting(), facts(activities=(activity("x", -2),)), now=CALL).touches == ()


def test_internal_means_everybody_is_ours_and_rooms_do_not_count() -> None:
    room = Attendee(email="room1@other.com", resource=True)
    ours = Attendee(email="kim@seller.com")
    assert is_internal(replace(meeting(), attendees=(ours, room)), OURS)
    assert not is_internal(meeting(), OURS)
    assert not is_internal(replace(meeting(), attendees=(ours, Attendee(name="Ada"))), OURS)
