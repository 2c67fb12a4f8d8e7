"""Salesforce's change feed: pages ahead, pages that change under us, roles, what is gone, the cursor, the limit."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.record import salesforce, salesforce_feed
from gangly_tui.domain.errors import RateLimited, Refused, Unreachable
from gangly_tui.domain.ports import ChangePage, RecordReader
from gangly_tui.domain.records import Kind, RecordRef
from tests.connectors.rigs import Slow
from tests.connectors.salesforce_rig import EVERYTHING, Site, watched
from tests.fakes.salesforce import FakeSalesforce, Trouble
from tests.patience import LONG


class SlowFake(Slow, FakeSalesforce):
    """Each page takes a moment."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(watched(FakeSalesforce(page=4), tmp_path))


def contacts(fake: FakeSalesforce, count: int) -> list[str]:
    return [fake.put("Contact", {"LastName": f"N{n}", "Email": f"n{n}@acme.de"}) for n in range(count)]


async def pages(reader: RecordReader, since: str = "") -> list[ChangePage]:
    return [page async for page in reader.changes(since)]


def names(found: list[ChangePage]) -> list[str]:
    return [each.text("last_name") for page in found for each in page.records]


async def test_the_first_pull_asks_for_several_pages_at_once_and_keeps_their_order() -> None:
    fake = SlowFake(page=4)
    contacts(fake, 100)
    site = Site(fake)
    reader = salesforce.open_reader(site.link())
    async with asyncio.timeout(LONG):
        found = await pages(reader)
    assert names(found) == [f"N{n}" for n in range(100)]
    assert {page.total for page in found} == {100}
    assert 4 <= fake.most_at_once <= salesforce_feed.AHEAD
    asked = [each for each in fake.asked if "/query/" in each.path]
    assert len(asked) == 24, "each page once"


async def test_a_pull_that_is_left_early_leaves_nothing_running() -> None:
    fake = SlowFake(page=4)
    contacts(fake, 60)
    before = asyncio.all_tasks()
    feed = salesforce.open_reader(Site(fake).link()).changes("")
    async for _ in feed:
        break
    await feed.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == before


async def test_pages_that_turn_out_shorter_are_followed_where_they_lead(site: Site) -> None:
    contacts(site.fake, 30)
    original = site.fake._page

    def shrinking(place: str, version: str) -> dict[str, object]:
        site.fake.page = 4 if place.endswith("-0") else 3
        return original(place, version)

    site.fake._page = shrinking  # type: ignore[method-assign]
    assert names(await pages(salesforce.open_reader(site.link()))) == [f"N{n}" for n in range(30)]


async def test_a_guess_that_is_refused_costs_one_request(site: Site) -> None:
    contacts(site.fake, 20)
    refused = json.dumps([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]).encode()
    site.fake.troubles += [Trouble("-8", 400, {}, refused)]
    assert names(await pages(salesforce.open_reader(site.link()))) == [f"N{n}" for n in range(20)]
    site.fake.troubles += [Trouble("-8", 400, {}, refused)] * 2
    with pytest.raises(Refused, match="kept only for a while"):
        await pages(salesforce.open_reader(site.link()))


async def test_records_that_move_and_go_during_the_pull_are_all_told(site: Site) -> None:
    made = contacts(site.fake, 12)
    reader = salesforce.open_reader(site.link())
    standing: dict[str, str] = {}
    cursor = ""
    async for page in reader.changes(""):
        if not standing:
            site.fake.change(made[0], {"Title": "CFO"})
            site.fake.delete(made[11])
            late = site.fake.put("Contact", {"LastName": "Late"})
        standing |= {each.ref.id: each.text("title") for each in page.records}
        cursor = page.cursor
    found = await pages(reader, cursor)
    assert {each.ref.id: each.text("title") for page in found for each in page.records} == {made[0]: "CFO", late: ""}
    assert [ref.id for page in found for ref in page.deleted] == [made[11]]
    assert await pages(reader, found[-1].cursor) == []


async def test_what_commits_late_with_an_earlier_stamp_is_not_missed(site: Site) -> None:
    contacts(site.fake, 2)
    reader = salesforce.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    now = site.fake.now
    site.fake.now -= timedelta(minutes=2)  # a long transaction began before our pull
    site.fake.put("Contact", {"LastName": "Slow"})
    site.fake.now = now
    assert names(await pages(reader, cursor)) == ["Slow"]


async def test_two_edits_in_one_second_with_a_pull_between_them_are_both_told(site: Site) -> None:
    (made,) = contacts(site.fake, 1)
    reader = salesforce.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    site.fake.at(made)["Title"] = "CFO"  # the stamp has whole seconds and does not move
    assert [each.text("title") for page in await pages(reader, cursor) for each in page.records] == ["CFO"]


async def test_somebody_put_on_a_deal_is_told_though_the_deal_does_not_move(site: Site) -> None:
    (ada,) = contacts(site.fake, 1)
    deal = site.fake.put("Opportunity", {"Name": "P", "StageName": "Demo", "CloseDate": "2026-09-30"})
    reader = salesforce.open_reader(site.link())
    cursor = (await pages(reader))[-1].cursor
    site.fake.now += timedelta(hours=1)
    role = site.fake.put("OpportunityContactRole", {"OpportunityId": deal, "ContactId": ada})
    found = await pages(reader, cursor)
    assert {each.ids("contacts") for page in found for each in page.records} == {(ada,)}
    assert await pages(reader, found[-1].cursor) == []
    site.fake.delete(role)
    found = await pages(reader, found[-1].cursor)
    assert {each.ids("contacts") for page in found for each in page.records} == {()}


