"""Fixtures of the pilots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gangly_tui.flow.desk import Desk
from tests.tui.desks import Clock, nordwind, paper_desk


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a test does reaches the folders of the person who runs it."""
    monkeypatch.setenv("GANGLY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def clock() -> Clock:
    """The desks' clock: 24 Nov 2026, 09:12 in Berlin, until a test moves it."""
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """One account, a day of meetings, a writer that must not be called. The store is filled by the app's own pull."""
    made = paper_desk(tmp_path, *nordwind(), clock=clock)
    yield made
    made.close()


@pytest.fixture
def demo_desk(clock: Clock) -> Iterator[Desk]:
    """The sandbox with its fictional company, as `gangly demo` opens it: a real CRM beside a real store."""
    from gangly_tui.bootstrap import DEMO, open_desk
    from gangly_tui.config import Config

    made = open_desk(Config(crm="sandbox", timezone="Europe/Berlin"), profile=DEMO, now=clock)
    yield made
    made.close()
