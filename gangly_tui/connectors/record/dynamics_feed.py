"""What changed in Dynamics: by change tracking, deletions included; by `modifiedon` where the user may not track.

A cursor is one JSON text: per table the address of its next page, or of its next changes. Tables are read side by side;
each page moves its own table's place on, so that a pull goes on wherever it was cut off. Within a table a page says
where the next one is, and change tracking takes no filter to cut a table by: so the next page is asked for while the
people of this one are, and a page is large.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from typing import Any

from gangly_tui.connectors.record.asked import not_understood
from gangly_tui.connectors.record.dynamics_errors import FeedLost
from gangly_tui.connectors.record.dynamics_map import SYSTEM, TABLES, Table, ref_of, selected
from gangly_tui.connectors.record.dynamics_org import PAGE, PAGE_OF_TEXTS, Org, below_root
from gangly_tui.connectors.record.plain_values import moment, stamp
from gangly_tui.domain.errors import NotFound, Refused
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import Kind, Record, RecordRef

AHEAD = 2
"""Pages that may wait to be taken, of all tables: each table has one in its hands and one on the way besides."""
PEOPLE_BESIDE = 4
"""How many requests for a page's people are out at a time."""
OVERLAP = timedelta(minutes=5)
_TRACK = "odata.track-changes"
_MOST_SEEN = 2_000
_PEOPLE_AT_ONCE = 40
_RENEWED = timedelta(days=1)
"""A place in the feed lives for seven days: a quiet table's is renewed before that."""

_Place = dict[str, Any]
_Part = tuple[tuple[Record, ...], tuple[RecordRef, ...], _Place]


async def changes(org: Org, since: str) -> AsyncIterator[ChangePage]:
    """Everything after the cursor. Raises Refused for a cursor that is not this feed's."""
    places = _parsed(since)
    tables = [each for each in TABLES.values() if org.scope.read.get(each.kind)]
    total = await _total(org, tables) if not since else None
    parts: asyncio.Queue[tuple[Table, _Part] | None] = asyncio.Queue(maxsize=AHEAD)

    async def read(table: Table) -> None:
        async with aclosing(_table(org, table, places.get(table.name))) as pages:
            async for each in pages:
                await parts.put((table, each))

    tasks = [asyncio.create_task(read(each)) for each in tables]

    async def end() -> None:
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.put(None)

    ending = asyncio.create_task(end())
    try:
        while (part := await parts.get()) is not None:
            table, (records, deleted, place) = part
            places[table.name] = place
            total = total if place["how"] == "track" else None  # the count is of all rows, also of those not to be seen
            yield ChangePage(records=records, deleted=deleted, cursor=json.dumps(places), total=total)
        await asyncio.gather(*tasks)  # what one table could not, is said after the others were read
    finally:
        for each in (*tasks, ending):
            each.cancel()
        await asyncio.gather(*tasks, ending, return_exceptions=True)


async def _total(org: Org, tables: Sequence[Table]) -> int | None:
    """How many rows there are, by a count that Dataverse keeps (at most a day old)."""
    names = ",".join(f"'{each.name}'" for each in tables)
    try:
        told = await org.get(f"RetrieveTotalRecordCount(EntityNames=[{names}])")
        return sum(int(each) for each in told["EntityRecordCountCollection"]["Values"])
    except (Refused, NotFound, KeyError, TypeError, ValueError):
        return None


async def _table(org: Org, table: Table, place: _Place | None) -> AsyncGenerator[_Part, None]:
    """One table. A place that Dataverse no longer knows is left, and the table read anew."""
    read = _by_date if place and place["how"] == "date" else _tracked
    while True:
        try:
            async with aclosing(read(org, table, place)) as pages:
                async for each in pages:
                    yield each
            return
        except FeedLost:
            if place is None:
                raise
            place = None
        except (Refused, NotFound):
            if place is not None or read is _by_date:
                raise
            read = _by_date


async def _tracked(org: Org, table: Table, place: _Place | None) -> AsyncGenerator[_Part, None]:
    today = org.link.now().date()
    path = place["path"] if place else f"{table.set}?$select={selected(await org.shape(table), org.scope)}"
    first = place is None
    async with aclosing(_pages(org, table, path, _TRACK)) as pages:
        async for page in pages:
            rows = [each for each in page["value"] if "reason" not in each]
            gone = tuple(ref_of(table, each["id"]) for each in page["value"] if "reason" in each)
            more = page.get("@odata.nextLink")
            after = more or page.get("@odata.deltaLink")
            if not after:
                raise not_understood("Dynamics", "a list of changes")
            rows = await _with_people(org, table, rows)
            records = tuple([await org.record(each, table) for each in rows])
            fresh = {"how": "track", "path": below_root(after), "day": today.isoformat()}
            stale = place is not None and date.fromisoformat(place["day"]) + _RENEWED <= today
            if records or gone or more or first or stale:
                yield records, gone, fresh
                place, first = fresh, False


