"""Calendars at an address: read anew when they changed, pinned to their host, and their address never shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gangly_tui.connectors.engagement.calendar_address import is_address, system_of
from gangly_tui.connectors.engagement.calendar_url import CalendarFeed, address_of
from gangly_tui.connectors.transport import Call
from gangly_tui.domain.errors import ConfigError, ConnectorError, GanglyError, PartlyRead
from tests.connectors.calendars import calendar
from tests.connectors.wires import answer, in_turn, serving

CALL = "UID:{}\nSUMMARY:{}\nDTSTART:20260923T140000Z\nDTEND:20260923T143000Z"
START, END = datetime(2026, 9, 22, tzinfo=UTC), datetime(2026, 10, 7, tzinfo=UTC)
ADDRESS = "https://calendar.acme.example/private-s3cret/work.ics"


def body(*titles: str) -> bytes:
    return calendar(*(CALL.format(each, each) for each in titles)).encode()


async def test_it_is_read_whole_then_only_when_it_changed() -> None:
    told = in_turn(
        answer(body=body("Acme"), etag='"1"'),
        answer("304 Not Modified", b"", etag='"1"'),
        answer(body=body("Globex"), etag='"2"'),
    )
    async with serving(told) as server:
        feed = CalendarFeed(f"{server.base}/work.ics")
        first = await feed.meetings(START, END)
        assert first.whole and [each.title for each in first.meetings] == ["Acme"]
        same = await feed.meetings(START, END, first.cursor)
        assert (same.whole, same.meetings, same.cursor) == (False, (), first.cursor)
        third = await feed.meetings(START, END, same.cursor)
        assert third.whole and [each.title for each in third.meetings] == ["Globex"]
        assert [each.headers.get("if-none-match") for each in server.asked] == [None, '"1"', '"1"']
        await feed.meetings(START + timedelta(days=1), END, third.cursor)
        assert "if-none-match" not in server.asked[-1].headers, "other days are a whole look"
        await feed.close()


@pytest.mark.parametrize("since", ["", "[]", "{", '{"days": 7}', '"x"'])
async def test_without_a_mark_of_the_server_each_look_is_whole(since: str) -> None:
    async with serving(answer(body=body("Acme"))) as server:
        found = await CalendarFeed(f"{server.base}/work.ics").meetings(START, END, since)
        assert found.whole and found.cursor == "" and len(found.meetings) == 1


async def test_a_server_that_knows_only_times_is_asked_with_them() -> None:
    when = "Wed, 23 Sep 2026 10:00:00 GMT"
    async with serving(answer(body=body("Acme"), last_modified=when)) as server:
        feed = CalendarFeed(f"{server.base}/work.ics")
        await feed.meetings(START, END, (await feed.meetings(START, END)).cursor)
        assert server.asked[1].headers["if-modified-since"] == when


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer("404 Not Found"), "no calendar at this address"),
        (answer("401 Unauthorized"), "without a sign-in"),
        (answer("302 Found", b"", location="https://evil.example/work.ics"), "moved to another host"),
        (answer("302 Found", b"", location="/work.ics"), "from one address to the next"),
        (answer(body=b"<html>please sign in</html>"), "is not a calendar"),
        (answer(body=b""), "is empty"),
        (answer(body=b"x" * (10 * 1024 * 1024 + 1)), "more than 10 MiB"),
    ],
)
async def test_what_is_no_calendar_is_said_without_its_address(reply: object, said: str) -> None:
    async with serving(reply) as server:  # type: ignore[arg-type]
        feed = CalendarFeed(f"{server.base}/private-s3cret/work.ics")
        feed._wire._sleep = _at_once
        with pytest.raises(GanglyError, match=said) as told:
            await feed.meetings(START, END)
        assert "s3cret" not in f"{told.value} {told.value.fix}" and told.value.fix


async def _at_once(_: float) -> None:
    pass


async def test_some_of_a_calendar_comes_when_some_cannot_be_read() -> None:
    evil = "UID:evil\nSUMMARY:Evil\nDTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"
    async with serving(answer(body=calendar(CALL.format("a", "Acme"), evil).encode(), etag='"1"')) as server:
        with pytest.raises(PartlyRead) as told:
            await CalendarFeed(f"{server.base}/work.ics").meetings(START, END)
        assert [each.title for each in told.value.meetings] == ["Acme"]


def test_webcal_is_https_and_nothing_goes_in_the_clear() -> None:
    assert address_of(f" {ADDRESS.replace('https', 'webcal')} ") == ADDRESS == address_of(ADDRESS + "#today")
    with pytest.raises(ConfigError, match="not encrypted"):
        address_of("http://calendar.acme.example/work.ics")
    with pytest.raises(ConfigError, match="user name or a password"):
        address_of("https://robin:pass@calendar.acme.example/work.ics")
    for each in ("https://", "webcal://"):
        with pytest.raises(ConfigError, match="no web address"):
            address_of(each)
    assert not is_address("/home/robin/https/work.ics") and not is_address("~/work.ics")


async def test_no_other_host_is_ever_asked() -> None:
    seen: list[httpx.URL] = []

    def away(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(302, headers={"location": "https://other.acme.example/work.ics"})

    feed = CalendarFeed(ADDRESS, inner=httpx.MockTransport(away))
    with pytest.raises(ConnectorError, match="another host"):
        await feed.meetings(START, END)
    assert {each.host for each in seen} == {"calendar.acme.example"}


async def test_it_is_known_by_its_host_and_health_hears_of_each_look() -> None:
    name = system_of(ADDRESS)
    assert name.startswith("calendar.acme.example#") and name == CalendarFeed(ADDRESS).system
    assert name != system_of(ADDRESS + "?other") and name == system_of(ADDRESS.replace("https", "webcal"))
    calls: list[Call] = []
    async with serving(answer(body=body("Acme"))) as server:
        feed = CalendarFeed(f"{server.base}/work.ics", observe=calls.append)
        assert await feed.check() == 1
    assert [(each.result, each.write) for each in calls] == [("ok", False)]
