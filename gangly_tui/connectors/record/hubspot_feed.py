"""HubSpot's changes: everything once by listing, then what was modified by searching, and what was archived.

A list goes on by its own cursor and knows no index; the eight objects are listed side by side, as fast as the limit
lets them. A search is asked from the last moment that was seen, with an overlap because its index is seconds behind;
what came before is known by id and moment. Each page's cursor resumes after it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

from gangly_tui.connectors.record.hubspot_map import KINDS, OBJECTS, TYPE_IDS, milliseconds, moment, ref_of
from gangly_tui.connectors.record.hubspot_org import Org, path_of, understood
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import Kind, RecordRef

PAGE = 100
FOUND = 200
OVERLAP: Final = 120_000
"""Milliseconds a search looks back: its index shows an edit within a minute."""
REMEMBERED: Final = 500
"""How many of the records within the overlap are known again; further ones are brought twice, which harms nothing."""
BIN: Final = 20
"""Pages of archived records that are looked through at every pull; a fuller bin is looked through every hour."""
_HOUR: Final = 3_600_000
_NAMES = tuple(name for kind in Kind for name in OBJECTS[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the feed of one object is. `after` is the list's cursor, None once the list has come to its end.

    `at` is the latest modification seen and `seen` what is known within the overlap; `gone` the latest removal told.
    """

    after: str | None = ""
    at: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    gone: int = 0
    told: tuple[str, ...] = ()
    bin: tuple[int, int] = (0, 0)
    """pages of archived records, and when they were looked through"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One page of one object, and where it leaves its feed."""

    place: Place
    page: ChangePage | None = None


async def changes(org: Org, since: str) -> AsyncIterator[ChangePage]:
    """Everything after the cursor. Raises Refused for a cursor that is not this system's."""
    places = _parse(since)
    names = [name for name in _NAMES if org.scope.read.get(KINDS[name])]
    total = None
    if not places:
        total, began = await _census(org, names)
        places = {name: Place(at=began - OVERLAP, gone=began - OVERLAP) for name in names}
    places = {name: places.get(name, Place()) for name in names}
    await org.owners()
    async with aclosing(_side_by_side({name: _object(org, name, places[name]) for name in names})) as steps:
        async for name, step in steps:
            places[name] = step.place
            if step.page is not None:
                yield replace(step.page, cursor=_dump(places), total=total)


async def _side_by_side(feeds: Mapping[str, AsyncIterator[_Step]]) -> AsyncGenerator[tuple[str, _Step], None]:
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


async def _census(org: Org, names: list[str]) -> tuple[int, int]:
    """How many records there are, and HubSpot's own time at the beginning."""
    body = {"limit": 1, "properties": []}
    answers = await asyncio.gather(*(org.wire.read(path_of(name, "search"), body=body) for name in names))
    with understood():
        told = [milliseconds(parsedate_to_datetime(date)) for each in answers if (date := each.headers.get("date"))]
        return sum(int(each.data["total"]) for each in answers), min(told, default=milliseconds(org.now()))


async def _object(org: Org, name: str, place: Place) -> AsyncIterator[_Step]:
    """The feed of one object: the list, then the modified, then the removed."""
    async for step in _listed(org, name, place):
        place = step.place
        yield step
    async for step in _modified(org, name, place):
        place = step.place
        yield step
    yield await _removed(org, name, place)


async def _listed(org: Org, name: str, place: Place) -> AsyncIterator[_Step]:
    """All records, by HubSpot's own order."""
    while place.after is not None:
        properties, links = await org.asked_of(name)
        params: dict[str, str | int] = {"limit": PAGE, "properties": ",".join([*properties, _stamp(name)])}
        params |= {"associations": ",".join(links)} if links else {}
        params |= {"after": place.after} if place.after else {}
        data = (await org.wire.read(path_of(name), params=params)).data
        after = ((data.get("paging") or {}).get("next") or {}).get("after") or None
        # the moment stays where the list began: what is modified behind it while it goes on is searched for later
        place = replace(_known(place, data["results"], at=place.at), after=after)
        records = tuple([await org.record(row, name) for row in data["results"]])
        yield _Step(place=place, page=_page(records) if records else None)


async def _modified(org: Org, name: str, place: Place) -> AsyncIterator[_Step]:
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
            records = tuple([await org.record(row, name, links[str(row["id"])]) for row in fresh])
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
    at = max([place.at, *map(_at, rows)]) if at is None else at
    seen = {**place.seen, **{str(row["id"]): _at(row) for row in rows}}
    near = sorted((when, each) for each, when in seen.items() if when >= at - OVERLAP)[-REMEMBERED:]
    return replace(place, at=at, seen={each: when for when, each in near})


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


def _dump(places: Mapping[str, Place]) -> str:
    table = {
        TYPE_IDS[name]: [each.after, each.at, dict(each.seen), each.gone, list(each.told), list(each.bin)]
        for name, each in places.items()
    }
    return "1 " + json.dumps(table, separators=(",", ":"), sort_keys=True)


def _parse(since: str) -> dict[str, Place]:
    if not since:
        return {}
    try:
        mark, _, text = since.partition(" ")
        if mark != "1":
            raise ValueError
        names = {number: name for name, number in TYPE_IDS.items()}
        return {
            names[number]: Place(
                after=after, at=int(at), seen={str(key): int(when) for key, when in seen.items()}, gone=int(gone),
                told=tuple(map(str, told)), bin=(int(looked[0]), int(looked[1])),
            )
            for number, (after, at, seen, gone, told, looked) in json.loads(text).items()
        }  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Refused("the place in HubSpot's changes cannot be read", fix="pull everything anew") from error
