"""A calendar file (.ics) as a source of meetings, exported or kept up to date by any calendar program."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from gangly_tui.connectors.engagement.calendar_cut import Calendar, Series, cut, series_near, unfold
from gangly_tui.connectors.engagement.text_file import decode_bytes, read_bytes, shown_name
from gangly_tui.connectors.registry import About
from gangly_tui.domain.errors import PartlyRead
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.ports import MeetingFeed
from gangly_tui.domain.records import Attendee, Meeting
from gangly_tui.domain.safe import one_line

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.calendar_expand import Occurrence

ABOUT = About(label="Calendar file", layer=Layer.ENGAGEMENT, brings="meetings from an .ics file")
MAX_INSTANCES = 5_000
PRIVATE_TITLE = "Private appointment"
_NAMED = 3
_NO_END = "the file ends in the middle of an event"
_Seen = tuple[object, datetime, datetime, tuple[Meeting, ...]]


class CalendarFile:
    """Satisfies the engagement reader's protocol. `zone` is the rep's: floating times and all-day events lie in it."""

    def __init__(self, path: Path, zone: tzinfo = UTC) -> None:
        self._path = path
        self._zone = zone
        self._seen: _Seen | None = None
        where = sha256(str(path.absolute()).encode("utf-8", "replace")).hexdigest()[:4]
        self._system = f"{shown_name(path.name)}#{where}"

    @property
    def system(self) -> str:
        """The file's name, and four digits that tell it from one of the same name elsewhere."""
        return self._system

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end). Raises InputError for what is no calendar, PartlyRead for some of it.

        The work is done beside the event loop. A file that did not change is not read again.
        """
        state = self._state()
        if self._seen and self._seen[:3] == (state, start, end):
            return MeetingFeed(meetings=self._seen[3])
        found = tuple(await asyncio.to_thread(self._look, start, end))
        self._seen = (state, start, end, found)
        return MeetingFeed(meetings=found)

    def check(self) -> int:
        """How many events the file holds, the series counted once. Raises InputError when it is no calendar."""
        return sum(len(each.events) for each in self._cut()[0])

    def _state(self) -> object:
        """What tells one content of the file from the next without reading it; a new object when it cannot be had."""
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return object()
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _cut(self) -> tuple[list[Calendar], bool]:
        shown = shown_name(self._path.name)
        return cut(decode_bytes(unfold(read_bytes(self._path)), shown), shown)

    def _look(self, start: datetime, end: datetime) -> list[Meeting]:
        calendars, torn = self._cut()
        first = start.astimezone(self._zone).date() - timedelta(days=1)
        last = end.astimezone(self._zone).date() + timedelta(days=1)
        found: dict[str, Meeting] = {}
        failed: list[str] = []
        for calendar in calendars:
            occurrences, lost = _occurrences(calendar, first, last)
            failed += lost
            for each in occurrences:
                try:
                    meeting = self._meeting(each, cancelled=each.cancelled or calendar.cancels)
                except (ValueError, OverflowError):
                    failed.append(each.title)
                    continue
                if meeting.start < end and (meeting.end > start or meeting.start >= start):
                    found.setdefault(meeting.id, meeting)
        meetings = sorted(found.values(), key=lambda each: (each.start, each.end, each.id))
        self._tell(meetings, failed, torn=torn)
        return meetings

    def _tell(self, meetings: list[Meeting], failed: list[str], *, torn: bool) -> None:
        """Raise PartlyRead when something is missing from the meetings."""
        told = []
        if failed:
            names = ", ".join(f"“{one_line(each, limit=40) or 'no title'}”" for each in failed[:_NAMED])
            more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
            told.append(f"{len(failed)} event{'s' * (len(failed) > 1)} cannot be read: {names}{more}")
        if torn:
            told.append(_NO_END)
        if len(meetings) > MAX_INSTANCES:
            del meetings[MAX_INSTANCES:]
            told.append(f"more than {MAX_INSTANCES:,} meetings in these days; the first are here")
        if told:
            raise PartlyRead(
                "; ".join(told),
                meetings=tuple(meetings),
                fix="correct the time of these events in your calendar and export it again"
                if failed
                else "export it again",
            )

    def _meeting(self, found: Occurrence, *, cancelled: bool) -> Meeting:
        start, end = self._moment(found.start), self._moment(found.end)
        if found.all_day and end <= start:
            end = self._moment((date.fromisoformat(found.start[:10]) + timedelta(days=1)).isoformat())
        if found.private:
            return Meeting(
                id=found.id, system=self.system, title=PRIVATE_TITLE, start=start, end=max(start, end),
                series_id=found.series, all_day=found.all_day, cancelled=cancelled, private=True,
            )  # fmt: skip
        return Meeting(
            id=found.id,
            system=self.system,
            title=found.title or "(no title)",
            start=start,
            end=max(start, end),
            attendees=tuple(
                Attendee(
                    name=each.name,
                    email=each.email,
                    organizer=each.organizer,
                    response=each.response,
                    resource=each.resource,
                )
                for each in found.people
            ),
            series_id=found.series,
            location=found.location,
            link=found.link,
            description=found.description,
            all_day=found.all_day,
            cancelled=cancelled,
        )

    def _moment(self, iso: str) -> datetime:
        """An instant in the rep's zone: a date is its midnight, a time in no zone is a local one."""
        moment = datetime.fromisoformat(iso)
        return moment.astimezone(self._zone) if moment.tzinfo else moment.replace(tzinfo=self._zone)


def _occurrences(calendar: Calendar, first: date, last: date) -> tuple[list[Occurrence], list[str]]:
    """The instances in the days, and the titles of the series that could not be worked out.

    Plain series are worked out here, all at once; the others in a process that can be ended.
    """
    near = list(series_near(calendar, first, last))
    if not near:
        return [], []
    plain = [each for each in near if each.plain]
    found, odd = _plain_occurrences(calendar, plain, first, last)
    apart = sorted((each for each in near if not each.plain), key=lambda each: (not each.sound, each.steps))
    failed = [each.title for each in odd]
    if apart:
        from gangly_tui.connectors.engagement.calendar_apart import expand_apart

        texts = [calendar.text(each.events) for each in apart]
        for series, answer in zip(apart, expand_apart(texts, first, last, MAX_INSTANCES + 1), strict=True):
            if answer is None:
                failed.append(series.title)
            else:
                found += answer
    return found, failed


def _plain_occurrences(
    calendar: Calendar, plain: Sequence[Series], first: date, last: date
) -> tuple[list[Occurrence], list[Series]]:
    """The instances of plain series; when a library trips over one, each is tried alone and that one is given back."""
    from gangly_tui.connectors.engagement.calendar_expand import expand

    def take(some: Iterable[Series]) -> list[Occurrence]:
        events = [event for each in some for event in each.events]
        return expand(calendar.text(events), first, last, MAX_INSTANCES + 1) if events else []

    try:
        return take(plain), []
    except Exception:  # whatever a library raises on a stranger's text; the one it trips over is told by name
        found: list[Occurrence] = []
        odd: list[Series] = []
        for each in plain:
            try:
                found += take([each])
            except Exception:
                odd.append(each)
        return found, odd
