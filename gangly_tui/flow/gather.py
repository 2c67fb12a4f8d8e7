"""Gather: bring what changed in the calendars, recordings and mailboxes into the store. Reads only; a part of pull."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from gangly_tui.domain.errors import GanglyError, PartlyRead
from gangly_tui.domain.ports import EngagementReader, TranscriptReader
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement, mirror
from gangly_tui.store.database import transaction

_MEETINGS = "meetings of "


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What came in. `problems` are sentences for a person; what could be read is here all the same."""

    meetings: int = 0
    transcripts: int = 0
    problems: list[str] = field(default_factory=list)


Tell = Callable[[str, int], None]
"""Told what is read, and how many of it have come in."""


async def gather(desk: Desk, tell: Tell, *, days: int) -> Gathered:
    """Bring in the meetings of the next `days` days and of the last one, and the transcripts of those."""
    found = Gathered()
    start = datetime.combine(desk.now().date() - timedelta(days=1), time(), tzinfo=desk.settings.timezone)
    end = start + timedelta(days=days + 1)
    for calendar in desk.calendars:
        try:
            found.meetings += await _meetings(desk, calendar, start, end, found.problems)
            tell("meetings", found.meetings)
            if calendar.system != desk.reader.system:  # which says it of itself
                mirror.pulled(desk.db, calendar.system, desk.now())
        except GanglyError as error:
            found.problems.append(sentence(calendar.system, error))
    for gone in engagement.calendars_in(desk.db) - {each.system for each in desk.calendars}:  # disconnected since
        engagement.remove_meetings_missing(desk.db, gone, start, end, ())
        mirror.set_cursor(desk.db, _MEETINGS + gone, "")
    for recorder in desk.recorders:
        try:
            found.transcripts += await _transcripts(desk, recorder, start, end)
        except GanglyError as error:
            found.problems.append(sentence(recorder.system, error))
    return found


def sentence(system: str, error: GanglyError) -> str:
    """What went wrong with a system, for the list that a pull ends with."""
    return f"{system}: {error}" + (f" ({error.fix})" if error.fix else "")


async def _meetings(desk: Desk, calendar: EngagementReader, start: datetime, end: datetime, problems: list[str]) -> int:
    """How many meetings came in. A cursor is kept with what it stands for, in one transaction."""
    name = _MEETINGS + calendar.system
    try:
        feed = await calendar.meetings(start, end, mirror.cursor(desk.db, name))
    except PartlyRead as error:  # what can be read comes in; what was there and cannot be read now is not "gone"
        problems.append(sentence(calendar.system, error))
        engagement.save_meetings(desk.db, error.meetings)
        return len(error.meetings)
    with transaction(desk.db):
        engagement.save_meetings(desk.db, feed.meetings)
        if feed.whole:
            kept = {each.id for each in feed.meetings}
            engagement.remove_meetings_missing(desk.db, calendar.system, start, end, kept)
        else:
            engagement.remove_meetings(desk.db, calendar.system, feed.gone)
        mirror.set_cursor(desk.db, name, feed.cursor)
        desk.at_point("meetings.before-commit")
    desk.at_point("meetings.committed")
    return len(feed.meetings)


async def _transcripts(desk: Desk, recorder: TranscriptReader, start: datetime, end: datetime) -> int:
    """How many transcripts came in, those that were delivered anew included."""
    meetings = [
        each
        for each in engagement.meetings_between(desk.db, start, min(end, desk.now() + timedelta(days=1)))
        if not (each.cancelled or each.private)
    ]
    known = engagement.transcript_versions(desk.db, [each.id for each in meetings])
    brought = await recorder.transcripts(meetings, known)
    for each in brought:
        engagement.save_transcript(desk.db, each.meeting_id, each.text, desk.now(), version=each.version)
    return len(brought)
