"""The network under a client: TLS with the system's certificates, and connections that belong to one event loop.

A verb may run two event loops after another on one desk. A connection left by the first is dead in the second, so each
loop gets lines of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from time import monotonic
from weakref import WeakKeyDictionary

import httpx

from gangly_tui.domain.errors import ConfigError

_MOST_LINES = 16
_KEPT_OPEN = 30.0
"""Seconds after which a line that nobody used is closed."""
_Origin = tuple[str, str, int | None]


class Network(httpx.AsyncBaseTransport):
    """Sends over the lines of the running loop. `proxy` is "" for none; nothing is taken from the environment."""

    def __init__(self, *, proxy: str = "", ca_file: str = "") -> None:
        context = tls(ca_file)  # read once: a wrong file is said when the client is opened
        self._make: Callable[[], httpx.AsyncHTTPTransport] = lambda: httpx.AsyncHTTPTransport(
            verify=context,
            proxy=proxy or None,
            trust_env=False,
            retries=0,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        )
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = WeakKeyDictionary()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._here().send(request)

    async def aclose(self) -> None:
        await self._here().close()

    def _here(self) -> _Lines:
        loop = asyncio.get_running_loop()
        if loop not in self._lines:
            self._lines[loop] = _Lines(self._make)
        return self._lines[loop]


class _Lines:
    """Lines of one connection each. One pool for all looks through every connection for every request, several times:
    at sixteen that was a quarter of what a first pull computed on its requests."""

    def __init__(self, make: Callable[[], httpx.AsyncHTTPTransport]) -> None:
        self._make = make
        self._free: list[tuple[httpx.AsyncHTTPTransport, _Origin, float]] = []
        """the one that was used last comes last"""
        self._door = asyncio.Semaphore(_MOST_LINES)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """One exchange. Its line is taken until the answer is closed."""
        await self._close_unused()  # before one is taken: whoever is stopped here keeps no line
        await self._door.acquire()
        origin: _Origin = (request.url.scheme, request.url.host, request.url.port)
        line = self._take(origin)

        def give_back() -> None:
            self._free.append((line, origin, monotonic()))
            self._door.release()

        try:
            response = await line.handle_async_request(request)
        except BaseException:
            give_back()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Taken(response.stream, give_back)
        return response

    def _take(self, origin: _Origin) -> httpx.AsyncHTTPTransport:
        """The line that last spoke with this host, else a new one."""
        for place in range(len(self._free) - 1, -1, -1):
            if self._free[place][1] == origin:
                return self._free.pop(place)[0]
        return self._make()

    async def _close_unused(self) -> None:
        while self._free and monotonic() - self._free[0][2] > _KEPT_OPEN:
            await self._free.pop(0)[0].aclose()

    async def close(self) -> None:
        """Close what is open. What is taken closes with its answer."""
        while self._free:
            await self._free.pop()[0].aclose()


class _Taken(httpx.AsyncByteStream):
    """The body of an answer: closing it gives its line back."""

    def __init__(self, stream: httpx.AsyncByteStream, give_back: Callable[[], None]) -> None:
        self._stream = stream
        self._give_back: Callable[[], None] | None = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        give_back, self._give_back = self._give_back, None
        try:
            await self._stream.aclose()
        finally:
            if give_back:
                give_back()


def tls(ca_file: str) -> ssl.SSLContext:
    """The system's certificates, else the bundled ones, and a company's own beside them. Raises ConfigError."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not context.get_ca_certs() and not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{ca_file} holds no certificates", fix="name a PEM file") from error
    return context
