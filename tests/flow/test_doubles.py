"""Nobody is made twice: looked up here and in the CRM, behind an index that lags, by two laptops at one moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest

from gangly_tui.connectors.record import pipedrive
from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.draft import ContactMention
from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.identity import IdentityKey
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, Risk
from gangly_tui.domain.propose import propose
from gangly_tui.domain.records import FieldType, Kind, Record
from gangly_tui.flow import decide
from gangly_tui.flow.dedupe import audit
from gangly_tui.flow.deliver import Courier
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, mirror, trail
from tests.connectors import days, pipedrive_rig
from tests.domain.made import contact, draft, evidence, page, table
from tests.fakes.pipedrive import PipedriveFake
from tests.fakes.serve import FakeTransport
from tests.flow.conftest import CALL, Clock, House, build


def new_contact(desk: Desk, account: str, *, suspects: tuple[str, ...] = ()) -> Proposal:
    """The card of a contact that nobody has yet, laid out."""
    values = {"first_name": "Jo", "last_name": "Dam", "email": "jo@acme.de", "account": account}
    kinds = {"email": FieldType.EMAIL, "account": FieldType.REFERENCE}
    card = Proposal(
        id=desk.new_id(),
        meeting_id="m1",
        action=Action.CREATE,
        kind=Kind.CONTACT,
        target=None,
        target_name="Jo Dam",
        changes=tuple(
            FieldChange(field=name, label=name, type=kinds.get(name, FieldType.TEXT), before=None, after=value)
            for name, value in values.items()
        ),
        drafted_at=desk.now(),
        source="notes of 2026-09-23",
        evidence=evidence(),
        risk=Risk.NEW_RECORD,
        group="contact",
        suspects=suspects,
        note="perhaps a contact already: same phone as Ada Lind" if suspects else "",
    )
    decisions.save_proposals(desk.db, [card])
    return card


def approved(desk: Desk, account: str) -> Proposal:
    card = new_contact(desk, account)
    decide.approve(desk, card.id, card.digest())
    return card


class Meeting:
    """Holds each laptop's look before a create until the other has looked, too."""

    def __init__(self, laptops: int) -> None:
        self.barrier = asyncio.Barrier(laptops)

    async def wait(self) -> None:
        if not self.barrier.broken:
            try:
                await asyncio.wait_for(self.barrier.wait(), 5)
            except (TimeoutError, asyncio.BrokenBarrierError):
                pytest.fail("the laptops do not look at one moment")


class RacingReader(SandboxReader):
    """Looks at the same moment as the other laptop."""

    meeting: Meeting | None = None

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        found = await super().find(kind, key)
        if self.meeting:
            meeting, self.meeting = self.meeting, None
            await meeting.wait()
        return found


class LaggingReader(SandboxReader):
    """Its search knows nothing of this hour; a read by id does."""

    async def find(self, kind: Kind, key: IdentityKey) -> Sequence[Record]:
        return ()


def people_of(house: House) -> int:
    db = house.crm
    try:
        return int(
            db.execute("SELECT count(*) FROM record WHERE kind = 'contact' AND identity = 'jo@acme.de'").fetchone()[0]
        )
    finally:
        db.close()


