"""Meetings, notes, transcripts, drafts: nothing a rep wrote is ever lost to a pull."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gangly_tui.domain.draft import Draft, Evidence, NextStep, Notes, Summary
from gangly_tui.domain.records import Attendee, Kind
from gangly_tui.store import decisions, engagement
from gangly_tui.store.database import Connection, open_database
from tests.store import made

HOUR = timedelta(hours=1)
START, END = made.NOW, made.NOW + 8 * HOUR


def notes(text: str, identifier: str = "n1", *, source: str = "notes", minutes: int = 0) -> Notes:
    updated = made.NOW + timedelta(minutes=minutes)
    return Notes(id=identifier, meeting_id="m1", text=text, updated_at=updated, source=source)


def test_a_day_holds_what_touches_it_in_time_order(db: Connection) -> None:
    times = {
        "before": (START - HOUR, 60),
        "into": (START - HOUR, 61),
        "first": (START, 30),
        "instant": (START, 0),
        "last": (END - HOUR, 600),
        "after": (END, 30),
    }
    engagement.save_meetings(db, [made.meeting(each, start=at, minutes=long) for each, (at, long) in times.items()])
    found = [each.id for each in engagement.meetings_between(db, START, END)]
    assert found == ["into", "instant", "first", "last"]


def test_a_meeting_that_moved_is_one_meeting(db: Connection) -> None:
    first = made.meeting(attendees=(Attendee(name="Jane", email="j@acme.com"),))
    moved = replace(first, start=first.start + HOUR, end=first.end + HOUR)
    engagement.save_meetings(db, [first])
    engagement.save_meetings(db, [moved])
    engagement.save_meetings(db, [moved])
    assert engagement.meetings_between(db, START - HOUR, END) == [moved]
    assert engagement.get_meeting(db, "m1") == moved
    assert engagement.get_meeting(db, "m2") is None


def test_a_meeting_that_left_the_calendar_goes_unless_it_has_work(db: Connection) -> None:
    engagement.save_meetings(db, [made.meeting(f"m{number}") for number in range(6)])
    engagement.save_meetings(db, [replace(made.meeting("other"), system="zoom"), made.meeting("out", start=END)])
    engagement.save_notes(db, replace(notes("kept"), meeting_id="m1"))
    engagement.save_transcript(db, "m2", "kept", made.NOW)
    decisions.save_proposals(db, [made.card(meeting_id="m3")])
    engagement.remove_meetings_missing(db, "files", START, END, {"m4"})
    left = [each.id for each in engagement.meetings_between(db, START, END + HOUR)]
    assert sorted(left) == ["m1", "m2", "m3", "m4", "other", "out"]


def test_a_meeting_has_one_text_a_source_and_the_newest_comes_first(db: Connection) -> None:
    engagement.save_notes(db, notes("a transcript", "t1", source="transcript", minutes=5))
    engagement.save_notes(db, notes("draft", minutes=1))
    engagement.save_notes(db, notes("draft, longer", minutes=9))
    assert [each.text for each in engagement.notes_of(db, "m1")] == ["draft, longer", "a transcript"]
    engagement.save_notes(db, notes("another page", "n2", minutes=2))
    assert [each.id for each in engagement.notes_of(db, "m1")] == ["t1", "n2"]
    assert engagement.get_notes(db, "n1") is None
    assert engagement.notes_of(db, "m2") == []


def test_an_autosave_is_durable_when_it_returns(db: Connection, path: Path) -> None:
    engagement.save_notes(db, notes("typed so far"))
    copy = path.with_name("after-the-crash.db")
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        copy.with_name(copy.name + suffix).write_bytes(source.read_bytes())
        copy.with_name(copy.name + suffix).chmod(0o600)
    again = open_database(copy, key=made.KEY)
    assert engagement.get_notes(again, "n1").text == "typed so far"
    again.close()


def test_a_transcript_is_kept_byte_for_byte_and_told_of(db: Connection) -> None:
    text = "\ufeffWEBVTT\r\n\x00\ud83d"
    engagement.save_transcript(db, "m1", text, made.NOW)
    assert engagement.transcript_of(db, "m1") == text
    assert engagement.transcript_of(db, "m2") is None
    assert engagement.transcripts_ready(db, ["m1", "m2"]) == {"m1"}


def _draft(*actions: str) -> Draft:
    evidence = Evidence(text="x", start=0, end=1)
    steps = tuple(
        NextStep(action=each, owner="", due=None, ours=True, evidence=evidence, confidence=1.0) for each in actions
    )
    return Draft(engine="offline", text_sha256="", summary=Summary(title=""), next_steps=steps)


def test_a_meetings_draft_is_the_newest_of_its_texts(db: Connection) -> None:
    engagement.save_draft(db, "n1", "m1", _draft("old"), made.NOW)
    engagement.save_draft(db, "t1", "m1", _draft("send DPA", "call Jane"), made.NOW + HOUR)
    engagement.save_draft(db, "n2", "m2", _draft("book room"), made.NOW)
    assert engagement.draft_of(db, "m3") is None
    assert engagement.draft_of(db, "m1") == _draft("send DPA", "call Jane")
    assert engagement.draft_of_text(db, "n1") == _draft("old")
    engagement.save_draft(db, "n1", "m1", _draft(), made.NOW + 2 * HOUR)
    assert engagement.draft_of(db, "m1") == _draft()


@pytest.mark.parametrize("identifier", ["o1", "a:b:c", "id with spaces", "日本"])
def test_the_choice_of_a_series_is_the_last_one_made(db: Connection, identifier: str) -> None:
    assert engagement.series_choice(db, "weekly") is None
    engagement.set_series_choice(db, "weekly", made.ref(Kind.OPPORTUNITY, "o0"), made.NOW)
    engagement.set_series_choice(db, "weekly", made.ref(Kind.OPPORTUNITY, identifier), made.NOW)
    assert engagement.series_choice(db, "weekly") == made.ref(Kind.OPPORTUNITY, identifier)


def test_the_zone_of_a_meeting_keeps_its_offset(db: Connection) -> None:
    start = datetime.fromisoformat("2026-07-01T09:00:00+02:00")
    engagement.save_meetings(db, [made.meeting(start=start)])
    found = engagement.get_meeting(db, "m1").start
    assert (found, found.utcoffset(), found.astimezone(UTC).hour) == (start, 2 * HOUR, 7)
