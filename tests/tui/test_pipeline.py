"""Pipeline under pilots: each gap closed, asked or set aside by one key, taken back, and what hostile text does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gangly_tui.domain.proposal import ProposalState
from gangly_tui.domain.records import Kind, Record, RecordRef
from gangly_tui.flow import hygiene
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.prepare import prepare
from gangly_tui.flow.pull import pull
from gangly_tui.store import decisions, engagement, mirror
from gangly_tui.tui import app as app_module
from gangly_tui.tui.screens.pipeline import PipelineScreen
from gangly_tui.tui.screens.review import ReviewScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.widgets.rows import RowView
from tests.patience import until
from tests.tui.desks import Clock, screen_text
from tests.tui.test_rows import HOSTILE

SIZES = [(80, 24), (140, 40)]


class _App(app_module.GanglyApp):
    """The app opened on Pipeline, which reads no system on its own."""

    CSS_PATH = [Path(app_module.__file__).parent / each for each in app_module.GanglyApp.CSS_PATH]  # noqa: RUF012

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, start="pipeline")

    def action_pull(self) -> None:
        """Nothing: the store is the test's."""


@asynccontextmanager
async def _open(desk: Desk, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Pilot[None], PipelineScreen]]:
    app = _App(desk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, PipelineScreen)
        seconds = count()
        screen.guard.now = lambda: float(next(seconds))
        yield pilot, screen


@pytest.fixture
async def filled(demo_desk: Desk) -> Desk:
    """The demo company after a pull."""
    await pull(demo_desk)
    return demo_desk


def _select(screen: PipelineScreen, name: str, key: str) -> None:
    assert screen.found is not None
    deals = screen.found.deals
    screen._to_deal(next(at for at, each in enumerate(deals) if each.deal.title.startswith(name)))
    assert screen.deal is not None
    screen.gaps.cursor = next(at for at, each in enumerate(screen.deal.gaps) if each.key.startswith(key))


@pytest.mark.parametrize("size", SIZES)
async def test_the_largest_risk_comes_first_and_its_worst_gap_is_selected(filled: Desk, size: tuple[int, int]) -> None:
    async with _open(filled, size) as (pilot, screen):
        text = screen_text(pilot.app)
        assert screen.deal is not None and screen.gap is screen.deal.gaps[0]
        assert screen.deal.currency == filled.settings.currency
        assert screen.gap.words in text
        assert f"{screen.deal.at_risk:,.0f} {screen.deal.currency}" in text


