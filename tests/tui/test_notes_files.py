"""Transcripts and opened files stand beside the rep's notes; nothing is written over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gangly_tui.connectors.engagement.text_file import read_text_file
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.flow import capture
from gangly_tui.flow.desk import Desk
from gangly_tui.store import decisions, engagement
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.notes import NotesScreen
from gangly_tui.tui.screens.open_file import OpenFileScreen, look
from gangly_tui.tui.widgets.meeting_bar import SourceBar
from gangly_tui.tui.widgets.page_text import PageText
from tests.tui.desks import screen_text
from tests.tui.notes_desk import open_notes, paste, settled, type_in, until
from tests.tui.resting import at_rest

VTT = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Jana Weiss>We can sign on 15 December 2026, that is final.

00:00:05.000 --> 00:00:09.000
<v Ana Silva>I'll send you the DPA by Friday.
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a rep has lying about, as the folder that gangly was started in."""
    folder = tmp_path / "calls"
    (folder / "old").mkdir(parents=True)
    (folder / "call.vtt").write_text(VTT, encoding="utf-8")
    (folder / "recap.md").write_text("me -> send the DPA by friday", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "[red]\x1b[2J.txt").write_text("odd name", encoding="utf-8")
    (folder / "zip.txt").write_bytes(b"PK\x03\x04 not a text")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(OpenFileScreen, "_folder", None)
    return folder


@pytest.fixture
def reading(desk: Desk) -> Iterator[Desk]:
    """The desk with the reader of files that bootstrap gives it."""
    yield replace(desk, read_file=read_text_file)


async def _open(app: GanglyApp, pilot: object, path: Path) -> None:
    from textual.pilot import Pilot
    from textual.widgets import Input

    assert isinstance(pilot, Pilot)
    await pilot.press("ctrl+o")
    assert isinstance(app.screen, OpenFileScreen)
    app.screen.query_one(Input).value = str(path)
    await pilot.pause()
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, NotesScreen))
    await at_rest(pilot)


async def test_a_transcript_is_opened_kept_as_it_came_and_its_cards_laid_out(reading: Desk, files: Path) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "my own words")
        await _open(app, pilot, files / "call.vtt")
        page = screen.query_one(PageText)
        assert page.text == VTT
        assert app.status.text == "kept beside your notes as transcript"
        assert "your notes" in screen_text(app) and "▸ transcript" in screen_text(app)
        await pilot.press("x")
        assert page.text == VTT
        assert app.status.text == "a transcript is kept as it came"
        await paste(pilot, "more")
        assert page.text == VTT
        await pilot.press("ctrl+t")
        assert page.text == "my own words"
        await type_in(pilot, "!")
        await pilot.press("ctrl+t")
        await settled(pilot, screen)
        kept = {each.source: each.text for each in engagement.notes_of(reading.db, "m2")}
        assert kept == {"notes": "my own words!", "transcript": VTT}
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is not screen)
        cards = decisions.proposals(reading.db, states=(ProposalState.OPEN,), meeting_id="m2")
        assert {each.source for each in cards} == {"transcript of 2026-11-24"}


async def test_another_transcript_and_another_file_of_the_same_name_get_places_of_their_own(
    reading: Desk, files: Path
) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(140, 40)) as pilot:
        await open_notes(pilot, "m2")
        await _open(app, pilot, files / "call.vtt")
        (files / "call.vtt").write_text(VTT + "\n", encoding="utf-8")
        await _open(app, pilot, files / "call.vtt")
        await _open(app, pilot, files / "recap.md")
        (files / "recap.md").write_text("other", encoding="utf-8")
        await _open(app, pilot, files / "recap.md")
        found = [each.source for each in capture.sources(reading, "m2")]
        assert found == ["notes", "transcript", "import:call.vtt", "import:recap.md", "import:recap.md (2)"]
        assert app.status.text == "kept beside your notes as recap.md (2)"


@pytest.mark.parametrize("name", ["picture.png", "zip.txt"])
async def test_what_is_no_text_is_refused_in_words_and_the_page_stays(reading: Desk, files: Path, name: str) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "mine")
        await _open(app, pilot, files / name)
        assert app.status.tone == "bad"
        assert "not text" in app.status.text
        assert app.status.fix
        assert screen.query_one(PageText).text == "mine"


async def test_a_transcript_that_was_pulled_is_there_at_once(reading: Desk) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.today is not None and bool(app.today.titles()))
        engagement.save_transcript(reading.db, "m2", VTT, reading.now())
        screen = await open_notes(pilot, "m2")
        await settled(pilot, screen)
        assert screen.query_one(PageText).text == VTT
        assert "2026-09-30 → 2026-12-15" in screen_text(app)
        assert engagement.notes_of(reading.db, "m2") == [], "looking keeps nothing"
        await pilot.press("ctrl+t")
        await type_in(pilot, "mine")
        await pilot.press("escape")
        assert [each.source for each in engagement.notes_of(reading.db, "m2")] == ["notes"]


async def test_a_click_on_a_text_opens_it(reading: Desk) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.today is not None and bool(app.today.titles()))
        engagement.save_transcript(reading.db, "m2", VTT, reading.now())
        screen = await open_notes(pilot, "m2")
        assert await pilot.click(SourceBar, offset=(5, 0))
        await pilot.pause()
        assert screen.keeper.notes.source == "notes"
        assert screen.query_one(PageText).text == ""
        assert not screen.query_one(PageText).read_only


async def test_with_one_text_there_is_nothing_to_switch_to(reading: Desk) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        await pilot.press("ctrl+t")
        assert screen.keeper.notes.source == "notes"
        assert "^t" not in screen_text(app)


# -- the prompt ------------------------------------------------------------------------------------------------------


async def test_the_prompt_lists_readable_files_and_completes(reading: Desk, files: Path) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(100, 30)) as pilot:
        await open_notes(pilot, "m2")
        await pilot.press("ctrl+o")
        shown = screen_text(app)
        assert "call.vtt" in shown and "recap.md" in shown and "old/" in shown
        assert "picture.png" not in shown
        assert "[red]␛[2J.txt" in shown
        await type_in(pilot, "rec")
        assert "call.vtt" not in screen_text(app)
        await pilot.press("tab")
        assert "recap.md" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, NotesScreen))
        await until(pilot, lambda: app.status.text == "kept beside your notes as recap.md")


async def test_the_prompt_says_what_is_missing_and_escape_changes_nothing(reading: Desk, files: Path) -> None:
    app = GanglyApp(reading)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        await pilot.press("ctrl+o")
        await type_in(pilot, "nothing-such")
        await pilot.press("enter")
        assert "there is no file" in screen_text(app)
        await type_in(pilot, "/further")
        assert "this folder cannot be read" in screen_text(app)
        await pilot.press("escape")
        assert app.screen is screen
        assert engagement.notes_of(reading.db, "m2") == []


def test_looking_finds_the_newest_file_first_then_folders(files: Path) -> None:
    import os

    os.utime(files / "recap.md", (2_000_000_000, 2_000_000_000))
    found = [each.path.name for each in look(f"{files}/")]
    assert found[0] == "recap.md"
    assert found[-1] == "old"
    assert [each.path.name for each in look(f"{files}/CALL")] == ["call.vtt"]
    assert look("~nobody-of-this-name/x") == []
