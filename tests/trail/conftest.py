"""A trail of several persons, with heads after every batch, erased and quoted entries among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gangly_tui.domain.secret import Secret
from gangly_tui.store import trail
from gangly_tui.store.database import Connection, open_database
from tests.store import made

ADA, BEN, DEAL = "sandbox:contact:ada", "sandbox:contact:ben", "sandbox:opportunity:o1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gangly.db"


@pytest.fixture
def db(path: Path) -> Iterator[Connection]:
    connection = open_database(path, key=Secret(bytes(range(32))))
    yield connection
    connection.close()


def fill(db: Connection, count: int = 12, *, batch: int = 4) -> list[str]:
    """Entries about a deal and two persons; returns the heads signed on the way."""
    notes = []
    for number in range(count):
        made.append(
            db,
            op_id=f"op{number}",
            subjects=((DEAL,), (ADA,), (ADA, BEN), (BEN,))[number % 4],
            speakers=(ADA,) if number % 3 == 0 else (),
            quote="" if number % 5 == 4 else f"said {number}",
        )
        if number % batch == batch - 1:
            note = trail.sign_head(db)
            assert note is not None
            notes.append(note)
    return notes