async def test_two_laptops_one_moment_one_contact_where_the_crm_refuses_a_second(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = build(tmp_path / "one"), build(tmp_path / "two")
    meeting, laptops = Meeting(2), []
    for number, house in enumerate((first, second)):
        reader, writer = RacingReader(first.crm_path), SandboxWriter(first.crm_path)
        reader.meeting = meeting
        numbers = count(1)
        courier = Courier(
            db=house.desk.db,
            reader=reader,
            writer=writer,
            scope=house.desk.hierarchy.scope("sandbox"),
            now=house.clock,
            new_id=lambda number=number, numbers=numbers: f"back-{number}-{next(numbers)}",  # type: ignore[misc]
        )
        desk = replace(
            house.desk, reader=reader, courier=courier, new_id=lambda number=number: f"jo-{number}",  # type: ignore[misc]
            on_close=(*house.desk.on_close, reader.close, writer.close),
        )  # fmt: skip
        approved(desk, first.account.ref.id)
        house.clock.forward(seconds=5)
        laptops.append(desk)
    rounds = await asyncio.gather(*(each.courier.deliver_due() for each in laptops))
    states = sorted(outcome.delivery.state.value for outcomes in rounds for outcome in outcomes)
    assert states == [DeliveryState.REJECTED.value, DeliveryState.SENT.value]
    assert people_of(first) == 1
    (lost,) = [one for outcomes in rounds for one in outcomes if one.delivery.state is DeliveryState.REJECTED]
    assert "is already in sandbox" in lost.message
    assert lost.delivery.doubles
    for each in laptops:
        each.close()


async def test_what_the_search_does_not_show_yet_is_known_here_and_read_by_its_id(house: House) -> None:
    db = house.crm
    there = crm.insert(
        db,
        Kind.CONTACT,
        {"first_name": "Jo", "last_name": "Dam", "email": "Jo+x@acme.de", "account": house.account.ref.id},
        by="Kim",
        at=CALL,
    )
    db.close()
    mirror.save_records(house.desk.db, [there])
    reader, writer = LaggingReader(house.crm_path), SandboxWriter(house.crm_path)
    courier = Courier(
        db=house.desk.db,
        reader=reader,
        writer=writer,
        scope=house.desk.hierarchy.scope("sandbox"),
        now=house.clock,
        new_id=house.desk.new_id,
    )
    approved(house.desk, house.account.ref.id)
    house.clock.forward(seconds=5)
    (outcome,) = await courier.deliver_due()
    assert outcome.delivery.doubles == str(there.ref)
    assert AuditKind.ATTEMPTED not in [each.kind for each in trail.entries(house.desk.db)]
    reader.close()
    writer.close()


class HeldTransport(FakeTransport):
    """A person is made only when the other laptop, too, has looked and sent."""

    meeting: Meeting | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.meeting and request.method == "POST" and request.url.path.endswith("/persons"):
            await self.meeting.wait()
        return await super().handle_async_request(request)


async def test_two_laptops_one_moment_a_flagged_pair_where_the_crm_blocks_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pipedrive has no rule against doubles."""
    monkeypatch.setattr(pipedrive_rig, "FakeTransport", HeldTransport)
    monkeypatch.setattr(HeldTransport, "meeting", Meeting(2))
    clock = Clock()
    fake = PipedriveFake(now=lambda: CALL - timedelta(days=100))
    pipedrive_rig.watched(fake)
    account = fake.make("organizations", {"name": "Acme GmbH", "website": "https://www.acme.de"})["id"]
    fake.now = clock
    desks = []
    for name in ("one", "two"):
        link = pipedrive_rig.Site(fake, now=clock).link(page().scope("pipedrive"))
        reader, writer = pipedrive.open_reader(link), pipedrive.open_writer(link)
        desk = days.desk_on(link, reader, writer, clock=clock, folder=tmp_path / name, calendar=days.one_meeting())
        desks.append(replace(desk, new_id=lambda name=name: f"{name.encode().hex():0<20}"))  # type: ignore[misc]
        approved(desks[-1], str(account))
    clock.forward(seconds=5)
    rounds = await asyncio.gather(*(each.courier.deliver_due() for each in desks))
    assert len([each for each in fake.rows["persons"].values() if not each["is_deleted"]]) == 2
    said = [outcome.message for outcomes in rounds for outcome in outcomes]
    assert any("there twice now" in each for each in said)
    kept = [each.detail for desk in desks for each in trail.entries(desk.db) if each.kind is AuditKind.SENT]
    assert len(kept) == 2
    assert any("there twice now" in each for each in kept)
    monkeypatch.setattr(HeldTransport, "meeting", None)
    await pull(desks[0])
    found = audit(desks[0].db, desks[0].hierarchy)
    assert (found.exact, found.kinds[0].surplus) == (1, 1)
    for each in desks:
        each.close()


async def test_a_contact_that_may_be_there_takes_a_reason_which_the_trail_keeps(house: House) -> None:
    card = new_contact(house.desk, house.account.ref.id, suspects=(str(house.ada.ref),))
    for nothing in ("", "  "):
        with pytest.raises(DecisionError, match="same phone as Ada Lind") as refused:
            decide.approve(house.desk, card.id, card.digest(), reason=nothing)
        assert "--reason" in refused.value.fix
    assert not decide.is_low_risk(card)
    decide.approve(house.desk, card.id, card.digest(), reason="her brother")
    assert [each.detail for each in trail.entries(house.desk.db)] == ["created anyway: her brother"]


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ({"name": "Grace Hop", "phone": "0044 20 7946 0364"}, "same phone as Ada Lind"),
        ({"name": "Ada Lind", "email": "other@acme.de"}, "same name as Ada Lind"),
        ({"name": "Ada Lindt", "email": "al@acme.de"}, "a name like Ada Lind's"),
        ({"name": "Bo Falk", "email": "adda@acme.de"}, "a slip away from ada@acme.de"),
        ({"name": "Bo Falk", "email": "bo@acme.de"}, ""),
    ],
)
def test_the_card_says_whom_a_new_contact_may_be(person: dict[str, str], why: str) -> None:
    known = contact(phone="+44 20 7946 0364")
    cards, _ = propose(draft(contacts=(ContactMention(evidence=evidence(), **person),)), table(contacts=(known,)))
    (card,) = [each for each in cards if each.kind is Kind.CONTACT]
    assert card.action is Action.CREATE
    assert card.suspects == ((str(known.ref),) if why else ())
    assert why in card.note and bool(card.note) is bool(why)
