"""The chain and the file: checked in steps beside a living screen, exported to a name the rep chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from gangly_tui.domain.audit import AuditChange
from gangly_tui.domain.errors import InputError, TrailBroken
from gangly_tui.flow.desk import Desk
from gangly_tui.store import trail
from gangly_tui.tui.screens import export
from gangly_tui.tui.screens.export import ExportScreen, default_file, parse_file, write
from gangly_tui.tui.screens.trail import TrailScreen
from gangly_tui.tui.stepwise import read_in_steps
from tests.patience import until
from tests.store import made
from tests.tui.desks import NOW, screen_text
from tests.tui.test_trail import go_around_the_triggers, on_trail


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of its own, with a folder for downloads."""
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    (tmp_path / "me" / "Downloads").mkdir(parents=True)
    return tmp_path / "me"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _put(path: Path) -> Path:
    """A file that was there before."""
    path.write_text("mine", encoding="utf-8")
    return path


def _names(folder: Path) -> list[str]:
    """Everything below a folder."""
    return sorted(each.name for each in folder.rglob("*"))


def _fill(desk: Desk, count: int) -> None:
    with made.transaction(desk.db):
        for number in range(count):
            made.append(desk.db, op_id=f"op{number}", target_name=f"Deal {number}")


async def test_verify_says_how_many_and_the_head(desk: Desk) -> None:
    _fill(desk, 3)
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("V")
        await until(lambda: app.trail.verdict is not None)
        await pilot.pause()
        shown = screen_text(app)
        assert "✓ verified 09:12: 3 entries, none missing, altered or out of order" in shown
        assert trail.head(desk.db)[1] in shown


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        ("UPDATE trail SET body = replace(body, 'sandbox', 'sandbux') WHERE seq = 7", 7),
        ("DELETE FROM trail WHERE seq = 5", 5),
    ],
)
async def test_a_broken_trail_is_said_in_words_with_the_entry(desk: Desk, change: str, seq: int) -> None:
    _fill(desk, 12)
    go_around_the_triggers(desk.db, change)
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("V")
        await until(lambda: app.trail.verdict is not None)
        await pilot.pause()
        assert app.trail.verdict is not None and not app.trail.verdict.good
        assert f"! the trail is BROKEN at entry {seq}:" in screen_text(app)


async def test_an_entry_that_cannot_be_read_is_one_red_line_and_all_others_show(desk: Desk) -> None:
    _fill(desk, 200)
    go_around_the_triggers(desk.db, "UPDATE trail SET body = 'rubbish' WHERE seq = 198")
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.pause()
        shown = screen_text(app)
        assert "! entry 198" in shown
        assert "Deal 199" in shown and "Deal 196" in shown
        await pilot.press("down", "down", "o", "u", "enter")
        assert app.trail.selected is None
        await pilot.press("down")
        assert app.trail.selected is not None and app.trail.selected.seq == 197


async def test_the_screen_lives_while_the_chain_is_checked_and_esc_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(desk, 3_000)
    steps: list[int] = []

    def endless(db: object) -> tuple[int, str]:
        while True:
            steps.append(len(trail.entries(db, limit=10)))

    monkeypatch.setattr(trail, "verify_trail", endless)
    monkeypatch.setattr("gangly_tui.tui.screens.trail.QUIET", 0.0)
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("V", "down", "down", "down")
        await until(lambda: len(steps) > 20)
        assert app.entries.cursor == 3
        assert "checking the trail" in screen_text(app) and "Esc stops" in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, TrailScreen), "the first Esc ends the check, and only that"
        assert "check stopped" in screen_text(app)
        stood = len(steps)
        await pilot.pause(0.1)
        assert len(steps) <= stood + 1
        await pilot.press("V")
        await until(lambda: len(steps) > stood + 5)
        await pilot.press("escape", "escape")
        assert not isinstance(app.screen, TrailScreen)


