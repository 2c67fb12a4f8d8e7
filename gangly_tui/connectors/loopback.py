"""The browser's way back: a listener on 127.0.0.1 that takes one answer and closes (RFC 8252 section 7.3)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

from gangly_tui.connectors.oauth import Challenge, Provider, challenge
from gangly_tui.domain.errors import ConnectorError, SignInNeeded

PATIENCE: Final = 300.0
"""Seconds a person has to agree in the browser."""
_LONGEST: Final = 16_384

_PAGE = (
    "<!doctype html><meta charset=utf-8><title>gangly</title>"
    "<body style='font:18px system-ui;margin:4em auto;max-width:32em'><p>{words}<p>You can close this tab."
)


class Listener:
    """Waits for one answer. `url` is what to open in the browser."""

    def __init__(self, asked: Challenge, answer: asyncio.Future[str]) -> None:
        self.asked = asked
        self._answer = answer

    @property
    def url(self) -> str:
        """The address to open."""
        return self.asked.url

    async def code(self, patience: float = PATIENCE) -> str:
        """The authorization code. Raises SignInNeeded when the person declined, or did not answer in time."""
        try:
            async with asyncio.timeout(patience):
                return await self._answer
        except TimeoutError:
            raise SignInNeeded("nobody answered in the browser", fix="start the sign-in again") from None


@asynccontextmanager
async def listening(
    provider: Provider, ask: Callable[[str], Awaitable[Challenge]] | None = None
) -> AsyncIterator[Listener]:
    """A listener for the time of the block. Raises ConnectorError when the port the vendor insists on is taken.

    `ask` makes the challenge for the redirect address; without it, it is made here.
    """
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asked: list[Challenge] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                target, form = await _request(reader)
            status, words = _take(target, form, asked[0], provider, answer)
            body = _PAGE.format(words=words).encode()
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # not a browser's answer: keep listening
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(handle, "127.0.0.1", provider.port, limit=_LONGEST)
    except OSError as error:
        raise ConnectorError(
            f"port {provider.port} is in use, and {provider.system} sends its answer there",
            fix="close the program that uses it, or sign in with --device",
        ) from error
    port = server.sockets[0].getsockname()[1]
    redirect = f"http://{provider.host}:{port}{provider.path}"
    try:
        asked.append(await ask(redirect) if ask else challenge(provider, redirect))
        yield Listener(asked[0], answer)
    finally:
        server.close()
        answer.cancel()


async def _request(reader: asyncio.StreamReader) -> tuple[str, str]:
    """The target of one HTTP request and, for a form post, its body."""
    verb, target, _ = (await reader.readline()).decode("ascii").split(" ", 2)
    length = 0
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = min(int(value), _LONGEST)
    body = await reader.readexactly(length) if verb == "POST" else b""
    return target, body.decode("ascii")


def _take(target: str, form: str, asked: Challenge, provider: Provider, answer: asyncio.Future[str]) -> tuple[str, str]:
    """Settle the answer, once. Returns the status line and the words for the browser."""
    where = urlsplit(target)
    values = parse_qs(form or where.query)
    if (where.path or "/") != (provider.path or "/"):  # a browser asks for "/" where the redirect has no path
        return "404 Not Found", "There is nothing here."
    if answer.done():
        return "410 Gone", "This sign-in has its answer already."
    if not hmac.compare_digest(_one(values, "state").encode(), asked.state.encode()):
        return "400 Bad Request", "This answer belongs to another sign-in. Nothing was done."
    code = _one(values, "code")
    if not code:
        why = _one(values, "error_description") or _one(values, "error") or "no reason given"
        answer.set_exception(
            SignInNeeded(f"{provider.system} did not agree: {why[:200]}", fix=f"gangly connect {provider.system}")
        )
        return "200 OK", "The sign-in was declined. gangly says more."
    answer.set_result(code)
    return "200 OK", "gangly is connected to this account."


def _one(values: dict[str, list[str]], name: str) -> str:
    return values.get(name, [""])[0]
