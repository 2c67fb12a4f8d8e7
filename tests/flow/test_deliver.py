"""What can happen to an approved write: a colleague, an undo, no line, no answer, a crash, a refusal, a duplicate."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from gangly_tui.connectors.record import sandbox, sandbox_db
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, Risk
from gangly_tui.domain.records import Kind
from gangly_tui.flow.decide import (
    approve,
    queue,
    settle,
    undo,
)
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, mirror, trail
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards, kinds, land


async def test_a_colleagues_edit_comes_back_as_a_conflict_and_is_settled(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", "2026-10-10", by="Priya")
    await land(house)
    back = queue(house.desk)[0] if queue(house.desk)[0].conflict else queue(house.desk)[-1]
    assert back.conflict and back.conflict.by == "Priya"
    assert (back.conflict.base, back.conflict.theirs, back.conflict.mine) == (
        date(2026, 9, 30),
        date(2026, 10, 10),
        date(2026, 11, 15),
    )
    with pytest.raises(DecisionError, match="both"):
        settle(house.desk, back.id, "both")
    mine = settle(house.desk, back.id, "mine")
    assert mine is not None
    approve(house.desk, mine.id, mine.digest())
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15)
    assert trail.entries(house.desk.db)[-1].changes[0].before == "2026-10-10"


async def test_theirs_ends_the_card_without_a_write(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", "2026-10-10", by="Priya")
    await land(house)
    back = next(each for each in queue(house.desk) if each.conflict)
    assert settle(house.desk, back.id, "theirs") is None
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 10, 10)


async def test_an_edit_of_another_field_merges_silently(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.edit(house.crm_path, house.deal.ref, "amount", "31000", by="Priya")
    assert await land(house) == ["saved, read back"]
    assert house.stands(house.deal.ref, "amount") == Decimal(31000)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15)


async def test_undo_in_the_grace_period_withdraws_and_the_card_is_open_again(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    assert undo(house.desk).withdrawn == card
    assert await land(house) == []
    assert card.id in {each.id for each in queue(house.desk)}
    approve(house.desk, card.id, card.digest())
    assert await land(house) == ["saved, read back"]


async def test_undo_after_landing_is_an_inverse_write_on_the_same_road(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    await land(house)
    inverse = undo(house.desk).inverse
    assert inverse and inverse.changes[0].after == date(2026, 9, 30) and inverse.undoes == card.id
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15), "nothing is sent before a"
    approve(house.desk, inverse.id, inverse.digest())
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)
    with pytest.raises(DecisionError, match="nothing to undo"):
        undo(house.desk)


async def test_undo_of_a_create_removes_what_was_created(house: House) -> None:
    card = next(each for each in await cards(house) if each.group == "next step")
    approve(house.desk, card.id, card.digest())
    await land(house)
    inverse = undo(house.desk).inverse
    assert inverse and inverse.action is Action.REMOVE
    approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"]
    await pull(house.desk)
    assert mirror.linked(house.desk.db, house.deal.ref, Kind.ACTIVITY, limit=10) == []


async def test_undo_is_refused_when_the_field_moved_since_with_who_and_when(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    await land(house)
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", "2026-10-10", by="Priya")
    await pull(house.desk)
    with pytest.raises(DecisionError, match="Priya changed Close date"):
        undo(house.desk)


async def test_offline_waits_and_sends_once_when_the_line_is_back(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.set_switch(house.crm_path, "offline", "1")
    (message,) = await land(house)
    assert "offline" in message and "trying again" in message
    assert house.desk.courier.next_due() == house.clock() + timedelta(seconds=2)
    sandbox.set_switch(house.crm_path, "offline", None)
    assert await land(house) == ["saved, read back"]
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]


async def test_a_lost_answer_is_read_back_and_never_sent_twice(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    approve(house.desk, step.id, step.digest())
    sandbox.set_switch(house.crm_path, "lose_answer", "1")
    assert "reading back" in (await land(house))[0]
    assert await land(house) == [], "the outcome rests until the horizon"
    house.clock.forward(seconds=30)
    assert await land(house) == ["saved, read back"]
    db = house.crm
    assert db.execute("SELECT count(*) FROM record WHERE op_id = ?", (step.id,)).fetchone() == (1,)
    assert kinds(house)[-2:] == [AuditKind.UNKNOWN, AuditKind.SENT]


async def test_a_crash_in_the_air_is_resolved_by_reading_back(house: House) -> None:
    class Crash(BaseException):
        pass

    def crash(point: str) -> None:
        if point == "deliver.answered":
            raise Crash

    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    house.desk.courier._at = crash
    with pytest.raises(Crash):
        await land(house)
    house.desk.courier._at = lambda _: None
    delivery = decisions.get_delivery(house.desk.db, card.id)
    assert delivery and delivery.state is DeliveryState.ATTEMPTED
    assert await land(house) == []
    house.clock.forward(seconds=60)
    assert await land(house) == ["saved, read back"]
    versions = house.crm.execute("SELECT version FROM record WHERE id = ?", (house.deal.ref.id,)).fetchone()
    assert versions == (2,), "written once"


async def test_a_refused_write_comes_back_with_the_reason(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    house.crm.execute("UPDATE field SET max_length = 5 WHERE kind = 'activity' AND name = 'subject'")
    approve(house.desk, step.id, step.digest())
    (message,) = await land(house)
    assert "takes 5 characters" in message
    back = next(each for each in queue(house.desk) if each.replaces == step.id)
    assert "takes 5 characters" in back.note and back.id != step.id


async def test_a_duplicate_contact_becomes_an_update_of_the_one_that_is_there(house: House) -> None:
    text = "Ada: Please add our COO, Jo van Dam, jo@acme.de, she will join.\n"
    card = next(each for each in await cards(house, text) if each.kind is Kind.CONTACT)
    assert card.risk is Risk.NEW_RECORD
    approve(house.desk, card.id, card.digest())
    db = house.crm
    sandbox_db.insert(
        db, Kind.CONTACT, {"last_name": "van Dam", "email": "jo+crm@acme.de"}, by="Priya", at=house.clock()
    )
    (message,) = await land(house)
    assert "already in sandbox" in message
    assert db.execute("SELECT count(*) FROM record WHERE identity = 'jo@acme.de'").fetchone() == (1,)
