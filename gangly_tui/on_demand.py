"""Doors that load what stands behind them when they are first opened: a brief pays for no engine and no event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.watched import WatchedFolder
    from gangly_tui.domain.arrival import Arrival
    from gangly_tui.domain.draft import Draft, ReadingContext
    from gangly_tui.domain.identity import IdentityKey
    from gangly_tui.domain.ports import (
        ChangePage,
        Drafter,
        EngagementReader,
        MailPage,
        MailReader,
        MeetingFeed,
        RecordReader,
        Transcript,
        TranscriptReader,
    )
    from gangly_tui.domain.records import FieldEdit, Kind, Meeting, ObjectSchema, Record, RecordRef
    from gangly_tui.flow.deliver import Courier, Outcome
    from gangly_tui.store.database import Connection


class ReaderOnDemand:
    """A RecordReader. The connector is loaded at the first read."""

    def __init__(self, system: str, load: Callable[[], RecordReader]) -> None:
        self._system = system
        self._load = load

    @cached_property
    def _reader(self) -> RecordReader:
        return self._load()

    @property
    def system(self) -> str:
        """The system's name, known without loading it."""
        return self._system

    async def describe(self, kind: Kind) -> ObjectSchema:
        """The live field list of a kind."""
        return await self._reader.describe(kind)

    async def read(self, ref: RecordRef) -> Record:
        """The record as it stands now. Raises NotFound."""
        return await self._reader.read(ref)

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        """The records of a kind that have this identity."""
        return await self._reader.find(kind, key)

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        """The edits of one field, newest first."""
        return await self._reader.history(ref, field)

    def changes(self, since: str) -> AsyncIterator[ChangePage]:
        """Everything that changed after the cursor."""
        return self._reader.changes(since)

    def url(self, ref: RecordRef) -> str:
        """Where a person sees this record; "" when there is no such page."""
        return self._reader.url(ref)


class CalendarOnDemand:
    """An EngagementReader. The calendar is loaded at the first look."""

    def __init__(self, system: str, load: Callable[[], EngagementReader]) -> None:
        self._system = system
        self._load = load

    @cached_property
    def _calendar(self) -> EngagementReader:
        return self._load()

    @property
    def system(self) -> str:
        """The system's name, known without loading it."""
        return self._system

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end)."""
        return await self._calendar.meetings(start, end, since)


class TranscriptsOnDemand:
    """A TranscriptReader. What reads them is loaded at the first look."""

    def __init__(self, system: str, load: Callable[[], TranscriptReader]) -> None:
        self._system = system
        self._load = load

    @cached_property
    def _reader(self) -> TranscriptReader:
        return self._load()

    @property
    def system(self) -> str:
        """The system's name, known without loading it."""
        return self._system

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> Sequence[Transcript]:
        """The transcripts there are of these meetings."""
        return await self._reader.transcripts(meetings, known)


class MailOnDemand:
    """A MailReader. The mailbox is loaded at the first look."""

    def __init__(self, system: str, load: Callable[[], MailReader]) -> None:
        self._system = system
        self._load = load

    @cached_property
    def _reader(self) -> MailReader:
        return self._load()

    @property
    def system(self) -> str:
        """The system's name, known without loading it."""
        return self._system

    def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """What changed after the cursor."""
        return self._reader.mails(since, oldest)

    async def body(self, mail_id: str) -> str:
        """The text of a message. Raises NotFound."""
        return await self._reader.body(mail_id)


class FolderOnDemand:
    """The folder that is watched, as a calendar, as a mailbox and for what arrives. Loaded at the first look."""

    def __init__(self, system: str, load: Callable[[], WatchedFolder]) -> None:
        self._system = system
        self._load = load

    @cached_property
    def _folder(self) -> WatchedFolder:
        return self._load()

    @property
    def system(self) -> str:
        """The system's name, known without loading it."""
        return self._system

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end)."""
        return await self._folder.meetings(start, end, since)

    def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """What changed after the cursor."""
        return self._folder.mails(since, oldest)

    async def body(self, mail_id: str) -> str:
        """The text of a message. Raises NotFound."""
        return await self._folder.body(mail_id)

    def stirred(self) -> bool:
        """Whether something arrived or changed since this was last asked."""
        return self._folder.stirred()

    def arrivals(self) -> list[Arrival]:
        """The texts that were not settled. Raises InputError."""
        return self._folder.arrivals()

    def settle(self, stamps: Iterable[str]) -> None:
        """These need not be given again."""
        self._folder.settle(stamps)


class DrafterOnDemand:
    """A Drafter. The engine is loaded with the first text."""

    def __init__(self, load: Callable[[], Drafter]) -> None:
        self._load = load

    @cached_property
    def _drafter(self) -> Drafter:
        return self._load()

    def draft(self, text: str, context: ReadingContext) -> Draft:
        """Read the text."""
        return self._drafter.draft(text, context)


class CourierOnDemand:
    """What the app and the verbs ask of the Courier. It is built, with the only writer, at the first delivery."""

    def __init__(self, db: Connection, load: Callable[[], Courier]) -> None:
        self._db = db
        self._load = load

    @cached_property
    def _courier(self) -> Courier:
        return self._load()

    def next_due(self) -> datetime | None:
        """When the next delivery wants attention; None when the outbox is empty."""
        from gangly_tui.store.decisions import next_due

        return next_due(self._db)

    @property
    def trouble(self) -> str:
        """What went wrong after the last round, beside the writes."""
        return self._courier.trouble if "_courier" in self.__dict__ else ""

    async def look(self, ref: RecordRef) -> Record:
        """What lies in a system that cards are written to, as it is now."""
        return await self._courier.look(ref)

    async def deliver_due(self) -> list[Outcome]:
        """Carry everything that is due now. An empty outbox loads no courier."""
        from gangly_tui.store.card_counts import in_transit

        if "_courier" not in self.__dict__ and not in_transit(self._db):
            return []
        return await self._courier.deliver_due()
