"""What the courier believes, and what it does not: answers, reads that fail, histories, and other windows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from gangly_tui.connectors.record import sandbox
from gangly_tui.connectors.record.sandbox import SandboxReader, SandboxWriter
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import DecisionError, HeldByAnother, OutcomeUnknown, Refused, SignInNeeded, Unreachable
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Proposal, WriteMeta
from gangly_tui.domain.records import FieldEdit, Record, RecordRef, Value
from gangly_tui.flow import decide
from gangly_tui.store import decisions, mirror, trail
from tests.flow.conftest import House
from tests.flow.steps import card_of, cards, kinds, land

NOVEMBER, OCTOBER, SEPTEMBER = date(2026, 11, 15), date(2026, 10, 10), date(2026, 9, 30)


class ShakyReader(SandboxReader):
    """Fails the reads that a test names, counted from one."""

    def __init__(self, path: Path, failing: Mapping[int, Exception] | None = None, *, history: bool = True) -> None:
        super().__init__(path)
        self.failing = dict(failing or {})
        self.keeps_history = history
        self.number = 0

    async def read(self, ref: RecordRef) -> Record:
        self.number += 1
        if self.number in self.failing:
            raise self.failing[self.number]
        return await super().read(ref)

    async def history(self, ref: RecordRef, field: str) -> list[FieldEdit] | None:  # type: ignore[override]
        return list(await super().history(ref, field)) if self.keeps_history else None


class RacedWriter(SandboxWriter):
    """A system without a guard, and a colleague who edits between our look and our write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        moved = sandbox.edit(self.path, ref, "close_date", OCTOBER.isoformat(), by="Priya")
        return await super().update(ref, fields, expect=moved.version, meta=meta)


class SignedOut(SandboxWriter):
    """A system whose sign-in ended between our look and our write, until the rep signs in again."""

    ended = True

    async def update(self, ref: RecordRef, fields: Mapping[str, Value], *, expect: str, meta: WriteMeta) -> Record:
        if self.ended:
            raise SignInNeeded("the session has ended", fix="gangly connect sandbox")
        return await super().update(ref, fields, expect=expect, meta=meta)


async def approved(house: House) -> Proposal:
    card = card_of(await cards(house), "close_date")
    decide.approve(house.desk, card.id, card.digest())
    return card


def read_by(house: House, reader: SandboxReader) -> None:
    """Let the courier read through another door."""
    house.desk.courier._reader = reader


def state(house: House, card: Proposal) -> DeliveryState:
    delivery = decisions.get_delivery(house.desk.db, card.id)
    assert delivery
    return delivery.state


def writes(house: House) -> int:
    return house.crm.execute("SELECT count(*) FROM provenance").fetchone()[0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("trouble", [Unreachable("the line is down"), TimeoutError(), Refused("no right to read")])
async def test_a_read_back_that_fails_after_a_yes_is_no_reason_to_send_again(house: House, trouble: Exception) -> None:
    card = await approved(house)
    reader = ShakyReader(house.crm_path, {2: trouble})
    read_by(house, reader)
    assert "reading back" in (await land(house))[0]
    assert state(house, card) is DeliveryState.UNKNOWN
    house.clock.forward(seconds=30)
    assert await land(house) == ["saved, read back"]
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.UNKNOWN, AuditKind.SENT]
    assert house.crm.execute("SELECT version FROM record WHERE id = ?", (house.deal.ref.id,)).fetchone() == (2,)
    reader.close()


async def test_a_sign_in_that_ends_right_before_the_write_costs_no_approval(house: House) -> None:
    card = await approved(house)
    writer = SignedOut(house.crm_path)
    house.desk.courier._writer = writer  # type: ignore[attr-defined]
    assert "the session has ended; trying again" in (await land(house))[0]
    assert state(house, card) is DeliveryState.APPROVED
    assert [each for each in decide.queue(house.desk) if each.replaces] == [], "nothing was refused: no card came back"
    writer.ended = False
    house.clock.forward(seconds=30)
    assert await land(house) == ["saved, read back"]
    told = [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.NOT_APPLIED, AuditKind.ATTEMPTED, AuditKind.SENT]
    assert kinds(house) == told
    writer.close()


