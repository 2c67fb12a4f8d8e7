"""The README's pictures: the demo's own day, drawn as SVG. `make screens` draws them anew; otherwise they must match.

They double as snapshots: whoever changes a screen sees it here first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gangly_tui.flow.capture import open_notes, propose
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.tui.app import GanglyApp
from tests.tui.desks import Clock
from tests.tui.resting import at_rest
from tests.tui.reviewing import Rep

_BAR = " \n▁▂▃▄▅▆▇█"
"""What a scroll bar is drawn with: its length depends on when the last line came."""
PICTURES = Path(__file__).parents[2] / "assets" / "screens"
CALL = "demo-harbor-pine-2026-11-24"
Walk = Callable[[Pilot[None]], Awaitable[None]]


async def _still(pilot: Pilot[None]) -> None:
    """Until pulls, drafts and deliveries are done."""
    await at_rest(pilot)


async def _today(pilot: Pilot[None]) -> None:
    await pilot.press("down")


async def _notes(pilot: Pilot[None]) -> None:
    await pilot.press("down", "n")
    await _still(pilot)


async def _review(pilot: Pilot[None]) -> None:
    await pilot.press("2")


async def _trail(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, GanglyApp)
    assert app.desk is not None
    clock = app.desk.now
    assert isinstance(clock, Clock)
    await pilot.press("2")
    await _still(pilot)
    await Rep(app.desk, clock, app, pilot).press("a", "a", "a")
    clock.forward(30)
    app.wake_courier()
    await _still(pilot)
    await pilot.press("5")


async def _pipeline(pilot: Pilot[None]) -> None:
    await pilot.press("3", "full_stop")
    await _still(pilot)


async def _charts(pilot: Pilot[None]) -> None:
    await pilot.press("3", "c")


async def _signals(pilot: Pilot[None]) -> None:
    await pilot.press("4")


WALKS: dict[str, tuple[Walk, tuple[int, int]]] = {
    "today": (_today, (132, 40)),
    "notes": (_notes, (132, 34)),
    "review": (_review, (132, 26)),
    "review-narrow": (_review, (80, 24)),
    "pipeline": (_pipeline, (132, 34)),
    "pipeline-charts": (_charts, (132, 36)),
    "signals": (_signals, (132, 34)),
    "trail": (_trail, (132, 26)),
}


@pytest.mark.parametrize("name", WALKS)
async def test_the_picture_shows_the_screen_as_it_is(
    demo_desk: Desk, clock: Clock, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each picture in assets/screens is what a person sees after the walk of its name."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    clock.time = clock.time.replace(hour=9, minute=40)
    await pull(demo_desk)
    if name != "notes":
        await propose(demo_desk, open_notes(demo_desk, CALL))
    walk, size = WALKS[name]
    app = GanglyApp(demo_desk)
    async with app.run_test(size=size) as pilot:
        await _still(pilot)
        await walk(pilot)
        await _still(pilot)
        drawn = _steady(app.export_screenshot(title="gangly"))
    file = PICTURES / f"{name}.svg"
    if os.environ.get("GANGLY_DRAW"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(drawn, encoding="utf-8")
    told = "the screen changed: look at it, then make screens"
    assert _words(drawn) == _words(file.read_text(encoding="utf-8")), told


def _steady(svg: str) -> str:
    """Without the name that Rich makes up for each drawing, and with a font every system has behind the first."""
    return re.sub(r"terminal-\d+", "terminal", svg)


def _words(svg: str) -> list[str]:
    """What is written in the picture, run by run: an op id or a hash differs from day to day, a word does not."""
    runs = re.findall(r"<text [^>]*>([^<]*)</text>", svg)
    shown = [re.sub(r"[0-9a-f]{8,}", "…", each.replace("&#160;", " ")) for each in runs]
    return [each for each in shown if each.strip(_BAR)]
