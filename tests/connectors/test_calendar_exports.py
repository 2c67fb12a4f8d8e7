"""What three calendar programs write, read as meetings: Google, Outlook, Apple."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.files import PRIVATE_TITLE
from gangly_tui.domain.records import Attendee, Meeting
from tests.connectors.calendars import exported, look


def times(found: list[Meeting], title: str) -> list[str]:
    return [f"{each.start:%m-%d %H:%M}–{each.end:%H:%M}" for each in found if each.title == title]


@pytest.fixture
def google(tmp_path: Path) -> list[Meeting]:
    return look(exported(tmp_path, "google"), "2026-09-20", "2026-10-16")


@pytest.fixture
def outlook(tmp_path: Path) -> list[Meeting]:
    return look(exported(tmp_path, "outlook"), "2026-10-20", "2026-12-01")


@pytest.fixture
def apple(tmp_path: Path) -> list[Meeting]:
    return look(exported(tmp_path, "apple"), "2026-10-25", "2026-11-03")


def test_google_series_with_a_hole_a_moved_and_a_cancelled_instance(google: list[Meeting]) -> None:
    assert times(google, "Acme, weekly") == ["09-29 09:00–09:30", "10-01 09:00–09:30"]
    assert times(google, "Acme, weekly (moved)") == ["09-25 11:00–11:45"]
    weekly = [each for each in google if each.title.startswith("Acme, weekly")]
    assert [each.cancelled for each in weekly] == [False, True, False, False, False]
    assert len({each.id for each in weekly}) == 5
    moved = next(each for each in weekly if "moved" in each.title)
    assert moved.id.endswith("-20260922T0700Z"), "a moved instance keeps the id of the day it was planned for"


def test_google_changed_from_now_on_is_still_the_same_series(google: list[Meeting]) -> None:
    assert times(google, "Acme, weekly (an hour later from now on)") == ["10-06 10:00–10:30", "10-13 10:00–10:30"]
    assert len({each.series_id for each in google if each.title.startswith("Acme, weekly")}) == 1
    assert {each.series_id for each in google if not each.title.startswith("Acme, weekly")} == {""}


def test_google_people_with_and_without_names_and_the_room(google: list[Meeting]) -> None:
    meeting = next(each for each in google if each.title == "Acme, weekly" and not each.cancelled)
    assert meeting.attendees == (
        Attendee(name="Robin Hale", email="robin@seller.com", organizer=True, response="accepted"),
        Attendee(name="", email="ada@acme.de", response=""),
        Attendee(name="Lind, Bo", email="bo@acme.de", response="tentative"),
        Attendee(
            name="Berlin-4-Spree (8)",
            email="c_188@resource.calendar.google.com",
            response="accepted",
            resource=True,
        ),
    )
    assert meeting.link == "https://meet.google.com/abc-defg-hij"


def test_google_all_day_spans_local_midnights(google: list[Meeting]) -> None:
    (offsite,) = [each for each in google if each.all_day]
    assert (str(offsite.start), str(offsite.end)) == ("2026-09-23 00:00:00+02:00", "2026-09-25 00:00:00+02:00")


def test_google_zoom_in_the_location_and_an_organizer_without_an_address(google: list[Meeting]) -> None:
    (kickoff,) = [each for each in google if each.title == "Acme: kick-off"]
    assert kickoff.link == "https://us02web.zoom.us/j/85012345678?pwd=aB3"
    assert kickoff.attendees == ()


def test_what_is_private_says_only_when(google: list[Meeting], outlook: list[Meeting]) -> None:
    for found in (google, outlook):
        (private,) = [each for each in found if each.private]
        assert private.title == PRIVATE_TITLE
        assert (private.description, private.location, private.link, private.attendees) == ("", "", "", ())


def test_outlook_zone_names_and_the_end_of_summer_time(outlook: list[Meeting]) -> None:
    offer = [each for each in outlook if each.title == "Angebot Müller & Söhne"]
    assert [each.start.isoformat() for each in offer] == [
        "2026-10-21T14:00:00+02:00",
        "2026-10-28T14:00:00+01:00",
        "2026-11-11T14:00:00+01:00",
        "2026-11-18T14:00:00+01:00",
    ]
    assert offer[0].link.startswith("https://teams.microsoft.com/l/meetup-join/19%3ameeting_")
    assert [(each.name, each.email, each.resource) for each in offer[0].attendees] == [
        ("Ada Lind", "ada@acme.de", False),
        ("Raum Spree", "spree@seller.com", True),
        ("Kim", "", False),
        ("Robin Hale", "robin@seller.com", False),
    ]


def test_outlook_customised_and_unknown_zones(outlook: list[Meeting]) -> None:
    assert times(outlook, "Pune office") == ["10-22 09:00–09:45"], "12:30 at +05:30"
    assert times(outlook, "In a zone nobody knows") == ["10-23 09:00–09:30"], "read as the rep's own time"


def test_outlook_all_day_and_the_last_working_day_of_the_month(outlook: list[Meeting]) -> None:
    (fair,) = [each for each in outlook if each.all_day]
    assert (fair.title, fair.start.hour, (fair.end - fair.start).days) == ("Messe", 0, 1)
    assert times(outlook, "Month end") == ["10-30 16:00–16:30", "11-30 16:00–16:30"]


def test_apple_addresses_behind_principals_and_new_york_in_berlin(apple: list[Meeting]) -> None:
    rollout = [each for each in apple if each.title == "Fenwick 🥛 rollout"]
    assert [f"{each.start:%d %H:%M}" for each in rollout] == [f"{day} 15:00" for day in range(26, 31)]
    assert [each.email for each in rollout[0].attendees] == ["grace@fenwick.com", "robin@seller.com"]
    assert rollout[0].location == "Fenwick Dairy\n12 Mill Lane, Albany"


def test_apple_floating_endless_picked_and_momentary(apple: list[Meeting]) -> None:
    assert times(apple, "Lunch, wherever I am") == ["10-27 12:00–13:00"]
    assert times(apple, "A moment") == ["10-30 20:00–20:00"]
    picked = [each for each in apple if each.title == "Three dates picked by hand"]
    assert times(apple, "Three dates picked by hand") == ["10-29 14:00–14:30", "10-30 16:00–16:30", "10-31 17:00–17:30"]
    assert {each.link for each in picked} == {"https://meet.jit.si/fenwick"} and len(
        {each.series_id for each in picked}
    ) == 1
    (day,) = [each for each in apple if each.all_day]
    assert (day.end - day.start).days == 1
