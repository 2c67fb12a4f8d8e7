"""What a pull looks through goes in steps: the others have their turns, and none of them meets an open transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from gangly_tui.domain.records import FieldStamp, Kind, Record, RecordRef
from gangly_tui.flow import breath, hygiene, signals
from gangly_tui.flow.desk import Desk
from gangly_tui.store import hygiene as kept
from gangly_tui.store import mirror
from gangly_tui.store import signals as signs
from gangly_tui.store.mirror import set_cursor
from tests.flow.conftest import House

MANY = 450


@pytest.fixture(autouse=True)
def _resting(monkeypatch: pytest.MonkeyPatch) -> None:
    """At every step."""
    monkeypatch.setattr(breath, "STEP", -1.0)


def _fill(house: House) -> None:
    long_ago = house.clock.at - timedelta(days=200)
    stamp = {"stage": FieldStamp(by="Kim", at=long_ago)}
    deals = [
        Record(
            ref=RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id=f"n{number}"),
            version="1",
            fields={
                "name": f"Deal {number}",
                "stage": "Demo",
                "stage_since": long_ago.date(),
                "close_date": date(2026, 1, 1),
                "amount": Decimal(number),
                "owner": "robin@seller.com",
            },
            updated_at=house.clock.at,
            updated_by="Kim",
            changed=stamp,
        )
        for number in range(MANY)
    ]
    mirror.save_records(house.desk.db, deals)
    set_cursor(house.desk.db, "sandbox", "later")


async def _turns(desk: Desk, work: Awaitable[object]) -> int:
    """How often another task had its turn while the work went on."""
    turns, over = 0, False

    async def other() -> None:
        nonlocal turns
        while not over:
            assert not desk.db.in_transaction, "a turn inside somebody's transaction would join it"
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(other())
    await work
    over = True
    await task
    return turns


async def test_the_looks_of_a_day_leave_turns_to_others(house: House) -> None:
    desk = house.desk
    _fill(house)
    house.clock.forward(days=1)
    assert await _turns(desk, signals.notice(desk)) > 100
    found = [each for each in signs.open_signals(desk.db, desk.now()) if each.title.startswith("Deal ")]
    assert len(found) == 50, "those that stand out the most"
    assert await _turns(desk, hygiene.snapshot(desk)) > 100
    ((day, sums),) = kept.days(desk.db, desk.now().date())
    assert (day, sum(each.deals for each in sums)) == (desk.now().date(), MANY)


async def test_a_look_that_was_cut_short_is_made_again(house: House) -> None:
    desk = house.desk
    _fill(house)
    house.clock.forward(days=1)
    task = asyncio.ensure_future(hygiene.snapshot(desk))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not kept.has_day(desk.db, desk.now().date())
    assert await hygiene.snapshot(desk) is True
    for number in range(5):
        ref = RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id=f"n{number}")
        there = mirror.get_record(desk.db, ref)
        assert there is not None
        moved = {**there.fields, "stage": "Proposal", "stage_since": desk.now().date()}
        mirror.save_records(desk.db, [replace(there, fields=moved, version="2", updated_at=desk.now())])
    house.clock.forward(days=1)
    assert await hygiene.snapshot(desk) is True
    assert kept.stays(desk.db)["Demo"] == [201] * 5


async def test_what_is_none_is_left_out_and_what_fails_is_raised() -> None:
    def work() -> Iterator[int | None]:
        yield from (1, None, 2)

    assert await breath.in_steps(work()) == [1, 2]

    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        await breath.in_steps(broken())
