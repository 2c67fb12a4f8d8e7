"""Editing a card: what does not fit is refused in place and stays typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from textual.widgets import Input, TextArea

from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.flow.decide import queue
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.tui.screens.edit import EditScreen
from gangly_tui.tui.screens.review import ReviewScreen
from gangly_tui.tui.widgets.rows import RowView
from tests.tui.desks import Clock
from tests.tui.reviewing import Rep, drafted, field_card, reviewing

SIZES = [(80, 24), (140, 40)]


async def _open(rep: Rep, card: Proposal) -> None:
    while rep.card.id != card.id:
        await rep.press("down")
    await rep.press("e")
    assert isinstance(rep.app.screen, EditScreen)


def _now(desk: Desk, card: Proposal) -> Proposal:
    found = decisions.get_proposal(desk.db, card.id)
    assert found is not None
    return found


def _editing(rep: Rep) -> bool:
    return isinstance(rep.app.screen, EditScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_text_in_a_date_is_refused_with_the_fix_and_stays(
    demo_desk: Desk, clock: Clock, size: tuple[int, int]
) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    async with reviewing(demo_desk, clock, size=size) as rep:
        await _open(rep, close)
        assert "Tue 15 Dec 2026" in rep.shown()
        await rep.press(*["backspace"] * 10, *"next week", "enter")
        shown = rep.shown()
        assert _editing(rep)
        assert "! 'next week' is not a date" in shown
        assert "2026-11-15 or 15 Nov 2026" in " ".join(shown.split())
        assert rep.app.screen.query_one(Input).value == "next week"
        assert _now(demo_desk, close).changes[0].after == date(2026, 12, 15)
        await rep.press(*["backspace"] * 9, *"18 Dec 2026")
        assert "Fri 18 Dec 2026" in rep.shown()
        await rep.press("ctrl+s")
        assert not _editing(rep)
        assert rep.card.id == close.id
        assert "+ 2026-12-18" in rep.shown()
        assert "edited by you" in rep.shown()
        await rep.press("e", *"99", "escape")
        assert _now(demo_desk, close).changes[0].after == date(2026, 12, 18)


async def test_an_edited_card_must_be_seen_again(demo_desk: Desk, clock: Clock) -> None:
    close = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    async with reviewing(demo_desk, clock) as rep:
        await _open(rep, close)
        await rep.press(*["backspace"] * 2, *"18", "enter")
        at = rep.now()
        rep.screen.guard.now = lambda: at
        await rep.pilot.press("a")
        assert decisions.deliveries(demo_desk.db) == []


async def test_a_picklist_is_chosen_from_the_live_values(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    close = field_card(cards, "close_date")
    schema = next(each for each in (await demo_desk.reader.describe(close.kind)).fields if each.name == "stage")
    stage = replace(
        close,
        id=demo_desk.new_id(),
        changes=(
            replace(
                close.changes[0], field="stage", label=schema.label, type=schema.type, before="Demo",
                after="Proposal", options=schema.options, required=True,
            ),
        ),
    )  # fmt: skip
    decisions.save_proposals(demo_desk.db, [stage])
    async with reviewing(demo_desk, clock) as rep:
        await _open(rep, stage)
        assert all(each in rep.shown() for each in schema.options)
        await rep.press(*"zzz")
        assert "no value of this list has these letters" in rep.shown()
        await rep.press("enter")
        assert _editing(rep)
        assert "'zzz' is not one of the values" in rep.shown()
        await rep.press(*["backspace"] * 3, *"nego", "enter")
        assert _now(demo_desk, stage).changes[0].after == "Negotiation"
        await _open(rep, stage)
        await rep.press("up", "enter")
        assert _now(demo_desk, stage).changes[0].after == schema.options[schema.options.index("Negotiation") - 1]
        await _open(rep, stage)
        options = rep.app.screen.query_one("#options", RowView)
        await rep.pilot.click("#options", offset=(3, 0))
        await rep.pilot.click("#options", offset=(3, 0))
        await rep.pilot.pause()
        assert options.cursor == 0
        assert not _editing(rep)
        assert _now(demo_desk, stage).changes[0].after == schema.options[0]


async def test_too_long_and_emptied_are_refused(demo_desk: Desk, clock: Clock) -> None:
    step = field_card(await drafted(demo_desk, clock, "kestrel"), "next_step")
    short = replace(step, changes=(replace(step.changes[0], max_length=20, required=True, after="Call Tomasz"),))
    decisions.save_proposals(demo_desk.db, [short])
    async with reviewing(demo_desk, clock) as rep:
        await _open(rep, short)
        assert "at most 20 characters" in rep.shown()
        assert "11 of 20 characters" in rep.shown()
        await rep.press(*" about the shift export", "enter")
        assert _editing(rep)
        assert "takes 20 characters; this has 34" in rep.shown()
        assert "shorten the text" in rep.shown()
        await rep.press(*["backspace"] * 34, "enter")
        assert _editing(rep)
        assert "is required" in rep.shown()
        await rep.press("escape")
    assert _now(demo_desk, short).changes[0].after == "Call Tomasz"


async def test_fields_of_a_bigger_card_are_picked_and_saved_together(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    summary = next(each for each in cards if each.group == "summary")
    async with reviewing(demo_desk, clock) as rep:
        await _open(rep, summary)
        names = [each.label for each in rep.screen.card.changes] if rep.screen.card else []
        assert "Body" in names
        assert "Opportunity" not in rep.shown().partition("Edit ")[2].partition("^s save")[0]
        area = rep.app.screen.query_one(TextArea)
        area.load_text("A better subject")
        await rep.press("tab")
        while "Body" not in str(rep.app.screen.query_one("#label").render()):
            await rep.press("tab")
        area.load_text("- one\n- two\n")
        await rep.pilot.pause()
        assert "characters" in rep.shown()
        await rep.press("ctrl+s")
        after = {each.field: each.after for each in _now(demo_desk, summary).changes}
        assert after["subject"] == "A better subject"
        assert after["body"] == "- one\n- two"
        assert decisions.proposal_state(demo_desk.db, summary.id) is ProposalState.OPEN
        shown = rep.shown()
        assert "- one⏎" in shown
        assert "A better subject" in shown


async def test_a_bad_value_in_another_field_brings_that_field_back(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "harbor-pine")
    task = next(
        each for each in cards if each.group == "next step" and any(part.field == "due" for part in each.changes)
    )
    async with reviewing(demo_desk, clock) as rep:
        await _open(rep, task)
        while "Due" not in str(rep.app.screen.query_one("#label").render()):
            await rep.press("tab")
        await rep.press(*"x", "tab", "ctrl+s")
        assert _editing(rep)
        assert "is not a date" in rep.shown()
        assert rep.app.screen.query_one(Input).value.endswith("x")
        await rep.press("escape")
        assert isinstance(rep.app.screen, ReviewScreen)
    assert _now(demo_desk, task) == task
    assert queue(demo_desk) == cards