async def test_a_read_that_is_refused_holds_up_no_other_write(house: House) -> None:
    found = await cards(house)
    deal, step = card_of(found, "close_date"), next(each for each in found if each.group == "next step")
    for each in (deal, step):
        decide.approve(house.desk, each.id, each.digest())
    reader = ShakyReader(house.crm_path, {1: Refused("no right to read")})
    read_by(house, reader)
    messages = await land(house)
    assert "no right to read; trying again" in messages[0]
    assert messages[1] == "saved, read back"
    assert (state(house, deal), state(house, step)) == (DeliveryState.APPROVED, DeliveryState.SENT)
    reader.close()


async def test_a_record_that_was_made_and_is_not_there_goes_to_the_rep_and_is_not_made_again(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    decide.approve(house.desk, step.id, step.digest())
    reader = ShakyReader(house.crm_path, {1: Unreachable("down")})
    read_by(house, reader)
    await land(house)
    db = house.crm
    db.execute("UPDATE record SET gone = 1 WHERE op_id = ?", (step.id,))  # a colleague deletes it
    house.clock.forward(seconds=30)
    (message,) = await land(house)
    assert "said it made the record, but it is not there" in message
    assert state(house, step) is DeliveryState.NEEDS_HUMAN
    (back,) = [each for each in decide.queue(house.desk) if each.replaces == step.id]
    assert "reject this if it is there" in back.note
    assert not decide.is_low_risk(back)
    house.clock.forward(hours=1)
    assert await land(house) == []
    assert kinds(house)[-1] is AuditKind.NEEDS_HUMAN
    assert writes(house) == 1
    reader.close()


async def test_a_card_that_came_back_outlives_the_next_draft_of_the_same_notes(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    house.crm.execute("UPDATE field SET max_length = 5 WHERE kind = 'activity' AND name = 'subject'")
    decide.approve(house.desk, step.id, step.digest())
    await land(house)
    (back,) = [each for each in decide.queue(house.desk) if each.replaces == step.id]
    await cards(house)
    assert back in decide.queue(house.desk), "approved once, refused once, and then silently gone"


@pytest.mark.parametrize("history", [True, False])
async def test_a_third_value_after_a_lost_answer_is_told_apart_by_the_history(house: House, history: bool) -> None:
    card = await approved(house)
    sandbox.set_switch(house.crm_path, "lose_answer", "1")
    await land(house)
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", OCTOBER.isoformat(), by="Priya")
    reader = ShakyReader(house.crm_path, history=history)
    read_by(house, reader)
    house.clock.forward(seconds=30)
    (message,) = await land(house)
    if history:
        assert message == "saved; Priya has changed Close date to 2026-10-10 since"
        assert state(house, card) is DeliveryState.SENT
    else:
        assert "cannot be told" in message
        assert state(house, card) is DeliveryState.NEEDS_HUMAN
        back = next(each for each in decide.queue(house.desk) if each.replaces == card.id)
        assert back.changes[0].before == OCTOBER
    assert house.stands(house.deal.ref, "close_date") == OCTOBER
    reader.close()


async def test_what_was_written_over_is_in_the_trail_with_the_true_before_and_can_be_put_back(house: House) -> None:
    card = await approved(house)
    house.desk.courier._writer = RacedWriter(house.crm_path)
    (message,) = await land(house)
    assert "Priya had set Close date to 2026-10-10" in message
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT, AuditKind.OVERWROTE]
    last = trail.entries(house.desk.db)[-1]
    assert (last.changes[0].before, last.changes[0].after) == ("2026-10-10", "2026-11-15")
    (offer,) = [each for each in decide.queue(house.desk) if each.undoes == card.id]
    assert offer.changes[0].before == NOVEMBER and offer.changes[0].after == OCTOBER
    assert "Priya set Close date to 2026-10-10 while this write was on its way" in offer.note
    assert decide.undo(house.desk, card.id).inverse == offer, "u shows the card that is there already"
    assert house.stands(house.deal.ref, "close_date") == NOVEMBER, "nothing is put back before a"
    house.desk.courier._writer = SandboxWriter(house.crm_path)
    decide.approve(house.desk, offer.id, offer.digest())
    assert await land(house) == ["saved, read back"]
    assert house.stands(house.deal.ref, "close_date") == OCTOBER


async def test_undo_goes_back_to_what_really_stood_there(house: House) -> None:
    card = await approved(house)
    house.desk.courier._writer = RacedWriter(house.crm_path)
    await land(house)
    (offer,) = [each for each in decide.queue(house.desk) if each.undoes == card.id]
    decide.reject(house.desk, offer.id)
    inverse = decide.undo(house.desk, card.id).inverse
    assert inverse and inverse.changes[0].after == OCTOBER, "not the value the card was drafted on"


async def test_a_write_waits_for_the_one_before_it_on_the_same_record(house: House) -> None:
    found = await cards(house)
    deal = [each for each in found if each.target == house.deal.ref]
    assert len(deal) >= 2
    for each in deal[:2]:
        decide.approve(house.desk, each.id, each.digest())
    sandbox.set_switch(house.crm_path, "lose_answer", "1")
    first, second = await land(house)
    assert "reading back" in first
    assert "waits for the write before it" in second
    house.clock.forward(seconds=30)
    assert await land(house) == ["saved, read back", "saved, read back"]


async def test_a_conflict_is_settled_before_it_is_approved(house: House) -> None:
    await approved(house)
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", OCTOBER.isoformat(), by="Priya")
    await land(house)
    back = next(each for each in decide.queue(house.desk) if each.conflict)
    with pytest.raises(DecisionError, match="somebody moved the record"):
        decide.approve(house.desk, back.id, back.digest())


async def test_the_very_value_put_there_by_another_is_not_sent(house: House) -> None:
    await approved(house)
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", NOVEMBER.isoformat(), by="Priya")
    assert await land(house) == ["it is there already: nothing was sent"]
    assert writes(house) == 0
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.SENT]


