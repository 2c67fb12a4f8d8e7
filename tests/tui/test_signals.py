"""Signals under pilots: the list, what each key does to the store, the empty list, hostile words, both sizes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gangly_tui.domain.errors import ConfigError
from gangly_tui.domain.plays import Play, parse_plays
from gangly_tui.domain.records import Kind, RecordRef
from gangly_tui.domain.signals import Signal, SignalKind
from gangly_tui.flow import decide
from gangly_tui.flow.desk import Desk
from gangly_tui.flow.pull import pull
from gangly_tui.store import signals as kept
from gangly_tui.tui import app as app_module
from gangly_tui.tui.screens.help import HelpScreen
from gangly_tui.tui.screens.review import ReviewScreen
from gangly_tui.tui.screens.signals import DismissScreen, SignalsScreen
from gangly_tui.tui.screens.source import SourceScreen
from gangly_tui.tui.widgets.rows import RowView
from tests.hostile.oracle import raw_in
from tests.patience import until
from tests.tui.desks import NOW, nordwind, paper_desk, screen_text
from tests.tui.resting import at_rest
from tests.tui.test_rows import HOSTILE

SIZES = [(80, 24), (140, 40)]
PLAYS = parse_plays(
    '[[play]]\nname = "Usage"\non = "usage"\nstep = "Call {who} of {account}"\n'
    '[play.outreach]\nsubject = "Hello"\nbody = "Hello {who}."\n'
    '[[play]]\nname = "Moved"\non = "meeting moved"\nstep = "Check {account}"\n'
)


class _App(app_module.GanglyApp):
    """The app opened on Signals, which reads no system on its own."""

    CSS_PATH = [Path(app_module.__file__).parent / each for each in app_module.GanglyApp.CSS_PATH]  # noqa: RUF012
    opened: str = ""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, start="signals")

    def action_pull(self) -> None:
        """Nothing: the store is the test's."""

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        self.opened = url

    @property
    def view(self) -> RowView:
        return self.screen.query_one("#signals", RowView)


def about(kind: Kind, identifier: str) -> RecordRef:
    return RecordRef(system="sandbox", kind=kind, id=identifier)


def usage(name: str = "aa11", **more: object) -> Signal:
    given = {
        "kind": SignalKind.USAGE, "title": "Nordwind: fewer logins", "detail": "RAW 41 to 19", "at": NOW,
        "expires_at": NOW + timedelta(days=14), "account": about(Kind.ACCOUNT, "a1"),
        "contact": about(Kind.CONTACT, "c1"), "email": "jana@nordwind-demo.com", "deal": about(Kind.OPPORTUNITY, "d1"),
        **more,
    }  # fmt: skip
    return Signal(id=name, **given)  # type: ignore[arg-type]


MOVED = usage("bb22", kind=SignalKind.MOVED, title="Nordwind: pricing", source="meeting:m2", at=NOW - timedelta(days=1))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = replace(paper_desk(tmp_path, *nordwind()), plays=lambda: PLAYS, drafts="eml")
    await pull(made)
    for each in kept.open_signals(made.db, NOW):
        kept.set_dismissed(made.db, each.id, "")
    kept.save_signals(made.db, [usage(), MOVED])
    yield made
    made.close()


@asynccontextmanager
async def on_signals(desk: Desk, size: tuple[int, int] = (140, 40)) -> AsyncIterator[tuple[_App, Pilot[None]]]:
    app = _App(desk)
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, SignalsScreen) and app.screen.found is not None)
        await pilot.pause()
        yield app, pilot


