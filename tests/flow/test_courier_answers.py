"""Each answer a system can give to a write, and each thing a look can show: where it leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gangly_tui.connectors.record import sandbox
from gangly_tui.connectors.record import sandbox_db as crm
from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter
from gangly_tui.domain.errors import (
    ConnectorError,
    DecisionError,
    DuplicateFound,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RecordMoved,
    Unreachable,
)
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, Proposal, WriteMeta
from gangly_tui.domain.records import Kind, Record, RecordRef, Value
from gangly_tui.flow import decide
from gangly_tui.store import decisions
from gangly_tui.store.locks import sender_lock
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards, land

OCTOBER, NOVEMBER = date(2026, 10, 10), date(2026, 11, 15)
CONTACT = "Ada: Please add our COO, Jo van Dam, jo@acme.de, she will join.\n"


class Answers(SandboxWriter):
    """Answers the first write as the test says: before it is applied, or after."""

    def __init__(self, house: House, error: ConnectorError, *, applied: bool = False) -> None:
        super().__init__(house.crm_path)
        self.error: ConnectorError | None = error
        self.applied = applied

    def _answer_with(self, *, applied: bool) -> None:
        if self.error is not None and applied is self.applied:
            error, self.error = self.error, None
            raise error

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        self._answer_with(applied=False)
        written = await super().update(ref, fields, expect=expect, meta=meta)
        self._answer_with(applied=True)
        return written

    async def create(self, kind: Kind, fields: Mapping[str, Value], *, meta: WriteMeta) -> Record:
        self._answer_with(applied=False)
        written = await super().create(kind, fields, meta=meta)
        self._answer_with(applied=True)
        return written

    async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
        self._answer_with(applied=False)
        await super().remove(ref, expect=expect, meta=meta)
        self._answer_with(applied=True)


async def on_its_way(house: House) -> Proposal:
    card = card_of(await cards(house), "close_date")
    decide.approve(house.desk, card.id, card.digest())
    return card


async def removal(house: House) -> Proposal:
    """An undo of a landed create, approved and not yet sent."""
    step = next(each for each in await cards(house) if each.group == "next step")
    decide.approve(house.desk, step.id, step.digest())
    await land(house)
    inverse = decide.undo(house.desk, step.id).inverse
    assert inverse and inverse.action is Action.REMOVE
    decide.approve(house.desk, inverse.id, inverse.digest())
    return inverse


def state(house: House, card: Proposal) -> DeliveryState:
    delivery = decisions.get_delivery(house.desk.db, card.id)
    assert delivery
    return delivery.state


@pytest.mark.parametrize(
    ("moves", "then", "said"),
    [
        (lambda now: replace(now, version="9"), DeliveryState.APPROVED, "another field changed at the same moment"),
        (
            lambda now: replace(now, fields={**now.fields, "close_date": NOVEMBER}),
            DeliveryState.SENT,
            "it is there already",
        ),
        (lambda now: replace(now, fields={**now.fields, "close_date": OCTOBER}), DeliveryState.CONFLICT, "changed"),
    ],
)
async def test_a_guard_that_holds_is_looked_at(
    house: House, moves: Callable[[Record], Record], then: DeliveryState, said: str
) -> None:
    card = await on_its_way(house)
    now = await house.desk.reader.read(house.deal.ref)
    house.desk.courier._writer = Answers(house, RecordMoved("moved", current=moves(now)))
    (message,) = await land(house)
    assert said in message
    assert state(house, card) is then


async def test_a_record_that_is_gone_before_or_at_the_write_brings_the_card_back(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, NotFound("gone"))
    assert await land(house) == ["Platform 2026 is no longer in sandbox"]
    assert state(house, card) is DeliveryState.REJECTED
    house.crm.execute("UPDATE record SET gone = 1 WHERE id = ?", (house.deal.ref.id,))
    back = next(each for each in decide.queue(house.desk) if each.replaces == card.id)
    decide.approve(house.desk, back.id, back.digest())
    assert await land(house) == ["Platform 2026 is no longer in sandbox"]


async def test_a_system_that_cannot_take_it_now_is_tried_again(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, Unreachable("no connection"))
    assert await land(house) == ["no connection; trying again in 2 s"]
    assert state(house, card) is DeliveryState.APPROVED
    assert await land(house) == ["saved, read back"]


async def test_what_was_not_applied_is_sent_again_after_the_horizon(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, OutcomeUnknown("reset"))
    await land(house)
    house.clock.forward(seconds=30)
    assert await land(house) == ["read back: it did not arrive; trying again"]
    assert await land(house) == ["saved, read back"]
    assert state(house, card) is DeliveryState.SENT


async def test_what_was_not_applied_and_has_moved_is_a_conflict(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, OutcomeUnknown("reset"))
    await land(house)
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", OCTOBER.isoformat(), by="Priya")
    house.clock.forward(seconds=30)
    await land(house)
    assert state(house, card) is DeliveryState.CONFLICT


async def test_a_record_that_is_gone_when_it_is_read_back_is_for_the_rep(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, OutcomeUnknown("reset"), applied=True)
    await land(house)
    house.crm.execute("UPDATE record SET gone = 1 WHERE id = ?", (house.deal.ref.id,))
    house.clock.forward(seconds=30)
    (message,) = await land(house)
    assert message == "Platform 2026 is gone, and whether it had arrived cannot be told: a card asks you"
    assert state(house, card) is DeliveryState.NEEDS_HUMAN


@pytest.mark.parametrize("applied", [True, False])
async def test_a_removal_without_an_answer_is_read_back(house: House, applied: bool) -> None:
    card = await removal(house)
    house.desk.courier._writer = Answers(house, OutcomeUnknown("reset"), applied=applied)
    await land(house)
    house.clock.forward(seconds=30)
    message = (await land(house))[0]
    assert message == ("saved, read back" if applied else "read back: it did not arrive; trying again")
    await land(house)
    assert state(house, card) is DeliveryState.SENT


async def test_a_removal_of_what_is_gone_already_has_nothing_to_do(house: House) -> None:
    card = await removal(house)
    house.desk.courier._writer = Answers(house, NotFound("gone"))
    assert await land(house) == ["it is there already: nothing was sent"]
    assert state(house, card) is DeliveryState.SENT


async def test_a_removal_that_was_confirmed_and_did_not_happen_is_for_the_rep(house: House) -> None:
    card = await removal(house)

    class Forgets(SandboxWriter):
        async def remove(self, ref: RecordRef, *, expect: str, meta: WriteMeta) -> None:
            return

    house.desk.courier._writer = Forgets(house.crm_path)
    await land(house)
    assert state(house, card) is DeliveryState.UNKNOWN
    house.clock.forward(seconds=30)
    assert "said it removed the record, but it is still there" in (await land(house))[0]
    assert state(house, card) is DeliveryState.NEEDS_HUMAN


async def test_a_yes_that_is_not_kept_is_for_the_rep_and_not_sent_again(house: House) -> None:
    card = await on_its_way(house)

    class Rounds(SandboxWriter):
        async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
            rounded = {"close_date": date(2026, 11, 1)}
            return await super().update(ref, rounded, expect=expect, meta=meta)

    house.desk.courier._writer = Rounds(house.crm_path)
    await land(house)
    house.clock.forward(seconds=30)
    assert "said yes, but holds another value" in (await land(house))[0]
    assert state(house, card) is DeliveryState.NEEDS_HUMAN


@pytest.mark.parametrize(("case", "then"), [("theirs", "rejected"), ("ours", "sent"), ("unread", "unknown")])
async def test_a_duplicate_told_at_the_write_is_ours_theirs_or_not_known(house: House, case: str, then: str) -> None:
    card = next(each for each in await cards(house, CONTACT) if each.kind is Kind.CONTACT)
    decide.approve(house.desk, card.id, card.digest())
    error = DuplicateFound("already there", existing=house.ada.ref)
    house.desk.courier._writer = Answers(house, error, applied=case == "ours")
    if case == "unread":

        class Blind(SandboxReader):
            async def read(self, ref: RecordRef) -> Record:
                raise Unreachable("down")

        house.desk.courier._reader = Blind(house.crm_path)
    await land(house)
    assert state(house, card).value == then
    doubles = decisions.get_delivery(house.desk.db, card.id).doubles
    assert doubles == (str(house.ada.ref) if case == "theirs" else ""), "Health counts the duplicates that were blocked"


async def test_a_delivery_without_a_card_says_so(house: House) -> None:
    card = await on_its_way(house)
    house.desk.db.execute("DELETE FROM proposal WHERE id = ?", (card.id,))
    with pytest.raises(DecisionError, match="there is no such card"):
        await land(house)


async def test_what_is_withdrawn_while_it_is_looked_at_does_not_leave(house: House) -> None:
    card = await on_its_way(house)

    class Slow(SandboxReader):
        async def read(self, ref: RecordRef) -> Record:
            decide.undo(house.desk, card.id)
            return await super().read(ref)

    house.desk.courier._reader = Slow(house.crm_path)
    assert await land(house) == []
    assert state(house, card) is DeliveryState.WITHDRAWN
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)


async def test_an_empty_outbox_has_no_next_time(house: House) -> None:
    assert house.desk.courier.next_due() is None


async def test_what_another_window_has_in_the_air_is_left_to_it(house: House) -> None:
    card = await on_its_way(house)

    class Crash(BaseException):
        pass

    def crash(point: str) -> None:
        if point == "attempted.committed":
            raise Crash

    house.desk.courier._at = crash
    with pytest.raises(Crash):
        await land(house)
    house.desk.courier._at = lambda _: None
    with sender_lock(house.desk.db.path):
        assert await house.desk.courier.deliver_due() == []
    assert state(house, card) is DeliveryState.ATTEMPTED
    assert await house.desk.courier.deliver_due() == []
    assert state(house, card) is DeliveryState.UNKNOWN, "nobody else sends: it was left behind"


async def test_no_read_before_the_horizon_decides(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, OutcomeUnknown("reset"))
    await land(house)
    early = decisions.get_delivery(house.desk.db, card.id)
    assert early
    decisions.put_delivery(house.desk.db, replace(early, due_at=house.clock()))
    assert "not sure yet whether it arrived" in (await land(house))[0]
    assert state(house, card) is DeliveryState.UNKNOWN


async def test_a_create_without_an_answer_is_made_again_only_when_its_marker_is_nowhere(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    decide.approve(house.desk, step.id, step.digest())
    house.desk.courier._writer = Answers(house, OutcomeUnknown("reset"))
    await land(house)
    house.clock.forward(seconds=30)
    assert await land(house) == ["read back: it did not arrive; trying again"]
    assert await land(house) == ["saved, read back"]
    assert house.crm.execute("SELECT count(*) FROM record WHERE op_id = ?", (step.id,)).fetchone() == (1,)


async def test_a_removal_of_what_a_look_no_longer_finds_sends_nothing(house: House) -> None:
    card = await removal(house)
    house.crm.execute("UPDATE record SET gone = 1 WHERE kind = 'activity' AND op_id IS NOT NULL")
    assert await land(house) == ["it is there already: nothing was sent"]
    assert state(house, card) is DeliveryState.SENT


async def test_what_is_withdrawn_while_it_cannot_be_read_stays_withdrawn(house: House) -> None:
    card = await on_its_way(house)

    class Slow(SandboxReader):
        async def read(self, ref: RecordRef) -> Record:
            decide.undo(house.desk, card.id)
            raise Unreachable("down")

    house.desk.courier._reader = Slow(house.crm_path)
    assert await land(house) == []
    assert state(house, card) is DeliveryState.WITHDRAWN


async def test_a_system_that_asks_for_a_long_rest_gets_it(house: House) -> None:
    card = await on_its_way(house)
    house.desk.courier._writer = Answers(house, RateLimited("slow down", retry_after=900))
    await land(house)
    waiting = decisions.get_delivery(house.desk.db, card.id)
    assert waiting is not None and waiting.state is DeliveryState.APPROVED
    assert waiting.due_at - house.clock() == timedelta(seconds=900)


async def test_a_contact_somebody_made_meanwhile_is_not_made_again(house: House) -> None:
    card = next(each for each in await cards(house, CONTACT) if each.kind is Kind.CONTACT)
    decide.approve(house.desk, card.id, card.digest())
    theirs = {"first_name": "Jo", "last_name": "van Dam", "email": "Jo@Acme.de", "account": house.account.ref.id}
    db = house.crm
    made = crm.insert(db, Kind.CONTACT, theirs, by="Kim", at=house.clock())
    count = db.execute("SELECT count(*) FROM record WHERE kind = 'contact'").fetchone()
    await land(house)
    assert db.execute("SELECT count(*) FROM record WHERE kind = 'contact'").fetchone() == count
    db.close()
    delivery = decisions.get_delivery(house.desk.db, card.id)
    assert delivery is not None
    assert (delivery.state, delivery.doubles) == (DeliveryState.REJECTED, str(made.ref))
