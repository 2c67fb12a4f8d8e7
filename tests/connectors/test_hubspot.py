"""HubSpot: the contract of every system of record, on a fake account held against HubSpot's own description."""

from __future__ import annotations

import pytest

from gangly_tui.connectors.record import hubspot_feed, hubspot_org
from gangly_tui.domain.records import Kind
from tests.connectors.contract import RecordContract, Rig
from tests.connectors.hubspot_rig import SPEC, Site, Watch, watched
from tests.fakes.hubspot import FakeHubSpot


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(hubspot_feed, "PAGE", 3)
    monkeypatch.setattr(hubspot_feed, "FOUND", 3)
    monkeypatch.setattr(hubspot_org, "SEARCHES", 0)
    return Site(watched(FakeHubSpot(page=3)))


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


class TestHubspot(RecordContract):
    """The contract, on HubSpot."""


@pytest.mark.shared
async def test_the_description_watched_every_request_and_answer(rig: Rig, site: Site) -> None:
    if not SPEC.exists():
        pytest.skip("the agreed descriptions in ../shared are not there")
    await rig.deal()
    await rig.make(Kind.ACTIVITY, type="note", subject="Call")
    await rig.feed()
    assert isinstance(site.fake.watch, Watch)
    assert site.fake.watch.checked == 2 * len(site.fake.asked) > 60
