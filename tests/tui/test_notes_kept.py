"""What is typed survives: a killed process, a store that cannot be written, a reading that never ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gangly_tui.domain.draft import Draft, Notes, ReadingContext
from gangly_tui.domain.proposal import ProposalState
from gangly_tui.flow import capture
from gangly_tui.flow.desk import Desk
from gangly_tui.intelligence.offline.drafter import OfflineDrafter
from gangly_tui.store import decisions, engagement
from gangly_tui.store.database import open_database
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.screens.notes import NotesScreen
from gangly_tui.tui.widgets.page_text import PageText
from tests.tui.desks import nordwind, paper_desk, screen_text
from tests.tui.notes_desk import open_notes, paste, settled, type_in, until

ROOT = Path(__file__).resolve().parents[2]


# -- a kill ----------------------------------------------------------------------------------------------------------


class Terminal:
    """The app on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.screen = b""
        main, side = os.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tui.notes_process", str(folder)],
            cwd=ROOT, env=environment, stdin=side, stdout=side, stderr=side, start_new_session=True,
        )  # fmt: skip
        os.close(side)
        self._main = main
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self.screen += os.read(self._main, 65_536)
            except OSError:
                return

    def press(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def until(self, words: str) -> None:
        end = time.monotonic() + 60
        while words.encode() not in self.screen:
            assert time.monotonic() < end and self.process.poll() is None, self.screen[-2_000:]
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)

    def kept(self) -> str:
        db = open_database(self.folder / "store.db")
        try:
            found = engagement.notes_of(db, "m2")
        finally:
            db.close()
        return found[0].text if found else ""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    made.until("Nordwind: pricing")
    made.press("n")
    made.until("empty page")
    yield made
    if made.process.poll() is None:
        made.kill()


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals and SIGKILL are POSIX")
def test_a_kill_in_the_middle_of_a_word_costs_at_most_the_last_second(terminal: Terminal) -> None:
    sent: list[float] = []
    while len(sent) < 80:
        terminal.press(chr(ord("a") + len(sent) % 26))
        sent.append(time.monotonic())
        time.sleep(0.05)
    killed = time.monotonic()
    terminal.kill()
    kept = terminal.kept()
    assert kept == "".join(chr(ord("a") + at % 26) for at in range(len(kept))), "what is kept is what was typed"
    older = sum(1 for each in sent if each < killed - 1.5)  # half a second for a busy machine to see the key
    assert len(kept) >= older > 20


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals and SIGKILL are POSIX")
def test_after_a_pause_a_kill_costs_nothing(terminal: Terminal) -> None:
    terminal.press("\x1b[200~Budget ok'd 40k\rme -> send DPA\x1b[201~")
    terminal.until("saved")
    terminal.press(" by fri")
    time.sleep(1.5)
    terminal.kill()
    assert terminal.kept() == "Budget ok'd 40k\nme -> send DPA by fri"


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
def test_no_byte_of_a_hostile_page_acts_on_a_real_terminal(tmp_path: Path) -> None:
    hostile = "\x1b]52;c;QUFB\x07 \x1b]0;title\x07 \x9b2J \u202egro.live\u202c [@click=app.exit()]x[/] end of page"
    desk = paper_desk(tmp_path, *nordwind())
    page = Notes(id="m2/notes", meeting_id="m2", text=hostile, updated_at=desk.now())
    engagement.save_notes(desk.db, page)
    desk.close()
    terminal = Terminal(tmp_path)
    try:
        terminal.until("Nordwind: pricing")
        terminal.press("n")
        terminal.until("end of page")
    finally:
        terminal.kill()
    for each in ("\x1b]52", "\x1b]0;title", "\x9b", "\u202e", "\u202c", "\x1b[2J \u202e"):
        assert each.encode() not in terminal.screen
    assert terminal.kept() == hostile


# -- a store that cannot be written ----------------------------------------------------------------------------------


