"""A meeting that is not to be processed: its recording is neither kept nor read, what is there goes, notes stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.domain.errors import InputError
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.flow import decide
from gangly_tui.flow.capture import OWN, autosave, keep_file, open_notes, propose, sources
from gangly_tui.flow.prepare import MeetingState, day
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, engagement
from gangly_tui.store.left_alone import is_left_alone, leave_alone, left_alone, process_again
from tests.flow.conftest import CALL, House
from tests.flow.steps import NOTES


def state(house: House) -> MeetingState:
    return next(each.state for each in day(house.desk, CALL.date()) if each.meeting.id == "m1")


async def test_what_is_there_goes_and_nothing_comes_until_it_is_taken_back(house: House) -> None:
    house.calendar.texts["m1"] = NOTES
    await pull(house.desk)
    cards = await propose(house.desk, open_notes(house.desk, "m1"))
    done, waiting = cards[0], cards[1]
    decide.approve(house.desk, done.id, done.digest())
    autosave(house.desk, replace(sources(house.desk, "m1")[0], text="my own words"))
    assert leave_alone(house.desk.db, "m1") >= 2
    await pull(house.desk)
    assert engagement.transcript_of(house.desk.db, "m1") is None
    assert [(each.source, each.text) for each in sources(house.desk, "m1")] == [(OWN, "my own words")]
    assert engagement.draft_of(house.desk.db, "m1") is None
    assert decisions.proposal_state(house.desk.db, waiting.id) is ProposalState.SUPERSEDED
    assert decisions.proposal_state(house.desk.db, done.id) is ProposalState.APPROVED
    process_again(house.desk.db, "m1")
    await pull(house.desk)
    assert engagement.transcript_of(house.desk.db, "m1") == NOTES


async def test_it_shows_on_the_day_and_only_that_meeting_is_marked(house: House) -> None:
    house.calendar.texts["m1"] = NOTES
    leave_alone(house.desk.db, "m1")
    await pull(house.desk)
    assert state(house) is MeetingState.LEFT_ALONE and is_left_alone(house.desk.db, "m1")
    assert left_alone(house.desk.db, ["m1", "m2", "not processed m1"]) == {"m1"}
    process_again(house.desk.db, "m1")
    await pull(house.desk)
    assert state(house) is MeetingState.TRANSCRIPT_READY and not left_alone(house.desk.db, ["m1"])


async def test_a_recording_is_not_opened_there_by_hand_and_notes_are(house: House) -> None:
    leave_alone(house.desk.db, "m1")
    with pytest.raises(InputError, match="not processed"):
        keep_file(house.desk, "m1", "call.vtt", "WEBVTT")
    assert keep_file(house.desk, "m1", "notes.txt", "mine").text == "mine"
