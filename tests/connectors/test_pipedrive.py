"""Pipedrive: the contract of every system of record, on a fake account held against Pipedrive's own descriptions."""

from __future__ import annotations

import pytest

from gangly_tui.connectors.record import pipedrive_org
from gangly_tui.domain.records import Kind
from tests.connectors.contract import RecordContract, Rig
from tests.connectors.pipedrive_rig import Site, Watch, watched
from tests.fakes.pipedrive import PipedriveFake


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(pipedrive_org, "PAGE", 3)  # small pages, so that a feed has several
    return Site(watched(PipedriveFake()))


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


class TestPipedrive(RecordContract):
    """The contract, on Pipedrive."""


class TestPipedriveAsItComes(RecordContract):
    """The contract, where no administrator made audit fields and the search is an hour behind."""

    @pytest.fixture
    def site(self, monkeypatch: pytest.MonkeyPatch) -> Site:
        monkeypatch.setattr(pipedrive_org, "PAGE", 3)
        return Site(watched(PipedriveFake(marked=False, lag=3600)))


@pytest.mark.shared
async def test_the_descriptions_watched_every_request_and_answer(rig: Rig, site: Site) -> None:
    watch = Watch()
    site.fake.watch = watch
    await rig.deal()
    await rig.make(Kind.ACTIVITY, type="note", subject="Call")
    await rig.feed()
    assert watch.checked == 2 * len(site.fake.asked) > 40