async def test_another_window_s_write_is_said_retried_and_the_text_stays(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        other = open_database(desk.db.path)
        other.execute("BEGIN IMMEDIATE")
        await type_in(pilot, "budget")
        await until(pilot, lambda: app.status.tone == "bad")
        assert app.status.text.startswith("not saved: the store is busy")
        assert "NOT SAVED" in screen_text(app)
        await pilot.press("escape")
        assert app.screen is screen, "the screen is not left with words that are nowhere else"
        assert app.status.fix.startswith("Esc again")
        await type_in(pilot, " ok")
        other.execute("ROLLBACK")
        other.close()
        await until(pilot, lambda: screen.keeper.kept == "budget ok")
        assert "saved" in app.status.text
        assert engagement.notes_of(desk.db, "m2")[0].text == "budget ok"


async def test_a_full_disk_is_said_and_when_there_is_room_again_all_is_kept(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        pages = desk.db.execute("PRAGMA page_count").fetchone()[0]
        desk.db.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        await paste(pilot, "me -> send the DPA by friday\n" * 3_000)
        await until(pilot, lambda: app.status.tone == "bad")
        assert "the disk is full" in app.status.text
        await pilot.press("ctrl+s")
        assert app.screen is screen
        assert decisions.proposals(desk.db, meeting_id="m2") == []
        desk.db.execute("PRAGMA max_page_count = 1000000").fetchone()
        await until(pilot, lambda: screen.keeper.kept == screen.query_one(PageText).text)
        assert len(engagement.notes_of(desk.db, "m2")[0].text) == 29 * 3_000


async def test_two_windows_on_one_page_lose_neither_s_words(desk: Desk) -> None:
    app = GanglyApp(desk)
    async with app.run_test(size=(140, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "mine")
        await settled(pilot, screen)
        other = replace(desk, db=open_database(desk.db.path))
        page = capture.open_notes(other, "m2")
        assert page.text == "mine"
        capture.keep_page(other, replace(page, text="mine and theirs"), before="mine", patience=1)
        other.db.close()
        await type_in(pilot, " still")
        await settled(pilot, screen)
        assert app.status.text.startswith("another window has changed this page")
        assert "▸ your notes (2)" in screen_text(app)
        await type_in(pilot, " going")
        await settled(pilot, screen)
        kept = {each.source: each.text for each in engagement.notes_of(desk.db, "m2")}
        assert kept == {"notes": "mine and theirs", "notes (2)": "mine still going"}


# -- a slow reading --------------------------------------------------------------------------------------------------


class SlowDrafter:
    """Reads only while the gate is open; knows the thread and the text of every reading."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.texts: list[str] = []
        self.threads: set[threading.Thread] = set()

    def draft(self, text: str, context: ReadingContext) -> Draft:
        self.texts.append(text)
        self.threads.add(threading.current_thread())
        assert self.gate.wait(30)
        return OfflineDrafter().draft(text, context)


@pytest.fixture
def slow(desk: Desk) -> Iterator[tuple[Desk, SlowDrafter]]:
    drafter = SlowDrafter()
    yield replace(desk, drafter=drafter), drafter
    drafter.gate.set()


async def test_keys_are_taken_and_kept_while_a_reading_goes_on_elsewhere(slow: tuple[Desk, SlowDrafter]) -> None:
    desk, drafter = slow
    app = GanglyApp(desk)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        long = "me -> send the DPA by friday\nthey compare w/ Globex and talk on\n" * 2_500  # 30,000 words
        await paste(pilot, long)
        await until(pilot, lambda: drafter.texts)
        await type_in(pilot, "and typed on")
        await until(pilot, lambda: screen.keeper.kept.endswith("and typed on"))
        assert drafter.texts == [long], "the first reading still goes on"
        assert threading.main_thread() not in drafter.threads
        await until(pilot, lambda: ", reading 1 s" in screen_text(app))
        assert f"{len((long + 'and typed on').split()):,} words" in screen_text(app)
        drafter.gate.set()
        await settled(pilot, screen)
        assert drafter.texts[-1] == long + "and typed on"
        assert screen._read_text == long + "and typed on", "only the reading of the text that stands is shown"


async def test_a_reading_that_the_text_has_left_behind_is_never_shown(slow: tuple[Desk, SlowDrafter]) -> None:
    desk, drafter = slow
    app = GanglyApp(desk)
    shown: list[str] = []
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        show = screen._show_draft
        screen._show_draft = lambda draft, text: (shown.append(text), show(draft, text))[1]  # type: ignore[method-assign]
        await type_in(pilot, "old words")
        await until(pilot, lambda: drafter.texts)
        page = screen.query_one(PageText)
        page.select_all()
        await type_in(pilot, "new words")
        drafter.gate.set()
        await settled(pilot, screen)
        assert shown == ["new words"]


async def test_escape_calls_the_laying_out_off_and_the_text_stays(slow: tuple[Desk, SlowDrafter]) -> None:
    desk, drafter = slow
    app = GanglyApp(desk)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "me -> send the DPA by friday")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.status.tone == "busy")
        assert app.status.fix == "Esc calls it off"
        await pilot.press("ctrl+s")
        assert app.status.text == "the cards are being laid out"
        await pilot.press("escape")
        assert app.screen is screen
        assert app.status.text.startswith("called off")
        drafter.gate.set()
        await settled(pilot, screen)
        assert decisions.proposals(desk.db, states=tuple(ProposalState), meeting_id="m2") == []
        assert engagement.notes_of(desk.db, "m2")[0].text == "me -> send the DPA by friday"
        await pilot.press("escape")
        assert not isinstance(app.screen, NotesScreen)


class BrokenDrafter:
    """An engine with a fault."""

    def draft(self, text: str, context: ReadingContext) -> Draft:
        raise ZeroDivisionError("a fault of the engine")


async def test_an_engine_with_a_fault_costs_the_draft_and_nothing_else(desk: Desk) -> None:
    app = GanglyApp(replace(desk, drafter=BrokenDrafter()))
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_notes(pilot, "m2")
        await type_in(pilot, "words")
        await until(pilot, lambda: app.status.tone == "bad")
        assert app.status.text == "this text could not be read"
        await type_in(pilot, " more")
        await settled(pilot, screen)
        assert engagement.notes_of(desk.db, "m2")[0].text == "words more"
        await pilot.press("ctrl+s")
        await pilot.pause(0.2)
        assert app.screen is screen
