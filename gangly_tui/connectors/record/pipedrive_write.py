"""The write door of Pipedrive. One call sends one write and retries nothing.

Pipedrive guards nothing: the record is read and compared right before each write, writes of this sitting one after
the other. It blocks no duplicate either: the mailbox, or the domain, is looked up here before a create. A create is
found again by the op id: in its own custom field, in the text of an activity or note, or by what this sitting knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from gangly_tui.connectors.record import pipedrive_activity as activity
from gangly_tui.connectors.record.audit import filled
from gangly_tui.connectors.record.before import check, refuse_twin, removed_again, stays, unmoved
from gangly_tui.connectors.record.described import Column
from gangly_tui.connectors.record.formatted import note_of, to_html
from gangly_tui.connectors.record.held_line import short_enough, text_of, with_tail
from gangly_tui.connectors.record.journal import Made
from gangly_tui.connectors.record.pipedrive import MARKER, VENDOR
from gangly_tui.connectors.record.pipedrive_map import ENTITIES, LOST, PATHS, WON, names_of, with_primary
from gangly_tui.connectors.record.pipedrive_marks import by_content, by_marker, by_text
from gangly_tui.connectors.record.pipedrive_org import LAG, V1, V2, Org, names_a, place_of
from gangly_tui.connectors.record.plain_values import number
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, OutcomeUnknown, Refused, Unreachable
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

_EMPTIED: Mapping[str, Any] = {"job_title": "", "website": None, "employee_count": None, "industry": None}
"""How a field is emptied. For the others Pipedrive describes no empty value."""
_LATER = frozenset({"subject", "body", "due", "at", "status", "owner"})
"""What of an activity may be changed once it is there."""


class PipedriveWriter:
    """The write door. Constructed for the Courier alone."""

    def __init__(self, link: Link) -> None:
        self._org = Org(link)
        self._journal: dict[str, Made] = {}
        self._one = asyncio.Lock()

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields if the record, read right before, still is at `expect`; a small window stays."""
        async with self._one:
            row, current = await self._at(ref, expect)
            await self._check(ref.kind, fields, new=False)
            await refuse_twin(self._org.find, ref.kind, fields, ref.id)
            path, where = place_of(ref)
            if path == "notes":
                return await self._send("PUT", where, _changed_note(fields, current), ref.kind, path)
            if path == "activities":
                raw = await self._changed_activity(fields, current)
            else:
                raw = await self._raw(ref.kind, fields, row, meta, new=False)
            return await self._send("PATCH", where, raw, ref.kind, path)

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record that carries the op id, unless one carries it already."""
        async with self._one:
            await self._check(kind, fields, new=True)
            if known := await self.find_op(kind, meta.op_id):
                return known
            if (made := self._journal.get(meta.op_id)) and made.ref:
                raise removed_again()
            await refuse_twin(self._org.find, kind, fields, beside=meta.beside)
            path, where = PATHS[kind], V2
            if kind is Kind.ACTIVITY and activity.is_note(fields):
                path, where = "notes", V1
                raw = _new_note(fields, meta)
            elif kind is Kind.ACTIVITY:
                raw = await self._new_activity(fields, meta)
            else:
                whole = {name: value for name, value in fields.items() if value not in (None, "", ())}
                raw = await self._raw(kind, whole, {}, meta, new=True)
            since = max(self._org.server_now, self._org.link.now() - LAG)
            self._journal[meta.op_id] = made = Made(kind=kind, raw=raw, since=since)
            record = await self._send("POST", f"{where}/{path}", raw, kind, path)
            made.ref = record.ref
            return record

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove a record if, read right before, it still is at `expect`; a small window stays."""
        async with self._one:
            await self._at(ref, expect)
            await self._org.link.wire.write("DELETE", place_of(ref)[1])

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The record that carries the op id. Fresh: what is too young for the search is looked for in the list."""
        made = self._journal.get(op_id)
        if made and made.ref and made.kind is kind:
            try:
                return await self._org.read(made.ref)
            except NotFound:
                return None
        if kind is Kind.ACTIVITY:
            return await by_text(self._org, op_id)
        marker = (await self._org.shape(kind)).columns.get(MARKER)
        if marker and f"{ENTITIES[kind]}.{MARKER}" in self._org.link.audit_fields:
            return await by_marker(self._org, kind, marker, op_id)
        return await by_content(self._org, kind, made.raw, made.since) if made and made.kind is kind else None

    async def _at(self, ref: RecordRef, expect: str) -> tuple[Mapping[str, Any], Record]:
        """The record, read right before the write. Raises RecordMoved, NotFound."""
        row = await self._org.row(ref)
        return row, unmoved(await self._org.record(row, ref.kind, place_of(ref)[0]), expect)

    async def _check(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> None:
        check(self._org.scope, await self._org.describe(kind), fields, names_a, new=new)

    async def _send(self, method: str, where: str, raw: Mapping[str, Any], kind: Kind, path: str) -> Record:
        """One write. Its answer holds the record as it stands; an answer that does not says nothing of the write."""
        answer = await self._org.link.wire.write(method, where, body=raw)
        data = answer.data.get("data") if isinstance(answer.data, dict) else None
        if not isinstance(data, dict):
            raise OutcomeUnknown("Pipedrive answered without the record")
        try:
            return await self._org.record(data, kind, path)
        except (Unreachable, Refused) as error:
            raise OutcomeUnknown(f"Pipedrive's answer was not understood: {error}") from error

    async def _raw(
        self, kind: Kind, fields: Mapping[str, Value], row: Mapping[str, Any], meta: WriteMeta, *, new: bool
    ) -> dict[str, Any]:
        """The fields as Pipedrive takes them, and the audit fields that connecting found. `row` is what stands there.

        The op id in its field stays the creating one's.
        """
        shape = await self._org.shape(kind)
        marks = [each for each in VENDOR.audit_fields if each.of == shape.of and (new or each.meta != "op_id")]
        custom: dict[str, Any] = {}
        raw: dict[str, Any] = {}
        for ours, value in fields.items():
            column = shape.names[ours]
            empty = value in (None, "", ())
            if column.custom:
                custom[column.name] = None if empty else column.options.get(str(value), value)
            elif ours in ("first_name", "last_name"):
                names = {**names_of(row), **fields}
                raw["name"] = " ".join(str(each) for each in (names.get("first_name"), names.get("last_name")) if each)
            elif ours in ("email", "phone"):
                raw[column.name] = with_primary(row.get(column.name), str(value or ""), ours)
            elif not empty:
                raw |= await self._standard(ours, value, column, row)
            elif column.name in _EMPTIED:
                raw[column.name] = _EMPTIED[column.name]
            else:
                said = f"Pipedrive has no way to empty {column.label} from outside"
                raise Refused(said, field=ours, fix="empty it in Pipedrive")
        custom |= filled(marks, self._org.link, shape.of, shape.columns, meta)
        return raw | ({"custom_fields": custom} if custom else {})

    async def _standard(self, ours: str, value: Value, column: Column, row: Mapping[str, Any]) -> dict[str, Any]:
        match ours:
            case "stage":
                return await self._stage(str(value), row)
            case "owner":
                return {column.name: await self._org.user_id(value)}
            case "account":
                return {column.name: int(str(value))}
            case "contacts":
                assert isinstance(value, tuple)  # checked before
                if len(value) > 1:
                    raise Refused("a deal has one contact in Pipedrive", field=ours, fix="name the main one")
                return {column.name: int(value[0])}
            case "amount" | "employees":
                found = number(Decimal(str(value)), column.label, ours)
                if ours == "employees" and not isinstance(found, int):
                    raise Refused("a head count is a whole number", field=ours, fix="correct it")
                return {column.name: found}
            case _:
                return {column.name: column.options.get(str(value), str(value))}

    async def _stage(self, label: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """A stage of the deal's own pipeline; a new deal takes the first pipeline that has one of this name."""
        words = await self._org.words()
        ended = {WON: "won", LOST: "lost"}.get(label)
        named = [each for each in words.stages if each.name == label]
        if ended and not named:
            if not row:
                raise Refused("a new deal begins in a stage", field="stage", fix="choose a stage that is open")
            return {"status": ended}
        here = [each for each in named if each.pipeline == row.get("pipeline_id")] if row else named
        if not here:
            owns = " or ".join(sorted({words.pipelines.get(each.pipeline, "another") for each in named}))
            own = words.pipelines.get(row.get("pipeline_id", 0), "another pipeline")
            said = f"{label} is a stage of {owns}, and this deal is in {own}"
            raise Refused(said, field="stage", fix="move the deal to that pipeline in Pipedrive first")
        raw: dict[str, Any] = {"stage_id": here[0].id}
        return raw | ({"status": "open"} if row.get("status") in ("won", "lost") else {})

    async def _new_activity(self, fields: Mapping[str, Value], meta: WriteMeta) -> dict[str, Any]:
        """An activity on the deal, the account and its people; nobody's calendar is blocked by it."""
        raw: dict[str, Any] = {
            "subject": fields["subject"],
            "type": activity.type_key(fields, await self._org.words()),
            "note": to_html(_new_text(fields, meta)),
            "done": fields.get("status") == "done",
            "busy": False,
            **activity.times_of(fields),
            **_anchors(fields),
        }
        if people := _people(fields):
            raw["participants"] = [{"person_id": each, "primary": place == 0} for place, each in enumerate(people)]
        return raw | ({"owner_id": await self._org.user_id(fields["owner"])} if fields.get("owner") else {})

    async def _changed_activity(self, fields: Mapping[str, Value], current: Record) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in _LATER:
                raise stays(name, "Pipedrive")
            match name:
                case "status":
                    raw["done"] = value == "done"
                case "owner":
                    raw["owner_id"] = await self._org.user_id(value)
                case "body":
                    raw["note"] = to_html(_changed_text(value, current))
                case "subject":
                    raw["subject"] = value
                case _:
                    if value is None:
                        raise Refused(f"Pipedrive has no way to empty {name}", field=name, fix="empty it in Pipedrive")
                    if name == "at" and current.fields.get("type") == "task":
                        raise Refused("when a task was promised stays as it is", field=name, fix="change its due date")
                    if isinstance(value, datetime) and value.microsecond:
                        raise Refused("Pipedrive keeps whole seconds", field=name, fix="leave the fraction out")
                    raw |= activity.times_of({"type": current.fields.get("type"), name: value})
        return raw


