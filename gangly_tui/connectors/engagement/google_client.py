"""Google as all doors of this connector use it: its client builds the requests, our wire sends them.

`google-api-python-client` knows each method from the descriptions that come with it (nothing is discovered over the
network), and checks and writes the request. It would send it too, with another client, another token store and a
thread per call; so the wire sends it, which is pinned, signed in, paced and watched, and never blocks the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from typing import Any, Final, NoReturn

import httpx

from gangly_tui.connectors.transport import retry_after
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.errors import (
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    SignInNeeded,
    Unreachable,
)

SYSTEM: Final = "google"
APIS: Final = {
    "calendar": ("v3", "https://www.googleapis.com", "/calendar/v3/"),
    "gmail": ("v1", "https://gmail.googleapis.com", "/"),
    "meet": ("v2", "https://meet.googleapis.com", "/"),
}
"""Version, host and the path that requests begin with."""
MOST_PAGES: Final = 5_000
_PATIENCE: Final = 20.0
"""Seconds the library may take to be loaded, from a cold disk."""
_LIMITS = frozenset({"ratelimitexceeded", "userratelimitexceeded", "quotaexceeded", "rate_limit_exceeded"})
_DAY_OVER = frozenset({"dailylimitexceeded", "dailylimitexceededunreg"})
_NARROW = frozenset({"insufficientpermissions", "access_token_scope_insufficient"})
_OFF = frozenset({"accessnotconfigured", "service_disabled"})


class Expired(ConnectorError):
    """The place in a feed is too old, or is not known any more: look at everything again."""


class Taken(ConnectorError):
    """There is something of this id already. Nothing was applied."""


class Stale(ConnectorError):
    """The item is not at the version that was named any more. Nothing was applied."""


class Google:
    """One account, for every door of a connection."""

    def __init__(self, link: Link) -> None:
        self.link = link

    async def api(self, name: str) -> Any:
        """The methods of one API, as Google's client has them. Raises Unreachable when it cannot be loaded."""
        version, host, path = APIS[name]
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.to_thread(_built, name, version, self.link.setup.at(host) + path)
        except TimeoutError as error:
            raise Unreachable("Google's client could not be loaded in time", fix="try again") from error

    async def read(self, method: Callable[..., Any], **params: Any) -> dict[str, Any]:
        """What a method answers. Raises Expired beside what every read raises."""
        request = _request(method, params)
        return _table((await self.link.wire.read(request.uri, method=request.method)).data)

    async def pages(self, method: Callable[..., Any], **params: Any) -> AsyncIterator[dict[str, Any]]:
        """Page after page. Raises Unreachable when one leads back to one that was seen."""
        seen = {""}
        for _ in range(MOST_PAGES):
            page = await self.read(method, **params)
            yield page
            token = page.get("nextPageToken")
            if not token:
                return
            if not isinstance(token, str) or token in seen:
                break
            seen.add(token)
            params = {**params, "pageToken": token}
        raise Unreachable("Google sends the same pages again and again", fix="it is tried again by itself")

    async def write(
        self, method: Callable[..., Any], headers: Mapping[str, str] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Send one write, once. Raises Taken and Stale beside what every write raises."""
        request = _request(method, params)
        body = request.body.encode() if request.body else None
        kind = {"Content-Type": "application/json"} if body else {}
        answer = await self.link.wire.write(request.method, request.uri, body=body, headers={**kind, **(headers or {})})
        if answer.status != 204 and not isinstance(answer.data, dict) and answer.data is not None:
            raise OutcomeUnknown("Google's answer to the write cannot be read")
        return _table(answer.data)


class _NoWay:
    """In place of the library's own way out: there is only one, and it is not this."""

    def request(self, *_: Any, **__: Any) -> NoReturn:
        raise AssertionError("requests to Google are sent by the wire")


@cache
def _built(name: str, version: str, address: str) -> Any:
    from googleapiclient import discovery

    return discovery.build(
        name,
        version,
        http=_NoWay(),
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": address},
    )


def _request(method: Callable[..., Any], params: Mapping[str, Any]) -> Any:
    """The request, not sent. An id that Google cannot have given names nothing; an empty one would name a list."""
    try:
        if "" in params.values():
            raise ValueError("an empty id")
        return method(**params)
    except (TypeError, ValueError) as error:
        raise NotFound("Google has nothing of that name") from error


def base(setup: Setup, _more: Mapping[str, str]) -> str:
    """The address that most requests go to; the client names each in full."""
    return setup.at(APIS["calendar"][1])


def _table(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def tables(data: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer, whatever else stands in it."""
    found = data.get(name) if isinstance(data, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def table(data: Any, name: str) -> dict[str, Any]:
    """An object in an answer, empty when there is none."""
    return _table(data.get(name)) if isinstance(data, dict) else {}


def text(data: Any, name: str, most: int = 2_000) -> str:
    """A text in an answer, "" when there is none."""
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, str):
        return ""
    return found[:most].encode("utf-8", "replace").decode()  # half a character cannot be kept anywhere


def texts(data: Any, name: str) -> list[str]:
    """The texts of a list in an answer."""
    found = data.get(name) if isinstance(data, dict) else None
    return [text({"": each}, "") for each in found if isinstance(each, str)] if isinstance(found, list) else []


def explain(response: httpx.Response, write: bool) -> ConnectorError | None:
    """A refusal as the error it is; None leaves it to the common rules."""
    reasons, said = _reasons(response)
    status = response.status_code
    if reasons & _DAY_OVER:
        return RateLimited("Google's daily quota of this app is used up", retry_after=3_600.0)
    if status == 429 or (status == 403 and reasons & _LIMITS):
        return RateLimited("Google asks to wait", retry_after=retry_after(response.headers))
    match status:
        case 400 | 422:
            return _not_taken(said)
        case 403:
            return _forbidden(reasons, said)
        case 404:
            return NotFound("Google has no such thing (any more)", fix="pull again: ctrl+r")
        case 409 | 410 | 412:
            return _moved_on(status, reasons, write)
        case _:
            return None


def _not_taken(said: str) -> ConnectorError:
    if "sync token" in said.lower() or "page token" in said.lower():
        return Expired("Google does not know any more what had been read")
    return Refused(f"Google does not take this: {said}", fix="correct it, then approve again")


def _forbidden(reasons: frozenset[str], said: str) -> ConnectorError:
    if reasons & _NARROW:
        return SignInNeeded(
            "the sign-in at Google does not include this", fix="gangly connect google, and tick all it asks"
        )
    if reasons & _OFF:
        return Refused(
            f"this API is not switched on in your company's Google Cloud project: {said}",
            fix="whoever made the client id enables the Calendar, Gmail and Meet APIs there",
        )
    return Refused(f"Google does not permit this: {said}", fix="ask your Google Workspace administrator")


def _moved_on(status: int, reasons: frozenset[str], write: bool) -> ConnectorError | None:
    """What is said of an item or of a place in a feed that is not what it was."""
    if status == 409:
        return Taken("Google has something of this id already") if write and "duplicate" in reasons else None
    if status == 412:
        return Stale("it was changed at Google since it was read")
    if write or "deleted" in reasons:
        return NotFound("it was deleted at Google", fix="pull again: ctrl+r")
    return Expired("Google does not know any more what had been read")


def _reasons(response: httpx.Response) -> tuple[frozenset[str], str]:
    """The reasons of a refusal, in small letters, and its sentence."""
    try:
        error = table(response.json(), "error")
    except ValueError:
        return frozenset(), f"no reason given ({response.status_code})"
    told = [*tables(error, "errors"), *tables(error, "details"), {"reason": error.get("status")}]
    reasons = frozenset(str(each.get("reason", "")).lower() for each in told)
    return reasons, text(error, "message", 300) or f"no reason given ({response.status_code})"
