"""Desks for pilots: a small CRM on paper that can only be read, a store on disk, a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from textual.app import App

from gangly_tui.domain.errors import NotFound, Unreachable
from gangly_tui.domain.identity import IdentityKey, mailbox
from gangly_tui.domain.ports import ChangePage, MeetingFeed, RecordWriter
from gangly_tui.domain.proposal import WriteMeta
from gangly_tui.domain.records import (
    FIELDS,
    Attendee,
    FieldEdit,
    FieldSchema,
    FieldStamp,
    Kind,
    Meeting,
    ObjectSchema,
    Record,
    RecordRef,
    Value,
)
from gangly_tui.flow.deliver import Courier
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.intelligence.offline.drafter import OfflineDrafter
from gangly_tui.store.database import open_database
from tests.domain.made import page

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 9, 12, tzinfo=ZONE)


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """A time on the desk's day, or `days` later."""
    return NOW.replace(hour=hour, minute=minute) + timedelta(days=days)


def record(kind: Kind, identifier: str, **fields: Value) -> Record:
    """A record of the paper CRM, written two weeks ago by Kim."""
    stamp = NOW - timedelta(days=14)
    return Record(
        ref=RecordRef(system="sandbox", kind=kind, id=identifier),
        version="1",
        fields=fields,
        updated_at=stamp,
        updated_by="Kim",
        changed={name: FieldStamp(by="Kim", at=stamp) for name in fields},
    )


def meeting(identifier: str, title: str, start: datetime, minutes: int = 45, **more: object) -> Meeting:
    """A meeting in the paper calendar."""
    return Meeting(
        id=identifier,
        system="sandbox",
        title=title,
        start=start,
        end=start + timedelta(minutes=minutes),
        **more,  # type: ignore[arg-type]
    )


class PaperReader:
    """A RecordReader and EngagementReader over lists. `offline` makes every call fail the way a network does."""

    system = "sandbox"

    def __init__(self, records: Iterable[Record], meetings: Iterable[Meeting]) -> None:
        self.records = {each.ref: each for each in records}
        self.calendar = list(meetings)
        self.offline = False

    def _check(self) -> None:
        if self.offline:
            raise Unreachable("the CRM [/] cannot be reached", fix="check the network")

    async def describe(self, kind: Kind) -> ObjectSchema:
        self._check()
        fields = tuple(
            FieldSchema(name=name, label=name.replace("_", " ").capitalize(), type=type_)
            for name, type_ in FIELDS[kind].items()
        )
        return ObjectSchema(kind=kind, fields=fields)

    async def read(self, ref: RecordRef) -> Record:
        self._check()
        if ref not in self.records:
            raise NotFound("no such record")
        return self.records[ref]

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        self._check()
        return [each for each in self.records.values() if key.mailbox and mailbox(each.text("email")) == key.mailbox]

    async def history(self, ref: RecordRef, field: str) -> Sequence[FieldEdit] | None:
        self._check()
        return None

    async def changes(self, since: str) -> AsyncIterator[ChangePage]:
        self._check()
        records = () if since else tuple(self.records.values())
        yield ChangePage(records=records, deleted=(), cursor="1", total=len(records))

    def url(self, ref: RecordRef) -> str:
        return ""

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        self._check()
        return MeetingFeed(meetings=tuple(each for each in self.calendar if each.start < end and each.end > start))


class Clock:
    """The desk's clock: stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class PaperWriter:
    """A RecordWriter over the reader's records. While `gate` is closed a request hangs in the air."""

    def __init__(self, reader: PaperReader) -> None:
        self.reader = reader
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = 0
        self.landed = 0
        self.cancelled = 0

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        self.begun += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        before = self.reader.records[ref]
        after = replace(before, version=str(int(before.version) + 1), fields={**before.fields, **fields})
        self.reader.records[ref] = after
        self.landed += 1
        return after

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        raise AssertionError("no test here creates a record")

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        raise AssertionError("no test here removes a record")

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        return None


class NoWriter:
    """A RecordWriter that fails the test it is called in: reading screens must never get this far."""

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        raise AssertionError("a write")

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        raise AssertionError("a write")

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        raise AssertionError("a write")

    async def find_op(self, kind: Kind, op_id: str) -> Record | None:
        raise AssertionError("a write")


