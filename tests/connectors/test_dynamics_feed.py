"""What changes in Dynamics: under moving pages, kills, tokens that ran out, roles that may not track; and the scope."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs
from uuid import UUID

import pytest

from gangly_tui.connectors.record import dynamics
from gangly_tui.domain.errors import Refused, Unreachable
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.ports import ChangePage, RecordReader
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind
from tests.connectors.contract import AT, scope_of
from tests.connectors.dynamics_rig import Site, unguarded, watched
from tests.domain.made import page as hierarchy_page
from tests.fakes.dynamics import Asked
from tests.fakes.dynamics_tables import COLUMNS, PRIYA, TABLES

NOW = datetime(2026, 9, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = watched(tmp_path)
    made.now = lambda: NOW
    for number in range(10):
        made.fake.put("contact", str(UUID(int=number)), {"lastname": f"N{number}"})
    yield made
    assert unguarded(made.fake) == []


async def read_all(reader: RecordReader, since: str = "") -> tuple[list[ChangePage], str]:
    pages = [each async for each in reader.changes(since)]
    return pages, pages[-1].cursor if pages else since


def names(pages: list[ChangePage]) -> list[str]:
    return sorted(str(each.fields["last_name"]) for page in pages for each in page.records)


async def test_a_first_pull_tells_how_much_there_is_and_asks_side_by_side(site: Site) -> None:
    pages, _ = await read_all(dynamics.open_reader(site.link()))
    assert names(pages) == sorted(f"N{number}" for number in range(10))
    assert {each.total for each in pages} == {10}
    site.fake.may_track = False
    assert {each.total for each in (await read_all(dynamics.open_reader(site.link())))[0]} == {None}


@pytest.mark.parametrize("tracked", [True, False])
async def test_pages_that_move_while_they_are_read_lose_nothing(site: Site, tracked: bool) -> None:
    site.fake.may_track = tracked
    reader = dynamics.open_reader(site.link(scope_of("dynamics", {Kind.CONTACT: {"last_name"}})))
    seen: list[ChangePage] = []
    async for page in reader.changes(""):
        if not seen:  # what was told moves to the end, what was not yet told is changed, one is new
            for number in (0, 5):
                site.fake.put("contact", str(UUID(int=number)), {"lastname": f"N{number}!"}, by=PRIYA)
            site.fake.put("contact", str(UUID(int=99)), {"lastname": "New"}, by=PRIYA)
        seen.append(page)
    later, _ = await read_all(reader, seen[-1].cursor)
    told = set(names([*seen, *later]))
    assert told >= {"N0!", "N5!", "New", *(f"N{number}" for number in (1, 2, 3, 4, 6, 7, 8, 9))}


async def test_changes_that_come_late_within_the_overlap_are_told_once(site: Site) -> None:
    site.fake.may_track = False
    reader = dynamics.open_reader(site.link())
    _, cursor = await read_all(reader)
    site.fake.now -= timedelta(seconds=90)  # committed late, with an earlier stamp
    site.fake.put("contact", str(UUID(int=50)), {"lastname": "Late"}, by=PRIYA)
    pages, cursor = await read_all(reader, cursor)
    assert names(pages) == ["Late"]
    assert await read_all(reader, cursor) == ([], cursor)


async def test_removals_are_told_and_a_quiet_feed_is_renewed_before_it_ends(site: Site) -> None:
    link = site.link()
    _, cursor = await read_all(dynamics.open_reader(link))
    del site.fake.rows["contact"][str(UUID(int=3))]
    site.fake.log.append(("contact", str(UUID(int=3)), True))
    pages, cursor = await read_all(dynamics.open_reader(link), cursor)
    assert [each.id for page in pages for each in page.deleted] == [str(UUID(int=3))]
    assert await read_all(dynamics.open_reader(link), cursor) == ([], cursor)
    site.now = lambda: NOW + timedelta(days=1)
    pages, fresh = await read_all(dynamics.open_reader(site.link()), cursor)
    assert fresh != cursor and {len(each.records) for each in pages} == {0}


async def test_a_place_that_is_too_old_is_left_and_the_table_read_anew(site: Site) -> None:
    reader = dynamics.open_reader(site.link())
    _, cursor = await read_all(reader)
    site.fake.now += timedelta(days=8)
    pages, fresh = await read_all(reader, cursor)
    assert len(names(pages)) == 10 and await read_all(reader, fresh) == ([], fresh)


async def test_a_role_that_may_not_see_a_table_at_all_hears_of_it_after_the_others_were_read(site: Site) -> None:
    site.fake.no_privilege = {"prvReadPhonecall"}
    pages: list[ChangePage] = []
    with pytest.raises(Refused, match="you may not see"):
        async for each in dynamics.open_reader(site.link()).changes(""):
            pages.append(each)
    assert len(names(pages)) == 10


@pytest.mark.parametrize(
    "cursor", ["7", "{", "[]", '{"contact": {"how": "track", "path": "https://evil.example/x", "day": "2026-09-24"}}']
)
async def test_a_cursor_of_something_else_is_refused(site: Site, cursor: str) -> None:
    with pytest.raises(Refused, match="no place in"):
        await read_all(dynamics.open_reader(site.link()), cursor)


async def test_a_link_to_another_host_or_path_is_never_followed(site: Site) -> None:
    before = site.fake._list

    def lies(table: str, query: dict[str, list[str]], prefer: str) -> object:
        status, headers, told = before(table, query, prefer)
        told = {**told, "@odata.nextLink": f"https://evil.example/{table}?$select=x"}
        return status, headers, told

    site.fake._list = lies  # type: ignore[method-assign, assignment]
    with pytest.raises(Unreachable, match="next page"):
        await read_all(dynamics.open_reader(site.link()))


def requested(asked: Asked) -> set[str]:
    """The columns of a table that a request asks for, in any part of its query."""
    query = parse_qs(asked.query)
    return set(query.get("$select", [""])[0].split(",")) - {""}


async def test_only_the_columns_in_scope_go_over_the_wire(site: Site) -> None:
    page: Scope = hierarchy_page().scope("dynamics")
    reader, writer = dynamics.open_reader(site.link(page)), dynamics.open_writer(site.link(page))
    await read_all(reader)
    account = site.fake.put("account", str(UUID(int=200)), {"name": "Acme", "description": "private"})
    deal = site.fake.put("opportunity", str(UUID(int=201)), {"name": "Platform", "salesstage": 1})
    ref = dynamics.open_reader(site.link()).url  # the url door asks nothing
    assert ref and account and deal
    meta = WriteMeta(op_id="a", source="n", approved_by="r", approved_at=AT, trail_head="t")
    pages, _ = await read_all(reader)
    for kind in (Kind.ACCOUNT, Kind.OPPORTUNITY):
        record = next(each for page_ in pages for each in page_.records if each.ref.kind is kind)
        assert "description" not in record.fields
        field, value = ("description", "x") if kind is Kind.ACCOUNT else ("name", "x")
        with pytest.raises(Refused) as refused:
            await writer.update(record.ref, {field: value}, expect=record.version, meta=meta)
        assert refused.value.field == field
    assert [each for each in site.fake.asked if each.method != "GET"] == []
    for asked in site.fake.asked:
        table = next((each for each in TABLES.values() if f"/{each.set}" in asked.path), None)
        if table is None:
            continue
        assert requested(asked), "never all columns"
        allowed = {table.key, "modifiedon", "_modifiedby_value", "statecode", f"_{table.regarding}_value"}
        for ours, theirs in table.fields.items():
            if page.may_read(table.kind, ours):
                suffixes = tuple(each[1:] for each in theirs if each[0] == "*")
                allowed |= {f"_{each}_value" for each in theirs} | set(theirs)
                allowed |= {each for each in COLUMNS[table.name] if suffixes and each.endswith(suffixes)}
        assert requested(asked) <= allowed, (asked.path, requested(asked) - allowed)


async def test_the_place_of_a_page_is_only_its_own(site: Site) -> None:
    """Pages read ahead must not mark as told what the store has not taken yet."""
    site.fake.may_track = False
    reader = dynamics.open_reader(site.link(scope_of("dynamics", {Kind.CONTACT: {"last_name"}})))
    async for page in reader.changes(""):
        assert len(json.loads(page.cursor)["contact"]["seen"]) == len(page.records) == 3
        break


async def test_the_next_page_is_asked_for_while_the_people_of_this_one_are(site: Site) -> None:
    site.fake.page = 2
    for number in range(5):
        site.fake.put("appointment", str(UUID(int=500 + number)), {"subject": f"Call {number}"})
    pages, _ = await read_all(dynamics.open_reader(site.link()))
    assert sorted(
        str(each.fields["subject"]) for page in pages for each in page.records if "subject" in each.fields
    ) == [f"Call {number}" for number in range(5)]
    asked = [each.query for each in site.fake.asked if each.path.endswith("/appointments")]
    lists = [number for number, query in enumerate(asked) if "$filter" not in parse_qs(query)]
    people = [number for number, query in enumerate(asked) if "$filter" in parse_qs(query)]
    assert len(lists) == len(people) == 3
    assert lists[1] < people[0] and lists[2] < people[1]
