"""The rep's own Google Calendar as a source of meetings: whole for new days, then what changed since."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

from gangly_tui.connectors.engagement.call_links import call_link
from gangly_tui.connectors.engagement.google_client import SYSTEM, Expired, Google, tables, text
from gangly_tui.domain.errors import PartlyRead
from gangly_tui.domain.ports import MeetingFeed
from gangly_tui.domain.records import Attendee, Meeting

CALENDAR: Final = "primary"
PRIVATE_TITLE: Final = "Private appointment"
PAGE: Final = 250
MOST: Final = 20_000
"""Events of one look that are read; nobody has as many."""
MOST_ATTENDEES: Final = 500
_LONGEST: Final = 32_000
_KINDS: Final = ("default", "fromGmail")
"""What is no meeting is not asked for: birthdays, focus time, where one works from."""
_MARKUP = re.compile(r"</?[a-zA-Z]")
_ROOMS = "resource.calendar.google.com"
_ANSWERS = {"accepted": "accepted", "declined": "declined", "tentative": "tentative"}


class GoogleCalendar:
    """Satisfies the engagement reader's protocol. The zone of `start` is the rep's: all-day events lie in it."""

    def __init__(self, google: Google) -> None:
        self._google = google

    @property
    def system(self) -> str:
        """`google`."""
        return SYSTEM

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end), or what changed of them. Raises PartlyRead when some cannot be read."""
        if token := _token(since, start, end):
            try:
                return await self._look(start, end, {"syncToken": token}, whole=False)
            except Expired:
                pass
        days = {"timeMin": start.isoformat(), "timeMax": end.isoformat()}
        return await self._look(start, end, days, whole=True)

    async def _look(self, start: datetime, end: datetime, asked: Mapping[str, str], *, whole: bool) -> MeetingFeed:
        """One look. An event that moved from page to page while it was read counts as it was told last."""
        events = (await self._google.api("calendar")).events()
        found: dict[str, dict[str, Any]] = {}
        token = ""
        async for page in self._google.pages(
            events.list,
            calendarId=CALENDAR,
            singleEvents=True,
            showDeleted=True,
            eventTypes=list(_KINDS),
            maxResults=PAGE,
            **asked,
        ):
            for each in tables(page, "items"):
                if identifier := text(each, "id"):
                    found.pop(identifier, None)
                    found[identifier] = each
            token = text(page, "nextSyncToken", _LONGEST)
            if len(found) > MOST:
                break
        return _feed(found, start, end, token, whole=whole)


def _feed(
    found: Mapping[str, dict[str, Any]], start: datetime, end: datetime, token: str, *, whole: bool
) -> MeetingFeed:
    zone = start.tzinfo or UTC
    meetings, gone, failed = [], [], []
    for identifier, each in found.items():
        if not each.get("start"):  # deleted: of such an event only the id is certain
            gone.append(identifier)
            continue
        try:
            meeting = meeting_of(each, zone)
        except (ValueError, OverflowError):
            failed.append(text(each, "summary", 40) or "no title")
            continue
        if meeting.start < end and (meeting.end > start or meeting.start >= start):
            meetings.append(meeting)
        else:
            gone.append(identifier)
    meetings.sort(key=lambda each: (each.start, each.end, each.id))
    told = []
    if failed:
        told.append(f"the time of {len(failed)} event{'s' * (len(failed) > 1)} cannot be read: “{failed[0]}”")
    if len(found) > MOST:
        told.append(f"more than {MOST:,} events in these days; not all are here")
    if told:
        fix = "correct it in Google Calendar" if failed else "look at fewer days"
        raise PartlyRead("; ".join(told), meetings=tuple(meetings), fix=fix)
    cursor = json.dumps({"token": token, "days": _days(start, end)}) if token else ""
    return MeetingFeed(meetings=tuple(meetings), gone=() if whole else tuple(gone), cursor=cursor, whole=whole)


def _token(since: str, start: datetime, end: datetime) -> str:
    """The token in a cursor of ours that was given for these days, "" otherwise."""
    try:
        kept = json.loads(since) if since else {}
    except ValueError:
        return ""
    return text(kept, "token", _LONGEST) if isinstance(kept, dict) and kept.get("days") == _days(start, end) else ""


def _days(start: datetime, end: datetime) -> list[str]:
    """The days, and the zone they are in: in another one an all-day event lies elsewhere."""
    return [start.isoformat(), end.isoformat(), str(start.tzinfo)]


def meeting_of(event: Mapping[str, Any], zone: tzinfo) -> Meeting:
    """An event as a meeting. Raises ValueError when its time cannot be read."""
    start, all_day = moment(event.get("start"), zone)
    end = moment(event["end"], zone)[0] if event.get("end") else start
    identifier, series = text(event, "id"), text(event, "recurringEventId")
    cancelled = event.get("status") == "cancelled"
    if event.get("visibility") in ("private", "confidential"):
        return Meeting(
            id=identifier, system=SYSTEM, title=PRIVATE_TITLE, start=start, end=max(start, end),
            series_id=series, all_day=all_day, cancelled=cancelled, private=True,
        )  # fmt: skip
    location, description = text(event, "location"), text(event, "description", _LONGEST)
    return Meeting(
        id=identifier,
        system=SYSTEM,
        title=text(event, "summary") or "(no title)",
        start=start,
        end=max(start, end),
        attendees=tuple(map(_attendee, tables(event, "attendees")[:MOST_ATTENDEES])),
        series_id=series,
        location=location,
        link=_link(event, location, description),
        description=_plain(description),
        all_day=all_day,
        cancelled=cancelled,
    )


def moment(when: Any, zone: tzinfo) -> tuple[datetime, bool]:
    """An instant in the rep's zone, and whether it is a day's midnight there. Raises ValueError."""
    if day := text(when, "date", 40):
        return datetime.combine(date.fromisoformat(day), time(), tzinfo=zone), True
    found = datetime.fromisoformat(text(when, "dateTime", 40))
    if found.tzinfo is None:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            found = found.replace(tzinfo=ZoneInfo(text(when, "timeZone", 60) or "UTC"))
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError("a time zone that nobody knows") from error
    return found.astimezone(zone), False


def _attendee(person: Mapping[str, Any]) -> Attendee:
    email = text(person, "email", 320).strip()
    email = email if "@" in email else ""
    name = text(person, "displayName", 200).strip()
    return Attendee(
        name="" if name.lower() == email.lower() else name,
        email=email,
        organizer=person.get("organizer") is True,
        response=_ANSWERS.get(text(person, "responseStatus"), ""),
        resource=person.get("resource") is True or email.lower().endswith(_ROOMS),
    )


def _link(event: Mapping[str, Any], location: str, description: str) -> str:
    """Where the call is: what the calendar says it is, else the first address of a known call in its text."""
    video = [
        text(each, "uri")
        for each in tables(event.get("conferenceData"), "entryPoints")
        if each.get("entryPointType") == "video"
    ]
    return call_link([*video, text(event, "hangoutLink")], [location, description])


def _plain(description: str) -> str:
    """A description without its markup, where it has any: Google Calendar keeps what was pasted as HTML."""
    if not _MARKUP.search(description):
        return description
    from gangly_tui.connectors.engagement.mail_file import page_text

    return page_text(description)
