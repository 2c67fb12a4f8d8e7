"""Drafts in the rep's own mailbox, their sending, and invitations in the rep's own calendar: read back, written once.

A draft carries the operation that made it in a property of its own and in its Message-ID, in Drafts and in Sent Items
alike; an invitation carries it in a property and as Graph's `transactionId`, by which a repeated create makes no
second. Graph documents a guard (If-Match) for removing alone: before a draft is changed or sent it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from gangly_tui.connectors.engagement.microsoft_folders import well_known
from gangly_tui.connectors.engagement.microsoft_graph import SYSTEM, Graph, Stale, preferring
from gangly_tui.connectors.engagement.microsoft_items import (
    EXPAND,
    OP,
    PATHS,
    SELECT,
    marked,
    message_id,
    op_of,
    path_of,
    payload,
    record_of,
    schema_of,
)
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import ConnectorError, NotFound, OutcomeUnknown, RecordMoved, Refused, Unreachable
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef, Value

WINDOW = (
    "Microsoft 365 has no guard for changing or sending a draft: gangly reads it right before, "
    "and a change in the second between is not seen."
)
_TEXT: Final = ('outlook.body-content-type="text"',)
_PAUSES: Final = (0.0, 0.5, 1.5)
"""Sending is done behind the answer: so long it is waited until the draft shows as sent."""
_TRASH: Final = "deleteditems"


class _Items:
    """Reads the rep's own drafts, sent mails and events, one at a time."""

    def __init__(self, link: Link) -> None:
        self.graph = Graph(link)
        self.pages: dict[RecordRef, str] = {}
        self._trash: str | None = None

    async def row(self, ref: RecordRef) -> Mapping[str, Any]:
        """The item. Raises NotFound, also for one that lies in the bin or was called off."""
        row = await self.graph.get(path_of(ref), {"$select": SELECT[ref.kind], "$expand": EXPAND}, prefer=_TEXT)
        if row.get("isCancelled") or await self.is_binned(row):
            raise NotFound("it is not in the mailbox any more")
        self.pages[ref] = str(row.get("webLink") or "")
        return row

    async def read(self, ref: RecordRef) -> Record:
        """The item as it stands, the fields in scope."""
        return self.scoped(record_of(ref.kind, await self.row(ref)))

    def scoped(self, record: Record) -> Record:
        """Without the fields that the hierarchy does not let us read."""
        scope = self.graph.link.scope
        fields = {name: value for name, value in record.fields.items() if scope.may_read(record.ref.kind, name)}
        return Record(ref=record.ref, version=record.version, fields=fields, updated_at=record.updated_at)

    async def of_op(self, kind: Kind, op_id: str) -> list[Mapping[str, Any]]:
        """What an operation has made, the bin included."""
        wanted = f"ep/id eq '{OP}' and ep/value eq '{_quoted(op_id)}'"
        rows = await self._search(kind, f"singleValueExtendedProperties/Any(ep: {wanted})")
        if not rows and kind is Kind.MAIL:
            rows = await self._search(kind, f"internetMessageId eq '{_quoted(message_id(op_id))}'")
        return rows

    async def is_binned(self, row: Mapping[str, Any]) -> bool:
        """Whether it lies among the deleted items."""
        if "parentFolderId" not in row:
            return False
        if self._trash is None:
            self._trash = await well_known(self.graph, _TRASH)
        return bool(row["parentFolderId"] == self._trash)

    async def answered(self, header: str) -> str:
        """The id of the mail with this Message-ID. Raises Refused when it is not there."""
        asks: dict[str, str | int] = {"$filter": f"internetMessageId eq '{_quoted(header)}'", "$select": "id,isDraft"}
        found = await self.graph.get(PATHS[Kind.MAIL], asks)
        rows = [each for each in found.get("value") or [] if not each.get("isDraft")]
        if not rows:
            fix = "take “Answers” out of the card, or write the answer in Outlook"
            raise Refused("the mail that this one answers is not in the mailbox any more", field="answers", fix=fix)
        return str(rows[0]["id"])

    async def _search(self, kind: Kind, wanted: str) -> list[Mapping[str, Any]]:
        asks: dict[str, str | int] = {"$filter": wanted, "$select": SELECT[kind], "$expand": EXPAND, "$top": 10}
        told = await self.graph.get(PATHS[kind], asks, prefer=_TEXT)
        return [each for each in told.get("value") or [] if isinstance(each, dict)]


class OutlookReader:
    """The read door. Has no way to change anything."""

    window = WINDOW

    def __init__(self, link: Link) -> None:
        self._items = _Items(link)

    @property
    def system(self) -> str:
        """`microsoft`."""
        return SYSTEM

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The fields of a mail or an invitation."""
        schema, scope = schema_of(kind), self._items.graph.link.scope
        return ObjectSchema(kind=kind, fields=tuple(each for each in schema.fields if scope.may_read(kind, each.name)))

    async def read(self, ref: RecordRef) -> Record:
        """The draft, the sent mail or the event as it stands now. Raises NotFound."""
        return await self._items.read(ref)

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """Mails and invitations have no identity."""
        return ()

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """Outlook keeps none."""
        return None

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Nothing is pulled from here: mail and calendar have doors of their own."""
        nothing: tuple[ChangePage, ...] = ()
        for page in nothing:
            yield page

    def url(self, ref: RecordRef) -> str:
        """The item in Outlook on the web, once it has been read."""
        return self._items.pages.get(ref, "")


