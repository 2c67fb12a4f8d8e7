"""CalDAV: the calendars of any server that speaks it (iCloud, Fastmail, Nextcloud, Radicale). Reads only.

What connecting asks, the calendar's door, the check. caldav_xml (questions and answers) stands beside.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from urllib.parse import unquote, urlsplit

import httpx

from gangly_tui.connectors.engagement.caldav_xml import (
    CALENDARS,
    COLLECTION,
    HOME,
    MARKS,
    PRINCIPAL,
    Found,
    calendar_query,
    multistatus,
    propfind,
)
from gangly_tui.connectors.engagement.calendar_cut import MAX_EVENTS, Calendar
from gangly_tui.connectors.engagement.calendar_read import CalendarText
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.registry import About
from gangly_tui.connectors.transport import Manners
from gangly_tui.connectors.vendor import Ask, Link, Permission, Setup, Standing, Vendor, Way
from gangly_tui.domain.errors import ConfigError, ConnectorError, InputError, NotFound, Refused, SignInNeeded
from gangly_tui.domain.hierarchy import Layer
from gangly_tui.domain.ports import MeetingFeed
from gangly_tui.domain.records import Meeting

ABOUT = About(label="CalDAV", layer=Layer.ENGAGEMENT, brings="meetings from any CalDAV server")
SYSTEM = "caldav"
MOST_CALENDARS = 50
_SPREAD = {"caldav.icloud.com": ".icloud.com"}
"""Servers that keep each account on a host of its own."""
_WELL_KNOWN = "/.well-known/caldav"
_XML = "application/xml; charset=utf-8"


def _hosts(setup: Setup) -> frozenset[str]:
    """The customer's own server, and no other."""
    host = (urlsplit(_address(setup)).hostname or "").lower()
    return frozenset({host, _SPREAD[host]} if host in _SPREAD else {host})


def _address(setup: Setup) -> str:
    """What was given, as an address. Raises ConfigError for one that is not encrypted."""
    text = setup.get("address").strip()
    if "://" not in text and not text.startswith("/"):
        text = f"https://{text}"
    if text.startswith("http://"):
        raise ConfigError(f"{urlsplit(text).hostname} is not asked without encryption", fix="use its https address")
    return text


def _base(setup: Setup, _more: Mapping[str, str]) -> str:
    """The server alone; paths are absolute, as its answers give them."""
    parts = urlsplit(_address(setup))
    return setup.at(f"https://{parts.netloc}")


def _explain(response: httpx.Response, _write: bool) -> ConnectorError | None:
    match response.status_code:
        case 401:
            return SignInNeeded(
                "the CalDAV server does not accept this user and password",
                fix="gangly connect caldav, with an app password",
            )
        case 403:
            return Refused("the CalDAV server does not let you read this", fix="check what is shared with you")
        case 404 | 410:
            return NotFound("there is no calendar at this address (any more)", fix="gangly connect caldav")
        case 405 | 501:
            return Refused("this address is no CalDAV server", fix="check the address in your calendar's settings")
    return None


VENDOR = Vendor(
    name=SYSTEM,
    title="CalDAV",
    hosts=frozenset(),
    hosts_of=_hosts,
    ways=(
        Way(
            name="password",
            title="User name and app password",
            means="The password goes to this one server, encrypted, and is kept in your keyring. Use one that was made "
            "for gangly alone: it can be taken back without changing your own.",
            asks=(
                Ask(
                    name="address",
                    label="Address",
                    why="of the server, or of one calendar on it; your calendar's settings show it",
                    example="https://cloud.acme.com/remote.php/dav",
                ),
                Ask(name="user", label="User name", why="as you sign in there", example="robin@acme.com"),
                Ask(
                    name="password",
                    label="App password",
                    why="made in your account's security settings for gangly alone",
                    secret=True,
                ),
                Ask(
                    name="only",
                    label="Calendars",
                    why="the names of those to read, with commas between; all of them when left empty",
                    example="Work, Team",
                    optional=True,
                ),
            ),
            token="password",
            user="user",
            scheme="Basic",
            rotate_days=365,
        ),
    ),
    permissions=(Permission(name="read", why="your meetings, with their people; nothing is written"),),
    base=_base,
    manners=Manners(explain=_explain),
    guards="Nothing is ever written to this calendar.",
    admin=("Make an app password for gangly in your account's security settings, where there are such",),
    pace=Pace,
    parts=("calendar",),
)


class CaldavCalendar:
    """Satisfies the engagement reader's protocol. The cursor holds each calendar's own mark of its last change."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._calendars: tuple[Found, ...] = ()

    @property
    def system(self) -> str:
        """`caldav`."""
        return SYSTEM

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end); none when no calendar says that it changed since.

        The server works out which events may touch the days, this side when they do: both know time zones, but only
        one of them the rep's.
        """
        marks = {each.href: each.mark for each in await self._marks()}
        cursor = _cursor(marks, start, end)
        if cursor and cursor == since:
            return MeetingFeed(meetings=(), cursor=since, whole=False)
        texts: list[bytes] = []
        for href in marks:
            answer = await _ask(self._link, "REPORT", href, calendar_query(start, end), depth="1")
            texts += [each.data for each in answer if each.data]
            if len(texts) > MAX_EVENTS:
                raise InputError(
                    f"caldav has more than {MAX_EVENTS:,} events in these days", fix="name fewer calendars"
                )
        found = await asyncio.to_thread(_read, texts, start, end, self._link)
        return MeetingFeed(meetings=tuple(found), cursor=cursor)

    async def _marks(self) -> Sequence[Found]:
        """The calendars as they are now, with what tells that one changed."""
        if not self._calendars:
            self._calendars = await calendars(self._link)
            return self._calendars
        return [await _one(self._link, each) for each in self._calendars]


