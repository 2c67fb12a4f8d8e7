"""The straight line: meeting, brief, notes, draft, cards, one key, outbox, CRM, read-back, trail."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from gangly_tui.connectors.record import sandbox, sandbox_db
from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.errors import AlreadyDecided, DecisionError, InputError, StaleApproval
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Action, Proposal, ProposalState, Risk
from gangly_tui.domain.records import Kind
from gangly_tui.flow.capture import autosave, open_notes, propose
from gangly_tui.flow.decide import (
    approve,
    approve_low_risk,
    choose,
    edit,
    later,
    queue,
    reject,
    settle,
    skip_choice,
    undo,
)
from gangly_tui.flow.prepare import MeetingState, day, next_meeting, prepare
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, engagement, mirror, trail
from tests.flow.conftest import House

NOTES = """Ada: We can sign on November 15, after the board meets.
Ada: We are also looking at Globex as an alternative.
Robin: I'll send you the security whitepaper by Friday.
"""


async def cards(house: House, text: str = NOTES) -> list[Proposal]:
    notes = open_notes(house.desk, "m1")
    return await propose(house.desk, type(notes)(**{**_parts(notes), "text": text}))


def _parts(notes: object) -> dict[str, object]:
    return {name: getattr(notes, name) for name in ("id", "meeting_id", "updated_at", "source")}


def card_of(found: list[Proposal], field: str) -> Proposal:
    return next(each for each in found if each.group == "field" and each.changes[0].field == field)


async def land(house: House) -> list[str]:
    house.clock.forward(seconds=5)
    return [each.message for each in await house.desk.courier.deliver_due()]


def kinds(house: House) -> list[AuditKind]:
    return [each.kind for each in trail.entries(house.desk.db)]


async def test_from_notes_to_an_audited_write(house: House) -> None:
    found = await cards(house)
    card = card_of(found, "close_date")
    assert card.changes[0].before == date(2026, 9, 30) and card.changes[0].before_by == "Kim"
    assert card.changes[0].after == date(2026, 11, 15)
    assert card.evidence and card.evidence.text in NOTES and card.evidence.speaker == "Ada"
    approve(house.desk, card.id, card.digest())
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30), "nothing leaves in the grace period"
    assert await house.desk.courier.deliver_due() == []
    assert await land(house) == ["saved, read back"]
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15)
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]
    sent = trail.entries(house.desk.db)[-1]
    assert (sent.user, sent.source, sent.system) == ("robin@seller.com", "notes of 2026-09-23", "sandbox")
    assert (sent.changes[0].before, sent.changes[0].after) == ("2026-09-30", "2026-11-15")
    assert sent.quote == card.evidence.text
    assert trail.verify_trail(house.desk.db)[0] == 3
    provenance = house.crm.execute("SELECT approved_by, source, trail_head FROM provenance").fetchall()
    assert provenance == [("robin@seller.com", "notes of 2026-09-23", trail.entries(house.desk.db)[1].hash)]


async def test_the_summary_and_the_tasks_land_on_the_deal_with_a_footer(house: House) -> None:
    for card in [each for each in await cards(house) if each.kind is Kind.ACTIVITY]:
        approve(house.desk, card.id, card.digest())
    assert set(await land(house)) == {"saved, read back"}
    await pull(house.desk)
    landed = mirror.linked(house.desk.db, house.deal.ref, Kind.ACTIVITY, limit=10)
    assert {each.text("type") for each in landed} == {"meeting", "task"}
    for each in landed:
        assert "approved by robin@seller.com" in each.text("body")
        assert each.ids("contacts") == (house.ada.ref.id,)
    task = next(each for each in landed if each.text("type") == "task")
    assert task.fields["due"] == date(2026, 9, 25) and task.fields["ours"] is True


async def test_an_approval_is_bound_to_the_card_that_was_shown(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    shown = card.digest()
    edited = edit(house.desk, card.id, "close_date", "2026-12-01")
    with pytest.raises(StaleApproval):
        approve(house.desk, card.id, shown)
    assert decisions.deliveries(house.desk.db) == []
    approve(house.desk, card.id, edited.digest())
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 12, 1)
    assert kinds(house)[0] is AuditKind.EDITED


async def test_nothing_leaves_the_outbox_whose_card_is_not_the_approved_one(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    forged = card.with_after("close_date", date(2027, 1, 1))
    decisions.save_proposals(house.desk.db, [forged], state=ProposalState.APPROVED)
    assert await land(house) == ["the card is not the one that was approved"]
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)


async def test_a_delivery_without_an_approval_is_refused(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    delivery = approve(house.desk, card.id, card.digest())
    house.desk.db.execute("DELETE FROM approval")
    assert delivery.state is DeliveryState.APPROVED
    assert await land(house) == ["the card is not the one that was approved"]
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)


async def test_a_card_is_decided_once(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    reject(house.desk, card.id, "not now")
    with pytest.raises(AlreadyDecided):
        approve(house.desk, card.id, card.digest())
    with pytest.raises(DecisionError):
        approve(house.desk, "op-none", "0")
    assert trail.entries(house.desk.db)[-1].detail == "not now"


async def test_a_colleagues_edit_comes_back_as_a_conflict_and_is_settled(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", "2026-10-10", by="Priya")
    await land(house)
    back = queue(house.desk)[0] if queue(house.desk)[0].conflict else queue(house.desk)[-1]
    assert back.conflict and back.conflict.by == "Priya"
    assert (back.conflict.base, back.conflict.theirs, back.conflict.mine) == (
        date(2026, 9, 30),
        date(2026, 10, 10),
        date(2026, 11, 15),
    )
    with pytest.raises(DecisionError, match="both"):
        settle(house.desk, back.id, "both")
    mine = settle(house.desk, back.id, "mine")
    assert mine is not None
    approve(house.desk, mine.id, mine.digest())
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15)
    assert trail.entries(house.desk.db)[-1].changes[0].before == "2026-10-10"


async def test_theirs_ends_the_card_without_a_write(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", "2026-10-10", by="Priya")
    await land(house)
    back = next(each for each in queue(house.desk) if each.conflict)
    assert settle(house.desk, back.id, "theirs") is None
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 10, 10)


async def test_an_edit_of_another_field_merges_silently(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.edit(house.crm_path, house.deal.ref, "amount", "31000", by="Priya")
    assert await land(house) == ["saved, read back"]
    assert house.stands(house.deal.ref, "amount") == Decimal(31000)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15)


async def test_undo_in_the_grace_period_withdraws_and_the_card_is_open_again(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    assert undo(house.desk).withdrawn == card
    assert await land(house) == []
    assert card.id in {each.id for each in queue(house.desk)}
    approve(house.desk, card.id, card.digest())
    assert await land(house) == ["saved, read back"]


async def test_undo_after_landing_is_an_inverse_write_on_the_same_road(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    await land(house)
    inverse = undo(house.desk).inverse
    assert inverse and inverse.changes[0].after == date(2026, 9, 30) and inverse.undoes == card.id
    assert house.stands(house.deal.ref, "close_date") == date(2026, 11, 15), "nothing is sent before a"
    approve(house.desk, inverse.id, inverse.digest())
    await land(house)
    assert house.stands(house.deal.ref, "close_date") == date(2026, 9, 30)
    with pytest.raises(DecisionError, match="nothing to undo"):
        undo(house.desk)


async def test_undo_of_a_create_removes_what_was_created(house: House) -> None:
    card = next(each for each in await cards(house) if each.group == "next step")
    approve(house.desk, card.id, card.digest())
    await land(house)
    inverse = undo(house.desk).inverse
    assert inverse and inverse.action is Action.REMOVE
    approve(house.desk, inverse.id, inverse.digest())
    assert await land(house) == ["saved, read back"]
    await pull(house.desk)
    assert mirror.linked(house.desk.db, house.deal.ref, Kind.ACTIVITY, limit=10) == []


async def test_undo_is_refused_when_the_field_moved_since_with_who_and_when(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    await land(house)
    sandbox.edit(house.crm_path, house.deal.ref, "close_date", "2026-10-10", by="Priya")
    await pull(house.desk)
    with pytest.raises(DecisionError, match="Priya changed Close date"):
        undo(house.desk)


async def test_offline_waits_and_sends_once_when_the_line_is_back(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    sandbox.set_switch(house.crm_path, "offline", "1")
    (message,) = await land(house)
    assert "offline" in message and "trying again" in message
    assert house.desk.courier.next_due() == house.clock() + timedelta(seconds=2)
    sandbox.set_switch(house.crm_path, "offline", None)
    assert await land(house) == ["saved, read back"]
    assert kinds(house) == [AuditKind.APPROVED, AuditKind.ATTEMPTED, AuditKind.SENT]


async def test_a_lost_answer_is_read_back_and_never_sent_twice(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    approve(house.desk, step.id, step.digest())
    sandbox.set_switch(house.crm_path, "lose_answer", "1")
    assert "reading back" in (await land(house))[0]
    assert await land(house) == [], "the outcome rests until the horizon"
    house.clock.forward(seconds=30)
    assert await land(house) == ["saved, read back"]
    db = house.crm
    assert db.execute("SELECT count(*) FROM record WHERE op_id = ?", (step.id,)).fetchone() == (1,)
    assert kinds(house)[-2:] == [AuditKind.UNKNOWN, AuditKind.SENT]


async def test_a_crash_in_the_air_is_resolved_by_reading_back(house: House) -> None:
    class Crash(BaseException):
        pass

    def crash(point: str) -> None:
        if point == "deliver.answered":
            raise Crash

    card = card_of(await cards(house), "close_date")
    approve(house.desk, card.id, card.digest())
    house.desk.courier._at = crash
    with pytest.raises(Crash):
        await land(house)
    house.desk.courier._at = lambda _: None
    delivery = decisions.get_delivery(house.desk.db, card.id)
    assert delivery and delivery.state is DeliveryState.ATTEMPTED
    assert await land(house) == []
    house.clock.forward(seconds=60)
    assert await land(house) == ["saved, read back"]
    versions = house.crm.execute("SELECT version FROM record WHERE id = ?", (house.deal.ref.id,)).fetchone()
    assert versions == (2,), "written once"


async def test_a_refused_write_comes_back_with_the_reason(house: House) -> None:
    step = next(each for each in await cards(house) if each.group == "next step")
    house.crm.execute("UPDATE field SET max_length = 5 WHERE kind = 'activity' AND name = 'subject'")
    approve(house.desk, step.id, step.digest())
    (message,) = await land(house)
    assert "takes 5 characters" in message
    back = next(each for each in queue(house.desk) if each.replaces == step.id)
    assert "takes 5 characters" in back.note and back.id != step.id


async def test_a_duplicate_contact_becomes_an_update_of_the_one_that_is_there(house: House) -> None:
    text = "Ada: Please add our COO, Jo van Dam, jo@acme.de, she will join.\n"
    card = next(each for each in await cards(house, text) if each.kind is Kind.CONTACT)
    assert card.risk is Risk.NEW_RECORD
    approve(house.desk, card.id, card.digest())
    db = house.crm
    sandbox_db.insert(
        db, Kind.CONTACT, {"last_name": "van Dam", "email": "jo+crm@acme.de"}, by="Priya", at=house.clock()
    )
    (message,) = await land(house)
    assert "already in sandbox" in message
    assert db.execute("SELECT count(*) FROM record WHERE identity = 'jo@acme.de'").fetchone() == (1,)


async def test_low_risk_cards_go_together_and_forecast_fields_never_do(house: House) -> None:
    found = await cards(house)
    shown = {each.id: each.digest() for each in found}
    approve_low_risk(house.desk, "m1", shown)
    left = queue(house.desk)
    assert left and all(each.risk is not Risk.LOW or each.note for each in left)
    assert card_of(left, "close_date")
    only = card_of(found, "close_date")
    assert approve_low_risk(house.desk, "m1", {only.id: only.digest()}) == []


async def test_a_bad_edit_is_refused_and_the_card_stays_as_it_was(house: House) -> None:
    card = card_of(await cards(house), "close_date")
    with pytest.raises(InputError, match="not a date"):
        edit(house.desk, card.id, "close_date", "soon")
    assert decisions.get_proposal(house.desk.db, card.id) == card


async def test_later_goes_behind_and_drafting_again_spares_what_was_decided(house: House) -> None:
    found = await cards(house)
    later(house.desk, found[-1].id)
    assert queue(house.desk)[-1].id == found[-1].id
    done = card_of(found, "close_date")
    approve(house.desk, done.id, done.digest())
    again = await cards(house)
    assert {each.changes[0].field for each in again if each.group == "field"} == {
        each.changes[0].field for each in found if each.group == "field"
    } - {"close_date"}
    assert decisions.proposal_state(house.desk.db, found[-1].id) is ProposalState.SUPERSEDED
    assert decisions.proposal_state(house.desk.db, done.id) is ProposalState.APPROVED


async def second_deal(house: House) -> None:
    db = house.crm
    sandbox_db.insert(
        db,
        Kind.OPPORTUNITY,
        {
            "name": "Renewal", "account": house.account.ref.id, "contacts": (house.ada.ref.id,), "stage": "Proposal",
            "close_date": date(2026, 10, 1),
        },
        by="Kim",
        at=house.clock() - timedelta(days=50),
    )  # fmt: skip
    await pull(house.desk)


async def test_two_deals_are_asked_once_and_remembered_for_the_series(house: House) -> None:
    await second_deal(house)
    found = await cards(house)
    waiting = [each for each in found if each.needs_choice]
    assert card_of(waiting, "close_date")
    with pytest.raises(DecisionError, match="several deals fit"):
        approve(house.desk, waiting[0].id, waiting[0].digest())
    renewal = next(each for each in waiting[0].choices if each.label.startswith("Renewal")).ref
    aimed = await choose(house.desk, "m1", renewal)
    card = card_of(aimed, "close_date")
    assert card.target == renewal and card.changes[0].before == date(2026, 10, 1)
    assert engagement.series_choice(house.desk.db, "weekly") == renewal
    again = await cards(house)
    assert not [each for each in again if each.needs_choice]


async def test_none_of_the_deals_keeps_the_activities_with_the_account(house: House) -> None:
    await second_deal(house)
    await cards(house)
    skip_choice(house.desk, "m1")
    left = queue(house.desk)
    assert left and all(each.kind is Kind.ACTIVITY and not each.needs_choice for each in left)
    assert all("opportunity" not in {change.field for change in each.changes} for each in left)


async def test_the_day_says_what_each_meeting_waits_for(house: House) -> None:
    on = house.clock().date()
    assert [row.state for row in day(house.desk, on)] == [MeetingState.NOTES_PENDING]
    autosave(house.desk, type(n := open_notes(house.desk, "m1"))(**{**_parts(n), "text": NOTES}))
    assert [row.state for row in day(house.desk, on)] == [MeetingState.DRAFTED]
    found = await cards(house)
    (row,) = day(house.desk, on)
    assert (row.state, row.to_review, row.account_name) == (MeetingState.REVIEW, len(found), "Acme GmbH")
    for card in found:
        reject(house.desk, card.id)
    assert [row.state for row in day(house.desk, on)] == [MeetingState.DONE]
    house.clock.forward(hours=-2)
    assert next_meeting(house.desk) == engagement.get_meeting(house.desk.db, "m1")


async def test_the_notes_are_kept_before_anything_else_is_attempted(house: House) -> None:
    class Broken:
        def draft(self, text: str, context: object) -> object:
            raise RuntimeError("engine broke")

    object.__setattr__(house.desk, "drafter", Broken())
    with pytest.raises(RuntimeError):
        await cards(house)
    assert engagement.notes_of(house.desk.db, "m1")[0].text == NOTES


async def test_a_transcript_opens_in_notes_and_the_reps_own_text_wins(house: House) -> None:
    house.calendar.texts["m1"] = "Ada: hello"
    report = await pull(house.desk)
    assert report.transcripts == 1
    notes = open_notes(house.desk, "m1")
    assert (notes.text, notes.source) == ("Ada: hello", "transcript")
    (row,) = day(house.desk, house.clock().date())
    assert row.state is MeetingState.TRANSCRIPT_READY


async def test_a_pull_that_reaches_nothing_ends_with_the_reason(house: House) -> None:
    sandbox.set_switch(house.crm_path, "offline", "1")
    report = await pull(house.desk)
    assert report.problems == ("sandbox: the sandbox CRM is offline (gangly sandbox online)",)
    assert report.meetings == 1


async def test_offline_notes_are_drafted_on_what_the_mirror_holds(house: House) -> None:
    sandbox.set_switch(house.crm_path, "offline", "1")
    assert card_of(await cards(house), "close_date").changes[0].before == date(2026, 9, 30)


async def test_the_brief_reads_the_store_and_says_zero_writes(house: House) -> None:
    meeting = engagement.get_meeting(house.desk.db, "m1")
    assert meeting
    brief = prepare(house.desk, meeting)
    assert brief.writes == 0
    assert brief.account and brief.account.name == "Acme GmbH"
    assert brief.deal and brief.deal.name == "Platform 2026"
    assert [each.known for each in brief.attendees] == [False, True]
