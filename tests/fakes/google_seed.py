"""The fake Google's believable days: what Robin Hale of the sandbox's fiction has in his calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from gangly_tui.connectors.demo import demo_day
from tests.fakes.google import GoogleFake

TOLD = (
    "The account of robin.hale@larkspur.example, with the demo's companies in its calendar. In another terminal:\n"
    "  gangly connect google --host ADDRESS --insecure-loopback --set client_id=trial\n"
    "with any client secret, and robin.hale@larkspur.example as your e-mail."
)
ROOM = " (room)"


def seeded(now: Callable[[], datetime] = lambda: datetime.now(UTC), zone: str = "Europe/Berlin") -> GoogleFake:
    """The account, its days laid around `now`."""
    fake = GoogleFake(now=now)
    fake.calendar.zone = zone
    fill_calendar(fake)
    return fake


def fill_calendar(fake: GoogleFake) -> None:
    """The demo's day today and tomorrow, a series over two weeks, and what a calendar holds beside calls."""
    here = ZoneInfo(fake.calendar.zone)
    today = fake.now().astimezone(here).date()

    def on(days: int, clock: str) -> datetime:
        return datetime.combine(today + timedelta(days=days), time.fromisoformat(clock), tzinfo=here)

    me = {
        "email": fake.email,
        "displayName": "Robin Hale",
        "self": True,
        "organizer": True,
        "responseStatus": "accepted",
    }
    for number, each in enumerate(demo_day()["meeting"]):
        if each.get("series") == "pipeline-standup":
            continue
        values: dict[str, Any] = {"summary": each["title"], "attendees": [me, *map(_guest, each["with"])]}
        if each.get("description"):
            values["description"] = each["description"]
        if each.get("link") or each.get("call"):
            values |= call(f"lar-{each['key'][:4]:x<4}-{number:03}".replace("0", "o").replace("1", "i"))
        identifier = f"demo{number:03}"
        fake.calendar.meet(identifier, on(each.get("day", 0), each["start"]), each["minutes"], **values)
        if each.get("cancelled"):
            fake.calendar.cancel(identifier)
    team = [
        me,
        _guest("Priya Raman <priya.raman@larkspur.example>"),
        _guest("Jon Lister <jon.lister@larkspur.example>"),
    ]
    workdays = [each for each in range(-5, 15) if (today + timedelta(days=each)).weekday() < 5]
    stand_ups = [on(each, "08:40") for each in workdays]
    fake.calendar.series("standup", stand_ups, 15, summary="Pipeline stand-up", attendees=team)
    fake.calendar.meet("dentist", on(0, "12:30"), 45, summary="Dentist", visibility="private")
    day = {"start": {"date": str(today + timedelta(days=3))}, "end": {"date": str(today + timedelta(days=4))}}
    fake.calendar.put("fair", summary="Logistics fair, Hall 4", **day)


def call(code: str) -> dict[str, Any]:
    """A Meet call in an event."""
    link = f"https://meet.google.com/{code}"
    entry = {"entryPointType": "video", "uri": link, "label": link.removeprefix("https://")}
    return {"hangoutLink": link, "conferenceData": {"conferenceId": code, "entryPoints": [entry]}}


def _guest(text: str) -> dict[str, Any]:
    name, email = parseaddr(text.removesuffix(ROOM))
    guest: dict[str, Any] = {"email": email, "responseStatus": "accepted"}
    if name:
        guest["displayName"] = name
    return {**guest, "resource": True} if text.endswith(ROOM) else guest