async def test_entries_that_come_during_the_check_are_no_break(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(desk, 5)
    came: list[int] = []
    real = trail.verify_trail

    def slow(db: object) -> tuple[int, str]:
        if not came:  # what is read first is the state before, what is read last the one after
            rows = db.execute("SELECT max(seq) FROM trail").fetchone()  # type: ignore[attr-defined]
            app.call_from_thread(_fill, desk, 1)
            came.append(rows[0])
            raise TrailBroken("the trail ends at entry 5, but its head is another", seq=6)
        return real(db)

    monkeypatch.setattr(trail, "verify_trail", slow)
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("V")
        await until(lambda: app.trail.verdict is not None)
        assert came == [5]
        assert app.trail.verdict is not None and app.trail.verdict.good and "6 entries" in app.trail.verdict.said


async def test_statements_run_on_the_thread_of_the_store_and_errors_come_through(desk: Desk) -> None:
    _fill(desk, 4)
    told: list[int] = []
    assert await read_in_steps(desk.db, trail.verify_trail, told.append) == trail.verify_trail(desk.db)
    assert told[-1] >= 4
    with pytest.raises(InputError):

        def fail(db: object) -> None:
            raise InputError("no")

        await read_in_steps(desk.db, fail)


# -- the file -------------------------------------------------------------------------------------------------------


async def test_export_offers_a_free_name_and_writes_csv(desk: Desk, home: Path) -> None:
    made.append(desk.db, target_name="=cmd()", changes=(AuditChange(field="next_step", before=None, after="@SUM(1)"),))
    taken = _put(home / "Downloads" / "gangly-trail-2026-11-24.csv")
    async with on_trail(desk, (80, 24)) as (app, pilot):
        await pilot.press("E")
        await pilot.pause()
        path = Path(app.screen.query_one(Input).value)
        assert path == home / "Downloads" / "gangly-trail-2026-11-24-2.csv"
        await pilot.press("enter")
        await until(path.exists)
        await until(lambda: "2 lines in" in app.status.text)
    written = _text(path)
    assert written == "".join(trail.export_csv(desk.db))
    assert "'=cmd()" in written and "'@SUM(1)" in written
    assert _mode(path) & 0o077 == 0, "the trail is for its owner"
    assert _text(taken) == "mine"


async def test_tab_and_the_mouse_change_the_form_and_a_name_of_ones_own_is_kept(desk: Desk, home: Path) -> None:
    _fill(desk, 3)
    async with on_trail(desk, (80, 24)) as (app, pilot):
        await pilot.press("E")
        await pilot.pause()
        box = app.screen.query_one(Input)
        await pilot.press("tab")
        assert box.value.endswith("gangly-trail-2026-11-24.jsonl") and "JSONL" in screen_text(app)
        await pilot.click(".form")
        assert box.value.endswith("gangly-trail-2026-11-24.csv")
        box.value = "~/mine.csv"
        await pilot.press("tab", "enter")
        await until(lambda: "4 lines in" in app.status.text)
    lines = _text(home / "mine.jsonl").splitlines()
    assert [json.loads(each)["seq"] for each in lines[1:]] == [1, 2, 3]


@pytest.mark.parametrize(
    "name",
    ["", "   ", "trail", "trail.txt", "~", "/", "no/such/folder/a.csv", "here.csv", "a\x00.csv", "~nobody/a.csv"],
)
async def test_a_name_that_cannot_be_is_refused_in_place(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(home)
    here = _put(home / "here.csv")
    _fill(desk, 1)
    async with on_trail(desk, (80, 24)) as (app, pilot):
        await pilot.press("E")
        await pilot.pause()
        app.screen.query_one(Input).value = name
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ExportScreen)
        assert "! " in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, TrailScreen)
    assert _names(home) == ["Downloads", "here.csv"]
    assert _text(here) == "mine"


async def test_esc_ends_an_export_and_half_a_file_is_not_left(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(desk, 1)
    monkeypatch.setattr("gangly_tui.tui.screens.trail.QUIET", 0.0)

    def endless(db: object) -> Iterator[str]:
        while True:
            yield "{}\n"

    monkeypatch.setattr(trail, "export_csv", endless)
    async with on_trail(desk, (80, 24)) as (app, pilot):
        await pilot.press("E", "enter")
        await until(lambda: "writing gangly-trail" in app.status.text)
        assert _names(home / "Downloads") != []
        await pilot.press("escape")
        await until(lambda: not _names(home / "Downloads"))
        assert "export stopped" in screen_text(app)


async def test_a_broken_trail_is_not_exported_as_if_it_were_whole(desk: Desk, home: Path) -> None:
    _fill(desk, 5)
    go_around_the_triggers(desk.db, "UPDATE trail SET body = 'rubbish' WHERE seq = 3")
    async with on_trail(desk, (100, 30)) as (app, pilot):
        await pilot.press("E", "enter")
        await until(lambda: app.trail.verdict is not None)
        assert "BROKEN at entry 3" in app.trail.verdict.said  # type: ignore[union-attr]
    assert _names(home / "Downloads") == []


def test_a_full_or_forbidden_place_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        list(write(home / "nowhere" / "a.csv", ["x"]))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        list(write(home / "a.csv", ["x"]))
    assert not (home / "a.csv").exists()


def test_the_default_is_at_home_where_nothing_is_downloaded(home: Path) -> None:
    (home / "Downloads").rmdir()
    assert default_file(NOW.date(), ".jsonl") == home / "gangly-trail-2026-11-24.jsonl"
    assert parse_file("~/a.csv") == home / "a.csv"