def open_calendar(link: Link) -> CaldavCalendar:
    """The calendars of a connection."""
    return CaldavCalendar(link)


async def check(link: Link) -> Standing:
    """Which calendars there are. Reads only."""
    found = await calendars(link)
    names = ", ".join(each.name or _last(each.href) for each in found[:5]) + (" …" if len(found) > 5 else "")
    host = urlsplit(_address(link.setup)).hostname or "this machine"
    return Standing(account=f"{link.setup.get('user')} at {host}: {names}")


async def calendars(link: Link) -> tuple[Found, ...]:
    """The calendars to read: the one that was named, else those found from the server's own hints (RFC 6764).

    Raises NotFound when there is none.
    """
    path = urlsplit(_address(link.setup)).path or "/"
    found = [each for each in await _looked(link, path) if each.is_calendar]
    wanted = {each.strip().casefold() for each in link.setup.get("only").split(",") if each.strip()}
    fitting = [each for each in found if not wanted or each.name.casefold() in wanted]
    if not fitting:
        names = ", ".join(each.name for each in found if each.name)
        raise NotFound(
            "the CalDAV server shows no calendar" + (" of these names" if wanted else ""),
            fix=f"it has: {names}" if names else "check the address in your calendar's settings",
        )
    return tuple(fitting[:MOST_CALENDARS])


async def _looked(link: Link, path: str) -> list[Found]:
    """What is at a path, or where the server points from there: principal, then home, then what is in it."""
    trouble: ConnectorError | None = None
    for where in dict.fromkeys((path, _WELL_KNOWN)):
        try:
            here = await _ask(link, "PROPFIND", where, propfind(PRINCIPAL, COLLECTION, HOME, *MARKS), depth="0")
        except (NotFound, Refused) as error:
            trouble = trouble or error
            continue
        if here and here[0].is_calendar:
            return here[:1]
        home = here[0].home if here else ""
        principal = here[0].principal if here else ""
        if principal and not home:
            of_principal = await _ask(link, "PROPFIND", principal, propfind(HOME), depth="0")
            home = of_principal[0].home if of_principal else ""
        if home or where == path:
            found = await _ask(link, "PROPFIND", home or where, propfind(COLLECTION, *CALENDARS, *MARKS), depth="1")
            if any(each.is_calendar for each in found):
                return found
    if trouble:
        raise trouble
    return []


async def _one(link: Link, calendar: Found) -> Found:
    found = await _ask(link, "PROPFIND", calendar.href, propfind(COLLECTION, *MARKS), depth="0")
    if not found:
        raise NotFound("a calendar is no longer on the CalDAV server", fix="gangly connect caldav")
    return found[0]


async def _ask(link: Link, method: str, href: str, body: bytes, *, depth: str) -> list[Found]:
    """One question. A path as answers give it, or an address within reach."""
    headers = {"Content-Type": _XML, "Depth": depth}
    try:
        answer = await link.wire.fetch(href, method=method, body=body, headers=headers)
    except ConfigError as error:
        raise ConnectorError(
            "the CalDAV server points to another host", fix="gangly connect caldav with that host's address"
        ) from error
    return multistatus(answer.data)


def _read(texts: Sequence[bytes], start: datetime, end: datetime, link: Link) -> list[Meeting]:
    """All of them as one calendar a set of time zones: worked out together, not each alone."""
    reading = CalendarText(shown="caldav", system=SYSTEM, zone=start.tzinfo or link.now().tzinfo or start.tzinfo)  # type: ignore[arg-type]
    together: dict[object, Calendar] = {}
    torn = False
    for data in texts:
        try:
            found, cut_short = reading.cut(data)
        except InputError:
            torn = True
            continue
        torn = torn or cut_short
        for each in found:
            key = (tuple(each.head), tuple(tuple(zone) for zone in each.zones), each.cancels)
            one = together.setdefault(key, Calendar(head=each.head, zones=each.zones, cancels=each.cancels))
            one.events += each.events
    return reading.read(together.values(), start, end, torn=torn)


def _cursor(marks: Mapping[str, str], start: datetime, end: datetime) -> str:
    """What says that nothing changed; "" when a calendar does not tell."""
    if not all(marks.values()):
        return ""
    said = json.dumps([start.isoformat(), end.isoformat(), sorted(marks.items())])
    return sha256(said.encode()).hexdigest()


def _last(href: str) -> str:
    return unquote(href.rstrip("/").rpartition("/")[2])
