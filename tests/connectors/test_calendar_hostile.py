"""Calendars that are broken or meant to harm: a sentence, in bounded time, and the other meetings still come."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gangly_tui.connectors.engagement import calendar_apart, calendar_read
from gangly_tui.connectors.engagement.files import CalendarFile
from gangly_tui.domain.errors import InputError, PartlyRead
from tests.connectors.calendars import BERLIN, EXPORTS, calendar, look, look_anyway, midnight, saved
from tests.patience import computing_at_most

FINE = "UID:fine\nSUMMARY:Fine\nDTSTART:20260105T080000Z\nDTEND:20260105T083000Z"
DAYS = ("2026-01-05", "2026-01-19")


def repeating(rule: str, start: str = "19700101T000000Z", uid: str = "evil", more: str = "") -> str:
    return f"UID:{uid}\nSUMMARY:Evil [red]x[/] \x1b[2J\nDTSTART:{start}\nDURATION:PT1S\nRRULE:{rule}\n{more}"


@pytest.mark.parametrize(
    "event",
    [
        repeating("FREQ=SECONDLY"),
        repeating("FREQ=MINUTELY;BYSECOND=0,1,2,3,4,5,6,7,8,9"),
        repeating("FREQ=DAILY;INTERVAL=0"),
        repeating("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
    ],
    ids=["every second", "ten a minute", "no interval", "a second that never comes"],
)
def test_a_series_without_end_is_given_up_and_named_and_the_others_come(tmp_path: Path, event: str) -> None:
    found, said = look_anyway(saved(tmp_path, calendar(FINE, event)), *DAYS)
    assert "Fine" in [each.title for each in found]
    assert "1 event cannot be read" in said and "Evil" in said and "export it again" in said
    assert "\x1b" not in said


def test_several_such_series_cost_no_more_than_three_processes_of_two_seconds(tmp_path: Path) -> None:
    assert (calendar_apart.SECONDS, calendar_apart._PROCESSES) == (2.0, 3)
    events = [repeating("FREQ=SECONDLY", uid=f"evil{number}") for number in range(6)]
    found, said = look_anyway(saved(tmp_path, calendar(*events, FINE)), *DAYS)
    assert [each.title for each in found] == ["Fine"] and "6 events cannot be read" in said and "3 more" in said


def test_an_odd_series_that_ends_soon_is_worked_out_apart(tmp_path: Path) -> None:
    event = "UID:x\nSUMMARY:Shift\nDTSTART:20260105T080000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY;INTERVAL=8;COUNT=4"
    found = look(saved(tmp_path, calendar(FINE, event)), *DAYS)
    assert [each.title for each in found] == ["Fine", "Shift", "Shift", "Shift", "Shift"]
    assert len({each.id for each in found}) == 5


def test_a_process_that_cannot_start_is_an_event_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar_apart.sys, "executable", "/bin/false")
    found, said = look_anyway(saved(tmp_path, calendar(FINE, repeating("FREQ=HOURLY"))), *DAYS)
    assert [each.title for each in found] == ["Fine"] and "cannot be read" in said


def test_the_event_loop_goes_on_while_a_calendar_is_read(tmp_path: Path) -> None:
    reader = CalendarFile(saved(tmp_path, calendar(FINE, repeating("FREQ=SECONDLY"))), BERLIN)

    async def both() -> int:
        task = asyncio.create_task(reader.meetings(midnight(DAYS[0]), midnight(DAYS[1])))
        beats = 0
        while not task.done():
            await asyncio.sleep(0.01)
            beats += 1
        with pytest.raises(PartlyRead):
            await task
        return beats

    assert asyncio.run(both()) > 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a calendar"),
        (b"hello, this is a letter", "not a calendar"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "picture"),
        (b"<!DOCTYPE html><title>Sign in</title>", "not a calendar"),
        (b"BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD\r\n", "not a calendar"),
        (b"\xff\xfe\x00", "not valid utf-16"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 100_000, "without end"),
        (b"x" * (10 * 1024 * 1024 + 1), "10 MiB"),
    ],
    ids=["empty", "letter", "picture", "sign-in page", "card", "half a letter", "nested", "large"],
)
def test_what_is_no_calendar_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "work.ics"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        CalendarFile(path).check()
    assert not isinstance(refused.value, PartlyRead)


def test_more_events_than_any_calendar_has_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, calendar(*(f"UID:{number}\nDTSTART:20200101" for number in range(10_001))))
    with pytest.raises(InputError, match="more than 10,000 events") as refused:
        look(path, *DAYS)
    assert "shorter" in refused.value.fix


def test_ten_thousand_old_meetings_cost_little(tmp_path: Path) -> None:
    events = [
        f"UID:{n}\nSUMMARY:Old\nDTSTART:2019{1 + n % 12:02}{1 + n % 28:02}T080000Z\nDURATION:PT1H" for n in range(9_000)
    ]
    ended = "UID:w{}\nDTSTART:20190107T080000Z\nDTEND:20190107T090000Z\nRRULE:FREQ=WEEKLY;UNTIL=20190601T000000Z"
    path = saved(tmp_path, calendar(*events, *(ended.format(n) for n in range(900)), FINE))
    with computing_at_most(30):
        (found,) = [each for each in look_anyway(path, *DAYS)[0] if each.title == "Fine"]
    assert found.title == "Fine"


def test_more_instances_than_fit_are_cut_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_read, "MAX_INSTANCES", 5)
    event = FINE + "\nRRULE:FREQ=DAILY"
    found, said = look_anyway(saved(tmp_path, calendar(event)), *DAYS)
    assert len(found) == 5 and "more than 5 meetings" in said


def test_a_file_that_was_cut_off_gives_what_is_whole(tmp_path: Path) -> None:
    text = calendar(FINE, FINE.replace("fine", "second"))
    found, said = look_anyway(saved(tmp_path, text[: text.rindex("DTEND")]), *DAYS)
    assert len(found) == 1 and "ends in the middle" in said and "export it again" in said


@pytest.mark.parametrize(
    "event",
    [
        "UID:x\nSUMMARY:Bad",
        "UID:x\nSUMMARY:Bad\nDTSTART:soon",
        "UID:x\nSUMMARY:Bad\nDTSTART:20260199T080000Z",
        "UID:x\nSUMMARY:Bad\nDTSTART:20260105T080000Z\nRRULE:FREQ=WEEKLY;BYDAY=XX",
        "UID:x\nSUMMARY:Bad\nDTSTART:20260105T080000Z\nRRULE:",
        "UID:x\nSUMMARY:Bad\nDTSTART:20260105T080000Z\nRRULE:FREQ=WEEKLY\nEXDATE:never",
        "UID:x\nSUMMARY:Bad\nDTSTART:20260105T080000Z\nDTEND;VALUE=DATE:soon",
        "UID:x\nSUMMARY:Bad\nDTSTART:00010101T000000Z\nRRULE:FREQ=DAILY\nDURATION:-P9999W",
    ],
)
def test_one_bad_event_does_not_take_the_others_along(tmp_path: Path, event: str) -> None:
    found, said = look_anyway(saved(tmp_path, calendar(FINE, event, FINE.replace("fine", "last"))), *DAYS)
    assert [each.title for each in found if each.title == "Fine"] == ["Fine", "Fine"]
    assert said == "" or "Bad" in said


def test_what_people_write_into_an_event_stays_text(tmp_path: Path) -> None:
    hostile = "[red]x[/] [@click=app.quit()]y[/] \x1b[2J \u202egro.live 🦔" + "A" * 10_000
    event = f'UID:x\nSUMMARY:{hostile}\nDTSTART:20260105T080000Z\nATTENDEE;CN="{hostile}":mailto:a@b.com'
    (found,) = look(saved(tmp_path, calendar(event)), *DAYS)
    assert found.title == hostile and found.attendees[0].email == "a@b.com"
    assert "\x1b" not in found.attendees[0].name and found.attendees[0].name.startswith("[red]x[/]")
    many = "\n".join(f"ATTENDEE:mailto:p{number}@b.com" for number in range(2_000))
    (crowd,) = look(saved(tmp_path, calendar(f"UID:x\nDTSTART:20260105T080000Z\n{many}")), *DAYS)
    assert len(crowd.attendees) == 500


TEXTS = [path.read_text(encoding="utf-8") for path in sorted(EXPORTS.glob("*.ics"))]
WORDS = (
    "BEGIN:VEVENT END:VEVENT END:VCALENDAR RRULE:FREQ=DAILY DTSTART:99991231T235959Z DTSTART:00010101 EXDATE: "
    "RECURRENCE-ID:20261021T120000Z DTEND:19700101 UID: TZID:x RDATE;VALUE=PERIOD:20261021T120000Z/P1D ATTENDEE: "
    "SEQUENCE:-9999999999999999 DURATION:P99999999999D STATUS ;;;: =x:"
).split()


def mutated(text: str, chance: random.Random) -> str:
    """The text with some lines lost, doubled, swapped, replaced or with a letter changed."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 12)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(other, lines[at])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines.insert(at, chance.choice(WORDS))
            case 4:
                line = lines[at]
                spot = chance.randrange(len(line) + 1)
                lines[at] = line[:spot] + chance.choice(';:=,"\\0\0\t\u202eé9ZT-') + line[spot + 1 :]
            case _:
                lines[at] = lines[at].partition(":")[0] + ":" + lines[other].partition(":")[2]
    return "\n".join(lines)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.sampled_from(TEXTS), seed=st.integers(0, 2**32))
def test_whatever_happened_to_a_calendar_it_ends_with_meetings_or_a_sentence(
    tmp_path: Path, text: str, seed: int
) -> None:
    path = saved(tmp_path, mutated(text, random.Random(seed)))
    try:
        found, said = look_anyway(path, "2026-09-20", "2026-11-20")
    except InputError as error:
        assert str(error)
    else:
        assert len({each.id for each in found}) == len(found)
        assert all(each.start <= each.end and each.start.tzinfo for each in found)
        assert "\0" not in said
