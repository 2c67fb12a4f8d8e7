"""Review: the cards of a call decided by keys, with the store and the CRM asked what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.domain.records import Kind
from gangly_tui.flow.decide import approve, edit, is_low_risk, queue, reject
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, mirror, trail
from gangly_tui.tui.screens.context import ContextScreen
from gangly_tui.tui.screens.low_risk import LowRiskScreen
from gangly_tui.tui.screens.reason import ReasonScreen
from gangly_tui.tui.screens.review import ReviewScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.screens.today import TodayScreen
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.queue_view import QueueView
from tests.tui.desks import Clock
from tests.tui.reviewing import drafted, field_card, meeting_of, reviewing, stands, state

SIZES = [(80, 24), (140, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_whole_line_with_a_one_e_one_x_and_one_u(
    demo_desk: Desk, clock: Clock, size: tuple[int, int]
) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    close, step = field_card(cards, "close_date"), field_card(cards, "next_step")
    async with reviewing(demo_desk, clock, size=size) as rep:
        assert rep.card == close
        await rep.press("e", *["backspace"] * 10, *"2026-12-18", "enter")
        await rep.press("a")
        await rep.press("x", *"too vague", "enter")
        assert state(demo_desk, step) is ProposalState.REJECTED
        undone = rep.card
        await rep.read_to_the_end()
        await rep.press("a")
        assert state(demo_desk, undone) is ProposalState.APPROVED
        await rep.press("u")
        assert state(demo_desk, undone) is ProposalState.OPEN
        assert rep.card.id == undone.id
        for _ in range(60):
            if rep.screen.card is None:
                break
            await rep.press("a")
        assert "Nothing waits for you." in rep.shown()
        await rep.land()
        assert f"{len(cards) - 1} saved and read back, 1 rejected" in rep.shown()
    approved = [each for each in cards if each.id != step.id]
    sent = decisions.deliveries(demo_desk.db, states=(DeliveryState.SENT,))
    assert {each.op_id for each in sent} == {each.id for each in approved}
    assert close.target and step.target
    assert await stands(demo_desk, close.target, "close_date") == date(2026, 12, 18)
    assert await stands(demo_desk, step.target, "next_step") in (None, "")
    for each in approved:
        if each.group == "field" and each.id != close.id:
            assert each.target
            assert await stands(demo_desk, each.target, each.changes[0].field) == each.changes[0].after
    assert trail.verify_trail(demo_desk.db)[0] == trail.count(demo_desk.db)
    kinds = [each.kind for each in trail.entries(demo_desk.db)]
    assert kinds.count(AuditKind.WITHDRAWN) == kinds.count(AuditKind.EDITED) == kinds.count(AuditKind.REJECTED) == 1
    assert next(e for e in trail.entries(demo_desk.db) if e.kind is AuditKind.REJECTED).detail == "too vague"


async def test_a_five_field_call_costs_at_most_seven_keys(demo_desk: Desk, clock: Clock) -> None:
    """`2`, one `a` a field: with the summary on top it is seven. The rest of a longer call is one `A`."""
    cards = await drafted(demo_desk, clock, "kestrel")
    fields = [each for each in cards if each.group == "field"][:5]
    for each in cards:
        if each not in fields and each.group != "summary":
            reject(demo_desk, each.id)
    async with reviewing(demo_desk, clock, size=(120, 44)) as rep:
        await rep.press("1")
        assert isinstance(rep.app.screen, TodayScreen)
        rep.presses = 0
        await rep.pilot.press("2")
        await rep.pilot.pause()
        await rep.press(*["a"] * 6)
        assert rep.presses + 1 <= 7
        assert queue(demo_desk) == []
        await rep.land()
    sent = decisions.deliveries(demo_desk.db, states=(DeliveryState.SENT,))
    assert {each.id for each in fields} < {each.op_id for each in sent}
    assert len(sent) == 6


async def test_A_lists_the_low_risk_cards_and_approves_those_alone(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel", "moravia")
    mine = [each for each in cards if each.meeting_id == meeting_of("kestrel")]
    low = [each for each in mine if is_low_risk(each)]
    put_off = low[-1]
    async with reviewing(demo_desk, clock, size=(120, 30)) as rep:
        while rep.card.id != put_off.id:
            await rep.press("down")
        await rep.press("s", "A")
        assert isinstance(rep.app.screen, LowRiskScreen)
        shown = rep.shown()
        assert f"Approve {len(low) - 1} low-risk cards of Kestrel" in shown
        assert "Close date" not in shown.partition("Approve ")[2].partition("approve all")[0]
        await rep.press("a", rest=0.01)
        assert isinstance(rep.app.screen, LowRiskScreen), "a list that goes on below is not approved"
        for _ in range(20):
            if not isinstance(rep.app.screen, LowRiskScreen):
                break
            await rep.press("a")
        assert {each.id for each in mine if state(demo_desk, each) is ProposalState.APPROVED} == {
            each.id for each in low if each.id != put_off.id
        }
        assert all(
            state(demo_desk, each) is ProposalState.OPEN for each in cards if each.meeting_id == meeting_of("moravia")
        )
        await rep.press("A")
        assert not isinstance(rep.app.screen, LowRiskScreen) or rep.card.meeting_id != meeting_of("kestrel")


async def test_escape_in_the_list_approves_nothing(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock) as rep:
        await rep.press("A", "escape")
        assert isinstance(rep.app.screen, ReviewScreen)
    assert decisions.deliveries(demo_desk.db) == []


@pytest.mark.parametrize("size", SIZES)
async def test_the_card_says_everything(demo_desk: Desk, clock: Clock, size: tuple[int, int]) -> None:
    cards = await drafted(demo_desk, clock, "harbor-pine", "kestrel")
    for each in cards:
        if each.meeting_id == meeting_of("harbor-pine") and each.changes[0].field == "close_date":
            approve(demo_desk, each.id, each.digest())
    async with reviewing(demo_desk, clock, size=size, meeting_id=meeting_of("kestrel")) as rep:
        shown = rep.shown()
        total = sum(each.meeting_id == meeting_of("kestrel") for each in cards)
        for words in (
            f"1/{total}", "Kestrel - Shift planning, 4 depots › Close date", "risk: forecast",
            "- 2027-01-08", "robin.hale@larkspur.example, 13 Nov", "+ 2026-12-15",
            '"15 Dec", anchored on 24 Nov 2026', "likely", "transcript of 2026-11-24",
            "“go live needs to be before peak season, wants to sign by 15 Dec”",
            "none found", "newest customer statement wins", "1 of 1 accepted", "a approve", "leaves in 4 s",
        ):  # fmt: skip
            assert words in shown, words
        assert all(len(each) <= size[0] for each in shown.splitlines())
        while rep.card.group != "summary":
            await rep.press("down")
        seen = rep.shown()
        for _ in range(6):
            await rep.press("space")
            seen += rep.shown()
        body = next(str(each.after) for each in rep.card.changes if each.field == "body")
        flat = "".join(seen.replace("⏎", "").split())
        for part in body.splitlines():
            assert "".join(part.split())[:30] in flat, part
        assert "Kestrel Logistics (acc-kestrel)" in seen
        while rep.card.group != "next step":
            await rep.press("down")
        assert all(each in rep.shown() for each in ("Subject", "Owner robin.hale@larkspur.example", "risk: low"))


async def test_without_a_history_the_card_claims_none(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock) as rep:
        assert "accepted" not in rep.shown()


async def test_a_card_says_where_the_system_guards_no_write(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel")
    unguarded = replace(demo_desk, window=lambda: "no conditional write: a small window stays")
    async with reviewing(unguarded, clock) as rep:
        assert "a small window stays" in rep.shown()
        while rep.card.group != "summary":  # a new record writes over nothing
            await rep.press("down")
        assert "a small window stays" not in rep.shown()


async def test_an_approval_is_bound_to_the_card_on_screen(demo_desk: Desk, clock: Clock) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    async with reviewing(demo_desk, clock) as rep:
        edit(demo_desk, close.id, "close_date", "2027-03-01")  # from another window
        await rep.press("a")
        assert decisions.deliveries(demo_desk.db) == []
        assert "changed after you saw it" in rep.shown()
        assert "+ 2027-03-01" in rep.shown()
        await rep.press("a")
    assert [each.op_id for each in decisions.deliveries(demo_desk.db)] == [close.id]


async def test_a_card_decided_elsewhere_is_said_and_the_list_goes_on(demo_desk: Desk, clock: Clock) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    async with reviewing(demo_desk, clock) as rep:
        reject(demo_desk, close.id)
        await rep.press("a")
        assert "is already rejected" in rep.shown()
        assert rep.card.id != close.id
    assert decisions.deliveries(demo_desk.db) == []


async def test_the_next_card_is_painted_with_the_key_and_waits_for_nobody(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel", "harbor-pine")
    async with reviewing(demo_desk, clock) as rep:
        for _ in range(6):
            await rep.read_to_the_end()
            rep.ahead += 1.0
            rep.screen.action_approve()  # no await until the next card is on screen
            assert f" {rep.card.changes[0].label}" in rep.shown() or rep.card.target_name in rep.shown()
            await rep.pilot.pause()


async def test_reasons_are_optional_and_escape_keeps_the_card(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock) as rep:
        first = rep.card
        await rep.press("x")
        assert isinstance(rep.app.screen, ReasonScreen)
        await rep.press("escape")
        assert state(demo_desk, first) is ProposalState.OPEN
        await rep.press("x", "enter")
        assert state(demo_desk, first) is ProposalState.REJECTED
    assert len(queue(demo_desk)) == len(cards) - 1


async def test_later_goes_behind_and_comes_back_when_nothing_else_is_left(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "solace", "fenwick")
    async with reviewing(demo_desk, clock) as rep:
        first = rep.card
        await rep.press("s")
        assert rep.card.id != first.id
        while queue(demo_desk)[0].id != first.id:
            await rep.press("x", "enter")
        assert rep.card.id == first.id
        assert "put off before" in rep.shown()
        assert f"{len(cards)}/{len(cards)}" in rep.shown()


async def test_undo_of_a_landed_write_is_a_card_of_its_own(demo_desk: Desk, clock: Clock) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    assert close.target
    async with reviewing(demo_desk, clock) as rep:
        await rep.press("a")
        await rep.land()
        assert await stands(demo_desk, close.target, "close_date") == date(2026, 12, 15)
        assert "saved, read back" in rep.shown()
        await rep.press("u")
        assert rep.card.undoes == close.id
        assert "undo: a sends it" in rep.shown()
        assert "- 2026-12-15" in rep.shown()
        assert "+ 2027-01-08" in rep.shown()
        assert await stands(demo_desk, close.target, "close_date") == date(2026, 12, 15)
        await rep.press("a")
        await rep.land()
    assert await stands(demo_desk, close.target, "close_date") == date(2027, 1, 8)


async def test_context_source_calls_and_the_mouse(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel", "moravia")
    async with reviewing(demo_desk, clock, size=(140, 40)) as rep:
        await rep.press("v")
        assert isinstance(rep.app.screen, ContextScreen)
        shown = rep.shown()
        assert "▌ - go live needs to be before peak season, wants to sign by 15 Dec" in shown
        assert "- anja wants SOC2 report by fri" in shown
        await rep.press("escape", "o")
        assert isinstance(rep.app.screen, SourceScreen)
        assert "sandbox deal, as last read" in rep.shown()
        await rep.press("escape", "right")
        assert rep.card.meeting_id == meeting_of("moravia")
        await rep.press("left")
        await rep.pilot.click(QueueView, offset=(6, 3))
        await rep.pilot.pause()
        assert rep.card.id == cards[2].id
        footer = rep.shown().splitlines()[-1]
        await rep.pilot.click(KeyFooter, offset=(footer.index("s later"), 0))
        await rep.pilot.pause()
        assert state(demo_desk, cards[2]) is ProposalState.LATER


async def test_the_strip_names_the_call_where_there_is_one_line(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel", "moravia")
    async with reviewing(demo_desk, clock, size=(80, 24), meeting_id=meeting_of("moravia")) as rep:
        assert rep.card.meeting_id == meeting_of("moravia")
        strip = rep.shown().splitlines()[2]
        assert "Moravia Steel: production planning" in strip
        assert f"call 1 of 2, {len(cards)} cards" in strip
        await rep.pilot.click(QueueView, offset=(strip.index("›"), 0))
        await rep.pilot.pause()
        assert rep.card.meeting_id == meeting_of("kestrel")


async def test_nothing_to_review_says_what_is_next(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "solace")
    async with reviewing(demo_desk, clock, size=(80, 24)) as rep:
        shown = rep.shown()
        assert "Nothing waits for you." in shown
        assert "n opens the notes of the next call without cards: Harbor & Pine" in shown
        await rep.press("a", "x", "s", "e", "v", "A", "o", "down", "right")
        assert isinstance(rep.app.screen, ReviewScreen)
        await rep.press("u")
        assert "nothing to undo yet" in rep.shown()
        await rep.press("1")
        assert isinstance(rep.app.screen, TodayScreen)


async def test_a_new_contact_card_shows_every_field(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "harbor-pine", "kestrel", "moravia", "fenwick", "bluewater")
    contacts = [each for each in cards if each.kind is Kind.CONTACT]
    assert contacts
    async with reviewing(demo_desk, clock, size=(140, 44)) as rep:
        for _ in range(len(cards)):
            if rep.card.kind is Kind.CONTACT:
                break
            await rep.press("down")
        assert all(each.label in rep.shown() or len(rep.card.changes) == 1 for each in rep.card.changes)
        assert "same mailbox" in rep.shown()
    assert mirror.count(demo_desk.db, Kind.CONTACT)
