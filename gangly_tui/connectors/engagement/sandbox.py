"""The demo calendar, its recorder and its mailbox: one working day and the next, every day, in the rep's own zone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from email.utils import parseaddr
from typing import Any

from gangly_tui.connectors.demo import demo_day, demo_folder, demo_mails
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.ports import MailPage, MeetingFeed, Transcript
from gangly_tui.domain.records import Attendee, Meeting

_ROOM = " (room)"


class SandboxCalendar:
    """Satisfies the protocols of a calendar and of transcripts. A meeting's id holds its day: each day has new ones."""

    def __init__(self, zone: tzinfo, today: Callable[[], date]) -> None:
        self._zone = zone
        self._today = today
        self._day = demo_day()

    @property
    def system(self) -> str:
        """`sandbox`."""
        return "sandbox"

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        """The demo day of today and the calls of the day after, as far as they touch [start, end).

        One of them is moved by its host after the first look of a day: that is what a signal looks like.
        """
        today = self._today()
        first = since != today.isoformat()
        found = [
            self._meeting(each, today + timedelta(days=each.get("day", 0)), first=first)
            for each in self._day["meeting"]
        ]
        inside = tuple(each for each in found if each.start < end and each.end > start)
        return MeetingFeed(meetings=inside, cursor=today.isoformat())

    async def transcripts(self, meetings: Sequence[Meeting], known: Mapping[str, str]) -> Sequence[Transcript]:
        """The recordings of the calls, there as soon as the day begins, so that the demo works at any hour."""
        texts = ((each.id, self._recorded(each)) for each in meetings if each.id not in known)
        return [Transcript(meeting_id=identifier, text=text) for identifier, text in texts if text]

    def _recorded(self, meeting: Meeting) -> str:
        key = meeting.id.rsplit("-", 3)[0].removeprefix("demo-")
        call = next((each.get("call") for each in self._day["meeting"] if each["key"] == key), None)
        return (demo_folder() / "calls" / call).read_text(encoding="utf-8") if call else ""

    def _meeting(self, entry: dict[str, Any], on: date, *, first: bool) -> Meeting:
        at = entry.get("first", entry["start"]) if first else entry["start"]
        start = datetime.combine(on, time.fromisoformat(at), tzinfo=self._zone)
        host = entry.get("host", self._day["email"])
        rep = _attendee(f"{self._day['rep']} <{self._day['email']}>", host)
        return Meeting(
            id=f"demo-{entry['key']}-{on.isoformat()}",
            system=self.system,
            title=entry["title"],
            start=start,
            end=start + timedelta(minutes=entry["minutes"]),
            attendees=(rep, *(_attendee(each, host) for each in entry["with"])),
            series_id=entry.get("series", ""),
            link=entry.get("link", ""),
            description=entry.get("description", ""),
            cancelled=entry.get("cancelled", False),
        )


_SNIPPET = 140
"""Characters of a mail's text that its line in a list has, as a mail system gives it."""


class SandboxMailbox:
    """Satisfies the protocol of a mailbox. Its mails are as old each day as they were on the day before."""

    def __init__(self, zone: tzinfo, today: Callable[[], date]) -> None:
        self._zone = zone
        self._today = today
        day = demo_day()
        self._rep = Address(email=day["email"], name=day["rep"])
        self._mails = {each["key"]: each for each in demo_mails()}

    @property
    def system(self) -> str:
        """`sandbox`."""
        return "sandbox"

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        """All of it, once a day: the next day it has other dates."""
        today = self._today().isoformat()
        if since == today:
            yield MailPage(mails=(), cursor=today)
            return
        found = (self._mail(each) for each in self._mails.values())
        yield MailPage(mails=tuple(each for each in found if each.at >= oldest), cursor=today, whole=True)

    async def body(self, mail_id: str) -> str:
        """The text of a message. Raises NotFound."""
        if mail_id not in self._mails:
            raise NotFound("that mail is not in the sandbox")
        return str(self._mails[mail_id]["body"]).strip()

    def _mail(self, entry: dict[str, Any]) -> Mail:
        on = self._today() - timedelta(days=entry["days"])
        sender = _address(entry["from"]) if "from" in entry else self._rep
        to = tuple(_address(each) for each in entry["to"]) if "to" in entry else (self._rep,)
        return Mail(
            id=entry["key"],
            system=self.system,
            thread_id=entry["thread"],
            message_id=f"<{entry['key']}@demo.example>",
            at=datetime.combine(on, time.fromisoformat(entry["time"]), tzinfo=self._zone),
            sender=sender,
            to=to,
            subject=entry["subject"],
            snippet=" ".join(entry["body"].split())[:_SNIPPET],
            folders=("Sent" if sender == self._rep else "Inbox",),
            outgoing=sender == self._rep,
            bounced=entry.get("bounced", False),
        )


def _address(text: str) -> Address:
    name, email = parseaddr(text)
    return Address(email=email, name=name)


def _attendee(text: str, host: str) -> Attendee:
    name, email = parseaddr(text.removesuffix(_ROOM))
    return Attendee(name=name, email=email, organizer=email == host, response="accepted", resource=text.endswith(_ROOM))
