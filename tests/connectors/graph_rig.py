"""The fake Graph with gangly's doors on it; each request and answer is held against the agreed description.

What the description leaves out is added here, in the open: see `_completed`.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gangly_tui.connectors.engagement import microsoft
from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.hierarchy import Layer, Scope
from gangly_tui.domain.records import FIELDS, Kind
from tests.connectors import rigs
from tests.connectors.rigs import SPECS, Bearer, contract_on, no_sleep
from tests.fakes.graph import GraphFake
from tests.fakes.serve import FakeTransport

BASE = "https://graph.microsoft.com/v1.0"
KINDS = (Kind.MAIL, Kind.INVITATION)
SCOPE = Scope(
    system="microsoft",
    layer=Layer.ENGAGEMENT,
    owner="a",
    backup="b",
    runbook="c",
    read={kind: frozenset(FIELDS[kind]) for kind in KINDS},
    write={kind: frozenset(FIELDS[kind]) for kind in KINDS},
)


@dataclass
class Site:
    """A fake mailbox, and links to it. `slept` are the seconds that were waited."""

    fake: GraphFake
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    parts: frozenset[str] = frozenset(microsoft.VENDOR.parts)

    def __post_init__(self) -> None:
        self.slept: list[float] = []

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def link(self) -> Link:
        reach = Reach(hosts=microsoft.VENDOR.hosts)
        wire = Wire(
            system="microsoft",
            base=BASE,
            client=open_client(reach, auth=Bearer("g-good"), inner=FakeTransport(self.fake)),
            reach=reach,
            manners=microsoft.VENDOR.manners,
            pace=Pace(sleep=no_sleep),
            sleep=self._sleep,
        )
        setup = Setup(values={"client_id": "app-1"}, parts=self.parts)
        return Link(wire=wire, scope=SCOPE, setup=setup, user_email="robin.hale@larkspur.example", now=self.now)


def contract_of(folder: Path) -> Any:
    """The description, completed. Skips the test where ../shared is absent."""
    if not SPECS.exists():
        pytest.skip("the agreed descriptions in ../shared are not there")
    document = json.loads((SPECS / "msgraph" / "msgraph.v1.0.openapi.json").read_text())
    path = folder / "graph.json"
    path.write_text(json.dumps(_completed(document)))
    return contract_on(path)


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """What the description lacks: the days of a calendar's change feed, and extended properties, which its maker drops.

    Both are on Microsoft's pages: "event: delta", "Create single-value extended property", "Get ... property".
    """
    paths, schemas = document["paths"], document["components"]["schemas"]
    days = [
        {"name": name, "in": "query", "required": True, "schema": {"type": "string", "format": "date-time"}}
        for name in ("startDateTime", "endDateTime")
    ]
    paths["/me/calendarView/delta()"]["get"]["parameters"] += days
    schemas["gangly.mark"] = {
        "type": "object",
        "required": ["id", "value"],
        "properties": {"id": {"type": "string"}, "value": {"type": "string"}},
    }
    marks = {"type": "array", "items": {"$ref": "#/components/schemas/gangly.mark"}}
    for name in ("message", "event"):
        schemas[f"microsoft.graph.{name}"]["allOf"][1]["properties"]["singleValueExtendedProperties"] = marks
    expand = {"name": "$expand", "in": "query", "schema": {"type": "string"}}
    for path in ("/me/messages", "/me/messages/{message-id}", "/me/events", "/me/events/{event-id}"):
        paths[path]["get"]["parameters"].append(copy.deepcopy(expand))
    return document


class Watch(rigs.Watch):
    """Graph names no status but its class; a link to go on is opaque, and nothing in it is ours to check."""

    def path(self, asked: Any) -> str:
        path = "/".join(quote(each, safe="()'") for each in asked.path.split("/"))
        return path + "()" if path.endswith("/delta") else path

    def request(self, asked: Any) -> list[str]:
        opaque = "token=" in asked.query
        plain = replace(asked, query=_named(asked.query))
        return [each for each in super().request(plain) if not (opaque and each.startswith("query: "))]

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if told is None:
            return []
        if response is None:
            return [f"the description knows no answer {status}"]
        return list(self.contract._errors(self.schema(response), _plain(told), "answer"))


def _named(query: str) -> str:
    return re.sub(r"(^|&)%24", r"\1$", query)


def _plain(told: Any) -> Any:
    """An answer without what OData adds to it: the description writes an optional object as one that must be there."""
    if isinstance(told, dict):
        return {key: _plain(value) for key, value in told.items() if value is not None}
    return [_plain(each) for each in told] if isinstance(told, list) else told


def watched(folder: Path, **how: Any) -> Site:
    """A fake whose every exchange is held against the description, where that is at hand."""
    fake = GraphFake(**({"now": how["now"]} if "now" in how else {}))
    if SPECS.exists():
        fake.watch = Watch(contract_of(folder))
    return Site(fake, **how)