def paper_desk(
    folder: Path,
    records: Iterable[Record] = (),
    meetings: Iterable[Meeting] = (),
    *,
    clock: Clock | None = None,
    make_writer: Callable[[PaperReader], RecordWriter] | None = None,
) -> Desk:
    """A desk whose store is empty until the app pulls; the clock stands at NOW, and writing is an error."""
    now = clock or Clock()
    db = open_database(folder / "store.db")
    reader = PaperReader(records, meetings)
    numbers = count(1)

    def new_id() -> str:
        return f"id{next(numbers):04}"

    hierarchy = page()
    courier = Courier(
        db=db,
        reader=reader,
        writer=make_writer(reader) if make_writer else NoWriter(),
        scope=hierarchy.scope("sandbox"),
        now=now,
        new_id=new_id,
    )
    return Desk(
        db=db,
        reader=reader,
        courier=courier,
        calendars=(reader,),
        drafter=OfflineDrafter(),
        hierarchy=hierarchy,
        settings=Settings(
            user_name="Ana Silva",
            user_email="ana@lumenworks.com",
            our_company="Lumen",
            our_domains=frozenset({"lumenworks.com"}),
            timezone=ZONE,
            currency="EUR",
        ),
        now=now,
        label="paper CRM, for tests",
        new_id=new_id,
    )


ANA = Attendee(name="Ana Silva", email="ana@lumenworks.com", organizer=True)


def nordwind() -> tuple[list[Record], list[Meeting]]:
    """One account with a deal that has gaps, promises on both sides, and a day of five meetings."""
    link = {"account": "a1", "opportunity": "d1"}
    records = [
        record(
            Kind.ACCOUNT,
            "a1",
            name="Nordwind Logistik GmbH",
            domain="nordwind-demo.com",
            industry="Logistics",
            employees=1200,
            city="Hamburg",
            country="DE",
        ),
        record(
            Kind.CONTACT,
            "c1",
            first_name="Jana",
            last_name="Weiss",
            title="VP Operations",
            role="economic buyer",
            email="jana@nordwind-demo.com",
            account="a1",
        ),
        record(
            Kind.CONTACT,
            "c2",
            first_name="Tom",
            last_name="Ferrer",
            title="Procurement",
            email="tom@nordwind-demo.com",
            account="a1",
        ),
        record(
            Kind.OPPORTUNITY,
            "d1",
            name="Nordwind Platform 2026",
            account="a1",
            contacts=("c1",),
            stage="Proposal",
            stage_since=date(2026, 10, 21),
            amount=Decimal(40000),
            currency="EUR",
            close_date=date(2026, 9, 30),
            next_step="Send the DPA",
            budget=None,
            economic_buyer=None,
            pain="Manual routing",
            competitor=None,
        ),
        record(
            Kind.ACTIVITY,
            "t1",
            type="call",
            subject="Pricing for three sites",
            at=NOW - timedelta(days=6),
            body="The board meets mid-November. Tom wants a SOC 2 report first.",
            contacts=("c1",),
            **link,
        ),
        record(Kind.ACTIVITY, "t2", type="email", subject="Slides", at=NOW - timedelta(days=13), **link),
        record(
            Kind.ACTIVITY,
            "k1",
            type="task",
            subject="Send DPA to Tom",
            due=date(2026, 11, 20),
            ours=True,
            status="open",
            **link,
        ),
        record(
            Kind.ACTIVITY,
            "k2",
            type="task",
            subject="Name the person who signs",
            due=None,
            ours=False,
            status="open",
            **link,
        ),
    ]
    people = (
        ANA,
        Attendee(name="Jana Weiss", email="jana@nordwind-demo.com"),
        Attendee(name="Tom Ferrer", email="tom+calls@nordwind-demo.com", response="declined"),
        Attendee(email="s.okafor@nordwind-demo.com"),
    )
    meetings = [
        meeting("m1", "Team stand-up", at(8, 30), 15, attendees=(ANA,)),
        meeting("m2", "Nordwind: pricing", at(9), attendees=people, location="Teams", description="Three-site price."),
        meeting("m3", "Kestrel sync", at(11), attendees=(ANA, Attendee(email="x@kestrel-demo.com")), cancelled=True),
        meeting("m4", "Coffee with a stranger", at(13), attendees=(ANA, Attendee(email="who@gmail.com"))),
        meeting("m5", "Nordwind: follow-up", at(10, days=3), attendees=people),
    ]
    return records, meetings


def screen_text(app: App[object]) -> str:
    """What the terminal shows, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
