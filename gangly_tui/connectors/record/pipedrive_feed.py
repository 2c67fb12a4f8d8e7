"""What changed in Pipedrive: each list by update_time with an overlap, several at a time; removals from /v1/recents.

A cursor is one JSON text. A round is made of strands: one list, from a moment on. A first pull cuts a long list into
windows of time that are read beside one another. After each page the cursor says where every strand stands, so a pull
that was cut off goes on there. Once all strands are at their end, the next round begins a little before the latest
change that was told of, and leaves out the versions that were told already.

Pipedrive's lists leave removed records out; /v1/recents names them for a month. A pull after a longer pause
brings every change, but not the removals from before that month: reading such a record says that it is gone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from gangly_tui.connectors.record import pipedrive_org
from gangly_tui.connectors.record.asked import understood
from gangly_tui.connectors.record.pipedrive_map import ENTITIES, PATHS, ref_of
from gangly_tui.connectors.record.pipedrive_org import V1, V2, Org, cursor_of
from gangly_tui.connectors.record.plain_values import moment, stamp
from gangly_tui.domain.errors import ConnectorError, Refused
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import Kind, Record, RecordRef

OVERLAP = timedelta(minutes=2)
REMOVED_OVERLAP = timedelta(minutes=10)
REMOVED_KNOWN = timedelta(days=29)
"""How far /v1/recents reaches back, less a day."""
AHEAD = 8
"""How many pages are asked for at once."""
WINDOWS = 8
_WORTH_CUTTING = timedelta(minutes=10)
_MOST_SEEN = 2_000


@dataclass(slots=True, kw_only=True)
class _Strand:
    """One list from `since` on. `until` ends it in the query, `stop` ends it here; `at` is how far it was told."""

    path: str
    since: str = ""
    until: str = ""
    stop: str = ""
    cursor: str = ""
    at: str = ""

    @property
    def removed(self) -> bool:
        return self.path.startswith("-")

    @property
    def kind(self) -> Kind:
        bare = self.path.lstrip("-")
        return next((kind for kind, path in PATHS.items() if path == bare), Kind.ACTIVITY)


@dataclass(slots=True, kw_only=True)
class _Round:
    """Where a pull stands. `marks` is the latest change told of per list, `seen` what the overlap will bring again."""

    strands: list[_Strand] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    def news(self, path: str, identifier: str, version: str) -> bool:
        """Note a version ("MOMENT REST"); whether it was not told yet."""
        told = self.seen.setdefault(path, {})
        fresh = told.pop(identifier, None) != version
        told[identifier] = version
        self.marks[path] = max(self.marks.get(path, ""), version.partition(" ")[0])
        return fresh

    def written(self) -> str:
        """As a cursor. What the overlap does not reach is forgotten; of very many at once the oldest are told twice."""
        for path, told in self.seen.items():
            oldest = _earlier(self.marks[path], REMOVED_OVERLAP if path.startswith("-") else OVERLAP)
            kept = [each for each in told.items() if each[1] >= oldest]
            self.seen[path] = dict(kept[-_MOST_SEEN:])
        strands = [{name: each for name, each in asdict(strand).items() if each} for strand in self.strands]
        return json.dumps({"v": 1, "strands": strands, "marks": self.marks, "seen": self.seen}, sort_keys=True)


async def changes(org: Org, since: str) -> AsyncIterator[ChangePage]:
    """Everything after the cursor. Raises Refused for a cursor that is not this feed's."""
    now = _parsed(since)
    held: ChangePage | None = None  # one page behind: the last one's cursor then says that the round is at its end
    try:
        for resumed in (True, False):
            if not resumed:
                _begin(org, now)
            async with aclosing(_run(org, now)) as pages:
                async for page in pages:
                    if held is not None:
                        yield held
                    held = page
    except ConnectorError:
        if held is not None:
            yield held
        raise
    if held is not None:
        yield replace(held, cursor=now.written())


def _begin(org: Org, now: _Round) -> None:
    """The strands of the next round: only what is in scope is asked for."""
    lists = [path for kind, path in PATHS.items() if org.scope.read.get(kind)]
    lists += ["notes"] if "activities" in lists else []
    for path in lists:
        mark = now.marks.get(path)
        now.strands.append(_Strand(path=path, since=_earlier(mark, OVERLAP) if mark else ""))
        removed = f"-{path}"
        if removed in now.marks:
            floor = stamp(max(org.server_now, org.link.now()) - REMOVED_KNOWN)
            begin = max(_earlier(now.marks[removed], REMOVED_OVERLAP), floor)
            now.strands.append(_Strand(path=removed, since=begin))
        else:
            now.marks[removed] = stamp(org.server_now)  # what is gone by now will not be told of either


async def _run(org: Org, now: _Round) -> AsyncGenerator[ChangePage, None]:
    """All strands to their end, `AHEAD` of them at a time."""
    waiting = list(now.strands)
    asked: dict[asyncio.Task[tuple[list[Mapping[str, Any]], str]], _Strand] = {}
    try:
        while waiting or asked:
            while waiting and len(asked) < AHEAD:
                strand = waiting.pop(0)
                asked[asyncio.create_task(_page(org, strand))] = strand
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                strand = asked.pop(task)
                rows, cursor = task.result()
                records, gone = await _told(org, now, strand, rows)
                strand.cursor = "" if strand.stop and strand.at >= strand.stop else cursor
                if strand.cursor:
                    more = _cut(org, strand)
                    now.strands += more
                    waiting += [strand, *more]
                else:
                    now.strands.remove(strand)
                    if strand.removed:  # all that was removed before its first page has been told of
                        now.marks[strand.path] = max(now.marks[strand.path], strand.at)
                if records or gone:
                    yield ChangePage(records=records, deleted=gone, cursor=now.written())
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


