"""The fake Salesforce with gangly's doors on it; each request and answer is held against the vendor's description."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gangly_tui.connectors.record import salesforce
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.hierarchy import Scope
from tests.connectors import rigs
from tests.connectors.rigs import SPECS, Bearer, contract_on, everything, no_sleep
from tests.fakes.salesforce import FakeSalesforce
from tests.fakes.serve import FakeTransport

BASE = "https://acme.my.salesforce.com"
_TYPES = {"int": "integer", "currency": "number", "boolean": "boolean"}

EVERYTHING = everything("salesforce")


@dataclass
class Site:
    """A fake organisation, and links to it."""

    fake: FakeSalesforce
    audit: bool = True
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    auth: httpx.Auth | None = None

    def link(self, scope: Scope | None = None, **values: str) -> Link:
        reach = Reach(hosts=salesforce.VENDOR.hosts)
        wire = Wire(
            system="salesforce",
            base=BASE,
            client=open_client(reach, auth=self.auth or Bearer("token-1"), inner=FakeTransport(self.fake)),
            reach=reach,
            manners=salesforce.VENDOR.manners,
            sleep=no_sleep,
        )
        audit = {
            f"{table}.{name}"
            for table, columns in self.fake.tables.items()
            for name, *_ in columns
            if name.startswith("gangly_") and self.audit
        }
        return Link(
            wire=wire,
            scope=scope or EVERYTHING,
            setup=Setup(values=values),
            user_email="robin@seller.com",
            audit_fields=frozenset(audit),
            now=self.now,
        )


def contract_of(fake: FakeSalesforce, folder: Path) -> Any:
    """The vendor's description, with this organisation's own fields as Salesforce's generator would list them."""
    if not SPECS.exists():
        pytest.skip("the agreed descriptions in ../shared are not there")
    document = json.loads((SPECS / "salesforce" / "salesforce.rest.openapi.json").read_text())
    for table, columns in fake.tables.items():
        listed = document["components"]["schemas"].get(f"{table}SObject", {}).get("properties")
        for name, kind, _, marks in columns if listed else ():
            many = {"type": "array", "items": {"type": "string"}}
            listed.setdefault(name, many if kind == "junctionIdList" else {"type": _TYPES.get(kind, "string")})
            if "r" not in marks:  # the generator leaves out that null empties a field
                listed[name]["nullable"] = True
    path = folder / "salesforce.json"
    path.write_text(json.dumps(document))
    return contract_on(path)


def watched(fake: FakeSalesforce, folder: Path) -> FakeSalesforce:
    """The fake, each exchange held against the description where that is at hand."""
    if SPECS.exists():
        fake.watch = Watch(contract_of(fake, folder))
    return fake


class Watch(rigs.Watch):
    """Salesforce's description knows no null and no relations in a row."""

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        response = responses.get(str(status))
        if response is None:
            return [f"the description knows no answer {status}"]
        if told is None:
            return []
        schema = self.schema(response)
        wrong = self.contract._errors(schema, _bare(told), "answer") if schema else []
        rows = told.get("records", ()) if isinstance(told, dict) else ()
        return list(wrong) + [each for row in rows for each in self.row(row)]

    def row(self, row: Mapping[str, Any]) -> list[str]:
        """What is wrong with a record of a query. The description knows no null and no relations: those are left."""
        name = f"{row['attributes']['type']}SObject"
        if name not in self.contract.doc["components"]["schemas"]:
            return []
        closed = self.contract.doc["components"]["schemas"].get(f"{name}!w")
        plain = {key: value for key, value in _bare(row).items() if not isinstance(value, dict) or key == "attributes"}
        return list(self.contract._errors(closed or self.contract.doc["components"]["schemas"][name], plain, name))


def _bare(told: Any) -> Any:
    """Without nulls; and Salesforce writes "+0000" where the description's date-time wants "+00:00"."""
    if isinstance(told, dict):
        return {key: _bare(value) for key, value in told.items() if value is not None}
    return told[:-5] + "+00:00" if isinstance(told, str) and told.endswith(".000+0000") else told
