"""The fake Zoom with gangly's door on it; each request and answer is held against the vendor's description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from gangly_tui.connectors.engagement import zoom
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.records import Meeting
from tests.connectors import rigs
from tests.connectors.rigs import SPECS, Bearer, contract_on, everything
from tests.fakes.serve import FakeTransport
from tests.fakes.zoom import Asked, Call, ZoomFake

NOW = datetime(2026, 9, 23, 15, 0, tzinfo=UTC)
VTT = "WEBVTT\n\n1\n00:00:03.100 --> 00:00:07.900\n<v Dana>We can sign mid-November.\n"


class Watch(rigs.Watch):
    """Zoom's own answers; refusals are described without a body."""

    def path(self, asked: Asked) -> str:
        return asked.path.removeprefix("/v2")

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        if status >= 400:
            shaped = isinstance(told, dict) and isinstance(told.get("code"), int) and told.get("message")
            return [] if shaped else [f"{status} without code and message"]
        return list(self.contract._errors(self.schema(responses[str(status)]), told, "answer"))


def described() -> Watch:
    """What every exchange is held against. Skips where it is not at hand."""
    return Watch(contract_on(SPECS / "zoom" / "zoom.v2.openapi.json"))


@dataclass
class Site:
    """A fake account, and doors to it. `slept` is how long reads were made to wait."""

    fake: ZoomFake
    auth: httpx.Auth | None = None
    slept: float = 0

    def __post_init__(self) -> None:
        if SPECS.exists():
            self.fake.watch = described()

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def link(self) -> Link:
        reach = Reach(hosts=zoom.VENDOR.hosts)
        wire = Wire(
            system="zoom",
            base="https://api.zoom.us/v2",
            client=open_client(reach, auth=self.auth or Bearer("t-1"), inner=FakeTransport(self.fake)),
            reach=reach,
            manners=zoom.VENDOR.manners,
            sleep=self.sleep,
        )
        return Link(
            wire=wire,
            scope=replace(everything("zoom"), read={}, write={}),
            setup=Setup(),
            user_email="robin.hale@larkspur.example",
            now=lambda: NOW,
        )

    async def look(self, *meetings: Meeting, known: Mapping[str, str] | None = None) -> dict[str, Any]:
        found = await zoom.open_transcripts(self.link()).transcripts(meetings, known or {})
        return {each.meeting_id: each for each in found}


def call(number: str = "81234567890", *, hour: float = 9, minutes: int = 30, text: str = VTT, **how: Any) -> Call:
    """A recorded call of today."""
    start = datetime(2026, 9, 23, tzinfo=UTC) + timedelta(hours=hour)
    made: dict[str, Any] = {"uuid": f"u-{number}-{hour}", "topic": "Call", **how}
    return Call(number=number, start=start, minutes=minutes, text=text, **made)


def meeting(
    link: str = "https://us06web.zoom.us/j/81234567890?pwd=q", *, hour: float = 9, minutes: int = 30, **how: Any
) -> Meeting:
    """A meeting of today in some calendar."""
    start = datetime(2026, 9, 23, tzinfo=UTC) + timedelta(hours=hour)
    made: dict[str, Any] = {"id": f"m-{hour}", "system": "work.ics", "title": "Call", **how}
    return Meeting(start=start, end=start + timedelta(minutes=minutes), link=link, **made)
