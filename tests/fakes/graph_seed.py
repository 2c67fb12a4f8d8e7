"""A believable mailbox around today: the sandbox's working day in Outlook, and the mails that go with it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from gangly_tui.connectors.demo import demo_day
from tests.fakes.graph_box import Box, recipient
from tests.fakes.zoom import GUESTS, a_day, link_of

ZONE = ZoneInfo("Europe/Berlin")
_MAILS = (
    (
        "harbor", "Dana Whitlock <dana.whitlock@harborpine.example>", "in", 26, "Proposal: two questions",
        "Hi Robin, could you bring the price for 40 stores as well? Patricia asked for it.\n\nDana Whitlock\n"
        "VP Merchandising, Harbor & Pine\n+1 503 555 0150",
    ),
    (
        "kestrel", "Tomasz Zielinski <tomasz.zielinski@kestrel-logistics.example>", "out", 75, "Security questionnaire",
        "Hi Tomasz, attached are the answers for Anja. May I have a word with her this week?\n\nRobin",
    ),
    (
        "bluewater", "Helen Marsh <helen.marsh@bluewater-insurance.example>", "in", 50, "Renewal and storm days",
        "Robin, before we renew, Owen would like to see how a storm day is planned. Helen",
    ),
    (
        "solace", "Amara Singh <amara.singh@solacehealth.example>", "out", 200, "Clinic rosters: next steps",
        "Dear Amara, thank you for the walk through. I will send the pilot plan by Friday.\n\nRobin",
    ),
)  # fmt: skip


def story(box: Box, today: date | None = None, zone: ZoneInfo = ZONE) -> None:
    """Fill a mailbox with the rep's day, tomorrow, and the last exchanges with the people in it."""
    today = today or box.now().astimezone(zone).date()
    day = demo_day()
    for entry in day["meeting"]:
        start = datetime.combine(today + timedelta(days=entry.get("day", 0)), time.fromisoformat(entry["start"]), zone)
        attendees = []
        for text in entry["with"]:
            name, email = parseaddr(text.removesuffix(" (room)"))
            kind = "resource" if text.endswith("(room)") else "required"
            status = {"response": "accepted", "time": "2026-01-01T08:00:00Z"}
            attendees.append({**recipient(email, name), "type": kind, "status": status})
        box.event(
            start,
            start + timedelta(minutes=entry["minutes"]),
            subject=entry["title"],
            body={"contentType": "text", "content": entry.get("description", "")},
            attendees=attendees,
            isCancelled=entry.get("cancelled", False),
            onlineMeeting={"joinUrl": entry["link"]} if "link" in entry else None,
        )
    dentist = datetime.combine(today + timedelta(days=1), time(17), zone)
    box.event(dentist, dentist + timedelta(hours=1), subject="Dentist", sensitivity="private")
    customers = box.folder("Kunden", parent="folder-inbox")
    for thread, who, way, hours, subject, text in _MAILS:
        name, email = parseaddr(who)
        other, me = recipient(email, name), recipient(str(box.me["mail"]), str(box.me["displayName"]))
        at = (box.now() - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        box.message(
            "folder-sentitems" if way == "out" else customers if thread == "bluewater" else "folder-inbox",
            subject=subject,
            body={"contentType": "text", "content": text},
            bodyPreview=text[:255],
            conversationId=f"conv-{thread}",
            internetMessageId=f"<{thread}@{email.partition('@')[2]}>",
            receivedDateTime=at,
            sentDateTime=at,
            **{"from": me if way == "out" else other, "toRecipients": [other if way == "out" else me]},
        )


def zoom_calls(box: Box) -> None:
    """The calls that the fake Zoom has recorded, when it is started about now too."""
    for each in a_day(box.now()):
        people = [parseaddr(who) for who in GUESTS[each.number]]
        box.event(
            each.start,
            each.start + timedelta(minutes=each.minutes),
            subject=each.topic,
            attendees=[{**recipient(email, name), "type": "required"} for name, email in people],
            location={"displayName": link_of(each)},
        )
