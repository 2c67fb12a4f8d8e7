"""Trail: every decision and every write, newest first. Reads the store; `u` alone leads to a new card."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static

from gangly_tui.domain.audit import AuditEntry, AuditKind
from gangly_tui.domain.errors import GanglyError, TrailBroken
from gangly_tui.store import trail
from gangly_tui.tui.app import app_of
from gangly_tui.tui.messages import Delivered
from gangly_tui.tui.screens.source import lay_out
from gangly_tui.tui.screens.trail_sheet import entry_sheet, record_of
from gangly_tui.tui.screens.trail_verdict import Verdict, broken, verify
from gangly_tui.tui.text import content, join, line
from gangly_tui.tui.widgets.footer import KeyFooter, StatusLine
from gangly_tui.tui.widgets.rows import RowsOnDemand, RowView
from gangly_tui.tui.widgets.top_bar import TopBar
from gangly_tui.tui.widgets.trail_bar import FilterInput, Tally
from gangly_tui.tui.widgets.trail_rows import TrailPages, entry_row

if TYPE_CHECKING:
    from pathlib import Path

    from gangly_tui.flow.desk import Desk

_TYPING = 0.08
"""Seconds a rep's typing must rest before the store is asked."""
_GLIMPSE = 0.15
"""Seconds between two looks at what a search has found so far."""
QUIET = 0.5
"""Seconds a check or an export may take before the status line speaks of it."""
_KINDS: tuple[AuditKind | None, ...] = (None, *AuditKind)


