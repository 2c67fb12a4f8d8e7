"""The steps that every walk takes: cards of some notes, one of them, landing what is due."""

from __future__ import annotations

from gangly_tui.domain.audit import AuditKind
from gangly_tui.domain.proposal import Proposal
from gangly_tui.flow.capture import open_notes, propose
from gangly_tui.store import trail
from tests.flow.conftest import House

NOTES = """Ada: We can sign on November 15, after the board meets.
Ada: We are also looking at Globex as an alternative.
Robin: I'll send you the security whitepaper by Friday.
"""


async def cards(house: House, text: str = NOTES) -> list[Proposal]:
    notes = open_notes(house.desk, "m1")
    return await propose(house.desk, type(notes)(**{**parts(notes), "text": text}))


def parts(notes: object) -> dict[str, object]:
    return {name: getattr(notes, name) for name in ("id", "meeting_id", "updated_at", "source")}


def card_of(found: list[Proposal], field: str) -> Proposal:
    return next(each for each in found if each.group == "field" and each.changes[0].field == field)


async def land(house: House) -> list[str]:
    house.clock.forward(seconds=5)
    return [each.message for each in await house.desk.courier.deliver_due()]


def kinds(house: House) -> list[AuditKind]:
    return [each.kind for each in trail.entries(house.desk.db)]
