"""`gangly deliver` after a crash: it says what is in doubt, waits for the horizon, and ends with the last word."""

from __future__ import annotations

import asyncio

import pytest

from gangly_tui.commands.deliver import _rounds
from gangly_tui.connectors.record import sandbox
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.flow import decide
from gangly_tui.store import decisions
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards


class Crash(BaseException):
    """The process ends here."""


async def crash_in_the_air(house: House, monkeypatch: pytest.MonkeyPatch, at: str) -> str:
    """Approve a card and die at a point of its delivery; from then on, waiting moves the clock."""
    card = card_of(await cards(house), "close_date")
    decide.approve(house.desk, card.id, card.digest())
    house.clock.forward(seconds=5)

    def crash(point: str) -> None:
        if point == at:
            raise Crash

    monkeypatch.setattr(house.desk.courier, "_at", crash)
    with pytest.raises(Crash):
        await house.desk.courier.deliver_due()
    monkeypatch.setattr(house.desk.courier, "_at", lambda _: None)

    async def sleep(seconds: float) -> None:
        house.clock.forward(seconds=seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return card.id


@pytest.mark.parametrize(("point", "version"), [("deliver.answered", 2), ("attempted.committed", 2)])
async def test_what_was_in_the_air_is_read_back_and_sent_only_if_missing(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], point: str, version: int
) -> None:
    op = await crash_in_the_air(house, monkeypatch, point)
    (outcome,) = await _rounds(house.desk)
    assert (outcome.delivery.op_id, outcome.delivery.state) == (op, DeliveryState.SENT)
    assert "1 may have arrived: reading back in 20 s" in capsys.readouterr().err
    found = house.crm.execute("SELECT version FROM record WHERE id = ?", (house.deal.ref.id,)).fetchone()
    assert found == (version,), "written once"


async def test_what_cannot_be_read_back_is_left_for_the_next_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    op = await crash_in_the_air(house, monkeypatch, "deliver.answered")
    sandbox.set_switch(house.crm_path, "offline", "1")
    (outcome,) = await _rounds(house.desk)
    assert "not sure whether it arrived" in outcome.message
    delivery = decisions.get_delivery(house.desk.db, op)
    assert delivery and delivery.state is DeliveryState.UNKNOWN
