"""The one way out to a vendor: a pinned HTTP client, and answers turned into errors a rep can act on.

Pinned: https only (loopback in the clear behind a flag, for tests and local servers), hosts from an allowlist checked
on every request after its URL is complete, no redirect followed, no proxy from the environment, TLS 1.2 or newer, a
deadline over the whole exchange and a cap on the decoded body. So a token can only ever go to the host it is for.

Reads are repeated here, honouring Retry-After; a write is sent once: the outbox is the only retrier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from gangly_tui.connectors.network import Network
from gangly_tui.connectors.network import tls as tls  # noqa: PLC0414 - every way out finds it here
from gangly_tui.connectors.pace import Pace, Quota
from gangly_tui.domain.errors import (
    ConfigError,
    ConnectorError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    SignInNeeded,
    Unreachable,
)

DEADLINE: Final = 30.0
"""Seconds one exchange may take in all, from the connection to the last byte of the answer."""
MOST_BYTES: Final = 32 * 1024 * 1024
"""The largest decoded answer that is read."""
TRIES: Final = 4
_MOST_HOPS: Final = 4
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 30.0
_OF_THE_WIRE: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a client may go. `hosts` are exact names, or suffixes that begin with a dot (".my.salesforce.com").

    `proxy` is the one the configuration names; `ca_file` a company's own certificates beside the system's.
    `loopback` also lets http to this machine through.
    """

    hosts: frozenset[str]
    loopback: bool = False
    proxy: str = ""
    ca_file: str = ""
    deadline: float = DEADLINE
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer. `data` is the decoded JSON, None for an empty body; its bytes where they were fetched."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One exchange for the health screen: what for, how long in seconds, how it ended ("ok" or an error's name)."""

    system: str
    write: bool
    seconds: float
    result: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What one vendor's answers mean.

    `explain` turns a refusal into the error it is, or returns None to leave it to the rules below.
    `quota` reads the limit headers.
    """

    explain: Callable[[httpx.Response, bool], ConnectorError | None] = lambda _response, _write: None
    quota: Callable[[Mapping[str, str]], Quota | None] = lambda _headers: None
    headers: Mapping[str, str] = field(default_factory=dict)


class PinnedTransport(httpx.AsyncBaseTransport):
    """Refuses every request that leaves the reach, before a byte of it is sent. `inner` does the sending."""

    def __init__(self, reach: Reach, inner: httpx.AsyncBaseTransport) -> None:
        self._reach = reach
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        check_reach(request.url, self._reach)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def check_reach(url: httpx.URL, reach: Reach) -> None:
    """Raise ConfigError when the URL is not one this client may ask."""
    host = url.host
    if reach.loopback and host in _LOOPBACK:
        return
    if url.scheme != "https":
        raise ConfigError(f"{url.scheme}://{host} is not encrypted", fix="use the https address")
    if url.userinfo:
        raise ConfigError("an address with a user name or a password in it is not used", fix="remove them")
    if not any(host.endswith(each) if each.startswith(".") else host == each for each in reach.hosts):
        raise ConfigError(f"{host} is not a host of this connection", fix="check the address in the configuration")


def base_url(text: str, reach: Reach) -> str:
    """An address a person typed as the base of all requests, without a trailing slash. Raises ConfigError."""
    text = text.strip()
    try:
        url = httpx.URL(text if "://" in text else f"https://{text}")
    except httpx.InvalidURL as error:
        raise ConfigError(f"{text!r} is not a web address", fix="copy it from the browser's address line") from error
    if not url.host:
        raise ConfigError(f"{text!r} is not a web address", fix="copy it from the browser's address line")
    check_reach(url, reach)  # which refuses a number, too: every allowed host is a name
    return str(url.copy_with(query=None, fragment=None)).rstrip("/")


def open_client(
    reach: Reach, *, auth: httpx.Auth | None = None, inner: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client that can only reach its hosts. `inner` replaces the network in tests. Raises ConfigError."""
    sender = inner or Network(proxy=reach.proxy, ca_file=reach.ca_file)
    return httpx.AsyncClient(
        transport=PinnedTransport(reach, sender),
        auth=auth,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(reach.deadline, connect=min(10.0, reach.deadline)),
        headers={"User-Agent": "gangly"},
    )


