"""Activities: what HubSpot keeps as calls, meetings, notes, tasks and e-mails, with their text as HTML.

Plain text goes out escaped and comes back as it was. What HubSpot has no property for (a note's subject, when a promise
was made and whose it is) travels in the text itself and is read back from there; the audit footer comes below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from gangly_tui.connectors.record.described import activity_schema
from gangly_tui.connectors.record.formatted import from_html, note_of, parts_of
from gangly_tui.connectors.record.held_line import held_in, line_of
from gangly_tui.connectors.record.hubspot_map import ACTIVITIES, MOST_TEXT, moment, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import Kind, ObjectSchema, Value

PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "calls": {
        "subject": "hs_call_title", "body": "hs_call_body", "at": "hs_timestamp", "status": "hs_call_status",
    },
    "meetings": {
        "subject": "hs_meeting_title", "body": "hs_meeting_body", "at": "hs_timestamp", "status": "hs_meeting_outcome",
    },
    "notes": {"subject": "hs_note_body", "body": "hs_note_body", "at": "hs_timestamp"},
    "tasks": {
        "subject": "hs_task_subject", "body": "hs_task_body", "at": "hs_task_body", "due": "hs_timestamp",
        "status": "hs_task_status",
    },
    "emails": {
        "subject": "hs_email_subject", "body": "hs_email_html", "at": "hs_timestamp", "status": "hs_email_status",
    },
}  # fmt: skip
_NAMES = {name: kind for kind, name in ACTIVITIES.items()}
_STATUS: Mapping[str, tuple[str, str]] = {
    "calls": ("QUEUED", "COMPLETED"),
    "meetings": ("SCHEDULED", "COMPLETED"),
    "tasks": ("NOT_STARTED", "COMPLETED"),
    "emails": ("SCHEDULED", "SENT"),
}
"""What HubSpot calls open and done."""
_OPEN = frozenset(
    """QUEUED CONNECTING RINGING IN_PROGRESS CALLING_CRM_USER SCHEDULED RESCHEDULED NOT_STARTED WAITING DEFERRED
    SENDING""".split()
)
_EXTRA: Mapping[str, Mapping[str, str]] = {"emails": {"hs_email_direction": "EMAIL"}, "tasks": {"hs_task_type": "TODO"}}
_KEPT_FREE: Final = 2_000
"""Characters that stay free for the lines under a text and for the HTML around it."""
_DUE: Final = time(9)


def schema(scope: Scope | None = None) -> ObjectSchema:
    """The fields of an activity, with a scope those it may read."""
    lengths = {"subject": 1_000, "body": MOST_TEXT - _KEPT_FREE}
    return activity_schema(scope, tuple(ACTIVITIES), lengths, required=("type",))


def selected(name: str, scope: Scope) -> tuple[str, ...]:
    """The properties of this object for the fields in scope."""
    given = {**PROPERTIES[name], "owner": "hubspot_owner_id", "ours": PROPERTIES[name]["body"]}
    return tuple(dict.fromkeys(column for ours, column in given.items() if scope.may_read(Kind.ACTIVITY, ours)))


def values_of(
    raw: Mapping[str, Any], name: str, links: Mapping[str, tuple[str, ...]], owner: str | None, now: datetime
) -> dict[str, Value]:
    """The fields of one activity. `now` is aware, in the rep's zone; `owner` is the owner's e-mail."""
    columns = PROPERTIES[name]
    markup, subject = raw.get(columns["body"]) or "", raw.get(columns["subject"])
    subject, text = parts_of(markup) if name == "notes" else (subject, from_html(markup))
    held = held_in(text, {"at": str, "ours": bool, "undated": bool})
    at = moment(raw["hs_timestamp"]) if raw.get("hs_timestamp") else None
    due = at.astimezone(now.tzinfo).date() if name == "tasks" and at else None
    status = raw.get(columns.get("status", "")) or ""
    past = name != "tasks" and (at is None or at <= now)
    done = status not in _OPEN if status else past
    return {
        "type": _NAMES[name],
        "subject": subject or None,
        "body": text or None,
        "at": (moment(held["at"]) if "at" in held else None) if name == "tasks" else at,
        "due": None if held.get("undated") else due,
        "status": "done" if done else "open",
        "account": next(iter(links.get("companies", ())), None),
        "opportunity": next(iter(links.get("deals", ())), None),
        "contacts": links.get("contacts", ()),
        "ours": held.get("ours"),
        "owner": owner,
    }


def properties_of(
    name: str, fields: Mapping[str, Value], stands: Mapping[str, Value] | None, footer: str, now: datetime
) -> dict[str, str]:
    """What is sent for these fields. `stands` is what the activity holds; None for a new one.

    Raises Refused when the text is longer than HubSpot keeps.
    """
    columns = PROPERTIES[name]
    found: dict[str, str] = {}
    if name != "notes" and "subject" in fields:
        found[columns["subject"]] = str(fields["subject"] or "")
    inside = {"body", "ours"} | {ours for ours in ("subject", "at") if columns[ours] == columns["body"]}
    if stands is None or fields.keys() & inside:
        found[columns["body"]] = _markup(name, fields, stands, footer)
    for ours in ("due", "at"):
        if columns.get(ours) == "hs_timestamp" and ours in fields:
            found["hs_timestamp"] = _when(fields[ours], now)
    if "status" in fields and name in _STATUS:
        found[columns["status"]] = _STATUS[name][fields["status"] == "done"]
    if stands is None:
        found.setdefault("hs_timestamp", stamp(now))
        found |= _EXTRA.get(name, {})
        if name in _STATUS:
            found.setdefault(columns["status"], _STATUS[name][name != "tasks"])
    return found


def _when(value: Value, now: datetime) -> str:
    """A task's day is nine in the morning of the rep's day; HubSpot takes no activity without a time."""
    if isinstance(value, datetime):
        return stamp(value)
    return stamp(datetime.combine(value, _DUE, now.tzinfo)) if isinstance(value, date) else stamp(now)


def _markup(name: str, new: Mapping[str, Value], stands: Mapping[str, Value] | None, footer: str) -> str:
    if stands is not None and "body" not in {**stands, **new}:
        raise Refused("the text around this may not be read", field="body", fix="let the hierarchy page read body")
    fields = {**(stands or {}), **new}
    body = str(fields.get("body") or "")
    body = body if "body" in new else without_footer(body)
    held: dict[str, Any] = {}
    if isinstance(fields.get("ours"), bool):
        held["ours"] = fields["ours"]
    if name == "tasks":
        at = fields.get("at")
        held |= {"at": at.astimezone(UTC).isoformat()} if isinstance(at, datetime) else {}
        held |= {"undated": True} if fields.get("due") is None else {}
    below = "\n".join(filter(None, (line_of(held), footer)))
    subject = str(fields.get("subject") or "") if name == "notes" else ""
    markup = note_of(subject, "\n\n".join(filter(None, (body, below))))
    if len(markup) > MOST_TEXT:
        raise Refused(
            f"HubSpot keeps {MOST_TEXT:,} characters of formatted text, this would be {len(markup):,}",
            field="body",
            fix="shorten the text",
        )
    return markup


def without_footer(text: str) -> str:
    """A text without the lines that gangly put under it: they are written anew with each change."""
    at = min((found for mark in ("-- gangly holds: ", "-- gangly: ") if (found := text.rfind("\n\n" + mark)) >= 0),
             default=-1)  # fmt: skip
    return text[:at] if at >= 0 else "" if text.startswith("-- gangly") else text
