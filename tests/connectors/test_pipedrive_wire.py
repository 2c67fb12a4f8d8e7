"""Pipedrive over the wire: answers that go wrong, limits, duplicates, lost creates; what is sent, and how often."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from gangly_tui.connectors.oauth import SignedIn, Tokens, kept_as
from gangly_tui.connectors.record import pipedrive
from gangly_tui.connectors.record.pipedrive_errors import explain, quota
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import (
    ConnectorError,
    DuplicateFound,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RecordMoved,
    Refused,
    SignInNeeded,
    Unreachable,
)
from gangly_tui.domain.identity import IdentityKey, person_key
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.domain.secret import Secret
from tests.connectors.contract import Rig
from tests.connectors.pipedrive_rig import Site, Watch, watched
from tests.connectors.rigs import Kept, alone
from tests.fakes.pipedrive import PipedriveFake, Weather
from tests.fakes.serve import Reply

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html"}


def told(status: int, **data: Any) -> Reply:
    """A refusal as Pipedrive words it."""
    return status, JSON, json.dumps({"success": False, "error": "no", **data}).encode()


@pytest.fixture
def site() -> Site:
    return Site(watched(PipedriveFake()))


@pytest.fixture
def rig(site: Site) -> Rig:
    return site.rig()


def writes(site: Site) -> list[Any]:
    return [each for each in site.fake.asked if each.method != "GET"]


async def test_a_401_in_mid_flight_renews_the_token_and_sends_the_same_write_once(site: Site) -> None:
    provider = pipedrive.VENDOR.way("oauth").provider
    assert provider is not None
    values = {"host": "acme.pipedrive.com", "client_id": "id"}
    made = provider(Setup(values=values, secret=lambda _: Secret("shh")))
    assert made.token_url == "https://oauth.pipedrive.com/oauth/token" and made.basic
    assert made.token_request({}).headers["authorization"] == "Basic aWQ6c2ho"
    kept = Kept()
    tokens = Tokens(
        access=Secret("a-0"), refresh=Secret("r-0"), expires_at=None, scope="", more={}, since=datetime.now(UTC)
    )
    kept.put(kept_as("pipedrive"), tokens.dump())
    site.auth = SignedIn(made, kept, lock=alone)
    rig = site.rig()
    deal = await rig.deal()
    watch, done = site.fake.watch, len(writes(site))

    def ended(asked: Any, *rest: Any) -> None:
        watch(asked, *rest)
        if asked.method == "GET" and asked.path.endswith(f"/deals/{deal.ref.id}"):
            site.fake.access = "another"  # between the look and the write

    site.fake.watch = ended
    after = await rig.writer.update(deal.ref, {"amount": Decimal(5)}, expect=deal.version, meta=rig.meta())
    assert after.fields["amount"] == Decimal(5)
    first, renewed, second = writes(site)[done:]
    assert (first.method, renewed.path, second.method) == ("PATCH", "/oauth/token", "PATCH")
    assert first.body == second.body and first.path == second.path
    if isinstance(watch, Watch):
        # the description lists renewing under the same address with a slash behind it
        assert watch.v1.check("POST", f"{renewed.path}/", renewed.headers, urlencode(renewed.body).encode()) == []
    assert Tokens.load(kept.held[kept_as("pipedrive")]).more == {"api_domain": "https://acme.pipedrive.com"}


async def test_a_token_that_ended_says_what_to_do(site: Site) -> None:
    site.fake.token = "another"
    with pytest.raises(SignInNeeded) as ended:
        await site.rig().reader.describe(Kind.CONTACT)
    assert ended.value.fix == "gangly connect pipedrive"


async def test_the_token_travels_in_its_header_and_never_in_an_address(rig: Rig, site: Site) -> None:
    await rig.deal()
    for each in site.fake.asked:
        assert each.headers["x-api-token"] == "t-good" and "authorization" not in each.headers
        assert "t-good" not in each.path and "api_token" not in each.query


async def test_a_read_waits_as_asked_and_comes_again_a_write_does_not(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    slow = (429, {**JSON, "retry-after": "7"}, b'{"success":false,"error":"request over limit","errorCode":429}')
    site.fake.weather.append(Weather("GET", "/api/v2/deals/", reply=slow))
    assert await rig.reader.read(deal.ref) == deal
    assert site.slept == 7
    site.fake.weather.append(Weather("PATCH", "/api/v2/deals/", reply=slow))
    with pytest.raises(RateLimited) as limited:
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert limited.value.retry_after == 7
    assert len([each for each in writes(site) if each.method == "PATCH"]) == 1


async def test_the_days_budget_of_the_company_is_told_with_its_end(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.now = lambda: datetime(2026, 9, 23, 22, 30, tzinfo=UTC)
    site.fake.budget = 3
    with pytest.raises(RateLimited, match="00:00 UTC") as limited:
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert limited.value.retry_after == 5400 and "colleagues" in limited.value.fix


def test_the_limits_are_read_for_health() -> None:
    burst = {"x-ratelimit-limit": "80", "x-ratelimit-remaining": "60", "x-ratelimit-reset": "2"}
    found = quota({**burst, "x-daily-requests-left": "29000"})
    assert found and (found.left, found.limit, found.resets_in, found.name) == (60, 80, 2.0, "tokens, 2 s")
    found = quota({**burst, "x-daily-requests-left": "1200"})
    assert found and (found.left, found.limit, found.resets_in, found.name) == (1200, 30_000, 0.0, "tokens today")
    assert quota({"x-ratelimit-limit": "80"}) is None and quota({"x-ratelimit-limit": "lots"}) is None


@pytest.mark.parametrize(
    ("reply", "read", "write"),
    [
        ((500, JSON, b"{}"), RateLimited, OutcomeUnknown),
        ((503, HTML, b"<html>"), RateLimited, OutcomeUnknown),
        ((200, JSON, b'{"success": tru'), Unreachable, OutcomeUnknown),
        ((200, HTML, b"<html>log in</html>"), Unreachable, OutcomeUnknown),
        ((200, JSON, b"[]"), Unreachable, OutcomeUnknown),
        ((200, JSON, b'{"success": true, "data": {"id": 3}}'), Unreachable, OutcomeUnknown),
        ((403, HTML, b"<html>blocked</html>"), RateLimited, RateLimited),
        ((404, HTML, b"<html>?</html>"), ConnectorError, ConnectorError),
        (None, Unreachable, OutcomeUnknown),
    ],
    ids=str,
)
async def test_answers_that_are_none(
    rig: Rig, site: Site, reply: Reply | None, read: type[Exception], write: type[Exception]
) -> None:
    deal = await rig.deal()
    site.fake.weather += [Weather("GET", "/api/v2/deals/", reply=reply) for _ in range(4)]
    with pytest.raises(read):
        await rig.reader.read(deal.ref)
    site.fake.weather[:] = [Weather("PATCH", "/api/v2/deals/", reply=reply)]
    with pytest.raises(write):
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert len([each for each in writes(site) if each.method == "PATCH"]) == 1, "never sent twice"


@pytest.mark.parametrize(
    ("status", "data", "kind", "words", "field"),
    [
        (400, {"error": "stage_id 99 not found"}, Refused, "refers to is not in Pipedrive", "stage"),
        (400, {"error": "Validation failed: expected_close_date: bad"}, Refused, "does not take", "close_date"),
        (400, {"error": "title is required"}, Refused, "requires name", "name"),
        (422, {"error": "Lost reason is required"}, Refused, "requires more", ""),
        (402, {"error": "Payment required"}, Refused, "plan has ended", ""),
        (403, {"error": "Scope and URL mismatch"}, Refused, "sign-in does not include", ""),
        (403, {"error": "You do not have permissions to edit owner_id"}, Refused, "may not do this", "owner"),
        (404, {"error": "Deal not found"}, NotFound, "no such record", None),
        (410, {"error": "Gone"}, NotFound, "no such record", None),
        (409, {"error": "Conflict"}, OutcomeUnknown, "under way", None),
    ],
)
def test_a_refusal_in_the_reps_words(
    status: int, data: dict[str, str], kind: type[ConnectorError], words: str, field: str | None
) -> None:
    said = explain(httpx.Response(status, json={"success": False, **data}), True)
    assert type(said) is kind and words in str(said)
    if field is not None:
        assert isinstance(said, Refused) and said.field == field and said.fix


async def test_a_deal_that_names_what_is_not_there_is_refused_by_pipedrive_itself(rig: Rig) -> None:
    deal = await rig.deal()
    with pytest.raises(Refused, match="not in Pipedrive") as refused:
        await rig.writer.update(deal.ref, {"account": "4711"}, expect=deal.version, meta=rig.meta())
    assert refused.value.field == "account"


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("lag", [0, 3600])
async def test_a_create_whose_answer_was_lost_is_found_again_and_not_made_twice(marked: bool, lag: int) -> None:
    site = Site(PipedriveFake(marked=marked, lag=lag))
    rig = site.rig()
    made: list[tuple[Kind, str, dict[str, Any]]] = [
        (Kind.CONTACT, "persons", {"last_name": "Lind", "email": "ada@acme.de"}),
        (Kind.ACCOUNT, "organizations", {"name": "Acme", "domain": "acme.de"}),
        (Kind.OPPORTUNITY, "deals", {"name": "Platform", "stage": "Demo"}),
        (Kind.ACTIVITY, "activities", {"type": "call", "subject": "Call"}),
    ]
    for kind, path, fields in made:
        site.fake.weather.append(Weather("POST", f"/api/v2/{path}", apply=True))
        with pytest.raises(OutcomeUnknown):
            await rig.make(kind, f"op-{path}", **fields)
        found = await rig.writer.find_op(kind, f"op-{path}")
        assert found is not None
        assert (await rig.make(kind, f"op-{path}", **fields)).ref == found.ref
        assert len(site.fake.rows[path]) == 1
        assert await rig.writer.find_op(kind, "op-of-somebody-else") is None


async def test_after_a_restart_the_marker_alone_finds_a_create(site: Site) -> None:
    before = site.rig()
    ada = await before.make(Kind.CONTACT, "op-1", last_name="Lind")
    deal = await before.make(Kind.OPPORTUNITY, "op-2", name="Platform", stage="Demo")
    note = await before.make(Kind.ACTIVITY, "op-3", type="note", subject="Call", opportunity=deal.ref.id)
    after = site.rig().writer
    site.fake.now = lambda: datetime(2030, 1, 1, tzinfo=UTC)  # too old for the list of what is young
    assert (found := await after.find_op(Kind.CONTACT, "op-1")) and found.ref == ada.ref
    assert (found := await after.find_op(Kind.OPPORTUNITY, "op-2")) and found.ref == deal.ref
    assert (found := await after.find_op(Kind.ACTIVITY, "op-3")) and found.ref == note.ref
    assert await after.find_op(Kind.CONTACT, "op-2") is None


async def test_somebody_elses_record_of_the_same_name_is_not_taken_for_ours() -> None:
    site = Site(PipedriveFake(marked=False))
    rig = site.rig()
    old = site.fake.make("deals", {"title": "Platform", "stage_id": 2}, by=2)
    old["add_time"] = "2026-01-01T00:00:00Z"
    site.fake.weather.append(Weather("POST", "/api/v2/deals"))
    with pytest.raises(OutcomeUnknown):
        await rig.make(Kind.OPPORTUNITY, "op-1", name="Platform", stage="Demo")
    assert await rig.writer.find_op(Kind.OPPORTUNITY, "op-1") is None


async def test_a_twin_is_found_by_any_of_its_addresses_and_before_the_search_knows_it(site: Site) -> None:
    site.fake.lag = 3600
    rig = site.rig()
    two = [{"value": "ada@home.de", "primary": True}, {"value": "Ada+crm@Acme.de", "primary": False}]
    ada = site.fake.make("persons", {"name": "Ada Lind", "emails": two}, by=2)
    found = await rig.reader.find(Kind.CONTACT, person_key("ada@acme.de"))
    assert [each.ref.id for each in found] == [str(ada["id"])]
    with pytest.raises(DuplicateFound) as twin:
        await rig.make(Kind.CONTACT, last_name="Lind", email="ada@acme.de")
    assert twin.value.existing.id == str(ada["id"]) and len(site.fake.rows["persons"]) == 1


async def test_an_account_is_found_by_name_where_websites_cannot_be_searched(rig: Rig, site: Site) -> None:
    acme = await rig.make(Kind.ACCOUNT, name="Acme GmbH", domain="acme.de")
    site.fake.now = lambda: datetime(2030, 1, 1, tzinfo=UTC)
    refused = told(400, error="field website is not searchable")
    site.fake.weather.append(Weather("GET", "/api/v2/itemSearch/field", reply=refused))
    found = await rig.reader.find(Kind.ACCOUNT, IdentityKey(domain="acme.de"))
    assert [each.ref for each in found] == [acme.ref]


async def test_a_change_between_look_and_write_in_the_same_second_is_seen(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.rows["deals"][int(deal.ref.id)]["value"] = 9  # no stamp moves: it has whole seconds
    with pytest.raises(RecordMoved):
        await rig.writer.update(deal.ref, {"amount": Decimal(1)}, expect=deal.version, meta=rig.meta())
    assert [each for each in writes(site) if each.method == "PATCH"] == []


async def test_a_record_that_moved_says_who_moved_it_and_asks_for_that_only_then(rig: Rig, site: Site) -> None:
    deal = await rig.deal()
    site.fake.now = lambda: datetime(2030, 1, 1, tzinfo=UTC)
    assert (await rig.reader.read(deal.ref)).updated_by == ""
    await rig.reader.read(deal.ref)
    assert site.asked("GET", "/changelog") == []
    await rig.colleague(deal.ref, "amount", Decimal(31000))
    moved = await rig.reader.read(deal.ref)
    assert (moved.updated_by, moved.changed["amount"].by) == ("priya@seller.com", "priya@seller.com")
    assert "stage" not in moved.changed
    site.fake.change("deals", int(deal.ref.id), {"status": "won"}, by=2)
    site.fake.weather += [Weather("GET", "/v1/deals/", reply=told(403)) for _ in range(4)]
    assert (await rig.reader.read(deal.ref)).fields["stage"] == "Closed Won", "who it was is an ornament"


async def test_the_check_names_who_is_signed_in_and_what_an_admin_would_make() -> None:
    bare = await pipedrive.check(Site(PipedriveFake(marked=False)).link())
    assert bare.account == "Robin Vega at Seller Inc" and bare.found == frozenset()
    assert any("gangly op id" in each and "administrator" in each for each in bare.missing)
    full = await pipedrive.check(Site(PipedriveFake()).link())
    assert "deal.gangly op id" in full.found and not any("gangly" in each for each in full.missing)
    assert any("organization has no custom field for description" in each for each in full.missing)
    assert full.warnings == ()
    other = replace(Site(PipedriveFake()).link(), user_email="priya@seller.com")
    assert (await pipedrive.check(other)).warnings == (
        "this sign-in is robin@seller.com's, and your work e-mail is priya@seller.com",
    )


def test_addresses_for_people(site: Site) -> None:
    reader = pipedrive.open_reader(site.link())

    def url(kind: Kind, identifier: str) -> str:
        return reader.url(RecordRef(system="pipedrive", kind=kind, id=identifier))

    assert url(Kind.OPPORTUNITY, "7") == "https://acme.pipedrive.com/deal/7"
    assert url(Kind.CONTACT, "7") == "https://acme.pipedrive.com/person/7"
    assert url(Kind.ACCOUNT, "7") == "https://acme.pipedrive.com/organization/7"
    assert url(Kind.ACTIVITY, "7").endswith("activityId=7")
    assert url(Kind.ACTIVITY, "n7") == url(Kind.CONTACT, "../../login") == ""


def test_the_address_of_the_api_is_the_companys_own() -> None:
    setup = Setup(values={"host": "acme.pipedrive.com"})
    assert pipedrive.VENDOR.base(setup, {}) == "https://acme.pipedrive.com"
    assert pipedrive.VENDOR.base(setup, {"api_domain": "https://other.pipedrive.com"}) == "https://other.pipedrive.com"
    assert pipedrive.VENDOR.base(Setup(loopback="http://127.0.0.1:9"), {"api_domain": "https://x.pipedrive.com"}) == (
        "http://127.0.0.1:9"
    )
