"""A day on Pipedrive: pull, brief, draft, approve, deliver with the real courier and store, read back, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.record import pipedrive
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.checkpoint import heads_in
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.decide import approve, undo
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, mirror, trail
from tests.connectors import days
from tests.connectors.pipedrive_rig import Site, watched
from tests.domain.made import page
from tests.fakes.pipedrive import PipedriveFake, Weather
from tests.fakes.pipedrive_seed import code
from tests.flow.conftest import CALL, Clock
from tests.flow.steps import card_of


@dataclass(kw_only=True)
class Day(days.Day):
    """The desk, and the account behind it."""

    fake: PipedriveFake
    site: Site
    account: int
    ada: int
    deal: int

    def row(self) -> dict[str, Any]:
        return self.fake.rows["deals"][self.deal]

    def activities(self) -> list[dict[str, Any]]:
        return [each for each in self.fake.rows["activities"].values() if not each["is_deleted"]]

    def writes(self) -> int:
        return len([each for each in self.fake.asked if each.method != "GET"])


@pytest.fixture(params=["audit fields, a fresh search", "an account as it comes, a search an hour behind"])
def day(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Day]:
    plain = request.param.startswith("an account")
    clock = Clock()
    long_ago = CALL - timedelta(days=100)
    fake = PipedriveFake(now=lambda: long_ago, marked=not plain, lag=3600 if plain else 0)
    watched(fake)
    account = fake.make("organizations", {"name": "Acme GmbH", "website": "https://www.acme.de"})["id"]
    ada = fake.make(
        "persons",
        {"name": "Ada Lind", "org_id": account, "emails": [{"value": "ada@acme.de", "primary": True, "label": "work"}]},
    )["id"]
    deal = fake.make(
        "deals",
        {
            "title": "Platform 2026", "org_id": account, "person_id": ada, "stage_id": 2, "value": 30_000,
            "expected_close_date": "2026-09-30",
        },
    )["id"]  # fmt: skip
    fake.now = clock
    site = Site(fake, now=clock)
    link = site.link(page().scope("pipedrive"))
    calendar = days.one_meeting()
    reader, writer = pipedrive.open_reader(link), pipedrive.open_writer(link)
    desk = days.desk_on(link, reader, writer, clock=clock, folder=tmp_path, calendar=calendar)
    yield Day(desk=desk, clock=clock, calendar=calendar, fake=fake, site=site, account=account, ada=ada, deal=deal)
    desk.close()


async def test_from_the_brief_to_the_audited_write_and_back(day: Day) -> None:
    report = await pull(day.desk)
    assert (report.problems, report.records) == ((), 3)
    brief = prepare(day.desk, next(iter(day.desk.calendars[0].found)))  # type: ignore[attr-defined]
    assert brief.deal and (brief.deal.name, brief.deal.stage) == ("Platform 2026", "Demo")
    assert brief.account and brief.account.name == "Acme GmbH"
    assert day.writes() == 0

    card = card_of(await day.cards(), "close_date")
    assert card.changes[0].before == date(2026, 9, 30)
    approve(day.desk, card.id, card.digest())
    assert await day.land() == ["saved, read back"]
    row = day.row()
    assert row["expected_close_date"] == "2026-11-15"
    entries = trail.entries(day.desk.db)
    assert [each.kind for each in entries] == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]
    if day.fake.marked:
        custom = row["custom_fields"]
        assert custom[code("approved by", "deal")] == "robin@seller.com"
        assert custom[code("source", "deal")] == "notes of 2026-09-23"
        (head,) = heads_in(custom[code("trail head", "deal")])
        assert trail.compare_heads(day.desk.db, [head], "the CRM") == 1

    inverse = undo(day.desk, card.id).inverse
    assert inverse is not None
    approve(day.desk, inverse.id, inverse.digest())
    assert await day.land() == ["saved, read back"]
    assert day.row()["expected_close_date"] == "2026-09-30"


async def test_the_summary_and_the_tasks_hang_on_deal_account_and_people_and_can_be_taken_back(day: Day) -> None:
    await pull(day.desk)
    made = [each for each in await day.cards() if each.kind is Kind.ACTIVITY]
    for card in made:
        approve(day.desk, card.id, card.digest())
    assert set(await day.land()) == {"saved, read back"}
    for row in day.activities():
        assert (row["deal_id"], row["org_id"], row["owner_id"]) == (day.deal, day.account, 1)
        assert row["participants"] == [{"person_id": day.ada, "primary": True}]
        assert "approved by robin@seller.com" in row["note"] and "; trail " in row["note"]
    meeting = next(each for each in day.activities() if each["type"] == "meeting")
    assert (meeting["due_date"], meeting["due_time"], meeting["done"]) == ("2026-09-23", "14:00:00", True)
    task = next(each for each in day.activities() if each["type"] == "task" and "whitepaper" in each["subject"])
    assert (task["due_date"], task.get("due_time"), task["done"]) == ("2026-09-25", None, False)
    await pull(day.desk)
    deal = RecordRef(system="pipedrive", kind=Kind.OPPORTUNITY, id=str(day.deal))
    landed = mirror.linked(day.desk.db, deal, Kind.ACTIVITY, limit=10)
    assert {each.text("type") for each in landed} == {"meeting", "task"}
    tasks = [each for each in landed if each.text("type") == "task"]
    promise = next(each for each in tasks if "whitepaper" in each.text("subject"))
    assert promise.fields["ours"] is True and promise.fields["at"] == CALL
    for card in made:
        inverse = undo(day.desk, card.id).inverse
        assert inverse is not None
        approve(day.desk, inverse.id, inverse.digest())
    assert set(await day.land()) == {"saved, read back"}
    assert day.activities() == []


async def test_an_answer_that_never_came_is_resolved_by_reading_back(day: Day) -> None:
    await pull(day.desk)
    found = await day.cards()
    card = card_of(found, "close_date")
    task = next(each for each in found if each.group == "next step")
    day.fake.weather += [Weather("PATCH", "/api/v2/deals", apply=True), Weather("POST", "/api/v2/", apply=True)]
    for each in (card, task):
        approve(day.desk, each.id, each.digest())
    await day.land()
    assert day.fake.weather == [] and day.writes() == 2
    for _ in range(6):
        await day.land(minutes=5)
    assert day.writes() == 2, "never sent again"
    kinds = [each.kind for each in trail.entries(day.desk.db)]
    assert kinds.count(AuditKind.SENT) == 2 and kinds.count(AuditKind.UNKNOWN) == 2
    assert day.row()["expected_close_date"] == "2026-11-15" and len(day.activities()) == 1


async def test_a_write_that_got_lost_on_its_way_is_sent_again_once_it_is_known_to_be_lost(day: Day) -> None:
    await pull(day.desk)
    found = await day.cards()
    task = next(each for each in found if each.group == "next step")
    day.fake.weather.append(Weather("POST", "/api/v2/", apply=False))
    approve(day.desk, task.id, task.digest())
    await day.land()
    assert day.activities() == []
    for _ in range(6):
        await day.land(minutes=5)
    assert len(day.activities()) == 1 and day.writes() == 2


async def test_a_colleague_was_faster(day: Day) -> None:
    await pull(day.desk)
    card = card_of(await day.cards(), "close_date")
    approve(day.desk, card.id, card.digest())
    day.fake.change("deals", day.deal, {"expected_close_date": "2026-12-24"}, by=2)
    await day.land()
    assert day.row()["expected_close_date"] == "2026-12-24" and day.writes() == 0
    assert trail.entries(day.desk.db)[-1].kind is AuditKind.CONFLICT
    (back,) = [each for each in decisions.proposals(day.desk.db) if each.conflict]
    assert back.conflict and (back.conflict.by, back.conflict.theirs) == ("priya@seller.com", date(2026, 12, 24))


async def test_a_change_in_the_window_that_pipedrive_leaves_open_is_found_afterwards(day: Day) -> None:
    await pull(day.desk)
    card = card_of(await day.cards(), "close_date")
    approve(day.desk, card.id, card.digest())
    row, looks = day.row(), iter(range(9))
    watch = day.fake.watch

    def colleague(asked: Any, target: str, status: int, told: Any) -> None:
        watch(asked, target, status, told)
        if asked.method == "GET" and asked.path.endswith(f"/deals/{day.deal}") and next(looks) == 1:
            day.fake.change("deals", day.deal, {"expected_close_date": "2026-12-24"}, by=2)

    day.fake.watch = colleague
    (said,) = await day.land()
    assert row["expected_close_date"] == "2026-11-15"
    assert said != "saved, read back" and "priya@seller.com" in said, "the rep is told whose value was written over"
