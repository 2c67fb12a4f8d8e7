"""Pull: bring what changed in the CRM and the calendars into the store. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from gangly_tui.domain.errors import GanglyError, PartlyRead, SignInNeeded
from gangly_tui.domain.hierarchy import in_scope
from gangly_tui.domain.ports import EngagementReader
from gangly_tui.domain.records import Kind, Meeting
from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement, mirror
from gangly_tui.store.database import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far one part of the pull is. `total` is None when the system does not say."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull brought. `problems` are sentences for a person; a pull that could not reach a system still ends.

    `sign_in`: the system of record asks for a new sign-in.
    """

    records: int
    removed: int
    meetings: int
    transcripts: int
    problems: tuple[str, ...]
    sign_in: bool = False


Progress = Callable[[PullProgress], None]


async def pull(desk: Desk, progress: Progress | None = None, *, days: int = 14) -> PullReport:
    """Bring in the change feed and the meetings of the next `days` days (and of the last one).

    Resumable: the cursor is stored with each page in one transaction, so a kill costs at most one page.
    """
    tell = progress or (lambda _: None)
    problems: list[str] = []
    records = removed = meetings = transcripts = 0
    sign_in = False
    try:
        records, removed = await _pull_records(desk, tell)
    except GanglyError as error:
        sign_in = isinstance(error, SignInNeeded)
        problems.append(_sentence(desk.reader.system, error))
    start = datetime.combine(desk.now().date() - timedelta(days=1), time(), tzinfo=desk.settings.timezone)
    for calendar in desk.calendars:
        try:
            found = await _pull_meetings(desk, calendar, start, start + timedelta(days=days + 1), problems)
            meetings += len(found)
            tell(PullProgress(what="meetings", done=meetings, total=None))
            transcripts += await _pull_transcripts(desk, calendar, found)
            if calendar.system != desk.reader.system:  # which says it of itself
                mirror.pulled(desk.db, calendar.system, desk.now())
        except GanglyError as error:
            problems.append(_sentence(calendar.system, error))
    for gone in engagement.calendars_in(desk.db) - {each.system for each in desk.calendars}:  # disconnected since
        engagement.remove_meetings_missing(desk.db, gone, start, start + timedelta(days=days + 1), ())
    return PullReport(
        records=records,
        removed=removed,
        meetings=meetings,
        transcripts=transcripts,
        problems=tuple(problems),
        sign_in=sign_in,
    )


def _sentence(system: str, error: GanglyError) -> str:
    return f"{system}: {error}" + (f" ({error.fix})" if error.fix else "")


async def _pull_records(desk: Desk, tell: Progress) -> tuple[int, int]:
    system = desk.reader.system
    scope = desk.hierarchy.scope(system)
    for kind in Kind:
        schema = await desk.reader.describe(kind)
        mirror.save_schema(desk.db, system, schema, desk.now())
    done = removed = 0
    async for page in desk.reader.changes(mirror.cursor(desk.db, system)):
        with transaction(desk.db):
            done += mirror.save_records(desk.db, (in_scope(each, scope) for each in page.records))
            mirror.remove_records(desk.db, page.deleted)
            mirror.set_cursor(desk.db, system, page.cursor)
        removed += len(page.deleted)
        tell(PullProgress(what="records", done=done, total=page.total))
    mirror.pulled(desk.db, system, desk.now())
    return done, removed


async def _pull_meetings(
    desk: Desk, calendar: EngagementReader, start: datetime, end: datetime, problems: list[str]
) -> list[Meeting]:
    try:
        found = list(await calendar.meetings(start, end))
    except PartlyRead as error:  # what can be read comes in; what was there and cannot be read now is not "gone"
        problems.append(_sentence(calendar.system, error))
        engagement.save_meetings(desk.db, error.meetings)
        return list(error.meetings)
    with transaction(desk.db):
        engagement.save_meetings(desk.db, found)
        engagement.remove_meetings_missing(desk.db, calendar.system, start, end, {each.id for each in found})
    return found


async def _pull_transcripts(desk: Desk, calendar: EngagementReader, meetings: list[Meeting]) -> int:
    ready = engagement.transcripts_ready(desk.db, [each.id for each in meetings])
    brought = 0
    for meeting in meetings:
        if meeting.id in ready or meeting.cancelled or meeting.private:
            continue
        text = await calendar.transcript(meeting)
        if text:
            engagement.save_transcript(desk.db, meeting.id, text, desk.now())
            brought += 1
    return brought
