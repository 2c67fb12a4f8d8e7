"""How long to wait for another window's write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gangly_tui.store.database import Connection


@contextmanager
def waiting_at_most(db: Connection, seconds: float) -> Iterator[None]:
    """Inside, a store that another window is writing is given up after `seconds`; outside, after its usual time.

    For who is being typed into: it tries again a moment later rather than hold the keys.
    """
    usual = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA busy_timeout = {usual}")
