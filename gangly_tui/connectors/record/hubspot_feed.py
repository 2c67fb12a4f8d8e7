"""HubSpot's changes: everything once by listing, then what was modified by searching, and what was archived.

A list goes on by its own cursor and knows no index; the eight objects are listed side by side, as fast as the limit
lets them. A search is asked from the last moment that was seen, with an overlap because its index is seconds behind;
what came before is known by id and moment. Each page's cursor resumes after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

from gangly_tui.connectors.record.hubspot_map import KINDS, OBJECTS, VERSION, milliseconds, moment, ref_of
from gangly_tui.connectors.record.hubspot_org import Org, path_of, understood
from gangly_tui.connectors.record.hubspot_place import Place, cursor_of, parse, text_of
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import RECORD_KINDS, Kind, RecordRef

PAGE = 100
FOUND = 200
AT_ONCE: Final = 14
"""Pages of the lists that are asked for at once; the limit's headers slow them before it is reached."""
WORTH_CUTTING: Final = 4
"""Pages that a piece holds at least, by what is known of its ids, to be halved."""
MOST_WASTED: Final = 3 * AT_ONCE
"""Pieces that may turn out empty before no more are cut."""
OVERLAP: Final = 120_000
"""Milliseconds a search looks back: its index shows an edit within a minute."""
REMEMBERED: Final = 500
"""How many of the records within the overlap are known again; further ones are brought twice, which harms nothing."""
BIN: Final = 20
"""Pages of archived records that are looked through at every pull; a fuller bin is looked through every hour."""
_HOUR: Final = 3_600_000
_Count = asyncio.Future[tuple[int, int]]
_NAMES = tuple(name for kind in RECORD_KINDS for name in OBJECTS[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One page of one object, and where it leaves its feed."""

    place: Place
    page: ChangePage | None = None


async def changes(org: Org, since: str) -> AsyncIterator[ChangePage]:
    """Everything after the cursor. Raises Refused for a cursor that is not this system's."""
    places = parse(since)
    names = [name for name in _NAMES if org.scope.read.get(KINDS[name])]
    if "emails" in names and not await org.may_see_emails():
        names.remove("emails")
    if not places:
        began = await _server_time(org) - OVERLAP
        places = {name: Place(at=began, gone=began) for name in names}
    places = {name: places.get(name, Place()) for name in names}
    await org.owners()
    door = asyncio.Semaphore(AT_ONCE)
    counts = {name: asyncio.ensure_future(_count(org, name)) for name in names if places[name].uncounted}
    feeds = {name: _object(org, name, places[name], door, counts.get(name)) for name in names}
    total, told = None, {name: text_of(place) for name, place in places.items()}
    try:
        async with aclosing(_side_by_side(feeds)) as steps:
            async for name, step in steps:
                told[name] = text_of(step.place)
                if not since and total is None and all(each.done() for each in counts.values()):
                    total = sum(each.result()[1] for each in counts.values())
                if step.page is not None:
                    yield replace(step.page, cursor=cursor_of(told), total=total)
    finally:
        for each in counts.values():
            each.cancel()
        await asyncio.gather(*counts.values(), return_exceptions=True)


async def _side_by_side(feeds: Mapping[str, AsyncGenerator[_Step, None]]) -> AsyncGenerator[tuple[str, _Step], None]:
    """The steps of several feeds as they come; a feed is one step ahead at most, so memory stays flat."""
    waiting = {asyncio.ensure_future(anext(feed)): name for name, feed in feeds.items()}
    try:
        while waiting:
            ready, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for each in ready:
                name = waiting.pop(each)
                try:
                    with understood():
                        step = each.result()
                except StopAsyncIteration:
                    continue
                waiting[asyncio.ensure_future(anext(feeds[name]))] = name
                yield name, step
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for feed in feeds.values():
            await feed.aclose()


async def _server_time(org: Org) -> int:
    """HubSpot's own clock."""
    date = (await org.wire.read(f"/crm/owners/{VERSION}", params={"limit": 1})).headers.get("date")
    with understood():
        return milliseconds(parsedate_to_datetime(date) if date else org.now())


async def _count(org: Org, name: str) -> tuple[int, int]:
    """The newest id of an object, and how many records there are. Lists do not wait for it: searches are few."""
    found = await org.search(name, {"limit": 1, "properties": [], "sorts": ["-hs_object_id"]})
    with understood():
        return max((int(row["id"]) for row in found["results"]), default=0), int(found["total"])


async def _object(
    org: Org, name: str, place: Place, door: asyncio.Semaphore, count: _Count | None
) -> AsyncGenerator[_Step, None]:
    """The feed of one object: the list, then the modified, then the removed."""
    async with aclosing(_listed(org, name, place, door, count)) as listed:
        async for step in listed:
            place = step.place
            yield step
    async with aclosing(_modified(org, name, place)) as modified:
        async for step in modified:
            place = step.place
            yield step
    yield await _removed(org, name, place)


async def _listed(
    org: Org, name: str, place: Place, door: asyncio.Semaphore, count: _Count | None
) -> AsyncGenerator[_Step, None]:
    """All records, by HubSpot's own cursor; in pieces side by side where that cursor shows itself to be an id.

    A piece that is free takes the upper half of the widest. Ids are no even ground: what is halved wrongly is found
    empty with one request, and halved again.
    """
    open_: dict[int, tuple[str, int]] = dict(enumerate(place.pieces))
    flights: dict[asyncio.Task[Any], int] = {}
    by_id, wasted, ground = len(place.pieces) > 1, 0, 0
    try:
        while open_:
            if count and count.done():
                top, rows_there = count.result()
                place, count = replace(place, top=top, rows=rows_there), None
            if by_id and wasted < MOST_WASTED:
                ground = ground or sum(_spans(open_, place.top).values())
                least = max(8 * PAGE, ground * WORTH_CUTTING * PAGE // max(place.rows, 1))
                _cut(open_, set(flights.values()), place.top, least)
            for key, (cursor, _) in open_.items():
                if key not in flights.values():
                    flights[asyncio.ensure_future(_list_page(org, name, cursor, door))] = key
            done, _ = await asyncio.wait(flights, return_when=asyncio.FIRST_COMPLETED)
            for flight in done:
                key = flights.pop(flight)
                cursor, end = open_.pop(key)
                try:
                    data = flight.result()
                except Refused:
                    if not by_id:
                        raise
                    data = None
                if data is None or not _from(data, cursor, by_id):  # no id after all: from the beginning, page by page
                    open_, by_id, count = {0: ("", 0)}, False, None
                    place = replace(place, pieces=(("", 0),), top=-1)
                    await _call_off(flights)
                    break
                with understood():
                    rows = [row for row in data["results"] if not end or int(row["id"]) <= end]
                    after = ((data.get("paging") or {}).get("next") or {}).get("after") or ""
                    last = int(data["results"][-1]["id"]) if data["results"] else 0
                    by_id = by_id or (place.top >= 0 and after.isdigit() and int(after) in (last, last + 1))
                    wasted += not rows
                    if after and not (end and last >= end):
                        open_[key] = (after, end)
                    make = await org.maker(name)
                    records = tuple([make(row, None) for row in rows])
                # the moment stays where the list began: what is modified behind it meanwhile is searched for later
                place = replace(_known(place, rows, at=place.at), pieces=tuple(open_.values()))
                yield _Step(place=place, page=_page(records) if records else None)
    finally:
        await _call_off(flights)


async def _call_off(flights: dict[asyncio.Task[Any], int]) -> None:
    """Nobody waits for these any more."""
    for flight in flights:
        flight.cancel()
    await asyncio.gather(*flights, return_exceptions=True)
    flights.clear()


def _from(data: Mapping[str, Any], cursor: str, by_id: bool) -> bool:
    """Whether a page begins where its cursor says, if that is an id."""
    with understood():
        return not (by_id and cursor) or all(int(row["id"]) >= int(cursor) for row in data["results"])


def _cut(open_: dict[int, tuple[str, int]], busy: set[int], top: int, least: int) -> None:
    """Halve the widest pieces by id until as many are open as may be asked for at once, or none is worth it."""
    while len(open_) < AT_ONCE:
        spans = _spans(open_, top)
        widest = max(spans, key=lambda key: spans[key], default=-1)
        if widest < 0 or spans[widest] < least:
            return
        cursor, end = open_[widest]
        middle = int(cursor) + spans[widest] // 2
        open_[widest] = (cursor, middle)
        open_[max([*open_, *busy]) + 1] = (str(middle), end)


def _spans(open_: Mapping[int, tuple[str, int]], top: int) -> dict[int, int]:
    """How many ids each piece is wide; those that have not begun are not known."""
    return {key: (end or top) - int(cursor) for key, (cursor, end) in open_.items() if cursor.isdigit()}


async def _list_page(org: Org, name: str, cursor: str, door: asyncio.Semaphore) -> Mapping[str, Any]:
    properties, links = await org.asked_of(name)
    params: dict[str, str | int] = {"limit": PAGE, "properties": ",".join([*properties, _stamp(name)])}
    params |= {"associations": ",".join(links)} if links else {}
    params |= {"after": cursor} if cursor else {}
    async with door:
        data: Mapping[str, Any] = (await org.wire.read(path_of(name), params=params)).data
        return data


async def _modified(org: Org, name: str, place: Place) -> AsyncGenerator[_Step, None]:
    """What was modified since, oldest first; each page is asked from the last moment of the one before.

    So no search goes near the 10,000 results at which HubSpot stops, and a record that moves on while the pages are
    read is met again at the end instead of pushing another one out of sight.
    """
    stamp = _stamp(name)
    properties = [*(await org.asked_of(name))[0], stamp]
    if KINDS[name] is not Kind.ACTIVITY:
        properties.append("hs_merged_object_ids")
    start, last_id, after = place.at - OVERLAP, "", ""
    while True:
        filters = [{"propertyName": stamp, "operator": "GTE", "value": str(start)}]
        order = stamp
        if last_id:  # more than a page within one millisecond: by id there
            filters = [
                {"propertyName": stamp, "operator": "EQ", "value": str(start)},
                {"propertyName": "hs_object_id", "operator": "GT", "value": last_id},
            ]
            order = "hs_object_id"
        body: dict[str, object] = {
            "filterGroups": [{"filters": filters}],
            "sorts": [order],
            "properties": properties,
            "limit": FOUND,
        }
        data = await org.search(name, body | ({"after": after} if after else {}))
        rows = data["results"]
        fresh = [row for row in rows if place.seen.get(str(row["id"])) != _at(row)]
        unsorted = bool(after) or not _in_order(rows, by_id=bool(last_id))
        place = _known(place, rows, at=place.at if unsorted else None)
        if fresh:
            links = await org.ids_of(fresh, name)
            make = await org.maker(name)
            records = tuple([make(row, links[str(row["id"])]) for row in fresh])
            merged = tuple(ref_of(name, each) for row in fresh for each in _merged(row))
            yield _Step(place=place, page=_page(records, merged))
        if unsorted:  # only its own pages are left, and none of them says how far it all is known
            after = ((data.get("paging") or {}).get("next") or {}).get("after") or ""
            if not after:
                return
        elif len(rows) < FOUND:
            if not last_id:
                return
            start, last_id = start + 1, ""
        elif last_id:
            last_id = str(rows[-1]["id"])
        elif _at(rows[-1]) > start:
            start = _at(rows[-1])
        else:
            last_id = "0"


def _in_order(rows: list[Mapping[str, Any]], *, by_id: bool) -> bool:
    order = [int(row["id"]) if by_id else _at(row) for row in rows]
    return order == sorted(order)


async def _removed(org: Org, name: str, place: Place) -> _Step:
    """What was archived since. The list of the archived has no order of time, so it is looked through."""
    now = milliseconds(org.now())
    pages, looked = place.bin
    if pages > BIN and now - looked < _HOUR:
        return _Step(place=place)
    gone: dict[str, int] = {}
    after, pages = "", 0
    while True:
        params: dict[str, str | int] = {"archived": "true", "limit": PAGE, "properties": "hs_object_id"}
        params |= {"after": after} if after else {}
        data = (await org.wire.read(path_of(name), params=params)).data
        pages += 1
        for row in data["results"]:
            at = milliseconds(moment(row.get("archivedAt") or row["updatedAt"]))
            if at > place.gone - OVERLAP and str(row["id"]) not in place.told:
                gone[str(row["id"])] = at
        after = ((data.get("paging") or {}).get("next") or {}).get("after") or ""
        if not after:
            break
    latest = max([place.gone, *gone.values()])
    told = tuple([*place.told, *gone][-REMEMBERED:])
    place = replace(place, gone=latest, told=told, bin=(pages, now))
    told_now = tuple(ref_of(name, each) for each in gone)
    # a page without a record too, when the bin is full: it keeps that it was looked through
    return _Step(place=place, page=_page((), told_now) if gone or pages > BIN else None)


def _known(place: Place, rows: list[Mapping[str, Any]], at: int | None = None) -> Place:
    """The place after these rows: the latest moment (or `at`), and what is known within the overlap before it."""
    told = {str(row["id"]): _at(row) for row in rows}
    at = max([place.at, *told.values()]) if at is None else at
    near = [each for each in {**place.seen, **told}.items() if each[1] >= at - OVERLAP]
    if len(near) > REMEMBERED:
        near = sorted(near, key=lambda each: (each[1], each[0]))[-REMEMBERED:]
    return replace(place, at=at, seen=dict(near))


def _stamp(name: str) -> str:
    return "lastmodifieddate" if name == "contacts" else "hs_lastmodifieddate"


def _at(row: Mapping[str, Any]) -> int:
    """When it was modified, by the property that searches compare."""
    raw = row["properties"]
    return milliseconds(moment(str(raw.get("hs_lastmodifieddate") or raw.get("lastmodifieddate") or row["updatedAt"])))


def _merged(row: Mapping[str, Any]) -> list[str]:
    """The ids that were merged into this record and are no more."""
    text = str(row["properties"].get("hs_merged_object_ids") or "")
    return [each for each in text.split(";") if each]


def _page(records: tuple[Any, ...], deleted: tuple[RecordRef, ...] = ()) -> ChangePage:
    return ChangePage(records=records, deleted=deleted, cursor="")
