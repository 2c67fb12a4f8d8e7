"""Names, values, quotes, notes and reasons that try to be more than text; values in full; no colour."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gangly_tui.domain.draft import Evidence
from gangly_tui.domain.proposal import Action, Choice, Conflict, FieldChange, Proposal
from gangly_tui.domain.records import FieldType, Kind, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions
from gangly_tui.tui.screens.review import ReviewScreen
from tests.tui.desks import NOW, Clock
from tests.tui.reviewing import drafted, field_card, meeting_of, reviewing
from tests.tui.test_rows import HOSTILE

JOINED = " ".join(each for each in HOSTILE if len(each) < 100)
DEAL = RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="deal-kestrel-shifts")


def _poisoned(text: str) -> list[Proposal]:
    """A field, a conflict, a choice, a contact and a task card, every part of them hostile."""
    said = Evidence(text=text, start=0, end=len(text), speaker=text, at=text[:20])
    change = FieldChange(
        field="next_step", label=text[:60], type=FieldType.TEXT, before=text, after=text, before_by=text, before_at=NOW
    )
    base = Proposal(
        id="p1", meeting_id=meeting_of("kestrel"), action=Action.UPDATE, kind=Kind.OPPORTUNITY, target=DEAL,
        target_name=text, changes=(change,), drafted_at=NOW, source=text, evidence=said, reading=text, against=said,
        rule=text, note=text, group="field",
    )  # fmt: skip
    fight = Conflict(field="next_step", base=text, theirs=text, mine=text, by=text, at=NOW)
    many = tuple(
        replace(change, field=name, label=name, before=None) for name in ("first_name", "last_name", "title", "owner")
    )
    return [
        base,
        replace(base, id="p2", conflict=fight),
        replace(base, id="p3", target=None, choices=(Choice(ref=DEAL, label=text), Choice(ref=DEAL, label=text))),
        replace(base, id="p4", action=Action.CREATE, kind=Kind.CONTACT, target=None, changes=many, group="contact"),
        replace(base, id="p5", note=""),
    ]


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (40, 16)])
@pytest.mark.parametrize("text", [JOINED, "x" * 10_000, "[/]", "[@click=app.quit()]x[/]"], ids=lambda text: text[:12])
async def test_every_part_of_a_card_is_only_text(
    demo_desk: Desk, clock: Clock, text: str, size: tuple[int, int]
) -> None:
    await drafted(demo_desk, clock, "kestrel")
    demo_desk.db.execute("DELETE FROM proposal")
    decisions.save_proposals(demo_desk.db, _poisoned(text))
    async with reviewing(demo_desk, clock, size=size) as rep:
        seen = rep.shown()
        for _ in range(4):
            await rep.press("down")
            seen += rep.shown()
            await rep.press("end")
            seen += rep.shown()
        for key in ("e", "x", "A", "v"):
            await rep.press(key)
            seen += rep.shown()
            if not isinstance(rep.app.screen, ReviewScreen):
                await rep.press("escape")
        await rep.press("x", *"[/]", "enter")
        await rep.press("a")
        seen += rep.shown()
        assert isinstance(rep.app.screen, ReviewScreen)
        metas = {
            segment.style.meta.get("@click")
            for strip in rep.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.meta
        }
    assert metas <= {None}
    assert not set(seen) & set("\x1b\x00\x9b\x07\u202e\u200b")
    assert text[:5] in seen


async def test_a_long_value_is_shown_in_full_with_its_breaks_and_edges(demo_desk: Desk, clock: Clock) -> None:
    card = field_card(await drafted(demo_desk, clock, "kestrel"), "decision_process")
    words = [f"word{number:04}" for number in range(900)]
    text = " leading\n\nsecond paragraph \n" + " ".join(words)
    decisions.save_proposals(demo_desk.db, [replace(card, changes=(replace(card.changes[0], after=text),))])
    async with reviewing(demo_desk, clock, size=(80, 24)) as rep:
        while rep.card.id != card.id:
            await rep.press("down")
        first = rep.shown()
        assert "+ ·leading⏎" in first
        assert "second paragraph·⏎" in first
        seen = first
        for _ in range(200):
            if "more line" not in rep.shown():
                break
            await rep.press("space")
            seen += rep.shown()
        assert [each for each in words if each not in seen] == []


async def test_without_colour_signs_and_words_carry_the_meaning(
    demo_desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    await drafted(demo_desk, clock, "kestrel")
    async with reviewing(demo_desk, clock, size=(140, 40)) as rep:
        shown = rep.shown()
        assert rep.app.no_color
        assert all(each in shown for each in ("before   - 2027-01-08", "after    + 2026-12-15", "risk: forecast", "▲"))
        await rep.press("a")
        assert "… Close date" in rep.shown()
