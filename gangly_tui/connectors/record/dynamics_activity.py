"""Activities: what Dynamics keeps as tasks, appointments (meetings), phone calls and annotations (notes).

An activity is about one record, its regarding: the deal where there is one. What the table has no column for (the
account beside it, people of a task or a note, when a promise was made, whose it is) travels in one line under the text
and is read back from there; the audit footer comes above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from gangly_tui.connectors.record.dynamics_map import GUID, TABLE_OF, Column, Shape, Table
from gangly_tui.connectors.record.dynamics_values import Lookups, owner_of
from gangly_tui.connectors.record.held_line import held_in, short_enough, under
from gangly_tui.connectors.record.plain_values import moment, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.records import FIELDS, FieldSchema, Kind, Value

TABLE_FOR: Mapping[str, str] = {"task": "task", "meeting": "appointment", "call": "phonecall", "note": "annotation"}
TYPE_OF: Mapping[str, str] = {table: type_ for type_, table in TABLE_FOR.items()}
_STATES: Mapping[str, Mapping[int, str]] = {
    "task": {0: "open", 1: "done", 2: "cancelled"},
    "appointment": {0: "open", 1: "done", 2: "cancelled", 3: "open"},
    "phonecall": {0: "open", 1: "done", 2: "cancelled"},
}
DONE: Mapping[str, tuple[int, int]] = {"task": (1, 5), "appointment": (1, 3), "phonecall": (1, 2)}
"""Completed: the state and the status reason that goes with it."""
OPEN: Mapping[str, tuple[int, int]] = {"task": (0, 2), "appointment": (0, 1), "phonecall": (0, 1)}
_PEOPLE = (1, 2, 3, 4, 5, 6)
"""Participation: sender, to, cc, bcc, required and optional attendee; not the organizer, the owner and resources."""
_ATTENDEE, _CALLED = 5, 2
_LENGTH = timedelta(minutes=30)
_KEPT_FREE = 1_000
"""Characters of an activity's text that stay free for the lines gangly puts under it."""


def field_schema(ours: str, columns: Mapping[str, Column]) -> FieldSchema:
    """An activity is in one of four tables: its type and status are ours, the lengths those of the summary's table."""
    lengths = {"subject": columns["subject"].length or None, "body": columns["body"].length - _KEPT_FREE or None}
    labels = {"at": "When", "ours": "Ours to do", "body": "Description", "opportunity": "Deal"}
    return FieldSchema(
        name=ours,
        label=labels.get(ours, ours.capitalize()),
        type=FIELDS[Kind.ACTIVITY][ours],
        required=ours in ("type", "subject"),
        max_length=lengths.get(ours),
        options={"type": tuple(TABLE_FOR), "status": ("open", "done")}.get(ours, ()),
    )


def values_of(row: Mapping[str, Any], shape: Shape, known: Lookups) -> dict[str, Value]:
    """The fields of an activity. `known` says what ids stand for."""
    table, body = shape.table, row.get(shape.names["body"].name) or ""
    held = held_of(body)
    about = row.get(f"_{table.regarding}_value")
    kind = row.get(f"_{table.regarding}_value{TABLE_OF}") if about else None
    people = [] if not table.parties else people_of(row, table)
    if kind == "contact" and about:
        people.insert(0, about)
    state = _STATES[table.name].get(row.get("statecode") or 0, "open") if table.name in _STATES else "done"
    return {
        "type": TYPE_OF[table.name],
        "subject": row.get("subject"),
        "body": body or None,
        "at": moment(held["at"]) if "at" in held else _at(row, shape, state),
        "due": _day(row.get("scheduledend"), known) if "due" in shape.names else None,
        "status": state,
        "account": about if kind == "account" else held.get("account"),
        "opportunity": about if kind == "opportunity" else None,
        "contacts": tuple(dict.fromkeys((*people, *held.get("contacts", ())))),
        "ours": held.get("ours"),
        "owner": owner_of(row, known),
    }


def people_of(row: Mapping[str, Any], table: Table) -> list[str]:
    """The contacts among the people of a meeting or a call."""
    return [
        each["_partyid_value"]
        for each in row.get(table.parties) or ()
        if each.get("participationtypemask") in _PEOPLE
        and each.get("_partyid_value")
        and each.get("_partyid_value" + TABLE_OF) == "contact"
    ]


