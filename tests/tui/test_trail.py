"""The trail under pilots: lines, detail, filter, kinds, the chain, undo, what comes while one looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gangly_tui.domain.audit import AuditChange, AuditKind
from gangly_tui.domain.outbox import DeliveryState
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, mirror
from gangly_tui.store.database import Connection
from gangly_tui.tui import app as app_module
from gangly_tui.tui.messages import Delivered
from gangly_tui.tui.screens.help import HelpScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.screens.today import TodayScreen
from gangly_tui.tui.screens.trail import TrailScreen
from gangly_tui.tui.widgets import trail_rows
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.trail_bar import FilterInput, Tally
from gangly_tui.tui.widgets.trail_rows import TrailPages
from tests.patience import until
from tests.store import made
from tests.tui.desks import NOW, nordwind, screen_text
from tests.tui.resting import at_rest
from tests.tui.test_rows import HOSTILE

SIZES = [(80, 24), (140, 40)]
DEAL = RecordRef(system="sandbox", kind=Kind.OPPORTUNITY, id="d1")


_OF_NO_CARD = (AuditKind.ERASED, AuditKind.OPENED, AuditKind.CONNECTED, AuditKind.DISCONNECTED)
KINDS = [each for each in AuditKind if each not in _OF_NO_CARD]
"""What a card's decision or write can be."""


class _App(app_module.GanglyApp):
    """The app opened on the trail, which reads nothing on its own."""

    CSS_PATH = [Path(app_module.__file__).parent / each for each in app_module.GanglyApp.CSS_PATH]  # noqa: RUF012

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, start="trail")

    def action_pull(self) -> None:
        """Nothing: the store is the test's."""

    @property
    def trail(self) -> TrailScreen:
        assert isinstance(self.screen, TrailScreen)
        return self.screen

    @property
    def entries(self) -> RowView:
        return self.screen.query_one("#entries", RowView)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """Forty entries, all kinds in turn, ten minutes apart; every fifth was edited by hand."""
    for number in range(40):
        made.append(
            desk.db,
            at=NOW - timedelta(minutes=10 * (40 - number)),
            kind=KINDS[number % len(KINDS)],
            user="ana@lumenworks.com",
            target=str(DEAL),
            target_name=f"Deal number {number}",
            op_id=f"op{number}",
            detail="edited by hand" if number % 5 == 0 else "",
        )
    return desk


@asynccontextmanager
async def on_trail(desk: Desk, size: tuple[int, int]) -> AsyncIterator[tuple[_App, Pilot[None]]]:
    """The app with the trail before the rep."""
    app = _App(desk)
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, TrailScreen) and bool(app.screen.query("#entries:focus")))
        await pilot.pause()
        yield app, pilot


async def _settled(pilot: Pilot[None]) -> None:
    """Until the filter was asked and its hits are counted."""
    await at_rest(pilot)


def go_around_the_triggers(db: Connection, change: str) -> None:
    """What somebody with the file and a tool of their own could do."""
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute(change)


@pytest.mark.parametrize("size", SIZES)
async def test_entries_are_listed_newest_first_with_kind_record_field_before_and_after(
    filled: Desk, size: tuple[int, int]
) -> None:
    async with on_trail(filled, size) as (app, pilot):
        await pilot.pause()
        rows = [each for each in screen_text(app).splitlines() if "2026-09-30 → 2026-11-15" in each]
        assert len(rows) >= 8
        newest = KINDS[39 % len(KINDS)]
        assert newest.value in rows[0] and "24 Nov 09:02" in rows[0] and "Close date" in rows[0]
        assert "24 Nov 08:52" in rows[1]
        if size[0] > 100:
            assert "Deal number 39" in rows[0] and "ana@lumenworks.com" in rows[0] and "notes of 2026" in rows[0]
        assert "40 entries" in screen_text(app)


async def test_the_detail_has_everything_the_trail_keeps(filled: Desk) -> None:
    async with on_trail(filled, (100, 60)) as (app, pilot):
        await pilot.press("down", "down", "down", "down")
        await pilot.pause()
        shown, entry = screen_text(app), app.trail.selected
        assert entry is not None and entry.op_id == "op35"
        for part in (
            "- 2026-09-30",
            "+ 2026-11-15",
            "“We can sign mid-November”",
            "edited by hand",
            "ana@lumenworks.com",
            "notes of 2026-11-24",
            "Tue 24 Nov 2026, 08:22:00 +0100",
            str(DEAL),
            "op35",
            entry.payload_sha256,
            entry.log,
            entry.hash,
        ):
            assert part in shown, part


