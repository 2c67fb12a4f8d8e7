"""Why a card is turned down: a word if the rep has one; Enter alone is an answer, too. And why one is made anyway."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from gangly_tui.tui.text import line
from gangly_tui.tui.widgets.footer import KeyFooter
from gangly_tui.tui.widgets.line_input import LineInput

_LONGEST = 500


class ReasonScreen(ModalScreen[str | None]):
    """Dismissed with the reason, "" for none, or None when the card stays."""

    CSS_PATH = "review_sheets.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "submit",
            "Reject",
            priority=True,
            key_display="Enter",
            id="reason.reject",
            tooltip="Reject the card; the reason is optional",
        ),
        Binding("escape", "cancel", "Back", key_display="Esc", id="reason.back", tooltip="Keep the card"),
    ]

    VERB, KEPT = "Reject", "in the trail"
    """what Enter does, and where the reason is kept"""
    NEEDED: ClassVar[bool] = False
    """whether there is no going on without a reason"""

    def __init__(self, heading: str) -> None:
        super().__init__()
        self._heading = heading

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield Static(line(f"{self.VERB}  {self._heading}", limit=300, style="bold"), classes="title")
            yield LineInput(
                placeholder=f"why? ({'needed' if self.NEEDED else 'optional'}; kept {self.KEPT})",
                max_length=_LONGEST,
                select_on_focus=False,
            )
            yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Go on, with what was typed."""
        reason = self.query_one(Input).value.strip()
        if reason or not self.NEEDED:
            self.dismiss(reason)
        else:
            self.query_one(Input).placeholder = "why is it somebody else? a word is enough, Esc goes back"

    def action_cancel(self) -> None:
        """Keep the card."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)


class AnywayScreen(ReasonScreen):
    """Why a record is made that may be there already: it takes a reason."""

    VERB, NEEDED = "Create anyway", True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "submit",
            "Create",
            priority=True,
            key_display="Enter",
            id="anyway.create",
            tooltip="Approve the new record; the reason is kept in the trail",
        ),
        Binding("escape", "cancel", "Back", key_display="Esc", id="anyway.back", tooltip="Keep the card"),
    ]
