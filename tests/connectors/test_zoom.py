"""Zoom's transcripts over the wire: what is asked, what comes, what comes anew, and what a bad day looks like."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from gangly_tui.connectors.engagement import zoom
from gangly_tui.connectors.engagement.zoom_errors import explain, quota
from gangly_tui.connectors.oauth import SignedIn, Tokens, kept_as
from gangly_tui.connectors.vendor import Setup
from gangly_tui.domain.errors import GanglyError, RateLimited, Refused, SignInNeeded, Unreachable
from gangly_tui.domain.secret import Secret
from tests.connectors.rigs import Kept, alone
from tests.connectors.zoom_rig import NOW, VTT, Site, call, described, meeting
from tests.fakes.zoom import JSON, Weather, ZoomFake, limits


async def test_a_transcript_comes_with_its_meeting_and_once_only() -> None:
    site = Site(ZoomFake(calls=[call(), call("89999999999", hour=10)]))
    found = await site.look(meeting(), meeting("https://meet.google.com/abc", hour=10))
    assert {key: each.text for key, each in found.items()} == {"m-9": VTT}
    again = await site.look(meeting(), known={"m-9": found["m-9"].version})
    assert again == {}
    assert len([each for each in site.fake.asked if "/rec/" in each.path]) == 1


async def test_one_that_is_delivered_anew_with_edits_has_another_version() -> None:
    site = Site(ZoomFake(calls=[call()]))
    first = (await site.look(meeting()))["m-9"]
    site.fake.deliver_anew(site.fake.calls[0], VTT.replace("mid-November", "in December"))
    second = (await site.look(meeting(), known={"m-9": first.version}))["m-9"]
    assert second.version != first.version and "in December" in second.text


async def test_nothing_is_asked_when_no_meeting_is_zooms_or_none_has_begun() -> None:
    site = Site(ZoomFake(calls=[call()]))
    assert await site.look(meeting("https://meet.google.com/abc")) == {}
    assert await site.look(meeting(hour=16)) == {}
    assert site.fake.asked == []


async def test_a_call_whose_transcript_is_not_ready_is_left_for_the_next_look() -> None:
    site = Site(ZoomFake(calls=[call(text="")]))
    assert await site.look(meeting()) == {}
    site.fake.calls[0].text = VTT
    assert set(await site.look(meeting())) == {"m-9"}


async def test_pages_are_turned_and_one_that_repeats_brings_nothing_twice() -> None:
    calls = [call(f"8{n:010}", hour=n / 10, minutes=5) for n in range(1, 31)]
    site = Site(ZoomFake(calls=calls, page_size=7, repeats=True))
    meetings = [meeting(f"https://zoom.us/j/8{n:010}", hour=n / 10, minutes=5) for n in range(1, 31)]
    assert len(await site.look(*meetings)) == 30
    asked = [each.query for each in site.fake.asked if each.path.endswith("/recordings")]
    assert len(asked) == 5 and "next_page_token=7" in asked[1]


async def test_pages_without_end_are_given_up() -> None:
    site = Site(ZoomFake(calls=[call()]))
    page = {"meetings": [], "next_page_token": ""}
    for number in range(zoom.MOST_PAGES + 1):
        body = json.dumps({**page, "next_page_token": f"p{number}"}).encode()
        site.fake.weather.append(Weather("/v2/users/me/recordings", reply=(200, JSON, body)))
    with pytest.raises(Unreachable, match="without an end"):
        await site.look(meeting())


async def test_more_than_a_month_is_asked_for_month_by_month() -> None:
    old = call("82222222222")
    old.start -= timedelta(days=70)
    site = Site(ZoomFake(calls=[old, call()]))
    far = meeting("https://zoom.us/j/82222222222", hour=9 - 70 * 24)
    assert len(await site.look(far, meeting())) == 2
    spans = [dict(httpx.QueryParams(each.query)) for each in site.fake.asked if each.path.endswith("me/recordings")]
    days = [(datetime.fromisoformat(each["to"]) - datetime.fromisoformat(each["from"])).days for each in spans]
    assert len(spans) == 3 and max(days) <= 30


async def test_a_link_that_has_died_is_asked_for_anew_by_a_uuid_that_is_encoded_twice() -> None:
    site = Site(ZoomFake(calls=[call(uuid="/aj//Xp==", file="same")]))
    site.fake.weather.append(Weather("/rec/download/0-1", reply=(404, JSON, b'{"code":3301,"message":"gone"}')))
    site.fake.calls[0].edition = 1
    listed = site.fake._list  # the list is a moment older than the link

    def older(query: Any) -> Any:
        reply = listed(query)
        site.fake.calls[0].edition = 2
        return reply

    site.fake._list = older  # type: ignore[method-assign]
    assert (await site.look(meeting()))["m-9"].text == VTT
    assert "/v2/meetings/%252Faj%252F%252FXp%253D%253D/recordings" in [each.path for each in site.fake.asked]
    assert zoom.encoded("abc==") == "abc%3D%3D"


async def test_the_token_goes_to_zoom_and_not_along_a_redirect_to_another_host() -> None:
    site = Site(ZoomFake(calls=[call()]))
    await site.look(meeting())
    stored = [each for each in site.fake.asked if each.path.startswith("/stored/")]
    assert len(stored) == 1 and "authorization" not in stored[0].headers


@pytest.mark.parametrize("field", ["host", "store"])
async def test_a_file_at_a_strangers_address_is_not_fetched_and_takes_no_other_along(field: str) -> None:
    site = Site(ZoomFake(calls=[call(), call("82222222222", hour=10)]))
    listed = site.fake._told
    if field == "host":

        def told(each: Any) -> Any:
            data = listed(each)
            if each.number == "81234567890":
                data["recording_files"][1]["download_url"] = "https://zoom.us.evil.example/rec/download/0-1"
            return data

        site.fake._told = told  # type: ignore[method-assign]
    else:
        away = (302, {"location": "https://evil.example/x"}, b"")
        site.fake.weather.append(Weather("/rec/download/0", reply=away))
    both = meeting(), meeting("https://zoom.us/j/82222222222", hour=10)
    found = await site.look(*both)
    assert set(found) == {"m-10"}
    if field == "host":
        with pytest.raises(Refused, match="not its own"):
            await site.look(*both, known={"m-10": found["m-10"].version})
    assert not any("evil" in each.headers.get("host", "") for each in site.fake.asked)


async def test_a_page_to_sign_in_is_no_transcript() -> None:
    site = Site(ZoomFake(calls=[call()]))
    for _ in range(2):
        site.fake.weather.append(Weather("/rec/download", reply=(200, {"content-type": "text/html"}, b"<html>sign in")))
    with pytest.raises(Refused, match="a page instead"):
        await site.look(meeting())


async def test_a_transcript_that_is_too_large_or_no_text_is_refused() -> None:
    site = Site(ZoomFake(calls=[call(text="x" * (10 * 1024 * 1024 + 1))]))
    with pytest.raises(GanglyError, match="10 MiB"):
        await site.look(meeting())
    assert not any("/rec/" in each.path for each in site.fake.asked)
    site = Site(ZoomFake(calls=[call(text="\x00\x01\x02" * 100)]))
    with pytest.raises(GanglyError, match="not a text file"):
        await site.look(meeting())


async def test_zoom_asks_to_wait_with_a_date_and_is_asked_again_after_it() -> None:
    site = Site(ZoomFake(calls=[call()]))
    until = (datetime.now(UTC) + timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    slow = (429, {**JSON, **limits(left=0), "retry-after": until}, b'{"code":429,"message":"per-second"}')
    site.fake.weather.append(Weather("/v2/users/me/recordings", reply=slow))
    assert set(await site.look(meeting())) == {"m-9"}
    assert 1 <= site.slept <= 5


async def test_the_limit_of_the_day_is_said_and_what_came_before_it_is_kept() -> None:
    site = Site(ZoomFake(calls=[call(), call("82222222222", hour=10)]))
    until = (datetime.now(UTC) + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = (429, {**JSON, **limits("Daily-limit", 0, 6_000), "retry-after": until}, b'{"code":429,"message":"daily"}')
    site.fake.weather.append(Weather("/rec/download/1", reply=done))
    both = meeting(), meeting("https://zoom.us/j/82222222222", hour=10)
    assert set(await site.look(*both)) == {"m-9"}
    site.fake.weather.append(Weather("/v2/users/me/recordings", reply=done))
    with pytest.raises(RateLimited, match="limit of the day") as limited:
        await site.look(*both)
    assert limited.value.retry_after > 4 * 3600 and site.slept == 0


def test_the_limits_headers_reach_health() -> None:
    found = quota(limits())
    assert found and (found.left, found.limit, found.name, found.resets_in) == (18, 20, "medium requests in 1 s", 1.0)
    day = quota(limits("Daily-limit", 3, 6_000))
    assert day and (day.name, day.resets_in) == ("requests today", 0.0)
    assert quota({}) is None and quota({"x-ratelimit-limit": "many", "x-ratelimit-remaining": "1"}) is None


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, {"code": 124, "message": "Invalid access token."}, SignInNeeded, "any more"),
        (400, {"code": 4711, "message": "Invalid access token, does not contain scopes:[x]"}, Refused, "scopes"),
        (400, {"code": 200, "message": "Only available for paid users"}, Refused, "does not permit"),
        (403, {}, Refused, "no reason given"),
        (429, {}, RateLimited, "wait 1 s"),
    ],
)
def test_refusals_in_the_reps_words(status: int, body: Any, error: type[GanglyError], said: str) -> None:
    found = explain(httpx.Response(status, json=body), write=False)
    assert isinstance(found, error) and said in str(found)


async def test_a_lost_line_is_tried_again() -> None:
    site = Site(ZoomFake(calls=[call()]))
    site.fake.weather += [Weather("/v2/users/me/recordings"), Weather("/rec/download")]
    assert set(await site.look(meeting())) == {"m-9"}


async def test_a_refresh_token_is_used_once_and_the_next_is_kept_before_it_is_used() -> None:
    provider = zoom.VENDOR.ways[0].provider
    assert provider
    made = provider(Setup(values={"client_id": "abc"}))
    assert made.client_secret is None and made.host == "127.0.0.1" and made.port == 0
    kept = Kept()
    old = Tokens(
        access=Secret("t-0"), refresh=Secret("r-1"), expires_at=NOW - timedelta(hours=1), scope="", more={}, since=NOW
    )
    kept.put(kept_as("zoom"), old.dump())
    points: list[tuple[str, str]] = []

    def at(point: str) -> None:
        points.append((point, Tokens.load(kept.held[kept_as("zoom")]).refresh.reveal()))  # type: ignore[union-attr]

    site = Site(ZoomFake(calls=[call()]), auth=SignedIn(made, kept, lock=alone, now=lambda: NOW, at_point=at))
    assert set(await site.look(meeting())) == {"m-9"}
    assert site.fake.used == {"r-1"} and points[-1] == ("refresh.kept", "r-2")
    renewals = [each for each in site.fake.asked if each.path == "/oauth/token"]
    assert [each.body["client_id"] for each in renewals] == ["abc"]
    uses = [each.headers.get("authorization") for each in site.fake.asked if each.path.startswith("/v2/")]
    assert set(uses) == {"Bearer t-2"}


async def test_the_check_says_who_is_signed_in_and_what_is_in_the_way() -> None:
    site = Site(ZoomFake())
    standing = await zoom.check(site.link())
    assert standing.account == "Robin Hale (robin.hale@larkspur.example)" and standing.warnings == ()
    site.fake.user |= {"type": 1, "email": "other@larkspur.example"}
    standing = await zoom.check(site.link())
    assert "Basic" in standing.warnings[0] and "other@" in standing.warnings[1]


async def test_numbers_where_the_description_says_text_and_odd_rows_are_taken_or_left() -> None:
    site = Site(ZoomFake(calls=[call()]))
    row = site.fake._told(site.fake.calls[0])
    odd: list[Any] = [None, 7, {}, {**row, "uuid": ""}, {**row, "start_time": "soon"}, {**row, "recording_files": "x"}]
    rows = [*odd, {**row, "id": 81234567890, "duration": "long"}]
    body = json.dumps({"meetings": rows, "next_page_token": None}).encode()
    site.fake.weather.append(Weather("/v2/users/me/recordings", reply=(200, JSON, body)))
    assert set(await site.look(meeting())) == {"m-9"}


@pytest.mark.shared
def test_the_description_would_catch_us() -> None:
    watch = described()

    def ask(**how: str) -> Any:
        return SimpleNamespace(
            **{"method": "GET", "query": "", "headers": {"authorization": "Bearer x"}, "body": None, **how}
        )

    good = ask(path="/v2/users/me/recordings", query="from=2026-09-01&to=2026-09-02&page_size=300")
    assert watch.request(good) == []
    assert watch.request(ask(path="/v2/users/me/recordings", query="form=2026-09-01"))
    assert watch.request(ask(path="/v2/users/me/recording"))
    assert watch.request(ask(path="/v2/users/me/recordings", query="from=September"))
    assert watch.answer(good, 200, {"meetings": [{"recording_files": [{"file_size": "big"}]}]})
    assert watch.answer(ask(path="/v2/users/me"), 200, {"type": 9, "email": "x"})
    assert watch.answer(good, 404, {"error": "x"})
