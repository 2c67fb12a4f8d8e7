"""The sandbox's mailbox: believable mails of the last weeks, as old on every day, and in the demo's briefs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gangly_tui.connectors.demo import demo_day
from gangly_tui.connectors.engagement.sandbox import SandboxMailbox
from gangly_tui.domain.errors import NotFound
from gangly_tui.domain.identity import mailbox
from gangly_tui.domain.mail import MAIL_DAYS, Mail, unanswered

TODAY = date(2026, 11, 24)
OLDEST = datetime(2026, 5, 1, tzinfo=UTC)


async def look(box: SandboxMailbox, since: str = "", oldest: datetime = OLDEST) -> tuple[list[Mail], str, bool]:
    pages = [page async for page in box.mails(since, oldest)]
    return [mail for page in pages for mail in page.mails], pages[-1].cursor, pages[0].whole


async def test_a_look_brings_all_of_it_once_a_day_and_the_next_day_it_is_as_old_again() -> None:
    today = [TODAY]
    box = SandboxMailbox(UTC, lambda: today[0])
    first, cursor, whole = await look(box)
    assert whole and len(first) > 15
    assert await look(box, cursor) == ([], cursor, False)
    today[0] += timedelta(days=1)
    later, _, whole = await look(box, cursor)
    assert whole and [each.at for each in later] == [each.at + timedelta(days=1) for each in first]
    assert await look(box, "", datetime(2026, 11, 23, tzinfo=UTC)) != (first, cursor, True)


async def test_the_mails_are_with_the_people_of_the_day_and_some_wait_for_an_answer() -> None:
    box = SandboxMailbox(UTC, lambda: TODAY)
    found, _, _ = await look(box)
    invited = {mailbox(each.rpartition("<")[2].partition(">")[0]) for m in demo_day()["meeting"] for each in m["with"]}
    assert all(each.bounced or invited & each.boxes for each in found)
    assert all(timedelta() < datetime(2026, 11, 24, tzinfo=UTC) + timedelta(days=1) - each.at for each in found)
    assert max((TODAY - each.at.date()).days for each in found) < MAIL_DAYS
    waiting = unanswered(found, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    assert {each.ours for each in waiting} == {True, False}
    assert [each.to[0].email for each in found if each.bounced] == ["j.dekker@veritygrid.example"]


async def test_a_body_is_the_whole_text_and_a_snippet_its_beginning() -> None:
    box = SandboxMailbox(UTC, lambda: TODAY)
    found, _, _ = await look(box)
    for each in found:
        text = await box.body(each.id)
        assert " ".join(text.split()).startswith(each.snippet) and each.snippet
    with pytest.raises(NotFound):
        await box.body("../meetings.toml")
