"""What changed in Salesforce: by SystemModstamp with an overlap, deletions included, several pages at a time.

A cursor is one JSON text: per object how far it was read, and which versions were told of within the overlap, so that
what commits late is not missed and what was told is not told again. An object whose fields in scope have changed since
is read anew. Roles on a deal do not touch the deal: they are watched beside it. What was purged from the recycle bin
(after 15 days) no feed tells of.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gangly_tui.connectors.pace import KEPT, LOW
from gangly_tui.connectors.record.plain_values import moment, stamp
from gangly_tui.connectors.record.salesforce_map import KINDS, SYSTEM, selected
from gangly_tui.connectors.record.salesforce_org import Org, id_list
from gangly_tui.domain.errors import NotFound, RateLimited, Refused
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import Kind, Record, RecordRef

OVERLAP = timedelta(minutes=5)
AHEAD = 14
"""How many pages are asked for at once: two of the wire's connections stay free for writes."""
_MOST_SEEN = 2_000
_DEALS_AT_ONCE = 200
_ROLES = "OpportunityContactRole"
_PLACE = re.compile(r"(?P<before>.*-)(?P<offset>\d+)")


@dataclass(slots=True, kw_only=True)
class _Place:
    """How far one object was read: up to this SystemModstamp, and what was told of since the overlap began.

    `asked` stands for the fields that were asked for.
    """

    mark: str
    asked: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    latest: datetime | None = None

    def take(self, row: Mapping[str, Any], version: str) -> bool:
        """Note a row; whether it is news."""
        at = moment(row["SystemModstamp"])
        told = f"{int(at.timestamp())} {version}"
        news = self.seen.pop(row["Id"], None) != told
        self.seen[row["Id"]] = told
        if self.latest is None or at > self.latest:
            self.latest = at
        return news

    def trim(self) -> None:
        """Move on to the latest that was taken, and forget what the overlap does not reach any more.

        Of very many changes at once the oldest are told twice.
        """
        if self.latest is not None:
            self.mark, self.latest = max(self.mark, stamp(self.latest)), None
        oldest = (moment(self.mark) - OVERLAP).timestamp()
        kept = [each for each in self.seen.items() if int(each[1].split()[0]) >= oldest]
        self.seen = dict(kept[-_MOST_SEEN:])


async def changes(org: Org, since: str) -> AsyncIterator[ChangePage]:
    """Everything after the cursor. Raises Refused for a cursor that is not this feed's."""
    places = _parsed(since)
    names = [each for each, kind in KINDS.items() if org.scope.read.get(kind) and await org.shows(each)]
    asked = {name: selected(await org.shape(name), org.scope) for name in names}
    marks = {name: hashlib.sha256(columns.encode()).hexdigest()[:8] for name, columns in asked.items()}
    known = {name: place for name, place in places.items() if place.asked == marks.get(name, "")}
    firsts = await asyncio.gather(*(_first(org, name, asked[name], known.get(name), bool(since)) for name in names))
    began = stamp(org.server_now)
    told = sum(len(known[name].seen) for name in names if name in known)
    total = max(sum(int(page.get("totalSize") or 0) for page in firsts) - told, 0)
    known.setdefault(_ROLES, _Place(mark=began))
    for name, first in zip(names, firsts, strict=True):
        async with aclosing(_pages(org, first)) as pages:
            async for rows in pages:
                if not rows:
                    continue
                place = known.setdefault(name, _Place(mark="", asked=marks[name]))
                records, gone = await _news(org, name, rows, place)
                place.trim()
                if records or gone:
                    yield ChangePage(records=records, deleted=gone, cursor=_written(known), total=total or None)
        known.setdefault(name, _Place(mark=began, asked=marks[name]))  # it holds nothing yet
    if since and org.scope.may_read(Kind.OPPORTUNITY, "contacts"):
        async for records in _deals_of_roles(org, known):
            yield ChangePage(records=records, deleted=(), cursor=_written(known))


async def _first(org: Org, name: str, columns: str, place: _Place | None, again: bool) -> Mapping[str, Any]:
    """The first page of what is new; of everything where nothing was read yet, with what is gone when read `again`."""
    if place is None and not again:
        return await org.query(f"SELECT {columns} FROM {name} ORDER BY SystemModstamp, Id")
    where = f" WHERE {_since(place)}" if place else ""
    return await org.query(f"SELECT {columns}, IsDeleted FROM {name}{where} ORDER BY SystemModstamp, Id", deleted=True)


