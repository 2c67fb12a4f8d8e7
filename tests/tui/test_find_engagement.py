"""Find: mails are read and signals shown from it, as text, also when they go while they are looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

from gangly_tui.domain.mail import Address, Mail
from gangly_tui.domain.ports import MailPage
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.flow.desk import Desk
from gangly_tui.store import mail as mails
from gangly_tui.store import mirror
from gangly_tui.store import signals as signs
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.source import MailScreen, SourceScreen
from tests.tui.desks import NOW, record, screen_text
from tests.tui.resting import at_rest


def with_letters(desk: Desk) -> Desk:
    """A mail from Jana, one to her, a signal about her, and a mail that was made here."""
    jana, ana = Address(email="jana@nordwind-demo.com", name="Jana [/] Weiss"), Address(email="ana@seller.com")
    came = Mail(
        id="in", system="post", thread_id="t1", message_id="<in@x>", at=NOW - timedelta(days=2), sender=jana, to=(ana,),
        subject="[red]Terms[/] of the renewal", snippet="we need \x1b[2J zebra clauses",
    )  # fmt: skip
    sent = replace(came, id="out", sender=ana, to=(jana,), subject="Zebra minutes", outgoing=True)
    mails.save_mails(desk.db, [came, sent])
    signal = Signal(
        id="aa11", kind=SignalKind.USAGE, title="Zebra usage fell", at=NOW, expires_at=NOW + timedelta(days=9),
        contact=RecordRef(system="sandbox", kind=Kind.CONTACT, id="c1"),
    )  # fmt: skip
    signs.save_signals(desk.db, [signal])
    mirror.save_records(desk.db, [record(Kind.MAIL, "d1", subject="Zebra follow-up", to="jana@nordwind-demo.com")])
    return replace(desk, mailboxes=(PostBox(),))


class PostBox:
    """A mailbox with nothing new."""

    system = "post"

    async def mails(self, since: str, oldest: datetime) -> AsyncIterator[MailPage]:
        for page in ():
            yield page

    async def body(self, mail_id: str) -> str:
        return f"the whole text of {mail_id}"


async def test_a_mail_is_shown_with_who_and_when_and_enter_reads_it(desk: Desk) -> None:
    app = GanglyApp(with_letters(desk))
    async with app.run_test(size=(100, 30)) as pilot:
        await at_rest(pilot)
        await pilot.press("slash", *"zebra cl")
        shown = screen_text(app)
        assert "mail      [red]Terms[/] of the renewal  Jana [/] Weiss  we need ␛[2J zebra…" in shown
        assert "22 Nov" in shown
        await pilot.press("enter")
        await at_rest(pilot)
        assert isinstance(app.screen, MailScreen) and "the whole text of in" in screen_text(app)
        await pilot.press("escape", "slash", *"zebra min")
        assert "Zebra minutes  to Jana [/] Weiss" in screen_text(app)


async def test_a_signal_and_a_mail_that_was_made_here_open_as_sheets(desk: Desk) -> None:
    app = GanglyApp(with_letters(desk))
    async with app.run_test(size=(100, 30)) as pilot:
        await at_rest(pilot)
        await pilot.press("slash", *"zebra usage", "enter")
        await at_rest(pilot)
        shown = screen_text(app)
        assert type(app.screen) is SourceScreen and "signal, usage" in shown and "open: 4 lists it" in shown
        assert "Jana Weiss" in shown, "the person is named, and Enter on that line opens them"
        await pilot.press("escape", "slash", *"zebra follow", "enter")
        await at_rest(pilot)
        assert type(app.screen) is SourceScreen and "sandbox mail" in screen_text(app)


async def test_a_signal_that_lost_its_words_while_it_was_looked_at_says_so(desk: Desk) -> None:
    app = GanglyApp(with_letters(desk))
    async with app.run_test(size=(100, 30)) as pilot:
        await at_rest(pilot)
        await pilot.press("slash", *"zebra usage")
        signs.forget_signals(desk.db, ["aa11"])
        await pilot.press("enter")
        await at_rest(pilot)
        assert "that signal has aged out" in screen_text(app)