def ids(desk: Desk) -> list[str]:
    return [each.id for each in kept.open_signals(desk.db, NOW)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_says_what_happened_and_what_to_do(desk: Desk, size: tuple[int, int]) -> None:
    async with on_signals(desk, size) as (app, _):
        shown = screen_text(app)
        for words in ("4 Signals", "usage", "fewer logins", "RAW 41 to 19", "w  Call Jana Weiss of Nordwind", "+ mail",
                      "meeting moved", "w  Check Nordwind", "yesterday", "2 open"):  # fmt: skip
            assert words in shown, words


async def test_w_lays_out_cards_and_2_shows_them(desk: Desk) -> None:
    async with on_signals(desk) as (app, pilot):
        await pilot.press("w")
        cards = decide.queue(desk)
        assert [each.kind for each in cards] == [Kind.ACTIVITY, Kind.MAIL]
        assert ids(desk) == ["bb22"]
        assert "2 cards wait in Review" in screen_text(app)
        await pilot.press("2")
        await until(lambda: isinstance(app.screen, ReviewScreen))
        await at_rest(pilot)
        shown = screen_text(app)
        assert "signal, usage" in shown and "Call Jana Weiss" in shown and "play Usage" in shown
        assert "RAW" not in shown and "none: your play's words" in shown
        await pilot.press("n")
        await at_rest(pilot)
        assert app.is_running, "a card without a meeting opens the notes of one that has none"


async def test_x_dismisses_with_a_reason_and_u_takes_it_back(desk: Desk) -> None:
    async with on_signals(desk) as (app, pilot):
        await pilot.press("x")
        await until(lambda: isinstance(app.screen, DismissScreen))
        assert "Dismiss" in screen_text(app) and "trail" not in screen_text(app)
        await pilot.press("escape")
        assert ids(desk) == ["aa11", "bb22"]
        await pilot.press("x", *"lost", "enter")
        await until(lambda: ids(desk) == ["bb22"])
        assert desk.db.execute("SELECT reason FROM signal WHERE id = 'aa11'").fetchone() == ("lost",)
        await until(lambda: isinstance(app.screen, SignalsScreen))
        await pilot.press("u")
        assert ids(desk) == ["aa11", "bb22"]
        await pilot.press("u")
        assert "nothing was dismissed" in screen_text(app)


@pytest.mark.parametrize(("key", "days"), [("z", 1), ("Z", 7)])
async def test_z_puts_off_until_tomorrow_or_next_week(desk: Desk, key: str, days: int) -> None:
    async with on_signals(desk) as (app, pilot):
        await pilot.press("j", key)
        assert ids(desk) == ["aa11"]
        assert "1 put off" in screen_text(app)
        back = (NOW + timedelta(days=days)).replace(hour=6, minute=0)
        assert [each.id for each in kept.open_signals(desk.db, back)] == ["aa11", "bb22"]
        await pilot.press("u")
        assert ids(desk) == ["aa11", "bb22"]


async def test_enter_shows_all_and_o_opens_where_it_comes_from(desk: Desk) -> None:
    async with on_signals(desk) as (app, pilot):
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, SourceScreen))
        shown = screen_text(app)
        for words in ("RAW 41 to 19", "Ages out", "Jana Weiss", "Nordwind Platform 2026", "a task, due", "Hello Jana."):
            assert words in shown, words
        await pilot.press("escape", "o")
        await until(lambda: isinstance(app.screen, SourceScreen))
        assert "Nordwind Platform 2026" in screen_text(app)
        await pilot.press("escape", "j", "o")
        await until(lambda: "invitation" in screen_text(app))
        assert "Three-site price" in screen_text(app)


async def test_o_opens_a_profile_in_the_browser_and_nothing_else(desk: Desk) -> None:
    kept.save_signals(desk.db, [usage("cc33", at=NOW + timedelta(minutes=1), source="https://www.linkedin.com/in/x")])
    kept.save_signals(desk.db, [usage("dd44", at=NOW + timedelta(minutes=2), source="file:///etc/passwd", deal=None)])
    async with on_signals(desk) as (app, pilot):
        await pilot.press("o")
        await until(lambda: isinstance(app.screen, SourceScreen))
        assert app.opened == ""
        await pilot.press("escape", "j", "o")
        assert app.opened == "https://www.linkedin.com/in/x"


@pytest.mark.parametrize("size", SIZES)
async def test_the_empty_list_teaches(desk: Desk, size: tuple[int, int]) -> None:
    kept.forget_signals(desk.db, ids(desk))
    async with on_signals(desk, size) as (app, pilot):
        shown = screen_text(app)
        for words in ("No signal waits", "1 calendar", "gangly signals import", "plays --own", "ctrl+r"):
            assert words in shown, words
        await pilot.press("w", "x", "z", "o", "enter")
        assert isinstance(app.screen, SignalsScreen)
        kept.save_signals(desk.db, [usage("ee55")])
        app.screen.reload()
        await pilot.pause()
        assert "fewer logins" in screen_text(app)


async def test_a_broken_page_of_plays_is_said_and_the_list_stays(desk: Desk) -> None:
    def broken() -> tuple[Play, ...]:
        raise ConfigError("plays.toml, line 3: wrong", fix="mend it")

    async with on_signals(replace(desk, plays=broken)) as (app, pilot):
        shown = screen_text(app)
        assert "plays.toml, line 3" in shown and "fewer logins" in shown and "no play fits" in shown
        await pilot.press("w")
        assert ids(desk) == ["aa11", "bb22"]


async def test_hostile_words_are_shown_and_never_act(desk: Desk) -> None:
    hostile = [usage(f"f{at:03}", title=text, detail=text, who=text, source=text) for at, text in enumerate(HOSTILE)]
    kept.save_signals(desk.db, hostile)
    async with on_signals(desk) as (app, pilot):
        for _ in hostile:
            await pilot.press("enter")
            await until(lambda: isinstance(app.screen, SourceScreen))
            assert not raw_in(screen_text(app).replace("\n", ""))
            await pilot.press("escape", "j")
        await pilot.press("w", "x", "enter", "z")
        assert not raw_in(screen_text(app).replace("\n", ""))


async def test_the_keys_are_in_the_help_and_the_tab_can_be_clicked(desk: Desk) -> None:
    async with on_signals(desk) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, HelpScreen))
        assert "Put it off until tomorrow" in screen_text(app)
        await pilot.press("escape", "1")
        await pilot.press("4")
        await until(lambda: isinstance(app.screen, SignalsScreen))
