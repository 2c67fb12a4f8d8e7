"""Health under pilots: what is known, what R and r do, what comes while one looks, hostile text, the mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot

from gangly_tui.domain.hierarchy import Hierarchy
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import PullReport
from gangly_tui.store import decisions, health, mirror
from gangly_tui.store.health import Exchange, Limit
from gangly_tui.tui import app as app_module
from gangly_tui.tui.messages import Delivered, Pulled
from gangly_tui.tui.screens import health as screen_module
from gangly_tui.tui.screens.health import HealthScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.screens.trail import TrailScreen
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.top_bar import TopBar
from tests.hostile.oracle import raw_in
from tests.patience import until
from tests.store import made
from tests.tui.desks import NOW, Clock, screen_text
from tests.tui.test_rows import HOSTILE

SIZES = [(80, 24), (140, 40)]


class _App(app_module.GanglyApp):
    """The app opened on Health, which reads no system on its own."""

    CSS_PATH = [Path(app_module.__file__).parent / each for each in app_module.GanglyApp.CSS_PATH]  # noqa: RUF012

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, start="health")
        self.woken = 0

    def action_pull(self) -> None:
        """Nothing: the store is the test's."""

    def wake_courier(self) -> None:
        self.woken += 1
        super().wake_courier()

    @property
    def view(self) -> RowView:
        return self.screen.query_one("#systems", RowView)


@asynccontextmanager
async def on_health(desk: Desk, size: tuple[int, int] = (140, 40)) -> AsyncIterator[tuple[_App, Pilot[None]]]:
    """The app with Health before the rep."""
    app = _App(desk)
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, HealthScreen) and app.screen.found is not None)
        await pilot.pause()
        yield app, pilot


def _exchanges(desk: Desk, *results: str, system: str = "sandbox", days: int = 0) -> None:
    at = NOW - timedelta(days=days, minutes=1)
    health.record(desk.db, [Exchange(system=system, at=at, write=False, seconds=0.25, result=each) for each in results])


@pytest.mark.parametrize("size", SIZES)
async def test_without_any_exchange_it_says_what_is_known(desk: Desk, size: tuple[int, int]) -> None:
    mirror.pulled(desk.db, "sandbox", NOW - timedelta(minutes=3))
    made.append(desk.db)
    async with on_health(desk, size) as (app, pilot):
        shown = screen_text(app)
        for words in ("sandbox   ", "nothing over the network in 7 days", "0 waiting", "3 min ago, 2026-11-24 09:09"):
            assert words in shown
        await pilot.press("end")
        await pilot.pause()
        assert "1 entry, head " in screen_text(app)
        assert "store" in screen_text(app)


@pytest.mark.parametrize("size", SIZES)
async def test_numbers_bars_and_failures_with_their_fix_are_shown(desk: Desk, size: tuple[int, int]) -> None:
    _exchanges(desk, *["ok"] * 70, days=6)
    _exchanges(desk, *["ok"] * 28, "Unreachable", "Unreachable")
    resets = NOW + timedelta(hours=7)
    limit = Limit(system="sandbox", name="day", left=40, of=1000, resets_at=resets, at=NOW)
    health.record_limit(desk.db, limit)
    async with on_health(desk, size) as (app, pilot):
        shown = screen_text(app)
        assert "sandbox   ! bad" in shown
        assert "? success, 24 h" in shown and "93.3 % of 30 exchanges" in shown
        assert "! limit day" in shown and "40 of 1,000 left, resets in 7 h" in shown
        await pilot.press(*["down"] * 17)
        await pilot.pause()
        shown = screen_text(app)
        assert "▇ · · · · · ▃  98, today 28" in shown
        assert "· · · · · · ▇  2, today 2" in shown
        assert "W T F S S M T" in shown
        assert "failed 2 x, reading" in shown and "→ check network, VPN and proxy" in shown


async def test_capital_r_sends_now_what_waits_after_a_failure(desk: Desk, clock: Clock) -> None:
    later = NOW + timedelta(minutes=5)
    failed = made.delivery("p1", approved_at=NOW, due_at=later, error="the CRM cannot be reached")
    decisions.save_proposals(desk.db, [made.card("p1")])
    decisions.put_delivery(desk.db, failed)
    async with on_health(desk) as (app, pilot):
        assert "1 waiting, 1 after a failure" in screen_text(app)
        await pilot.press("R")
        await until(lambda: decisions.get_delivery(desk.db, "p1") != failed)
        assert app.woken == 1
        assert "1 write is tried again now" in app.status.text
        # nobody approved this card: the courier took it up at once and refused to send it
        await until(lambda: decisions.get_delivery(desk.db, "p1").state is DeliveryState.REJECTED)  # type: ignore[union-attr]
        await until(lambda: "0 waiting" in screen_text(app))
        await pilot.press("R")
        await pilot.pause()
        assert "nothing waits after a failure" in app.status.text
        assert app.woken == 1


