"""The Outlook calendar: a view of some days, whole at first, then what changed in it.

Graph names an occurrence of a series by its times alone; what it is about stands in the series' master. A series that
was changed as a whole is therefore looked at anew with everything around it: that is one request for most reps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gangly_tui.connectors.engagement.call_links import call_link
from gangly_tui.connectors.engagement.files import PRIVATE_TITLE
from gangly_tui.connectors.engagement.microsoft_graph import SYSTEM, FeedLost, Graph, at, person
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import NotFound, PartlyRead, Refused
from gangly_tui.domain.ports import MeetingFeed
from gangly_tui.domain.records import Attendee, Meeting
from gangly_tui.domain.safe import one_line

MOST_EVENTS: Final = 10_000
_MOST_PEOPLE: Final = 500
_LONGEST: Final = 32_000
_PAGE: Final = 100
_PREFER: Final = (f"odata.maxpagesize={_PAGE}", 'outlook.body-content-type="text"')
_ANSWERS: Final = {"accepted": "accepted", "organizer": "accepted", "declined": "declined"} | {
    "tentativelyaccepted": "tentative"
}
_HIDDEN: Final = frozenset({"private", "confidential"})
_NOON: Final = timedelta(hours=12)
_Row = Mapping[str, Any]


class OutlookCalendar:
    """Satisfies the engagement reader's protocol, over the rep's own calendar."""

    def __init__(self, link: Link) -> None:
        self._graph = Graph(link)

    @property
    def system(self) -> str:
        """`microsoft`."""
        return SYSTEM

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end), or what changed among them since the cursor.

        A cursor for other days, one that has expired, or a series that was changed gives a whole feed. Raises
        PartlyRead when some of it cannot be read.
        """
        place, series = _read_cursor(since, start, end)
        if place:
            try:
                feed = await self._look(place, start, end, series)
            except (FeedLost, Refused, NotFound):  # an old place is refused in more than one way
                feed = None
            if feed is not None:
                return feed
        feed = await self._look("", start, end, frozenset())
        assert feed is not None  # a whole look has nothing to fall back to
        return feed

    async def _look(self, place: str, start: datetime, end: datetime, series: frozenset[str]) -> MeetingFeed | None:
        """The feed from a place on; None when only a whole look can tell."""
        whole = not place
        days = {"startDateTime": _utc(start), "endDateTime": _utc(end)} if whole else None
        rows: dict[str, _Row] = {}
        gone: dict[str, None] = {}
        cut = False
        async for page in self._graph.walk(place or "/me/calendarView/delta", days, prefer=_PREFER):
            for row in page.rows:
                identifier = str(row.get("id") or "")
                rows.pop(identifier, None)  # what comes again stands as it was said last
                if "@removed" in row:
                    gone[identifier] = None
                else:
                    gone.pop(identifier, None)
                    rows[identifier] = row
            place = page.place
            if len(rows) > MOST_EVENTS:
                cut = True
                break
        masters = {key: row for key, row in rows.items() if row.get("type") == "seriesMaster"}
        if not whole and (masters or series & gone.keys()):
            return None
        meetings, failed = await self._meetings(rows, masters, start, end)
        if cut or failed:
            raise _partly(meetings, failed, cut=cut)
        within = {each.id for each in meetings}
        return MeetingFeed(
            meetings=tuple(meetings),
            gone=() if whole else (*gone, *(each for each in rows if each not in within and each not in masters)),
            cursor=_cursor(start, end, place, series | {each.series_id for each in meetings if each.series_id}),
            whole=whole,
        )

    async def _meetings(
        self,
        rows: Mapping[str, _Row],
        masters: dict[str, _Row],
        start: datetime,
        end: datetime,
    ) -> tuple[list[Meeting], list[str]]:
        """The meetings in the days, and the titles of the events that cannot be read."""
        zone = start.tzinfo or UTC
        found, failed = [], []
        for row in rows.values():
            if row.get("type") == "seriesMaster":
                continue
            full = await self._completed(row, masters)
            try:
                meeting = meeting_of(full, zone)
            except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
                failed.append(str(full.get("subject") or ""))
                continue
            if meeting.start < end and (meeting.end > start or meeting.start >= start):
                found.append(meeting)
        return sorted(found, key=lambda each: (each.start, each.end, each.id)), failed

    async def _completed(self, row: Mapping[str, Any], masters: dict[str, _Row]) -> Mapping[str, Any]:
        """An occurrence with what its series says of it."""
        series = str(row.get("seriesMasterId") or "")
        if not series or "subject" in row:
            return row
        if series not in masters:
            try:
                masters[series] = await self._graph.get(at("/me/events", series), prefer=_PREFER[1:])
            except NotFound:  # the series went while it was read: the next look says so
                masters[series] = {}
        return {**masters[series], "isCancelled": False, **row}


