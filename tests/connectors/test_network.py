"""The lines under a client: one that is taken always comes back."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from gangly_tui.connectors import network
from gangly_tui.connectors.network import _MOST_LINES, _Lines

HERE = "http://127.0.0.1:1/"


class Line(httpx.AsyncHTTPTransport):
    """Answers at once; closing it takes as long as it takes."""

    def __init__(self, closing: asyncio.Event) -> None:
        super().__init__(verify=False)
        self._closing = closing

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"x"))

    async def aclose(self) -> None:
        self._closing.set()
        await asyncio.Event().wait()


async def test_who_is_stopped_while_an_old_line_is_closed_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = asyncio.Event()
    lines = _Lines(lambda: Line(closing))
    async with asyncio.timeout(30):
        for _ in range(_MOST_LINES):
            monkeypatch.setattr(network, "_KEPT_OPEN", 30.0)
            for answer in [await lines.send(httpx.Request("GET", HERE)) for _ in range(2)]:
                await answer.aclose()
            monkeypatch.setattr(network, "_KEPT_OPEN", -1.0)
            stopped = asyncio.ensure_future(lines.send(httpx.Request("GET", HERE)))
            await closing.wait()
            stopped.cancel()
            await asyncio.gather(stopped, return_exceptions=True)
            closing.clear()
        monkeypatch.setattr(network, "_KEPT_OPEN", 30.0)
        taken = [await lines.send(httpx.Request("GET", HERE)) for _ in range(_MOST_LINES)]
        assert {each.status_code for each in taken} == {200}
