"""What Microsoft 365 says of itself: scopes by part, hosts, trials here, the first look, the administrator's page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gangly_tui.connectors import registry
from gangly_tui.connectors.engagement import microsoft
from gangly_tui.connectors.engagement.microsoft_calendar import OutlookCalendar
from gangly_tui.connectors.engagement.microsoft_graph import FeedLost, Stale, explain
from gangly_tui.connectors.microsoft_signin import Entra
from gangly_tui.connectors.transport import Reach, check_reach
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import NotFound, RateLimited, Refused
from gangly_tui.domain.records import Kind
from gangly_tui.linking import signer_of, vendor_of
from gangly_tui.plans import guide_of
from gangly_tui.profiles import hierarchy_page
from tests.connectors.graph_rig import Site, contract_of, watched
from tests.fakes.graph import Weather
from tests.fakes.graph_box import No

READ = {"User.Read", "Calendars.Read", "offline_access"}
WRITE = {"Mail.ReadWrite", "Mail.Send", "Calendars.ReadWrite"}
SETUP = Setup(values={"client_id": "app-1"}, parts=frozenset({"calendar"}))


@pytest.mark.parametrize(
    ("parts", "scopes"),
    [
        ({"calendar"}, READ),
        ({"calendar", "mail"}, READ | {"Mail.Read"}),
        ({"calendar", "drafts"}, READ | WRITE),
        ({"calendar", "mail", "drafts"}, READ | WRITE | {"Mail.Read"}),
    ],
)
def test_no_more_is_asked_for_than_the_parts_need(parts: set[str], scopes: set[str]) -> None:
    provider = microsoft._provider(replace(SETUP, parts=frozenset(parts)))
    assert {each.rpartition("/")[2] for each in provider.scopes} == scopes
    assert all(each.startswith("https://graph.microsoft.com/") for each in provider.scopes if each != "offline_access")


def test_its_addresses_are_within_its_reach_and_a_trial_stays_on_this_machine() -> None:
    vendor = vendor_of("microsoft")[1]
    reach = Reach(hosts=vendor.hosts)
    provider = microsoft._provider(SETUP)
    for each in (vendor.base(SETUP, {}), provider.token_url, provider.device_url):
        check_reach(httpx.URL(each), reach)
    assert isinstance(signer_of(vendor.way(""), SETUP, provider, reach), Entra)
    trial = replace(SETUP, loopback="http://127.0.0.1:4711")
    assert vendor.base(trial, {}) == "http://127.0.0.1:4711/v1.0"
    assert microsoft._provider(trial).token_url.startswith("http://127.0.0.1:4711/organizations/")
    assert signer_of(vendor.way(""), trial, provider, reach) is None
    assert "/acme.example/oauth2/" in microsoft._provider(replace(SETUP, values={"tenant": "acme.example"})).token_url


def test_the_administrators_page_and_the_hierarchy_speak_of_it() -> None:
    page, vendor = guide_of("microsoft"), vendor_of("microsoft")[1]
    told = [*(each.name for each in vendor.permissions), vendor.guards, *(each.means for each in vendor.ways)]
    assert page.startswith("# ") and [each for each in told if each not in page] == []
    assert "OnlineMeetingTranscript.Read.All" in page, "why there are no transcripts is said"
    scope = hierarchy_page().scope("microsoft")
    assert scope.owner and scope.backup and scope.runbook == "gangly connect microsoft --guide"
    assert set(scope.write) == {Kind.MAIL, Kind.INVITATION} == set(scope.read)
    loaded = registry.load("microsoft").module
    doors = ("open_calendar", "open_mail", "open_reader", "open_writer")
    assert all(callable(getattr(loaded, each)) for each in doors) and not hasattr(loaded, "open_transcripts")


async def test_a_first_look_says_who_it_is_and_what_cannot_be_read(tmp_path: Path) -> None:
    site = watched(tmp_path)
    standing = await microsoft.check(site.link())
    assert (standing.account, standing.warnings) == ("Robin Hale (robin.hale@larkspur.example)", ())
    site.fake.me |= {"mail": "shared@larkspur.example", "userPrincipalName": "shared@larkspur.example"}
    said = b'{"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}'
    site.fake.weather = [Weather("GET", "/me/mailFolders/inbox", reply=(403, {}, said))]
    standing = await microsoft.check(site.link())
    assert "the mail cannot be read: the sign-in does not include this" in standing.warnings[0]
    assert standing.warnings[1].startswith("this sign-in is shared@larkspur.example's, and your work e-mail")
    asked = len(site.fake.asked)
    await microsoft.check(replace(site.link(), setup=SETUP))
    assert [each.path for each in site.fake.asked[asked:]] == ["/me", "/me/calendar"], "no part that was not asked for"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (410, "Gone", FeedLost),
        (400, "SyncStateNotFound", FeedLost),
        (404, "MailboxNotEnabledForRESTAPI", Refused),
        (404, "ErrorItemNotFound", NotFound),
        (412, "ErrorIrresolvableConflict", Stale),
        (409, "ErrorIrresolvableConflict", Stale),
        (403, "ErrorAccessDenied", Refused),
        (400, "ErrorInvalidRecipients", Refused),
        (429, "ApplicationThrottled", RateLimited),
        (503, "ErrorServerTooBusy", RateLimited),
    ],
)
def test_a_refusal_is_the_error_it_is(status: int, code: str, expected: type[Exception]) -> None:
    told = httpx.Response(status, json={"error": {"code": code, "message": "m"}}, headers={"retry-after": "9"})
    error = explain(told, write=False)
    assert type(error) is expected
    assert not isinstance(error, RateLimited) or error.retry_after == 9.0


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 1}', b'{"error": {"code": null}}'])
def test_an_answer_that_is_no_graph_answer_is_left_to_the_common_rules(body: bytes) -> None:
    assert explain(httpx.Response(500, content=body), write=True) is None
    assert isinstance(explain(httpx.Response(404, content=body), write=True), NotFound)


async def test_a_server_that_is_too_busy_to_write_has_written_nothing(tmp_path: Path) -> None:
    site = watched(tmp_path)

    def refuse(_: int) -> None:
        raise No(403, "ErrorQuotaExceeded", "The mailbox is full.")

    site.fake.between = refuse
    with pytest.raises(Refused, match="The mailbox is full"):
        await OutlookCalendar(site.link()).meetings(*(site.now(), site.now()))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/me/messages", '{"toRecipients": "ann@acme.example"}'),
        ("POST", "/me/messages", '{"body": {"contentType": "markdown"}}'),
        ("POST", "/me/messages", '{"subjekt": "x"}'),
        ("POST", "/me/messages/1/createReply", '{"Message": {"subjekt": "x"}}'),
        ("POST", "/me/events", '{"start": "tomorrow"}'),
        ("POST", "/me/events", '{"transaction": "x"}'),
        ("GET", "/me/messages/1?$select=subjekt", ""),
        ("GET", "/me/calendarView/delta()?startDateTime=2026-10-19T00:00:00Z", ""),
        ("GET", "/me/mailFolders/1/messages/delta()?$sort=x", ""),
        ("GET", "/me/messages?filter=x", ""),
        ("PATCH", "/me/messages/1/send", "{}"),
    ],
)
def test_what_is_wrong_is_seen(tmp_path: Path, method: str, path: str, body: str) -> None:
    """One negative case for each description that requests are held against."""
    headers = {"authorization": "Bearer x", **({"content-type": "application/json"} if body else {})}
    assert contract_of(tmp_path).check(method, path, headers, body.encode())


def test_the_site_asks_all_parts() -> None:
    assert Site.__dataclass_fields__["parts"].default == frozenset({"calendar", "mail", "drafts"})
