"""A calendar file cut into its events, before any library works on it: what is far away or hostile never gets there.

Working out when an event repeats can take for ever (`FREQ=SECONDLY` since 1970), so each event is looked at here, as
lines of text, first: those that cannot touch the wanted days are left away, and the others are told apart into plain
ones and ones to be worked out in a process that can be ended (see `calendar_apart`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from gangly_tui.domain.errors import InputError

MAX_EVENTS = 10_000
_LONGEST_LINE = 64 * 1024
_DEEPEST = 20
_MARGIN = timedelta(days=2)
"""A local day and the same day in UTC are at most this far apart."""

_WANTED = frozenset(
    """UID SEQUENCE DTSTART DTEND DURATION RRULE RDATE EXDATE RECURRENCE-ID SUMMARY LOCATION DESCRIPTION STATUS CLASS
    ATTENDEE ORGANIZER URL CONFERENCE X-GOOGLE-CONFERENCE X-MICROSOFT-SKYPETEAMSMEETINGURL
    X-MICROSOFT-ONLINEMEETINGEXTERNALLINK X-MICROSOFT-CDO-ALLDAYEVENT""".split()
)
"""What a meeting is made of. Inline attachments, alarms and the rest are dropped unread."""

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z0-9-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What the library takes no name with."""

_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,60}")
_DAYS = r"[+-]?[1-4]?(?:MO|TU|WE|TH|FR|SA|SU)"
_PLAIN_RULE = re.compile(
    r"FREQ=(?P<freq>DAILY|WEEKLY|MONTHLY|YEARLY)"
    r"(?:;(?:INTERVAL=(?P<interval>[1-9]\d{0,2})|COUNT=\d{1,4}|UNTIL=\d{8}(?:T\d{6}Z?)?|WKST=(?:MO|TU|WE|TH|FR|SA|SU)"
    rf"|BYDAY={_DAYS}(?:,{_DAYS})*|BYMONTH=\d\d?(?:,\d\d?)*|BYSETPOS=(?:-1|[1-4])"
    r"|BYMONTHDAY=(?P<monthday>-?\d\d?)))*"
)
_PLAIN_DURATION = re.compile(
    r"P(?:(?:(?P<days>[0-3]?\d)D)?(?:T(?:(?P<hours>\d{1,2})H)?(?:\d{1,4}M)?(?:\d{1,5}S)?)?|(?P<weeks>[1-4])W)"
)
_LONGEST_DAYS = 40
_FIRST_YEAR = 1970
_STEPS = 100_000
"""How many dates all plain series together may take to work out here: about a second."""

_EVENT_STEPS = 50
"""What reading one event costs, in dates."""

_STEP_DAYS = {"DAILY": 1.0, "WEEKLY": 0.3, "MONTHLY": 0.5, "YEARLY": 0.3}
"""What a day costs a rule, in dates: months and years are worked out day by day, weeks week by week."""


@dataclass(slots=True, kw_only=True)
class Event:
    """One VEVENT as unfolded lines; `values` holds name -> (parameters, value) of each line that decides when."""

    lines: list[str] = field(default_factory=list)
    values: dict[str, tuple[str, str]] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)
    dates: int = 0
    """how many single dates its RDATE and EXDATE lines name"""

    @property
    def uid(self) -> str:
        """What instances of one series have in common."""
        return self.values["UID"][1]

    def day(self, name: str) -> date | None:
        """The calendar day of a property, in whatever zone it is written; None when it has none."""
        digits = self.values.get(name, ("", ""))[1][:8]
        if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
            return None
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return None


