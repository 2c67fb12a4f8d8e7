"""Microsoft Graph as all doors of this connector use it: its refusals, its pages, its change feeds.

An id is asked for as immutable, so that it stays when an item is moved, and every time in UTC. A link to the next page
or to the next changes is kept without the host, and followed below the base of this connection only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx

from gangly_tui.connectors.transport import Wire, retry_after
from gangly_tui.connectors.vendor import Link
from gangly_tui.domain.errors import ConnectorError, NotFound, RateLimited, Refused, Unreachable

SYSTEM: Final = "microsoft"
_AT_ONCE: Final = 3
"""Graph takes four requests at a time of one app and mailbox: reads leave one to a write."""
_MOST_PAGES: Final = 5_000
_ALWAYS: Final = ('IdType="ImmutableId"', 'outlook.timezone="UTC"')
_TURNS: WeakKeyDictionary[Wire, WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]] = WeakKeyDictionary()

_LOST = frozenset({"syncstatenotfound", "syncstateinvalid", "resyncrequired", "fullsyncrequired"})
_NO_MAILBOX = frozenset({"mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi", "mailboxinactive"})
_DENIED = frozenset({"erroraccessdenied", "authorization_requestdenied", "accessdenied"})
_STALE = frozenset({"errorirresolvableconflict", "erroritemsave"})


class FeedLost(ConnectorError):
    """The place in a change feed is too old, or is not known any more: begin anew."""


class Stale(ConnectorError):
    """The item is not at the version that was named any more. Nothing was applied."""


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A refusal as the error it is; None leaves it to the common rules."""
    status, (code, said) = response.status_code, _error(response)
    if status == 410 or code in _LOST:
        return FeedLost("Microsoft does not know any more what had been read")
    if code in _NO_MAILBOX:
        return Refused("this account has no mailbox in Exchange Online", fix="sign in with the account that has one")
    if status == 429 or code in ("applicationthrottled", "errorservertoobusy"):
        return RateLimited("Microsoft asks to wait", retry_after=retry_after(response.headers))
    match status:
        case 403:
            fix = "gangly connect microsoft, and agree to all it asks; your administrator may have to agree first"
            lacks = "the sign-in does not include this"
            return Refused(lacks if code in _DENIED else f"Microsoft does not permit this: {said}", fix=fix)
        case 404:
            return NotFound("it is not in the mailbox any more")
        case 412:
            return Stale("it was changed since")
        case 409 if code in _STALE:
            return Stale("it was changed since")
        case 400 | 413 | 422:
            fix = "correct it, then approve again" if write else ""
            return Refused(f"Microsoft does not take this: {said}", fix=fix)
        case _:
            return None


def _error(response: httpx.Response) -> tuple[str, str]:
    """The code in small letters, and what the answer says."""
    try:
        told = response.json()["error"]
        return str(told.get("code") or "").lower(), str(told.get("message") or "no reason given")[:300]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", f"no reason given ({response.status_code})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a change feed. `place` is where to go on: the next page or, when `last`, the next changes."""

    rows: tuple[Mapping[str, Any], ...]
    place: str
    last: bool


class Graph:
    """One mailbox, as a link opens it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._wire = link.wire
        self._me: Mapping[str, Any] = {}

    async def get(
        self, path: str, params: Mapping[str, str | int] | None = None, *, prefer: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The object that an address answers with; `path` begins behind the base."""
        async with self._turn():
            answer = await self._wire.read(self._wire.base + path, params=params, headers=preferring(*prefer))
        if not isinstance(answer.data, dict):
            raise Unreachable("Microsoft answered with something that is not what was asked for")
        return answer.data

    async def me(self) -> Mapping[str, Any]:
        """Who is signed in, asked once."""
        if not self._me:
            self._me = await self.get("/me", {"$select": "displayName,mail,userPrincipalName"})
        return self._me

    async def own_addresses(self) -> frozenset[str]:
        """The rep's own addresses, in small letters."""
        me = await self.me()
        found = (str(me.get("mail") or ""), str(me.get("userPrincipalName") or ""), self.link.user_email)
        return frozenset(each.lower() for each in found if "@" in each)

    async def listed(self, path: str, params: Mapping[str, str | int], most: int) -> list[dict[str, Any]]:
        """The rows of a list, page after page, at most `most`."""
        rows: list[dict[str, Any]] = []
        answer = await self.get(path, params)
        seen = {""}
        while True:
            rows += _rows(answer)
            place = self._place(answer.get("@odata.nextLink"))
            if len(rows) >= most or place in seen:
                return rows[:most]
            seen.add(place)
            answer = await self.get(place)

    async def walk(
        self, place: str, params: Mapping[str, str | int] | None = None, *, prefer: tuple[str, ...] = ()
    ) -> AsyncIterator[Page]:
        """A change feed from a place on. Raises FeedLost, and Unreachable when it does not come to an end."""
        seen: set[str] = set()
        while True:
            seen.add(place)
            answer = await self.get(place, params, prefer=prefer)
            params = None  # the links bring their own
            following = self._place(answer.get("@odata.nextLink"))
            place = following or self._place(answer.get("@odata.deltaLink"))
            if not place:
                raise Unreachable("Microsoft's answer does not say how to go on")
            yield Page(rows=tuple(_rows(answer)), place=place, last=not following)
            if not following:
                return
            if place in seen or len(seen) > _MOST_PAGES:
                raise Unreachable("Microsoft's pages repeat themselves", fix="pull again: ctrl+r")

    def _place(self, link: object) -> str:
        """A link behind the base. Raises ConnectorError for one that leads elsewhere."""
        if not link:
            return ""
        text, base = str(link), self._wire.base
        if not text.startswith(f"{base}/"):
            raise ConnectorError("Microsoft's next page is at another address", fix="tell the gangly team")
        return text.removeprefix(base)

    def _turn(self) -> asyncio.Semaphore:
        """At most so many at once, whichever door of this connection asks."""
        loop = asyncio.get_running_loop()
        return _TURNS.setdefault(self._wire, WeakKeyDictionary()).setdefault(loop, asyncio.Semaphore(_AT_ONCE))


def at(path: str, identifier: object, rest: str = "") -> str:
    """The address of one item below a path, whatever stands in its id."""
    return f"{path}/{quote(str(identifier), safe='=')}{rest}"


def preferring(*more: str) -> dict[str, str]:
    """The header that asks for immutable ids, UTC, and whatever else."""
    return {"Prefer": ", ".join((*_ALWAYS, *more))}


def moment(text: object) -> datetime:
    """A time of Graph's ("2026-09-23T14:00:00Z"). Raises ValueError."""
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError(f"{text!r} is in no zone")
    return found


def person(recipient: object) -> tuple[str, str]:
    """Name and address of a recipient, either of them empty when Graph has none."""
    told = recipient.get("emailAddress") if isinstance(recipient, dict) else None
    told = told if isinstance(told, dict) else {}
    name, email = str(told.get("name") or "").strip(), str(told.get("address") or "").strip()
    if "@" not in email:  # an old Exchange name ("/o=ExchangeLabs/ou=...") is no address
        email = ""
    return ("" if name.lower() == email.lower() else name)[:300], email[:320]


def people(rows: object, most: int) -> list[tuple[str, str]]:
    """Names and addresses of recipients."""
    return [person(each) for each in rows[:most]] if isinstance(rows, list) else []


def _rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    value = answer.get("value")
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