async def test_long_values_are_whole_in_the_detail(desk: Desk) -> None:
    after = "\n".join(f"line {number} of the summary" for number in range(60))
    made.append(desk.db, changes=(AuditChange(field="body", before=None, after=after),))
    async with on_trail(desk, (80, 24)) as (app, pilot):
        await pilot.press("tab")
        seen = screen_text(app)
        for _ in range(12):
            await pilot.press("pagedown")
            seen += screen_text(app)
        assert all(f"line {number} of" in seen for number in range(60))
        assert "Hash" in screen_text(app)


async def test_an_empty_trail_says_what_will_come_here(desk: Desk) -> None:
    async with on_trail(desk, (80, 24)) as (app, pilot):
        await pilot.pause()
        assert "Nothing is in the trail yet" in screen_text(app)
        await pilot.press("o", "u", "enter", "down", "c", "V")
        await until(lambda: app.trail.verdict is not None)
        assert "0 entries, none missing" in screen_text(app)
        assert "No entry is approved" in screen_text(app)


async def test_words_filter_while_typing_and_esc_takes_them_back(filled: Desk) -> None:
    async with on_trail(filled, (100, 30)) as (app, pilot):
        await pilot.press("f", *"by hand 1")
        await _settled(pilot)
        assert "No entry has 'by hand 1' in it" in screen_text(app)
        await pilot.press("backspace", "backspace")
        await _settled(pilot)
        assert app.entries.items == 8
        assert "8 of 40 entries" in screen_text(app)
        await pilot.press("enter", "down")
        assert app.focused is app.entries
        assert app.trail.selected is not None and app.trail.selected.op_id == "op30"
        await pilot.press("f", "escape")
        await _settled(pilot)
        assert app.entries.items == 40
        assert isinstance(app.screen, TrailScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, TodayScreen)


async def test_digits_and_letters_are_typed_into_the_filter_not_pressed(filled: Desk) -> None:
    async with on_trail(filled, (100, 30)) as (app, pilot):
        await pilot.press("f", *"1Vc?")
        assert app.screen.query_one(FilterInput).value == "1Vc?"
        assert isinstance(app.screen, TrailScreen)


