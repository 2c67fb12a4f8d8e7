"""What `A` is about to approve, listed in full first: a card that was not on screen here is not covered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static

from gangly_tui.domain.proposal import view_sha256
from gangly_tui.tui.app import app_of
from gangly_tui.tui.review_queue import plural
from gangly_tui.tui.text import line
from gangly_tui.tui.widgets.card_rows import Face, compact, compact_words
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.hold_guard import DWELL, HoldGuard, Press
from gangly_tui.tui.widgets.rows import RowView

_NEVER = "Never stage, amount, close date, owner, a new record, a conflict, or a card with a note."

Shown = dict[str, tuple[str, str]]
"""id of a card -> its digest, and the SHA-256 of the words by which it was listed"""


class _Listed(RowView):
    """The cards below each other; remembers how far down was painted."""

    def __init__(self, faces: Sequence[Face], guard: HoldGuard) -> None:
        super().__init__()
        self._faces = faces
        self._guard = guard
        self.end_seen_at: float | None = None

    def on_mount(self) -> None:
        self.show(lambda width: [row for face in self._faces for row in compact(face, width)], cursor=0)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if self._rows and self.end_seen_at is None and y + self.scroll_offset.y >= len(self._rows) - 1:
            self.end_seen_at = self._guard.now()
        return strip

    def more(self) -> bool:
        """One page on. False when the end has been on screen."""
        if self.end_seen_at is not None:
            return False
        step = max(self.scrollable_content_region.height - 1, 1)
        self.scroll_to(y=self.scroll_offset.y + step, animate=False, force=True)
        return True


class LowRiskScreen(ModalScreen[Shown | None]):
    """Dismissed with what was listed, or None."""

    CSS_PATH = "review_sheets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,A,enter", "accept", "Approve all", key_display="a", id="low-risk.approve", tooltip="Approve these"),
        Binding("escape,q", "cancel", "Back", key_display="Esc", id="low-risk.back", tooltip="Approve none of them"),
    ]

    def __init__(self, faces: Sequence[Face], call: str, guard: HoldGuard) -> None:
        super().__init__()
        self._faces = faces
        self._call = call
        self._guard = guard

    def compose(self) -> ComposeResult:
        count = plural(len(self._faces), "low-risk card")
        with Vertical(classes="sheet tall"):
            yield Static(line(f"Approve {count} of {self._call}", limit=300, style="bold"), classes="title")
            yield Static(_NEVER, classes="said", markup=False)
            yield _Listed(self._faces, self._guard)
            yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(_Listed).focus()

    def action_accept(self) -> None:
        """Approve what is listed, once the whole list has been on screen."""
        listed = self.query_one(_Listed)
        if self._guard.press("A") is not Press.FRESH:
            return
        if listed.more():
            self.query_one(".said", Static).update("The list goes on: read it to its end, then a.")
            return
        if self._guard.now() - (listed.end_seen_at or 0.0) < DWELL:
            app_of(self).say("that was quicker than the eye: a again")
            return
        self.dismiss({each.card.id: (each.card.digest(), view_sha256(compact_words(each))) for each in self._faces})

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        event.stop()

    def action_cancel(self) -> None:
        """Approve none of them."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)
