"""The fake Pipedrive with gangly's doors on it; each request and answer is held against the vendor's description."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from gangly_tui.connectors.oauth import FixedToken
from gangly_tui.connectors.record import pipedrive
from gangly_tui.connectors.record.pipedrive_org import place_of
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.hierarchy import Scope
from gangly_tui.domain.records import RecordRef, Value
from gangly_tui.domain.secret import Secret
from tests.connectors.contract import Rig
from tests.connectors.rigs import SPECS, contract_on, everything
from tests.fakes.pipedrive import Asked, PipedriveFake
from tests.fakes.serve import FakeTransport

BASE = "https://acme.pipedrive.com"
EVERYTHING = everything("pipedrive")


@dataclass
class Site:
    """A fake account, and links to it. `slept` is how long reads were made to wait."""

    fake: PipedriveFake
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    auth: httpx.Auth | None = None
    slept: float = 0

    async def sleep(self, seconds: float) -> None:
        """Waiting, without the time."""
        self.slept += seconds

    def link(self, scope: Scope | None = None, **values: str) -> Link:
        reach = Reach(hosts=pipedrive.VENDOR.hosts)
        token = FixedToken(lambda: Secret("t-good"), header="x-api-token", scheme="")
        wire = Wire(
            system="pipedrive",
            base=BASE,
            client=open_client(reach, auth=self.auth or token, inner=FakeTransport(self.fake)),
            reach=reach,
            manners=pipedrive.VENDOR.manners,
            sleep=self.sleep,
        )
        audit = {
            f"{each.of}.{each.name}"
            for each in pipedrive.VENDOR.audit_fields
            if each.name in {row["field_name"] for row in self.fake.fields[f"{each.of}Fields"]}
        }
        return Link(
            wire=wire,
            scope=scope or EVERYTHING,
            setup=Setup(values=values),
            user_email="robin@seller.com",
            audit_fields=frozenset(audit),
            now=self.now,
        )

    def rig(self) -> Rig:
        link = self.link()

        async def colleague(ref: RecordRef, field: str, value: Value) -> None:
            """Priya, in Pipedrive's own pages."""
            name, where = place_of(ref)
            self.fake.change(name, int(where.rpartition("/")[2]), self.raw(field, value), by=2)

        return Rig(
            reader=pipedrive.open_reader(link),
            writer=pipedrive.open_writer(link),
            reader_for=lambda scope: pipedrive.open_reader(self.link(scope)),
            colleague=colleague,
        )

    def raw(self, field: str, value: Value) -> dict[str, Any]:
        """A deal's or an activity's field as Pipedrive names it."""
        if field == "next_step":
            code = next(
                each["field_code"] for each in self.fake.fields["dealFields"] if each["field_name"] == "Next step"
            )
            return {"custom_fields": {code: value}}
        theirs = {"amount": "value", "close_date": "expected_close_date", "name": "title"}.get(field, field)
        return {theirs: int(value) if isinstance(value, Decimal) else str(value)}

    def asked(self, method: str, part: str = "") -> list[Asked]:
        """The requests of this method below such a path."""
        return [each for each in self.fake.asked if each.method == method and part in each.path]


def watched(fake: PipedriveFake) -> PipedriveFake:
    """The fake, each exchange held against the descriptions where they are at hand."""
    if SPECS.exists():
        fake.watch = Watch()
    return fake


class Watch:
    """Holds each request and each answer of the fake against both descriptions. `checked` counts them."""

    def __init__(self) -> None:
        folder = SPECS / "pipedrive"
        self.v1 = contract_on(folder / "pipedrive.v1.openapi.json", base="/v1")
        self.v2 = contract_on(folder / "pipedrive.v2.openapi.json", base="/api/v2")
        self.checked = 0

    def __call__(self, asked: Asked, target: str, status: int, told: Any) -> None:
        if target.startswith("/oauth/"):
            return
        found = self.request(asked.method, target, asked.headers, asked.body)
        found += self.answer(asked.method, target, status, told)
        self.checked += 2
        assert found == [], f"{asked.method} {target} -> {status}\n" + "\n".join(found)

    def request(self, method: str, target: str, headers: Mapping[str, str], body: Any) -> list[str]:
        """What is wrong with a request."""
        content = b"" if body is None else json.dumps(body).encode()
        return list(self._of(target).check(method, target, dict(headers), content))

    def answer(self, method: str, target: str, status: int, told: Any) -> list[str]:
        """What is wrong with an answer. Refusals are described for few operations; their shape is the same for all."""
        described = self._of(target)
        path = target.partition("?")[0].removeprefix(described.base)
        found = described.find(method, path)
        if not isinstance(found, tuple):
            return [str(found)]
        response = found[0]["responses"].get(str(status))
        if response is None:
            shaped = isinstance(told, dict) and told.get("success") is False and isinstance(told.get("error"), str)
            return [] if status >= 400 and shaped else [f"{status} is not described"]
        schema = described._deref(response)["content"]["application/json"]["schema"]
        return list(described._errors(schema, told, "answer"))

    def _of(self, target: str) -> Any:
        return self.v2 if target.startswith("/api/v2") else self.v1
