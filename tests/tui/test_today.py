"""Today: the agenda, the brief, its sources, and that looking writes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gangly_tui.domain.records import Attendee, Kind, Record
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement, trail
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.screens.today import TodayScreen
from gangly_tui.tui.widgets.agenda import Agenda
from gangly_tui.tui.widgets.brief_view import BriefView
from gangly_tui.tui.widgets.day_bar import DayBar
from tests.patience import until
from tests.tui.desks import ANA, NOW, Clock, PaperReader, at, meeting, nordwind, paper_desk, record, screen_text
from tests.tui.resting import at_rest
from tests.tui.test_rows import HOSTILE

SIZES = [(80, 24), (140, 40)]


def _today(app: GanglyApp) -> TodayScreen:
    assert isinstance(app.screen, TodayScreen)
    return app.screen


@pytest.mark.parametrize("size", SIZES)
async def test_the_running_meeting_is_highlighted_and_its_brief_shown(desk: Desk, size: tuple[int, int]) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = screen_text(app)
        assert _today(app).meeting_id == "m2"
        for words in (
            "Tue 24 Nov 2026", "4 meetings", "09:12 now, in it", "· internal", "○ brief ready", "× cancelled",
            "Nordwind: pricing", "now, 12 min in", "Nordwind Logistik GmbH", "Three-site price.",
            "read-only, 0 writes · paper CRM, for tests",
        ):  # fmt: skip
            assert words in shown, words
        assert all(len(each) <= size[0] for each in shown.splitlines())


async def test_the_whole_brief_is_on_one_screen_with_a_source_for_every_line(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 44)) as pilot:
        await pilot.pause()
        shown = screen_text(app)
        for words in (
            "VP Operations", "economic buyer", "◆ call 6 d ago", "× Tom Ferrer", "declined",
            "? s.okafor@nordwind-demo.com  not in the CRM", "with us: Ana Silva",
            "Proposal, 34 d in stage", "EUR 40,000", "! close date passed 30 Sep", "next step  Send the DPA",
            "! Send DPA to Tom", "overdue 20 Nov, 4 d ago", "Name the person who signs",
            "◆ call   18 Nov", "Pricing for three sites", "The board meets mid-November",
            "Close date passed (2026-09-30)", "1 When do you need this live", "2 ", "3 ",
        ):  # fmt: skip
            assert words in shown, words
        view = app.screen.query_one(BriefView)
        assert view.max_scroll_y == 0
        assert all(view._items[row.item].source.tag for row in view._rows if row.item >= 0)


async def test_o_opens_the_record_of_the_selected_line_and_links_lead_on(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        await pilot.press("tab", "o")
        assert "invitation, as last read" in screen_text(app)
        await pilot.press("escape", "down", "o")
        assert isinstance(app.screen, SourceScreen)
        assert "sandbox account, as last read" in screen_text(app)
        await pilot.press("escape", "G", "o")
        shown = screen_text(app)
        assert "sandbox deal, as last read" in shown
        assert "Kim, 10 Nov" in shown
        await pilot.press("down", "enter")
        assert "sandbox account, as last read" in screen_text(app)
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, TodayScreen)


async def test_a_click_on_a_tag_opens_it_and_a_click_on_a_meeting_selects_it(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        view = app.screen.query_one(BriefView)
        await pilot.click(BriefView, offset=(view.scrollable_content_region.width - 3, 2))
        assert "sandbox account, as last read" in screen_text(app)
        await pilot.click(offset=(1, 20))
        assert isinstance(app.screen, TodayScreen)
        await pilot.click(Agenda, offset=(12, 7))
        assert app.screen.meeting_id == "m4"
        assert "No account fits" in screen_text(app)


async def test_moving_through_the_agenda_changes_the_brief(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("up")
        assert "Internal: nobody from outside is invited." in screen_text(app)
        await pilot.press("down", "down")
        assert "Cancelled. Nothing to prepare." in screen_text(app)
        await pilot.press("enter")
        assert app.screen.query_one(BriefView).has_focus


async def test_days_turn_and_an_empty_day_leads_to_the_next_full_one(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("right")
        shown = screen_text(app)
        assert "Wed 25 Nov 2026" in shown
        assert "Nothing on Wed 25 Nov 2026" in shown
        assert "Enter: Fri 27 Nov 2026, 1 meeting" in shown
        assert _today(app).meeting_id == ""
        await pilot.press("n")
        assert "no meeting is highlighted" in screen_text(app)
        await pilot.press("enter")
        assert _today(app).meeting_id == "m5"
        assert "27 Nov 10:00" in screen_text(app)
        await pilot.press("t")
        assert _today(app).meeting_id == "m2"
        await pilot.click(DayBar, offset=(2, 0))
        assert "Mon 23 Nov 2026" in screen_text(app)


async def test_without_any_meeting_it_says_how_a_calendar_comes_in(tmp_path: Path) -> None:
    app = GanglyApp(paper_desk(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = screen_text(app)
        assert "No meetings." in shown
        assert "in the next 30 days" in shown
        assert ".ics" in shown


async def test_without_crm_records_the_brief_says_so(tmp_path: Path) -> None:
    guest = Attendee(name="Jana", email="jana@nordwind-demo.com")
    app = GanglyApp(paper_desk(tmp_path, [], [meeting("m", "Call", at(10), attendees=(ANA, guest))]))
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        assert "No CRM records are here yet. ctrl+r reads them." in screen_text(app)
        assert "? Jana" in screen_text(app)


async def test_several_deals_are_listed_and_enter_keeps_one_for_the_series(tmp_path: Path) -> None:
    records, meetings = nordwind()
    extra = record(
        Kind.OPPORTUNITY, "d2", name="Nordwind Fleet", account="a1", contacts=("c1",), stage="Discovery", amount=None,
        currency="EUR", close_date=None, next_step=None,
    )  # fmt: skip
    desk = paper_desk(tmp_path, [*records, extra], [replace(each, series_id="weekly") for each in meetings])
    app = GanglyApp(desk)
    async with app.run_test(size=(120, 44)) as pilot:
        await pilot.pause()
        shown = screen_text(app)
        assert "2 open deals fit" in shown
        assert "1  Nordwind" in shown
        assert "2  Nordwind" in shown
        view = app.screen.query_one(BriefView)
        wanted = next(at for at, item in enumerate(view._items) if item.deal and item.deal.id == "d2")
        await pilot.press("tab", *["down"] * wanted, "enter")
        await pilot.pause()
        chosen = engagement.series_choice(desk.db, "weekly")
        assert chosen is not None
        assert chosen.id == "d2"
        shown = screen_text(app)
        assert "open deals fit" not in shown
        assert "Nordwind Fleet" in shown
        assert "no amount" in shown


async def test_an_unreachable_crm_is_said_with_the_fix_and_the_store_stays_on_screen(desk: Desk) -> None:
    app = GanglyApp(desk)
    reader = desk.reader
    assert isinstance(reader, PaperReader)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        reader.offline = True
        await pilot.press("ctrl+r")
        await pilot.pause()
        shown = screen_text(app)
        assert "! sandbox: the CRM [/] cannot be reached" in shown
        assert "Nordwind Logistik GmbH" in shown
        reader.offline = False
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert "✓ up to date" in screen_text(app)


async def test_a_pull_shows_what_changed_and_keeps_the_place(desk: Desk) -> None:
    app = GanglyApp(desk)
    reader = desk.reader
    assert isinstance(reader, PaperReader)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        await pilot.press("down", "down")
        assert _today(app).meeting_id == "m4"
        reader.calendar.append(meeting("m6", "Added just now", at(12), attendees=(ANA,)))
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert "Added just now" in screen_text(app)
        assert _today(app).meeting_id == "m4"
        assert "Coffee with a stranger" in screen_text(app)


async def test_looking_around_writes_no_decision_and_no_trail(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("up", "down", "down", "tab", "down", "o", "escape", "tab", "right", "left", "ctrl+r")
        await pilot.pause()
    assert trail.count(desk.db) == 0
    assert decisions.deliveries(desk.db) == []


def _hostile_world(text: str) -> tuple[list[Record], list[object]]:
    records, meetings = nordwind()
    poison = {"name", "title", "subject", "body", "next_step", "industry", "city", "role", "last_name", "stage"}
    spoiled = [
        replace(each, fields={key: text if key in poison and value else value for key, value in each.fields.items()})
        for each in records
    ]
    people = tuple(replace(each, name=text) for each in meetings[1].attendees)
    return spoiled, [replace(each, title=text, description=text, location=text, attendees=people) for each in meetings]


JOINED = " ".join(each for each in HOSTILE if len(each) < 100)


@pytest.mark.parametrize("text", [JOINED, "x" * 10_000, "[/]", "[@click=app.quit()]x[/]"], ids=lambda text: text[:12])
async def test_hostile_names_are_text_everywhere(tmp_path: Path, text: str) -> None:
    records, meetings = _hostile_world(text)
    desk = paper_desk(tmp_path, records, meetings)  # type: ignore[arg-type]
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        seen = screen_text(app)
        await pilot.press("tab", "o")
        seen += screen_text(app)
        await pilot.press("escape", "down", "o")
        seen += screen_text(app)
        await pilot.press("pagedown", "escape", "slash", text[0] if text[0].isalnum() else "x")
        seen += screen_text(app)
        await pilot.press("escape", "G")
        seen += screen_text(app)
        await pilot.press("ctrl+p", *"bri")
        await at_rest(pilot)
        seen += screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, TodayScreen)
        styles = {
            segment.style.meta.get("@click")
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.meta
        }
    assert styles <= {None}
    assert not set(seen) & set("\x1b\x00\x9b\x07\u202e\u200b")
    assert text[:9] in seen


def test_the_clock_of_these_tests_stands_inside_a_meeting() -> None:
    assert at(9) <= NOW < at(9, 45)


async def test_in_the_evening_the_first_call_that_still_waits_is_highlighted(demo_desk: Desk, clock: Clock) -> None:
    clock.time = clock.time.replace(hour=21)
    app = GanglyApp(demo_desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: _today(app).meeting_id)
        await pilot.pause()
        assert _today(app).meeting_id == "demo-harbor-pine-2026-11-24"
