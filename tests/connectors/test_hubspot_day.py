"""A day on HubSpot: pull, brief, draft, approve, deliver with the real courier and store, read back, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.record import hubspot, hubspot_org
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.checkpoint import heads_in
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.decide import approve, undo
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import PullProgress, pull
from gangly_tui.store import mirror, trail
from tests.connectors import days
from tests.connectors.hubspot_rig import Site, watched
from tests.domain.made import page
from tests.fakes.hubspot import FakeHubSpot
from tests.fakes.hubspot_things import Thing
from tests.fakes.salesforce import Trouble
from tests.flow.conftest import CALL, Clock
from tests.flow.steps import card_of

NEW = "Ada: Please add our COO, Jo van Dam, jo@acme.de, she will join.\n"


@dataclass(kw_only=True)
class Day(days.Day):
    """The desk, and the account behind it."""

    site: Site
    account: str
    ada: str
    deal: str

    @property
    def fake(self) -> FakeHubSpot:
        return self.site.fake

    @property
    def row(self) -> dict[str, str]:
        return self.fake.things["deals"][self.deal].properties

    def agree(self, card: Proposal) -> None:
        approve(self.desk, card.id, card.digest())

    async def take_back(self, card: Proposal) -> None:
        inverse = undo(self.desk, card.id).inverse
        assert inverse is not None
        self.agree(inverse)

    def standing(self, name: str) -> list[Thing]:
        return [each for each in self.fake.things[name].values() if not each.archived]


@pytest.fixture(params=["audit properties", "an account as it comes"])
def day(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    monkeypatch.setattr(hubspot_org, "SEARCHES", 0)
    clock, before = Clock(), CALL - timedelta(days=100)
    fake = FakeHubSpot(now=clock, audit=request.param == "audit properties")
    watched(fake)
    account = fake.put("companies", {"name": "Acme GmbH", "domain": "acme.de"}, at=before).id
    person = {"firstname": "Ada", "lastname": "Lind", "email": "ada@acme.de", "associatedcompanyid": account}
    ada = fake.put("contacts", person, at=before).id
    deal = {"dealname": "Platform 2026", "dealstage": "101", "amount": "30000", "closedate": "2026-09-30T10:00:00Z"}
    links = {"companies": {account: 5}, "contacts": {ada: 3}}
    made = fake.put("deals", deal, links, ("CRM_UI", "", 502), at=before).id
    site = Site(fake, now=clock)
    link = site.link(page().scope("hubspot"))
    calendar = days.one_meeting()
    reader, writer = hubspot.open_reader(link), hubspot.open_writer(link)
    desk = days.desk_on(link, reader, writer, clock=clock, folder=tmp_path, calendar=calendar)
    yield Day(desk=desk, clock=clock, site=site, calendar=calendar, account=account, ada=ada, deal=made)
    desk.close()


async def test_from_the_brief_to_the_audited_write_and_back(day: Day) -> None:
    told: list[PullProgress] = []
    report = await pull(day.desk, told.append)
    assert (report.problems, report.records) == ((), 3)
    assert PullProgress(what="records", done=3, total=3) in told
    brief = prepare(day.desk, day.calendar.found[0])
    assert brief.deal and (brief.deal.name, brief.deal.stage) == ("Platform 2026", "Demo")
    assert brief.account and brief.account.name == "Acme GmbH"
    assert day.site.writes() == [], "0 writes"

    card = card_of(await day.cards(), "close_date")
    assert (card.changes[0].before, card.changes[0].before_by) == (date(2026, 9, 30), "priya@seller.com")
    day.agree(card)
    assert await day.land() == ["saved, read back"]
    assert day.row["closedate"] == "2026-11-15T12:00:00.000Z"
    kinds = [each.kind for each in trail.entries(day.desk.db)]
    assert kinds == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]
    if "gangly_op_id" in day.row:
        assert (day.row["gangly_op_id"], day.row["gangly_approved_by"]) == (card.id, "robin@seller.com")
        assert day.row["gangly_source"] == "notes of 2026-09-23"
        (head,) = heads_in(day.row["gangly_trail_head"])
        assert trail.compare_heads(day.desk.db, [head], "the CRM") == 1
    await day.take_back(card)
    assert await day.land() == ["saved, read back"]
    assert day.row["closedate"] == "2026-09-30T12:00:00.000Z"


async def test_the_summary_and_the_tasks_hang_on_deal_account_and_people_and_can_be_taken_back(day: Day) -> None:
    await pull(day.desk)
    made = [each for each in await day.cards() if each.kind is Kind.ACTIVITY]
    for card in made:
        day.agree(card)
    assert set(await day.land()) == {"saved, read back"}
    (meeting,), tasks = day.standing("meetings"), day.standing("tasks")
    task = next(each for each in tasks if "whitepaper" in each.properties["hs_task_subject"])
    for thing in (meeting, *tasks):
        assert {to: list(ids) for to, ids in thing.links.items()} == {
            "companies": [day.account], "deals": [day.deal], "contacts": [day.ada],
        }  # fmt: skip
        text = thing.properties.get("hs_meeting_body") or thing.properties["hs_task_body"]
        assert "approved by robin@seller.com" in text and "; trail " in text
        assert thing.properties["hubspot_owner_id"] == "51"
    assert meeting.properties["hs_timestamp"] == "2026-09-23T14:00:00.000Z"
    assert (task.properties["hs_timestamp"], task.properties["hs_task_status"]) == (
        "2026-09-25T09:00:00.000Z", "NOT_STARTED",
    )  # fmt: skip
    await pull(day.desk)
    deal = RecordRef(system="hubspot", kind=Kind.OPPORTUNITY, id=day.deal)
    landed = mirror.linked(day.desk.db, deal, Kind.ACTIVITY, limit=10)
    assert {each.text("type") for each in landed} == {"meeting", "task"}
    promise = next(each for each in landed if "whitepaper" in each.text("subject"))
    assert promise.fields["ours"] is True and promise.fields["at"] == CALL
    assert promise.ids("contacts") == (day.ada,)
    for card in made:
        await day.take_back(card)
    assert set(await day.land()) == {"saved, read back"}
    assert day.standing("meetings") == day.standing("tasks") == []
    report = await pull(day.desk)
    assert report.problems == () and mirror.linked(day.desk.db, deal, Kind.ACTIVITY, limit=10) == []


async def test_an_answer_that_never_came_is_resolved_by_reading_back(day: Day) -> None:
    await pull(day.desk)
    found = await day.cards()
    card = card_of(found, "close_date")
    task = next(each for each in found if each.group == "next step")
    for each, at in ((card, "PATCH"), (task, "POST /crm/objects/2026-09/tasks ")):
        day.agree(each)
        day.fake.troubles.append(Trouble(at, dropped=True))
    await day.land()
    assert day.fake.troubles == [] and len(day.site.writes()) == 2
    for _ in range(6):
        await day.land(minutes=5)
    assert len(day.site.writes()) == 2, "never sent again"
    kinds = [each.kind for each in trail.entries(day.desk.db)]
    assert kinds.count(AuditKind.SENT) == 2 and kinds.count(AuditKind.UNKNOWN) == 2
    assert day.row["closedate"] == "2026-11-15T12:00:00.000Z" and len(day.standing("tasks")) == 1


async def test_a_colleagues_edit_is_a_conflict_and_another_field_merges(day: Day) -> None:
    await pull(day.desk)
    found = await day.cards()
    card = card_of(found, "close_date")
    day.agree(card)
    day.fake.change("deals", day.deal, {"amount": "31000"})
    assert await day.land() == ["saved, read back"], "they changed another field"
    assert (day.row["amount"], day.row["closedate"]) == ("31000", "2026-11-15T12:00:00.000Z")
    await day.take_back(card)
    day.fake.change("deals", day.deal, {"closedate": "2026-12-24T12:00:00Z"})
    (said,) = await day.land()
    assert "priya@seller.com changed" in said and "2026-12-24" in said
    assert day.row["closedate"] == "2026-12-24T12:00:00Z"


async def test_a_contact_is_made_once_and_a_known_one_becomes_an_update(day: Day) -> None:
    await pull(day.desk)
    card = next(each for each in await day.cards(NEW) if each.kind is Kind.CONTACT)
    day.agree(card)
    day.fake.troubles.append(Trouble("POST /crm/objects/2026-09/contacts ", dropped=True))
    await day.land()
    for _ in range(4):
        await day.land(minutes=5)
    made = [each for each in day.standing("contacts") if each.properties.get("email") == "jo@acme.de"]
    assert len(made) == 1 and made[0].links == {"companies": {day.account: 1}}
    assert [each.kind for each in trail.entries(day.desk.db)][-1] is AuditKind.SENT


async def test_somebody_who_was_added_meanwhile_becomes_an_update(day: Day) -> None:
    await pull(day.desk)
    card = next(each for each in await day.cards(NEW) if each.kind is Kind.CONTACT)
    day.agree(card)
    day.fake.put("contacts", {"lastname": "van Dam", "email": "jo+crm@acme.de"})
    (said,) = await day.land()
    assert "already in hubspot" in said
    assert len(day.standing("contacts")) == 2
