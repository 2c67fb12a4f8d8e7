"""HubSpot over the wire: what is sent and how often, answers that go wrong, limits, duplicates."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gangly_tui.connectors.oauth import SignedIn, Tokens, kept_as
from gangly_tui.connectors.record import hubspot
from gangly_tui.connectors.record.hubspot_errors import explain, quota
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import (
    ConnectorError,
    DuplicateFound,
    OutcomeUnknown,
    RateLimited,
    RecordMoved,
    Refused,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.identity import person_key
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.domain.secret import Secret
from tests.connectors.contract import Rig
from tests.connectors.hubspot_rig import EVERYTHING, Site, quick, site_of  # noqa: F401 - the fixture
from tests.connectors.rigs import Kept, alone
from tests.fakes.salesforce import Asked, Trouble


@pytest.fixture
def site() -> Site:
    return site_of()


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


async def test_each_write_comes_right_after_a_look_and_sends_what_changed_alone(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.asked.clear()
    await rig.writer.update(
        deal.ref,
        {"amount": Decimal("41000.50"), "close_date": date(2026, 11, 15), "stage": "Proposal", "next_step": None},
        expect=deal.version,
        meta=rig.meta("op-u"),
    )
    assert [each.method for each in site.fake.asked] == ["GET", "PATCH", "GET"]
    sent = site.fake.asked[1].body["properties"]
    assert {name: value for name, value in sent.items() if not name.startswith("gangly_")} == {
        "amount": "41000.50",
        "closedate": "2026-11-15T12:00:00.000Z",
        "dealstage": "102",
        "hs_next_step": "",
    }
    assert (sent["gangly_op_id"], sent["gangly_approved_by"]) == ("op-u", "robin@seller.com")
    assert "gangly_created_op" not in sent, "the marker of the create stays"


async def test_nothing_is_asked_between_the_look_and_the_write(rig: Rig, site: Site) -> None:
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    fields = {"email": "ada.lind@acme.de", "owner": "robin@seller.com"}
    await rig.writer.update(ada.ref, fields, expect=ada.version, meta=rig.meta())
    paths = [(each.method, each.path) for each in site.fake.asked]
    at = f"/crm/objects/2026-09/contacts/{ada.ref.id}"
    assert paths[paths.index(("PATCH", at)) - 1] == ("GET", at)
    assert site.fake.things["contacts"][ada.ref.id].properties["hubspot_owner_id"] == "51"


async def test_the_window_is_small_and_said(rig: Rig, site: Site) -> None:
    """HubSpot has no conditional write: an edit between the look and the write is gone over, and its history tells."""
    deal = await rig.deal()
    site.fake.before_write = lambda: site.fake.change("deals", deal.ref.id, {"amount": "7"})
    await rig.writer.update(deal.ref, {"amount": Decimal(9)}, expect=deal.version, meta=rig.meta())
    edits = await rig.reader.history(deal.ref, "amount")
    assert edits and [(each.before, each.after, each.by) for each in edits] == [
        (Decimal(7), Decimal(9), "robin@seller.com"),
        (Decimal(30000), Decimal(7), "priya@seller.com"),
    ]
    assert "window" in hubspot.VENDOR.guards and hubspot.HubspotReader.window == hubspot.VENDOR.guards


async def test_a_401_in_mid_flight_renews_the_token_and_sends_the_same_write(site: Site) -> None:
    way = hubspot.VENDOR.way("oauth")
    assert way.provider is not None
    secrets = {"client_secret": Secret("s3cret")}
    provider = way.provider(Setup(values={"client_id": "app"}, secret=secrets.get))
    assert provider.token_url == "https://api.hubapi.com/oauth/2026-09/token"
    kept = Kept()
    tokens = Tokens(
        access=Secret("token-1"), refresh=Secret("refresh-1"), expires_at=None, scope="", more={},
        since=datetime.now(UTC),
    )  # fmt: skip
    kept.put(kept_as("hubspot"), tokens.dump())
    site.auth = SignedIn(provider, kept, lock=alone)
    rig = site.rig()
    deal = await rig.deal()
    original, expired = site.fake._answer, []

    def expire_once(asked: Asked, path: str) -> Any:
        if asked.method == "PATCH" and not expired:
            expired.append(asked)
            site.fake.token = "token-7"
        return original(asked, path)

    site.fake._answer = expire_once  # type: ignore[method-assign]
    after = await rig.writer.update(deal.ref, {"amount": Decimal(5)}, expect=deal.version, meta=rig.meta("op-401"))
    assert after.fields["amount"] == Decimal(5)
    patches = [each for each in site.fake.asked if each.method == "PATCH"]
    assert [each.headers["authorization"] for each in patches] == ["Bearer token-1", "Bearer token-8"]
    assert patches[0].body == patches[1].body and len(site.fake.things["deals"][deal.ref.id].history["amount"]) == 2
    held = kept.get(kept_as("hubspot"))
    assert held and Tokens.load(held).more == {"hub_id": "12345678", "user_id": "501"}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble("PATCH", 429, {"retry-after": "17"}), RateLimited),
        (Trouble("PATCH", 423), RateLimited),
        (Trouble("PATCH", 500, {}, b"{}"), OutcomeUnknown),
        (Trouble("PATCH", 503, {}, b"<html>maintenance</html>"), OutcomeUnknown),
        (Trouble("PATCH", 200, {}, b'{"id": "40'), OutcomeUnknown),
        (Trouble("PATCH", 200, {}, b"<html>log in</html>"), OutcomeUnknown),
        (Trouble("PATCH", 200, {}, b"[1, 2]"), OutcomeUnknown),
        (Trouble("PATCH", dropped=True), OutcomeUnknown),
        (Trouble("PATCH", 401), SignInNeeded),
        (Trouble("PATCH", 301, {"location": "https://elsewhere.com"}), ConnectorError),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_write_is_sent_once_whatever_comes_back(
    rig: Rig, site: Site, trouble: Trouble, error: type[ConnectorError]
) -> None:
    deal = await rig.deal()
    site.fake.troubles.append(trouble)
    with pytest.raises(error) as failed:
        await rig.writer.update(deal.ref, {"amount": Decimal(9)}, expect=deal.version, meta=rig.meta())
    assert [each.method for each in site.writes()] == ["POST", "POST", "PATCH"]
    assert (site.fake.things["deals"][deal.ref.id].properties["amount"] == "9") is trouble.dropped
    if trouble.headers.get("retry-after"):
        assert isinstance(failed.value, RateLimited) and failed.value.retry_after == 17


async def test_a_write_that_cannot_be_read_back_is_in_doubt_not_undone(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    original = site.fake.before_write
    site.fake.before_write = lambda: site.fake.troubles.extend([Trouble("GET /crm/objects", 503)] * 4) or original()
    with pytest.raises(OutcomeUnknown):
        await rig.writer.update(deal.ref, {"amount": Decimal(9)}, expect=deal.version, meta=rig.meta())
    assert site.fake.things["deals"][deal.ref.id].properties["amount"] == "9"


@pytest.mark.parametrize("audit", [True, False], ids=["marker property", "journal"])
async def test_a_create_whose_answer_was_lost_is_found_and_not_made_twice(audit: bool) -> None:
    site = site_of(audit=audit)
    rig = site.rig()
    for kind, fields in (
        (Kind.CONTACT, {"last_name": "Lind", "email": "ada@acme.de"}),
        (Kind.CONTACT, {"last_name": "Lund"}),
        (Kind.ACTIVITY, {"type": "task", "subject": "Send the DPA"}),
        (Kind.ACTIVITY, {"type": "note", "subject": "Call", "body": "x"}),
    ):
        op = f"op-{len(site.fake.asked)}"
        site.fake.troubles.append(
            Trouble("POST /crm/objects/2026-09/" + hubspot_name(fields, kind) + " ", dropped=True)
        )
        with pytest.raises(OutcomeUnknown):
            await rig.writer.create(kind, fields, meta=rig.meta(op))
        found = await rig.writer.find_op(kind, op)
        again = await rig.writer.create(kind, fields, meta=rig.meta(op))
        assert found is not None and again.ref == found.ref
    assert [len(site.fake.things[name]) for name in ("contacts", "tasks", "notes")] == [2, 1, 1]
    if audit:
        elsewhere = await site.rig().writer.find_op(Kind.CONTACT, op)
        assert elsewhere is None


def hubspot_name(fields: dict[str, Any], kind: Kind) -> str:
    return "contacts" if kind is Kind.CONTACT else f"{fields['type']}s"


async def test_without_the_marker_an_older_record_of_the_same_name_is_not_taken_for_ours() -> None:
    site = site_of(audit=False)
    rig = site.rig()
    old = site.fake.put("contacts", {"lastname": "Lund"}, at=datetime.now(UTC) - timedelta(days=3))
    site.fake.troubles.append(Trouble("POST /crm/objects/2026-09/contacts ", 500))
    with pytest.raises(OutcomeUnknown):
        await rig.make(Kind.CONTACT, "op-l", last_name="Lund")
    assert await rig.writer.find_op(Kind.CONTACT, "op-l") is None
    made = await rig.make(Kind.CONTACT, "op-l", last_name="Lund")
    assert made.ref.id != old.id
    await rig.writer.remove(made.ref, expect=made.version, meta=rig.meta())
    with pytest.raises(Refused, match="removed again"):
        await rig.make(Kind.CONTACT, "op-l", last_name="Lund")


async def test_a_contact_made_in_the_same_moment_is_named_by_hubspot(rig: Rig, site: Site) -> None:
    theirs: list[str] = []
    site.fake.before_write = lambda: theirs.append(
        site.fake.put("contacts", {"lastname": "Lind", "email": "ADA@acme.de"}).id
    )
    with pytest.raises(DuplicateFound) as twice:
        await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    assert twice.value.existing == RecordRef(system="hubspot", kind=Kind.CONTACT, id=theirs[0])


async def test_two_windows_that_send_one_operation_make_one_record(rig: Rig, site: Site) -> None:
    other = site.rig()
    first: list[Any] = []

    def meanwhile() -> None:
        properties = {"lastname": "Lind", "gangly_created_op": "op-2w"}
        first.append(site.fake.put("contacts", properties))

    site.fake.before_write = meanwhile
    made = await rig.make(Kind.CONTACT, "op-2w", last_name="Lind")
    assert made.ref.id == first[0].id and len(site.fake.things["contacts"]) == 1
    found = await other.writer.find_op(Kind.CONTACT, "op-2w")
    assert found and found.ref == made.ref


async def test_a_search_that_lags_does_not_hide_a_person_whose_address_is_known(rig: Rig, site: Site) -> None:
    site.fake.lag = timedelta(seconds=60)
    ada = await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    assert [each.ref for each in await rig.reader.find(Kind.CONTACT, person_key("Ada@acme.de"))] == [ada.ref]
    site.fake.change("contacts", ada.ref.id, {"email": "lind@acme.de", "hs_additional_emails": "ada@acme.de"})
    assert [each.ref for each in await rig.reader.find(Kind.CONTACT, person_key("ada@acme.de"))] == [ada.ref]


async def test_an_admins_rule_and_a_missing_right_speak_the_reps_language(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.rules.append(
        lambda _, whole: ("amount", "Discounts over 20% need Kim.") if whole.get("amount") == "13" else None
    )
    with pytest.raises(Refused, match=r"HubSpot: Discounts over 20% need Kim\.") as refused:
        await rig.writer.update(deal.ref, {"amount": Decimal(13)}, expect=deal.version, meta=rig.meta())
    assert refused.value.field == "amount"
    site.fake.scopes_missing = ("crm.objects.deals.write",)
    with pytest.raises(Refused, match=r"crm\.objects\.deals\.write") as refused:
        await rig.reader.read(deal.ref)
    assert "administrator" in refused.value.fix


def told(status: int, body: Any, url: str = "/crm/objects/2026-09/contacts", **headers: str) -> ConnectorError | None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = httpx.Request("POST", f"https://api.hubapi.com{url}")
    return explain(httpx.Response(status, content=content, request=request, headers=headers), True)


def test_what_refusals_mean() -> None:
    day = told(429, {"policyName": "DAILY", "message": "x"})
    assert isinstance(day, RateLimited) and "day" in str(day) and day.retry_after == 3600 and "midnight" in day.fix
    second = told(429, {"policyName": "SECONDLY"})
    assert isinstance(second, RateLimited) and second.retry_after == 1
    assert isinstance(told(477, b"", **{"retry-after": "90"}), RateLimited)
    known = told(409, {"message": "Contact already exists. Existing ID: 37765128953", "category": "CONFLICT"})
    assert isinstance(known, DuplicateFound) and known.existing.id == "37765128953"
    assert told(409, {"message": "something else"}) is None, "left to the common rule: the outcome is not known"
    for body in (b"", b"null", b"3", b"[]", b"<html>", b"\xff", b'{"errors": 3}', b'{"errors": [{"context": 3}]}'):
        refused = told(400, body)
        assert isinstance(refused, Refused) and str(refused)
        assert isinstance(told(403, body), Refused) and isinstance(told(429, body), RateLimited)
    inside = (
        'Property values were not valid: [{"isValid":false,"message":"no","error":"INVALID_OPTION","name":"dealstage"}]'
    )
    refused = told(400, {"message": inside})
    assert isinstance(refused, Refused) and refused.field == "dealstage" and refused.fix


async def test_reads_are_repeated_and_then_give_up(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    at = "GET /crm/objects"
    site.fake.troubles += [Trouble(at, 503), Trouble(at, 429, {"retry-after": "2"}), Trouble(at, 500)]
    assert (await rig.reader.read(deal.ref)).ref == deal.ref
    site.fake.troubles += [Trouble(at, 200, {}, b"<html>")] * 4
    with pytest.raises(Unreachable):
        await rig.reader.read(deal.ref)
    for body in (b"[]", b'{"id": 1}', b'{"id": "4007", "properties": 3}', b"3"):
        site.fake.troubles.append(Trouble(at, 200, {}, body))
        with pytest.raises((Unreachable, ConnectorError)):
            await rig.reader.read(deal.ref)
    for body in (b"[]", b'{"results": 3}', b'{"results": [3]}'):
        for path in ("/crm/properties", "/crm/owners", "/crm/pipelines"):
            site.fake.troubles = [Trouble(path, 200, {}, body)]
            with pytest.raises(Unreachable):
                await site.rig().reader.read(deal.ref)
        for path in ("/search", "GET /crm/objects/2026-09/deals"):
            site.fake.troubles = [Trouble(path, 200, {}, body)]
            with pytest.raises(Unreachable):
                await site.rig().feed()
    assert site.fake.troubles == []


async def test_the_limit_is_read_from_each_answer(site: Site) -> None:
    link = site.link()
    site.fake.left, site.fake.limit = 20, 100
    await hubspot.open_reader(link).describe(Kind.CONTACT)
    assert link.wire.pace.quota == quota(site.fake._headers("/x"))
    assert link.wire.pace.quota and (link.wire.pace.quota.left, link.wire.pace.quota.resets_in) == (19, 10.0)
    day = {"x-hubspot-ratelimit-daily": "1000", "x-hubspot-ratelimit-daily-remaining": "400"}
    near = {"x-hubspot-ratelimit-max": "100", "x-hubspot-ratelimit-remaining": "5"}
    far = near | {"x-hubspot-ratelimit-remaining": "90"}
    told_of = [quota(each) for each in (day, day | far, day | near)]
    assert [each and each.name for each in told_of] == ["requests today", "requests today", "requests in 10 s"]
    assert quota({}) is None and quota({"x-hubspot-ratelimit-max": "many"}) is None
    site.fake.left = 0
    with pytest.raises(RateLimited):
        await hubspot.open_reader(link).describe(Kind.ACCOUNT)


async def test_a_moved_record_is_not_written(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    await rig.colleague(deal.ref, "next_step", "theirs")
    before = len(site.writes())
    with pytest.raises(RecordMoved):
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert len(site.writes()) == before
    assert EVERYTHING.may_write(Kind.OPPORTUNITY, "amount")
