"""Activities: what Dynamics keeps as tasks, appointments (meetings), phone calls and annotations (notes).

An activity is about one record, its regarding: the deal where there is one. What the table has no column for (the
account beside it, people of a task or a note, when a promise was made, whose it is) travels in one line under the text
and is read back from there; the audit footer comes below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from gangly_tui.connectors.record.described import Column, Shape
from gangly_tui.connectors.record.dynamics_map import GUID, TABLE_OF, TABLES, Lookups, Table, person_of
from gangly_tui.connectors.record.held_line import held_in, text_of
from gangly_tui.connectors.record.plain_values import moment, stamp
from gangly_tui.domain.errors import Refused
from gangly_tui.domain.records import Value

TABLE_FOR: Mapping[str, str] = {"task": "task", "meeting": "appointment", "call": "phonecall", "note": "annotation"}
_TYPE_OF = {table: type_ for type_, table in TABLE_FOR.items()}
_STATES = {0: "open", 1: "done", 2: "cancelled", 3: "open"}
_OPEN_DONE: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "task": ((0, 2), (1, 5)),
    "appointment": ((0, 1), (1, 3)),
    "phonecall": ((0, 1), (1, 2)),
}
"""Open and completed: the state and the status reason that goes with it. A note has neither: it is always done."""
_PEOPLE = (1, 2, 3, 4, 5, 6)
"""Participation: sender, to, cc, bcc, required and optional attendee; not the organizer, the owner and resources."""
_ROLE = {"appointment": 5, "phonecall": 2}
_LENGTH = timedelta(minutes=30)
_KEPT_FREE = 1_000
"""Characters of an activity's text that stay free for the lines gangly puts under it."""


def lengths(names: Mapping[str, Column]) -> Mapping[str, int]:
    """The texts' lengths: those of the summary's table."""
    return {"subject": names["subject"].length, "body": names["body"].length - _KEPT_FREE}


def values_of(row: Mapping[str, Any], shape: Shape, known: Lookups) -> dict[str, Value]:
    """The fields of an activity. `known` says what ids stand for."""
    table, body = TABLES[shape.object], row.get(shape.names["body"].name) or ""
    held = held_in(body, {"at": str, "ours": bool, "account": str, "contacts": list})
    others = [each for each in held.get("contacts", ()) if isinstance(each, str) and GUID.fullmatch(each)]
    about = row.get(f"_{table.regarding}_value")
    kind = row.get(f"_{table.regarding}_value{TABLE_OF}") if about else None
    people = [
        each["_partyid_value"]
        for each in row.get(table.parties) or ()
        if each.get("participationtypemask") in _PEOPLE
        and each.get("_partyid_value")
        and each.get("_partyid_value" + TABLE_OF) == "contact"
    ]
    status = _STATES.get(row.get("statecode") or 0, "open") if "status" in shape.names else "done"
    at, due = row.get(shape.names["at"].name) if "at" in shape.names else None, row.get("scheduledend")
    if status == "done":
        at = at or due  # a call that is over and has no end of its own was at its planned time
    found: dict[str, Value] = {
        "type": _TYPE_OF[table.name],
        "subject": row.get("subject"),
        "body": body or None,
        "at": moment(held["at"]) if "at" in held else moment(at) if at else None,
        "due": moment(due).astimezone(known.here).date() if due and "due" in shape.names else None,
        "status": status,
        "account": about if kind == "account" else held.get("account"),
        "opportunity": about if kind == "opportunity" else None,
        "contacts": tuple(dict.fromkeys((*([about] if kind == "contact" else ()), *people, *others))),
        "ours": held.get("ours"),
        "owner": person_of(row, "ownerid", known),
    }
    if table.parties and table.parties not in row:  # an answer to a write lists no people
        del found["contacts"]
    return found


def new_row(fields: Mapping[str, Value], shape: Shape, here: tzinfo, footer: str) -> dict[str, Any]:
    """A new activity as Dataverse takes it, all but its owner: on the deal, else the account, else the first person."""
    table = TABLES[shape.object]
    contacts = fields.get("contacts") or ()
    assert isinstance(contacts, tuple)  # checked before
    deal, account = fields.get("opportunity"), fields.get("account")
    at, due, done = fields.get("at"), fields.get("due"), fields.get("status") == "done"
    held: dict[str, Any] = {}
    row: dict[str, Any] = {"subject": fields["subject"], **state_of(table, fields.get("status"))}
    if home := deal or account or next(iter(contacts), None):
        kind = "opportunity" if deal else "account" if account else "contact"
        bind = f"objectid_{kind}" if table.name == "annotation" else f"regardingobjectid_{kind}_{table.name}"
        row[f"{bind}@odata.bind"] = f"/{TABLES[kind].set}({home})"
    if deal and account:
        held["account"] = account
    others = contacts if deal or account else contacts[1:]
    if others and table.parties and done:
        role = {"participationtypemask": _ROLE[table.name]}
        row[table.parties] = [{"partyid_contact@odata.bind": f"/contacts({each})", **role} for each in others]
    elif others:  # people of a meeting to come are not made attendees: Exchange would invite them
        held["contacts"] = list(others)
    if table.name == "appointment":
        if not isinstance(at, datetime):
            raise Refused("a meeting needs the time it began", field="at", fix="fill When")
        row |= {"scheduledstart": stamp(at), "scheduledend": stamp(at + _LENGTH)}  # how long it took is not known
    elif isinstance(at, datetime):
        if table.name in _OPEN_DONE and done:
            row["actualend"] = stamp(at)
        else:
            held["at"] = at.astimezone(UTC).isoformat()
    if due is not None:
        if table.name not in ("task", "phonecall"):
            raise Refused(f"a {fields['type']} has no due date", field="due", fix="make it a task")
        row["scheduledend"] = at_noon(due, here)
    if isinstance(fields.get("ours"), bool):
        held["ours"] = fields["ours"]
    body = shape.names["body"]
    return row | {body.name: text_of(str(fields.get("body") or ""), held, footer, body.length)}


def state_of(table: Table, status: Value) -> dict[str, int]:
    """The columns of a status. Raises Refused for an open note."""
    if status is None or (table.name not in _OPEN_DONE and status == "done"):
        return {}
    if table.name not in _OPEN_DONE:
        raise Refused("a note is never open", field="status", fix="make it a task")
    state, reason = _OPEN_DONE[table.name][status == "done"]
    return {"statecode": state, "statuscode": reason}


def at_noon(due: Value, here: tzinfo) -> str | None:
    """A day for a column that keeps a time: noon, so that it is the same day for colleagues near and far."""
    return stamp(datetime.combine(due, time(12), here)) if isinstance(due, date) else None
