"""The first line: how many signals are open stands beside their tab, and the time stays at 80 columns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.app import App

from gangly_tui.domain.signals import SignalKind
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import signals as kept
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.signals import DismissScreen, SignalsScreen
from gangly_tui.tui.screens.trail import TrailScreen
from gangly_tui.tui.widgets.top_bar import TopBar
from tests.patience import until
from tests.tui.desks import NOW, Clock, nordwind, paper_desk, screen_text
from tests.tui.test_signals import MOVED, PLAYS, _App, usage


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    """The store filled, with whatever a pull noticed put away."""
    made = replace(paper_desk(tmp_path, *nordwind(), clock=clock), plays=lambda: PLAYS)
    await pull(made)
    for each in kept.open_signals(made.db, made.now()):
        kept.set_dismissed(made.db, each.id, "")
    yield made
    made.close()


def first_line(app: App[None]) -> str:
    return screen_text(app).partition("\n")[0]


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize(
    ("count", "told"), [(0, "4 Signals  "), (7, "4 Signals 7"), (42, "4 Signals 42"), (300, "99+")]
)
async def test_the_count_stands_beside_its_tab_and_the_time_at_the_right(
    desk: Desk, size: tuple[int, int], count: int, told: str
) -> None:
    kept.save_signals(desk.db, [usage(f"aa{each}") for each in range(count)])
    app = GanglyApp(desk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert told in first_line(app)
        assert first_line(app).endswith(" 09:12")
        assert "6 Health" in first_line(app)
        bar = app.screen.query_one(TopBar)
        start = first_line(app).index("6 Health")
        await pilot.click(TopBar, offset=(start, 0))
        await pilot.pause()
        assert bar.screen is not app.screen, "the tabs behind it are where they are drawn"


async def test_it_follows_what_is_worked_dismissed_put_off_and_taken_back(desk: Desk) -> None:
    kept.save_signals(desk.db, [usage(), usage("cc33"), usage("dd44", kind=SignalKind.MOVED), MOVED])
    app = _App(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, SignalsScreen) and "4 Signals 4" in first_line(app))
        await pilot.press("w")
        await until(lambda: "4 Signals 3" in first_line(app))
        await pilot.press("z")
        await until(lambda: "4 Signals 2" in first_line(app))
        await pilot.press("x")
        await until(lambda: isinstance(app.screen, DismissScreen))
        await pilot.press("enter")
        await until(lambda: "4 Signals 1" in first_line(app))
        await pilot.press("u")
        await until(lambda: "4 Signals 2" in first_line(app))
        await pilot.press("z", "z")
        await until(lambda: "4 Signals  " in first_line(app))


async def test_a_screen_that_stays_open_counts_what_comes_in_and_what_comes_back(desk: Desk, clock: Clock) -> None:
    app = _App(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, SignalsScreen))
        await pilot.press("5")
        await until(lambda: isinstance(app.screen, TrailScreen))
        kept.save_signals(desk.db, [usage(), usage("cc33")])
        kept.put_off(desk.db, "cc33", NOW + timedelta(hours=1))
        await until(lambda: "4 Signals 1" in first_line(app))
        clock.forward(3601)
        await until(lambda: "4 Signals 2" in first_line(app))
