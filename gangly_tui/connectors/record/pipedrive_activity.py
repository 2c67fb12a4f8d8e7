"""Activities: what Pipedrive keeps as activities (calls, meetings, tasks, ...) and, apart from them, as notes.

Both texts are HTML there. What it has no field for (when a promise was made, whose it is) travels in one line under
the text and is read back from there; the audit footer comes below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from gangly_tui.connectors.record.formatted import from_html, parts_of
from gangly_tui.connectors.record.held_line import held_in
from gangly_tui.connectors.record.pipedrive_map import Words
from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.records import Value

NOTE = "note"
COMMON = ("call", "meeting", "email", "task")
BODY_MOST = 60_000
"""Characters of a text, with gangly's lines: Pipedrive names no limit for activities, about 100 KB for notes."""
_FREE = 1_000
_WANTED: Mapping[str, type] = {"at": str, "ours": bool, "contacts": list, "type": str}
LENGTHS = {"subject": 255, "body": BODY_MOST - _FREE}


def note_values(row: Mapping[str, Any], words: Words) -> dict[str, Value]:
    """The fields of a note."""
    subject, body = parts_of(row.get("content") or "")
    held = held_in(body, _WANTED)
    return {
        "type": NOTE,
        "subject": subject or None,
        "body": body or None,
        "at": moment(held["at"]) if "at" in held else moment(row["add_time"]),
        "due": None,
        "status": "done",
        "account": _id(row.get("org_id")),
        "opportunity": _id(row.get("deal_id")),
        "contacts": (*filter(None, [_id(row.get("person_id"))]), *held.get("contacts", ())),
        "ours": held.get("ours"),
        "owner": words.email(row.get("user_id")),
    }


def values_of(row: Mapping[str, Any], words: Words, here: tzinfo) -> dict[str, Value]:
    """The fields of an activity. Its time is in UTC; one without a time of day is on a day."""
    body = from_html(row.get("note") or "")
    held = held_in(body, _WANTED)
    kind = words.types.get(str(row.get("type")), str(row.get("type") or "task"))
    kind = NOTE if held.get("type") == NOTE else kind
    day = date.fromisoformat(row["due_date"][:10]) if row.get("due_date") else None
    clock = time.fromisoformat(row["due_time"]) if row.get("due_time") else None
    exact = datetime.combine(day, clock, UTC) if day and clock else None
    whole = datetime.combine(day, time(), here) if day else None
    people = sorted(row.get("participants") or (), key=lambda each: not each.get("primary"))
    contacts = tuple(str(each["person_id"]) for each in people) or tuple(filter(None, [_id(row.get("person_id"))]))
    task = kind == "task"
    return {
        "type": kind,
        "subject": row.get("subject") or None,
        "body": body or None,
        "at": moment(held["at"]) if "at" in held else None if task else exact or whole,
        "due": (exact.astimezone(here).date() if exact else day) if task else None,
        "status": "done" if row.get("done") else "open",
        "account": _id(row.get("org_id")),
        "opportunity": _id(row.get("deal_id")),
        "contacts": contacts,
        "ours": held.get("ours"),
        "owner": words.email(row.get("owner_id")),
    }


def _id(raw: Any) -> str | None:
    return str(raw) if raw else None


def times_of(fields: Mapping[str, Value]) -> dict[str, Any]:
    """When: a task has a day, everything else a moment. Raises Refused when it is the other way round."""
    at, due = fields.get("at"), fields.get("due")
    if fields.get("type") == "task":
        return {"due_date": due.isoformat()} if isinstance(due, date) else {}
    if due is not None:
        raise Refused("only a task has a due date", field="due", fix="make it a task, or leave the date out")
    if not isinstance(at, datetime):
        return {}
    there = at.astimezone(UTC)
    return {"due_date": there.date().isoformat(), "due_time": there.strftime("%H:%M:%S")}


def holding(fields: Mapping[str, Value]) -> Mapping[str, Any]:
    """What of a new activity Pipedrive has no field for."""
    held: dict[str, Any] = {}
    at, contacts = fields.get("at"), fields.get("contacts")
    if isinstance(at, datetime) and (at.microsecond or fields.get("type") in ("task", NOTE)):
        held["at"] = at.astimezone(UTC).isoformat()
    if isinstance(fields.get("ours"), bool):
        held["ours"] = fields["ours"]
    if is_note(fields) and isinstance(contacts, tuple) and len(contacts) > 1:
        held["contacts"] = list(contacts[1:])
    if fields.get("type") == NOTE and not is_note(fields):
        held["type"] = NOTE
    return held


def is_note(fields: Mapping[str, Value]) -> bool:
    """Whether Pipedrive takes it as a note: only one that hangs on something; else it is kept as an activity."""
    return fields.get("type") == NOTE and any(fields.get(each) for each in ("opportunity", "account", "contacts"))


def type_key(fields: Mapping[str, Value], words: Words) -> str:
    """What Pipedrive calls the type of an activity."""
    wanted = "task" if fields["type"] == NOTE else fields["type"]
    return next((key for key, name in words.types.items() if name == wanted), next(iter(words.types), "task"))
