"""Recording: whose consent it needs. Without it the meeting is not processed, and no key switches that on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from gangly_tui.domain.consent import unrecorded
from gangly_tui.domain.errors import DecisionError
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.records import Meeting, Record
from gangly_tui.domain.safe import one_line
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement, left_alone, mirror
from gangly_tui.store.database import transaction

_BACK, _AHEAD = timedelta(days=90), timedelta(days=14)


def heed(desk: Desk) -> list[str]:
    """Do not process the meetings of these weeks with somebody who agrees to no recording, as the CRM was read last.

    What is there of such a recording goes. Where everybody agrees by now, the next pull brings it. Returns a sentence
    for each meeting that was let in until now.
    """
    now = desk.now()
    meetings = engagement.meetings_between(desk.db, now - _BACK, now + _AHEAD)
    boxes = {each.id: _boxes(each) for each in meetings}
    known: dict[str, list[Record]] = {}
    for contact in mirror.contacts_of(desk.db, {box for some in boxes.values() for box in some}):
        known.setdefault(mailbox(contact.text("email")), []).append(contact)
    by_consent = left_alone.by_consent(desk.db)
    alone = left_alone.left_alone(desk.db, boxes)
    told = []
    with transaction(desk.db):
        for meeting in meetings:
            people = [each for box in sorted(boxes[meeting.id]) for each in known.get(box, ())]
            why = unrecorded(people, desk.settings.recording_agreed)
            if why and meeting.id not in alone:
                left_alone.leave_alone(desk.db, meeting.id, by_consent=True)
                told.append(f"“{one_line(meeting.title, limit=60)}” is not processed, {why}")
            elif not why and meeting.id in by_consent:
                left_alone.process_again(desk.db, meeting.id)
    return told


def leave_alone(desk: Desk, meeting_id: str) -> int:
    """The rep says so: what there is of the recording goes. Returns how many texts and cards went."""
    return left_alone.leave_alone(desk.db, meeting_id)


def process_again(desk: Desk, meeting_id: str) -> None:
    """Let the recording of a meeting in again. Raises DecisionError where somebody has not agreed to it."""
    meeting = engagement.get_meeting(desk.db, meeting_id)
    if meeting is not None and (why := why_unrecorded(desk, meeting)):
        raise DecisionError(why, fix="when the CRM says otherwise, the next pull brings its recording")
    left_alone.process_again(desk.db, meeting_id)


def why_unrecorded(desk: Desk, meeting: Meeting) -> str:
    """Who in this meeting has not agreed to a recording, "" where nobody said so."""
    return unrecorded(mirror.contacts_of(desk.db, _boxes(meeting)), desk.settings.recording_agreed)


def _boxes(meeting: Meeting) -> frozenset[str]:
    """The mailboxes of those who are in it."""
    there: Iterable[str] = (each.email for each in meeting.attendees if each.response != "declined")
    return frozenset(filter(None, map(mailbox, there)))
