"""Fixtures of the pilots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gangly_tui.flow.desk import Desk
from tests.tui.desks import nordwind, paper_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One account, a day of meetings, a writer that must not be called."""
    made = paper_desk(tmp_path, *nordwind())
    yield made
    made.close()
