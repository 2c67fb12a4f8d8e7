"""Calendar files in a pull: one that is broken takes no other along, and what was there is not lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.files import CalendarFile
from gangly_tui.flow.capture import autosave, open_notes
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import engagement
from tests.connectors.calendars import BERLIN, calendar, saved
from tests.flow.conftest import build

CALL = "UID:{}\nSUMMARY:{}\nDTSTART:20260923T140000Z\nDTEND:20260923T143000Z"
EVIL = "UID:evil\nSUMMARY:Evil\nDTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    house = build(tmp_path)
    yield house.desk
    house.desk.close()


def with_files(desk: Desk, *paths: Path) -> Desk:
    return replace(desk, calendars=tuple(CalendarFile(each, BERLIN) for each in paths))


def titles(desk: Desk) -> list[str]:
    now = desk.now()
    found = engagement.meetings_between(desk.db, now - timedelta(days=1), now + timedelta(days=1))
    return sorted(each.title for each in found)


async def test_two_files_do_not_push_each_others_meetings_out(desk: Desk, tmp_path: Path) -> None:
    both = with_files(
        desk,
        saved(tmp_path, calendar(CALL.format("a", "Acme")), "a.ics"),
        saved(tmp_path, calendar(CALL.format("b", "Globex")), "b.ics"),
    )
    for _ in range(2):
        report = await pull(both)
        assert (report.meetings, report.problems) == (2, ())
        assert titles(both) == ["Acme", "Globex"]


@pytest.mark.parametrize("content", ["hello", ""])
async def test_a_broken_file_is_named_and_its_meetings_and_the_other_file_stay(
    desk: Desk, tmp_path: Path, content: str
) -> None:
    both = with_files(
        desk,
        saved(tmp_path, calendar(CALL.format("a", "Acme")), "a.ics"),
        saved(tmp_path, calendar(CALL.format("b", "Globex")), "b.ics"),
    )
    await pull(both)
    saved(tmp_path, content, "a.ics")
    report = await pull(both)
    (problem,) = report.problems
    assert problem.startswith("a.ics#") and "not a calendar" in problem and "export" in problem
    assert titles(both) == ["Acme", "Globex"]


async def test_one_event_that_cannot_be_read_is_told_and_loses_nothing(desk: Desk, tmp_path: Path) -> None:
    one = with_files(desk, saved(tmp_path, calendar(CALL.format("a", "Acme")), "a.ics"))
    await pull(one)
    saved(tmp_path, calendar(CALL.format("b", "Globex"), EVIL), "a.ics")
    report = await pull(one)
    assert report.meetings == 1 and "1 event cannot be read: “Evil”" in report.problems[0]
    assert titles(one) == ["Acme", "Globex"], "what is gone is only known when the whole file is read"
    saved(tmp_path, calendar(CALL.format("b", "Globex")), "a.ics")
    await pull(one)
    assert titles(one) == ["Globex"]


async def test_a_calendar_that_is_not_connected_any_more_takes_its_meetings_along_but_for_those_with_notes(
    desk: Desk, tmp_path: Path
) -> None:
    first = with_files(
        desk, saved(tmp_path, calendar(CALL.format("a", "Acme"), CALL.format("n", "With notes")), "a.ics")
    )
    await pull(first)
    now = first.now()
    noted = next(
        each
        for each in engagement.meetings_between(first.db, now - timedelta(days=1), now + timedelta(days=1))
        if each.title == "With notes"
    )
    autosave(first, replace(open_notes(first, noted.id), text="They will sign."))
    second = with_files(desk, saved(tmp_path, calendar(CALL.format("b", "Globex")), "b.ics"))
    await pull(second)
    assert titles(second) == ["Globex", "With notes"]


async def test_a_moved_meeting_keeps_its_notes(desk: Desk, tmp_path: Path) -> None:
    one = with_files(desk, saved(tmp_path, calendar(CALL.format("a", "Acme")), "a.ics"))
    await pull(one)
    (meeting,) = engagement.meetings_between(one.db, one.now() - timedelta(days=1), one.now() + timedelta(days=1))
    autosave(one, replace(open_notes(one, meeting.id), text="They will sign."))
    saved(tmp_path, calendar(CALL.format("a", "Acme").replace("20260923", "20260924")), "a.ics")
    await pull(one)
    moved = engagement.get_meeting(one.db, meeting.id)
    assert moved is not None and moved.start.day == 24
    assert open_notes(one, meeting.id).text == "They will sign."