async def _pages(org: Org, table: Table, path: str, prefer: str = "") -> AsyncGenerator[Mapping[str, Any], None]:
    """The pages of a list from one on, each asked for as soon as the one before says where it is."""
    coming: asyncio.Task[Mapping[str, Any]] | None = None
    try:
        coming = asyncio.create_task(org.page(path, prefer=prefer, size=_size(table)))
        while coming:
            page, coming = await coming, None
            if more := page.get("@odata.nextLink"):
                coming = asyncio.create_task(org.page(below_root(more), prefer=prefer, size=_size(table)))
            yield page
    finally:
        if coming:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _size(table: Table) -> int:
    return PAGE_OF_TEXTS if table.kind is Kind.ACTIVITY else PAGE


async def _with_people(org: Org, table: Table, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Change tracking brings no related rows: the people of meetings and calls are asked for beside it."""
    if not (rows and table.parties and org.scope.may_read(Kind.ACTIVITY, "contacts")):
        return rows
    found: dict[str, Any] = {}
    expand = f"$select={table.key}&$expand={table.parties}($select=_partyid_value,participationtypemask)"
    door = asyncio.Semaphore(PEOPLE_BESIDE)

    async def ask(some: Sequence[Mapping[str, Any]]) -> None:
        ids = " or ".join(f"{table.key} eq {each[table.key]}" for each in some)
        async with door:
            for each in await org.rows(f"{table.set}?{expand}&$filter={ids}"):
                found[each[table.key]] = each.get(table.parties) or []

    starts = range(0, len(rows), _PEOPLE_AT_ONCE)
    await asyncio.gather(*(ask(rows[start : start + _PEOPLE_AT_ONCE]) for start in starts))
    return [{**each, table.parties: found.get(each[table.key], [])} for each in rows]


async def _by_date(org: Org, table: Table, place: _Place | None) -> AsyncGenerator[_Part, None]:
    """Oldest first, from a little before the last time: what was told then is not told again. No deletions."""
    mark, seen, path = (place["mark"], dict(place["seen"]), place["next"]) if place else ("", {}, "")
    kept = place["next"] if place else None  # where the store believes we are: it moves on even if there is no news
    if not path:
        where = f"&$filter=modifiedon ge {stamp(moment(mark) - OVERLAP)}" if mark else ""
        path = f"{table.set}?{await org.columns(table)}{where}&$orderby=modifiedon asc,{table.key} asc"
    async with aclosing(_pages(org, table, path)) as pages:
        async for page in pages:
            records = []
            for row in page["value"]:
                record = await org.record(row, table)
                told = [row["modifiedon"], record.version]
                if seen.get(row[table.key]) != told:
                    records.append(record)
                seen.pop(row[table.key], None)
                seen[row[table.key]] = told
                mark = max(mark, row["modifiedon"])
            seen = _within(seen, mark)
            more = page.get("@odata.nextLink")
            path = below_root(more) if more else ""
            if records or kept is None or (kept and not path):
                yield tuple(records), (), {"how": "date", "mark": mark, "seen": dict(seen), "next": path}
                kept = path


def _within(seen: Mapping[str, list[str]], mark: str) -> dict[str, list[str]]:
    """What the overlap still reaches; of very many changes at once the oldest are told twice."""
    oldest = moment(mark) - OVERLAP if mark else None
    kept = [each for each in seen.items() if oldest is None or moment(each[1][0]) >= oldest]
    return dict(kept[-_MOST_SEEN:])


def _parsed(since: str) -> dict[str, _Place]:
    if not since:
        return {}
    try:
        told = json.loads(since)
        for each in told.values():
            if each["how"] == "track":
                date.fromisoformat(each["day"])
                below = each["path"]
            else:
                below = each["next"]
                _within(each["seen"], each["mark"])
            if "://" in below or ".." in below:
                raise ValueError("no path of ours")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused(f"{since[:40]!r} is no place in {SYSTEM}'s change feed", fix="pull everything anew") from error
    return dict(told)
