"""A vendor with years of records in it, far away: a fake whose pages were rendered before, 50 ms from whoever asks.

`python -m tests.benchmarks.crowded hubspot RECORDS LATENCY` prints its address and serves until it is ended. It is a
process of its own, so that it takes none of the client's time, and a page costs it next to nothing: its rows were made
by the fake itself (`tests/fakes`), once, before it said its address.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qs

from gangly_tui.domain.records import Kind, Record
from tests.benchmarks.big_store import records
from tests.fakes.hubspot import VERSION, FakeHubSpot
from tests.fakes.hubspot_schema import PROPERTIES
from tests.fakes.hubspot_things import Thing
from tests.fakes.salesforce import FakeSalesforce
from tests.fakes.salesforce_schema import PREFIX
from tests.fakes.serve import Reply, serving

PAGES = {"hubspot": 100, "salesforce": 200}
"""Rows of a page: HubSpot gives no more; of Salesforce, whose pages shrink with the width of the rows, a usual size."""
_HUBSPOT = {Kind.ACCOUNT: "companies", Kind.CONTACT: "contacts", Kind.OPPORTUNITY: "deals"}
_TITLES = {"calls": "hs_call_title", "meetings": "hs_meeting_title", "tasks": "hs_task_subject",
           "emails": "hs_email_subject"}  # fmt: skip
_BODIES = {"calls": "hs_call_body", "meetings": "hs_meeting_body", "tasks": "hs_task_body",
           "emails": "hs_email_html", "notes": "hs_note_body"}  # fmt: skip
_PLAIN = 0
"""An association that is nothing besides: only people and deals have a primary company."""
_LINKS = {"account": "companies", "opportunity": "deals", "contacts": "contacts"}


def company(number: int) -> Iterator[Record]:
    """The first so many records of the company that the store is measured with."""
    return islice(records(number // 100 + 1), number)


class CrowdedHubSpot(FakeHubSpot):
    """HubSpot with that company in it. Every row has the properties and associations that gangly may ask for."""

    def __init__(self, number: int) -> None:
        super().__init__(audit=False)
        ids = {each.ref: str(4_000 + 7 * place) for place, each in enumerate(company(number))}
        known = {(ref.kind, ref.id): told for ref, told in ids.items()}
        rows: dict[str, list[tuple[int, bytes]]] = {name: [] for name in PROPERTIES}
        for each in company(number):
            thing = _thing(each, known)
            everything = ",".join(one[0] for one in self.properties[thing.name])
            told = self._told(thing, {"properties": everything, "associations": "companies,deals,contacts"})
            rows[thing.name].append((int(thing.id), json.dumps(told).encode()))
        self._ids = {name: [each[0] for each in told] for name, told in rows.items()}
        self._rows = {name: [each[1] for each in told] for name, told in rows.items()}

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """A page of a list or a search; anything else the fake's own way."""
        name, _, more = path.removeprefix(f"/crm/objects/{VERSION}/").partition("/")
        if name not in self._rows or (more and more != "search"):
            return super().handle(method, path, query, headers, body)
        if more:
            return 200, self._headers(path), self._found(name, json.loads(body))
        params = {key: values[-1] for key, values in parse_qs(query).items()}
        page = b'{"results":[]}' if params.get("archived") == "true" else self._page(name, int(params.get("after", 0)))
        return 200, self._headers(path), page

    def _page(self, name: str, after: int) -> bytes:
        from bisect import bisect_right

        start = bisect_right(self._ids[name], after)
        end = start + PAGES["hubspot"]
        page = b'{"results":[' + b",".join(self._rows[name][start:end]) + b"]"
        if end < len(self._ids[name]):
            page += b',"paging":{"next":{"after":"%d"}}' % self._ids[name][end - 1]
        return page + b"}"

    def _found(self, name: str, body: Mapping[str, Any]) -> bytes:
        """How many there are and the newest, or what was changed lately: nothing, all this is old."""
        census = body.get("sorts") == ["-hs_object_id"]
        newest = self._rows[name][-1:] if census else []
        return b'{"total":%d,"results":[%s]}' % (len(self._rows[name]) if census else 0, b",".join(newest))