class OutlookWriter:
    """The write door, for the Courier alone."""

    def __init__(self, link: Link) -> None:
        self._items = _Items(link)
        self._wire = link.wire

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Put a draft among the rep's drafts, or invite people. One operation makes one, also when it is repeated.

        Raises Refused for a status other than draft: what is sent has lain among the drafts before.
        """
        if kind not in PATHS:
            raise Refused(f"Outlook holds no {kind.label}")
        if kind is Kind.MAIL and fields.get("status", "draft") != "draft":
            raise Refused("a mail is a draft first", field="status", fix="approve the draft, then send it")
        told = payload(kind, fields) | {"singleValueExtendedProperties": marked(meta.op_id, fields)}
        made = await self._made_before(kind, meta.op_id)
        if made is not None:
            return made
        path = PATHS[kind]
        if kind is Kind.INVITATION:
            return await self._post(kind, path, told | {"transactionId": meta.op_id})
        told["internetMessageId"] = message_id(meta.op_id)
        if not fields.get("answers"):
            return await self._post(kind, path, told)
        answered = await self._items.answered(str(fields["answers"]))
        return await self._post(kind, f"{path}/{answered}/createReply", {"Message": told}, marks=told)

    async def _made_before(self, kind: Kind, op_id: str) -> Record | None:
        rows = await self._items.of_op(kind, op_id)
        for each in rows:
            if not (each.get("isCancelled") or await self._items.is_binned(each)):
                return self._items.scoped(record_of(kind, each))
        if rows:
            raise Refused("it was made before, and removed since", fix="approve a new card")
        return None

    async def _post(
        self, kind: Kind, path: str, body: Mapping[str, Any], *, marks: Mapping[str, Any] | None = None
    ) -> Record:
        """One create; what it has made is read back, for its properties are not in the answer.

        A reply is made from another mail: what it did not take over of ours is put onto it, before anything else.
        """
        answer = await self._wire.write("POST", path, body=body, headers=preferring(*_TEXT))
        identifier = answer.data.get("id") if isinstance(answer.data, dict) else None
        if not identifier:
            raise OutcomeUnknown("Microsoft answered without what it made")
        ref = RecordRef(system=SYSTEM, kind=kind, id=str(identifier))
        row = await self._after(ref)
        if marks is not None and not op_of(row):
            try:
                await self._wire.write("PATCH", path_of(ref), body=marks, headers=preferring(*_TEXT))
            except ConnectorError as error:
                raise OutcomeUnknown(f"the answer was made, but not marked: {error}") from error
            row = await self._after(ref)
        return self._items.scoped(record_of(kind, row))

    async def _after(self, ref: RecordRef) -> Mapping[str, Any]:
        """The item after a write. When it cannot be read, only a later read can tell."""
        try:
            return await self._items.row(ref)
        except (Unreachable, NotFound, Refused) as error:
            raise OutcomeUnknown(f"it was taken, but could not be read back: {error}") from error

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Send a draft, or change what is in it. Raises RecordMoved when it is not as it was approved."""
        if ref.kind is not Kind.MAIL:
            raise Refused("an invitation is changed in Outlook", fix="change it there: those who are invited are told")
        if "answers" in fields:
            raise Refused("which mail a draft answers cannot be changed", field="answers", fix="make a new draft")
        status = fields.get("status")
        if status not in (None, "draft", "sent") or (status == "sent" and len(fields) > 1):
            raise Refused("a draft is changed, or sent", field="status", fix="approve the changes first, then send it")
        current = record_of(ref.kind, await self._items.row(ref))
        if current.version != expect:
            raise RecordMoved("the draft was changed since", current=self._items.scoped(current))
        if current.fields["status"] == "sent":
            if status == "sent":
                return self._items.scoped(current)
            raise Refused("it was sent already", field="status", fix="write another mail")
        if status == "sent":
            return await self._send(ref, current)
        body = payload(ref.kind, {name: value for name, value in fields.items() if name != "status"})
        stands = {**current.fields, **fields}
        body["singleValueExtendedProperties"] = [each for each in marked("", stands) if each["id"] != OP]
        try:
            await self._wire.write("PATCH", path_of(ref), body=body, headers=preferring(*_TEXT))
        except Stale as error:
            raise RecordMoved(str(error), current=await self._items.read(ref)) from error
        return self._items.scoped(record_of(ref.kind, await self._after(ref)))

    async def _send(self, ref: RecordRef, current: Record) -> Record:
        if not (current.fields["to"] or current.fields["cc"]):
            raise Refused("nobody is to get it", field="to", fix="name somebody, then approve again")
        await self._wire.write("POST", f"{path_of(ref)}/send", headers=preferring())
        record = current
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            record = record_of(ref.kind, await self._after(ref))
            if record.fields["status"] == "sent":
                break
        return self._items.scoped(record)

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Bin a draft, or call a meeting off: those who are invited get Outlook's notice. Raises Refused once sent."""
        record = record_of(ref.kind, await self._items.row(ref))
        if record.fields.get("status") == "sent":
            raise Refused("it was sent: a mail that has left cannot be taken back", fix="write to them again")
        if record.version != expect:
            raise RecordMoved("it was changed since", current=self._items.scoped(record))
        guard = {"If-Match": f'W/"{expect}"'}
        try:
            await self._wire.write("DELETE", path_of(ref), headers={**preferring(), **guard})
        except Stale as error:
            raise RecordMoved(str(error), current=await self._items.read(ref)) from error

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The draft, sent mail or event that this operation made, or None."""
        if kind not in PATHS:
            return None
        for each in await self._items.of_op(kind, op_id):
            if not (each.get("isCancelled") or await self._items.is_binned(each)):
                return self._items.scoped(record_of(kind, each))
        return None


def _quoted(text: str) -> str:
    """Inside the quotes of an OData filter."""
    return text.replace("'", "''")
