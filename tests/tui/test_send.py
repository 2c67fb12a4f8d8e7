"""`S`, `Y` and the second look, by keys: a follow-up goes into the drafts of a fake Gmail and leaves it once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gangly_tui.connectors.engagement import google
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import Proposal
from gangly_tui.domain.records import Kind
from gangly_tui.flow.deliver import Door
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.tui.screens.edit import EditScreen
from gangly_tui.tui.screens.send import SendScreen
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.proposal_card import CardBody, Seen
from tests import patience
from tests.connectors.google_rig import SCOPE, Site, site
from tests.tui.desks import Clock
from tests.tui.reviewing import Rep, drafted, reviewing


def with_gmail(desk: Desk) -> tuple[Desk, Site]:
    """The demo with a Gmail beside it, behind the courier's own door."""
    at = site()
    link = at.link()
    door = Door(reader=google.open_reader(link), writer=google.open_writer(link), scope=SCOPE)
    desk.courier._courier._beside["google"] = lambda: door  # type: ignore[attr-defined]  # loads it
    return replace(desk, drafts="google"), at


async def follow_up(desk: Desk, clock: Clock) -> Proposal:
    found = await drafted(desk, clock, "kestrel")
    return next(each for each in found if each.kind is Kind.MAIL)


async def show(rep: Rep, card: Proposal) -> None:
    rep.screen.reload(select=card.id)
    await rep.pilot.pause()
    await rep.read_to_the_end()


async def until(rep: Rep, what: Callable[[], bool]) -> None:
    await patience.until(what)
    await rep.pilot.pause()


def looks(rep: Rep) -> bool:
    return isinstance(rep.app.screen, SendScreen) and rep.app.screen._card is not None


async def enter(rep: Rep) -> None:
    """Read the mail to its end, then Enter."""
    for _ in range(20):
        body = rep.app.screen.query_one(CardBody)
        rep.ahead += 1.0
        if body.seen is Seen.WHOLE:
            break
        await rep.pilot.press("enter")
        await rep.pilot.pause()
    rep.ahead += 1.0
    await rep.pilot.press("enter")
    await rep.pilot.pause()


async def test_s_puts_it_into_the_drafts_shows_it_as_it_lies_there_and_enter_sends_it(
    demo_desk: Desk, clock: Clock
) -> None:
    desk, at = with_gmail(demo_desk)
    card = await follow_up(desk, clock)
    async with reviewing(desk, clock) as rep:
        await show(rep, card)
        await rep.press("S")
        await until(rep, lambda: looks(rep))
        assert len(at.fake.mail.drafts) == 1 and at.fake.mail.sent == []
        shown = rep.shown()
        assert "Enter sends it and cannot take it back" in shown and "Follow-up:" in shown
        await enter(rep)
        await until(rep, lambda: len(at.fake.mail.sent) == 1)
        await until(rep, lambda: "sent, read back" in rep.shown())
        assert at.fake.mail.drafts == {}
        await rep.press("u")
        assert "cannot be taken back" in rep.shown()


async def test_escape_leaves_it_in_the_drafts_and_s_comes_back_to_it(demo_desk: Desk, clock: Clock) -> None:
    desk, at = with_gmail(demo_desk)
    card = await follow_up(desk, clock)
    async with reviewing(desk, clock) as rep:
        await show(rep, card)
        await rep.press("S")
        await until(rep, lambda: looks(rep))
        await rep.press("escape")
        assert at.fake.mail.sent == [] and len(at.fake.mail.drafts) == 1
        at.fake.mail.edit(next(iter(at.fake.mail.drafts)), Subject="[bold red]x[/] \x1b[31m changed in Gmail")
        await rep.press("S")
        await until(rep, lambda: looks(rep))
        assert "[bold red]x[/]" in rep.shown() and "\x1b" not in rep.shown()
        await rep.press("escape")
        rep.app.action_go("trail")
        await rep.pilot.pause()
        await rep.pilot.press("S")
        await until(rep, lambda: looks(rep))
        await rep.pilot.press("escape")
        delivery = decisions.get_delivery(desk.db, card.id)
        assert delivery is not None and delivery.state is DeliveryState.SENT and at.fake.mail.sent == []


async def test_y_copies_the_mail_and_s_is_not_there_for_a_file(demo_desk: Desk, clock: Clock) -> None:
    card = await follow_up(demo_desk, clock)
    assert card.home == "eml"
    async with reviewing(demo_desk, clock) as rep:
        await show(rep, card)
        await rep.press("Y")
        assert rep.app.clipboard == next(each.after for each in card.changes if each.field == "body")
        assert rep.screen.check_action("send", ()) is False


async def test_i_lays_out_the_invitation_and_e_says_when(demo_desk: Desk, clock: Clock) -> None:
    desk, at = with_gmail(demo_desk)
    card = await follow_up(desk, clock)
    async with reviewing(desk, clock) as rep:
        await show(rep, card)
        await rep.press("I")
        assert rep.card.kind is Kind.INVITATION, rep.shown()
        if not isinstance(rep.app.screen, EditScreen):  # the call itself has said when
            await rep.press("e")
        field = rep.app.screen.query_one(LineInput)
        field.value = "2026-12-01 14:00+01:00"
        await rep.pilot.press("enter")
        await rep.pilot.pause()
        assert rep.card.kind is Kind.INVITATION and rep.card.edited and not rep.card.note
        assert "1 Dec 2026" in rep.shown() or "2026-12-01" in rep.shown()
        await rep.read_to_the_end()
        await rep.press("a")
        rep.clock.forward(5)
        rep.app.wake_courier()
        await until(rep, lambda: bool(at.fake.calendar.told))
        assert at.fake.calendar.told[0][1] == "invited"
