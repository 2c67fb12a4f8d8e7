"""A scripted server on loopback that speaks chat.completions the way real ones do, their faults included."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

SKY = '{"sky": "blue", "ok": true}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One scripted answer. `status` other than 200 answers an error with `text` as its message."""

    text: str = '{"items": []}'
    finish: str | None = "stop"
    refusal: str = ""
    status: int = 200
    headers: str = ""
    whole: bool = False
    """does not stream, whatever it is asked"""
    torn: bool = False
    """the connection ends in the middle of the stream"""
    hang: float = 0
    usage: dict[str, Any] | None = None
    """what it says it took; in a stream only when it is asked to"""
    raw: bytes | None = None


def items(*rows: dict[str, Any]) -> Told:
    """An answer with these items."""
    full = [{"value": None, "turn": 0, "confidence": 0.9, **row} for row in rows]
    return Told(text=json.dumps({"items": full}))


Script = Callable[[dict[str, Any]], Told]
"""The body of a request to what is answered."""


@dataclass(slots=True)
class ModelServer:
    """What was asked, and what is told. `refuses` maps a kind of response_format to the fault it gets."""

    script: Script
    refuses: dict[str, Told] = field(default_factory=dict)
    ignores_schema: bool = False
    port: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def readings(self) -> list[dict[str, Any]]:
        """The requests that were about a call, without the probes."""
        return [each for each in self.asked if not _is_probe(each)]

    @property
    def sent(self) -> str:
        """Every word that left."""
        return "\n".join(json.dumps(each, ensure_ascii=False) for each in self.asked)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head.decode())
                self.paths.append(head.split(b" ")[1].decode())
                length = int(next(iter(re.findall(rb"(?i)content-length: *(\d+)", head)), b"0"))
                body = json.loads(await reader.readexactly(length) or b"null")
                self.asked.append(body)
                await self._answer(writer, body)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        told = self.refuses.get(kind_of(body)) or self._scripted(body)
        await asyncio.sleep(told.hang)
        if told.raw is not None:
            await _send(writer, 200, told.raw, "text/html")
        elif told.status != 200:
            fault = {"error": {"message": told.text, "type": "x", "code": None}}
            await _send(writer, told.status, json.dumps(fault).encode(), "application/json", told.headers)
        elif told.whole:
            message = {"role": "assistant", "content": told.text, "refusal": told.refusal or None}
            answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                      "choices": [{"index": 0, "message": message, "finish_reason": told.finish}]}  # fmt: skip
            answer |= {"usage": told.usage} if told.usage else {}
            await _send(writer, 200, json.dumps(answer).encode(), "application/json")
        else:
            asked = (body.get("stream_options") or {}).get("include_usage")
            await _stream(writer, told, told.usage if asked else None)

    def _scripted(self, body: dict[str, Any]) -> Told:
        if not _is_probe(body):
            return self.script(body)
        told_form = '{"sky"' in body["messages"][-1]["content"]
        if told_form or (kind_of(body) in ("json_schema", "json_object+schema") and not self.ignores_schema):
            return Told(text=SKY)
        return Told(text='{"answer": "The sky is blue."}')


def kind_of(body: dict[str, Any]) -> str:
    """Which rung a request stands on."""
    form = body.get("response_format")
    if not form:
        return "plain"
    return "json_object+schema" if "schema" in form else str(form["type"])


def _is_probe(body: dict[str, Any]) -> bool:
    return "which colour the sky has" in body["messages"][-1]["content"]


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes, kind: str, more: str = "") -> None:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def _stream(writer: asyncio.StreamWriter, told: Told, usage: dict[str, Any] | None = None) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    pieces = [told.text[at : at + 40] for at in range(0, len(told.text), 40)]
    if told.torn:
        pieces = pieces[: max(1, len(pieces) // 2)]
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": piece}, None) for piece in pieces]
    if told.refusal:
        deltas = [({"refusal": told.refusal}, None)]
    if not told.torn:
        deltas.append(({}, told.finish))
    for delta, finish in deltas:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                 "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}  # fmt: skip
        line = f"data: {json.dumps(chunk)}\n\n".encode()
        writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        await writer.drain()
    if usage and not told.torn:
        chunk = {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [],
            "usage": usage,
        }
        line = f"data: {json.dumps(chunk)}\n\n".encode()
        writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
    if told.torn:
        writer.transport.abort()
        raise ConnectionResetError
    line = b"data: [DONE]\n\n"
    writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n0\r\n\r\n")
    await writer.drain()


@asynccontextmanager
async def serving(
    script: Script | Told | Sequence[Told] = Told(),
    **more: Any,
) -> AsyncIterator[ModelServer]:
    """A server that runs a script: a function of the request, one answer for all, or answers in turn."""
    if isinstance(script, Told):
        fixed = script
        made = ModelServer(lambda _: fixed, **more)
    elif callable(script):
        made = ModelServer(script, **more)
    else:
        left = list(script)
        made = ModelServer(lambda _: left.pop(0) if len(left) > 1 else left[0], **more)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def turn_with(body: dict[str, Any], words: str) -> int:
    """The number of the turn that holds these words, as a model would find it in what it was sent; 0 without one."""
    for line in body["messages"][1]["content"].splitlines():
        found = re.match(r"\[(\d+)\] ", line)
        if found and words.lower() in line.lower():
            return int(found[1])
    return 0