@pytest.mark.parametrize(("known", "opened"), [("sandbox", ["sandbox"]), ("other", ["of the CRM"])])
async def test_r_opens_the_sign_in_of_the_selected_system_and_says_so_where_it_cannot(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, known: str, opened: list[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(screen_module, "open_system", lambda _, name: asked.append(name))
    monkeypatch.setattr(screen_module, "sign_in_again", lambda _: asked.append("of the CRM"))
    async with on_health(desk) as (app, pilot):
        await pilot.press("r")
        await pilot.pause()
        assert (asked, app.status.fix) == ([], "gangly connect")
        app.doorway = SimpleNamespace(systems=((known, "Its title", "deals"),))  # type: ignore[assignment]
        await pilot.press("r")
        await pilot.pause()
        assert asked == opened


async def test_o_shows_owner_backup_and_runbook_in_full(desk: Desk) -> None:
    url = "https://wiki.example.com/" + "runbook-" * 30 + "end"
    scope = replace(desk.hierarchy.scope("sandbox"), runbook=url, owner="Kim [/] of RevOps")
    page = Hierarchy(owners=desk.hierarchy.owners, scopes={"sandbox": scope})
    async with on_health(replace(desk, hierarchy=page), (80, 24)) as (app, pilot):
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, SourceScreen))
        await pilot.pause()
        shown = screen_text(app)
        assert "ook-end" in shown
        sheet = app.screen.query_one(RowView)
        assert url in "".join(each.left.plain.strip() for each in sheet._rows)
        assert "Kim [/] of RevOps" in shown
        await pilot.press("escape", "end", "o")
        await pilot.pause()
        assert isinstance(app.screen, HealthScreen)
        assert "gangly doctor" in app.status.text


async def test_what_comes_while_one_looks_is_shown_and_the_selected_line_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_module, "EVERY", 0.05)
    async with on_health(desk) as (app, _):
        at = next(at for at, each in enumerate(app.screen._lines) if each.label == "last read")  # type: ignore[attr-defined]
        app.view.cursor = at
        _exchanges(desk, "ok", "Unreachable")
        await until(lambda: "50.0 % of 2 exchanges" in screen_text(app))
        lines = app.screen._lines  # type: ignore[attr-defined]
        assert app.view.cursor == at + 2, "two numbers came above it"
        assert lines[app.view.cursor].label == "last read"


async def test_a_delivery_and_a_pull_are_seen_at_once(desk: Desk) -> None:
    async with on_health(desk) as (app, _):
        assert "never" in screen_text(app)
        mirror.pulled(desk.db, "sandbox", NOW)
        report = PullReport(records=0, removed=0, meetings=0, transcripts=0, problems=())
        app.screen.post_message(Pulled(report))
        await until(lambda: "0 s ago" in screen_text(app))
        decisions.put_delivery(desk.db, made.delivery("p1", DeliveryState.CONFLICT, changed_at=NOW, approved_at=NOW))
        app.screen.post_message(Delivered(()))
        await until(lambda: "1, all decided" in screen_text(app))


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_is_shown_and_does_nothing(desk: Desk, size: tuple[int, int]) -> None:
    texts = list(HOSTILE)
    for number, text in enumerate(texts):
        _exchanges(desk, "Unreachable", system=f"s{number} {text}".encode("utf-8", "replace").decode())
        name = text.encode("utf-8", "replace").decode()
        health.record_limit(desk.db, Limit(system="sandbox", name=name, left=1, of=9, resets_at=None, at=NOW))
        decisions.put_delivery(
            desk.db,
            made.delivery(
                f"p{number}", due_at=NOW + timedelta(hours=9), approved_at=NOW - timedelta(hours=9), error=text
            ),
        )
    async with on_health(desk, size) as (app, pilot):
        for _ in range(60):
            assert raw_in(screen_text(app).replace("\n", "")) == []
            await pilot.press("pagedown")
        await pilot.press("home", "o")
        await pilot.pause()
        assert raw_in(screen_text(app).replace("\n", "")) == []
        assert app.is_running


async def test_the_mouse_goes_to_health_selects_and_opens(desk: Desk) -> None:
    async with on_health(desk) as (app, pilot):
        await pilot.press("5")
        await until(lambda: isinstance(app.screen, TrailScreen))
        await pilot.pause()
        bar = app.screen.query_one(TopBar)
        start = next(start for start, _, name in bar._spots if name == "health")
        await pilot.click(TopBar, offset=(start + bar.gutter.left, 0))
        await until(lambda: isinstance(app.screen, HealthScreen))
        await pilot.pause()
        await pilot.click("#systems", offset=(10, 4))
        await pilot.pause()
        assert app.view.cursor == 4
        await pilot.click("#systems", offset=(10, 4))
        await until(lambda: isinstance(app.screen, SourceScreen))
