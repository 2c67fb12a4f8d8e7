"""Who changed what in Salesforce, and when: a deal's snapshots, and fields whose history is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.connectors.record.salesforce_map import inner, quoted, value_of
from gangly_tui.connectors.record.salesforce_org import Org, object_of
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.records import FIELDS, FieldEdit, FieldType, Kind, RecordRef

_SNAPSHOTS: Mapping[str, str] = {"stage": "StageName", "amount": "Amount", "close_date": "CloseDate"}
_HISTORIES: Mapping[str, tuple[str, str]] = {
    "Account": ("AccountHistory", "AccountId"),
    "Contact": ("ContactHistory", "ContactId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}


async def edits_of(org: Org, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
    """A deal's stage, amount and close date have a history in every organisation; others where they are tracked."""
    name = object_of(ref)
    column = (await org.shape(name)).names.get(field)
    here = org.link.now().tzinfo
    if column is None or here is None or name not in _HISTORIES:
        return None
    kind_of_value = FIELDS[ref.kind][field]

    def edit(row: Mapping[str, Any], before: object, after: object) -> FieldEdit:
        return FieldEdit(
            before=value_of(before, kind_of_value, column, here),
            after=value_of(after, kind_of_value, column, here),
            by=inner(row, "CreatedBy", "Email") or "",
            at=moment(str(row["CreatedDate"])),
        )

    if ref.kind is Kind.OPPORTUNITY and (snapshot := _SNAPSHOTS.get(field)):
        rows = await org.rows(
            f"SELECT {snapshot}, CreatedDate, CreatedBy.Email FROM OpportunityHistory"
            f" WHERE OpportunityId = {quoted(ref.id)} ORDER BY CreatedDate DESC, Id DESC"
        )
        steps = zip(rows[1:], rows, strict=False)
        return [edit(new, old[snapshot], new[snapshot]) for old, new in steps if old[snapshot] != new[snapshot]]
    if kind_of_value in (FieldType.LONG_TEXT, FieldType.REFERENCE, FieldType.REFERENCES) or field == "owner":
        return None  # the history says that it changed, not from what to what
    if not await _tracked(org, name, column.name):
        return None
    table, parent = _HISTORIES[name]
    rows = await org.rows(
        f"SELECT OldValue, NewValue, CreatedDate, CreatedBy.Email FROM {table}"
        f" WHERE {parent} = {quoted(ref.id)} AND Field = {quoted(column.name)} ORDER BY CreatedDate DESC, Id DESC"
    )
    return [edit(row, row["OldValue"], row["NewValue"]) for row in rows]


async def _tracked(org: Org, name: str, field: str) -> bool:
    """Whether the administrator has field history on; who may not know that is treated as a no."""
    try:
        return bool(
            await org.rows(
                f"SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = {quoted(name)}"
                f" AND QualifiedApiName = {quoted(field)} AND IsFieldHistoryTracked = true"
            )
        )
    except Refused:
        return False
