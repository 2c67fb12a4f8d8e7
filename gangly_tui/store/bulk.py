"""Many rows in few statements: while a statement runs, the other threads of the process do.

`executemany` takes the interpreter's lock back after every row, so beside a busy thread it mostly waits for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from gangly_tui.store.database import Connection

_AT_ONCE = (256, 32, 4)
"""Rows of one statement. These few sizes stay prepared."""
_FEW = 32
"""Below this a statement a row is as good."""


def insert(db: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of one width in their order. `into` names the table, and columns where not all are given."""
    if not rows:
        return
    one = f"({', '.join('?' * len(rows[0]))})"
    start = 0
    for size in _AT_ONCE if len(rows) >= _FEW else ():
        statement = f"INSERT INTO {into} VALUES {', '.join([one] * size)}"
        while len(rows) - start >= size:
            db.execute(statement, tuple(chain.from_iterable(rows[start : start + size])))
            start += size
    db.executemany(f"INSERT INTO {into} VALUES {one}", rows[start:])


def insert_words(db: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Rows of the search index, by rowid. It writes out what it has gathered before each statement of several rows, so
    those go through a table in memory, and from there in one."""
    if len(rows) < _FEW:
        db.executemany("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", rows)
        return
    db.execute("CREATE TEMP TABLE IF NOT EXISTS new_words (rid INTEGER PRIMARY KEY, title TEXT, body TEXT)")
    insert(db, "temp.new_words", rows)
    db.execute("INSERT INTO words (rowid, title, body) SELECT rid, title, body FROM temp.new_words ORDER BY rid")
    db.execute("DELETE FROM temp.new_words")
