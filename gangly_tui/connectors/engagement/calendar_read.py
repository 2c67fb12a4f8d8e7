"""The meetings in a calendar's text, whichever way it came: a file, an address on the web, a CalDAV server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from gangly_tui.connectors.engagement.calendar_cut import Calendar, Series, cut, series_near, unfold
from gangly_tui.connectors.engagement.text_file import decode_bytes
from gangly_tui.domain.errors import PartlyRead
from gangly_tui.domain.records import Attendee, Meeting
from gangly_tui.domain.safe import one_line

if TYPE_CHECKING:
    from gangly_tui.connectors.engagement.calendar_expand import Occurrence

MAX_INSTANCES = 5_000
PRIVATE_TITLE = "Private appointment"
_NAMED = 3
_NO_END = "the file ends in the middle of an event"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarText:
    """Reads the text of a calendar. `zone` is the rep's: floating times and all-day events lie in it.

    `shown` is what messages call it, `system` what its meetings are from.
    """

    shown: str
    system: str
    zone: tzinfo = UTC

    def cut(self, data: bytes) -> tuple[list[Calendar], bool]:
        """The calendars in it, and whether it ends in the middle of one. Raises InputError when it holds none."""
        return cut(decode_bytes(unfold(data), self.shown), self.shown)

    def meetings(self, data: bytes, start: datetime, end: datetime) -> list[Meeting]:
        """The meetings that touch [start, end). Raises InputError for no calendar, PartlyRead for some of one."""
        calendars, torn = self.cut(data)
        return self.read(calendars, start, end, torn=torn)

    def read(
        self, calendars: Iterable[Calendar], start: datetime, end: datetime, *, torn: bool = False
    ) -> list[Meeting]:
        """The same of calendars that are cut already."""
        first = start.astimezone(self.zone).date() - timedelta(days=1)
        last = end.astimezone(self.zone).date() + timedelta(days=1)
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
        return moment.astimezone(self.zone) if moment.tzinfo else moment.replace(tzinfo=self.zone)


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
