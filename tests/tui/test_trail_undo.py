"""`u` on the trail: a write is taken back where it is looked at, by a card in Review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.proposal import Action, FieldChange, Proposal
from gangly_tui.domain.records import FieldType, Kind
from gangly_tui.flow.decide import approve, queue
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, mirror, trail
from gangly_tui.tui.screens.review import ReviewScreen
from gangly_tui.tui.screens.trail import TrailScreen
from tests.patience import until
from tests.tui.desks import NOW, Clock, PaperWriter, nordwind, paper_desk, screen_text
from tests.tui.test_trail import DEAL, on_trail


def _card() -> Proposal:
    change = FieldChange(field="next_step", label="Next step", type=FieldType.TEXT, before="Send the DPA", after="Call")
    return Proposal(
        id="op1",
        meeting_id="m2",
        action=Action.UPDATE,
        kind=Kind.OPPORTUNITY,
        target=DEAL,
        target_name="Nordwind Platform 2026",
        changes=(change,),
        drafted_at=NOW,
        source="notes of 2026-11-24",
        base_version="1",
        evidence=Evidence(text="Call", start=0, end=4),
        group="field",
    )


@pytest.fixture
def writing(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """One approved write on a desk that can write."""
    records, meetings = nordwind()
    desk = paper_desk(tmp_path, records, meetings, clock=clock, make_writer=PaperWriter)
    mirror.save_records(desk.db, records)
    decisions.save_proposals(desk.db, [_card()])
    approve(desk, "op1", _card().digest())
    yield desk
    desk.close()


async def test_u_takes_back_a_landed_write_by_an_inverse_card_in_review(writing: Desk, clock: Clock) -> None:
    decisions.save_proposals(writing.db, [replace(_card(), id="other", drafted_at=NOW - timedelta(days=1))])
    clock.forward(5)
    async with on_trail(writing, (100, 30)) as (app, pilot):
        await until(lambda: trail.count(writing.db, kind=AuditKind.SENT) == 1)
        await pilot.pause()
        for _ in range(2):  # a second u lays out no second card
            await pilot.press("u")
            await pilot.pause()
            assert isinstance(app.screen, ReviewScreen)
            card = app.screen.card
            assert card is not None and (card.undoes, card.changes[0].after) == ("op1", "Send the DPA")
            await pilot.press("5")
            await until(lambda: bool(app.screen.query("#entries:focus")))
        assert [each.undoes for each in queue(writing)].count("op1") == 1


async def test_u_in_the_grace_period_opens_the_card_again(writing: Desk) -> None:
    async with on_trail(writing, (100, 30)) as (app, pilot):
        await pilot.press("u")
        await pilot.pause()
        assert isinstance(app.screen, ReviewScreen)
        assert [each.id for each in queue(writing)] == ["op1"]
        await pilot.press("5")
        await until(lambda: bool(app.screen.query("#entries:focus")))
        assert "withdrawn" in screen_text(app)
        await pilot.press("u")
        assert "not landed" in screen_text(app)
        assert isinstance(app.screen, TrailScreen)
