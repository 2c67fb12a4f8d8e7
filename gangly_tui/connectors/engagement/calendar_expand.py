"""The instances of a calendar's events in some days: what `icalendar` and `recurring-ical-events` make of them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

from gangly_tui.connectors.engagement.call_links import call_link

MAX_ATTENDEES = 500
_LONGEST = 32_000
_ROOMS = "resource.calendar.google.com"
_NOBODY = frozenset({"nomail", "invalid:nomail", "noreply", "none"})
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_LINKS = ("X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK")
_SPLIT_SERIES = re.compile(r"_R\d{8}(?:T\d{6}Z?)?(?=@|$)")
"""What Google puts into the UID of the rest of a series, changed for "this and following"."""

_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody invited, as the calendar names them."""

    name: str
    email: str
    response: str = ""
    organizer: bool = False
    resource: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One instance. `start` and `end` are ISO texts: a date, a UTC time, or a time in no zone."""

    id: str
    series: str
    title: str
    start: str
    end: str
    people: tuple[Person, ...] = ()
    location: str = ""
    link: str = ""
    description: str = ""
    all_day: bool = False
    cancelled: bool = False
    private: bool = False


def expand(text: str, first: date, last: date, limit: int) -> list[Occurrence]:
    """The instances in the days from `first` to `last`, `limit` at most. Raises whatever a library meets in the text.

    The libraries keep zones in one table for the whole process, by the name the file gives them; it is emptied first,
    or a "Customized Time Zone" of one file would be taken for that of the next.
    """
    import icalendar
    import recurring_ical_events
    from icalendar.timezone import tzp

    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tzp.use_zoneinfo()
        calendar = icalendar.Calendar.from_ical(text)
        assert isinstance(calendar, icalendar.Calendar)
        series = {
            str(each.get("UID"))
            for each in calendar.walk("VEVENT")
            if "RRULE" in each or "RDATE" in each or "RECURRENCE-ID" in each
        }
        found = recurring_ical_events.of(calendar).between(first, last + timedelta(days=1))
        return [_occurrence(each, series) for each in found[:limit]]


def _occurrence(event: Any, series: set[str]) -> Occurrence:
    uid = _text(event, "UID")
    start, end = event["DTSTART"].dt, event["DTEND"].dt
    base = f"ics-{_digest(_SPLIT_SERIES.sub('', uid))}"
    own = f"ics-{_digest(uid)}"
    repeats = uid in series
    all_day = not isinstance(start, datetime)
    if _text(event, "X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE" and isinstance(start, datetime):
        start, end, all_day = start.date(), end.date() if isinstance(end, datetime) else end, True
    return Occurrence(
        id=f"{own}-{_stamp(_original(event))}" if repeats else own,
        series=base if repeats else "",
        title=_text(event, "SUMMARY"),
        start=_iso(start),
        end=_iso(end),
        people=tuple(_people(event)),
        location=_text(event, "LOCATION"),
        link=_link(event),
        description=_text(event, "DESCRIPTION"),
        all_day=all_day,
        cancelled=_text(event, "STATUS").upper() == "CANCELLED",
        private=_text(event, "CLASS").upper() in ("PRIVATE", "CONFIDENTIAL"),
    )


def _original(event: Any) -> date | datetime:
    """When the instance was planned: a moved one keeps its id. A change of all that follow names only the first."""
    moved = event["RECURRENCE-ID"]
    when = event["DTSTART"].dt if "RANGE" in moved.params else moved.dt
    return when if isinstance(when, date) else event["DTSTART"].dt


def _iso(when: date | datetime) -> str:
    if isinstance(when, datetime) and when.tzinfo is not None:
        return when.astimezone(UTC).isoformat()
    return when.isoformat()


def _stamp(when: date | datetime) -> str:
    if not isinstance(when, datetime):
        return when.strftime("%Y%m%d")
    return f"{when.astimezone(UTC):%Y%m%dT%H%MZ}" if when.tzinfo else f"{when:%Y%m%dT%H%M}"


def _digest(uid: str) -> str:
    """A UID is as long as its program likes and holds whatever it likes; an id is typed and shown."""
    return sha256(uid.encode("utf-8", "replace")).hexdigest()[:20]


def _all(event: Any, name: str) -> list[Any]:
    """Every value of a property: the library gives one alone when there is one."""
    found = event.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _text(event: Any, name: str) -> str:
    return next((str(each).strip()[:_LONGEST] for each in _all(event, name)), "")


def _people(event: Any) -> Iterator[Person]:
    """The organizer and everybody invited; one that is both is named once, with the answer given as an invited."""
    seen: set[str] = set()
    organizers = [_person(each) for each in _all(event, "ORGANIZER")[:1]]
    leader = organizers[0].email.lower() if organizers else ""
    for each in _all(event, "ATTENDEE")[:MAX_ATTENDEES]:
        person = _person(each)
        key = person.email.lower() or person.name
        if not key or key in seen:
            continue
        seen.add(key)
        organizer = bool(leader) and person.email.lower() == leader
        yield Person(
            name=person.name or (organizers[0].name if organizer else ""),
            email=person.email,
            response=person.response,
            resource=person.resource,
            organizer=organizer,
        )
    for person in organizers:
        if (person.email.lower() or person.name) not in seen and (person.email or person.name):
            yield Person(name=person.name, email=person.email, organizer=True, response="accepted")


def _person(address: Any) -> Person:
    params = getattr(address, "params", {})
    written = str(address).strip()
    email = written[len("mailto:") :] if written[:7].lower() == "mailto:" else written
    if "@" not in email:
        email = str(params.get("EMAIL", ""))
    email = email.strip().strip("<>")[:320]
    if email.lower() in _NOBODY or "@" not in email:
        email = ""
    name = str(params.get("CN", "")).strip().strip("\"'").strip()[:200]
    return Person(
        name="" if name.lower() == email.lower() or name.lower().startswith("mailto:") else name,
        email=email,
        response=_ANSWERS.get(str(params.get("PARTSTAT", "")).upper(), ""),
        resource=str(params.get("CUTYPE", "")).upper() in ("RESOURCE", "ROOM") or email.lower().endswith(_ROOMS),
    )


def _link(event: Any) -> str:
    """Where the call is: what the calendar says it is, else the first address of a known call in its text."""
    named = [_text(event, name) for name in _LINKS] + [str(each) for each in _all(event, "CONFERENCE")]
    return call_link(named, [_text(event, name) for name in ("LOCATION", "URL", "DESCRIPTION")])
