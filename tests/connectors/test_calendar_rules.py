"""The rules of reading a calendar: zones, summer time, windows, ids that stay, links that are calls."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gangly_tui.connectors.engagement import files
from gangly_tui.connectors.engagement.calendar_cut import cut, series_near
from gangly_tui.connectors.engagement.files import CalendarFile
from gangly_tui.domain.errors import InputError
from tests.connectors.calendars import BERLIN, calendar, exported, look, midnight, saved

NEW_YORK = ZoneInfo("America/New_York")
WEEKLY = "UID:w\nSUMMARY:Weekly\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T093000\n"


@pytest.mark.parametrize(
    ("start", "zone", "expected"),
    [
        ("DTSTART:20260329T013000Z", BERLIN, "2026-03-29T03:30:00+02:00"),
        ("DTSTART;TZID=Europe/Berlin:20261025T023000", BERLIN, "2026-10-25T02:30:00+02:00"),
        ("DTSTART;TZID=America/New_York:20261101T090000", BERLIN, "2026-11-01T15:00:00+01:00"),
        (
            "DTSTART;TZID=/freeassociation.sourceforge.net/Asia/Tokyo:20260601T090000",
            BERLIN,
            "2026-06-01T02:00:00+02:00",
        ),
        ("DTSTART;TZID=Eastern Standard Time:20260601T090000", BERLIN, "2026-06-01T15:00:00+02:00"),
        ("DTSTART:20260601T090000", NEW_YORK, "2026-06-01T09:00:00-04:00"),
        ("DTSTART;TZID=../../etc/passwd:20260601T090000", BERLIN, "2026-06-01T09:00:00+02:00"),
        ("DTSTART;VALUE=DATE:20260329", BERLIN, "2026-03-29T00:00:00+01:00"),
    ],
)
def test_a_start_in_any_zone_is_shown_in_the_reps(tmp_path: Path, start: str, zone: ZoneInfo, expected: str) -> None:
    path = saved(tmp_path, calendar(f"UID:x\n{start}\nDURATION:PT1H" if "DATE" not in start else f"UID:x\n{start}"))
    (found,) = look(path, "2026-01-01", "2026-12-31", zone)
    assert found.start.isoformat() == expected


def test_the_day_that_summer_time_begins_has_23_hours(tmp_path: Path) -> None:
    (day,) = look(saved(tmp_path, calendar("UID:x\nDTSTART;VALUE=DATE:20260329")), "2026-03-01", "2026-04-30")
    assert day.end.timestamp() - day.start.timestamp() == 23 * 3600


def test_a_series_keeps_its_wall_time_over_both_changes(tmp_path: Path) -> None:
    found = look(saved(tmp_path, calendar(WEEKLY + "RRULE:FREQ=WEEKLY")), "2026-01-01", "2027-01-01")
    assert len(found) == 52
    assert {f"{each.start:%H:%M}" for each in found} == {"09:00"}
    assert {each.start.utcoffset() for each in found} == {
        datetime(2026, month, 1, tzinfo=BERLIN).utcoffset() for month in (1, 7)
    }


def test_a_series_in_utc_follows_the_calendars_own_zone(tmp_path: Path) -> None:
    event = "UID:x\nSUMMARY:S\nDTSTART:20260105T080000Z\nDTEND:20260105T083000Z\nRRULE:FREQ=WEEKLY"
    found = look(saved(tmp_path, calendar(event)), "2026-01-01", "2026-12-31")
    assert {f"{each.start:%H:%M}" for each in found} == {"09:00", "10:00"}, "a series in UTC stays in UTC"


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2026-01-05", "2026-01-06", 1),
        ("2026-01-06", "2026-01-12", 0),
        ("2026-01-06", "2026-01-13", 1),
        ("2025-01-01", "2026-01-05", 0),
        ("2036-01-07", "2036-01-08", 1),
    ],
)
def test_only_what_touches_the_days_is_there(tmp_path: Path, start: str, end: str, count: int) -> None:
    assert len(look(saved(tmp_path, calendar(WEEKLY + "RRULE:FREQ=WEEKLY")), start, end)) == count


def test_a_meeting_over_midnight_belongs_to_both_days_and_one_that_just_ended_to_none(tmp_path: Path) -> None:
    late = "UID:late\nDTSTART;TZID=Europe/Berlin:20260105T230000\nDTEND;TZID=Europe/Berlin:20260106T010000"
    ended = "UID:ended\nDTSTART;TZID=Europe/Berlin:20260105T230000\nDTEND;TZID=Europe/Berlin:20260106T000000"
    path = saved(tmp_path, calendar(late, ended))
    assert len(look(path, "2026-01-05", "2026-01-06")) == 2
    assert len(look(path, "2026-01-06", "2026-01-07")) == 1


def test_an_instance_moved_into_the_days_from_far_away_is_seen_and_its_old_place_is_empty(tmp_path: Path) -> None:
    moved = (
        "UID:w\nSUMMARY:Moved\nRECURRENCE-ID;TZID=Europe/Berlin:20260105T090000\n"
        "DTSTART;TZID=Europe/Berlin:20261111T100000\nDTEND;TZID=Europe/Berlin:20261111T110000"
    )
    path = saved(tmp_path, calendar(WEEKLY + "RRULE:FREQ=WEEKLY;UNTIL=20260201T000000Z", moved))
    assert [each.title for each in look(path, "2026-11-11", "2026-11-12")] == ["Moved"]
    assert look(path, "2026-01-05", "2026-01-06") == []
    assert len(look(path, "2026-01-01", "2026-02-15")) == 3


def test_a_change_of_all_that_follow_moves_them_and_each_has_its_own_id(tmp_path: Path) -> None:
    later = (
        "UID:w\nSUMMARY:Later\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260119T090000\n"
        "DTSTART;TZID=Europe/Berlin:20260119T110000\nDTEND;TZID=Europe/Berlin:20260119T113000"
    )
    found = look(saved(tmp_path, calendar(WEEKLY + "RRULE:FREQ=WEEKLY;COUNT=5", later)), "2026-01-01", "2026-03-01")
    assert [f"{each.start:%m-%d %H}" for each in found] == ["01-05 09", "01-12 09", "01-19 11", "01-26 11", "02-02 11"]
    assert len({each.id for each in found}) == 5


def test_ids_stay_when_the_file_is_exported_again_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = look(exported(tmp_path, "google"), "2026-09-20", "2026-10-16")
    second = look(exported(tmp_path / "other", "google"), "2026-09-20", "2026-10-16")
    assert [each.id for each in first] == [each.id for each in second]
    assert first[0].system != second[0].system and first[0].system.startswith("google.ics#")
    assert all(each.id.startswith("ics-") and len(each.id) < 48 for each in first)


def test_an_event_without_a_uid_has_the_same_id_each_time(tmp_path: Path) -> None:
    path = saved(tmp_path, calendar("SUMMARY:A\nDTSTART:20260105T080000Z", "SUMMARY:B\nDTSTART:20260105T080000Z"))
    first, second = look(path, "2026-01-05", "2026-01-06"), look(path, "2026-01-05", "2026-01-06")
    assert [each.id for each in first] == [each.id for each in second]
    assert len({each.id for each in first}) == 2


def test_a_cancelled_meeting_and_a_calendar_of_cancellations(tmp_path: Path) -> None:
    event = "UID:x\nSUMMARY:S\nDTSTART:20260105T080000Z"
    cancelled = saved(tmp_path, calendar(f"{event}\nSTATUS:CANCELLED"), "a.ics")
    called_off = saved(tmp_path, calendar(event, head="METHOD:CANCEL\n"), "b.ics")
    assert [each.cancelled for each in look(cancelled, "2026-01-05", "2026-01-06")] == [True]
    assert [each.cancelled for each in look(called_off, "2026-01-05", "2026-01-06")] == [True]


@pytest.mark.parametrize(
    ("line", "link"),
    [
        ("DESCRIPTION:call https://zoom.us/j/123?pwd=x.", "https://zoom.us/j/123?pwd=x"),
        (
            "DESCRIPTION:(https://teams.microsoft.com/l/meetup-join/19%3a)",
            "https://teams.microsoft.com/l/meetup-join/19%3a",
        ),
        ("LOCATION:https://meet.google.com/abc-defg-hij", "https://meet.google.com/abc-defg-hij"),
        ("CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://video.acme.de/room", "https://video.acme.de/room"),
        ("X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.microsoft.com/l/x", "https://teams.microsoft.com/l/x"),
        ("DESCRIPTION:help: https://support.zoom.us/hc/en", ""),
        ("DESCRIPTION:https://zoom.us.evil.com/j/1", ""),
        ("DESCRIPTION:https://zoom.us@evil.com/j/1", ""),
        ("DESCRIPTION:http://zoom.us/j/1 is not encrypted", ""),
        ("LOCATION:javascript:alert(1)", ""),
        ("DESCRIPTION:https://[zoom.us/j/1", ""),
        ("URL:file:///etc/passwd", ""),
    ],
)
def test_a_link_is_a_call_over_https_or_none(tmp_path: Path, line: str, link: str) -> None:
    (found,) = look(saved(tmp_path, calendar(f"UID:x\nDTSTART:20260105T080000Z\n{line}")), "2026-01-05", "2026-01-06")
    assert found.link == link


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, calendar(WEEKLY))
    reader = CalendarFile(path, BERLIN)
    days = midnight("2026-01-05"), midnight("2026-01-06")
    reads: list[Path] = []
    plain = files.read_bytes
    monkeypatch.setattr(files, "read_bytes", lambda each: reads.append(each) or plain(each))
    assert asyncio.run(reader.meetings(*days)) == asyncio.run(reader.meetings(*days))
    assert len(reads) == 1
    saved(tmp_path, calendar(WEEKLY.replace("Weekly", "Weekly, new room")))
    assert [each.title for each in asyncio.run(reader.meetings(*days)).meetings] == ["Weekly, new room"]
    path.unlink()
    with pytest.raises(InputError, match="there is no file"):
        asyncio.run(reader.meetings(*days))


def test_two_calendars_in_one_file_both_count(tmp_path: Path) -> None:
    text = calendar("UID:a\nDTSTART:20260105T080000Z") + calendar("UID:b\nDTSTART:20260105T090000Z")
    assert len(look(saved(tmp_path, text), "2026-01-05", "2026-01-06")) == 2


def test_two_files_with_their_own_customised_zone_do_not_share_it(tmp_path: Path) -> None:
    def own(offset: str) -> str:
        zone = (
            "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
            f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
        )
        return calendar("UID:x\nDTSTART;TZID=Customized Time Zone:20260601T120000", head=zone)

    one = look(saved(tmp_path, own("+0530"), "one.ics"), "2026-06-01", "2026-06-02")
    two = look(saved(tmp_path, own("-0300"), "two.ics"), "2026-06-01", "2026-06-02")
    assert [f"{each.start:%H:%M}" for each in one + two] == ["08:30", "17:00"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_that_can_be_told(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "work.ics"
    path.write_bytes(calendar("UID:x\nSUMMARY:Müller über Söhne\nDTSTART:20260105T080000Z").encode(encoding))
    assert [each.title for each in look(path, "2026-01-05", "2026-01-06")] == ["Müller über Söhne"]


def test_a_line_folded_inside_a_letter_is_put_together(tmp_path: Path) -> None:
    raw = calendar("UID:x\nSUMMARY:Müller\nDTSTART:20260105T080000Z").replace("\n", "\r\n").encode()
    path = tmp_path / "work.ics"
    path.write_bytes(raw.replace("ü".encode(), b"\xc3\r\n \xbc"))
    assert [each.title for each in look(path, "2026-01-05", "2026-01-06")] == ["Müller"]


PLAIN_RULES = """
    FREQ=DAILY
    FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
    FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO
    FREQ=WEEKLY;UNTIL=20271231T225959Z;BYDAY=TU
    FREQ=WEEKLY;COUNT=10
    FREQ=MONTHLY;BYMONTHDAY=31
    FREQ=MONTHLY;BYDAY=-1FR
    FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1
    FREQ=YEARLY;BYMONTH=9;BYDAY=1MO
    FREQ=YEARLY