async def test_a_duplicate_that_carries_our_marker_is_an_earlier_attempt_of_ours(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    decide.approve(house.desk, step.id, step.digest())

    class Late(SandboxWriter):
        async def create(self, *arguments: object, **more: object) -> Record:
            await super().create(*arguments, **more)  # type: ignore[arg-type]
            raise OutcomeUnknown("no answer")

    house.desk.courier._writer = Late(house.crm_path)
    await land(house)
    house.clock.forward(seconds=30)
    assert await land(house) == ["saved, read back"]
    assert writes(house) == 1


async def test_undo_is_not_fooled_by_a_crash_between_the_outbox_and_the_mirror(house: House) -> None:
    await approved(house)
    await land(house)
    shown = mirror.get_record(house.desk.db, house.deal.ref)
    assert shown and shown.fields["close_date"] == NOVEMBER, "kept in the same transaction as the state"


async def test_history_tells_edits_newest_first(house: House) -> None:
    for day in ("2026-10-01", "2026-10-02"):
        sandbox.edit(house.crm_path, house.deal.ref, "close_date", day, by="Priya")
    edits = await house.desk.reader.history(house.deal.ref, "close_date")
    assert edits
    assert [(each.before, each.after, each.by) for each in edits] == [
        (date(2026, 10, 1), date(2026, 10, 2), "Priya"),
        (SEPTEMBER, date(2026, 10, 1), "Priya"),
    ]
    assert await house.desk.reader.history(house.deal.ref, "amount") == []


_HOLDER = """
import sys, time
from pathlib import Path
from gangly_tui.store.locks import sender_lock
with sender_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(store: str) -> subprocess.Popen[str]:
    """Another window, in the middle of sending."""
    return subprocess.Popen([sys.executable, "-c", _HOLDER, store], stdout=subprocess.PIPE, text=True)


async def test_a_second_window_says_who_sends_and_takes_over_when_that_one_is_killed(house: House) -> None:
    card = await approved(house)
    other = holder(str(house.desk.db.path))
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "held\n"
        assert await house.desk.courier.deliver_due() == [], "nothing is due here: nothing to say"
        house.clock.forward(seconds=5)
        with pytest.raises(HeldByAnother, match=f"pid {other.pid}"):
            await house.desk.courier.deliver_due()
        assert writes(house) == 0
        os.kill(other.pid, signal.SIGKILL)
        other.wait()  # the kernel lets go of the lock with it
        await house.desk.courier.deliver_due()
        assert state(house, card) is DeliveryState.SENT
        assert writes(house) == 1
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
