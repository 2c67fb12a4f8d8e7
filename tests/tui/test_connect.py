"""The first run: what can be chosen, what is refused in place; later, what is connected and what more can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from gangly_tui.domain.connection import Connected, Plan
from gangly_tui.domain.errors import GanglyError, InputError, StoreError
from gangly_tui.flow.desk import Desk
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.doorway import Doorway
from gangly_tui.tui.screens.connect import ConnectScreen, check_calendar
from gangly_tui.tui.screens.today import TodayScreen
from gangly_tui.tui.widgets.rows import RowView
from tests.tui.desks import screen_text

HOSTILE = "[@click=app.quit()]x[/] \x1b[2J"


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

    app = GanglyApp(None, opener)
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


def doorway(connected: dict[str, str]) -> Doorway:
    async def connect(*_: object) -> Connected:
        raise AssertionError("nobody signs in here")

    def plan(_: str) -> Plan:
        raise GanglyError("the connector cannot be loaded", fix="reinstall it")

    return Doorway(
        systems=(("acrm", "A CRM", "deals"), ("mailer", "Mailer", "calendar and mail"), ("calls", "Calls", "words")),
        groups={"acrm": "Connect your CRM", "mailer": "Beside it", "calls": "Beside it"},
        current=lambda: "acrm" if "acrm" in connected else "",
        plan=plan,
        unlock=lambda: None,
        connect=connect,
        connected=lambda: connected,
    )


async def test_what_is_connected_says_so_and_the_cursor_stands_on_what_could_stand_beside_it(desk: Desk) -> None:
    app = GanglyApp(desk)
    app.doorway = doorway({"acrm": f"Robin at Acme {HOSTILE}", "mailer": "robin@acme.example"})
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("ctrl+o")
        await pilot.pause()
        shown = screen_text(app)
        assert "✓ Robin at Acme [@click=app.quit()]x[/] ␛[2J" in shown and "✓ robin@acme.example" in shown
        assert "words" in shown and "calendar and mail" not in shown, "what is connected shows its account instead"
        assert app.screen.query_one(RowView).cursor == 3
        await pilot.press("ctrl+o", "ctrl+o")
        await pilot.pause()
        assert [type(each) for each in app.screen_stack].count(ConnectScreen) == 1
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)


async def test_after_the_first_connection_a_further_one_is_chosen_without_leaving(desk: Desk) -> None:
    app = GanglyApp(None, lambda _: desk)
    app.doorway = doorway({})
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert isinstance(app.screen, ConnectScreen), "the first one still lies beneath Today"
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, TodayScreen)


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
