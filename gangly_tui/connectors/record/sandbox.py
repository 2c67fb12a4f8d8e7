"""The sandbox CRM: a real system of record in one file, behind the same two doors as any vendor.

Reading and writing are two classes: `SandboxReader` has no way to change anything. Switches in the database make it
slow, offline, or unlucky, also from another process, so that trains, conflicts and lost answers can be tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.registry import About
from gangly_tui.domain.errors import InputError, OutcomeUnknown, RateLimited, Refused, Unreachable
from gangly_tui.domain.hierarchy import Layer, Scope, in_scope
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef, Value

ABOUT = About(label="Sandbox CRM", layer=Layer.RECORD, brings="accounts, contacts, deals, activities")
SYSTEM = crm.SYSTEM
PAGE = 200
_Written = TypeVar("_Written")

SWITCHES = {
    "slow": "seconds that every request takes",
    "offline": "1: nothing can be reached",
    "rate_limit": "seconds the next request is told to wait",
    "lose_answer": "1: the next write is applied, but its answer never arrives",
}


@dataclass(slots=True)
class _Line:
    """The connection to one sandbox file, with the weather its switches make."""

    path: crm.CrmFile
    db: crm.Connection = None

    def open(self) -> crm.Connection:
        if self.db is None:
            self.db = crm.open_crm(self.path)
        return self.db

    @asynccontextmanager
    async def reach(self) -> AsyncIterator[crm.Connection]:
        """The database, after the weather. Raises Unreachable or RateLimited."""
        with crm.answering():
            db = self.open()
            found = switches(db)
        if "slow" in found:
            await asyncio.sleep(float(found["slow"]))
        if found.get("offline") == "1":
            raise Unreachable("the sandbox CRM is offline", fix="gangly sandbox online")
        if "rate_limit" in found:
            seconds = float(found["rate_limit"])
            with crm.answering():
                take_switch(db, "rate_limit")
            raise RateLimited(f"the sandbox CRM asks to wait {seconds:g} s", retry_after=seconds)
        with crm.answering():
            yield db

    def close(self) -> None:
        if self.db is not None:
            self.db.close()
            self.db = None


class SandboxReader:
    """The read door. Satisfies the reader's protocol; has no write method.

    `scope` is what the hierarchy lets us ask for: other fields are not read. Without one everything is.
    """

    def __init__(self, path: crm.CrmFile, scope: Scope | None = None) -> None:
        self._line = _Line(path)
        self._scope = scope

    @property
    def system(self) -> str:
        """`sandbox`."""
        return SYSTEM

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind."""
        async with self._line.reach() as db:
            schema = crm.describe(db, kind)
        if self._scope is None:
            return schema
        return replace(schema, fields=tuple(each for each in schema.fields if self._scope.may_read(kind, each.name)))

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now."""
        async with self._line.reach() as db:
            return self._asked(crm.read(db, ref))

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The contact with this mailbox, or the account with this domain."""
        wanted = {Kind.CONTACT: key.mailbox, Kind.ACCOUNT: key.domain}.get(kind, "")
        async with self._line.reach() as db:
            found = crm.by_identity(db, kind, wanted) if wanted else None
        return (self._asked(found),) if found else ()

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit]:
        """The edits of one field, newest first."""
        async with self._line.reach() as db:
            return crm.history(db, ref, field) if self._scope is None or self._scope.may_read(ref.kind, field) else ()

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor (a change number), removals included, in pages.

        Raises Refused for a cursor that is not this system's.
        """
        if since and not (since.isascii() and since.isdigit()):
            raise Refused(f"{since!r} is no place in the sandbox's change feed", fix="pull everything anew")
        change, total = int(since or 0), 0
        while True:
            async with self._line.reach() as db:
                total = total or db.execute("SELECT count(*) FROM record WHERE change > ?", (change,)).fetchone()[0]
                records, gone, change = crm.page_after(db, change, PAGE)
            if not (records or gone):
                return
            yield ChangePage(
                records=tuple(map(self._asked, records)), deleted=tuple(gone), cursor=str(change), total=total
            )

    def url(self, ref: RecordRef) -> str:  # the protocol asks; an embedded CRM has no page
        """The sandbox has no web page."""
        return ""

    def close(self) -> None:
        """Close the file."""
        self._line.close()

    def _asked(self, record: Record) -> Record:
        return record if self._scope is None else in_scope(record, self._scope)


class SandboxWriter:
    """The write door. One call is one request; nothing is retried here."""

    def __init__(self, path: crm.CrmFile) -> None:
        self._line = _Line(path)

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields if the record is still at `expect`."""
        async with self._line.reach() as db:
            written = crm.update(db, ref, fields, by=meta.approved_by, at=crm.utc_now(), expect=expect, meta=meta)
            return self._answer(db, written)

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record marked with the op id; the audit footer goes under an activity's body."""
        if kind is Kind.ACTIVITY:
            body = fields.get("body")
            fields = {**fields, "body": f"{body}\n\n{meta.footer()}" if body else meta.footer()}
        async with self._line.reach() as db:
            written = crm.insert(db, kind, fields, by=meta.approved_by, at=crm.utc_now(), meta=meta)
            return self._answer(db, written)

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove a record if it is still at `expect`."""
        async with self._line.reach() as db:
            crm.remove(db, ref, expect=expect, at=crm.utc_now(), meta=meta)
            self._answer(db, None)

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The record that carries this operation's marker."""
        async with self._line.reach() as db:
            return crm.by_operation(db, kind, op_id)

    def close(self) -> None:
        """Close the file."""
        self._line.close()

    def _answer(self, db: crm.Connection, written: _Written) -> _Written:
        if take_switch(db, "lose_answer"):
            raise OutcomeUnknown("the sandbox CRM did not answer")
        return written


def switches(db: crm.Connection) -> dict[str, str]:
    """The switches that are on."""
    return dict(db.execute("SELECT name, value FROM switch").fetchall())


def set_switch(path: crm.CrmFile, name: str, value: str | None) -> None:
    """Turn a switch on, or off with None; a running app sees it at its next request. Raises InputError."""
    if name not in SWITCHES:
        raise InputError(f"the sandbox has no switch {name!r}", fix="one of: " + ", ".join(SWITCHES))
    if value is not None:
        try:
            float(value)
        except ValueError as error:
            raise InputError(f"{name} takes a number: {SWITCHES[name]}") from error
    db = crm.open_crm(path)
    try:
        if value is None:
            db.execute("DELETE FROM switch WHERE name = ?", (name,))
        else:
            db.execute(
                "INSERT INTO switch VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
            )
    finally:
        db.close()


def take_switch(db: crm.Connection, name: str) -> bool:
    """Whether a one-shot switch was on; it is off afterwards."""
    return bool(db.execute("DELETE FROM switch WHERE name = ? RETURNING value", (name,)).fetchall())


def edit(path: crm.CrmFile, ref: RecordRef, field: str, text: str, *, by: str = "Priya Raman") -> Record:
    """A colleague changes one field, straight in the CRM."""
    db = crm.open_crm(path)
    try:
        value = crm.parse_text(db, ref.kind, field, text)
        return crm.update(db, ref, {field: value}, by=by, at=crm.utc_now())
    finally:
        db.close()


def create_empty(path: crm.CrmFile) -> None:
    """A sandbox CRM without records."""
    crm.open_crm(path).close()
