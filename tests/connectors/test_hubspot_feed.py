"""HubSpot's change feed: objects side by side, pages that change under us, ties, the window, what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from gangly_tui.connectors.record import hubspot, hubspot_feed, hubspot_org
from gangly_tui.domain.errors import RateLimited, Refused, Unreachable
from gangly_tui.domain.ports import ChangePage, RecordReader
from gangly_tui.domain.records import Kind, RecordRef
from tests.connectors.hubspot_rig import Site, watched
from tests.connectors.rigs import Slow
from tests.fakes.hubspot import FakeHubSpot
from tests.fakes.hubspot_things import HubSpotError
from tests.fakes.salesforce import Trouble
from tests.patience import LONG


class SlowFake(Slow, FakeHubSpot):
    """Each page takes a moment."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, and searches without their pace."""
    monkeypatch.setattr(hubspot_org, "SEARCHES", 0)
    monkeypatch.setattr(hubspot_feed, "PAGE", 4)
    monkeypatch.setattr(hubspot_feed, "FOUND", 4)


@pytest.fixture
def site() -> Site:
    return Site(watched(FakeHubSpot(page=4)))


def contacts(fake: FakeHubSpot, count: int) -> list[str]:
    return [fake.put("contacts", {"lastname": f"N{n}", "email": f"n{n}@acme.de"}).id for n in range(count)]


def notes(fake: FakeHubSpot, count: int) -> list[str]:
    return [fake.put("notes", {"hs_note_body": f"{n}", "hs_timestamp": "1790000000000"}).id for n in range(count)]


async def pages(reader: RecordReader, since: str = "") -> list[ChangePage]:
    return [page async for page in reader.changes(since)]


def names(found: list[ChangePage]) -> list[str]:
    return [each.text("last_name") or each.text("body") for page in found for each in page.records]


async def test_the_objects_are_listed_side_by_side_with_the_whole_known() -> None:
    fake = SlowFake(page=4)
    contacts(fake, 30)
    notes(fake, 30)
    async with asyncio.timeout(LONG):
        found = await pages(hubspot.open_reader(Site(fake).link()))
    assert sorted(names(found)) == sorted([f"N{n}" for n in range(30)] + [f"{n}" for n in range(30)])
    assert {page.total for page in found} == {60}
    assert 3 <= fake.most_at_once <= 14 + 8, "bounded"
    lists = [each for each in fake.asked if each.method == "GET" and each.path.endswith("/objects/2026-09/contacts")]
    assert len(lists) <= 8 + 1 + 12, "each page once, the bin, and few that were cut wrongly"


@pytest.mark.parametrize("how", ["refuses", "takes for a number of rows", "hands out in another form"])
async def test_a_cursor_that_is_no_id_is_followed_page_by_page(site: Site, how: str) -> None:
    contacts(site.fake, 60)
    original, given = site.fake._list, {"0"}

    def listed(name: str, params: Mapping[str, str]) -> dict[str, object]:
        after = params.get("after", "0")
        if how == "hands out in another form":
            after = after.removeprefix("c-")
        elif after not in given and how == "refuses":
            raise HubSpotError(400, "VALIDATION_ERROR", "invalid after")
        elif after not in given:
            after = "4000"
        found = original(name, {**params, "after": after})
        if "paging" in found:
            given.add(found["paging"]["next"]["after"])
            if how == "hands out in another form":
                found["paging"]["next"]["after"] = "c-" + found["paging"]["next"]["after"]
        return found

    site.fake._list = listed  # type: ignore[method-assign, assignment]
    found = await pages(hubspot.open_reader(site.link()))
    assert set(names(found)) == {f"N{n}" for n in range(60)}
    assert await pages(hubspot.open_reader(site.link()), found[-1].cursor) == []


