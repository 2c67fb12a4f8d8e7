"""Find: as you type, by keys and by mouse, any text is a valid query."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from gangly_tui.flow.desk import Desk
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.find import FindScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.screens.today import TodayScreen
from gangly_tui.tui.widgets.rows import RowView
from tests.tui.desks import nordwind, paper_desk, screen_text
from tests.tui.resting import at_rest


async def test_hits_appear_while_typing_and_enter_opens_the_record(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("slash")
        assert "Type a name" in screen_text(app)
        await pilot.press(*"jana w")
        shown = screen_text(app)
        assert "contact" in shown
        assert "Jana Weiss" in shown
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, SourceScreen)
        assert "jana@nordwind-demo.com" in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, TodayScreen)


async def test_a_meeting_leads_to_its_day(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"nordwind follow", "enter")
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)
        assert app.screen.meeting_id == "m5"
        assert "Fri 27 Nov 2026" in screen_text(app)


async def test_the_arrows_choose_while_the_words_stay(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"nordwind", "down", "down", "up")
        assert app.screen.query_one(Input).value == "nordwind"
        assert app.screen.query_one(RowView).cursor == 1
        await pilot.press(*" zzzz")
        assert "Nothing has 'nordwind zzzz' in it." in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, FindScreen), "nothing to open"
        await pilot.press("escape")
        assert isinstance(app.screen, TodayScreen)


async def test_the_mouse_chooses_and_a_click_beside_closes(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"tom ferrer")
        await pilot.click(RowView, offset=(20, 0))
        await pilot.pause()
        assert isinstance(app.screen, SourceScreen)
        await pilot.press("escape", "slash")
        await pilot.click(offset=(0, 0))
        assert isinstance(app.screen, TodayScreen)


@pytest.mark.parametrize("query", ['"', "a OR", "NEAR(", "*", "col:x", "-x", "'; DROP TABLE", "[/]", "ü漢"])
async def test_any_text_is_a_valid_query(desk: Desk, query: str) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        await pilot.press("slash")
        app.screen.query_one(Input).value = query
        await pilot.pause()
        assert isinstance(app.screen, FindScreen)


async def test_many_hits_scroll_and_say_that_there_are_more(tmp_path: Path) -> None:
    records, meetings = nordwind()
    person = next(each for each in records if each.ref.id == "c1")
    many = [
        replace(
            person, ref=replace(person.ref, id=f"x{n}"), fields={**person.fields, "email": f"p{n}@nordwind-demo.com"}
        )
        for n in range(400)
    ]
    app = GanglyApp(paper_desk(tmp_path, [*records, *many], meetings))
    async with app.run_test(size=(100, 30)) as pilot:
        await at_rest(pilot)
        await pilot.press("slash", *"jana")
        await at_rest(pilot)
        view = app.screen.query_one(RowView)
        assert view.items > 50
        await pilot.press("pagedown", "pagedown")
        assert view.scroll_offset.y > 0
