"""The listener of `gangly signals listen`: loopback only, a token in every request, small bodies, not too many.

Requests are read in threads; the store is touched by the thread that opened it alone, which answers each of them.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import BoundedSemaphore, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from gangly_tui.commands.console import out, plain, tell
from gangly_tui.domain.errors import GanglyError, InputError

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

MAX_BODY = 64 * 1024
MOST_A_MINUTE = 120
_AT_ONCE = 8
_PATIENCE = 5.0
"""Seconds a request may take to arrive, and to be answered."""
_SHORTEST, _LONGEST = 16, 512
_PATH = "/signals"


def read_token(descriptor: int | None) -> str:
    """The token from a descriptor, else a new one. Raises InputError when the given one is none."""
    if descriptor is None:
        return secrets.token_urlsafe(32)
    try:
        with os.fdopen(descriptor, "rb") as opened:
            text = opened.read(_LONGEST + 1).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not _SHORTEST <= len(text) <= _LONGEST or any(each.isspace() for each in text):
        raise InputError(
            f"descriptor {descriptor} gives no token", fix=f"{_SHORTEST} to {_LONGEST} letters and digits: 3<FILE"
        )
    return text


@dataclass(slots=True)
class Door:
    """What the threads share: the token, who may still come in, and what waits for the store."""

    token: str
    waiting: Queue[tuple[str, Future[tuple[int, Any]]]] = field(default_factory=lambda: Queue(_AT_ONCE))
    places: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE))
    came: deque[float] = field(default_factory=deque)
    lock: Lock = field(default_factory=Lock)

    def knows(self, header: str) -> bool:
        """Whether a request brings the token; how long it takes tells nothing of it."""
        scheme, _, given = header.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode())

    def too_many(self) -> bool:
        """Whether this request is one more than a minute takes."""
        now = monotonic()
        with self.lock:
            while self.came and self.came[0] < now - 60:
                self.came.popleft()
            if len(self.came) >= MOST_A_MINUTE:
                return True
            self.came.append(now)
            return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False
    door: Door

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.door.places.acquire(blocking=False):  # as many as are answered at once; the rest may try again
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.door.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A line that was cut is the other side's affair."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server_version = "gangly"
    sys_version = ""
    server: _Server

    def do_POST(self) -> None:
        """Take one object or a list of them."""
        door = self.server.door
        if not door.knows(self.headers.get("Authorization", "")):
            self._say(401, {"error": "the token is missing or wrong"})
            return
        if door.too_many():
            self._say(429, {"error": f"more than {MOST_A_MINUTE} requests a minute"})
            return
        if self.path != _PATH:
            self._say(404, {"error": f"post to {_PATH}"})
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._say(411, {"error": "say Content-Length"})
            return
        if int(length) > MAX_BODY:
            self._say(413, {"error": f"at most {MAX_BODY} bytes"})
            return
        try:
            text = self.rfile.read(int(length)).decode("utf-8")
        except UnicodeDecodeError:
            self._say(400, {"error": "it is not UTF-8"})
            return
        answer: Future[tuple[int, Any]] = Future()
        door.waiting.put((text, answer))
        try:
            self._say(*answer.result(_PATIENCE))
        except TimeoutError:
            answer.cancel()
            self._say(503, {"error": "busy: try again"})

    def _say(self, code: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's word
        """Nothing: what came in is told by who keeps it."""


@contextmanager
def listening(door: Door, port: int) -> Iterator[int]:
    """Requests come in through the door for the time of the block. Gives the port; raises InputError when it is taken.

    Somebody has to call `answer_next` meanwhile.
    """
    try:
        server = _Server(("127.0.0.1", port), _Handler)
    except OSError as error:
        raise InputError(f"port {port} cannot be had: {error.strerror}", fix="choose another --port") from error
    server.door = door
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def serve(desk: Desk, port: int, token: str, *, show_token: bool) -> None:
    """Listen until ctrl+c. Raises InputError when the port is taken."""
    door = Door(token=token)
    with listening(door, port) as taken:
        out(f"http://127.0.0.1:{taken}{_PATH}")
        if show_token:
            out(f"Authorization: Bearer {token}")
        tell("listening on this machine alone; ctrl+c ends it")
        sys.stdout.flush()  # who reads the token from a pipe waits for it
        try:
            while True:
                answer_next(desk, door)
        except KeyboardInterrupt:
            tell("no longer listening")


def answer_next(desk: Desk, door: Door, patience: float = 0.5) -> bool:
    """Keep what the next request brings, and answer it. Whether there was one."""
    try:
        text, answer = door.waiting.get(timeout=patience)
    except Empty:
        return False
    if answer.set_running_or_notify_cancel():
        answer.set_result(_kept(desk, text))
    return True


def _kept(desk: Desk, text: str) -> tuple[int, Any]:
    from gangly_tui.domain.signal_import import read_posted
    from gangly_tui.flow.signals import take_in

    try:
        given, refused = read_posted(text, now=desk.now(), zone=desk.settings.timezone)
        new, unfit = take_in(desk, given)
    except InputError as error:
        return 400, {"error": str(error)}
    except GanglyError as error:
        tell(f"gangly: {error}")
        return 503, {"error": "it could not be kept"}
    left_out = [*refused, *unfit]
    known = len(given) - len(unfit) - new
    tell(f"{new} new, {known} known already, {len(left_out)} refused")
    return (422 if left_out and not (new or known) else 200), {"new": new, "known": known, "refused": plain(left_out)}
