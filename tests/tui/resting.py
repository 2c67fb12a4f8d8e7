"""Until an app is at rest: no message, worker, animation or short timer of it is left to run."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from textual.message_pump import MessagePump
from textual.pilot import Pilot

from gangly_tui.tui.app import GanglyApp
from tests.patience import LONG

_SOON = 1.5
"""Seconds: a timer that long is one that the next frame hangs on; longer ones stand for the rep's patience."""
_FOR_EVER = "courier"
"""The worker that lives as long as the app."""


async def at_rest(pilot: Pilot[Any]) -> None:
    """Wait until nothing of the app is on its way."""
    app = pilot.app
    assert isinstance(app, GanglyApp)
    calm, end = 0, monotonic() + LONG
    while calm < 3:
        assert monotonic() < end, "it does not come to rest"
        await asyncio.sleep(0.005)
        calm = 0 if _busy(app) else calm + 1
    await pilot.pause()


def _busy(app: GanglyApp) -> bool:
    screen = app.screen
    pumps: tuple[MessagePump, ...] = (app, *app.screen_stack, *screen.walk_children())
    return (
        (app._wake.is_set() and any(each.group == _FOR_EVER and each.is_running for each in app.workers))
        or app._in_flight
        or any(each.group != _FOR_EVER and not each.is_finished for each in app.workers)
        or not app.animator._complete_event.is_set()
        or any(not each._message_queue.empty() for each in pumps)
        or any(
            timer._repeat == 0 and timer._interval <= _SOON and timer._task is not None and not timer._task.done()
            for each in pumps
            for timer in each._timers
        )
    )
