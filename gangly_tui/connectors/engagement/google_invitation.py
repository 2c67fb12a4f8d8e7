"""Invitations in the rep's own Google Calendar, each with an event id made from its operation: a second one is 409."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses
from hashlib import sha256
from typing import Any, Final

from gangly_tui.connectors.engagement.google_calendar import CALENDAR, moment
from gangly_tui.connectors.engagement.google_client import SYSTEM, Google, Stale, Taken, table, tables, text
from gangly_tui.connectors.engagement.google_message import addresses_of, check_text, written
from gangly_tui.domain.errors import DuplicateFound, NotFound, RecordMoved, Refused
from gangly_tui.domain.mail import Address
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

_TO: Final = "ganglyTo"
"""The guests as they were written; Google puts its own names to people it knows."""
_OP: Final = "ganglyOp"
_LONGEST_OWN: Final = 1_000
_LONGEST: Final = 32_000


def event_id(op_id: str) -> str:
    """The event id of an operation, in the letters that Google takes (base32hex)."""
    return "op" + sha256(op_id.encode()).hexdigest()[:40]


async def read(google: Google, ref: RecordRef) -> Record:
    """The invitation as it stands. Raises NotFound, also for one that was withdrawn."""
    events = (await google.api("calendar")).events()
    event = await google.read(events.get, calendarId=CALENDAR, eventId=ref.id)
    if event.get("status") == "cancelled":
        raise NotFound("the invitation was withdrawn", fix="make another in Google Calendar")
    return _record(google, ref, event)


async def create(google: Google, fields: Mapping[str, Value], op_id: str) -> Record:
    """Put it into the calendar and invite the guests. Raises DuplicateFound when this operation did it before."""
    at, minutes = fields.get("at"), fields.get("minutes")
    if not isinstance(at, datetime) or not isinstance(minutes, int) or minutes < 1:
        raise Refused("an invitation needs a time and a length", field="at", fix="correct it, then approve again")
    to = str(fields.get("to") or "")
    guests = addresses_of(to, "to")
    for name in ("to", "subject", "body", "location"):
        check_text(str(fields.get(name) or ""), name, header=name != "body")
    own = {_OP: op_id, **({_TO: to} if len(to.encode()) <= _LONGEST_OWN else {})}
    body: dict[str, Any] = {
        "id": event_id(op_id),
        "summary": str(fields.get("subject") or ""),
        "description": str(fields.get("body") or ""),
        "location": str(fields.get("location") or ""),
        "start": {"dateTime": at.astimezone(UTC).isoformat()},
        "end": {"dateTime": (at + timedelta(minutes=minutes)).astimezone(UTC).isoformat()},
        "attendees": [{"email": email, **({"displayName": name} if name else {})} for name, email in guests],
        "extendedProperties": {"private": own},
    }
    ref = RecordRef(system=SYSTEM, kind=Kind.INVITATION, id=body["id"])
    events = (await google.api("calendar")).events()
    try:
        made = await google.write(events.insert, calendarId=CALENDAR, sendUpdates="all", body=body)
    except Taken as error:
        raise DuplicateFound("this invitation is in the calendar already", existing=ref) from error
    return _record(google, ref, made)


async def remove(google: Google, ref: RecordRef, expect: str) -> None:
    """Withdraw it, if it is still at this version, and tell the guests. Raises RecordMoved, NotFound."""
    events = (await google.api("calendar")).events()
    guard = {"If-Match": expect} if expect else {}
    try:
        await google.write(events.delete, guard, calendarId=CALENDAR, eventId=ref.id, sendUpdates="all")
    except Stale as error:
        current = await read(google, ref)
        raise RecordMoved("the invitation was changed in Google Calendar since", current=current) from error


async def find(google: Google, op_id: str) -> Record | None:
    """The invitation of an operation, or None."""
    try:
        return await read(google, RecordRef(system=SYSTEM, kind=Kind.INVITATION, id=event_id(op_id)))
    except NotFound:
        return None


def _record(google: Google, ref: RecordRef, event: Mapping[str, Any]) -> Record:
    start, end = (_moment(event.get(each)) for each in ("start", "end"))
    values: dict[str, Value] = {
        "to": _guests(event),
        "subject": text(event, "summary", _LONGEST),
        "body": text(event, "description", _LONGEST).replace("\r\n", "\n"),
        "at": start,
        "minutes": round((end - start) / timedelta(minutes=1)),
        "location": text(event, "location", _LONGEST),
    }
    try:
        updated = datetime.fromisoformat(text(event, "updated"))
    except ValueError:
        updated = start
    scope = google.link.scope
    return Record(
        ref=ref,
        version=text(event, "etag"),
        fields={name: None if each == "" else each for name, each in values.items() if scope.may_read(ref.kind, name)},
        updated_at=updated if updated.tzinfo else updated.replace(tzinfo=UTC),
    )


def _moment(when: Any) -> datetime:
    try:
        return moment(when, UTC)[0]
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def _guests(event: Mapping[str, Any]) -> str:
    """Who is invited, as it was written while it is still them; the rep's own place in it is no guest's."""
    as_written = text(table(table(event, "extendedProperties"), "private"), _TO)
    meant = {email.lower() for _, email in getaddresses([as_written])}
    there = [
        each
        for each in tables(event, "attendees")
        if not each.get("resource") and (not each.get("self") or text(each, "email").lower() in meant)
    ]
    if meant == {text(each, "email").lower() for each in there}:
        return as_written
    return written(tuple(Address(email=text(each, "email", 320), name=text(each, "displayName")) for each in there))
