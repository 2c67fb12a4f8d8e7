"""The fake Google with gangly's doors on it; each request and answer is held against the vendor's descriptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import httpx
import pytest
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker

from gangly_tui.connectors.engagement import google
from gangly_tui.connectors.engagement.google_calendar import GoogleCalendar
from gangly_tui.connectors.engagement.google_mail import GoogleMail
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.transport import Call, Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.hierarchy import Layer, Scope
from gangly_tui.domain.mail import Mail
from gangly_tui.domain.ports import MailPage
from gangly_tui.domain.records import FIELDS, Kind
from tests.connectors.rigs import SPECS, Bearer, contract_on
from tests.connectors.rigs import Watch as OneWatch
from tests.fakes.google import AUTH, GoogleFake
from tests.fakes.serve import FakeTransport

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 9, 23, 12, 0, tzinfo=BERLIN)
OURS = {Kind.MAIL: frozenset(FIELDS[Kind.MAIL]), Kind.INVITATION: frozenset(FIELDS[Kind.INVITATION])}
SCOPE = Scope(system="google", layer=Layer.ENGAGEMENT, owner="a", backup="b", runbook="c", read=OURS, write=OURS)
EVERYTHING = frozenset({"calendar", "mail", "drafts", "transcripts"})
SPECIFIED = {"calendar": "calendar.v3", "gmail": "gmail.v1", "v2": "meet.v2"}


@dataclass
class Look:
    """What one look into a mailbox brought."""

    pages: list[MailPage] = field(default_factory=list)

    @property
    def mails(self) -> list[Mail]:
        return [each for page in self.pages for each in page.mails]

    @property
    def gone(self) -> set[str]:
        return {each for page in self.pages for each in page.gone}

    @property
    def cursor(self) -> str:
        return self.pages[-1].cursor


@dataclass
class Site:
    """A fake account, and links to it. `slept` is how long reads were made to wait, `calls` what Health was told."""

    fake: GoogleFake
    slept: float = 0
    calls: list[Call] = field(default_factory=list)
    pace: Callable[[], Pace] = Pace

    async def sleep(self, seconds: float) -> None:
        """Waiting, without the time."""
        self.slept += seconds
        await asyncio.sleep(0)

    def link(self, *, parts: frozenset[str] = EVERYTHING, auth: httpx.Auth | None = None, **more: str) -> Link:
        reach = Reach(hosts=google.VENDOR.hosts)
        setup = Setup(parts=parts)
        wire = Wire(
            system="google",
            base=google.VENDOR.base(setup, {}),
            client=open_client(reach, auth=auth or Bearer(self.fake.token), inner=FakeTransport(self.fake)),
            reach=reach,
            manners=google.VENDOR.manners,
            pace=self.pace(),
            observe=self.calls.append,
            sleep=self.sleep,
        )
        granted = " ".join(AUTH + each for each in sorted(self.fake.scopes))
        return Link(
            wire=wire,
            scope=SCOPE,
            setup=setup,
            more={"scope": granted, **more},
            user_email=self.fake.email,
            now=self.fake.now,
        )

    def calendar(self) -> GoogleCalendar:
        return google.open_calendar(self.link())

    def mail(self) -> GoogleMail:
        return google.open_mail(self.link())

    async def look(self, since: str = "", oldest: datetime = NOON - timedelta(days=180)) -> Look:
        """A whole look into the mailbox."""
        found = Look()
        async for page in self.mail().mails(since, oldest):
            found.pages.append(page)
        return found


def site(now: datetime = NOON, **values: Any) -> Site:
    """A fake account at this moment, held against the descriptions where they are at hand."""
    fake = GoogleFake(now=lambda: now.astimezone(UTC), **values)
    if SPECS.exists():
        fake.watch = Watch()
    return Site(fake)


@cache
def _contract(path: Path) -> Any:
    return contract_on(path)


class Watch:
    """Holds each request and each answer against the description of its API. `checked` counts them."""

    def __init__(self) -> None:
        self._by = {
            name: _OneApi(contract_on(SPECS / "google" / f"{each}.openapi.json")) for name, each in SPECIFIED.items()
        }

    def of(self, path: str) -> _OneApi:
        return self._by[path.split("/")[1]]

    @property
    def checked(self) -> int:
        return sum(each.checked for each in self._by.values())

    def __call__(self, asked: Any, status: int, told: Any) -> None:
        self.of(asked.path)(asked, status, told)


class _OneApi(OneWatch):
    _answers: ClassVar[dict[int, Any]] = {}

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        response = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if response is None:
            return [f"{status} is not described"]
        schema = self.schema(response)
        if not schema:
            return []
        if id(schema) not in self._answers:  # what Google alone sets is named read-only: right in an answer
            self._answers[id(schema)] = OAS30ReadValidator(
                schema, registry=self.contract.registry, format_checker=oas30_format_checker
            )
        return [
            f"answer {each.json_path}: {each.message[:200]}" for each in self._answers[id(schema)].iter_errors(told)
        ]


def watch_of(fake: GoogleFake) -> Watch:
    """The watch of a fake. Skips the test where the descriptions are absent."""
    if not isinstance(fake.watch, Watch):
        pytest.skip("the agreed descriptions in ../shared are not there")
    return fake.watch
