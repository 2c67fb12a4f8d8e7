"""The six demo calls, each pasted into the notes of its meeting: what becomes of them in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.domain.proposal import Proposal, ProposalState
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement
from gangly_tui.tui.app import GanglyApp
from tests.tui.notes_desk import open_notes, paste, settled, until

DEMO = Path(__file__).parents[2] / "assets/demo/calls"
CALLS = {
    "harbor-pine.vtt": "Harbor & Pine",
    "kestrel-shorthand.txt": "Kestrel",
    "bluewater-two-deals.md": "Bluewater",
    "moravia-alias.txt": "Moravia",
    "fenwick-retraction.txt": "Fenwick",
    "solace-nothing.txt": "Solace",
}


async def _cards(desk: Desk, name: str) -> tuple[str, str, list[Proposal], str]:
    """Paste one call and press the key: the text, the meeting, the cards, and what the status line says."""
    text = (DEMO / name).read_text(encoding="utf-8")
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.today is not None and len(app.today.titles()) > 5)
        assert app.today is not None
        meeting = next(each for each, title in app.today.titles() if CALLS[name] in title)
        screen = await open_notes(pilot, meeting)
        if screen.keeper.notes.source != "notes":
            await pilot.press("ctrl+t")
        await paste(pilot, text)
        await settled(pilot, screen)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is not screen or app.status.text.startswith("nothing"))
        cards = decisions.proposals(desk.db, states=(ProposalState.OPEN,), meeting_id=meeting)
        return text, meeting, list(cards), app.status.text


@pytest.mark.parametrize("name", CALLS)
async def test_each_call_pasted_becomes_cards_with_words_from_it(demo_desk: Desk, name: str) -> None:
    text, meeting, cards, said = await _cards(demo_desk, name)
    assert {each.source: each.text for each in engagement.notes_of(demo_desk.db, meeting)} == {"notes": text}
    assert all(each.evidence and text[each.evidence.start : each.evidence.end] == each.evidence.text for each in cards)
    assert said.startswith("nothing to write") if not cards else said == f"{len(cards)} cards"


async def test_a_call_in_which_nothing_was_agreed_makes_no_card(demo_desk: Desk) -> None:
    _, _, cards, said = await _cards(demo_desk, "solace-nothing.txt")
    assert cards == []
    assert "dropped" in said


async def test_where_two_deals_fit_each_card_of_a_deal_asks_which(demo_desk: Desk) -> None:
    _, _, cards, _ = await _cards(demo_desk, "bluewater-two-deals.md")
    fields = [each for each in cards if each.group == "field"]
    assert fields
    assert all(len(each.choices) == 2 and each.target is None for each in fields)
