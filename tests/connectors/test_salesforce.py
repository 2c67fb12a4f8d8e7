"""Salesforce: the contract of every system of record, on an organisation with the audit fields and on one without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gangly_tui.connectors.record import salesforce
from gangly_tui.connectors.record.salesforce_map import FIELD_MAP, KINDS
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.records import FIELDS, RecordRef, Value
from tests.connectors.contract import RecordContract, Rig
from tests.connectors.salesforce_rig import Site, watched
from tests.fakes.salesforce import FakeSalesforce

MADE_UP = ("TaskWhoIds", "EventWhoIds")
AUDIT = tuple({each.name for each in salesforce.VENDOR.audit_fields})


@pytest.fixture(params=["audit fields, shared activities", "an organisation as it comes"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    plain = request.param == "an organisation as it comes"
    return Site(
        watched(FakeSalesforce(page=3, hidden=(*AUDIT, *MADE_UP, "Type", "CurrencyIsoCode") if plain else ()), tmp_path)
    )


@pytest.fixture
def rig(site: Site) -> Iterator[Rig]:
    link = site.link()

    def reader_for(scope: Scope | None) -> RecordReader:
        return salesforce.open_reader(site.link(scope))

    async def colleague(ref: RecordRef, field: str, value: Value) -> None:
        name = next(each for each, kind in KINDS.items() if kind is ref.kind and ref.id in site.fake.rows[each])
        raw = float(value) if field == "amount" else value
        site.fake.change(ref.id, {FIELD_MAP[name][field][0]: raw})

    yield Rig(
        reader=salesforce.open_reader(link),
        writer=salesforce.open_writer(link),
        reader_for=reader_for,
        colleague=colleague,
    )


class TestSalesforce(RecordContract):
    """The contract, on Salesforce."""


def test_each_field_of_the_map_is_one_of_ours() -> None:
    assert [(name, each) for name in FIELD_MAP for each in FIELD_MAP[name] if each not in FIELDS[KINDS[name]]] == []