def _at(row: Mapping[str, Any], shape: Shape, state: str) -> datetime | None:
    """When it took place; a call that is over and has no end of its own was at its planned time."""
    raw = row.get(shape.names["at"].name) if "at" in shape.names else None
    raw = raw or (row.get("scheduledend") if state == "done" else None)
    return moment(raw) if raw else None


def _day(raw: str | None, known: Lookups) -> date | None:
    return moment(raw).astimezone(known.here).date() if raw else None


def new_row(fields: Mapping[str, Value], shape: Shape, known: Lookups, footer: str) -> dict[str, Any]:
    """A new activity as Dataverse takes it, all but its owner: on the deal, else the account, else the first person."""
    table = shape.table
    contacts = fields.get("contacts") or ()
    assert isinstance(contacts, tuple)  # checked before
    deal, account = fields.get("opportunity"), fields.get("account")
    at, due, done = fields.get("at"), fields.get("due"), fields.get("status") == "done"
    held: dict[str, Any] = {}
    row: dict[str, Any] = {"subject": fields["subject"]}
    if home := deal or account or next(iter(contacts), None):
        kind = "opportunity" if deal else "account" if account else "contact"
        row[_bind(table, kind)] = f"/{ {'opportunity': 'opportunities'}.get(kind, kind + 's') }({home})"
    if deal and account:
        held["account"] = account
    others = contacts if deal or account else contacts[1:]
    if others and table.parties and done:
        row[table.parties] = _parties(others, table)
    elif others:  # people of a meeting to come are not made attendees: Exchange would invite them
        held["contacts"] = list(others)
    if table.name == "appointment":
        if not isinstance(at, datetime):
            raise Refused("a meeting needs the time it began", field="at", fix="fill When")
        row |= {"scheduledstart": stamp(at), "scheduledend": stamp(at + _LENGTH)}  # how long it took is not known
    elif isinstance(at, datetime):
        if table.name in DONE and done:
            row["actualend"] = stamp(at)
        else:
            held["at"] = at.astimezone(UTC).isoformat()
    if isinstance(due, date) and table.name in ("task", "phonecall"):
        row["scheduledend"] = at_noon(due, known.here)
    elif due is not None:
        raise Refused(f"a {fields['type']} has no due date", field="due", fix="make it a task")
    if isinstance(fields.get("ours"), bool):
        held["ours"] = fields["ours"]
    row |= state_of(table, fields.get("status"))
    text = "\n\n".join(filter(None, (str(fields.get("body") or ""), footer)))
    column = shape.names["body"]
    row[column.name] = short_enough(under(text, held), column.length)
    return row


def state_of(table: Table, status: Value) -> dict[str, int]:
    """The columns of a status. A note has none: it is always done."""
    if table.name not in DONE:
        if status == "open":
            raise Refused("a note is never open", field="status", fix="make it a task")
        return {}
    state, reason = (DONE if status == "done" else OPEN)[table.name]
    return {"statecode": state, "statuscode": reason} if status is not None else {}


def at_noon(due: Value, here: tzinfo) -> str | None:
    """A day for a column that keeps a time: noon, so that it is the same day for colleagues near and far."""
    return stamp(datetime.combine(due, time(12), here)) if isinstance(due, date) else None


def _bind(table: Table, kind: str) -> str:
    name = f"objectid_{kind}" if table.name == "annotation" else f"regardingobjectid_{kind}_{table.name}"
    return f"{name}@odata.bind"


def _parties(contacts: tuple[str, ...], table: Table) -> list[dict[str, Any]]:
    role = _ATTENDEE if table.name == "appointment" else _CALLED
    return [{"partyid_contact@odata.bind": f"/contacts({each})", "participationtypemask": role} for each in contacts]


def held_of(body: str) -> dict[str, Any]:
    """What the line under a text holds, as far as it makes sense."""
    kept = held_in(body, {"at": str, "ours": bool, "account": str, "contacts": list})
    if "contacts" in kept:
        kept["contacts"] = [each for each in kept["contacts"] if isinstance(each, str) and GUID.fullmatch(each)]
    return kept
