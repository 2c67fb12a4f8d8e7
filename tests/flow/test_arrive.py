"""Texts that arrive in the watched folder: each is taken once, to the meeting it is of, or a person is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.watched import WatchedFolder
from gangly_tui.domain.records import Attendee
from gangly_tui.flow.capture import keep_file, sources
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import engagement
from gangly_tui.store.mail import mails_with
from tests.connectors.test_watched import MAIL
from tests.flow.conftest import CALL, House, build


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = build(tmp_path)
    (tmp_path / "calls").mkdir()
    yield made
    made.desk.close()


def watching(house: House, tmp_path: Path) -> Desk:
    desk = house.desk
    folder = WatchedFolder(tmp_path / "calls", desk.settings.timezone, user_email=desk.settings.user_email)
    return replace(desk, watched=folder, calendars=(*desk.calendars, folder), mailboxes=(folder,))


def put(tmp_path: Path, name: str, text: str | bytes, at: datetime) -> Path:
    path = tmp_path / "calls" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (at.timestamp(),) * 2)
    return path


SAVED = CALL + timedelta(minutes=40)


async def test_a_transcript_is_taken_once_and_its_file_stays(house: House, tmp_path: Path) -> None:
    path = put(tmp_path, "transcript.vtt", "WEBVTT\n\nAda: we can sign", SAVED)
    desk = watching(house, tmp_path)
    report = await pull(desk)
    assert (report.transcripts, report.asks, report.problems) == (1, (), ())
    assert engagement.transcript_of(desk.db, "m1") == "WEBVTT\n\nAda: we can sign"
    again = await pull(watching(house, tmp_path))  # the app was started anew
    assert (again.transcripts, again.asks) == (0, ())
    assert path.read_text() == "WEBVTT\n\nAda: we can sign"
    path.rename(path.with_name("copy.vtt"))
    assert (await pull(watching(house, tmp_path))).transcripts == 0


async def test_a_second_text_of_a_meeting_lies_beside_the_first_and_the_reps_own_page_is_left(
    house: House, tmp_path: Path
) -> None:
    put(tmp_path, "Acme 1.vtt", "WEBVTT\n\none", SAVED)
    put(tmp_path, "2026-09-23 Acme.txt", "two", SAVED)
    desk = watching(house, tmp_path)
    assert (await pull(desk)).transcripts == 2
    found = {each.source: each.text for each in sources(desk, "m1")}
    assert found["notes"] == "" and set(found.values()) == {"", "WEBVTT\n\none", "two"}


async def test_two_that_fit_are_asked_about_until_somebody_opens_it(house: House, tmp_path: Path) -> None:
    house.calendar.found.append(
        replace(house.calendar.found[0], id="m2", title="Globex", attendees=(Attendee(email="x@globex.example"),))
    )
    put(tmp_path, "call.vtt", "WEBVTT\n\nwhose?", SAVED)
    desk = watching(house, tmp_path)
    for _ in range(2):
        report = await pull(desk)
        (ask,) = report.asks
        assert report.problems == () and "call.vtt may be of “Acme: platform” 14:00 or “Globex” 14:00" in ask
    assert engagement.transcript_versions(desk.db, ["m1", "m2"]) == {}
    keep_file(desk, "m2", "call.vtt", "WEBVTT\n\nwhose?")
    assert (await pull(desk)).asks == ()
    assert (await pull(watching(house, tmp_path))).asks == ()


async def test_what_fits_none_is_asked_about_while_it_is_new(house: House, tmp_path: Path) -> None:
    put(tmp_path, "lonely.vtt", "WEBVTT\n\nx", CALL - timedelta(days=3))
    put(tmp_path, "archive.vtt", "WEBVTT\n\ny", CALL - timedelta(days=30))
    (ask,) = (await pull(watching(house, tmp_path))).asks
    assert "lonely.vtt fits no meeting" in ask


async def test_what_cannot_be_read_is_said_once(house: House, tmp_path: Path) -> None:
    put(tmp_path, "empty\x1b[2J.vtt", "", SAVED)
    desk = watching(house, tmp_path)
    (ask,) = (await pull(desk)).asks
    assert "is empty" in ask and "\x1b" not in ask
    assert (await pull(desk)).asks == ()


async def test_a_folder_that_is_gone_is_a_problem_and_costs_no_other_part(house: House, tmp_path: Path) -> None:
    (tmp_path / "calls").rmdir()
    report = await pull(watching(house, tmp_path))
    assert report.meetings == 1 and all("cannot be read" in each for each in report.problems)


async def test_a_kill_before_it_is_kept_takes_nothing_and_it_comes_the_next_time(house: House, tmp_path: Path) -> None:
    put(tmp_path, "transcript.vtt", "WEBVTT\n\nx", SAVED)

    class Killed(Exception):
        pass

    def die(point: str) -> None:
        if point == "arrive.before-commit":
            raise Killed

    with pytest.raises(Killed):
        await pull(replace(watching(house, tmp_path), at_point=die))
    assert engagement.transcript_of(house.desk.db, "m1") is None
    assert (await pull(watching(house, tmp_path))).transcripts == 1


async def test_calendars_and_mails_in_it_come_with_the_pull_and_go_with_their_file(
    house: House, tmp_path: Path
) -> None:
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:n\nSUMMARY:New\n"
    text += "DTSTART:20260924T090000Z\nDURATION:PT1H\n"
    one = put(tmp_path, "new.ics", text + "END:VEVENT\nEND:VCALENDAR\n", SAVED)
    put(tmp_path, "one.eml", MAIL, SAVED)
    desk = watching(house, tmp_path)
    report = await pull(desk)
    assert (report.meetings, report.mails, report.problems) == (2, 1, ())
    assert len(mails_with(desk.db, ["ada@acme.example"], since=CALL - timedelta(days=1), limit=5)) == 1
    one.unlink()
    await pull(desk)
    found = engagement.meetings_between(desk.db, CALL, CALL + timedelta(days=2))
    assert [each.title for each in found] == ["Acme: platform"]
