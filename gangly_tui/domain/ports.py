"""The doors. Prep holds a RecordReader, a type with no write method; only the Courier holds a RecordWriter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gangly_tui.domain.draft import Draft, ReadingContext
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.mail import Mail
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingFeed:
    """What a calendar answers. `whole`: these are all the meetings of the days asked for, so what is not there is gone.

    Otherwise `meetings` are those that changed since the cursor, and `gone` the ids of those that are there no longer.
    A `cursor` of "" means that the next look has to be a whole one.
    """

    meetings: tuple[Meeting, ...]
    gone: tuple[str, ...] = ()
    cursor: str = ""
    whole: bool = True


class EngagementReader(Protocol):
    """Reads the meetings of one calendar: an account's, a file's, the sandbox's."""

    @property
    def system(self) -> str:
        """The system's name: "sandbox", "google", a file's name."""
        ...

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end), cancelled ones included; only what changed since the cursor `since`.

        A cursor that has expired, or that was given for other days, gives a whole feed. Raises PartlyRead.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The raw words of a meeting. `version` changes when the system delivers them anew with edits."""

    meeting_id: str
    text: str
    version: str = ""


class TranscriptReader(Protocol):
    """Reads the recordings' texts of one meeting system."""

    @property
    def system(self) -> str:
        """The system's name: "sandbox", "zoom"."""
        ...

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> Sequence[Transcript]:
        """The transcripts there are of these meetings. `known` is meeting id to the version that is here already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """One page of a mailbox's changes. `cursor` resumes after this page; `whole` says that a first look begins anew.

    With `whole` on its first page, what was kept of this mailbox and is in none of its pages is gone.
    """

    mails: tuple[Mail, ...]
    gone: tuple[str, ...] = ()
    cursor: str = ""
    whole: bool = False
    total: int | None = None


class MailReader(Protocol):
    """Reads one mailbox: headers and snippets, and a body where one is asked for. Never marks anything as read."""

    @property
    def system(self) -> str:
        """The system's name: "google", "microsoft"."""
        ...

    def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """What changed after the cursor; "" means everything not older than `oldest`, newest first."""
        ...

    async def body(self, mail_id: str) -> str:
        """The text of a message, HTML rendered as text. Raises NotFound."""
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
