"""A card for another system than the CRM: carried through its own door, opened when first needed, never around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from gangly_tui.connectors.record import sandbox
from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter
from gangly_tui.domain.errors import Unreachable
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.ports import RecordReader
from gangly_tui.domain.proposal import Proposal, WriteMeta
from gangly_tui.domain.records import FieldType, Kind, Record, Value
from gangly_tui.flow import decide
from gangly_tui.flow.deliver import Courier, Door
from gangly_tui.store import decisions, trail
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards, kinds, land


class Mailbox(SandboxReader):
    """Another system with records of its own."""

    system = "mailbox"


async def for_the_mailbox(house: House) -> Proposal:
    """An approved card whose home is the mailbox."""
    card = next(each for each in await cards(house) if each.kind is Kind.ACTIVITY)
    card = replace(card, home="mailbox")
    decisions.save_proposals(house.desk.db, [card])
    decide.approve(house.desk, card.id, card.digest())
    return card


def courier(house: House, beside: Mapping[str, Callable[[], Door]] | None = None, *, sends: bool = True) -> Courier:
    desk = house.desk
    made = Courier(
        db=desk.db, reader=desk.reader, writer=SandboxWriter(house.crm_path), scope=desk.hierarchy.scope("sandbox"),
        now=house.clock, new_id=desk.new_id, beside=beside, sends=sends,
    )  # fmt: skip
    house.desk = replace(desk, courier=made)
    return made


def state(house: House, card: Proposal) -> DeliveryState:
    found = decisions.get_delivery(house.desk.db, card.id)
    assert found is not None
    return found.state


async def test_a_card_goes_through_the_door_of_its_own_system_opened_once(house: House) -> None:
    opened: list[RecordReader] = []

    def open_door() -> Door:
        opened.append(Mailbox(house.crm_path))
        return Door(
            reader=opened[-1], writer=SandboxWriter(house.crm_path), scope=house.desk.hierarchy.scope("sandbox")
        )

    carrier = courier(house, {"mailbox": open_door})
    first = await for_the_mailbox(house)
    assert opened == [], "nothing is opened before something has to go there"
    await land(house)
    assert state(house, first) is DeliveryState.SENT
    assert carrier._door("mailbox") is carrier._door("mailbox")
    assert len(opened) == 1
    told = trail.entries(house.desk.db, op_id=first.id)
    assert {each.system for each in told if each.kind.value in ("attempted", "sent")} == {"mailbox"}


async def test_a_mailbox_that_is_gone_keeps_its_card_waiting(house: House) -> None:
    courier(house)
    card = await for_the_mailbox(house)
    (message,) = await land(house)
    assert "mailbox is not connected" in message
    waiting = decisions.get_delivery(house.desk.db, card.id)
    assert waiting is not None and (waiting.state, waiting.attempts) == (DeliveryState.APPROVED, 1)
    assert waiting.due_at > house.clock()
    with pytest.raises(Unreachable, match="not connected") as caught:
        house.desk.courier._door("mailbox")
    assert caught.value.fix == "gangly connect mailbox"


async def test_what_was_in_the_air_to_another_system_is_unknown_there(house: House) -> None:
    courier(house)
    card = await for_the_mailbox(house)
    delivery = decisions.get_delivery(house.desk.db, card.id)
    assert delivery is not None
    decisions.put_delivery(house.desk.db, replace(delivery, state=DeliveryState.ATTEMPTED))
    await house.desk.courier.deliver_due()
    assert state(house, card) is DeliveryState.UNKNOWN
    last = next(each for each in trail.entries(house.desk.db, op_id=card.id) if each.kind.value == "unknown")
    assert last.system == "mailbox"


async def test_a_courier_that_does_not_send_leaves_everything_where_it_is(house: House) -> None:
    courier(house, sends=False)
    card = await for_the_mailbox(house)
    before = kinds(house)
    (message,) = await land(house)
    assert "nothing is sent" in message
    assert state(house, card) is DeliveryState.APPROVED
    assert [each.value for each in kinds(house) if each not in before] == []


async def test_a_create_that_is_there_already_is_not_sent_again(house: House) -> None:
    card = next(each for each in await cards(house) if each.kind is Kind.ACTIVITY)
    decide.approve(house.desk, card.id, card.digest())
    writer = Once(house.crm_path)
    house.desk.courier._writer = writer
    meta = WriteMeta(op_id=card.id, source="", approved_by="rep", approved_at=house.clock(), trail_head="")
    fields = {each.field: each.after for each in card.changes if each.after is not None}
    there = await writer.create(card.kind, fields, meta=meta)
    assert await land(house) == ["it is there already: nothing was sent"]
    assert state(house, card) is DeliveryState.SENT
    assert decisions.get_delivery(house.desk.db, card.id).result == str(there.ref)  # type: ignore[union-attr]
    assert writer.made == 1


async def test_a_doubt_about_one_record_holds_up_no_other(house: House) -> None:
    deal = card_of(await cards(house), "close_date")
    other = replace(
        deal, id="op-other", target=house.account.ref, target_name="Acme GmbH", kind=Kind.ACCOUNT, evidence=None,
        changes=(replace(deal.changes[0], field="city", label="City", type=FieldType.TEXT, before=None, after="Ulm"),),
    )  # fmt: skip
    decisions.save_proposals(house.desk.db, [other])
    for each in (deal, other):
        decide.approve(house.desk, each.id, each.digest())
    sandbox.set_switch(house.crm_path, "lose_answer", "1")
    first, second = await land(house)
    assert "reading back" in first and "waits for" not in second
    assert (state(house, deal), state(house, other)) == (DeliveryState.UNKNOWN, DeliveryState.SENT)


class Once(SandboxWriter):
    """Counts what is made."""

    made = 0

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        self.made += 1
        return await super().create(kind, fields, meta=meta)
