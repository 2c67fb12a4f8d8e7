"""Microsoft's own Dataverse client reads back what gangly wrote, through the same fake.

It brings 215 MB (pandas, azure-identity), so it is no development dependency; where it is installed this runs:
`pip install PowerPlatform-Dataverse-Client`, in an environment beside the usual one.
"""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from gangly_tui.connectors.record import dynamics
from gangly_tui.domain.records import Kind, RecordRef, Value
from tests.connectors.contract import Rig
from tests.connectors.dynamics_rig import Site
from tests.fakes.dynamics import HOST, FakeDynamics


def their_client(fake: FakeDynamics) -> Any:
    """Microsoft's client, on the fake in place of the network."""
    dataverse = pytest.importorskip(
        "PowerPlatform.Dataverse.client",
        reason="Microsoft's Dataverse client is not installed: pip install PowerPlatform-Dataverse-Client (215 MB)",
    )
    from requests import Response
    from requests.adapters import BaseAdapter

    class Fake(BaseAdapter):
        def send(self, request: Any, **_: Any) -> Response:
            where = urlsplit(request.url)
            headers = {name.lower(): value for name, value in request.headers.items()}
            body = (request.body or "").encode() if isinstance(request.body, str) else request.body or b""
            status, given, content = fake.handle(request.method, where.path, where.query, headers, body)
            answer = Response()
            answer.status_code, answer.url, answer.request, answer._content = status, request.url, request, content
            answer.headers.update(given)
            return answer

        def close(self) -> None:
            pass

    token = SimpleNamespace(token="first-token", expires_on=4_102_444_800)
    client = dataverse.DataverseClient(HOST, SimpleNamespace(get_token=lambda *_, **__: token))
    client.__enter__()
    client._session.mount("https://", Fake())
    return client


def test_what_gangly_wrote_is_what_microsofts_own_client_reads() -> None:
    site = Site(FakeDynamics())
    client = their_client(site.fake)
    link = site.link()

    async def nobody(ref: RecordRef, field: str, value: Value) -> None:
        raise AssertionError("nobody else is here")

    rig = Rig(
        reader=dynamics.open_reader(link),
        writer=dynamics.open_writer(link),
        reader_for=lambda scope: dynamics.open_reader(site.link(scope)),
        colleague=nobody,
    )

    async def write() -> tuple[str, str]:
        deal = await rig.deal()
        after = await rig.writer.update(
            deal.ref,
            {"amount": Decimal("41000.50"), "close_date": date(2026, 11, 15)},
            expect=deal.version,
            meta=rig.meta("op-sdk"),
        )
        ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de", account=deal.text("account"))
        return after.ref.id, ada.ref.id

    deal_id, ada_id = asyncio.run(write())
    deal = client.records.retrieve("opportunity", deal_id)
    assert deal["estimatedclosedate"] == "2026-11-15" and Decimal(str(deal["estimatedvalue"])) == Decimal("41000.50")
    assert deal["gangly_opid"] == "op-sdk" and deal["name"] == "Platform 2026"
    people = list(client.records.list("contact", filter="emailaddress1 eq 'ada@acme.de'"))
    assert [each["contactid"] for each in people] == [ada_id]
