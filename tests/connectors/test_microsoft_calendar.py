"""The Outlook calendar: whole at first, then what changed; series, moves, other zones, private, rooms, thousands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gangly_tui.connectors.engagement.microsoft_calendar import OutlookCalendar
from gangly_tui.domain.errors import PartlyRead, SignInNeeded, Unreachable
from gangly_tui.domain.ports import MeetingFeed
from tests.connectors.graph_rig import Site, watched
from tests.connectors.rigs import Slow
from tests.fakes.graph import GraphFake, Weather, throttled
from tests.fakes.graph_box import No, Row, recipient

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 10, 19, tzinfo=BERLIN)
END = START + timedelta(days=15)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return START.replace(hour=hour, minute=minute) + timedelta(days=day)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return watched(tmp_path)


async def look(site: Site, since: str = "", start: datetime = START, end: datetime = END) -> MeetingFeed:
    return await OutlookCalendar(site.link()).meetings(start, end, since)


def guest(email: str, name: str = "", response: str = "none", kind: str = "required") -> Row:
    return {**recipient(email, name), "type": kind, "status": {"response": response, "time": "2026-10-01T08:00:00Z"}}


async def test_a_first_look_brings_the_days_whole_with_everybody_in_them(site: Site) -> None:
    site.fake.event(
        at(1, 10),
        at(1, 11),
        subject="Kestrel / Larkspur",
        body={"contentType": "html", "content": "<p>Agenda: <b>price</b></p>"},
        location={"displayName": "Room 4"},
        attendees=[
            guest("robin.hale@larkspur.example", "Robin Hale", "organizer"),
            guest("tomasz@kestrel.example", "Tomasz Zielinski", "tentativelyAccepted"),
            guest("", "Somebody Without Mail", "declined"),
            guest("room4@larkspur.example", "Room 4", "accepted", "resource"),
        ],
        onlineMeeting={"joinUrl": "https://teams.microsoft.com/l/meetup-join/19%3ameeting"},
    )
    site.fake.event(at(-3, 10), at(-3, 11), subject="before")
    feed = await look(site)
    assert feed.whole and feed.gone == () and feed.cursor
    (meeting,) = feed.meetings
    assert (meeting.title, meeting.system, meeting.location) == ("Kestrel / Larkspur", "microsoft", "Room 4")
    assert (meeting.start, meeting.end) == (at(1, 10), at(1, 11)) and meeting.start.tzinfo is BERLIN
    assert [(each.name, each.email, each.organizer, each.response, each.resource) for each in meeting.attendees] == [
        ("Robin Hale", "robin.hale@larkspur.example", True, "accepted", False),
        ("Tomasz Zielinski", "tomasz@kestrel.example", False, "tentative", False),
        ("Somebody Without Mail", "", False, "declined", False),
        ("Room 4", "room4@larkspur.example", False, "accepted", True),
    ]
    assert meeting.link == "https://teams.microsoft.com/l/meetup-join/19%3ameeting"
    assert meeting.description == "Agenda: price"


async def test_then_only_what_changed_moved_ended_or_was_called_off(site: Site) -> None:
    fake = site.fake
    kept, moved, off, removed = (fake.event(at(day, 9), at(day, 10), subject=f"e{day}") for day in range(4))
    first = await look(site)
    assert len(first.meetings) == 4
    nothing = await look(site, first.cursor)
    assert (nothing.whole, nothing.meetings, nothing.gone) == (False, (), ())
    moved["start"], moved["end"] = (dict(kept[name], dateTime="2026-12-01T09:00:00") for name in ("start", "end"))
    moved["end"]["dateTime"] = "2026-12-01T10:00:00"
    fake.touch(moved)
    off["isCancelled"] = True
    fake.touch(off)
    fake.drop(removed)
    fresh = fake.event(at(5, 9), at(5, 10), subject="new")
    feed = await look(site, nothing.cursor)
    assert not feed.whole and set(feed.gone) == {moved["id"], removed["id"]}
    assert {(each.id, each.cancelled) for each in feed.meetings} == {(off["id"], True), (fresh["id"], False)}


async def test_an_expired_token_other_days_and_a_cursor_of_nobody_give_a_whole_feed(site: Site) -> None:
    site.fake.event(at(1, 10), at(1, 11), subject="stays")
    cursor = (await look(site)).cursor
    assert (await look(site, cursor, END, END + timedelta(days=15))).whole
    for strange in ("nonsense", "[]", '{"from": 1}', cursor.replace("deltatoken=", "deltatoken=x")):
        feed = await look(site, strange)
        assert feed.whole and len(feed.meetings) == 1
    site.fake.expired_before = 10_000
    site.fake.event(at(2, 10), at(2, 11), subject="meanwhile")
    feed = await look(site, cursor)
    assert feed.whole and len(feed.meetings) == 2


async def test_an_occurrence_says_what_its_series_says_and_an_exception_what_it_says_itself(site: Site) -> None:
    fake = site.fake
    slots = [(at(day, 9), at(day, 9, 30)) for day in (0, 7, 14)]
    master, rows = fake.series(slots, subject="Weekly", attendees=[guest("ann@acme.example", "Ann")])
    rows[1] |= {"type": "exception", "subject": "Weekly, longer", "attendees": [], "isCancelled": False}
    rows[1] |= {"location": {"displayName": "Paris"}, "organizer": master["organizer"], "body": master["body"]}
    feed = await look(site)
    assert [each.title for each in feed.meetings] == ["Weekly", "Weekly, longer", "Weekly"]
    assert {each.series_id for each in feed.meetings} == {master["id"]}
    assert [len(each.attendees) for each in feed.meetings] == [2, 1, 2]
    assert [each.start.hour for each in feed.meetings] == [9, 9, 9], "nine o'clock, before and after the clocks go back"
    assert feed.meetings[0].start.utcoffset() != feed.meetings[1].start.utcoffset()
    fake.touch(rows[2])  # one occurrence alone: its master is not in the feed
    later = await look(site, feed.cursor)
    assert not later.whole and [each.title for each in later.meetings] == ["Weekly"]


async def test_a_series_that_was_changed_or_ended_as_a_whole_is_looked_at_anew(site: Site) -> None:
    fake = site.fake
    master, rows = fake.series([(at(day, 9), at(day, 10)) for day in (0, 7)], subject="Weekly")
    feed = await look(site)
    master["subject"] = "Weekly, renamed"
    fake.touch(master)  # the occurrences are not told again
    feed = await look(site, feed.cursor)
    assert feed.whole and [each.title for each in feed.meetings] == ["Weekly, renamed"] * 2
    for each in (master, *rows):
        fake.events.pop(each["id"])
    fake.changes.append((master["id"], "calendar"))
    feed = await look(site, feed.cursor)
    assert feed.whole and feed.meetings == ()


async def test_an_all_day_event_of_another_zone_lies_between_the_reps_midnights(site: Site) -> None:
    fake = site.fake
    plain = fake.event(datetime(2026, 10, 24), datetime(2026, 10, 26), subject="fair", isAllDay=True)
    tokyo = fake.event(at(3, 0), at(4, 0), subject="shifted", isAllDay=True)
    feed = await look(site)
    found = {each.id: each for each in feed.meetings}
    days = found[plain["id"]]
    assert days.all_day and (days.start, days.end) == (at(5, 0), at(7, 0))
    assert days.end.astimezone(UTC) - days.start.astimezone(UTC) == timedelta(hours=49), "the clocks go back in it"
    assert found[tokyo["id"]].start == at(3, 0)


@pytest.mark.parametrize("secrecy", ["private", "confidential"])
async def test_a_private_event_shows_when_it_is_and_nothing_else(site: Site, secrecy: str) -> None:
    site.fake.event(
        at(1, 10), at(1, 11), subject="Doctor", sensitivity=secrecy, location={"displayName": "Clinic"},
        attendees=[guest("dr@clinic.example")], body={"contentType": "text", "content": "scan"},
    )  # fmt: skip
    (meeting,) = (await look(site)).meetings
    assert meeting.private and meeting.title == "Private appointment"
    assert (meeting.attendees, meeting.location, meeting.description, meeting.link) == ((), "", "", "")


async def test_the_call_is_found_in_the_text_where_teams_does_not_name_it(site: Site) -> None:
    words = "Join: https://acme.zoom.us/j/99?pwd=x. Help: https://zoom.us/help"
    site.fake.event(at(1, 10), at(1, 11), subject="Zoom", body={"contentType": "text", "content": words})
    (meeting,) = (await look(site)).meetings
    assert meeting.link == "https://acme.zoom.us/j/99?pwd=x"


async def test_five_thousand_events_come_page_by_page_and_none_is_lost(tmp_path: Path) -> None:
    site = Site(GraphFake())
    for number in range(5_000):
        begin = START + timedelta(minutes=4 * number)
        site.fake.event(begin, begin + timedelta(minutes=3), subject=f"e{number}")
    feed = await look(site)
    assert len({each.id for each in feed.meetings}) == 5_000
    assert len(site.fake.asked) == 50
    assert (await look(site, feed.cursor)).meetings == ()


async def test_an_event_that_moves_between_two_pages_is_there_once_and_as_it_was_last_said(site: Site) -> None:
    times = [(at(1, 8, number % 60), at(1, 9, number % 60)) for number in range(150)]
    rows = [site.fake.event(*each, subject=f"e{number}") for number, each in enumerate(times)]
    seen: list[int] = []

    def move(asked: int) -> None:
        seen.append(asked)
        if len(seen) == 2:
            rows[0]["subject"] = rows[149]["subject"] = "renamed"
            site.fake.touch(rows[0])
            site.fake.touch(rows[149])

    site.fake.between = move
    feed = await look(site)
    titles = {each.id: each.title for each in feed.meetings}
    assert len(titles) == len(feed.meetings) == 150 and titles[rows[149]["id"]] == "renamed"
    later = await look(site, feed.cursor)
    assert titles[rows[0]["id"]] == "e0" and rows[0]["id"] in {each.id for each in later.meetings}, "it comes again"


async def test_pages_that_repeat_themselves_come_to_an_end(site: Site) -> None:
    for number in range(250):
        site.fake.event(at(1, 8), at(1, 9), subject=f"e{number}")
    site.fake.repeat = True
    with pytest.raises(Unreachable, match="repeat themselves"):
        await look(site)
    assert len(site.fake.asked) < 10


async def test_a_link_to_another_host_is_not_followed(site: Site) -> None:
    for number in range(150):
        site.fake.event(at(1, 8), at(1, 9), subject=f"e{number}")
    site.fake._link = lambda *_: "https://graph.microsoft.com.evil.example/v1.0/me"  # type: ignore[method-assign]
    with pytest.raises(Exception, match="at another address"):
        await look(site)


async def test_throttling_is_waited_out_as_long_as_graph_says(site: Site) -> None:
    site.fake.event(at(1, 8), at(1, 9), subject="x")
    site.fake.weather = [Weather("GET", "/me/calendarView", throttled(7)) for _ in range(2)]
    assert len((await look(site)).meetings) == 1
    assert site.slept == [7.0, 7.0]


async def test_at_most_three_reads_are_out_at_once(tmp_path: Path) -> None:
    import asyncio

    class Busy(Slow, GraphFake):
        pass

    site = Site(Busy())
    site.fake.event(at(1, 8), at(1, 9), subject="x")
    link = site.link()
    await asyncio.gather(*(OutlookCalendar(link).meetings(START, END) for _ in range(8)))
    assert site.fake.most_at_once == 3  # type: ignore[attr-defined]


async def test_an_event_whose_time_cannot_be_read_takes_no_other_along(site: Site) -> None:
    site.fake.watch = lambda *_: None  # the description forbids it too
    site.fake.event(at(1, 8), at(1, 9), subject="good")
    bad = site.fake.event(at(1, 8), at(1, 9), subject="bad")
    bad["end"] = {**bad["end"], "timeZone": "Nowhere/Else"}
    with pytest.raises(PartlyRead, match="1 event cannot be read: “bad”") as told:
        await look(site)
    assert [each.title for each in told.value.meetings] == ["good"]


async def test_hostile_words_stay_words(site: Site) -> None:
    words = "Acme [/] \x1b[2J [@click=app.quit()]x[/] <b>&amp; ../../etc"
    site.fake.event(at(1, 8), at(1, 9), subject=words, attendees=[guest("a@b.example", words)])
    (meeting,) = (await look(site)).meetings
    assert meeting.title == words and meeting.attendees[1].name == words


async def test_a_sign_in_that_ended_is_said(site: Site) -> None:
    site.fake.token = "another"
    with pytest.raises(SignInNeeded):
        await look(site)


async def test_a_mailbox_that_is_not_in_the_cloud_is_said(site: Site) -> None:
    def refuse(_: int) -> None:
        raise No(404, "MailboxNotEnabledForRESTAPI", "The mailbox is hosted on-premise.")

    site.fake.between = refuse
    with pytest.raises(Exception, match="no mailbox in Exchange Online"):
        await look(site)
