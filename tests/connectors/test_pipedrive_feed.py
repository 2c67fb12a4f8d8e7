"""Pipedrive's feed: what a pull asks for, how it goes on after a kill, and what moves while it is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from gangly_tui.connectors.record import pipedrive, pipedrive_feed, pipedrive_org
from gangly_tui.domain.errors import Refused, Unreachable
from gangly_tui.domain.records import Kind
from tests.connectors.contract import Rig, scope_of
from tests.connectors.pipedrive_rig import Site, watched
from tests.fakes.pipedrive import PipedriveFake, Weather
from tests.fakes.pipedrive_seed import code

NOW = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)


class Clock:
    """The account's clock."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **time: float) -> None:
        self.at += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Site:
    monkeypatch.setattr(pipedrive_org, "PAGE", 5)
    fake = PipedriveFake(now=clock)
    watched(fake)
    return Site(fake, now=clock)


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


def people(site: Site, clock: Clock, count: int, every: timedelta) -> None:
    """So many people, one after the other, up to now."""
    clock.at = NOW - every * count
    for number in range(count):
        site.fake.make("persons", {"name": f"Person {number}"})
        clock.at += every
    clock.at = NOW


async def test_a_long_list_is_read_in_windows_beside_one_another_and_everything_comes_once(
    rig: Rig, site: Site, clock: Clock
) -> None:
    people(site, clock, 90, timedelta(hours=1))
    told: list[str] = []
    async for page in rig.reader.changes(""):
        told += [each.ref.id for each in page.records]
    assert sorted(told, key=int) == [str(number) for number in range(1, 91)]
    ends = {each.query.get("updated_until") for each in site.asked("GET", "/persons")}
    assert len(ends) == pipedrive_feed.WINDOWS - 1, "the first and the last window have no end in their query"


@pytest.mark.parametrize("page", range(0, 22, 3))
async def test_a_pull_that_is_killed_at_any_page_goes_on_there(rig: Rig, site: Site, clock: Clock, page: int) -> None:
    people(site, clock, 60, timedelta(hours=1))
    seen: list[str] = []
    cursor = ""
    for kills in (True, False):
        number = 0
        async for each in rig.reader.changes(cursor):
            seen += [one.ref.id for one in each.records]
            cursor = each.cursor
            if kills and number == page:
                break
            number += 1
    assert sorted(seen, key=int) == [str(number) for number in range(1, 61)], "once each"
    assert (await rig.feed(cursor))[0] == {}


async def test_what_changes_while_the_list_is_read_is_not_lost(rig: Rig, site: Site, clock: Clock) -> None:
    people(site, clock, 40, timedelta(minutes=30))
    titles: dict[str, str] = {}
    cursor, number = "", 0
    async for page in rig.reader.changes(""):
        titles |= {each.ref.id: each.text("title") for each in page.records}
        cursor, number = page.cursor, number + 1
        clock.forward(seconds=2)
        site.fake.change("persons", number, {"job_title": f"t{number}"})
        site.fake.remove("persons", site.fake.rows["persons"][40 - number])
        clock.forward(seconds=2)
    standing, gone, _ = await rig.feed(cursor)
    titles |= {ref.id: each.text("title") for ref, each in standing.items()}
    for ref in gone:
        titles.pop(ref.id, None)
    left = {str(row["id"]): row.get("job_title") or "" for row in site.fake.rows["persons"].values()}
    removed = {str(row["id"]) for row in site.fake.rows["persons"].values() if row["is_deleted"]}
    assert titles == {each: title for each, title in left.items() if each not in removed}


