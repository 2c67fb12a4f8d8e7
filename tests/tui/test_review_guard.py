"""A held key runs through no cards, and what was not seen is not approved."""

from __future__ import annotations

import pytest

from gangly_tui.domain.proposal import ProposalState
from gangly_tui.flow.capture import autosave, open_notes
from gangly_tui.flow.decide import queue
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.tui.widgets.hold_guard import DWELL, HoldGuard, Press
from gangly_tui.tui.widgets.proposal_card import CardBody, Seen
from tests.tui.desks import Clock
from tests.tui.reviewing import drafted, meeting_of, reviewing, state


def _judge(*rests: float) -> list[str]:
    """Presses of one key with these rests before each."""
    at = [0.0]
    guard = HoldGuard(now=lambda: at[0])
    found = []
    for rest in rests:
        at[0] += rest
        found.append(guard.press("a").value)
    return found


@pytest.mark.parametrize(
    ("rests", "fresh"),
    [
        ([5.0], 1),
        ([5.0, 1.0, 1.0, 1.0], 4),
        ([5.0, *[0.03] * 50], 1),
        ([5.0, 0.5, *[0.033] * 50], 2),
        ([5.0, 0.25, *[0.09] * 50], 2),
        ([5.0, 0.5, *[0.033] * 20, 1.5, 1.5], 4),
    ],
    ids=["one", "a person", "at once", "500 ms pause", "250 ms pause", "held, let go, then a person"],
)
def test_which_presses_count(rests: list[float], fresh: int) -> None:
    assert _judge(*rests).count(Press.FRESH.value) == fresh


def test_the_second_repeat_gives_the_first_one_away_and_nothing_else() -> None:
    assert _judge(5.0, 0.5, 0.03, 0.03, 0.03) == ["fresh", "fresh", "given away", "repeat", "repeat"]
    assert _judge(5.0, 0.03, 0.03) == ["fresh", "repeat", "repeat"]
    assert _judge(5.0, 3.0, 0.1) == ["fresh", "fresh", "repeat"]


def test_another_key_is_another_rhythm() -> None:
    guard = HoldGuard(now=lambda: 1.0)
    assert [guard.press(key) for key in "axa"] == [Press.FRESH] * 3


async def test_holding_a_approves_one_card_and_puts_the_second_back(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock) as rep:
        at = [rep.now() + 1.0]
        rep.screen.guard.now = lambda: at[0]
        for rest in (0.0, 0.5, *[0.033] * 15):
            at[0] += rest
            await rep.pilot.press("a")
            await rep.pilot.pause()
        assert "held down" in rep.shown()
        assert state(demo_desk, cards[0]) is ProposalState.APPROVED
        assert [each.id for each in queue(demo_desk)] == [each.id for each in cards[1:]]
        await rep.press("a")
        assert state(demo_desk, cards[1]) is ProposalState.APPROVED


async def test_a_card_that_was_only_just_painted_is_not_approved(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock) as rep:
        at = [rep.now()]
        screen = rep.screen
        screen.guard.now = lambda: at[0]
        screen._shown = None
        screen.reload()
        await rep.pilot.pause()
        await rep.pilot.press("a")
        assert decisions.deliveries(demo_desk.db) == []
        assert "quicker than the eye" in rep.shown()
        at[0] += DWELL + 0.01
        await rep.pilot.press("a")
        await rep.pilot.pause()
    assert len(decisions.deliveries(demo_desk.db)) == 1


async def test_a_is_live_only_once_the_end_of_the_card_was_on_screen(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "harbor-pine")
    summary = next(each for each in cards if each.group == "summary")
    async with reviewing(demo_desk, clock, size=(80, 24)) as rep:
        while rep.card.group != "summary":
            await rep.press("down")
        rep.ahead += 1.0
        body = rep.screen.query_one(CardBody)
        assert body.seen is Seen.IN_PART
        assert "more lines: space, then a" in rep.shown()
        await rep.press("a")
        assert state(demo_desk, summary) is ProposalState.OPEN, "the first a shows more"
        await rep.read_to_the_end()
        assert "more lines" not in rep.shown()
        await rep.press("up", "down")
        await rep.press("a")
        assert state(demo_desk, summary) is ProposalState.APPROVED, "read once is read"


async def test_after_an_edit_of_the_notes_the_context_still_finds_the_words_or_says_so(
    demo_desk: Desk, clock: Clock
) -> None:
    await drafted(demo_desk, clock, "kestrel")
    notes = open_notes(demo_desk, meeting_of("kestrel"))
    async with reviewing(demo_desk, clock) as rep:
        demo_desk.db.execute("DELETE FROM transcript")
        autosave(demo_desk, type(notes)(**{**_parts(notes), "text": "A line before.\n" + notes.text}))
        await rep.press("v")
        assert "changed since the card was drafted" in rep.shown()
        assert "▌ - go live needs to be before peak season" in rep.shown()
        await rep.press("escape")
        autosave(demo_desk, type(notes)(**{**_parts(notes), "text": "Something else."}))
        await rep.press("v")
        assert "no longer have these words" in rep.shown()


def _parts(notes: object) -> dict[str, object]:
    return {name: getattr(notes, name) for name in ("id", "meeting_id", "updated_at", "source")}
