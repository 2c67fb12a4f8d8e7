"""A fresh, keyed store per test, on disk as in use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gangly_tui.store.database import Connection, open_database
from tests.store.made import KEY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gangly.db"


@pytest.fixture
def db(path: Path) -> Iterator[Connection]:
    connection = open_database(path, key=KEY)
    yield connection
    connection.close()
