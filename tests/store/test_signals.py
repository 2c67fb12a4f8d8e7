"""Signals in the store: news once, the newest of a topic, put off and back, settled by their cards, aged, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.person import Person
from gangly_tui.domain.proposal_state import ProposalState
from gangly_tui.domain.signals import STANDING, Signal, SignalKind, SignalState
from gangly_tui.store import decisions
from gangly_tui.store import signals as kept
from gangly_tui.store.database import Connection
from tests.store import made

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def signal(name: str = "aa11", kind: SignalKind = SignalKind.USAGE, **more: object) -> Signal:
    given = {"title": "Acme: fewer logins", "at": NOW, "expires_at": NOW + timedelta(days=14), **more}
    return Signal(id=name, kind=kind, **given)  # type: ignore[arg-type]


def ids(db: Connection, at: datetime = NOW) -> list[str]:
    return [each.id for each in kept.open_signals(db, at)]


def state(db: Connection, name: str = "aa11") -> SignalState:
    return {each.id: stands for each, stands in kept.find_signals(db, name)}[name]


def test_the_same_is_news_once_and_kept_up_to_date(db: Connection) -> None:
    assert kept.save_signals(db, [signal(), signal("bb22", at=NOW - timedelta(days=1))]) == 2
    assert kept.save_signals(db, [signal(detail="three now")]) == 0
    assert ids(db) == ["aa11", "bb22"]
    assert kept.open_signals(db, NOW)[0].detail == "three now"
    assert kept.count_open(db, NOW) == 2


@pytest.mark.parametrize("decide", [kept.set_dismissed, kept.set_worked])
def test_what_was_decided_is_not_news_again(db: Connection, decide: object) -> None:
    kept.save_signals(db, [signal()])
    decide(db, "aa11", "why")  # type: ignore[operator]
    assert kept.save_signals(db, [signal(detail="again")]) == 0
    assert ids(db) == []


def test_of_one_topic_only_the_newest_stands(db: Connection) -> None:
    kept.save_signals(db, [signal("aa11", topic="meeting 1"), signal("cc33", topic="meeting 2")])
    kept.save_signals(db, [signal("bb22", topic="meeting 1")])
    assert sorted(ids(db)) == ["bb22", "cc33"]


def test_what_is_put_off_is_back_in_time_and_stays_a_while(db: Connection) -> None:
    kept.save_signals(db, [signal(expires_at=NOW + timedelta(days=2))])
    kept.put_off(db, "aa11", NOW + timedelta(days=5))
    assert (ids(db), kept.count_put_off(db, NOW)) == ([], 1)
    assert ids(db, NOW + timedelta(days=5)) == ["aa11"]
    assert ids(db, NOW + timedelta(days=13)) == []
    kept.set_open(db, "aa11")
    assert ids(db) == ["aa11"]


def test_what_has_aged_is_gone_from_the_list_and_later_loses_its_words(db: Connection) -> None:
    kept.save_signals(db, [signal()])
    later = NOW + timedelta(days=15)
    assert ids(db, later) == []
    assert kept.age_out(db, later, kept=timedelta(days=30)) == 0
    assert state(db) is SignalState.AGED
    assert kept.age_out(db, later + timedelta(days=30), kept=timedelta(days=30)) == 1
    assert kept.find_signals(db, "aa11") == []
    assert kept.save_signals(db, [signal()]) == 0, "it is still known"


@pytest.mark.parametrize(
    ("card", "carried", "expected"),
    [
        (ProposalState.OPEN, None, SignalState.WORKED),
        (ProposalState.LATER, None, SignalState.WORKED),
        (ProposalState.REJECTED, None, SignalState.DISMISSED),
        (ProposalState.SUPERSEDED, None, SignalState.OPEN),
        (ProposalState.APPROVED, DeliveryState.APPROVED, SignalState.WORKED),
        (ProposalState.APPROVED, DeliveryState.SENT, SignalState.DONE),
        (ProposalState.APPROVED, DeliveryState.SHADOWED, SignalState.DONE),
        (None, None, SignalState.OPEN),
    ],
)
def test_a_worked_signal_follows_its_task(
    db: Connection, card: ProposalState | None, carried: DeliveryState | None, expected: SignalState
) -> None:
    kept.save_signals(db, [signal()])
    kept.set_worked(db, "aa11", "p1")
    if card is not None:
        decisions.save_proposals(db, [made.card("p1")], card)
    if carried is not None:
        decisions.put_delivery(db, made.delivery("p1", carried))
    kept.settle(db)
    assert state(db) is expected


def test_a_card_that_came_back_is_followed(db: Connection) -> None:
    kept.save_signals(db, [signal()])
    kept.set_worked(db, "aa11", "p1")
    back = replace(made.card("p2"), replaces="p1", meeting_id="signal:aa11")
    decisions.save_proposals(db, [made.card("p1")], ProposalState.APPROVED)
    decisions.put_delivery(db, made.delivery("p1", DeliveryState.REJECTED))
    decisions.save_proposals(db, [back], ProposalState.APPROVED)
    decisions.put_delivery(db, made.delivery("p2", DeliveryState.SENT))
    kept.settle(db)
    kept.settle(db)
    assert state(db) is SignalState.DONE


def test_what_stood_and_stands_no_more_is_done(db: Connection) -> None:
    kept.save_signals(db, [signal("aa11", SignalKind.PAST), signal("bb22", SignalKind.STALLED), signal("cc33")])
    kept.over(db, STANDING, ["bb22"])
    assert (state(db), sorted(ids(db))) == (SignalState.DONE, ["bb22", "cc33"])


def test_a_person_is_forgotten_wherever_they_are_named(db: Connection) -> None:
    jana = Person(box="jana@acme.com", names=("Jana Weiss",))
    kept.save_signals(
        db,
        [
            signal("aa11", title="Jana Weiss left"),
            signal("bb22", email="Jana+x@acme.com"),
            signal("cc33"),
            signal("dd44"),
        ],
    )
    kept.set_dismissed(db, "cc33", "Jana Weiss said no")
    assert kept.forget_person(db, jana) == 3
    assert kept.forget_person(db, jana) == 0


def test_an_id_is_found_by_its_beginning_and_by_nothing_else(db: Connection) -> None:
    kept.save_signals(db, [signal("aa11"), signal("aa22")])
    assert [each.id for each, _ in kept.find_signals(db, "aa")] == ["aa11", "aa22"]
    assert kept.find_signals(db, "*") == kept.find_signals(db, "") == kept.find_signals(db, "a?") == []
    assert "fewer logins" in kept.call_title(db, "signal:aa11")
    assert kept.call_title(db, "m1") == ""
