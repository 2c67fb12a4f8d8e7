"""HubSpot's own client reads back what gangly wrote, through the same fake."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gangly_tui.connectors.record import hubspot_org
from gangly_tui.connectors.record.hubspot_map import VERSION
from gangly_tui.domain.records import Kind
from tests.connectors.hubspot_rig import DESCRIBED, Site
from tests.fakes.hubspot import FakeHubSpot


def their_client(fake: FakeHubSpot) -> Any:
    """HubSpot's client on the fake; the version it speaks differs from ours in the date alone."""
    hubspot_sdk = pytest.importorskip("hubspot_sdk")

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path.replace(f"/{DESCRIBED}", f"/{VERSION}", 1).replace("/0-3", "/deals")
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, given, body = fake.handle(request.method, path, request.url.query.decode(), headers, request.read())
        return httpx.Response(status, headers=dict(given), content=body)

    client = httpx.Client(transport=httpx.MockTransport(handle))
    return hubspot_sdk.HubSpot(access_token="token-1", http_client=client)


def test_what_gangly_wrote_is_what_hubspots_own_client_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubspot_org, "SEARCHES", 0)
    site = Site(FakeHubSpot())
    rig = site.rig()

    async def write() -> tuple[str, str, str]:
        deal = await rig.deal()
        after = await rig.writer.update(
            deal.ref,
            {"amount": Decimal("41000.50"), "close_date": date(2026, 11, 15), "stage": "Proposal"},
            expect=deal.version,
            meta=rig.meta("op-sdk"),
        )
        ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de", account=deal.text("account"))
        whom = {"opportunity": deal.ref.id, "contacts": (ada.ref.id,), "account": deal.text("account")}
        note = await rig.make(Kind.ACTIVITY, type="note", subject="Call", body="A < B", **whom)
        return after.ref.id, ada.ref.id, note.ref.id.removeprefix("notes-")

    deal_id, ada_id, note_id = asyncio.run(write())
    objects = their_client(site.fake).crm.objects
    asked = ["amount", "closedate", "dealstage", "gangly_op_id"]
    deal = objects.deals.get(deal_id, properties=asked, properties_with_history=["amount"], associations=["companies"])
    assert {name: deal.properties[name] for name in asked} == {
        "amount": "41000.50",
        "closedate": "2026-11-15T12:00:00.000Z",
        "dealstage": "102",
        "gangly_op_id": "op-sdk",
    }
    assert [each.value for each in deal.properties_with_history["amount"]] == ["41000.50", "30000"]
    note = objects.notes.get(note_id, properties=["hs_note_body"], associations=["deals", "contacts", "companies"])
    assert note.properties["hs_note_body"].startswith("<strong>Call</strong><br>A &lt; B<br>")
    linked = {name: [each.id for each in found.results] for name, found in note.associations.items()}
    assert linked["deals"] == [deal_id] and linked["contacts"] == [ada_id] and len(linked["companies"]) == 1
    person = objects.contacts.get("ada@acme.de", id_property="email", associations=["companies"])
    assert person.id == ada_id and person.associations["companies"].results[0].id == linked["companies"][0]
