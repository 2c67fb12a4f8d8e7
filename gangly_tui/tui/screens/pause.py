"""Until when a gap is not applicable: a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gangly_tui.domain.hygiene import PAUSE_DAYS
from gangly_tui.tui.text import line
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.line_input import LineInput


class PauseScreen(ModalScreen[date | None]):
    """Dismissed with the day, or None when the gap stays."""

    CSS_PATH = "review_sheets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "submit", "Set aside", priority=True, key_display="Enter", id="pause.submit", tooltip="Until then"
        ),
        Binding("escape", "cancel", "Back", key_display="Esc", id="pause.back", tooltip="The gap stays"),
    ]

    def __init__(self, gap: str, today: date) -> None:
        super().__init__()
        self._gap = gap
        self._today = today

    def compose(self) -> ComposeResult:
        until = (self._today + timedelta(days=PAUSE_DAYS)).isoformat()
        with Vertical(classes="sheet"):
            yield Static(line(f"Not applicable until  {self._gap}", limit=200, style="bold"), classes="title")
            yield LineInput(until, placeholder="a day: 2027-01-31", max_length=10)
            yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Take the day; one that is none is said, and asked again."""
        from gangly_tui.tui.app import app_of

        try:
            day = date.fromisoformat(self.query_one(Input).value.strip())
        except ValueError:
            app_of(self).say("that is not a day", fix="write it as 2027-01-31", tone="bad")
            return
        self.dismiss(day)

    def action_cancel(self) -> None:
        """Leave the gap as it is."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)
