"""Waiting in tests: for something to hold, never for a time. The limits are such that only a hang meets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG = 120.0
"""Seconds nothing here takes unless it hangs, on the busiest machine."""


async def until(holds: Callable[[], object], seconds: float = LONG) -> None:
    """Let the event loop go on until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


def wait_until(holds: Callable[[], object], seconds: float = LONG) -> None:
    """Wait until something holds that another thread or process does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@contextmanager
def computing_at_most(seconds: float) -> Iterator[None]:
    """What is done inside takes this process no more computing: other work on the machine does not count."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds
