"""What the trail keeps of a card as it was shown: derived anew from the painted screen."""

from __future__ import annotations

import hashlib
import re

from gangly_tui.domain.audit import AuditEntry, AuditKind
from gangly_tui.domain.proposal import Proposal
from gangly_tui.flow.decide import approve
from gangly_tui.flow.desk import Desk
from gangly_tui.store import trail
from gangly_tui.tui.screens.low_risk import LowRiskScreen, _Listed
from gangly_tui.tui.widgets.proposal_card import CardBody, _Head
from gangly_tui.tui.widgets.rows import MARGIN, RowView
from tests.tui.desks import Clock
from tests.tui.reviewing import Rep, drafted, field_card, reviewing

WIDE = (240, 60)
"""Nothing wraps, so the painted lines hold the words in their order."""


def approved(desk: Desk, card: Proposal) -> AuditEntry:
    return next(each for each in trail.entries(desk.db, op_id=card.id) if each.kind is AuditKind.APPROVED)


def painted(view: RowView) -> list[str]:
    """The lines of a widget as they are on screen, all of which fit."""
    assert not view.max_scroll_y
    strips = [view.render_line(y) for y in range(view.scrollable_content_region.height)]
    return [strip.text[MARGIN:] for strip in strips]


def digest_of(lines: list[str]) -> str:
    return hashlib.sha256(re.sub("[ \n]+", " ", "\n".join(lines)).strip().encode()).hexdigest()


def on_screen(rep: Rep) -> str:
    return digest_of([*painted(rep.screen.query_one(_Head)), *painted(rep.screen.query_one(CardBody))])


async def test_the_trail_holds_the_hash_of_what_the_screen_showed(demo_desk: Desk, clock: Clock) -> None:
    cards = await drafted(demo_desk, clock, "kestrel")
    seen = {}
    async with reviewing(demo_desk, clock, size=WIDE) as rep:
        for _ in cards:
            seen[rep.card.id] = rep.card, on_screen(rep)
            await rep.press("a")
    assert len(seen) == len(cards) and any(len(card.changes) > 1 for card, _ in seen.values())
    for card, digest in seen.values():
        entry = approved(demo_desk, card)
        assert entry.view_sha256 == digest != card.digest()
    assert len({digest for _, digest in seen.values()}) == len(cards)
    assert {each.view_sha256 for each in trail.entries(demo_desk.db) if each.kind is not AuditKind.APPROVED} <= {""}


async def test_a_narrow_screen_shows_the_same_words(demo_desk: Desk, clock: Clock) -> None:
    card = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    async with reviewing(demo_desk, clock, size=WIDE) as rep:
        wide = on_screen(rep)
    async with reviewing(demo_desk, clock, size=(80, 24)) as rep:
        assert rep.card == card
        await rep.read_to_the_end()
        await rep.press("a")
    assert approved(demo_desk, card).view_sha256 == wide


async def test_another_word_makes_another_hash(demo_desk: Desk, clock: Clock) -> None:
    card = field_card(await drafted(demo_desk, clock, "kestrel"), "close_date")
    async with reviewing(demo_desk, clock, size=WIDE) as rep:
        before = rep.screen.query_one(CardBody).view
        await rep.press("e", *["backspace"] * 10, *"2026-12-18", "enter")
        assert rep.card.id == card.id
        assert rep.screen.query_one(CardBody).view == on_screen(rep) != before


async def test_a_list_of_cards_is_hashed_card_by_card(demo_desk: Desk, clock: Clock) -> None:
    await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock, size=(240, 160)) as rep:
        await rep.press("A")
        sheet = rep.app.screen
        assert isinstance(sheet, LowRiskScreen)
        lines = painted(sheet.query_one(_Listed))
        cards = [each.card for each in sheet._faces]
        starts = [at for at, text in enumerate(lines) if at == 0 or not lines[at - 1].strip()][: len(cards)]
        shown = [digest_of(lines[at:end]) for at, end in zip(starts, [*starts[1:], None], strict=True)]
        while rep.app.screen is sheet:
            await rep.press("a")
    kept = [approved(demo_desk, each).view_sha256 for each in cards]
    assert len(cards) > 3 and len(set(kept)) == len(kept)
    for card, one, digest in zip(cards, kept, shown, strict=True):
        if card.group != "summary":  # its subject wraps in this sheet, and every part of it has its own plus
            assert one == digest


async def test_an_approval_nobody_was_shown_anything_for_says_so(demo_desk: Desk, clock: Clock) -> None:
    card = (await drafted(demo_desk, clock, "kestrel"))[0]
    approve(demo_desk, card.id, card.digest())
    assert approved(demo_desk, card).view_sha256 == ""
