"""One batch of hostile strings through every screen: what was painted raw, what was hidden, what acted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from gangly_tui.domain.connection import Connected, Plan
from gangly_tui.domain.draft import spoken
from gangly_tui.flow.capture import backdrop
from gangly_tui.flow.desk import Desk
from gangly_tui.tui.app import GanglyApp
from gangly_tui.tui.doorway import Doorway
from gangly_tui.tui.last_line import NothingActs
from gangly_tui.tui.review_queue import face_of, load
from gangly_tui.tui.screens.connect import ConnectScreen
from gangly_tui.tui.screens.context import ContextScreen, Place
from gangly_tui.tui.screens.edit import EditScreen
from gangly_tui.tui.screens.find import FindScreen
from gangly_tui.tui.screens.low_risk import LowRiskScreen
from gangly_tui.tui.screens.open_file import OpenFileScreen
from gangly_tui.tui.screens.reason import ReasonScreen
from gangly_tui.tui.screens.sign_in import SignInScreen
from gangly_tui.tui.screens.source import SourceScreen, meeting_sheet, record_sheet
from gangly_tui.tui.widgets.agenda import Agenda
from gangly_tui.tui.widgets.card_rows import Face, heading, lay_out
from gangly_tui.tui.widgets.change_diff import Eyes
from gangly_tui.tui.widgets.draft_view import DraftView
from gangly_tui.tui.widgets.footer import StatusLine
from gangly_tui.tui.widgets.hold_guard import HoldGuard
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.page_text import PageText
from gangly_tui.tui.widgets.rows import MARGIN, RowView
from tests.hostile.oracle import hidden, raw_in
from tests.hostile.poison import NEEDLE, REFS, Poison, draft, empty_desk, fill, one_slot, plan
from tests.tui.desks import NOW

SIZE = (120, 50)
"""Tall enough that most of a screen is painted at once."""
WIDTHS = (76, 64, 110)
_SIGN = re.compile(r"^\s*(?:\w+)?\s*[+-] ")
SLOTS = ("before", "reading", "rule", "note", "record", "choice", "theirs", "mine", "against", "label")
_PATIENCE = 60.0
FEW = 6
"""Characters of a value that a place which cuts it must still show."""


@dataclass
class Findings:
    """What went wrong, each in one line, and how much was looked at."""

    raw: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    acting: list[str] = field(default_factory=list)
    frames: int = 0
    strings: int = 0

    @property
    def clean(self) -> bool:
        return not (self.raw or self.hidden or self.acting)


@dataclass
class Walker:
    """An open app and the desk beneath it. The last line of defence is off: what is painted is what screens made."""

    app: GanglyApp
    desk: Desk
    pilot: Pilot[None]
    folder: Path
    found: Findings = field(default_factory=Findings)

    async def settle(self, least: float = 0.0) -> None:
        """Let every message be handled and the layout be made; a pilot's own pause waits for an idle machine."""
        began, calm = monotonic(), 0
        while calm < 3 or monotonic() - began < least:
            await asyncio.sleep(0.001)
            screen = self.app.screen
            screen._on_timer_update()
            busy = any(not each._message_queue.empty() for each in (self.app, screen, *screen.walk_children()))
            calm = 0 if busy and monotonic() - began < _PATIENCE else calm + 1

    async def press(self, *keys: str) -> None:
        """Keys as the terminal's driver hands them over."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await self.settle()

    async def look(self, place: str, *, shows: Iterable[str] = ()) -> str:
        """Read the frame as it would be painted. `shows` are raw texts of which at least the beginning is on it."""
        await self.settle()
        painted: list[str] = []
        for strip in self.app.screen._compositor.render_strips():
            text = "".join(segment.text for segment in strip)
            painted.append(text)
            self.found.raw += [f"{place}: {each} in {text.strip()[:60]!r}" for each in raw_in(text)]
            for segment in strip:
                if segment.control:
                    self.found.raw.append(f"{place}: a control segment")
                clicked = segment.style and segment.style.meta.get("@click")
                if clicked and not isinstance(clicked, tuple):
                    self.found.acting.append(f"{place}: {clicked!r}")
        self.found.frames += 1
        whole = "\n".join(painted)
        for text in shows:
            if hidden(text, whole, first=FEW):
                self.found.hidden.append(f"{place}: {text[:60]!r}")
        return whole

    async def on(self, screen: Screen[object], place: str, *, shows: Iterable[str] = ()) -> None:
        """Look at a screen on top of the others, from its beginning to its end."""
        self.app.push_screen(screen)
        await self.look(place, shows=shows)
        for view in screen.query(RowView):
            if view.max_scroll_y and view.display:
                view.scroll_end(animate=False, force=True)
                await self.look(f"{place}, end")
        self.app.pop_screen()

    async def batch(self, texts: Sequence[str]) -> None:
        """All screens, once, with these texts in every place they have."""
        give = Poison(texts)
        fill(self.desk, give)
        self.found.strings += len(texts)
        for step in (self._today, self._sheets, self._review, self._notes, self._trail, self._find, self._palette):
            await step(give)
        for step in (self._connect, self._typed, self._said):
            await step(give)
        self.rows(texts)

    # -- the screens --------------------------------------------------------------------------------------------

    async def _today(self, give: Poison) -> None:
        self.app.action_go("today")
        today = self.app.today
        assert today is not None
        today.reload()
        titles = [title for _, title in today.titles()]
        await self.look("today", shows=titles)
        agenda = today.query_one(Agenda)
        for _ in range(2):
            agenda.action_move(1)
            await self.look("brief")

    async def _sheets(self, give: Poison) -> None:
        for ref in REFS:
            await self.on(SourceScreen(record_sheet(self.desk, ref)), "source")
        sheet = meeting_sheet(self.desk, "m0")
        await self.on(SourceScreen(sheet), "invitation", shows=[sheet.title])

    async def _review(self, give: Poison) -> None:
        self.app.action_go("review")
        for _ in range(6):
            await self.look("review")
            await self.press("down")
        waiting = load(self.desk)
        faces = [face_of(self.desk, waiting, each) for each in waiting.cards]
        for card in waiting.cards[:5]:
            await self.on(EditScreen(self.desk, card), "edit")
        await self.on(ReasonScreen(give.stored()), "reason")
        await self.on(LowRiskScreen(faces, give.stored(), HoldGuard()), "low risk")
        text = give.stored()
        start = len(text) // 3
        await self.on(ContextScreen(Place(text=text, start=start, end=start + 5), give.stored()), "context")

    async def _notes(self, give: Poison) -> None:
        self.app.open_notes("m1")
        await self.settle()
        page = self.app.screen.query_one(PageText)
        page.load_text("\n".join(give.stored() for _ in give.texts))
        await self.look("notes")
        view = self.app.screen.query_one(DraftView)
        view.show_draft(draft(give), give(), backdrop(self.desk, "m1"), self.desk.now().date(), keep=False)
        await self.look("draft")
        view.unfold(True)
        view.scroll_end(animate=False, force=True)
        await self.look("draft, end")

    async def _trail(self, give: Poison) -> None:
        self.app.action_go("trail")
        await self.settle()
        await self.look("trail")
        for _ in range(3):
            await self.press("down")
            await self.look("trail, detail")
        box = self.app.screen.query_one(LineInput)
        box.value = give.stored()
        await self.look("trail, filter")
        box.value = ""

    async def _find(self, give: Poison) -> None:
        screen = FindScreen(self.desk)
        self.app.push_screen(screen)
        await self.settle()
        for text in (NEEDLE, give.stored(), give.stored()):
            screen.query_one(LineInput).value = text
            await self.look("find")
        self.app.pop_screen()

    async def _palette(self, give: Poison) -> None:
        self.app.action_go("today")
        self.app.action_command_palette()
        await self.settle()
        await self.press(*"brief")
        await self.settle(least=0.05)
        await self.look("palette")
        self.app.pop_screen()

    async def _connect(self, give: Poison) -> None:
        systems = [(f"s{number}", give(), give()) for number in range(4)]
        coming = [(give(), give()) for _ in range(3)]
        await self.on(ConnectScreen(coming, systems), "connect", shows=[title for _, title, _ in systems])
        asked = plan(give)
        await self.on(SignInScreen(asked, _doorway()), "sign in")

    async def _typed(self, give: Poison) -> None:
        for number, text in enumerate(give.texts[:8]):
            name = text.encode("utf-8", "replace").decode().replace("/", "").replace("\0", "")[:40]
            try:
                (self.folder / f"{number}{name}.txt").write_text("x", encoding="utf-8")
            except OSError:  # longer in bytes than a file system takes
                continue
        OpenFileScreen._folder = self.folder
        await self.on(OpenFileScreen(), "open a file")
        for each in self.folder.glob("*.txt"):
            each.unlink()

    async def _said(self, give: Poison) -> None:
        for text in give.texts:
            self.app.say(text, fix=text, tone="bad")
            painted = self.app.screen.query_one(StatusLine).render().plain
            self.found.raw += [f"status line: {each}" for each in raw_in(painted)]
            if hidden(text, painted, first=FEW):
                self.found.hidden.append(f"status line: {text[:60]!r}")
        await self.look("status line")

    # -- in full ------------------------------------------------------------------------------------------------

    def rows(self, texts: Sequence[str]) -> None:
        """Each text in each place of a card: every character or its stand-in is laid out, inside the width."""
        for at, text in enumerate(texts):
            kept = text.encode("utf-8", "replace").decode("utf-8").strip() or "x"
            for slot in ("after", "quote", SLOTS[at % len(SLOTS)]):
                if slot in ("quote", "against") and spoken(kept) != kept:  # the frame of captions is not said again
                    continue
                width = 64 if slot in ("theirs", "mine") else WIDTHS[at % len(WIDTHS)]
                face = Face(card=one_slot(slot, kept), eyes=Eyes(now=NOW))
                laid_out = [*heading(face, width), *lay_out(face, width)[0]]
                rows = [each.left.plain for each in laid_out]
                if slot in ("after", "before"):
                    rows = [_SIGN.sub("", each) for each in rows]
                if hidden(kept, "\n".join(rows)):
                    self.found.hidden.append(f"card, {slot}, {width} wide: {kept[:60]!r}")
                wide = max(each.left.cell_length + each.tag.cell_length for each in laid_out)
                if wide > width - MARGIN:
                    self.found.hidden.append(f"card, {slot}: a row of {wide} cells in {width}: {kept[:40]!r}")


def _doorway() -> Doorway:
    async def never(*_: object) -> Connected:
        raise AssertionError("nobody signs in here")

    return Doorway(systems=(), current=lambda: "", plan=plan_of_nothing, unlock=lambda: None, connect=never)


def plan_of_nothing(_: str) -> Plan:
    return plan(Poison(["x"]))


@asynccontextmanager
async def walking(folder: Path) -> AsyncIterator[Walker]:
    """An open app on an empty desk."""
    desk = empty_desk(folder)
    files = folder / "files"
    files.mkdir()
    fill(desk, Poison(["first"]))
    app = GanglyApp(desk)
    app.action_pull = lambda: None  # type: ignore[method-assign]  # the store is filled by hand
    app._filters = [each for each in app._filters if not isinstance(each, NothingActs)]
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        yield Walker(app=app, desk=desk, pilot=pilot, folder=files)
    desk.close()
