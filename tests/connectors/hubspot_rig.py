"""The fake HubSpot with gangly's doors on it; each request and answer is held against the vendor's description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.record import hubspot, hubspot_org
from gangly_tui.connectors.record.hubspot_map import FIELD_MAP, OBJECTS, VERSION, where
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import RecordRef, Value
from tests.connectors import rigs
from tests.connectors.contract import Rig
from tests.connectors.rigs import SPECS, Bearer, contract_on, everything, no_sleep
from tests.fakes.hubspot import FakeHubSpot
from tests.fakes.salesforce import Asked
from tests.fakes.serve import FakeTransport

SPEC = SPECS / "hubspot" / "hubspot.2026-03.sdk-derived.openapi.json"
DESCRIBED = "2026-03"
"""The version that HubSpot's own package describes; its paths differ from ours in the date alone."""

EVERYTHING = everything("hubspot")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches without their pace."""
    monkeypatch.setattr(hubspot_org, "SEARCHES", 0)


@dataclass
class Site:
    """A fake account, and links to it."""

    fake: FakeHubSpot
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    auth: httpx.Auth | None = None

    def link(self, scope: Scope | None = None, **values: str) -> Link:
        reach = Reach(hosts=hubspot.VENDOR.hosts)
        wire = Wire(
            system="hubspot",
            base=hubspot.API,
            client=open_client(reach, auth=self.auth or Bearer("token-1"), inner=FakeTransport(self.fake)),
            reach=reach,
            manners=hubspot.VENDOR.manners,
            pace=Pace(sleep=no_sleep),
            sleep=no_sleep,
        )
        audit = {
            f"{name}.{one[0]}"
            for name, listed in self.fake.properties.items()
            for one in listed
            if one[0].startswith("gangly_")
        }
        return Link(
            wire=wire,
            scope=scope or EVERYTHING,
            setup=Setup(values=values),
            user_email="robin@seller.com",
            audit_fields=frozenset(audit),
            now=self.now,
        )

    def rig(self, **values: str) -> Rig:
        link = self.link(**values)

        async def colleague(ref: RecordRef, field: str, value: Value) -> None:
            """Priya, in HubSpot's own pages."""
            name, identifier = where(ref)
            theirs = {"subject": "hs_task_subject"}.get(field) or FIELD_MAP[ref.kind][field][0]
            raw = format(value, "f") if isinstance(value, Decimal) else str(value)
            self.fake.change(name, identifier, {theirs: raw})

        return Rig(
            reader=hubspot.open_reader(link),
            writer=hubspot.open_writer(link),
            reader_for=lambda scope: hubspot.open_reader(self.link(scope)),
            colleague=colleague,
        )

    def writes(self) -> list[Asked]:
        """What was asked to be written."""
        at = f"/crm/objects/{VERSION}/"
        return [
            each
            for each in self.fake.asked
            if each.method in ("PATCH", "DELETE")
            or (each.method == "POST" and each.path.removeprefix(at) in [one for of in OBJECTS.values() for one in of])
        ]


def contract() -> Any:
    """The vendor's description."""
    return contract_on(SPEC)


def watched(fake: FakeHubSpot) -> FakeHubSpot:
    """The fake, each exchange held against the description where that is at hand."""
    if SPEC.exists():
        fake.watch = Watch(contract())
    return fake


def site_of(**how: Any) -> Site:
    """A watched account, made so."""
    return Site(watched(FakeHubSpot(**how)))


class Watch(rigs.Watch):
    """HubSpot's description knows one success of each operation, by another number, and paths of another date."""

    def path(self, asked: Asked) -> str:
        return asked.path.replace(f"/{VERSION}", f"/{DESCRIBED}", 1)

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        response = responses.get(str(status)) or (responses["200"] if status < 300 else responses["default"])
        if told is None:
            return [] if status == 204 else [f"{status} without a body"]
        schema = self.contract._deref(response)["content"]["application/json"]["schema"]
        return list(self.contract._errors(schema, told, "answer"))
