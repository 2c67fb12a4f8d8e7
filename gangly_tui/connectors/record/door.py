"""The read door of a system of record, whatever the vendor: what its Org can be asked, and nothing else of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.ports import ChangePage
from gangly_tui.domain.records import FieldEdit, Kind, ObjectSchema, Record, RecordRef


class Org(Protocol):
    """What a vendor's module knows of one customer's system."""

    scope: Scope

    async def describe(self, kind: Kind) -> ObjectSchema: ...

    async def read(self, ref: RecordRef) -> Record: ...

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]: ...


OrgT = TypeVar("OrgT", bound=Org)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader(Generic[OrgT]):
    """The read door. Has no way to change anything. `edits`, `feed` and `page` are the vendor's own functions.

    `look` reads a record with more than the Org does: who changed it.
    """

    system: str
    org: OrgT
    edits: Callable[[OrgT, RecordRef, str], Awaitable[Sequence[FieldEdit] | None]]
    feed: Callable[[OrgT, str], AsyncIterator[ChangePage]]
    page: Callable[[OrgT, RecordRef], str]
    look: Callable[[OrgT, RecordRef], Awaitable[Record]] | None = None

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind, at most an hour old."""
        return await self.org.describe(kind)

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now."""
        return await (self.look(self.org, ref) if self.look else self.org.read(ref))

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The contacts of this mailbox, or the accounts of this domain."""
        return await self.org.find(kind, key)

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """The edits of one field, newest first; None where the system keeps none of it."""
        return await self.edits(self.org, ref, field) if self.org.scope.may_read(ref.kind, field) else ()

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor, removals included."""
        return self.feed(self.org, since)

    def url(self, ref: RecordRef) -> str:
        """The record's page in the browser; "" when it has none."""
        return self.page(self.org, ref)
