"""A day on Salesforce: pull, brief, draft, approve, deliver with the real courier and store, read back, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.record import salesforce
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.checkpoint import heads_in
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.decide import approve, undo
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import PullProgress, pull
from gangly_tui.store import mirror, trail
from tests.connectors import days
from tests.connectors.salesforce_rig import Site, watched
from tests.connectors.test_salesforce import AUDIT, MADE_UP
from tests.domain.made import page
from tests.fakes.salesforce import FakeSalesforce, Trouble
from tests.fakes.salesforce_rows import ME, PRIYA
from tests.flow.conftest import CALL, Clock
from tests.flow.steps import card_of


@dataclass(kw_only=True)
class Day(days.Day):
    """The desk, and the organisation behind it."""

    fake: FakeSalesforce
    deal: str
    ada: str
    account: str

    def activities(self, table: str) -> list[dict[str, Any]]:
        return [each for each in self.fake.rows[table].values() if not each["IsDeleted"]]


@pytest.fixture(params=["audit fields, shared activities", "an organisation as it comes"])
def day(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Day]:
    plain = request.param == "an organisation as it comes"
    fake = FakeSalesforce(now=CALL - timedelta(days=100), hidden=(*AUDIT, *MADE_UP, "Type") if plain else ())
    watched(fake, tmp_path)
    account = fake.put("Account", {"Name": "Acme GmbH", "Website": "https://www.acme.de"})
    ada = fake.put("Contact", {"FirstName": "Ada", "LastName": "Lind", "Email": "ada@acme.de", "AccountId": account})
    deal = fake.put(
        "Opportunity",
        {
            "Name": "Platform 2026",
            "AccountId": account,
            "StageName": "Demo",
            "Amount": 30000,
            "CloseDate": "2026-09-30",
        },
    )
    fake.put("OpportunityContactRole", {"OpportunityId": deal, "ContactId": ada})
    fake.now = CALL
    clock = Clock()
    link = Site(fake, now=clock).link(page().scope("salesforce"))
    calendar = days.one_meeting()
    reader, writer = salesforce.open_reader(link), salesforce.open_writer(link)
    desk = days.desk_on(link, reader, writer, clock=clock, folder=tmp_path, calendar=calendar)
    yield Day(desk=desk, clock=clock, calendar=calendar, fake=fake, deal=deal, ada=ada, account=account)
    desk.close()


async def test_from_the_brief_to_the_audited_write_and_back(day: Day) -> None:
    told: list[PullProgress] = []
    report = await pull(day.desk, told.append)
    assert (report.problems, report.records) == ((), 3)
    assert told[-2] == PullProgress(what="records", done=3, total=3)
    brief = prepare(day.desk, next(iter(day.desk.calendars[0].found)))  # type: ignore[attr-defined]
    assert brief.deal and (brief.deal.name, brief.deal.stage) == ("Platform 2026", "Demo")
    assert brief.account and brief.account.name == "Acme GmbH"
    assert [each.method for each in day.fake.asked if each.method != "GET"] == [], "0 writes"

    card = card_of(await day.cards(), "close_date")
    assert card.changes[0].before == date(2026, 9, 30)
    approve(day.desk, card.id, card.digest())
    assert await day.land() == ["saved, read back"]
    row = day.fake.at(day.deal)
    assert (row["CloseDate"], row["LastModifiedById"]) == ("2026-11-15", ME)
    entries = trail.entries(day.desk.db)
    assert [each.kind for each in entries] == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]
    if "gangly_Op_Id__c" in row:
        assert (row["gangly_Op_Id__c"], row["gangly_Approved_By__c"]) == (card.id, "robin@seller.com")
        assert row["gangly_Source__c"] == "notes of 2026-09-23"
        (head,) = heads_in(row["gangly_Trail_Head__c"])
        assert trail.compare_heads(day.desk.db, [head], "the CRM") == 1

    inverse = undo(day.desk, card.id).inverse
    assert inverse is not None
    approve(day.desk, inverse.id, inverse.digest())
    assert await day.land() == ["saved, read back"]
    assert day.fake.at(day.deal)["CloseDate"] == "2026-09-30"


async def test_the_summary_and_the_tasks_hang_on_deal_account_and_people_and_can_be_taken_back(day: Day) -> None:
    await pull(day.desk)
    made = [each for each in await day.cards() if each.kind is Kind.ACTIVITY]
    for card in made:
        approve(day.desk, card.id, card.digest())
    assert set(await day.land()) == {"saved, read back"}
    (event,), tasks = day.activities("Event"), day.activities("Task")
    task = next(each for each in tasks if "whitepaper" in each["Subject"])
    for row in (event, *tasks):
        assert (row["WhatId"], row["AccountId"], row["WhoId"], row["OwnerId"]) == (day.deal, day.account, day.ada, ME)
        assert "approved by robin@seller.com" in row["Description"] and "; trail " in row["Description"]
    assert event["StartDateTime"] == "2026-09-23T14:00:00Z" and event["IsReminderSet"] is False
    assert (task["ActivityDate"], task["Status"], task["TaskSubtype"]) == ("2026-09-25", "Not Started", "Task")
    await pull(day.desk)
    deal = RecordRef(system="salesforce", kind=Kind.OPPORTUNITY, id=day.deal)
    landed = mirror.linked(day.desk.db, deal, Kind.ACTIVITY, limit=10)
    assert {each.text("type") for each in landed} == {"meeting", "task"}
    promise = next(each for each in landed if "whitepaper" in each.text("subject"))
    assert promise.fields["ours"] is True and promise.fields["at"] == CALL
    assert promise.ids("contacts") == (day.ada,)
    for card in made:
        inverse = undo(day.desk, card.id).inverse
        assert inverse is not None
        approve(day.desk, inverse.id, inverse.digest())
    assert set(await day.land()) == {"saved, read back"}
    assert day.activities("Event") == day.activities("Task") == []


async def test_an_answer_that_never_came_is_resolved_by_reading_back(day: Day) -> None:
    await pull(day.desk)
    found = await day.cards()
    card = card_of(found, "close_date")
    task = next(each for each in found if each.group == "next step")
    for each in (card, task):
        approve(day.desk, each.id, each.digest())
        day.fake.troubles.append(Trouble("composite", dropped=True))
    await day.land()
    assert day.fake.troubles == []
    sent = sum(each.path.endswith("/composite") for each in day.fake.asked)
    assert sent == 2
    for _ in range(6):
        await day.land(minutes=5)
    assert sum(each.path.endswith("/composite") for each in day.fake.asked) == sent, "never sent again"
    kinds = [each.kind for each in trail.entries(day.desk.db)]
    assert kinds.count(AuditKind.SENT) == 2 and kinds.count(AuditKind.UNKNOWN) == 2
    assert day.fake.at(day.deal)["CloseDate"] == "2026-11-15" and len(day.activities("Task")) == 1


async def test_a_colleague_was_faster(day: Day) -> None:
    await pull(day.desk)
    card = card_of(await day.cards(), "close_date")
    approve(day.desk, card.id, card.digest())
    day.fake.change(day.deal, {"CloseDate": "2026-12-24"}, by=PRIYA)
    await day.land()
    assert day.fake.at(day.deal)["CloseDate"] == "2026-12-24"
    assert trail.entries(day.desk.db)[-1].kind is AuditKind.CONFLICT


async def test_another_field_that_moved_at_the_same_moment_is_no_conflict(day: Day) -> None:
    await pull(day.desk)
    card = card_of(await day.cards(), "close_date")
    approve(day.desk, card.id, card.digest())
    once = iter([{"Amount": 31000}])
    day.fake.before_write = lambda: [day.fake.change(day.deal, each) for each in once] and None
    await day.land()
    await day.land()
    row = day.fake.at(day.deal)
    assert (row["CloseDate"], row["Amount"]) == ("2026-11-15", 31000)
