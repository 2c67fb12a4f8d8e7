"""A draft and an invitation as Graph holds them, and as our fields say them.

Two properties that only programs see lie on each item: which operation made it, and its addresses as they were
approved. Exchange writes names its own way and ends lines with CR LF; what is the same is read back as it was written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.utils import getaddresses
from typing import Any, Final

from gangly_tui.connectors.engagement.microsoft_graph import SYSTEM, moment, people
from gangly_tui.domain.errors import InputError, NotFound, Refused, Unreachable
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import FIELDS, FieldSchema, Kind, ObjectSchema, Record, RecordRef, Value

_SET: Final = "{7d3c1f52-0f6e-4b0a-9c55-6b1d5c2b8e41}"
OP: Final = f"String {_SET} Name gangly-op"
WRITTEN: Final = f"String {_SET} Name gangly-written"
PATHS: Final[Mapping[Kind, str]] = {Kind.MAIL: "/me/messages", Kind.INVITATION: "/me/events"}
EXPAND: Final = f"singleValueExtendedProperties($filter=id eq '{OP}' or id eq '{WRITTEN}')"
_OF_BOTH: Final = "id,changeKey,lastModifiedDateTime,subject,body,webLink"
SELECT: Final[Mapping[Kind, str]] = {
    Kind.MAIL: f"{_OF_BOTH},toRecipients,ccRecipients,isDraft,parentFolderId",
    Kind.INVITATION: f"{_OF_BOTH},attendees,start,end,location,isCancelled",
}
SUBJECT_MOST: Final = 255
BODY_MOST: Final = 1_000_000
MOST_PEOPLE: Final = 500


def schema_of(kind: Kind) -> ObjectSchema:
    """The fields of a mail or an invitation."""
    required = {Kind.MAIL: {"subject", "status"}, Kind.INVITATION: {"to", "subject", "at", "minutes"}}.get(kind, set())
    lengths = {"subject": SUBJECT_MOST, "body": BODY_MOST, "location": SUBJECT_MOST}
    return ObjectSchema(
        kind=kind,
        fields=tuple(
            FieldSchema(
                name=name,
                label=name.capitalize(),
                type=of,
                required=name in required,
                max_length=lengths.get(name),
                options=("draft", "sent") if name == "status" else (),
            )
            for name, of in (FIELDS[kind] if kind in PATHS else {}).items()
        ),
    )


def message_id(op_id: str) -> str:
    """The Message-ID of the mail that an operation makes."""
    return f"<{op_id}@gangly.invalid>"


def marked(op_id: str, fields: Mapping[str, Value]) -> list[dict[str, str]]:
    """The properties that go onto a new item."""
    kept = {name: str(fields[name]) for name in ("to", "cc", "answers") if fields.get(name)}
    body = str(fields.get("body") or "")
    kept["end"] = body[len(body.rstrip()) :][:100]
    return [{"id": OP, "value": op_id}, {"id": WRITTEN, "value": json.dumps(kept)}]


def payload(kind: Kind, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Our fields in Graph's words. Raises Refused, naming the field, for what Outlook would not take."""
    for name, value in fields.items():
        if isinstance(value, str):
            _check_text(name, value)
    told: dict[str, Any] = {}
    if "subject" in fields:
        told["subject"] = str(fields["subject"] or "")
    if "body" in fields:
        told["body"] = {"contentType": "text", "content": str(fields["body"] or "")}
    if kind is Kind.MAIL:
        for name in ("to", "cc"):
            if name in fields:
                told[f"{name}Recipients"] = [{"emailAddress": each} for each in _read_people(name, fields[name])]
        return told
    start, minutes = fields.get("at"), fields.get("minutes")
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise Refused("an invitation needs a time", field="at", fix="say when, then approve again")
    if not isinstance(minutes, int) or not 0 < minutes <= 24 * 60:
        raise Refused("an invitation lasts some minutes, up to a day", field="minutes", fix="say how long")
    invited = _read_people("to", fields.get("to"))
    if not invited:
        raise Refused("an invitation needs somebody who is invited", field="to", fix="name them, then approve again")
    told["start"], told["end"] = _utc(start), _utc(start + timedelta(minutes=minutes))
    told["attendees"] = [{"type": "required", "emailAddress": each} for each in invited]
    told["location"] = {"displayName": str(fields.get("location") or "")}
    return told