async def test_ids_that_lie_in_heaps_are_listed_once_each() -> None:
    fake = SlowFake(page=4)
    notes(fake, 9)
    fake._next_id = 37_000_000_000
    notes(fake, 60)
    fake._next_id = 90_000_000_000
    notes(fake, 3)
    async with asyncio.timeout(LONG):
        found = await pages(hubspot.open_reader(Site(fake).link()))
    assert len(names(found)) == 72 == len({each.ref for page in found for each in page.records})
    assert fake.most_at_once >= 6
    lists = [each for each in fake.asked if each.path.endswith("/objects/2026-09/notes")]
    assert len(lists) < 18 + 60, "halving finds the heaps"


async def test_a_pull_that_is_left_early_leaves_nothing_running() -> None:
    fake = SlowFake(page=4)
    contacts(fake, 30)
    before = asyncio.all_tasks()
    feed = hubspot.open_reader(Site(fake).link()).changes("")
    async for _ in feed:
        break
    await feed.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == before


async def test_records_that_move_and_go_during_the_pull_are_all_told(site: Site) -> None:
    made = contacts(site.fake, 12)
    reader = hubspot.open_reader(site.link())
    standing: dict[str, str] = {}
    gone: list[str] = []
    late, cursor = "", ""
    async for page in reader.changes(""):
        if not standing:
            site.fake.change("contacts", made[0], {"jobtitle": "CFO"})
            site.fake.archive("contacts", made[11])
            late = site.fake.put("contacts", {"lastname": "Late"}).id
        standing |= {each.ref.id: each.text("title") for each in page.records}
        gone += [ref.id for ref in page.deleted]
        cursor = page.cursor
    assert standing[made[0]] == "CFO" and late in standing and gone == [made[11]]
    assert await pages(reader, cursor) == []


async def test_an_edit_while_the_pages_of_a_search_are_read_hides_no_other_record(site: Site) -> None:
    made = contacts(site.fake, 12)
    reader = hubspot.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    for each in made:
        site.fake.change("contacts", each, {"jobtitle": "a"})
    seen: dict[str, str] = {}
    async for page in reader.changes(cursor):
        if not seen:
            site.fake.change("contacts", made[0], {"jobtitle": "b"})  # it moves to the end: offsets would skip one
        seen |= {each.ref.id: each.text("title") for each in page.records}
    assert seen == dict.fromkeys(made, "a") | {made[0]: "b"}


async def test_more_than_a_page_within_one_millisecond_is_read_by_id(site: Site) -> None:
    made = contacts(site.fake, 15)
    reader = hubspot.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    at = site.fake.clock()
    for each in made[:11]:
        thing = site.fake.change("contacts", each, {"jobtitle": "x"})
        thing.updated = at
    site.fake.change("contacts", made[14], {"jobtitle": "y"})
    found = await pages(reader, cursor)
    titles = {each.ref.id: each.text("title") for page in found for each in page.records}
    assert titles == dict.fromkeys(made[:11], "x") | {made[14]: "y"}
    assert await pages(reader, found[-1].cursor) == []


