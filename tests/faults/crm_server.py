"""The faulty CRM: HTTP on loopback, and fourteen ways to fail, each at the request the schedule names."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from tests.faults.clock import SharedClock
from tests.faults.crm_state import Answer, CrmState
from tests.faults.schedule import Schedule, of_line
from tests.faults.sign_in import TokenPage

FOREVER = 3600.0
LATE = timedelta(seconds=10)
"""When a late commit comes, by the clock: with the lag of a search still inside the horizon of 20 s."""


class FaultyCrm:
    """One schedule's CRM; `reset` makes it new."""

    def __init__(self, clock: SharedClock) -> None:
        self.clock = clock
        self.reset(Schedule(cards=()))

    def reset(self, schedule: Schedule) -> None:
        """Start over for this schedule."""
        self.schedule = schedule
        self.state = CrmState(
            now=self.clock,
            marker=schedule.marker,
            guarded=schedule.guarded,
            keeps_history=schedule.keeps_history,
        )
        self.tokens = TokenPage(good_for=schedule.sign_in)
        self.reads = self.writes = 0
        self.faults: dict[str, int] = {}
        self.late: list[tuple[datetime, str, dict[str, Any]]] = []

    def flush(self) -> None:
        """Let every commit come that is still on its way."""
        for each in self.late:
            self._commit_late(*each)
        self.late = []

    def _due(self) -> None:
        now = self.clock()
        for each in [each for each in self.late if each[0] <= now]:
            self.late.remove(each)
            self._commit_late(*each)

    def _commit_late(self, at: datetime, method: str, body: dict[str, Any]) -> None:
        """A commit that nobody saw, at its own time: the search behind a marker lags from there on."""
        self.state.now = lambda: at
        self._commit(method, body)
        self.state.now = self.clock

    def _commit(self, method: str, body: dict[str, Any]) -> Answer:
        apply = {"POST": self.state.create, "PATCH": self.state.update, "DELETE": self.state.remove}
        return apply[method](body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-le")
                    ),
                    0,
                )
                plain = await reader.readexactly(length)
                if path == "/token":
                    await _reply(writer, *self.tokens.token(parse_qs(plain.decode())["refresh_token"][0]))
                elif path.startswith("/_") or self.tokens.admits(_bearer(head)):
                    await self._answer(writer, method, path, json.loads(plain or b"null"))
                else:
                    await _reply(writer, 401, {"error": "the token has ended"})
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the app was killed, or gave up: what had not arrived by then has no effect
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, method: str, path: str, body: Any) -> None:
        if path.startswith("/_"):
            await _reply(writer, 200, self._control(path, body))
            return
        self._due()
        if method == "GET":
            self.reads += 1
            fault = dict(self.schedule.read_faults).get(self.reads, "")
            answer = deepcopy(self._look(path))  # as it was when it was read
            self._colleague("read", self.reads)
        else:
            self.writes += 1
            fault = dict(self.schedule.write_faults).get(self.writes, "")
            if fault == "401" and self.schedule.sign_in:  # turned down at the door: it comes again, with a new token
                self.tokens.turn_down()
            else:
                self.state.requests.append({"op": body["meta"]["op_id"], "at": self.clock().isoformat()})
            answer = deepcopy(self._write(method, body, fault))
            self._colleague("write", self.writes)
        if fault:
            self.faults[fault] = self.faults.get(fault, 0) + 1
        await self._misbehave(writer, fault, answer)

    def _control(self, path: str, body: Any) -> Any:
        if path == "/_reset":
            self.reset(of_line(body))
        if path == "/_flush":
            self.flush()
        if path == "/_sign_in":
            return self.tokens.sign_in()
        state = self.state
        return {
            "effects": state.effects, "requests": state.requests, "records": state.records, "history": state.history,
            "faults": self.faults,
            "tokens": {each: getattr(self.tokens, each) for each in ("refresh", "sign_ins", "refreshed", "reused")},
        }  # fmt: skip

    def _look(self, path: str) -> Answer:
        match path.strip("/").split("/"):
            case ["record", identifier]:
                return self.state.read(identifier)
            case ["op", op]:
                return self.state.by_op(op)
            case ["mailbox", mailbox]:
                return self.state.by_mailbox(mailbox)
            case ["history", identifier, name]:
                return self.state.edits_of(identifier, name)
        return 404, {}

    def _colleague(self, after: str, number: int) -> None:
        for when, which, how in self.schedule.edits:
            if (when, which) == (after, number):
                self.state.edit(how)

    def _write(self, method: str, body: dict[str, Any], fault: str) -> Answer:
        if fault == "late":
            self.late.append((self.clock() + LATE, method, body))
            return 0, None
        if fault in ("429", "401") or fault.endswith("before"):
            return 0, None
        return self._commit(method, body)

    async def _misbehave(self, writer: asyncio.StreamWriter, fault: str, answer: Answer) -> None:
        status, found = answer
        good = json.dumps(found).encode()
        match fault.split("-", maxsplit=1)[0]:
            case "":
                await _reply(writer, status, found)
            case "429":
                await _reply(writer, 429, {}, "Retry-After: 3\r\n")
            case "401" | "409" | "500":
                await _reply(writer, int(fault[:3]), {"error": "something"})
            case "hang" | "late":
                await asyncio.sleep(FOREVER)
            case "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                raise ConnectionResetError
            case "torn":
                await _raw(writer, 200, good[: len(good) // 2], len(good))
                raise ConnectionResetError
            case "bad":
                await _raw(writer, 200, b"{" + good[:-1], len(good))
            case "html":
                page = b"<html>Please sign in</html>"
                await _raw(writer, 200, page, len(page))
            case "loris":
                for at in range(len(good)):
                    if at == 0:
                        await _raw(writer, 200, good[:1], len(good))
                    else:
                        writer.write(good[at : at + 1])
                        await writer.drain()
                    await asyncio.sleep(0.05)


def _bearer(head: bytes) -> str:
    found = (line[22:].decode() for line in head.split(b"\r\n") if line.lower().startswith(b"authorization: bearer "))
    return next(found, "")


async def _reply(writer: asyncio.StreamWriter, status: int, found: Any, more: str = "") -> None:
    body = json.dumps(found).encode()
    await _raw(writer, status, body, len(body), more)


async def _raw(writer: asyncio.StreamWriter, status: int, body: bytes, length: int, more: str = "") -> None:
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{more}\r\n".encode() + body)
    await writer.drain()


def serve_forever(clock: SharedClock, port_out: int) -> None:
    """The server's process: tells its port through the pipe, then serves until it is ended."""

    async def run() -> None:
        import os

        crm = FaultyCrm(clock)
        server = await asyncio.start_server(crm.serve, "127.0.0.1", 0)
        os.write(port_out, struct.pack("i", server.sockets[0].getsockname()[1]))
        os.close(port_out)
        async with server:
            await server.serve_forever()

    asyncio.run(run())
