"""What comes back from the CRM, and cards that ask first: conflicts, duplicates, refusals, several deals."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gangly_tui.bootstrap import DEMO, crm_file
from gangly_tui.connectors.record import sandbox
from gangly_tui.domain.errors import StoreFull
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, ProposalState, Risk
from gangly_tui.domain.records import FieldType, Kind
from gangly_tui.flow import decide
from gangly_tui.flow.decide import queue
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement
from gangly_tui.tui.screens.review import ReviewScreen
from tests.tui.desks import Clock
from tests.tui.resting import at_rest
from tests.tui.reviewing import Rep, drafted, field_card, meeting_of, reviewing, stands, state

SIZES = [(80, 24), (140, 40)]


def _crm() -> Path:
    """The demo's CRM file, as a colleague's tool would open it."""
    return crm_file(DEMO)


async def _conflicting(rep: Rep, card: Proposal, field: str, theirs: str) -> None:
    """Approve the card on screen while a colleague changes the same field."""
    assert rep.card.id == card.id
    assert card.target
    await rep.read_to_the_end()
    await rep.press("a")
    sandbox.edit(_crm(), card.target, field, theirs, by="Priya [/] Raman")
    await rep.land()


@pytest.mark.parametrize("size", SIZES)
async def test_a_conflict_comes_back_amber_and_m_then_a_sends_mine(
    demo_desk: Desk, clock: Clock, size: tuple[int, int]
) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    assert close.target
    async with reviewing(demo_desk, clock, size=size) as rep:
        await _conflicting(rep, close, "close_date", "2026-11-30")
        assert rep.card.id != close.id, "what the rep was looking at stays"
        assert rep.card.conflict is None
        assert "Priya" in rep.shown()
        while rep.card.conflict is None:
            await rep.press("up")
        shown = rep.shown()
        for words in ("conflict", "base", "theirs", "mine", "2027-01-08", "2026-11-30", "2026-12-15", "Priya [/] Raman",
                      "t theirs", "m mine"):  # fmt: skip
            assert words in shown, words
        assert "b both" not in shown
        await rep.press("a", "b")
        assert rep.card.conflict is not None, "a does not decide a conflict"
        await rep.press("m")
        assert rep.card.conflict is None
        assert "- 2026-11-30" in rep.shown()
        assert "+ 2026-12-15" in rep.shown()
        await rep.read_to_the_end()
        await rep.press("a")
        await rep.land()
        assert await stands(demo_desk, close.target, "close_date") == date(2026, 12, 15)


async def test_t_keeps_theirs_and_the_card_ends(demo_desk: Desk, clock: Clock) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    assert close.target
    async with reviewing(demo_desk, clock) as rep:
        await _conflicting(rep, close, "close_date", "2026-11-30")
        while rep.card.conflict is None:
            await rep.press("up")
        back = rep.card
        await rep.press("t")
        assert state(demo_desk, back) is ProposalState.REJECTED
        await rep.land()
        assert await stands(demo_desk, close.target, "close_date") == date(2026, 11, 30)


async def test_b_joins_both_texts(demo_desk: Desk, clock: Clock) -> None:
    step = field_card(await drafted(demo_desk, clock, "kestrel"), "next_step")
    assert step.target
    async with reviewing(demo_desk, clock) as rep:
        await rep.press("down")
        await _conflicting(rep, step, "next_step", "Ask legal")
        while rep.card.conflict is None:
            await rep.press("up")
        await rep.press("b")
        assert f"+ Ask legal; {step.changes[0].after}" in rep.shown()
        await rep.press("a")
        await rep.land()
        assert await stands(demo_desk, step.target, "next_step") == f"Ask legal; {step.changes[0].after}"


async def test_a_returned_card_is_met_before_the_next_call(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel", "fenwick")
    close = field_card(cards, "close_date")
    async with reviewing(demo_desk, clock) as rep:
        await _conflicting(rep, close, "close_date", "2026-11-30")
        for _ in range(len(cards)):
            if rep.card.conflict:
                break
            await rep.press("x", "enter")
        assert rep.card.conflict
        left = {each.meeting_id for each in queue(demo_desk) if not each.conflict}
        assert left == {meeting_of("fenwick")}


@pytest.mark.parametrize("size", SIZES)
async def test_two_deals_ask_first_and_digits_stay_on_this_screen(
    demo_desk: Desk, clock: Clock, size: tuple[int, int]
) -> None:
    cards = await drafted(demo_desk, clock, "bluewater")
    async with reviewing(demo_desk, clock, size=size) as rep:
        shown = rep.shown()
        assert "1  Bluewater - Claims storm staffing" in shown
        assert "2  Bluewater - Renewal contact centre" in shown
        await rep.press("a")
        assert decisions.deliveries(demo_desk.db) == [], "there is no default"
        await rep.press("5")
        assert isinstance(rep.app.screen, ReviewScreen)
        assert "there is no deal 5" in rep.shown()
        await rep.press("2")
        await at_rest(rep.pilot)
        assert isinstance(rep.app.screen, ReviewScreen)
        assert rep.card.target is not None
        assert rep.card.target.id == "deal-bluewater-renewal"
        assert "- 2026-12-24" in rep.shown()
        assert not any(each.needs_choice for each in queue(demo_desk))
        await rep.press("1")
        assert not isinstance(rep.app.screen, ReviewScreen), "with nothing to choose a digit is a tab again"
    chosen = engagement.series_choice(demo_desk.db, "bluewater-monthly")
    assert chosen is not None
    assert chosen.id == "deal-bluewater-renewal"
    assert len(queue(demo_desk)) <= len(cards)


async def test_none_of_the_deals_leaves_the_activities_on_the_account(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "bluewater")
    async with reviewing(demo_desk, clock) as rep:
        await rep.press("0")
        left = queue(demo_desk)
        assert left
        assert {each.action for each in left} == {Action.CREATE}
        assert not any(each.needs_choice for each in left)
        assert rep.card.kind is Kind.ACTIVITY


async def test_a_duplicate_contact_comes_back_as_an_update_with_the_reason(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    known = "tomasz.zielinski+new@kestrel-logistics.example"
    values = {"first_name": "Tomasz", "last_name": "Zielinski", "email": known, "phone": "+49 40 555 0199"}
    kinds = {"email": FieldType.EMAIL, "phone": FieldType.PHONE}
    double = Proposal(
        id=demo_desk.new_id(), meeting_id=meeting_of("kestrel"), action=Action.CREATE, kind=Kind.CONTACT, target=None,
        target_name="Tomasz Zielinski", drafted_at=clock(), source="notes", risk=Risk.NEW_RECORD, group="contact",
        changes=tuple(
            FieldChange(field=name, label=name, type=kinds.get(name, FieldType.TEXT), before=None, after=value)
            for name, value in values.items()
        ),
    )  # fmt: skip
    for each in cards:
        decide.reject(demo_desk, each.id)
    decisions.save_proposals(demo_desk.db, [double])
    async with reviewing(demo_desk, clock) as rep:
        assert "risk: new record" in rep.shown()
        await rep.press("a")
        await rep.land()
        delivery = decisions.get_delivery(demo_desk.db, double.id)
        assert delivery and delivery.state is DeliveryState.REJECTED
        assert "is already in sandbox" in rep.shown()
        left = queue(demo_desk)
        assert all(each.action is Action.UPDATE and each.replaces == double.id for each in left)
        if left:
            assert "updating that record instead of making a second one" in rep.shown()


async def test_a_full_disk_is_said_and_the_card_stays(
    demo_desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await drafted(demo_desk, clock, "kestrel")

    def full(*_: object) -> None:
        raise StoreFull("the disk is [/] full", fix="make room, then try again")

    async with reviewing(demo_desk, clock) as rep:
        first = rep.card
        monkeypatch.setattr(decisions, "save_approval", full)
        await rep.press("a")
        assert "the disk is [/] full" in rep.shown()
        assert "make room" in rep.shown()
        assert rep.card == first
        monkeypatch.undo()
        await rep.press("a")
    assert state(demo_desk, first) is ProposalState.APPROVED


async def test_a_slow_crm_holds_up_no_key(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock) as rep:
        await rep.press("a")
        sandbox.set_switch(_crm(), "slow", "2")
        clock.forward(5)
        rep.app.wake_courier()
        await rep.pilot.pause(0.1)
        before = rep.card
        await rep.press("a")
        assert rep.card != before
        sandbox.set_switch(_crm(), "slow", None)
