"""A long read of the store in steps: its thinking in a thread, every statement on the one thread that owns the store.

The screen goes on painting between two statements, writes go on being delivered, and Esc can end the read at each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from gangly_tui.store.database import Connection

T = TypeVar("T")


class _Answer:
    """All rows of one statement, to be taken the ways a cursor's can."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = iter(rows)

    def __iter__(self) -> Any:
        return self._rows

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)


class _Reader:
    """Stands in for the connection inside the thread."""

    def __init__(self, db: Connection, loop: asyncio.AbstractEventLoop, on_rows: Callable[[int], None]) -> None:
        self._db = db
        self._loop = loop
        self._on_rows = on_rows
        self._rows = 0
        self.stopped = False

    def execute(self, *arguments: Any) -> _Answer:
        """Run one statement on the thread of the store and wait for its rows."""
        if self.stopped:
            raise CancelledError
        return asyncio.run_coroutine_threadsafe(self._run(*arguments), self._loop).result()

    async def _run(self, *arguments: Any) -> _Answer:
        if self.stopped:
            raise CancelledError
        rows = self._db.execute(*arguments).fetchall()
        self._rows += len(rows)
        self._on_rows(self._rows)
        return _Answer(rows)


async def read_in_steps(
    db: Connection, read: Callable[[Connection], T], on_rows: Callable[[int], None] = lambda _: None
) -> T:
    """What `read(db)` returns or raises. It may only `execute` queries, each of a bounded number of rows.

    `on_rows` is told how many rows were read so far. Cancelling ends the read at its next statement.
    """
    reader = _Reader(db, asyncio.get_running_loop(), on_rows)
    try:
        return await asyncio.to_thread(read, reader)
    finally:
        reader.stopped = True
