"""Activities: what Salesforce keeps as Tasks (calls, e-mails, notes, to-dos) and Events (meetings).

What it has no field for (when a promise was made, whose it is) travels in one line under the text and is read back from
there; the audit footer comes below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from gangly_tui.connectors.record.described import activity_schema
from gangly_tui.connectors.record.held_line import held_in
from gangly_tui.connectors.record.plain_values import moment
from gangly_tui.connectors.record.salesforce_map import Column, ids, inner
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import ObjectSchema, Value

TYPES = ("call", "meeting", "email", "note", "task")
SUBTYPES: Mapping[str, str] = {"call": "Call", "email": "Email", "note": "Task", "task": "Task"}
MOST_CONTACTS = 50
"""Salesforce relates an activity to 50 contacts at most."""
_WANTED: Mapping[str, type] = {
    "at": str, "dated": bool, "ours": bool, "type": str, "status": str, "contacts": list,
}  # fmt: skip
_KEPT_FREE = 1_000
"""Characters of an activity's text that stay free for the lines gangly puts under it."""


def schema(scope: Scope, names: Mapping[str, Column]) -> ObjectSchema:
    """An activity is a Task or an Event: its type and status are ours, the lengths and some labels the Task's."""
    lengths = {ours: names[ours].length for ours in ("subject", "body") if ours in names}
    if lengths.get("body"):
        lengths["body"] -= _KEPT_FREE
    labels = {ours: names[ours].label for ours in ("subject", "body", "due") if ours in names}
    return activity_schema(scope, TYPES, lengths, labels=labels, there=names)


def values_of(row: Mapping[str, Any], name: str, now: datetime) -> dict[str, Value]:
    """The fields of a Task or an Event. `now` is aware, in the rep's zone."""
    body = row.get("Description")
    held = held_in(body or "", _WANTED)
    said = moment(held["at"]) if "at" in held else None
    what, who = row.get("WhatId") or "", row.get("WhoId") or ""
    related = ids(row, f"{name}WhoRelations", "RelationId") or (*filter(None, [who]), *held.get("contacts", ()))
    common: dict[str, Value] = {
        "subject": row.get("Subject"),
        "body": body,
        "account": row.get("AccountId"),
        "opportunity": what if what.startswith("006") else None,
        "contacts": tuple(each for each in related if str(each).startswith("003")),
        "ours": held.get("ours"),
        "owner": inner(row, "Owner", "Email"),
    }
    if name == "Event":
        at = moment(row["StartDateTime"]) if row.get("StartDateTime") else None
        status = held.get("status") or _by_time(at, now)
        return {**common, "type": "meeting", "at": at, "due": None, "status": status}
    named = str(row.get("Type") or "").casefold()
    subtype = {"Call": "call", "Email": "email"}.get(row.get("TaskSubtype") or "")
    due = date.fromisoformat(row["ActivityDate"]) if row.get("ActivityDate") else None
    closed = bool(row.get("IsClosed"))
    done = moment(row["CompletedDateTime"]) if row.get("CompletedDateTime") else None
    return {
        **common,
        "type": subtype or held.get("type") or (named if named in TYPES else "task"),
        "at": said or (datetime.combine(due, time(), now.tzinfo) if closed and due else done if closed else None),
        "due": due if "at" not in held or not held.get("dated") else None,
        "status": "done" if closed else "open",
    }


def _by_time(at: datetime | None, now: datetime) -> str:
    return "done" if at is None or at <= now else "open"


def holding(fields: Mapping[str, Value], name: str, now: datetime, *, shared: bool) -> Mapping[str, Any]:
    """What of a new activity Salesforce has no field for; without Shared Activities all contacts but the first."""
    held: dict[str, Any] = {}
    at, kind = fields.get("at"), fields.get("type")
    if name == "Task" and isinstance(at, datetime):
        held["at"] = at.astimezone(UTC).isoformat()
        held |= {"dated": True} if fields.get("due") is None and fields.get("status") == "done" else {}
    if isinstance(fields.get("ours"), bool):
        held["ours"] = fields["ours"]
    if kind == "note":
        held["type"] = kind
    status = fields.get("status")
    if name == "Event" and isinstance(at, datetime) and status and status != _by_time(at, now):
        held["status"] = status  # a call that ended before its time
    contacts = fields.get("contacts")
    if isinstance(contacts, tuple) and len(contacts) > 1 and not shared:
        held["contacts"] = list(contacts[1:])
    return held
