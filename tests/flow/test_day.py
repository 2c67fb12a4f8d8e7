"""The day's meetings and their texts: states, pulls, transcripts, briefs."""

from __future__ import annotations

from datetime import date

import pytest

from gangly_tui.connectors.record import sandbox
from gangly_tui.flow.capture import autosave, open_notes
from gangly_tui.flow.decide import (
    reject,
)
from gangly_tui.flow.prepare import MeetingState, day, next_meeting, prepare
from gangly_tui.flow.pull import pull
from gangly_tui.store import engagement
from tests.flow.conftest import House
from tests.flow.steps import NOTES, card_of, cards, parts


async def test_the_day_says_what_each_meeting_waits_for(house: House) -> None:
    on = house.clock().date()
    assert [row.state for row in day(house.desk, on)] == [MeetingState.NOTES_PENDING]
    autosave(house.desk, type(n := open_notes(house.desk, "m1"))(**{**parts(n), "text": NOTES}))
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
