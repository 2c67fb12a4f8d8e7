"""The write door of Salesforce. One call sends one write, with its read-back in the same request, and retries nothing.

The write and the query that shows what stands go as one composite, all or none: an answer always shows the record, and
a write that was refused left nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from gangly_tui.connectors.record import salesforce_activity as activity
from gangly_tui.connectors.record.audit import filled
from gangly_tui.connectors.record.before import check, moved, refuse_twin, removed_again, stays, unmoved
from gangly_tui.connectors.record.held_line import short_enough, text_of, with_tail
from gangly_tui.connectors.record.journal import Made
from gangly_tui.connectors.record.plain_values import stamp
from gangly_tui.connectors.record.salesforce import MARKER, VENDOR
from gangly_tui.connectors.record.salesforce_errors import Stale, Unshown, meaning
from gangly_tui.connectors.record.salesforce_map import KINDS, OBJECTS, Shape, quoted, raw_of, selected
from gangly_tui.connectors.record.salesforce_org import ROOT, Org, names_a, object_of, path_of
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, OutcomeUnknown, Refused, Unreachable
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

_RULES = "Sforce-Duplicate-Rule-Header"
DUPLICATES = "allowSave=false; includeRecordDetails=false; runAsCurrentUser=true"
ANYWAY = DUPLICATES.replace("false", "true", 1)
"""Where a person has said why: a rule that warns lets it pass, one that blocks does not."""
_RECENT = timedelta(days=7)
_SLACK = timedelta(seconds=5)
_TELLING = ("LastName", "FirstName", "Name", "Email", "Website", "AccountId")
"""Fields that tell one new record from another."""
_LATER = frozenset({"subject", "body", "due", "status", "owner"})
"""What of an activity may be changed once it is there."""


class SalesforceWriter:
    """The write door. Constructed for the Courier alone."""

    def __init__(self, link: Link) -> None:
        self._org = Org(link)
        self._journal: dict[str, Made] = {}
        self._statuses: list[Mapping[str, Any]] = []

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields if the record still is at `expect`, guarded by the moment it was last changed."""
        current = unmoved(await self._org.read(ref), expect)
        shape = await self._org.shape(object_of(ref))
        await self._check(ref.kind, fields, new=False)
        await self._refuse_twin(ref.kind, fields, ref.id, ())
        if ref.kind is Kind.ACTIVITY:
            raw = await self._changed_activity(fields, shape, current)
        else:
            raw = await self._raw(fields, shape)
        guard = {"If-Unmodified-Since": format_datetime(current.updated_at.astimezone(UTC), usegmt=True)}
        path, raw = f"{ROOT}/sobjects/{shape.object}/{ref.id}", raw | self._audit(shape, meta, new=False)
        try:
            return await self._send("PATCH", path, shape, raw, where=f"Id = {quoted(ref.id)}", guard=guard)
        except Stale:
            raise moved(await self._org.read(ref)) from None

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record marked with the op id: an upsert on it where the organisation has a field for that."""
        name = "Event" if fields.get("type") == "meeting" else OBJECTS[kind][0]
        await self._check(kind, fields, new=True)
        shape = await self._org.shape(name)
        if known := await self._made_before(shape, meta.op_id):
            return known
        await self._refuse_twin(kind, fields, "", meta.beside)
        if kind is Kind.ACTIVITY:
            raw = await self._new_activity(fields, shape, meta)
        else:
            raw = {key: value for key, value in (await self._raw(fields, shape)).items() if value is not None}
        raw |= self._audit(shape, meta, new=True)
        self._journal[meta.op_id] = made = Made(kind=kind, raw=raw, since=self._org.server_now - _SLACK)
        path, method = f"{ROOT}/sobjects/{name}", "POST"
        if MARKER in raw and shape.columns[MARKER].external_id:
            path, method = f"{path}/{MARKER}/{quote(raw.pop(MARKER), safe='')}", "PATCH"
        guard = {_RULES: ANYWAY} if meta.beside else {}
        record = await self._send(method, path, shape, raw, where="Id = '@{made.id}'", guard=guard)
        made.ref = record.ref
        return record

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove a record if it still is at `expect`. Salesforce guards no removal: a small window stays."""
        unmoved(await self._org.read(ref), expect)
        await self._org.link.wire.write("DELETE", f"{ROOT}/sobjects/{object_of(ref)}/{ref.id}")

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """By the op id's own field; else by the footer under an activity, or by what this sitting's journal knows."""
        found = await asyncio.gather(*(self._marked(name, op_id) for name in OBJECTS[kind]))
        return next((each for records in found for each in records), None)

    async def _check(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> None:
        check(self._org.scope, await self._org.describe(kind), fields, names_a, new=new)

    async def _refuse_twin(
        self, kind: Kind, fields: Mapping[str, Value], except_id: str, beside: Collection[str]
    ) -> None:
        """Duplicate rules know nothing of aliases: the identity key is looked up in the database itself."""
        name = {Kind.CONTACT: "email", Kind.ACCOUNT: "domain"}.get(kind, "")
        if isinstance(fields.get(name), str) and not self._org.scope.may_read(kind, name):
            raise Refused(
                f"whether there is such a {kind.label} cannot be looked up: {name} is not in the read scope",
                field=name,
                fix=f"let {kind.value}.{name} be read in the hierarchy page",
            )
        await refuse_twin(self._org.find, kind, fields, except_id, beside=beside)

    async def _raw(self, fields: Mapping[str, Value], shape: Shape) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        for name, value in fields.items():
            column = shape.names[name]
            raw[column.name] = await self._owner(value) if name == "owner" else raw_of(value, column, name)
        return raw

    async def _owner(self, who: Value) -> str:
        if not isinstance(who, str) or not who:
            raise Refused("a record without an owner cannot be", field="owner", fix="name the owner")
        return await self._org.owner_id(who)

    async def _new_activity(self, fields: Mapping[str, Value], shape: Shape, meta: WriteMeta) -> dict[str, Any]:
        """A Task, or an Event for a meeting, on the deal (or the account) and its people; the audit line below it."""
        name, now = shape.object, self._org.link.now()
        if name == "Task" and not fields.get("status") and fields["type"] != "task":
            fields = {**fields, "status": "done"}  # a call, a mail, a note: it happened
        at, due, contacts = fields.get("at"), fields.get("due"), fields.get("contacts") or ()
        assert isinstance(contacts, tuple)  # checked before
        if len(contacts) > activity.MOST_CONTACTS:
            said = f"an activity takes {activity.MOST_CONTACTS} contacts"
            raise Refused(said, field="contacts", fix="leave some of them out")
        shared = f"{name}WhoIds" in shape.columns
        held = activity.holding(fields, name, now, shared=shared)
        most = shape.columns["Description"].length
        text = text_of(str(fields.get("body") or ""), held, meta.footer(), most)
        raw: dict[str, Any] = {"Subject": fields["subject"], "Description": text}
        if what := fields.get("opportunity") or fields.get("account"):
            raw["WhatId"] = what
        if contacts:
            raw |= {f"{name}WhoIds": list(contacts)} if shared else {"WhoId": contacts[0]}
        if fields.get("owner"):
            raw["OwnerId"] = await self._owner(fields["owner"])
        if name == "Event":
            if not isinstance(at, datetime):
                raise Refused("a meeting needs the time it began", field="at", fix="fill When")
            if due is not None:
                raise Refused("a meeting in Salesforce has no due date", field="due", fix="make a task of it")
            # how long it took is not known; nobody's calendar is blocked, and nobody is reminded of the past
            return raw | {"StartDateTime": stamp(at), "DurationInMinutes": 0, "ShowAs": "Free", "IsReminderSet": False}
        raw["TaskSubtype"] = activity.SUBTYPES[str(fields["type"])]
        raw["Status"] = await self._status(fields.get("status") == "done")
        if isinstance(at, datetime) and due is None and fields.get("status") == "done":
            raw["ActivityDate"] = at.astimezone(now.tzinfo).date().isoformat()
        elif due is not None:
            raw["ActivityDate"] = str(due)
        kinds = shape.columns["Type"].options if "Type" in shape.columns else {}
        named = next((value for label, value in kinds.items() if label.casefold() == fields["type"]), None)
        return raw | ({"Type": named} if named else {})

    async def _changed_activity(self, fields: Mapping[str, Value], shape: Shape, current: Record) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in _LATER or (name in ("due", "status") and shape.object == "Event"):
                raise stays(name, "Salesforce")
            match name:
                case "status":
                    raw["Status"] = await self._status(value == "done")
                case "owner":
                    raw["OwnerId"] = await self._owner(value)
                case "body":
                    text = with_tail(str(value or ""), current.text("body"))
                    raw["Description"] = short_enough(text, shape.columns["Description"].length)
                case _:
                    raw[shape.names[name].name] = raw_of(value, shape.names[name], name)
        return raw

    async def _status(self, closed: bool) -> str:
        """What this organisation calls a done (or a new) task."""
        self._statuses = self._statuses or await self._org.rows(
            "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder"
        )
        fit = [each for each in self._statuses if each["IsClosed"] is closed]
        if not fit:
            raise Refused("the organisation has no such status", field="status", fix="ask the administrator")
        return str(next((each for each in fit if each["IsDefault"]), fit[0])["ApiName"])

    def _audit(self, shape: Shape, meta: WriteMeta, *, new: bool) -> dict[str, str]:
        """Where the write came from, in the organisation's own fields. A later write leaves the mark of a create."""
        of = "Activity" if KINDS[shape.object] is Kind.ACTIVITY else shape.object
        wanted = [each for each in VENDOR.audit_fields if each.of == of]
        if not new and of != "Opportunity":
            wanted = [each for each in wanted if each.name != MARKER]
        return filled(wanted, self._org.link, shape.object, shape.columns, meta)

    def _marks(self, shape: Shape) -> bool:
        """Whether a create carries the op id in a field: it was there when connecting, and is there now."""
        return f"{shape.object}.{MARKER}" in self._org.link.audit_fields and MARKER in shape.columns

    async def _made_before(self, shape: Shape, op_id: str) -> Record | None:
        """What this operation made already. Raises Refused when that was removed since."""
        if self._marks(shape):
            where = f"{MARKER} = {quoted(op_id)}"
            rows = await self._org.rows(f"SELECT Id, IsDeleted FROM {shape.object} WHERE {where}", deleted=True)
            gone = bool(rows) and all(each["IsDeleted"] for each in rows)
            found = await self._org.select(shape.object, where) if rows and not gone else []
        else:
            found, made = await self._marked(shape.object, op_id), self._journal.get(op_id)
            gone = bool(made and made.ref and not found)
        if gone:
            raise removed_again()
        return found[0] if found else None

    async def _marked(self, name: str, op_id: str) -> list[Record]:
        if not await self._org.shows(name):
            return []
        if self._marks(await self._org.shape(name)):
            return await self._org.select(name, f"{MARKER} = {quoted(op_id)}")
        return await (self._by_footer if KINDS[name] is Kind.ACTIVITY else self._by_journal)(name, op_id)

    async def _by_footer(self, name: str, op_id: str) -> list[Record]:
        """Long text cannot be searched for exactly: this user's activities of the last days are looked through."""
        if not self._org.scope.may_read(Kind.ACTIVITY, "body"):
            raise Unreachable(
                "whether it arrived cannot be told: the text of activities is not in the read scope",
                fix=f"let activity.body be read, or have the administrator create {MARKER}",
            )
        mine = await self._mine(self._org.server_now - _RECENT)
        rows = await self._org.rows(f"SELECT Id, Description FROM {name} WHERE {mine}")
        ids = [row["Id"] for row in rows if f"; op {op_id}; trail " in (row["Description"] or "")]
        return await self._org.select(name, f"Id = {quoted(ids[0])}") if ids else []

    async def _by_journal(self, name: str, op_id: str) -> list[Record]:
        made = self._journal.get(op_id)
        if made is None or made.kind is not KINDS[name]:
            return []
        if made.ref is not None:
            return await self._org.select(name, f"Id = {quoted(made.ref.id)}")
        same = [f"{each} = {quoted(made.raw[each])}" for each in _TELLING if isinstance(made.raw.get(each), str)]
        others = {each.ref for each in self._journal.values() if each.ref}
        found = await self._org.select(name, " AND ".join([await self._mine(made.since), *same]))
        return [each for each in found if each.ref not in others]

    async def _mine(self, since: datetime) -> str:
        return f"CreatedById = {quoted(await self._org.user_id())} AND CreatedDate >= {stamp(since)}"

    async def _send(
        self, method: str, path: str, shape: Shape, raw: Mapping[str, Any], *, where: str, guard: Mapping[str, str]
    ) -> Record:
        """The write, and the record as it stands after it. Raises what the part that failed means."""
        soql = f"SELECT {selected(shape, self._org.scope)} FROM {shape.object} WHERE {where}"
        guards = {_RULES: DUPLICATES, **guard}
        parts = [
            {"method": method, "url": path, "referenceId": "made", "httpHeaders": guards, "body": dict(raw)},
            {"method": "GET", "url": path_of(soql), "referenceId": "stands"},
        ]
        body = {"allOrNone": True, "compositeRequest": parts}
        answer = await self._org.link.wire.write("POST", f"{ROOT}/composite", body=body)
        try:
            told = [(int(each["httpStatusCode"]), each.get("body")) for each in answer.data["compositeResponse"]]
            failed = next((each for each in told if each[0] >= 300 and not _halted(each[1])), None)
            rows = [] if failed else told[1][1]["records"]
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise OutcomeUnknown("Salesforce answered the write in a way that is not understood") from error
        if failed:
            refusal = _failure(*failed)
            if isinstance(refusal, Unshown):
                self._org.forget()
            raise refusal
        if not rows:
            raise OutcomeUnknown("it was saved, but you may not see the record any more")
        try:
            return self._org.record(rows[0], shape)
        except Unreachable as error:
            raise OutcomeUnknown(str(error), fix=error.fix) from error


def _halted(body: Any) -> bool:
    """A part that was only rolled back because of another."""
    first = body[0] if isinstance(body, list) and body else {}
    return isinstance(first, dict) and first.get("errorCode") == "PROCESSING_HALTED"


def _failure(status: int, body: Any) -> Exception:
    if status < 400:
        return Refused("several records carry the mark of this write", fix="ask the Salesforce administrator")
    if found := meaning(status, body):
        return found
    if status == 404:
        return NotFound("Salesforce has no such record")
    return OutcomeUnknown(f"Salesforce answered with an error of its own ({status})")