def _cut(org: Org, strand: _Strand) -> list[_Strand]:
    """After the first page of a first pull: the rest of a long list in windows of time, read beside one another."""
    if strand.since or strand.stop or strand.path == "notes":
        return []
    begin, end = moment(strand.at), org.server_now
    if end - begin < _WORTH_CUTTING:
        return []
    bounds = [stamp(begin + (end - begin) * number / WINDOWS) for number in range(1, WINDOWS)]
    strand.stop = bounds[0]
    untils = [*bounds[1:], ""]
    return [_Strand(path=strand.path, since=a, until=b, at=a) for a, b in zip(bounds, untils, strict=True)]


async def _told(
    org: Org, now: _Round, strand: _Strand, rows: list[Mapping[str, Any]]
) -> tuple[tuple[Record, ...], tuple[RecordRef, ...]]:
    """What of a page was not told before: what stands, and what is gone."""
    records: list[Record] = []
    gone: list[RecordRef] = []
    for row in rows:
        if strand.removed:
            ref = ref_of(strand.kind, strand.path.lstrip("-"), row["id"])
            if now.news(strand.path, ref.id, f"{row['update_time']} gone"):
                gone.append(ref)
            continue
        record = await org.record(row, strand.kind, strand.path)
        at = record.version.partition(" ")[0]
        strand.at = max(strand.at, at)
        if strand.stop and at >= strand.stop:
            break  # the next window has it
        if now.news(strand.path, record.ref.id, record.version):
            records.append(record)
    return tuple(records), tuple(gone)


async def _page(org: Org, strand: _Strand) -> tuple[list[Mapping[str, Any]], str]:
    """One page of a strand, and where the next begins ("" at the end)."""
    if strand.removed:
        return await _removed(org, strand)
    if strand.path == "notes":
        return await _notes(org, strand)
    query: dict[str, str | int] = {
        **await org.keys(strand.kind),
        "sort_by": "update_time",
        "sort_direction": "asc",
        "limit": pipedrive_org.PAGE,
    }
    query |= {"updated_since": strand.since} if strand.since else {}
    query |= {"updated_until": strand.until} if strand.until else {}
    try:
        page = await org.get(f"{V2}/{strand.path}", query | ({"cursor": strand.cursor} if strand.cursor else {}))
    except Refused:
        if not strand.cursor:
            raise
        # a cursor is not kept for ever: from the last moment that was told
        page = await org.get(f"{V2}/{strand.path}", query | ({"updated_since": strand.at} if strand.at else {}))
    return [each for each in page["data"] or () if not each.get("is_deleted")], cursor_of(page)


async def _notes(org: Org, strand: _Strand) -> tuple[list[Mapping[str, Any]], str]:
    """Notes are paged by number, which moves when one changes meanwhile: so by moment, by number within a second."""
    since, _, start = strand.cursor.partition("|") if strand.cursor else (strand.since, "", "0")
    query: dict[str, str | int] = {"sort": "update_time ASC", "limit": pipedrive_org.PAGE, "start": int(start)}
    page = await org.get(f"{V1}/notes", query | ({"updated_since": since} if since else {}))
    rows = page["data"] or []
    more = ((page.get("additional_data") or {}).get("pagination") or {}).get("more_items_in_collection")
    if not (rows and more):
        return rows, ""
    last = stamp(moment(rows[-1]["update_time"]))
    same = sum(stamp(moment(each["update_time"])) == last for each in rows)
    return rows, f"{last}|{int(start) + same if last == since else same}"


async def _removed(org: Org, strand: _Strand) -> tuple[list[Mapping[str, Any]], str]:
    """What was removed: Pipedrive names it among all that happened."""
    item = "note" if strand.path == "-notes" else ENTITIES[strand.kind]
    query: dict[str, str | int] = {
        "since_timestamp": moment(strand.since).strftime("%Y-%m-%d %H:%M:%S"),
        "items": item,
        "start": int(strand.cursor or 0),
        "limit": pipedrive_org.PAGE,
    }
    page = await org.get(f"{V1}/recents", query)
    strand.at = strand.at or stamp(org.server_now)
    told = page["data"] or ()
    with understood("Pipedrive", "its list of removals"):
        rows: list[Mapping[str, Any]] = [
            {"id": each["id"], "update_time": stamp(moment(each["data"]["update_time"]))}
            for each in told
            if each["data"] and _is_removed(each["data"])
        ]
    paging = (page.get("additional_data") or {}).get("pagination") or {}
    return rows, str(int(strand.cursor or 0) + len(told)) if told and paging.get("more_items_in_collection") else ""


def _is_removed(data: Mapping[str, Any]) -> bool:
    return data.get("deleted") is True or data.get("status") == "deleted" or data.get("active_flag") is False


def _earlier(mark: str, by: timedelta) -> str:
    return stamp(moment(mark) - by)


def _parsed(since: str) -> _Round:
    if not since:
        return _Round()
    try:
        data = json.loads(since)
        if data["v"] != 1:
            raise ValueError
        return _Round(
            strands=[_Strand(**each) for each in data["strands"]],
            marks={str(path): stamp(moment(mark)) for path, mark in data["marks"].items()},
            seen={str(path): dict(told) for path, told in data["seen"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("this is no place in Pipedrive's changes", fix="pull everything anew") from error