async def test_a_search_shows_what_it_has_found_so_far_and_lets_the_keys_through(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made.transaction(desk.db):
        for number in range(400):
            made.append(desk.db, op_id=f"op{number}", target_name="Acme" if number % 2 else "Zenit")
    monkeypatch.setattr(trail_rows, "WINDOW", 1)
    monkeypatch.setattr("gangly_tui.tui.screens.trail._GLIMPSE", 0.0)
    told: list[str] = []
    real = Tally.tell

    def tell(tally: Tally, pages: TrailPages) -> None:
        real(tally, pages)
        told.append(str(tally.render()))

    monkeypatch.setattr(Tally, "tell", tell)
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("f", *"zenit")
        await until(lambda: any("so far of 400 entries" in each for each in told))
        await pilot.press("enter", "down", "down")
        assert app.trail.selected is not None and app.trail.selected.op_id == "op394"
        made.append(desk.db, op_id="newest", target_name="Zenit")
        made.append(desk.db, op_id="other", target_name="Acme")
        app.screen.post_message(Delivered(()))
        await until(lambda: "201 of 402 entries" in told[-1], 30)
        assert app.trail.selected is not None and app.trail.selected.op_id == "op394"
        await pilot.press("G")
        assert app.trail.selected is not None and app.trail.selected.op_id == "op0"
        await pilot.press("g")
        assert app.trail.selected is not None and app.trail.selected.op_id == "newest"


async def test_the_filter_takes_any_text_and_any_case(desk: Desk) -> None:
    made.append(desk.db, op_id="a", target_name="ÉCOLE 100% [/]_", quote="they said 'yes'")
    made.append(desk.db, op_id="b", changes=(AuditChange(field="close_date", before=None, after=["x", "Y"]),))
    async with on_trail(desk, (100, 30)) as (app, pilot):
        for text, found in {
            "école 100%": ["a"],
            "[/]_": ["a"],
            "said 'YES'": ["a"],
            "close DATE": ["b", "a"],
            "x, y": ["b"],
            "%": ["a"],
            "\\": [],
        }.items():
            app.screen.query_one(FilterInput).value = text
            await _settled(pilot)
            pages = app.trail._pages
            assert [getattr(pages.at(n), "op_id", "") for n in range(pages.total)] == found, text


async def test_c_shows_one_kind_after_the_other_and_C_goes_back(filled: Desk) -> None:
    async with on_trail(filled, (100, 30)) as (app, pilot):
        await pilot.press("c")
        assert "✓ approved   4 of 40 entries" in screen_text(app)
        assert {app.trail._pages.at(n).kind for n in range(4)} == {AuditKind.APPROVED}  # type: ignore[union-attr]
        await pilot.press("c")
        assert "✗ rejected   4 of 40 entries" in screen_text(app)
        await pilot.press("C", "C")
        assert "all kinds   40 entries" in screen_text(app)
        await pilot.click(Tally)
        await pilot.pause()
        assert "✓ approved   4 of 40" in screen_text(app)


async def test_o_opens_the_record_and_so_do_enter_and_the_mouse(filled: Desk) -> None:
    mirror.save_records(filled.db, nordwind()[0])
    async with on_trail(filled, (100, 30)) as (app, pilot):
        for keys in (["o"], ["enter"], ["tab", "down", "enter"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert isinstance(app.screen, SourceScreen), keys
            assert "Nordwind Platform 2026" in screen_text(app)
            await pilot.press("escape")
        await pilot.click("#entries", offset=(20, 3))
        assert app.trail.selected is not None and app.trail.selected.op_id == "op36"
        await pilot.click("#entries", offset=(20, 3))
        await pilot.pause()
        assert isinstance(app.screen, SourceScreen)


async def test_a_record_that_was_never_made_is_said_and_one_that_was_is_found(desk: Desk) -> None:
    mirror.save_records(desk.db, nordwind()[0])
    made.append(desk.db, target="new activity", target_name="Call summary", op_id="gone")
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("o")
        assert "Call summary was not made" in screen_text(app)
        decisions.put_delivery(desk.db, made.delivery("gone", DeliveryState.SENT, result=str(DEAL)))
        await pilot.press("o")
        await pilot.pause()
        assert isinstance(app.screen, SourceScreen)


async def test_new_entries_come_on_top_and_the_rep_stays_where_they_are(filled: Desk) -> None:
    async with on_trail(filled, (80, 24)) as (app, pilot):
        made.append(filled.db, op_id="first", at=NOW)
        app.screen.post_message(Delivered(()))
        await pilot.pause()
        assert app.trail.selected is not None and app.trail.selected.op_id == "first", "at the top one sees the newest"
        await pilot.press(*["down"] * 15)
        before, top = app.trail.selected, app.entries.scroll_offset.y
        made.append(filled.db, op_id="second", at=NOW)
        made.append(filled.db, op_id="third", at=NOW)
        app.screen.post_message(Delivered(()))
        await pilot.pause()
        assert app.trail.selected == before
        assert app.entries.scroll_offset.y == top + 2
        assert "43 entries" in screen_text(app)


async def test_hostile_text_is_shown_and_nothing_else(desk: Desk) -> None:
    for number, text in enumerate(HOSTILE):
        made.append(
            desk.db,
            op_id=text[:50],
            target_name=text,
            user=text,
            source=text,
            quote=text,
            detail=text,
            target=text,
            system=text,
            changes=(AuditChange(field=text[:40] or "x", before=text, after=[text, str(number)]),),
        )
    async with on_trail(desk, (140, 40)) as (app, pilot):
        for _ in HOSTILE:
            shown = screen_text(app)
            assert all(each not in shown for each in "\x1b\x00\x9b\u202e\u200b\x07")
            await pilot.press("down")
        await pilot.press("f", *"[/]")
        await _settled(pilot)
        assert "Acme [/] Corp" in screen_text(app)
        assert isinstance(app.screen, TrailScreen)


async def test_without_colour_every_kind_has_its_word_and_changes_their_signs(
    filled: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with on_trail(filled, (100, 60)) as (app, pilot):
        await pilot.pause()
        shown = screen_text(app)
        assert all(kind.value in shown for kind in KINDS)
        assert "- 2026-09-30" in shown and "+ 2026-11-15" in shown


async def test_help_shows_the_keys_of_the_trail(filled: Desk) -> None:
    async with on_trail(filled, (100, 40)) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        shown = screen_text(app)
        for words in ("words that an entry must hold", "Check the whole chain", "CSV or JSONL", "Take this write back"):
            assert words in shown
