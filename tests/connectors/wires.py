"""Loopback servers that answer byte for byte what a test tells them, and remember what they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Asked:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Reply = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A running server. `base` is its address; `asked` is everything it was asked."""

    base: str
    asked: list[Asked]


@asynccontextmanager
async def serving(reply: Reply) -> AsyncIterator[Server]:
    """A server on a free port of this machine for the time of the block."""
    asked: list[Asked] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := (await reader.readline()).decode("latin-1").strip():
                request = Asked(line)
                while header := (await reader.readline()).decode("latin-1").strip():
                    name, _, value = header.partition(":")
                    request.headers[name.lower()] = value.strip()
                request.body = await reader.readexactly(int(request.headers.get("content-length", 0)))
                asked.append(request)
                await reply(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Server(f"http://127.0.0.1:{port}", asked)
    finally:
        server.close()


def answer(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> Reply:
    """A reply with these headers; underscores in their names stand for hyphens."""

    async def reply(_: Asked, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    return reply


def in_turn(*replies: Reply) -> Reply:
    """Each reply once, the last one for ever."""
    left = list(replies)

    async def reply(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(asked, writer)

    return reply