async def test_no_search_goes_near_the_window(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fakes.hubspot.WINDOW", 12)
    made = contacts(site.fake, 40)
    reader = hubspot.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    for each in made:
        site.fake.change("contacts", each, {"jobtitle": "x"})
    found = await pages(reader, cursor)
    assert {each.ref.id for page in found for each in page.records} == set(made)
    assert all("after" not in each.body for each in site.fake.asked if each.path.endswith("/search"))


async def test_a_search_that_is_answered_unsorted_is_read_to_its_end(site: Site) -> None:
    made = contacts(site.fake, 11)
    reader = hubspot.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    for each in reversed(made):
        site.fake.change("contacts", each, {"jobtitle": "x"})
    original = site.fake._search
    site.fake._search = lambda name, body: original(name, body | {"sorts": ["hs_object_id"]})  # type: ignore[method-assign]
    found = await pages(reader, cursor)
    assert sorted(each.ref.id for page in found for each in page.records) == sorted(made)


async def test_an_edit_that_the_index_shows_late_is_met_at_the_next_pull(site: Site) -> None:
    (first, second) = contacts(site.fake, 2)
    reader = hubspot.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    site.fake.change("contacts", first, {"jobtitle": "early, shown late"})
    hidden = site.fake.things["contacts"].pop(first)
    site.fake.change("contacts", second, {"jobtitle": "shown at once"})
    found = await pages(reader, cursor)
    assert [each.ref.id for page in found for each in page.records] == [second]
    site.fake.things["contacts"][first] = hidden
    found = await pages(reader, found[-1].cursor)
    assert [each.ref.id for page in found for each in page.records] == [first]


async def test_what_was_archived_long_ago_is_no_news_and_a_full_bin_is_looked_through_hourly(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubspot_feed, "BIN", 1)
    old = contacts(site.fake, 9)
    for each in old:
        site.fake.archive("contacts", each)
        site.fake.things["contacts"][each].archived = datetime.now(UTC) - timedelta(days=9)
    made = contacts(site.fake, 2)
    reader = hubspot.open_reader(site.link())
    found = await pages(reader)
    assert [ref for page in found for ref in page.deleted] == []
    site.fake.change("contacts", made[1], {"jobtitle": "x"})
    cursor = (await pages(reader, found[-1].cursor))[-1].cursor
    site.fake.archive("contacts", made[0])
    assert await pages(reader, cursor) == []
    site.now = lambda: datetime.now(UTC) + timedelta(hours=2)
    found = await pages(hubspot.open_reader(site.link()), cursor)
    assert [ref.id for page in found for ref in page.deleted] == [made[0]]


async def test_what_was_merged_into_another_is_gone(site: Site) -> None:
    winner, loser = contacts(site.fake, 2)
    reader = hubspot.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    del site.fake.things["contacts"][loser]
    site.fake.things["contacts"][winner].properties["hs_merged_object_ids"] = loser
    site.fake.change("contacts", winner, {"jobtitle": "both"})
    found = await pages(reader, cursor)
    assert [ref for page in found for ref in page.deleted] == [RecordRef(system="hubspot", kind=Kind.CONTACT, id=loser)]


async def test_the_modified_come_with_their_associations_the_primary_company_first(site: Site) -> None:
    plain = site.fake.put("companies", {"name": "Reseller"}).id
    acme = site.fake.put("companies", {"name": "Acme"}).id
    deal = {"dealname": "Platform", "dealstage": "101"}
    made = site.fake.put("deals", deal, {"companies": {plain: 341, acme: 5}})
    reader = hubspot.open_reader(site.link())
    first = await pages(reader)
    site.fake.change("deals", made.id, {"amount": "5"})
    second = await pages(reader, first[-1].cursor)
    alone = await reader.read(RecordRef(system="hubspot", kind=Kind.OPPORTUNITY, id=made.id))
    (listed,) = [each for page in first for each in page.records if each.ref == alone.ref]
    (found,) = [each for page in second for each in page.records]
    assert listed.fields["account"] == found.fields["account"] == alone.fields["account"] == acme
    assert found == type(found)(**{**{name: getattr(alone, name) for name in alone.__slots__}, "changed": {}})


@pytest.mark.parametrize(
    "cursor", ["7", "1", "1 ", "1 []x", '1 {"0-1": 3}', '1 {"9-9": [[["",0]],0,0,{},0,[],[0,0]]}', "0 {}"]
)
async def test_a_place_that_is_not_ours_is_refused(site: Site, cursor: str) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        await pages(hubspot.open_reader(site.link()), cursor)


async def test_a_pull_that_fails_in_one_object_goes_on_from_the_last_page(site: Site) -> None:
    contacts(site.fake, 12)
    reader = hubspot.open_reader(site.link())
    cursor, seen = "", []
    site.fake.troubles += [Trouble("GET /crm/objects/2026-09/deals ", 502)] * 4
    with pytest.raises((Unreachable, RateLimited)):
        async for page in reader.changes(""):
            cursor = page.cursor
            seen += [each.ref for each in page.records]
    rest = [each.ref for page in await pages(reader, cursor) for each in page.records]
    assert len({*seen, *rest}) == 12 and not set(seen) & set(rest)
