"""One entry of the trail in full, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gangly_tui.domain.audit import AuditEntry
from gangly_tui.domain.draft import spoken
from gangly_tui.domain.errors import InputError
from gangly_tui.domain.records import RecordRef
from gangly_tui.store import decisions
from gangly_tui.tui.screens.source import Entry
from gangly_tui.tui.text import day
from gangly_tui.tui.widgets.trail_rows import field_words, look, words

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk


def record_of(desk: Desk, entry: AuditEntry) -> RecordRef | None:
    """The record an entry is about; for a new one, what was made of it. None when nothing was."""
    try:
        return RecordRef.parse(entry.target)
    except InputError:
        delivery = decisions.get_delivery(desk.db, entry.op_id)
        return RecordRef.parse(delivery.result) if delivery and delivery.result else None


def entry_sheet(desk: Desk, entry: AuditEntry) -> tuple[Entry, ...]:
    """Everything the trail keeps of one entry. Raw text."""
    mark, style, meaning = look(entry.kind)
    at = entry.at.astimezone(desk.settings.timezone)
    lines = [
        Entry(label="What", value=f"{mark} {entry.kind.value}: {meaning}", style=style),
        Entry(label="Record", value=entry.target_name or entry.target, ref=record_of(desk, entry)),
    ]
    for each in entry.changes:
        lines.append(Entry(label=field_words(each.field), value=f"- {words(each.before)}", style="$minus"))
        lines.append(Entry(label="", value=f"+ {words(each.after)}", style="$plus"))
    lines += [
        Entry(label="Quote", value=f"“{spoken(entry.quote)}”" if entry.quote else ""),
        Entry(label="Detail", value=entry.detail),
        Entry(label="User", value=entry.user),
        Entry(label="Time", value=f"{day(at.date())}, {at:%H:%M:%S} {at:%z}"),
        Entry(label="Source", value=entry.source),
        Entry(label="System", value=entry.system),
        Entry(label="Target", value=entry.target),
        Entry(label="Operation", value=entry.op_id),
        Entry(label="Payload SHA-256", value=entry.payload_sha256),
        Entry(label="Entry", value=f"{entry.seq:,}"),
        Entry(label="Log", value=entry.log),
        Entry(label="Hash", value=entry.hash),
    ]
    return tuple(lines)
