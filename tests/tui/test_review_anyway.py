"""A card of a new contact that may be there already: `a` asks why, and nothing goes on without a word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.proposal import Action, FieldChange, Proposal, ProposalState, Risk
from gangly_tui.domain.records import FieldType, Kind
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, trail
from gangly_tui.tui.screens.reason import AnywayScreen
from tests.tui.desks import Clock
from tests.tui.reviewing import drafted, meeting_of, reviewing, state


async def suspicious(desk: Desk, clock: Clock) -> Proposal:
    """One card waits: a new contact with the phone of somebody at the account."""
    first = (await drafted(desk, clock, "kestrel"))[0]
    for each in decisions.proposals(desk.db):
        decisions.set_proposal_state(desk.db, each.id, ProposalState.REJECTED)
    values = {"first_name": "Tomek", "last_name": "Zielinski", "phone": "+48 58 555 01 80"}
    card = replace(
        first,
        id=desk.new_id(),
        meeting_id=meeting_of("kestrel"),
        action=Action.CREATE,
        kind=Kind.CONTACT,
        target=None,
        target_name="Tomek Zielinski",
        changes=tuple(
            FieldChange(field=name, label=name, type=FieldType.TEXT, before=None, after=value)
            for name, value in values.items()
        ),
        suspects=("sandbox:contact:con-0005",),
        note="perhaps a contact already: same phone as Tomasz Zielinski, +48 58 555 01 80",
        risk=Risk.NEW_RECORD,
        group="contact",
        conflict=None,
        choices=(),
    )
    decisions.save_proposals(desk.db, [card])
    return card


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_asks_why_and_the_trail_keeps_it(demo_desk: Desk, clock: Clock, size: tuple[int, int]) -> None:
    card = await suspicious(demo_desk, clock)
    async with reviewing(demo_desk, clock, size=size) as rep:
        assert "same phone as Tomasz" in " ".join(rep.shown().split())
        await rep.read_to_the_end()
        await rep.press("a")
        assert isinstance(rep.app.screen, AnywayScreen)
        assert "Create anyway" in rep.shown()
        assert "needed" in rep.shown()
        await rep.press("enter")
        assert isinstance(rep.app.screen, AnywayScreen), "not without a word"
        await rep.press("escape")
        assert state(demo_desk, card) is ProposalState.OPEN
        await rep.press("a", *"his brother", "enter")
        assert state(demo_desk, card) is ProposalState.APPROVED
        assert "u takes it back" in rep.shown()
    (kept,) = [each for each in trail.entries(demo_desk.db) if each.kind is AuditKind.APPROVED]
    assert kept.detail == "created anyway: his brother"
