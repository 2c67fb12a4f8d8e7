"""A calendar at an address (an .ics feed): read anew only when it changed.

The address itself is often the secret that lets one read it. So it is never shown, neither in messages nor as the
calendar's name: that is its host, and four digits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from urllib.parse import urlsplit

import httpx

from gangly_tui.connectors.engagement.calendar_address import asked_as, system_of
from gangly_tui.connectors.engagement.calendar_read import CalendarText
from gangly_tui.connectors.engagement.text_file import MAX_BYTES, shown_name
from gangly_tui.connectors.transport import Answer, Call, Manners, Reach, Wire, check_reach, open_client
from gangly_tui.domain.errors import ConfigError, ConnectorError, InputError, NotFound, Refused, SignInNeeded
from gangly_tui.domain.ports import MeetingFeed

_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_FIX = "copy the address anew from your calendar's settings"


def address_of(text: str) -> str:
    """The address as it is asked: webcal is https. Raises ConfigError for one that is not encrypted, or is none."""
    try:
        url = httpx.URL(asked_as(text))
    except httpx.InvalidURL as error:
        raise ConfigError("a calendar's address is no web address", fix=_FIX) from error
    if not url.host:
        raise ConfigError("a calendar's address is no web address", fix=_FIX)
    check_reach(url, _reach(url.host))
    return asked_as(text).partition("#")[0]


def _reach(host: str, *, proxy: str = "", ca_file: str = "") -> Reach:
    """This host and no other; this machine's own is for trials, in the clear."""
    here = host in _HERE
    return Reach(
        hosts=frozenset() if here else frozenset({host}),
        loopback=here,
        proxy="" if here else proxy,
        ca_file=ca_file,
        most_bytes=MAX_BYTES,
    )


class CalendarFeed:
    """Satisfies the engagement reader's protocol. The cursor holds what the server said of its last answer."""

    def __init__(
        self,
        address: str,
        zone: tzinfo = UTC,
        *,
        proxy: str = "",
        ca_file: str = "",
        observe: Callable[[Call], None] = lambda _: None,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = address_of(address)
        self._system = system_of(self._address)
        host = urlsplit(self._address).hostname or ""
        reach = _reach(host, proxy=proxy, ca_file=ca_file)
        self._wire = Wire(
            system=self._system,
            base=self._address,
            client=open_client(reach, inner=inner),
            reach=reach,
            manners=Manners(explain=_explain, headers={"Accept": "text/calendar, */*;q=0.1"}),
            observe=observe,
        )
        self._text = CalendarText(shown=f"the calendar at {shown_name(host)}", system=self._system, zone=zone)

    @property
    def system(self) -> str:
        """The host, and four digits."""
        return self._system

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The meetings that touch [start, end); none when the server says that nothing changed since."""
        marks = _marks(since, start, end)
        headers = {}
        if marks.get("etag"):
            headers["If-None-Match"] = marks["etag"]
        elif marks.get("modified"):
            headers["If-Modified-Since"] = marks["modified"]
        answer = await self._fetch(headers)
        if answer.status == 304:
            return MeetingFeed(meetings=(), cursor=since, whole=False)
        found = await asyncio.to_thread(self._text.meetings, answer.data, start, end)
        told = {"etag": answer.headers.get("etag", ""), "modified": answer.headers.get("last-modified", "")}
        kept = {name: each for name, each in told.items() if each and len(each) <= 300}
        cursor = json.dumps({"days": [start.isoformat(), end.isoformat()], **kept}) if kept else ""
        return MeetingFeed(meetings=tuple(found), cursor=cursor)

    async def check(self) -> int:
        """How many events there are, the series counted once. Raises ConnectorError, InputError when it is none."""
        answer = await self._fetch({})
        return sum(len(each.events) for each in self._text.cut(answer.data)[0])

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def _fetch(self, headers: dict[str, str]) -> Answer:
        try:
            answer = await self._wire.fetch(self._address, headers=headers)
        except ConfigError as error:
            raise ConnectorError(
                f"{self._text.shown} has moved to another host", fix="open it in a browser and use that address"
            ) from error
        if answer.status != 304 and not answer.data.strip():
            raise InputError(f"{self._text.shown} is empty", fix=_FIX)
        return answer


def _explain(response: httpx.Response, _write: bool) -> ConnectorError | None:
    """Refusals in the words of a calendar."""
    match response.status_code:
        case 401 | 403:
            return SignInNeeded("the calendar is not given without a sign-in", fix="use its secret or public address")
        case 404 | 410:
            return NotFound("there is no calendar at this address (any more)", fix=_FIX)
        case status if 400 <= status < 429:
            return Refused(f"the calendar's server refused it ({status})", fix=_FIX)
    return None


def _marks(since: str, start: datetime, end: datetime) -> dict[str, str]:
    """What the server said last time; nothing when that was for other days."""
    try:
        kept = json.loads(since) if since else {}
    except ValueError:
        return {}
    if not isinstance(kept, dict) or kept.get("days") != [start.isoformat(), end.isoformat()]:
        return {}
    return {name: each for name, each in kept.items() if isinstance(each, str)}
