"""Notes: the page and the live draft beside it; kept at every pause; one key lays out the cards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import TextArea
from textual.worker import Worker

from gangly_tui.domain.draft import Draft, Notes
from gangly_tui.domain.errors import GanglyError, InputError, Unreachable
from gangly_tui.flow import capture
from gangly_tui.tui.app import app_of
from gangly_tui.tui.crash import keep as log_crash
from gangly_tui.tui.messages import Pulled
from gangly_tui.tui.page_keeper import PageKeeper
from gangly_tui.tui.second_reader import SecondReading
from gangly_tui.tui.widgets.draft_view import DraftView
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.meeting_bar import MeetingBar, SourceBar, words
from gangly_tui.tui.widgets.page_text import PageText
from gangly_tui.tui.widgets.rows import RowView
from gangly_tui.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

READ_PAUSE = 0.15
_QUIET = 0.5
"""Seconds a reading or the laying out of cards may take before it is spoken of."""


class NotesScreen(Screen[None]):
    """The texts of one meeting. The text that is open is kept and read; its cards are what `ctrl+s` lays out."""

    CSS_PATH = "notes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s", "capture", "Cards", key_display="^s", id="notes.capture",
            tooltip="Keep this text and lay out its cards for review",
        ),
        Binding("tab", "app.focus_next", "Pane", id="notes.pane", tooltip="The other pane: page or draft"),
        Binding("ctrl+n", "found(1)", "Next found", key_display="^n", id="notes.next", tooltip="The next underlined"),
        Binding(
            "ctrl+g", "found(-1)", "Previous found", key_display="^g", show=False, id="notes.previous",
            tooltip="The underlined thing before",
        ),
        Binding(
            "ctrl+o", "open", "Open file", key_display="^o", id="notes.open",
            tooltip="Open a file of notes, a transcript or a mail (.txt .md .vtt .srt .eml) beside what is here",
        ),
        Binding(
            "ctrl+t", "source", "Other text", key_display="^t", id="notes.source",
            tooltip="Switch between your notes, the transcript and opened files",
        ),
        Binding("f1", "app.help", "Keys", key_display="F1", show=False, id="notes.help", tooltip="What the keys do"),
        Binding("escape", "leave", "Back", key_display="Esc", id="notes.back", tooltip="Keep the text and go back"),
    ]  # fmt: skip

    def __init__(self, desk: Desk, meeting_id: str) -> None:
        super().__init__()
        self._desk = desk
        self._meeting_id = meeting_id
        self._backdrop = capture.backdrop(desk, meeting_id)
        self._sources: list[Notes] = []
        self._page, self._view, self._line = PageText(), DraftView(), StatusLine()
        self.keeper = PageKeeper(desk, self, self._page, self._kept)
        self.keeper.open(capture.open_notes(desk, meeting_id))
        self._reading_soon: Timer | None = None
        self._reading_since: float | None = None
        self._draft: Draft | None = None
        self._read_text: str | None = None
        self._laying_out: Worker[None] | None = None
        self._warned = False
        self._counted, self._words = "", 0
        self.second = SecondReading(desk, self._show_second)

    def compose(self) -> ComposeResult:
        yield TopBar(title="notes")
        yield MeetingBar()
        with Container(id="body"):
            with Vertical(id="page"):
                yield SourceBar()
                yield self._page
            yield self._view
        yield self._line
        yield KeyFooter()

    def on_mount(self) -> None:
        now = self._desk.now()
        self.query_one(MeetingBar).show_meeting(self._backdrop.meeting, now, self._desk.settings.our_domains)
        self._page.focus()
        self._show_source(self.keeper.notes)
        self.set_interval(_QUIET, self._say_state)

    def on_screen_resume(self) -> None:
        self._look_again()

    def on_pulled(self, _: Pulled) -> None:
        before = len(self._sources)
        self._look_again()
        if len(self._sources) > before and not capture.is_speech(self.keeper.notes.source):
            app_of(self).say("a transcript is ready", fix="^t opens it", tone="good")
        if self._read_text is not None:
            self._read()

    def _look_again(self) -> None:
        """The store may hold newer facts and texts."""
        try:
            self._backdrop = capture.backdrop(self._desk, self._meeting_id)
            self._sources = capture.sources(self._desk, self._meeting_id)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self.query_one(SourceBar).show_sources(self._sources, self._at())
        self.refresh_bindings()

    # -- the texts of the meeting -------------------------------------------------------------------------------

    def _at(self) -> int:
        return next((at for at, each in enumerate(self._sources) if each.source == self.keeper.notes.source), 0)

    def _show_source(self, notes: Notes) -> None:
        """Open one of the texts."""
        self.keeper.open(notes)
        self._page.load_text(notes.text)
        speech = capture.is_speech(notes.source)
        self._page.read_only = speech
        if not speech:
            self._page.move_cursor(self._page.document.end)
        self._draft, self._read_text = None, None
        self._page.underline((), notes.text)
        self._look_again()
        self._read()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is no other text to go to when there is only one."""
        return action != "source" or len(self._sources) > 1

    def action_source(self) -> None:
        """The next text of the meeting."""
        self._go_to((self._at() + 1) % len(self._sources))

    def on_source_bar_wanted(self, event: SourceBar.Wanted) -> None:
        self._go_to(event.at)

    def _go_to(self, at: int) -> None:
        if not self.keeper.keep():
            return
        self._sources = capture.sources(self._desk, self._meeting_id)
        self._show_source(self._sources[at])
        self._page.focus()
        app_of(self).say(words(self.keeper.notes.source), fix="kept as it came" if self._page.read_only else "")

    def on_page_text_kept(self) -> None:
        app_of(self).say("a transcript is kept as it came", fix="^t goes to your own notes, ^s lays out its cards")

    def on_page_text_large(self) -> None:
        app_of(self).say("laying out a very long text", tone="busy")

    def on_page_text_refused(self, event: PageText.Refused) -> None:
        size = f"{event.characters / 1024 / 1024:.0f} MiB"
        app_of(self).say(
            f"not pasted: with it the page would have {size}, 10 MiB are the most", fix="paste only this call's part",
            tone="bad",
        )  # fmt: skip

    # -- keeping ------------------------------------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._page.text == self.keeper.kept:
            self._say_state()
            return
        self._warned = False
        self.keeper.typed()
        if self._reading_soon:
            self._reading_soon.stop()
        self._reading_soon = self.set_timer(READ_PAUSE, self._read)
        self._say_state()

    def on_unmount(self) -> None:
        self.keeper.keep()

    async def action_leave(self) -> None:
        """Back, with everything kept; while cards are being laid out, only call that off."""
        if self._laying_out:
            self._laying_out.cancel()
            app_of(self).say("called off; the text is kept, no card was made")
            return
        if self.second.stop():
            app_of(self).say("called off; what was read here stands")
            return
        if not self.keeper.keep() and not self._warned:
            self._warned = True
            app_of(self).say(
                f"not saved: {self.keeper.failed}", fix="Esc again leaves without the last words", tone="bad"
            )
            return
        await app_of(self).action_back()

    def _kept(self) -> None:
        """Something about the page in the store is new: at times that it has a name of its own."""
        self._say_state()
        if self.is_attached and all(each.source != self.keeper.notes.source for each in self._sources):
            self._look_again()

    def _say_state(self) -> None:
        text = self._page.text
        state = "NOT SAVED" if self.keeper.failed else "saved" if text == self.keeper.kept else "typing"
        if not text:
            state = "empty page"
        if text is not self._counted and not self.keeper.waits:  # while somebody types the number may be that of before
            self._counted, self._words = text, len(text.split())
        state += f", {self._words:,} words" if text and self._words else ""
        if self._reading_since is not None and monotonic() - self._reading_since > _QUIET:
            state += f", reading {monotonic() - self._reading_since:.0f} s"
        self._line.reword(" · ".join(filter(None, (self.second.words, state, self._desk.label))))

    # -- reading ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the page, in a thread: keys are never waited for. A reading of an older text is thrown away."""
        self._reading_soon = None
        if not self._page.text.strip():
            self._draft, self._read_text = None, None
            self._page.underline((), "")
            self._view.show_teaching(speech=self._page.read_only)
            return
        if self._reading_since is None:
            self.run_worker(self._reading(), name="reading", group="reading")

    async def _reading(self) -> None:
        text = ""
        self._reading_since = monotonic()
        try:
            while text != self._page.text and self._reading_soon is None and self._page.text.strip():
                text, source = self._page.text, self.keeper.notes.source
                draft = await self._drafted(text)
                if text == self._page.text and source == self.keeper.notes.source:
                    self._show_draft(draft, text)
        except GanglyError as error:
            app_of(self).complain(error)
        finally:
            self._reading_since = None
            self._say_state()

    async def _drafted(self, text: str) -> Draft:
        """The reading of a text. Raises GanglyError; a fault of the engine must not cost the page it trips over."""
        try:
            return await asyncio.to_thread(capture.read, self._desk.drafter, text, self._backdrop.context)
        except GanglyError:
            raise
        except Exception as error:
            log_crash(error, app_of(self).log_path)
            raise InputError("this text could not be read", fix="it is kept; the log has the place") from error

    def _show_draft(self, draft: Draft, text: str) -> None:
        keep = self._read_text is not None
        self._draft, self._read_text = draft, text
        self._view.show_draft(draft, text, self._backdrop, self._desk.now().date(), keep=keep)
        self._page.underline(self._view.spans, text)
        self.refresh_bindings()

    def _show_second(self, draft: Draft, text: str) -> None:
        """The model has read this text too: its findings join the draft beside the page, if that is still the page."""
        if self.is_attached and text == self._page.text and self._read_text == text:
            self._show_draft(draft, text)

    # -- what was found -----------------------------------------------------------------------------------------

    def on_row_view_moved(self, event: RowView.Moved) -> None:
        self._page.underline(self._view.spans, self._read_text or "")
        self._page.light(event.item)

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        self._stand_at(event.item)
        self._page.focus()

    def action_found(self, by: int) -> None:
        """Go to the next or the previous underlined thing."""
        spans = sorted(self._page.spans, key=lambda each: (each.start, each.end))
        if not spans:
            app_of(self).say("nothing is underlined yet")
            return
        here = self._page.offset_of_cursor
        ahead = [each for each in spans if (each.start > here if by > 0 else each.start < here)]
        target = (ahead[0] if by > 0 else ahead[-1]) if ahead else spans[0 if by > 0 else -1]
        self._stand_at(target.item)

    def _stand_at(self, item: int) -> None:
        span = next((each for each in self._page.spans if each.item == item), None)
        if span:
            self._page.move_cursor(self._page.raw.location(span.start))
        self._view.cursor = item
        self._page.light(item)

    # -- the cards ----------------------------------------------------------------------------------------------

    def action_capture(self) -> None:
        """Keep the text, read the records fresh, lay out the cards, and open them."""
        if self._laying_out:
            app_of(self).say("the cards are being laid out", fix="Esc calls it off", tone="busy")
        elif not self._page.text.strip():
            app_of(self).say("nothing is written yet", fix="type, paste, or ^o opens a file")
        elif self.keeper.keep():
            self._laying_out = self.run_worker(self._lay_out(), name="cards", group="cards")

    async def _lay_out(self) -> None:
        text, notes = self._page.text, replace(self.keeper.notes, text=self._page.text)
        progress = self.set_timer(
            _QUIET, lambda: app_of(self).say("reading the records fresh", fix="Esc calls it off", tone="busy")
        )
        try:
            draft = self._draft if self._read_text == text else None
            if draft is None:
                draft = await self._drafted(text)
            away: list[Unreachable] = []
            cards = await capture.propose(self._desk, notes, draft, away=away.append)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        finally:
            progress.stop()
            self._laying_out = None
        self.keeper.kept = text
        self.second.ask(self.app, notes, draft, self._backdrop.context)
        if cards:
            from gangly_tui.tui.screens.review import ReviewScreen

            size = "1 card" if len(cards) == 1 else f"{len(cards)} cards"
            if away:
                app_of(self).say(f"{size}, drafted on what is stored here", fix=str(away[0]), tone="good")
            else:
                app_of(self).say(size, fix=self.second.behind, tone="good")
            self.app.push_screen(ReviewScreen(self._desk, meeting_id=self._meeting_id))
            return
        self._say_nothing(text)

    def _say_nothing(self, text: str) -> None:
        """Nothing is proposed: say why, and show what was left out."""
        from gangly_tui.flow.capture import outcome

        left = outcome(self._desk, self.keeper.notes)
        if text == self._page.text and left.draft:
            self._show_draft(left.draft, text)
        if left.decided:
            app_of(self).say("nothing new to write: what this text proposes has been decided before")
        elif left.draft and left.draft.dropped:
            size = len(left.draft.dropped)
            candidates = "1 candidate was" if size == 1 else f"{size} candidates were"
            app_of(self).say(f"nothing to write: {candidates} dropped", fix="Tab, then d, shows why")
        else:
            app_of(self).say("nothing to write: nobody promised, agreed or changed anything")

    # -- files --------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Ask for a file and keep its text beside what is here."""
        from gangly_tui.tui.screens.open_file import OpenFileScreen

        self.app.push_screen(OpenFileScreen(), self._open_path)

    def _open_path(self, path: Path | None) -> None:
        if path is not None:
            self.run_worker(self._open_file(path), name="file", group="file")

    async def _open_file(self, path: Path) -> None:
        try:
            text = await asyncio.to_thread(self._desk.read_file, path)
            if not self.keeper.keep():
                return
            kept = capture.keep_file(self._desk, self._meeting_id, path.name, text)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        self._show_source(kept)
        app_of(self).say(f"kept beside your notes as {words(kept.source)}", fix="^t switches, ^s lays out", tone="good")
