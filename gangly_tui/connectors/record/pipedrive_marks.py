"""What one operation created in Pipedrive: found by its own field, by an activity's text, or by what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gangly_tui.connectors.record.described import Column
from gangly_tui.connectors.record.formatted import to_html
from gangly_tui.connectors.record.pipedrive_map import ENTITIES, PATHS, SYSTEM
from gangly_tui.connectors.record.pipedrive_org import PAGE, V1, V2, Org, cursor_of
from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.records import Kind, Record, RecordRef

_LOOKED_BACK = timedelta(days=7)
_MOST_PAGES = 4


async def by_text(org: Org, op_id: str) -> Record | None:
    """Activities and notes of the last days, newest first: no search of Pipedrive's reads their texts.

    Of a busy company only the latest ones of all and the rep's own are looked through; a note is always one's own.
    """
    mine = int((await org.me())["id"])
    mark = to_html(f"op {op_id};")
    found, all_seen = await _in_activities(org, mark, {})
    if found is None and not all_seen:
        found, _ = await _in_activities(org, mark, {"owner_id": mine})
    if found is not None:
        return await org.record(found, Kind.ACTIVITY, "activities")
    query: dict[str, str | int] = {"user_id": mine, "sort": "add_time DESC", "limit": PAGE, "start": 0}
    for row in (await org.get(f"{V1}/notes", query))["data"] or ():
        if mark in str(row.get("content") or "") and row.get("active_flag") is not False:
            return await org.record(row, Kind.ACTIVITY, "notes")
    return None


async def _in_activities(org: Org, mark: str, only: Mapping[str, int]) -> tuple[Mapping[str, Any] | None, bool]:
    """The newest activity with this in its text, and whether all of those days were looked through."""
    since = org.link.now() - _LOOKED_BACK
    asked: dict[str, str | int] = {"sort_by": "add_time", "sort_direction": "desc", "limit": PAGE, **only}
    for _ in range(_MOST_PAGES):
        page = await org.get(f"{V2}/activities", asked)
        rows = page["data"] or []
        for row in rows:
            if mark in str(row.get("note") or "") and not row.get("is_deleted"):
                return row, True
        cursor = cursor_of(page)
        if not rows or not cursor or moment(rows[-1]["add_time"]) < since:
            return None, True
        asked["cursor"] = cursor
    return None, False


async def by_marker(org: Org, kind: Kind, marker: Column, op_id: str) -> Record | None:
    """By the custom field for the op id: in the list of what is young, then by the search, which lags behind."""
    for row in await org.young(kind, marker.name):
        if (row.get("custom_fields") or {}).get(marker.name) == op_id:
            return await org.record(row, kind, PATHS[kind])
    query = {"term": op_id, "entity_type": ENTITIES[kind], "field": marker.name, "match": "exact"}
    for hit in await org.rows(f"{V2}/itemSearch/field", query, most=1):
        try:
            return await org.read(RecordRef(system=SYSTEM, kind=kind, id=str(hit.get("item", hit)["id"])))
        except NotFound:
            continue
    return None


async def by_content(org: Org, kind: Kind, sent: Mapping[str, Any], since: datetime) -> Record | None:
    """Without such a field: what came to be since it was asked for, and holds all that was sent."""
    plain = {name: value for name, value in sent.items() if isinstance(value, (str, int, float))}
    for row in await org.young(kind):
        new = moment(row["add_time"]) >= since.replace(microsecond=0)
        if new and all(row.get(name) == value for name, value in plain.items()):
            return await org.record(row, kind, PATHS[kind])
    return None
