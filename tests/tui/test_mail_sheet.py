"""The mail sheet: headers and snippet at once, the text when it comes, hostile text as text, a failure in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from textual.pilot import Pilot

from gangly_tui.domain.errors import Unreachable
from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.ports import MailPage
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import mail as mails
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.source import MailScreen
from tests.tui.desks import NOW, screen_text
from tests.tui.resting import at_rest

REF = RecordRef(system="post", kind=Kind.MAIL, id="one")
HOSTILE = "[bold red]click[/] [@click=app.quit]me[/]\n\x1b]0;pwned\x07\x1b[31mred\n<script>alert(1)</script>\u202egnp"


@dataclass
class Box:
    """A mailbox of one mail; its text comes when `gate` is open, or not at all."""

    text: str = HOSTILE
    fails: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    system: str = "post"

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        one = Mail(
            id="one", system="post", thread_id="t", message_id="<one@x>", at=NOW - timedelta(days=1),
            sender=Address(email="ada@acme.de", name="Ada [/] Lind"), to=(Address(email="robin@seller.com"),),
            subject="[red]Offer[/] \x1b[2J", snippet="the first [b]line[/b]",
        )  # fmt: skip
        yield MailPage(mails=(one,), cursor="c", whole=True)

    async def body(self, mail_id: str) -> str:
        self.asked += 1
        await self.gate.wait()
        if self.fails:
            raise Unreachable("the mailbox [/] cannot be reached", fix="check the network")
        return self.text


async def opened(desk: Desk, pilot: Pilot[None]) -> None:
    pilot.app.push_screen(MailScreen(desk, REF))
    await pilot.pause()


async def with_box(desk: Desk, box: Box) -> Desk:
    found = replace(desk, mailboxes=(box,))
    await pull(found)
    return found


async def test_headers_are_there_at_once_and_hostile_text_is_shown_as_text(desk: Desk) -> None:
    box = Box()
    desk = await with_box(desk, box)
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(desk, pilot)
        shown = screen_text(app)
        assert "[red]Offer[/]" in shown and "Ada [/] Lind" in shown and "fetching the text" in shown
        assert "the first [b]line[/b]" in shown, "the snippet is there to read meanwhile"
        box.gate.set()
        await at_rest(pilot)
        shown = screen_text(app)
        assert "[bold red]click[/] [@click=app.quit]me[/]" in shown and "<script>alert(1)</script>" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown) and "fetching the text" not in shown
        await pilot.press("escape")
        await opened(desk, pilot)
        assert box.asked == 1, "a text that was fetched is kept"


async def test_a_text_that_cannot_be_fetched_says_so_below_the_snippet(desk: Desk) -> None:
    box = Box(fails=True)
    box.gate.set()
    desk = await with_box(desk, box)
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(desk, pilot)
        await at_rest(pilot)
        shown = screen_text(app)
        assert "the text cannot be fetched: the mailbox [/] cannot be reached" in shown and "[b]line[/b]" in shown
        kept = mails.get_mail(desk.db, "post", "one")
        assert kept is not None and mails.text_of(desk.db, kept) is None


async def test_escape_while_it_is_fetched_closes_it_and_nothing_falls_over(desk: Desk) -> None:
    box = Box()
    desk = await with_box(desk, box)
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(desk, pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, MailScreen)
        box.gate.set()
        await at_rest(pilot)
        assert app.is_running and "gangly" in screen_text(app)


@pytest.mark.parametrize(("fails", "said"), [(True, "the text cannot be fetched"), (False, "<script>")])
async def test_a_mail_that_is_gone_while_its_text_is_fetched_closes_nothing(desk: Desk, fails: bool, said: str) -> None:
    box = Box(fails=fails)
    desk = await with_box(desk, box)
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(desk, pilot)
        mails.remove_mails(desk.db, "post", ["one"])
        box.gate.set()
        await at_rest(pilot)
        assert app.is_running and said in screen_text(app)
