"""Transcripts of Meet calls through gangly's door: matched by code and time, in the words and names of the call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from gangly_tui.connectors.engagement import google
from gangly_tui.domain.errors import ConnectorError, Refused
from gangly_tui.domain.ports import Transcript
from gangly_tui.domain.records import Meeting
from tests.connectors.google_rig import NOON, Site, site, watch_of
from tests.connectors.test_google_calendar import weather
from tests.fakes.google import Asked, refusal

CODE = "abc-defg-hij"
SAID = [("Dana Whitlock", 3.1, "Morning."), ("Robin Hale", 8.0, "Morning, Dana.")]


def meeting(
    identifier: str = "m1", start: datetime = NOON - timedelta(hours=2), code: str = CODE, **more: Any
) -> Meeting:
    where = more or {"link": f"https://meet.google.com/{code}?authuser=0"}
    return Meeting(
        id=identifier, system="microsoft", title=identifier, start=start, end=start + timedelta(minutes=30), **where
    )


async def ask(at: Site, *meetings: Meeting, known: dict[str, str] | None = None) -> list[Transcript]:
    return list(await google.open_transcripts(at.link()).transcripts(meetings, known or {}))


@pytest.mark.shared
async def test_what_was_said_comes_with_names_and_times() -> None:
    at = site()
    at.fake.meet.held(CODE, NOON - timedelta(hours=2), 28, SAID)
    (found,) = await ask(at, meeting())
    assert found.meeting_id == "m1"
    assert found.text.splitlines() == [
        "WEBVTT",
        "",
        "00:00:03.100 --> 00:00:07.100",
        "<v Dana Whitlock>Morning.",
        "",
        "00:00:08.000 --> 00:00:12.000",
        "<v Robin Hale>Morning, Dana.",
    ]
    assert await ask(at, meeting(), known={"m1": found.version}) == []
    assert watch_of(at.fake).checked == 2 * len(at.fake.asked)


async def test_a_code_used_every_week_is_told_apart_by_the_time() -> None:
    at = site()
    for days in (0, 7, 14):
        at.fake.meet.held(CODE, NOON - timedelta(days=days, hours=2), 20, [("Dana", 1.0, f"{days} days ago")])
    found = await ask(at, *(meeting(f"w{days}", NOON - timedelta(days=days, hours=2)) for days in (0, 7)))
    assert {each.meeting_id: each.text.splitlines()[-1] for each in found} == {
        "w0": "<v Dana>0 days ago",
        "w7": "<v Dana>7 days ago",
    }


async def test_a_call_in_pieces_is_one_transcript_and_a_new_piece_a_new_version() -> None:
    at = site()
    first = at.fake.meet.held(CODE, NOON - timedelta(hours=2), 5, [("Dana", 1.0, "one")])
    (before,) = await ask(at, meeting())
    at.fake.meet.held(CODE, NOON - timedelta(hours=2) + timedelta(minutes=10), 5, [("Dana", 1.0, "two")])
    (after,) = await ask(at, meeting(), known={"m1": before.version})
    assert after.version != before.version
    assert [each for each in after.text.splitlines() if "-->" in each] == [
        "00:00:01.000 --> 00:00:05.000",
        "00:10:01.000 --> 00:10:05.000",
    ]
    assert after.text.count("WEBVTT") == 1 and first.name


async def test_nothing_is_asked_when_no_meeting_is_in_meet_or_none_has_begun() -> None:
    at = site()
    zoom = meeting(link="https://acme.zoom.us/j/91234567890")
    assert await ask(at, zoom, meeting(start=NOON + timedelta(hours=1))) == [] and at.fake.asked == []


async def test_a_transcript_that_is_not_done_is_waited_for() -> None:
    at = site()
    call = at.fake.meet.held(CODE, NOON - timedelta(hours=2), 28, SAID, state="STARTED")
    assert await ask(at, meeting()) == []
    call.state = "ENDED"
    assert len(await ask(at, meeting())) == 1


@pytest.mark.parametrize(("kind", "name"), [("anonymousUser", "Dana"), ("phoneUser", "+1 (***) ***-12")])
async def test_those_who_are_not_signed_in_have_the_name_that_meet_showed(kind: str, name: str) -> None:
    at = site()
    at.fake.meet.held(CODE, NOON - timedelta(hours=2), 28, [(name, 0.0, "Hello.")], kind=kind)
    (found,) = await ask(at, meeting())
    assert f"<v {name}>Hello." in found.text


async def test_hostile_words_stay_words() -> None:
    at = site()
    words = "x\n\n00:00:00.000 --> 99:00:00.000\n<v Robin Hale>I agree to everything [/]"
    at.fake.meet.held(CODE, NOON - timedelta(hours=2), 28, [("Eve\n<v Robin>: ", 0.0, words)])
    (found,) = await ask(at, meeting())
    assert found.text.count("-->") == 1 and found.text.count("<v ") == 1


async def test_long_calls_come_page_by_page() -> None:
    at = site()
    at.fake.meet.held(CODE, NOON - timedelta(hours=2), 28, [("Dana", each, f"line {each}") for each in range(950)])
    (found,) = await ask(at, meeting())
    assert found.text.count("<v Dana>") == 950


async def test_one_call_that_cannot_be_had_takes_no_other_along() -> None:
    at = site()
    at.fake.meet.held(CODE, NOON - timedelta(hours=2), 28, SAID)
    at.fake.meet.held("xyz-xyzx-xyz", NOON - timedelta(hours=2), 28, SAID)
    entries = "/v2/conferenceRecords/c0/transcripts/t0/entries"
    at.fake.weather.append(weather("GET", entries, refusal(403, "forbidden", "Permission denied")))
    both = (meeting("one"), meeting("two", code="xyz-xyzx-xyz"))
    (found,) = await ask(at, *both)
    assert found.meeting_id == "two"
    at.fake.weather.append(weather("GET", entries, refusal(403, "forbidden", "Permission denied")))
    with pytest.raises(Refused, match="does not permit"):
        await ask(at, *both, known={"two": found.version})


async def test_an_api_that_is_off_is_said() -> None:
    at = site(switched_off={"meet"})
    with pytest.raises(ConnectorError, match="not switched on"):
        await ask(at, meeting())


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"location": "https://meet.google.com/ABC-defg-hij"}, CODE),
        ({"description": f"Join: https://meet.google.com/{CODE}."}, CODE),
        ({"description": 'https://meet.google.com/lookup/abc" OR start_time > "2000'}, ""),
        ({"description": "https://evil.example/meet.google.com/abc-defg-hij"}, ""),
    ],
)
def test_the_code_is_found_where_it_is_told(where: dict[str, str], code: str) -> None:
    from gangly_tui.connectors.engagement.google_meet import code_of

    assert code_of(meeting(**where)) == code


@pytest.mark.shared
async def test_the_contract_would_notice_a_wrong_request_and_a_wrong_answer() -> None:
    watch = watch_of(site().fake)
    headers = {"authorization": "Bearer t"}
    asked = Asked(method="GET", path="/v2/conferenceRecords", query="pagesize=x", headers=headers, body=None)
    assert "pagesize" in " ".join(watch.of(asked.path).request(asked))
    assert watch.of(asked.path).answer(asked, 200, {"conferenceRecords": [{"name": 5}]})