class TrailScreen(Screen[None]):
    """The list, what is selected in full below it, and what the last check of the chain said."""

    CSS_PATH = "trail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter", "Filter", id="trail.filter", tooltip="Type words that an entry must hold"),
        Binding("c", "kind(1)", "Kinds", id="trail.kind", tooltip="Only one kind of entry: the next one, then all"),
        Binding("C", "kind(-1)", "Kinds back", id="trail.kind-back", tooltip="The kind before", show=False),
        Binding("o", "open", "Open", id="trail.open", tooltip="The record this entry is about"),
        Binding("u", "undo", "Undo", id="trail.undo", tooltip="Take this write back: its inverse comes to Review"),
        Binding("S", "send", "Send", id="trail.send", tooltip="Look at a follow-up in your drafts again, and send it"),
        Binding("V", "verify", "Verify", id="trail.verify", tooltip="Check the whole chain, entry by entry"),
        Binding("E", "export", "Export", id="trail.export", tooltip="The whole trail as a CSV or JSONL file"),
        Binding("tab", "app.focus_next", "Pane", id="trail.pane", tooltip="The other pane", show=False),
        Binding("escape", "stop", "Stop", key_display="Esc", id="trail.stop", tooltip="End the check or the export"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._pages = TrailPages(desk.db)
        self._kind: AuditKind | None = None
        self._asked = False
        self._asking: Timer | None = None
        self._working = ""
        self.verdict: Verdict | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("trail")
        with Container(id="body"):
            with Horizontal(id="bar"):
                yield FilterInput()
                yield Tally()
            yield RowView(id="entries", marked_always=True)
            yield Static(id="empty", markup=False)
            yield RowView(id="detail")
            yield Static(id="verdict", markup=False)
        yield StatusLine(f"trail, append-only · {self._desk.label}")
        yield KeyFooter()

    def on_mount(self) -> None:
        self._ask()
        self.set_focus(self._entries)
        # not by the message: the list and the entry in full then come in one frame
        self.watch(self._entries, "cursor", self._show_detail, init=False)

    def on_screen_resume(self) -> None:
        self._catch_up()

    def on_delivered(self, _: Delivered) -> None:
        self._catch_up()

    # -- the list -----------------------------------------------------------------------------------------------

    @property
    def _entries(self) -> RowView:
        return self.query_one("#entries", RowView)

    @property
    def selected(self) -> AuditEntry | None:
        """The entry under the cursor, if it can be read."""
        if not self._pages.total:
            return None
        entry = self._pages.at(min(self._entries.cursor, self._pages.total - 1))
        return None if isinstance(entry, GanglyError) else entry

    def _ask(self) -> None:
        """Read the store with the filter as it stands."""
        self._asking = None
        self.workers.cancel_group(self, "search")
        try:
            text = self.query_one(FilterInput).value.strip()
            self._pages = TrailPages(self._desk.db, text=text, kind=self._kind)
            self._pages.read()
        except GanglyError as error:
            self._tell(error)
            return
        self._asked = True
        if self._pages.text:
            self.run_worker(self._search(self._pages), name="search", group="search")
        else:
            self._show(cursor=0)

    async def _search(self, pages: TrailPages) -> None:
        """Look for the words a block at a time; keys and frames come in between."""
        shown = 0.0
        try:
            for _ in pages.search():
                if monotonic() - shown > _GLIMPSE or pages.counted:
                    self._show(cursor=None if shown else 0)
                    shown = monotonic()
                await asyncio.sleep(0)
        except GanglyError as error:
            self._tell(error)
        if not shown:
            self._show(cursor=0)

    def _show(self, *, cursor: int | None) -> None:
        pages, zone = self._pages, self._desk.settings.timezone
        now = self._desk.now()

        def rows(width: int) -> RowsOnDemand:
            return RowsOnDemand(pages.total, lambda at: entry_row(pages.at(at), at, width, now=now, zone=zone))

        self.set_class(not pages.total, "-empty")
        self._entries.show(rows, cursor=cursor)
        self.query_one(Tally).tell(pages)
        if not pages.total:
            self.query_one("#empty", Static).update(self._nothing())
        self._show_detail()

    def _nothing(self) -> Content:
        if not self._pages.counted:
            return Content("Looking through the trail …")
        if self._pages.text:
            return line(f"No entry has {self._pages.text!r} in it. Esc in the filter clears it.", limit=200)
        if self._pages.kind:
            return line(f"No entry is {self._pages.kind.value}. c shows the next kind, C the one before.")
        return Content(
            "Nothing is in the trail yet.\n\n"
            "Every approval, edit and rejection comes here the moment you decide, and every write before it leaves: "
            "who, when, before, after, from which words. Nothing in it can be changed or removed.\n\n"
            "2 opens the cards that wait for you."
        )

    def _catch_up(self) -> None:
        """Entries that came since: on top, while the rep stays where they are."""
        if not self._asked:
            return
        view, pages = self._entries, self._pages
        at, top = view.cursor, view.scroll_offset.y
        try:
            more = pages.catch_up()
        except GanglyError as error:
            self._tell(error)
            return
        self._show(cursor=None)
        if more > 0 and (at or top) and at + more < pages.total:
            view.cursor = at + more
            view.scroll_to(y=top + more, animate=False, force=True)
            self._show_detail()

    def _tell(self, error: GanglyError) -> None:
        """A trail that cannot be read is broken: that stays on the screen. Anything else is said once."""
        if isinstance(error, TrailBroken):
            self._judge(broken(error))
        else:
            app_of(self).complain(error)

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if event.view.id == "entries" or self._of_record(event.item):
            self.action_open()

    def on_row_view_tag_clicked(self, event: RowView.TagClicked) -> None:
        event.stop()
        if event.view.id == "entries":
            self._show_detail()

    # -- one entry in full --------------------------------------------------------------------------------------

    def _of_record(self, item: int) -> bool:
        """Whether a line of the detail names the record."""
        entry = self.selected
        return entry is not None and entry_sheet(self._desk, entry)[item].ref is not None

    def _show_detail(self) -> None:
        entry = self.selected
        lines = entry_sheet(self._desk, entry) if entry else ()
        self.query_one("#detail", RowView).show(lambda width: lay_out(lines, width), cursor=0)

    # -- the filter ---------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._asking:
            self._asking.stop()
        self._asking = self.set_timer(_TYPING, self._ask)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_focus(self._entries)

    def on_filter_input_left(self, event: FilterInput.Left) -> None:
        event.stop()
        self.set_focus(self._entries)

    def on_tally_clicked(self, event: Tally.Clicked) -> None:
        event.stop()
        self.action_kind(1)

    def action_filter(self) -> None:
        """Type words."""
        self.set_focus(self.query_one(FilterInput))  # at once: what is typed next is meant for it

    def action_kind(self, by: int) -> None:
        """The next kind of entry, or all of them again."""
        at = _KINDS.index(self._kind)
        self._kind = _KINDS[(at + by) % len(_KINDS)]
        self._ask()

    # -- from here to the record, and back ----------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the record of the selected entry."""
        entry = self.selected
        ref = record_of(self._desk, entry) if entry else None
        if ref:
            app_of(self).open_source(ref)
        elif entry:
            app_of(self).say(f"{entry.target_name or entry.target} was not made, so there is nothing to open")

    def action_undo(self) -> None:
        """Take the write back: before it left by withdrawing it, after it landed by the inverse card in Review."""
        from gangly_tui.flow.decide import undo
        from gangly_tui.tui.screens.review import ReviewScreen

        entry = self.selected
        if entry is None:
            return
        app = app_of(self)
        try:
            undone = undo(self._desk, entry.op_id)
        except GanglyError as error:
            app.complain(error)
            return
        app.wake_courier()
        if undone.withdrawn:
            app.say("taken back before it left; the card is open again", tone="good")
        else:
            app.say("look at what would be taken back: a approves it")
        card = undone.withdrawn or undone.inverse
        app.action_go("review")
        if isinstance(app.screen, ReviewScreen) and card:
            app.screen.call_after_refresh(app.screen.reload, card.id)

    def action_send(self) -> None:
        """Look at the draft of this entry again, and send it."""
        from gangly_tui.flow.send import draft_of
        from gangly_tui.store.decisions import get_proposal
        from gangly_tui.tui.screens.review_looks import second_look
        from gangly_tui.tui.widgets.hold_guard import HoldGuard

        entry = self.selected
        card = get_proposal(self._desk.db, entry.op_id) if entry else None
        if card is None:
            app_of(self).say("this entry is about no card")
            return
        try:
            draft_of(self._desk, card)
        except GanglyError as error:
            app_of(self).complain(error)
            return
        second_look(app_of(self), self._desk, card, HoldGuard())

    # -- the chain ----------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc stops what runs; when nothing does it is the app's, and goes back."""
        return bool(self._working) if action == "stop" else True

    def _work(self, what: str) -> None:
        self._working = what
        self.refresh_bindings()

    def action_stop(self) -> None:
        """End the check or the export."""
        self.workers.cancel_group(self, "trail")
        app_of(self).say(f"{self._working} stopped")
        self._work("")

    def action_verify(self) -> None:
        """Check the whole chain."""
        if not self._working:
            self._work("check")
            self.run_worker(self._verify(), name="verify", group="trail")

    async def _verify(self) -> None:
        app, began = app_of(self), monotonic()

        def progress(rows: int) -> None:
            if monotonic() - began > QUIET:
                of = self._pages.newest
                app.say(f"checking the trail, {min(rows, of):,} of {of:,}", fix="Esc stops", tone="busy")

        try:
            self._judge(await verify(self._desk, progress))
            app.say("")
        except GanglyError as error:
            app.complain(error)
        finally:
            self._work("")

    def _judge(self, verdict: Verdict) -> None:
        self.verdict = verdict
        mark, style = ("✓ ", "$good") if verdict.good else ("! ", "bold $bad")
        said = Content.styled(mark, style) + content(verdict.said, limit=400, style=style)
        more = content(verdict.more, limit=400, style="$quiet")
        self.query_one("#verdict", Static).update(join(said, "\n", more))
        self.add_class("-told")

    # -- the file -----------------------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Ask for a file and write the whole trail into it."""
        from gangly_tui.tui.screens.export import ExportScreen

        if not self._working:
            self.app.push_screen(ExportScreen(self._desk.now().date(), self._pages.newest), self._export_to)

    def _export_to(self, path: Path | None) -> None:
        if path is not None:
            self._work("export")
            self.run_worker(self._export(path), name="export", group="trail")

    async def _export(self, path: Path) -> None:
        from gangly_tui.tui.screens.export import write

        app, began, done = app_of(self), monotonic(), 0
        db, key = self._desk.db, self._desk.signing_key
        lines = trail.export_csv(db) if path.suffix == ".csv" else trail.export_jsonl(db, seed=key)
        steps = write(path, lines)
        try:
            for done in steps:
                if monotonic() - began > QUIET:
                    app.say(f"writing {path.name}, {done:,} lines", fix="Esc stops", tone="busy")
                await asyncio.sleep(0)
        except TrailBroken as error:
            self._judge(broken(error))
            app.say("nothing was exported: the trail is broken", fix="V says where", tone="bad")
        except GanglyError as error:
            app.complain(error)
        else:
            app.say(f"{done:,} lines in {path}", tone="good")
        finally:
            steps.close()
            self._work("")
