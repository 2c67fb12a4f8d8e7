"""All briefs of a day: 8 meetings, 5,000 mails, 2 years of calendar; from wake to ready, the network apart.

The wake is a pull through doors that answer at once (first look: everything; then: nothing new), followed by the brief
of each of the day's meetings. Beside it the same over a bare look into the store, and how long the event loop was ever
kept from the screen while a door takes its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest

from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.ports import MailPage, MeetingFeed
from gangly_tui.domain.records import Attendee, Kind, Meeting
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import day, prepare
from gangly_tui.flow.pull import pull
from tests.benchmarks.timing import clocked, interleaved, report, say
from tests.tui.desks import NOW, paper_desk, record

MEETINGS_A_DAY, MAILS, DAYS_BACK, DAYS_AHEAD = 8, 5_000, 730, 14
ACCOUNTS, PAGE = 40, 200
SLOW = 2.0
"""Seconds that each door takes where the screen is watched."""


def _email(number: int) -> str:
    return f"p{number}@company{number % ACCOUNTS}.example"


def _calendar() -> Iterator[Meeting]:
    for back in range(-DAYS_BACK, DAYS_AHEAD):
        on = NOW + timedelta(days=back)
        for slot in range(MEETINGS_A_DAY if on.weekday() < 5 else 0):
            people = tuple(Attendee(name=f"Person {each}", email=_email(each)) for each in (slot + back, slot * 7))
            start = on.replace(hour=8 + slot, minute=0)
            yield Meeting(
                id=f"m{back}-{slot}", system="post", title=f"Call {slot} of {on:%d %b}", start=start,
                end=start + timedelta(minutes=30), attendees=people, series_id=f"s{slot}",
            )  # fmt: skip


def _mails() -> Iterator[Mail]:
    for number in range(MAILS):
        other, sent = Address(email=_email(number), name=f"Person {number}"), number % 3 == 0
        me = Address(email="robin@seller.example", name="Robin")
        yield Mail(
            id=f"mail{number}", system="post", thread_id=f"t{number // 3}", message_id=f"<{number}@post>",
            at=NOW - timedelta(minutes=50 * number), sender=me if sent else other, to=(other if sent else me,),
            subject=f"About offer {number // 3}", snippet="one line of it, as the mailbox gives it " * 3, outgoing=sent,
        )  # fmt: skip


@dataclass
class Account:
    """A calendar and a mailbox that hand out what they have; `slow` seconds go by before each answer."""

    meetings_: list[Meeting] = field(default_factory=lambda: list(_calendar()))
    mails_: list[Mail] = field(default_factory=lambda: list(_mails()))
    slow: float = 0.0
    system: str = "post"

    async def meetings(self, start: datetime, end: datetime, since: str = "") -> MeetingFeed:
        await asyncio.sleep(self.slow)
        if since:
            return MeetingFeed(meetings=(), cursor=since, whole=False)
        return MeetingFeed(meetings=tuple(self.meetings_), cursor="c", whole=True)

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        await asyncio.sleep(self.slow)
        if since:
            yield MailPage(mails=(), cursor=since)
            return
        for at in range(0, MAILS, PAGE):
            yield MailPage(mails=tuple(self.mails_[at : at + PAGE]), cursor=str(at), whole=at == 0)

    async def body(self, mail_id: str) -> str:
        return ""


def _desk(folder: Path, account: Account) -> Desk:
    records = [
        made
        for number in range(ACCOUNTS)
        for made in (
            record(Kind.ACCOUNT, f"a{number}", name=f"Company {number}", domain=f"company{number}.example"),
            record(Kind.OPPORTUNITY, f"o{number}", name=f"Deal {number}", account=f"a{number}", stage="Demo"),
            *(
                record(Kind.CONTACT, f"c{each}", last_name=f"Person {each}", email=_email(each), account=f"a{number}")
                for each in range(number, 400, ACCOUNTS)
            ),
        )
    ]
    return replace(paper_desk(folder, records, []), calendars=(account,), mailboxes=(account,), recorders=())


def _briefs(desk: Desk) -> int:
    rows = day(desk, desk.now().date())
    return sum(len(prepare(desk, each.meeting).mails) for each in rows)


def test_from_wake_to_all_briefs_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    account = Account()
    desk = _desk(tmp_path, account)
    first = clocked(lambda: asyncio.run(pull(desk)))
    assert len(day(desk, desk.now().date())) == MEETINGS_A_DAY and _briefs(desk) > MEETINGS_A_DAY
    say(
        capsys,
        f"\nfirst look, {len(account.meetings_):,} meetings and {MAILS:,} mails into the store: {first:.2f} s",
    )
    times = interleaved(
        {
            "the day's rows alone": lambda: day(desk, desk.now().date()),
            "wake: pull with nothing new, 8 briefs": lambda: (asyncio.run(pull(desk)), _briefs(desk)),
            "8 briefs": lambda: _briefs(desk),
            "one brief": lambda: prepare(desk, day(desk, desk.now().date())[0].meeting),
        }
    )
    report(capsys, "all briefs ready, network apart", "8 briefs", times, goal="ready within a second of the wake")
    desk.close()


def test_the_screen_never_waits_for_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    account = Account(slow=SLOW)
    desk = _desk(tmp_path, account)
    gaps: list[float] = []

    async def beat() -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(0.005)
            gaps.append(perf_counter() - last)
            last = perf_counter()

    async def watched() -> float:
        watching = asyncio.create_task(beat())
        began = perf_counter()
        await pull(desk)
        watching.cancel()
        return perf_counter() - began

    took = asyncio.run(watched())
    assert took >= 2 * SLOW, "both doors took their time"
    assert max(gaps) < SLOW, "no wait for a door was a wait of the loop"
    mean, most = sum(gaps) / len(gaps) * 1000, max(gaps) * 1000
    doors = f"\na first look through doors of {SLOW:.0f} s: {took:.1f} s in all"
    say(capsys, f"{doors}; the loop came by each {mean:.1f} ms, after {most:.0f} ms at most")
    desk.close()