class Wire:
    """What a connector sends through: paths in, decoded JSON out, errors from the tree.

    `base` is the vendor's address without a trailing slash. `observe` is told of every exchange.
    """

    def __init__(
        self,
        *,
        system: str,
        base: str,
        client: httpx.AsyncClient,
        reach: Reach,
        manners: Manners,
        pace: Pace | None = None,
        observe: Callable[[Call], None] = lambda _: None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self.system = system
        self.base = base
        self.pace = pace or Pace()
        self._client = client
        self._reach = reach
        self._manners = manners
        self._observe = observe
        self._sleep = sleep

    async def read(
        self,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        method: str = "",
    ) -> Answer:
        """Ask; tried again when the system is away or asks to wait. `body` makes it a POST that only searches.

        Raises Unreachable, RateLimited, SignInNeeded, NotFound, Refused.
        """
        verb = method or ("GET" if body is None else "POST")
        ask = partial(self._exchange, verb, path, params=params, headers=headers, body=body, write=False)
        return await self._patiently(ask)

    async def fetch(
        self, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None, method: str = "GET"
    ) -> Answer:
        """`read` for what is no JSON: `data` is its bytes. A redirect is followed within the reach, without the token.

        Raises as `read` does, and ConfigError for a redirect that leads out of the reach.
        """
        url = httpx.URL(path if "://" in path else self.base + path)
        signed = True
        for _ in range(_MOST_HOPS):
            ask = partial(
                self._exchange, method, str(url), headers=headers, body=body, write=False, plain=True, signed=signed
            )
            answer = await self._patiently(ask)
            if answer.status == 304 or not 300 <= answer.status < 400:
                return answer
            there = url.join(answer.headers.get("location", ""))
            signed = signed and (there.scheme, there.netloc) == (url.scheme, url.netloc)
            url = there
        raise ConnectorError(f"{self.system} sends from one address to the next", fix="try again later")

    async def _patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            await self.pace.turn()
            try:
                return await ask()
            except Unreachable as error:
                asked = error.retry_after if isinstance(error, RateLimited) else 0.0
                wait = max(asked, _FIRST_WAIT * 2 ** (attempt - 1))
                if attempt == TRIES or wait > _LONGEST_WAIT:
                    raise
                await self._sleep(wait)

    async def write(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one write, once, ahead of any read that waits.

        Raises Unreachable and RateLimited when nothing was applied, OutcomeUnknown when only a read can tell,
        SignInNeeded, NotFound, Refused and what the vendor's `explain` makes of a refusal.
        """
        with self.pace.first():
            return await self._exchange(method, path, params=params, headers=headers, body=body, write=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None,
        body: Any,
        write: bool,
        params: Mapping[str, str | int] | None = None,
        plain: bool = False,
        signed: bool = True,
    ) -> Answer:
        url = path if "://" in path else self.base + path
        if params:  # encoded here: httpx would parse the address twice, and for long lists of fields that tells
            url += ("&" if "?" in url else "?") + urlencode(params, safe=",", quote_via=quote)
        request = self._client.build_request(
            method,
            url,
            headers={**self._manners.headers, **(headers or {})},
            **({"content": body} if isinstance(body, bytes) else {"json": body}),
        )
        began = monotonic()
        result = "ok"
        try:
            response = await self._send(request, write, signed=signed)
            self.pace.note(self._manners.quota(response.headers))
            if plain and response.status_code < 400 and response.status_code != 300:
                return Answer(status=response.status_code, headers=response.headers, data=response.content)
            return self._judge(response, write)
        except ConnectorError as error:
            result = type(error).__name__
            raise
        finally:
            self._observe(
                Call(
                    system=self.system,
                    write=write,
                    seconds=monotonic() - began,
                    result=result,
                    at=datetime.now(UTC),
                )
            )

    async def _send(self, request: httpx.Request, write: bool, *, signed: bool) -> httpx.Response:
        """The whole exchange under one deadline, with the decoded body capped."""
        lost: type[ConnectorError] = OutcomeUnknown if write else Unreachable
        try:
            async with asyncio.timeout(self._reach.deadline):
                auth = httpx.USE_CLIENT_DEFAULT if signed else None
                response = await self._client.send(request, stream=True, auth=auth)
                try:
                    return await _read_capped(response, self._reach.most_bytes, self.system, lost)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise Unreachable(
                f"{self.system} cannot be reached", fix="check the network; it is tried again by itself"
            ) from error
        except TimeoutError as error:
            raise lost(f"{self.system} did not answer within {self._reach.deadline:.0f} s") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise lost(f"the connection to {self.system} broke") from error

    def _judge(self, response: httpx.Response, write: bool) -> Answer:
        status = response.status_code
        if status < 300 or status == 304:
            return Answer(status=status, headers=response.headers, data=_decoded(response, self.system, write))
        explained = self._manners.explain(response, write)
        if explained is not None:
            raise explained
        raise verdict(response, self.system, write)


def verdict(response: httpx.Response, system: str, write: bool) -> ConnectorError:
    """What a refusal means when the vendor's own rules say nothing of it."""
    status = response.status_code
    if status == 429:
        return RateLimited(f"{system} asks to wait", retry_after=retry_after(response.headers))
    if status == 401:
        return SignInNeeded(f"{system} does not accept the sign-in any more", fix=f"gangly connect {system}")
    if status == 404:
        return NotFound(f"{system} has no such record")
    if status >= 500:
        if write:
            return OutcomeUnknown(f"{system} answered with an error of its own ({status})")
        return RateLimited(
            f"{system} is not well ({status})", retry_after=retry_after(response.headers), fix="it is tried again"
        )
    if status == 409 and write:
        return OutcomeUnknown(f"{system} says the write clashes with another")
    if 300 <= status < 400:
        return ConnectorError(f"{system} points to another address", fix="check the address in the configuration")
    if status == 403:
        return Refused(f"{system} does not permit this", fix="ask the administrator for this permission")
    return Refused(f"{system} refused it ({status})")


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float:
    """Seconds to wait as the Retry-After header says: a number, an HTTP date or an ISO date (Zoom); 0 without one."""
    text = headers.get("retry-after", "").strip()
    try:
        return max(float(text), 0.0)
    except ValueError:
        pass
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(text)
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((moment - (now or datetime.now(UTC))) / timedelta(seconds=1), 0.0)
    return 0.0


async def _read_capped(response: httpx.Response, most: int, system: str, lost: type[ConnectorError]) -> httpx.Response:
    """The answer with its body decoded, at most `most` bytes of it; a longer one is an error, not memory."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise lost(f"{system} answered with more than {most // 1024 // 1024} MiB", fix="tell its administrator")
        parts.append(part)
    headers = [each for each in response.headers.multi_items() if each[0].lower() not in _OF_THE_WIRE]
    return httpx.Response(response.status_code, headers=headers, content=b"".join(parts), request=response.request)


def _decoded(response: httpx.Response, system: str, write: bool) -> Any:
    if not response.content or response.status_code in (204, 304):
        return None
    from pydantic_core import from_json  # half the time of the standard library

    with suppress(ValueError):  # a lone surrogate, another coding: the standard library reads those too
        return from_json(response.content)
    try:
        return response.json()
    except ValueError as error:
        lost: type[ConnectorError] = OutcomeUnknown if write else Unreachable
        raise lost(f"{system} answered with something that is no JSON", fix="a proxy or a login page?") from error
