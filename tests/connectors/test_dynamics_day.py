"""A day on Dynamics: pull, brief, draft, approve, deliver with the real courier and store, read back, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gangly_tui.connectors.record import dynamics
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.decide import approve, undo
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import PullProgress, pull
from gangly_tui.store import mirror, trail
from tests.connectors import days
from tests.connectors.dynamics_rig import Site, unguarded, watched
from tests.domain.made import page
from tests.fakes.dynamics import FakeDynamics
from tests.fakes.dynamics_rules import lookup
from tests.fakes.dynamics_tables import ME, PRIYA
from tests.flow.conftest import CALL, Clock
from tests.flow.steps import card_of

ACCOUNT, ADA, DEAL = (str(UUID(int=number)) for number in (101, 102, 103))


@dataclass(kw_only=True)
class Day(days.Day):
    """The desk, and the organisation behind it."""

    fake: FakeDynamics

    @property
    def deal(self) -> dict[str, Any]:
        return self.fake.rows["opportunity"][DEAL]

    def sent(self) -> int:
        return sum(each.method != "GET" for each in self.fake.asked)

    def lose_answers(self, fault: str = "lost") -> None:
        """From here on no answer to a write arrives."""
        before = self.fake.handle

        def handle(method: str, *rest: object) -> object:
            self.fake.faults = [fault] if method == "PATCH" else []
            return before(method, *rest)  # type: ignore[arg-type]

        self.fake.handle = handle  # type: ignore[method-assign, assignment]


@pytest.fixture(params=["changes are tracked", "changes are read by date"])
def day(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Day]:
    clock = Clock()
    site: Site = watched(tmp_path, page=5_000)
    site.now = clock
    fake = site.fake
    fake.may_track = request.param == "changes are tracked"
    fake.now = CALL - timedelta(days=100)
    of_account = lookup("_parentaccountid_value", ACCOUNT, "account", "Acme GmbH")
    fake.put("account", ACCOUNT, {"name": "Acme GmbH", "websiteurl": "https://www.acme.de"})
    works_at = lookup("_parentcustomerid_value", ACCOUNT, "account", "Acme GmbH")
    fake.put("contact", ADA, {"firstname": "Ada", "lastname": "Lind", "emailaddress1": "ada@acme.de", **works_at})
    with_ada = lookup("_parentcontactid_value", ADA, "contact", "Ada Lind")
    figures = {"salesstage": 1, "estimatedvalue": 30_000, "estimatedclosedate": "2026-09-30"}
    fake.put("opportunity", DEAL, {"name": "Platform 2026", **figures, **of_account, **with_ada})
    fake.now = CALL
    link = site.link(page().scope("dynamics"))
    calendar = days.one_meeting()
    reader, writer = dynamics.open_reader(link), dynamics.open_writer(link)
    desk = days.desk_on(link, reader, writer, clock=clock, folder=tmp_path, calendar=calendar)
    yield Day(desk=desk, clock=clock, calendar=calendar, fake=fake)
    desk.close()
    assert unguarded(fake) == []


async def test_from_the_brief_to_the_audited_write_and_back(day: Day) -> None:
    told: list[PullProgress] = []
    report = await pull(day.desk, told.append)
    assert (report.problems, report.records) == ((), 3)
    brief = prepare(day.desk, next(iter(day.desk.calendars[0].found)))  # type: ignore[attr-defined]
    assert brief.deal and (brief.deal.name, brief.deal.stage) == ("Platform 2026", "Demo")
    assert brief.account and brief.account.name == "Acme GmbH"
    assert day.sent() == 0, "0 writes"

    card = card_of(await day.cards(), "close_date")
    assert card.changes[0].before == date(2026, 9, 30)
    approve(day.desk, card.id, card.digest())
    assert await day.land() == ["saved, read back"]
    assert (day.deal["estimatedclosedate"], day.deal["_modifiedby_value"]) == ("2026-11-15", ME)
    assert day.deal["gangly_approvedby"] == "robin@seller.com"
    entries = trail.entries(day.desk.db)
    assert [each.kind for each in entries] == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]

    inverse = undo(day.desk, card.id).inverse
    assert inverse is not None
    approve(day.desk, inverse.id, inverse.digest())
    assert await day.land() == ["saved, read back"]
    assert day.deal["estimatedclosedate"] == "2026-09-30"


async def test_the_summary_and_the_tasks_hang_on_deal_account_and_people_and_can_be_taken_back(day: Day) -> None:
    await pull(day.desk)
    made = [each for each in await day.cards() if each.kind is Kind.ACTIVITY]
    for card in made:
        approve(day.desk, card.id, card.digest())
    assert set(await day.land()) == {"saved, read back"}
    (meeting,), tasks = day.fake.rows["appointment"].values(), list(day.fake.rows["task"].values())
    task = next(each for each in tasks if "whitepaper" in each["subject"])
    for row in (meeting, *tasks):
        assert (row["_regardingobjectid_value"], row["_ownerid_value"]) == (DEAL, ME)
        assert "approved by robin@seller.com" in row["description"] and "; trail " in row["description"]
        assert ACCOUNT in row["description"], "an activity is about one record: the account travels below the text"
    assert [each["_partyid_value"] for each in meeting["appointment_activity_parties"]] == [ADA]
    assert (meeting["scheduledstart"], meeting["statecode"]) == ("2026-09-23T14:00:00Z", 1)
    assert (task["scheduledend"][:10], task["statecode"]) == ("2026-09-25", 0)
    report = await pull(day.desk)
    assert report.problems == ()
    deal = RecordRef(system="dynamics", kind=Kind.OPPORTUNITY, id=DEAL)
    landed = mirror.linked(day.desk.db, deal, Kind.ACTIVITY, limit=10)
    assert {each.text("type") for each in landed} == {"meeting", "task"}
    promise = next(each for each in landed if "whitepaper" in each.text("subject"))
    assert promise.fields["ours"] is True and promise.fields["at"] == CALL
    assert all(each.ids("contacts") == (ADA,) and each.fields["account"] == ACCOUNT for each in landed)
    for card in made:
        inverse = undo(day.desk, card.id).inverse
        assert inverse is not None
        approve(day.desk, inverse.id, inverse.digest())
    assert set(await day.land()) == {"saved, read back"}
    assert day.fake.rows["appointment"] == day.fake.rows["task"] == {}


async def test_an_answer_that_never_came_is_resolved_by_reading_back(day: Day) -> None:
    await pull(day.desk)
    found = await day.cards()
    for each in (card_of(found, "close_date"), next(each for each in found if each.group == "next step")):
        approve(day.desk, each.id, each.digest())
    day.lose_answers()
    await day.land()
    sent = day.sent()
    assert sent == 2
    for _ in range(6):
        await day.land(minutes=5)
    assert day.sent() == sent, "never sent again"
    kinds = [each.kind for each in trail.entries(day.desk.db)]
    assert kinds.count(AuditKind.SENT) == 2 and kinds.count(AuditKind.UNKNOWN) == 2
    assert day.deal["estimatedclosedate"] == "2026-11-15" and len(day.fake.rows["task"]) == 1


async def test_a_create_that_never_arrived_is_sent_again_under_the_same_id(day: Day) -> None:
    await pull(day.desk)
    card = next(each for each in await day.cards() if each.group == "next step")
    approve(day.desk, card.id, card.digest())
    whole = day.fake.handle
    day.lose_answers("drop")
    await day.land()
    assert day.fake.rows["task"] == {}
    day.fake.handle = whole  # type: ignore[method-assign]
    for _ in range(6):
        await day.land(minutes=5)
    tried = {each.path for each in day.fake.asked if each.method == "PATCH"}
    assert len(tried) == len(day.fake.rows["task"]) == 1 and day.sent() == 2
    assert trail.entries(day.desk.db)[-1].kind is AuditKind.SENT


async def test_a_colleague_was_faster(day: Day) -> None:
    await pull(day.desk)
    card = card_of(await day.cards(), "close_date")
    approve(day.desk, card.id, card.digest())
    day.fake.put("opportunity", DEAL, {"estimatedclosedate": "2026-12-24"}, by=PRIYA)
    await day.land()
    assert day.deal["estimatedclosedate"] == "2026-12-24" and day.sent() == 0
    assert trail.entries(day.desk.db)[-1].kind is AuditKind.CONFLICT


async def test_another_field_that_moved_at_the_same_moment_is_no_conflict(day: Day) -> None:
    await pull(day.desk)
    card = card_of(await day.cards(), "close_date")
    approve(day.desk, card.id, card.digest())
    before, once = day.fake.handle, iter([31_000])

    def handle(method: str, *rest: object) -> object:
        for amount in once if method == "PATCH" else ():
            day.fake.put("opportunity", DEAL, {"estimatedvalue": amount}, by=PRIYA)
        return before(method, *rest)  # type: ignore[arg-type]

    day.fake.handle = handle  # type: ignore[method-assign, assignment]
    await day.land()
    await day.land()
    assert (day.deal["estimatedclosedate"], day.deal["estimatedvalue"]) == ("2026-11-15", 31_000)
    assert day.sent() == 2, "the first was refused by its version, the second went with the newer one"
