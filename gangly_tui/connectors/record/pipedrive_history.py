"""Who changed what in Pipedrive, and when: its changelog of deals, people and organizations; others have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gangly_tui.connectors.record.asked import understood
from gangly_tui.connectors.record.described import Column
from gangly_tui.connectors.record.pipedrive_map import LOST, PATHS, WON, value_of
from gangly_tui.connectors.record.pipedrive_org import V1, Org, cursor_of
from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.domain.errors import ConnectorError
from gangly_tui.domain.records import FIELDS, FieldEdit, FieldStamp, Kind, Record, RecordRef, Value

_RECENT = timedelta(days=1)
_PAGES = 10
_NOT_KEPT = frozenset({"first_name", "last_name", "email", "phone", "city", "country", "stage_since"})
"""The changelog names the whole field, not this part of it."""


async def edits_of(org: Org, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
    """The edits of one field, newest first; None where Pipedrive keeps none of it."""
    if ref.kind is Kind.ACTIVITY or field in _NOT_KEPT:
        return None
    shape, words, here = await org.shape(ref.kind), await org.words(), org.link.now().tzinfo
    column = shape.names.get(field)
    if column is None or here is None:
        return None

    def logged(raw: str | None, key: str) -> Value:
        """Everything is text there."""
        if field == "stage" and raw:
            ended = {"won": WON, "lost": LOST}.get(raw) if key == "status" else None
            return ended or next((each.name for each in words.stages if str(each.id) == raw), raw)
        return words.email(int(raw)) if field == "owner" and raw else value_of(raw, meant, column, here)

    meant, codes, rows = FIELDS[ref.kind][field], _codes(field, column), await _rows(org, ref, _PAGES)
    with understood("Pipedrive", "its list of changes"):
        edits = [
            FieldEdit(
                before=logged(each["old_value"], each["field_key"]),
                after=logged(each["new_value"], each["field_key"]),
                by=words.email(each.get("actor_user_id")) or "",
                at=moment(each["time"]),
            )
            for each in rows
            if each.get("field_key") in codes
        ]
    return sorted(edits, key=lambda each: each.at, reverse=True)


async def read_with_authors(org: Org, ref: RecordRef) -> Record:
    """The record as it stands; with who changed it, when it is not as it was shown before (20 tokens more)."""
    record = await org.read(ref)
    before, org.shown[ref] = org.shown.get(ref), record.version
    recent = record.updated_at > org.server_now - _RECENT
    if before == record.version or not (before or recent):
        return record
    try:
        stamps = await _stamps(org, ref)
    except ConnectorError:  # who it was is good to know; the record is what was asked for
        return record
    latest = max(stamps.values(), key=lambda each: each.at, default=None)
    return replace(record, changed=stamps, updated_by=latest.by if latest else "")


async def _stamps(org: Org, ref: RecordRef) -> Mapping[str, FieldStamp]:
    """Who last set each field, as far as the latest changes tell."""
    if ref.kind is Kind.ACTIVITY:
        return {}
    shape, words = await org.shape(ref.kind), await org.words()
    latest: dict[str, FieldStamp] = {}
    for each in sorted(await _rows(org, ref, 1), key=lambda row: str(row.get("time")), reverse=True):
        by, key = words.email(each.get("actor_user_id")), str(each.get("field_key"))
        if by and each.get("time"):
            latest.setdefault(key, FieldStamp(by=by, at=moment(each["time"])))
    found = {
        ours: [latest[key] for key in _codes(ours, column) if key in latest] for ours, column in shape.names.items()
    }
    return {ours: max(stamps, key=lambda stamp: stamp.at) for ours, stamps in found.items() if stamps}


def _codes(field: str, column: Column) -> tuple[str, ...]:
    """What the changelog calls a field; a deal's end is a change of its status."""
    return (column.name, "status") if field == "stage" else (column.name,)


async def _rows(org: Org, ref: RecordRef, most: int) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    asked: dict[str, str | int] = {"limit": 100}
    for _ in range(most):
        page = await org.get(f"{V1}/{PATHS[ref.kind]}/{ref.id}/changelog", asked)
        rows += page["data"] or ()
        cursor = cursor_of(page)
        if not cursor:
            break
        asked["cursor"] = cursor
    return rows
