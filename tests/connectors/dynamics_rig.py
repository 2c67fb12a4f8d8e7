"""The fake Dynamics with gangly's doors on it; each request and answer is held against the derived description.

Microsoft publishes no OpenAPI of Dataverse; the description in ../shared was made from its metadata and covers the
sales tables. What it leaves out or has wrong is added here, in the open: see `_completed`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gangly_tui.connectors.pace import Pace
from gangly_tui.connectors.record import dynamics
from gangly_tui.connectors.transport import Reach, Wire, open_client
from gangly_tui.connectors.vendor import Link, Setup
from gangly_tui.domain.hierarchy import Scope
from tests.connectors import rigs
from tests.connectors.rigs import SPECS, Bearer, contract_on, everything, no_sleep
from tests.fakes.dynamics import HOST, Asked, FakeDynamics
from tests.fakes.dynamics_tables import COLUMNS, TABLES
from tests.fakes.serve import FakeTransport

ROOT = "/api/data/v9.2/"
_TYPES = {"Money": "number", "Integer": "integer", "Picklist": "integer", "Boolean": "boolean"}
_GUID = {"type": "string", "pattern": "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", "nullable": True}

EVERYTHING = everything("dynamics")


@dataclass
class Site:
    """A fake organisation, and links to it."""

    fake: FakeDynamics
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def link(self, scope: Scope | None = None, *, audit: bool = True, **values: str) -> Link:
        reach = Reach(hosts=dynamics.VENDOR.hosts)
        wire = Wire(
            system="dynamics",
            base=HOST,
            client=open_client(reach, auth=Bearer("first-token", "second-token"), inner=FakeTransport(self.fake)),
            reach=reach,
            manners=dynamics.VENDOR.manners,
            pace=Pace(sleep=no_sleep),
            sleep=no_sleep,
        )
        marks = {f"{table}.{name}" for table in COLUMNS for name in COLUMNS[table] if name.startswith("gangly_")}
        return Link(
            wire=wire,
            scope=scope or EVERYTHING,
            setup=Setup(values=values),
            user_email="robin@seller.com",
            audit_fields=frozenset(marks if audit else ()),
            now=self.now,
        )


def contract_of(folder: Path) -> Any:
    """The description, completed. Skips the test where ../shared is absent."""
    if not SPECS.exists():
        pytest.skip("the agreed descriptions in ../shared are not there")
    document = json.loads((SPECS / "dataverse" / "dataverse.v9.2.derived.openapi.json").read_text())
    path = folder / "dataverse.json"
    path.write_text(json.dumps(_completed(document)))
    return contract_on(path)


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """What the derived description lacks: keys, a status, three lists, phone calls, this company's own columns."""
    schemas, paths = document["components"]["schemas"], document["paths"]
    for name in ("task", "task.write"):  # made from a class whose id is a wrapper: it reads "integer"
        schemas[name]["properties"]["activityid"] = _GUID
    for name in ("", ".write"):  # a phone call is an activity like an appointment, without its calendar
        schemas[f"phonecall{name}"] = json.loads(
            json.dumps(schemas[f"appointment{name}"]).replace("appointment", "phonecall")
        )
    for path in ("appointments", "appointments({id})"):
        paths[ROOT + path.replace("appointment", "phonecall")] = json.loads(
            json.dumps(paths[ROOT + path]).replace("appointment", "phonecall")
        )
    for item in paths.values():  # an upsert that creates, with return=representation
        if "patch" in item:
            item["patch"]["responses"]["201"] = copy.deepcopy(item["patch"]["responses"]["200"])
    for table in COLUMNS:
        schemas[table]["properties"].setdefault(TABLES[table].key, _GUID)
        for name, column in COLUMNS[table].items():
            if column.get("custom"):
                of = {"type": _TYPES.get(column["type"], "string"), "nullable": True}
                for schema in (table, f"{table}.write"):
                    schemas[schema]["properties"][name] = of
    users = {"systemuserid": _GUID, "internalemailaddress": {}, "fullname": {}, "isdisabled": {"type": "boolean"}}
    schemas["systemuser"] = {"type": "object", "properties": users}
    schemas["transactioncurrency"] = {
        "type": "object",
        "properties": {"transactioncurrencyid": _GUID, "isocurrencycode": {"type": "string", "maxLength": 5}},
    }
    for name, of in (("systemusers", "systemuser"), ("transactioncurrencies", "transactioncurrency")):
        for ending in ("", "({id})"):
            item = {"get": copy.deepcopy(paths[f"{ROOT}contacts{ending}"]["get"])}
            if ending:
                item["parameters"] = paths[f"{ROOT}contacts({{id}})"]["parameters"]
            paths[f"{ROOT}{name}{ending}"] = json.loads(json.dumps(item).replace("schemas/contact", f"schemas/{of}"))
    count = copy.deepcopy(paths[f"{ROOT}WhoAmI"])
    count["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "type": "object",
        "required": ["EntityRecordCountCollection"],
    }
    paths[f"{ROOT}RetrieveTotalRecordCount(EntityNames={{names}})"] = count
    return document


class Watch(rigs.Watch):
    """A row of Dynamics may show no column that the table does not have."""

    def body(self, responses: Any, status: int, told: Any) -> list[str]:
        response = responses.get(str(status))
        if response is None:
            return [f"the description knows no answer {status}"]
        if told is None:
            return []
        schema = self.schema(response)
        wrong = list(self.contract._errors(schema, told, "answer"))
        listed = self.contract._deref(schema).get("properties", {}).get("value", {}).get("items")
        known = self.contract._deref(listed or schema).get("properties", {})
        rows = [] if wrong or not known else told["value"] if listed else [told]
        for row in rows:
            strange = {each for each in row if "@" not in each and each not in known}
            wrong += [f"no column {each}" for each in strange - {"id", "reason"} if not each.endswith("_parties")]
        return wrong


def watched(folder: Path, *, page: int = 3) -> Site:
    """A fake whose every exchange is held against the description, where that is at hand."""
    fake = FakeDynamics()
    fake.page = page
    if SPECS.exists():
        fake.watch = Watch(contract_of(folder))
    return Site(fake)


def unguarded(fake: FakeDynamics) -> list[Asked]:
    """The writes that say neither which version they change nor that they only create, or that skip duplicate rules."""
    found = []
    for asked in fake.asked:
        guard = asked.headers.get("if-match", "")
        create = asked.headers.get("if-none-match") == "*"
        rules = asked.headers.get("mscrm.suppressduplicatedetection") == "false" or asked.method == "DELETE"
        rules = rules or (create and asked.headers.get("mscrm.suppressduplicatedetection") == "true")
        if asked.method not in ("GET",) and not (rules and (create or guard.startswith('W/"'))):
            found.append(asked)
    return found
