"""The scripted server in a thread of its own, for verbs that run their own event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.intelligence.model.server import ModelServer, Script, Told, serving


@contextmanager
def serving_beside(script: Script | Told, **more: Any) -> Iterator[ModelServer]:
    """A server that answers while this thread does something else."""
    ready: threading.Event = threading.Event()
    made: list[ModelServer] = []
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        over = asyncio.Event()
        async with serving(script, **more) as server:
            made.append(server)
            loops.append((asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield made[0]
    finally:
        loop, over = loops[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
