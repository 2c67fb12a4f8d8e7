"""Notes: typing, the draft beside it, keeping, and from the page to the cards."""

from __future__ import annotations

import pytest

from gangly_tui.domain.proposal import ProposalState
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.page_keeper import LATEST
from gangly_tui.tui.screens.notes import NotesScreen
from gangly_tui.tui.widgets.draft_view import DraftView
from gangly_tui.tui.widgets.page_text import PageText
from tests.tui.desks import Clock, screen_text
from tests.tui.notes_desk import open_notes, paste, settled, type_in, until
from tests.tui.resting import at_rest

SHORTHAND = (
    "Spoke w/ their ops lead, budget ok'd 40k, wants SOC2 report by fri, me -> send DPA, comparing w/ another vendor"
)


async def test_typing_grows_the_draft_and_is_kept_without_a_key(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m2")
        assert "Write as you would on paper." in screen_text(app)
        assert "Nordwind: pricing  09:00–09:45  Jana Weiss, Tom Ferrer" in screen_text(app)
        await type_in(pilot, SHORTHAND)
        await settled(pilot, screen)
        shown = screen_text(app)
        assert f"saved, {len(SHORTHAND.split())} words" in shown
        assert "we owe" in shown and "Send DPA" in shown
        assert [each.text for each in engagement.notes_of(desk.db, "m2")] == [SHORTHAND]


async def test_letters_digits_and_signs_go_to_the_text(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "n12q5d?/jk o")
        assert app.screen is screen
        assert screen.query_one(PageText).text == "n12q5d?/jk o"
        footer = screen_text(app).splitlines()[-1]
        assert "^s cards" in footer
        assert not any(key in footer for key in ("/ find", "? help", "q quit"))
        await pilot.press("tab")
        assert "/ find" in screen_text(app).splitlines()[-1] or "q quit" in screen_text(app).splitlines()[-1]


async def test_who_types_without_a_pause_is_kept_within_the_second(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_notes(pilot, "m2")
        typed = ""
        while not engagement.notes_of(desk.db, "m2"):
            await pilot.press("x")
            typed += "x"
            await pilot.pause(0.05)
            assert len(typed) * 0.05 < LATEST + 2, "nothing was kept while typing"


async def test_leaving_keeps_the_text_at_once_and_coming_back_shows_it(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_notes(pilot, "m2")
        await pilot.press("a", "b", "c", "escape")
        assert [each.text for each in engagement.notes_of(desk.db, "m2")] == ["abc"]
        screen = await open_notes(pilot, "m2")
        assert screen.query_one(PageText).text == "abc"
        await pilot.press("d")
        assert screen.query_one(PageText).text == "abcd"


async def test_quitting_right_after_the_last_key_keeps_it(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_notes(pilot, "m2")
        await pilot.press("a", "b", "ctrl+q")
    assert [each.text for each in engagement.notes_of(desk.db, "m2")] == ["ab"]


async def test_what_was_found_is_underlined_and_a_key_moves_between_it(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, "spoke w/ Tom\n- wants to sign by 15 December\n- me -> send the DPA by friday")
        await settled(pilot, screen)
        page, view = screen.query_one(PageText), screen.query_one(DraftView)
        assert {page.text[each.start : each.end] for each in page.spans} >= {"me -> send the DPA by friday"}
        await pilot.press("ctrl+n")
        first = page.offset_of_cursor
        assert first > 0
        item = view.cursor
        assert any(each.item == item and each.start == first for each in page.spans)
        await pilot.press("ctrl+n", "ctrl+n", "ctrl+n", "ctrl+g")
        assert page.has_focus, "the keys move the cursor, they do not leave the page"
        await pilot.press("tab")
        assert view.has_focus
        await pilot.press("g", "enter")
        assert page.has_focus and page.offset_of_cursor == next(each.start for each in page.spans if each.item == 0)


async def test_the_draft_leads_to_a_place_far_down_the_page(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, "Tom: we can sign on 15 December.\n" + "nothing to see\n" * 200)
        await settled(pilot, screen)
        page = screen.query_one(PageText)
        assert page.scroll_offset.y > 100
        await pilot.press("tab", "j", "k")
        assert page.scroll_offset.y < 3
        assert page.cursor_location[0] == 201, "looking does not move the cursor"


async def test_fields_show_before_and_after(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, "Jana: We can sign on 15 December 2026, that is final.\n")
        await settled(pilot, screen)
        shown = screen_text(app)
        assert "Nordwind Platform 2026" in shown
        assert "2026-09-30 → 2026-12-15" in shown


async def test_the_cards_are_laid_out_by_one_key(desk: Desk, clock: Clock) -> None:
    pytest.importorskip("gangly_tui.tui.screens.review", reason="the screen that ^s opens is not there yet")
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        await open_notes(pilot, "m2")
        await paste(pilot, "spoke w/ Jana\n- wants to sign by 15 December\n- me -> send the DPA by friday")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, NotesScreen))
        await at_rest(pilot)
        cards = decisions.proposals(desk.db, states=(ProposalState.OPEN,), meeting_id="m2")
        assert {each.group for each in cards} >= {"field", "next step", "summary"}
        assert type(app.screen).__name__ == "ReviewScreen"
        assert app.status.text == f"{len(cards)} cards"
        await pilot.press("escape")
        assert isinstance(app.screen, NotesScreen)


async def test_nothing_to_write_is_said_and_shows_why(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m4")
        await pilot.press("ctrl+s")
        assert app.status.text == "nothing is written yet"
        await paste(pilot, "Who: Maybe we could sign in December if the board agrees, who knows, 40k or 50k")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.status.text.startswith("nothing to write"))
        await at_rest(pilot)
        assert app.screen is screen


async def test_a_paste_keeps_every_character(desk: Desk) -> None:
    app = GanglyApp(desk)
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u202eg\x1b[2Jh\ttab [red]x[/] 👩‍💻 é\u0301 \ud800 end\r\nnext"
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, text)
        await settled(pilot, screen)
        expected = text.replace("\r\n", "\n")
        assert screen.query_one(PageText).text == expected
        assert engagement.notes_of(desk.db, "m2")[0].text == expected


async def test_undo_takes_a_paste_back_whole_and_redo_brings_it_again(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_notes(pilot, "m2")
        page = screen.query_one(PageText)
        await type_in(pilot, "mine ")
        await paste(pilot, "\u202eone\ntwo\x1b]52;c;AAAA\x07\nthree")
        await pilot.press("ctrl+z")
        assert page.text == "mine "
        await pilot.press("ctrl+y")
        assert page.text == "mine \u202eone\ntwo\x1b]52;c;AAAA\x07\nthree"
