"""Which recording is which meeting's, whatever calendar the meeting stands in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gangly_tui.connectors.engagement.zoom_match import joined, number_of
from tests.connectors.zoom_rig import NOW, VTT, Site, call, meeting
from tests.fakes.zoom import ZoomFake


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"link": "https://us06web.zoom.us/j/81234567890?pwd=x"}, "81234567890"),
        ({"link": "https://acme.zoom.us/wc/join/812345678"}, "812345678"),
        ({"link": "https://zoom.us/w/81234567890"}, "81234567890"),
        ({"link": "", "location": "Zoom: https://zoom.us/j/81234567890"}, "81234567890"),
        ({"link": "", "description": "Join Zoom Meeting\nMeeting ID: 812 3456 7890\nPasscode: 1"}, "81234567890"),
        ({"link": "https://zoom.us/my/robin.hale"}, "5551234567"),
        ({"link": "https://zoom.us/my/somebody.else"}, ""),
        ({"link": "https://meet.google.com/abc-defg-hij"}, ""),
        ({"link": "https://zoom.us.evil.example/j/81234567890"}, ""),
        ({"link": "", "description": "Meeting ID: 812 3456 7890 in Webex"}, ""),
        ({"link": "https://zoom.us/j/123"}, ""),
    ],
)
def test_the_number_in_an_invitation(fields: dict[str, Any], number: str) -> None:
    known = {"robin.hale": "5551234567"}
    assert number_of(meeting(**fields), lambda name: known.get(name, "")) == number


async def test_a_personal_link_is_matched_by_the_reps_own_number() -> None:
    site = Site(ZoomFake(calls=[call("5551234567"), call("5551234567", hour=11)]))
    own = meeting("https://us06web.zoom.us/my/Robin.Hale?pwd=x")
    assert set(await site.look(own)) == {"m-9"}
    assert set(await site.look(meeting("https://zoom.us/my/somebody"))) == set()


async def test_the_same_number_all_day_goes_to_the_meeting_it_shares_most_time_with() -> None:
    late = call(hour=9.35, minutes=12, text=VTT.replace("sign", "late"))
    early = call(hour=9.98, minutes=28, text=VTT.replace("sign", "early"))
    site = Site(ZoomFake(calls=[early, late]))
    meetings = [meeting(hour=9), meeting(hour=9.5), meeting(hour=10)]
    found = await site.look(*meetings)
    assert set(found) == {"m-9", "m-10"}
    assert "late" in found["m-9"].text and "early" in found["m-10"].text


async def test_another_day_of_the_series_is_not_this_one() -> None:
    yesterday = call()
    yesterday.start -= timedelta(days=1)
    assert await Site(ZoomFake(calls=[yesterday])).look(meeting()) == {}


async def test_the_same_meeting_in_two_calendars_has_it_twice_and_is_fetched_once() -> None:
    site = Site(ZoomFake(calls=[call()]))
    found = await site.look(meeting(id="a"), meeting(id="b", system="google"))
    assert set(found) == {"a", "b"}
    assert len([each for each in site.fake.asked if "/rec/" in each.path]) == 1


async def test_a_call_in_two_pieces_is_one_text_whose_times_go_on() -> None:
    site = Site(ZoomFake(calls=[call(minutes=10), call(hour=9.25, minutes=10, text=VTT.replace("sign", "go on"))]))
    text = (await site.look(meeting()))["m-9"].text
    assert text.count("WEBVTT") == 1 and text.index("sign") < text.index("go on")
    assert "00:15:03.100 --> 00:15:07.900" in text


def test_joining_keeps_what_has_no_hours_and_what_is_no_vtt() -> None:
    text = joined(
        [(NOW, "WEBVTT\n\n00:01.000 --> 00:02.000\na\n"), (NOW + timedelta(hours=1), "00:01.000 --> 00:02.5\nb")]
    )
    assert text.endswith("00:01.000 --> 00:02.5\nb\n")
    text = joined([(NOW, "WEBVTT\n\na\n"), (NOW + timedelta(hours=1), "WEBVTT\n\n00:01.000 --> 00:02.500\nb\n")])
    assert "01:00:01.000 --> 01:00:02.500" in text
