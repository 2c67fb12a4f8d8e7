"""The write door of HubSpot, which has no conditional write: each record is read and compared right before.

A small window stays between that look and the write; the account's own history of the field tells what a write went
over. A create is looked up first and, where the administrator made the marker property, cannot happen twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gangly_tui.connectors.record import hubspot_activity as activity
from gangly_tui.connectors.record.before import check, refuse_twin, removed_again, unmoved
from gangly_tui.connectors.record.formatted import from_html
from gangly_tui.connectors.record.hubspot_map import (
    ACTIVITIES,
    AUDIT,
    KINDS,
    LINK_TYPES,
    LINKS,
    MARKER,
    OBJECTS,
    Shape,
    milliseconds,
    moment,
    raw_of,
    ref_of,
    stamp,
    where,
)
from gangly_tui.connectors.record.hubspot_org import Org, path_of, understood
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import ConnectorError, DuplicateFound, NotFound, OutcomeUnknown, Refused, Unreachable
from gangly_tui.domain.identity import person_key
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

_SLACK: Final = timedelta(minutes=5)
"""How far this clock and HubSpot's may be apart."""
_TELLING = ("email", "dealname", "name", "lastname", "firstname")
"""Texts that tell one new record from another."""


@dataclass(kw_only=True)
class _Made:
    """The journal of one create, for an account without the marker. `id` is "" until the answer came."""

    name: str
    sent: Mapping[str, str]
    since: datetime
    id: str = ""