@dataclass(slots=True, kw_only=True)
class Calendar:
    """One VCALENDAR: what its events need to be understood, and the events."""

    head: list[str] = field(default_factory=list)
    zones: list[list[str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    cancels: bool = False

    def text(self, events: Sequence[Event]) -> str:
        """A calendar of some of the events, for the library."""
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:gangly", *self.head]
        lines += [line for zone in self.zones for line in zone]
        lines += [line for each in events for line in ("BEGIN:VEVENT", *each.lines, "END:VEVENT")]
        return "\r\n".join([*lines, "END:VCALENDAR", ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The events of one UID: a single one, or a series with its moved instances."""

    events: tuple[Event, ...]
    plain: bool
    sound: bool
    """whether its own rules are such that it ends soon; not plain all the same when there are too many of them"""
    steps: float

    @property
    def title(self) -> str:
        """What a person would look for in the calendar. Raw."""
        written = self.events[0].values.get("SUMMARY", ("", ""))[1]
        return re.sub(r"\\([\\,;nN])", lambda found: " " if found[1] in "nN" else found[1], written)


def unfold(data: bytes) -> bytes:
    """Join continued lines before decoding: some programs break a line inside a letter."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data
    return re.sub(rb"\r?\n[ \t]", b"", data)


def cut(text: str, shown: str) -> tuple[list[Calendar], bool]:
    """The calendars of a text, and whether it ends in the middle of one. Raises InputError when it holds none."""
    cutter = _Cutter(shown=shown)
    for line in _FOLD.sub("", text).replace("\r", "\n").split("\n"):
        cutter.take(line)
    if not cutter.found:
        raise InputError(f"{shown} is not a calendar", fix="export one from your calendar as .ics (iCalendar)")
    return cutter.found, bool(cutter.inside)


@dataclass(slots=True, kw_only=True)
class _Cutter:
    """Takes one line after the other; `inside` names the components that are open."""

    shown: str
    found: list[Calendar] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    event: Event = field(default_factory=Event)
    zone: list[str] = field(default_factory=list)
    events: int = 0

    def take(self, line: str) -> None:
        if self.inside[1:2] == ["VTIMEZONE"]:
            self.zone.append(line.strip())
        if name := _boundary(line, "BEGIN:"):
            self._open(name)
        elif name := _boundary(line, "END:"):
            if name in self.inside:
                self._close(name)
        elif self.inside == ["VCALENDAR", "VEVENT"]:
            _take(self.event, line)
        elif self.inside == ["VCALENDAR"]:
            _take_head(self.found[-1], line)

    def _open(self, name: str) -> None:
        if not self.inside and name != "VCALENDAR":
            return
        if len(self.inside) == _DEEPEST:
            raise InputError(f"{self.shown} is no calendar of any program: its parts lie in each other without end")
        self.inside.append(name)
        if len(self.inside) == 1:
            self.found.append(Calendar())
        elif len(self.inside) == 2:
            self.event = Event()
            self.zone = [f"BEGIN:{name}"]

    def _close(self, name: str) -> None:
        closed = self.inside[:2] if self.inside.index(name) == 1 else []
        del self.inside[self.inside.index(name) :]
        if closed[1:] == ["VEVENT"]:
            self.events += 1
            if self.events > MAX_EVENTS:
                raise InputError(
                    f"{self.shown} holds more than {MAX_EVENTS:,} events", fix="export a shorter time span"
                )
            self.found[-1].events.append(_finished(self.event))
        elif closed[1:] == ["VTIMEZONE"] and _is_needed(self.zone):
            self.found[-1].zones.append(self.zone)


def series_near(calendar: Calendar, first: date, last: date) -> Iterator[Series]:
    """The series that may touch the days from `first` to `last`, each told whether it is plain."""
    apart = any(not _is_plain_zone(each) for each in calendar.zones)
    groups: dict[str, list[Event]] = {}
    for event in calendar.events:
        if _may_touch(event, first - _MARGIN, last + _MARGIN):
            groups.setdefault(event.uid, []).append(event)
    steps = 0.0
    for events in groups.values():
        cost = sum(_cost(each, last) for each in events)
        sound = not apart and all(_is_plain(each) for each in events)
        steps += cost if sound else 0
        yield Series(events=tuple(events), plain=sound and steps <= _STEPS, sound=sound, steps=cost)


def _boundary(line: str, mark: str) -> str:
    """The component that a line opens or closes, or ""."""
    return line[len(mark) :].strip().upper() if line[: len(mark)].upper() == mark else ""


def _take(event: Event, line: str) -> None:
    parts = _LINE.fullmatch(line[:_LONGEST_LINE])
    if parts is None or (name := parts[1].upper()) not in _WANTED:
        return
    event.lines.append(_CONTROLS.sub("", parts[0]) if name in ("ATTENDEE", "ORGANIZER") else parts[0])
    value = parts[3].strip()
    if name == "RRULE":
        event.rules.append(value.upper())
    elif name in ("RDATE", "EXDATE"):
        event.dates += value.count(",") + 1
        event.values[name] = (parts[2], value)
    else:
        event.values.setdefault(name, (parts[2], value))


def _take_head(calendar: Calendar, line: str) -> None:
    name, _, value = line.partition(":")
    match name.upper():
        case "X-WR-TIMEZONE" if _zone(value.strip()):
            calendar.head.append(f"X-WR-TIMEZONE:{value.strip()}")
        case "METHOD":
            calendar.cancels = value.strip().upper() == "CANCEL"


def _finished(event: Event) -> Event:
    """An event that names no UID gets one from what it says: the same one at each reading."""
    if not event.values.get("UID", ("", ""))[1]:
        made = sha256("\n".join(event.lines).encode("utf-8", "replace")).hexdigest()
        event.values["UID"] = ("", made)
        event.lines = [line for line in event.lines if line[:4].upper() not in ("UID:", "UID;")] + [f"UID:{made}"]
    return event


def _zone(name: str) -> ZoneInfo | None:
    if not _ZONE_NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _is_needed(zone: Sequence[str]) -> bool:
    """Whether a VTIMEZONE describes a zone that the system does not know by its name."""
    names = [line[5:].strip() for line in zone if line[:5].upper() == "TZID:"]
    return len(names) == 1 and _zone(names[0]) is None


def _is_plain_zone(zone: Sequence[str]) -> bool:
    rules = [line[6:] for line in zone if line[:6].upper() == "RRULE:"]
    return len(zone) <= 200 and all(len(each) < 100 and each.upper().startswith("FREQ=YEARLY") for each in rules)


def _may_touch(event: Event, first: date, last: date) -> bool:
    """Whether the event, or an instance that it replaces, can lie in the days. When in doubt it can."""
    start, end = event.day("DTSTART"), event.day("DTEND")
    if start is None:
        return True  # counted as one that cannot be read
    if "RECURRENCE-ID" in event.values and "RANGE" in event.values["RECURRENCE-ID"][0].upper():
        return True
    repeats = bool(event.rules) or "RDATE" in event.values
    if "RECURRENCE-ID" in event.values:
        replaced = event.day("RECURRENCE-ID")
        if replaced is None or first <= replaced <= last:
            return True
    elif start > last and "RDATE" not in event.values:
        return False
    length = max((end or start) - start, timedelta())
    if end is None and "DURATION" in event.values:
        told = _PLAIN_DURATION.fullmatch(event.values["DURATION"][1].upper())
        if told is None:
            return True
        length = timedelta(days=int(told["days"] or 0) + 7, weeks=int(told["weeks"] or 0))
    if repeats:
        ends = [_until(rule) for rule in event.rules]
        over = "RDATE" not in event.values and all(each is not None and each + length < first for each in ends)
        return not over or start + length >= first
    return start <= last and start + length >= first


def _until(rule: str) -> date | None:
    found = re.search(r"UNTIL=(\d{4})(\d\d)(\d\d)", rule, re.ASCII)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _is_plain(event: Event) -> bool:
    """Whether the library is sure to finish soon with an event."""
    start, end = event.day("DTSTART"), event.day("DTEND")
    if start is None or start.year < _FIRST_YEAR or event.dates > 1_000:
        return False
    if "RANGE" in event.values.get("RECURRENCE-ID", ("", ""))[0].upper():
        return False
    if end is not None and not timedelta(days=-1) <= end - start <= timedelta(days=_LONGEST_DAYS):
        return not event.rules and "RDATE" not in event.values
    duration = event.values.get("DURATION", ("", "PT0S"))[1].upper()
    return bool(_PLAIN_DURATION.fullmatch(duration)) and len(event.rules) <= 1 and all(map(_is_plain_rule, event.rules))


def _is_plain_rule(rule: str) -> bool:
    """A rule that a calendar's own dialog can make, and that has dates: no 30 February looked for until 9999."""
    found = _PLAIN_RULE.fullmatch(rule[:200])
    if found is None:
        return False
    rare = found["interval"] not in (None, "1")
    day = int(found["monthday"] or 1)
    if found["freq"] in ("DAILY", "WEEKLY") and re.search(r"BYMONTH|BYSETPOS|BYDAY=[^;]*\d", rule):
        return False
    if "BYDAY" in rule and found["monthday"]:
        return False
    return not (abs(day) > 28 and (rare or "BYMONTH=" in rule)) and all(
        1 <= int(each) <= 12 for each in re.findall(r"(?<=[=,])\d+", "".join(re.findall(r"BYMONTH=[\d,]+", rule)))
    )


def _cost(event: Event, last: date) -> float:
    start = event.day("DTSTART")
    if start is None or not event.rules:
        return float(event.dates + _EVENT_STEPS)
    days = max((last - start).days, 1)
    freq = re.match(r"FREQ=(\w+)", event.rules[0])
    return days * _STEP_DAYS.get(freq[1] if freq else "", 1.0) + event.dates + _EVENT_STEPS
