"""The write door of Dynamics. One call sends one write and retries nothing.

Every PATCH names the version it changes (`If-Match`), or says that it may only create (`If-None-Match: *`): without
either it would be an upsert. A create's id is made of its operation's, so that sent again it cannot make a second row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from gangly_tui.connectors.record import dynamics_activity as activity
from gangly_tui.connectors.record.audit import filled
from gangly_tui.connectors.record.before import check, moved, refuse_twin, removed_again, stays, twins, unmoved
from gangly_tui.connectors.record.described import Shape
from gangly_tui.connectors.record.dynamics import VENDOR
from gangly_tui.connectors.record.dynamics_errors import Exists, RuleDuplicate, Stale
from gangly_tui.connectors.record.dynamics_map import CLOSED, GUID, OF_KIND, TABLES, Table, quoted, raw_of, ref_of
from gangly_tui.connectors.record.dynamics_org import ANNOTATIONS, ROOT, Org, place_of
from gangly_tui.connectors.record.held_line import short_enough, with_tail
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import DuplicateFound, NotFound, OutcomeUnknown, Refused, Unreachable
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value

_OURS = UUID("6b0d4d0e-6a5c-5f0e-9a57-9f5f1c1d2a11")
_RULES = "MSCRM.SuppressDuplicateDetection"
_ALWAYS = {
    _RULES: "false",  # rules against duplicates are off in the API unless asked for
    "Prefer": f"return=representation,{ANNOTATIONS}",
}
_LATER = frozenset({"subject", "body", "due", "status", "owner"})
"""What of an activity may be changed once it is there."""


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
        await self._check(ref.kind, fields, new=False)
        await refuse_twin(self._org.find, ref.kind, fields, ref.id)
        shape = await self._org.shape(table)
        if table.kind is Kind.ACTIVITY:
            row = await self._changed_activity(fields, shape, current)
        else:
            row = await self._row(fields, shape)
        if "amount" in fields:
            await self._refuse_computed(identifier)
        try:
            return await self._send(table, identifier, row, {"If-Match": expect}, meta)
        except Stale:
            raise moved(await self._org.read(ref)) from None
        except RuleDuplicate as error:
            raise await self._named(error, ref.kind, {**current.fields, **fields}, ref.id) from error

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record under the id of its operation."""
        await self._check(kind, fields, new=True)
        table = TABLES[activity.TABLE_FOR[str(fields["type"])]] if kind is Kind.ACTIVITY else OF_KIND[kind][0]
        ref = _ref_of(meta.op_id, table)
        identifier = place_of(ref)[1]
        if identifier in self._removed:
            raise removed_again()
        if known := await self._there(ref):
            return known
        await refuse_twin(self._org.find, kind, fields, identifier, beside=meta.beside)
        shape = await self._org.shape(table)
        if kind is Kind.ACTIVITY:
            row = activity.new_row(fields, shape, (await self._org.known()).here, meta.footer())
            row |= await self._owner(fields["owner"]) if fields.get("owner") else {}
        else:
            row = {name: value for name, value in (await self._row(fields, shape)).items() if value is not None}
        try:
            guard = {"If-None-Match": "*", **({_RULES: "true"} if meta.beside else {})}
            return await self._send(table, identifier, row, guard, meta)
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
            raise moved(await self._org.read(ref)) from None
        self._removed.add(identifier)

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """By the id that this operation's row has: no search, and nothing that lags behind."""
        for table in OF_KIND[kind]:
            if found := await self._there(_ref_of(op_id, table)):
                return found
        return None

    async def _there(self, ref: RecordRef) -> Record | None:
        try:
            return await self._org.read(ref)
        except NotFound:
            return None

    async def _send(
        self, table: Table, identifier: str, row: Mapping[str, Any], guard: Mapping[str, str], meta: WriteMeta
    ) -> Record:
        """One write, answered with the row as it stands now. Who made a row its id tells, not its audit columns."""
        shape, columns = await self._org.shape(table), await self._org.columns(table)
        marks = [each for each in VENDOR.audit_fields if each.of == table.name]
        body = {**row, **filled(marks, self._org.link, table.name, shape.columns, meta)}
        select = columns.partition("&")[0]  # an answer to a write brings no related rows
        path = f"{ROOT}/{table.set}({identifier})?{select}"
        answer = await self._org.link.wire.write("PATCH", path, body=body, headers={**_ALWAYS, **guard})
        if not isinstance(answer.data, dict):
            raise OutcomeUnknown("Dynamics said yes without showing the record")
        try:
            return await self._org.record(answer.data, table)
        except Unreachable as error:  # it was applied: only a read can tell what stands
            raise OutcomeUnknown(str(error), fix=error.fix) from error

    async def _check(self, kind: Kind, fields: Mapping[str, Value], *, new: bool) -> None:
        if kind is Kind.OPPORTUNITY and fields.get("stage") in CLOSED.values():
            raise Refused(
                "a deal is won or lost in Dynamics itself: it asks for the revenue, the date and the reason",
                field="stage",
                fix="open the deal in Dynamics and close it there",
            )
        schema = await self._org.describe(kind)
        check(self._org.scope, schema, fields, lambda _kind, identifier: bool(GUID.fullmatch(identifier)), new=new)

    async def _named(self, error: RuleDuplicate, kind: Kind, fields: Mapping[str, Value], except_id: str) -> Refused:
        """A duplicate rule does not say which row it found: it is looked for by mailbox, by domain, by name."""
        found = await twins(self._org.find, kind, fields, except_id)
        names = {"name": "name"} if kind is Kind.ACCOUNT else {"last_name": "lastname", "first_name": "firstname"}
        same = [f"{column} eq {quoted(str(fields[ours]))}" for ours, column in names.items() if fields.get(ours)]
        if not found and kind in (Kind.ACCOUNT, Kind.CONTACT) and fields.get(next(iter(names))):
            found = await self._org.select(OF_KIND[kind][0], " and ".join(same))
        known = next((each for each in found if each.ref.id != except_id), None)
        if known is None:
            return error
        return DuplicateFound(
            f"Dynamics already has {known.title}", existing=known.ref, fix="use the one that is there"
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
                row |= await self._owner(value)
            elif name == "account":
                bind = f"{column.name}_account" if column.type == "Customer" else column.name
                row[f"{bind}@odata.bind"] = f"/accounts({value})" if value else None
            else:
                row[column.name] = raw_of(value, column, name, here)
        return row

    async def _owner(self, who: Value) -> dict[str, str]:
        if not isinstance(who, str) or not who:
            raise Refused("a record without an owner cannot be", field="owner", fix="name the owner")
        return {"ownerid@odata.bind": f"/systemusers({await self._org.owner_id(who)})"}

    async def _changed_activity(self, fields: Mapping[str, Value], shape: Shape, current: Record) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in _LATER or (name == "due" and name not in shape.names):
                raise stays(name, "Dynamics")
            match name:
                case "status":
                    row |= activity.state_of(TABLES[shape.of], value)
                case "owner":
                    row |= await self._owner(value)
                case "body":
                    text = with_tail(str(value or ""), current.text("body"))
                    row[shape.names["body"].name] = short_enough(text, shape.names["body"].length)
                case "due":
                    row["scheduledend"] = activity.at_noon(value, (await self._org.known()).here)
                case _:
                    row[shape.names[name].name] = value
        return row


def _ref_of(op_id: str, table: Table) -> RecordRef:
    """The row that an operation creates."""
    return ref_of(table, str(uuid5(_OURS, f"{table.name}:{op_id}")))