class HubspotWriter:
    """The write door. One call is one write; nothing is sent twice here."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._org = Org(link)
        self._one_at_a_time = asyncio.Lock()
        self._journal: dict[str, _Made] = {}

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields if the record is still at `expect`."""
        name, identifier = where(ref)
        async with self._one_at_a_time:
            await self._check(ref.kind, fields, new=False)
            await refuse_twin(self._org.find, ref.kind, fields, ref.id)
            owner = await self._owner(fields)
            # all other questions are asked: nothing comes in between
            current = unmoved(await self._org.read(ref), expect)
            properties = await self._properties(name, fields, meta, current, owner)
            await self._send("PATCH", path_of(name, identifier), {"properties": properties}, ref.kind, fields)
            return await self._answer(ref)

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record that carries the op id; a second create of the same operation answers with the first."""
        name = ACTIVITIES.get(str(fields.get("type")), "") if kind is Kind.ACTIVITY else OBJECTS[kind][0]
        await self._check(kind, fields, new=True)
        async with self._one_at_a_time:
            marked = self._marks(name)
            if known := await (self._marked(name, meta.op_id) if marked else self._journaled(name, meta.op_id)):
                return known
            await refuse_twin(self._org.find, kind, fields, beside=meta.beside)
            properties = await self._properties(name, fields, meta, None, await self._owner(fields))
            body: dict[str, object] = {"properties": properties | ({MARKER: meta.op_id} if marked else {})}
            if associations := _associations(kind, name, fields):
                body["associations"] = associations
            self._journal[meta.op_id] = entry = _Made(name=name, sent=properties, since=self._org.now() - _SLACK)
            try:
                entry.id = await self._send("POST", path_of(name), body, kind, fields)
            except (Refused, Unreachable) as error:
                del self._journal[meta.op_id]
                taken = isinstance(error, Refused) and error.field == MARKER
                if taken and (known := await self._marked(name, meta.op_id)):
                    return known  # another window's attempt of this very write arrived first
                raise
            return await self._answer(ref_of(name, entry.id))

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Put a record into HubSpot's recycle bin if it is still at `expect`."""
        async with self._one_at_a_time:
            unmoved(await self._org.read(ref), expect)
            await self._link.wire.write("DELETE", path_of(*where(ref)))

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The record that this operation created: by the marker property, or by the line under an activity's text."""
        names = [each for each in OBJECTS[kind] if each != "emails" or await self._org.may_see_emails()]
        found = await asyncio.gather(*(self._find_in(name, kind, op_id) for name in names))
        return next(filter(None, found), None)

    async def _find_in(self, name: str, kind: Kind, op_id: str) -> Record | None:
        if self._marks(name):
            return await self._there(ref_of(name, op_id), by=MARKER)
        made = self._journal.get(op_id)
        if made and made.name != name:
            return None
        if made and (made.id or kind is not Kind.ACTIVITY):
            return await self._by_journal(made)
        if kind is not Kind.ACTIVITY:
            return None
        column = activity.PROPERTIES[name]["body"]
        wanted = {"propertyName": column, "operator": "CONTAINS_TOKEN", "value": op_id}
        body = {"filterGroups": [{"filters": [wanted]}], "properties": [column], "limit": 10}
        for row in (await self._org.search(name, body))["results"]:
            if f"op {op_id};" in from_html(row["properties"].get(column) or ""):
                return await self._org.read(ref_of(name, str(row["id"])))
        return None

    async def _journaled(self, name: str, op_id: str) -> Record | None:
        """What this operation created in this sitting. Raises Refused when that was removed again."""
        if op_id not in self._journal:
            return None
        found = await self._find_in(name, KINDS[name], op_id)
        if found is None and self._journal[op_id].id:
            raise removed_again()
        return found

    async def _by_journal(self, made: _Made) -> Record | None:
        """By the id of the answer; where none came, the record since then that holds what was sent."""
        kind = KINDS[made.name]
        if made.id:
            return await self._there(ref_of(made.name, made.id))
        email = made.sent.get("email", "")
        ids = [each.ref.id for each in await self._org.find(kind, person_key(email))] if email else []
        if telling := [each for each in _TELLING if made.sent.get(each)]:
            since = {"propertyName": "createdate", "operator": "GTE", "value": str(milliseconds(made.since))}
            same = [{"propertyName": each, "operator": "EQ", "value": made.sent[each]} for each in telling[:2]]
            body = {"filterGroups": [{"filters": [since, *same]}], "properties": telling, "limit": 20}
            ids += [str(row["id"]) for row in (await self._org.search(made.name, body))["results"]]
        others = {each.id for each in self._journal.values() if each is not made}
        for identifier in dict.fromkeys(ids):
            if identifier not in others and await self._holds(made, identifier):
                return await self._org.read(ref_of(made.name, identifier))
        return None

    async def _holds(self, made: _Made, identifier: str) -> bool:
        """Whether a record is the one that was sent: made since, and with the texts of it."""
        params = {"properties": ",".join(["createdate", *made.sent])}
        try:
            row = (await self._link.wire.read(path_of(made.name, identifier), params=params)).data
        except NotFound:
            return False
        with understood():
            held = row["properties"]
            same = all(held.get(each, "") == made.sent[each] for each in _TELLING if each in made.sent)
            return same and moment(row["createdAt"]) >= made.since

    async def _there(self, ref: RecordRef, *, by: str = "", archived: bool = False) -> Record | None:
        try:
            return await self._org.read(ref, by=by, archived=archived)
        except NotFound:
            return None

    def _marks(self, name: str) -> bool:
        return f"{name}.{MARKER}" in self._link.audit_fields

    async def _marked(self, name: str, op_id: str) -> Record | None:
        """What this operation created before. Raises Refused when that was removed again."""
        ref = ref_of(name, op_id)
        found = await self._there(ref, by=MARKER)
        if found is None and await self._there(ref, by=MARKER, archived=True):
            raise removed_again()
        return found

    async def _check(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> None:
        """What HubSpot would refuse, or take in silence, is refused here, by field."""
        for ours in fields:
            if not new and (kind, ours) in LINKS and not await self._is_a_property(kind, ours):
                raise Refused(f"an association ({ours}) is set in HubSpot itself", field=ours, fix="open the record")
        schema = await self._org.full_schema(kind)
        check(self._link.scope, schema, fields, lambda _kind, _id: True, new=new)

    async def _is_a_property(self, kind: Kind, ours: str) -> bool:
        """Whether an association can be changed by a property: a contact's primary company."""
        column = (await self._org.shape(kind)).names.get(ours) if kind is Kind.CONTACT else None
        return column is not None and not column.read_only

    async def _properties(
        self, name: str, fields: Mapping[str, Value], meta: WriteMeta, current: Record | None, owner: str | None
    ) -> dict[str, str]:
        """What is sent: the fields, each in HubSpot's own form, and the audit properties the account has."""
        now = self._org.now()
        kind = ref_of(name, "").kind
        found: dict[str, str] = {}
        if kind is Kind.ACTIVITY:
            found = activity.properties_of(name, fields, current.fields if current else None, meta.footer(), now)
        else:
            shape = await self._org.shape(kind)
            for ours, value in fields.items():
                if ours == "stage":
                    found |= self._stage(shape, value, current)
                elif ours in shape.names and ours != "owner" and (current or (kind, ours) not in LINKS):
                    found[shape.names[ours].name] = raw_of(value, shape.names[ours], self._org.here)
        found |= {"hubspot_owner_id": owner} if owner is not None else {}
        audit = {theirs: getattr(meta, part) for theirs, part in AUDIT.items()}
        audit["gangly_approved_at"] = stamp(meta.approved_at)
        return found | {each: value for each, value in audit.items() if f"{name}.{each}" in self._link.audit_fields}

    async def _owner(self, fields: Mapping[str, Value]) -> str | None:
        """The owner's id, "" for nobody; None when the owner is not written."""
        if "owner" not in fields:
            return None
        return await self._org.owner_id(str(fields["owner"])) if fields["owner"] else ""

    def _stage(self, shape: Shape, value: Value, current: Record | None) -> dict[str, str]:
        """A stage is one of the deal's own pipeline; a new deal says which pipeline that is."""
        column = shape.names["stage"]
        wanted = column.options.get(str(value), str(value))
        stage = next((each for each in shape.stages if each.id == wanted), None)
        if current is None or stage is None:
            return {column.name: wanted} | ({"pipeline": stage.pipeline} if stage else {})
        stands = column.options.get(current.text("stage"), current.text("stage"))
        now_in = next((each for each in shape.stages if each.id == stands), stage)
        if now_in.pipeline != stage.pipeline:
            raise Refused(
                f"{stage.label} is a stage of {stage.pipeline_label}; this deal is in {now_in.pipeline_label}",
                field="stage",
                fix="move the deal to that pipeline in HubSpot first",
            )
        return {column.name: wanted}

    async def _send(
        self, method: str, path: str, body: Mapping[str, object], kind: Kind, fields: Mapping[str, Value]
    ) -> str:
        """One write. Returns the id of the answer; a refusal names our field where it is one of ours."""
        try:
            answer = await self._link.wire.write(method, path, body=body)
        except DuplicateFound:
            raise
        except Refused as error:
            said, theirs = str(error), error.field
            if not theirs:  # an association that is not taken is named by the id alone
                linked = [each for of, each in LINKS if of is kind]
                ours = next((each for each in linked if any(one in said for one in _ids(fields.get(each)))), "")
                raise Refused(said, field=ours, fix=error.fix) from error
            ours = theirs if kind is Kind.ACTIVITY else (await self._org.shape(kind)).ours(theirs) or theirs
            said = re.sub(rf"\b{re.escape(theirs)}\b", ours.replace("_", " "), said)
            raise Refused(said, field=ours, fix=error.fix) from error
        if not isinstance(answer.data, dict) or "id" not in answer.data:
            raise OutcomeUnknown("HubSpot answered, but not with the record")
        return str(answer.data["id"])

    async def _answer(self, ref: RecordRef) -> Record:
        """What stands there after the write. It was applied: a read that fails now leaves only its outcome open."""
        try:
            return await self._org.read(ref)
        except ConnectorError as error:
            raise OutcomeUnknown(f"HubSpot took it, but it could not be read back: {error}") from error


def _associations(kind: Kind, name: str, fields: Mapping[str, Value]) -> list[dict[str, object]]:
    """Whom a new record belongs to."""
    found: list[dict[str, object]] = []
    for (of, ours), to in LINKS.items():
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINK_TYPES.get((name, to), 0)}]
        found += [{"to": {"id": each}, "types": types} for each in _ids(fields.get(ours)) if of is kind]
    return found


def _ids(value: Value) -> tuple[str, ...]:
    """The ids that a reference field names."""
    return tuple(filter(None, (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()))
