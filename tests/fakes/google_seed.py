"""The fake Google's believable days: what Robin Hale of the sandbox's fiction has in his calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from gangly_tui.connectors.demo import demo_day
from tests.fakes.google import GoogleFake
from tests.fakes.zoom import GUESTS, a_day, link_of

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
    fill_mail(fake)
    fill_calls(fake)
    return fake


def fill_calendar(fake: GoogleFake) -> None:
    """The demo's day today and tomorrow, a series over two weeks, and what a calendar holds beside calls."""
    on = _days(fake)
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
            values |= call(code_of(each["key"]))
        identifier = f"demo{number:03}"
        fake.calendar.meet(identifier, on(each.get("day", 0), each["start"]), each["minutes"], **values)
        if each.get("cancelled"):
            fake.calendar.cancel(identifier)
    team = [
        me,
        _guest("Priya Raman <priya.raman@larkspur.example>"),
        _guest("Jon Lister <jon.lister@larkspur.example>"),
    ]
    mornings = [on(each, "08:40") for each in range(-5, 15)]
    stand_ups = [each for each in mornings if each.weekday() < 5]
    fake.calendar.series("standup", stand_ups, 15, summary="Pipeline stand-up", attendees=team)
    fake.calendar.meet("dentist", on(0, "12:30"), 45, summary="Dentist", visibility="private")
    day = {"start": {"date": str(on(3, "00:00").date())}, "end": {"date": str(on(4, "00:00").date())}}
    fake.calendar.put("fair", summary="Logistics fair, Hall 4", **day)


ROBIN = "Robin Hale <robin.hale@larkspur.example>"
DANA = "Dana Whitlock <dana.whitlock@harborpine.example>"
TOMASZ = "Tomasz Zielinski <tomasz.zielinski@kestrel-logistics.example>"
HELEN = "Helen Marsh <helen.marsh@bluewater-insurance.example>"
MAILS = (
    (-6, "09:12", ROBIN, DANA, "Proposal for the 40 stores", "Dana, here is the proposal we spoke about.\n\nRobin"),
    (-4, "16:40", DANA, ROBIN, "Re: Proposal for the 40 stores", "Two questions before Monday: seats, and the price?"),
    (-3, "08:05", TOMASZ, ROBIN, "Security questionnaire", "Could you fill this in before our call?\n\nTomasz"),
    (-2, "11:30", ROBIN, HELEN, "Usage report for October", "Helen, the report is attached. Shall we look at it?"),
    (-1, "10:15", "Deals Weekly <news@deals.example>", ROBIN, "This week in SaaS", "Ten things to read."),
)


def fill_mail(fake: GoogleFake) -> None:
    """What was written before the calls: a question that waits, a report that was sent, a newsletter, a bounce."""
    on, last = _days(fake), None
    for days, clock, sender, to, subject, body in MAILS:
        thread = last.thread if last and subject.startswith("Re: ") else ""
        answers = str(last.message["Message-ID"]) if last and thread else ""
        last = fake.mail.put(sender, to, subject, body, at=on(days, clock), thread=thread, answers=answers)
    daemon = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"
    report = {"X-Failed-Recipients": "anja.bergmann@kestrel-logistics.example", "Auto-Submitted": "auto-replied"}
    fake.mail.put(daemon, ROBIN, "Delivery Status Notification (Failure)", at=on(-1, "17:00"), headers=report)


def fill_calls(fake: GoogleFake) -> None:
    """What was said in this morning's call, once it is over."""
    start = _days(fake)(0, "09:00")
    said = [
        ("Dana Whitlock", 3.0, "Morning, Robin. I have read the proposal."),
        ("Robin Hale", 9.0, "What is missing?"),
    ]
    said += [("Dana Whitlock", 14.0, "The price for 40 stores. We would like to sign by the end of the month.")]
    said += [("Robin Hale", 22.0, "I will send you the price for 40 stores tomorrow.")]
    if start + timedelta(minutes=28) < fake.now():
        fake.meet.held(code_of("harbor-pine"), start, 28, said)


def fill_zoom(fake: GoogleFake) -> None:
    """The calls that the fake Zoom has recorded, when it is started about now too."""
    for number, each in enumerate(a_day(fake.now())):
        guests = [_guest(who) for who in GUESTS[each.number]]
        identifier = f"zoom{number}"
        fake.calendar.meet(
            identifier, each.start, each.minutes, summary=each.topic, location=link_of(each), attendees=guests
        )


def code_of(key: str) -> str:
    """A Meet code for a meeting of the demo."""
    letters = [each for each in key if each.isalpha()]
    return f"lar-{''.join(letters)[:4]:x<4}-day"


def _days(fake: GoogleFake) -> Callable[[int, str], datetime]:
    """A time of day, so many days from the fake's today."""
    here = ZoneInfo(fake.calendar.zone)
    today = fake.now().astimezone(here).date()

    def on(days: int, clock: str) -> datetime:
        return datetime.combine(today + timedelta(days=days), time.fromisoformat(clock), tzinfo=here)

    return on


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
