"""Which meeting a file is of: a day in its name, words in its name, the time it was saved; else a person is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gangly_tui.domain.arrival import fit
from gangly_tui.domain.records import Attendee, Meeting

BERLIN = ZoneInfo("Europe/Berlin")
ME = "robin@seller.com"


def met(key: str, title: str, day: int, hour: int, minute: int = 0, *, email: str = "", **how: Any) -> Meeting:
    start = datetime(2026, 9, day, hour, minute, tzinfo=BERLIN)
    people = (Attendee(email=ME, name="Robin Hale"), Attendee(name="Guest", email=email or f"g@{key}.example"))
    return Meeting(
        **{"id": key, "system": "x", "title": title, "start": start, "end": start + timedelta(minutes=30),
           "attendees": people, **how}
    )  # fmt: skip


ACME = met("acme", "Acme: platform", 23, 9)
GLOBEX = met("globex", "Globex weekly call", 23, 10)
KESTREL = met("kestrel", "Planning", 23, 14, email="anja@kestrel-logistics.example")
OLD = met("old", "Acme: platform", 16, 9)
DAY = [OLD, ACME, GLOBEX, KESTREL]


def fits(name: str, at: str, *, have: tuple[str, ...] = (), among: list[Meeting] | None = None) -> list[str]:
    moment = datetime.fromisoformat(f"2026-09-{at}").replace(tzinfo=BERLIN)
    return [each.id for each in fit(name, moment, among or DAY, BERLIN, have=have, ours=ME).meetings]


@pytest.mark.parametrize(
    ("name", "at", "found"),
    [
        ("transcript.vtt", "23T09:40", ["acme"]),
        ("transcript.vtt", "23T09:20", ["acme"]),
        ("transcript.vtt", "23T10:05", ["globex"]),
        ("transcript.vtt", "23T12:00", ["globex"]),
        ("transcript.vtt", "23T18:00", ["acme", "globex", "kestrel"]),
        ("transcript.vtt", "21T09:00", []),
        ("Acme platform.vtt", "23T14:10", ["acme"]),
        ("Kestrel-Logistics notes.txt", "23T17:00", ["kestrel"]),
        ("call with guest.txt", "23T18:00", ["acme", "globex", "kestrel"]),
        ("2026-09-16 Acme.vtt", "23T18:00", ["old"]),
        ("2026-09-16.vtt", "23T18:00", ["old"]),
        ("20260923.vtt", "24T18:00", ["acme", "globex", "kestrel"]),
        ("GMT20260923-120310_Recording.transcript.vtt", "25T18:00", ["kestrel"]),
        ("meeting 2026-09-23 at 10.02.11.txt", "25T18:00", ["globex"]),
        ("2026-09-23 14-01 Acme.vtt", "25T18:00", ["kestrel"]),
        ("2026-13-45 call.vtt", "23T09:40", ["acme"]),
        ("Invoice 20269999.txt", "23T09:40", ["acme"]),
    ],
)
def test_names_and_times(name: str, at: str, found: list[str]) -> None:
    assert fits(name, at) == found


def test_one_that_has_its_transcript_waits_for_none() -> None:
    assert fits("a.vtt", "23T09:55", have=("acme",)) == []
    assert fits("a.vtt", "23T18:00", have=("acme", "globex")) == ["kestrel"]
    assert fits("2026-09-23.vtt", "23T18:00", have=("acme", "kestrel")) == ["globex"]
    assert fits("Acme again.vtt", "23T18:00", have=("acme",)) == []


def test_back_to_back_is_asked() -> None:
    one, two = met("one", "Uno", 23, 9), met("two", "Dos", 23, 9, 30)
    assert fits("a.vtt", "23T09:45", among=[one, two]) == ["one", "two"]
    assert fits("dos.vtt", "23T09:45", among=[one, two]) == ["two"]


@pytest.mark.parametrize("how", [{"cancelled": True}, {"private": True}, {"all_day": True}, {"attendees": ()}])
def test_what_no_transcript_can_be_of(how: dict[str, Any]) -> None:
    assert fits("a.vtt", "23T09:20", among=[met("x", "X", 23, 9, **how)]) == []
    alone = met("x", "X", 23, 9, attendees=(Attendee(email="ROBIN@seller.com"), Attendee(name="Room", resource=True)))
    assert fits("a.vtt", "23T09:20", among=[alone]) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("transcript.vtt", True),
        ("Acme.vtt", True),
        ("Invoice.txt", False),
        ("2026-09-23 Invoice.txt", False),
        ("2026-09-23 09-02 Invoice.txt", True),
    ],
)
def test_a_name_that_speaks_of_something_else_makes_no_time_certain(name: str, told: bool) -> None:
    at = ACME.end + timedelta(minutes=5)
    found = fit(name, at, [ACME], BERLIN, have=(), ours=ME)
    assert found.meetings == (ACME,) and (found.meeting is not None) is told


@pytest.mark.parametrize("name", ["", "\x00\x1b[2J", "../../etc/passwd", "a" * 9_000, "20" * 3_000, "\ud800.vtt"])
def test_any_name_is_only_a_name(name: str) -> None:
    assert fits(name, "23T09:40") == ["acme"]