def _thing(record: Record, known: Mapping[tuple[Kind, str], str]) -> Thing:
    """A record as HubSpot would hold it."""
    fields, kind = record.fields, record.ref.kind
    of = {"companies": Kind.ACCOUNT, "deals": Kind.OPPORTUNITY, "contacts": Kind.CONTACT}
    links = {to: {known[of[to], one]: _PLAIN for one in record.ids(ours)} for ours, to in _LINKS.items()}
    properties = {"hubspot_owner_id": "51", "hs_updated_by_user_id": "501"}
    at = fields.get("at")
    match kind:
        case Kind.ACCOUNT:
            properties |= {"name": record.text("name"), "domain": record.text("domain"), "city": record.text("city")}
        case Kind.CONTACT:
            names = {"firstname": "first_name", "lastname": "last_name", "jobtitle": "title", "email": "email"}
            properties |= {theirs: record.text(ours) for theirs, ours in names.items()}
        case Kind.OPPORTUNITY:
            stage = "102" if record.text("stage") == "Proposal" else "109"
            properties |= {"dealname": record.text("name"), "dealstage": stage, "pipeline": "default"}
            properties |= {"amount": str(fields["amount"]), "deal_currency_code": "EUR"}
            properties |= {"closedate": "2026-12-31T11:00:00Z", "hs_next_step": record.text("next_step")}
        case Kind.ACTIVITY:
            assert isinstance(at, datetime)
            name = f"{record.text('type')}s"
            properties |= {_BODIES[name]: record.text("body"), "hs_timestamp": at.isoformat()}
            properties |= {_TITLES[name]: record.text("subject")} if name in _TITLES else {}
            properties |= {"hs_task_status": "NOT_STARTED"} if name == "tasks" else {}
    name = _HUBSPOT.get(kind) or f"{record.text('type')}s"
    thing = Thing(name, known[kind, record.ref.id], record.updated_at, record.updated_at, properties)
    primary = {"contacts": 1, "deals": 5}.get(name, _PLAIN)
    thing.links = links | {"companies": dict.fromkeys(links["companies"], primary)}
    return thing


class CrowdedSalesforce(FakeSalesforce):
    """Salesforce with that company in it. The first time a query is asked all its pages are rendered and kept."""

    def __init__(self, number: int) -> None:
        super().__init__(now=datetime(2024, 1, 1, tzinfo=UTC), page=PAGES["salesforce"])
        known: dict[tuple[Kind, str], str] = {}
        for place, each in enumerate(company(number)):
            table, row = _row(each, known)
            known[each.ref.kind, each.ref.id] = row["Id"] = f"{PREFIX[table]}{place:012d}AAA"
            self._put(table, row, row.pop("by"))
        self._kept: dict[str, Reply] = {}

    def handle(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request; what was asked before is answered as it was."""
        key = f"{method} {path.rstrip('/')} {parse_qs(query)}"
        if key not in self._kept:
            reply = super().handle(method, path, query, headers, body)
            if reply[0] != 200 or method != "GET":
                return reply
            self._kept[key] = reply
        return self._kept[key]


def _row(record: Record, known: Mapping[tuple[Kind, str], str]) -> tuple[str, dict[str, Any]]:
    """A record as Salesforce would hold it: its table and its columns."""
    fields = record.fields
    account = known.get((Kind.ACCOUNT, record.text("account")))
    row: dict[str, Any] = {"by": "005000000000001AAA"}
    match record.ref.kind:
        case Kind.ACCOUNT:
            return "Account", row | {"Name": fields["name"], "Website": fields["domain"], "BillingCity": "Hamburg"}
        case Kind.CONTACT:
            names = {"FirstName": "first_name", "LastName": "last_name", "Title": "title", "Email": "email"}
            return "Contact", row | {theirs: fields[ours] for theirs, ours in names.items()} | {"AccountId": account}
        case Kind.OPPORTUNITY:
            terms = {"StageName": "Proposal" if fields["stage"] == "Proposal" else "Closed Won", "NextStep": "Call"}
            terms |= {"Amount": int(str(fields["amount"])), "CloseDate": "2026-12-31"}
            return "Opportunity", row | {"Name": fields["name"], "AccountId": account, **terms}
    at = fields["at"]
    assert isinstance(at, datetime)
    deal = known[Kind.OPPORTUNITY, record.text("opportunity")]
    who = known[Kind.CONTACT, record.ids("contacts")[0]]
    row |= {"Subject": fields["subject"], "Description": fields["body"], "WhatId": deal, "WhoId": who}
    if fields["type"] == "meeting":
        return "Event", row | {"StartDateTime": at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")}
    done = "Not Started" if fields["type"] == "task" else "Completed"
    subtype = {"call": "Call", "email": "Email"}.get(str(fields["type"]), "Task")
    return "Task", row | {"ActivityDate": at.date().isoformat(), "Status": done, "TaskSubtype": subtype}


class Far:
    """Another server, and how long the way to it is, there and back."""

    def __init__(self, fake: Any, latency: float) -> None:
        self._fake = fake
        self._latency = latency

    async def handle(self, *asked: Any) -> Reply:
        """One request, after its time."""
        await asyncio.sleep(self._latency)
        reply: Reply = self._fake.handle(*asked)
        return reply


async def _rehearse(fake: Any) -> None:
    """Let gangly's own reader read everything once, so that every page is rendered."""
    from tests.benchmarks.first_pull import reader_of
    from tests.fakes.serve import FakeTransport

    async for _ in reader_of("salesforce", "http://127.0.0.1", FakeTransport(fake)).changes(""):
        pass


async def _serve(system: str, number: int, latency: float) -> None:
    fake: Any = CrowdedHubSpot(number) if system == "hubspot" else CrowdedSalesforce(number)
    if system == "salesforce":
        await _rehearse(fake)
    async with serving(Far(fake, latency)) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