async def test_two_edits_within_one_second_are_both_told(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    _, _, cursor = await rig.feed()
    site.fake.change("deals", int(deal.ref.id), {"value": 1}, by=2)
    first, _, cursor = await rig.feed(cursor)
    site.fake.change("deals", int(deal.ref.id), {"value": 2}, by=2)
    second, _, cursor = await rig.feed(cursor)
    assert [each.fields["amount"] for each in (*first.values(), *second.values())] == [Decimal(1), Decimal(2)]
    assert (await rig.feed(cursor))[0] == {}


async def test_an_incremental_pull_asks_from_a_little_before_the_last_change(
    rig: Rig, site: Site, clock: Clock
) -> None:
    people(site, clock, 3, timedelta(days=1))
    _, _, cursor = await rig.feed()
    site.fake.asked.clear()
    await rig.feed(cursor)
    (asked,) = site.asked("GET", "/api/v2/persons")
    last = site.fake.rows["persons"][3]["update_time"]
    assert asked.query["updated_since"] == pipedrive_feed._earlier(last, pipedrive_feed.OVERLAP)
    assert asked.query["limit"] == "5" and asked.query["sort_by"] == "update_time"


async def test_removals_of_every_kind_are_told_and_asked_for_since_the_last_pull(
    rig: Rig, site: Site, clock: Clock
) -> None:
    deal = await rig.deal()
    note = await rig.make(Kind.ACTIVITY, type="note", subject="Call", opportunity=deal.ref.id)
    task = await rig.make(Kind.ACTIVITY, type="task", subject="Send")
    _, _, cursor = await rig.feed()
    clock.forward(days=3)
    for name, ref in (("deals", deal.ref), ("activities", task.ref), ("notes", note.ref)):
        site.fake.remove(name, site.fake.rows[name][int(ref.id.lstrip("n"))])
    late = site.fake.make("persons", {"name": "Late Riser"})
    standing, gone, cursor = await rig.feed(cursor)
    assert gone == {deal.ref, note.ref, task.ref}
    assert [each.id for each in standing] == [str(late["id"])]
    site.fake.asked.clear()
    assert (await rig.feed(cursor))[:2] == ({}, set())
    since = {each.query["since_timestamp"] for each in site.asked("GET", "/recents")}
    assert since == {"2026-09-26 13:50:00"}


async def test_after_a_long_pause_removals_are_asked_for_as_far_back_as_pipedrive_knows(
    rig: Rig, site: Site, clock: Clock
) -> None:
    await rig.deal()
    _, _, cursor = await rig.feed()
    clock.forward(days=90)
    site.fake.asked.clear()
    await rig.feed(cursor)
    assert {each.query["since_timestamp"] for each in site.asked("GET", "/recents")} == {"2026-11-23 14:00:00"}


async def test_notes_are_told_once_over_pages_and_through_a_change(rig: Rig, site: Site, clock: Clock) -> None:
    deal = site.fake.make("deals", {"title": "D"})["id"]
    for number in range(13):
        site.fake.make("notes", {"content": f"note {number}", "deal_id": deal})
        clock.forward(seconds=number % 2)
    standing, _, cursor = await rig.feed()
    assert len([ref for ref in standing if ref.kind is Kind.ACTIVITY]) == 13
    site.fake.change("notes", 5, {"content": "changed"}, by=2)
    standing, _, _ = await rig.feed(cursor)
    assert [each.text("body") for each in standing.values()] == ["changed"]


async def test_a_cursor_that_pipedrive_has_forgotten_costs_a_page_not_the_pull(
    rig: Rig, site: Site, clock: Clock
) -> None:
    people(site, clock, 20, timedelta(seconds=1))
    seen: set[str] = set()
    async for page in rig.reader.changes(""):
        seen |= {each.ref.id for each in page.records}
        cursor = page.cursor
        break
    state = json.loads(cursor)
    for strand in state["strands"]:
        if strand.get("cursor"):
            strand["cursor"] = "forgotten"
    standing, _, _ = await rig.feed(json.dumps(state))
    assert seen | {ref.id for ref in standing} == {str(number) for number in range(1, 21)}


async def test_a_pull_keeps_under_the_limit_and_loses_nothing_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipedrive_org, "PAGE", 5)
    site = Site(PipedriveFake(burst=14))
    for number in range(20):
        site.fake.make("persons", {"name": f"Person {number}"})
    refused: list[str] = []
    site.fake.watch = lambda asked, target, status, told: refused.append(target) if status == 429 else None
    standing, _, _ = await site.rig().feed()
    assert len(standing) == 20
    assert len(site.fake.asked) > 14, "more than the limit lets through at once"
    assert len(refused) <= 2, "it slows itself before the limit"


@pytest.mark.parametrize("cursor", ["17", "{}", '{"v": 2}', "[]", '{"v":1,"strands":[{"x":1}],"marks":{},"seen":{}}'])
async def test_a_cursor_of_something_else_is_refused(rig: Rig, cursor: str) -> None:
    with pytest.raises(Refused, match="no place"):
        await rig.feed(cursor)


async def test_only_what_is_in_scope_is_asked_for(site: Site, rig: Rig) -> None:
    deal = await rig.deal(next_step="Call", budget="100k")
    site.fake.asked.clear()
    scope = scope_of("pipedrive", {Kind.OPPORTUNITY: {"name", "stage", "next_step"}})
    reader = pipedrive.open_reader(site.link(scope))
    async for page in reader.changes(""):
        assert {name for each in page.records for name in each.fields} <= {"name", "stage", "next_step"}
        cursor = page.cursor
    async for _ in reader.changes(cursor):
        pass
    await reader.read(deal.ref)
    asked = site.fake.asked
    lists = {each.path.rsplit("/", 1)[-1] for each in asked}
    assert lists.isdisjoint({"persons", "organizations", "activities", "notes", "activityTypes"})
    assert {each.query["items"] for each in site.asked("GET", "/recents")} == {"deal"}
    named = {each.query["custom_fields"] for each in site.asked("GET", "/api/v2/deals")}
    assert named == {code("Next step", "deal")}


async def test_a_page_that_fails_ends_the_pull_and_loses_nothing(rig: Rig, site: Site, clock: Clock) -> None:
    people(site, clock, 12, timedelta(seconds=1))
    pages: list[str] = []
    cursor = ""
    with pytest.raises(Unreachable):
        async for page in rig.reader.changes(""):
            pages += [each.ref.id for each in page.records]
            cursor = page.cursor
            html = (200, {"content-type": "text/html"}, b"<html>sign in</html>")
            site.fake.weather += [Weather("GET", "/api/v2/persons", reply=html) for _ in range(4)]
    site.fake.weather.clear()
    standing, _, _ = await rig.feed(cursor)
    assert {*pages, *(ref.id for ref in standing)} == {str(number) for number in range(1, 13)}
