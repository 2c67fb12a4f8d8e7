"""The doors. Prep holds a RecordReader, a type with no write method; only the Courier holds a RecordWriter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gangly_tui.domain.draft import Draft, ReadingContext
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import FieldEdit, Kind, Meeting, ObjectSchema, Record, RecordRef, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """One page of a system's change feed. `cursor` resumes after this page, also after a crash."""

    records: tuple[Record, ...]
    deleted: tuple[RecordRef, ...]
    cursor: str
    total: int | None = None
    """how many records the whole feed will bring, where the system says so: for the progress bar"""


class RecordReader(Protocol):
    """Reads one system of record. Raises Unreachable, RateLimited, NotFound; never writes."""

    @property
    def system(self) -> str:
        """The system's name in RecordRefs: "sandbox", "salesforce"."""
        ...

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind: types, picklist values, required, read-only, lengths."""
        ...

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        ...

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The records of a kind that have this identity, looked up fresh in the system itself."""
        ...

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """The edits of one field, newest first; None where the system keeps no history of it."""
        ...

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor `since`, oldest first; "" means from the beginning."""
        ...

    def url(self, ref: RecordRef) -> str:
        """Where a person sees this record in a browser; "" when the system has no such page."""
        ...


class RecordWriter(Protocol):
    """Writes one system of record. One call is one request: nothing is retried here.

    Raises Unreachable (nothing applied), OutcomeUnknown, Refused, DuplicateFound, RecordMoved, NotFound.
    """

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        """Set fields of the record if it is still at version `expect`; returns it as the system answered."""
        ...

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        """Create a record marked with `meta.op_id`; where the system can tell, one op id never creates two."""
        ...

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        """Remove a record we created, if it is still at version `expect`: the undo of a create."""
        ...

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        """The record that carries this operation's marker, or None: how an unknown outcome is resolved."""
        ...


class EngagementReader(Protocol):
    """Reads meetings and transcripts from one calendar, meeting system or folder."""

    @property
    def system(self) -> str:
        """The system's name: "sandbox", "files"."""
        ...

    async def meetings(self, start: datetime, end: datetime) -> Sequence[Meeting]:
        """The meetings that touch [start, end), cancelled ones included."""
        ...

    async def transcript(self, meeting: Meeting) -> str | None:
        """The raw transcript of a meeting that took place, or None when there is none (yet)."""
        ...


class Drafter(Protocol):
    """Turns a text into a Draft. Proposes; never writes."""

    def draft(self, text: str, context: ReadingContext) -> Draft:
        """Read the text. Equal input gives an equal Draft."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """A draft after somebody else has read the text too. `trouble` says why a part of it was not read again."""

    draft: Draft
    added: int = 0
    agreed: int = 0
    disputed: int = 0
    trouble: str = ""

    @property
    def words(self) -> str:
        """What came of it, for a line on the screen."""
        said = f"{self.added} added, {self.agreed} confirmed, {self.disputed} contradicted"
        return f"{said}; not all was read: {self.trouble}" if self.trouble else said


class SecondReader(Protocol):
    """Reads a text behind the Drafter: confirms, contradicts, adds; never replaces. Proposes; never writes."""

    @property
    def host(self) -> str:
        """Where the text goes, for the screen: "localhost", "api.openai.com"."""
        ...

    async def read_again(
        self, text: str, context: ReadingContext, first: Draft, *, say: Callable[[str], None]
    ) -> SecondReading:
        """Read the text again. `say` is told what is going on. Raises ModelError: then `first` stands."""
        ...
