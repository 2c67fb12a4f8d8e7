"""What counts as a signal: calendars between two looks, silences, deals that stand still, moves by others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.records import Attendee, FieldStamp, Kind, Meeting, Record, RecordRef, Value
from gangly_tui.domain.signals import (
    DealFacts,
    SignalKind,
    is_person,
    meeting_changes,
    signal_id,
    silence_before,
    stage_signal,
    standing_signal,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ME = frozenset({"ana@lumen.com"})
HORIZON = NOW + timedelta(days=14)


def meeting(name: str, days: float, **more: object) -> Meeting:
    start = NOW + timedelta(days=days)
    return Meeting(id=name, system="cal", title=name, start=start, end=start + timedelta(hours=1), **more)  # type: ignore[arg-type]


def changes(
    before: list[Meeting], after: list[Meeting], gone: tuple[str, ...] = (), **more: object
) -> list[tuple[str, str]]:
    given_more = {"horizon": HORIZON, "now": NOW, "me": ME, **more}
    found = meeting_changes({each.id: each for each in before}, after, gone, **given_more)  # type: ignore[arg-type]
    return [(each.kind.value, each.meeting.id) for each in found]


HOST = (Attendee(email="Ana@Lumen.com", organizer=True),)


@pytest.mark.parametrize(
    ("before", "after", "gone", "expected"),
    [
        pytest.param([], [meeting("a", 2)], (), [("meeting booked", "a")], id="new inside the last look"),
        pytest.param([], [meeting("a", 14)], (), [], id="only came into view"),
        pytest.param([], [meeting("a", -1)], (), [], id="already over"),
        pytest.param([], [meeting("a", 2, cancelled=True)], (), [], id="new and called off"),
        pytest.param([], [meeting("a", 2, attendees=HOST)], (), [], id="the rep booked it"),
        pytest.param([], [meeting("a", 2, private=True)], (), [], id="private"),
        pytest.param([meeting("a", 2)], [meeting("a", 2)], (), [], id="nothing"),
        pytest.param([meeting("a", 2)], [meeting("a", 3)], (), [("meeting moved", "a")], id="moved"),
        pytest.param([meeting("a", 2)], [meeting("a", 20)], (), [("meeting moved", "a")], id="moved beyond the window"),
        pytest.param([meeting("a", -1)], [meeting("a", -2)], (), [], id="history was rewritten"),
        pytest.param([meeting("a", 2)], [meeting("a", 2, cancelled=True)], (), [("meeting cancelled", "a")], id="off"),
        pytest.param([meeting("a", 2)], [], ("a",), [("meeting cancelled", "a")], id="gone"),
        pytest.param([meeting("a", -1)], [], ("a",), [], id="gone after it was"),
        pytest.param([meeting("a", 2, cancelled=True)], [], ("a",), [], id="gone after it was called off"),
        pytest.param([], [], ("unknown",), [], id="gone, never seen"),
    ],
)  # fmt: skip
def test_what_changed_in_a_calendar(
    before: list[Meeting], after: list[Meeting], gone: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert changes(before, after, gone) == expected


def test_a_first_look_raises_nothing() -> None:
    assert changes([], [meeting("a", 1), meeting("b", 2)], horizon=None) == []


def test_a_series_is_told_once_by_its_first() -> None:
    weekly = [meeting(f"w{each}", each, series_id="weekly") for each in (7, 1, 3)]
    assert changes([], weekly) == [("meeting booked", "w1")]
    moved = [replace(each, start=each.start + timedelta(hours=1)) for each in weekly]
    assert changes(weekly, moved) == [("meeting moved", "w1")]
    assert changes([weekly[1]], weekly) == [], "a known series goes on"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-3, 20), st.booleans())))
def test_two_equal_looks_have_no_change(found: list[tuple[str, int, bool]]) -> None:
    here = {name: meeting(name, days, cancelled=off) for name, days, off in found}
    assert changes(list(here.values()), list(here.values())) == []


def mail(days_ago: float, sender: str = "jana@acme.com", **more: object) -> Mail:
    return Mail(
        id=str(days_ago), system="box", thread_id="t", message_id="", at=NOW - timedelta(days=days_ago),
        sender=Address(email=sender), **more,  # type: ignore[arg-type]
    )  # fmt: skip


MINE = "ana@lumen.com"


@pytest.mark.parametrize(
    ("earlier", "days"),
    [
        ([], 0),
        ([mail(20)], 20),
        ([mail(20), mail(3, MINE)], 20),
        ([mail(20), mail(5)], 0),
        ([mail(13.5)], 0),
        ([mail(30, MINE)], 30),
        ([mail(2, MINE)], 0),
        ([mail(40, bounced=True)], 0),
        ([mail(-2)], 0),
    ],
)
def test_a_silence_is_counted_from_their_last_word_or_ours(earlier: list[Mail], days: int) -> None:
    assert silence_before(mail(0), earlier) == days


@pytest.mark.parametrize(
    ("email", "person"),
    [("jana@acme.com", True), ("noreply@acme.com", False), ("Billing+eu@acme.com", False), ("newman@acme.com", True)],
)
def test_a_machine_is_nobody_new(email: str, person: bool) -> None:
    assert is_person(email) is person


def deal(**fields: Value) -> Record:
    known: dict[str, Value] = {"name": "Platform", "stage": "Demo", "amount": Decimal(9), "account": "a1", **fields}
    return Record(
        ref=RecordRef(system="crm", kind=Kind.OPPORTUNITY, id="d1"), version="1", fields=known, updated_at=NOW
    )


def on(days: int) -> date:
    return (NOW + timedelta(days=days)).date()


@pytest.mark.parametrize(
    ("fields", "done_ago", "kind", "days"),
    [
        ({"close_date": on(-1)}, 0, SignalKind.PAST, 1),
        ({"close_date": on(0)}, 0, None, 0),
        ({"close_date": on(-9), "stage": "Closed Lost"}, 90, None, 0),
        ({"close_date": on(-9), "stage_since": on(-80)}, 90, SignalKind.PAST, 9),
        ({"stage_since": on(-35)}, 21, SignalKind.STALLED, 21),
        ({"stage_since": on(-34)}, 90, None, 0),
        ({"stage_since": on(-90)}, 20, None, 0),
        ({"stage_since": on(-40)}, None, SignalKind.STALLED, 40),
        ({"stage_since": on(-90), "stage": "closed won"}, 90, None, 0),
        ({}, None, None, 0),
        ({"close_date": "soon", "stage_since": 7}, None, None, 0),
    ],
)
def test_a_deal_that_stands(fields: dict[str, Value], done_ago: int | None, kind: SignalKind | None, days: int) -> None:
    done = None if done_ago is None else NOW - timedelta(days=done_ago)
    found = standing_signal(DealFacts(deal=deal(**fields), last_done=done), NOW)
    assert (found.kind if found else None, found.days if found else 0) == (kind, days)


@pytest.mark.parametrize(
    ("by", "ago", "told"),
    [("Kim", 1, True), ("ANA@lumen.com", 1, False), ("", 1, False), ("Kim", 5, False)],
)
def test_a_stage_that_others_moved(by: str, ago: int, told: bool) -> None:
    moved = replace(deal(), changed={"stage": FieldStamp(by=by, at=NOW - timedelta(days=ago))})
    found = stage_signal(DealFacts(deal=moved, last_done=None), NOW - timedelta(days=3), NOW, me=ME)
    assert bool(found) is told
    if found:
        assert "Kim moved it to Demo" in found.detail


@given(st.lists(st.text()), st.lists(st.text()))
def test_an_id_is_the_same_for_the_same_only(one: list[str], other: list[str]) -> None:
    assert (signal_id(SignalKind.USAGE, *one) == signal_id(SignalKind.USAGE, *other)) is (one == other)
    assert signal_id(SignalKind.INTENT, *one) != signal_id(SignalKind.USAGE, *one)
