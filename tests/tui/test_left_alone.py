"""`X` on Today: the recording of a meeting is not processed, and the day shows it; a second press takes it back."""

from __future__ import annotations

from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import engagement
from gangly_tui.tui.app import GanglyApp
from tests.tui.desks import screen_text
from tests.tui.resting import at_rest


async def test_x_removes_the_recording_and_a_second_x_lets_it_come_again(demo_desk: Desk) -> None:
    await pull(demo_desk)
    app = GanglyApp(demo_desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await at_rest(pilot)
        assert app.today is not None
        app.today.show_meeting("demo-kestrel-2026-11-24")
        await pilot.press("X")
        await pilot.pause()
        shown = screen_text(app)
        assert "⊘ not processed" in shown and "neither kept nor read" in shown
        await pull(demo_desk)
        assert engagement.transcript_of(demo_desk.db, "demo-kestrel-2026-11-24") is None
        await pilot.press("X")
        await pull(demo_desk)
        assert engagement.transcript_of(demo_desk.db, "demo-kestrel-2026-11-24")
