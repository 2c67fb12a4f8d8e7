"""Find anything: accounts, people, deals, activities, meetings, notes, mails and signals, as you type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gangly_tui.domain.errors import GanglyError
from gangly_tui.store import search
from gangly_tui.store.hits import Hit
from gangly_tui.tui.text import cell, join, line, short_day
from gangly_tui.tui.widgets.line_input import LineInput
from gangly_tui.tui.widgets.rows import MARGIN, Row, RowView

if TYPE_CHECKING:
    from gangly_tui.flow.desk import Desk

LIMIT = 100
_KIND = 10
_EMPTY = "Type a name, a company, a mail address or a word from your notes and mails."


class FindScreen(ModalScreen[Hit | None]):
    """Dismissed with the hit the rep chose, or None."""

    CSS_PATH = "find.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", key_display="Esc", id="find.back", tooltip="Back without choosing"),
        Binding("up", "move(-1)", "Up", show=False, id="find.up", tooltip="The hit above"),
        Binding("down", "move(1)", "Down", show=False, id="find.down", tooltip="The hit below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="find.page-up", tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="find.page-down", tooltip="One page down"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._hits: Sequence[Hit] = ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield LineInput(placeholder="find", select_on_focus=False)
            yield RowView(marked_always=True)
            yield Static(_EMPTY, classes="said", markup=False)

    def on_mount(self) -> None:
        self.query_one(RowView).can_focus = False
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        said = self.query_one(".said", Static)
        try:
            self._hits = search.find(self._desk.db, event.value, limit=LIMIT) if event.value.strip() else ()
        except GanglyError as error:
            self._hits = ()
            said.update(line(f"{error} {error.fix}"))
            return
        self.query_one(RowView).show(self._lay_out, cursor=0)
        if not event.value.strip():
            said.update(Content(_EMPTY))
        elif not self._hits:
            said.update(line(f"Nothing has {event.value.strip()!r} in it.", limit=200))
        else:
            more = "the newest " if len(self._hits) == LIMIT else ""
            hits = "1 hit" if len(self._hits) == 1 else f"{more}{len(self._hits)} hits"
            said.update(Content(f"{hits}   ↑↓ choose   Enter opens   Esc back"))

    def _lay_out(self, width: int) -> list[Row]:
        today = self._desk.now().date()
        zone = self._desk.settings.timezone
        dates = [short_day(each.at.astimezone(zone).date(), today) if each.at else "" for each in self._hits]
        tag_width = max((len(each) for each in dates), default=0)
        room = max(width - MARGIN - _KIND - tag_width - 2, 10)
        rows = []
        for item, (hit, on) in enumerate(zip(self._hits, dates, strict=True)):
            title = line(hit.title or "(no title)", limit=200, style="bold")
            snippet = line(hit.snippet, limit=300, style="$quiet") if hit.snippet != hit.title else Content("")
            who = line(hit.who, limit=120) if hit.who else Content("")
            text = Content("  ").join(filter(None, (title, who, snippet))).truncate(room, ellipsis=True)
            tag = cell(on, tag_width, style="$quiet", right=True)
            rows.append(
                Row(
                    left=join(cell(hit.ref.kind.label if hit.ref else hit.kind, _KIND, style="$lead"), text),
                    tag=tag,
                    item=item,
                )
            )
        return rows

    def action_move(self, by: int) -> None:
        """Move through the hits while the words stay in the input."""
        self.query_one(RowView).action_move(by)

    def action_page(self, by: int) -> None:
        """A page of hits on or back."""
        self.query_one(RowView).action_page(by)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._hits:
            self.dismiss(self._hits[self.query_one(RowView).cursor])

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.dismiss(self._hits[event.item])

    def on_row_view_tag_clicked(self, event: RowView.TagClicked) -> None:
        event.stop()
        self.dismiss(self._hits[event.item])

    def action_cancel(self) -> None:
        """Back without choosing."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)
