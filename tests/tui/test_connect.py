"""The first run: what can be chosen, what is refused in place, what is only announced."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.domain.errors import InputError, StoreError
from gangly_tui.flow.desk import Desk
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.connect import ConnectScreen, check_calendar
from gangly_tui.tui.screens.today import TodayScreen
from tests.tui.desks import screen_text

COMING = (("somecrm", "accounts and deals"), ("[red]evil[/] \x1b[2J", "[@click=app.quit()]x[/]"))


@pytest.fixture
def calendar_file(tmp_path: Path) -> Path:
    path = tmp_path / "my calendar.ics"
    path.write_bytes(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n")
    return path


async def test_enter_tries_the_sandbox(desk: Desk) -> None:
    chosen: list[str] = []

    def opener(choice: str) -> Desk:
        chosen.append(choice)
        return desk

    app = GanglyApp(None, opener, coming=COMING)
    async with app.run_test(size=(80, 24)) as pilot:
        assert isinstance(app.screen, ConnectScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert chosen == ["sandbox"]
        assert isinstance(app.screen, TodayScreen)
        assert app.desk is desk


async def test_a_calendar_path_is_checked_as_it_is_typed(desk: Desk, calendar_file: Path) -> None:
    chosen: list[str] = []

    def opener(choice: str) -> Desk:
        chosen.append(choice)
        return desk

    app = GanglyApp(None, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("down", "enter", *"/no")
        assert "! no such file" in screen_text(app)
        await pilot.press("enter")
        assert chosen == []
        path = app.screen.query_one("#path")
        path.value = str(calendar_file)  # type: ignore[attr-defined]
        await pilot.pause()
        assert "✓ a calendar" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert chosen == [f"calendar:{calendar_file}"]
        assert isinstance(app.screen, TodayScreen)


async def test_what_cannot_be_opened_says_why_and_stays() -> None:
    def opener(choice: str) -> Desk:
        raise StoreError("the disk is full [/] \x1b[2J", fix="free some space")

    app = GanglyApp(None, opener)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        shown = screen_text(app)
        assert "! the disk is full [/] ␛[2J  free some space" in shown
        assert isinstance(app.screen, ConnectScreen)


async def test_coming_systems_are_listed_and_nothing_more() -> None:
    app = GanglyApp(None, coming=COMING)
    async with app.run_test(size=(100, 30)) as pilot:
        shown = screen_text(app)
        assert "Coming, not built yet" in shown
        assert "somecrm" in shown
        assert "[red]evil[/] ␛[2J" in shown
        await pilot.press(*["down"] * 5, "enter")
        assert app.screen.query_one("#path").has_focus, "the last choice is the calendar, not a coming system"
        await pilot.press("escape")
        assert not app.screen.query_one("#path").display


async def test_keys_that_need_a_desk_do_nothing_before_there_is_one() -> None:
    app = GanglyApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1", "2", "5", "n", "slash", "ctrl+r", "escape")
        assert isinstance(app.screen, ConnectScreen)
        assert "find" not in screen_text(app).splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "type the path"),
        ("   ", "type the path"),
        ("/nowhere/at/all.ics", "no such file"),
        (".", "folder"),
        ("~nobody-of-that-name/x.ics", "no such file|cannot be read"),
        ("a\x00b", "no such file|cannot be read"),
        ("x" * 5_000, "no such file|cannot be read"),
    ],
)
def test_paths_that_are_no_calendar_are_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_calendar(text)


def test_the_content_decides_not_the_name(tmp_path: Path, calendar_file: Path) -> None:
    liar = tmp_path / "liar.ics"
    liar.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match="not a calendar"):
        check_calendar(str(liar))
    assert check_calendar(f"  '{calendar_file}' ") == calendar_file.resolve()
    for address in ("https://calendar.acme.example/private/work.ics", "webcal://calendar.acme.example/work.ics"):
        assert check_calendar(f" {address} ") == address
    with pytest.raises(InputError, match="encryption"):
        check_calendar("http://calendar.acme.example/work.ics")
