"""A real desk on a real store and a real sandbox CRM, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter
from gangly_tui.domain.ports import MeetingFeed, Transcript
from gangly_tui.domain.records import Attendee, Kind, Meeting, Record, RecordRef
from gangly_tui.flow.deliver import Courier
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.flow.pull import pull
from gangly_tui.intelligence.offline import OfflineDrafter
from gangly_tui.store.database import open_database
from tests.domain.made import page

CALL = datetime(2026, 9, 23, 14, 0, tzinfo=UTC)


@dataclass
class Clock:
    """The one clock of a desk, moved by hand."""

    at: datetime = CALL + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@dataclass
class OneMeeting:
    """A calendar with the meetings a test puts in."""

    found: list[Meeting] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    system: str = "sandbox"

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        return MeetingFeed(meetings=tuple(each for each in self.found if each.start < end and each.end > start))

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> list[Transcript]:
        asked = {each.id for each in meetings} - set(known)
        return [Transcript(meeting_id=each, text=text) for each, text in self.texts.items() if each in asked]


@dataclass
class House:
    """The desk and what stands behind it."""

    desk: Desk
    clock: Clock
    crm_path: Path
    calendar: OneMeeting
    account: Record
    deal: Record
    ada: Record

    @property
    def crm(self) -> crm.Connection:
        return crm.open_crm(self.crm_path)

    def stands(self, ref: RecordRef, name: str) -> object:
        """What the CRM holds right now."""
        db = self.crm
        try:
            return crm.read(db, ref).fields[name]
        finally:
            db.close()


def build(tmp_path: Path) -> House:
    crm_path = tmp_path / "crm.db"
    db = crm.open_crm(crm_path)
    at = CALL - timedelta(days=100)
    account = crm.insert(db, Kind.ACCOUNT, {"name": "Acme GmbH", "domain": "acme.de"}, by="Kim", at=at)
    ada = crm.insert(
        db,
        Kind.CONTACT,
        {"first_name": "Ada", "last_name": "Lind", "email": "ada@acme.de", "account": account.ref.id},
        by="Kim",
        at=at,
    )
    deal = crm.insert(
        db,
        Kind.OPPORTUNITY,
        {
            "name": "Platform 2026",
            "account": account.ref.id,
            "contacts": (ada.ref.id,),
            "stage": "Demo",
            "amount": Decimal(30000),
            "currency": "EUR",
            "close_date": date(2026, 9, 30),
        },
        by="Kim",
        at=at,
    )
    db.close()
    clock = Clock()
    numbers = count(1)
    store = open_database(tmp_path / "store" / "store.db")
    reader, writer = SandboxReader(crm_path), SandboxWriter(crm_path)
    hierarchy = page()

    def new_id() -> str:
        return f"op-{next(numbers):04}"

    courier = Courier(
        db=store, reader=reader, writer=writer, scope=hierarchy.scope("sandbox"), now=clock, new_id=new_id
    )
    calendar = OneMeeting(
        found=[
            Meeting(
                id="m1",
                system="sandbox",
                title="Acme: platform",
                start=CALL,
                end=CALL + timedelta(minutes=30),
                attendees=(
                    Attendee(name="Robin Hale", email="robin@seller.com", organizer=True),
                    Attendee(name="Ada Lind", email="ada@acme.de"),
                ),
                series_id="weekly",
            )
        ]
    )
    desk = Desk(
        db=store,
        reader=reader,
        courier=courier,
        calendars=(calendar,),
        recorders=(calendar,),
        drafter=OfflineDrafter(),
        hierarchy=hierarchy,
        settings=Settings(
            user_name="Robin Hale",
            user_email="robin@seller.com",
            our_company="Seller",
            our_domains=frozenset({"seller.com"}),
        ),
        now=clock,
        label="test",
        new_id=new_id,
        on_close=(reader.close, writer.close),
    )
    return House(desk=desk, clock=clock, crm_path=crm_path, calendar=calendar, account=account, deal=deal, ada=ada)


@pytest.fixture
async def house(tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path)
    await pull(made.desk)
    yield made
    made.desk.close()