def meeting_of(row: Mapping[str, Any], zone: tzinfo) -> Meeting:
    """An event as a meeting, in the rep's zone. Raises ValueError when its times cannot be read."""
    all_day = bool(row.get("isAllDay"))
    start, end = (_moment(row.get(name), zone, all_day=all_day) for name in ("start", "end"))
    if all_day and end <= start:
        end = _midnight(start.date() + timedelta(days=1), zone)
    identifier, series = str(row["id"]), str(row.get("seriesMasterId") or "")
    cancelled = bool(row.get("isCancelled"))
    if str(row.get("sensitivity") or "").lower() in _HIDDEN:
        return Meeting(
            id=identifier, system=SYSTEM, title=PRIVATE_TITLE, start=start, end=max(start, end),
            series_id=series, all_day=all_day, cancelled=cancelled, private=True,
        )  # fmt: skip
    location = row.get("location") or {}
    where = str(location.get("displayName") or "")[:1_000]
    description = _description(row.get("body") or {})
    online = row.get("onlineMeeting") or {}
    return Meeting(
        id=identifier,
        system=SYSTEM,
        title=str(row.get("subject") or "")[:1_000].strip() or "(no title)",
        start=start,
        end=max(start, end),
        attendees=_attendees(row),
        series_id=series,
        location=where,
        link=call_link(
            [str(each or "")[:2_000] for each in (online.get("joinUrl"), row.get("onlineMeetingUrl"))],
            [where, str(location.get("locationUri") or "")[:2_000], description],
        ),
        description=description,
        all_day=all_day,
        cancelled=cancelled,
    )


def _attendees(row: Mapping[str, Any]) -> tuple[Attendee, ...]:
    """Who is invited, the organizer first and once."""
    name, email = person(row.get("organizer"))
    found = [Attendee(name=name, email=email, organizer=True, response="accepted")] if name or email else []
    invited = row.get("attendees")
    for each in invited[:_MOST_PEOPLE] if isinstance(invited, list) else []:
        name, email = person(each)
        if not (name or email) or (found and email and email.lower() == found[0].email.lower()):
            continue
        answered = str((each.get("status") or {}).get("response") or "").lower()
        found.append(
            Attendee(
                name=name,
                email=email,
                response=_ANSWERS.get(answered, ""),
                resource=each.get("type") == "resource",
            )
        )
    return tuple(found)


def _description(body: Mapping[str, Any]) -> str:
    text = str(body.get("content") or "")
    if str(body.get("contentType") or "").lower() == "html":
        from gangly_tui.connectors.engagement.mail_file import page_text

        text = page_text(text[: 8 * _LONGEST])
    return text.replace("\r\n", "\n")[:_LONGEST].strip()


def _moment(told: object, zone: tzinfo, *, all_day: bool) -> datetime:
    """A point in time in the rep's zone; of an all-day event, the rep's midnight of that date."""
    if not isinstance(told, dict):
        raise ValueError("an event without a time")
    naive = datetime.fromisoformat(str(told.get("dateTime"))[:19])
    if all_day:  # the date as it was meant: one made elsewhere may come as its midnight in UTC
        return _midnight((naive + _NOON).date() if naive.time() != datetime.min.time() else naive.date(), zone)
    name = str(told.get("timeZone") or "UTC")
    try:
        of = UTC if name.upper() in ("UTC", "TZONE://MICROSOFT/UTC") else ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"a time in {name}") from error
    return naive.replace(tzinfo=of).astimezone(zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _partly(meetings: list[Meeting], failed: list[str], *, cut: bool) -> PartlyRead:
    told = []
    if failed:
        names = ", ".join(f"“{one_line(each, limit=40) or 'no title'}”" for each in failed[:3])
        told.append(f"{len(failed)} event{'s' * (len(failed) > 1)} cannot be read: {names}")
    if cut:
        told.append(f"more than {MOST_EVENTS:,} meetings in these days; the first are here")
    return PartlyRead("; ".join(told), meetings=tuple(meetings), fix="look at their times in Outlook" if failed else "")


def _cursor(start: datetime, end: datetime, place: str, series: frozenset[str]) -> str:
    return json.dumps({"from": _utc(start), "to": _utc(end), "place": place, "series": sorted(series)})


def _read_cursor(since: str, start: datetime, end: datetime) -> tuple[str, frozenset[str]]:
    """The place, and the series that had meetings there; "" when the cursor is for other days, or none of ours."""
    try:
        kept = json.loads(since) if since else {}
        if (kept["from"], kept["to"]) == (_utc(start), _utc(end)):
            place = str(kept["place"])
            return place if place.startswith("/") else "", frozenset(map(str, kept["series"]))
    except (ValueError, KeyError, TypeError):
        pass
    return "", frozenset()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
