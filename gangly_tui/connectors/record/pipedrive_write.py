"""The write door of Pipedrive. One call sends one write and retries nothing.

Pipedrive guards nothing: the record is read and compared right before each write, writes of this sitting one after
the other. It blocks no duplicate either: the mailbox, or the domain, is looked up here before a create. A create is
found again by the op id: in its own custom field, in the text of an activity or note, or by what this sitting knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gangly_tui.connectors.record import pipedrive_activity as activity
from gangly_tui.connectors.record.before import check_scope, refuse_twin, unmoved
from gangly_tui.connectors.record.journal import Made
from gangly_tui.connectors.record.pipedrive_map import (
    LOST,
    PATHS,
    WON,
    Column,
    Shape,
    names_of,
    number,
    with_primary,
)
from gangly_tui.connectors.record.pipedrive_marks import by_content, by_marker, by_text
from gangly_tui.connectors.record.pipedrive_org import LAG, V1, V2, Org, names_a, place_of
from gangly_tui.connectors.record.rules import validate
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import (
    NotFound,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
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
                return await self._send("PATCH", where, await self._changed_activity(fields, current), ref.kind, path)
            raw = await self._raw(ref.kind, fields, row)
            _join(raw, await self._audit(ref.kind, meta, new=False))
            return await self._send("PATCH", where, raw, ref.kind, path)

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record that carries the op id, unless one carries it already."""
        async with self._one:
            await self._check(kind, fields, new=True)
            if known := await self._made_before(kind, meta.op_id):
                return known
            await refuse_twin(self._org.find, kind, fields)
            path = "notes" if kind is Kind.ACTIVITY and activity.is_note(fields) else PATHS[kind]
            if path == "notes":
                raw = self._new_note(fields, meta)
            elif kind is Kind.ACTIVITY:
                raw = await self._new_activity(fields, meta)
            else:
                filled = {name: value for name, value in fields.items() if value not in (None, "", ())}
                raw = await self._raw(kind, filled, {})
                _join(raw, await self._audit(kind, meta, new=True))
            self._journal[meta.op_id] = made = Made(
                kind=kind, raw=raw, since=max(self._org.server_now, self._org.link.now() - LAG)
            )
            record = await self._send("POST", f"{V1 if path == 'notes' else V2}/{path}", raw, kind, path)
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
        marker = await self._org.marker(kind)
        if marker is not None:
            return await by_marker(self._org, kind, marker, op_id)
        return await by_content(self._org, kind, made.raw, made.since) if made and made.kind is kind else None

    async def _made_before(self, kind: Kind, op_id: str) -> Record | None:
        """The record of an earlier try of this operation. Raises Refused when it was made and removed again."""
        found = await self.find_op(kind, op_id)
        if found is None and (made := self._journal.get(op_id)) and made.ref:
            raise Refused("this was created, and removed again since", fix="draft it anew if it is wanted after all")
        return found

    async def _at(self, ref: RecordRef, expect: str) -> tuple[Mapping[str, Any], Record]:
        """The record, read right before the write. Raises RecordMoved, NotFound."""
        row = await self._org.row(ref)
        return row, unmoved(await self._org.record(row, ref.kind, place_of(ref)[0]), expect)

    async def _check(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> None:
        """What Pipedrive would take and keep wrongly is refused here, by field, before anything is sent."""
        schema = await self._org.describe(kind)
        check_scope(self._org.scope, schema, fields)
        standing = {} if new else {each.name: "stands" for each in schema.fields}
        validate(schema, fields, {**standing, **fields}, names_a)

    async def _raw(self, kind: Kind, fields: Mapping[str, Value], row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as Pipedrive takes them. `row` is what stands there now."""
        shape = await self._org.shape(kind)
        raw: dict[str, Any] = {}
        for ours, value in fields.items():
            column = shape.names[ours]
            empty = value in (None, "", ())
            if column.custom:
                choice = column.options.get(str(value)) if column.options else value
                raw.setdefault("custom_fields", {})[column.code] = None if empty else choice
            elif ours in ("first_name", "last_name"):
                names = {
                    **names_of(row),
                    **{name: fields[name] for name in ("first_name", "last_name") if name in fields},
                }
                raw["name"] = " ".join(str(each) for each in (names["first_name"], names["last_name"]) if each)
            elif ours in ("email", "phone"):
                raw[column.code] = with_primary(row.get(column.code), str(value or ""), ours)
            elif empty:
                if column.code not in _EMPTIED:
                    raise Refused(
                        f"Pipedrive has no way to empty {column.label} from outside", field=ours,
                        fix="empty it in Pipedrive",
                    )  # fmt: skip
                raw[column.code] = _EMPTIED[column.code]
            else:
                raw |= await self._standard(ours, value, column, shape, row)
        return raw

    async def _standard(
        self, ours: str, value: Value, column: Column, shape: Shape, row: Mapping[str, Any]
    ) -> dict[str, Any]:
        match ours:
            case "stage":
                return await self._stage(str(value), row)
            case "owner":
                return {column.code: await self._org.user_id(str(value))}
            case "account":
                return {column.code: int(str(value))}
            case "contacts":
                assert isinstance(value, tuple)  # checked before
                if len(value) > 1:
                    raise Refused("a deal has one contact in Pipedrive", field=ours, fix="name the main one")
                return {column.code: int(value[0])}
            case "amount":
                return {column.code: number(value, ours)}
            case "employees":
                whole = number(value, ours)
                if not isinstance(whole, int):
                    raise Refused("a head count is a whole number", field=ours, fix="correct it")
                return {column.code: whole}
            case _:
                return {column.code: column.options[str(value)] if column.options else str(value)}

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
            raise Refused(
                f"{label} is a stage of {owns}, and this deal is in {own}",
                field="stage",
                fix="move the deal to that pipeline in Pipedrive first",
            )
        raw: dict[str, Any] = {"stage_id": here[0].id}
        return raw | ({"status": "open"} if row.get("status") in ("won", "lost") else {})

    async def _new_activity(self, fields: Mapping[str, Value], meta: WriteMeta) -> dict[str, Any]:
        """An activity on the deal, the account and its people; nobody's calendar is blocked by it."""
        words = await self._org.words()
        contacts = fields.get("contacts") or ()
        assert isinstance(contacts, tuple)  # checked before
        body = activity.text_of(str(fields.get("body") or ""), activity.holding(fields), meta.footer())
        raw: dict[str, Any] = {
            "subject": fields["subject"],
            "type": activity.type_key(fields, words),
            "note": activity.as_html(body),
            "done": fields.get("status") == "done",
            "busy": False,
            **activity.times_of(fields),
            **_anchors(fields),
        }
        if contacts:
            raw["participants"] = [
                {"person_id": int(each), "primary": place == 0} for place, each in enumerate(contacts)
            ]
        if fields.get("owner"):
            raw["owner_id"] = await self._org.user_id(str(fields["owner"]))
        return raw

    def _new_note(self, fields: Mapping[str, Value], meta: WriteMeta) -> dict[str, Any]:
        if fields.get("status") == "open" or fields.get("due") is not None:
            name = "due" if fields.get("due") is not None else "status"
            raise Refused("a note is nothing to do", field=name, fix="make it a task")
        contacts = fields.get("contacts") or ()
        assert isinstance(contacts, tuple)  # checked before
        body = activity.text_of(str(fields.get("body") or ""), activity.holding(fields), meta.footer())
        person = {"person_id": int(contacts[0])} if contacts else {}
        return {"content": activity.note_html(str(fields["subject"]), body), **person, **_anchors(fields)}

    async def _changed_activity(self, fields: Mapping[str, Value], current: Record) -> dict[str, Any]:
        raw: dict[str, Any] = {}
        for name, value in fields.items():
            _may_change(name)
            match name:
                case "status":
                    raw["done"] = value == "done"
                case "owner":
                    raw["owner_id"] = await self._org.user_id(str(value or ""))
                case "body":
                    raw["note"] = activity.as_html(activity.rewritten(str(value or ""), current.text("body")))
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

    async def _audit(self, kind: Kind, meta: WriteMeta, *, new: bool) -> dict[str, str]:
        """The audit fields that connecting found. The op id stays the creating one's."""
        values = {
            "source": meta.source,
            "approved_by": meta.approved_by,
            "approved_at": meta.approved_at.isoformat(),
            "trail_head": meta.trail_head,
        } | ({"op_id": meta.op_id} if new else {})
        there = await self._org.audit(kind)
        whole = {name: value for name, value in values.items() if len(value) <= 255}  # half a trail head proves nothing
        return {there[name].code: value for name, value in whole.items() if name in there}

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


def _anchors(fields: Mapping[str, Value]) -> dict[str, int]:
    """The deal and the account that an activity hangs on."""
    names = {"opportunity": "deal_id", "account": "org_id"}
    return {code: int(str(fields[ours])) for ours, code in names.items() if fields.get(ours)}


def _changed_note(fields: Mapping[str, Value], current: Record) -> dict[str, Any]:
    for name in fields:
        _may_change(name, among=frozenset({"subject", "body"}))
    body = current.text("body")
    if "body" in fields:
        body = activity.rewritten(str(fields["body"] or ""), body)
    return {"content": activity.note_html(str(fields.get("subject") or current.text("subject")), body)}


def _may_change(name: str, among: frozenset[str] = _LATER) -> None:
    if name not in among:
        raise Refused(f"{name} of an activity stays as it is", field=name, fix="change it in Pipedrive")


def _join(raw: dict[str, Any], custom: Mapping[str, Any]) -> None:
    if custom:
        raw["custom_fields"] = {**raw.get("custom_fields", {}), **custom}