async def test_ten_deals_are_seen_to_without_a_key_that_only_moves(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        deals = screen.found.deals[:10] if screen.found else ()
        wanted = sum(len(each.gaps) for each in deals)
        for number in range(wanted):
            await pilot.press("q" if number % 2 else "x")
        assert wanted <= 40, "two minutes are three seconds a key"
        assert all(screen._left(each) == 0 for each in deals)
        assert screen.deal is not None and screen.deal.deal.ref == screen.found.deals[10].deal.ref  # type: ignore[union-attr]
        again = {each.deal.ref: each for each in hygiene.look(filled).deals}
        for each in deals:
            now = again[each.deal.ref]
            assert {gap.key for gap in now.gaps} == now.asked


async def test_w_lays_the_quote_out_as_a_card_and_u_takes_it_out_again(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        _select(screen, "Harbor & Pine", "field:pain")
        deal = screen.deal
        assert deal is not None
        await pilot.press("w")
        await until(lambda: len(decisions.proposals(filled.db, states=[ProposalState.OPEN])) == 1)
        (card,) = decisions.proposals(filled.db, states=[ProposalState.OPEN])
        assert (card.target, card.changes[0].field) == (deal.deal.ref, "pain")
        assert card.evidence is not None
        transcript = engagement.transcript_of(filled.db, card.meeting_id) or ""
        assert transcript[card.evidence.start : card.evidence.end] == card.evidence.text
        await until(lambda: bool(screen._done))
        await pilot.press("u")
        assert decisions.proposal_state(filled.db, card.id) is ProposalState.SUPERSEDED
        assert screen.gap is not None and screen.gap.key == "field:pain"
        assert screen.deal is not None and screen.deal.deal.ref == deal.deal.ref
        await pilot.press("w")
        await until(lambda: len(decisions.proposals(filled.db, states=[ProposalState.OPEN])) == 1)
        await pilot.press("2")
        assert isinstance(pilot.app.screen, ReviewScreen)
        assert pilot.app.screen.card is not None and pilot.app.screen.card.changes[0].field == "pain"


async def test_a_card_that_waits_already_is_not_laid_twice(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        for _ in range(2):
            screen._done.clear()
            _select(screen, "Harbor & Pine", "field:pain")
            await pilot.press("w")
            await until(lambda: bool(screen._done))
            screen._texts.clear()
        assert len(decisions.proposals(filled.db, states=[ProposalState.OPEN])) == 1


async def test_w_without_a_quote_says_so_and_stays(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        gap = screen.gap
        await pilot.press("w")
        await until(lambda: "nobody said it" in screen_text(pilot.app))
        assert screen.gap == gap and not screen._done
        assert decisions.proposals(filled.db) == []


async def test_q_puts_the_question_into_the_next_brief_until_the_gap_is_closed(filled: Desk) -> None:
    meeting = next(each for each in _meetings(filled) if "Harbor" in each.title)
    async with _open(filled) as (pilot, screen):
        _select(screen, "Harbor & Pine", "contact")
        deal, gap = screen.deal, screen.gap
        assert deal and gap
        await pilot.press("q")
        assert prepare(filled, meeting).questions[0] == gap.question
        await pilot.press("u")
        assert gap.question not in prepare(filled, meeting).questions
        await pilot.press("q")
    person = mirror.get_record(filled.db, gap.ref)
    assert person is not None
    _save(filled, person, phone="+1 503 555 0199")
    assert gap.question not in prepare(filled, meeting).questions


def _meetings(desk: Desk) -> list[engagement.Meeting]:
    start = desk.now() - timedelta(days=1)
    return engagement.meetings_between(desk.db, start, start + timedelta(days=4))


def _save(desk: Desk, record: Record, **fields: object) -> None:
    from dataclasses import replace

    mirror.save_records(desk.db, [replace(record, version="x", fields={**record.fields, **fields})])


async def test_x_sets_a_gap_aside_for_thirty_days_and_it_comes_back(filled: Desk, clock: Clock) -> None:
    async with _open(filled) as (pilot, screen):
        deal, gap = screen.deal, screen.gap
        assert deal and gap
        await pilot.press("x")
        assert screen.gap is not None and screen.gap.key != gap.key

    def stands() -> bool:
        found = hygiene.deal_now(filled, deal.deal.ref, hygiene.rules_of(filled))
        return found is not None and gap.kind in {each.kind for each in found.gaps}

    assert not stands()
    clock.time += timedelta(days=29)
    assert not stands()
    clock.time += timedelta(days=1)
    assert stands()


async def test_a_day_can_be_typed_and_one_that_is_past_is_refused(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        deal, gap = screen.deal, screen.gap
        assert deal and gap
        for typed, words in (("never", "not a day"), ("2020-01-01", "no day to wait for")):
            await pilot.press("X")
            pilot.app.screen.query_one("LineInput").value = typed  # type: ignore[attr-defined]
            await pilot.press("enter")
            assert words in screen_text(pilot.app)
            if pilot.app.screen is not screen:
                await pilot.press("escape")
        assert not screen._done
        await pilot.press("X")
        pilot.app.screen.query_one("LineInput").value = "2027-02-01"  # type: ignore[attr-defined]
        await pilot.press("enter")
        assert screen._done[str(deal.deal.ref)][gap.key] == "until 2027-02-01"


async def test_a_key_that_is_held_acts_on_one_gap(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        screen.guard.now = lambda: 1.0
        await pilot.press(*["x"] * 9)
        assert sum(map(len, screen._done.values())) == 1
        assert "held down" in screen_text(pilot.app)


async def test_moving_past_the_last_gap_goes_to_the_next_deal_and_back(filled: Desk) -> None:
    async with _open(filled) as (pilot, screen):
        first = screen.deal
        assert first is not None
        for _ in first.gaps:
            await pilot.press("down")
        assert screen.deal is not first and screen.gaps.cursor == 0
        await pilot.press("up")
        assert screen.deal is not None and screen.deal.deal.ref == first.deal.ref
        assert screen.gap is screen.deal.gaps[-1]
        await pilot.press("left", "down")
        assert screen.deals.has_focus and screen._at == 1
        await pilot.press("enter")
        assert screen.gaps.has_focus


async def test_details_and_open_and_pictures(filled: Desk) -> None:
    async with _open(filled, (140, 40)) as (pilot, screen):
        gap = screen.gap
        assert gap is not None
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, SourceScreen) and gap.question in screen_text(pilot.app)
        await pilot.press("escape", "o")
        assert isinstance(pilot.app.screen, SourceScreen)
        await pilot.press("escape", "c")
        text = screen_text(pilot.app)
        assert "USD by stage" in text and "by week" in text and "Negotiation" in text
        await pilot.press("q")
        assert pilot.app.is_running and not screen._done
        await pilot.press("c")
        assert screen.gaps.has_focus


async def test_an_empty_pipeline_says_what_to_do(desk: Desk) -> None:
    async with _open(desk) as (pilot, screen):
        assert "no open deals here" in screen_text(pilot.app)
        await pilot.press("w", "q", "x", "X", "u", "o", "enter", "down", "c", "c", "e")
        assert pilot.app.screen is screen


async def test_hostile_names_do_nothing(desk: Desk) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for number, text in enumerate(HOSTILE):
        ref = RecordRef(system=desk.reader.system, kind=Kind.OPPORTUNITY, id=f"d{number}")
        fields = {
            "name": text, "stage": text, "amount": Decimal(number), "currency": text, "close_date": date(2020, 1, 1),
            "contacts": (f"c{number}",), "next_step": None,
        }  # fmt: skip
        person = RecordRef(system=desk.reader.system, kind=Kind.CONTACT, id=f"c{number}")
        mirror.save_records(
            desk.db,
            [
                Record(ref=ref, version="1", fields=fields, updated_at=at),
                Record(ref=person, version="1", fields={"last_name": text, "title": None}, updated_at=at),
            ],
        )
    async with _open(desk, (140, 40)) as (pilot, screen):
        assert len(screen._deals) == len(HOSTILE)
        for _ in HOSTILE:
            await pilot.press("full_stop", "q", "x", "enter", "escape")
        assert "\x1b" not in screen_text(pilot.app)
        await pilot.press("c")
        assert isinstance(screen.query_one("#pictures", RowView), RowView)
