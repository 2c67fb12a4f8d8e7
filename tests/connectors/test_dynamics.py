"""Dynamics: the contract of every system of record, with change tracking and without, on an organisation of its own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gangly_tui.connectors.record import dynamics
from gangly_tui.connectors.record.dynamics_map import TABLES
from gangly_tui.connectors.record.dynamics_org import place_of
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.records import FIELDS, RecordRef, Value
from tests.connectors.contract import RecordContract, Rig
from tests.connectors.dynamics_rig import Site, unguarded, watched
from tests.fakes.dynamics_tables import PRIYA


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = watched(tmp_path)
    yield made
    assert unguarded(made.fake) == []


@pytest.fixture
def rig(site: Site) -> Iterator[Rig]:
    link = site.link()

    def reader_for(scope: Scope | None) -> RecordReader:
        return dynamics.open_reader(site.link(scope))

    async def colleague(ref: RecordRef, field: str, value: Value) -> None:
        table, identifier = place_of(ref)
        name = {"next_step": "new_nextstep"}.get(field, table.fields[field][0])
        site.fake.put(table.name, identifier, {name: float(value) if isinstance(value, Decimal) else value}, by=PRIYA)

    yield Rig(
        reader=dynamics.open_reader(link),
        writer=dynamics.open_writer(link),
        reader_for=reader_for,
        colleague=colleague,
    )


class TestDynamics(RecordContract):
    """The contract, on Dynamics."""


class TestDynamicsByDate(RecordContract):
    """The contract where the user's role may not track changes."""

    @pytest.fixture(autouse=True)
    def untracked(self, site: Site) -> None:
        site.fake.may_track = False

    @pytest.mark.skip(reason="read by date, Dataverse tells of no removals: the connect screen says so")
    async def test_the_feed_tells_of_removals(self, rig: Rig) -> None:
        """Not kept in this mode."""


def test_each_field_of_the_map_is_one_of_ours() -> None:
    assert [
        (table.name, each) for table in TABLES.values() for each in table.fields if each not in FIELDS[table.kind]
    ] == []