def _since(place: _Place) -> str:
    return f"SystemModstamp >= {stamp(moment(place.mark) - OVERLAP)}"


async def _news(
    org: Org, name: str, rows: Sequence[Mapping[str, Any]], place: _Place
) -> tuple[tuple[Record, ...], tuple[RecordRef, ...]]:
    """What of a page was not told before: what stands, and what is gone."""
    shape = await org.shape(name)
    records, gone = [], []
    for row in rows:
        if row.get("IsDeleted"):
            if place.take(row, "gone"):
                gone.append(RecordRef(system=SYSTEM, kind=KINDS[name], id=row["Id"]))
            continue
        bare = {key: value for key, value in row.items() if key != "IsDeleted"} if "IsDeleted" in row else row
        record = org.record(bare, shape)
        if place.take(row, record.version.rpartition(" ")[2]):
            records.append(record)
    return tuple(records), tuple(gone)


async def _deals_of_roles(org: Org, places: dict[str, _Place]) -> AsyncIterator[tuple[Record, ...]]:
    """The deals that somebody was put on, or taken off. The place moves on with the last of them."""
    place = _Place(mark=places[_ROLES].mark, seen=dict(places[_ROLES].seen))
    rows = await org.rows(
        f"SELECT Id, OpportunityId, SystemModstamp, IsDeleted FROM {_ROLES} WHERE {_since(place)}"
        " ORDER BY SystemModstamp, Id",
        deleted=True,
        most=100_000,
    )
    news = [row for row in rows if place.take(row, str(row.get("IsDeleted")))]
    place.trim()
    deals = list(dict.fromkeys(str(row["OpportunityId"]) for row in news))
    for start in range(0, len(deals), _DEALS_AT_ONCE):
        found = await org.select("Opportunity", id_list(deals[start : start + _DEALS_AT_ONCE]))
        if start + _DEALS_AT_ONCE >= len(deals):
            places[_ROLES] = place
        if found:
            yield tuple(found)


async def _pages(org: Org, first: Mapping[str, Any]) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
    """The pages of a query in their order, those ahead asked for together.

    The address of a page ends in the number of its first row, so later ones can be guessed; a guess that turns out
    wrong costs one request, and the address the system gives is followed instead.
    """
    page = first
    ahead: dict[str, asyncio.Task[Mapping[str, Any]]] = {}
    try:
        while True:
            yield page["records"]
            address = page.get("nextRecordsUrl")
            if page["done"] or not address:
                return
            _look_ahead(org, ahead, address, len(page["records"]), int(page.get("totalSize") or 0))
            task = ahead.pop(address, None)
            try:
                page = await (task or org.page(address))
            except (Refused, NotFound):
                if task is None:
                    raise
                page = await org.page(address)
    finally:
        for each in ahead.values():
            each.cancel()
        await asyncio.gather(*ahead.values(), return_exceptions=True)


def _look_ahead(
    org: Org, ahead: dict[str, asyncio.Task[Mapping[str, Any]]], address: str, size: int, total: int
) -> None:
    place = _PLACE.fullmatch(address)
    quota = org.link.wire.pace.quota
    if quota and quota.share < KEPT:
        raise RateLimited(
            f"{quota.left:,} of {quota.limit:,} API calls are left to the organisation: the pull leaves them to writes",
            retry_after=3600.0,
            fix="a part of them comes back every hour; what was pulled so far is kept",
        )
    if place is None or not size:
        return
    depth = 1 if quota and quota.share < LOW else AHEAD
    offsets = range(int(place["offset"]), min(total, int(place["offset"]) + depth * size), size)
    wanted = [f"{place['before']}{offset}" for offset in offsets]
    for each in [each for each in ahead if each not in wanted]:
        ahead.pop(each).cancel()
    for each in wanted:
        if each not in ahead:
            ahead[each] = asyncio.create_task(org.page(each))


def _parsed(since: str) -> dict[str, _Place]:
    if not since:
        return {}
    try:
        told = json.loads(since)
        places = {
            name: _Place(mark=each["mark"], asked=str(each.get("asked", "")), seen=dict(each["seen"]))
            for name, each in told.items()
        }
        for place in places.values():
            moment(place.mark)
            place.trim()
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise Refused(f"{since[:40]!r} is no place in Salesforce's change feed", fix="pull everything anew") from error
    return places


def _written(places: Mapping[str, _Place]) -> str:
    told = {
        name: {"mark": place.mark, "asked": place.asked, "seen": place.seen}
        for name, place in places.items()
        if place.mark
    }
    return json.dumps(told, separators=(",", ":"))
