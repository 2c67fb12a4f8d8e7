"""Who changed what in Pipedrive, and when: its changelog of deals, people and organizations; others have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from gangly_tui.connectors.record.pipedrive_map import LOST, PATHS, WON, Column, Words, plain
from gangly_tui.connectors.record.pipedrive_org import V1, Org, cursor_of, not_understood, place_of
from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.domain.records import FieldEdit, FieldStamp, Kind, RecordRef, Value

_PAGES = 10
_NOT_KEPT = frozenset({"first_name", "last_name", "email", "phone", "city", "country", "stage_since"})
"""The changelog names the whole field, not this part of it."""


async def edits_of(org: Org, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
    """The edits of one field, newest first; None where Pipedrive keeps none of it."""
    path, _ = place_of(ref)
    if path in ("activities", "notes") or field in _NOT_KEPT:
        return None
    shape, words = await org.shape(ref.kind), await org.words()
    column = shape.names.get(field)
    if column is None:
        return None
    codes = _codes(field, column)
    try:
        edits = [
            FieldEdit(
                before=_logged(each["old_value"], field, column, words, key=str(each["field_key"])),
                after=_logged(each["new_value"], field, column, words, key=str(each["field_key"])),
                by=words.email(each.get("actor_user_id")) or "",
                at=moment(each["time"]),
            )
            for each in await _rows(org, ref, _PAGES)
            if each.get("field_key") in codes
        ]
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise not_understood("its list of changes") from error
    return sorted(edits, key=lambda each: each.at, reverse=True)


async def stamps_of(org: Org, ref: RecordRef) -> Mapping[str, FieldStamp]:
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
    return (column.code, "status") if field == "stage" else (column.code,)


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


def _logged(raw: str | None, field: str, column: Column, words: Words, *, key: str) -> Value:
    """A value as the changelog writes it: everything is text there."""
    if raw is None or raw == "":
        return None
    match field:
        case "stage":
            ended = {"won": WON, "lost": LOST}.get(raw) if key == "status" else None
            return ended or next((each.name for each in words.stages if str(each.id) == raw), raw)
        case "amount":
            return Decimal(raw)
        case "close_date":
            return date.fromisoformat(raw[:10])
        case "owner":
            return words.email(int(raw))
        case "contacts":
            return (raw,)
        case "employees":
            return int(raw)
        case _:
            return plain(raw, column)
