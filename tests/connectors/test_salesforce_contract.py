"""The vendor's own description bites, on requests and on answers; and an independent client reads what was written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from gangly_tui.connectors.record.salesforce_org import VERSION
from gangly_tui.connectors.record.salesforce_write import DUPLICATES
from gangly_tui.domain.records import Kind
from tests.connectors.salesforce_rig import SPECS, Site, Watch, contract_of
from tests.connectors.test_salesforce_wire import rig_of
from tests.fakes.salesforce import Asked, FakeSalesforce

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SPECS.exists(), reason="the agreed descriptions in ../shared are not there"),
]
ROOT = f"/services/data/{VERSION}"
SIGNED = {"authorization": "Bearer token-1", "content-type": "application/json"}
SINCE = {"if-unmodified-since": "Wed, 23 Sep 2026 14:00:00 GMT"}
PART = {"method": "PATCH", "url": f"{ROOT}/sobjects/Contact/003", "referenceId": "made", "body": {}}


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(contract_of(FakeSalesforce(), tmp_path))


def ask(method: str, path: str, body: Any = None, query: str = "", **headers: str) -> Asked:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(method, path if path.startswith("/services") else f"{ROOT}/{path}", query, SIGNED | given, body)


RIGHT = [
    ask("GET", "query", query="q=SELECT+Id+FROM+Contact"),
    ask("GET", "queryAll", query="q=SELECT+Id+FROM+Contact"),
    ask("GET", "query/01g000000000001AAA-2000"),
    ask("GET", "sobjects/Opportunity/describe"),
    ask("GET", "/services/oauth2/userinfo"),
    ask("POST", "composite", {"allOrNone": True, "compositeRequest": [PART]}),
    ask("POST", "sobjects/Account", {"Name": "Acme"}, sforce_duplicate_rule_header=DUPLICATES),
    ask("POST", "sobjects/Task", {"Subject": "x", "TaskWhoIds": ["003"], "gangly_Source__c": "notes"}),
    ask("POST", "sobjects/Event", {"Subject": "x", "DurationInMinutes": 0, "StartDateTime": "2026-09-23T14:00:00Z"}),
    ask("PATCH", "sobjects/Contact/gangly_Op_Id__c/op-1", {"LastName": "Lind"}),
    ask("PATCH", "sobjects/Opportunity/006000000000001AAA", {"Amount": 1.5, "NextStep": None}, **SINCE),
    ask("PATCH", "sobjects/Contact/003000000000001AAA", {"Email": None}, **SINCE),
    ask("DELETE", "sobjects/Task/00T000000000001AAA"),
]
WRONG = [
    ask("GET", "query"),
    ask("GET", "query", query="q=SELECT+Id+FROM+Contact&limit=5"),
    ask("GET", "queryAll", query="soql=SELECT"),
    ask("POST", "query/01g000000000001AAA-2000", {}),
    ask("PUT", "sobjects/Opportunity/describe"),
    ask("POST", "/services/oauth2/userinfo"),
    Asked("GET", "/services/data/62/query", "q=x", SIGNED, None),
    Asked("GET", f"{ROOT}/query", "q=x", {}, None),
    ask("POST", "composite", {"compositeRequest": [{**PART, "referenceId": "1 made"}]}),
    ask("POST", "composite", {"compositeRequest": [{**PART, "headers": {}}]}),
    ask("POST", "composite", {"compositeRequest": [PART] * 26}),
    ask("POST", "composite", {"compositeRequest": [{**PART, "url": "https://elsewhere/x"}]}),
    ask("POST", "sobjects/Account", {"Name": 5}),
    ask("POST", "sobjects/Account", {"Colour": "red"}),
    ask("POST", "sobjects/Account", {"Name": "Acme"}, sforce_duplicate_rule_header="allowSave=maybe"),
    ask("POST", "sobjects/Task", {"TaskWhoIds": "003"}),
    ask("POST", "sobjects/Event", {"StartDateTime": "tomorrow"}),
    ask("POST", "sobjects/Event", {"DurationInMinutes": "long"}),
    ask("PATCH", "sobjects/Contact/gangly_Op_Id__c/op-1", [1]),
    ask("PATCH", "sobjects/Opportunity/006000000000001AAA", {"Amount": "12,5"}, **SINCE),
    ask("PATCH", "sobjects/Opportunity/006000000000001AAA", {"CloseDate": "30.9.2026"}, **SINCE),
    ask("PATCH", "sobjects/Contact/003000000000001AAA", {"LastName": None}, **SINCE),
    ask("PATCH", "sobjects/Contact/003000000000001AAA", {}, if_unmodified_since="2026-09-23T14:00:00Z"),
    ask("DELETE", "sobjects/Task/00T000000000001AAA", {"x": 1}),
]


def _name(asked: Any) -> str:
    return f"{asked.method} {asked.path.removeprefix(ROOT)} {asked.query} {json.dumps(asked.body)}"[:70]


@pytest.mark.parametrize("asked", RIGHT, ids=_name)
def test_a_right_request_passes(watch: Watch, asked: Asked) -> None:
    assert watch.request(asked) == []


@pytest.mark.parametrize("asked", WRONG, ids=_name)
def test_a_wrong_request_is_seen(watch: Watch, asked: Asked) -> None:
    assert watch.request(asked) != []


CONTACT = {"attributes": {"type": "Contact", "url": "/x"}, "Id": "003", "LastName": "Lind"}


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        (RIGHT[0], 200, {"totalSize": 1, "records": [CONTACT]}),
        (RIGHT[0], 200, {"totalSize": "1", "done": True, "records": [CONTACT]}),
        (RIGHT[0], 200, {"totalSize": 1, "done": True, "records": [CONTACT | {"LastName": 5}]}),
        (RIGHT[0], 200, {"totalSize": 1, "done": True, "records": [CONTACT | {"Shoe__c": "42"}]}),
        (RIGHT[2], 200, {"done": True, "records": []}),
        (RIGHT[0], 400, [{"message": "no code"}]),
        (RIGHT[6], 201, {"id": 5, "success": True}),
        (RIGHT[6], 202, {"id": "001", "success": True}),
        (RIGHT[10], 412, {"errorCode": "x"}),
        (RIGHT[10], 400, [{"errorCode": 5}]),
    ],
)
def test_a_wrong_answer_is_seen(watch: Watch, asked: Asked, status: int, told: Any) -> None:
    assert watch.answer(asked, status, told) != []


async def test_each_request_and_each_answer_is_looked_at(watch: Watch) -> None:
    fake = FakeSalesforce()
    fake.watch = watch
    rig = rig_of(Site(fake))
    await rig.deal()
    assert watch.checked == 2 * len(fake.asked) >= 20
    fake.tables["Contact"].append(("Shoe__c", "string", 5, ""))  # the description does not have it
    fake.put("Contact", {"LastName": "Lind", "Shoe__c": "42"})
    with pytest.raises(AssertionError, match="Shoe__c"):
        fake.handle("GET", f"{ROOT}/query", "q=SELECT+Id,Shoe__c+FROM+Contact", SIGNED, b"")


class Straight(BaseAdapter):
    """Hands the requests of a `requests` session to the fake."""

    def __init__(self, fake: FakeSalesforce) -> None:
        super().__init__()
        self._fake = fake

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else body
        status, given, content = self._fake.handle(str(request.method), url.path, url.query, headers, sent)
        answer = requests.Response()
        answer.status_code, answer._content, answer.url = status, content, str(request.url)
        answer.headers.update(given)
        return answer

    def close(self) -> None:
        """Nothing is open."""


async def test_an_independent_client_reads_back_what_was_written(tmp_path: Path) -> None:
    from simple_salesforce import Salesforce

    fake = FakeSalesforce(page=2)
    fake.watch = Watch(contract_of(fake, tmp_path))
    rig = rig_of(Site(fake))
    deal = await rig.deal(next_step="Call ‘Ada’ \\ 'x'")
    await rig.writer.update(deal.ref, {"amount": Decimal("41000.50")}, expect=deal.version, meta=rig.meta("op-9"))
    people = [await rig.make(Kind.CONTACT, last_name=f"N{n}", email=f"n{n}@acme.de") for n in range(5)]
    note = await rig.make(
        Kind.ACTIVITY, type="note", subject="Call", body="They will sign.", opportunity=deal.ref.id,
        contacts=(people[0].ref.id, people[1].ref.id),
    )  # fmt: skip

    session = requests.Session()
    session.mount("https://", Straight(fake))
    client = Salesforce(
        instance="acme.my.salesforce.com", session_id="token-1", session=session, version=VERSION.removeprefix("v")
    )
    read = client.Opportunity.get(deal.ref.id)
    assert (read["Amount"], read["NextStep"], read["gangly_Op_Id__c"]) == (41000.5, "Call ‘Ada’ \\ 'x'", "op-9")
    found = client.query_all("SELECT Id, LastName FROM Contact ORDER BY LastName")
    assert [each["LastName"] for each in found["records"]] == [f"N{n}" for n in range(5)]
    task = client.Task.get(note.ref.id)
    assert (task["WhatId"], task["WhoId"], task["Status"]) == (deal.ref.id, people[0].ref.id, "Completed")
    assert "approved by robin@seller.com" in task["Description"]
    assert {each["name"] for each in client.Contact.describe()["fields"]} >= {"LastName", "gangly_Op_Id__c"}
    client.Contact.update(people[0].ref.id, {"Title": "CFO"})
    assert (await rig.reader.read(people[0].ref)).fields["title"] == "CFO", "and gangly reads what it writes"
