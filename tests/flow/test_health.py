"""Health from a real store: what is counted, what R makes due, and what it leaves at rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.domain.health import Figure, SignIn, SystemHealth, Verdict
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.health import look, retry_failed
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, health
from gangly_tui.store.health import Exchange
from tests.store.made import append, card, delivery
from tests.tui.desks import NOW, nordwind, paper_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return paper_desk(tmp_path, *nordwind())


def _figure(found: SystemHealth, name: str) -> Figure:
    return next(each for each in found.figures if each.name == name)


async def test_a_read_is_remembered_only_when_it_reached_the_end(desk: Desk) -> None:
    assert _figure(look(desk).systems[0], "last_pull_seconds").words == "never"
    desk.reader.offline = True  # type: ignore[attr-defined]  # the paper reader's switch
    assert (await pull(desk)).problems
    assert _figure(look(desk).systems[0], "last_pull_seconds").words == "never"
    desk.reader.offline = False  # type: ignore[attr-defined]
    await pull(desk)
    assert _figure(look(desk).systems[0], "last_pull_seconds").words == "0 s ago, 2026-11-24 09:12"


def test_only_the_system_of_record_has_the_outbox_and_the_sign_in(desk: Desk) -> None:
    health.record(desk.db, [Exchange(system="fax", at=NOW, write=False, seconds=1, result="ok")])
    decisions.put_delivery(desk.db, delivery("a", approved_at=NOW))
    record, zoom = look(desk, SignIn(account="Acme", way="oauth")).systems
    names = {each.name for each in zoom.figures}
    assert _figure(record, "queue_depth").value == 1
    assert _figure(record, "sign_in_seconds_left").words == "Acme · oauth"
    assert (names & {"queue_depth", "sign_in_seconds_left"}, zoom.owner) == (set(), "")
    assert record.owner and record.runbook


def test_a_conflict_is_open_until_its_card_is_decided(desk: Desk) -> None:
    ended = delivery("p1", DeliveryState.CONFLICT, approved_at=NOW - timedelta(days=8), changed_at=NOW)
    decisions.put_delivery(desk.db, ended)
    decisions.put_delivery(desk.db, replace(ended, op_id="old", changed_at=NOW - timedelta(days=8)))
    back = replace(card("p2"), replaces="p1")
    decisions.save_proposals(desk.db, [back])
    assert _figure(look(desk).systems[0], "conflicts").words == "1, 1 wait for you"
    decisions.save_proposals(desk.db, [back], decisions.ProposalState.APPROVED)
    assert _figure(look(desk).systems[0], "conflicts").words == "1, all decided"


def test_the_trails_head_and_the_stores_state_are_said(desk: Desk) -> None:
    append(desk.db)
    store, trail = look(desk).machine
    assert (store.verdict, store.words) == (Verdict.BAD, "NOT encrypted"), "only the fiction may lie in the clear"
    assert trail.words.startswith("1 entry, head ")


def test_r_makes_due_what_failed_and_leaves_alone_what_must_rest(desk: Desk) -> None:
    later = NOW + timedelta(minutes=5)
    lost = DeliveryState.UNKNOWN
    held = {
        "failed": delivery("failed", due_at=later, error="it cannot be reached"),
        "in grace": delivery("in grace", due_at=later),
        "in the air": delivery("in the air", DeliveryState.ATTEMPTED, due_at=later, error="before"),
        "fresh unknown": delivery("fresh unknown", lost, due_at=later, error="no answer", changed_at=NOW),
        "old unknown": delivery(
            "old unknown", lost, due_at=later, error="no answer", changed_at=NOW - timedelta(seconds=20)
        ),
        "refused": delivery("refused", DeliveryState.REJECTED, due_at=later, error="a rule"),
    }
    for each in held.values():
        decisions.put_delivery(desk.db, each)
    assert retry_failed(desk) == 2
    due = {each.op_id for each in decisions.due_deliveries(desk.db, NOW)}
    assert due == {"failed", "old unknown"}
    assert decisions.get_delivery(desk.db, "failed") == replace(held["failed"], due_at=NOW), "nothing else moved"
    assert retry_failed(desk) == 0


def test_what_is_connected_beside_the_crm_is_listed_with_its_sign_in_counted_down(desk: Desk) -> None:
    today = desk.now().date()

    def figure(days: int) -> Figure:
        ends = SignIn(account="robin@seller.com", way="browser", ends=today + timedelta(days=days))
        found = look(desk, None, {"google": ends, "zoom": SignIn(account="robin", way="browser")})
        assert {"google", "zoom"} <= {each.system for each in found.systems}
        system = next(each for each in found.systems if each.system == "google")
        return next(each for each in system.figures if each.label == "sign-in")

    assert figure(7).verdict is Verdict.OK and "in 7 days" in figure(7).words
    assert figure(1).verdict is Verdict.LOOK and "in 1 day" in figure(1).words and "connect" in figure(1).fix
    assert figure(0).verdict is Verdict.BAD and "it is over" in figure(0).words