def _people(fields: Mapping[str, Value]) -> list[int]:
    contacts = fields.get("contacts") or ()
    assert isinstance(contacts, tuple)  # checked before
    return [int(each) for each in contacts]


def _anchors(fields: Mapping[str, Value]) -> dict[str, int]:
    """The deal and the account that an activity hangs on."""
    names = {"opportunity": "deal_id", "account": "org_id"}
    return {code: int(str(fields[ours])) for ours, code in names.items() if fields.get(ours)}


def _new_text(fields: Mapping[str, Value], meta: WriteMeta) -> str:
    return text_of(str(fields.get("body") or ""), activity.holding(fields), meta.footer(), activity.BODY_MOST)


def _changed_text(body: Value, current: Record) -> str:
    return short_enough(with_tail(str(body or ""), current.text("body")), activity.BODY_MOST)


def _new_note(fields: Mapping[str, Value], meta: WriteMeta) -> dict[str, Any]:
    if fields.get("status") == "open" or fields.get("due") is not None:
        name = "due" if fields.get("due") is not None else "status"
        raise Refused("a note is nothing to do", field=name, fix="make it a task")
    content, people = note_of(str(fields["subject"]), _new_text(fields, meta)), _people(fields)
    return {"content": content, **_anchors(fields), **({"person_id": people[0]} if people else {})}


def _changed_note(fields: Mapping[str, Value], current: Record) -> dict[str, Any]:
    for name in fields:
        if name not in ("subject", "body"):
            raise stays(name, "Pipedrive")
    body = _changed_text(fields["body"], current) if "body" in fields else current.text("body")
    return {"content": note_of(str(fields.get("subject") or current.text("subject")), body)}
