"""Two windows on one store: the second says who sends, and takes over when that one is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.flow.deliver import Courier
from gangly_tui.store import decisions
from gangly_tui.tui import app as app_module
from gangly_tui.tui.app import GanglyApp
from tests.patience import until
from tests.store.test_locks import holder
from tests.tui.desks import screen_text
from tests.tui.test_app import _Bench


def test_a_window_that_waits_looks_again_every_second() -> None:
    """A busy machine adds to it; the kernel lets go of the lock with the process."""
    assert app_module._WHILE_ANOTHER_SENDS <= 1.0


async def test_the_second_window_says_who_sends_and_takes_over(tmp_path: Path) -> None:
    bench = _Bench(tmp_path)
    other = await asyncio.to_thread(holder, bench.desk.db.path)
    try:
        app = GanglyApp(bench.desk)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            bench.approve()
            bench.clock.forward(5)
            app.wake_courier()
            await until(lambda: f"sending is handled by pid {other.pid}" in app.status.text)
            await pilot.pause()
            assert f"handled by pid {other.pid}" in screen_text(app)
            assert bench.state() is DeliveryState.APPROVED
            assert bench.writer.begun == 0
            os.kill(other.pid, signal.SIGKILL)
            bench.writer.gate.set()
            await until(lambda: bench.state() is DeliveryState.SENT)
            assert bench.writer.begun == 1
            await until(lambda: "handled by pid" not in app.status.text)
    finally:
        other.kill()
        other.wait()
        assert other.stdout is not None
        other.stdout.close()
        bench.desk.close()


async def test_what_a_killed_window_left_in_the_air_is_read_back(tmp_path: Path) -> None:
    bench = _Bench(tmp_path)
    other = await asyncio.to_thread(holder, bench.desk.db.path)
    try:
        app = GanglyApp(bench.desk)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            bench.approve()
            bench.clock.forward(5)
            in_the_air(bench)
            app.wake_courier()
            await pilot.pause(0.1)
            assert bench.state() is DeliveryState.ATTEMPTED, "the other one still has it"
            os.kill(other.pid, signal.SIGKILL)
            await until(lambda: bench.state() is DeliveryState.UNKNOWN)
            assert bench.writer.begun == 0
    finally:
        other.kill()
        other.wait()
        assert other.stdout is not None
        other.stdout.close()
        bench.desk.close()


def in_the_air(bench: _Bench) -> None:
    """The outbox as the other window leaves it right before its request."""
    delivery = decisions.get_delivery(bench.desk.db, "op1")
    assert delivery is not None
    assert isinstance(bench.desk.courier, Courier)
    moved = replace(
        delivery,
        state=DeliveryState.ATTEMPTED,
        attempts=1,
        due_at=bench.clock() + timedelta(minutes=3),
        changed_at=bench.clock(),
    )
    decisions.put_delivery(bench.desk.db, moved)
