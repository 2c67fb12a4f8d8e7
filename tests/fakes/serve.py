"""Serves a fake on this machine: over loopback (also by hand), or straight into an httpx client.

A fake has `handle(method, path, query, headers, body) -> (status, headers, body)`, which may be async. `headers` come
in with lower-case names; `query` is the raw text behind the question mark. It raises `Dropped` to hang up without an
answer, after whatever it has done by then.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import h11
import httpx

Reply = tuple[int, Mapping[str, str], bytes]


class Dropped(Exception):
    """The fake hangs up: the client gets no answer."""


class Fake(Protocol):
    """A vendor's server, without the network."""

    def handle(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply | Awaitable[Reply]:
        """Answer one request."""
        ...


async def answer(fake: Fake, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """One request to the fake. `target` is the path with its query, as it stands in a request line."""
    path, _, query = target.partition("?")
    result = fake.handle(method, path, query, headers, body)
    return await result if inspect.isawaitable(result) else result


class FakeTransport(httpx.AsyncBaseTransport):
    """Hands the requests of an httpx client to a fake, without a socket."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.aread()
        try:
            status, given, content = await answer(
                self._fake, request.method, request.url.raw_path.decode(), headers, body
            )
        except Dropped as error:
            raise httpx.ReadError("the server hung up", request=request) from error
        return httpx.Response(status, headers=dict(given), content=content, request=request)


@asynccontextmanager
async def serving(fake: Fake, port: int = 0) -> AsyncIterator[str]:
    """The fake at an address of this machine ("http://127.0.0.1:PORT") for the time of the block."""
    at_work: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        with suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            await _converse(fake, reader, writer)
        writer.close()
        at_work.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for each in list(at_work):
            each.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def _converse(fake: Fake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All requests of one connection."""
    line = h11.Connection(our_role=h11.SERVER)
    while True:
        request, body = None, b""
        while not isinstance(event := line.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                line.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                return
        assert request is not None
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
        try:
            status, given, content = await answer(fake, request.method.decode(), request.target.decode(), headers, body)
        except Dropped:
            return
        given = {name.lower(): value for name, value in given.items()}
        if status not in (204, 304):
            given["content-length"] = str(len(content))
        writer.write(line.send(h11.Response(status_code=status, headers=list(given.items()))))
        if content and status not in (204, 304):
            writer.write(line.send(h11.Data(data=content)))
        writer.write(line.send(h11.EndOfMessage()))
        await writer.drain()
        if line.our_state is not h11.DONE or line.their_state is not h11.DONE:
            return
        line.start_next_cycle()


def run_by_hand(fake: Fake, port: int, *, told: str = "") -> None:
    """Serve until Ctrl+C, behind a sign-in that agrees to everything; says where, and what a person should know."""
    from tests.fakes.front_door import FrontDoor

    async def forever() -> None:
        async with serving(fake if isinstance(fake, FrontDoor) else FrontDoor(fake), port) as address:
            sys.stderr.write(f"{address}\n{told}\nCtrl+C ends it\n")
            await asyncio.Event().wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(forever())
