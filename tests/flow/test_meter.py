"""What a call's cards take of the rep: counted by call, kept with each decision, never which key it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.domain.draft import Notes
from gangly_tui.domain.proposal import Proposal
from gangly_tui.flow import decide
from gangly_tui.flow.capture import propose
from gangly_tui.flow.meter import LONGEST_PAUSE, Meter
from gangly_tui.flow.pull import pull
from gangly_tui.flow.report import week
from gangly_tui.store.database import open_database
from gangly_tui.store.effort import Effort, effort_of
from tests.flow.conftest import CALL, House, build
from tests.store.dying import run

TEXT = "Ada: we can sign on 15 November 2026.\nAda: I will send the security questionnaire by Friday."


async def _cards(house: House) -> list[Proposal]:
    return await propose(house.desk, Notes(id="m1/notes", meeting_id="m1", text=TEXT, updated_at=house.desk.now()))


def test_a_press_counts_for_the_call_on_screen_and_a_long_pause_as_a_minute() -> None:
    meter, at = Meter(), CALL
    meter.press("", at)
    meter.opened("m1", at)
    for seconds, click in ((3, False), (2, True), (3600, False)):
        at += timedelta(seconds=seconds)
        meter.press("m1", at, click=click)
    assert meter.waiting == {"m1": Effort(keys=3, clicks=1, seconds=5 + LONGEST_PAUSE)}


def test_a_press_where_no_card_is_counts_for_none_and_the_time_away_is_not_at_the_cards() -> None:
    meter = Meter()
    meter.opened("m1", CALL)
    meter.press("m1", CALL + timedelta(seconds=4))
    meter.press("", CALL + timedelta(seconds=8))
    meter.press("m2", CALL + timedelta(seconds=9))
    assert meter.waiting == {"m1": Effort(keys=1, seconds=4), "m2": Effort(keys=1)}
    meter.opened("m2", CALL + timedelta(seconds=10))
    assert meter.waiting["m2"] == Effort(keys=1), "the press before was counted where it was made"


def test_a_clock_that_is_set_back_takes_no_time_away() -> None:
    meter = Meter()
    meter.opened("m1", CALL)
    meter.press("m1", CALL - timedelta(hours=1))
    assert meter.waiting == {"m1": Effort(keys=1)}


async def test_the_week_tells_keys_beside_seconds_and_leaves_out_what_no_screen_saw(house: House) -> None:
    desk = house.desk
    first, *rest = await _cards(house)
    desk.meter.press("m1", house.clock.at)
    decide.reject(desk, first.id)
    assert (week(desk).keys_per_call, week(desk).counted) == (None, ()), "a card is left"
    for each in rest:
        house.clock.forward(seconds=2)
        desk.meter.press("m1", house.clock.at, click=True)
        decide.reject(desk, each.id)
    found = week(desk)
    assert found.counted == (Effort(keys=1, clicks=len(rest), seconds=2.0 * len(rest)),)
    assert (found.keys_per_call, found.seconds_at_cards) == (1 + len(rest), 2.0 * len(rest))
    assert desk.meter.waiting == {}


async def test_a_decision_that_is_refused_keeps_no_count_and_loses_none(house: House) -> None:
    desk = house.desk
    card = (await _cards(house))[0]
    desk.meter.press("m1", house.clock.at)
    with pytest.raises(decide.StaleApproval):
        decide.approve(desk, card.id, "another")
    assert effort_of(desk.db, ["m1"]) == {}
    decide.reject(desk, card.id)
    assert effort_of(desk.db, ["m1"]) == {"m1": Effort(keys=1)}


async def test_what_was_only_looked_at_is_kept_when_the_desk_is_closed(tmp_path: Path) -> None:
    house = build(tmp_path)
    house.desk.meter.press("m1", CALL)
    house.desk.close()
    db = open_database(tmp_path / "store" / "store.db")
    assert effort_of(db, ["m1"]) == {"m1": Effort(keys=1)}
    db.close()


DECIDE = """
from gangly_tui.connectors.record.sandbox import SandboxReader
from gangly_tui.flow import decide
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.store.database import open_database
from tests.domain.made import page
from tests.flow.conftest import CALL

reader = SandboxReader(path / "crm.db")
nothing = dict(reader=reader, courier=None, calendars=(), drafter=None, label="", new_id=None)
desk = Desk(
    db=open_database(path / "store" / "store.db"), now=lambda: CALL, at_point=at_point, hierarchy=page(),
    settings=Settings(user_name="Robin", user_email="robin@seller.com"), **nothing,
)
card = next(each for each in decide.queue(desk) if each.group == "summary")
for _ in range(3):
    desk.meter.press("m1", CALL)
decide.approve(desk, card.id, card.digest())
"""


@pytest.mark.parametrize(("point", "keys"), [("approve.before-commit", 0), ("approve.committed", 3)])
async def test_a_window_that_is_killed_keeps_the_keys_of_what_it_had_decided(
    tmp_path: Path, point: str, keys: int
) -> None:
    house = build(tmp_path)
    await pull(house.desk)
    waiting = len(await _cards(house))
    run(DECIDE, tmp_path, point)
    assert effort_of(house.desk.db, ["m1"]) == ({"m1": Effort(keys=keys)} if keys else {})
    assert len(decide.queue(house.desk)) == waiting - bool(keys)
    house.desk.close()