"""
ODD_RULES = """
    FREQ=SECONDLY
    FREQ=MINUTELY;INTERVAL=5
    FREQ=HOURLY
    FREQ=DAILY;BYHOUR=1,2,3
    FREQ=DAILY;BYMONTHDAY=30;BYMONTH=2
    FREQ=DAILY;INTERVAL=0
    FREQ=WEEKLY;BYSECOND=0
    FREQ=WEEKLY;BYMONTH=13
    FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30
    FREQ=YEARLY;BYYEARDAY=-366
    FREQ=NEVER
"""


@pytest.mark.parametrize(
    ("rule", "plain"), [(rule, True) for rule in PLAIN_RULES.split()] + [(rule, False) for rule in ODD_RULES.split()]
)
def test_what_calendar_dialogs_make_is_worked_out_here_and_other_rules_apart(rule: str, plain: bool) -> None:
    (found,), _ = cut(calendar(WEEKLY + f"RRULE:{rule}"), "x")
    near = series_near(found, midnight("2026-01-05").date(), midnight("2026-01-14").date())
    assert [each.plain for each in near] == [plain]


@pytest.mark.skipif(os.name != "posix", reason="a pipe as a file")
def test_a_pipe_is_no_calendar_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ics")
    with pytest.raises(InputError, match="no regular file"):
        look(tmp_path / "pipe.ics", "2026-01-05", "2026-01-06")
