"""What one trip leaves behind: in the mirror, in the delivery, and in the moment of the next try."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter
from gangly_tui.domain.errors import RateLimited, Unreachable
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action
from gangly_tui.domain.records import Record, RecordRef
from gangly_tui.flow import deliver
from gangly_tui.flow.decide import approve, undo
from gangly_tui.store import decisions, mirror
from gangly_tui.store.locks import sender_lock
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards, land


async def test_what_was_taken_back_is_gone_from_the_mirror_at_once(house: House) -> None:
    card = next(each for each in await cards(house) if each.group == "next step")
    approve(house.desk, card.id, card.digest())
    await land(house)
    inverse = undo(house.desk).inverse
    assert inverse and inverse.action is Action.REMOVE and inverse.target
    assert mirror.get_record(house.desk.db, inverse.target) is not None
    approve(house.desk, inverse.id, inverse.digest())
    await land(house)
    assert mirror.get_record(house.desk.db, inverse.target) is None
    assert mirror.get_record(house.desk.db, house.deal.ref) is not None


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(RateLimited("slow down", retry_after=75), 75), (Unreachable("no line"), 2)],
    ids=["asked to wait", "no line"],
)
async def test_the_next_try_is_when_the_system_asks_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, seconds: int
) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())

    async def read(_: SandboxReader, __: RecordRef) -> Record:
        raise error

    monkeypatch.setattr(SandboxReader, "read", read)
    (message,) = await land(house)
    assert message == f"{error}; trying again in {seconds} s"
    assert house.desk.courier.next_due() == house.clock() + timedelta(seconds=seconds)
    stands = decisions.get_delivery(house.desk.db, card.id)
    assert stands and (stands.state, stands.attempts, stands.answered) == (DeliveryState.APPROVED, 1, False)


async def test_a_record_that_was_made_and_cannot_be_read_back_is_still_known_by_its_name(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = next(each for each in await cards(house) if each.action is Action.CREATE and each.group == "next step")
    approve(house.desk, card.id, card.digest())
    made: list[RecordRef] = []
    real = SandboxWriter.create

    async def create(writer: SandboxWriter, *given: Any, **more: Any) -> Record:
        record = await real(writer, *given, **more)
        made.append(record.ref)
        return record

    async def nothing(*_: object) -> Record:
        raise Unreachable("no line")

    with monkeypatch.context() as away:
        away.setattr(SandboxWriter, "create", create)

        def point(name: str) -> None:
            if name == "deliver.answered":
                away.setattr(SandboxReader, "read", nothing)
                away.setattr(SandboxWriter, "find_op", nothing)

        away.setattr(house.desk.courier, "_at", point)
        await land(house)
    stands = decisions.get_delivery(house.desk.db, card.id)
    assert stands and stands.state is DeliveryState.UNKNOWN
    assert (stands.answered, stands.result) == (True, str(made[0]))
    assert stands.error == "it said yes, but could not be read back: no line"
    house.clock.forward(seconds=600)
    await land(house)
    stands = decisions.get_delivery(house.desk.db, card.id)
    assert stands and (stands.state, stands.result) == (DeliveryState.SENT, str(made[0]))
    assert len(made) == 1


async def test_a_look_for_a_double_that_fails_changes_nothing_about_what_landed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = next(each for each in await cards(house) if each.action is Action.CREATE and each.group == "next step")
    approve(house.desk, card.id, card.digest())

    async def away(*_: Any) -> str:
        raise Unreachable("no line")

    monkeypatch.setattr(deliver, "made_twice", away)
    assert (await land(house))[0] == "saved, read back"
    stands = decisions.get_delivery(house.desk.db, card.id)
    assert stands and stands.state is DeliveryState.SENT


async def test_what_is_in_the_air_and_not_due_is_left_to_the_window_that_sends(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    stands = decisions.get_delivery(house.desk.db, card.id)
    assert stands
    later = house.clock() + timedelta(minutes=5)
    decisions.put_delivery(house.desk.db, replace(stands, state=DeliveryState.ATTEMPTED, due_at=later))
    with sender_lock(house.desk.db.path):
        assert await house.desk.courier.deliver_due() == []
    kept = decisions.get_delivery(house.desk.db, card.id)
    assert kept and kept.state is DeliveryState.ATTEMPTED


async def test_what_went_wrong_after_a_round_is_said_and_stops_no_write(house: House) -> None:
    async def close() -> str:
        return "the witness cannot be reached"

    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    house.desk.courier._close_round = close
    assert await land(house) == ["saved, read back"]
    assert house.desk.courier.trouble == "the witness cannot be reached"