async def test_a_pull_killed_in_its_middle_goes_on_and_sees_what_went_meanwhile(site: Site) -> None:
    site.fake.put("Account", {"Name": "Acme"})
    made = contacts(site.fake, 9)
    seen: list[str] = []
    cursor = ""
    feed = salesforce.open_reader(site.link()).changes("")
    async for page in feed:
        seen += [each.ref.id for each in page.records]
        cursor = page.cursor
        if made[3] in seen:
            break
    await feed.aclose()  # type: ignore[attr-defined]
    site.fake.delete(made[0])
    rest = await pages(salesforce.open_reader(site.link()), cursor)
    assert {each.ref.id for page in rest for each in page.records} == set(made[4:])
    assert [ref.id for page in rest for ref in page.deleted] == [made[0]]


async def test_roles_of_many_deals_survive_a_kill_between_them(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce_feed, "_DEALS_AT_ONCE", 2)
    (ada,) = contacts(site.fake, 1)
    values = {"Name": "P", "StageName": "Demo", "CloseDate": "2026-09-30"}
    deals = [site.fake.put("Opportunity", values) for _ in range(5)]
    cursor = (await pages(salesforce.open_reader(site.link())))[-1].cursor
    site.fake.now += timedelta(hours=1)
    for deal in deals:  # long untouched: only their roles are news
        site.fake.at(deal)["LastModifiedDate"] = site.fake.at(deal)["SystemModstamp"] = "2020-01-01T00:00:00.000+0000"
        site.fake.put("OpportunityContactRole", {"OpportunityId": deal, "ContactId": ada})
    first = salesforce.open_reader(site.link()).changes(cursor)
    killed = [await anext(first), await anext(first)]
    await first.aclose()  # type: ignore[attr-defined]
    assert len({each.ref.id for page in killed for each in page.records}) == 4
    found = await pages(salesforce.open_reader(site.link()), killed[-1].cursor)
    assert {each.ref.id for page in found for each in page.records if each.ids("contacts")} == set(deals)
    assert await pages(salesforce.open_reader(site.link()), found[-1].cursor) == []


async def test_a_field_that_comes_into_scope_is_read_of_old_records_too(site: Site) -> None:
    made = contacts(site.fake, 5)
    site.fake.put("Account", {"Name": "Acme"})
    narrow = replace(EVERYTHING, read={**EVERYTHING.read, Kind.CONTACT: frozenset({"last_name"})})
    found = await pages(salesforce.open_reader(site.link(narrow)))
    assert {tuple(each.fields) for page in found for each in page.records if each.ref.kind is Kind.CONTACT} == {
        ("last_name",)
    }
    site.fake.now += timedelta(hours=1)
    site.fake.delete(made[0])
    again = await pages(salesforce.open_reader(site.link()), found[-1].cursor)
    assert {each.ref.id for page in again for each in page.records} == set(made[1:]), "and nothing else"
    assert all(each.text("email") for page in again for each in page.records)
    assert [ref.id for page in again for ref in page.deleted] == [made[0]]
    assert await pages(salesforce.open_reader(site.link()), again[-1].cursor) == []


@pytest.mark.parametrize(
    "cursor", ["17", "x", "[]", "null", '{"Contact": 1}', '{"Contact": {"mark": "soon", "seen": {}}}']
)
async def test_a_cursor_from_elsewhere_is_refused(site: Site, cursor: str) -> None:
    with pytest.raises(Refused, match="change feed"):
        await pages(salesforce.open_reader(site.link()), cursor)


async def test_the_cursor_stays_small_whatever_was_pulled(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce_feed, "_MOST_SEEN", 50)
    site.fake.watch = lambda *_: None
    site.fake.page = 2000
    contacts(site.fake, 2_000)
    cursor = (await pages(salesforce.open_reader(site.link())))[-1].cursor
    assert len(cursor) < 6_000
    assert len(names(await pages(salesforce.open_reader(site.link()), cursor))) <= 300


async def test_a_pull_slows_down_near_the_limit_and_leaves_the_last_calls_to_writes() -> None:
    fake = SlowFake(page=4)
    contacts(fake, 60)
    fake.limit, fake.used = 1_000, 850
    await pages(salesforce.open_reader(Site(fake).link()))
    whole = fake.most_at_once
    assert whole <= 6, "the six objects' first pages; then one after the other"
    fake.used = 960
    with pytest.raises(RateLimited, match="leaves them to writes"):
        await pages(salesforce.open_reader(Site(fake).link()))


@pytest.mark.parametrize("address", ["https://evil.my.salesforce.com/services/data/v62.0/query/1-4", "//x/y", "/other"])
async def test_a_next_page_elsewhere_is_not_followed(site: Site, address: str) -> None:
    contacts(site.fake, 9)
    original = site.fake._page
    site.fake._page = lambda place, version: {  # type: ignore[method-assign]
        **original(place, version), "done": False, "nextRecordsUrl": address
    }  # fmt: skip
    site.fake.watch = lambda *_: None
    with pytest.raises(Unreachable, match="not understood"):
        await pages(salesforce.open_reader(site.link()))
    assert {each.path for each in site.fake.asked if "/query" in each.path} == {"/services/data/v62.0/query"}


async def test_a_page_in_a_browser(site: Site) -> None:
    reader = salesforce.open_reader(site.link())
    ref = RecordRef(system="salesforce", kind=Kind.OPPORTUNITY, id="006000000000001AAA")
    assert reader.url(ref) == "https://acme.lightning.force.com/lightning/r/Opportunity/006000000000001AAA/view"
    assert reader.url(RecordRef(system="salesforce", kind=Kind.OPPORTUNITY, id="../x")) == ""
