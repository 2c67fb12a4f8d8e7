"""What Google's module says of itself, signs in with, and finds out about the account: least scopes, one way out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gangly_tui.connectors.engagement import google
from gangly_tui.connectors.engagement.google_client import APIS, Google
from gangly_tui.connectors.oauth import SignedIn, Tokens, challenge, exchange, kept_as
from gangly_tui.connectors.transport import Reach, check_reach, open_client
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import ConfigError, SignInNeeded
from gangly_tui.domain.secret import Secret
from tests.connectors.google_rig import NOON, Site, site
from tests.connectors.rigs import Kept, alone
from tests.fakes.google import AUTH, GoogleDoor, GoogleFake
from tests.fakes.serve import FakeTransport

LOOPBACK = "http://127.0.0.1:4711"
WAY = google.VENDOR.ways[0]


def setup(*parts: str, loopback: str = "") -> Setup:
    secret = Secret("GOCSPX-x")
    return Setup(
        values={"client_id": "abc"}, secret=lambda _: secret, loopback=loopback, parts=frozenset({"calendar", *parts})
    )


def scopes(*parts: str) -> set[str]:
    assert WAY.provider
    return {each.removeprefix(AUTH) for each in WAY.provider(setup(*parts)).scopes}


def test_each_part_asks_for_what_it_needs_and_no_more() -> None:
    assert scopes() == {"calendar.readonly"}
    assert scopes("mail") == {"calendar.readonly", "gmail.readonly"}
    assert scopes("transcripts") == {"calendar.readonly", "meetings.space.readonly"}
    assert scopes("drafts") == {"calendar.readonly", "gmail.readonly", "gmail.compose", "calendar.events"}
    every = scopes("mail", "drafts", "transcripts")
    assert len(every) == 5 and not {each for each in every if each in ("gmail.modify", "calendar", "gmail.send")}


def test_every_address_is_in_reach_and_a_trial_stays_on_this_machine() -> None:
    reach = Reach(hosts=google.VENDOR.hosts)
    assert WAY.provider
    provider = WAY.provider(setup())
    addresses = [provider.token_url, provider.revoke_url, *(host for _, host, _ in APIS.values())]
    for each in addresses:
        check_reach(httpx.URL(each), reach)
    with pytest.raises(ConfigError):
        check_reach(httpx.URL("https://evil.googleapis.com.example"), reach)
    trial = WAY.provider(setup(loopback=LOOPBACK))
    assert all(each.startswith(LOOPBACK) for each in (trial.authorize_url, trial.token_url, trial.revoke_url))
    assert google.VENDOR.base(setup(loopback=LOOPBACK), {}).startswith(LOOPBACK)


def test_the_library_is_loaded_when_an_account_is_asked_and_not_before() -> None:
    code = (
        "import sys; from gangly_tui.connectors.engagement import google, google_calendar, google_mail, google_meet; "
        "from gangly_tui.connectors.engagement import google_drafts; "
        "print([each for each in sys.modules if each.split('.')[0] in ('googleapiclient', 'google', 'httplib2')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_library_sends_nothing_itself() -> None:
    events = (await Google(site().link()).api("calendar")).events()
    with pytest.raises(AssertionError, match="by the wire"):
        events.list(calendarId="primary").execute()


async def test_the_check_says_who_is_signed_in() -> None:
    standing = await google.check(site().link())
    assert (standing.account, standing.missing, standing.warnings) == ("robin.hale@larkspur.example", (), ())


async def test_the_check_asks_only_for_the_parts_that_are_connected() -> None:
    at = site(scopes={"calendar.readonly"})
    standing = await google.check(at.link(parts=frozenset({"calendar"})))
    assert standing.missing == () and {each.path.split("/")[1] for each in at.fake.asked} == {"calendar"}


async def test_the_check_tells_what_was_not_ticked_and_what_is_switched_off() -> None:
    at = site(scopes={"calendar.readonly", "gmail.readonly"})
    told = " | ".join((await google.check(at.link())).missing)
    assert "drafts: you did not agree to" in told and "transcripts: you did not agree to" in told
    assert "mail: " not in told
    at = site(switched_off={"gmail", "meet"})
    told = " | ".join((await google.check(at.link())).missing)
    assert "Gmail: this API is not switched on" in told and "Meet: this API is not switched on" in told


async def test_the_check_counts_down_a_sign_in_in_testing_and_sees_another_account() -> None:
    at = site(testing=604_799)
    standing = await google.check(at.link(refresh_token_expires_in="604799"))
    assert standing.warnings[0].startswith("this sign-in ends on 30 Sep 2026, in 7 days")
    for odd in ("", "soon", "9" * 40):
        assert (await google.check(at.link(refresh_token_expires_in=odd))).warnings == ()
    at.fake.calendar.email = "kim@larkspur.example"
    assert "kim@larkspur.example is signed in" in (await google.check(at.link())).warnings[0]


async def test_signing_in_is_a_desktop_app_with_pkce_and_the_sign_in_lasts() -> None:
    fake = GoogleFake(testing=604_799)
    assert WAY.provider
    provider = WAY.provider(setup("mail"))
    asked = challenge(provider, "http://127.0.0.1:5555/callback")
    query = {name: each[0] for name, each in parse_qs(urlsplit(asked.url).query).items()}
    assert asked.url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert (query["access_type"], query["prompt"], query["code_challenge_method"]) == ("offline", "consent", "S256")
    door = GoogleDoor(fake)
    status, headers, _ = await door.handle("GET", "/o/oauth2/v2/auth", urlsplit(asked.url).query, {}, b"")
    code = parse_qs(urlsplit(headers["location"]).query)["code"][0]
    reach = Reach(hosts=google.VENDOR.hosts)
    async with open_client(reach, inner=FakeTransport(door)) as sender:
        tokens = await exchange(sender, provider, asked, code, NOON)
    assert status == 302 and tokens.refresh is not None and tokens.refresh.reveal() == fake.refresh
    assert fake.scopes == {"calendar.readonly", "gmail.readonly"} and "gmail.readonly" in tokens.more["scope"]


async def test_a_token_that_ended_is_renewed_once_in_one_place_and_kept_before_it_is_used() -> None:
    at = site()
    vault = Kept()
    keep(vault, at, access="t-old")
    assert WAY.provider
    signed = SignedIn(WAY.provider(setup()), vault, lock=alone, now=lambda: NOON)
    assert (await google.check(at.link(auth=signed, parts=frozenset({"calendar"})))).account == at.fake.email
    kept = vault.get(kept_as("google"))
    assert kept is not None and Tokens.load(kept).access.reveal() == at.fake.token
    refresh = Tokens.load(kept).refresh  # Google's second answer has none: the first stays
    assert refresh is not None and refresh.reveal() == at.fake.refresh, (
        "Google's second answer has none: the first stays"
    )


async def test_a_sign_in_that_ended_after_its_seven_days_asks_for_a_new_one() -> None:
    at = site()
    vault = Kept()
    keep(vault, at, access="t-old", refresh="r-over")
    assert WAY.provider
    signed = SignedIn(WAY.provider(setup()), vault, lock=alone, now=lambda: NOON)
    with pytest.raises(SignInNeeded) as ended:
        await google.open_calendar(at.link(auth=signed)).meetings(NOON, NOON + timedelta(days=1))
    assert "gangly connect google" in ended.value.fix


def keep(vault: Kept, at: Site, *, access: str, refresh: str = "") -> None:
    more: Mapping[str, str] = {}
    tokens = Tokens(
        access=Secret(access),
        refresh=Secret(refresh or at.fake.refresh),
        expires_at=datetime(2026, 9, 1, tzinfo=UTC),
        scope="",
        more=more,
        since=NOON - timedelta(days=7),
    )
    vault.put(kept_as("google"), tokens.dump())