def record_of(kind: Kind, row: Mapping[str, Any]) -> Record:
    """An item as a record, every field. Raises Unreachable for an answer that is not understood."""
    try:
        kept = _written(row)
        fields: dict[str, Value] = {"subject": str(row.get("subject") or "") or None, "body": _body(row, kept)}
        if kind is Kind.MAIL:
            for name in ("to", "cc"):
                fields[name] = _as_written(row.get(f"{name}Recipients"), kept.get(name, "")) or None
            fields["answers"] = kept.get("answers") or None
            fields["status"] = "draft" if row.get("isDraft") else "sent"
        else:
            start, end = (_moment(row[name]) for name in ("start", "end"))
            fields["to"] = _as_written(row.get("attendees"), kept.get("to", "")) or None
            fields["at"], fields["minutes"] = start, int((end - start) / timedelta(minutes=1))
            fields["location"] = str((row.get("location") or {}).get("displayName") or "") or None
        return Record(
            ref=RecordRef(system=SYSTEM, kind=kind, id=str(row["id"])),
            version=str(row["changeKey"]),
            fields=fields,
            updated_at=moment(row["lastModifiedDateTime"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unreachable(f"Microsoft's answer was not understood: {error}") from error


def op_of(row: Mapping[str, Any]) -> str:
    """The operation that made an item; "" when none of ours did."""
    return _property(row, OP)


def path_of(ref: RecordRef) -> str:
    """The address of an item. Raises NotFound for what cannot be one."""
    if ref.system != SYSTEM or ref.kind not in PATHS or not ref.id or set(ref.id) & set("/?#%"):
        raise NotFound("it is not in the mailbox")
    return f"{PATHS[ref.kind]}/{ref.id}"


def _read_people(name: str, value: Value) -> list[dict[str, str]]:
    text = str(value or "")
    found = [(shown.strip(), email.strip()) for shown, email in getaddresses([text])] if text.strip() else []
    if wrong := next((email or shown or text for shown, email in found if not mailbox(email)), ""):
        raise Refused(f"{wrong[:100]!r} is not an e-mail address", field=name, fix="correct it, then approve again")
    if len(found) > MOST_PEOPLE:
        raise Refused(f"Outlook takes {MOST_PEOPLE} people at most", field=name, fix="take some of them out")
    return [{"address": email, "name": shown or email} for shown, email in found]


def _as_written(rows: object, kept: str) -> str:
    """The addresses that stand there, as they were written when they are the same people."""
    stands = [(name, email) for name, email in people(rows, MOST_PEOPLE) if name or email]
    if kept and [email.lower() for _, email in stands] == [email.lower() for _, email in getaddresses([kept])]:
        return kept
    return ", ".join(_address(*each) for each in stands)


def _address(name: str, email: str) -> str:
    try:
        return str(Address(display_name=name, addr_spec=email)) if name and email else name or email
    except (ValueError, IndexError):  # what stands there need not be an address
        return email or name


def _body(row: Mapping[str, Any], kept: Mapping[str, str]) -> str | None:
    body = row.get("body") or {}
    text = str(body.get("content") or "")
    if str(body.get("contentType") or "").lower() == "html":
        from gangly_tui.connectors.engagement.mail_file import page_text

        text = page_text(text[:BODY_MOST])
    return (text.replace("\r\n", "\n").rstrip() + kept.get("end", "")) or None


def _written(row: Mapping[str, Any]) -> Mapping[str, str]:
    try:
        told = json.loads(_property(row, WRITTEN) or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}


def _property(row: Mapping[str, Any], name: str) -> str:
    """A property of ours. Exchange may write the letters of its id otherwise."""
    rows = row.get("singleValueExtendedProperties") or []
    return next((str(each.get("value")) for each in rows if str(each.get("id")).lower() == name.lower()), "")


def _check_text(name: str, text: str) -> None:
    most = {"subject": SUBJECT_MOST, "location": SUBJECT_MOST, "body": BODY_MOST}.get(name, 32_000)
    if len(text) > most:
        raise Refused(f"Outlook takes {most:,} letters of {name}, not {len(text):,}", field=name, fix="shorten it")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"there is half a character in {name}", field=name, fix="type it again") from error
    if name in ("subject", "to", "cc", "answers", "location") and set(text) & set("\r\n\0"):
        raise Refused(f"{name} is one line", field=name, fix="take the line break out")


def _utc(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _moment(told: Mapping[str, Any]) -> datetime:
    if str(told.get("timeZone", "UTC")).upper() != "UTC":
        raise InputError("a time that is not in UTC")
    return datetime.fromisoformat(str(told["dateTime"])[:19]).replace(tzinfo=UTC)
