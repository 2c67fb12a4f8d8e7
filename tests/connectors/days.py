"""A day on a vendor: the real desk, store and courier around its doors, one meeting with Ada, and notes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.ports import RecordReader, RecordWriter
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Attendee, Meeting
from gangly_tui.flow.capture import open_notes, propose
from gangly_tui.flow.deliver import Courier
from gangly_tui.flow.desk import Desk, Settings
from gangly_tui.intelligence.offline import OfflineDrafter
from gangly_tui.store.database import open_database
from tests.domain.made import page
from tests.flow.conftest import CALL, Clock, OneMeeting
from tests.flow.steps import NOTES, parts

MEETING = Meeting(
    id="m1",
    system="sandbox",
    title="Acme: platform",
    start=CALL,
    end=CALL + timedelta(minutes=30),
    attendees=(
        Attendee(name="Robin Vega", email="robin@seller.com", organizer=True),
        Attendee(name="Ada Lind", email="ada@acme.de"),
    ),
    series_id="weekly",
)


def one_meeting() -> OneMeeting:
    """A calendar with the call in it."""
    return OneMeeting(found=[MEETING])


@dataclass(kw_only=True)
class Day:
    """The desk. Each vendor adds what stands behind it."""

    desk: Desk
    clock: Clock
    calendar: OneMeeting

    async def cards(self, text: str = NOTES) -> list[Proposal]:
        """What the notes of the call propose."""
        notes = open_notes(self.desk, "m1")
        return await propose(self.desk, type(notes)(**{**parts(notes), "text": text}))

    async def land(self, **time: float) -> list[str]:
        """What is due after this time (else five seconds) goes out: what the outbox says of each."""
        self.clock.forward(**(time or {"seconds": 5}))
        return [each.message for each in await self.desk.courier.deliver_due()]


def desk_on(
    link: Link, reader: RecordReader, writer: RecordWriter, *, clock: Clock, folder: Path, calendar: OneMeeting
) -> Desk:
    """A desk on a vendor's two doors, with the hierarchy page that ships."""
    store, numbers = open_database(folder / "store" / "store.db"), count(1)

    def new_id() -> str:
        return f"{next(numbers):020x}"

    return Desk(
        db=store,
        reader=reader,
        courier=Courier(db=store, reader=reader, writer=writer, scope=link.scope, now=clock, new_id=new_id),
        calendars=(calendar,),
        drafter=OfflineDrafter(),
        hierarchy=page(),
        settings=Settings(
            user_name="Robin Vega",
            user_email="robin@seller.com",
            our_company="Seller",
            our_domains=frozenset({"seller.com"}),
        ),
        now=clock,
        label="test",
        new_id=new_id,
    )
