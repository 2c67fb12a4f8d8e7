"""A Google account that remembers: Calendar, Gmail and Meet behind one sign-in; what they take, refuse and forget.

By hand: `python -m tests.fakes.google [PORT]`, then `gangly connect google` with the address it prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.fakes.front_door import FrontDoor
from tests.fakes.google_calendar import CalendarRows
from tests.fakes.google_mail import MailRows
from tests.fakes.google_meet import MeetRows
from tests.fakes.google_rules import No
from tests.fakes.serve import Dropped, Reply, run_by_hand

CALENDAR = "/calendar/v3/"
GMAIL = "/gmail/v1/users/me/"
ALL = ("calendar.readonly", "calendar.events", "gmail.readonly", "gmail.compose", "meetings.space.readonly")
AUTH = "https://www.googleapis.com/auth/"


@dataclass(kw_only=True)
class Asked:
    """One request as it came. `query` has the last value of each name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any

    @property
    def params(self) -> dict[str, str]:
        return {name: each[-1] for name, each in parse_qs(self.query, keep_blank_values=True).items()}


@dataclass
class Weather:
    """What happens to the next request of a method below a path: `reply` instead of the answer, or no answer."""

    method: str
    path: str
    reply: Reply | None = None
    apply: bool = False
    """it is carried out first"""


Watcher = Callable[[Asked, int, Any], None]
"""Told of each request, and of the answer to it."""


@dataclass
class GoogleFake:
    """The account on the wire. `scopes` are what was ticked; `testing` is in seconds what is left of the sign-in."""

    email: str = "robin.hale@larkspur.example"
    token: str = "t-good"
    refresh: str = "r-good"
    scopes: set[str] = field(default_factory=lambda: set(ALL))
    testing: int = 0
    switched_off: set[str] = field(default_factory=set)
    """APIs that nobody has enabled in the project"""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    asked: list[Asked] = field(default_factory=list)
    weather: list[Weather] = field(default_factory=list)
    watch: Watcher = lambda *_: None

    def __post_init__(self) -> None:
        self.calendar = CalendarRows(email=self.email, now=self.now)
        self.mail = MailRows(email=self.email, now=self.now)
        self.meet = MeetRows(now=self.now)

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request: weathered, authorised, answered."""
        if path == "/token":
            return self._renewed(parse_qs(body.decode()))
        data = json.loads(body) if body else None
        asked = Asked(method=method, path=path, query=query, headers=headers, body=data)
        self.asked.append(asked)
        weather = next((each for each in self.weather if each.method == method and path.startswith(each.path)), None)
        if weather is None:
            return self._answer(asked)
        self.weather.remove(weather)
        if weather.apply:
            self._answer(asked)
        if weather.reply is None:
            raise Dropped
        return weather.reply

    def _answer(self, asked: Asked) -> Reply:
        try:
            if asked.headers.get("authorization") != f"Bearer {self.token}":
                raise No(401, "authError", "Invalid Credentials")
            status, told = self._routed(asked)
        except No as no:
            status, told = no.status, no.told()
        self.watch(asked, status, told)
        return reply(told, status)

    def _routed(self, asked: Asked) -> tuple[int, Any]:
        if asked.path.startswith(CALENDAR):
            self._need("calendar", asked.method, {"calendar.readonly"}, {"calendar.events"})
            parts = [unquote(each) for each in asked.path.removeprefix(CALENDAR).split("/")]
            return self.calendar.answer(asked.method, parts, asked.params, asked.headers, asked.body)
        if asked.path.startswith(GMAIL):
            parts = [unquote(each) for each in asked.path.removeprefix(GMAIL).split("/")]
            drafting = parts[0] == "drafts" or parts == ["profile"]
            compose = {"gmail.compose"}
            self._need("gmail", asked.method, {"gmail.readonly"} | (compose if drafting else set()), compose)
            return self.mail.answer(asked.method, parts, asked.query, asked.body)
        if asked.path.startswith("/v2/") and asked.method == "GET":
            self._need("meet", "GET", {"meetings.space.readonly"}, set())
            return self.meet.answer(unquote(asked.path), asked.params)
        raise No(404, "notFound", "Not Found")

    def _need(self, api: str, method: str, reading: set[str], writing: set[str]) -> None:
        """The API is on, and one of the permissions was ticked."""
        if api in self.switched_off:
            raise No(403, "accessNotConfigured", f"{api} API has not been used in project 1 before or it is disabled.")
        wanted = writing if method != "GET" else reading | writing
        if not self.scopes & wanted:
            raise No(403, "insufficientPermissions", "Request had insufficient authentication scopes.")

    def _renewed(self, form: Mapping[str, list[str]]) -> Reply:
        if form.get("refresh_token") != [self.refresh]:
            return reply({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
        return reply(self.tokens())

    def tokens(self) -> dict[str, Any]:
        """What a sign-in and each renewal answer; Google gives no second refresh token."""
        told = {
            "access_token": self.token,
            "expires_in": 3599,
            "scope": " ".join(sorted(AUTH + each for each in self.scopes)),
            "token_type": "Bearer",
        }
        return {**told, "refresh_token_expires_in": self.testing} if self.testing else told

    def to(self, method: str, part: str = "") -> list[Asked]:
        """The requests of this method below such a path."""
        return [each for each in self.asked if each.method == method and part in each.path]


class GoogleDoor(FrontDoor):
    """The sign-in, where Google has it; whoever asks has ticked what was asked for."""

    def __init__(self, fake: GoogleFake) -> None:
        super().__init__(fake)
        self._google = fake

    async def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request."""
        if path == "/o/oauth2/v2/auth":
            asked = parse_qs(query)
            assert asked["access_type"] == ["offline"] and asked["code_challenge_method"] == ["S256"]
            self._google.scopes = {each.removeprefix(AUTH) for each in asked["scope"][0].split()}
            path = "/authorize"
        return await super().handle(method, path, query, headers, body)

    def _tokens(self) -> Reply:
        return reply({**self._google.tokens(), "refresh_token": self._google.refresh})


def reply(told: Any, status: int = 200, **headers: str) -> Reply:
    """An answer with this body."""
    content = b"" if told is None else json.dumps(told).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"content-type": "application/json; charset=UTF-8", **named}, content


def refusal(status: int, reason: str, message: str = "no", **headers: str) -> Reply:
    """A refusal as Google words it."""
    return reply(No(status, reason, message).told(), status, **headers)


if __name__ == "__main__":
    from tests.fakes.google_seed import TOLD, fill_zoom, seeded

    account = seeded()
    fill_zoom(account)
    run_by_hand(GoogleDoor(account), int(sys.argv[1]) if len(sys.argv) > 1 else 8707, told=TOLD)
