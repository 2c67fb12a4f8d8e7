"""The straight line: meeting, brief, notes, draft, cards, one key, outbox, CRM, read-back, trail."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gangly_tui.connectors.record import sandbox_db
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.checkpoint import heads_in
from gangly_tui.domain.errors import AlreadyDecided, DecisionError, InputError, StaleApproval
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import ProposalState, Risk
from gangly_tui.domain.records import Kind
from gangly_tui.flow.decide import (
    approve,
    approve_low_risk,
    choose,
    edit,
    later,
    queue,
    reject,
    skip_choice,
)
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, engagement, mirror, trail
from tests.flow.conftest import House
from tests.flow.steps import NOTES, card_of, cards, kinds, land


async def test_from_notes_to_an_audited_write(house: House) -> None:
    found = await cards(house)
    card = card_of(found, "close_date")
    assert card.changes[0].before == date(2026, 9, 30) and card.changes[0].before_by == "Kim"
    assert card.changes[0].after == date(2026, 11, 15)
    assert card.evidence and card.evidence.text in NOTES and card.evidence.speaker == "Ada"
    approve(house.desk, card.id, card.digest())
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30), "nothing leaves in the grace period"
    assert await house.desk.courier.deliver_due() == []
    assert await land(house) == ["saved, read back"]
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15)
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]
    sent = trail.entries(house.desk.db)[-1]
    assert (sent.user, sent.source, sent.system) == ("robin@seller.com", "notes of 2026-09-23", "sandbox")
    assert (sent.changes[0].before, sent.changes[0].after) == ("2026-09-30", "2026-11-15")
    assert sent.quote == card.evidence.text
    assert trail.verify_trail(house.desk.db)[0] == 3
    ((by, source, told),) = house.crm.execute("SELECT approved_by, source, trail_head FROM provenance").fetchall()
    assert (by, source) == ("robin@seller.com", "notes of 2026-09-23")
    (head,) = heads_in(told)
    assert head.size == 2 and trail.compare_heads(house.desk.db, [head], "the CRM") == 1


async def test_the_summary_and_the_tasks_land_on_the_deal_with_a_footer(house: House) -> None:
    for card in [each for each in await cards(house) if each.kind is Kind.ACTIVITY]:
        approve(house.desk, card.id, card.digest())
    assert set(await land(house)) == {"saved, read back"}
    await pull(house.desk)
    landed = mirror.linked(house.desk.db, house.deal.ref, Kind.ACTIVITY, limit=10)
    assert {each.text("type") for each in landed} == {"meeting", "task"}
    for each in landed:
        assert "approved by robin@seller.com" in each.text("body")
        assert each.ids("contacts") == (house.ada.ref.id,)
    task = next(each for each in landed if each.text("type") == "task")
    assert task.fields["due"] == date(2026, 9, 25) and task.fields["ours"] is True


async def test_an_approval_is_bound_to_the_card_that_was_shown(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    shown = card.digest()
    edited = edit(house.desk, card.id, "close_date", "2026-12-01")
    with pytest.raises(StaleApproval):
        approve(house.desk, card.id, shown)
    assert decisions.deliveries(house.desk.db) == []
    approve(house.desk, card.id, edited.digest())
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 12, 1)
    assert kinds(house)[0] is AuditKind.EDITED


async def test_nothing_leaves_the_outbox_whose_card_is_not_the_approved_one(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    forged = card.with_after("close_date", date(2027, 1, 1))
    decisions.save_proposals(house.desk.db, [forged], state=ProposalState.APPROVED)
    assert await land(house) == ["the card is not the one that was approved"]
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)


async def test_a_delivery_without_an_approval_is_refused(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    delivery = approve(house.desk, card.id, card.digest())
    house.desk.db.execute("DELETE FROM approval")
    assert delivery.state is DeliveryState.APPROVED
    assert await land(house) == ["the card is not the one that was approved"]
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)


async def test_a_card_is_decided_once(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    reject(house.desk, card.id, "not now")
    with pytest.raises(AlreadyDecided):
        approve(house.desk, card.id, card.digest())
    with pytest.raises(DecisionError):
        approve(house.desk, "op-none", "0")
    assert trail.entries(house.desk.db)[-1].detail == "not now"


async def test_low_risk_cards_go_together_and_forecast_fields_never_do(house: House) -> None:
    found = await cards(house)
    shown = {each.id: (each.digest(), "") for each in found}
    approve_low_risk(house.desk, "m1", shown)
    left = queue(house.desk)
    assert left and all(each.risk is not Risk.LOW or each.note for each in left)
    assert card_of(left, "close_date")
    only = card_of(found, "close_date")
    assert approve_low_risk(house.desk, "m1", {only.id: (only.digest(), "")}) == []


async def test_a_bad_edit_is_refused_and_the_card_stays_as_it_was(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    with pytest.raises(InputError, match="not a date"):
        edit(house.desk, card.id, "close_date", "soon")
    assert decisions.get_proposal(house.desk.db, card.id) == card


async def test_later_goes_behind_and_drafting_again_spares_what_was_decided(house: House) -> None:
    found = await cards(house)
    later(house.desk, found[-1].id)
    assert queue(house.desk)[-1].id == found[-1].id
    done = card_of(found, "close_date")
    approve(house.desk, done.id, done.digest())
    again = await cards(house)
    assert {each.changes[0].field for each in again if each.group == "field"} == {
        each.changes[0].field for each in found if each.group == "field"
    } - {"close_date"}
    assert decisions.proposal_state(house.desk.db, found[-1].id) is ProposalState.SUPERSEDED
    assert decisions.proposal_state(house.desk.db, done.id) is ProposalState.APPROVED


async def second_deal(house: House) -> None:
    db = house.crm
    sandbox_db.insert(
        db,
        Kind.OPPORTUNITY,
        {
            "name": "Renewal", "account": house.account.ref.id, "contacts": (house.ada.ref.id,), "stage": "Proposal",
            "close_date": date(2026, 10, 1),
        },
        by="Kim",
        at=house.clock() - timedelta(days=50),
    )  # fmt: skip
    await pull(house.desk)


async def test_two_deals_are_asked_once_and_remembered_for_the_series(house: House) -> None:
    await second_deal(house)
    found = await cards(house)
    waiting = [each for each in found if each.needs_choice]
    assert card_of(waiting, "close_date")
    with pytest.raises(DecisionError, match="several deals fit"):
        approve(house.desk, waiting[0].id, waiting[0].digest())
    renewal = next(each for each in waiting[0].choices if each.label.startswith("Renewal")).ref
    aimed = await choose(house.desk, "m1", renewal)
    card = card_of(aimed, "close_date")
    assert card.target == renewal and card.changes[0].before == date(2026, 10, 1)
    assert engagement.series_choice(house.desk.db, "weekly") == renewal
    again = await cards(house)
    assert not [each for each in again if each.needs_choice]


async def test_none_of_the_deals_keeps_the_activities_with_the_account(house: House) -> None:
    await second_deal(house)
    await cards(house)
    skip_choice(house.desk, "m1")
    left = queue(house.desk)
    assert left and all(each.kind is Kind.ACTIVITY and not each.needs_choice for each in left)
    assert all("opportunity" not in {change.field for change in each.changes} for each in left)
