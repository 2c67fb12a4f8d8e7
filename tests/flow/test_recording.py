"""Consent to a recording, as the CRM holds it: without it a meeting is not processed, and says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gangly_tui.domain.errors import DecisionError, InputError
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.ports import Transcript
from gangly_tui.domain.records import Attendee, Meeting
from gangly_tui.flow import capture, decide
from gangly_tui.flow.prepare import MeetingState, day, prepare
from gangly_tui.flow.pull import PullReport, pull
from gangly_tui.flow.recording import process_again
from gangly_tui.store import decisions, engagement
from gangly_tui.store.left_alone import is_left_alone, leave_alone
from tests.flow.conftest import CALL, House
from tests.flow.steps import NOTES, land
from tests.flow.test_consent_sending import says

REFUSED = "no consent to a recording: Ada Lind (No)"


@dataclass
class Recorder:
    """A meeting system that remembers for which meetings it was asked."""

    text: str = NOTES
    asked: list[str] = field(default_factory=list)
    system: str = "zoom"

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> Sequence[Transcript]:
        self.asked += [each.id for each in meetings]
        return [Transcript(meeting_id=each.id, text=self.text) for each in meetings if each.id not in known]


@pytest.fixture
def recorder(house: House) -> Recorder:
    made = Recorder()
    house.desk = replace(house.desk, recorders=(made,))
    return made


async def brought(house: House) -> PullReport:
    return await pull(house.desk)


def state(house: House) -> MeetingState:
    return next(each.state for each in day(house.desk, CALL.date()) if each.meeting.id == "m1")


@pytest.mark.parametrize("said", ["No", "refused", "pending", "Nein, danke", "withdrawn 2026-03-01"])
async def test_the_recording_of_who_has_not_agreed_is_not_even_asked_for(
    house: House, recorder: Recorder, said: str
) -> None:
    says(house, house.ada.ref, recording_consent=said)
    report = await brought(house)
    assert recorder.asked == [] and engagement.transcript_of(house.desk.db, "m1") is None
    assert report.asks == (f"“Acme: platform” is not processed, no consent to a recording: Ada Lind ({said})",)
    assert state(house) is MeetingState.LEFT_ALONE
    brief = prepare(house.desk, house.calendar.found[0])
    assert [(each.name, each.no_recording) for each in brief.attendees] == [("Robin Hale", False), ("Ada Lind", True)]
    assert (await brought(house)).asks == (), "it is said once"
    with pytest.raises(InputError, match="not processed"):
        capture.keep_file(house.desk, "m1", "call.vtt", "WEBVTT")


@pytest.mark.parametrize("said", [None, "", "Yes", " granted ", "JA", "Given in writing"])
async def test_who_agreed_or_said_nothing_is_recorded(house: House, recorder: Recorder, said: str | None) -> None:
    settings = replace(house.desk.settings, recording_agreed=("given in writing",))
    house.desk = replace(house.desk, settings=settings)
    says(house, house.ada.ref, recording_consent=said)
    assert (await brought(house)).asks == ()
    assert engagement.transcript_of(house.desk.db, "m1") == NOTES and state(house) is MeetingState.TRANSCRIPT_READY


async def test_consent_that_is_withdrawn_takes_what_is_there_and_what_has_not_left(
    house: House, recorder: Recorder
) -> None:
    await brought(house)
    cards = await capture.propose(house.desk, capture.open_notes(house.desk, "m1"))
    done, waiting = cards[0], cards[1]
    decide.approve(house.desk, done.id, done.digest())
    says(house, house.ada.ref, recording_consent="No")
    await brought(house)
    assert engagement.transcript_of(house.desk.db, "m1") is None
    assert waiting not in decide.queue(house.desk)
    (told,) = await land(house)
    assert "is not processed" in told
    delivery = decisions.get_delivery(house.desk.db, done.id)
    assert delivery is not None and delivery.state is DeliveryState.REJECTED


async def test_no_key_lets_it_in_and_consent_that_is_given_does(house: House, recorder: Recorder) -> None:
    says(house, house.ada.ref, recording_consent="No")
    await brought(house)
    with pytest.raises(DecisionError, match="no consent to a recording: Ada Lind") as said:
        process_again(house.desk, "m1")
    assert "when the CRM says otherwise" in (said.value.fix or "")
    says(house, house.ada.ref, recording_consent="yes")
    await brought(house)
    assert engagement.transcript_of(house.desk.db, "m1") == NOTES


async def test_what_the_rep_switched_off_stays_off_whatever_they_agree_to(house: House, recorder: Recorder) -> None:
    leave_alone(house.desk.db, "m1")
    says(house, house.ada.ref, recording_consent="No")
    await brought(house)
    says(house, house.ada.ref, recording_consent="Yes")
    await brought(house)
    assert is_left_alone(house.desk.db, "m1") and recorder.asked == []
    process_again(house.desk, "m1")
    await brought(house)
    assert engagement.transcript_of(house.desk.db, "m1") == NOTES


async def test_only_who_is_in_the_meeting_counts(house: House, recorder: Recorder) -> None:
    (meeting,) = house.calendar.found
    away = Attendee(name="Ada Lind", email="Ada+x@acme.de", response="declined")
    house.calendar.found = [
        replace(meeting, attendees=(meeting.attendees[0], away)),
        replace(meeting, id="m2", start=CALL - timedelta(hours=3), end=CALL - timedelta(hours=2)),
    ]
    says(house, house.ada.ref, recording_consent="No")
    await brought(house)
    assert set(recorder.asked) == {"m1"} and is_left_alone(house.desk.db, "m2")
