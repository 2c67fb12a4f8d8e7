"""The write door of Dynamics. One call sends one write and retries nothing.

Every PATCH names the version it changes (`If-Match`), or says that it may only create (`If-None-Match: *`): without
either it would be an upsert. A create's id is made of its operation's, so that sent again it cannot make a second row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from gangly_tui.connectors.record import dynamics_activity as activity
from gangly_tui.connectors.record.before import check_scope, refuse_twin, twins, unmoved
from gangly_tui.connectors.record.dynamics import VENDOR
from gangly_tui.connectors.record.dynamics_errors import Exists, RuleDuplicate, Stale
from gangly_tui.connectors.record.dynamics_map import ANNOTATIONS, OF_KIND, TABLES, Shape, Table, ref_of
from gangly_tui.connectors.record.dynamics_org import ROOT, Org, names_a, place_of
from gangly_tui.connectors.record.dynamics_values import CLOSED, quoted, raw_of
from gangly_tui.connectors.record.held_line import short_enough, with_tail
from gangly_tui.connectors.record.plain_values import stamp
from gangly_tui.connectors.record.rules import validate
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import DuplicateFound, NotFound, OutcomeUnknown, RecordMoved, Refused, Unreachable
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

_OURS = UUID("6b0d4d0e-6a5c-5f0e-9a57-9f5f1c1d2a11")
_ANSWER = f'return=representation,odata.include-annotations="{ANNOTATIONS}"'
_BLOCK = {"MSCRM.SuppressDuplicateDetection": "false"}
"""Rules against duplicates are off in the API unless they are asked for."""
_LATER = frozenset({"subject", "body", "due", "status", "owner"})
"""What of an activity may be changed once it is there."""


def id_of(op_id: str, table: Table) -> str:
    """The id of the row that an operation creates."""
    return str(uuid5(_OURS, f"{table.name}:{op_id}"))


class DynamicsWriter:
    """The write door. Constructed for the Courier alone."""

    def __init__(self, link: Link) -> None:
        self._org = Org(link)
        self._removed: set[str] = set()
        """Ids removed in this sitting: Dataverse itself forgets them, and would take them again."""

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields if the record still is at `expect`."""
        table, identifier = place_of(ref)
        current = unmoved(await self._org.read(ref), expect)
        shape = await self._org.shape(table)
        await self._check(ref.kind, fields, new=False)
        await refuse_twin(self._org.find, ref.kind, fields, ref.id)
        if table.kind is Kind.ACTIVITY:
            row = await self._changed_activity(fields, shape, current)
        else:
            row = await self._row(fields, shape)
        if "amount" in fields:
            await self._refuse_computed(identifier)
        try:
            return await self._send(table, identifier, shape, row | self._audit(shape, meta), {"If-Match": expect})
        except Stale:
            moved = await self._org.read(ref)
            raise RecordMoved(f"{moved.title} was changed by {moved.updated_by}", current=moved) from None
        except RuleDuplicate as error:
            raise await self._named(error, ref.kind, {**current.fields, **fields}, ref.id) from error

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record under the id of its operation."""
        await self._check(kind, fields, new=True)
        table = self._table_for(kind, fields)
        identifier, shape = id_of(meta.op_id, table), await self._org.shape(table)
        ref = ref_of(table, identifier)
        if identifier in self._removed:
            raise Refused("what this write created was removed again", fix="draft it anew if it is still wanted")
        if known := await self._there(ref):
            return known
        await refuse_twin(self._org.find, kind, fields, identifier)
        if kind is Kind.ACTIVITY:
            row = activity.new_row(fields, shape, await self._org.known(), meta.footer())
            if fields.get("owner"):
                row["ownerid@odata.bind"] = await self._owner(fields["owner"])
        else:
            row = {name: value for name, value in (await self._row(fields, shape)).items() if value is not None}
        try:
            return await self._send(table, identifier, shape, row | self._audit(shape, meta), {"If-None-Match": "*"})
        except Exists:
            return await self._org.read(ref)
        except NotFound as error:  # the row was to be made: what does not exist is what it refers to
            field = next((each for each in ("account", "opportunity", "contacts") if fields.get(each)), "")
            raise Refused(
                "the record it refers to does not exist", field=field, fix="it may have been removed: pull again"
            ) from error
        except RuleDuplicate as error:
            raise await self._named(error, kind, fields, identifier) from error

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove a record if it still is at `expect`."""
        table, identifier = place_of(ref)
        unmoved(await self._org.read(ref), expect)
        try:
            await self._org.link.wire.write("DELETE", f"{ROOT}/{table.set}({identifier})", headers={"If-Match": expect})
        except Stale:
            moved = await self._org.read(ref)
            raise RecordMoved(f"{moved.title} was changed by {moved.updated_by}", current=moved) from None
        self._removed.add(identifier)

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """By the id that this operation's row has: no search, and nothing that lags behind."""
        for table in OF_KIND[kind]:
            if found := await self._there(ref_of(table, id_of(op_id, table))):
                return found
        return None

    async def _there(self, ref: RecordRef) -> Record | None:
        try:
            return await self._org.read(ref)
        except NotFound:
            return None

    def _table_for(self, kind: Kind, fields: Mapping[str, Value]) -> Table:
        return TABLES[activity.TABLE_FOR[str(fields["type"])]] if kind is Kind.ACTIVITY else OF_KIND[kind][0]

    async def _send(
        self, table: Table, identifier: str, shape: Shape, row: Mapping[str, Any], guard: Mapping[str, str]
    ) -> Record:
        """One write, answered with the row as it stands now."""
        columns = (await self._org.columns(table)).partition("&")[0]  # an answer to a write brings no related rows
        answer = await self._org.link.wire.write(
            "PATCH",
            f"{ROOT}/{table.set}({identifier})?{columns}",
            body=row,
            headers={**guard, **_BLOCK, "Prefer": _ANSWER},
        )
        if not isinstance(answer.data, dict):
            raise OutcomeUnknown("Dynamics said yes without showing the record")
        try:
            return await self._org.record(answer.data, shape)
        except Unreachable as error:  # it was applied: only a read can tell what stands
            raise OutcomeUnknown(str(error), fix=error.fix) from error

    async def _check(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> None:
        """What Dataverse would refuse late, keep wrongly or not mind is refused here, by field, before it is sent.

        A record that is there already may lack what the form requires: a write to another field does not mend that.
        """
        schema = await self._org.describe(kind)
        check_scope(self._org.scope, schema, fields)
        if kind is Kind.OPPORTUNITY and fields.get("stage") in CLOSED.values():
            raise Refused(
                "a deal is won or lost in Dynamics itself: it asks for the revenue, the date and the reason",
                field="stage",
                fix="open the deal in Dynamics and close it there",
            )
        others: dict[str, Value] = {} if new else {each.name: "as it is" for each in schema.fields}
        validate(schema, fields, {**others, **fields}, names_a)

    async def _named(self, error: RuleDuplicate, kind: Kind, fields: Mapping[str, Value], except_id: str) -> Refused:
        """A duplicate rule does not say which row it found: it is looked for by mailbox, by domain, by name."""
        found = await twins(self._org.find, kind, fields, except_id)
        if not found and kind is Kind.ACCOUNT and isinstance(name := fields.get("name"), str):
            found = await self._org.select(TABLES["account"], f"name eq {quoted(name)}")
        if not found and kind is Kind.CONTACT and isinstance(last := fields.get("last_name"), str):
            first = fields.get("first_name")
            both = f" and firstname eq {quoted(first)}" if isinstance(first, str) else ""
            found = await self._org.select(TABLES["contact"], f"lastname eq {quoted(last)}{both}")
        found = [each for each in found if each.ref.id != except_id]
        if not found:
            return error
        return DuplicateFound(
            f"Dynamics already has {found[0].title}", existing=found[0].ref, fix="use the one that is there"
        )

    async def _refuse_computed(self, identifier: str) -> None:
        """Of a deal with products Dynamics computes the amount itself, and writes over what it is given."""
        told = await self._org.get(f"opportunities({identifier})?$select=isrevenuesystemcalculated")
        if told.get("isrevenuesystemcalculated"):
            raise Refused(
                "Dynamics computes this deal's amount from its products",
                field="amount",
                fix="change the products in Dynamics, or set Revenue to user provided there",
            )

    async def _row(self, fields: Mapping[str, Value], shape: Shape) -> dict[str, Any]:
        here = (await self._org.known()).here
        row: dict[str, Any] = {}
        for name, value in fields.items():
            column = shape.names[name]
            if name == "owner":
                row["ownerid@odata.bind"] = await self._owner(value)
            elif name == "account":
                bind = f"{column.name}_account" if column.type == "Customer" else column.name
                row[f"{bind}@odata.bind"] = f"/accounts({value})" if value else None
            else:
                row[column.name] = raw_of(value, column, name, here)
        return row

    async def _owner(self, who: Value) -> str:
        if not isinstance(who, str) or not who:
            raise Refused("a record without an owner cannot be", field="owner", fix="name the owner")
        return f"/systemusers({await self._org.owner_id(who)})"

    async def _changed_activity(self, fields: Mapping[str, Value], shape: Shape, current: Record) -> dict[str, Any]:
        row: dict[str, Any] = {}
        here = (await self._org.known()).here
        for name, value in fields.items():
            if name not in _LATER or (name == "due" and name not in shape.names):
                raise Refused(f"{name} of an activity stays as it is", field=name, fix="change it in Dynamics")
            match name:
                case "status":
                    row |= activity.state_of(shape.table, value)
                case "owner":
                    row["ownerid@odata.bind"] = await self._owner(value)
                case "body":
                    text = with_tail(str(value or ""), current.text("body"))
                    row[shape.names["body"].name] = short_enough(text, shape.names["body"].length)
                case "due":
                    row[shape.names["due"].name] = activity.at_noon(value, here)
                case _:
                    row[shape.names[name].name] = value
        return row

    def _audit(self, shape: Shape, meta: WriteMeta) -> dict[str, Any]:
        """Where the latest write came from, in the organisation's own columns; who made a row its id tells."""
        row: dict[str, Any] = {}
        for each in VENDOR.audit_fields:
            column = shape.columns.get(each.name)
            if each.of != shape.table.name or column is None:
                continue
            if f"{each.of}.{each.name}" not in self._org.link.audit_fields:
                continue
            value = getattr(meta, each.meta)
            told = stamp(value) if isinstance(value, datetime) else str(value)
            if not column.length or len(told) <= column.length:  # half a trail head proves nothing
                row[each.name] = told
        return row
