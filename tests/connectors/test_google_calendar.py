"""Google Calendar through gangly's door: whole looks, changes, and all that calendars do to those who read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gangly_tui.domain.errors import ConnectorError, PartlyRead, RateLimited, Refused, SignInNeeded, Unreachable
from gangly_tui.domain.ports import MeetingFeed
from gangly_tui.domain.records import Meeting
from tests.connectors.google_rig import BERLIN, NOON, Site, site, watch_of
from tests.fakes.google import Asked, refusal, reply
from tests.fakes.google_seed import call

START = datetime(2026, 9, 22, tzinfo=BERLIN)
END = START + timedelta(days=15)


async def look(at: Site, since: str = "", start: datetime = START, end: datetime = END) -> MeetingFeed:
    return await at.calendar().meetings(start, end, since)


async def one(at: Site) -> Meeting:
    (found,) = (await look(at)).meetings
    return found


def titles(feed: MeetingFeed) -> list[str]:
    return [each.title for each in feed.meetings]


async def test_a_first_look_is_whole_and_the_next_brings_what_changed() -> None:
    at = site()
    at.fake.calendar.meet("acme", NOON)
    at.fake.calendar.meet("bolt", NOON + timedelta(hours=1))
    first = await look(at)
    assert first.whole and titles(first) == ["acme", "bolt"] and first.gone == ()
    at.fake.calendar.put("bolt", summary="Bolt, moved", **_at(NOON + timedelta(hours=3)))
    second = await look(at, first.cursor)
    assert not second.whole and [(each.title, each.start) for each in second.meetings] == [
        ("Bolt, moved", NOON + timedelta(hours=3))
    ]
    third = await look(at, second.cursor)
    assert (third.whole, third.meetings, third.gone) == (False, (), ())


async def test_what_leaves_the_days_or_is_deleted_is_gone_and_what_is_cancelled_says_so() -> None:
    at = site()
    for name in ("leaves", "deleted", "cancelled", "stays"):
        at.fake.calendar.meet(name, NOON)
    first = await look(at)
    at.fake.calendar.put("leaves", **_at(NOON + timedelta(days=90)))
    at.fake.calendar.cancel("deleted", whole=False)
    at.fake.calendar.cancel("cancelled")
    second = await look(at, first.cursor)
    assert set(second.gone) == {"leaves", "deleted"}
    assert [(each.id, each.cancelled) for each in second.meetings] == [("cancelled", True)]
    anew = await look(at)
    assert {each.id: each.cancelled for each in anew.meetings} == {"cancelled": True, "stays": False}


async def test_other_days_or_an_expired_or_a_damaged_cursor_give_a_whole_feed() -> None:
    at = site()
    at.fake.calendar.meet("acme", NOON)
    first = await look(at)
    assert (await look(at, first.cursor, end=END + timedelta(days=1))).whole
    in_tokyo = START.replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert (await look(at, first.cursor, start=in_tokyo)).whole
    for damaged in ("", "x", "[]", '{"token": 5, "days": null}'):
        assert (await look(at, damaged)).whole
    at.fake.calendar.generation += 1  # 410
    again = await look(at, first.cursor)
    assert again.whole and titles(again) == ["acme"]
    assert not (await look(at, again.cursor)).whole


async def test_a_token_that_dies_between_two_pages_gives_a_whole_feed() -> None:
    at = site()
    first = await look(at)
    at.fake.calendar.page = 2
    for number in range(5):
        at.fake.calendar.meet(f"event{number}", NOON + timedelta(hours=number))

    def dies() -> None:
        at.fake.calendar.generation += 1
        at.fake.calendar.between = lambda: None

    at.fake.calendar.between = dies
    feed = await look(at, first.cursor)
    assert feed.whole and len(feed.meetings) == 5


async def test_an_event_that_moves_between_pages_is_there_once_as_it_was_told_last() -> None:
    at = site()
    old = at.fake.calendar.meet("acme", NOON)
    pages = [{"items": [dict(old)], "nextPageToken": "1/p1"}]
    new = at.fake.calendar.meet("acme", NOON + timedelta(days=1), summary="moved")
    pages.append({"items": [dict(new)], "nextSyncToken": "sync-1-3"})
    at.fake.weather += [weather("GET", "/calendar", reply(each)) for each in pages]
    assert [(each.title, each.start) for each in (await look(at)).meetings] == [("moved", NOON + timedelta(days=1))]


async def test_what_changes_while_a_look_goes_on_comes_with_the_next_one() -> None:
    at = site()
    at.fake.calendar.page = 2
    for number in range(5):
        at.fake.calendar.meet(f"event{number}", NOON + timedelta(hours=number))

    def changes() -> None:
        at.fake.calendar.put("event0", summary="changed")
        at.fake.calendar.between = lambda: None

    at.fake.calendar.between = changes
    first = await look(at)
    assert len(first.meetings) == 5
    assert titles(await look(at, first.cursor)) == ["changed"]


async def test_a_page_that_repeats_ends_the_look_and_not_the_program() -> None:
    at = site()
    same = reply({"kind": "calendar#events", "items": [], "nextPageToken": "p1"})
    at.fake.weather += [weather("GET", "/calendar", same) for _ in range(3)]
    with pytest.raises(Unreachable, match="same pages"):
        await look(at)


@pytest.mark.shared
async def test_five_thousand_events_are_read_page_by_page() -> None:
    at = site()
    for number in range(5_000):
        at.fake.calendar.meet(f"many{number:04}", NOON + timedelta(minutes=number))
    feed = await look(at)
    assert len(feed.meetings) == 5_000 and len(at.fake.to("GET", "/events")) == 20
    assert watch_of(at.fake).checked == 40


async def test_a_series_with_a_moved_and_a_cancelled_instance() -> None:
    at = site()
    ids = at.fake.calendar.series("weekly", [NOON + timedelta(days=each) for each in (0, 7)], summary="Weekly")
    at.fake.calendar.put(ids[1], **_at(NOON + timedelta(days=8)))
    first = await look(at)
    assert [(each.id, each.series_id) for each in first.meetings] == [(ids[0], "weekly"), (ids[1], "weekly")]
    assert first.meetings[1].start == NOON + timedelta(days=8)
    at.fake.calendar.cancel(ids[0], whole=False)
    assert (await look(at, first.cursor)).gone == (ids[0],)


async def test_a_series_keeps_its_hour_over_the_change_of_the_clocks() -> None:
    at = site()
    nine = [datetime(2026, 10, day, 9, tzinfo=BERLIN) for day in (22, 26)]  # summer time ends on the 25th
    at.fake.calendar.series("daily", nine, summary="Daily")
    feed = await look(at, start=datetime(2026, 10, 20, tzinfo=BERLIN), end=datetime(2026, 10, 30, tzinfo=BERLIN))
    assert [each.start.hour for each in feed.meetings] == [9, 9]
    assert [each.start.utcoffset() for each in feed.meetings] == [timedelta(hours=2), timedelta(hours=1)]


async def test_an_all_day_event_spans_the_midnights_of_the_rep() -> None:
    at = site()
    at.fake.calendar.put("fair", summary="Fair", start={"date": "2026-09-24"}, end={"date": "2026-09-26"})
    tokyo = ZoneInfo("Asia/Tokyo")
    (fair,) = (await look(at, start=START.replace(tzinfo=tokyo), end=END.replace(tzinfo=tokyo))).meetings
    assert (fair.all_day, fair.start, fair.end) == (
        True,
        datetime(2026, 9, 24, tzinfo=tokyo),
        datetime(2026, 9, 26, tzinfo=tokyo),
    )


async def test_times_come_in_the_zone_of_the_rep() -> None:
    at = site()
    where = {"start": {"dateTime": "2026-09-23T09:00:00-04:00"}, "end": {"dateTime": "2026-09-23T10:00:00-04:00"}}
    at.fake.calendar.put("boston", summary="Boston", **where)
    boston = await one(at)
    assert boston.start == datetime(2026, 9, 23, 15, tzinfo=BERLIN) and boston.start.tzinfo == BERLIN


@pytest.mark.parametrize("visibility", ["private", "confidential"])
async def test_a_private_event_shows_its_time_and_nothing_else(visibility: str) -> None:
    at = site()
    guests = [{"email": "dr@clinic.example", "displayName": "Dr. No"}]
    hidden = {"description": "knee", "location": "Clinic", "visibility": visibility, "attendees": guests}
    at.fake.calendar.meet("knee", NOON, summary="Knee surgery", **hidden, **call("abc-defg-hij"))
    found = await one(at)
    assert found.private and found.title == "Private appointment"
    assert (found.attendees, found.location, found.link, found.description) == ((), "", "", "")


async def test_people_rooms_and_those_without_an_address() -> None:
    at = site()
    guests: list[dict[str, Any]] = [
        {"email": at.fake.email, "self": True, "organizer": True, "responseStatus": "accepted"},
        {"email": "dana@harbor.example", "displayName": "Dana Whitlock", "responseStatus": "declined"},
        {"email": "c_1@resource.calendar.google.com", "displayName": "Room 4", "responseStatus": "accepted"},
        {"displayName": "Somebody", "responseStatus": "needsAction"},
        {"email": "lee@x.example", "displayName": "lee@x.example", "responseStatus": "tentative"},
    ]
    at.fake.calendar.meet("call", NOON, attendees=guests)
    rep, dana, room, nobody, lee = (await one(at)).attendees
    assert rep.organizer and rep.response == "accepted"
    assert (dana.name, dana.email, dana.response) == ("Dana Whitlock", "dana@harbor.example", "declined")
    assert room.resource and not dana.resource
    assert (nobody.name, nobody.email, nobody.response) == ("Somebody", "", "")
    assert (lee.name, lee.response) == ("", "tentative")


@pytest.mark.parametrize(
    ("values", "link"),
    [
        (call("abc-defg-hij"), "https://meet.google.com/abc-defg-hij"),
        ({"hangoutLink": "https://meet.google.com/xyz-abcd-efg"}, "https://meet.google.com/xyz-abcd-efg"),
        ({"location": "https://acme.zoom.us/j/91234567890?pwd=x"}, "https://acme.zoom.us/j/91234567890?pwd=x"),
        (
            {"description": '<p>Join <a href="https://teams.microsoft.com/l/meetup-join/19%3a">here</a>'},
            "https://teams.microsoft.com/l/meetup-join/19%3a",
        ),
        ({"description": "see https://evil.example/j/1"}, ""),
        ({"conferenceData": {"entryPoints": [{"entryPointType": "video", "uri": "javascript:x"}]}}, ""),
    ],
)
async def test_the_call_is_found_where_it_is_told(values: dict[str, Any], link: str) -> None:
    at = site()
    at.fake.calendar.meet("call", NOON, **values)
    assert (await one(at)).link == link


async def test_hostile_words_come_through_as_text() -> None:
    at = site()
    title = "Acme [/] \x1b[2J [@click=app.quit()]x[/] <b>&amp;"
    page = "<p>Agenda</p><script>steal()</script><p style='display:none'>hidden</p><p>1 &lt; 2</p>"
    at.fake.calendar.meet("call", NOON, summary=title, description=page)
    found = await one(at)
    assert found.title == title
    assert "steal" not in found.description and "hidden" not in found.description
    assert "Agenda" in found.description and "1 < 2" in found.description


async def test_an_event_that_cannot_be_read_takes_no_other_along() -> None:
    at = site()
    at.fake.watch = lambda *_: None  # no answer of Google's
    at.fake.calendar.meet("good", NOON)
    broken = {"summary": "Odd", "start": {"dateTime": "tomorrow"}, "end": {"dateTime": "tomorrow"}}
    items = [{"id": "odd", "status": "confirmed", **broken}, at.fake.calendar.events["good"], "no event", {"id": 5}]
    at.fake.weather.append(weather("GET", "/calendar", reply({"items": items, "nextSyncToken": "s"})))
    with pytest.raises(PartlyRead, match="Odd") as caught:
        await look(at)
    assert [each.id for each in caught.value.meetings] == ["good"]


async def test_throttling_is_waited_for_as_long_as_google_says() -> None:
    at = site()
    at.fake.weather += [
        weather("GET", "/calendar", refusal(403, "userRateLimitExceeded", "Rate Limit Exceeded", retry_after="3")),
        weather("GET", "/calendar", refusal(429, "rateLimitExceeded")),
    ]
    assert (await look(at)).whole and at.slept == 3 + 1
    assert [each.result for each in at.calls] == ["RateLimited", "RateLimited", "ok"]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (refusal(401, "authError"), SignInNeeded, "sign-in"),
        (refusal(403, "insufficientPermissions"), SignInNeeded, "does not include"),
        (refusal(403, "accessNotConfigured", "Calendar API is off"), Refused, "not switched on"),
        (refusal(403, "domainPolicy", "The domain policy has disabled third-party apps"), Refused, "domain policy"),
        (refusal(403, "dailyLimitExceeded"), RateLimited, "daily quota"),
        ((200, {"content-type": "text/html"}, b"<html>sign in"), Unreachable, "no JSON"),
    ],
)
async def test_a_refusal_is_told_in_words(answer: Any, error: type[ConnectorError], words: str) -> None:
    at = site()
    at.fake.weather += [weather("GET", "/calendar", answer)] * 4
    with pytest.raises(error, match=words):
        await look(at)


@pytest.mark.shared
async def test_the_contract_would_notice_a_wrong_request_and_a_wrong_answer() -> None:
    watch = watch_of(site().fake)
    asked = Asked(
        method="GET",
        path="/calendar/v3/calendars/primary/events",
        query="singleEvent=true&maxResults=ten",
        headers={"authorization": "Bearer t"},
        body=None,
    )
    found = " ".join(watch.of(asked.path).request(asked))
    assert "singleEvent" in found and "maxResults" in found
    assert watch.of(asked.path).answer(asked, 200, {"items": [{"id": 5}]})
    assert watch.of(asked.path).answer(asked, 403, {"error": "no"})


def _at(start: datetime) -> dict[str, Any]:
    return {
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": (start + timedelta(minutes=30)).isoformat()},
    }


def weather(method: str, path: str, answer: Any) -> Any:
    from tests.fakes.google import Weather

    return Weather(method, path, answer)
