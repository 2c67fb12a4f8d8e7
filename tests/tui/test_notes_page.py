"""The page itself: raw text kept, harmless text shown, offsets that hold, marks that move with the words."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gangly_tui.flow.desk import Desk
from gangly_tui.store import engagement
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.widgets.page_text import LONGEST_ROW, PageText, RawDocument, Span, moved, shown_line
from tests.tui.desks import screen_text
from tests.tui.notes_desk import open_notes, paste, settled, type_in

DEMO = Path(__file__).parents[2] / "assets/demo/calls"
GOLD = Path(__file__).parents[3] / "shared/gold/calls"
ODD = (
    "plain",
    "\x1b]52;c;cGFzc3dvcmQ=\x07 clipboard",
    "\x1b[2J\x1b[31mred\x9b2J",
    "\u202eevil\u202c \u2066x\u2069 \u200b\u200e\ufeff",
    "nul\x00 bell\x07 back\x08\x08\x08 del\x7f",
    "[red]markup[/red] [@click=app.quit()]here[/]",
    "👩‍💻 👍🏽 ☎\ufe0f café\u0301 日本語",
    "tab\there\u00a0nbsp",
    "\x0bvt\x0cff\x1cfs\x85nel\u2028ls\u2029ps",
    "\U000e0041\U000e0042 tags \ue000 private \ud800 half",
)
PARTS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\n\n \t\r\x1b\u202e\x85ab")), max_size=60)


def harmless(shown: str) -> bool:
    return all(
        char in "\t\n\u200d\ufe0f" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        for char in shown
    )


@given(PARTS)
def test_a_shown_line_has_a_harmless_character_for_each_raw_one(raw: str) -> None:
    line = raw.replace("\n", "")
    shown = shown_line(line)
    assert len(shown) == len(line)
    assert harmless(shown)


@given(PARTS, st.data())
def test_edits_of_the_document_are_edits_of_the_raw_text(raw: str, data: st.DataObject) -> None:
    document = RawDocument(raw)
    for _ in range(3):
        text = document.text
        a = data.draw(st.integers(0, len(text)))
        b = data.draw(st.integers(a, len(text)))
        fresh = data.draw(PARTS)
        start, end = document.location(a), document.location(b)
        assert document.offset(start) == a
        assert document.get_text_range(start, end) == text[a:b]
        result = document.replace_range(start, end, fresh)
        assert document.text == text[:a] + fresh + text[b:]
        assert result.replaced_text == text[a:b]
        assert document.offset(result.end_location) == a + len(fresh)
        back = document.replace_range(start, result.end_location, result.replaced_text)
        assert document.text == text
        assert document.offset(back.end_location) == b
        document.replace_range(document.location(a), document.location(b), fresh)
        assert len(document.lines) == document.line_count == len(document.starts)


@pytest.mark.parametrize("size", [LONGEST_ROW, LONGEST_ROW + 1, 10_000, 50_001])
@pytest.mark.parametrize("word", ["x", "word and "])
def test_a_line_without_breaks_is_laid_out_in_pieces_and_stays_one_line(size: int, word: str) -> None:
    raw = "before\n" + (word * size)[:size] + "\nafter"
    document = RawDocument(raw)
    assert document.text == raw
    assert max(map(len, document.lines)) <= LONGEST_ROW
    for offset in (0, 6, 7, 8, LONGEST_ROW + 6, LONGEST_ROW + 7, size, size + 7, len(raw)):
        assert document.offset(document.location(min(offset, len(raw)))) == min(offset, len(raw))
    document.replace_range(document.location(10), document.location(size), "\n")
    assert document.text == raw[:10] + "\n" + raw[size:]


@given(PARTS, PARTS, PARTS, PARTS)
def test_marks_stay_on_their_words_when_the_text_around_them_changes(head: str, old: str, new: str, tail: str) -> None:
    before, after = head + "|" + old + "|" + tail, head + "|" + new + "|" + tail
    spans = [
        Span(start=0, end=len(head), item=0),
        Span(start=len(head), end=len(before) - len(tail), item=1),
        Span(start=len(before) - len(tail), end=len(before), item=2),
    ]
    found = {each.item: after[each.start : each.end] for each in moved(spans, before, after)}
    assert found[0] == head
    assert found[2] == tail
    assert found.get(1, "|" + old + "|") == "|" + old + "|"


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_nothing_hostile_reaches_the_terminal_and_all_of_it_is_kept(desk: Desk, size: tuple[int, int]) -> None:
    app = GanglyApp(desk)
    raw = "\n".join(ODD)
    async with app.run_test(size=size) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, raw)
        await settled(pilot, screen)
        shown = screen_text(app)
        assert harmless(shown)
        assert "[red]markup[/red] [@click=app.quit()]here[/]" in shown
        assert "␛]52;c;" in shown
        assert engagement.notes_of(desk.db, "m2")[0].text == raw
        await pilot.press("up", "up", "end", "left", "left", "left", "backspace", "down", "home", "ctrl+right")
        assert harmless(screen_text(app))
        assert len(screen.query_one(PageText).text) == len(raw) - 1


async def test_what_is_copied_is_the_raw_text(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, "\n".join(ODD[:4]))
        page = screen.query_one(PageText)
        page.select_all()
        assert page.selected_text == "\n".join(ODD[:4])
        await pilot.press("ctrl+c")
        assert app.clipboard == "\n".join(ODD[:4])


async def test_marks_move_with_the_words_until_the_next_reading(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, "spoke w/ Tom\n- wants to sign by 15 December\n- me -> send the DPA by friday")
        await settled(pilot, screen)
        page = screen.query_one(PageText)
        before = [page.text[each.start : each.end] for each in page.spans]
        assert before
        page.move_cursor((0, 0))
        page.insert("something in front of it, and a line\n", (0, 0))
        assert [page.text[each.start : each.end] for each in page.spans] == before


async def test_a_paste_above_the_limit_is_refused_in_words_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gangly_tui.tui.widgets.page_text.MOST", 1_000)
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "mine")
        await paste(pilot, "x" * 1_000)
        assert app.status.text.startswith("not pasted")
        assert screen.query_one(PageText).text == "mine"
        await paste(pilot, "x" * 900)
        assert len(screen.query_one(PageText).text) == 904


def test_the_page_takes_as_much_as_the_store() -> None:
    from gangly_tui.flow.capture import MAX_CHARACTERS
    from gangly_tui.tui.widgets.page_text import MOST

    assert MOST == MAX_CHARACTERS


def _calls(folder: Path) -> list[tuple[str, str]]:
    return [(each.name, each.read_text(encoding="utf-8")) for each in sorted(folder.iterdir())]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in _calls(DEMO)])
async def test_each_demo_call_pasted_is_kept_exactly_and_everything_found_is_underlined(desk: Desk, text: str) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m2")
        await paste(pilot, text)
        await settled(pilot, screen)
        assert engagement.notes_of(desk.db, "m2")[0].text == text
        draft, page = screen._draft, screen.query_one(PageText)
        assert draft is not None
        backed = [*draft.summary.lines, *draft.next_steps, *draft.fields, *draft.contacts]
        found = {(each.evidence.start, each.evidence.end) for each in backed}
        assert {(each.start, each.end) for each in page.spans} == found
        assert all(page.text[each.evidence.start : each.evidence.end] == each.evidence.text for each in backed)
        assert all(len(each) <= 140 for each in screen_text(app).splitlines())


@pytest.mark.shared
@pytest.mark.skipif(not GOLD.is_dir(), reason="../shared/gold is not here")
async def test_each_gold_call_pasted_is_kept_exactly_and_drafted(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(80, 24)) as pilot:
        for _, text in _calls(GOLD):
            screen = await open_notes(pilot, "m2")
            screen.query_one(PageText).select_all()
            await paste(pilot, text)
            await settled(pilot, screen)
            assert engagement.notes_of(desk.db, "m2")[0].text == text
            assert screen._draft is not None and screen._draft.summary.lines
