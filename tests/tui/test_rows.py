"""The line list: cursor, scrolling, the mouse, and text that tries to be more than text."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from gangly_tui.tui.text import cell, content, line
from gangly_tui.tui.theme import DARK
from gangly_tui.tui.widgets.rows import Row, RowsOnDemand, RowView

HOSTILE = (
    "Acme [/] Corp",
    "[@click=app.quit()]x[/]",
    "[bold red]Paid[/]",
    "[call back Tuesday]",
    "wipe\x1b[2Jed",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x9b31mred",
    "over\u202eride",
    "nul\x00byte",
    "tail\\",
    "x" * 10_000,
    "zero\u200bwidth",
    "é ü 漢字 👩‍💻",
)


class _ListApp(App[None]):
    def __init__(self, rows: list[Row]) -> None:
        super().__init__()
        self.rows = rows
        self.chosen: list[int] = []
        self.tags: list[int] = []
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield RowView(marked_always=True)

    def on_mount(self) -> None:
        self.query_one(RowView).show(lambda _: self.rows, cursor=0)
        self.query_one(RowView).focus()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        self.chosen.append(event.item)

    def on_row_view_tag_clicked(self, event: RowView.TagClicked) -> None:
        self.tags.append(event.item)


def _screen(app: App[None]) -> str:
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def _rows(count: int) -> list[Row]:
    return [Row(left=Content(f"row {n}"), tag=Content("tag"), item=n) for n in range(count)]


async def test_the_cursor_stays_in_view_and_ends_are_ends() -> None:
    app = _ListApp(_rows(100_000))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowView)
        await pilot.press("up")
        assert view.cursor == 0
        await pilot.press(*["down"] * 12)
        assert view.cursor == 12
        assert view.scroll_offset.y == 3
        await pilot.press("G")
        assert view.cursor == 99_999
        assert "row 99999" in _screen(app)
        await pilot.press("down")
        assert view.cursor == 99_999
        await pilot.press("pageup")
        assert 99_980 < view.cursor < 99_999
        await pilot.press("home")
        assert (view.cursor, view.scroll_offset.y) == (0, 0)


async def test_an_item_taller_than_the_screen_is_read_through_before_the_next() -> None:
    tall = [Row(left=Content(f"part {n}"), item=0) for n in range(25)]
    app = _ListApp([*tall, Row(left=Content("next"), item=1)])
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowView)
        await pilot.press("down")
        assert view.cursor == 0
        assert "part 12" in _screen(app)
        await pilot.press("down")
        await pilot.press("down")
        assert view.cursor == 1
        assert "next" in _screen(app)


async def test_the_mouse_selects_then_chooses_and_tags_are_buttons() -> None:
    app = _ListApp(_rows(5))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowView)
        await pilot.click(RowView, offset=(5, 3))
        assert (view.cursor, app.chosen) == (3, [])
        await pilot.click(RowView, offset=(5, 3))
        assert app.chosen == [3]
        await pilot.click(RowView, offset=(37, 1))
        assert app.tags == [1]
        await pilot.click(RowView, offset=(5, 8))
        assert view.cursor == 1


async def test_rows_that_cannot_be_selected_are_skipped() -> None:
    rows = [Row(left=Content("head")), *_rows(2), Row(left=Content("foot"))]
    app = _ListApp(rows)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("enter", "down", "enter", "down", "enter")
        assert app.chosen == [0, 1, 1]
        await pilot.click(RowView, offset=(5, 0))
        assert app.query_one(RowView).cursor == 1


async def test_fewer_rows_pull_the_cursor_back() -> None:
    app = _ListApp(_rows(9))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowView)
        await pilot.press("G")
        view.show(lambda _: _rows(3))
        assert view.cursor == 2
        view.show(lambda _: [])
        await pilot.press("enter", "down", "up", "pagedown")
        assert app.chosen == []


async def test_hostile_text_is_shown_and_nothing_else() -> None:
    rows = [Row(left=line(text), tag=line(text, limit=8), item=n) for n, text in enumerate(HOSTILE)]
    app = _ListApp(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press(*["down"] * len(HOSTILE))
        shown = _screen(app)
    assert "[@click=app.quit()]x[/]" in shown
    assert "Acme [/] Corp" in shown
    assert "[call back Tuesday]" in shown
    assert "⟨U+202E⟩" in shown
    assert all(each not in shown for each in "\x1b\x00\x9b\u202e\u200b\x07")


def test_a_cell_is_exactly_as_wide_as_asked() -> None:
    for text in (*HOSTILE, "", "short"):
        for width in (0, 1, 2, 7, 30):
            assert cell(text, width).cell_length == width, (text[:20], width)
            assert cell(text, width, right=True).cell_length == width


def test_line_breaks_are_kept_where_there_is_room_and_marked_where_there_is_not() -> None:
    assert content("a\r\nb").plain == "a\nb"
    assert line("a\nb").plain == "a ⏎ b"
    assert content("x" * 50, limit=10).plain == "xxxxxxxxxx… (40 more characters)"


async def test_rows_on_demand_are_made_only_when_they_are_looked_at() -> None:
    made: list[int] = []

    def row_at(item: int) -> Row:
        made.append(item)
        return Row(left=Content(f"row {item}"), item=item)

    app = _ListApp([])
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowView)
        view.show(lambda _: RowsOnDemand(1_000_000, row_at), cursor=0)
        await pilot.pause()
        assert view.items == 1_000_000
        assert made == list(range(10))
        await pilot.press("G")
        assert view.cursor == 999_999
        assert "row 999999" in _screen(app)
        assert len(made) == 20
        await pilot.press("pageup", "pageup", "up", "enter")
        assert app.chosen == [view.cursor]
        assert len(made) < 60
        await pilot.press("g")
        assert "row 0" in _screen(app)


async def test_a_few_rows_on_demand_and_none() -> None:
    app = _ListApp([])
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(RowView)
        view.show(lambda _: RowsOnDemand(2, lambda item: Row(left=Content(f"row {item}"), item=item)), cursor=1)
        await pilot.press("down", "enter", "pagedown", "up", "enter", "pageup")
        assert app.chosen == [1, 0]
        view.show(lambda _: RowsOnDemand(0, lambda item: Row(left=Content(""), item=item)))
        await pilot.press("enter", "down", "up", "pagedown", "G")
        assert app.chosen == [1, 0]


def test_rows_on_demand_are_kept_while_they_are_near_and_end_where_they_end() -> None:
    made: list[int] = []
    rows = RowsOnDemand(5_000, lambda item: made.append(item) or Row(left=Content(str(item)), item=item))
    assert [row.item for row in rows[10:13]] == [10, 11, 12]
    assert rows[11].item == 11 and made == [10, 11, 12]
    assert sum(1 for _ in rows) == 5_000
    assert len(rows._made) <= rows.KEPT
    for outside in (-1, 5_000):
        with pytest.raises(IndexError):
            rows[outside]
